//! The desk between server and loop: questions in through a bounded queue, answers back one by one.
//!
//! The loop answers each in microseconds and never waits for who asked; a queue that is full turns
//! clients away.

use crate::config::{JobId, Surroundings};
use crate::scheduler::{
    Command, JobStatus, OutputTail, Overview, Reply, RunId, RunStatus, ShutdownRequest,
};
use crate::sys::wake::Waker;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Questions that may wait for the loop; more are turned away.
const MAX_WAITING: usize = 256;

/// Longer nobody waits for an answer: a store may take seconds, a reload of a large file too.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server asks of the loop, each with the way back for the answer.
#[derive(Debug)]
pub enum Question {
    /// How things stand.
    Overview(oneshot::Sender<Overview>),
    /// At most `limit` jobs behind the id `after`.
    Jobs {
        /// None: from the first.
        after: Option<JobId>,
        /// How many at most.
        limit: usize,
        /// The way back.
        answer: oneshot::Sender<Vec<JobStatus>>,
    },
    /// One job.
    Job(JobId, oneshot::Sender<Option<JobStatus>>),
    /// The runs that have not ended: of one job, or all.
    Runs(Option<JobId>, oneshot::Sender<Vec<RunStatus>>),
    /// One run that has not ended.
    Run(RunId, oneshot::Sender<Option<RunStatus>>),
    /// What a run that has not ended has printed so far, if we are who reads it.
    Output(RunId, oneshot::Sender<Option<OutputTail>>),
    /// What holds for jobs that are added.
    Surroundings(oneshot::Sender<Arc<Surroundings>>),
    /// Something to be done by the scheduler.
    Command(Box<Command>, oneshot::Sender<Reply>),
    /// Read the jobs files again.
    Reload(oneshot::Sender<Result<(), Rejection>>),
    /// Stop.
    Shutdown(ShutdownRequest, oneshot::Sender<()>),
    /// Not a question: something for the log.
    Warn(String),
}

/// Why the jobs files were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// In a few words.
    pub message: String,
    /// Every problem in full, for people.
    pub report: String,
    /// Every problem as JSON.
    pub diagnostics: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Too many ask.
    #[error("the scheduler is busy: {MAX_WAITING} requests wait already")]
    Busy,
    /// It is going, or gone.
    #[error("the scheduler is shutting down")]
    Gone,
    /// It takes too long.
    #[error("the scheduler did not answer within {} s", PATIENCE.as_secs())]
    TooSlow,
}

/// The server's side. Clones are the same desk.
#[derive(Clone, Debug)]
pub struct Desk {
    sender: SyncSender<Question>,
    bell: Waker,
}

/// The loop's side.
#[derive(Debug)]
pub struct Questions {
    receiver: Receiver<Question>,
    /// Rings when there are questions.
    pub bell: Waker,
}

impl Desk {
    /// Both sides.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<(Self, Questions)> {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let bell = Waker::new()?;
        let questions = Questions {
            receiver,
            bell: bell.clone(),
        };
        Ok((Self { sender, bell }, questions))
    }

    /// Puts a question to the loop and waits for the answer.
    pub(super) async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, NoAnswer> {
        let (sender, receiver) = oneshot::channel();
        self.sender
            .try_send(question(sender))
            .map_err(|error| match error {
                TrySendError::Full(_) => NoAnswer::Busy,
                TrySendError::Disconnected(_) => NoAnswer::Gone,
            })?;
        self.bell.wake();
        match tokio::time::timeout(PATIENCE, receiver).await {
            Ok(answer) => answer.map_err(|_| NoAnswer::Gone),
            Err(_) => Err(NoAnswer::TooSlow),
        }
    }

    /// Has something written to the log, if there is room.
    pub(super) fn warn(&self, message: String) {
        if self.sender.try_send(Question::Warn(message)).is_ok() {
            self.bell.wake();
        }
    }
}

impl Questions {
    /// At most `limit` questions; the bell rings again if there may be more.
    #[must_use]
    pub fn take(&self, limit: usize) -> Vec<Question> {
        self.bell.acknowledge();
        let taken: Vec<_> = self.receiver.try_iter().take(limit).collect();
        if taken.len() == limit {
            self.bell.wake();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_desk_turns_away_and_an_abandoned_one_says_so() {
        let (desk, questions) = Desk::new().unwrap();
        for _ in 0..MAX_WAITING + 10 {
            desk.warn("x".to_owned());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let ask = || runtime.block_on(desk.ask(Question::Overview)).unwrap_err();
        assert_eq!(ask(), NoAnswer::Busy);
        assert_eq!(questions.take(usize::MAX).len(), MAX_WAITING);
        drop(questions);
        assert_eq!(ask(), NoAnswer::Gone);
    }

    #[test]
    fn what_is_left_of_a_turn_rings_again() {
        let (desk, questions) = Desk::new().unwrap();
        for _ in 0..3 {
            desk.warn("x".to_owned());
        }
        assert_eq!(questions.take(2).len(), 2);
        assert!(questions.bell.acknowledge());
        assert_eq!(questions.take(2).len(), 1);
        assert!(!questions.bell.acknowledge());
    }
}
