//! The real program, killed and refused: no fire twice, none missing, every one accounted for.
//!
//! `accounts.rs` is the judge: it compares what jobs wrote with what the store has, and both with an
//! enumeration of its own. `random_kills.rs` kills at random, `kill_sweep.rs` at every system call
//! that matters, and `error_sweep.rs` makes each of those fail. `asked_sweep.rs` kills it while somebody
//! asks it for one thing after another, and `store_sweep.rs` while it rewrites a store as a whole.
//! `unsynced.rs` takes from its disk what it did not sync.

mod accounts;
mod accounts_tests;
mod adoption;
mod asked_sweep;
mod clock_adjusted;
mod clock_jumps;
mod delays;
mod error_sweep;
mod failing_syncs;
mod flaky_disk;
mod kill_sweep;
mod lives;
mod machine;
mod memory;
mod nfs;
mod panics;
mod power_loss;
mod random_kills;
mod seed;
mod store_sweep;
mod sweep;
mod systemd;
mod unsynced;

#[path = "../run/scheduler.rs"]
#[expect(
    dead_code,
    reason = "the other tests of the real program use more of it"
)]
mod scheduler;

#[path = "../run/own_disk.rs"]
#[expect(dead_code, reason = "no test here makes a disk read-only")]
mod own_disk;

#[path = "../run/own_files.rs"]
mod own_files;
