//! What people ask of the records.

use super::columns::{self, JOB_COLUMNS, RUN_COLUMNS};
use super::open::{self, OpenError};
use crate::config::JobId;
use crate::scheduler::{Emitted, FiresRecord, JobRecord, Outcome, OutputTail, RunId, RunRecord};
use crate::time::WallTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::path::{Path, PathBuf};

/// The records, to be looked at.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
}

/// A stretch of time: `since <= t <= until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub since: WallTime,
    /// Its last instant.
    pub until: WallTime,
}

impl Window {
    /// All of time.
    pub const ALWAYS: Self = Self {
        since: WallTime::MIN,
        until: WallTime::MAX,
    };
}

/// One life of a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its process.
    pub pid: i32,
    /// The program's version.
    pub version: String,
    /// When it began.
    pub started_at: WallTime,
    /// When it last wrote anything.
    pub last_seen: WallTime,
    /// When it stopped by itself; none: it died, or runs.
    pub ended_at: Option<WallTime>,
}

impl History {
    /// Opens the records, beside a scheduler that may be writing them.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            connection: open::for_reading(path)?,
            path: path.to_owned(),
        })
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs whose fire time lies in the window, newest first: of one job or all.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs(
        &self,
        job: Option<&JobId>,
        window: Window,
        outcome: Option<Outcome>,
        at_most: u32,
    ) -> Result<Vec<RunRecord>, OpenError> {
        let sql = format!(
            "SELECT {RUN_COLUMNS} FROM runs
             WHERE (?1 IS NULL OR job = ?1) AND fire_time BETWEEN ?2 AND ?3
                 AND (?4 IS NULL OR outcome = ?4)
             ORDER BY fire_time DESC, number DESC LIMIT ?5"
        );
        let parameters = params![
            job.map(JobId::as_str),
            window.since.as_micros(),
            window.until.as_micros(),
            outcome.map(Outcome::as_str),
            at_most,
        ];
        self.rows(&sql, parameters, columns::run)
    }

    /// Fires that became no run and lie in the window, at least in part; newest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn fires(
        &self,
        job: Option<&JobId>,
        window: Window,
        outcome: Option<Outcome>,
        at_most: u32,
    ) -> Result<Vec<FiresRecord>, OpenError> {
        let sql = "SELECT job, first, last, count, epoch, outcome, judged_at, detail FROM fires
             WHERE (?1 IS NULL OR job = ?1) AND last >= ?2 AND first <= ?3
                 AND (?4 IS NULL OR outcome = ?4)
             ORDER BY last DESC, number DESC LIMIT ?5";
        let parameters = params![
            job.map(JobId::as_str),
            window.since.as_micros(),
            window.until.as_micros(),
            outcome.map(Outcome::as_str),
            at_most,
        ];
        self.rows(sql, parameters, columns::fires)
    }

    /// The runs of this id; more than one only if two ids ever met.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs_of_id(&self, id: RunId) -> Result<Vec<RunRecord>, OpenError> {
        let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE run_id = ?1");
        self.rows(&sql, params![columns::run_number(id)], columns::run)
    }

    /// What a run printed, the last of it; none while it runs, or if it printed nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn output(&self, run: &RunRecord) -> Result<Option<OutputTail>, OpenError> {
        self.connection
            .query_row(
                "SELECT total_bytes, tail FROM outputs WHERE run = (
                     SELECT number FROM runs
                     WHERE job = ?1 AND fire_time = ?2 AND epoch = ?3 AND sequence = ?4)",
                params![
                    run.job.as_str(),
                    run.fire_time.as_micros(),
                    run.epoch,
                    columns::signed(run.sequence)
                ],
                |row| columns::output(row, 0),
            )
            .optional()
            .map_err(|error| self.unreadable(&error))
    }

    /// Events in the window, oldest first: of one job and the scheduler itself, or all.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn events(&self, job: Option<&JobId>, window: Window) -> Result<Vec<Emitted>, OpenError> {
        let sql = "SELECT seq, time, event, job, run_id, fire_time, outcome, exit_code, signal,
                 core_dumped, duration, late_by, count, pid, detail FROM events
             WHERE (?1 IS NULL OR job IS NULL OR job = ?1) AND time BETWEEN ?2 AND ?3 ORDER BY seq";
        let parameters = params![
            job.map(JobId::as_str),
            window.since.as_micros(),
            window.until.as_micros(),
        ];
        self.rows(sql, parameters, columns::event)
    }

    /// What is known of a job for a restart.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn job(&self, id: &JobId) -> Result<Option<JobRecord>, OpenError> {
        let sql = format!("SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?1");
        Ok(self.rows(&sql, params![id.as_str()], columns::job)?.pop())
    }

    /// Every job there are records of, in id order.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn job_ids(&self) -> Result<Vec<JobId>, OpenError> {
        let sql = "SELECT id FROM jobs UNION SELECT job FROM totals ORDER BY 1";
        self.rows(sql, params![], |row| columns::job_id(row, 0))
    }

    /// How many fires of a job ever ended how.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn totals(&self, id: &JobId) -> Result<Vec<(Outcome, u64)>, OpenError> {
        let sql = "SELECT outcome, count FROM totals WHERE job = ?1 ORDER BY outcome";
        self.rows(sql, params![id.as_str()], |row| {
            Ok((
                columns::named(row, 0, Outcome::parse)?,
                columns::unsigned(row, 1)?,
            ))
        })
    }

    /// The lives of schedulers, oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn sessions(&self) -> Result<Vec<SessionRow>, OpenError> {
        let sql = "SELECT pid, version, started_at, last_seen, ended_at FROM sessions ORDER BY id";
        self.rows(sql, params![], |row| {
            Ok(SessionRow {
                pid: row.get(0)?,
                version: row.get(1)?,
                started_at: columns::time(row, 2)?,
                last_seen: columns::time(row, 3)?,
                ended_at: columns::optional_time(row, 4)?,
            })
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, OpenError> {
        let all = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map(parameters, read)?;
            rows.collect()
        };
        all().map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &rusqlite::Error) -> OpenError {
        OpenError::of(&self.path, "read", error)
    }
}
