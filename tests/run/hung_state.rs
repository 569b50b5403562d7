//! A disk that hangs under the state directory, in the moments when it is not the store that waits for it: a start
//! makes its mark, or a mark is removed. Who waits then is that start, and nobody else.

use crate::accounts::seconds_of;
use crate::own_disk::{Hang, Locks, OwnDisk, beside, can_serve_a_disk, with_disk};
use crate::scheduler::{Sandbox, Scheduler, eventually};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// `tick` runs each second and notes which fire it was; `long` runs until it is stopped, by its timeout or before.
const JOBS: &str = "[scheduler]\nshutdown_timeout = '1s'\n\
     [jobs.tick]\ninterval = '1s'\nmisfire_grace_time = 'forever'\ncoalesce = 'all'\nmax_instances = 'unlimited'\n\
     command = 'echo $RSCHED_FIRE_TIME >> evidence'\n\
     [jobs.long]\ntimeout = '4s'\ncommand = ['sleep', '1000']\n\
     [jobs.longer]\ncommand = ['sleep', '1000']\n";

const SOCKET: [&str; 2] = ["--socket", "runtime/control.sock"];

/// With its state directory, and nothing else, on the disk.
const RUN: [&str; 6] = [
    "run",
    "jobs.toml",
    "--state-dir",
    "disk/state",
    "--log-format",
    "json",
];

fn scheduler(sandbox: &Sandbox) -> (Scheduler, OwnDisk) {
    let rsched = env!("CARGO_BIN_EXE_rsched");
    let mut command = with_disk(sandbox, rsched, &RUN);
    command.env("RUNTIME_DIRECTORY", sandbox.path("runtime"));
    let scheduler = Scheduler::start(&mut command);
    let disk = OwnDisk::serve(sandbox, scheduler.pid(), Locks::Local);
    (scheduler, disk)
}

/// What a client gets, at once.
fn asked(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = sandbox.output(&[arguments, &SOCKET].concat());
    assert_eq!(code, Some(0), "{arguments:?}: {stdout}{stderr}");
    stdout
}

/// The runs of `tick` that have come to an end: their fire times.
fn ended(sandbox: &Sandbox, scheduler: &Scheduler) -> Vec<String> {
    let rsched = env!("CARGO_BIN_EXE_rsched");
    let arguments = ["history", "tick", "-n", "1000", "--format", "json"];
    let mut command = beside(sandbox, scheduler.pid(), rsched, &arguments);
    command.args(["--state-dir", "disk/state", "-f", "jobs.toml"]);
    let history = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&history.stderr);
    assert_eq!(history.status.code(), Some(0), "{stderr}");
    let runs: Vec<Value> = serde_json::from_slice(&history.stdout).unwrap();
    let mut fires: Vec<_> = runs
        .iter()
        .filter(|run| run["outcome"].is_string())
        .map(|run| run["fire_time"].as_str().unwrap().to_owned())
        .collect();
    fires.sort_unstable();
    fires
}

#[test]
fn d14_a_disk_that_hangs_between_a_record_and_what_follows_it_holds_up_no_other() {
    if !can_serve_a_disk() {
        return;
    }
    for hang in [Hang::MarksMade, Hang::MarksRemoved] {
        let sandbox = Sandbox::new(JOBS);
        let (mut scheduler, disk) = scheduler(&sandbox);
        scheduler.event("job_started", "longer");
        scheduler.event("job_executed", "tick");
        disk.hang(hang);
        disk.wait_for_held(1);
        for _ in 0..3 {
            assert!(asked(&sandbox, &["list"]).contains("tick"), "{hang:?}");
            asked(&sandbox, &["status"]);
        }
        asked(&sandbox, &["kill", "longer"]);
        let end = scheduler.event("job_error", "longer");
        assert_eq!(end["outcome"], "killed", "{end}");
        eventually("the timeout of another ends it", || {
            scheduler
                .seen
                .iter()
                .any(|line| line["outcome"] == "timed_out")
                || scheduler.event("job_error", "long")["outcome"] == "timed_out"
        });
        disk.hang(Hang::Nothing);
        for _ in 0..3 {
            scheduler.event("job_executed", "tick");
        }
        eventually("what ran is on record", || {
            let evidence = sandbox.read("evidence");
            let ran: BTreeSet<_> = evidence.lines().collect();
            assert_eq!(
                ran.len(),
                evidence.lines().count(),
                "one ran twice: {evidence}"
            );
            let ended = ended(&sandbox, &scheduler);
            let once: BTreeSet<_> = ended.iter().map(String::as_str).collect();
            assert_eq!(once.len(), ended.len(), "one has two outcomes: {ended:?}");
            let steps = ended
                .windows(2)
                .map(|two| seconds_of(&two[1]) - seconds_of(&two[0]));
            let gap = steps.into_iter().find(|step| (step - 1.0).abs() > 0.01);
            ran.is_subset(&once) && gap.is_none()
        });
        let seen = scheduler.stop();
        let odd: Vec<_> = seen
            .iter()
            .filter(|line| line["job_id"] == "tick" && line["event"] == "job_error")
            .collect();
        assert!(odd.is_empty(), "{odd:#?}");
        drop(disk);
    }
}

#[test]
fn a_start_that_waits_for_its_mark_when_its_scheduler_dies_is_found_by_the_next_one() {
    if !can_serve_a_disk() {
        return;
    }
    let job = "[jobs.once]\ncommand = 'echo $RSCHED_RUN_ID >> evidence; exec sleep 1000'\n";
    let sandbox = Sandbox::new(job);
    let (mut dying, disk) = scheduler(&sandbox);
    disk.hang(Hang::MarksMade);
    disk.wait_for_held(1);
    let pid = dying.pid();
    let children = format!("/proc/{pid}/task/{pid}/children");
    let child = fs::read_to_string(children).unwrap();
    let child: i32 = child.trim().parse().unwrap();
    dying.signal(Signal::SIGKILL);
    assert!(!dying.reap().success());
    assert_eq!(sandbox.read("evidence"), "", "it ran before it was marked");

    let rsched = env!("CARGO_BIN_EXE_rsched");
    let mut command = beside(&sandbox, child, rsched, &RUN);
    command.env("RUNTIME_DIRECTORY", sandbox.path("runtime"));
    let mut next = Scheduler::start(command.arg("--wait-lock"));
    // Ends before that one: who waits for it cannot be killed.
    let disk = disk;
    next.wait_for("standing by", |line| {
        let holder = format!("standing by: the state directory is in use by pid {pid} ");
        let message = line["message"].as_str();
        message.is_some_and(|text| text.contains(&holder))
    });
    disk.hang(Hang::Nothing);
    next.wait_for("adoption", |line| {
        line["message"] == "Job \"once\" of an earlier scheduler still runs, and is adopted"
    });
    eventually("it runs", || sandbox.read("evidence").ends_with('\n'));
    asked(&sandbox, &["kill", "once"]);
    assert_eq!(next.event("job_error", "once")["outcome"], "killed");
    let seen = next.stop();
    assert!(
        seen.iter().all(|line| line["event"] != "job_started"),
        "{seen:#?}"
    );
    assert_eq!(sandbox.read("evidence").lines().count(), 1);
}

#[test]
fn a_start_that_failed_is_tried_again_when_its_mark_is_gone_and_not_before() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new("[jobs.busy]\ncommand = ['./program']\n");
    sandbox.write("program", "#!/bin/sh\necho x >> evidence\n");
    let program = sandbox.path("program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let being_written = fs::File::options().append(true).open(program).unwrap();
    let (mut scheduler, disk) = scheduler(&sandbox);
    disk.hang(Hang::MarksRemoved);
    let held = scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    let message = held["message"].as_str().unwrap();
    let why = "the mark of a start that failed is not removed yet: the disk of the state directory does not answer";
    assert!(message.contains(why), "{message}");
    asked(&sandbox, &["list"]);
    drop(being_written);
    disk.hang(Hang::Nothing);
    scheduler.event("job_executed", "busy");
    assert_eq!(sandbox.read("evidence"), "x\n");
    scheduler.stop();
    drop(disk);
}

#[test]
fn a_start_that_waits_for_its_mark_can_be_stopped() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new("[jobs.once]\ncommand = 'echo x >> evidence'\n");
    let (mut scheduler, disk) = scheduler(&sandbox);
    disk.hang(Hang::MarksMade);
    disk.wait_for_held(1);
    asked(&sandbox, &["kill", "once"]);
    let end = scheduler.event("job_error", "once");
    assert_eq!(end["outcome"], "spawn_failed", "{end}");
    let message = end["message"].as_str().unwrap();
    let expected = "its program did not run yet; it was stopped on request";
    assert!(message.contains(expected), "{message}");
    disk.hang(Hang::Nothing);
    // What was about to make its mark still does, and that is removed.
    let arguments = ["-c", "ls -A disk/state/starts/*"];
    eventually("no mark is left", || {
        let left = beside(&sandbox, scheduler.pid(), "sh", &arguments).output();
        left.unwrap().stdout.is_empty()
    });
    scheduler.stop();
    assert_eq!(sandbox.read("evidence"), "");
    drop(disk);
}
