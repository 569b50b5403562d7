//! A disk that refuses writes for some seconds and is well again, of a real kernel: `dm-flakey` in User-Mode Linux.

use crate::accounts::{self, Expected, seconds_of};
use crate::clock_jumps::{bound, parsed};
use crate::machine::{self, Machine, can_boot, comes_true, console};
use crate::scheduler::Sandbox;
use crate::seed::tell;
use serde_json::Value;
use std::process::Command;

const JOBS: &str = "
[history]
keep_runs = 100000
[jobs.tick]
cron = { second = '*' }
timezone = 'UTC'
misfire_grace_time = '2s'
command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'
";

/// It takes writes for two seconds, and then for three it does not.
const WELL: f64 = 2.0;
const CYCLE: f64 = 5.0;

#[test]
fn d5_a_disk_that_refuses_writes_for_some_seconds_holds_starts_and_they_go_on_by_themselves() {
    if !can_boot("a flaky disk") {
        return;
    }
    let has = |tool, argument| Command::new(tool).arg(argument).output().is_ok();
    if !has("perl", "-v") || !has("dmsetup", "--version") {
        return tell("skipped: a flaky disk needs perl and dmsetup");
    }
    let sandbox = Sandbox::new(JOBS);
    machine::make(&sandbox, include_str!("flaky_disk.sh"));
    let mut machine = Machine::boot(&sandbox, "console");
    let said = || console(&sandbox, "console");
    let is_over = comes_true(|| said().contains("REPORTED\n") || said().contains("NO FLAKY DISK"));
    machine.lose_power();
    assert!(is_over, "{}\n{}", said(), sandbox.read("log"));
    if let Some(why) = said()
        .lines()
        .find_map(|line| line.split_once("NO FLAKY DISK: "))
    {
        return tell(&format!(
            "skipped: no flaky disk in this User-Mode Linux: {}",
            why.1
        ));
    }

    let log = parsed(&sandbox.read("log"));
    let named = |name: &str| {
        let is_it = move |line: &&Value| line["event"] == name;
        log.iter().filter(is_it).collect::<Vec<_>>()
    };
    let failures = named("store_failed");
    assert!(!failures.is_empty(), "{log:#?}");
    for line in &failures {
        let message = line["message"].as_str().unwrap();
        let expected = "The store does not take records, so nothing is started: cannot write `disk/state/store.sqlite`";
        assert!(message.starts_with(expected), "{message}");
    }
    let held = named("job_missed").len() + named("job_coalesced").len();
    assert!(held > 0, "{log:#?}");

    let history: Value = serde_json::from_str(&sandbox.read("history")).unwrap();
    let on_disk: Value = serde_json::from_str(&sandbox.read("history-on-disk")).unwrap();
    assert_eq!(history, on_disk, "what was acknowledged is on the disk");
    let checked = sandbox.read("checked");
    assert!(checked.contains("verdict      whole"), "{checked}");
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    let (first, last) = (lines[0].fire, lines[lines.len() - 1].fire);
    let expected = Expected {
        job: "tick".to_owned(),
        due: first..=last,
        perhaps: first - 5..=last + 60,
        without_a_run: &["missed", "coalesced", "skipped"],
    };
    let found = accounts::check(&[expected], &accounts::entries_of(&history), &lines, &[]);
    let figures = found.unwrap_or_else(|error| panic!("{error:#?}\n{log:#?}"));

    let starts: Vec<_> = named("job_started")
        .iter()
        .map(|line| seconds_of_line(line))
        .collect();
    let since = |file: &str| sandbox.read(file).trim().parse::<f64>().unwrap();
    let (flaky, well) = (since("flaky-since"), since("well-since"));
    let mut resumed = Vec::new();
    for cycle in 1_u32.. {
        let again = flaky + CYCLE * f64::from(cycle);
        let refusing = again + WELL - CYCLE..again;
        if well < refusing.end {
            break;
        }
        // What had been on record before still started.
        let held = |start: &&f64| refusing.contains(start);
        assert!(starts.iter().filter(held).count() <= 1, "{cycle}: {log:#?}");
        resumed.extend(
            starts
                .iter()
                .map(|start| start - again)
                .find(|after| *after >= 0.0),
        );
    }
    let latest = resumed.iter().copied().fold(0.0, f64::max);
    assert!(latest <= bound(), "{resumed:?}: {log:#?}");
    tell(&format!(
        "a disk that refused writes for 3 s of 5, {} times: {figures:?}; told of {} times; starts went on {} after",
        resumed.len(),
        failures.len(),
        resumed
            .iter()
            .map(|after| format!("{after:.2} s"))
            .collect::<Vec<_>>()
            .join(", ")
    ));
}

fn seconds_of_line(line: &Value) -> f64 {
    seconds_of(line["time"].as_str().unwrap())
}
