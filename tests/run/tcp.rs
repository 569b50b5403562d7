//! The API on TCP: who is let in, and what may be done there.

use crate::scheduler::{Sandbox, Scheduler};
use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const JOBS: &str = "[jobs.a]\ncron = '0 3 * * *'\ncommand = 'true'\nenv = { SECRET = 'canary' }\n";

struct World {
    sandbox: Sandbox,
    scheduler: Scheduler,
    /// Where it listens, with the port.
    address: String,
}

fn sandbox(api: &str) -> Sandbox {
    let sandbox = Sandbox::new(&format!("[api]\nlisten = '127.0.0.1:0'\n{api}\n{JOBS}"));
    sandbox.write("token", &format!("{TOKEN}\n"));
    std::fs::set_permissions(sandbox.path("token"), Permissions::from_mode(0o600)).unwrap();
    sandbox
}

/// The whole answer to a request with these header lines.
fn ask_at(address: &str, method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let headers = headers.join("\r\n");
    let text = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    answer
}

impl World {
    fn new(api: &str) -> Self {
        let sandbox = sandbox(api);
        let mut scheduler = sandbox.start();
        let begin = "The API listens at http://";
        let line = scheduler.wait_for("address", |line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(begin))
        });
        let url = line["message"]
            .as_str()
            .unwrap()
            .strip_prefix(begin)
            .unwrap();
        let address = url.split('/').next().unwrap().to_owned();
        Self {
            sandbox,
            scheduler,
            address,
        }
    }

    /// The whole answer to a request with these header lines.
    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        ask_at(&self.address, method, path, headers, body)
    }

    fn status(&self, method: &str, path: &str, headers: &[&str], body: &str) -> u16 {
        let answer = self.ask(method, path, headers, body);
        assert!(
            !answer.to_ascii_lowercase().contains("access-control-"),
            "{answer}"
        );
        assert!(
            !answer.contains(TOKEN) && !answer.contains("canary"),
            "{answer}"
        );
        answer
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .parse()
            .unwrap()
    }
}

const BEARER: &str = "Authorization: Bearer 0123456789abcdef0123456789abcdef";
const JSON: &str = "Content-Type: application/json";
const HOST: &str = "Host: localhost";

/// Every route with what it answers to who may do all that can be done over TCP by default.
const ROUTES: [(&str, &str, u16); 25] = [
    ("GET", "/scheduler", 200),
    ("GET", "/scheduler/jobs", 200),
    ("GET", "/scheduler/jobs/a", 200),
    ("GET", "/scheduler/jobs/a/runs", 200),
    ("GET", "/scheduler/jobs/a/next", 200),
    ("GET", "/scheduler/next", 200),
    ("GET", "/scheduler/runs", 200),
    ("GET", "/scheduler/runs/0000000000000000", 404),
    ("GET", "/scheduler/runs/0000000000000000/output", 404),
    ("GET", "/scheduler/events?follow=0", 200),
    ("GET", "/metrics", 200),
    ("GET", "/healthz", 200),
    ("POST", "/scheduler/jobs/a/pause", 200),
    ("POST", "/scheduler/jobs/a/resume", 200),
    ("POST", "/scheduler/jobs/a/kill", 202),
    ("POST", "/scheduler/runs/0000000000000000/kill", 404),
    ("POST", "/scheduler/pause", 204),
    ("POST", "/scheduler/start", 204),
    ("POST", "/scheduler/resume", 204),
    ("POST", "/scheduler/reload", 204),
    ("POST", "/scheduler/jobs", 403),
    ("PATCH", "/scheduler/jobs/a", 403),
    ("POST", "/scheduler/jobs/a/reschedule", 403),
    ("DELETE", "/scheduler/jobs/a", 403),
    ("DELETE", "/scheduler/jobs", 403),
];

#[test]
fn every_route_asks_for_host_token_and_kind_and_no_job_is_defined() {
    let world = World::new("token_file = 'token'");
    let wrong = "Authorization: Bearer 0123456789abcdef0123456789abcdeX";
    for (method, path, granted) in ROUTES {
        let ask = |headers: &[&str]| world.status(method, path, headers, "");
        assert_eq!(ask(&[HOST, BEARER, JSON]), granted, "{method} {path}");
        assert_eq!(
            ask(&["Host: evil.test", BEARER, JSON]),
            421,
            "{method} {path}"
        );
        let refused = [ask(&[HOST, JSON]), ask(&[HOST, wrong, JSON])];
        assert!(
            refused.iter().all(|status| [401, 429].contains(status)),
            "{method} {path}: {refused:?}"
        );
        assert_eq!(
            ask(&[HOST, BEARER, JSON, "Origin: http://evil.test"]),
            403,
            "{method} {path}"
        );
        let form = ask(&[HOST, BEARER, "Content-Type: text/plain"]);
        assert_eq!(
            form,
            if method == "GET" { granted } else { 415 },
            "{method} {path}"
        );
    }
    let preflight = [
        "Access-Control-Request-Method: POST",
        "Origin: http://evil.test",
        HOST,
    ];
    assert_eq!(
        world.status("OPTIONS", "/scheduler/pause", &preflight, ""),
        403
    );
    assert_eq!(world.status("GET", "/scheduler?token=0", &[HOST], ""), 401);
    world.scheduler.stop();
}

#[test]
fn the_answer_to_no_token_and_to_a_wrong_one_is_the_same() {
    let world = World::new("token_file = 'token'");
    let ask = |headers: &[&str]| {
        let answer = world.ask("GET", "/scheduler", headers, "");
        let lines = answer.lines().filter(|line| !line.starts_with("date:"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let none = ask(&[HOST]);
    assert!(none.starts_with("HTTP/1.1 401"), "{none}");
    assert_eq!(none, ask(&[HOST, "Authorization: Bearer 1"]));
    assert_eq!(
        none,
        ask(&[
            HOST,
            "Authorization: Bearer 0123456789abcdef0123456789abcdeX"
        ])
    );
    let lines = world.scheduler.stop();
    let told = lines
        .iter()
        .filter(|line| line["message"] == "Refused a request to the API: wrong or no token");
    assert_eq!(told.count(), 1, "once a minute is enough");
}

#[test]
fn jobs_are_added_over_tcp_where_that_is_allowed() {
    let world = World::new(
        "token_file = 'token'\nallow_jobs = true\nprefix = '/cron'\nallowed_hosts = ['cron.example.org']",
    );
    let body = "{\"id\":\"b\",\"func\":\"true\",\"trigger\":\"interval\",\"hours\":1}";
    let headers = ["Host: cron.example.org:80", BEARER, JSON];
    assert_eq!(world.status("POST", "/cron/jobs", &headers, body), 201);
    assert_eq!(world.status("DELETE", "/cron/jobs/b", &headers, ""), 204);
    assert_eq!(world.status("GET", "/scheduler/jobs", &headers, ""), 404);
    // The control socket keeps its paths, and allows what it always does.
    let add = [
        "add",
        "c",
        "--interval",
        "1h",
        "--state-dir",
        "state",
        "--",
        "true",
    ];
    assert_eq!(world.sandbox.output(&add).0, Some(0));
    world.scheduler.stop();
}

#[test]
fn without_a_token_pages_of_other_sites_still_change_nothing() {
    let world = World::new("token_file = 'none'");
    let pause = |headers: &[&str]| world.status("POST", "/scheduler/pause", headers, "");
    assert_eq!(pause(&["Host: rebound.evil.test", JSON]), 421);
    assert_eq!(pause(&[HOST, JSON, "Origin: http://evil.test"]), 403);
    assert_eq!(
        pause(&[HOST, "Content-Type: application/x-www-form-urlencoded"]),
        415
    );
    let status = world.ask("GET", "/scheduler", &[HOST], "");
    assert!(status.contains("\"paused\":false"), "{status}");
    assert_eq!(pause(&[HOST, JSON]), 204);
    world.scheduler.stop();
}

#[test]
fn a_token_that_others_can_read_or_guess_is_refused_at_the_start() {
    let run = |sandbox: &Sandbox| {
        sandbox.output(&["run", "jobs.toml", "--state-dir", "state", "--for", "1ms"])
    };
    for (mode, code) in [
        (0o600, 0),
        (0o400, 0),
        (0o640, 77),
        (0o604, 77),
        (0o620, 77),
        (0o644, 77),
    ] {
        let sandbox = sandbox("token_file = 'token'");
        std::fs::set_permissions(sandbox.path("token"), Permissions::from_mode(mode)).unwrap();
        let (status, _, stderr) = run(&sandbox);
        assert_eq!(status, Some(code), "{mode:o}: {stderr}");
        assert!(!stderr.contains(TOKEN), "{stderr}");
    }
    for (token, code) in [
        ("", 78),
        ("short", 78),
        ("0123456789abcdef 0123456789abcdef", 78),
    ] {
        let sandbox = sandbox("token_file = 'token'");
        sandbox.write("token", token);
        let (status, _, stderr) = run(&sandbox);
        assert_eq!(status, Some(code), "{stderr}");
        assert!(stderr.contains("at least 32"), "{stderr}");
    }
    let (status, _, stderr) = run(&sandbox("token_file = 'nowhere'"));
    assert_eq!(status, Some(78), "{stderr}");
}

#[test]
fn a_port_that_is_taken_is_said_at_the_start() {
    let world = World::new("token_file = 'none'");
    let other = Sandbox::new(&format!(
        "[api]\nlisten = '{}'\ntoken_file = 'none'\n",
        world.address
    ));
    let (status, _, stderr) = other.output(&["run", "jobs.toml", "--state-dir", "state"]);
    assert_eq!(status, Some(73));
    assert!(
        stderr.contains(&format!("cannot listen at `{}`", world.address)),
        "{stderr}"
    );
    world.scheduler.stop();
}

#[test]
fn what_changes_in_the_api_at_a_reload_is_said_to_wait() {
    let mut world = World::new("token_file = 'none'");
    world.sandbox.write("jobs.toml", JOBS);
    assert_eq!(
        world.sandbox.output(&["reload", "--state-dir", "state"]).0,
        Some(0)
    );
    world.scheduler.wait_for("warning", |line| {
        line["message"] == "What has changed in [api] holds from the next start on"
    });
    world.scheduler.stop();
}

#[test]
fn who_guesses_tokens_is_slowed_down() {
    let world = World::new("token_file = 'token'");
    let address = &world.address;
    let guess = || {
        let answer = ask_at(
            address,
            "GET",
            "/scheduler",
            &[HOST, "Authorization: Bearer x"],
            "",
        );
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    };
    // All within a second, or some more.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..40).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(
        statuses.iter().all(|status| [401, 429].contains(status)),
        "{statuses:?}"
    );
    let allowed = statuses.iter().filter(|status| **status == 401).count();
    assert!((10..40).contains(&allowed), "{statuses:?}");
    // Who has the token is let in meanwhile.
    assert_eq!(world.status("GET", "/scheduler", &[HOST, BEARER], ""), 200);
    let lines = world.scheduler.stop();
    let told = lines
        .iter()
        .filter(|line| line["message"] == "Refused a request to the API: wrong or no token");
    assert_eq!(told.count(), 1);
}
