//! The exit codes, each with its one meaning; after sysexits.h where that has a word for it.

/// How a command ended. The man page's table is tested against [`ExitCode::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Done = 0,
    /// The answer is no: an invalid file, nothing ever fires.
    No = 1,
    /// Wrong usage, an expression that does not parse among it.
    Usage = 2,
    /// Cannot create what it needs: state directory, lock.
    CannotCreate = 73,
    /// Input or output failed.
    InputOutput = 74,
    /// Another instance holds the lock.
    Locked = 75,
    /// Not permitted: an untrusted file or directory.
    NotPermitted = 77,
    /// An invalid jobs file, for every command but `validate`.
    InvalidFile = 78,
}

impl ExitCode {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::CannotCreate,
        Self::InputOutput,
        Self::Locked,
        Self::NotPermitted,
        Self::InvalidFile,
    ];

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// When it is used, as the man page says it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::No => "the answer is no: an invalid file, or nothing ever fires",
            Self::Usage => "wrong usage, an expression that does not parse among it",
            Self::CannotCreate => "cannot create what it needs: state directory or lock",
            Self::InputOutput => "input or output failed",
            Self::Locked => {
                "another instance holds the lock: its pid, host, start time and jobs file are named"
            }
            Self::NotPermitted => "not permitted: an untrusted jobs file or directory",
            Self::InvalidFile => "an invalid jobs file, for every command but validate",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}
