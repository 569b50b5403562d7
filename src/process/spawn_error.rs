//! Why a process could not be started, in words that name the right thing.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::io;

/// What went wrong, for those who must tell cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpawnErrorKind {
    /// The working directory does not exist.
    WorkingDirectoryMissing,
    /// The working directory is something else.
    WorkingDirectoryNotADirectory,
    /// We may not enter the working directory.
    WorkingDirectoryNotAccessible,
    /// There is no such program, at its path or in the job's PATH.
    ProgramNotFound,
    /// The program is not executable, or lies where we may not look, or is a directory.
    PermissionDenied,
    /// It is neither a binary for this machine nor a script with a `#!` line.
    NotExecutableFormat,
    /// The program is there, but not the interpreter or loader that it names.
    InterpreterMissing,
    /// The file of variables cannot be read, or is none.
    EnvironmentFile,
    /// The file that its output goes to cannot be opened, or is none.
    OutputFile,
    /// Its user, a limit or the like could not be set.
    Preparation,
    /// A NUL byte in an argument, a variable or a path, or a variable's name that is none.
    Unspeakable,
    /// Arguments and environment are too long together, or one of them is.
    TooLong,
    /// Its start marker exists: it was started before.
    AlreadyStarted,
    /// The machine is short of something: processes, memory, descriptors; or the file is being written.
    Busy,
    /// It started but could not be supervised, and was killed.
    Unsupervised,
    /// Anything else.
    Other,
}

/// A process that was not started. The text is for people; it says what was tried and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct SpawnError {
    /// What went wrong.
    pub kind: SpawnErrorKind,
    /// Lower case, no full stop, names the thing in backticks.
    pub message: String,
    /// The system's error number; none where we found out ourselves.
    pub errno: Option<i32>,
    /// Whether trying again in a moment may help.
    pub transient: bool,
}

impl SpawnError {
    /// One that will be the same next time.
    pub(super) fn lasting(kind: SpawnErrorKind, errno: Option<Errno>, message: String) -> Self {
        Self {
            kind,
            message,
            errno: errno.map(|errno| errno as i32),
            transient: false,
        }
    }

    /// One that says `what` could not be done and why, as the system put it.
    pub(super) fn from_errno(what: &str, errno: Errno) -> Self {
        let transient = is_shortage(errno);
        let kind = if transient {
            SpawnErrorKind::Busy
        } else {
            SpawnErrorKind::Other
        };
        Self {
            kind,
            message: format!("cannot {what}: {}", describe(errno)),
            errno: Some(errno as i32),
            transient,
        }
    }

    /// Its mark exists.
    pub(super) fn already_started() -> Self {
        let message = "it was started before: its start marker exists".to_owned();
        Self::lasting(SpawnErrorKind::AlreadyStarted, Some(Errno::EEXIST), message)
    }

    /// Whether the mark of the start, if it was made, is one of no start: its program has not run.
    #[must_use]
    pub fn leaves_a_stale_mark(&self) -> bool {
        !matches!(
            self.kind,
            SpawnErrorKind::AlreadyStarted | SpawnErrorKind::Unsupervised
        )
    }

    /// As [`Self::from_errno`].
    pub(super) fn from_io(what: &str, error: &io::Error) -> Self {
        Self::from_errno(what, errno_of(error))
    }
}

/// The system's number of an error that came from it.
pub(super) fn errno_of(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

/// Whether an error of the system may be none in a moment.
#[must_use]
pub fn is_transient(error: &io::Error) -> bool {
    is_shortage(errno_of(error))
}

/// Shortages pass, and a program that is being deployed will be there in a moment.
fn is_shortage(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE | Errno::ETXTBSY
    )
}

/// In words that say what to look at.
fn describe(errno: Errno) -> String {
    let words = match errno {
        Errno::EAGAIN => "no more processes are allowed",
        Errno::ENOMEM => "out of memory",
        Errno::EMFILE => "too many open files in this process",
        Errno::ENFILE => "too many open files on this machine",
        Errno::ETXTBSY => "the program is open for writing",
        other => other.desc(),
    };
    format!("{} ({errno:?})", lower_first(words))
}

fn lower_first(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
