//! The store in a SQLite file: what a scheduler's death leaves behind, and its history.
//!
//! The file is written by a thread of its own, one transaction a batch, so that a disk that takes
//! seconds delays nothing but the starts that wait for it. It is in WAL mode: commands read it while
//! the scheduler writes.
//!
//! `schema.rs` has the tables, `columns.rs` how values stand in them, `write.rs` what a batch becomes,
//! `load.rs` what a restart reads, `history.rs` what people ask.

mod columns;
mod history;
mod load;
mod open;
mod schema;
mod store;
mod write;

pub use history::{Asked, History, SessionRow, Window};
pub use open::{OpenError, STORE_FILE_NAME};
pub use store::{Options, Session, SqliteStore};
