//! The JSON of records: every key is always there, and is never given another meaning.

pub(super) use crate::api::{RecordedRunJson as RunJson, recorded_state as state};
use crate::config::JobId;
use crate::scheduler::{Emitted, FiresRecord};
use crate::store::sqlite::SessionRow;
use crate::time::{WallTime, Zone, human};
use serde::Serialize;
use std::time::Duration;

/// What the keys mean, for the man page.
pub(super) const KEYS: [(&str, &str); 31] = [
    (
        "type",
        "What it is a record of: run, fires (that became no run), and in why session (a life of a scheduler) and event.",
    ),
    (
        "job_id",
        "The job; null in an event of the scheduler itself.",
    ),
    ("run_id", "The run, as RSCHED_RUN_ID."),
    ("fire_time", "When it was due; of fires, the newest."),
    ("first_fire_time", "Of fires, the oldest."),
    (
        "epoch",
        "How often the clock had been set back when it was judged.",
    ),
    (
        "reason",
        "Why the run exists: scheduled, catchup, startup or manual.",
    ),
    (
        "state",
        "pending (it waits), starting, running or ended. Only what has ended has an outcome.",
    ),
    (
        "outcome",
        "succeeded, failed, timed_out, killed, spawn_failed, lost, missed, coalesced or skipped; null before the end.",
    ),
    (
        "exit_code, signal",
        "How the process ended; the other one is null.",
    ),
    ("core_dumped", "Whether that left a core dump."),
    ("attempt", "Which process of the run it is, from 1."),
    ("count", "How many fires it stands for."),
    (
        "count_within",
        "Of fires in history: how many of them lie between --since and --until; null where that is not known, for their schedule has changed since.",
    ),
    ("noticed_at", "When the fire was judged."),
    (
        "started_at, ended_at",
        "When the process was started, and when it was seen to end.",
    ),
    ("waited", "Seconds from noticed_at to the process."),
    (
        "duration",
        "Seconds that the process took; of an event, what it is about.",
    ),
    (
        "cpu_time",
        "Seconds of processor time that its processes used.",
    ),
    (
        "peak_memory",
        "The most memory that any of them had, in bytes.",
    ),
    ("output_bytes", "How much it printed; of show only."),
    ("pid", "The process."),
    (
        "detail",
        "Why, in words, where the other keys do not say all.",
    ),
    ("version", "Of a session: the version of rsched."),
    ("last_seen", "Of a session: when it last wrote a record."),
    (
        "event, time, seq",
        "Of an event: its name, when, and its number.",
    ),
    (
        "first_seen, paused, last_run, last_success, totals",
        "Of a job: since when it is known, whether it is paused, its newest run that ended, the fire time of the newest that succeeded, and how many of its fires ever had which outcome.",
    ),
    (
        "answer",
        "Of why: the outcome, or the reason for there being none, in a word.",
    ),
    ("sentence", "Of why: the answer, as it is printed."),
    ("records", "Of why: what the answer rests on."),
    (
        "null",
        "Whatever is not known or does not apply. Times are RFC 3339 in the zone of the job.",
    ),
];

/// Fires that became no run.
#[derive(Debug, Serialize)]
pub(super) struct FiresJson {
    #[serde(rename = "type")]
    kind: &'static str,
    job_id: String,
    /// The oldest of them.
    first_fire_time: String,
    /// The newest of them.
    fire_time: String,
    epoch: u32,
    outcome: &'static str,
    count: u64,
    /// Of those, the ones in the stretch of time that is asked for.
    count_within: Option<u64>,
    noticed_at: String,
    detail: Option<String>,
}

impl FiresJson {
    pub fn new(fires: &FiresRecord, count_within: Option<u64>, zone: &Zone) -> Self {
        let time = |at| human::rfc3339(at, zone);
        Self {
            kind: "fires",
            job_id: fires.job.to_string(),
            first_fire_time: time(fires.range.first),
            fire_time: time(fires.range.last),
            epoch: fires.epoch,
            outcome: fires.outcome.as_str(),
            count: fires.range.count,
            count_within,
            noticed_at: time(fires.judged_at),
            detail: fires.detail.clone(),
        }
    }
}

/// A life of a scheduler.
#[derive(Debug, Serialize)]
pub(super) struct SessionJson {
    #[serde(rename = "type")]
    kind: &'static str,
    pid: i32,
    version: String,
    started_at: String,
    /// When it last wrote anything.
    last_seen: String,
    /// When it stopped by itself.
    ended_at: Option<String>,
}

impl SessionJson {
    pub fn new(session: &SessionRow, zone: &Zone) -> Self {
        let time = |at: WallTime| human::rfc3339(at, zone);
        Self {
            kind: "session",
            pid: session.pid,
            version: session.version.clone(),
            started_at: time(session.started_at),
            last_seen: time(session.last_seen),
            ended_at: session.ended_at.map(time),
        }
    }
}

/// What the world was told.
#[derive(Debug, Serialize)]
pub(super) struct EventJson {
    #[serde(rename = "type")]
    kind: &'static str,
    event: &'static str,
    time: String,
    seq: u64,
    job_id: Option<String>,
    duration: Option<f64>,
    detail: Option<String>,
}

impl EventJson {
    pub fn new(told: &Emitted, zone: &Zone) -> Self {
        Self {
            kind: "event",
            event: told.name.as_str(),
            time: human::rfc3339(told.time, zone),
            seq: told.seq,
            job_id: told.job_id.as_ref().map(JobId::to_string),
            duration: told.duration.map(seconds),
            detail: told.detail.clone(),
        }
    }
}

fn seconds(length: Duration) -> f64 {
    length.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::{EventName, FireRange, Outcome, Reason, RunId, RunRecord, RunState};

    #[test]
    fn every_key_is_in_the_man_page() {
        let at = WallTime::from_micros(0);
        let job = JobId::parse("job").unwrap();
        let zone = Zone::utc();
        let run = RunRecord {
            id: RunId::from_u64(1),
            job: job.clone(),
            fire_time: at,
            epoch: 0,
            sequence: 0,
            attempt: 1,
            earlier: None,
            reason: Reason::Scheduled,
            stands_for: 1,
            noticed_at: at,
            started_at: None,
            waited: None,
            pid: None,
            state: RunState::Pending,
        };
        let fires = FiresRecord {
            job,
            range: FireRange {
                first: at,
                last: at,
                count: 1,
            },
            epoch: 0,
            outcome: Outcome::Missed,
            judged_at: at,
            detail: None,
        };
        let session = SessionRow {
            boot_id: String::new(),
            pid: 1,
            version: String::new(),
            started_at: at,
            last_seen: at,
            ended_at: None,
        };
        let told = Emitted::new(EventName::ClockStepped);
        let known: Vec<_> = KEYS.iter().flat_map(|(keys, _)| keys.split(", ")).collect();
        for value in [
            serde_json::to_value(RunJson::new(&run, &zone)),
            serde_json::to_value(FiresJson::new(&fires, None, &zone)),
            serde_json::to_value(SessionJson::new(&session, &zone)),
            serde_json::to_value(EventJson::new(&told, &zone)),
        ] {
            for key in value.unwrap().as_object().unwrap().keys() {
                assert!(known.contains(&key.as_str()), "{key}");
            }
        }
    }
}
