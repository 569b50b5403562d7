//! The store that forgets everything when the scheduler ends: a summary per job, nothing on disk.

use super::{Answer, Store, Summary};
use crate::config::JobId;
use crate::scheduler::{Batch, Outcome, Record, RunState, StoreId};
use std::collections::{BTreeMap, VecDeque};
use std::os::fd::BorrowedFd;

/// Keeps a summary of each job in memory; its answers are there at once.
#[derive(Debug)]
pub struct MemoryStore {
    id: StoreId,
    summaries: BTreeMap<JobId, Summary>,
    answers: VecDeque<Answer>,
}

impl MemoryStore {
    /// An empty store. `id` should differ between any two, as run ids are derived from it.
    #[must_use]
    pub fn new(id: StoreId) -> Self {
        Self {
            id,
            summaries: BTreeMap::new(),
            answers: VecDeque::new(),
        }
    }

    fn keep(&mut self, record: Record) {
        match record {
            Record::Fires {
                job,
                range,
                outcome,
                ..
            } => {
                let summary = self.summaries.entry(job).or_default();
                *summary.outcomes.entry(outcome).or_default() += range.count;
            }
            Record::Run(run) => {
                if let RunState::Ended {
                    outcome, exit_code, ..
                } = run.state
                {
                    let summary = self.summaries.entry(run.job).or_default();
                    *summary.outcomes.entry(outcome).or_default() += 1;
                    summary.last_run = Some((run.fire_time, outcome, exit_code));
                    if outcome == Outcome::Succeeded {
                        summary.last_success = Some(run.fire_time);
                    }
                }
            }
        }
    }
}

impl Store for MemoryStore {
    fn id(&self) -> StoreId {
        self.id
    }

    fn submit(&mut self, batch: Batch) {
        for record in batch.records {
            self.keep(record);
        }
        self.answers.push_back(Answer::Stored(batch.ticket));
    }

    fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn summary(&self, job: &JobId) -> Summary {
        self.summaries.get(job).cloned().unwrap_or_default()
    }
}
