//! Very many jobs that all came due while nothing ran.
//!
//! Three hundred; `RSCHED_MISSED_JOBS=10000` makes it so many. Of a release build the job that is due at
//! every second beside them may then not be later than a second.

use crate::scheduler::{PATIENCE, Sandbox, Scheduler, eventually};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const WORKERS: usize = 8;

/// The jobs come due at so many seconds, one after the other.
const SECONDS: usize = 3;

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

/// The metronome, and `count` jobs that are due once, from `first` on.
fn jobs_file(count: usize, first: u64) -> String {
    let mut toml = format!(
        "[scheduler]\ntimezone = 'UTC'\n\
         [executors.default]\nmax_workers = {WORKERS}\n[executors.own]\nmax_workers = 1\n\
         [jobs.tick]\nexecutor = 'own'\ncron = {{ second = '*' }}\ncommand = ['true']\n"
    );
    for index in 0..count {
        // In an order that is not that of their ids.
        let at = first + (index * 7 % SECONDS) as u64;
        let (hour, minute, second) = (at / 3600 % 24, at / 60 % 60, at % 60);
        writeln!(
            toml,
            "[jobs.j{index:05}]\ncron = {{ hour = {hour}, minute = {minute}, second = {second} }}\n\
             misfire_grace_time = 'forever'\ncommand = ['true']"
        )
        .unwrap();
    }
    toml
}

/// What the log says of the drain: the starts in their order, the most at once, the worst lateness of the
/// metronome.
fn drain(scheduler: &mut Scheduler, count: usize) -> (Vec<(String, String)>, usize, f64) {
    let (mut order, mut running, mut most) = (Vec::new(), BTreeSet::new(), 0);
    let (mut ended, mut worst) = (0, 0.0_f64);
    let begun = Instant::now();
    while ended < count {
        assert!(
            begun.elapsed() < 10 * PATIENCE,
            "{ended} of {count} have ended"
        );
        let line = scheduler.wait_for("run", |line| line["job_id"].is_string());
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let job = text("job_id");
        match (text("event").as_str(), job.as_str()) {
            ("job_started", "tick") => {
                worst = worst.max(line["late_by"].as_f64().unwrap_or(0.0));
            }
            ("job_started", _) => {
                order.push((text("fire_time"), job.clone()));
                assert!(running.insert(job), "{line}");
                most = most.max(running.len());
            }
            ("job_executed", job) if job != "tick" => {
                assert!(running.remove(job), "{line}");
                ended += 1;
            }
            _ => {}
        }
    }
    (order, most, worst)
}

#[test]
fn a14_what_was_missed_is_made_up_for_in_order_and_never_by_more_than_there_are_workers() {
    let given = std::env::var("RSCHED_MISSED_JOBS").ok();
    let count: usize = given.as_ref().map_or(300, |text| text.parse().unwrap());
    // Long enough for all of them to be known to a scheduler before the first is due.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some 2e9"
    )]
    let first = now() as u64 + 4 + count as u64 / 2000;
    let sandbox = Sandbox::new(&jobs_file(count, first));
    let mut scheduler = sandbox.start();
    scheduler.started();
    scheduler.event("job_executed", "tick");
    let before = scheduler.stop();
    #[expect(clippy::cast_precision_loss, reason = "some 2e9")]
    let (first, last) = (first as f64, (first + SECONDS as u64) as f64);
    if now() > first {
        _ = writeln!(
            std::io::stderr(),
            "skipped: this machine is too slow to know the jobs in time"
        );
        return;
    }
    let none = |line: &Value| line["job_id"] == "tick" || line["event"] != "job_started";
    assert!(before.iter().all(none));
    eventually("all are missed", || {
        std::thread::park_timeout(Duration::from_millis(20));
        now() > last + 0.1
    });
    let mut scheduler = sandbox.start();
    scheduler.started();
    let begun = Instant::now();
    let (order, most, worst) = drain(&mut scheduler, count);
    _ = writeln!(
        std::io::stderr(),
        "{count} missed jobs: all ended {:.1} s after the start, {most} at once at most, a job beside them {worst:.3} s late at most",
        begun.elapsed().as_secs_f64()
    );
    scheduler.stop();
    assert_eq!(order.len(), count);
    assert!(order.is_sorted(), "{order:#?}");
    assert!(most <= WORKERS, "{most} at once");
    let is_measured = given.is_some() && !cfg!(debug_assertions);
    assert!(!is_measured || worst <= 1.0, "{worst} s late");
}
