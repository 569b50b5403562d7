//! The library behind the `rsched` program: a cron replacement that is right about time and
//! tells the truth about every run.
//!
//! The layers are the folders, and dependence goes one way only; `ARCHITECTURE.md` draws the
//! house and `tests/tidy.rs` proves it.
//!
//! It is a library so that tests and benchmarks reach every layer; its interface follows the
//! program's needs and is not a stable one for others.

pub mod accounts;
pub mod api;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod diagnostic;
pub mod process;
pub mod schedule;
pub mod scheduler;
pub mod store;
pub mod sys;
pub mod time;
