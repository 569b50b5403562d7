//! A store in a directory of its own: opened, given batches, closed or killed, looked at.

use rsched::config::Durability;
use rsched::scheduler::{Batch, Record, Ticket};
use rsched::store::sqlite::{OpenError, Options, Session, SqliteStore};
use rsched::store::{Answer, Kept, Store as _};
use rsched::time::WallTime;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The identity of every store made here.
pub const ID: u128 = 0x0123_4567_89ab_cdef;

/// Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Bench {
    directory: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("store.sqlite")
    }

    /// The file that has this behind the store's name.
    pub fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!("store.sqlite{suffix}"))
    }

    /// The file and its log, wherever another scheduler would find them after this one was killed.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        for suffix in ["", "-wal"] {
            if self.beside(suffix).exists() {
                fs::copy(self.beside(suffix), copy.beside(suffix)).unwrap();
            }
        }
        copy
    }

    /// What is in the file and in its log. An empty log, which every reader makes, is none.
    pub fn bytes(&self) -> [Vec<u8>; 2] {
        ["", "-wal"].map(|suffix| fs::read(self.beside(suffix)).unwrap_or_default())
    }

    pub fn open(&self) -> Result<(Writer, Kept), OpenError> {
        self.open_keeping(1_000)
    }

    /// Of each job the newest runs are kept, so many.
    pub fn open_keeping(&self, keep_runs: u32) -> Result<(Writer, Kept), OpenError> {
        open(&self.path(), keep_runs)
    }

    /// What a scheduler that starts now finds; it stops again at once.
    pub fn kept(&self) -> Result<Kept, OpenError> {
        let (writer, kept) = self.open()?;
        writer.close();
        Ok(kept)
    }
}

fn open(path: &Path, keep_runs: u32) -> Result<(Writer, Kept), OpenError> {
    let options = Options {
        durability: Durability::Process,
        keep_runs,
        fresh_id: ID,
    };
    let session = Session {
        boot_id: "boot".to_owned(),
        pid: 1,
        started_at: WallTime::from_unix_seconds(0),
    };
    let (store, kept, _) = SqliteStore::open(path, options, session)?;
    Ok((Writer { store, tickets: 0 }, kept))
}

/// A store that is open.
pub struct Writer {
    store: SqliteStore,
    tickets: u64,
}

impl Writer {
    /// Submits a batch and waits for the answer: none, or what went wrong.
    pub fn write(&mut self, made_at: i64, records: Vec<Record>) -> Result<Batch, String> {
        self.tickets += 1;
        let batch = Batch {
            ticket: Ticket(self.tickets),
            made_at: WallTime::from_unix_seconds(made_at),
            urgent: true,
            records,
        };
        self.store.submit(batch.clone());
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.store.next_answer() {
                Some(Answer::Stored(_)) => return Ok(batch),
                Some(Answer::Failed { error, .. }) => return Err(error),
                None => assert!(Instant::now() < deadline, "the store does not answer"),
            }
            std::thread::yield_now();
        }
    }

    /// The scheduler stops by itself.
    pub fn close(self) {
        Box::new(self.store).close();
    }

    /// It is killed: nothing more is written, nothing is closed.
    pub fn kill(self) {
        std::mem::forget(self.store);
    }
}
