//! Histories as a scheduler writes them: of each run the states in their order, and all else in any.

use crate::bench::ID;
use proptest::prelude::*;
use rsched::config::JobId;
use rsched::scheduler::{
    Emitted, End, EventName, FireRange, FiresRecord, JobRecord, Outcome, OutputTail, PlanText,
    Progress, Reason, Record, RunId, RunRecord, RunState, StoreId, Usage,
};
use rsched::time::WallTime;
use std::collections::BTreeMap;
use std::time::Duration;

/// What happens next, in numbers that anything can be made of.
#[derive(Clone, Debug)]
pub enum Step {
    /// A run of this job and fire goes on to its next state, or ends.
    Run { job: u8, fire: u8, choice: u8 },
    /// Fires that became no run.
    Fires { job: u8, count: u8, choice: u8 },
    /// A job as it is now.
    Job { job: u8, choice: u8 },
    /// A job is gone.
    JobGone { job: u8 },
    /// All fires wait, or do so no more.
    Paused(bool),
    /// The clock was set back.
    Epoch,
    /// Something was told.
    Event { job: u8, choice: u8 },
    /// What was gathered is written.
    Write,
    /// The scheduler is killed and started again, or stops and is started again.
    Restart { killed: bool },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (job, fire, choice) = (0..4_u8, 0..6_u8, any::<u8>());
    let step = prop_oneof![
        6 => (job.clone(), fire, choice).prop_map(|(job, fire, choice)| Step::Run { job, fire, choice }),
        2 => (job.clone(), 1..9_u8, choice).prop_map(|(job, count, choice)| Step::Fires { job, count, choice }),
        2 => (job.clone(), choice).prop_map(|(job, choice)| Step::Job { job, choice }),
        1 => job.clone().prop_map(|job| Step::JobGone { job }),
        1 => any::<bool>().prop_map(Step::Paused),
        1 => Just(Step::Epoch),
        2 => (job, choice).prop_map(|(job, choice)| Step::Event { job, choice }),
        5 => Just(Step::Write),
        1 => any::<bool>().prop_map(|killed| Step::Restart { killed }),
    ];
    prop::collection::vec(step, 0..60)
}

/// What is behind the steps: which run is where, and what comes next.
#[derive(Default)]
pub struct Author {
    runs: BTreeMap<(u8, u8, u32), RunRecord>,
    epoch: u32,
    seq: u64,
    fires: i64,
    manual_runs: u64,
}

const OF_RUNS: [Outcome; 6] = [
    Outcome::Succeeded,
    Outcome::Failed,
    Outcome::TimedOut,
    Outcome::Killed,
    Outcome::SpawnFailed,
    Outcome::Lost,
];

/// Those that stand in records.
const REASONS: [Reason; 4] = [
    Reason::Scheduled,
    Reason::Catchup,
    Reason::Startup,
    Reason::Manual,
];

const OF_FIRES: [Outcome; 3] = [Outcome::Missed, Outcome::Coalesced, Outcome::Skipped];

fn one_of<T: Copy>(all: &[T], choice: u8) -> T {
    all[usize::from(choice) % all.len()]
}

pub fn id(job: u8) -> JobId {
    JobId::parse(&format!("job-{job}")).unwrap()
}

fn at(seconds: i64) -> WallTime {
    WallTime::from_micros(1_767_225_600_123_456) + Duration::from_secs(seconds.unsigned_abs())
}

impl Author {
    /// The record that a step makes, if it makes one.
    pub fn record(&mut self, step: &Step) -> Option<Record> {
        Some(match *step {
            Step::Run { job, fire, choice } => Record::Run(self.run(job, fire, choice)?),
            Step::Fires { job, count, choice } => {
                // Never one that was there before.
                self.fires += 1_000;
                let first = self.fires;
                let count = u64::from(count);
                Record::Fires(FiresRecord {
                    job: id(job),
                    range: FireRange {
                        first: at(first),
                        last: at(first) + Duration::from_secs(10 * (count - 1)),
                        count,
                    },
                    epoch: self.epoch,
                    outcome: one_of(&OF_FIRES, choice),
                    judged_at: at(first + 999),
                    detail: choice.is_multiple_of(2).then(|| "because".to_owned()),
                })
            }
            Step::Job { job, choice } => {
                let mut progress = Progress::starting_after(at(i64::from(choice)));
                progress.pass_over(at(i64::from(choice % 7) * 100));
                Record::Job(Box::new(JobRecord {
                    job: id(job),
                    plan: PlanText {
                        whole: format!("plan {choice}; 'quoted' \u{1b}"),
                        phase: "phase".to_owned(),
                    },
                    anchor: at(i64::from(choice)),
                    progress,
                    paused: choice.is_multiple_of(2),
                    finished: choice.is_multiple_of(3),
                    definition: choice
                        .is_multiple_of(5)
                        .then(|| "{\"command\":\"true\"}".into()),
                }))
            }
            Step::JobGone { job } => Record::JobGone(id(job)),
            Step::Paused(paused) => Record::Paused(paused),
            Step::Epoch => {
                self.epoch += 1;
                Record::Epoch(self.epoch)
            }
            Step::Event { job, choice } => {
                self.seq += 1;
                Record::Event(Box::new(Emitted {
                    seq: self.seq,
                    time: at(i64::from(choice)),
                    late_by: Some(Duration::from_micros(u64::from(choice))),
                    detail: Some("said".to_owned()),
                    ..Emitted::about(one_of(&EventName::ALL, choice), &id(job))
                }))
            }
            Step::Write | Step::Restart { .. } => return None,
        })
    }

    /// The next state of a run; none once it ended.
    fn run(&mut self, job: u8, fire: u8, choice: u8) -> Option<RunRecord> {
        let epoch = self.epoch;
        let fire_time = at(-i64::from(fire));
        let manual_runs = &mut self.manual_runs;
        let run = self.runs.entry((job, fire, epoch)).or_insert_with(|| {
            let sequence = if choice.is_multiple_of(8) {
                *manual_runs + 1
            } else {
                0
            };
            *manual_runs = (*manual_runs).max(sequence);
            let store = StoreId(ID);
            RunRecord {
                id: match sequence {
                    0 => RunId::of_fire(store, &id(job), fire_time, epoch),
                    _ => RunId::of_request(store, &id(job), fire_time, sequence),
                },
                job: id(job),
                fire_time,
                epoch,
                sequence,
                attempt: 0,
                reason: one_of(&REASONS, choice),
                stands_for: u64::from(choice % 9) + 1,
                noticed_at: at(i64::from(fire)),
                started_at: None,
                waited: None,
                pid: None,
                state: RunState::Pending,
                earlier: None,
            }
        });
        run.state = match (&run.state, choice % 4) {
            (RunState::Ended(_), _) => return None,
            (RunState::Pending, 0) => RunState::Ended(Box::new(End::without_process(
                one_of(&OF_FIRES, choice),
                at(i64::from(choice)),
                Some("it waited for too long".to_owned()),
            ))),
            (RunState::Pending, 1) => RunState::Pending,
            (RunState::Pending, _) => {
                run.attempt += 1;
                RunState::Starting
            }
            (RunState::Starting, 0..2) => {
                run.started_at = Some(at(i64::from(choice)));
                run.waited = Some(Duration::from_micros(u64::from(choice)));
                run.pid = Some(i32::from(choice) + 2);
                RunState::Running
            }
            // A restart finds that it never began.
            (RunState::Starting, _) => RunState::Pending,
            (RunState::Running, _) => RunState::Ended(Box::new(End {
                exit_code: choice.is_multiple_of(2).then_some(i32::from(choice)),
                signal: (choice % 2 == 1).then_some(9),
                core_dumped: choice % 16 == 1,
                duration: Some(Duration::from_micros(u64::from(choice))),
                usage: choice.is_multiple_of(3).then(|| Usage {
                    user_time: Duration::from_micros(1),
                    system_time: Duration::from_micros(2),
                    peak_memory_bytes: (!choice.is_multiple_of(9)).then_some(3 << 20),
                }),
                output: choice.is_multiple_of(5).then(|| OutputTail {
                    total_bytes: 10_000,
                    tail: vec![choice; 3_000].into(),
                }),
                ..End::without_process(one_of(&OF_RUNS, choice), at(i64::from(choice)), None)
            })),
        };
        Some(run.clone())
    }
}

/// Batches of an even mixture, for tests that need some and no particular ones: always the same.
pub fn batches(count: usize) -> Vec<Vec<Record>> {
    let mut author = Author::default();
    let mut dice = 7_u32;
    let mut choice = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        dice.to_be_bytes()[0]
    };
    (0..count)
        .map(|batch| {
            let fire = u8::try_from(batch % 200).unwrap();
            let mut steps = vec![Step::Job {
                job: fire % 4,
                choice: fire,
            }];
            for _ in 0..12 {
                steps.push(Step::Run {
                    job: choice() % 4,
                    fire,
                    choice: choice(),
                });
                steps.push(Step::Event {
                    job: choice() % 4,
                    choice: choice(),
                });
            }
            if batch.is_multiple_of(5) {
                steps.push(Step::Fires {
                    job: choice() % 4,
                    count: choice() % 8 + 1,
                    choice: choice(),
                });
            }
            steps
                .iter()
                .filter_map(|step| author.record(step))
                .collect()
        })
        .collect()
}
