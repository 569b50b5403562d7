//! Runs that wait for their next attempt, and how the one before it ended.

use crate::bench::{Bench, ID};
use rsched::config::JobId;
use rsched::scheduler::{End, Outcome, Reason, Record, RunId, RunRecord, RunState, StoreId, Usage};
use rsched::store::sqlite::{Asked, History, Window, check};
use rsched::time::WallTime;
use std::time::Duration;

fn id(job: &str) -> JobId {
    JobId::parse(job).unwrap()
}

fn at(seconds: i64) -> WallTime {
    WallTime::from_unix_seconds(seconds)
}

fn run(attempt: u32, state: RunState, earlier: Option<End>) -> Record {
    Record::Run(RunRecord {
        id: RunId::of_fire(StoreId(ID), &id("a"), at(60), 0),
        job: id("a"),
        fire_time: at(60),
        epoch: 0,
        sequence: 0,
        attempt,
        reason: Reason::Scheduled,
        stands_for: 1,
        noticed_at: at(60),
        started_at: None,
        waited: None,
        pid: None,
        state,
        earlier: earlier.map(Box::new),
    })
}

fn failure() -> End {
    End {
        exit_code: Some(7),
        duration: Some(Duration::from_millis(1_500)),
        usage: Some(Usage::default()),
        ..End::without_process(Outcome::Failed, at(62), Some("for a reason".to_owned()))
    }
}

#[test]
fn how_the_attempt_before_ended_is_kept_until_the_next_begins() {
    let bench = Bench::new();
    let mut seen = Vec::new();
    let mut made_at = 0;
    let mut write = |record: Record| {
        made_at += 1;
        let (mut writer, _) = bench.open().unwrap();
        writer.write(made_at, vec![record]).unwrap();
        writer.close();
        let kept = bench.kept().unwrap();
        let run = kept.unfinished.values().next().cloned();
        seen.push(run.map(|run| (run.attempt, run.earlier.map(|end| *end))));
        assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
    };
    write(run(1, RunState::Starting, None));
    write(run(2, RunState::Pending, Some(failure())));
    write(run(2, RunState::Starting, Some(failure())));
    write(run(2, RunState::Running, None));
    write(run(3, RunState::Pending, Some(failure())));
    let history = History::open(&bench.path()).unwrap();
    let asked = |outcomes| Asked {
        job: None,
        window: Window::ALWAYS,
        outcomes,
        at_most: 10,
    };
    assert_eq!(history.runs(asked(&[Outcome::Failed])).unwrap(), []);
    assert_eq!(history.runs(asked(&[])).unwrap().len(), 1);
    assert_eq!(history.totals(&id("a")).unwrap(), []);
    drop(history);
    write(run(2, RunState::Ended(Box::new(failure())), None));
    let expected = [
        Some((1, None)),
        Some((2, Some(failure()))),
        Some((2, Some(failure()))),
        Some((2, None)),
        Some((3, Some(failure()))),
        None,
    ];
    assert_eq!(seen, expected);
}
