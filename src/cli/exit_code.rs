//! The exit codes, each with its one meaning; after sysexits.h where that has a word for it.

use std::io;

/// How a command ended. The man page's table is tested against [`ExitCode::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Done.
    Done,
    /// The answer is no: an invalid file, nothing ever fires.
    No,
    /// Wrong usage, an expression that does not parse among it.
    Usage,
    /// There is no scheduler to talk to.
    NoScheduler,
    /// Cannot create what it needs: state directory, lock, socket.
    CannotCreate,
    /// Input or output failed; or the lock file of a scheduler went, and nobody has it.
    InputOutput,
    /// Another instance holds the lock, or has taken it.
    Locked,
    /// Not permitted: an untrusted file or directory, a host that is not allowed.
    NotPermitted,
    /// An invalid jobs file, for every command but `validate`.
    InvalidFile,
    /// That of a run which was waited for; 128 and the signal's number, if one ended it.
    OfRun(u8),
}

impl ExitCode {
    /// All of them, but those of runs.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::NoScheduler,
        Self::CannotCreate,
        Self::InputOutput,
        Self::Locked,
        Self::NotPermitted,
        Self::InvalidFile,
    ];

    /// When something that is needed could not be made or opened: more permissions help, or another place.
    #[must_use]
    pub fn of_refusal(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::PermissionDenied {
            Self::NotPermitted
        } else {
            Self::CannotCreate
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::NoScheduler => 69,
            Self::CannotCreate => 73,
            Self::InputOutput => 74,
            Self::Locked => 75,
            Self::NotPermitted => 77,
            Self::InvalidFile => 78,
            Self::OfRun(code) => code,
        }
    }

    /// When it is used, as the man page says it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::No => {
                "the answer is no: an invalid file, nothing ever fires, a run that is refused, \
                 an unhealthy scheduler"
            }
            Self::Usage => {
                "wrong usage, an expression that does not parse and a job that there is not among it"
            }
            Self::NoScheduler => "there is no scheduler to talk to, or it does not answer",
            Self::CannotCreate => "cannot create what it needs: state directory, lock or socket",
            Self::OfRun(_) => "that of the run",
            Self::InputOutput => {
                "input or output failed; or the lock file was removed while the scheduler ran, and not put back"
            }
            Self::Locked => {
                "another instance holds the lock, or has taken it from a scheduler that ran: its pid, host, start time and jobs file are named"
            }
            Self::NotPermitted => {
                "not permitted: an untrusted jobs file or directory, a state directory that it may not write to, the socket of another user, or a host that is not in hosts"
            }
            Self::InvalidFile => "an invalid jobs file, for every command but validate",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}
