//! The clock of a real kernel, set forwards and backwards under the real loop.

use crate::accounts::seconds_of;
use crate::machine::{self, can_boot, console};
use crate::scheduler::Sandbox;
use crate::seed::{number, tell};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const JOBS: &str = "
[scheduler]
timezone = 'UTC'
[jobs.daily]
cron = '0 3 * * *'
command = TELL
[jobs.minute]
cron = '* * * * *'
command = TELL
misfire_grace_time = 'forever'
[jobs.interval]
interval = '10m'
command = TELL
misfire_grace_time = 'forever'
[jobs.patient]
cron = '30 3 * * *'
command = TELL
misfire_grace_time = 'forever'
";

const TELL: &str = "'echo RUN $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME > /dev/console'";

/// The jumps of the script: from when to when, and what the log says beside that.
const JUMPS: [(&str, &str, &str, &str); 6] = [
    (
        "back-an-hour",
        "2026-11-21 03:00:",
        "2026-11-21 02:00:",
        "set backward by 1:00:0",
    ),
    (
        "there-again",
        "2026-11-21 02:0",
        "2026-11-21 03:0",
        "set forward by 0:59:5|set forward by 1:00:0",
    ),
    (
        "an-hour",
        "2026-11-21 03:0",
        "2026-11-21 04:0",
        "set forward by 0:59:5|set forward by 1:00:0",
    ),
    (
        "a-year",
        "2026-11-21 04:0",
        "2027-11-21 12:0",
        "set forward by 365 days, ",
    ),
    (
        "back-a-year",
        "2027-11-21 12:0",
        "2026-11-21 03:1",
        "everything is planned afresh",
    ),
    (
        "fifty-years",
        "2026-11-21 03:1",
        "2076-11-21 02:59:",
        "set forward by 18262 days, ",
    ),
];

/// The days from one date to another.
fn days(from: &str, to: &str) -> f64 {
    let at = |date: &str| seconds_of(&format!("{date}T03:00:00Z"));
    (at(to) - at(from)) / 86_400.0
}

/// A line of the log; nothing if it is none of ours.
pub fn parsed(log: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// When on the clock that nobody sets the script did this.
fn uptime_of(jumps: &str, name: &str) -> f64 {
    let line = jumps.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in {jumps}"));
    line.trim().parse().unwrap()
}

/// How late the machine may be to notice: it may have much else to do. A machine with nothing else to do
/// takes a second at most; without news from the kernel it would take a minute.
pub fn bound() -> f64 {
    f64::from(u32::try_from(number("RSCHED_JUMP_SECONDS", 10)).unwrap())
}

/// What follows from one jump.
struct Jump<'a> {
    name: &'static str,
    /// When it was made, on the clock that nobody sets.
    made: f64,
    told: &'a Value,
    /// The lines between it and the next one.
    lines: &'a [Value],
}

impl Jump<'_> {
    fn delay_of(&self, line: &Value) -> f64 {
        line["uptime"].as_f64().unwrap() - self.made
    }

    /// What was decided about fires that it jumped over, by job.
    fn decisions(&self) -> BTreeMap<&str, Vec<&Value>> {
        let shown = seconds_of(self.told["time"].as_str().unwrap());
        let mut decisions = BTreeMap::<_, Vec<_>>::new();
        for line in self.lines {
            let is_decision = line["event"] == "job_started" || line["event"] == "job_missed";
            let Some(fire) = line["fire_time"].as_str().filter(|_| is_decision) else {
                continue;
            };
            if seconds_of(fire) <= shown {
                let job = line["job_id"].as_str().unwrap();
                decisions.entry(job).or_default().push(line);
            }
        }
        decisions
    }
}

/// The jumps of the script, each with its lines of the log.
fn jumps_in<'a>(log: &'a [Value], jumps: &str) -> Vec<Jump<'a>> {
    let is_step = |line: &&Value| line["event"] == "clock_stepped";
    let at: Vec<_> = (0..log.len()).filter(|&at| is_step(&&log[at])).collect();
    assert_eq!(at.len(), JUMPS.len(), "one line for each: {log:#?}");
    let ends = at.iter().copied().skip(1).chain([log.len()]);
    let stretches = at.iter().zip(ends);
    stretches
        .zip(JUMPS)
        .map(|((&start, end), (name, ..))| Jump {
            name,
            made: uptime_of(jumps, name),
            told: &log[start],
            lines: &log[start..end],
        })
        .collect()
}

#[test]
fn c1_to_c4_a_clock_that_is_set_makes_no_fire_twice_and_no_silence() {
    if !can_boot("setting a clock") {
        return;
    }
    let sandbox = Sandbox::new(&JOBS.replace("TELL", TELL));
    machine::make(&sandbox, include_str!("clock_jumps.sh"));
    machine::run_to_its_report(&sandbox);
    let said = console(&sandbox, "console");
    let log = parsed(&sandbox.read("log"));
    let runs: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("RUN "))
        .collect();
    let distinct: BTreeSet<_> = runs.iter().collect();
    assert_eq!(distinct.len(), runs.len(), "a fire ran twice: {runs:#?}");
    let of_that_day = |line: &&&str| line.contains("daily 2026-11-21T03:00:00");
    assert_eq!(runs.iter().filter(of_that_day).count(), 1, "{runs:#?}");

    let (mut noticed, mut decided) = (0_f64, 0_f64);
    for (jump, (_, from, to, what)) in jumps_in(&log, &sandbox.read("jumps")).iter().zip(JUMPS) {
        let message = jump.told["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("from {from}")),
            "{from}: {message}"
        );
        assert!(message.contains(&format!("to {to}")), "{to}: {message}");
        assert!(
            what.split('|').any(|what| message.contains(what)),
            "{message}"
        );
        noticed = noticed.max(jump.delay_of(jump.told));
        for (job, decisions) in jump.decisions() {
            let starts = decisions
                .iter()
                .filter(|line| line["event"] == "job_started");
            assert!(starts.count() <= 1, "{}, {job}: {decisions:#?}", jump.name);
            let delays = decisions.iter().map(|line| jump.delay_of(line));
            decided = delays.fold(decided, f64::max);
        }
    }
    assert!(noticed <= bound(), "noticed after {noticed} s: {log:#?}");
    assert!(decided <= bound(), "decided after {decided} s: {log:#?}");
    let missed = check_backlogs(&log, &sandbox);
    tell(&format!(
        "{} settings of a real clock: {} runs, doubled 0; told within {noticed:.2} s, decided within {decided:.2} s; missed {missed:?} days, as counted",
        JUMPS.len(),
        runs.len()
    ));
}

/// What became of the fires that were jumped over. The days on which the daily job missed.
fn check_backlogs(log: &[Value], sandbox: &Sandbox) -> Vec<f64> {
    for jump in jumps_in(log, &sandbox.read("jumps")) {
        if ["an-hour", "a-year", "fifty-years"].contains(&jump.name) {
            let jobs: Vec<_> = jump.decisions().into_keys().collect();
            let all = ["interval", "minute", "patient"];
            assert!(all.iter().all(|job| jobs.contains(job)), "{jobs:?}");
        }
    }
    // An interval keeps its phase.
    let phases: BTreeSet<_> = log
        .iter()
        .filter(|line| line["job_id"] == "interval" && line["fire_time"].is_string())
        .map(|line| {
            let fire = seconds_of(line["fire_time"].as_str().unwrap());
            format!("{:.3}", fire.rem_euclid(600.0))
        })
        .collect();
    assert_eq!(phases.len(), 1, "{phases:?}");
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
    missed
}

/// Nothing is due before the next year: only a look at the clocks finds out.
const UNTOLD: &str = r#"
date -u -s "2026-11-21 12:00:00" > /dev/null
strace -o calls -e trace=timerfd_settime -e inject=timerfd_settime:error=EINVAL:when=1 \
    RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
until grep -q scheduler_started log; do sleep 0.1; done
jump() {
    read -r uptime rest < /proc/uptime
    echo "$1 $uptime" >> jumps
    date -u -s "$2" > /dev/null
}
jump an-hour "2026-11-21 13:00:00"
until grep -q clock_stepped log; do sleep 0.1; done
jump new-year "2027-01-01 00:00:05"
until grep -q job_executed log; do sleep 0.1; done
sync
echo REPORTED
power_off
"#;

#[test]
fn c17_where_the_kernel_does_not_tell_that_the_clock_was_set_it_is_noticed_within_a_minute() {
    if !can_boot("a clock whose setting is not told") {
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        return tell("skipped: a refused system call needs strace");
    }
    let yearly = "[jobs.yearly]\ncron = '0 0 1 1 *'\ntimezone = 'UTC'\ncommand = 'true'\n";
    let sandbox = Sandbox::new(yearly);
    machine::make(&sandbox, UNTOLD);
    machine::run_to_its_report(&sandbox);
    let calls = sandbox.read("calls");
    let asked = calls
        .lines()
        .filter(|line| line.contains("TFD_TIMER_CANCEL_ON_SET"));
    let asked: Vec<_> = asked.collect();
    assert!(
        asked.len() == 1 && asked[0].contains("EINVAL"),
        "it was refused, and asked for no more: {calls}"
    );
    let (log, jumps) = (parsed(&sandbox.read("log")), sandbox.read("jumps"));
    let uptime_at = |what: &str, is_it: &dyn Fn(&Value) -> bool| {
        let line = log.iter().find(|line| is_it(line));
        let line = line.unwrap_or_else(|| panic!("no {what} in {log:#?}"));
        line["uptime"].as_f64().unwrap()
    };
    uptime_at("warning", &|line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.starts_with("this kernel does not tell when the clock is set")
    });
    let noticed =
        uptime_at("step", &|line| line["event"] == "clock_stepped") - uptime_of(&jumps, "an-hour");
    assert!(noticed <= 60.0 + bound(), "noticed after {noticed} s");
    let decided =
        uptime_at("start", &|line| line["event"] == "job_started") - uptime_of(&jumps, "new-year");
    assert!(decided <= 60.0 + bound(), "decided after {decided} s");
    tell(&format!(
        "a kernel that does not tell that the clock was set: noticed after {noticed:.2} s, and in {decided:.2} s where a fire was jumped over"
    ));
}

/// Something is due before anything but the look of the minute wakes the scheduler.
const UNTOLD_BACK: &str = r#"
date -u -s "2026-11-21 12:00:50" > /dev/null
strace -o calls -e trace=timerfd_settime -e inject=timerfd_settime:error=EINVAL:when=1 \
    RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
until grep -q job_executed log; do sleep 0.1; done
# What is to be recorded of that is.
sleep 3
date -u -s "2026-11-21 11:31:55" > /dev/null
until grep -q clock_stepped log && sed '1,/clock_stepped/d' log | grep -q job_started; do sleep 0.1; done
sync
echo REPORTED
power_off
"#;

#[test]
fn c17_what_came_due_between_a_step_back_that_was_not_told_and_its_notice_runs_late() {
    if !can_boot("a clock that is set back without being told") {
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        return tell("skipped: a refused system call needs strace");
    }
    let minutely = "[jobs.minute]\ncron = '* * * * *'\ntimezone = 'UTC'\ncommand = 'true'\nmisfire_grace_time = '5m'\n";
    let sandbox = Sandbox::new(minutely);
    machine::make(&sandbox, UNTOLD_BACK);
    machine::run_to_its_report(&sandbox);
    let log = parsed(&sandbox.read("log"));
    let is_step = |line: &Value| line["event"] == "clock_stepped";
    let step = log.iter().position(is_step).expect("it is noticed");
    let starts = log[step..]
        .iter()
        .filter(|line| line["event"] == "job_started");
    let first = starts.map(|line| &line["fire_time"]).next().unwrap();
    assert_eq!(first, "2026-11-21T11:32:00+00:00", "{log:#?}");
}
