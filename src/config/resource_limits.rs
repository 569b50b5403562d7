//! `limits = { … }`: what the kernel lets a job have at most.

use super::Size;
use super::reader::{Entry, Problems};
use super::value::{integer, length, size, table};
use crate::diagnostic::quoted;
use toml::de::DeValue;

/// Resource limits, each in the kernel's unit (`setrlimit(2)`); where there is none it is inherited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceLimits {
    /// Seconds of CPU time of one process: SIGXCPU then.
    pub cpu: Option<u64>,
    /// Bytes of address space of one process.
    pub memory: Option<u64>,
    /// Open files of one process.
    pub files: Option<u64>,
    /// Processes and threads of the user, all together.
    pub processes: Option<u64>,
    /// Bytes of a core dump.
    pub core: Option<u64>,
}

impl ResourceLimits {
    /// The value that stands for no limit at all (`RLIM_INFINITY`).
    pub const UNLIMITED: u64 = u64::MAX;

    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Option<Self> {
        let mut own = table(entry, "`limits`".into(), problems)?;
        let mut limit = |key, read: fn(&Entry<'_>, &mut Problems) -> Option<u64>| {
            own.take(key).and_then(|entry| {
                if is_unlimited(&entry) {
                    return Some(Self::UNLIMITED);
                }
                read(&entry, problems)
            })
        };
        let limits = Self {
            cpu: limit("cpu", seconds),
            memory: limit("memory", bytes),
            files: limit("files", number),
            processes: limit("processes", number),
            core: limit("core", bytes),
        };
        own.finish(problems);
        Some(limits)
    }

    /// These, and where there are none those of the table around.
    pub(super) fn or(self, outer: Self) -> Self {
        Self {
            cpu: self.cpu.or(outer.cpu),
            memory: self.memory.or(outer.memory),
            files: self.files.or(outer.files),
            processes: self.processes.or(outer.processes),
            core: self.core.or(outer.core),
        }
    }
}

fn is_unlimited(entry: &Entry<'_>) -> bool {
    matches!(entry.value, DeValue::String(text) if text.trim() == "unlimited")
}

fn seconds(entry: &Entry<'_>, problems: &mut Problems) -> Option<u64> {
    let length = length(entry, problems)?;
    if length.as_secs() == 0 || length.subsec_nanos() != 0 {
        let message = format!("{} is counted in whole seconds, from 1", quoted(entry.key));
        problems.push(entry.error("out_of_range", message));
        return None;
    }
    Some(length.as_secs())
}

fn bytes(entry: &Entry<'_>, problems: &mut Problems) -> Option<u64> {
    size(entry, problems).map(Size::bytes)
}

fn number(entry: &Entry<'_>, problems: &mut Problems) -> Option<u64> {
    integer(entry, 0..=i64::MAX, problems).map(i64::cast_unsigned)
}
