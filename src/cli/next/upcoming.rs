//! The fires of one schedule or of many, in order of time.

use crate::config::JobId;
use crate::schedule::{DayRule, Schedule, ScheduleSpec, Trigger};
use crate::time::{WallTime, Zone};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter;
use std::sync::Arc;

/// What a person is told about two restricted day fields.
const EITHER_DAY: &str = "a day matches when either day field does, since both are restricted";

/// A schedule that was asked about.
pub(super) struct Listed {
    /// Whose it is; none for an expression.
    pub job: Option<JobId>,
    /// What sentences call it, with backticks.
    pub name: String,
    pub trigger: Trigger,
    pub schedule: Schedule,
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
            schedule: spec.anchored(anchor),
            shown_in: shown_in.unwrap_or_else(|| Arc::clone(&spec.zone)),
        }
    }

    /// What is strange, but right, about the days it fires on.
    pub fn day_note(&self) -> Option<&'static str> {
        match &self.trigger {
            Trigger::Cron(cron) if cron.day_rule() == DayRule::Either => Some(EITHER_DAY),
            _ => None,
        }
    }
}

/// Which fires are wanted.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// What was asked for; how far away a fire is counts from here.
    pub from: WallTime,
    /// Fires are strictly later.
    pub after: WallTime,
    /// And not later.
    pub until: WallTime,
    pub count: usize,
}

/// One fire time.
#[derive(Clone, Copy)]
pub(super) struct Fire<'a> {
    pub at: WallTime,
    pub of: &'a Listed,
}

fn next_of(listed: &Listed, after: WallTime, window: Window) -> Option<WallTime> {
    listed
        .schedule
        .next_after(after)
        .filter(|at| *at <= window.until)
}

/// The next fires of all together; at one instant in the order of the list.
pub(super) fn of_all(listed: &[Listed], window: Window) -> impl Iterator<Item = Fire<'_>> {
    let first = |(index, one)| Some(Reverse((next_of(one, window.after, window)?, index)));
    let mut queue: BinaryHeap<_> = listed.iter().enumerate().filter_map(first).collect();
    let fires = iter::from_fn(move || {
        let Reverse((at, index)) = queue.pop()?;
        let of = &listed[index];
        queue.extend(next_of(of, at, window).map(|next| Reverse((next, index))));
        Some(Fire { at, of })
    });
    fires.take(window.count)
}

/// The next fires of each, one after another.
pub(super) fn of_each(listed: &[Listed], window: Window) -> impl Iterator<Item = Fire<'_>> {
    listed.iter().flat_map(move |of| {
        let times = iter::successors(next_of(of, window.after, window), move |at| {
            next_of(of, *at, window)
        });
        times.take(window.count).map(move |at| Fire { at, of })
    })
}
