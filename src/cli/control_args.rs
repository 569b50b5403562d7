//! The part of the command line that talks to a running scheduler.

use clap::{ArgGroup, Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Which scheduler
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which scheduler (default: the only one that runs for this user)")]
pub(super) struct SchedulerArgs {
    /// Its control socket
    #[arg(long, value_name = "PATH", env = "RSCHED_SOCKET", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// The one that runs this jobs file
    #[arg(short, long, value_name = "FILE", conflicts_with = "socket", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// The one that was started with this --state-dir
    #[arg(long, value_name = "DIR", conflicts_with = "socket", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
    /// The one that was started with this --name
    #[arg(long, conflicts_with_all = ["socket", "file"])]
    pub name: Option<String>,
}

/// List the jobs, with their next fire and their last outcome
///
/// As the running scheduler has them. Where none runs, what it would start with is read from the jobs file and the
/// records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched list\n  \
    rsched list --state paused\n  \
    rsched list --format json")]
pub(super) struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_name = "STATE", value_parser = ["scheduled", "paused", "running", "finished", "disabled"])]
    pub state: Option<String>,
    /// Only jobs with this tag
    #[arg(long)]
    pub tag: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Show how the running scheduler is; an unhealthy one is exit code 1
///
/// One that is stopped (SIGSTOP), or does not answer within 5 seconds, is exit code 69, as none is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rsched status || echo 'somebody should have a look'")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Show all there is to know of one job or one run
///
/// What the running scheduler does not know, or all where none runs, is read from the records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rsched show backup\n  rsched show 68a97bd89fb8527f")]
pub(super) struct ShowArgs {
    /// A job's id, or a run's or how that begins
    #[arg(value_name = "ID|RUN")]
    pub what: String,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Run a job now, whatever its schedule says
///
/// The run goes through the limits as any other: it waits for a worker, and a job that has its maximum
/// number of running instances is not run. A pause does not hold it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rsched trigger backup\n  rsched trigger backup --wait")]
pub(super) struct TriggerArgs {
    /// The job's id
    pub id: String,
    /// Follow the run to its end and exit with its exit code: 128+n if it died of signal n, 1 if it never ran
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Pause jobs, whose fires then do not exist, or the scheduler, whose fires wait
///
/// The fires of a paused job do not exist. Those of a paused scheduler wait: they are late when it is
/// resumed, and their jobs' grace and coalescing say what becomes of them. Runs that have begun go on.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("which").args(["ids", "all"]).required(true)),
    after_help = "Examples:\n  rsched pause backup\n  rsched pause --all"
)]
pub(super) struct PauseArgs {
    /// Ids of jobs
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// The scheduler
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Resume jobs that were paused, or the scheduler
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("which").args(["ids", "all"]).required(true)),
    after_help = "Examples:\n  rsched resume backup\n  rsched resume --all"
)]
pub(super) struct ResumeArgs {
    /// Ids of jobs
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// The scheduler
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Stop a run, or all runs of a job: SIGTERM, and SIGKILL some time after
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rsched kill backup\n  rsched kill 68a97bd89fb8527f")]
pub(super) struct KillArgs {
    /// A job's id, or a run's or how that begins
    #[arg(value_name = "ID|RUN")]
    pub what: String,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Add a job to the running scheduler
///
/// The job is in no file; it is kept until it is removed or has no fire times left. One word behind -- is a line for the shell,
/// several are a program and its arguments. What the jobs file says in [defaults] and [env] holds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched add ping --interval 5m -- ping -c 1 example.org\n  \
    rsched add once --date +10m -- 'echo hello | wall'\n  \
    rsched add report --cron '0 6 * * mon-fri' --set timeout=10m --set env.LANG=C -- make report")]
pub(super) struct AddArgs {
    /// The new job's id
    pub id: String,
    #[command(flatten)]
    pub trigger: TriggerArg,
    /// A key of the jobs file with its value (may be given more than once)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Take the place of a job that was added with the same id
    #[arg(long)]
    pub replace: bool,
    /// What is run
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Change keys of a job that was added
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched modify ping timeout=30s max_instances=2\n  \
    rsched modify ping timeout=")]
pub(super) struct ModifyArgs {
    /// The job's id
    pub id: String,
    /// Keys of the jobs file with their values; without a value, the default holds again
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub settings: Vec<String>,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Give a job that was added another trigger
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rsched reschedule ping --interval 10m")]
pub(super) struct RescheduleArgs {
    /// The job's id
    pub id: String,
    #[command(flatten)]
    pub trigger: TriggerArg,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Remove jobs that were added; what runs of them runs to its end
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("which").args(["ids", "all"]).required(true)),
    after_help = "Examples:\n  rsched remove ping\n  rsched remove --all"
)]
pub(super) struct RemoveArgs {
    /// Ids of jobs
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All jobs that were added; those of the jobs file stay
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Show what happened, and with -f what happens
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched events\n  \
    rsched events -f --format json | jq 'select(.event == \"job_error\")'")]
pub(super) struct EventsArgs {
    /// Go on with what happens from now on
    #[arg(short, long)]
    pub follow: bool,
    /// Only what came after the event of this number
    #[arg(long, value_name = "SEQ")]
    pub after: Option<u64>,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub scheduler: LongSchedulerArgs,
}

/// Which scheduler, where -f means something else
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which scheduler (default: the only one that runs for this user)")]
pub(super) struct LongSchedulerArgs {
    /// Its control socket
    #[arg(long, value_name = "PATH", env = "RSCHED_SOCKET", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// The one that runs this jobs file
    #[arg(long, value_name = "FILE", conflicts_with = "socket", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// The one that was started with this --state-dir
    #[arg(long, value_name = "DIR", conflicts_with = "socket", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
    /// The one that was started with this --name
    #[arg(long, conflicts_with_all = ["socket", "file"])]
    pub name: Option<String>,
}

impl From<&LongSchedulerArgs> for SchedulerArgs {
    fn from(args: &LongSchedulerArgs) -> Self {
        let LongSchedulerArgs {
            socket,
            file,
            state_dir,
            name,
        } = args.clone();
        Self {
            socket,
            file,
            state_dir,
            name,
        }
    }
}

/// Have the running scheduler read its jobs files again
///
/// If anything is wrong with them it is shown, the old jobs stay, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rsched reload")]
pub(super) struct ReloadArgs {
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// Stop the running scheduler
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rsched shutdown\n  rsched shutdown --now")]
pub(super) struct ShutdownArgs {
    /// Stop what runs with SIGTERM at once, not after the shutdown timeout
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub scheduler: SchedulerArgs,
}

/// When it fires
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct TriggerArg {
    /// A crontab expression, a nickname or a table of fields: '{ day = "3rd fri", hour = 8 }'
    #[arg(long, value_name = "EXPR")]
    pub cron: Option<String>,
    /// Every so often
    #[arg(long, value_name = "DURATION")]
    pub interval: Option<String>,
    /// Once, at this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub date: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct FormatArg {
    /// How the answer looks
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// JSON
    Json,
}
