//! What is kept of runs, behind one trait: the memory store today, files and databases later.
//!
//! The order "record durable, then spawn" is the scheduler's; a store only has to answer truly.
//! It answers later, not in the call, so that a slow disk delays nothing but the starts that need it.

mod memory;

pub use memory::MemoryStore;

use crate::config::JobId;
use crate::scheduler::{Batch, Outcome, StoreId, Ticket};
use crate::time::WallTime;
use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

/// Keeps records.
pub trait Store {
    /// The store's identity, the same for its whole life.
    fn id(&self) -> StoreId;

    /// Begins to make a batch durable, all of it or nothing.
    fn submit(&mut self, batch: Batch);

    /// Takes the next answer, in the order of the batches, if there is one.
    fn next_answer(&mut self) -> Option<Answer>;

    /// Becomes readable when there is an answer; none if answers are there when `submit` returns.
    fn readiness(&self) -> Option<BorrowedFd<'_>>;

    /// What is known of a job's past.
    fn summary(&self, job: &JobId) -> Summary;
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is durable.
    Stored(Ticket),
    /// No part of it is, or will be.
    Failed {
        /// Which batch.
        ticket: Ticket,
        /// Why, for people.
        error: String,
    },
}

/// A job's past in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many fires ended how.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How the newest run ended, its fire time, and its exit code where it had one.
    pub last_run: Option<(WallTime, Outcome, Option<i32>)>,
    /// The fire time of the newest run that succeeded.
    pub last_success: Option<WallTime>,
}
