//! How values stand in columns, and how they come back: what does not come back is a corrupt row.

use crate::config::JobId;
use crate::scheduler::{
    Emitted, End, EventName, FireRange, FiresRecord, JobRecord, Outcome, OutputTail, PlanText,
    Reason, RunId, RunRecord, RunState, Usage,
};
use crate::time::WallTime;
use rusqlite::Row;
use rusqlite::types::Type;
use std::time::Duration;

/// Columns of `runs`, in the order of [`run`].
pub(super) const RUN_COLUMNS: &str = "run_id, job, fire_time, epoch, sequence, attempt, reason, \
    stands_for, noticed_at, started_at, waited, pid, state, outcome, ended_at, exit_code, signal, \
    core_dumped, duration, user_time, system_time, peak_memory, detail";

pub(super) fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Ids are 64 bits, and SQLite's integers have a sign: the bits are kept, not the number.
pub(super) const fn run_number(id: RunId) -> i64 {
    id.as_u64().cast_signed()
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) const fn state_name(state: &RunState) -> &'static str {
    match state {
        RunState::Pending => "pending",
        RunState::Starting => "starting",
        RunState::Running => "running",
        RunState::Ended(_) => "ended",
    }
}

/// A run, without its output.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let state: String = row.get(12)?;
    let has_outcome = row.get_ref(13)? != rusqlite::types::ValueRef::Null;
    Ok(RunRecord {
        id: RunId::from_u64(row.get::<_, i64>(0)?.cast_unsigned()),
        job: job_id(row, 1)?,
        fire_time: time(row, 2)?,
        epoch: row.get(3)?,
        sequence: unsigned(row, 4)?,
        attempt: row.get(5)?,
        reason: named(row, 6, Reason::parse)?,
        stands_for: unsigned(row, 7)?,
        noticed_at: time(row, 8)?,
        started_at: optional_time(row, 9)?,
        waited: length(row, 10)?,
        pid: row.get(11)?,
        state: match state.as_str() {
            "pending" => RunState::Pending,
            "starting" => RunState::Starting,
            "running" => RunState::Running,
            "ended" => RunState::Ended(Box::new(end(row)?)),
            _ => return Err(strange(12, "a state of a run", &state)),
        },
        earlier: if has_outcome && state != "ended" {
            Some(Box::new(end(row)?))
        } else {
            None
        },
    })
}

fn end(row: &Row<'_>) -> rusqlite::Result<End> {
    let peak = row.get::<_, Option<i64>>(21)?;
    let usage = match (length(row, 19)?, length(row, 20)?) {
        (Some(user_time), Some(system_time)) => Some(Usage {
            user_time,
            system_time,
            peak_memory_bytes: peak.map(|peak| peak.max(0).cast_unsigned()),
        }),
        _ => None,
    };
    Ok(End {
        outcome: named(row, 13, Outcome::parse)?,
        at: time(row, 14)?,
        exit_code: row.get(15)?,
        signal: row.get(16)?,
        core_dumped: row.get(17)?,
        duration: length(row, 18)?,
        usage,
        output: None,
        detail: row.get(22)?,
    })
}

/// `total_bytes, tail`, from this column on.
pub(super) fn output(row: &Row<'_>, first: usize) -> rusqlite::Result<OutputTail> {
    Ok(OutputTail {
        total_bytes: unsigned(row, first)?,
        tail: row.get::<_, Vec<u8>>(first + 1)?.into(),
    })
}

/// `job, first, last, count, epoch, outcome, judged_at, detail`.
pub(super) fn fires(row: &Row<'_>) -> rusqlite::Result<FiresRecord> {
    Ok(FiresRecord {
        job: job_id(row, 0)?,
        range: FireRange {
            first: time(row, 1)?,
            last: time(row, 2)?,
            count: unsigned(row, 3)?,
        },
        epoch: row.get(4)?,
        outcome: named(row, 5, Outcome::parse)?,
        judged_at: time(row, 6)?,
        detail: row.get(7)?,
    })
}

/// Columns of `jobs`, in the order of [`job`].
pub(super) const JOB_COLUMNS: &str =
    "id, plan, phase, anchor, progress, paused, finished, definition";

/// A job.
pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let progress: String = row.get(4)?;
    Ok(JobRecord {
        job: job_id(row, 0)?,
        plan: PlanText {
            whole: row.get(1)?,
            phase: row.get(2)?,
        },
        anchor: time(row, 3)?,
        progress: serde_json::from_str(&progress)
            .map_err(|_| strange(4, "how far a job is judged", &progress))?,
        paused: row.get(5)?,
        finished: row.get(6)?,
        definition: row.get::<_, Option<String>>(7)?.map(Into::into),
    })
}

/// `seq, time, event, job, run_id, fire_time, outcome, exit_code, signal, core_dumped, duration,
/// late_by, count, pid, detail`.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Emitted> {
    let optional = |index| row.get::<_, Option<i64>>(index);
    Ok(Emitted {
        seq: unsigned(row, 0)?,
        time: time(row, 1)?,
        name: named(row, 2, EventName::parse)?,
        job_id: match row.get_ref(3)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(job_id(row, 3)?),
        },
        executor: None,
        attempt: None,
        run_id: optional(4)?.map(|number| RunId::from_u64(number.cast_unsigned())),
        fire_time: optional_time(row, 5)?,
        outcome: match row.get::<_, Option<String>>(6)? {
            None => None,
            Some(_) => Some(named(row, 6, Outcome::parse)?),
        },
        exit_code: row.get(7)?,
        signal: row.get(8)?,
        core_dumped: row.get(9)?,
        duration: length(row, 10)?,
        late_by: length(row, 11)?,
        count: optional(12)?.map(|count| count.max(0).cast_unsigned()),
        pid: row.get(13)?,
        detail: row.get(14)?,
        output_tail: None,
    })
}

pub(super) fn job_id(row: &Row<'_>, index: usize) -> rusqlite::Result<JobId> {
    let text: String = row.get(index)?;
    JobId::parse(&text).map_err(|_| strange(index, "a job's id", &text))
}

pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<WallTime> {
    row.get(index).map(WallTime::from_micros)
}

pub(super) fn optional_time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<WallTime>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(WallTime::from_micros))
}

fn length(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Duration>> {
    let micros: Option<i64> = row.get(index)?;
    Ok(micros.map(|micros| Duration::from_micros(micros.max(0).cast_unsigned())))
}

pub(super) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

pub(super) fn named<T>(
    row: &Row<'_>,
    index: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name: String = row.get(index)?;
    parse(&name).ok_or_else(|| strange(index, "a name", &name))
}

fn strange(index: usize, what: &str, found: &str) -> rusqlite::Error {
    let problem = format!("`{}` is not {what}", found.escape_debug());
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, problem.into())
}
