//! The store in a SQLite file: what a scheduler's death leaves behind, and its history.
//!
//! The file is written by a thread of its own, one transaction a batch, so that a disk that takes
//! seconds delays nothing but the starts that wait for it. It is in WAL mode: commands read it while
//! the scheduler writes.
//!
//! `schema.rs` has the tables, `columns.rs` how values stand in them, `checksums.rs` how a row shows that it
//! is as it was written, `write.rs` what a batch becomes,
//! `load.rs` what a restart reads, `history.rs` what people ask. `open.rs` tells whether a file is to be
//! used at all, `place.rs` whether it still is, `newest.rs` whether it is an old copy; `check.rs` looks
//! at all of it, `recover.rs` saves what can be read of a damaged one.

mod check;
pub mod checksums;
mod columns;
mod history;
mod load;
mod newest;
mod open;
mod place;
mod recover;
mod schema;
mod store;
mod write;

pub use check::{Report, check};
pub use history::{Asked, History, SessionRow, Window};
pub use newest::OldCopy;
pub use open::{OpenError, STORE_FILE_NAME};
pub use recover::{RecoverError, Recovered, Saved, recover};
pub use store::{Options, Session, SqliteStore};
