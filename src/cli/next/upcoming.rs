//! The fires of one schedule or of many, in order of time, or backwards.

use crate::config::JobId;
use crate::schedule::{EITHER_DAY, Jitter, Schedule, ScheduleSpec, Trigger};
use crate::time::{WallTime, Zone, duration};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

/// How starts are spread behind their fire times.
pub(super) struct Spread {
    pub most: Duration,
    pub seed: Arc<str>,
    /// None: of an expression that came without one.
    pub job_id: Option<String>,
}

/// A schedule that was asked about.
pub(super) struct Listed {
    /// Whose it is; none for an expression.
    pub job: Option<JobId>,
    /// What sentences call it, with backticks.
    pub name: String,
    pub trigger: Trigger,
    pub on_either_day: bool,
    pub schedule: Schedule,
    /// None: it starts at its fire times.
    pub spread: Option<Spread>,
    /// The zone its times are shown in.
    pub shown_in: Arc<Zone>,
}

impl Listed {
    /// Intervals without a `start_date` are counted from `anchor`.
    pub fn new(
        job: Option<JobId>,
        name: String,
        spec: &ScheduleSpec,
        shown_in: Option<Arc<Zone>>,
        anchor: WallTime,
    ) -> Self {
        Self {
            job,
            name,
            trigger: spec.trigger.clone(),
            on_either_day: spec.fires_on_either_day(),
            schedule: spec.anchored(anchor),
            spread: None,
            shown_in: shown_in.unwrap_or_else(|| Arc::clone(&spec.zone)),
        }
    }

    /// When the fire at `at` is to start, where that is not its fire time.
    pub fn start_of(&self, at: WallTime) -> Option<WallTime> {
        let spread = self.spread.as_ref()?;
        let jitter = Jitter {
            most: spread.most,
            seed: &spread.seed,
            job_id: spread.job_id.as_deref()?,
        };
        Some(self.schedule.planned_start(at, &jitter))
    }

    /// Whether there is something to be said of it as a whole.
    pub fn has_note(&self) -> bool {
        let is_unknown = |spread: &Spread| spread.job_id.is_none();
        self.day_note().is_some() || self.spread.as_ref().is_some_and(is_unknown)
    }

    /// What is said of starts that nobody can tell, for want of a job's id.
    pub fn jitter_note(&self) -> Option<String> {
        let spread = self.spread.as_ref()?;
        spread.job_id.is_none().then(|| {
            let most = duration::format(spread.most);
            format!(
                "each starts up to {most} later, as the job's id decides: give it with --job-id"
            )
        })
    }

    /// What is strange, but right, about the days it fires on.
    pub fn day_note(&self) -> Option<&'static str> {
        self.on_either_day.then_some(EITHER_DAY)
    }
}

/// Which fires are wanted.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// What was asked for; how far away a fire is counts from here.
    pub from: WallTime,
    /// Whether fires are looked for backwards, the newest first.
    pub previous: bool,
    /// Fires are strictly beyond this: later, or earlier if backwards.
    pub beyond: WallTime,
    /// And not farther than this.
    pub until: WallTime,
    pub count: usize,
}

/// One fire time.
#[derive(Clone, Copy)]
pub(super) struct Fire<'a> {
    pub at: WallTime,
    pub of: &'a Listed,
}

impl Window {
    /// The nearest fire strictly beyond an instant, wherever the window ends.
    pub fn nearest(self, schedule: &Schedule, beyond: WallTime) -> Option<WallTime> {
        if self.previous {
            // Times are whole microseconds, so this is the last one before.
            let before = WallTime::from_micros(beyond.as_micros().checked_sub(1)?);
            schedule.last_at_or_before(before)
        } else {
            schedule.next_after(beyond)
        }
    }

    fn holds(self, at: WallTime) -> bool {
        if self.previous {
            at >= self.until
        } else {
            at <= self.until
        }
    }

    /// What comes first has the least rank.
    fn rank(self, at: WallTime) -> i64 {
        if self.previous {
            !at.as_micros()
        } else {
            at.as_micros()
        }
    }
}

fn fire_beyond(listed: &Listed, beyond: WallTime, window: Window) -> Option<WallTime> {
    window
        .nearest(&listed.schedule, beyond)
        .filter(|at| window.holds(*at))
}

/// The nearest fires of all together; at one instant in the order of the list.
pub(super) fn of_all(listed: &[Listed], window: Window) -> impl Iterator<Item = Fire<'_>> {
    let ranked = move |at, index| Reverse((window.rank(at), index, at));
    let first = |(index, one)| Some(ranked(fire_beyond(one, window.beyond, window)?, index));
    let mut queue: BinaryHeap<_> = listed.iter().enumerate().filter_map(first).collect();
    let fires = iter::from_fn(move || {
        let Reverse((_, index, at)) = queue.pop()?;
        let of = &listed[index];
        queue.extend(fire_beyond(of, at, window).map(|next| ranked(next, index)));
        Some(Fire { at, of })
    });
    fires.take(window.count)
}

/// The nearest fires of each, one after another.
pub(super) fn of_each(listed: &[Listed], window: Window) -> impl Iterator<Item = Fire<'_>> {
    listed.iter().flat_map(move |of| {
        let times = iter::successors(fire_beyond(of, window.beyond, window), move |at| {
            fire_beyond(of, *at, window)
        });
        times.take(window.count).map(move |at| Fire { at, of })
    })
}
