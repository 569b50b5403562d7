//! A disk that hangs, under what a job names: that job waits, and nobody else.

use crate::own_disk::{Hang, Locks, OwnDisk, can_serve_a_disk, with_disk};
use crate::scheduler::{Sandbox, Scheduler, eventually, is_alive};
use nix::sys::signal::Signal;
use std::fs;

const METRONOME: &str = "[scheduler]\nstore = 'memory'\nshutdown_timeout = '1s'\n\
     [jobs.metronome]\ninterval = '1s'\ncommand = ['true']\n";

/// A scheduler with the metronome and a job `a` that has these keys, on a disk that answers yet.
fn scheduler_with(sandbox: &Sandbox, keys: &str) -> (Scheduler, OwnDisk) {
    let job = format!("[jobs.a]\ninterval = '1s'\n{keys}\n");
    sandbox.write("jobs.toml", &format!("{METRONOME}{job}"));
    let rsched = env!("CARGO_BIN_EXE_rsched");
    let arguments = [
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ];
    let scheduler = Scheduler::start(&mut with_disk(sandbox, rsched, &arguments));
    let disk = OwnDisk::serve(sandbox, scheduler.pid(), Locks::Local);
    (scheduler, disk)
}

/// The metronome goes on, and nothing of `a` does.
fn only_the_metronome_goes_on(scheduler: &mut Scheduler) {
    let before = scheduler.seen.len();
    for _ in 0..3 {
        scheduler.event("job_executed", "metronome");
    }
    let seen = &scheduler.seen[before..];
    let of_a = seen.iter().filter(|line| line["job_id"] == "a");
    let ran: Vec<_> = of_a.filter(|line| line["event"] == "job_started").collect();
    assert!(ran.is_empty(), "{ran:#?}");
}

#[test]
fn d14_a_disk_that_hangs_holds_up_the_job_that_names_it_and_no_other() {
    if !can_serve_a_disk() {
        return;
    }
    for (keys, hang) in [
        (
            "command = 'echo a'\noutput = { file = 'disk/out' }",
            Hang::Changes,
        ),
        (
            "command = 'echo a'\noutput = { file = 'disk/out' }",
            Hang::Everything,
        ),
        (
            "command = 'cat'\nstdin = { file = 'disk/in' }",
            Hang::Everything,
        ),
        ("command = 'true'\nenv_file = 'disk/in'", Hang::Everything),
        ("command = 'true'\ncwd = 'disk'", Hang::Everything),
        ("command = ['disk/program']", Hang::Everything),
        (
            "command = ['program']\nenv = { PATH = 'disk:/bin' }",
            Hang::Everything,
        ),
    ] {
        let sandbox = Sandbox::new("");
        // What runs first puts there what `a` is to find.
        let prepare = "[jobs.prepare]\ncommand = '''echo X=1 > disk/in; \
             printf '#!/bin/sh\\n' > disk/program; chmod +x disk/program'''\n";
        let keys = format!("{keys}\n{prepare}");
        let (mut scheduler, disk) = scheduler_with(&sandbox, &keys);
        scheduler.event("job_executed", "prepare");
        scheduler.event("job_executed", "a");
        disk.hang(hang);
        disk.wait_for_held(1);
        only_the_metronome_goes_on(&mut scheduler);
        disk.hang(Hang::Nothing);
        scheduler.event("job_executed", "a");
        drop(disk);
        assert_eq!(
            scheduler.stop().last().unwrap()["event"],
            "scheduler_shutdown",
            "{keys}"
        );
    }
}

#[test]
fn d14_a_start_on_a_disk_that_hangs_can_be_stopped_and_so_can_the_scheduler() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new("");
    let keys = "command = 'echo a'\noutput = { file = 'disk/out' }";
    let (mut scheduler, disk) = scheduler_with(&sandbox, keys);
    scheduler.event("job_executed", "a");
    disk.hang(Hang::Everything);
    disk.wait_for_held(1);
    // Its process cannot be killed; it is told all the same, and is none of ours any more.
    eventually("there is a start to be stopped", || {
        let (code, ..) = sandbox.output(&["kill", "a", "--socket", "state/control.sock"]);
        code == Some(0)
    });
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "spawn_failed", "{end}");
    let message = end["message"].as_str().unwrap();
    let expected = "its program did not run yet; it was stopped on request";
    assert!(message.contains(expected), "{message}");

    eventually("a second start hangs", || {
        let (_, shown, _) = sandbox.output(&["show", "a", "--socket", "state/control.sock"]);
        shown.contains("running")
    });
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
    let ends: Vec<_> = scheduler
        .seen
        .iter()
        .filter(|line| line["outcome"] == "spawn_failed")
        .collect();
    assert_eq!(ends.len(), 2, "{ends:#?}");
    assert!(!is_alive(scheduler.pid()));
    drop(disk);
    assert!(fs::read_dir(sandbox.state()).is_ok());
}
