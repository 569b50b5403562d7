//! What a restart reads: everything the scheduler must know of its past, and nothing of its history.

use super::checksums::{JOBS, NEWEST_ENDS, RUNS, SESSIONS, STORE, TOTALS};
use super::columns;
use super::history::SessionRow;
use crate::config::JobId;
use crate::scheduler::{FireIdentity, JobRecord, RunRecord};
use crate::store::{Kept, Summaries};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Reads it all, with the newest life of a scheduler before this one. A row that makes no sense, or in which
/// not all is as it was written, is an error: nothing is guessed.
pub(super) fn kept(connection: &Connection) -> rusqlite::Result<(Kept, Option<SessionRow>)> {
    let last = last_session(connection)?;
    let sql = format!("SELECT {} FROM store", STORE.selection());
    let store = connection.query_row(&sql, [], columns::store)?;
    let kept = Kept {
        id: store.id,
        epoch: store.epoch,
        last_seq: store.last_seq,
        paused: store.paused,
        manual_runs: store.manual_runs,
        newest: last.as_ref().map(|last| last.last_seen),
        jobs: jobs(connection)?,
        unfinished: unfinished(connection)?,
        summaries: summaries(connection)?,
    };
    Ok((kept, last))
}

fn last_session(connection: &Connection) -> rusqlite::Result<Option<SessionRow>> {
    let sql = format!(
        "SELECT {} FROM sessions ORDER BY id DESC LIMIT 1",
        SESSIONS.selection()
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query_map([], columns::session)?;
    rows.next().transpose()
}

fn jobs(connection: &Connection) -> rusqlite::Result<BTreeMap<JobId, JobRecord>> {
    let mut statement = connection.prepare(&format!("SELECT {} FROM jobs", JOBS.selection()))?;
    let jobs = statement.query_map([], columns::job)?;
    jobs.map(|job| job.map(|job| (job.job.clone(), job)))
        .collect()
}

fn unfinished(connection: &Connection) -> rusqlite::Result<BTreeMap<FireIdentity, RunRecord>> {
    let sql = format!(
        "SELECT {} FROM runs WHERE state <> 'ended'",
        RUNS.selection()
    );
    let mut statement = connection.prepare(&sql)?;
    let runs = statement.query_map([], columns::run)?;
    runs.map(|run| run.map(|run| (run.identity(), run)))
        .collect()
}

fn summaries(connection: &Connection) -> rusqlite::Result<Summaries> {
    let mut summaries = Summaries::default();
    let sql = format!("SELECT {} FROM totals", TOTALS.selection());
    let mut statement = connection.prepare(&sql)?;
    for total in statement.query_map([], columns::total)? {
        let (job, outcome, count) = total?;
        summaries.entry(&job).outcomes.add(outcome, count);
    }
    let sql = format!("SELECT {} FROM newest_ends", NEWEST_ENDS.selection());
    let mut statement = connection.prepare(&sql)?;
    for newest in statement.query_map([], columns::newest_end)? {
        let newest = newest?;
        let summary = summaries.entry(&newest.job);
        summary.last_run = Some((newest.fire_time, newest.outcome, newest.exit_code));
        summary.last_success = newest.succeeded_for;
    }
    Ok(summaries)
}
