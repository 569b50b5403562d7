//! Jobs outlive a scheduler that is killed: those that run are the next one's, and what ended meanwhile is
//! lost or run again, as each job says.

use crate::lives::history;
use crate::scheduler::{Sandbox, Scheduler, eventually, is_alive};
use crate::seed::tell;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::time::Instant;

const HEADER: &str = "[executors.default]\nmax_workers = 'unlimited'\n";

/// Says that it runs, and goes on once the gate is open.
const WAIT: &str =
    "echo $RSCHED_JOB_ID >> evidence; echo $$ >> pids; : < gate; echo $RSCHED_JOB_ID >> ended";

/// Lets all go on who wait at the gate, and who comes later, as long as it is there.
fn open_gate(sandbox: &Sandbox) -> File {
    let gate = sandbox.path("gate");
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(gate)
        .unwrap()
}

/// How often each job stands in a file.
fn counts(sandbox: &Sandbox, file: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in sandbox.read(file).lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

/// What a command that is given the state directory prints.
fn asked(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let (code, stdout, stderr) =
        sandbox.output(&[arguments, &["--state-dir", "state"][..]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

fn kill(mut scheduler: Scheduler) {
    scheduler.signal(Signal::SIGKILL);
    scheduler.reap();
}

#[test]
fn a4_what_runs_is_adopted_and_keeps_its_job_from_a_second_start() {
    const COUNT: usize = 50;
    let mut toml = HEADER.to_owned();
    for index in 0..COUNT {
        let when = "cron = { second = '*' }\ntimezone = 'UTC'";
        writeln!(toml, "[jobs.job{index}]\n{when}\ncommand = '{WAIT}'").unwrap();
    }
    let sandbox = Sandbox::new(&toml);
    sandbox.make_gate("gate");
    let first = sandbox.start();
    eventually("all run", || counts(&sandbox, "evidence").len() == COUNT);
    kill(first);
    let begin = Instant::now();
    let mut second = sandbox.start();
    second.started();
    let took = begin.elapsed();
    // It is said before that it has started.
    let is_adoption = |line: &&Value| {
        let message = line["message"].as_str().unwrap_or_default();
        message.contains("still runs, and is adopted")
    };
    let adopted = second.seen.iter().filter(is_adoption).count();
    assert_eq!(adopted, COUNT, "{:#?}", second.seen);
    let listed: Value =
        serde_json::from_str(&asked(&sandbox, &["list", "--format", "json"])).unwrap();
    let is_shown = |job: &&Value| job["running"] == 1 && job["state"] == "running";
    let shown = listed.as_array().unwrap().iter().filter(is_shown).count();
    assert_eq!(shown, COUNT, "{listed:#}");
    let status = asked(&sandbox, &["status"]);
    assert!(status.contains(&format!("workers    {COUNT} ")), "{status}");
    // Each comes due again meanwhile: what it missed, and the seconds that follow.
    for index in 0..COUNT {
        let job = format!("job{index}");
        let is_its = |line: &Value| line["event"] == "job_max_instances" && line["job_id"] == *job;
        if !second.seen.iter().any(is_its) {
            second.wait_for("skipped fire", is_its);
        }
    }
    let starts = counts(&sandbox, "evidence");
    assert!(starts.values().all(|&starts| starts == 1), "{starts:?}");
    let _gate = open_gate(&sandbox);
    eventually("each is started once more", || {
        let starts = counts(&sandbox, "evidence");
        starts.len() == COUNT && starts.values().all(|&starts| starts > 1)
    });
    second.stop();
    tell(&format!(
        "{adopted} of {COUNT} running jobs adopted, by a scheduler that has started after {took:.1?}; none started beside itself"
    ));
    let mut first_runs = BTreeMap::new();
    for entry in history(&sandbox).as_array().unwrap() {
        if entry["type"] == "run" {
            let job = entry["job_id"].to_string();
            first_runs.entry(job).or_insert(entry["outcome"].clone());
        }
    }
    // How it ended older kernels tell to its parent alone.
    let is_right = |outcome: &&Value| *outcome == "succeeded" || *outcome == "lost";
    let right = first_runs.values().filter(is_right).count();
    assert_eq!(right, COUNT, "{first_runs:#?}");
}

#[test]
fn a5_what_ended_while_nobody_looked_is_lost_or_run_again() {
    const COUNT: usize = 100;
    let mut toml = HEADER.to_owned();
    for index in 0..COUNT {
        let on_lost = if index % 2 == 0 { "keep" } else { "rerun" };
        writeln!(
            toml,
            "[jobs.{on_lost}-{index}]\non_lost = '{on_lost}'\ncommand = '{WAIT}'"
        )
        .unwrap();
    }
    let sandbox = Sandbox::new(&toml);
    sandbox.make_gate("gate");
    let first = sandbox.start();
    eventually("all run", || counts(&sandbox, "evidence").len() == COUNT);
    kill(first);
    assert_eq!(sandbox.read("ended"), "");
    let _gate = open_gate(&sandbox);
    eventually("they ended", || counts(&sandbox, "ended").len() == COUNT);
    for pid in sandbox.read("pids").lines() {
        eventually("it is gone", || !is_alive(pid.parse().unwrap()));
    }
    let second = sandbox.start();
    eventually("all have an outcome", || {
        let history = history(&sandbox);
        let entries = history.as_array().unwrap();
        entries.len() == COUNT && entries.iter().all(|entry| entry["outcome"].is_string())
    });
    second.stop();
    let starts = counts(&sandbox, "evidence");
    let history = history(&sandbox);
    let is_right = |entry: &&Value| {
        let job = entry["job_id"].as_str().unwrap();
        match (job.split('-').next().unwrap(), starts[job]) {
            ("keep", 1) => entry["outcome"] == "lost",
            ("rerun", 2) => entry["outcome"] == "succeeded",
            _ => false,
        }
    };
    let right = history.as_array().unwrap().iter().filter(is_right).count();
    assert_eq!(right, COUNT, "{starts:?} {history:#}");
    tell(&format!(
        "{right} of {COUNT} endings that nobody saw have the right outcome"
    ));
}
