//! The JSON of a run that is on record: what the API and `rsched show` answer of one that has ended.

use crate::scheduler::{RunRecord, RunState};
use crate::time::{Zone, human};
use serde::Serialize;

/// A run, as the records have it: every key is always there, and is never given another meaning.
#[derive(Debug, Serialize)]
pub struct RecordedRunJson {
    #[serde(rename = "type")]
    kind: &'static str,
    job_id: String,
    run_id: String,
    fire_time: String,
    /// How often the clock had been set back.
    epoch: u32,
    reason: &'static str,
    /// `pending`, `starting`, `running` or `ended`.
    state: &'static str,
    outcome: Option<&'static str>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    core_dumped: bool,
    attempt: u32,
    /// How many fires it stands for.
    count: u64,
    noticed_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    /// Seconds from noticing to the start of its process.
    waited: Option<f64>,
    /// Seconds from its start to its end.
    duration: Option<f64>,
    cpu_time: Option<f64>,
    peak_memory: Option<u64>,
    pid: Option<i32>,
    detail: Option<String>,
}

impl RecordedRunJson {
    /// The run, with its times in this zone.
    #[must_use]
    pub fn new(run: &RunRecord, zone: &Zone) -> Self {
        let time = |at| human::rfc3339(at, zone);
        let end = run.end();
        let usage = end.and_then(|end| end.usage);
        Self {
            kind: "run",
            job_id: run.job.to_string(),
            run_id: run.id.to_string(),
            fire_time: time(run.fire_time),
            epoch: run.epoch,
            reason: run.reason.as_str(),
            state: recorded_state(run),
            outcome: end.map(|end| end.outcome.as_str()),
            exit_code: end.and_then(|end| end.exit_code),
            signal: end.and_then(|end| end.signal),
            core_dumped: end.is_some_and(|end| end.core_dumped),
            attempt: run.attempt,
            count: run.stands_for,
            noticed_at: time(run.noticed_at),
            started_at: run.started_at.map(time),
            ended_at: end.map(|end| time(end.at)),
            waited: run.waited.map(|length| length.as_secs_f64()),
            duration: end
                .and_then(|end| end.duration)
                .map(|length| length.as_secs_f64()),
            cpu_time: usage.map(|usage| (usage.user_time + usage.system_time).as_secs_f64()),
            peak_memory: usage.and_then(|usage| usage.peak_memory_bytes),
            pid: run.pid,
            detail: end.and_then(|end| end.detail.clone()),
        }
    }
}

/// The word for where a run stands.
#[must_use]
pub fn recorded_state(run: &RunRecord) -> &'static str {
    match run.state {
        RunState::Pending => "pending",
        RunState::Starting => "starting",
        RunState::Running => "running",
        RunState::Ended(_) => "ended",
    }
}
