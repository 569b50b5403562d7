//! What a hostile file, client or launcher tries, by the rows of the list of faults: E, G and J.

use crate::control::{socket, started};
use crate::scheduler::{PATIENCE, Sandbox, eventually, exists, is_root, memory_of};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

#[test]
fn e1_a_file_that_is_replaced_time_after_time_is_always_taken_whole() {
    let jobs = |number: usize| {
        format!(
            "[jobs.stays]\ncron = '@yearly'\ncommand = 'true'\n[jobs.j{number}]\ncron = '@yearly'\ncommand = 'x'\n"
        )
    };
    let (sandbox, mut scheduler, client) = started(&jobs(0));
    let next = |client: &rsched::api::Client| {
        let job = client.ask("GET", "/jobs/stays", None).unwrap().body;
        job["next_run_time"].clone()
    };
    let before = next(&client);
    for number in 1..=100 {
        sandbox.write("new", &jobs(number));
        std::fs::rename(sandbox.path("new"), sandbox.path("jobs.toml")).unwrap();
        assert_eq!(client.ask("POST", "/reload", None).unwrap().status, 204);
        let list = client.ask("GET", "/jobs", None).unwrap().body;
        assert_eq!(list[0]["id"], format!("j{number}"));
        assert_eq!(list.as_array().unwrap().len(), 2);
    }
    assert_eq!(next(&client), before);
    let lines = {
        scheduler.signal(Signal::SIGTERM);
        scheduler.end();
        std::mem::take(&mut scheduler.seen)
    };
    let of_it = |line: &&Value| line["job_id"] == "stays";
    assert_eq!(
        lines.iter().filter(of_it).count(),
        0,
        "nothing happened to it"
    );
}

#[test]
fn g4_a_client_that_never_reads_costs_no_memory_and_no_time() {
    let mut toml = String::new();
    for number in 0..2_000 {
        let description = "x".repeat(1_000);
        _ = write!(
            toml,
            "[jobs.j{number}]\ncron = '@yearly'\ncommand = 'true {number}'\ndescription = '{description}'\n"
        );
    }
    let (sandbox, scheduler, client) = started(&toml);
    // Its pages are touched once by somebody who reads.
    assert!(client.ask("GET", "/jobs", None).unwrap().is_ok());
    let before = memory_of(scheduler.pid());
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut stream = UnixStream::connect(socket(&sandbox)).unwrap();
        stream
            .write_all(b"GET /scheduler/jobs HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        silent.push(stream);
    }
    assert!(client.ask("GET", "/jobs/j7", None).unwrap().is_ok());
    // Each answer is some three megabytes, made once for who asked.
    let grown = memory_of(scheduler.pid()).saturating_sub(before);
    assert!(grown < 40 * 1024, "{grown} KiB");
    drop(silent);
    scheduler.stop();
}

#[test]
fn g10_ten_thousand_requests_for_runs_are_each_answered_and_none_is_lost() {
    let (sandbox, mut scheduler, _client) = started(
        "[scheduler]\nstore = 'memory'\n[executors.default]\nmax_workers = 4\n[jobs.a]\ncron = '@yearly'\ncommand = ['/bin/true']\nmax_instances = 50\n",
    );
    let mut stream = UnixStream::connect(socket(&sandbox)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut granted, mut refused) = (0, 0);
    let mut answer = vec![0; 64 * 1024];
    for _ in 0..10_000 {
        let request =
            b"POST /scheduler/jobs/a/run HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut text = String::new();
        // The body is one object.
        while !text.ends_with('}') {
            let count = stream.read(&mut answer).unwrap();
            text += &String::from_utf8_lossy(&answer[..count]);
        }
        match text.split(' ').nth(1) {
            Some("202") => granted += 1,
            Some("409") => refused += 1,
            other => panic!("{other:?}: {text}"),
        }
    }
    assert!(granted > 100, "{granted} granted, {refused} refused");
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
    let count = |name: &str| {
        let is_it = |line: &&Value| line["event"] == name;
        scheduler.seen.iter().filter(is_it).count()
    };
    let waiting = scheduler.seen.iter().rev().find_map(|line| {
        let text = line["message"].as_str()?;
        let rest = text.strip_prefix("Scheduler has been shut down; ")?;
        rest.split(' ').next()?.parse::<usize>().ok()
    });
    assert_eq!(
        count("job_executed") + count("job_skipped") + waiting.unwrap_or(0),
        granted
    );
}

#[test]
fn g11_a_run_is_asked_for_in_every_state() {
    let sandbox_jobs = "[jobs.idle]\ncron = '@yearly'\ncommand = 'true'\n\
        [jobs.paused]\ncron = '@yearly'\ncommand = 'true'\n\
        [jobs.disabled]\ncron = '@yearly'\ncommand = 'true'\nenabled = false\n\
        [jobs.running]\ncron = '@yearly'\ncommand = 'read line < gate'\n\
        [jobs.twice]\ncron = '@yearly'\ncommand = 'read line < gate2'\nmax_instances = 2\n\
        [jobs.finished]\ndate = 2020-01-01\ncommand = 'true'\n\
        [jobs.held]\ncron = '@yearly'\ncommand = 'read line < gate3'\n";
    let (sandbox, mut scheduler, client) = started(sandbox_jobs);
    for gate in ["gate", "gate2", "gate3"] {
        sandbox.make_gate(gate);
    }
    let run = |id: &str| {
        let answer = client.ask("POST", &format!("/jobs/{id}/run"), None);
        answer.unwrap().status
    };
    let added = json!({"id": "added", "command": "true", "cron": "@yearly"});
    assert_eq!(
        client.ask("POST", "/jobs", Some(&added)).unwrap().status,
        201
    );
    client.ask("POST", "/jobs/paused/pause", None).unwrap();
    for (id, status) in [
        ("idle", 202),
        ("paused", 202),
        ("disabled", 202),
        ("finished", 202),
        ("added", 202),
        ("running", 202),
        ("running", 409),
        ("twice", 202),
        ("twice", 202),
        ("twice", 409),
        ("never-was", 404),
    ] {
        assert_eq!(run(id), status, "{id}");
    }
    client.ask("POST", "/pause", None).unwrap();
    assert_eq!(run("held"), 202, "of a paused scheduler");
    client.ask("DELETE", "/jobs/added", None).unwrap();
    assert_eq!(run("added"), 404, "of a job that was removed");
    scheduler.event("job_started", "held");
    // While it shuts down.
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    assert_eq!(run("idle"), 503);
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
}

#[test]
fn g12_a_pause_outlives_a_violent_death_of_the_scheduler() {
    let (sandbox, mut dead, client) = started("[jobs.a]\ncron = '@yearly'\ncommand = 'true'\n");
    for round in 0..5 {
        let (path, paused) = if round % 2 == 0 {
            ("/jobs/a/pause", "paused")
        } else {
            ("/jobs/a/resume", "scheduled")
        };
        assert_eq!(client.ask("POST", path, None).unwrap().status, 200);
        dead.signal(Signal::SIGKILL);
        dead.reap();
        dead = sandbox.start();
        dead.started();
        let state = client.ask("GET", "/jobs/a", None).unwrap().body["state"].clone();
        assert_eq!(state, paused, "{round}");
    }
    dead.stop();
}

#[test]
fn j13_no_secret_is_in_what_is_printed_kept_or_seen_of_a_process() {
    let sandbox = Sandbox::new(
        "[env]\nSHARED = 'canary-1'\n[jobs.a]\ncron = '@yearly'\ncommand = 'read line < gate'\n\
         env = { OWN = 'canary-2' }\nenv_file = 'secrets'\n\
         [jobs.bad]\ncron = '@yearly'\ncommand = './missing'\nenv = { OWN = 'canary-3' }\n",
    );
    sandbox.write("secrets", "FILE=canary-4\n");
    sandbox.make_gate("gate");
    let mut scheduler = sandbox.start_with(&["--log-level", "debug"]);
    scheduler.started();
    let said = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--state-dir", "state"]);
        let (_, stdout, stderr) = sandbox.output(&all);
        stdout + &stderr
    };
    let added = said(&[
        "add",
        "late",
        "--interval",
        "1h",
        "--set",
        "env.K=canary-5",
        "--",
        "true",
    ]);
    let mut everything = added;
    everything += &said(&["trigger", "a"]);
    scheduler.event("job_started", "a");
    everything += &said(&["trigger", "bad"]);
    scheduler.event("job_error", "bad");
    scheduler.signal(Signal::SIGUSR1);
    for command in ["list", "status", "events", "history", "reload"] {
        everything += &said(&[command]);
    }
    for job in ["a", "bad", "late"] {
        everything += &said(&["show", job]);
        everything += &said(&["show", job, "--format", "json"]);
    }
    everything += &said(&["modify", "late", "env.K=canary-6"]);
    everything += &said(&["modify", "late", "timeout=soon"]);
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        // Only that of the command that was given one has one, while it runs.
        everything += &line.replace('\0', " ");
    }
    sandbox.open_gate("gate");
    scheduler.event("job_executed", "a");
    let lines = scheduler.stop();
    everything.push_str(&Value::Array(lines).to_string());
    assert!(!everything.contains("canary"), "{everything}");
    // The definition of a job that was added is kept, as the jobs file is: for nobody else to read.
    for entry in std::fs::read_dir(sandbox.state()).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
}

#[test]
fn j14_what_a_client_or_a_trigger_says_is_never_a_command() {
    let (sandbox, mut scheduler, client) = started("");
    let payloads = [
        "; touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "\ntouch pwned\n",
        "| touch pwned",
        "&& touch pwned",
        "' ; touch pwned ; '",
        "\" ; touch pwned ; \"",
        "${IFS}touch${IFS}pwned",
        "%0atouch pwned",
        "-c touch pwned",
        "{{ touch pwned }}",
    ];
    for (number, payload) in payloads.iter().enumerate() {
        let job = json!({
            "id": format!("j{number}"), "func": "/bin/echo", "args": [payload], "kwargs": {"ARG": payload},
            "name": payload.replace('\n', " "), "trigger": "interval", "hours": 9,
        });
        let answer = client.ask("POST", "/jobs", Some(&job)).unwrap();
        assert_eq!(answer.status, 201, "{payload}: {answer:?}");
        assert_eq!(
            client
                .ask("POST", &format!("/jobs/j{number}/run"), None)
                .unwrap()
                .status,
            202
        );
        scheduler.event("job_executed", &format!("j{number}"));
        // As an id it is refused.
        let job = json!({"id": payload, "func": "/bin/true", "trigger": "interval", "hours": 9});
        assert_eq!(
            client.ask("POST", "/jobs", Some(&job)).unwrap().status,
            400,
            "{payload}"
        );
    }
    assert!(!exists(&sandbox.path("pwned")));
    scheduler.stop();
}

#[test]
fn j19_a_program_with_borrowed_rights_starts_nothing() {
    if !is_root("j19") {
        return;
    }
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'touch ran'\n");
    let copy = sandbox.path("rsched");
    std::fs::copy(env!("CARGO_BIN_EXE_rsched"), &copy).unwrap();
    nix::unistd::chown(&copy, Some(65_534.into()), None).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o4755)).unwrap();
    let mut command = sandbox.bare_command(&copy);
    let output = command.args(["run", "jobs.toml"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{stderr}");
    assert!(stderr.contains("setuid"), "{stderr}");
    assert!(!exists(&sandbox.path("ran")));
}

#[test]
fn j20_of_several_files_each_has_to_be_trusted() {
    if !is_root("j20") {
        return;
    }
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'true'\n");
    sandbox.write("other.toml", "[jobs.b]\ncommand = 'touch ran'\n");
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(sandbox.path("other.toml"), open).unwrap();
    let run = [
        "run",
        "jobs.toml",
        "other.toml",
        "--state-dir",
        "state",
        "--for",
        "1s",
    ];
    let (code, _, stderr) = sandbox.output(&run);
    assert_eq!(code, Some(77), "{stderr}");
    assert!(stderr.contains("other.toml"), "{stderr}");
    assert!(!exists(&sandbox.path("ran")));
}

#[test]
fn k10_no_answer_is_anything_but_json_or_plain_text() {
    let (sandbox, scheduler, client) =
        started("[jobs.a]\ncron = '@yearly'\ncommand = '<script>alert(1)</script>'\n");
    for path in [
        "/scheduler",
        "/scheduler/jobs?callback=alert",
        "/scheduler/jobs/%3Cscript%3E",
        "/scheduler/nothing",
        "/scheduler/jobs/a?callback=x",
        "/metrics",
        "/healthz",
        "/scheduler/events?follow=0",
    ] {
        let mut stream = UnixStream::connect(socket(&sandbox)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let head = answer
            .split("\r\n\r\n")
            .next()
            .unwrap()
            .to_ascii_lowercase();
        assert!(
            head.contains("x-content-type-options: nosniff"),
            "{path}: {head}"
        );
        assert!(!head.contains("text/html"), "{path}: {head}");
    }
    eventually("it still answers", || {
        client
            .ask("GET", "", None)
            .is_ok_and(|answer| answer.is_ok())
    });
    scheduler.stop();
}
