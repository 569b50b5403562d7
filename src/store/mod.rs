//! What is kept of runs, behind one trait: in memory, or in a SQLite file.
//!
//! The order "record durable, then spawn" is the scheduler's; a store only has to answer truly.
//! It answers later, not in the call, so that a slow disk delays nothing but the starts that need it.

mod kept;
mod memory;
pub mod sqlite;
mod summaries;

pub use kept::Kept;
pub use memory::MemoryStore;
pub use summaries::{Summaries, Summary};

use crate::config::JobId;
use crate::scheduler::{Batch, Ticket};
use std::os::fd::BorrowedFd;

/// Keeps records.
pub trait Store {
    /// Begins to make a batch durable, all of it or nothing.
    fn submit(&mut self, batch: Batch);

    /// Takes the next answer, in the order of the batches, if there is one.
    fn next_answer(&mut self) -> Option<Answer>;

    /// Becomes readable when there is an answer; none if answers are there when `submit` returns.
    fn readiness(&self) -> Option<BorrowedFd<'_>>;

    /// What is known of a job's past.
    fn summary(&self, job: &JobId) -> Summary;

    /// The scheduler has stopped by itself: nothing more comes.
    fn close(self: Box<Self>);
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
        /// The store is not where it was any more.
        is_gone: bool,
    },
}
