//! The contract of Flask-APScheduler, from the view of its clients: one script of requests against a
//! real Flask app and against rsched. What differs in a status, or is missing in an answer, stands in
//! one list here, and in rsched-api(7).

use crate::scheduler::{Sandbox, Scheduler, skipped};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const VERSION: &str = "flask-apscheduler==1.13.1";

/// The same three jobs; those of a file cannot be changed by the API.
const JOBS: &str = "[api]\nlisten = '127.0.0.1:0'\ntoken_file = 'none'\nallow_jobs = true\n\
    [scheduler]\ntimezone = 'UTC'\n\
    [jobs.cron]\ncommand = 'true'\ntrigger = 'cron'\nhour = 3\nminute = 30\n\
    [jobs.interval]\ncommand = ['true', 'a', 'b']\ntrigger = 'interval'\nhours = 2\n\
    [jobs.date]\ncommand = 'true'\ntrigger = 'date'\nrun_date = '2999-01-01 00:00:00'\n";

/// Everything that differs: the request, the status there, the status here, keys that are missing here.
const DIFFERENCES: [(&str, u16, u16, &[&str]); 8] = [
    ("POST /jobs added", 200, 201, &[]),
    ("POST /jobs without func", 500, 400, &[]),
    ("POST /jobs bad trigger", 500, 400, &[]),
    ("PATCH /jobs/added bad", 500, 400, &[]),
    (
        "POST /jobs/added/run",
        200,
        202,
        &[
            "args",
            "func",
            "hours",
            "id",
            "kwargs",
            "max_instances",
            "misfire_grace_time",
            "name",
            "next_run_time",
            "start_date",
            "trigger",
        ],
    ),
    (
        "PATCH /jobs/cron",
        200,
        409,
        &[
            "args",
            "func",
            "hour",
            "id",
            "kwargs",
            "max_instances",
            "minute",
            "misfire_grace_time",
            "name",
            "next_run_time",
            "trigger",
        ],
    ),
    ("DELETE /jobs/cron", 204, 409, &[]),
    (
        "POST /jobs/interval/run",
        200,
        202,
        &[
            "args",
            "func",
            "hours",
            "id",
            "kwargs",
            "max_instances",
            "misfire_grace_time",
            "name",
            "next_run_time",
            "start_date",
            "trigger",
        ],
    ),
];

fn python() -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(VERSION);
    let python = home.join("bin/python");
    let works = || {
        let checked = Command::new(&python)
            .args(["-c", "import flask_apscheduler"])
            .output();
        checked.is_ok_and(|checked| checked.status.success())
    };
    if !works() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&home)
            .output();
        made.ok().filter(|made| made.status.success())?;
        let install = [
            "-m",
            "pip",
            "install",
            "-q",
            "--retries",
            "0",
            "--timeout",
            "20",
            VERSION,
        ];
        drop(Command::new(&python).args(install).output());
    }
    works().then_some(python)
}

struct Flask {
    child: Child,
    address: String,
}

impl Drop for Flask {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn flask(python: &Path) -> Flask {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run/flask_app.py");
    let mut child = Command::new(python)
        .arg(app)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    Flask {
        child,
        address: format!("127.0.0.1:{}", port.trim()),
    }
}

fn ours(scheduler: &mut Scheduler) -> String {
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
    url.split('/').next().unwrap().to_owned()
}

/// Status and body.
fn ask(address: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} /scheduler{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Keys of one object that another does not have.
fn missing(theirs: &Value, ours: &Value) -> Vec<String> {
    let none = serde_json::Map::new();
    let ours = ours.as_object().unwrap_or(&none);
    let theirs = theirs.as_object().unwrap_or(&none).keys();
    let mut missing: Vec<_> = theirs
        .filter(|key| !ours.contains_key(*key))
        .cloned()
        .collect();
    missing.sort();
    missing
}

fn by_id(jobs: &Value) -> Vec<Value> {
    let mut jobs = jobs.as_array().unwrap().clone();
    jobs.sort_by_key(|job| job["id"].as_str().unwrap().to_owned());
    jobs
}

/// The requests, each with the body for there and for here; words behind the path tell two of a kind
/// apart.
fn script() -> Vec<(&'static str, Value, Value)> {
    let added = |func| json!({"id": "added", "func": func, "args": ["x"], "trigger": "interval", "hours": 5});
    let none = Value::Null;
    vec![
        ("GET ", none.clone(), none.clone()),
        ("GET /jobs", none.clone(), none.clone()),
        ("GET /jobs/cron", none.clone(), none.clone()),
        ("GET /jobs/date", none.clone(), none.clone()),
        ("GET /jobs/interval", none.clone(), none.clone()),
        ("GET /jobs/nothing", none.clone(), none.clone()),
        ("POST /jobs added", added("__main__:work"), added("true")),
        ("POST /jobs again", added("__main__:work"), added("true")),
        (
            "POST /jobs without func",
            json!({"id": "b"}),
            json!({"id": "b"}),
        ),
        (
            "POST /jobs bad trigger",
            json!({"id": "b", "func": "__main__:work", "trigger": "cron", "hour": 25}),
            json!({"id": "b", "func": "true", "trigger": "cron", "hour": 25}),
        ),
        (
            "PATCH /jobs/added",
            json!({"max_instances": 3}),
            json!({"max_instances": 3}),
        ),
        (
            "PATCH /jobs/added bad",
            json!({"max_instances": -1}),
            json!({"max_instances": -1}),
        ),
        (
            "PATCH /jobs/nothing",
            json!({"max_instances": 3}),
            json!({"max_instances": 3}),
        ),
        ("POST /jobs/added/pause", none.clone(), none.clone()),
        ("POST /jobs/added/resume", none.clone(), none.clone()),
        ("POST /jobs/nothing/pause", none.clone(), none.clone()),
        ("POST /jobs/nothing/resume", none.clone(), none.clone()),
        ("POST /jobs/added/run", none.clone(), none.clone()),
        ("POST /jobs/nothing/run", none.clone(), none.clone()),
        ("DELETE /jobs/added", none.clone(), none.clone()),
        ("DELETE /jobs/added", none.clone(), none.clone()),
        (
            "PATCH /jobs/cron",
            json!({"name": "n"}),
            json!({"name": "n"}),
        ),
        ("POST /jobs/interval/run", none.clone(), none.clone()),
        ("DELETE /jobs/cron", none.clone(), none.clone()),
        ("POST /start", none.clone(), none.clone()),
        ("POST /pause", none.clone(), none.clone()),
        ("POST /resume", none.clone(), none.clone()),
        (
            "POST /shutdown",
            json!({"wait": true}),
            json!({"wait": true}),
        ),
    ]
}

#[test]
fn clients_of_flask_apscheduler_see_what_they_know() {
    let Some(python) = python() else {
        skipped(&format!("{VERSION} cannot be installed here"));
        return;
    };
    let flask = flask(&python);
    let sandbox = Sandbox::new(JOBS);
    let mut scheduler = sandbox.start();
    let address = ours(&mut scheduler);
    let mut found = Vec::new();
    for (name, theirs, ours) in script() {
        let mut words = name.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (their_status, their_body) = ask(&flask.address, method, path, &theirs);
        let (our_status, our_body) = ask(&address, method, path, &ours);
        let missing = if path == "/jobs" && method == "GET" {
            // Theirs are in the order of their next fires, ours in that of their ids.
            let (theirs, ours) = (by_id(&their_body), by_id(&our_body));
            assert_eq!(theirs.len(), ours.len());
            let pairs = theirs.iter().zip(&ours);
            pairs
                .flat_map(|(theirs, ours)| missing(theirs, ours))
                .collect()
        } else {
            missing(&their_body, &our_body)
        };
        if their_status != our_status || !missing.is_empty() {
            found.push((name, their_status, our_status, missing));
        }
        if their_status == 404 || name.ends_with("again") {
            assert_eq!(their_body, our_body, "{name}");
        }
        for key in [
            "id",
            "trigger",
            "hour",
            "minute",
            "hours",
            "args",
            "max_instances",
            "allowed_hosts",
            "running",
        ] {
            if our_status == their_status && !their_body[key].is_null() {
                assert_eq!(their_body[key], our_body[key], "{key} of {name}");
            }
        }
    }
    assert_eq!(scheduler.end().code(), Some(0));
    let expected: Vec<_> = DIFFERENCES
        .iter()
        .map(|(name, theirs, ours, keys)| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
            (*name, *theirs, *ours, keys)
        })
        .collect();
    let sorted = |mut list: Vec<(&'static str, u16, u16, Vec<String>)>| {
        list.sort();
        list
    };
    assert_eq!(sorted(found), sorted(expected));
}
