//! Whether the judge can say no.

use crate::accounts::{
    Entry, Expected, Life, Line, check, entries_of, lines_of, lives_of, seconds_of,
};
use serde_json::json;

const JOB: &str = "a";

fn expected() -> Vec<Expected> {
    vec![Expected {
        job: JOB.into(),
        due: 11..=20,
        perhaps: 10..=22,
        without_a_run: &["missed"],
    }]
}

fn line(fire: i64) -> Line {
    Line {
        run: format!("run{fire}"),
        job: JOB.into(),
        fire,
    }
}

fn entry(fire: i64, outcome: &str) -> Entry {
    Entry {
        run: Some(format!("run{fire}")),
        job: JOB.into(),
        fire,
        outcome: outcome.into(),
        #[expect(clippy::cast_precision_loss, reason = "some twenty")]
        noticed: fire as f64,
        started: None,
        ended: None,
    }
}

/// One is killed, the next two stop by themselves, and one more is killed.
const LIVES: [Life; 4] = [
    Life {
        begin: 10.0,
        killed: Some(15.5),
    },
    Life {
        begin: 16.0,
        killed: None,
    },
    Life {
        begin: 17.5,
        killed: None,
    },
    Life {
        begin: 18.5,
        killed: Some(19.5),
    },
];

/// A world in order: ten fires, ten runs.
fn world() -> (Vec<Entry>, Vec<Line>) {
    let entries = (11..=20).map(|fire| entry(fire, "succeeded")).collect();
    (entries, (11..=20).map(line).collect())
}

/// What the judge says when something is changed in that world.
fn verdict(change: impl FnOnce(&mut Vec<Entry>, &mut Vec<Line>)) -> Vec<String> {
    let (mut entries, mut lines) = world();
    change(&mut entries, &mut lines);
    check(&expected(), &entries, &lines, &LIVES)
        .err()
        .unwrap_or_default()
}

#[track_caller]
fn says(problems: &[String], what: &str) {
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains(what), "{problems:?}");
}

#[test]
fn a_world_in_order_is_found_so() {
    let (entries, lines) = world();
    let figures = check(&expected(), &entries, &lines, &[]).unwrap();
    assert_eq!(figures, [("succeeded".to_owned(), 10)].into());
}

#[test]
fn a_doubled_line_is_found() {
    says(&verdict(|_, lines| lines.push(line(13))), "ran twice");
}

#[test]
fn a_line_that_another_run_wrote_for_the_same_fire_is_found() {
    let problems = verdict(|_, lines| {
        lines.push(Line {
            run: "other".into(),
            ..line(13)
        });
    });
    assert!(problems.iter().any(|it| it.contains("ran twice")));
}

#[test]
fn a_missing_fire_is_found() {
    let problems = verdict(|entries, lines| {
        entries.remove(3);
        lines.remove(3);
    });
    says(&problems, "due at 14, has no outcome");
}

#[test]
fn a_line_that_vanished_is_found() {
    let problems = verdict(|_, lines| drop(lines.remove(5)));
    says(&problems, "it is said to have run, and did not");
}

#[test]
fn a_record_that_vanished_is_found() {
    let problems = verdict(|entries, _| drop(entries.remove(5)));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("ran without a record"));
}

#[test]
fn two_outcomes_of_a_fire_are_found() {
    let problems = verdict(|entries, _| entries.push(entry(12, "succeeded")));
    says(&problems, "two outcomes");
}

#[test]
fn a_fire_that_was_never_due_is_found() {
    let problems = verdict(|entries, lines| {
        entries.push(entry(23, "succeeded"));
        lines.push(line(23));
    });
    says(&problems, "it was never due");
}

#[test]
fn a_run_that_is_said_to_be_missed_is_found() {
    let problems = verdict(|entries, _| entries[0].outcome = "missed".into());
    says(&problems, "it ran and is said to have not");
}

#[test]
fn an_outcome_that_is_not_allowed_is_found() {
    let problems = verdict(|entries, lines| {
        entries[0].outcome = "skipped".into();
        lines.remove(0);
    });
    says(&problems, "it may not end so");
}

#[test]
fn a_run_can_be_lost_at_a_death_only_and_when_it_ran() {
    let lost = |fire: usize, started: Option<f64>, ended: Option<f64>| {
        verdict(move |entries, _| {
            let entry = &mut entries[fire - 11];
            entry.outcome = "lost".into();
            (entry.started, entry.ended) = (started, ended);
        })
    };
    assert_eq!(lost(14, Some(14.1), Some(16.1)), [""; 0]);
    // Noticed by the first, and started by the last.
    assert_eq!(lost(14, Some(18.6), None), [""; 0]);
    // Nobody knows when it started: at that death or before.
    assert_eq!(lost(14, None, Some(16.1)), [""; 0]);
    assert_eq!(lost(18, None, Some(20.1)), [""; 0]);
    for problems in [
        // Who started it lived on, though another one died later.
        lost(14, Some(16.1), Some(20.1)),
        lost(17, Some(17.1), Some(20.1)),
        // There was nobody to start it.
        lost(14, Some(15.7), Some(16.1)),
        // Lost before anybody died.
        lost(17, None, Some(18.6)),
        lost(20, None, Some(20.1)),
    ] {
        says(&problems, "it is lost without a death");
    }
    let problems = verdict(|entries, lines| {
        entries[0].outcome = "lost".into();
        lines.remove(0);
    });
    says(&problems, "it never ran and is called lost");
}

#[test]
fn lives_begin_at_starts_and_at_deaths() {
    let life = |begin, killed| Life { begin, killed };
    let expected = [
        life(0.0, Some(3.0)),
        life(3.0, None),
        life(5.0, Some(8.0)),
        life(8.0, None),
    ];
    assert_eq!(lives_of(&[0.0, 5.0], &[3.0, 8.0]), expected);
}

#[test]
fn a_run_without_an_end_is_found() {
    let problems = verdict(|entries, _| entries[0].outcome = "running".into());
    says(&problems, "it ran and is said to have not");
}

#[test]
fn a_start_before_its_time_is_found() {
    let problems = verdict(|entries, _| entries[2].started = Some(12.9));
    says(&problems, "it started early");
}

#[test]
fn times_and_ranges_are_read_as_they_are_written() {
    assert!((seconds_of("2026-11-21T10:30:21.719+00:00") - 1_795_257_021.719).abs() < 1e-6);
    assert!((seconds_of("2024-03-01T00:00:00Z") - 1_709_251_200.0).abs() < 1e-6);
    let history = json!([{
        "type": "fires", "job_id": "a", "first_fire_time": "1970-01-01T00:00:05+00:00",
        "fire_time": "1970-01-01T00:00:07+00:00", "count": 3, "outcome": "missed",
        "noticed_at": "1970-01-01T00:00:08+00:00",
    }]);
    let fires: Vec<_> = entries_of(&history)
        .iter()
        .map(|entry| entry.fire)
        .collect();
    assert_eq!(fires, [5, 6, 7]);
    let lines = lines_of("run a 1970-01-01T00:00:05+00:00\n");
    assert_eq!((lines[0].job.as_str(), lines[0].fire), ("a", 5));
}

#[test]
#[should_panic(expected = "a torn line")]
fn a_torn_line_is_found() {
    lines_of("run a 1970-01-01T00:00:05+00:00\nrun");
}
