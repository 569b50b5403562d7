//! What the scheduler knows of one job beside its definition: its phase, how far its fires are
//! judged, and its instances.

use super::run::RunKey;
use crate::config::Job;
use crate::schedule::{Schedule, Trigger};
use crate::time::WallTime;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How many backward steps of the clock are remembered; the oldest is forgotten first.
const MAX_STRETCHES: usize = 16;

/// The smallest step between two instants.
const TICK: Duration = Duration::from_micros(1);

/// The time `t` with `after < t <= until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub after: WallTime,
    pub until: WallTime,
}

/// One job of the current jobs file.
#[derive(Clone, Debug)]
pub(super) struct JobState {
    pub job: Arc<Job>,
    /// When the job was first seen: the phase of an interval.
    pub anchor: WallTime,
    pub schedule: Schedule,
    /// Every fire up to here is judged.
    pub cursor: WallTime,
    /// Where the stretch of judged fires that ends at `cursor` began.
    since: WallTime,
    /// Stretches judged before the clock was set back: their fires are not made again.
    judged: Vec<Stretch>,
    /// The first fire after `cursor`: its place in the queue.
    pub next: Option<WallTime>,
    /// Whether `job_finished` was told.
    pub finished: bool,
}

impl JobState {
    /// A job first seen at `now`: nothing of its past is due.
    pub fn first_seen(job: Arc<Job>, now: WallTime) -> Self {
        let anchor = whole_milliseconds(now);
        let schedule = job.schedule.anchored(anchor);
        // A job that fires when it is first seen has that very fire still before it.
        let cursor = if fires_at_sight(&job) {
            anchor - TICK
        } else {
            now
        };
        let mut state = Self {
            cursor,
            since: cursor,
            anchor,
            schedule,
            judged: Vec::new(),
            next: None,
            finished: false,
            job,
        };
        state.plan();
        state
    }

    /// Takes the new definition of the same job. An unchanged schedule goes on as it was; a
    /// changed one is planned afresh, an interval keeping its phase unless that changed too.
    pub fn redefine(&mut self, job: Arc<Job>, now: WallTime) {
        if self.job.schedule != job.schedule || self.job.enabled != job.enabled {
            let mut fresh = Self::first_seen(Arc::clone(&job), now);
            let never_began = !self.job.enabled && fires_at_sight(&job);
            if self.job.schedule.keeps_phase(&job.schedule) && !never_began {
                fresh.anchor = self.anchor;
                fresh.schedule = job.schedule.anchored(self.anchor);
                fresh.cursor = now;
                fresh.since = now;
                fresh.plan();
            }
            *self = fresh;
        }
        self.job = job;
    }

    /// Finds the next fire after the cursor.
    pub fn plan(&mut self) {
        self.next = None;
        if self.job.enabled {
            let mut next = self.schedule.next_after(self.cursor);
            while let Some(stretch) = next.and_then(|at| self.judged_stretch(at)) {
                next = self.schedule.next_after(stretch.until);
            }
            self.next = next;
        }
    }

    /// The next unjudged stretch of time that is over by `now`: fires `t` with `after < t <= until`
    /// are due. There may be another behind it.
    pub fn due_stretch(&self, now: WallTime) -> Stretch {
        let mut after = self.cursor;
        while let Some(stretch) = self.judged_stretch(after + TICK) {
            after = stretch.until;
        }
        let until = self
            .judged
            .iter()
            .map(|stretch| stretch.after)
            .filter(|&start| start > after)
            .fold(now, WallTime::min);
        Stretch { after, until }
    }

    /// The clock was set back to `now`. A schedule that follows elapsed time goes on from there;
    /// one of fixed times does not repeat what it already judged.
    pub fn clock_set_back(&mut self, now: WallTime) {
        if self.cursor <= now {
            return;
        }
        if self.schedule.follows_real_time() {
            self.move_phase_before(now);
        } else {
            if self.judged.len() == MAX_STRETCHES {
                self.judged.remove(0);
            }
            self.judged.push(Stretch {
                after: self.since,
                until: self.cursor,
            });
        }
        self.cursor = now;
        self.since = now;
        self.plan();
    }

    fn judged_stretch(&self, at: WallTime) -> Option<Stretch> {
        self.judged
            .iter()
            .copied()
            .find(|s| s.after < at && at <= s.until)
    }

    /// An interval counted from a moment that is now in the future would be silent until then:
    /// its grid is carried on backwards.
    fn move_phase_before(&mut self, now: WallTime) {
        let Trigger::Interval { length, .. } = self.job.schedule.trigger else {
            return;
        };
        if self.anchor > now && self.job.schedule.start_date.is_none() {
            let back = self.anchor.saturating_since(now).as_micros();
            let steps = back.div_ceil(length.as_micros().max(1));
            let shift = u64::try_from(steps * length.as_micros().max(1)).unwrap_or(u64::MAX);
            self.anchor = self.anchor - Duration::from_micros(shift);
            self.schedule = self.job.schedule.anchored(self.anchor);
        }
    }
}

/// Phases are counted from whole milliseconds: nobody needs finer ones, and they read better.
fn whole_milliseconds(time: WallTime) -> WallTime {
    WallTime::from_micros(time.as_micros().div_euclid(1_000) * 1_000)
}

fn fires_at_sight(job: &Job) -> bool {
    matches!(
        job.schedule.trigger,
        Trigger::Now
            | Trigger::Reboot
            | Trigger::Interval {
                first_now: true,
                ..
            }
    )
}

/// The runs of one job that have not ended; it outlives the job's removal from the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Instances {
    /// Runs that count one each, waiting for a worker or active.
    pub single: u32,
    /// Runs of a backlog that run one after another and together count as one; the first is the
    /// one whose turn it is.
    pub catchup: VecDeque<RunKey>,
}

impl Instances {
    /// How many count against `max_instances`.
    pub fn count(&self) -> u32 {
        self.single + u32::from(!self.catchup.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }
}
