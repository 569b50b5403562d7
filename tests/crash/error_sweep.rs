//! Every system call that may fail, failing once: the scheduler goes on or ends with a word, and there is
//! no run without a record.
//!
//! A share of them, taken by chance; `RSCHED_SWEEP=100000` asks for all.

use crate::seed::number;
use crate::sweep::{self, Strike};

/// What may fail, and how.
const ERRORS: [(&str, &[&str]); 32] = [
    ("bind", &["error=ENOSPC"]),
    ("chdir", &["error=EIO"]),
    ("clone3", &["error=EAGAIN", "error=ENOMEM"]),
    ("close", &["error=EIO", "error=EINTR"]),
    ("dup2", &["error=EMFILE"]),
    ("epoll_create1", &["error=EMFILE"]),
    ("epoll_ctl", &["error=ENOMEM", "error=ENOSPC"]),
    ("epoll_wait", &["error=EINTR"]),
    ("eventfd2", &["error=EMFILE"]),
    ("fchmod", &["error=EIO"]),
    ("fcntl", &["error=EINTR", "error=EAGAIN", "error=EIO"]),
    ("flock", &["error=EINTR", "error=ENOLCK"]),
    ("fsync", &["error=EIO", "error=ENOSPC", "error=EINTR"]),
    ("ftruncate", &["error=EIO", "error=EINTR"]),
    ("getdents64", &["error=EIO"]),
    ("inotify_add_watch", &["error=ENOSPC"]),
    ("inotify_init1", &["error=EMFILE"]),
    ("listen", &["error=EADDRINUSE"]),
    ("mkdir", &["error=ENOSPC", "error=EIO"]),
    ("mknodat", &["error=ENOSPC"]),
    ("newfstatat", &["error=EIO"]),
    (
        "openat",
        &["error=EMFILE", "error=ENOSPC", "error=EIO", "error=ENOMEM"],
    ),
    ("pidfd_open", &["error=EMFILE", "error=ENOMEM"]),
    ("pread64", &["error=EIO", "error=EINTR"]),
    ("pwrite64", &["error=EIO", "error=ENOSPC", "error=EINTR"]),
    ("read", &["error=EIO", "error=EINTR"]),
    ("socket", &["error=EMFILE"]),
    ("socketpair", &["error=EMFILE"]),
    ("timerfd_settime", &["error=EINVAL"]),
    ("unlink", &["error=EIO"]),
    ("waitid", &["error=EINTR"]),
    ("write", &["error=EIO", "error=ENOSPC", "error=EINTR"]),
];

#[test]
fn whatever_call_fails_each_fire_has_one_outcome() {
    if !sweep::can_trace("the error sweep") {
        return;
    }
    let names: Vec<_> = ERRORS.iter().map(|(name, _)| *name).collect();
    let mut strikes = Vec::new();
    for call in sweep::calls(&names) {
        let (_, errors) = ERRORS.iter().find(|(name, _)| *name == call.name).unwrap();
        for what in *errors {
            // Each child opens three files, so each would fail: a disk that stays full.
            if call.name == "openat" && call.ordinal <= 3 && *what == "error=ENOSPC" {
                continue;
            }
            strikes.push(Strike {
                call: call.clone(),
                what,
            });
        }
    }
    sweep::strike_all(
        "error sweep",
        900,
        strikes,
        number("RSCHED_SWEEP", 40),
        sweep::strike,
    );
}

#[test]
fn d4_whichever_sync_of_a_disk_fails_each_fire_has_one_outcome() {
    if !sweep::can_trace("a failing sync") {
        return;
    }
    let calls = sweep::calls(&["fsync", "fdatasync"]).into_iter();
    let strikes = calls.map(|call| Strike {
        call,
        what: "error=EIO",
    });
    sweep::strike_all(
        "failing syncs",
        5,
        strikes.collect(),
        u64::MAX,
        sweep::strike,
    );
}
