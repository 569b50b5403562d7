//! Which processes, of runs and of schedulers, are stopped (SIGSTOP, a debugger), as `/proc` tells.
//!
//! The kernel tells a parent of that by a signal, but nothing is decided by it: who asks is told what is so
//! at that moment. The API's thread reads it, so that it costs the loop nothing.

use crate::sys::identity::ProcessStat;
use nix::unistd::Pid;

/// Whether the process exists and is stopped.
pub(super) fn is_stopped(pid: i32) -> bool {
    ProcessStat::read(Pid::from_raw(pid)).is_ok_and(ProcessStat::is_stopped)
}

/// Whether it is stopped by a signal, and so until another one comes: a debugger stops a process for moments.
pub(super) fn is_suspended(pid: i32) -> bool {
    ProcessStat::read(Pid::from_raw(pid)).is_ok_and(|stat| stat.state == 'T')
}

/// How many of them are.
pub(super) fn count(processes: &[i32]) -> u32 {
    let stopped = processes.iter().filter(|&&pid| is_stopped(pid));
    u32::try_from(stopped.count()).unwrap_or(u32::MAX)
}
