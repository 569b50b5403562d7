//! A panic in any thread ends the whole program, and the next start makes up for it.

use crate::accounts::{self, Expected, Life};
use crate::lives::{EVERY_SECOND, history, now};
use crate::scheduler::{Sandbox, Scheduler, eventually, is_alive};
use crate::seed::tell;
use nix::sys::signal::Signal;
use rsched::api::Client;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Beside the job of every second: one that runs through all lives, and a listener.
const LONG: &str = "[jobs.long]\n\
    command = 'echo $$ >> started; until [ -e late ]; do sleep 0.2; done'\n\
    [[listeners]]\nevents = ['job_executed']\ncommand = ['true']\n";

/// What makes the thread at that place do something, beside what happens every second.
fn provoke(place: &str, scheduler: &Scheduler, client: &Client) {
    match place {
        "reload" => scheduler.signal(Signal::SIGHUP),
        // No answer comes: it dies of the question.
        "api" => drop(client.ask("GET", "/jobs", None)),
        "records" => drop(client.ask("GET", "/runs", None)),
        _ => {}
    }
}

fn start(sandbox: &Sandbox) -> (Scheduler, Client) {
    let mut command = sandbox.command(&[
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(command.env("RSCHED_TEST_PANIC", sandbox.path("panic")));
    scheduler.started();
    let client = Client::new(&sandbox.state().join("control.sock")).unwrap();
    (scheduler, client)
}

fn seconds() -> f64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    time.as_secs_f64()
}

#[test]
fn a11_a_panic_in_any_thread_ends_the_process_and_its_jobs_go_on() {
    if !cfg!(debug_assertions) {
        tell("skipped: a release build cannot be asked to panic");
        return;
    }
    let sandbox = Sandbox::new(&format!("{EVERY_SECOND}{LONG}"));
    let begin = now();
    let mut born = seconds();
    let (mut scheduler, mut client) = start(&sandbox);
    scheduler.event("job_executed", "a");
    let known = now();
    eventually("the long one runs", || {
        sandbox.read("started").ends_with('\n')
    });
    let pid: i32 = sandbox.read("started").trim().parse().unwrap();
    let (mut schedulers, mut longest) = (Vec::new(), Duration::ZERO);
    for (place, thread) in [
        ("loop", "main"),
        ("store", "store"),
        ("state", "state"),
        ("log", "log"),
        ("listener", "listener-1"),
        ("reload", "reload"),
        ("api", "rsched-api"),
        ("records", "tokio-rt-worker"),
    ] {
        sandbox.write("panic", place);
        provoke(place, &scheduler, &client);
        let said = scheduler.wait_for("panic", |line| {
            let message = line["message"].as_str().unwrap_or_default();
            message.contains("panicked at ")
        });
        let seen = Instant::now();
        let status = scheduler.end();
        longest = longest.max(seen.elapsed());
        assert_eq!(status.signal(), Some(Signal::SIGABRT as i32), "{place}");
        let said = said["message"].as_str().unwrap();
        let begin = format!("rsched: internal error: thread `{thread}` panicked at src/");
        assert!(said.starts_with(&begin), "{said}");
        let end = format!(": asked to, in {place}\\n");
        assert!(said.ends_with(&end), "{said}");
        schedulers.push(Life {
            begin: born,
            killed: Some(seconds()),
        });
        assert!(is_alive(pid), "the job died with it: {place}");
        fs::remove_file(sandbox.path("panic")).unwrap();
        born = seconds();
        (scheduler, client) = start(&sandbox);
        let adopted = |line: &Value| {
            let message = line["message"].as_str().unwrap_or_default();
            message.contains("\"long\"") && message.contains("is adopted")
        };
        assert!(scheduler.seen.iter().any(adopted), "{:#?}", scheduler.seen);
        // It is in order again.
        scheduler.event("job_executed", "a");
    }
    tell(&format!(
        "{} panics: the process was gone at most {} ms after it said so",
        schedulers.len(),
        longest.as_millis()
    ));
    sandbox.write("late", "");
    let end = now();
    let entries = || {
        let Value::Array(mut all) = history(&sandbox) else {
            panic!("a list");
        };
        let long = all.iter().position(|entry| entry["job_id"] == "long");
        let long = all.remove(long.unwrap());
        (accounts::entries_of(&Value::Array(all)), long)
    };
    eventually("all have an outcome", || {
        let (entries, long) = entries();
        let settled = |second| {
            let mut its = entries.iter().filter(|it| it.fire == second);
            its.any(accounts::Entry::has_ended)
        };
        long["outcome"].is_string() && (known + 1..=end).all(settled)
    });
    scheduler.stop();
    schedulers.push(Life {
        begin: born,
        killed: None,
    });
    let expected = [Expected {
        job: "a".to_owned(),
        due: known + 1..=end,
        perhaps: begin..=now(),
        without_a_run: &[],
    }];
    let (mut entries, _) = entries();
    // What waited when it stopped is for the next one.
    entries.retain(|entry| entry.fire <= end || entry.has_ended());
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    accounts::check(&expected, &entries, &lines, &schedulers).unwrap();
    assert_eq!(sandbox.read("started").lines().count(), 1);
}
