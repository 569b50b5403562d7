//! Opening the file: is it ours, whole, and of a version we know? Anything else is refused by name,
//! and left as it is.

use super::{checksums, newest, schema};
use crate::scheduler::StoreId;
use crate::time::{WallTime, human};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file in the state directory.
pub const STORE_FILE_NAME: &str = "store.sqlite";

/// What is behind the name of a file while a recovery puts its work in its place.
pub(super) const RECOVERED: &str = ".recovered";

/// How long another program's lock on the file is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

const NO_CHECKPOINT: DbConfig = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;

/// The write-ahead log is cut back to this once it has been copied into the file.
const WAL_SIZE_LIMIT: i64 = 4 * 1024 * 1024;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A later version of the program has written it.
    #[error(
        "`{path}` was written by a later version of rsched (its version is {found}, this program knows {known})",
        path = .path.display(), known = schema::VERSION
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// It is damaged.
    #[error("`{path}` is damaged: {reason}", path = .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// It is no store.
    #[error("`{path}` is no store of rsched: {reason}", path = .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// It does not exist.
    #[error("there is no store at `{path}`", path = .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in it, and nothing is known to have been.
    #[error("`{path}` is empty: no scheduler has written to it", path = .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in it any more.
    #[error(
        "`{path}` is empty, and there were records in it{upto}", path = .path.display(),
        upto = .newest.map_or(String::new(), up_to)
    )]
    Emptied {
        /// The file.
        path: PathBuf,
        /// When the newest that are known of were made.
        newest: Option<WallTime>,
    },
    /// The disk or the system does not let us.
    #[error("cannot {doing} `{path}`: {reason}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        reason: String,
    },
}

impl OpenError {
    /// What to do about it, for people; nothing where the error says all.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Newer { .. } => Some(
                "run the version that wrote it, or set another `store`; the file was not touched"
                    .to_owned(),
            ),
            Self::Corrupt { path, .. } => Some(format!(
                "`rsched store check {0}` says what is wrong and `rsched store recover {0}` saves what can be read; to run without records meanwhile: `--store memory`",
                path.display()
            )),
            Self::Foreign { .. } => Some("name another file as `store`".to_owned()),
            Self::Emptied { path, .. } => Some(format!(
                "put a backup in its place; or, to begin anew, remove it and the files that begin with its name (`{}*`), and what ran before may run again; to run without records meanwhile: `--store memory`",
                path.display()
            )),
            Self::Missing { .. } | Self::Empty { .. } | Self::Io { .. } => None,
        }
    }

    /// What a failing call of SQLite's means for this file.
    pub(super) fn of(path: &Path, doing: &'static str, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let reason = reason(error);
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path, reason },
            // Without a code: a row makes no sense. Unknown: a table or column is not there.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
                Self::Corrupt { path, reason }
            }
            Some(_) => Self::Io {
                path,
                doing,
                reason,
            },
        }
    }
}

/// What is wrong, without what only says where in our own code that was found.
pub(super) fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, reason) => reason.to_string(),
        error => error.to_string(),
    }
}

/// The file makes sense and is taken: from now on its log is taken into it.
pub(super) fn accept(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(NO_CHECKPOINT, false).map(|_| ())
}

/// Opens the file for writing, made anew if it is not there, and brings it to this version.
/// `fresh_id` becomes the identity of a new store. What is refused stays as it is; what is not is to be
/// [accepted](accept).
pub(super) fn for_writing(path: &Path, fresh_id: u128) -> Result<Connection, OpenError> {
    create_private(path)?;
    existing_for_writing(path, Some(fresh_id))
}

/// Opens a file that is there. Without an id for a new store, an empty one will not do.
fn existing_for_writing(path: &Path, fresh_id: Option<u128>) -> Result<Connection, OpenError> {
    let io = |error: &rusqlite::Error| OpenError::of(path, "open", error);
    // Before SQLite sees it, which would throw away the log of an empty file.
    if let Some(error) = emptied(path) {
        return Err(error);
    }
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The last to close a file takes its log into it: not into one that is refused.
    connection
        .set_db_config(NO_CHECKPOINT, true)
        .map_err(|error| io(&error))?;
    // Before anything is written: whose is it?
    let version = known_version(&connection, path)?;
    if version == 0 && fresh_id.is_none() {
        return Err(OpenError::Corrupt {
            path: path.to_owned(),
            reason: "it is empty".to_owned(),
        });
    }
    if version > 0 && was_interrupted(&connection).map_err(|error| io(&error))? {
        check(&connection, path)?;
    }
    set_up(&connection).map_err(|error| io(&error))?;
    if version < schema::VERSION {
        let upgraded = (|| {
            let transaction = connection.transaction()?;
            schema::upgrade(&transaction, version)?;
            if let Some(id) = fresh_id.filter(|_| version == 0) {
                schema::identify(&transaction, id)?;
            }
            transaction.commit()
        })();
        upgraded.map_err(|error| OpenError::of(path, "set up", &error))?;
        // The tables have their room in the file from the start, whatever else fills the disk.
        let copied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        copied.map_err(|error| OpenError::of(path, "set up", &error))?;
    }
    Ok(connection)
}

/// Opens the file once more that was open before, after an error that leaves it doubtful what of it
/// is on the disk: it must be there, and be this store.
pub(super) fn again(path: &Path, id: StoreId) -> Result<Connection, OpenError> {
    let connection = existing_for_writing(path, None)?;
    let found: [u8; 16] = connection
        .query_row("SELECT id FROM store", [], |row| row.get(0))
        .map_err(|error| OpenError::of(path, "read", &error))?;
    if found != id.0.to_be_bytes() {
        return Err(OpenError::Io {
            path: path.to_owned(),
            doing: "go on with",
            reason: "it is another store than the one that was in use".to_owned(),
        });
    }
    accept(&connection).map_err(|error| OpenError::of(path, "open", &error))?;
    Ok(connection)
}

/// Opens the file to look at it, beside a scheduler that may be writing.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    let missing = || OpenError::Missing {
        path: path.to_owned(),
    };
    match path.symlink_metadata() {
        Ok(found) if !found.is_file() => {
            return Err(OpenError::Foreign {
                path: path.to_owned(),
                reason: "it is not a regular file".to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => {
            return Err(OpenError::Io {
                path: path.to_owned(),
                doing: "look at",
                reason: error.to_string(),
            });
        }
        Ok(_) => {}
    }
    if let Some(error) = emptied(path) {
        return Err(error);
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let connection = match schema::version(&connection) {
        // Where nothing can be written, the files that readers and writers share cannot be made. Then
        // nobody else writes either, and if there is no log the file is all there is.
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
            ) =>
        {
            if has_log(path) {
                return Err(OpenError::Io {
                    path: path.to_owned(),
                    doing: "read",
                    reason: format!(
                        "the newest records are in its log, `{}`, which only those can read who may write in that directory; ask as root, or let its owner do so",
                        beside(path, "-wal").display()
                    ),
                });
            }
            connect_unchanging(path)?
        }
        _ => connection,
    };
    let version = known_version(&connection, path)?;
    if version == 0 {
        return Err(OpenError::Empty {
            path: path.to_owned(),
        });
    }
    if version < schema::WITH_CHECKSUMS {
        checksums::stand_in(&connection).map_err(|error| OpenError::of(path, "read", &error))?;
    }
    Ok(connection)
}

/// `, up to 2026-05-01T03:00:00Z`.
fn up_to(at: WallTime) -> String {
    let second = WallTime::from_unix_seconds(at.unix_seconds());
    format!(", up to {}", human::rfc3339_utc(second))
}

/// Whether the file was made empty by something else than us: its log has something in it, or what is
/// beside it says how far it had got. Taken for a new one it would have every job run anew.
fn emptied(path: &Path) -> Option<OpenError> {
    let found = path.symlink_metadata().ok()?;
    let newest = newest::reached(path);
    let is_emptied = found.len() == 0 && (newest.is_some() || has_log(path));
    is_emptied.then(|| OpenError::Emptied {
        path: path.to_owned(),
        newest,
    })
}

/// Whether there is anything in the write-ahead log beside the file.
fn has_log(path: &Path) -> bool {
    beside(path, "-wal")
        .metadata()
        .is_ok_and(|log| log.len() > 0)
}

/// Whether there is a file of that name, and no link.
pub(super) fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

/// The file that SQLite keeps beside this one.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Looks at every page of the file.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let corrupt = |reason: String| OpenError::Corrupt {
        path: path.to_owned(),
        reason,
    };
    let answer: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| OpenError::of(path, "check", &error))?;
    if answer != "ok" {
        return Err(corrupt(answer.replace('\n', "; ")));
    }
    let is_astray: bool = connection
        .query_row(IS_A_RUN_ASTRAY, [], |row| row.get(0))
        .map_err(|error| OpenError::of(path, "check", &error))?;
    if is_astray {
        return Err(corrupt(
            "a run without an end is not where an index has it".to_owned(),
        ));
    }
    Ok(())
}

/// `quick_check` holds no index against its table, and `integrity_check`, which does, takes six times as long. Of the
/// runs without an end it is worth it: one with another job or time would be started as a fire that never
/// was, one with another id is not found where it runs, and one that no index has is forgotten.
const IS_A_RUN_ASTRAY: &str = "
    SELECT (SELECT count(*) FROM runs NOT INDEXED WHERE state <> 'ended')
        <> (SELECT count(*) FROM runs INDEXED BY runs_without_end WHERE state <> 'ended')
    OR EXISTS (SELECT 1 FROM runs AS run NOT INDEXED WHERE run.state <> 'ended' AND NOT (
        EXISTS (SELECT 1 FROM runs AS same INDEXED BY sqlite_autoindex_runs_1
            WHERE same.job = run.job AND same.fire_time = run.fire_time
                AND same.epoch = run.epoch AND same.sequence = run.sequence
                AND same.number = run.number)
        AND EXISTS (SELECT 1 FROM runs AS same INDEXED BY runs_by_id
            WHERE same.run_id = run.run_id AND same.number = run.number)
        AND EXISTS (SELECT 1 FROM runs AS same INDEXED BY runs_without_end
            WHERE same.state <> 'ended' AND same.state = run.state
                AND same.number = run.number)))";

pub(super) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    connect_to(path, &real(path), access)
}

/// Opens a file that nobody can change.
fn connect_unchanging(path: &Path) -> Result<Connection, OpenError> {
    let mut uri = String::from("file:");
    for &byte in real(path).as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect_to(path, Path::new(&uri), access)
}

fn connect_to(path: &Path, place: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(place, flags)
        .map_err(|error| OpenError::of(path, "open", &error))?;
    connection
        .busy_timeout(LOCK_PATIENCE)
        .and_then(|()| checksums::teach(&connection))
        .map_err(|error| OpenError::of(path, "open", &error))?;
    Ok(connection)
}

/// Without links in its directory, which are its owner's business.
fn real(path: &Path) -> PathBuf {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match (directory.canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    }
}

/// The file's version, if it is one of ours that we know.
fn known_version(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let read = |error: rusqlite::Error| OpenError::of(path, "read", &error);
    let version = schema::version(connection).map_err(read)?;
    let application: i64 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(read)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(read)?;
    if application != schema::APPLICATION_ID && (version, tables) != (0, 0) {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
            reason: "it is a database of another program".to_owned(),
        });
    }
    if version > schema::VERSION {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found: version,
        });
    }
    if (1..schema::WITH_CHECKSUMS).contains(&version) && checksums::are_there(connection) {
        return Err(OpenError::Corrupt {
            path: path.to_owned(),
            reason: format!("it says that its version is {version}, and is of a later one"),
        });
    }
    Ok(version)
}

pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The writer does that itself, when nothing waits for it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_SIZE_LIMIT)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Whether the scheduler that wrote it last did not stop by itself.
fn was_interrupted(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT coalesce((SELECT ended_at IS NULL FROM sessions ORDER BY id DESC LIMIT 1), 0)",
        [],
        |row| row.get(0),
    )
}

/// The file is ours alone from birth; SQLite gives the same mode to the files beside it.
fn create_private(path: &Path) -> Result<(), OpenError> {
    if path.symlink_metadata().is_err() {
        // SQLite would take what is in that log into the new file.
        let log = has_log(path)
            .then_some("it is not there, and its log, with `-wal` behind its name, is");
        let recovered = is_file(&beside(path, RECOVERED));
        let recovered = recovered.then_some("a recovery of it was interrupted");
        if let Some(reason) = recovered.or(log) {
            return Err(OpenError::Corrupt {
                path: path.to_owned(),
                reason: reason.to_owned(),
            });
        }
        // It is about a store that somebody removed.
        newest::forget(path);
    }
    let failed = |doing: &'static str| {
        move |error: io::Error| OpenError::Io {
            path: path.to_owned(),
            doing,
            reason: error.to_string(),
        }
    };
    // SQLite follows no link there, and does not say which file it could not open.
    for suffix in ["-wal", "-shm", "-journal"] {
        let found = beside(path, suffix).symlink_metadata();
        if found.is_ok_and(|found| !found.is_file()) {
            return Err(OpenError::Io {
                path: beside(path, suffix),
                doing: "use",
                reason: "it is not a regular file; remove it".to_owned(),
            });
        }
    }
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC)
        .open(path);
    match created {
        Ok(_) => {
            // Its name must outlive a loss of power as its contents do.
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))
                .and_then(|directory| directory.sync_all())
                .map_err(failed("create"))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = path.symlink_metadata().map_err(failed("look at"))?;
            let refused = |reason: &str| {
                Err(OpenError::Foreign {
                    path: path.to_owned(),
                    reason: reason.to_owned(),
                })
            };
            if !found.is_file() {
                return refused("it is not a regular file");
            }
            let us = nix::unistd::geteuid().as_raw();
            if found.uid() != us {
                return refused(&format!(
                    "it belongs to user {}, and we are user {us}",
                    found.uid()
                ));
            }
            Ok(())
        }
        Err(error) => Err(failed("create")(error)),
    }
}
