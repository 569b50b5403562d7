//! SIGKILL at every system call that changes anything.
//!
//! A share of them, taken by chance; `RSCHED_SWEEP=100000` asks for all.

use crate::seed::number;
use crate::sweep::{self, Strike};

/// What it does to the disk, to processes and to locks, and where it waits.
const CALLS: [&str; 25] = [
    "bind",
    "clone3",
    "close",
    "dup2",
    "epoll_ctl",
    "epoll_wait",
    "execve",
    "fchmod",
    "fcntl",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "mkdir",
    "mknodat",
    "openat",
    "pidfd_open",
    "pwrite64",
    "rename",
    "setsid",
    "timerfd_settime",
    "unlink",
    "vfork",
    "waitid",
    "write",
];

#[test]
fn killed_at_any_call_each_fire_has_one_outcome() {
    if !sweep::can_trace("the kill sweep") {
        return;
    }
    let strikes = sweep::calls(&CALLS).into_iter().map(|call| Strike {
        call,
        what: "signal=KILL",
    });
    // The first execve is strace's own.
    let strikes = strikes.filter(|strike| strike.call.name != "execve" || strike.call.ordinal > 1);
    sweep::strike_all(
        "kill sweep",
        250,
        strikes.collect(),
        number("RSCHED_SWEEP", 40),
        sweep::strike,
    );
}
