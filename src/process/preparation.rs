//! What is set in a process before its program starts, and `posix_spawn` cannot set.

use nix::sys::resource::Resource;
use serde::{Deserialize, Serialize};

/// All of it. Where there is none of it the process needs no intermediate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Whom it becomes; none = it stays who we are.
    pub credentials: Option<Credentials>,
    /// Resource limits; where there is none it is inherited.
    pub limits: Vec<Limit>,
    /// The bits taken from the mode of files it makes, at most 0o777.
    pub umask: Option<u32>,
    /// Its niceness, −20 to 19.
    pub nice: Option<i32>,
    /// Whether no program that it runs can give it more rights than it has.
    pub no_new_privileges: bool,
}

impl Preparation {
    /// Whether there is nothing to be set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A user with all groups, looked up before (`credentials(7)`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// For messages.
    pub name: String,
    /// The user id: real, effective and saved.
    pub uid: u32,
    /// The group id: real, effective and saved.
    pub gid: u32,
    /// The supplementary groups: all of them, ours are given up.
    pub groups: Vec<u32>,
}

/// A resource limit, soft and hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Of what.
    pub kind: LimitKind,
    /// In the kernel's unit; `u64::MAX` is no limit at all.
    pub value: u64,
}

/// What there may be a limit of (`setrlimit(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LimitKind {
    /// Seconds of CPU time.
    Cpu,
    /// Bytes of address space.
    Memory,
    /// Open files.
    Files,
    /// Processes of the user.
    Processes,
    /// Bytes of a core dump.
    Core,
}

impl LimitKind {
    /// The key in the jobs file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "limits.cpu",
            Self::Memory => "limits.memory",
            Self::Files => "limits.files",
            Self::Processes => "limits.processes",
            Self::Core => "limits.core",
        }
    }

    pub(super) fn resource(self) -> Resource {
        match self {
            Self::Cpu => Resource::RLIMIT_CPU,
            Self::Memory => Resource::RLIMIT_AS,
            Self::Files => Resource::RLIMIT_NOFILE,
            Self::Processes => Resource::RLIMIT_NPROC,
            Self::Core => Resource::RLIMIT_CORE,
        }
    }
}
