//! The part of the command line that reads records: no scheduler needs to run for it.

use super::control_args::{FormatArg, SchedulerArgs};
use crate::scheduler::Outcome;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Whose records
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Whose records (default: those of the usual jobs file)")]
pub(super) struct RecordsArgs {
    /// The jobs file of their scheduler (may be given more than once, as to run)
    #[arg(short, long = "file", value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// The control socket of their scheduler, if it runs
    #[arg(long, value_name = "PATH", conflicts_with_all = ["files", "state_dir", "name", "store"], value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// The same, where -f means something else
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Whose records (default: those of the usual jobs file)")]
pub(super) struct LongRecordsArgs {
    /// The jobs file of their scheduler (may be given more than once, as to run)
    #[arg(long = "file", value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// The control socket of their scheduler, if it runs
    #[arg(long, value_name = "PATH", conflicts_with_all = ["files", "state_dir", "name", "store"], value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Where they are, as given to run
#[derive(Clone, Debug, Default, Args)]
pub(super) struct PlaceArgs {
    /// The --state-dir of their scheduler
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub state_dir: Option<PathBuf>,
    /// The --name of their scheduler
    #[arg(long)]
    pub name: Option<String>,
    /// The --store of their scheduler: sqlite or sqlite:PATH
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
}

impl From<&LongRecordsArgs> for RecordsArgs {
    fn from(args: &LongRecordsArgs) -> Self {
        let LongRecordsArgs {
            files,
            socket,
            place,
        } = args.clone();
        Self {
            files,
            socket,
            place,
        }
    }
}

/// The records of the scheduler that is meant there.
impl From<&SchedulerArgs> for RecordsArgs {
    fn from(args: &SchedulerArgs) -> Self {
        Self {
            files: args.file.iter().cloned().collect(),
            socket: args.socket.clone(),
            place: PlaceArgs {
                state_dir: args.state_dir.clone(),
                name: args.name.clone(),
                store: None,
            },
        }
    }
}

/// Show what ran, and what did not run
///
/// Runs, and fires that became none, in the order of their fire times: the newest comes last, just above
/// the prompt, in JSON too. Of fires that shared a fate there is one line, with how many they were.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched history\n  \
    rsched history backup -n 5\n  \
    rsched history --since -1d --outcome failed,timed_out,lost\n  \
    rsched history backup --format json")]
pub(super) struct HistoryArgs {
    /// Only of this job
    pub id: Option<String>,
    /// Only fires from this time on
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only fires up to this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Only what ended so (several with commas between them)
    #[arg(long = "outcome", value_name = "OUTCOME", value_delimiter = ',', value_parser = outcome())]
    pub outcomes: Vec<Outcome>,
    /// The newest, so many at most
    #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub records: RecordsArgs,
}

/// Print what a run printed, as far as it is kept
///
/// On a terminal, what could act on it is made visible; elsewhere every byte is as the run wrote it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched logs backup\n  \
    rsched logs backup --run 68a97bd8 > output\n  \
    rsched logs -f backup")]
pub(super) struct LogsArgs {
    /// The job's id: its newest run that has ended
    pub id: String,
    /// This run of it: its id, or how that begins
    #[arg(long)]
    pub run: Option<String>,
    /// Print what a running scheduler's run prints, as it comes, and then that of the runs after it; with
    /// --run, of that one to its end
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub records: LongRecordsArgs,
}

/// Explain why a job ran, or did not run, at some time
///
/// The answer is a sentence; the records it rests on stand below it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched why backup\n  \
    rsched why backup --at '2026-05-01 03:00'\n  \
    rsched why backup --at -2h")]
pub(super) struct WhyArgs {
    /// The job's id
    pub id: String,
    /// When it should have run [default: the last time it was due]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
    #[command(flatten)]
    pub records: RecordsArgs,
}

/// Look after the records
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    pub command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    Check(CheckArgs),
    Recover(RecoverArgs),
}

/// Look whether the records are whole: every page, and every row with its checksum; not being so is exit code 1
///
/// A scheduler may be writing them meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rsched store check\n  \
    rsched store check /var/lib/rsched/jobs/store.sqlite")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub file: StoreFileArgs,
}

/// Save what can be read of damaged records into a new file
///
/// The damaged file is moved aside as PATH.damaged-DATE, and never changed or deleted. A scheduler must not
/// be running with it. What could not be saved is told; no fire runs twice for it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    rsched store recover /var/lib/rsched/jobs/store.sqlite")]
pub(super) struct RecoverArgs {
    #[command(flatten)]
    pub file: StoreFileArgs,
}

/// Which file
#[derive(Clone, Debug, Args)]
pub(super) struct StoreFileArgs {
    /// The file, or its directory
    #[arg(value_hint = ValueHint::FilePath)]
    pub path: Option<PathBuf>,
    #[command(flatten)]
    pub records: RecordsArgs,
}

fn outcome() -> impl clap::builder::TypedValueParser<Value = Outcome> {
    PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str))
        .map(|name| Outcome::parse(&name).expect("a possible value is the name of an outcome"))
}
