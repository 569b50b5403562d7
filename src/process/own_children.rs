//! Which children are ours to reap, each by whoever started it. All other children are orphans that
//! came to us, and anybody's to reap.
//!
//! One list for the process, as the kernel has it; whoever starts processes in any other way than by
//! this layer must not expect to learn how they end.

use crate::sys::orphans;
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static OURS: Mutex<BTreeSet<Pid>> = Mutex::new(BTreeSet::new());

fn with_ours<T>(look: impl FnOnce(&mut BTreeSet<Pid>) -> T) -> T {
    look(&mut OURS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Spawns a child of ours. No other child is reaped meanwhile: this one may die at once.
pub(super) fn spawn<E>(spawn: impl FnOnce() -> Result<Pid, E>) -> Result<Pid, E> {
    with_ours(|ours| {
        let pid = spawn()?;
        ours.insert(pid);
        Ok(pid)
    })
}

/// Reaps one of ours, if `reap` says that it has ended. No other child is spawned meanwhile: it may
/// get the same number. Nor is one ours any more that cannot be waited for.
pub(super) fn reap<T, E>(
    pid: Pid,
    reap: impl FnOnce() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    with_ours(|ours| {
        let ended = reap();
        if !matches!(ended, Ok(None)) {
            ours.remove(&pid);
        }
        ended
    })
}

/// From now on it is an orphan like any other, reaped whenever it dies.
pub(super) fn disown(pid: Pid) {
    with_ours(|ours| ours.remove(&pid));
}

/// Reaps the orphans that have come to us and died.
pub fn reap_orphans() {
    with_ours(|ours| orphans::reap_strangers(|pid| ours.contains(&pid)));
}
