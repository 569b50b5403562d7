//! A checksum in every row: what stands there is what was written there.
//!
//! SQLite notices when pages or trees are damaged, not when a value in a row has become another one. A job
//! that is judged up to another time than it was would have its fires run twice, and a run would be told to
//! have ended otherwise than it did. So every row ends with the checksum of its values, and whoever reads
//! the row holds it against them.
//!
//! SQL computes it, by the function `checksum_of`, wherever it writes: in an update the new value is often
//! only known there. Whoever writes to a store by other means is found out, which is as well.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row};
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;

/// A table, and those of its columns that its checksums are of, in their order. Numbers that SQLite gives to
/// rows of `runs` and `fires` are not among them: they are not known before the row is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static str,
}

pub(super) const STORE: Table = Table {
    name: "store",
    columns: "id, epoch, paused, manual_runs, last_seq",
};

pub(super) const SESSIONS: Table = Table {
    name: "sessions",
    columns: "id, boot_id, pid, version, started_at, last_seen, ended_at",
};

pub(super) const JOBS: Table = Table {
    name: "jobs",
    columns: "id, plan, phase, anchor, progress, paused, finished, definition",
};

pub(super) const RUNS: Table = Table {
    name: "runs",
    columns: "run_id, job, fire_time, epoch, sequence, attempt, reason, stands_for, noticed_at, \
        started_at, waited, pid, state, outcome, ended_at, exit_code, signal, core_dumped, duration, \
        user_time, system_time, peak_memory, detail",
};

pub(super) const OUTPUTS: Table = Table {
    name: "outputs",
    columns: "run, total_bytes, tail",
};

pub(super) const FIRES: Table = Table {
    name: "fires",
    columns: "job, first, last, count, epoch, outcome, judged_at, detail",
};

pub(super) const TOTALS: Table = Table {
    name: "totals",
    columns: "job, outcome, count",
};

pub(super) const NEWEST_ENDS: Table = Table {
    name: "newest_ends",
    columns: "job, outcome, fire_time, exit_code, succeeded_for",
};

pub(super) const EVENTS: Table = Table {
    name: "events",
    columns: "seq, time, event, job, run_id, fire_time, outcome, exit_code, signal, core_dumped, \
        duration, late_by, count, pid, detail",
};

/// All of them, in the order in which they are shown, and copied.
pub(super) const TABLES: [Table; 9] = [
    STORE,
    SESSIONS,
    JOBS,
    RUNS,
    OUTPUTS,
    FIRES,
    TOTALS,
    NEWEST_ENDS,
    EVENTS,
];

impl Table {
    /// What is to be selected to read a row: its columns, and behind them whether its checksum matches, for
    /// [`Self::hold`].
    pub fn selection(self) -> String {
        let columns = self.columns;
        format!("{columns}, checksum IS checksum_of({columns})")
    }

    /// How many columns there are, and so the place of what [`Self::hold`] looks at.
    pub fn count(self) -> usize {
        self.columns.split(", ").count()
    }

    /// That the checksum of a row matches, which was read by this table's selection.
    ///
    /// # Errors
    /// It does not: one of the values is another than was written.
    pub fn hold(self, row: &Row<'_>) -> rusqlite::Result<()> {
        let index = self.count();
        if row.get(index)? {
            return Ok(());
        }
        let problem = format!("a checksum in `{}` does not match", self.name);
        Err(rusqlite::Error::FromSqlConversionFailure(
            index,
            Type::Integer,
            problem.into(),
        ))
    }
}

/// Teaches a connection the function `checksum_of`, of any number of values: 64 bits of SipHash-1-3 with the
/// key zero over the kind and the bytes of each, the same for ever.
///
/// # Errors
/// SQLite has no memory for it.
///
/// # Examples
/// ```
/// let connection = rusqlite::Connection::open_in_memory()?;
/// rsched::store::sqlite::checksums::teach(&connection)?;
/// let checksum = |values: &str| {
///     let sql = format!("SELECT checksum_of({values})");
///     connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
/// };
/// assert_eq!(checksum("'backup', 7")?, checksum("'backup', 7")?);
/// assert_ne!(checksum("'backup', 7")?, checksum("'backup', 6")?);
/// assert_ne!(checksum("'back', 'up'")?, checksum("'backup', ''")?);
/// # Ok::<(), rusqlite::Error>(())
/// ```
pub fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("checksum_of", -1, flags, |values| {
        let mut hasher = SipHasher13::new();
        for index in 0..values.len() {
            take_in(&mut hasher, values.get_raw(index));
        }
        Ok(hasher.finish().cast_signed())
    })
}

/// The kind of a value, its length where that may differ, its bytes.
fn take_in(hasher: &mut SipHasher13, value: ValueRef<'_>) {
    let mut text = |kind: u8, bytes: &[u8]| {
        hasher.write(&[kind]);
        hasher.write(&(bytes.len() as u64).to_le_bytes());
        hasher.write(bytes);
    };
    match value {
        ValueRef::Null => hasher.write(&[0]),
        ValueRef::Integer(number) => {
            hasher.write(&[1]);
            hasher.write(&number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            hasher.write(&[2]);
            hasher.write(&number.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) => text(3, bytes),
        ValueRef::Blob(bytes) => text(4, bytes),
    }
}

/// Gives every row the checksum of what stands there: after a step to this version, or a recovery.
///
/// # Errors
/// The rows cannot be written.
pub fn fill(connection: &Connection) -> rusqlite::Result<()> {
    for Table { name, columns } in TABLES {
        let sql = format!("UPDATE {name} SET checksum = checksum_of({columns})");
        connection.execute(&sql, [])?;
    }
    Ok(())
}

/// Puts views before the tables of a file of a version that had no checksums, which is only to be read, for
/// this connection alone: in them all match.
pub(super) fn stand_in(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    for Table { name, columns } in TABLES {
        connection.execute_batch(&format!(
            "CREATE TEMP VIEW {name} AS SELECT *, checksum_of({columns}) AS checksum FROM main.{name}"
        ))?;
    }
    Ok(())
}

/// Whether the tables have checksums.
pub(super) fn are_there(connection: &Connection) -> bool {
    connection
        .prepare("SELECT checksum FROM main.store")
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(values: &str) -> i64 {
        let connection = Connection::open_in_memory().unwrap();
        teach(&connection).unwrap();
        let sql = format!("SELECT checksum_of({values})");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_checksum_never_changes_between_versions() {
        // They stand in files: these values are for ever.
        assert_eq!(
            checksum("NULL, 1, 'a', x'61', 0.5"),
            -309_788_475_148_868_780
        );
    }

    #[test]
    fn values_of_another_kind_are_others() {
        let kinds = ["NULL", "0", "0.0", "''", "x''", "'0'", "x'30'"];
        for (index, one) in kinds.iter().enumerate() {
            for other in &kinds[index + 1..] {
                assert_ne!(checksum(one), checksum(other), "{one}, {other}");
            }
        }
    }
}
