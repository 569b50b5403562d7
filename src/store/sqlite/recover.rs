//! Saving what can be read of a damaged store into a new one.
//!
//! Every table is read row by row in the order of its keys; where a page cannot be read, reading goes on
//! behind it. Rows that make no sense, or whose checksum does not match, are left out. The damaged file is moved aside, never changed and
//! never deleted, and only when the new one is whole and on the disk.
//!
//! What is lost costs history, not the promise that nothing runs twice: how far each job is judged stands
//! with the job, and a job that is lost altogether counts as first seen.

use super::check::problems;
use super::checksums::{
    self, EVENTS, FIRES, JOBS, NEWEST_ENDS, OUTPUTS, RUNS, SESSIONS, STORE, TOTALS, Table,
};
use super::columns;
use super::open::{self, OpenError, beside};
use super::schema;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row, Transaction, params_from_iter};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Why nothing was recovered; the file is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// It is missing, no store of ours, of a later version, or nothing of it can be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is wrong with it.
    #[error("`{path}` is whole: there is nothing to recover", path = .path.display())]
    Whole {
        /// The file.
        path: PathBuf,
    },
    /// The new file cannot be written, or not be put in its place.
    #[error("cannot {doing} `{path}`: {reason}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        reason: String,
    },
}

/// What became of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Its name.
    pub table: &'static str,
    /// Rows that are in the new file.
    pub rows: u64,
    /// Rows that could be read and make no sense, are not as they were written, or belong to none that are.
    pub senseless: u64,
    /// First and last number of the rows that could not be read; whether there were any nobody knows.
    pub unreadable: Vec<(i64, i64)>,
    /// Some part that has no numbers could not be read.
    pub partly_unreadable: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was wrong.
    pub damage: Vec<String>,
    /// Table by table.
    pub saved: Vec<Saved>,
    /// What had to be made up, or is still odd.
    pub notes: Vec<String>,
    /// Where the damaged file is now.
    pub kept_as: PathBuf,
}

/// Makes a new store of what can be read of a damaged one, and moves that one aside as
/// `PATH.damaged-STAMP`. Only for who holds its lock. `fresh_id` becomes its identity if its own cannot be
/// read.
///
/// # Errors
/// [`RecoverError`].
pub fn recover(path: &Path, stamp: &str, fresh_id: u128) -> Result<Recovered, RecoverError> {
    let names = Names::new(path, stamp);
    if path.symlink_metadata().is_err() && open::is_file(&names.recovered) {
        return names.finish_interrupted();
    }
    let (damaged, refused) = open_damaged(path)?;
    let damage: Vec<_> = refused.into_iter().chain(problems(&damaged)).collect();
    if damage.is_empty() {
        return Err(RecoverError::Whole {
            path: path.to_owned(),
        });
    }
    let mut fresh = names.make()?;
    let written = (|| -> rusqlite::Result<_> {
        fresh.pragma_update(None, "synchronous", "FULL")?;
        let transaction = fresh.transaction()?;
        schema::upgrade(&transaction, 0)?;
        let mut saved = Vec::new();
        for table in &TABLES_TO_SAVE {
            saved.push(save(&damaged, &transaction, table)?);
        }
        let notes = complete(&transaction, &mut saved, fresh_id)?;
        checksums::fill(&transaction)?;
        transaction.commit()?;
        Ok((saved, notes))
    })();
    let (saved, mut notes) = written.map_err(|error| {
        // The damaged file is as it was; half a new one is of no use.
        _ = fs::remove_file(&names.unfinished);
        failed("write", &names.unfinished, &error)
    })?;
    notes.extend(problems(&fresh));
    drop((fresh, damaged));
    names.put_in_place()?;
    Ok(Recovered {
        damage,
        saved,
        notes,
        kept_as: names.damaged,
    })
}

/// Opens it without asking whether it is whole. Gives why it would be refused, if that shows already.
fn open_damaged(path: &Path) -> Result<(Connection, Option<String>), RecoverError> {
    match open::for_reading(path) {
        Ok(connection) => Ok((connection, None)),
        // Its header tells nothing: perhaps the rest does.
        Err(OpenError::Corrupt { reason, .. }) => {
            let connection = open::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            // The schema is needed to find anything.
            let tables: Result<i64, _> =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
            let unreadable = |error: rusqlite::Error| OpenError::of(path, "read", &error);
            tables.map_err(unreadable)?;
            if !checksums::are_there(&connection) {
                checksums::stand_in(&connection).map_err(unreadable)?;
            }
            Ok((connection, Some(reason)))
        }
        Err(error) => Err(error.into()),
    }
}

// The files.

struct Names {
    path: PathBuf,
    /// While it is being written.
    unfinished: PathBuf,
    /// Once it is whole and on the disk.
    recovered: PathBuf,
    damaged: PathBuf,
}

impl Names {
    fn new(path: &Path, stamp: &str) -> Self {
        Self {
            path: path.to_owned(),
            unfinished: beside(path, ".recovering"),
            recovered: beside(path, open::RECOVERED),
            damaged: beside(path, &format!(".damaged-{stamp}")),
        }
    }

    /// A new, empty file of our own.
    fn make(&self) -> Result<Connection, RecoverError> {
        let not_made = |error: io::Error| failed("create", &self.unfinished, &error);
        match fs::remove_file(&self.unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(not_made(error)),
            _ => {}
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC)
            .open(&self.unfinished)
            .map_err(not_made)?;
        Ok(open::connect(
            &self.unfinished,
            OpenFlags::SQLITE_OPEN_READ_WRITE,
        )?)
    }

    /// The damaged file and its log go aside together, for the log belongs to it, and the new one takes its
    /// name. A death in between leaves no store of that name, which no scheduler takes for a new one:
    /// the log or the recovered file tells.
    fn put_in_place(&self) -> Result<(), RecoverError> {
        rename(&self.unfinished, &self.recovered)?;
        if self.damaged.symlink_metadata().is_ok() {
            return Err(failed(
                "keep the damaged file as",
                &self.damaged,
                &"it is there already",
            ));
        }
        rename(&self.path, &self.damaged)?;
        self.finish()
    }

    /// The damaged file is aside, or was never there.
    fn finish(&self) -> Result<(), RecoverError> {
        for suffix in ["-wal", "-shm"] {
            let from = beside(&self.path, suffix);
            if from.symlink_metadata().is_ok() {
                rename(&from, &beside(&self.damaged, suffix))?;
            }
        }
        rename(&self.recovered, &self.path)
    }

    /// The damaged file that was moved aside last: stamps are in the order of time.
    fn newest_aside(&self) -> Option<PathBuf> {
        let prefix = beside(&self.path, ".damaged-");
        let prefix = prefix.file_name()?.to_str()?.to_owned();
        let directory = self.path.parent()?;
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let names = fs::read_dir(directory).ok()?.flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let newest = names
            .filter(|name| name.starts_with(&prefix))
            .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
            .max()?;
        Some(self.path.with_file_name(newest))
    }

    /// One that died in the middle of [`Self::put_in_place`], and had its own stamp.
    fn finish_interrupted(mut self) -> Result<Recovered, RecoverError> {
        if let Some(aside) = self.newest_aside() {
            self.damaged = aside;
        }
        self.finish()?;
        Ok(Recovered {
            damage: Vec::new(),
            saved: Vec::new(),
            notes: vec![
                "an earlier recovery was interrupted: what it had saved is in place now".to_owned(),
            ],
            kept_as: self.damaged,
        })
    }
}

fn failed(doing: &'static str, path: &Path, reason: &dyn ToString) -> RecoverError {
    RecoverError::Write {
        path: path.to_owned(),
        doing,
        reason: reason.to_string(),
    }
}

/// Gives a file another name, for good.
fn rename(from: &Path, to: &Path) -> Result<(), RecoverError> {
    let not_moved = |error: io::Error| failed("put in its place", to, &error);
    fs::rename(from, to).map_err(not_moved)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))
        .and_then(|directory| directory.sync_all())
        .map_err(not_moved)
}

// The rows.

/// How a table is read, and what makes sense in it.
struct ToSave {
    table: Table,
    /// The column of its numbers, if it has them.
    number: Option<&'static str>,
    /// The order of the others.
    key: &'static str,
    sense: fn(&Row<'_>) -> rusqlite::Result<()>,
}

const TABLES_TO_SAVE: [ToSave; checksums::TABLES.len()] = [
    ToSave {
        table: STORE,
        number: None,
        key: "id",
        sense: |row| columns::store(row).map(|_| ()),
    },
    ToSave {
        table: SESSIONS,
        number: Some("id"),
        key: "id",
        sense: |row| columns::session(row).map(|_| ()),
    },
    ToSave {
        table: JOBS,
        number: None,
        key: "id",
        sense: |row| columns::job(row).map(|_| ()),
    },
    ToSave {
        table: RUNS,
        number: Some("number"),
        key: "number",
        sense: |row| columns::run(row).map(|_| ()),
    },
    ToSave {
        table: OUTPUTS,
        number: Some("run"),
        key: "run",
        sense: |row| columns::output(row).map(|_| ()),
    },
    ToSave {
        table: FIRES,
        number: Some("number"),
        key: "number",
        sense: |row| columns::fires(row).map(|_| ()),
    },
    ToSave {
        table: TOTALS,
        number: None,
        key: "job, outcome",
        sense: |row| columns::total(row).map(|_| ()),
    },
    ToSave {
        table: NEWEST_ENDS,
        number: None,
        key: "job",
        sense: |row| columns::newest_end(row).map(|_| ()),
    },
    ToSave {
        table: EVENTS,
        number: Some("seq"),
        key: "seq",
        sense: |row| columns::event(row).map(|_| ()),
    },
];

/// Copies what can be read. Only what goes wrong with the new file is an error.
fn save(from: &Connection, to: &Transaction<'_>, kind: &ToSave) -> rusqlite::Result<Saved> {
    let mut saved = Saved {
        table: kind.table.name,
        ..Saved::default()
    };
    let mut copy = Copy {
        from,
        to,
        kind,
        saved: &mut saved,
    };
    match kind.number {
        Some(number) => copy.by_number(number)?,
        None => copy.of_both_ends()?,
    }
    Ok(saved)
}

struct Copy<'a> {
    from: &'a Connection,
    to: &'a Transaction<'a>,
    kind: &'a ToSave,
    saved: &'a mut Saved,
}

/// How a scan ended.
enum Scan {
    Whole,
    /// Behind this number, which is one that was looked for, nothing more could be read; none: nothing at all could.
    Broken(Option<i64>),
}

impl Copy<'_> {
    fn by_number(&mut self, number: &str) -> rusqlite::Result<()> {
        let mut start = 0;
        // Numbers count from 1.
        while let Scan::Broken(last) = self.scan(number, start)? {
            let bad = last.map_or(start, |last| last.saturating_add(1));
            let next = self.readable_behind(number, bad);
            // Where numbers are out of order one could be led back again and again.
            let Some(next) = next.filter(|&next| next > bad) else {
                self.saved.unreadable.push((bad, i64::MAX));
                return Ok(());
            };
            self.saved.unreadable.push((bad, next - 1));
            start = next;
        }
        Ok(())
    }

    /// Copies all rows from this number on, as far as they can be read.
    fn scan(&mut self, number: &str, start: i64) -> rusqlite::Result<Scan> {
        let Table { name, columns } = self.kind.table;
        let sql = format!(
            "SELECT {}, {number} FROM {name} NOT INDEXED WHERE {number} >= ?1 ORDER BY {number}",
            self.kind.table.selection()
        );
        let Ok(mut statement) = self.from.prepare(&sql) else {
            return Ok(Scan::Broken(None));
        };
        let at = statement.column_count() - 1;
        let Ok(mut rows) = statement.query([start]) else {
            return Ok(Scan::Broken(None));
        };
        // The last that was read, and the highest, which is another where numbers are out of order.
        let (mut last, mut highest) = (None, None);
        loop {
            match rows.next() {
                Ok(None) => return Ok(Scan::Whole),
                Err(_) => {
                    let reached = [last, highest].into_iter().flatten();
                    let mut reached = reached.filter(|&number| number >= start);
                    return Ok(Scan::Broken(reached.next()));
                }
                Ok(Some(row)) => {
                    last = row.get(at).ok().or(last);
                    highest = highest.max(last);
                    let is_in_the_columns = columns.split(", ").any(|column| column == number);
                    let apart = (!is_in_the_columns).then_some((number, at));
                    self.copy(row, apart)?;
                }
            }
        }
    }

    /// The number of the first readable row behind one that is not, as near to it as can be found.
    fn readable_behind(&self, number: &str, bad: i64) -> Option<i64> {
        let Table { name, columns } = self.kind.table;
        let sql = format!(
            "SELECT {columns}, {number} FROM {name} NOT INDEXED WHERE {number} >= ?1
             ORDER BY {number} LIMIT 1"
        );
        // Err: cannot be read. Ok(None): there is nothing there.
        let probe = |start: i64| -> rusqlite::Result<Option<i64>> {
            let mut statement = self.from.prepare_cached(&sql)?;
            let at = statement.column_count() - 1;
            let mut rows = statement.query([start])?;
            rows.next()?.map(|row| row.get(at)).transpose()
        };
        let (mut failing, mut step) = (bad, 1_i64);
        let mut found = loop {
            let start = bad.checked_add(step)?;
            if let Ok(found) = probe(start) {
                break (start, found);
            }
            failing = start;
            step = step.checked_mul(2)?;
        };
        while found.0 - failing > 1 {
            let middle = failing + (found.0 - failing) / 2;
            match probe(middle) {
                Ok(row) => found = (middle, row),
                Err(_) => failing = middle,
            }
        }
        found.1
    }

    /// Without numbers nothing can be reached behind a page that cannot be read, but from the other end.
    fn of_both_ends(&mut self) -> rusqlite::Result<()> {
        let ToSave { table, key, .. } = self.kind;
        for order in ["ASC", "DESC"] {
            let keys: Vec<_> = key
                .split(", ")
                .map(|key| format!("{key} {order}"))
                .collect();
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {}",
                table.selection(),
                table.name,
                keys.join(", ")
            );
            let whole = (|| -> rusqlite::Result<bool> {
                let Ok(mut statement) = self.from.prepare(&sql) else {
                    return Ok(false);
                };
                let Ok(mut rows) = statement.query([]) else {
                    return Ok(false);
                };
                loop {
                    match rows.next() {
                        Ok(None) => return Ok(true),
                        Err(_) => return Ok(false),
                        Ok(Some(row)) => self.copy(row, None)?,
                    }
                }
            })()?;
            if whole {
                return Ok(());
            }
            self.saved.partly_unreadable = true;
        }
        Ok(())
    }

    /// Copies a row, if it makes sense and is not there yet; with its number, and where that was read, if
    /// its checksum is not of it too.
    fn copy(&mut self, row: &Row<'_>, number: Option<(&str, usize)>) -> rusqlite::Result<()> {
        if (self.kind.sense)(row).is_err() {
            self.saved.senseless += 1;
            return Ok(());
        }
        let Table { name, columns } = self.kind.table;
        let mut names = columns.split(", ").collect::<Vec<_>>();
        let mut places = (0..names.len()).collect::<Vec<_>>();
        if let Some((number, at)) = number {
            names.push(number);
            places.push(at);
        }
        let values: Result<Vec<Value>, _> = places.iter().map(|&place| row.get(place)).collect();
        let sql = format!(
            "INSERT OR IGNORE INTO {name} ({}) VALUES ({})",
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        let inserted = self
            .to
            .prepare_cached(&sql)?
            .execute(params_from_iter(values?))?;
        self.saved.rows += inserted as u64;
        Ok(())
    }
}

/// Makes the new file hang together: what is needed and was lost is made up, what belongs to nothing
/// goes. Says what was made up.
fn complete(
    to: &Transaction<'_>,
    saved: &mut [Saved],
    fresh_id: u128,
) -> rusqlite::Result<Vec<String>> {
    let mut notes = Vec::new();
    let stores: i64 = to.query_row("SELECT count(*) FROM store", [], |row| row.get(0))?;
    if stores != 1 {
        to.execute("DELETE FROM store", [])?;
        schema::identify(to, fresh_id)?;
        // A fire of a higher epoch is another fire.
        to.execute(
            "UPDATE store SET epoch = max(coalesce((SELECT max(epoch) FROM runs), 0),
                 coalesce((SELECT max(epoch) FROM fires), 0))",
            [],
        )?;
        notes.push(
            "which store it is could not be read: it is a new one, and ids of runs will be others; whether it was paused is not known"
                .to_owned(),
        );
    }
    to.execute(
        "UPDATE store SET last_seq = max(last_seq, coalesce((SELECT max(seq) FROM events), 0)),
             manual_runs = max(manual_runs, coalesce((SELECT max(sequence) FROM runs), 0))",
        [],
    )?;
    let orphans = to.execute(
        "DELETE FROM outputs WHERE run NOT IN (SELECT number FROM runs WHERE state = 'ended')",
        [],
    )? as u64;
    for table in saved.iter_mut().filter(|table| table.table == "outputs") {
        table.rows -= orphans;
        table.senseless += orphans;
    }
    let jobs = saved.iter().find(|table| table.table == "jobs");
    if jobs.is_some_and(|jobs| jobs.senseless > 0 || jobs.partly_unreadable) {
        notes.push(
            "how far some jobs were judged is lost: they count as first seen at the next start, and their fires before it that are on no record stay so"
                .to_owned(),
        );
    }
    leave_gaps(to, saved)?;
    let counted_anew = to.execute(
        "INSERT INTO totals (job, outcome, count)
         SELECT job, outcome, sum(n) FROM (
             SELECT job, outcome, count(*) AS n FROM runs WHERE state = 'ended' GROUP BY job, outcome
             UNION ALL SELECT job, outcome, sum(count) FROM fires GROUP BY job, outcome)
         GROUP BY job, outcome
         ON CONFLICT (job, outcome) DO UPDATE SET count = excluded.count
             WHERE excluded.count > totals.count",
        [],
    )?;
    if counted_anew > 0 {
        notes.push(format!(
            "{counted_anew} totals were lost or too low: they count what is still on record"
        ));
    }
    Ok(notes)
}

/// A gap in the numbers of a table says that rows of it are missing, so that totals may be higher than what
/// is on record. Where the last rows were lost there is none yet.
fn leave_gaps(to: &Transaction<'_>, saved: &[Saved]) -> rusqlite::Result<()> {
    let is_incomplete = |table: &Saved| table.senseless > 0 || !table.unreadable.is_empty();
    for table in saved.iter().filter(|table| is_incomplete(table)) {
        let name = table.table;
        if name == "runs" {
            to.execute(
                "UPDATE outputs SET run = run + 1 WHERE run = (SELECT max(number) FROM runs)",
                [],
            )?;
        }
        if matches!(name, "runs" | "fires") {
            let sql = format!(
                "UPDATE {name} SET number = number + 1 WHERE number = (SELECT max(number) FROM {name})"
            );
            to.execute(&sql, [])?;
        }
    }
    Ok(())
}
