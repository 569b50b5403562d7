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
    let perl = Command::new("perl")
        .args(["-MTime::HiRes", "-e", "1"])
        .output();
    let has = perl.is_ok_and(|output| output.status.success());
    if !has {
        tell("skipped: adjusting a clock needs perl and its Time::HiRes");
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

/// A metronome without a scheduler: at each second, when it is, it starts a program and waits for its end. Tells how late
/// it woke and how late that end was.
const BARE_METRONOME: &str = r#"
use Time::HiRes qw(clock_nanosleep clock_gettime CLOCK_REALTIME TIMER_ABSTIME);
$| = 1;
for (my $second = int(clock_gettime(CLOCK_REALTIME)) + 1;; $second++) {
    clock_nanosleep(CLOCK_REALTIME, $second * 1e9, TIMER_ABSTIME);
    my $woke = clock_gettime(CLOCK_REALTIME) - $second;
    system "true";
    printf "%d %.6f %.6f\n", $second, $woke, clock_gettime(CLOCK_REALTIME) - $second;
}
"#;

/// Some seconds as they are, some faster by as much as the kernel allows, some slower. One scheduler has nothing to do, one
/// much; of both it is known when they set a timer and what they read of it. One more is not looked at, so that it is late by
/// its own fault only; beside it the metronome without a scheduler.
const SLEW: &str = r#"
date -u -s "2026-11-21 12:00:00" > /dev/null
trace() { strace -o $1.calls -e trace=timerfd_settime,read RSCHED run $2 --state-dir disk/$1 --store memory --log-format json > $1 2>&1 & }
trace idle idle.toml
trace traced jobs.toml
RSCHED run jobs.toml --state-dir disk/state --store memory --log-format json > log 2>&1 &
perl bare.pl > bare &
until grep -q scheduler_started idle && grep -q 'job_executed.*"tick"' log && grep -q 'job_executed.*"tick"' traced; do sleep 0.1; done
mark() { echo $1 $(date +%s) $(grep -c timerfd_settime idle.calls) >> marks; }
# The first seconds of everything are not like others.
sleep 2
mark quiet
sleep 20
frequency=2 offset=32769 parts_per_million=65536
for direction in 1 -1; do
    mark $direction
    adjust $frequency 0 $((direction * 500 * parts_per_million)) 0
    adjust $offset $((direction * 100000)) 0 0
    sleep 20
done
mark end
sync
echo REPORTED
power_off
"#;

const IDLE: &str = "[jobs.yearly]\ncron = '0 0 1 1 *'\ntimezone = 'UTC'\ncommand = 'true'\n";

/// How much later than a bare metronome the scheduler may start a program, in the middle of some seconds.
const LATER_THAN_BARE: f64 = 0.05;

/// A stretch of the script: from when to when on the wall clock, and how often the idle scheduler had set a timer
/// when it began.
struct Stretch {
    name: String,
    seconds: std::ops::Range<f64>,
    timers_set: u32,
}

fn stretches(marks: &str) -> Vec<Stretch> {
    let marks: Vec<Vec<_>> = marks.lines().map(|l| l.split(' ').collect()).collect();
    let at = |mark: &[&str]| mark[1].parse::<f64>().unwrap() + 1.0;
    let ends = marks.iter().skip(1).chain(marks.last());
    let stretch = |(begin, end): (&Vec<&str>, &Vec<&str>)| Stretch {
        name: begin[0].to_owned(),
        seconds: at(begin)..at(end),
        timers_set: begin[2].parse().unwrap(),
    };
    marks.iter().zip(ends).map(stretch).collect()
}

/// How late each second of the job was, and that none was early.
fn lateness_of(log: &[Value], job: &str) -> BTreeMap<u64, f64> {
    let starts = log.iter().filter(|line| line["event"] == "job_started");
    starts
        .filter(|line| line["job_id"] == job)
        .map(|line| {
            let at = |key: &str| seconds_of(line[key].as_str().unwrap());
            assert!(at("time") >= at("fire_time"), "early: {line}");
            (whole(at("fire_time")), line["late_by"].as_f64().unwrap())
        })
        .collect()
}

fn whole(seconds: f64) -> u64 {
    format!("{seconds:.0}").parse().unwrap()
}

/// How late the metronome without a scheduler woke, and had a program behind it.
fn bare_metronome(text: &str) -> BTreeMap<u64, [f64; 2]> {
    let numbers = |line: &str| {
        let mut fields = line.split(' ');
        let second = fields.next()?.parse().ok()?;
        let mut number = || fields.next()?.parse().ok();
        Some((second, [number()?, number()?]))
    };
    text.lines().filter_map(numbers).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// In each half of the stretch it is not later than who has no scheduler, but by little: so it is neither late because of
/// the slewing nor the later the longer that goes on. What the machine does to both in one second is none of its doing.
fn assert_no_drift(stretch: &Stretch, late: &BTreeMap<u64, f64>, bare: &BTreeMap<u64, [f64; 2]>) {
    let seconds = whole(stretch.seconds.start)..whole(stretch.seconds.end);
    let both: Vec<_> = late
        .range(seconds)
        .filter_map(|(second, late)| Some((*late, *bare.get(second)?)))
        .collect();
    assert!(both.len() >= 10, "{both:?}");
    for half in both.chunks(both.len().div_ceil(2)) {
        let later = median(half.iter().map(|(late, [_, end])| late - end).collect());
        assert!(later <= LATER_THAN_BARE, "{}: {half:?}", stretch.name);
    }
    let middle = |of: fn(&(f64, [f64; 2])) -> f64| 1000.0 * median(both.iter().map(of).collect());
    let most = |of: fn(&(f64, [f64; 2])) -> f64| 1000.0 * both.iter().map(of).fold(0.0, f64::max);
    tell(&format!(
        "slewing {}: started {:.0} ms late ({:.0} at most); without a scheduler woken {:.0} ({:.0}), done {:.0} ({:.0})",
        stretch.name,
        middle(|(late, _)| *late),
        most(|(late, _)| *late),
        middle(|(_, [woke, _])| *woke),
        most(|(_, [woke, _])| *woke),
        middle(|(_, [_, end])| *end),
        most(|(_, [_, end])| *end),
    ));
}

/// Of the timer that notices when the clock is set: it was never cancelled but by the setting, and told of nothing but fires.
fn assert_no_cancels(calls: &str, fires: usize) {
    let set = "TFD_TIMER_CANCEL_ON_SET";
    let first = calls.lines().find(|call| call.contains(set)).unwrap();
    let descriptor = first.split(['(', ',']).nth(1).unwrap();
    let reads = format!("read({descriptor}, ");
    let news = calls.lines().skip_while(|call| *call != first);
    let news = news.filter(|call| call.starts_with(&reads) && call.ends_with("= 8"));
    let news: Vec<_> = news.collect();
    assert!(!calls.contains("ECANCELED"), "{news:#?}");
    assert!(news.len() <= fires, "{} for {fires}: {news:#?}", news.len());
}

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
    sandbox.write("bare.pl", BARE_METRONOME);
    machine::make(&sandbox, &format!("{ADJUST}{SLEW}"));
    machine::run_to_its_report(&sandbox);
    let [idle, traced, log] = ["idle", "traced", "log"].map(|log| parsed(&sandbox.read(log)));
    for line in idle.iter().chain(&traced).chain(&log) {
        assert_ne!(line["event"], "clock_stepped", "{line}");
    }
    let stretches = stretches(&sandbox.read("marks"));
    let [quiet, faster, slower, end] = &stretches[..] else {
        panic!("{}", sandbox.read("marks"));
    };
    // Its look once a minute sets two.
    let count = end.timers_set - faster.timers_set;
    assert!(count <= 4, "set {count} times in 40 s by who is idle");
    assert_no_cancels(&sandbox.read("idle.calls"), 0);
    let (ticks, _) = runs_of(&traced, "tick");
    assert_no_cancels(&sandbox.read("traced.calls"), ticks.len() + 1);
    for log in [&traced, &log] {
        let (ticks, late) = runs_of(log, "tick");
        assert_each_second_once(&ticks);
        assert!(ticks.len() >= 60, "{ticks:#?}");
        assert!(late <= bound(), "late by {late} s: {log:#?}");
    }
    let (late, bare) = (
        lateness_of(&log, "tick"),
        bare_metronome(&sandbox.read("bare")),
    );
    for stretch in [quiet, faster, slower] {
        assert_no_drift(stretch, &late, &bare);
    }
    tell(&format!(
        "a real clock slewed by 500 ppm and 0.1 s: an idle scheduler set timers {count} times in 40 s, none was cancelled; {} seconds each once",
        late.len()
    ));
}
