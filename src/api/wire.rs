//! The JSON of the API: what the server writes and the client reads.
//!
//! Keys that Flask-APScheduler has are its own; the others are ours.

use super::stopped;
use super::tally::{JobTally, LastRun};
use super::wire_trigger::trigger_fields;
use crate::config::{Coalesce, Command, Job, NO_LIMIT, Retry};
use crate::scheduler::{Emitted, JobSource, JobStatus, Outcome, Overview, PoolStatus, RunStatus};
use crate::time::{WallTime, Zone, human};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The scheduler.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the wire's own form: a flag each, as clients read them"
)]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SchedulerJson {
    /// The machine's name.
    pub current_host: String,
    /// On which machines it may run: `*` for any.
    pub allowed_hosts: Vec<String>,
    /// Whether it takes up fires: not while it is paused or stops.
    pub running: bool,
    /// Whether fires wait.
    pub paused: bool,
    /// Whether it is shutting down.
    pub stopping: bool,
    /// Whether the store refuses records, so that nothing is started.
    pub store_failing: bool,
    /// Whether the jobs files could be taken when they were last read.
    pub reload_success: bool,
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: i32,
    /// When it started.
    pub started_at: String,
    /// The jobs files, with absolute paths.
    pub jobs_files: Vec<String>,
    /// The file that records are kept in; null where they are kept in memory.
    pub store: Option<String>,
    /// How many jobs there are.
    pub jobs: usize,
    /// The next fire of all.
    pub next_fire_time: Option<String>,
    /// Workers in use, of all executors.
    pub workers_busy: u32,
    /// Workers there are.
    pub max_workers: u32,
    /// The pools of workers, by name.
    pub executors: Vec<ExecutorJson>,
    /// Runs that wait, for a worker or for their turn.
    pub waiting: usize,
    /// The number of the newest event.
    pub last_seq: u64,
}

/// A pool of workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExecutorJson {
    /// Its name.
    pub name: String,
    /// How many workers it has; null: any number.
    pub max_workers: Option<u32>,
    /// How many are in use.
    pub busy: u32,
    /// Runs that wait for one of them.
    pub waiting: usize,
}

impl ExecutorJson {
    fn new(pool: &PoolStatus) -> Self {
        Self {
            name: pool.name.to_string(),
            max_workers: (pool.max_workers != NO_LIMIT).then_some(pool.max_workers),
            busy: pool.busy,
            waiting: pool.waiting,
        }
    }
}

/// What of [`SchedulerJson`] never changes.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The machine's name.
    pub host: String,
    /// The scheduler's process.
    pub pid: i32,
    /// When it started.
    pub started_at: WallTime,
    /// The jobs files, as given.
    pub jobs_files: Vec<String>,
    /// The file that records are kept in, if they are kept in one.
    pub store: Option<String>,
}

impl SchedulerJson {
    pub(super) fn new(
        now: &Overview,
        identity: &Identity,
        reload_success: bool,
        zone: &Zone,
    ) -> Self {
        Self {
            current_host: identity.host.clone(),
            allowed_hosts: vec!["*".to_owned()],
            running: !now.paused && !now.stopping,
            paused: now.paused,
            stopping: now.stopping,
            store_failing: now.store_failing,
            reload_success,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: identity.pid,
            started_at: human::rfc3339(identity.started_at, zone),
            jobs_files: identity.jobs_files.clone(),
            store: identity.store.clone(),
            jobs: now.jobs,
            next_fire_time: now.next_fire.map(|at| human::rfc3339(at, zone)),
            workers_busy: now.workers_busy(),
            max_workers: now.max_workers(),
            executors: now.pools.iter().map(ExecutorJson::new).collect(),
            waiting: now.waiting,
            last_seq: now.last_seq,
        }
    }
}

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobJson {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// The program, or the line for the shell.
    pub func: String,
    /// The program's arguments.
    pub args: Vec<String>,
    /// The names of its variables. Their values are nobody's business: null.
    pub kwargs: BTreeMap<String, Option<String>>,
    /// `trigger`, and its fields beside it.
    #[serde(flatten)]
    pub trigger: Map<String, Value>,
    /// Seconds; null is for ever.
    pub misfire_grace_time: Value,
    /// Instances that may run or wait.
    pub max_instances: u32,
    /// Its next fire time; null where there is none, or it is paused.
    pub next_run_time: Option<String>,
    /// As in the jobs file: a text for the shell, or an array of program and arguments.
    pub command: Value,
    /// `scheduled`, `paused`, `running`, `finished` or `disabled`.
    pub state: String,
    /// `file` or `api`.
    pub source: String,
    /// Its zone.
    pub timezone: String,
    /// What a backlog becomes: true, false or `earliest`.
    pub coalesce: Value,
    /// The pool it runs in.
    pub executor: String,
    /// Its rank among those that are due at the same instant.
    pub priority: i32,
    /// The trigger as written.
    pub schedule: String,
    /// For people.
    pub description: Option<String>,
    /// For people.
    pub tags: Vec<String>,
    /// Seconds until it is stopped.
    pub timeout: Value,
    /// What a fire does that finds `max_instances` reached: `skip`, `queue` or `replace`.
    pub overlap: String,
    /// The group of jobs of which never two run at the same time.
    pub exclusive: Option<String>,
    /// What is done about a run that failed.
    pub retry: Option<RetryJson>,
    /// The exit codes with which a run succeeded.
    pub success_codes: Vec<u8>,
    /// The last run that ended; of one from before the scheduler started, less is known.
    pub last_run: Option<LastRunJson>,
    /// What last became of a fire since the scheduler started, be it a run or none.
    #[serde(default)]
    pub last_outcome: Option<LastOutcomeJson>,
    /// Runs that run or wait.
    pub running: u32,
    /// How many of them have a process that is stopped (SIGSTOP), and does nothing until it goes on.
    #[serde(default)]
    pub stopped: u32,
}

/// What is done about a run that failed: the keys of a jobs file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RetryJson {
    /// How many attempts follow the first, at most.
    pub attempts: u32,
    /// Seconds from the end of the first to the second.
    pub delay: Value,
    /// Each further delay is so many times the one before it.
    pub factor: f64,
    /// Seconds; no delay is longer.
    pub max_delay: Value,
    /// `failure`, `timeout`.
    pub on: Vec<String>,
}

impl RetryJson {
    fn new(retry: &Retry) -> Self {
        let on = [("failure", retry.on_failure), ("timeout", retry.on_timeout)];
        Self {
            attempts: retry.attempts,
            delay: number(retry.delay),
            factor: f64::from(retry.factor_thousandths) / 1_000.0,
            max_delay: number(retry.max_delay),
            on: on
                .into_iter()
                .filter(|(_, is_on)| *is_on)
                .map(|(word, _)| word.to_owned())
                .collect(),
        }
    }
}

/// A run that ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastRunJson {
    /// Its id.
    pub run_id: Option<String>,
    /// When it was due.
    pub fire_time: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Its exit code, if it exited.
    pub exit_code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// How long it ran, in seconds.
    pub duration: Option<f64>,
    /// When it ended; null where that was before the scheduler started.
    #[serde(default)]
    pub ended_at: Option<String>,
}

/// What became of a fire.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastOutcomeJson {
    /// The outcome: that of a run, or `missed` or `skipped`.
    pub outcome: String,
    /// When the run ended, or there came to be none.
    pub at: String,
}

impl JobJson {
    /// A job as the records have it: how its newest run ended, its fire time and exit code, and what last
    /// became of a fire.
    #[must_use]
    pub fn recorded(
        status: &JobStatus,
        last_run: Option<(WallTime, Outcome, Option<i32>)>,
        last_outcome: Option<(Outcome, WallTime)>,
    ) -> Self {
        let mut tally = JobTally::remembered(last_run, None);
        tally.last_outcome = last_outcome;
        Self::new(status, Some(&tally))
    }

    pub(super) fn new(status: &JobStatus, tally: Option<&JobTally>) -> Self {
        let job = status.job.as_ref();
        let (func, args, command) = match &job.command {
            Command::Shell(line) => (line.clone(), Vec::new(), json!(line)),
            Command::Program(words) => {
                let (func, args) = words.split_first().expect("a command has a program");
                (func.clone(), args.to_vec(), json!(words))
            }
        };
        let zone = job.schedule.spec.zone.as_ref();
        Self {
            id: job.id.to_string(),
            name: job.name().to_owned(),
            func,
            args,
            kwargs: job
                .settings
                .env
                .keys()
                .map(|name| (name.clone(), None))
                .collect(),
            trigger: trigger_fields(job, status.anchor),
            misfire_grace_time: json!(job.settings.misfire_grace_time.map(number)),
            max_instances: job.settings.max_instances,
            next_run_time: status.next_fire.map(|at| human::rfc3339(at, zone)),
            command,
            state: status.state().to_owned(),
            source: match status.source {
                JobSource::File => "file",
                JobSource::Api(_) => "api",
            }
            .to_owned(),
            timezone: zone.name().to_owned(),
            coalesce: match job.settings.coalesce {
                Coalesce::Latest => json!(true),
                Coalesce::All => json!(false),
                Coalesce::Earliest => json!("earliest"),
            },
            executor: job.settings.policy.executor.to_string(),
            priority: job.settings.policy.priority,
            schedule: job.schedule.text.clone(),
            description: job.description().map(str::to_owned),
            tags: job.settings.tags.clone(),
            timeout: json!(job.settings.timeout.map(number)),
            overlap: job.settings.policy.overlap.as_str().to_owned(),
            exclusive: job.settings.policy.exclusive.as_deref().map(str::to_owned),
            retry: job
                .settings
                .policy
                .retry
                .map(|retry| RetryJson::new(&retry)),
            success_codes: job.settings.policy.success_codes.iter().collect(),
            last_run: tally
                .and_then(|tally| tally.last_run.as_ref())
                .map(|run| LastRunJson::new(run, job)),
            last_outcome: tally
                .and_then(|tally| tally.last_outcome)
                .map(|(outcome, at)| LastOutcomeJson {
                    outcome: outcome.to_string(),
                    at: human::rfc3339(at, zone),
                }),
            running: status.instances,
            stopped: stopped::count(&status.processes),
        }
    }
}

impl LastRunJson {
    fn new(run: &LastRun, job: &Job) -> Self {
        Self {
            run_id: run.run_id.map(|id| id.to_string()),
            fire_time: run
                .fire_time
                .map(|at| human::rfc3339(at, &job.schedule.spec.zone)),
            outcome: run.outcome.to_string(),
            exit_code: run.exit_code,
            signal: run.signal,
            duration: run.duration.map(|length| length.as_secs_f64()),
            ended_at: run
                .ended_at
                .map(|at| human::rfc3339(at, &job.schedule.spec.zone)),
        }
    }
}

/// A run that has not ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunJson {
    /// Its id.
    pub run_id: String,
    /// Its job's.
    pub job_id: String,
    /// When it was due.
    pub fire_time: String,
    /// Why it exists.
    pub reason: String,
    /// `waiting`, `starting`, `retrying`, `running` or `stopping`.
    pub state: String,
    /// Which attempt is the current or the next one, from 1.
    pub attempt: u32,
    /// When the next one is due, after one that failed.
    pub retry_at: Option<String>,
    /// Its process; none while it waits.
    pub pid: Option<i32>,
    /// When that started.
    pub started_at: Option<String>,
    /// Whether that is stopped (SIGSTOP), and does nothing until it goes on.
    #[serde(default)]
    pub stopped: bool,
}

impl RunJson {
    pub(super) fn new(run: &RunStatus, zone: &Zone) -> Self {
        let state = match run.process {
            _ if run.stopping => "stopping",
            Some(_) => "running",
            None if run.starting => "starting",
            None if run.retry_at.is_some() => "retrying",
            None => "waiting",
        };
        Self {
            run_id: run.id.to_string(),
            job_id: run.job.to_string(),
            fire_time: human::rfc3339(run.fire_time, zone),
            reason: run.reason.as_str().to_owned(),
            state: state.to_owned(),
            attempt: run.attempt,
            retry_at: run.retry_at.map(|at| human::rfc3339(at, zone)),
            pid: run.process.map(|(pid, _)| pid),
            started_at: run.process.map(|(_, at)| human::rfc3339(at, zone)),
            stopped: run.process.is_some_and(|(pid, _)| stopped::is_stopped(pid)),
        }
    }
}

/// An event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventJson {
    /// Its name.
    pub event: String,
    /// When.
    pub time: String,
    /// Counts up by one within one life of the scheduler.
    pub seq: u64,
    /// Whose, if a job's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The pool of that job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Which attempt of the run, if not the first or if another follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Which run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The fire it is about; for several, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fire_time: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Its exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// How long it ran, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// How late it was noticed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_by: Option<f64>,
    /// How many fires, instances or jobs it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The end of what the run printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tail: Option<String>,
}

impl EventJson {
    /// The event, with its times in this zone.
    #[must_use]
    pub fn new(told: &Emitted, zone: &Zone) -> Self {
        Self {
            event: told.name.as_str().to_owned(),
            time: human::rfc3339(told.time, zone),
            seq: told.seq,
            job_id: told.job_id.as_ref().map(ToString::to_string),
            executor: told.executor.as_deref().map(str::to_owned),
            attempt: told.attempt,
            run_id: told.run_id.map(|id| id.to_string()),
            fire_time: told.fire_time.map(|at| human::rfc3339(at, zone)),
            outcome: told.outcome.map(|outcome| outcome.to_string()),
            exit_code: told.exit_code,
            signal: told.signal,
            duration: told.duration.map(|length| length.as_secs_f64()),
            late_by: told.late_by.map(|length| length.as_secs_f64()),
            count: told.count,
            pid: told.pid,
            detail: told.detail.clone(),
            output_tail: told.output_tail.as_deref().map(str::to_owned),
        }
    }
}

/// Seconds, without a point where there is no fraction.
pub(super) fn number(length: Duration) -> Value {
    if length.subsec_nanos() == 0 {
        json!(length.as_secs())
    } else {
        json!(length.as_secs_f64())
    }
}
