//! The clock of a real kernel, set forwards and backwards under the real loop.

use crate::accounts::seconds_of;
use crate::machine::{self, Machine, can_boot, console, wait_until};
use crate::scheduler::Sandbox;
use crate::seed::tell;
use serde_json::Value;
use std::collections::BTreeSet;

const JOBS: &str = "
[jobs.daily]
cron = '0 3 * * *'
timezone = 'UTC'
command = 'echo RUN $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME > /dev/console'
[jobs.minute]
cron = '* * * * *'
timezone = 'UTC'
command = 'echo RUN $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME > /dev/console'
";

const SCRIPT: &str = r#"
set_to() { date -u -s "$1" > /dev/null; }
set_by() { date -u -s "@$(($(date +%s) + $1))" > /dev/null; }
set_to "2026-11-21 02:59:57"
RSCHED run jobs.toml --state-dir disk/state > log 2>&1 &
scheduler=$!
until grep -q "daily.*executed" log; do sleep 0.1; done
set_by -3600; sleep 2
set_by 3600; sleep 2
set_to "2027-11-21 12:00:30"; sleep 2
set_to "2026-11-21 03:10:57"
until grep -q "minute.*scheduled at 2026-11-21 03:11:00" log; do sleep 0.1; done
set_to "2076-11-21 02:59:30"; sleep 2
kill $scheduler; wait $scheduler
RSCHED history --state-dir disk/state -n 1000000 --format json > history.json
echo REPORTED
power_off
"#;

/// The days from one date to another.
fn days(from: &str, to: &str) -> f64 {
    let at = |date: &str| seconds_of(&format!("{date}T03:00:00Z"));
    (at(to) - at(from)) / 86_400.0
}

#[test]
fn c1_to_c4_a_clock_that_is_set_makes_no_fire_twice_and_no_silence() {
    if !can_boot("setting a clock") {
        return;
    }
    let sandbox = Sandbox::new(JOBS);
    machine::make(&sandbox, SCRIPT);
    let mut machine = Machine::boot(&sandbox, "console");
    wait_until("it has reported", || {
        console(&sandbox, "console").contains("REPORTED")
    });
    let is_whole = || serde_json::from_str::<Value>(&sandbox.read("history.json")).is_ok();
    wait_until("it is written", is_whole);
    machine.lose_power();
    let (said, log) = (console(&sandbox, "console"), sandbox.read("log"));
    let runs: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("RUN "))
        .collect();
    let distinct: BTreeSet<_> = runs.iter().collect();
    assert_eq!(distinct.len(), runs.len(), "a fire ran twice: {runs:#?}");
    let of_that_day = |line: &&&str| line.contains("daily 2026-11-21T03:00:00");
    assert_eq!(runs.iter().filter(of_that_day).count(), 1, "{runs:#?}");
    // Noticed within the second in which it was set.
    for (time, what) in [
        ("2026-11-21 02:00:", "set backward by 1:00:00"),
        ("2027-11-21 12:00:3", "set forward by 365 days"),
        ("2026-11-21 03:10:5", "everything is planned afresh"),
        ("2076-11-21 02:59:3", "set forward by 18262 days"),
    ] {
        let is_it = |line: &str| line.starts_with(time) && line.contains(what);
        assert!(log.lines().any(is_it), "{time} {what} is not in {log}");
    }
    let history: Value = serde_json::from_str(&sandbox.read("history.json")).unwrap();
    let missed: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["job_id"] == "daily" && entry["outcome"] == "missed")
        .map(|entry| entry["count"].as_f64().unwrap())
        .collect();
    // Every day once: those up to the jump, and those of the second one.
    let expected = [
        days("2026-11-21", "2027-11-21"),
        days("2026-11-21", "2076-11-20"),
    ];
    assert_eq!(missed, expected, "{history:#}");
    tell(&format!(
        "5 settings of a real clock: {} runs, doubled 0; missed {missed:?} days, as counted",
        runs.len()
    ));
}
