//! The store that forgets everything when the scheduler ends.

use super::{Answer, Store, Summaries, Summary};
use crate::config::JobId;
use crate::scheduler::Batch;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;

/// Keeps a summary of each job in memory; its answers are there at once.
#[derive(Debug, Default)]
pub struct MemoryStore {
    summaries: Summaries,
    answers: VecDeque<Answer>,
}

impl Store for MemoryStore {
    fn submit(&mut self, batch: Batch) {
        self.summaries.take_in(&batch);
        self.answers.push_back(Answer::Stored(batch.ticket));
    }

    fn next_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn summary(&self, job: &JobId) -> Summary {
        self.summaries.of(job)
    }

    fn close(self: Box<Self>) {}
}
