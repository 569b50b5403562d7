//! Starting a process: its program at once, or an intermediate that prepares it first.

use super::child::Child;
use super::intermediate::{self, Preparing};
use super::launch::{self, Launch};
use super::output_file::OutputFile;
use super::own_children;
use super::spawn_error::{SpawnError, SpawnErrorKind as Kind, errno_of};
use super::start_marks::StartMark;
use super::stdin::Stdin;
use crate::sys::spawn::{self as system, SpawnPlan};
use std::fs::File;
use std::path::Path;

/// Where stdout and stderr of a child go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputTarget<'a> {
    /// Where ours go.
    Inherit,
    /// Nowhere.
    Discard,
    /// Into the named pipe at this path, see [`super::OutputPipe`].
    Pipe(&'a Path),
    /// To the end of a file.
    File(&'a OutputFile),
}

/// How far a start got at once.
#[derive(Debug)]
pub enum Start {
    /// The program runs.
    Running(Child),
    /// The process exists and is being prepared.
    Preparing(Preparing),
}

/// Starts a process in its own session. Its program runs when this returns, or is being prepared;
/// whichever, from now on it is ours to reap.
///
/// With a `mark` the child makes that before its program runs. After an error it may be there: see
/// [`SpawnError::leaves_a_stale_mark`].
///
/// # Errors
/// It does not run, and why; [`SpawnErrorKind::AlreadyStarted`](Kind::AlreadyStarted) when the mark exists.
pub fn begin(
    launch: &Launch,
    output: OutputTarget<'_>,
    mark: Option<StartMark<'_>>,
) -> Result<Start, SpawnError> {
    if needs_intermediate(launch, &output) || mark.is_some_and(|mark| mark.may_hang) {
        return intermediate::begin(launch, &output, mark).map(Start::Preparing);
    }
    let marker = mark.map(|mark| mark.path);
    carry_out(&launch.resolve(&output, marker)?).map(Start::Running)
}

/// As [`begin`], and waits until the program runs.
///
/// # Errors
/// It does not run, and why.
pub fn spawn(launch: &Launch, output: OutputTarget<'_>) -> Result<Child, SpawnError> {
    running(begin(launch, output, None)?)
}

/// As [`spawn`], with a mark.
///
/// # Errors
/// It does not run, and why; [`SpawnErrorKind::AlreadyStarted`](Kind::AlreadyStarted) when the mark exists.
pub fn spawn_marked(
    launch: &Launch,
    output: OutputTarget<'_>,
    mark: StartMark<'_>,
) -> Result<Child, SpawnError> {
    running(begin(launch, output, Some(mark))?)
}

/// Whether anything is to be done that is not for us to do: what `posix_spawn` cannot, or touching
/// what may hang. Who waits there is not to be the one who starts all other jobs. A file that the
/// job names is always opened by the intermediate: any disk may be slow to find one.
fn needs_intermediate(launch: &Launch, output: &OutputTarget<'_>) -> bool {
    let names_a_file = launch.environment_file.is_some()
        || matches!(launch.stdin, Stdin::File(_))
        || matches!(output, OutputTarget::File(_));
    names_a_file || !launch.preparation.is_empty() || launch.may_hang()
}

fn running(start: Start) -> Result<Child, SpawnError> {
    match start {
        Start::Running(child) => Ok(child),
        Start::Preparing(preparing) => preparing.wait(),
    }
}

/// Spawns what is planned.
pub(super) fn carry_out(plan: &SpawnPlan) -> Result<Child, SpawnError> {
    // Holds the number that the pidfd will have: a process that runs and cannot be watched is worse
    // than one that was not started.
    let reserved = File::open("/dev/null")
        .map_err(|error| SpawnError::from_io("keep a descriptor for the process", &error))?;
    let pid = own_children::spawn(|| system::spawn(plan));
    let pid = pid.map_err(|errno| launch::explain(plan, errno))?;
    drop(reserved);
    Child::watch(pid).map_err(|error| {
        let message = format!("started, but could not be supervised, and was killed: {error}");
        SpawnError::lasting(Kind::Unsupervised, Some(errno_of(&error)), message)
    })
}
