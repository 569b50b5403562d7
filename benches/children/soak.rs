//! Many runs of all kinds, and what is left of them.

use crate::measured::Scheduler;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

/// How each kind of job ends, its keys, and how many there are of it.
const KINDS: [(&str, &str, u32); 7] = [
    ("succeeded", "command = ['true']", 10),
    ("succeeded", "command = 'echo one; echo two >&2'", 4),
    ("failed", "command = 'exit 3'", 2),
    ("failed", "command = 'kill -9 $$'", 1),
    ("failed", "command = '(setsid sleep 0.1 &) ; exit 4'", 1),
    ("spawn_failed", "command = ['/no/such/program']", 1),
    ("succeeded", "command = ['true']\numask = '027'", 1),
];

/// Runs before the first count.
const WARM_UP: u32 = 2_000;

pub fn soak(runs: u32) {
    let mut toml = "[scheduler]\ndurability = 'process'\n[history]\nkeep_runs = 10\n[executors.default]\nmax_workers = 8\n".to_owned();
    let mut expected = BTreeMap::new();
    for (kind, (outcome, keys, count)) in KINDS.iter().enumerate() {
        for number in 0..*count {
            let id = format!("k{kind}-{number}");
            writeln!(toml, "[jobs.{id}]\ninterval = '100ms'\n{keys}").expect("memory is there");
            expected.insert(id, *outcome);
        }
    }
    let mut scheduler = Scheduler::start(&toml, &[], 0);
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    let mut ended = 0;
    let begin = Instant::now();
    let mut run_until = |scheduler: &mut Scheduler, wanted: u32| {
        while ended < wanted {
            let line = scheduler.line();
            let name = line["event"].as_str().unwrap_or_default();
            if name != "job_executed" && name != "job_error" {
                continue;
            }
            let outcome = line["outcome"].as_str().unwrap_or_default();
            let job = line["job_id"].as_str().unwrap_or_default();
            assert_eq!(outcome, expected[job], "{line}");
            *outcomes.entry(outcome.to_owned()).or_insert(0) += 1;
            ended += 1;
        }
    };
    let warm_up = WARM_UP.min(runs / 2);
    run_until(&mut scheduler, warm_up);
    let before = scheduler.held_at_rest();
    println!("{warm_up:>7} runs: {before}");
    for quarter in 1..=4 {
        scheduler.ask(&["resume", "--all"]);
        run_until(&mut scheduler, warm_up + (runs - warm_up) / 4 * quarter);
        println!(
            "{:>7} runs: {}",
            warm_up + (runs - warm_up) / 4 * quarter,
            scheduler.held_at_rest()
        );
    }
    let after = scheduler.held();
    println!("\n{outcomes:?} in {:.0} s", begin.elapsed().as_secs_f64());
    assert_eq!(after.zombies, 0);
    assert!(
        after.descriptors <= before.descriptors,
        "descriptors are left"
    );
    assert!(after.threads <= before.threads, "threads are left");
    // SQLite's page cache fills up to 2 MB.
    let room = before.resident_kib + 4 * 1024;
    assert!(after.resident_kib <= room, "memory grows");
}
