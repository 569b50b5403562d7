//! What a real kernel does to a clock that nobody sets: leap seconds, and slewing.

use crate::accounts::seconds_of;
use crate::clock_jumps::{bound, parsed};
use crate::machine::{self, can_boot};
use crate::scheduler::Sandbox;
use crate::seed::tell;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Each run of each fire, however late.
const EACH_FIRE: &str = "
[scheduler]
timezone = 'UTC'
[defaults]
misfire_grace_time = 'forever'
coalesce = false
max_instances = 'unlimited'
[jobs.tick]
cron = { second = '*' }
command = 'true'
";

/// `adjtimex(2)`: which of the fields count, the offset, the frequency, the status.
const ADJUST: &str = r#"
adjust() {
    perl -e '
        my $timex = pack("L x4 q4 l x164", $ARGV[0], $ARGV[1], $ARGV[2], 0, 0, $ARGV[3]);
        syscall(159, $timex) >= 0 or die "adjtimex: $!";
    ' "$@"
}
"#;

/// What `tick` and `beat` did about the end of a year that is a second longer. The clock is set back to that: what
/// lay in between would be a backlog.
const LEAP: &str = r#"
date -u -s "2027-01-01 12:00:00" > /dev/null
RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
scheduler=$!
until grep -q 'job_executed.*"tick"' log; do sleep 0.1; done
date -u -s "2026-12-31 23:59:45" > /dev/null
status=16 insert_a_second=16
adjust $status 0 0 $insert_a_second
until grep -q 'job_executed.*"tick".*"2027-01-01T00:00:04' log; do sleep 0.1; done
kill $scheduler
wait $scheduler
sync
echo REPORTED
power_off
"#;

/// How often each fire of the job ran, and how late they started at most.
fn runs_of(log: &[Value], job: &str) -> (BTreeMap<String, usize>, f64) {
    let (mut runs, mut latest) = (BTreeMap::new(), 0_f64);
    let starts = log.iter().filter(|line| line["event"] == "job_started");
    for line in starts.filter(|line| line["job_id"] == job) {
        let fire = line["fire_time"].as_str().unwrap().to_owned();
        *runs.entry(fire).or_default() += 1;
        latest = latest.max(line["late_by"].as_f64().unwrap_or(0.0));
    }
    (runs, latest)
}

fn assert_each_second_once(ticks: &BTreeMap<String, usize>) {
    let seconds: Vec<_> = ticks.keys().map(|fire| seconds_of(fire)).collect();
    let is_next = |pair: &[f64]| (pair[1] - pair[0] - 1.0).abs() < 0.001;
    assert!(
        seconds.windows(2).all(is_next),
        "one is missing: {ticks:#?}"
    );
    assert!(ticks.values().all(|&runs| runs == 1), "{ticks:#?}");
}

fn has_perl() -> bool {
    let has = Command::new("perl").arg("-v").output().is_ok();
    if !has {
        tell("skipped: adjusting a clock needs perl");
    }
    has
}

#[test]
fn c7_in_a_leap_second_no_fire_is_doubled_and_none_is_missing() {
    if !can_boot("a leap second") || !has_perl() {
        return;
    }
    let beat = "[jobs.beat]\ninterval = '1s'\ncommand = 'true'\n";
    let sandbox = Sandbox::new(&format!("{EACH_FIRE}{beat}"));
    machine::make(&sandbox, &format!("{ADJUST}{LEAP}"));
    machine::run_to_its_report(&sandbox);
    let log = parsed(&sandbox.read("log"));
    let is_step = |line: &&Value| line["event"] == "clock_stepped";
    let steps: Vec<_> = log.iter().filter(is_step).collect();
    assert_eq!(steps.len(), 2, "the setting and the leap second: {log:#?}");
    let message = steps[1]["message"].as_str().unwrap();
    assert!(
        message.starts_with("The wall clock was set backward by 0:00:01, from 2027-01-01 00:00:0"),
        "{message}"
    );
    let since = log.iter().position(|line| line == steps[0]).unwrap();
    let (ticks, late) = runs_of(&log[since..], "tick");
    assert_each_second_once(&ticks);
    for shown in ["2026-12-31T23:59:59+00:00", "2027-01-01T00:00:00+00:00"] {
        assert!(ticks.contains_key(shown), "{shown}: {ticks:#?}");
    }
    // What counts elapsed time finds that second twice on the clock, as it was.
    let (beats, beats_late) = runs_of(&log[since..], "beat");
    let twice: Vec<_> = beats.iter().filter(|(_, runs)| **runs != 1).collect();
    let [(fire, 2)] = twice[..] else {
        panic!("{beats:#?}");
    };
    assert!(fire.starts_with("2026-12-31T23:59:59"), "{beats:#?}");
    let late = late.max(beats_late);
    assert!(late <= bound(), "late by {late} s: {log:#?}");
    tell(&format!(
        "a leap second of a real clock: {} seconds each once, an interval goes on; late by {late:.3} s at most",
        ticks.len()
    ));
}

/// Half a minute faster by as much as the kernel allows, half a minute slower. Beside the scheduler with nothing to do,
/// whose timers are counted, one with much.
const SLEW: &str = r#"
date -u -s "2026-11-21 12:00:00" > /dev/null
strace -o calls -e trace=timerfd_settime RSCHED run idle.toml --state-dir disk/idle --log-format json > idle 2>&1 &
RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
scheduler=$!
until grep -q scheduler_started idle && grep -q 'job_executed.*"tick"' log; do sleep 0.1; done
frequency=2 offset=32769 parts_per_million=65536
before=$(wc -l < calls)
for direction in 1 -1; do
    adjust $frequency 0 $((direction * 500 * parts_per_million)) 0
    adjust $offset $((direction * 100000)) 0 0
    sleep 30
done
echo $(($(wc -l < calls) - before)) > count
kill $scheduler
wait $scheduler
sync
echo REPORTED
power_off
"#;

const IDLE: &str = "[jobs.yearly]\ncron = '0 0 1 1 *'\ntimezone = 'UTC'\ncommand = 'true'\n";

#[test]
fn c8_a_clock_that_is_slewed_wakes_nobody_and_shifts_nothing() {
    if !can_boot("slewing a clock") || !has_perl() {
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        return tell("skipped: counting system calls needs strace");
    }
    let sandbox = Sandbox::new(EACH_FIRE);
    sandbox.write("idle.toml", IDLE);
    machine::make(&sandbox, &format!("{ADJUST}{SLEW}"));
    machine::run_to_its_report(&sandbox);
    let (idle, log) = (parsed(&sandbox.read("idle")), parsed(&sandbox.read("log")));
    for line in idle.iter().chain(&log) {
        assert_ne!(line["event"], "clock_stepped", "{line}");
    }
    let calls = sandbox.read("calls");
    assert!(calls.contains("TFD_TIMER_CANCEL_ON_SET"), "{calls}");
    let count: u32 = sandbox.read("count").trim().parse().unwrap();
    assert!(count <= 6, "{count} times in a minute: {calls}");
    let (ticks, late) = runs_of(&log, "tick");
    assert_each_second_once(&ticks);
    assert!(ticks.len() >= 60, "{ticks:#?}");
    assert!(late <= bound(), "late by {late} s: {log:#?}");
    tell(&format!(
        "a real clock slewed by 500 ppm and 0.1 s: timers set {count} times in a minute, no step; {} seconds each once, late by {late:.3} s at most",
        ticks.len()
    ));
}
