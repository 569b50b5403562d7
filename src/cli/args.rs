//! The one definition of the command line: help, completions and man page are made from it.

use super::control_args::{
    AddArgs, EventsArgs, KillArgs, ListArgs, ModifyArgs, PauseArgs, ReloadArgs, RemoveArgs,
    RescheduleArgs, ResumeArgs, ShowArgs, ShutdownArgs, StatusArgs, TriggerArgs,
};
use super::record_args::{HistoryArgs, LogsArgs, PlaceArgs, StoreArgs, WhyArgs};
use crate::config::{Dialect, FileFormat};
use crate::daemon::{Level, LogFormat};
use crate::time::duration;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// A cron replacement that is right about time and tells the truth about every run.
///
/// rsched reads a jobs file (TOML: crontab expressions, cron tables, intervals, dates) and runs as
/// a blocking scheduler in the foreground, each job a subprocess.
#[derive(Debug, Parser)]
#[command(
    name = "rsched",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Without FILE, the first that exists is taken of $RSCHED_JOBS, ./jobs.toml, \
                  $XDG_CONFIG_HOME/rsched/jobs.toml and /etc/rsched/jobs.toml.",
    after_long_help = "Without FILE, the first that exists is taken of $RSCHED_JOBS, ./jobs.toml, \
                       $XDG_CONFIG_HOME/rsched/jobs.toml and /etc/rsched/jobs.toml.\n\n\
                       Examples:\n  \
                       rsched run jobs.toml\n  \
                       rsched next '0 0 1-15 may-aug *'\n  \
                       rsched next '{ day = \"3rd fri\", hour = \"0-3\" }' --timezone Europe/Helsinki\n  \
                       rsched explain '0 9 13 * fri'\n  \
                       rsched validate jobs.toml"
)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Verbosity {
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only what is wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Verbosity {
    /// The loudness asked for, if one was.
    pub fn level(self) -> Option<Level> {
        match (self.verbose, self.quiet) {
            (true, _) => Some(Level::Debug),
            (_, true) => Some(Level::Warn),
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(RunArgs),
    Next(NextArgs),
    Explain(ExplainArgs),
    Validate(ValidateArgs),
    Exec(ExecArgs),
    List(ListArgs),
    Status(StatusArgs),
    Show(ShowArgs),
    History(HistoryArgs),
    Logs(LogsArgs),
    Why(WhyArgs),
    Store(StoreArgs),
    Trigger(TriggerArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
    Add(AddArgs),
    Modify(ModifyArgs),
    Reschedule(RescheduleArgs),
    Remove(RemoveArgs),
    Kill(KillArgs),
    Events(EventsArgs),
    Reload(ReloadArgs),
    Shutdown(ShutdownArgs),
    Import(ImportArgs),
    Completions(CompletionsArgs),
    /// Print the man page (roff)
    #[command(after_help = "Example:\n  rsched man | man -l -")]
    Man,
}

/// Run the jobs of a file: the blocking scheduler, in the foreground
///
/// SIGTERM or SIGINT stops it: no new runs, running ones may finish within the shutdown
/// timeout, then get SIGTERM, then SIGKILL; a second signal sends SIGTERM at once, a third SIGKILL.
/// SIGHUP reads the files again (if they are invalid, the old jobs stay). SIGUSR1 logs the status.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched run jobs.toml\n  \
    rsched run --for 10s examples/jobs.toml\n  \
    rsched run examples/me.crontab\n  \
    rsched run --log-format json jobs.toml")]
pub(super) struct RunArgs {
    /// Jobs files, crontabs, or directories of either
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub file: FileArgs,
    /// Start paused: no job is started
    #[arg(long)]
    pub paused: bool,
    /// Stop after this long, as SIGTERM does
    #[arg(long = "for", value_name = "DURATION", value_parser = positive_duration)]
    pub run_for: Option<Duration>,
    /// How log lines look [default: journal where standard error is systemd's journal, else text]
    ///
    /// Each line of JSON has `time` and `uptime`: seconds on a clock that nobody sets, by which lines can be put
    /// in order though the other one was set.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormatArg>,
    /// Append the log to this file instead of standard error; one that was renamed, as logrotate does, is begun anew
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub log_file: Option<PathBuf>,
    /// The loudness of the log; job output is at info
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub log_level: Option<LogLevelArg>,
    /// Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
    /// Directory of lock, records and control socket [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
    /// Name of this scheduler, for its directories [default: from the first file]
    #[arg(long)]
    pub name: Option<String>,
    /// If another instance holds the lock, stand by and take over when it ends
    #[arg(long)]
    pub wait_lock: bool,
    /// Program that mails of output are handed to, or off [default: /usr/sbin/sendmail or /usr/lib/sendmail, where there is one]
    #[arg(long, value_name = "PATH|off", value_hint = ValueHint::FilePath)]
    pub sendmail: Option<PathBuf>,
    /// Also trust jobs files of this user
    #[arg(long, value_name = "UID")]
    pub trust_owner: Option<u32>,
}

/// Show the next fire times of an expression, or of the jobs of files
///
/// An argument that names an existing file is a file, else it is an expression: a crontab
/// expression, a nickname, "@every 5m", or an inline trigger table.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched next '0 0 1-15 may-aug *'\n  \
    rsched next '*/5 9-17 * * mon-fri' -n 3 --timezone America/New_York\n  \
    rsched next '{ day = \"3rd fri\", hour = \"0-3\" }' --from 2026-06-01\n  \
    rsched next '0 0/5 14 ? * MON-FRI' --dialect quartz\n  \
    rsched next 'H H(0-5) * * *' --job-id backup\n  \
    rsched next '30 2 29 2 *' --previous -n 3\n  \
    rsched next jobs.toml --each -n 2 --format json")]
pub(super) struct NextArgs {
    /// An expression, or jobs files
    #[arg(value_name = "EXPR|FILE", value_hint = ValueHint::AnyPath)]
    pub what: Vec<String>,
    /// Only this job of the files (may be given more than once)
    #[arg(long = "job", value_name = "ID")]
    pub jobs: Vec<String>,
    /// How many fire times
    #[arg(short = 'n', long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: u32,
    /// Strictly after this time; with --previous, strictly before it
    #[arg(
        long,
        value_name = "TIME",
        default_value = "now",
        allow_hyphen_values = true
    )]
    pub from: String,
    /// Not later than this time; with --previous, not earlier
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    #[command(flatten)]
    pub expression: ExpressionArgs,
    #[command(flatten)]
    pub file: FileArgs,
    /// Count a fire exactly at --from too
    #[arg(long)]
    pub inclusive: bool,
    /// Backwards: the fire times before --from, the newest first
    #[arg(long)]
    pub previous: bool,
    /// COUNT fire times of every job, not of all together
    #[arg(long)]
    pub each: bool,
    /// How the answer looks
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = NextFormat::Table)]
    pub format: NextFormat,
}

/// Explain a schedule in plain English, with its fields and what is odd about it
///
/// An argument that names an existing file is a file, else it is an expression, as in next.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched explain '0 9 13 * fri'\n  \
    rsched explain '*/5 9-17 * * mon-fri' --format json\n  \
    rsched explain examples/jobs.toml --job third-friday")]
pub(super) struct ExplainArgs {
    /// An expression, or jobs files
    #[arg(value_name = "EXPR|FILE", value_hint = ValueHint::AnyPath)]
    pub what: Vec<String>,
    /// The job of the files [default: the only one]
    #[arg(long, value_name = "ID")]
    pub job: Option<String>,
    #[command(flatten)]
    pub expression: ExpressionArgs,
    #[command(flatten)]
    pub file: FileArgs,
    /// How the answer looks
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

/// How an expression is read
#[derive(Debug, Args)]
pub(super) struct ExpressionArgs {
    /// Zone the expression is read in and times are shown in [default: the machine's; for files,
    /// each job's own]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// What happens to wall-clock times that are skipped or come twice
    #[arg(long, value_name = "POLICY", value_enum)]
    pub dst: Option<DstArg>,
    /// The language of the expression
    #[arg(long, value_name = "DIALECT", value_enum)]
    pub dialect: Option<DialectArg>,
    /// The job's id that H and ~ in the expression get their values from
    #[arg(long, value_name = "ID")]
    pub job_id: Option<String>,
}

/// How files are read
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// What the files are written in [default: *.toml is TOML, any other name a crontab]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub file_format: Option<FileFormatArg>,
    /// The files are system crontabs, with a user before each command [default: /etc/crontab and
    /// what is in /etc/cron.d]
    #[arg(long)]
    pub system: bool,
}

impl FileArgs {
    /// The format of all the files, if one is asked for; none of both is one.
    ///
    /// # Errors
    /// Why the options do not go together.
    pub fn format(&self) -> Result<Option<FileFormat>, &'static str> {
        match (self.file_format, self.system) {
            (Some(FileFormatArg::Toml), true) => Err("--system goes with crontabs, not with TOML"),
            (_, true) => Ok(Some(FileFormat::SystemCrontab)),
            (Some(FileFormatArg::Toml), false) => Ok(Some(FileFormat::Toml)),
            (Some(FileFormatArg::Crontab), false) => Ok(Some(FileFormat::Crontab)),
            (None, false) => Ok(None),
        }
    }
}

/// Check jobs files: every error and warning, nothing is run
///
/// Crontabs are checked for what cron accepts and few mean, too: rsched validate is what crontab -T is, and more.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched validate jobs.toml\n  \
    rsched validate - < jobs.toml\n  \
    rsched validate examples/me.crontab\n  \
    rsched validate --format short *.toml")]
pub(super) struct ValidateArgs {
    /// Jobs files, crontabs, directories of either, or - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub file: FileArgs,
    /// How problems look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ValidateFormat::Human)]
    pub format: ValidateFormat,
}

/// Run one job now, in the foreground, exactly as the scheduler would, and exit with its exit code
///
/// The same program in the same directory, with the same environment, user, limits, stdin and timeout, without a
/// terminal and in a session of its own: what works in a shell and not in cron does not work here either. Its
/// output comes to standard output, unless the job says where it goes. A scheduler is not needed; of one that
/// runs this file the environment and the umask are taken, as its jobs have them. Nothing is recorded, and neither retries nor
/// limits of instances and workers hold.
#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "Examples:\n  \
    rsched exec jobs.toml backup\n  \
    rsched exec jobs.toml backup --explain\n  \
    rsched exec backup || echo \"it ended with $?\""
)]
pub(super) struct ExecArgs {
    /// A jobs file or crontab, or a directory of either
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub jobs_file: Option<PathBuf>,
    /// The job's id
    pub id: String,
    /// Run nothing: show how the job's surroundings differ from those here
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub file: FileArgs,
    /// Also trust jobs files of this user
    #[arg(long, value_name = "UID")]
    pub trust_owner: Option<u32>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Print a jobs file that does what another scheduler's file does
///
/// It fires at the same times, in the same zones, with the same environment; comments are kept. What is odd about the
/// original is told on standard error, and what the reader should know in notes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rsched import crontab examples/me.crontab > jobs.toml")]
pub(super) struct ImportArgs {
    /// What the file is
    #[arg(value_name = "KIND", value_enum)]
    pub kind: ImportKind,
    /// The file, or - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// It is a system crontab, with a user before each command [default: /etc/crontab and what is in
    /// /etc/cron.d]
    #[arg(long)]
    pub system: bool,
}

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  rsched completions bash > ~/.local/share/bash-completion/completions/rsched"
)]
pub(super) struct CompletionsArgs {
    /// Which shell's
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormatArg {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Fields for systemd's journal
    Journal,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
            LogFormatArg::Journal => Self::Journal,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogLevelArg {
    Error,
    Warn,
    Info,
    Debug,
}

impl From<LogLevelArg> for Level {
    fn from(level: LogLevelArg) -> Self {
        match level {
            LogLevelArg::Error => Self::Error,
            LogLevelArg::Warn => Self::Warn,
            LogLevelArg::Info => Self::Info,
            LogLevelArg::Debug => Self::Debug,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DstArg {
    /// Skipped times fire at the first instant after the gap, repeated ones the first time
    Once,
    /// Skipped times do not fire, repeated ones fire both times
    Wall,
    /// Skipped times do not fire, repeated ones fire the first time
    Skip,
    /// Vixie cron's rule
    Cron,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DialectArg {
    /// Five fields, by cron's rules
    Crontab,
    /// Six or seven fields: second first, year last, Sunday is 1
    Quartz,
}

impl From<DialectArg> for Dialect {
    fn from(dialect: DialectArg) -> Self {
        match dialect {
            DialectArg::Crontab => Self::Crontab,
            DialectArg::Quartz => Self::Quartz,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ImportKind {
    /// crontab(5)
    Crontab,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FileFormatArg {
    /// A jobs file
    Toml,
    /// crontab(5)
    Crontab,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum NextFormat {
    /// For people
    Table,
    /// One RFC 3339 time a line, for files after the job's id and a tab
    Plain,
    /// One JSON array
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ValidateFormat {
    /// With the text underlined
    Human,
    /// One line each, as compilers write them
    Short,
    /// One JSON array
    Json,
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err("must be more than zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(match error.help {
            Some(help) => format!("{} ({help})", error.message),
            None => error.message,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
