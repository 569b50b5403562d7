//! What people and programs ask of a running scheduler, and what it answers.
//!
//! A command comes in as [`Event::Command`] and its one answer goes out as [`Action::Reply`], with
//! the same token. What an answer promises has happened: that of a triggered run is given when the
//! run is durable, so a client that saw none must ask again.
//!
//! [`Event::Command`]: super::Event::Command
//! [`Action::Reply`]: super::Action::Reply

use super::emitted::{Emitted, EventName};
use super::event::Action;
use super::record::RunId;
use super::run_time_jobs::RunTimeJob;
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::Now;

/// Names a command between scheduler and daemon, so that the answer finds who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Command {
    /// The job's fires do not exist until it is resumed.
    Pause(JobId),
    /// The job's fires exist again, from now on.
    Resume(JobId),
    /// No fire becomes a run until all are resumed; then they are late.
    PauseAll,
    /// Ends [`Command::PauseAll`].
    ResumeAll,
    /// Run a job now, whatever its schedule says.
    Trigger(JobId),
    /// Stop a run.
    Kill(RunId),
    /// Stop all runs of a job.
    KillJob(JobId),
    /// A job that is in no file.
    Add {
        /// The job.
        job: RunTimeJob,
        /// Take the place of a run-time job of the same id.
        replace: bool,
        /// Begin paused; one that takes a place is paused or not as is said here, whatever was there.
        paused: bool,
    },
    /// A new definition of a run-time job.
    Change {
        /// The job.
        job: RunTimeJob,
        /// Pause it as well.
        paused: bool,
    },
    /// A run-time job is to go.
    Remove(JobId),
    /// All run-time jobs are to go. Those of the files stay.
    RemoveAll,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is so. Also said where it was so already.
    Done,
    /// All run-time jobs are gone.
    Removed {
        /// How many those were.
        removed: usize,
        /// How many jobs there are now, all of the files.
        remaining: usize,
    },
    /// The run that was made.
    Submitted(RunId),
    /// The runs that are being stopped, or were dropped while they waited; there may be none.
    Stopping(Vec<RunId>),
    /// It cannot be.
    Refused(Refusal),
}

/// Why a command is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such job.
    #[error("Job {0} not found")]
    UnknownJob(JobId),
    /// There is no such run, or it has ended.
    #[error(
        "Run {0} not found: it has ended, or never was; `rsched history` shows what is on record"
    )]
    UnknownRun(RunId),
    /// There is one already.
    #[error("Job {0} already exists.")]
    JobExists(JobId),
    /// There is one whose id differs in upper and lower case only.
    #[error("Job {0} already exists: ids that differ in upper and lower case only are one")]
    SimilarJobExists(JobId),
    /// It is in a jobs file, and is changed there.
    #[error("Job {0} is of the jobs file: change it there, then reload")]
    JobOfFile(JobId),
    /// It would be gone at once.
    #[error(
        "Job {0} has no fire times left: all are past (for a date, write a time to come, as `+10m`, or `now`)"
    )]
    NoFireTimes(JobId),
    /// There is no room for another job.
    #[error("there are {0} jobs already, more are not possible")]
    TooManyJobs(usize),
    /// `max_instances` is reached.
    #[error("Job {job} has its maximum number of running instances ({limit})")]
    MaxInstances {
        /// Which job.
        job: JobId,
        /// Its `max_instances`.
        limit: u32,
    },
    /// Nothing is started any more.
    #[error("the scheduler is shutting down")]
    ShuttingDown,
    /// Nothing is started until the store takes records.
    #[error("the store does not take records, so nothing is started")]
    StoreFailing,
}

impl Command {
    /// Whether it must outlive the scheduler.
    fn changes_what_is_kept(&self) -> bool {
        match self {
            Self::Pause(_)
            | Self::Resume(_)
            | Self::PauseAll
            | Self::ResumeAll
            | Self::Add { .. }
            | Self::Change { .. }
            | Self::Remove(_)
            | Self::RemoveAll => true,
            Self::Kill(_) | Self::KillJob(_) | Self::Trigger(_) => false,
        }
    }
}

impl Scheduler {
    pub(super) fn obey(&mut self, token: Token, command: Command, now: Now) {
        // What is due already is judged as things were before.
        self.judge_due(now);
        if command.changes_what_is_kept() && !self.ledger.accepts_decisions() {
            // Who asks must be able to rely on it.
            return self.answer(token, Reply::Refused(Refusal::StoreFailing));
        }
        let reply = match command {
            Command::Pause(id) => self.pause_job(&id, now),
            Command::Resume(id) => self.resume_job(&id, now),
            Command::PauseAll => Ok(self.pause_all()),
            Command::ResumeAll => Ok(self.resume_all()),
            Command::Kill(run) => self.kill_run(run, now),
            Command::KillJob(id) => self.kill_runs_of(&id, now),
            Command::Add {
                job,
                replace,
                paused,
            } => self.add_job(job, replace, paused, now),
            Command::Change { job, paused } => self.change_job(job, paused, now),
            Command::Remove(id) => self.remove_job(&id, now),
            Command::RemoveAll => Ok(self.remove_all_jobs(now)),
            Command::Trigger(id) => match self.trigger(&id, now) {
                // Answered with the records that it rests on.
                Ok(run) => {
                    let answer = (token, Reply::Submitted(run));
                    self.ledger.decisions().answers.push(answer);
                    return;
                }
                Err(refusal) => Err(refusal),
            },
        };
        match reply {
            // There may be nothing to wait for: it was so already.
            Ok(reply @ (Reply::Done | Reply::Removed { .. })) if !self.ledger.is_settled() => {
                self.ledger.answer_change(token, reply);
            }
            reply => self.answer(token, reply.unwrap_or_else(Reply::Refused)),
        }
    }

    pub(super) fn answer(&mut self, token: Token, reply: Reply) {
        self.out.push(Action::Reply { token, reply });
    }

    /// The files cannot be taken: the old jobs stay.
    pub(super) fn reload_failed(&mut self, why: String) {
        let mut told = Emitted::new(EventName::ReloadFailed);
        told.detail = Some(why);
        self.tell(told);
    }
}
