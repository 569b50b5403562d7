//! What goes into a step, what comes out of it, and when the next one is due.

use super::command::{Command, Reply, Token};
use super::emitted::Emitted;
use super::record::{Batch, OutputTail, Reason, RunId, Ticket, Usage};
use super::run::RunKey;
use crate::config::{Job, JobsFile};
use crate::time::{BootTime, WallTime, Zone};
use std::sync::Arc;

/// What the daemon tells the scheduler.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first event: take up the jobs.
    Started,
    /// A deadline may have passed.
    Woke,
    /// The kernel says that the wall clock was set.
    ClockStepped,
    /// The kernel will not say when the wall clock is set.
    StepsAreUntold,
    /// The batch is durable.
    Stored(Ticket),
    /// The batch is not durable, and no part of it will be.
    StoreFailed {
        /// Which batch.
        ticket: Ticket,
        /// Why, for people.
        error: String,
        /// What is in the way.
        failure: StoreFailure,
    },
    /// The process of a run exists.
    Spawned {
        /// Which run.
        run: RunKey,
        /// Its process id.
        pid: i32,
    },
    /// The start of a run could not be recorded by its mark (a full disk): nothing was started, and
    /// nothing is until the store takes writes.
    StartHeld {
        /// Which run.
        run: RunKey,
        /// Why, for people.
        error: String,
    },
    /// The process of a run could not be started.
    SpawnFailed {
        /// Which run.
        run: RunKey,
        /// Why, for people: the path and the reason.
        error: String,
    },
    /// The process of a run ended and was reaped.
    Exited {
        /// Which run.
        run: RunKey,
        /// How.
        exit: Exit,
        /// What its processes used, where the kernel told.
        usage: Option<Usage>,
        /// What it printed, where that was caught.
        output: Option<OutputTail>,
    },
    /// A new, valid jobs file.
    Reload(Box<JobsFile>),
    /// The jobs files were read again and cannot be taken, for this reason.
    ReloadFailed(String),
    /// Somebody asks for something.
    Command {
        /// To be named in the answer.
        token: Token,
        /// What.
        command: Box<Command>,
    },
    /// What some zones are by now: others take their place in [`super::Scheduler::zones`].
    ZonesUpdated(Vec<Arc<Zone>>),
    /// Stop, gently or not.
    Shutdown(ShutdownRequest),
}

/// What keeps records from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// The store did not take them: a full disk, say.
    Refused,
    /// Its file is not where it was any more.
    Gone,
    /// It was not asked: the lock is lost that lets this scheduler start anything.
    LockLost,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code (0–255).
    Code(i32),
    /// This signal ended it.
    Signal {
        /// The signal's number.
        number: i32,
        /// Whether it left a core dump.
        core_dumped: bool,
    },
    /// It ended, and the kernel tells its exit code only to its parent, an earlier scheduler.
    Unknown,
}

/// How hard to stop. A later request never softens an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShutdownRequest {
    /// Running jobs may finish within `shutdown_timeout`.
    Wait,
    /// SIGTERM to all at once.
    Terminate,
    /// SIGKILL to all at once.
    Kill,
}

/// A signal to a run's whole process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM, and SIGCONT so that a stopped process sees it.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// A process to start.
#[derive(Clone, Debug)]
pub struct SpawnRequest {
    /// To be named in the answer.
    pub run: RunKey,
    /// Its id, for the environment and the log.
    pub run_id: RunId,
    /// Which process of it this is, from 1.
    pub attempt: u32,
    /// What to start.
    pub job: Arc<Job>,
    /// The fire it is for.
    pub fire_time: WallTime,
    /// Why.
    pub reason: Reason,
}

/// What the scheduler wants done. The daemon performs them in order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Make these records durable, all or none, and answer with `Stored` or `StoreFailed`.
    Store(Batch),
    /// Start a process and answer with `Spawned` or `SpawnFailed`.
    ///
    /// Safety rule: it is only ever asked for after the `Stored` of the batch that holds its
    /// `Starting` record. A crash between the two leaves a decision without a process, which a
    /// restart can see; the other order would leave a process nobody knows of.
    Spawn(Box<SpawnRequest>),
    /// Send a signal to a run's process group.
    Signal {
        /// Which run.
        run: RunKey,
        /// What.
        signal: StopSignal,
    },
    /// Do not wait any longer for this start to come to its end, and answer with `SpawnFailed`; a process
    /// that exists by now is told as `Spawned`. What its job names may be on a disk that hangs.
    GiveUpStart {
        /// Which run's.
        run: RunKey,
    },
    /// Answer a command.
    Reply {
        /// Which.
        token: Token,
        /// What became of it.
        reply: Reply,
    },
    /// The end of this attempt is durable: what marked its start is needed no more.
    ClearStart {
        /// Which run.
        run_id: RunId,
        /// Which process of it.
        attempt: u32,
    },
    /// Tell the world.
    Emit(Box<Emitted>),
    /// All is reaped and recorded: leave.
    Exit,
}

/// When the scheduler wants to be woken, at the latest. Waking it earlier does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// The next fire, on the wall clock.
    pub wall: Option<WallTime>,
    /// The next timeout, kill or retry, on the boot clock.
    pub boot: Option<BootTime>,
}
