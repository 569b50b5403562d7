//! What happened, as the loop tells it and the server passes it on: the newest events, and what is
//! counted of each job.
//!
//! The loop holds the lock for the time of one event; the server for one page at a time.

use super::tally::{Commits, JobTally};
use crate::config::JobId;
use crate::scheduler::{Emitted, EventName, Outcome};
use crate::time::{WallTime, Zone};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How many events are kept for who comes back and asks what was missed.
pub(super) const KEPT_EVENTS: usize = 1_024;

/// Shared by loop and server; clones are the same feed.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Wakes who follows the events. It costs nothing while nobody does.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    events: VecDeque<Arc<Emitted>>,
    jobs: BTreeMap<JobId, JobTally>,
    commits: Commits,
    zone: Arc<Zone>,
    reload_succeeded: bool,
    closed: bool,
}

/// Some of the events, oldest first.
#[derive(Debug)]
pub(super) struct Page {
    pub events: Vec<Arc<Emitted>>,
    /// How many there were before them that are no longer kept.
    pub lost: u64,
    /// The zone of their times.
    pub zone: Arc<Zone>,
}

impl Feed {
    /// An empty one; `zone` is that of the times it shows.
    #[must_use]
    pub fn new(zone: Arc<Zone>) -> Self {
        let state = State {
            events: VecDeque::new(),
            jobs: BTreeMap::new(),
            commits: Commits::default(),
            zone,
            reload_succeeded: true,
            closed: false,
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            changed: Notify::new(),
        }))
    }

    /// Takes in an event.
    pub fn tell(&self, told: &Emitted) {
        let mut state = self.lock();
        if let Some(job) = &told.job_id {
            if told.name == EventName::JobRemoved {
                state.jobs.remove(job);
            } else {
                state.jobs.entry(job.clone()).or_default().note(told);
            }
        }
        if told.name == EventName::ReloadFailed {
            state.reload_succeeded = false;
        }
        if state.events.len() == KEPT_EVENTS {
            state.events.pop_front();
        }
        state.events.push_back(Arc::new(told.clone()));
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// A batch of records was durable after so long.
    pub fn committed(&self, took: Duration) {
        self.lock().commits.count(took);
    }

    pub(super) fn commits(&self) -> Commits {
        self.lock().commits.clone()
    }

    /// What is on record of a job from before this scheduler started: how its newest run ended, its
    /// fire time and exit code, and the fire time of the newest that succeeded.
    pub fn remember(
        &self,
        job: &JobId,
        last_run: Option<(WallTime, Outcome, Option<i32>)>,
        last_success: Option<WallTime>,
    ) {
        if last_run.is_some() || last_success.is_some() {
            let tally = JobTally::remembered(last_run, last_success);
            self.lock().jobs.insert(job.clone(), tally);
        }
    }

    /// The zone of the times that it shows is another.
    pub fn set_zone(&self, zone: Arc<Zone>) {
        self.lock().zone = zone;
    }

    /// The jobs files were taken, and this is their zone.
    pub fn reloaded(&self, zone: Arc<Zone>) {
        let mut state = self.lock();
        state.zone = zone;
        state.reload_succeeded = true;
    }

    /// Nothing will happen any more: who follows the events may go.
    pub fn close(&self) {
        self.lock().closed = true;
        self.0.changed.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(super) fn zone(&self) -> Arc<Zone> {
        Arc::clone(&self.lock().zone)
    }

    pub(super) fn reload_succeeded(&self) -> bool {
        self.lock().reload_succeeded
    }

    /// Ends with the next change after this call.
    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.changed.notified()
    }

    /// At most `limit` events behind number `after`. A number that was not given yet is from another
    /// life of the scheduler: then all that are kept are new.
    pub(super) fn events_after(&self, after: u64, limit: usize) -> Page {
        let state = self.lock();
        let newest = state.events.back().map_or(0, |told| told.seq);
        let oldest = state.events.front().map_or(1, |told| told.seq);
        let after = if after > newest { 0 } else { after };
        let from = state.events.partition_point(|told| told.seq <= after);
        Page {
            events: state.events.range(from..).take(limit).cloned().collect(),
            lost: oldest.saturating_sub(after + 1),
            zone: Arc::clone(&state.zone),
        }
    }

    /// The number of the newest event.
    pub(super) fn last_seq(&self) -> u64 {
        self.lock().events.back().map_or(0, |told| told.seq)
    }

    /// What is counted of these jobs; nothing where nothing was.
    pub(super) fn tallies<'a>(
        &self,
        jobs: impl IntoIterator<Item = &'a JobId>,
    ) -> Vec<Option<JobTally>> {
        let state = self.lock();
        jobs.into_iter()
            .map(|job| state.jobs.get(job).cloned())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic ends the process: nothing half done is left behind.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(events: u64) -> Feed {
        let feed = Feed::new(Zone::utc());
        for seq in 1..=events {
            feed.tell(&Emitted {
                seq,
                ..Emitted::new(EventName::SchedulerPaused)
            });
        }
        feed
    }

    fn seqs(page: &Page) -> Vec<u64> {
        page.events.iter().map(|told| told.seq).collect()
    }

    #[test]
    fn events_come_in_order_behind_the_one_named() {
        let feed = feed(5);
        assert_eq!(seqs(&feed.events_after(0, 2)), [1, 2]);
        assert_eq!(seqs(&feed.events_after(3, 9)), [4, 5]);
        assert!(feed.events_after(5, 9).events.is_empty());
        assert_eq!(feed.last_seq(), 5);
    }

    #[test]
    fn what_is_no_longer_kept_is_counted() {
        let feed = feed(KEPT_EVENTS as u64 + 10);
        let page = feed.events_after(4, 1);
        assert_eq!((seqs(&page), page.lost), (vec![11], 6));
        assert_eq!(feed.events_after(10, 1).lost, 0);
    }

    #[test]
    fn a_number_of_another_life_begins_anew() {
        assert_eq!(seqs(&feed(2).events_after(900, 9)), [1, 2]);
    }
}
