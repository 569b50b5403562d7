//! Short jobs without an end: how late each of them starts.

use crate::measured::Scheduler;
use std::fmt::Write as _;

/// So many jobs, each every second.
const JOBS: usize = 50;

/// What each is: the store, and whether all are due at once or one after another.
const KINDS: [(&str, &str, bool); 4] = [
    (
        "spread over the second, in memory",
        "store = 'memory'",
        true,
    ),
    (
        "spread over the second, one fsync a tick",
        "durability = 'power'",
        true,
    ),
    ("all at once, in memory", "store = 'memory'", false),
    (
        "all at once, one fsync a tick",
        "durability = 'power'",
        false,
    ),
];

/// Seconds that are not counted: programs are read from the disk for the first time.
const WARM_UP: usize = 2;

pub fn steady(seconds: u32) {
    println!("{JOBS} starts a second of jobs of 10 ms, for {seconds} s of each kind\n");
    for (what, store, is_spread) in KINDS {
        let late = lateness(store, is_spread, seconds as usize);
        let at = |part: usize| late[(late.len() - 1) * part / 1_000] * 1e3;
        println!(
            "median {:>6.1} ms  90 % {:>6.1} ms  99 % {:>6.1} ms  most {:>6.1} ms  {what}",
            at(500),
            at(900),
            at(990),
            at(1_000)
        );
    }
}

/// How late each start was, in seconds, the smallest first.
fn lateness(store: &str, is_spread: bool, seconds: usize) -> Vec<f64> {
    let mut toml = format!("[scheduler]\n{store}\n[executors.default]\nmax_workers = {JOBS}\n");
    for job in 0..JOBS {
        let after = if is_spread { job * 1_000 / JOBS } else { 0 };
        let start = format!("2026-01-01 00:00:00.{after:03}");
        let keys = format!("interval = '1s'\nstart_date = '{start}'\ncommand = ['sleep', '0.01']");
        writeln!(toml, "[jobs.j{job}]\n{keys}").expect("memory is there");
    }
    let mut scheduler = Scheduler::start(&toml, &[], 0);
    let mut late = Vec::new();
    while late.len() < JOBS * (WARM_UP + seconds) {
        let line = scheduler.line();
        match line["event"].as_str() {
            Some("job_started") => late.push(line["late_by"].as_f64().expect("it is told")),
            // None is left out, and each does what it is to do.
            Some("job_submitted" | "job_executed" | "scheduler_started") | None => {}
            Some(_) => panic!("{line}"),
        }
    }
    let mut late = late.split_off(JOBS * WARM_UP);
    late.sort_unstable_by(f64::total_cmp);
    late
}
