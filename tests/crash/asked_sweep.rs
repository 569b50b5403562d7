//! SIGKILL at every system call that is made while clients ask for something: what was granted is so in the
//! next life, what was not is so as a whole or not at all, and nothing is there that nobody asked for.
//!
//! A share of them, taken by chance; `RSCHED_SWEEP=100000` asks for all.

use crate::scheduler::{PATIENCE, Sandbox};
use crate::seed::number;
use crate::sweep::{self, LET_JOBS_GO, Life, Strike};
use rsched::api::Client;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;

/// What the threads of loop, store and API do once somebody asks.
const CALLS: [&str; 19] = [
    "accept4",
    "close",
    "epoll_ctl",
    "epoll_wait",
    "fcntl",
    "fdatasync",
    "fsync",
    "ftruncate",
    "futex",
    "openat",
    "pread64",
    "pwrite64",
    "read",
    "recvfrom",
    "sendto",
    "shutdown",
    "timerfd_settime",
    "unlink",
    "write",
];

const FILE: &str = "[jobs.of-file]\ncron = '@yearly'\ncommand = 'true'\n";

/// Of each job how many instances it may have, when it fires, and whether it is paused; and whether all wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Jobs {
    each: BTreeMap<String, (u64, String, bool)>,
    all_paused: bool,
}

/// Something that is asked for, and what comes of it.
struct Wish {
    method: &'static str,
    path: &'static str,
    body: Value,
    grant: fn(&mut Jobs),
}

fn wish(method: &'static str, path: &'static str, body: Value, grant: fn(&mut Jobs)) -> Wish {
    Wish {
        method,
        path,
        body,
        grant,
    }
}

fn job(instances: u64, hours: &str, paused: bool) -> (u64, String, bool) {
    (instances, hours.to_owned(), paused)
}

/// In this order.
fn wishes() -> Vec<Wish> {
    let new = |id: &str| json!({"id": id, "func": "true", "trigger": "interval", "hours": 2});
    let mut born_paused = new("c");
    born_paused["next_run_time"] = Value::Null;
    let change_and_pause = json!({"max_instances": 5, "next_run_time": null});
    vec![
        wish("POST", "/jobs", new("a"), |jobs| {
            jobs.each.insert("a".into(), job(1, "2", false));
        }),
        wish("POST", "/jobs/of-file/pause", Value::Null, |jobs| {
            jobs.each.insert("of-file".into(), job(1, "", true));
        }),
        wish("POST", "/jobs", new("b"), |jobs| {
            jobs.each.insert("b".into(), job(1, "2", false));
        }),
        wish("PATCH", "/jobs/a", json!({"max_instances": 3}), |jobs| {
            jobs.each.insert("a".into(), job(3, "2", false));
        }),
        wish("PATCH", "/jobs/b", change_and_pause, |jobs| {
            jobs.each.insert("b".into(), job(5, "2", true));
        }),
        wish("POST", "/jobs/of-file/run", Value::Null, |_| {}),
        wish("POST", "/jobs/of-file/resume", Value::Null, |jobs| {
            jobs.each.insert("of-file".into(), job(1, "", false));
        }),
        wish("POST", "/jobs", born_paused, |jobs| {
            jobs.each.insert("c".into(), job(1, "2", true));
        }),
        wish("DELETE", "/jobs/a", Value::Null, |jobs| {
            jobs.each.remove("a");
        }),
        wish("POST", "/pause", Value::Null, |jobs| jobs.all_paused = true),
        wish(
            "POST",
            "/jobs/b/reschedule",
            json!({"trigger": "interval", "hours": 7}),
            |jobs| {
                jobs.each.insert("b".into(), job(5, "7", true));
            },
        ),
        wish("POST", "/resume", Value::Null, |jobs| {
            jobs.all_paused = false;
        }),
        wish("DELETE", "/jobs", Value::Null, |jobs| {
            jobs.each.retain(|id, _| id == "of-file");
        }),
        wish("POST", "/jobs", new("d"), |jobs| {
            jobs.each.insert("d".into(), job(1, "2", false));
        }),
    ]
}

/// The jobs after each number of granted wishes, from none on.
fn histories() -> Vec<Jobs> {
    let mut jobs = Jobs::default();
    jobs.each.insert("of-file".into(), job(1, "", false));
    let mut all = vec![jobs.clone()];
    for wish in wishes() {
        (wish.grant)(&mut jobs);
        all.push(jobs.clone());
    }
    all
}

fn client(sandbox: &Sandbox) -> Client {
    Client::new(&sandbox.state().join("control.sock")).unwrap()
}

/// What there is; none if nobody answers.
fn look(client: &Client) -> Option<Jobs> {
    let ask = |path| client.ask("GET", path, None).ok();
    let all_paused = ask("")?.body["paused"].as_bool()?;
    let mut each = BTreeMap::new();
    for found in ask("/jobs")?.body.as_array()? {
        let text = |key: &str| match &found[key] {
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let id = found["id"].as_str()?.to_owned();
        let its = (
            found["max_instances"].as_u64()?,
            text("hours"),
            found["state"] == "paused",
        );
        each.insert(id, its);
    }
    Some(Jobs { each, all_paused })
}

/// What was granted before the scheduler died, or before all was.
#[derive(Default)]
struct Granted {
    count: usize,
    run: Option<String>,
    problems: Vec<String>,
}

fn ask_for_all(client: &Client) -> Granted {
    let mut granted = Granted::default();
    for wish in wishes() {
        let body = Some(&wish.body).filter(|body| !body.is_null());
        // Dead: nothing was promised.
        let Ok(answer) = client.ask(wish.method, wish.path, body) else {
            break;
        };
        if !answer.is_ok() {
            let problem = format!("{} {}: {answer:?}", wish.method, wish.path);
            granted.problems.push(problem);
            break;
        }
        if let Some(run) = answer.body["run_id"].as_str() {
            granted.run = Some(run.to_owned());
        }
        granted.count += 1;
    }
    granted
}

/// A life in which somebody asks; then it is told to end, if it lives.
fn asked(sandbox: &Sandbox, strace: &[String]) -> (Granted, Option<i32>) {
    let mut life = Life::begin(sandbox, "log", strace);
    let client = client(sandbox);
    let is_there = || client.ask("GET", "", None).is_ok();
    let mut granted = Granted::default();
    if !life.wait_until(PATIENCE, is_there) {
        granted.problems.push("nobody answers".to_owned());
    } else if life.ended().is_none() {
        granted = ask_for_all(&client);
    }
    let end = life.end();
    let signal = end.and_then(|end| end.signal());
    if signal.is_none() && end.and_then(|end| end.code()) != Some(0) {
        granted.problems.push(format!("it ended with {end:?}"));
    }
    (granted, signal)
}

fn strike(strike: &Strike) -> sweep::Result {
    let sandbox = Sandbox::new(FILE);
    let name = &strike.call.name;
    let inject = format!("inject={name}:{}:when={}", strike.what, strike.call.ordinal);
    let trace = format!("trace={name}");
    let strace = LET_JOBS_GO.into_iter().chain(["-e", &trace, "-e", &inject]);
    let strace: Vec<_> = strace.map(str::to_owned).collect();
    let (mut granted, signal) = asked(&sandbox, &strace);
    let mut problems = std::mem::take(&mut granted.problems);
    let histories = histories();
    if signal.is_none() && granted.count + 1 < histories.len() {
        problems.push(format!("it lives, and granted {} wishes", granted.count));
    }
    let mut next = Life::begin(&sandbox, "next", &[]);
    let client = client(&sandbox);
    next.wait_until(PATIENCE, || look(&client).is_some());
    let found = look(&client);
    // What was granted, and perhaps what was asked for then.
    let right = &histories[granted.count..histories.len().min(granted.count + 2)];
    if !found.as_ref().is_some_and(|found| right.contains(found)) {
        let count = granted.count;
        problems.push(format!(
            "after {count} were granted: {found:#?}, expected one of {right:#?}"
        ));
    }
    if let Some(run) = &granted.run {
        let answer = client.ask("GET", &format!("/runs/{run}"), None);
        if !answer.as_ref().is_ok_and(rsched::api::Answer::is_ok) {
            problems.push(format!("a run that was promised: {answer:?}"));
        }
    }
    if next.end().and_then(|end| end.code()) != Some(0) {
        problems.push("the next life does not end well".to_owned());
    }
    if !problems.is_empty() {
        let shown = |name: &str| format!("{name}:\n{}", sandbox.read(name));
        problems.extend(["log", "next"].map(shown));
    }
    let end = match signal {
        // Had one more come about without an answer, or not?
        Some(9) if found.as_ref() == right.get(1) && right.get(1) != right.first() => {
            "killed, and what was under way is there"
        }
        Some(9) => "killed",
        Some(_) => "another signal",
        None => "not hit",
    };
    sweep::Result {
        end: end.to_owned(),
        was_hit: signal == Some(9),
        problems,
    }
}

#[test]
fn killed_at_any_call_what_was_granted_is_so_and_nothing_is_half_there() {
    if !sweep::can_trace("the sweep of requests") {
        return;
    }
    let sandbox = Sandbox::new(FILE);
    let strace = LET_JOBS_GO.into_iter().chain(["-e"]).map(str::to_owned);
    let strace = strace.chain([format!("trace={}", CALLS.join(","))]);
    let (granted, _) = asked(&sandbox, &strace.collect::<Vec<_>>());
    assert_eq!(granted.problems, [""; 0]);
    assert_eq!(granted.count, wishes().len());
    let calls = sweep::calls_of(&sandbox.read("trace"), &CALLS, "accept4");
    let names: BTreeSet<_> = calls.iter().map(|call| call.name.as_str()).collect();
    for name in ["accept4", "epoll_wait", "fsync", "pwrite64", "write"] {
        assert!(names.contains(name), "no {name} in {names:?}");
    }
    let strikes = calls.into_iter().map(|call| Strike {
        call,
        what: "signal=KILL",
    });
    sweep::strike_all(
        "sweep of requests",
        400,
        strikes.collect(),
        number("RSCHED_SWEEP", 40),
        strike,
    );
}
