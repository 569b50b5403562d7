//! How far the records have got, in a small file beside them: what tells an old copy of a store that
//! was put back from the store itself.
//!
//! It says nothing that is not durable in the store by then, so a store that is behind it has lost
//! records. And it says when it was written: when the file as a whole was changed later, it is a copy, and
//! so is what is beside it. Where there is none, or it cannot be written, nothing is known.

use super::open::beside;
use crate::scheduler::{Batch, Record};
use crate::store::Kept;
use crate::sys::clock;
use crate::sys::file_system::network_file_system;
use crate::time::{BootTime, WallTime};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is behind the name of the store.
const SUFFIX: &str = ".newest";

/// While records come it is written again so often.
const EVERY: Duration = Duration::from_secs(60);

/// What may lie between the time that it says and the one that the file system gives it.
const SLACK: Duration = Duration::from_secs(2);

/// Longer it never is.
const MAX_BYTES: usize = 1024;

/// Why the records seem to be an old copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldCopy {
    /// They lack what they had.
    Behind {
        /// Up to when they had some.
        newest: WallTime,
    },
    /// They were brought to where they are.
    PutHere {
        /// When.
        at: WallTime,
    },
}

impl OldCopy {
    /// Whether what a store holds is an old copy, by what the file beside it says. To be asked before
    /// anything is written there.
    #[must_use]
    pub fn look(store: &Path, kept: &Kept) -> Option<Self> {
        let (written, changed_at) = Newest::read(&beside(store, SUFFIX))?;
        if written.store != identity(kept.id.0) {
            return None;
        }
        if kept.last_seq < written.last_seq {
            let newest = WallTime::from_micros(written.made_at);
            return Some(Self::Behind { newest });
        }
        // Another machine has a clock of its own.
        if network_file_system(store).is_some() {
            return None;
        }
        let said = WallTime::from_micros(written.written_at);
        (changed_at > said + SLACK).then_some(Self::PutHere { at: changed_at })
    }
}

/// Up to when there were records in this store, whichever it was.
pub(super) fn reached(store: &Path) -> Option<WallTime> {
    let (written, _) = Newest::read(&beside(store, SUFFIX))?;
    Some(WallTime::from_micros(written.made_at))
}

/// A store is made anew in this place.
pub(super) fn forget(store: &Path) {
    // Where it cannot be removed, neither can the store be made.
    _ = fs::remove_file(beside(store, SUFFIX));
}

fn identity(store: u128) -> String {
    format!("{store:032x}")
}

/// What stands in the file; times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Newest {
    store: String,
    last_seq: u64,
    made_at: i64,
    written_at: i64,
}

impl Newest {
    /// With the time at which the file was changed last: nobody can choose that (`inode(7)`).
    fn read(path: &Path) -> Option<(Self, WallTime)> {
        let found = path.symlink_metadata().ok()?;
        if !found.is_file() || found.len() > MAX_BYTES as u64 {
            return None;
        }
        let newest = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let micros = found.ctime().checked_mul(1_000_000)? + found.ctime_nsec() / 1_000;
        Some((newest, WallTime::from_micros(micros)))
    }

    /// In one piece or not at all.
    fn write(&self, path: &Path) -> io::Result<()> {
        let new = beside(path, "-new");
        // What a death left.
        _ = fs::remove_file(&new);
        let text = serde_json::to_vec(self)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            _ = fs::remove_file(&new);
        }
        written
    }
}

/// Who keeps the file as the store grows.
#[derive(Debug)]
pub(super) struct Keeper {
    path: PathBuf,
    store: String,
    /// The newest event, and when the newest batch was made: of all that is written, and of all that is
    /// durable.
    written: (u64, WallTime),
    durable: (u64, WallTime),
    next: BootTime,
}

impl Keeper {
    /// Of a store that was just opened and has got so far.
    pub fn of(store: &Path, kept: &Kept, now: WallTime) -> Self {
        let so_far = (kept.last_seq, kept.newest.unwrap_or(now));
        Self {
            path: beside(store, SUFFIX),
            store: identity(kept.id.0),
            written: so_far,
            durable: so_far,
            next: clock::read().boot,
        }
    }

    /// A batch was written; if it is durable, so is all before it.
    pub fn wrote(&mut self, batch: &Batch, is_durable: bool) {
        for record in &batch.records {
            if let Record::Event(told) = record {
                self.written.0 = self.written.0.max(told.seq);
            }
        }
        self.written.1 = batch.made_at;
        if !is_durable {
            return;
        }
        self.durable = self.written;
        if clock::read().boot >= self.next {
            self.write();
        }
    }

    /// The store was closed: all of it is durable.
    pub fn closed(&mut self) {
        self.durable = self.written;
        self.write();
    }

    fn write(&mut self) {
        let now = clock::read();
        self.next = now.boot + EVERY;
        let newest = Newest {
            store: self.store.clone(),
            last_seq: self.durable.0,
            made_at: self.durable.1.as_micros(),
            written_at: now.wall.as_micros(),
        };
        // The one before stays where this fails, and says what is still true.
        if newest.write(&self.path).is_err() {
            return;
        }
        // A disk that took its time would make it look like a copy.
        let is_itself =
            Newest::read(&self.path).is_some_and(|(_, changed_at)| changed_at <= now.wall + SLACK);
        if !is_itself {
            _ = fs::remove_file(&self.path);
        }
    }
}
