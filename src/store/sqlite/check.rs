//! Is a store whole? SQLite's own check of every page and index, and what must be true of our rows.

use super::checksums::{
    self, EVENTS, FIRES, JOBS, NEWEST_ENDS, OUTPUTS, RUNS, SESSIONS, STORE, TOTALS, Table,
};
use super::columns;
use super::open::{self, OpenError};
use super::schema;
use rusqlite::{Connection, Row};
use std::path::Path;

/// So many problems are told of each kind; a damaged page has thousands.
const TOLD_OF_A_KIND: usize = 10;

/// What a look at a store found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its version.
    pub version: i64,
    /// How many rows each table has; none where that cannot be read.
    pub rows: Vec<(&'static str, Option<u64>)>,
    /// What is wrong; nothing if it is whole.
    pub problems: Vec<String>,
}

/// What must be true of the rows together: a query for those of which it is not, with what to say of
/// each (its first column is text).
const RULES: [(&str, &str); 12] = [
    (
        "a run that ended has no outcome, or one that did not has one",
        "SELECT number FROM runs WHERE (outcome IS NULL) <> (ended_at IS NULL)
             OR (state = 'ended' AND outcome IS NULL)
             OR (state <> 'ended' AND outcome IS NOT NULL
                 AND (attempt < 2 OR state NOT IN ('pending', 'starting')))",
    ),
    (
        "the output of a run that is not there, or has not ended",
        "SELECT run FROM outputs WHERE run NOT IN (SELECT number FROM runs WHERE state = 'ended')",
    ),
    (
        "more of an output is kept than there was",
        "SELECT run FROM outputs WHERE length(tail) > total_bytes",
    ),
    (
        "a stretch of fires whose first, last and number do not go together",
        "SELECT number FROM fires WHERE count < 1 OR first > last OR (count = 1) <> (first = last)",
    ),
    (
        "a stretch of fires with the outcome of a run",
        "SELECT number FROM fires WHERE outcome NOT IN ('missed', 'coalesced', 'skipped')",
    ),
    (
        "two stretches of fires of one job overlap",
        "SELECT number FROM (SELECT number, first, lag(last) OVER (PARTITION BY job, epoch
             ORDER BY first, last) AS before FROM fires) WHERE before >= first",
    ),
    (
        "a fire has a run and is in a stretch of fires that became none",
        "SELECT runs.number FROM fires JOIN runs ON runs.job = fires.job
             AND runs.fire_time IN (fires.first, fires.last)
             AND runs.epoch = fires.epoch AND runs.sequence = 0",
    ),
    (
        "more of a job's fires ended so than its total says",
        "SELECT kept.job || ', ' || kept.outcome FROM (
             SELECT job, outcome, count(*) AS n FROM runs WHERE state = 'ended' GROUP BY job, outcome
             UNION ALL SELECT job, outcome, sum(count) FROM fires GROUP BY job, outcome) AS kept
         GROUP BY kept.job, kept.outcome HAVING sum(kept.n) > coalesce((SELECT totals.count FROM totals
             WHERE totals.job = kept.job AND totals.outcome = kept.outcome), 0)",
    ),
    (
        "a total is not what its records add up to, and none of them was pruned",
        "SELECT job || ', ' || outcome FROM totals WHERE count <>
             (SELECT count(*) FROM runs WHERE runs.job = totals.job
                 AND runs.outcome = totals.outcome AND runs.state = 'ended')
             + (SELECT coalesce(sum(fires.count), 0) FROM fires WHERE fires.job = totals.job
                 AND fires.outcome = totals.outcome)
             AND (SELECT count(*) = max(number) FROM runs)
             AND (SELECT count(*) = max(number) FROM fires)",
    ),
    (
        "the newest end of a job is not of a run",
        "SELECT job FROM newest_ends WHERE outcome IN ('missed', 'coalesced', 'skipped')",
    ),
    (
        "an event is numbered higher than the last one",
        "SELECT seq FROM events WHERE seq > (SELECT last_seq FROM store)",
    ),
    (
        "a run that was asked for is numbered higher than the last one",
        "SELECT number FROM runs WHERE sequence > (SELECT manual_runs FROM store)",
    ),
];

/// Looks at everything in a store, beside a scheduler that may be writing it.
///
/// # Errors
/// There is none, it is no store of ours, or of a later version, or it cannot be read at all.
pub fn check(path: &Path) -> Result<Report, OpenError> {
    let connection = open::for_reading(path)?;
    let version =
        schema::version(&connection).map_err(|error| OpenError::of(path, "read", &error))?;
    // All that follows sees one and the same state of it.
    let began = connection.execute_batch("BEGIN");
    began.map_err(|error| OpenError::of(path, "read", &error))?;
    Ok(Report {
        version,
        rows: checksums::TABLES
            .into_iter()
            .map(|Table { name, .. }| (name, count(&connection, name)))
            .collect(),
        problems: problems(&connection),
    })
}

/// What is wrong with a store that is open; nothing if it is whole.
pub(super) fn problems(connection: &Connection) -> Vec<String> {
    let mut problems = integrity(connection);
    if let Some(problem) = identity(connection).err() {
        problems.push(problem);
    }
    problems.extend(rows(connection));
    for (rule, sql) in RULES {
        let found = text_of_each(connection, sql);
        problems.extend(told(rule, found));
    }
    problems
}

fn integrity(connection: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    // What it says before it gives up is worth hearing.
    let read = (|| -> rusqlite::Result<()> {
        let mut statement = connection.prepare("PRAGMA integrity_check(10)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            lines.extend(text(row, 0).lines().map(str::to_owned));
        }
        Ok(())
    })();
    lines.retain(|line| line != "ok" && !line.starts_with("***"));
    lines.extend(read.err().map(|error| error.to_string()));
    lines
}

/// One row says which store it is.
fn identity(connection: &Connection) -> Result<(), String> {
    let found = (|| -> rusqlite::Result<Vec<[u8; 16]>> {
        let mut statement = connection.prepare("SELECT id FROM store")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    })();
    match found {
        Ok(ids) if ids.len() == 1 => Ok(()),
        Ok(ids) => Err(format!("table `store` has {} rows, not one", ids.len())),
        Err(error) => Err(format!("table `store`: {error}")),
    }
}

/// Every row is read once.
fn rows(connection: &Connection) -> Vec<String> {
    let mut problems = Vec::new();
    let mut look = |what: &str,
                    table: Table,
                    number: &str,
                    read: &dyn Fn(&Row<'_>) -> rusqlite::Result<()>| {
        let sql = format!("SELECT {}, {number} FROM {}", table.selection(), table.name);
        let found = unreadable(connection, &sql, read);
        problems.extend(told(what, found));
    };
    look(
        "what is known of the store makes no sense",
        STORE,
        "'store'",
        &|row| columns::store(row).map(|_| ()),
    );
    look(
        "a life of a scheduler makes no sense",
        SESSIONS,
        "id",
        &|row| columns::session(row).map(|_| ()),
    );
    look("a job makes no sense", JOBS, "id", &|row| {
        columns::job(row).map(|_| ())
    });
    look("a run makes no sense", RUNS, "number", &|row| {
        columns::run(row).map(|_| ())
    });
    look("an output makes no sense", OUTPUTS, "run", &|row| {
        columns::output(row).map(|_| ())
    });
    look(
        "a stretch of fires makes no sense",
        FIRES,
        "number",
        &|row| columns::fires(row).map(|_| ()),
    );
    look("a total makes no sense", TOTALS, "job", &|row| {
        columns::total(row).map(|_| ())
    });
    look(
        "the newest end of a job makes no sense",
        NEWEST_ENDS,
        "job",
        &|row| columns::newest_end(row).map(|_| ()),
    );
    look("an event makes no sense", EVENTS, "seq", &|row| {
        columns::event(row).map(|_| ())
    });
    problems
}

/// The rows that cannot be read, by their last column, and why.
fn unreadable(
    connection: &Connection,
    sql: &str,
    read: &dyn Fn(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let name = statement.column_count() - 1;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if let Err(error) = read(row) {
            found.push(format!("{}, {}", text(row, name), open::reason(&error)));
        }
    }
    Ok(found)
}

fn text_of_each(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok(text(row, 0)))?;
    rows.collect()
}

/// Whatever stands there, as text.
fn text(row: &Row<'_>, column: usize) -> String {
    use rusqlite::types::ValueRef;
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => number.to_string(),
        Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => "?".to_owned(),
    }
}

/// Some of what was found, in words.
fn told(what: &str, found: rusqlite::Result<Vec<String>>) -> Vec<String> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return vec![format!("cannot look whether {what}: {error}")],
    };
    let mut told: Vec<_> = found
        .iter()
        .take(TOLD_OF_A_KIND)
        .map(|row| format!("{what} ({row})"))
        .collect();
    if found.len() > TOLD_OF_A_KIND {
        told.push(format!("{what}: {} more", found.len() - TOLD_OF_A_KIND));
    }
    told
}

fn count(connection: &Connection, table: &str) -> Option<u64> {
    let sql = format!("SELECT count(*) FROM {table}");
    let count = connection.query_row(&sql, [], |row| columns::unsigned(row, 0));
    count.ok()
}
