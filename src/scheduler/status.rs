//! A picture of the scheduler at one moment, for people (SIGUSR1) and later for the API.

use super::record::RunId;
use super::run::Stage;
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::WallTime;

/// The scheduler at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether fires wait.
    pub paused: bool,
    /// Whether it is stopping.
    pub stopping: bool,
    /// Whether the store fails, so that nothing is started.
    pub store_failing: bool,
    /// Workers in use.
    pub workers_busy: u32,
    /// Workers there are.
    pub max_workers: u32,
    /// The jobs, in id order.
    pub jobs: Vec<JobStatus>,
    /// The runs that have not ended, oldest first.
    pub runs: Vec<RunStatus>,
}

/// One job at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// Its id.
    pub id: JobId,
    /// Its trigger as written.
    pub trigger: String,
    /// Whether it is scheduled at all.
    pub enabled: bool,
    /// Its next fire time, if there is one.
    pub next_fire: Option<WallTime>,
    /// When that is to start: later if the job has a jitter.
    pub next_start: Option<WallTime>,
    /// Runs that run or wait.
    pub instances: u32,
}

/// One run at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStatus {
    /// Its id.
    pub id: RunId,
    /// Its job.
    pub job: JobId,
    /// The fire it is for.
    pub fire_time: WallTime,
    /// Its process and when that started; none while it waits.
    pub process: Option<(i32, WallTime)>,
}

impl Scheduler {
    /// How long running jobs may finish after the first request to stop.
    #[must_use]
    pub fn shutdown_timeout(&self) -> std::time::Duration {
        self.settings.shutdown_timeout
    }

    /// How things stand.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            paused: self.paused,
            stopping: self.shutdown.is_some(),
            store_failing: self.ledger.is_failing(),
            workers_busy: self.workers_busy,
            max_workers: self.settings.max_workers,
            jobs: self
                .jobs
                .values()
                .map(|state| JobStatus {
                    id: state.job.id.clone(),
                    trigger: state.job.trigger_text.clone(),
                    enabled: state.job.enabled,
                    next_fire: state.next,
                    next_start: state.planned_start(&self.settings.seed),
                    instances: self
                        .instances
                        .get(&state.job.id)
                        .map_or(0, super::job_state::Instances::count),
                })
                .collect(),
            runs: self
                .runs
                .values()
                .map(|run| RunStatus {
                    id: run.id,
                    job: run.job.id.clone(),
                    fire_time: run.fire_time,
                    process: match run.stage {
                        Stage::Running {
                            pid, since_wall, ..
                        } => Some((pid, since_wall)),
                        _ => None,
                    },
                })
                .collect(),
        }
    }
}
