//! The tables, as a row of steps: a file of any earlier version becomes one of this by the steps it lacks.
//!
//! Steps are never changed once released, only added. Times are microseconds since 1970 (UTC),
//! lengths are microseconds, names of outcomes and states are those of the JSON.

use super::checksums;
use rusqlite::{Connection, Transaction};

/// Tells our files from other SQLite files (`PRAGMA application_id`): "rsch".
pub(super) const APPLICATION_ID: i64 = 0x7273_6368;

/// The first step makes version 1, and so on.
const STEPS: [&str; 3] = [FIRST, RETRIES, CHECKSUMS];

/// The version this program writes: the number of steps.
pub(super) const VERSION: i64 = 3;

/// The first version whose rows have checksums.
pub(super) const WITH_CHECKSUMS: i64 = 3;

const FIRST: &str = "
-- One row: what is true of the whole store.
CREATE TABLE store (
    id BLOB NOT NULL,           -- 16 bytes; run ids are derived from it
    epoch INTEGER NOT NULL DEFAULT 0,       -- how often the clock was set back
    paused INTEGER NOT NULL DEFAULT 0,      -- whether all fires wait
    manual_runs INTEGER NOT NULL DEFAULT 0, -- how many runs were asked for
    last_seq INTEGER NOT NULL DEFAULT 0     -- number of the last event
);

-- One row a life of a scheduler.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    boot_id TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    last_seen INTEGER NOT NULL, -- when its newest batch was made
    ended_at INTEGER            -- when it stopped by itself; NULL: it died, or runs
);

-- The jobs, as far as a restart must know them.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    phase TEXT NOT NULL,
    anchor INTEGER NOT NULL,
    progress TEXT NOT NULL,     -- JSON
    paused INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    definition TEXT             -- of a job that is in no file
) WITHOUT ROWID;

-- One row a fire that became a run.
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    job TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    reason TEXT NOT NULL,
    stands_for INTEGER NOT NULL,
    noticed_at INTEGER NOT NULL,
    started_at INTEGER,
    waited INTEGER,
    pid INTEGER,
    state TEXT NOT NULL,        -- pending, starting, running, ended
    outcome TEXT,
    ended_at INTEGER,
    exit_code INTEGER,
    signal INTEGER,
    core_dumped INTEGER NOT NULL DEFAULT 0,
    duration INTEGER,
    user_time INTEGER,
    system_time INTEGER,
    peak_memory INTEGER,        -- bytes
    detail TEXT,
    UNIQUE (job, fire_time, epoch, sequence)
);
CREATE INDEX runs_by_id ON runs (run_id);
CREATE INDEX runs_without_end ON runs (state) WHERE state <> 'ended';

-- What runs printed, the last of it.
CREATE TABLE outputs (
    run INTEGER PRIMARY KEY,    -- runs.number
    total_bytes INTEGER NOT NULL,
    tail BLOB NOT NULL
);

-- Fires that became no run: a row for each stretch of them.
CREATE TABLE fires (
    number INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    judged_at INTEGER NOT NULL,
    detail TEXT
);
CREATE INDEX fires_of_job ON fires (job, last);

-- How many fires ever ended how; rows of `runs` and `fires` are pruned, these are not.
CREATE TABLE totals (
    job TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job, outcome)
) WITHOUT ROWID;

-- How the newest run of each job ended, and its newest success: these are not pruned either.
CREATE TABLE newest_ends (
    job TEXT PRIMARY KEY,
    outcome TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    exit_code INTEGER,
    succeeded_for INTEGER       -- fire time of the newest success
) WITHOUT ROWID;

-- What the world was told.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    event TEXT NOT NULL,
    job TEXT,
    run_id INTEGER,
    fire_time INTEGER,
    outcome TEXT,
    exit_code INTEGER,
    signal INTEGER,
    core_dumped INTEGER NOT NULL,
    duration INTEGER,
    late_by INTEGER,
    count INTEGER,
    pid INTEGER,
    detail TEXT
);
";

/// No other tables, but another meaning: a run that is pending or starting has the outcome of the attempt
/// before, in the columns of an end. A program that does not know would run it as if nothing had run.
const RETRIES: &str = "";

/// Every row ends with the checksum of its values; see `checksums.rs`.
const CHECKSUMS: &str = "
ALTER TABLE store ADD COLUMN checksum INTEGER;
ALTER TABLE sessions ADD COLUMN checksum INTEGER;
ALTER TABLE jobs ADD COLUMN checksum INTEGER;
ALTER TABLE runs ADD COLUMN checksum INTEGER;
ALTER TABLE outputs ADD COLUMN checksum INTEGER;
ALTER TABLE fires ADD COLUMN checksum INTEGER;
ALTER TABLE totals ADD COLUMN checksum INTEGER;
ALTER TABLE newest_ends ADD COLUMN checksum INTEGER;
ALTER TABLE events ADD COLUMN checksum INTEGER;
";

/// The version of a file; 0 when it is new.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes a file through the steps it lacks.
pub(super) fn upgrade(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    debug_assert_eq!(usize::try_from(VERSION), Ok(STEPS.len()));
    let done = usize::try_from(from).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    if from < WITH_CHECKSUMS {
        checksums::fill(transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

/// Says which store a new file is.
pub(super) fn identify(to: &Connection, id: u128) -> rusqlite::Result<()> {
    let sql = "INSERT INTO store (id, checksum) VALUES (?1, checksum_of(?1, 0, 0, 0, 0))";
    to.execute(sql, [id.to_be_bytes()]).map(|_| ())
}
