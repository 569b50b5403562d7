//! What a batch becomes in the tables: one transaction, all or nothing.

use super::columns::{micros, run_number, signed, state_name};
use super::store::Session;
use crate::config::JobId;
use crate::scheduler::{
    Batch, Emitted, FiresRecord, JobRecord, Outcome, Record, RunRecord, RunState,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

/// Of what is too old at most so many rows are deleted at a time, so that pruning never holds up a
/// tick; it deletes more than is added, so it catches up.
const PRUNED_AT_A_TIME: u32 = 20;

/// How many lives of schedulers are kept.
const KEEP_SESSIONS: i64 = 1_000;

/// An event about a fire is kept until so many others have come.
const KEEP_EVENTS: i64 = 10_000;

/// The others are kept a hundred times as long: they are rare, and why a fire was missed last night is
/// only to be known from them.
const KEEP_RARE_EVENTS: i64 = 1_000_000;

/// Numbers have no gaps, so each new event pushes out those that are so many before it: nothing is
/// searched for.
const PRUNE_EVENTS: &str = "
    DELETE FROM events WHERE seq = ?2 OR (seq = ?1 AND event IN ('job_submitted', 'job_started',
        'job_executed', 'job_error', 'job_missed', 'job_coalesced', 'job_max_instances',
        'job_skipped', 'job_retrying'))";

/// Writes a batch in one transaction and commits it. The first of a session makes its row: its
/// number is given back, to be passed on with the next.
pub(super) fn batch(
    connection: &mut Connection,
    batch: &Batch,
    (session, number): (&Session, Option<i64>),
    keep_runs: u32,
) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = match number {
        Some(number) => number,
        None => begin_session(&transaction, session)?,
    };
    for record in &batch.records {
        write(&transaction, record, keep_runs)?;
    }
    transaction
        .prepare_cached(
            "UPDATE sessions SET last_seen = ?2, checksum =
                 checksum_of(id, boot_id, pid, version, started_at, ?2, ended_at) WHERE id = ?1",
        )?
        .execute(params![number, batch.made_at.as_micros()])?;
    transaction.commit()?;
    Ok(number)
}

fn begin_session(to: &Transaction<'_>, session: &Session) -> rusqlite::Result<i64> {
    to.execute(
        "INSERT INTO sessions (boot_id, pid, version, started_at, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?4)",
        params![
            session.boot_id,
            session.pid,
            env!("CARGO_PKG_VERSION"),
            session.started_at.as_micros(),
        ],
    )?;
    let number = to.last_insert_rowid();
    to.execute(
        "DELETE FROM sessions WHERE id <= ?1",
        [number - KEEP_SESSIONS],
    )?;
    Ok(number)
}

fn write(to: &Transaction<'_>, record: &Record, keep_runs: u32) -> rusqlite::Result<()> {
    match record {
        Record::Run(record) => run(to, record, keep_runs),
        Record::Fires(record) => fires(to, record, keep_runs),
        Record::Job(record) => job(to, record),
        Record::JobGone(id) => {
            to.prepare_cached("DELETE FROM jobs WHERE id = ?1")?
                .execute([id.as_str()])?;
            Ok(())
        }
        Record::Paused(paused) => {
            to.prepare_cached(
                "UPDATE store SET paused = ?1,
                     checksum = checksum_of(id, epoch, ?1, manual_runs, last_seq)",
            )?
            .execute([paused])?;
            Ok(())
        }
        Record::Epoch(epoch) => {
            to.prepare_cached(
                "UPDATE store SET epoch = ?1,
                     checksum = checksum_of(id, ?1, paused, manual_runs, last_seq)",
            )?
            .execute([epoch])?;
            Ok(())
        }
        Record::Event(told) => event(to, told),
    }
}

fn run(to: &Transaction<'_>, run: &RunRecord, keep_runs: u32) -> rusqlite::Result<()> {
    // Of a run that waits for its next attempt: how the one before it ended.
    let end = run.end().or(run.earlier.as_deref());
    let usage = end.and_then(|end| end.usage);
    // A note of a process may come behind the record of its end, which then stands.
    let number: Option<i64> = to
        .prepare_cached(
            "INSERT INTO runs (run_id, job, fire_time, epoch, sequence, attempt, reason, stands_for,
                 noticed_at, started_at, waited, pid, state, outcome, ended_at, exit_code, signal,
                 core_dumped, duration, user_time, system_time, peak_memory, detail, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                 ?19, ?20, ?21, ?22, ?23, checksum_of(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                 ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23))
             ON CONFLICT (job, fire_time, epoch, sequence) DO UPDATE SET
                 attempt = excluded.attempt, reason = excluded.reason,
                 stands_for = excluded.stands_for, noticed_at = excluded.noticed_at,
                 started_at = excluded.started_at, waited = excluded.waited, pid = excluded.pid,
                 state = excluded.state, outcome = excluded.outcome, ended_at = excluded.ended_at,
                 exit_code = excluded.exit_code, signal = excluded.signal,
                 core_dumped = excluded.core_dumped, duration = excluded.duration,
                 user_time = excluded.user_time, system_time = excluded.system_time,
                 peak_memory = excluded.peak_memory, detail = excluded.detail,
                 checksum = excluded.checksum
             WHERE runs.state <> 'ended'
             RETURNING number",
        )?
        .query_row(
            params![
                run_number(run.id),
                run.job.as_str(),
                run.fire_time.as_micros(),
                run.epoch,
                signed(run.sequence),
                run.attempt,
                run.reason.as_str(),
                signed(run.stands_for),
                run.noticed_at.as_micros(),
                run.started_at.map(crate::time::WallTime::as_micros),
                run.waited.map(micros),
                run.pid,
                state_name(&run.state),
                end.map(|end| end.outcome.as_str()),
                end.map(|end| end.at.as_micros()),
                end.and_then(|end| end.exit_code),
                end.and_then(|end| end.signal),
                end.is_some_and(|end| end.core_dumped),
                end.and_then(|end| end.duration).map(micros),
                usage.map(|usage| micros(usage.user_time)),
                usage.map(|usage| micros(usage.system_time)),
                usage.and_then(|usage| usage.peak_memory_bytes).map(signed),
                end.and_then(|end| end.detail.as_deref()),
            ],
            |row| row.get(0),
        )
        .optional()?;
    if run.sequence > 0 {
        to.prepare_cached(
            "UPDATE store SET manual_runs = max(manual_runs, ?1),
                 checksum = checksum_of(id, epoch, paused, max(manual_runs, ?1), last_seq)",
        )?
        .execute([signed(run.sequence)])?;
    }
    let (Some(number), RunState::Ended(end)) = (number, &run.state) else {
        return Ok(());
    };
    if let Some(output) = end.output.as_ref().filter(|output| output.total_bytes > 0) {
        to.prepare_cached(
            "INSERT OR REPLACE INTO outputs (run, total_bytes, tail, checksum)
             VALUES (?1, ?2, ?3, checksum_of(?1, ?2, ?3))",
        )?
        .execute(params![
            number,
            signed(output.total_bytes),
            &output.tail[..]
        ])?;
    }
    total(to, &run.job, end.outcome, 1)?;
    if end.outcome.is_of_a_run() {
        let success = (end.outcome == Outcome::Succeeded).then(|| run.fire_time.as_micros());
        to.prepare_cached(
            "INSERT INTO newest_ends (job, outcome, fire_time, exit_code, succeeded_for, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, checksum_of(?1, ?2, ?3, ?4, ?5))
             ON CONFLICT (job) DO UPDATE SET outcome = excluded.outcome,
                 fire_time = excluded.fire_time, exit_code = excluded.exit_code,
                 succeeded_for = coalesce(excluded.succeeded_for, succeeded_for),
                 checksum = checksum_of(?1, ?2, ?3, ?4, coalesce(?5, succeeded_for))",
        )?
        .execute(params![
            run.job.as_str(),
            end.outcome.as_str(),
            run.fire_time.as_micros(),
            end.exit_code,
            success,
        ])?;
    }
    prune_runs(to, &run.job, keep_runs)
}

fn fires(to: &Transaction<'_>, fires: &FiresRecord, keep: u32) -> rusqlite::Result<()> {
    to.prepare_cached(
        "INSERT INTO fires (job, first, last, count, epoch, outcome, judged_at, detail, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, checksum_of(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))",
    )?
    .execute(params![
        fires.job.as_str(),
        fires.range.first.as_micros(),
        fires.range.last.as_micros(),
        signed(fires.range.count),
        fires.epoch,
        fires.outcome.as_str(),
        fires.judged_at.as_micros(),
        fires.detail,
    ])?;
    to.prepare_cached(
        "DELETE FROM fires WHERE number IN (
             SELECT number FROM fires WHERE job = ?1 ORDER BY last DESC LIMIT ?2 OFFSET ?3)",
    )?
    .execute(params![fires.job.as_str(), PRUNED_AT_A_TIME, keep])?;
    total(to, &fires.job, fires.outcome, fires.range.count)
}

fn total(to: &Transaction<'_>, job: &JobId, outcome: Outcome, count: u64) -> rusqlite::Result<()> {
    to.prepare_cached(
        "INSERT INTO totals (job, outcome, count, checksum)
         VALUES (?1, ?2, ?3, checksum_of(?1, ?2, ?3))
         ON CONFLICT (job, outcome) DO UPDATE SET count = count + ?3,
             checksum = checksum_of(?1, ?2, count + ?3)",
    )?
    .execute(params![job.as_str(), outcome.as_str(), signed(count)])?;
    Ok(())
}

fn prune_runs(to: &Transaction<'_>, job: &JobId, keep: u32) -> rusqlite::Result<()> {
    let too_old: Vec<i64> = to
        .prepare_cached(
            "SELECT number FROM runs WHERE job = ?1 AND state = 'ended'
             ORDER BY fire_time DESC, number DESC LIMIT ?2 OFFSET ?3",
        )?
        .query_map(params![job.as_str(), PRUNED_AT_A_TIME, keep], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    for number in too_old {
        to.prepare_cached("DELETE FROM outputs WHERE run = ?1")?
            .execute([number])?;
        to.prepare_cached("DELETE FROM runs WHERE number = ?1")?
            .execute([number])?;
    }
    Ok(())
}

fn job(to: &Transaction<'_>, job: &JobRecord) -> rusqlite::Result<()> {
    let progress = serde_json::to_string(&job.progress)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    to.prepare_cached(
        "INSERT OR REPLACE INTO jobs (id, plan, phase, anchor, progress, paused, finished,
             definition, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, checksum_of(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))",
    )?
    .execute(params![
        job.job.as_str(),
        job.plan.whole,
        job.plan.phase,
        job.anchor.as_micros(),
        progress,
        job.paused,
        job.finished,
        job.definition.as_deref(),
    ])?;
    Ok(())
}

fn event(to: &Transaction<'_>, told: &Emitted) -> rusqlite::Result<()> {
    let seq = signed(told.seq);
    to.prepare_cached(
        "INSERT OR REPLACE INTO events (seq, time, event, job, run_id, fire_time, outcome, exit_code,
             signal, core_dumped, duration, late_by, count, pid, detail, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
             checksum_of(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15))",
    )?
    .execute(params![
        seq,
        told.time.as_micros(),
        told.name.as_str(),
        told.job_id.as_ref().map(JobId::as_str),
        told.run_id.map(run_number),
        told.fire_time.map(crate::time::WallTime::as_micros),
        told.outcome.map(Outcome::as_str),
        told.exit_code,
        told.signal,
        told.core_dumped,
        told.duration.map(micros),
        told.late_by.map(micros),
        told.count.map(signed),
        told.pid,
        told.detail,
    ])?;
    to.prepare_cached(
        "UPDATE store SET last_seq = max(last_seq, ?1),
             checksum = checksum_of(id, epoch, paused, manual_runs, max(last_seq, ?1))",
    )?
    .execute([seq])?;
    to.prepare_cached(PRUNE_EVENTS)?
        .execute([seq - KEEP_EVENTS, seq - KEEP_RARE_EVENTS])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::EventName;

    #[test]
    fn the_events_that_are_kept_for_a_shorter_time_are_those_of_fires() {
        for name in EventName::ALL {
            let named = PRUNE_EVENTS.contains(&format!("'{name}'", name = name.as_str()));
            assert_eq!(named, name.is_of_a_fire(), "{name:?}");
        }
    }
}
