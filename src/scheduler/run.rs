//! One run on its way from a fire to its outcome.
//!
//! ```text
//! Waiting ──▶ Deciding ──▶ Starting ──▶ Running ──▶ (ended: recorded and gone)
//!    │           │             └── spawn failed ──▶ (ended)
//!    │           └── store failed ──▶ (undone: the fire is judged again)
//!    ├◀── Retrying ◀── (an attempt failed, and another is due later) ──▶ (given up: ended)
//!    └── job removed, replaced, or stopped on request ──▶ (skipped)
//! ```
//!
//! After the death of a scheduler the next one takes runs up where the records leave them: see
//! `recovery.rs`.

use super::emitted::{Emitted, EventName};
use super::pools::Place;
use super::record::{End, Reason, Record, RunId, RunRecord, RunState};
use super::retry::earlier_of;
use crate::config::Job;
use crate::time::{BootTime, WallTime};
use std::sync::Arc;

/// Names a run between scheduler and daemon, within one life of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey(pub u64);

/// Why rsched is stopping a run: decides its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopReason {
    /// Its `timeout` is over.
    Timeout,
    /// The scheduler is shutting down.
    Shutdown,
    /// Somebody asked for it.
    Requested,
    /// A later run of its job takes its place.
    Replaced,
}

/// Where a run stands.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// For a free worker, for its turn in a catch-up, or for an earlier instance to end.
    Waiting,
    /// For its next attempt to be due.
    Retrying {
        /// When that is.
        at: BootTime,
    },
    /// For its `Starting` record to be durable.
    Deciding,
    /// For the process to exist.
    Starting,
    /// For the process to end.
    Running {
        /// Its process.
        pid: i32,
        /// When it was spawned.
        since: BootTime,
        /// When it was spawned, for people.
        since_wall: WallTime,
        /// Whether rsched is stopping it, and why.
        stop: Option<StopReason>,
        /// When its `timeout` is over.
        timeout_at: Option<BootTime>,
        /// When SIGKILL follows, once SIGTERM was sent.
        kill_at: Option<BootTime>,
    },
}

/// A run that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub key: RunKey,
    pub id: RunId,
    /// The definition it runs under: a reload does not change it.
    pub job: Arc<Job>,
    pub fire_time: WallTime,
    /// Its fire time and the job's jitter: it starts no earlier, and lateness counts from here.
    pub planned_start: WallTime,
    pub epoch: u32,
    /// Which of the runs that were asked for it is; 0 for the run of a fire.
    pub sequence: u64,
    pub reason: Reason,
    /// Which process of it is the next or the current one, from 1.
    pub attempt: u32,
    /// How many fires it stands for.
    pub stands_for: u64,
    /// When its fire was judged.
    pub noticed_at: WallTime,
    /// The same moment, to measure how long it waits.
    pub waits_since: BootTime,
    /// Whether it is one of several that `coalesce = false` runs one after another.
    pub catchup: bool,
    /// Whether it waits for an earlier instance of its job to end.
    pub queued: bool,
    /// Whether a later run takes its place: it is stopped once that is on record.
    pub replaced: bool,
    /// Whether it is to be stopped as soon as there is something to stop, and why.
    pub stop_requested: Option<StopReason>,
    pub stage: Stage,
    /// How the attempt before this one ended, until this one begins.
    pub earlier: Option<Box<End>>,
    /// The pool that its worker is of.
    pub pool: Arc<str>,
    /// Where it is in the line, or was.
    pub place: Place,
}

impl Run {
    /// Whether it holds a worker.
    pub fn holds_worker(&self) -> bool {
        !matches!(self.stage, Stage::Waiting | Stage::Retrying { .. })
    }

    /// Whether its process exists.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Its process, and when that started.
    pub fn process(&self) -> Option<(i32, WallTime)> {
        match self.stage {
            Stage::Running {
                pid, since_wall, ..
            } => Some((pid, since_wall)),
            _ => None,
        }
    }

    /// An event about it.
    pub fn told(&self, name: EventName) -> Emitted {
        Emitted {
            executor: Some(Arc::clone(&self.pool)),
            attempt: (self.attempt > 1).then_some(self.attempt),
            run_id: Some(self.id),
            fire_time: Some(self.fire_time),
            ..Emitted::about(name, &self.job.id)
        }
    }

    /// Whether it is on its way out, for whatever reason.
    pub fn is_stopping(&self) -> bool {
        let is_stopped = matches!(self.stage, Stage::Running { stop: Some(_), .. });
        is_stopped || self.stop_requested.is_some()
    }

    /// Its record in this state.
    pub fn record(&self, state: RunState) -> Record {
        let (pid, started) = match self.stage {
            Stage::Running {
                pid,
                since,
                since_wall,
                ..
            } => (Some(pid), Some((since, since_wall))),
            _ => (None, None),
        };
        Record::Run(RunRecord {
            id: self.id,
            job: self.job.id.clone(),
            fire_time: self.fire_time,
            epoch: self.epoch,
            sequence: self.sequence,
            attempt: self.attempt,
            reason: self.reason,
            stands_for: self.stands_for,
            noticed_at: self.noticed_at,
            started_at: started.map(|(_, wall)| wall),
            waited: started.map(|(boot, _)| boot.saturating_since(self.waits_since)),
            pid,
            earlier: earlier_of(self, &state),
            state,
        })
    }
}
