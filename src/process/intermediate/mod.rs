//! The intermediate: our own program, started once more for an instant between the scheduler and a
//! job's program, to become what the job is to be.
//!
//! `posix_spawn` can neither change the user nor set limits, and code of ours between fork and exec
//! of a large process is where locks held by other threads bite. So a small process is
//! spawned (`rsched __exec ORDER REPORT [LOCK]`), and does in peace, one step after another, what
//! is to be done; then it executes the job's program in its place.
//!
//! - It is `/proc/self/exe`, which is the file we run, not the file of our name: an upgrade may have
//!   replaced or removed that, and the two may not understand each other.
//! - What is to be done comes in memory, through a descriptor: arguments are seen by everybody
//!   (`ps`), and variables of the job may make a loader do things (`LD_PRELOAD`) that it must
//!   not do while it still has our rights. The intermediate's own environment is empty but for the run's id and attempt,
//!   by which it is found.
//! - It makes the mark of the start itself, before anything else, and holds the instance lock until that is there.
//! - Everything the job names by a path is opened when it has become the job's user: we are not to be
//!   the means by which a user reads or writes what is not his.
//! - What cannot be done is reported through a pipe that the exec closes: its end without a report means that the
//!   program runs.

mod order;
mod preparing;
mod report;
mod steps;

pub use preparing::{Preparing, Progress};
pub use steps::main;

pub(super) use preparing::begin;

/// How the program is told what it is, as its first argument.
pub const COMMAND: &str = "__exec";
