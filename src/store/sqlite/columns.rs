//! How values stand in columns, and how they come back: what does not come back is a corrupt row.

use super::checksums::{EVENTS, FIRES, JOBS, NEWEST_ENDS, OUTPUTS, RUNS, SESSIONS, STORE, TOTALS};
use super::history::SessionRow;
use crate::config::JobId;
use crate::scheduler::{
    Emitted, End, EventName, FireRange, FiresRecord, JobRecord, Outcome, OutputTail, PlanText,
    Reason, RunId, RunRecord, RunState, StoreId, Usage,
};
use crate::time::WallTime;
use rusqlite::Row;
use rusqlite::types::Type;
use std::time::Duration;

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

// Each reads what the selection of its table gives. What makes no sense is told before a checksum that does
// not match: it says more.

/// What is true of the whole store.
pub(super) struct StoreRow {
    pub id: StoreId,
    pub epoch: u32,
    pub paused: bool,
    pub manual_runs: u64,
    pub last_seq: u64,
}

pub(super) fn store(row: &Row<'_>) -> rusqlite::Result<StoreRow> {
    let store = StoreRow {
        id: StoreId(u128::from_be_bytes(row.get(0)?)),
        epoch: row.get(1)?,
        paused: row.get(2)?,
        manual_runs: unsigned(row, 3)?,
        last_seq: unsigned(row, 4)?,
    };
    STORE.hold(row)?;
    Ok(store)
}

/// A life of a scheduler.
pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let session = SessionRow {
        boot_id: row.get(1)?,
        pid: row.get(2)?,
        version: row.get(3)?,
        started_at: time(row, 4)?,
        last_seen: time(row, 5)?,
        ended_at: optional_time(row, 6)?,
    };
    SESSIONS.hold(row)?;
    Ok(session)
}

/// A run, without its output.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let state: String = row.get(12)?;
    let has_outcome = row.get_ref(13)? != rusqlite::types::ValueRef::Null;
    let run = RunRecord {
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
    };
    RUNS.hold(row)?;
    Ok(run)
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

/// The end of what a run printed.
pub(super) fn output(row: &Row<'_>) -> rusqlite::Result<OutputTail> {
    let output = OutputTail {
        total_bytes: unsigned(row, 1)?,
        tail: row.get::<_, Vec<u8>>(2)?.into(),
    };
    OUTPUTS.hold(row)?;
    Ok(output)
}

/// A stretch of fires that became no run.
pub(super) fn fires(row: &Row<'_>) -> rusqlite::Result<FiresRecord> {
    let fires = FiresRecord {
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
    };
    FIRES.hold(row)?;
    Ok(fires)
}

/// How many fires of a job ended so.
pub(super) fn total(row: &Row<'_>) -> rusqlite::Result<(JobId, Outcome, u64)> {
    let total = (
        job_id(row, 0)?,
        named(row, 1, Outcome::parse)?,
        unsigned(row, 2)?,
    );
    TOTALS.hold(row)?;
    Ok(total)
}

/// How the newest run of a job ended, and the fire time of its newest success.
pub(super) struct NewestEnd {
    pub job: JobId,
    pub outcome: Outcome,
    pub fire_time: WallTime,
    pub exit_code: Option<i32>,
    pub succeeded_for: Option<WallTime>,
}

pub(super) fn newest_end(row: &Row<'_>) -> rusqlite::Result<NewestEnd> {
    let newest = NewestEnd {
        job: job_id(row, 0)?,
        outcome: named(row, 1, Outcome::parse)?,
        fire_time: time(row, 2)?,
        exit_code: row.get(3)?,
        succeeded_for: optional_time(row, 4)?,
    };
    NEWEST_ENDS.hold(row)?;
    Ok(newest)
}

/// A job.
pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let progress: String = row.get(4)?;
    let job = JobRecord {
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
    };
    JOBS.hold(row)?;
    Ok(job)
}

/// What the world was told.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Emitted> {
    let optional = |index| row.get::<_, Option<i64>>(index);
    let event = Emitted {
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
    };
    EVENTS.hold(row)?;
    Ok(event)
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
