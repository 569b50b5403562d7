//! The control socket of a running scheduler: what it answers, and to whom.

use crate::scheduler::{Sandbox, Scheduler, descriptors_of, eventually, is_root};
use rsched::api::{Answer, Client};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

const DAILY: &str = "[jobs.daily]\ncron = '0 3 * * *'\ncommand = 'read line < gate'\n";

/// A job that runs every second, to see that nothing holds up the loop.
const METRONOME: &str = "[jobs.tick]\ncron = { second = '*' }\ncommand = 'true'\n";

pub fn socket(sandbox: &Sandbox) -> PathBuf {
    sandbox.state().join("control.sock")
}

/// A running scheduler and who talks to it.
pub fn started(toml: &str) -> (Sandbox, Scheduler, Client) {
    let sandbox = Sandbox::new(toml);
    let mut scheduler = sandbox.start();
    scheduler.started();
    let client = Client::new(&socket(&sandbox)).unwrap();
    (sandbox, scheduler, client)
}

fn get(client: &Client, path: &str) -> Value {
    let answer = client.ask("GET", path, None).unwrap();
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

fn post(client: &Client, path: &str) -> Answer {
    client.ask("POST", path, None).unwrap()
}

/// What comes back to these bytes, up to the end of the connection. Of what is no whole request the
/// end is told too.
fn raw(sandbox: &Sandbox, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket(sandbox)).unwrap();
    // It may be refused, and closed, before all is sent.
    drop(stream.write_all(bytes));
    if bytes.len() < 4 {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&answer).into_owned(),
    }
}

#[test]
fn the_scheduler_and_its_jobs_can_be_seen() {
    let (_sandbox, scheduler, client) = started(DAILY);
    let answer = get(&client, "");
    assert_eq!(answer["running"], true);
    assert_eq!(answer["allowed_hosts"], json!(["*"]));
    assert_eq!(answer["pid"], scheduler.pid());
    let jobs = get(&client, "/jobs");
    assert_eq!(jobs.as_array().unwrap().len(), 1);
    let job = get(&client, "/jobs/daily");
    assert_eq!(jobs[0], job);
    assert_eq!(
        (&job["trigger"], &job["hour"]),
        (&json!("cron"), &json!("3"))
    );
    assert_eq!(job["func"], "read line < gate");
    assert_eq!(
        (&job["state"], &job["source"]),
        (&json!("scheduled"), &json!("file"))
    );
    assert!(job["next_run_time"].as_str().unwrap().contains("T03:00:00"));
    let none = client.ask("GET", "/jobs/nightly", None).unwrap();
    assert_eq!(
        (none.status, none.error_message()),
        (404, "Job nightly not found")
    );
    assert_eq!(get(&client, "/jobs?state=paused"), json!([]));
    assert_eq!(get(&client, "/healthz"), json!({"status": "ok"}));
    scheduler.stop();
}

#[test]
fn a_run_by_request_is_followed_to_its_end() {
    let (sandbox, mut scheduler, client) = started(DAILY);
    sandbox.make_gate("gate");
    let seq = get(&client, "")["last_seq"].as_u64().unwrap();
    let submitted = post(&client, "/jobs/daily/run");
    assert_eq!(submitted.status, 202);
    let run = submitted.body["run_id"].as_str().unwrap().to_owned();
    let started = scheduler.event("job_started", "daily");
    assert_eq!(started["run_id"], run.as_str());
    assert_eq!(get(&client, &format!("/runs/{run}"))["state"], "running");
    assert_eq!(get(&client, "/jobs/daily/runs")[0]["reason"], "manual");
    let again = post(&client, "/jobs/daily/run");
    assert_eq!((again.status, again.is_ok()), (409, false));
    sandbox.open_gate("gate");
    let mut names = Vec::new();
    client
        .events(&format!("/events?after={seq}"), |name, data| {
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["run_id"], run.as_str());
            names.push(name.to_owned());
            name != "job_executed"
        })
        .unwrap();
    assert_eq!(names, ["job_submitted", "job_started", "job_executed"]);
    let last = &get(&client, "/jobs/daily")["last_run"];
    assert_eq!(
        (&last["outcome"], &last["run_id"]),
        (&json!("succeeded"), &json!(run))
    );
    scheduler.stop();
}

#[test]
fn a_running_job_is_killed_on_request() {
    let (sandbox, mut scheduler, client) = started(DAILY);
    sandbox.make_gate("gate");
    post(&client, "/jobs/daily/run");
    scheduler.event("job_started", "daily");
    let killed = post(&client, "/jobs/daily/kill");
    assert_eq!(killed.body["stopping"].as_array().unwrap().len(), 1);
    let end = scheduler.event("job_error", "daily");
    assert_eq!(end["outcome"], "killed");
    assert!(end["message"].as_str().unwrap().contains("on request"));
    scheduler.stop();
}

#[test]
fn pauses_are_seen_and_end() {
    let (_sandbox, scheduler, client) = started(DAILY);
    let paused = post(&client, "/jobs/daily/pause");
    assert_eq!(
        (paused.status, &paused.body["state"]),
        (200, &json!("paused"))
    );
    assert_eq!(paused.body["next_run_time"], Value::Null);
    assert_eq!(
        post(&client, "/jobs/daily/resume").body["state"],
        "scheduled"
    );
    assert_eq!(
        post(&client, "/start").error_message(),
        "Scheduler is already running"
    );
    assert_eq!(post(&client, "/pause").status, 204);
    assert_eq!(get(&client, "")["running"], false);
    assert_eq!(post(&client, "/start").status, 204);
    assert_eq!(get(&client, "")["running"], true);
    scheduler.stop();
}

#[test]
fn jobs_come_and_go_at_run_time() {
    let (_sandbox, mut scheduler, client) = started(DAILY);
    let job = json!({"id": "hello", "func": "echo", "args": ["hi", 1], "trigger": "interval", "hours": 2});
    let add = |job: &Value| client.ask("POST", "/jobs", Some(job)).unwrap();
    let added = add(&job);
    assert_eq!((added.status, &added.body["source"]), (201, &json!("api")));
    assert_eq!(added.body["args"], json!(["hi", "1"]));
    assert_eq!(added.body["hours"], 2);
    let again = add(&job);
    assert_eq!(
        (again.status, again.error_message()),
        (409, "Job hello already exists.")
    );
    let wrong = add(&json!({"id": "b", "func": "x", "cron": "61 * * * *"}));
    assert_eq!(wrong.status, 400);
    assert!(wrong.error_message().starts_with("`cron`: "), "{wrong:?}");
    let patch = |path: &str, change: Value| client.ask("PATCH", path, Some(&change)).unwrap();
    let changed = patch(
        "/jobs/hello",
        json!({"trigger": "cron", "hour": "*/2", "max_instances": 3}),
    );
    assert_eq!(
        (&changed.body["hour"], &changed.body["hours"]),
        (&json!("*/2"), &Value::Null)
    );
    // All of it or nothing.
    assert_eq!(
        patch(
            "/jobs/hello",
            json!({"max_instances": 4, "timeout": "soon"})
        )
        .status,
        400
    );
    assert_eq!(get(&client, "/jobs/hello")["max_instances"], 3);
    assert_eq!(
        patch("/jobs/daily", json!({"max_instances": 4})).status,
        409
    );
    post(&client, "/jobs/hello/run");
    assert_eq!(scheduler.output("hello"), "hi 1");
    let remove = || client.ask("DELETE", "/jobs/hello", None).unwrap().status;
    assert_eq!((remove(), remove()), (204, 404));
    scheduler.stop();
}

#[test]
fn all_jobs_that_were_added_are_removed_at_once_and_those_of_the_file_stay() {
    let (sandbox, scheduler, client) = started(DAILY);
    let remove = || sandbox.output(&["remove", "--all", "--state-dir", "state"]);
    let said = |text: &str| (Some(0), text.to_owned(), String::new());
    let none = "no job was added at run time; the 1 job of the jobs file stays\n";
    assert_eq!(remove(), said(none));
    let seq = get(&client, "")["last_seq"].as_u64().unwrap();
    for id in ["a", "b"] {
        let job = json!({"id": id, "func": "true", "trigger": "interval", "hours": 2});
        let added = client.ask("POST", "/jobs", Some(&job)).unwrap();
        assert_eq!(added.status, 201);
    }
    // Somebody's program that has lost the id.
    let lost = client.ask("DELETE", "/jobs/", None).unwrap();
    assert_eq!(lost.status, 404, "{lost:?}");
    let done = "removed 2 jobs; the 1 job of the jobs file stays\n";
    assert_eq!(remove(), said(done));
    let mut told = Vec::new();
    client
        .events(&format!("/events?follow=0&after={seq}"), |_, data| {
            let event: Value = serde_json::from_str(data).unwrap();
            told.push((
                event["event"].clone(),
                event["job_id"].clone(),
                event["count"].clone(),
            ));
            true
        })
        .unwrap();
    let about = |event: &str, id: &str| (json!(event), json!(id), Value::Null);
    assert_eq!(
        told,
        [
            about("job_added", "a"),
            about("job_added", "b"),
            about("job_removed", "a"),
            about("job_removed", "b"),
            (json!("all_jobs_removed"), Value::Null, json!(2)),
        ]
    );
    let left = get(&client, "/jobs");
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    scheduler.stop();
}

#[test]
fn what_an_answer_says_can_be_sent_back() {
    let (_sandbox, scheduler, client) = started("");
    let job = json!({"id": "a", "command": ["echo", "x"], "cron": "*/5 * * * *", "env": {"TOKEN": "canary"}, "tags": ["t"]});
    client.ask("POST", "/jobs", Some(&job)).unwrap();
    let seen = get(&client, "/jobs/a");
    assert!(
        !seen.to_string().contains("canary"),
        "values of variables are secrets"
    );
    let mut back = seen.as_object().unwrap().clone();
    for key in [
        "id",
        "schedule",
        "minute",
        "hour",
        "day",
        "month",
        "day_of_week",
        "trigger",
    ] {
        back.remove(key);
    }
    let answer = client
        .ask("PATCH", "/jobs/a", Some(&Value::Object(back)))
        .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, seen);
    scheduler.stop();
}

#[test]
fn a_reload_answers_what_is_wrong() {
    let (sandbox, mut scheduler, client) = started(DAILY);
    sandbox.write(
        "jobs.toml",
        "[jobs.a]\ncron = '61 * * * *'\ncommand = 'x'\n",
    );
    let rejected = post(&client, "/reload");
    assert_eq!(
        (rejected.status, rejected.error_message()),
        (422, "1 error")
    );
    assert_eq!(rejected.body["diagnostics"][0]["line"], 2);
    assert_eq!(get(&client, "")["reload_success"], false);
    scheduler.wait_for("reload_failed", |line| line["event"] == "reload_failed");
    assert_eq!(get(&client, "/jobs")[0]["id"], "daily");
    sandbox.write("jobs.toml", "[jobs.a]\ncron = '1 * * * *'\ncommand = 'x'\n");
    assert_eq!(post(&client, "/reload").status, 204);
    assert_eq!(get(&client, "/jobs")[0]["id"], "a");
    assert_eq!(get(&client, "")["reload_success"], true);
    scheduler.stop();
}

#[test]
fn a_shutdown_is_answered_before_it_happens() {
    let (sandbox, mut scheduler, client) = started(DAILY);
    assert_eq!(post(&client, "/shutdown").status, 204);
    assert_eq!(scheduler.end().code(), Some(0));
    assert!(
        !socket(&sandbox).exists(),
        "the socket goes with its scheduler"
    );
    let gone = client.ask("GET", "", None).unwrap_err();
    assert!(
        gone.to_string().starts_with("no scheduler answers at"),
        "{gone}"
    );
}

#[test]
fn who_follows_the_events_is_let_go_at_the_end() {
    let (_sandbox, mut scheduler, client) = started(DAILY);
    let mut names = Vec::new();
    client
        .events("/events?after=0", |name, _| {
            if name == "scheduler_started" {
                scheduler.signal(nix::sys::signal::Signal::SIGTERM);
            }
            names.push(name.to_owned());
            true
        })
        .unwrap();
    assert_eq!(
        names,
        [
            "executor_added",
            "jobstore_added",
            "scheduler_started",
            "scheduler_shutdown"
        ]
    );
    assert_eq!(scheduler.end().code(), Some(0));
}

#[test]
fn metrics_count_what_happened() {
    let (sandbox, mut scheduler, _client) = started("[jobs.once]\ncommand = 'true'\n");
    scheduler.event("job_executed", "once");
    let text = raw(
        &sandbox,
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    for line in [
        "rsched_runs_total{job=\"once\",outcome=\"succeeded\"} 1",
        "rsched_run_duration_seconds_count{job=\"once\"} 1",
        "rsched_start_delay_seconds_bucket{job=\"once\",le=\"+Inf\"} 1",
        "rsched_paused 0",
        "# TYPE rsched_store_commit_seconds histogram",
        "# TYPE rsched_running gauge",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let commits = text
        .lines()
        .find_map(|line| line.strip_prefix("rsched_store_commit_seconds_count "));
    assert!(commits.unwrap().parse::<u64>().unwrap() > 0, "{text}");
    scheduler.stop();
}

#[test]
fn what_was_paused_added_and_run_is_known_after_a_violent_death() {
    let (sandbox, mut dead, client) = started(
        "[jobs.daily]\ncron = '0 3 * * *'\ncommand = 'exit 3'\n[jobs.other]\ncron = '@yearly'\ncommand = 'x'\n",
    );
    assert_eq!(post(&client, "/jobs/daily/run").status, 202);
    dead.event("job_error", "daily");
    assert_eq!(post(&client, "/jobs/other/pause").status, 200);
    let job = json!({"id": "added", "func": "true", "trigger": "interval", "hours": 2, "max_instances": 4});
    let added = client.ask("POST", "/jobs", Some(&job)).unwrap();
    assert_eq!(added.status, 201);
    dead.signal(nix::sys::signal::Signal::SIGKILL);
    dead.reap();
    let mut next = sandbox.start();
    next.started();
    let last = &get(&client, "/jobs/daily")["last_run"];
    assert_eq!(
        (&last["outcome"], &last["exit_code"]),
        (&json!("failed"), &json!(3))
    );
    assert_eq!(get(&client, "/jobs/other")["state"], "paused");
    let again = get(&client, "/jobs/added");
    for key in [
        "max_instances",
        "hours",
        "start_date",
        "next_run_time",
        "source",
    ] {
        assert_eq!(again[key], added.body[key], "{key}");
    }
    next.stop();
}

#[test]
fn only_its_owner_reaches_the_socket() {
    let (sandbox, scheduler, _client) = started(DAILY);
    let status = socket(&sandbox).symlink_metadata().unwrap();
    assert!(status.file_type().is_socket());
    assert_eq!(status.permissions().mode() & 0o777, 0o600);
    let directory = sandbox.state().metadata().unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
    scheduler.stop();
}

#[test]
fn a_socket_that_a_dead_scheduler_left_is_taken_over() {
    let (sandbox, mut dead, _client) = started(DAILY);
    dead.signal(nix::sys::signal::Signal::SIGKILL);
    dead.reap();
    assert!(socket(&sandbox).exists());
    let mut next = sandbox.start();
    next.started();
    let client = Client::new(&socket(&sandbox)).unwrap();
    assert_eq!(get(&client, "")["pid"], next.pid());
    next.stop();
}

#[test]
fn a_path_too_long_for_a_socket_is_said_at_the_start() {
    let sandbox = Sandbox::new(DAILY);
    let long = "d".repeat(100);
    let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", &long]);
    assert_eq!(code, Some(73), "{stderr}");
    assert!(stderr.contains("107 are the most"), "{stderr}");
}

#[test]
fn what_lies_in_the_place_of_the_socket_is_refused() {
    let sandbox = Sandbox::new(DAILY);
    std::fs::create_dir(sandbox.state()).unwrap();
    sandbox.write("state/control.sock", "precious");
    let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
    assert_eq!(code, Some(77), "{stderr}");
    assert_eq!(sandbox.read("state/control.sock"), "precious");
}

#[test]
fn garbage_is_answered_or_dropped_and_nothing_else_happens() {
    let (sandbox, scheduler, client) = started(DAILY);
    let deep = format!("{{\"id\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let post = |body: &str| {
        format!(
            "POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let many_headers = format!(
        "GET /scheduler HTTP/1.1\r\n{}\r\n",
        "A: b\r\n".repeat(10_000)
    );
    let long_header = format!(
        "GET /scheduler HTTP/1.1\r\nA: {}\r\n\r\n",
        "b".repeat(1 << 20)
    );
    for (bytes, expected) in [
        (&b"\0\0\0\0"[..], "HTTP/1.1 400"),
        (b"\xff\xfe\xfd hello", "HTTP/1.1 400"),
        (b"", ""),
        (b"GET", ""),
        (many_headers.as_bytes(), "HTTP/1.1 431"),
        (long_header.as_bytes(), "HTTP/1.1 431"),
        (post("{]").as_bytes(), "HTTP/1.1 400"),
        (post("[1]").as_bytes(), "HTTP/1.1 400"),
        (post(&deep).as_bytes(), "HTTP/1.1 400"),
        (post("{\"id\":\"a\\u0000\",\"command\":\"x\"}").as_bytes(), "HTTP/1.1 400"),
        (b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4294967296\r\n\r\n", "HTTP/1.1 413"),
        (b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400"),
        (b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "HTTP/1.1 400"),
    ] {
        let answer = raw(&sandbox, bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(answer.starts_with(expected), "{shown:?}: {answer:?}");
    }
    let large = vec![b' '; 3 << 20];
    let chunked = [&b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n"[..], &large].concat();
    let answer = raw(&sandbox, &chunked);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
        "{answer}"
    );
    assert_eq!(get(&client, "/jobs").as_array().unwrap().len(), 1);
    scheduler.stop();
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let (sandbox, scheduler, client) = started(DAILY);
    get(&client, "");
    let before = descriptors_of(scheduler.pid());
    for round in 0..300 {
        let mut stream = UnixStream::connect(socket(&sandbox)).unwrap();
        let request: &[u8] = match round % 3 {
            0 => b"GET /scheduler/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
            1 => b"GET /scheduler/events HTTP/1.1\r\nHost: x\r\n\r\n",
            _ => b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        };
        stream.write_all(request).unwrap();
    }
    eventually("their descriptors are closed", || {
        descriptors_of(scheduler.pid()) <= before
    });
    get(&client, "/jobs");
    scheduler.stop();
}

#[test]
fn silent_clients_take_all_places_and_no_fire_is_held_up() {
    let (sandbox, mut scheduler, client) = started(METRONOME);
    let silent: Vec<_> = (0..64)
        .map(|_| UnixStream::connect(socket(&sandbox)).unwrap())
        .collect();
    eventually("all places are taken", || {
        let busy = client.ask("GET", "", None);
        busy.is_ok_and(|answer| answer.status == 503 && answer.error_message().starts_with("busy"))
    });
    for _ in 0..2 {
        scheduler.event("job_executed", "tick");
    }
    drop(silent);
    eventually("places are free again", || {
        client
            .ask("GET", "", None)
            .is_ok_and(|answer| answer.is_ok())
    });
    scheduler.stop();
}

/// Talks as another user: the system call, unlike the C library, changes one thread only.
mod stranger {
    #![expect(unsafe_code, reason = "setresuid for one thread has no safe wrapper")]

    pub fn as_nobody<T: Send>(talk: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let become_nobody = || {
                const NOBODY: nix::libc::uid_t = 65_534;
                // SAFETY: it takes three numbers and touches no memory of ours.
                let changed =
                    unsafe { nix::libc::syscall(nix::libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) };
                assert_eq!(changed, 0);
                talk()
            };
            scope.spawn(become_nobody).join().unwrap()
        })
    }
}

#[test]
fn another_user_is_refused_even_where_the_modes_let_them_in() {
    if !is_root("being somebody else") {
        return;
    }
    let (sandbox, mut scheduler, _client) = started(DAILY);
    let open = |path: PathBuf, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let path = socket(&sandbox);
    open(sandbox.path("."), 0o755);
    let denied = stranger::as_nobody(|| UnixStream::connect(&path).map(drop));
    assert_eq!(denied.unwrap_err().kind(), ErrorKind::PermissionDenied);
    open(sandbox.state(), 0o755);
    open(path.clone(), 0o666);
    let answer =
        stranger::as_nobody(|| raw(&sandbox, b"GET /scheduler HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(answer, "");
    scheduler.wait_for("refusal", |line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.starts_with("Refused a connection to the control socket: uid 65534, pid ")
    });
    scheduler.stop();
}

/// The whole answer to a request on a connection of its own.
fn ask_raw(sandbox: &Sandbox, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    raw(sandbox, request.as_bytes())
}

#[test]
fn a_run_that_has_ended_is_found_with_what_it_printed() {
    let (sandbox, mut scheduler, client) =
        started("[jobs.once]\ncommand = 'printf \"one\\\\ntwo\"; exit 3'\n");
    let run = scheduler.event("job_error", "once")["run_id"].clone();
    let run = run.as_str().unwrap();
    let found = get(&client, &format!("/runs/{run}"));
    assert_eq!(
        (&found["state"], &found["outcome"], &found["exit_code"]),
        (&json!("ended"), &json!("failed"), &json!(3))
    );
    assert_eq!(found["output_bytes"], 7);
    let (_, shown, _) = sandbox.output(&["show", run, "--state-dir", "state", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), found);
    for path in ["/runs", "/jobs/once/runs", "/runs?count=1"] {
        let list = get(&client, path);
        assert_eq!(list.as_array().unwrap().len(), 1, "{path}");
        assert_eq!(list[0]["run_id"], run, "{path}");
    }
    assert_eq!(get(&client, "/runs?count=0"), json!([]));
    assert_eq!(
        client.ask("GET", "/runs?count=1001", None).unwrap().status,
        400
    );
    let output = client.output(run, 0).unwrap().unwrap();
    assert_eq!(
        (&output.bytes[..], output.total_bytes, output.ended),
        (&b"one\ntwo"[..], 7, true)
    );
    let answer = ask_raw(&sandbox, &format!("/scheduler/runs/{run}/output?after=4"));
    assert!(answer.contains("content-type: text/plain"), "{answer}");
    assert!(
        answer.contains("x-content-type-options: nosniff"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\ntwo"), "{answer}");
    let none = client.output("0000000000000000", 0).unwrap().unwrap_err();
    assert_eq!(none.status, 404);
    let message = none.error_message();
    assert!(
        message.starts_with("Run 0000000000000000 not found"),
        "{message}"
    );
    scheduler.stop();
}

#[test]
fn what_a_run_prints_can_be_read_while_it_runs() {
    let (sandbox, mut scheduler, client) = started(
        "[jobs.talk]\ncommand = 'echo one; until [ -p gate ]; do sleep 0.01; done; read line < gate; echo two'\n",
    );
    sandbox.make_gate("gate");
    let run = scheduler.event("job_started", "talk")["run_id"].clone();
    let run = run.as_str().unwrap();
    assert_eq!(scheduler.output("talk"), "one");
    let so_far = client.output(run, 0).unwrap().unwrap();
    assert_eq!((&so_far.bytes[..], so_far.ended), (&b"one\n"[..], false));
    let mut follow = sandbox.command(&[
        "logs",
        "talk",
        "--follow",
        "--run",
        run,
        "--state-dir",
        "state",
    ]);
    let follow = follow.stdout(std::process::Stdio::piped()).spawn().unwrap();
    sandbox.open_gate("gate");
    let output = follow.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(0), &b"one\ntwo\n"[..])
    );
    scheduler.stop();
}

#[test]
fn a_socket_that_was_removed_is_made_anew() {
    let (sandbox, mut scheduler, client) = started(DAILY);
    for _ in 0..2 {
        let before = descriptors_of(scheduler.pid());
        std::fs::remove_file(socket(&sandbox)).unwrap();
        scheduler.signal(nix::sys::signal::Signal::SIGHUP);
        scheduler.wait_for("new socket", |line| {
            let message = line["message"].as_str().unwrap_or_default();
            message.ends_with("control.sock` was removed, and is made anew")
        });
        assert_eq!(get(&client, "")["pid"], scheduler.pid());
        let status = socket(&sandbox).symlink_metadata().unwrap();
        assert_eq!(status.permissions().mode() & 0o777, 0o600);
        eventually("the old one is closed", || {
            descriptors_of(scheduler.pid()) <= before
        });
    }
    scheduler.stop();
    assert!(!socket(&sandbox).exists());
}

#[test]
fn warnings_at_the_start_are_json_where_the_log_is() {
    let sandbox = Sandbox::new("[jobs.a]\ncron = '*/7 * * * *'\ncommand = 'true'\n");
    let run = [
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--for",
        "1ms",
        "--log-format",
        "json",
    ];
    let (code, _, stderr) = sandbox.output(&run);
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let warning = lines.iter().find(|line| line["level"] == "warn").unwrap();
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("uneven_step"), "{message}");
}
