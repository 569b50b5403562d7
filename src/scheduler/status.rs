//! A picture of the scheduler at one moment, for people (SIGUSR1) and for the API.
//!
//! A hundred thousand jobs are pictured in pages, so that nobody who asks can hold up the loop.

use super::job_state::{Instances, JobState};
use super::pools::PoolStatus;
use super::record::{Reason, RunId};
use super::run::{Run, RunKey, Stage};
use super::run_time_jobs::JobSource;
use super::scheduler::Scheduler;
use crate::config::{Job, JobId};
use crate::time::WallTime;
use std::ops::Bound;
use std::sync::Arc;

/// The scheduler at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The scheduler itself.
    pub overview: Overview,
    /// The jobs, in id order.
    pub jobs: Vec<JobStatus>,
    /// The runs that have not ended, oldest first.
    pub runs: Vec<RunStatus>,
}

/// The scheduler at one moment, without its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Whether fires wait.
    pub paused: bool,
    /// Whether it is stopping.
    pub stopping: bool,
    /// Whether the store fails, so that nothing is started.
    pub store_failing: bool,
    /// The pools of workers, by name.
    pub pools: Vec<PoolStatus>,
    /// How many jobs there are.
    pub jobs: usize,
    /// How many runs wait: for a worker, or for their turn.
    pub waiting: usize,
    /// The next fire of all.
    pub next_fire: Option<WallTime>,
    /// The number of the newest event.
    pub last_seq: u64,
}

/// One job at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// Its definition.
    pub job: Arc<Job>,
    /// Where that is kept.
    pub source: JobSource,
    /// When it was first seen: the phase of an interval.
    pub anchor: WallTime,
    /// Whether its fires do not exist for now.
    pub paused: bool,
    /// Whether it has no fires left.
    pub finished: bool,
    /// Its next fire time, if there is one.
    pub next_fire: Option<WallTime>,
    /// When that is to start: later if the job has a jitter.
    pub next_start: Option<WallTime>,
    /// Runs that run or wait.
    pub instances: u32,
    /// The processes of those that run.
    pub processes: Vec<i32>,
}

/// One run at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStatus {
    /// Its name within this life of the scheduler.
    pub key: RunKey,
    /// Its id.
    pub id: RunId,
    /// Its job.
    pub job: JobId,
    /// The fire it is for.
    pub fire_time: WallTime,
    /// Why it exists.
    pub reason: Reason,
    /// Which attempt is the current or the next one, from 1.
    pub attempt: u32,
    /// When that is due, while an earlier one has failed and it has not begun.
    pub retry_at: Option<WallTime>,
    /// Whether it is being started, and its program does not run yet.
    pub starting: bool,
    /// Its process and when that started; none while it waits.
    pub process: Option<(i32, WallTime)>,
    /// Whether it is being stopped.
    pub stopping: bool,
}

impl Overview {
    /// Workers in use, of all pools.
    #[must_use]
    pub fn workers_busy(&self) -> u32 {
        self.pools.iter().map(|pool| pool.busy).sum()
    }

    /// Workers of all pools; [`crate::config::NO_LIMIT`]: any number.
    #[must_use]
    pub fn max_workers(&self) -> u32 {
        let limits = self.pools.iter().map(|pool| pool.max_workers);
        limits.fold(0, u32::saturating_add)
    }
}

impl JobStatus {
    /// One word for it.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            _ if !self.job.enabled => "disabled",
            Self { paused: true, .. } => "paused",
            _ if self.instances > 0 => "running",
            Self {
                next_fire: None, ..
            } => "finished",
            _ => "scheduled",
        }
    }
}

impl Scheduler {
    /// How long running jobs may finish after the first request to stop.
    #[must_use]
    pub fn shutdown_timeout(&self) -> std::time::Duration {
        self.settings.shutdown_timeout
    }

    /// Of what a run prints, the last so many bytes are kept.
    #[must_use]
    pub fn keep_output(&self) -> usize {
        self.settings.history.keep_output as usize
    }

    /// How things stand.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            overview: self.overview(),
            jobs: self.jobs_after(None, usize::MAX),
            runs: self.runs_of(None),
        }
    }

    /// How things stand, but for the single jobs.
    #[must_use]
    pub fn overview(&self) -> Overview {
        Overview {
            paused: self.paused,
            stopping: self.shutdown.is_some(),
            store_failing: self.ledger.is_failing(),
            pools: self.pools.status(),
            jobs: self.jobs.len(),
            waiting: self.runs.values().filter(|run| !run.holds_worker()).count(),
            next_fire: self.queue.first().map(|&(at, _)| at),
            last_seq: self.last_seq,
        }
    }

    /// At most `limit` jobs, in id order, those behind the id `after`.
    #[must_use]
    pub fn jobs_after(&self, after: Option<&JobId>, limit: usize) -> Vec<JobStatus> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.jobs
            .range::<JobId, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|(_, state)| self.job_status_of(state))
            .collect()
    }

    /// One job.
    #[must_use]
    pub fn job_status(&self, id: &JobId) -> Option<JobStatus> {
        Some(self.job_status_of(self.jobs.get(id)?))
    }

    fn job_status_of(&self, state: &JobState) -> JobStatus {
        JobStatus {
            job: Arc::clone(&state.job),
            source: state.source.clone(),
            anchor: state.anchor,
            paused: state.paused,
            finished: state.finished,
            next_fire: state.next,
            next_start: state.planned_start(&self.settings.seed),
            instances: self.instances.get(&state.job.id).map_or(0, Instances::all),
            processes: self.processes_of(&state.job.id),
        }
    }

    fn processes_of(&self, id: &JobId) -> Vec<i32> {
        let Some(instances) = self.instances.get(id) else {
            return Vec::new();
        };
        // Of a catch-up only the first can run.
        let keys = instances.single.iter().chain(instances.catchup.front());
        keys.filter_map(|key| self.runs.get(key)?.process())
            .map(|(pid, _)| pid)
            .collect()
    }

    /// The runs that have not ended, oldest first; of one job or of all.
    #[must_use]
    pub fn runs_of(&self, job: Option<&JobId>) -> Vec<RunStatus> {
        self.runs
            .values()
            .filter(|run| job.is_none_or(|id| run.job.id == *id))
            .map(run_status)
            .collect()
    }

    /// One run that has not ended.
    #[must_use]
    pub fn run_status(&self, id: RunId) -> Option<RunStatus> {
        self.runs.values().find(|run| run.id == id).map(run_status)
    }
}

fn run_status(run: &Run) -> RunStatus {
    let stopping = match run.stage {
        Stage::Running { stop, .. } => stop.is_some(),
        _ => run.stop_requested.is_some(),
    };
    RunStatus {
        key: run.key,
        id: run.id,
        job: run.job.id.clone(),
        fire_time: run.fire_time,
        reason: run.reason,
        attempt: run.attempt,
        retry_at: run.retry_at(),
        starting: matches!(run.stage, Stage::Deciding | Stage::Starting),
        process: run.process(),
        stopping,
    }
}
