//! The production scheduler under a virtual clock, with scripted processes and a store that may fail.
//!
//! `world.rs` is the machine it runs on, `checkers.rs` and `…_checkers.rs` what must hold in every
//! world; the other files tell one story a test.

mod checkers;
mod clock;
mod commands;
mod crashes;
mod death;
mod early;
mod edits;
mod growth;
mod jitter;
mod lateness;
mod limits;
mod makings;
mod overlap;
mod policies;
mod policy;
mod policy_checkers;
mod preview;
mod random;
mod reload;
mod retries;
mod retry_checkers;
mod shutdown;
mod store;
mod tally;
mod timeline_differences;
mod timelines;
mod world;
mod zones;
