//! The thread that writes, and the loop's side of it.

use super::newest::Keeper;
use super::open::{self, OpenError};
use super::place::Place;
use super::{load, write};
use crate::config::{Durability, JobId};
use crate::scheduler::{Batch, StoreId, Ticket};
use crate::store::{Answer, Kept, Store, Summaries, Summary};
use crate::sys::lock::InstanceLock;
use crate::sys::panics;
use crate::sys::wake::Waker;
use crate::time::WallTime;
use rusqlite::{Connection, ErrorCode, params};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

/// How a store keeps what it is given.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What its records survive.
    pub durability: Durability,
    /// How many runs of each job are kept.
    pub keep_runs: u32,
    /// The identity of the store, if it is a new one.
    pub fresh_id: u128,
}

/// This life of the scheduler, as its first batch records it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The boot of the machine.
    pub boot_id: String,
    /// The scheduler's process.
    pub pid: i32,
    /// When it began.
    pub started_at: WallTime,
}

/// A store in a SQLite file, written by a thread of its own.
#[derive(Debug)]
pub struct SqliteStore {
    to_writer: Option<Sender<Batch>>,
    /// Each comes back with what became of it, so that nobody else holds it any more.
    answers: Receiver<(Answer, Batch)>,
    bell: Waker,
    writer: Option<JoinHandle<()>>,
    summaries: Summaries,
    /// Freed when the file is closed.
    lock: Option<InstanceLock>,
}

impl SqliteStore {
    /// Opens the file, or makes it, and starts the thread. Gives back what the store knows, and
    /// whether it was last written in this boot.
    ///
    /// # Errors
    /// It cannot be used, and why; it is then as it was.
    pub fn open(
        path: &Path,
        options: Options,
        session: Session,
    ) -> Result<(Self, Kept, bool), OpenError> {
        let io = |doing| {
            move |error: io::Error| OpenError::Io {
                path: path.to_owned(),
                doing,
                reason: error.to_string(),
            }
        };
        let connection = open::for_writing(path, options.fresh_id)?;
        let place = Place::of(path)?;
        let (kept, last) =
            load::kept(&connection).map_err(|error| OpenError::of(path, "read", &error))?;
        open::accept(&connection).map_err(|error| OpenError::of(path, "open", &error))?;
        let same_boot = last.is_none_or(|last| last.boot_id == session.boot_id);
        let bell = Waker::new().map_err(io("watch"))?;
        let (to_writer, batches) = channel();
        let (answer, answers) = channel();
        let writer = Writer {
            path: path.to_owned(),
            newest: Keeper::of(path, &kept, session.started_at),
            id: kept.id,
            place,
            connection: Some(connection),
            is_doubtful: false,
            options,
            session,
            session_number: None,
            batches,
            answer,
            bell: bell.clone(),
        };
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .map_err(io("start a thread for"))?;
        let store = Self {
            to_writer: Some(to_writer),
            answers,
            bell,
            writer: Some(writer),
            summaries: kept.summaries.clone(),
            lock: None,
        };
        Ok((store, kept, same_boot))
    }

    /// Holds a lock as long as the file is open.
    #[must_use]
    pub fn holding(mut self, lock: InstanceLock) -> Self {
        self.lock = Some(lock);
        self
    }
}

impl Store for SqliteStore {
    fn submit(&mut self, batch: Batch) {
        if let Some(to_writer) = &self.to_writer {
            // The thread ends only with us; a panic in it ends the whole program.
            _ = to_writer.send(batch);
        }
    }

    fn next_answer(&mut self) -> Option<Answer> {
        self.bell.acknowledge();
        let (answer, batch) = self.answers.try_recv().ok()?;
        // There may be more: then the bell is to be heard again.
        self.bell.wake();
        if matches!(answer, Answer::Stored(_)) {
            self.summaries.take_in(&batch);
        }
        Some(answer)
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        Some(self.bell.as_fd())
    }

    fn summary(&self, job: &JobId) -> Summary {
        self.summaries.of(job)
    }

    fn close(mut self: Box<Self>) {
        // Without batches to come the thread says that the session ended, and closes the file.
        self.to_writer = None;
        if let Some(writer) = self.writer.take() {
            _ = writer.join();
        }
        drop(self.lock.take());
    }
}

/// The write-ahead log is copied into the file when it has so many pages, 1 MiB, some 25 batches, and no batch waits.
const LOG_PAGES: i32 = 256;

/// With so many it is copied although one does.
const MOST_LOG_PAGES: i32 = 4 * LOG_PAGES;

thread_local! {
    /// How many pages the log had after the last commit of this thread, unless it was copied since.
    static PAGES_IN_LOG: Cell<i32> = const { Cell::new(0) };
}

/// The thread's side.
struct Writer {
    path: PathBuf,
    newest: Keeper,
    id: StoreId,
    place: Place,
    /// None if the file could not be opened anew.
    connection: Option<Connection>,
    /// A sync failed, which leaves it doubtful what the disk has.
    is_doubtful: bool,
    options: Options,
    session: Session,
    /// The row of this session, once its first batch is durable: until then everything in the store
    /// belongs to the boot of the session before.
    session_number: Option<i64>,
    batches: Receiver<Batch>,
    answer: Sender<(Answer, Batch)>,
    bell: Waker,
}

impl Writer {
    fn run(mut self) {
        let mut newest = self.session.started_at;
        let mut next = self.batches.recv().ok();
        while let Some(batch) = next {
            newest = batch.made_at;
            let ticket = batch.ticket;
            panics::panic_if_asked("store");
            let answer = match self.write(&batch) {
                Ok(()) => Answer::Stored(ticket),
                Err(error) => self.failed(ticket, &error),
            };
            if matches!(answer, Answer::Failed { .. }) {
                self.make_room();
            }
            if self.answer.send((answer, batch)).is_err() {
                return;
            }
            self.bell.wake();
            next = self.next_batch();
        }
        let (Some(connection), Some(session)) = (self.connection.take(), self.session_number)
        else {
            return;
        };
        if self.is_doubtful {
            return;
        }
        // A crash instead of this costs a check of the file at the next start.
        let ended = set_waiting(&connection, self.options.durability == Durability::Power)
            .and_then(|()| {
                connection.execute(
                    "UPDATE sessions SET ended_at = ?2, last_seen = ?2, checksum =
                         checksum_of(id, boot_id, pid, version, started_at, ?2, ?2) WHERE id = ?1",
                    params![session, newest.as_micros()],
                )
            });
        if ended.is_ok() && connection.close().is_ok() {
            self.newest.closed();
        }
    }

    /// The next batch; none if there will be none. Before it is waited for, or if it is high time, the log is
    /// copied into the file: within a commit a whole tick of starts would wait for that.
    fn next_batch(&self) -> Option<Batch> {
        let pages = PAGES_IN_LOG.get();
        if pages >= MOST_LOG_PAGES {
            self.copy_log();
        }
        match self.batches.try_recv() {
            Ok(batch) => Some(batch),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                if pages >= LOG_PAGES {
                    self.copy_log();
                }
                self.batches.recv().ok()
            }
        }
    }

    /// Copies the log into the file, as far as nobody reads it.
    fn copy_log(&self) {
        PAGES_IN_LOG.set(0);
        if let Some(connection) = self.connection.as_ref().filter(|_| !self.is_doubtful) {
            // What fails now is copied later: until then it stays in the log.
            _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), WriteError> {
        self.place.check()?;
        if !self.place.has_its_log()? {
            // Closing it takes what is in the log into the file, and opening it makes a new one.
            self.connection = None;
        }
        if self.connection.is_none() {
            self.connection = Some(open::again(&self.path, self.id)?);
            self.place.note_log()?;
        }
        if self.is_doubtful {
            self.open_anew()?;
        }
        let connection = self
            .connection
            .as_mut()
            .expect("it was opened if it was not open");
        // Each time, since it may be another connection than the last.
        connection.wal_hook(Some(|_, pages| {
            PAGES_IN_LOG.set(pages);
            Ok(())
        }));
        let waits = batch.urgent && self.options.durability == Durability::Power;
        set_waiting(connection, waits)?;
        self.session_number = Some(write::batch(
            connection,
            batch,
            (&self.session, self.session_number),
            self.options.keep_runs,
        )?);
        let is_durable = waits || self.options.durability == Durability::Process;
        self.newest.wrote(batch, is_durable);
        Ok(())
    }

    /// After a failed fsync the kernel calls pages clean that are not on the disk. So all that is valid is
    /// copied from the log to where it belongs, and a new log begun; whatever fails is written again.
    ///
    /// The one that failed is closed only when another is open. The last to close the file takes its index
    /// of the log along, and who comes next makes it anew from all that is in the log: a batch that was
    /// said to have failed would be there after all, beside what was decided instead of it.
    fn open_anew(&mut self) -> Result<(), WriteError> {
        let connection = open::again(&self.path, self.id)?;
        let connection = self.connection.insert(connection);
        let is_busy: bool =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy {
            return Err(WriteError::Open(OpenError::Io {
                path: self.path.clone(),
                doing: "begin a new log of",
                reason: "another program is reading it".to_owned(),
            }));
        }
        self.is_doubtful = false;
        Ok(())
    }

    /// On a full disk the write-ahead log may be what fills it: what it holds is copied to where it
    /// belongs, which takes little new room, and the log is cut off.
    fn make_room(&self) {
        if let Some(connection) = self.connection.as_ref().filter(|_| !self.is_doubtful) {
            // If this fails too, the next try says so.
            _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }

    fn failed(&mut self, ticket: Ticket, error: &WriteError) -> Answer {
        let is_doubtful = match error {
            // Busy is doubtful too: the lock that is waited for may be one that we could not let go of.
            WriteError::Sqlite(error) => error.sqlite_error_code() != Some(ErrorCode::DiskFull),
            // Nothing was written.
            WriteError::Open(_) => false,
        };
        if is_unsynced(error) {
            self.is_doubtful = true;
        } else if is_doubtful {
            // Locks that could not be let go of go with the last to close the file.
            self.connection = None;
            self.is_doubtful = false;
        }
        let error = match error {
            WriteError::Sqlite(error) => format!("cannot write `{}`: {error}", self.path.display()),
            WriteError::Open(error) => error.to_string(),
        };
        Answer::Failed {
            ticket,
            error,
            is_gone: self.place.is_gone(),
        }
    }
}

/// In WAL mode a commit waits for the disk with FULL, and does not with NORMAL
/// (<https://sqlite.org/pragma.html#pragma_synchronous>).
fn set_waiting(connection: &Connection, waits: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", if waits { "FULL" } else { "NORMAL" })
}

/// Whether all of a commit is written, and the disk refused to sync it.
fn is_unsynced(error: &WriteError) -> bool {
    let WriteError::Sqlite(rusqlite::Error::SqliteFailure(error, _)) = error else {
        return false;
    };
    error.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC
}

/// Why a batch is not written.
enum WriteError {
    Open(OpenError),
    Sqlite(rusqlite::Error),
}

impl From<OpenError> for WriteError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
