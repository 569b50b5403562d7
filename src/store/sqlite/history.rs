//! What people ask of the records.

use super::checksums::{EVENTS, FIRES, JOBS, NEWEST_ENDS, OUTPUTS, RUNS, SESSIONS, TOTALS};
use super::columns;
use super::load;
use super::open::{self, OpenError};
use crate::config::JobId;
use crate::scheduler::{
    Emitted, EventName, FiresRecord, JobRecord, Outcome, OutputTail, RunId, RunRecord,
};
use crate::store::Kept;
use crate::time::WallTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Hexadecimal digits of a run's id.
const ID_DIGITS: usize = 16;

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

/// Which runs, or fires that became none, are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of one job; none: of all.
    pub job: Option<&'a JobId>,
    /// Whose fire times lie here.
    pub window: Window,
    /// That ended in one of these ways; empty: in any, or not yet.
    pub outcomes: &'a [Outcome],
    /// The newest, so many at most.
    pub at_most: u32,
}

/// One life of a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The boot of the machine it belongs to.
    pub boot_id: String,
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

    /// The runs that are asked for, newest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs(&self, asked: Asked<'_>) -> Result<Vec<RunRecord>, OpenError> {
        let sql = format!(
            "SELECT {} FROM runs
             WHERE {} AND fire_time BETWEEN ?2 AND ?3 {} {}
             ORDER BY fire_time DESC, number DESC LIMIT ?4",
            RUNS.selection(),
            of_job(asked.job),
            ended_as(asked.outcomes),
            // Those without an end may have the outcome of an attempt.
            if asked.outcomes.is_empty() {
                ""
            } else {
                "AND state = 'ended'"
            },
        );
        let parameters = params![
            asked.job.map(JobId::as_str),
            asked.window.since.as_micros(),
            asked.window.until.as_micros(),
            asked.at_most,
        ];
        self.rows(&sql, parameters, columns::run)
    }

    /// The fires that became no run and are asked for, those that are only in part in the window among
    /// them; newest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn fires(&self, asked: Asked<'_>) -> Result<Vec<FiresRecord>, OpenError> {
        let sql = format!(
            "SELECT {} FROM fires
             WHERE {} AND last >= ?2 AND first <= ?3 {}
             ORDER BY last DESC, number DESC LIMIT ?4",
            FIRES.selection(),
            of_job(asked.job),
            ended_as(asked.outcomes),
        );
        let parameters = params![
            asked.job.map(JobId::as_str),
            asked.window.since.as_micros(),
            asked.window.until.as_micros(),
            asked.at_most,
        ];
        self.rows(&sql, parameters, columns::fires)
    }

    /// The runs of a job that were judged in the same moment: what a backlog was folded into.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs_noticed_at(&self, job: &JobId, at: WallTime) -> Result<Vec<RunRecord>, OpenError> {
        let sql = format!(
            "SELECT {} FROM runs WHERE job = ?1 AND noticed_at = ?2 ORDER BY fire_time",
            RUNS.selection()
        );
        self.rows(&sql, params![job.as_str(), at.as_micros()], columns::run)
    }

    /// The runs of a job that waited or ran at that time.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs_alive_at(&self, job: &JobId, at: WallTime) -> Result<Vec<RunRecord>, OpenError> {
        let sql = format!(
            "SELECT {} FROM runs
             WHERE job = ?1 AND noticed_at <= ?2 AND (ended_at IS NULL OR ended_at >= ?2)
             ORDER BY fire_time",
            RUNS.selection()
        );
        self.rows(&sql, params![job.as_str(), at.as_micros()], columns::run)
    }

    /// The oldest fire time of a job whose run has ended and is still on record: older ones may have been
    /// pruned. What was not run is pruned apart from that.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn oldest_ended_run(&self, job: &JobId) -> Result<Option<WallTime>, OpenError> {
        let sql = "SELECT min(fire_time) FROM runs WHERE job = ?1 AND state = 'ended'";
        let oldest = self.rows(sql, params![job.as_str()], |row| {
            columns::optional_time(row, 0)
        })?;
        Ok(oldest.into_iter().flatten().next())
    }

    /// Whether every fire of a job that ever ended is still on record.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn is_whole(&self, job: &JobId) -> Result<bool, OpenError> {
        let sql = "SELECT (SELECT coalesce(sum(count), 0) FROM totals WHERE job = ?1)
             = (SELECT count(*) FROM runs WHERE job = ?1 AND state = 'ended')
             + (SELECT coalesce(sum(count), 0) FROM fires WHERE job = ?1)";
        let whole = self.rows(sql, params![job.as_str()], |row| row.get::<_, bool>(0))?;
        Ok(whole.first() == Some(&true))
    }

    /// The runs whose id begins with these hexadecimal digits, newest first; none if they are no
    /// such digits.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn runs_of_id(&self, digits: &str, at_most: u32) -> Result<Vec<RunRecord>, OpenError> {
        let is_id = (1..=ID_DIGITS).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (Ok(first), Ok(last)) = (
            u64::from_str_radix(&format!("{digits:0<ID_DIGITS$}"), 16),
            u64::from_str_radix(&format!("{digits:f<ID_DIGITS$}"), 16),
        ) else {
            return Ok(Vec::new());
        };
        if !is_id {
            return Ok(Vec::new());
        }
        // The first digit is the same, and so the sign is: between the two lie just those meant.
        let sql = format!(
            "SELECT {} FROM runs WHERE run_id BETWEEN ?1 AND ?2
             ORDER BY fire_time DESC, number DESC LIMIT ?3",
            RUNS.selection()
        );
        let number = |id| columns::run_number(RunId::from_u64(id));
        let parameters = params![number(first), number(last), at_most];
        self.rows(&sql, parameters, columns::run)
    }

    /// What a run printed, the last of it; none while it runs, or if it printed nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn output(&self, run: &RunRecord) -> Result<Option<OutputTail>, OpenError> {
        // The id is in no index beside the rest: so the row itself is looked at, and an index that leads to
        // another run gives nothing, not what that one printed.
        let sql = format!(
            "SELECT {} FROM outputs WHERE run = (
                 SELECT number FROM runs
                 WHERE job = ?1 AND fire_time = ?2 AND epoch = ?3 AND sequence = ?4 AND run_id = ?5)",
            OUTPUTS.selection()
        );
        let parameters = params![
            run.job.as_str(),
            run.fire_time.as_micros(),
            run.epoch,
            columns::signed(run.sequence),
            columns::run_number(run.id),
        ];
        self.connection
            .query_row(&sql, parameters, columns::output)
            .optional()
            .map_err(|error| self.unreadable(&error))
    }

    /// The events of these names in the window, oldest first: of one job and the scheduler itself, or
    /// all.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn events(
        &self,
        job: Option<&JobId>,
        names: &[EventName],
        window: Window,
    ) -> Result<Vec<Emitted>, OpenError> {
        let names: Vec<_> = names.iter().map(|name| quoted(name.as_str())).collect();
        let sql = format!(
            "SELECT {} FROM events
             WHERE (?1 IS NULL OR job IS NULL OR job = ?1) AND time BETWEEN ?2 AND ?3
                 AND event IN ({}) ORDER BY seq",
            EVENTS.selection(),
            names.join(", ")
        );
        let parameters = params![
            job.map(JobId::as_str),
            window.since.as_micros(),
            window.until.as_micros(),
        ];
        self.rows(&sql, parameters, columns::event)
    }

    /// What is known of a job for a restart.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn job(&self, id: &JobId) -> Result<Option<JobRecord>, OpenError> {
        let sql = format!("SELECT {} FROM jobs WHERE id = ?1", JOBS.selection());
        Ok(self.rows(&sql, params![id.as_str()], columns::job)?.pop())
    }

    /// The jobs that are in no file, in id order.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn run_time_jobs(&self) -> Result<Vec<JobRecord>, OpenError> {
        let sql = format!(
            "SELECT {} FROM jobs WHERE definition IS NOT NULL ORDER BY id",
            JOBS.selection()
        );
        self.rows(&sql, params![], columns::job)
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
        let sql = format!(
            "SELECT {} FROM totals WHERE job = ?1 ORDER BY outcome",
            TOTALS.selection()
        );
        self.rows(&sql, params![id.as_str()], |row| {
            columns::total(row).map(|(_, outcome, count)| (outcome, count))
        })
    }

    /// The fire time of the newest run of a job that succeeded, be it still on record or not.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn newest_success(&self, id: &JobId) -> Result<Option<WallTime>, OpenError> {
        let sql = format!(
            "SELECT {} FROM newest_ends WHERE job = ?1",
            NEWEST_ENDS.selection()
        );
        let found = self.rows(&sql, params![id.as_str()], columns::newest_end)?;
        Ok(found.first().and_then(|newest| newest.succeeded_for))
    }

    /// What a scheduler that started now would go on from.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn kept(&self) -> Result<Kept, OpenError> {
        let kept = load::kept(&self.connection);
        Ok(kept.map_err(|error| self.unreadable(&error))?.0)
    }

    /// What last became of a fire of each job, be it a run or none, and when; of fires that others stand for
    /// nothing became.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn last_outcomes(&self) -> Result<BTreeMap<JobId, (Outcome, WallTime)>, OpenError> {
        // Of the columns without a function, SQLite gives those of the row that has the maximum.
        let sql = "SELECT job, outcome, max(ended_at) FROM runs
                 WHERE state = 'ended' AND outcome <> 'coalesced' GROUP BY job
             UNION ALL SELECT job, outcome, max(judged_at) FROM fires
                 WHERE outcome <> 'coalesced' GROUP BY job";
        let rows = self.rows(sql, params![], |row| {
            Ok((
                columns::job_id(row, 0)?,
                (
                    columns::named(row, 1, Outcome::parse)?,
                    columns::time(row, 2)?,
                ),
            ))
        })?;
        let mut last = BTreeMap::new();
        for (job, found) in rows {
            let newest = last.entry(job).or_insert(found);
            if found.1 > newest.1 {
                *newest = found;
            }
        }
        Ok(last)
    }

    /// The lives of schedulers, oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn sessions(&self) -> Result<Vec<SessionRow>, OpenError> {
        let sql = format!("SELECT {} FROM sessions ORDER BY id", SESSIONS.selection());
        self.rows(&sql, params![], columns::session)
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

/// Only with a job in the condition are its runs found by the index. The parameter is always there.
const fn of_job(job: Option<&JobId>) -> &'static str {
    match job {
        Some(_) => "job = ?1",
        None => "?1 IS NULL",
    }
}

fn ended_as(outcomes: &[Outcome]) -> String {
    if outcomes.is_empty() {
        return String::new();
    }
    let names: Vec<_> = outcomes
        .iter()
        .map(|outcome| quoted(outcome.as_str()))
        .collect();
    format!("AND outcome IN ({})", names.join(", "))
}

/// A name of ours, in which there are no quotes, as SQL writes text.
fn quoted(name: &str) -> String {
    format!("'{name}'")
}
