//! A store with a past made by hand, for the commands that read records.

use crate::sandbox::Sandbox;
use rsched::config::{Durability, JobId};
use rsched::scheduler::{
    Batch, Emitted, End, EventName, FireRange, FiresRecord, JobRecord, Outcome, OutputTail,
    PlanText, Reason, Record, RunId, RunRecord, RunState, StoreId, Ticket,
};
use rsched::store::Store as _;
use rsched::store::sqlite::{Options, Session, SqliteStore};
use rsched::time::{WallTime, Zone, human};
use serde_json::json;
use std::fs;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

/// A time of the 1st of May 2026, `03:00:00`, or any other as people write it.
pub fn at(text: &str) -> WallTime {
    let text = match text.len() {
        8 => format!("2026-05-01 {text}"),
        _ => text.to_owned(),
    };
    human::parse_time(&text, WallTime::MIN, &Zone::utc()).unwrap()
}

pub fn id(job: &str) -> JobId {
    JobId::parse(job).unwrap()
}

/// The run of a fire that was noticed and started at its time.
pub fn run(job: &str, fire: &str, state: RunState) -> RunRecord {
    let fire = at(fire);
    RunRecord {
        id: RunId::of_fire(StoreId(7), &id(job), fire, 0),
        job: id(job),
        fire_time: fire,
        epoch: 0,
        sequence: 0,
        attempt: 1,
        reason: Reason::Scheduled,
        stands_for: 1,
        noticed_at: fire,
        started_at: Some(fire),
        waited: Some(Duration::ZERO),
        pid: Some(4321),
        state,
        earlier: None,
    }
}

/// One that took so many seconds.
pub fn ended(job: &str, fire: &str, outcome: Outcome, seconds: u64) -> RunRecord {
    let took = Duration::from_secs(seconds);
    let end = End {
        exit_code: match outcome {
            Outcome::Succeeded => Some(0),
            Outcome::Failed => Some(3),
            _ => None,
        },
        duration: Some(took),
        ..End::without_process(outcome, at(fire) + took, None)
    };
    run(job, fire, RunState::Ended(Box::new(end)))
}

/// One that printed something.
pub fn printed(job: &str, fire: &str, total_bytes: u64, tail: &[u8]) -> RunRecord {
    let mut run = ended(job, fire, Outcome::Succeeded, 1);
    if let RunState::Ended(end) = &mut run.state {
        end.output = Some(OutputTail {
            total_bytes,
            tail: tail.into(),
        });
    }
    run
}

/// Fires that became no run.
pub fn fires(
    job: &str,
    (first, last, count): (&str, &str, u64),
    outcome: Outcome,
    judged_at: &str,
) -> Record {
    let skipped = outcome == Outcome::Skipped;
    Record::Fires(FiresRecord {
        job: id(job),
        range: FireRange {
            first: at(first),
            last: at(last),
            count,
        },
        epoch: 0,
        outcome,
        judged_at: at(judged_at),
        detail: skipped.then(|| "maximum number of running instances reached (1)".to_owned()),
    })
}

/// A job that was first seen then and judged up to then.
pub fn job(job: &str, plan: &str, anchor: &str, judged: &str) -> Record {
    Record::Job(Box::new(known(job, plan, anchor, judged)))
}

/// The same, to be changed.
pub fn known(job: &str, plan: &str, anchor: &str, judged: &str) -> JobRecord {
    let (since, cursor) = (at(anchor).as_micros(), at(judged).as_micros());
    let progress = json!({"cursor": cursor, "since": since, "ran_since": since});
    JobRecord {
        job: id(job),
        plan: PlanText {
            whole: plan.to_owned(),
            phase: plan.to_owned(),
        },
        anchor: at(anchor),
        progress: serde_json::from_value(progress).unwrap(),
        paused: false,
        finished: false,
        definition: None,
    }
}

/// An event, numbered in the order of the calls.
pub fn event(seq: u64, name: EventName, time: &str) -> Emitted {
    Emitted {
        seq,
        time: at(time),
        ..Emitted::new(name)
    }
}

/// How a scheduler's life ends.
#[derive(Clone, Copy)]
pub enum LifeEnds {
    /// It stops by itself.
    Stopping,
    /// It is killed.
    Dying,
}

pub struct Past {
    path: PathBuf,
    keep_runs: u32,
}

impl Past {
    /// In the state directory that the sandbox gives to every command.
    pub fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.path().join("state");
        fs::create_dir_all(&state).unwrap();
        Self {
            path: state.join("store.sqlite"),
            keep_runs: 100,
        }
    }

    /// Only so many runs of a job are kept.
    pub fn keeping(self, keep_runs: u32) -> Self {
        Self { keep_runs, ..self }
    }

    /// A life of a scheduler that wrote these records, one batch for each time.
    pub fn life(&self, began: &str, batches: Vec<(&str, Vec<Record>)>, ends: LifeEnds) -> &Self {
        let options = Options {
            durability: Durability::Process,
            keep_runs: self.keep_runs,
            fresh_id: 7,
        };
        let session = Session {
            // Of no boot that there ever was: nobody can take its process for one that lives.
            boot_id: "a boot".to_owned(),
            pid: 1,
            started_at: at(began),
        };
        let (mut store, ..) = SqliteStore::open(&self.path, options, session).unwrap();
        for (ticket, (made_at, records)) in batches.into_iter().enumerate() {
            store.submit(Batch {
                ticket: Ticket(ticket as u64),
                made_at: at(made_at),
                urgent: true,
                records,
            });
            while store.next_answer().is_none() {
                std::thread::yield_now();
            }
        }
        match ends {
            LifeEnds::Stopping => Box::new(store).close(),
            LifeEnds::Dying => mem::forget(store),
        }
        self
    }
}
