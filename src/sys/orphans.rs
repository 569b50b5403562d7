//! Collecting the processes that died as our children without being ours: who is the init of a
//! container, or a subreaper, gets the orphans of all its descendants, and nobody else will reap them.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use std::fs;
use std::io;

/// From now on orphans among our descendants come to us, so that they can be told to be ours, and not
/// to init (`PR_SET_CHILD_SUBREAPER`). Who does this calls [`reap_strangers`] at each SIGCHLD.
///
/// # Errors
/// A sandbox forbids it.
pub fn receive_orphans() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Reaps every dead child that is not one of ours. The status of ours is left for those who wait
/// for it.
pub fn reap_strangers(is_ours: impl Fn(Pid) -> bool) {
    // The kernel names one dead child at a time, always the same: as soon as that is one of ours, which
    // may stay unreaped for good reasons, all children have to be looked at.
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::All, look) {
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..)) => {
                if is_ours(pid) {
                    break;
                }
                reap(pid);
            }
            Err(Errno::EINTR) => {}
            // None is dead, or there is none.
            _ => return,
        }
    }
    for pid in children().into_iter().filter(|&pid| !is_ours(pid)) {
        reap(pid);
    }
}

/// If it is dead. Nobody else reaps it, so its number cannot have become another's.
fn reap(pid: Pid) {
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG) == Err(Errno::EINTR) {}
}

/// All our children, dead ones too, whichever of our threads they came from (`proc_tid_children(5)`).
fn children() -> Vec<Pid> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|children| {
            let pids = children.split_ascii_whitespace();
            pids.filter_map(|pid| pid.parse().ok().map(Pid::from_raw))
                .collect::<Vec<_>>()
        })
        .collect()
}
