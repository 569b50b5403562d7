//! Calls that take their time: a child that is slow to execute its program, a disk that is slow to sync.

use crate::accounts::seconds_of;
use crate::scheduler::{PATIENCE, Sandbox, Scheduler};
use crate::seed::{number, tell};
use crate::sweep::{Life, can_trace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

const ONCE: &str = "[jobs.a]\ncommand = 'echo $RSCHED_RUN_ID >> evidence'\n";

/// The mark of a start, once there is one.
fn is_marked(sandbox: &Sandbox) -> bool {
    let Ok(boots) = fs::read_dir(sandbox.state().join("starts")) else {
        return false;
    };
    boots
        .filter_map(|boot| fs::read_dir(boot.unwrap().path()).ok())
        .any(|mut marks| marks.next().is_some())
}

fn seconds_since_1970(path: &std::path::Path) -> f64 {
    let written = fs::metadata(path).unwrap().modified().unwrap();
    written.duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// One death between spawn and exec; how long after the program had begun the next scheduler started.
fn die_in_flight() -> f64 {
    let sandbox = Sandbox::new(ONCE);
    let strace = ["-o", "trace", "-e", "trace=execve", "-e"].map(str::to_owned);
    let delay = "inject=execve:delay_enter=300000".to_owned();
    let strace = strace.into_iter().chain([delay]).collect::<Vec<_>>();
    let mut life = Life::begin(&sandbox, "log", &strace);
    assert!(life.wait_until(PATIENCE, || is_marked(&sandbox)));
    life.child.kill().unwrap();
    life.child.wait().unwrap();
    assert_eq!(sandbox.read("evidence"), "", "it was not in flight");
    let mut next = Life::begin(&sandbox, "next", &[]);
    let is_through = || sandbox.read("next").contains("has no run times left");
    assert!(next.wait_until(PATIENCE, is_through));
    assert_eq!(next.end().unwrap().code(), Some(0));
    let (_, stdout, _) = sandbox.output(&["history", "--state-dir", "state", "--format", "json"]);
    let history: Value = serde_json::from_str(&stdout).unwrap();
    let entries = history.as_array().unwrap();
    assert_eq!(entries.len(), 1, "{history:#}");
    let run = entries[0]["run_id"].as_str().unwrap();
    assert_eq!(sandbox.read("evidence"), format!("{run}\n"), "{history:#}");
    let outcome = entries[0]["outcome"].as_str().unwrap();
    assert!(["succeeded", "lost"].contains(&outcome), "{history:#}");
    let log = sandbox.read("next");
    let started = log.lines().find(|line| line.contains("Scheduler started"));
    let (time, _) = started.unwrap().split_once(" INFO").unwrap();
    seconds_of(time) - seconds_since_1970(&sandbox.path("evidence"))
}

#[test]
fn a_scheduler_that_dies_between_spawn_and_exec_is_followed_by_one_that_waits_for_the_child() {
    if !can_trace("a slow exec") {
        return;
    }
    let count = number("RSCHED_IN_FLIGHT", 3);
    let latest = (0..count).map(|_| die_in_flight()).fold(0.0, f64::max);
    tell(&format!(
        "{count} deaths between spawn and exec: doubled 0, missing 0; the next one started {latest:.3} s behind the exec at most"
    ));
}

/// From now on those calls of the scheduler and its threads are treated so. What is executed is in `trace`.
fn attach(sandbox: &Sandbox, scheduler: &Scheduler, calls: &str, treatment: &str) -> Child {
    Command::new("strace")
        .args(["-f", "-b", "execve", "-o"])
        .arg(sandbox.path("trace"))
        .args(["-e", &format!("trace=execve,{calls}")])
        .args(["-e", &format!("inject={calls}:{treatment}")])
        .args(["-p", &scheduler.pid().to_string()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets go of what is traced, so that it goes on by itself.
fn detach(mut strace: Child) {
    let pid = i32::try_from(strace.id()).unwrap();
    _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    drop(strace.wait());
}

#[test]
fn d5_a_disk_that_fails_for_a_while_holds_starts_and_is_gone_on_with() {
    if !can_trace("a failing disk") {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.tick]\ninterval = '1s'\nmisfire_grace_time = 'forever'\n\
         command = 'echo $RSCHED_FIRE_TIME >> evidence'\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    let mut strace = attach(
        &sandbox,
        &scheduler,
        "pwrite64,fsync,fdatasync,ftruncate",
        "error=EIO",
    );
    let failed = loop {
        let line = scheduler.wait_for("failure", |line| {
            line["event"] == "store_failed" || line["event"] == "job_executed"
        });
        if line["event"] == "store_failed" {
            break line;
        }
        if strace.try_wait().unwrap().is_some() {
            tell("skipped: strace may not attach to a process here");
            return;
        }
    };
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("disk I/O error"), "{message}");
    detach(strace);
    settle(scheduler);
    let (code, stdout, _) = sandbox.output(&["store", "check", "state"]);
    assert_eq!(code, Some(0), "{stdout}");
    let evidence = sandbox.read("evidence");
    let mut ran: Vec<_> = evidence.lines().collect();
    let count = ran.len();
    ran.dedup();
    assert_eq!(ran.len(), count, "something ran twice");
}

#[test]
fn a_disk_that_takes_five_seconds_delays_starts_and_nothing_else() {
    if !can_trace("a slow fsync") {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.tick]\ninterval = '1s'\nmisfire_grace_time = 'forever'\ncommand = 'echo >> evidence'\n\
         [jobs.long]\ntimeout = '8s'\ncommand = ['sleep', '1000']\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    let mut strace = attach(
        &sandbox,
        &scheduler,
        "fsync,fdatasync",
        "delay_enter=5000000",
    );
    let count = || sandbox.read("evidence").lines().count();
    let (mut answers, mut slowest) = (0, Duration::ZERO);
    let (mut runs, mut since) = (count(), Instant::now());
    // A stretch of three seconds without a start, in which it answers all the same.
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "no stretch with answers");
        if strace.try_wait().unwrap().is_some() {
            tell("skipped: strace may not attach to a process here");
            break;
        }
        let asked = Instant::now();
        let (code, stdout, stderr) = sandbox.output(&["list", "--state-dir", "state"]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains("tick"), "{stdout}");
        if count() > runs {
            (runs, since, answers, slowest) = (count(), Instant::now(), 0, Duration::ZERO);
            continue;
        }
        answers += 1;
        slowest = slowest.max(asked.elapsed());
        if since.elapsed() > Duration::from_secs(3) && answers >= 5 {
            break;
        }
    }
    let end = scheduler.event("job_error", "long");
    assert_eq!(end["outcome"], "timed_out", "{end}");
    let late = end["duration"].as_f64().unwrap() - 8.0;
    // A disk like that may be as long in making a file.
    let trace = sandbox.read("trace");
    let executed = trace.lines().rfind(|line| line.contains(" execve("));
    let by_the_intermediate = |line: &str| line.contains("[\"rsched\", \"__exec\", ");
    if answers > 0 {
        assert!(executed.is_some_and(by_the_intermediate), "{trace}");
    }
    detach(strace);
    tell(&format!(
        "{answers} answers while fsync took 5 s, the slowest after {slowest:?}; a timeout of 8 s was over {late:.3} s late"
    ));
    settle(scheduler);
}

/// It goes on and ends well when the disk is quick again.
fn settle(mut scheduler: Scheduler) {
    scheduler.event("job_executed", "tick");
    scheduler.stop();
}
