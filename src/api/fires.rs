//! The next fire times, as `rsched next --format json` prints them.

use super::desk::NoAnswer;
use super::pages::Pages;
use super::server::State;
use crate::config::JobId;
use crate::schedule::{EITHER_DAY, Schedule};
use crate::scheduler::JobStatus;
use crate::time::{WallTime, human};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// More are not given at once.
pub(super) const MAX_COUNT: u64 = 10_000;

/// Which fires are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// At most so many.
    pub count: u64,
    /// Not later than this.
    pub until: WallTime,
}

struct Source {
    job: JobId,
    schedule: Arc<Schedule>,
    day_note: Option<&'static str>,
}

impl Source {
    fn of(status: &JobStatus) -> Self {
        let schedule = &status.job.schedule;
        Self {
            job: status.job.id.clone(),
            schedule: schedule.anchored(status.anchor),
            day_note: schedule.spec.fires_on_either_day().then_some(EITHER_DAY),
        }
    }

    fn fire(&self, at: WallTime) -> Value {
        let notes = self.schedule.dst_note(at);
        let notes: Vec<_> = notes
            .into_iter()
            .chain(self.day_note.map(str::to_owned))
            .collect();
        json!({
            "job": self.job.as_str(),
            "at": human::rfc3339(at, self.schedule.zone()),
            "utc": human::rfc3339_utc(at),
            "notes": notes,
        })
    }
}

/// Those of all jobs that are scheduled, in the order of time, then of ids.
pub(super) async fn of_all(state: &State, window: Window) -> Result<Vec<Value>, NoAnswer> {
    let mut statuses = Vec::new();
    let mut pages = Pages::new(state);
    while let Some(page) = pages.next().await? {
        statuses.extend(page);
    }
    Ok(merged(&statuses, window))
}

/// Those of these jobs.
pub(super) fn merged(statuses: &[JobStatus], window: Window) -> Vec<Value> {
    let mut sources = Vec::new();
    let mut queue = BinaryHeap::new();
    for status in statuses {
        if let Some(first) = status.next_fire {
            queue.push(Reverse((first, sources.len())));
            sources.push(Source::of(status));
        }
    }
    let mut fires = Vec::new();
    while let Some(Reverse((at, index))) = queue.pop() {
        if at > window.until || fires.len() as u64 >= window.count {
            break;
        }
        let source = &sources[index];
        fires.push(source.fire(at));
        queue.extend(
            source
                .schedule
                .next_after(at)
                .map(|next| Reverse((next, index))),
        );
    }
    fires
}
