//! What a restart reads: everything the scheduler must know of its past, and nothing of its history.

use super::columns::{self, JOB_COLUMNS, RUN_COLUMNS};
use crate::config::JobId;
use crate::scheduler::{FireIdentity, JobRecord, Outcome, RunRecord, StoreId};
use crate::store::{Kept, Summaries};
use crate::time::WallTime;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// The newest life of a scheduler before this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastSession {
    pub boot_id: String,
    pub last_seen: WallTime,
}

/// Reads it all. A row that makes no sense is an error: nothing is guessed.
pub(super) fn kept(connection: &Connection) -> rusqlite::Result<(Kept, Option<LastSession>)> {
    let last = last_session(connection)?;
    let sql = "SELECT id, epoch, last_seq, paused, manual_runs FROM store";
    let kept = connection.query_row(sql, [], |row| {
        Ok(Kept {
            id: StoreId(u128::from_be_bytes(row.get(0)?)),
            epoch: row.get(1)?,
            last_seq: columns::unsigned(row, 2)?,
            paused: row.get(3)?,
            manual_runs: columns::unsigned(row, 4)?,
            newest: last.as_ref().map(|last| last.last_seen),
            jobs: jobs(connection)?,
            unfinished: unfinished(connection)?,
            summaries: summaries(connection)?,
        })
    })?;
    Ok((kept, last))
}

fn last_session(connection: &Connection) -> rusqlite::Result<Option<LastSession>> {
    let mut statement =
        connection.prepare("SELECT boot_id, last_seen FROM sessions ORDER BY id DESC LIMIT 1")?;
    let mut rows = statement.query_map([], |row| {
        Ok(LastSession {
            boot_id: row.get(0)?,
            last_seen: columns::time(row, 1)?,
        })
    })?;
    rows.next().transpose()
}

fn jobs(connection: &Connection) -> rusqlite::Result<BTreeMap<JobId, JobRecord>> {
    let mut statement = connection.prepare(&format!("SELECT {JOB_COLUMNS} FROM jobs"))?;
    let jobs = statement.query_map([], columns::job)?;
    jobs.map(|job| job.map(|job| (job.job.clone(), job)))
        .collect()
}

fn unfinished(connection: &Connection) -> rusqlite::Result<BTreeMap<FireIdentity, RunRecord>> {
    let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE state <> 'ended'");
    let mut statement = connection.prepare(&sql)?;
    let runs = statement.query_map([], columns::run)?;
    runs.map(|run| run.map(|run| (run.identity(), run)))
        .collect()
}

fn summaries(connection: &Connection) -> rusqlite::Result<Summaries> {
    let mut summaries = Summaries::default();
    let mut statement = connection.prepare("SELECT job, outcome, count FROM totals")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let outcome = columns::named(row, 1, Outcome::parse)?;
        let summary = summaries.entry(&columns::job_id(row, 0)?);
        summary.outcomes.add(outcome, columns::unsigned(row, 2)?);
    }
    let mut statement = connection
        .prepare("SELECT job, outcome, fire_time, exit_code, succeeded_for FROM newest_ends")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let outcome = columns::named(row, 1, Outcome::parse)?;
        let summary = summaries.entry(&columns::job_id(row, 0)?);
        summary.last_run = Some((columns::time(row, 2)?, outcome, row.get(3)?));
        summary.last_success = columns::optional_time(row, 4)?;
    }
    Ok(summaries)
}
