//! A job that cannot be wrong: what the jobs file means after every check.
use super::settings::{DEFAULT_GRACE, DEFAULT_KILL_AFTER, DEFAULT_SHELL};
use super::{
    ApiSettings, Executors, History, Hosts, JobId, JobSchedule, Listener, Output, ResourceLimits,
    RunAs, RunPolicy, StorePlace, Surroundings,
};
use crate::schedule::{ScheduleSpec, Trigger};
use crate::time::Zone;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A number of instances or workers that is never reached: `"unlimited"` in a jobs file.
pub const NO_LIMIT: u32 = u32::MAX;

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Run by `shell -c`.
    Shell(String),
    /// Executed directly: program and arguments, at least one.
    Program(Vec<String>),
}

/// What a backlog of several fires becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Coalesce {
    /// One run, for the newest fire.
    #[default]
    Latest,
    /// One run, for the oldest fire within grace.
    Earliest,
    /// A run each, in order.
    All,
}

/// What becomes of a run whose end could not be learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnLost {
    /// It ends as `lost`.
    #[default]
    Keep,
    /// It runs again.
    Rerun,
}

/// How much a record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: every decision waits for the disk.
    #[default]
    Power,
    /// The death of the scheduler, but not of the machine.
    Process,
}

/// What a run reads from its standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stdin {
    /// `/dev/null`: it ends at once.
    #[default]
    Nothing,
    /// This text.
    Text(String),
    /// What is in this file, an absolute path, when the run starts.
    File(PathBuf),
}

/// One configured job.
///
/// There may be a hundred thousand of them: what several have in common is there once, and they share
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is said of it for people, if anything is.
    pub about: Option<Box<About>>,
    /// When it fires.
    pub schedule: Arc<JobSchedule>,
    /// What runs.
    pub command: Command,
    /// False: listed, never scheduled.
    pub enabled: bool,
    /// How it runs.
    pub settings: Arc<JobSettings>,
}

/// What a jobs file says of a job for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// None: its id ([`Job::name`]).
    pub name: Option<String>,
    /// May have several lines.
    pub description: Option<String>,
}

impl About {
    /// None if nothing is said.
    pub(super) fn of(name: Option<String>, description: Option<String>) -> Option<Box<Self>> {
        let is_said = name.is_some() || description.is_some();
        is_said.then(|| Box::new(Self { name, description }))
    }
}

/// How a job runs: mostly what the tables around it and the defaults say, so that many jobs have the
/// same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobSettings {
    /// For people.
    pub tags: Vec<String>,
    /// Absolute path of the shell for [`Command::Shell`].
    pub shell: PathBuf,
    /// Absolute directory it runs in.
    pub cwd: PathBuf,
    /// `[env]` with the job's `env` on top; added to the scheduler's own environment.
    pub env: BTreeMap<String, String>,
    /// Start from a handful of variables, as cron does, instead of the scheduler's own environment.
    pub clear_env: bool,
    /// An absolute path of `KEY=value` lines, read at each run; on top of `env`.
    pub env_file: Option<PathBuf>,
    /// What it reads.
    pub stdin: Stdin,
    /// Where what it prints goes.
    pub output: Output,
    /// Whom it runs as.
    pub run_as: RunAs,
    /// The bits taken from the mode of files it makes; none = inherited.
    pub umask: Option<u32>,
    /// Its niceness, −20 to 19; none = inherited.
    pub nice: Option<i32>,
    /// Whether no program that it runs can give it more rights than it has (`setuid` bits).
    pub no_new_privileges: bool,
    /// What the kernel lets it have.
    pub limits: ResourceLimits,
    /// Where it runs, if that is on other hosts only; here it is not enabled then.
    pub elsewhere: Option<Hosts>,
    /// Instances that may run or wait for a worker, at least 1; [`NO_LIMIT`]: any number.
    pub max_instances: u32,
    /// How late a fire may be noticed and still run; none = forever.
    pub misfire_grace_time: Option<Duration>,
    /// What a backlog becomes.
    pub coalesce: Coalesce,
    /// TERM to the process group after this; none = never.
    pub timeout: Option<Duration>,
    /// KILL this long after TERM.
    pub kill_after: Duration,
    /// What becomes of a run whose end could not be learnt.
    pub on_lost: OnLost,
    /// How its runs are dealt with.
    pub policy: RunPolicy,
}

impl Default for JobSettings {
    /// What holds where nobody says anything.
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            shell: DEFAULT_SHELL.into(),
            cwd: PathBuf::from("/"),
            env: BTreeMap::new(),
            clear_env: false,
            env_file: None,
            stdin: Stdin::Nothing,
            output: Output::Log,
            run_as: RunAs::Ourselves,
            umask: None,
            nice: None,
            no_new_privileges: false,
            limits: ResourceLimits::default(),
            elsewhere: None,
            max_instances: 1,
            misfire_grace_time: Some(DEFAULT_GRACE),
            coalesce: Coalesce::default(),
            timeout: None,
            kill_after: DEFAULT_KILL_AFTER,
            on_lost: OnLost::Keep,
            policy: RunPolicy::default(),
        }
    }
}

impl Job {
    /// What people call it: its id, if nobody gave it a name.
    #[must_use]
    pub fn name(&self) -> &str {
        let about = self.about.as_ref();
        let name = about.and_then(|about| about.name.as_deref());
        name.unwrap_or(self.id.as_str())
    }

    /// What it is for, in words.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.about.as_ref()?.description.as_deref()
    }

    /// Whether what it prints is to be mailed.
    #[must_use]
    pub fn is_mailed(&self) -> bool {
        matches!(self.settings.output, Output::Mail(_))
    }

    /// A job that is in no jobs file any more, and of which a process still runs: only its id is
    /// known, and that process is stopped as by default.
    #[must_use]
    pub fn departed(id: JobId) -> Self {
        let spec = ScheduleSpec::new(Trigger::Now, Zone::utc());
        Self {
            id,
            about: None,
            schedule: Arc::new(JobSchedule::new(spec, None, String::new())),
            command: Command::Program(Vec::new()),
            enabled: false,
            settings: Arc::default(),
        }
    }
}

/// `[scheduler]` and `[executors]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerSettings {
    /// The zone of jobs that name none, and of log times.
    pub timezone: Arc<Zone>,
    /// What the delays of a jitter are made from, beside job and fire time: the machine's id, unless
    /// the file says otherwise.
    pub seed: Arc<str>,
    /// `watch`: whether the files are read again when they change.
    pub watch: bool,
    /// `start_paused`.
    pub start_paused: bool,
    /// How long running jobs may finish after the first SIGTERM.
    pub shutdown_timeout: Duration,
    /// `[executors]`: the pools of workers.
    pub executors: Executors,
    /// Where records are kept.
    pub store: StorePlace,
    /// How much a record survives.
    pub durability: Durability,
    /// What is kept of the past.
    pub history: History,
    /// `[api]`, if that asks for TCP.
    pub api: Option<ApiSettings>,
    /// The hosts on which `rsched run` may start.
    pub hosts: Hosts,
}

/// Everything a jobs file (or several) says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobsFile {
    /// Scheduler-wide settings.
    pub scheduler: SchedulerSettings,
    /// The jobs, in id order.
    pub jobs: Vec<Arc<Job>>,
    /// Who is told of events.
    pub listeners: Vec<Arc<Listener>>,
    /// What holds for jobs that are added at run time.
    pub surroundings: Arc<Surroundings>,
}
