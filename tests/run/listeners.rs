//! `[[listeners]]`: programs and servers that are told of events.

use crate::scheduler::{PATIENCE, Sandbox, Scheduler, eventually, exists, is_alive};
use rsched::api::Client;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

const FAILING: &str = "[jobs.fails]\ncommand = 'echo last words; exit 7'\n\
                       [jobs.other]\ncommand = 'exit 8'\n";

/// The lines of a file as JSON.
fn told(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = sandbox.read(file);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn names(told: &[Value]) -> Vec<&str> {
    told.iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

#[test]
fn a_program_is_told_of_what_it_wants_to_hear_in_order_and_to_the_last() {
    let sandbox = Sandbox::new(&format!(
        "[[listeners]]\nevents = 'all'\njobs = 'f*'\ncommand = 'cat >> of-job; env > environment'\n\
         [[listeners]]\nevents = ['scheduler_started', 'scheduler_shutdown', 'job_executed']\ncommand = 'cat >> of-all'\n{FAILING}"
    ));
    let mut scheduler = sandbox.start();
    scheduler.event("job_error", "fails");
    scheduler.stop();
    let of_job = told(&sandbox, "of-job");
    assert_eq!(
        names(&of_job),
        ["job_submitted", "job_started", "job_error", "job_finished"][..names(&of_job).len()]
    );
    let error = &of_job[2];
    assert_eq!(
        (&error["job_id"], &error["exit_code"], &error["output_tail"]),
        (&"fails".into(), &7.into(), &"last words\n".into())
    );
    let environment = sandbox.read("environment");
    let has = |line: &str| environment.lines().any(|found| found == line);
    assert!(has("RSCHED_EVENT_JOB_ID=fails"), "{environment}");
    assert!(
        environment.contains("RSCHED_EVENT_NAME=job_"),
        "{environment}"
    );
    assert!(!environment.contains("RSCHED_RUN_ID="), "{environment}");
    let of_all = told(&sandbox, "of-all");
    assert_eq!(names(&of_all), ["scheduler_started", "scheduler_shutdown"]);
}

#[test]
fn a_program_that_fails_is_a_line_of_the_log_and_no_event() {
    let sandbox = Sandbox::new(&format!(
        "[[listeners]]\nevents = 'all'\njobs = 'fails'\ncommand = 'cat >> told; echo no route >&2; exit 4'\n\
         [[listeners]]\nevents = 'scheduler_started'\ncommand = ['./missing', 'secret']\n{FAILING}"
    ));
    let mut scheduler = sandbox.start();
    let message = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
    scheduler.wait_for("failure", |line| {
        message(line) == "Listener 1 (cat) failed at job_error of job \"fails\": exit 4: no route"
    });
    let lines = scheduler.stop();
    let missing = lines.iter().find(|line| {
        message(line).starts_with("Listener 2 (./missing) failed at scheduler_started: ")
    });
    let missing = message(missing.unwrap());
    assert!(
        missing.contains("`./missing`") || missing.contains("missing"),
        "{missing}"
    );
    assert!(!missing.contains("secret"), "{missing}");
    // It was told of the job alone, and not of its own failures.
    let told = told(&sandbox, "told");
    assert!(
        told.iter().all(|event| event["job_id"] == "fails"),
        "{told:?}"
    );
    assert!(told.len() <= 4, "{told:?}");
}

#[test]
fn a_program_that_hangs_is_stopped_with_all_its_processes_and_holds_nothing_up() {
    let sandbox = Sandbox::new(
        "[[listeners]]\nevents = 'scheduler_started'\ncommand = 'trap \"\" TERM; sleep 1000 & echo $! > pid; wait; sleep 1000'\ntimeout = '200ms'\n\
         [jobs.tick]\ncron = { second = '*' }\ncommand = 'true'\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.wait_for("its end", |line| {
        line["message"].as_str().is_some_and(|text| {
            text.starts_with(
                "Listener 1 (trap) failed at scheduler_started: stopped, it took longer than 200ms",
            )
        })
    });
    let pid: i32 = sandbox.read("pid").trim().parse().unwrap();
    eventually("its child is gone", || !is_alive(pid));
    scheduler.event("job_executed", "tick");
    scheduler.stop();
}

#[test]
fn what_a_listener_cannot_keep_up_with_is_dropped_and_counted() {
    let sandbox = Sandbox::new(
        "[[listeners]]\nevents = ['job_paused', 'job_resumed']\ncommand = 'echo x >> told; read line < gate'\ntimeout = '1h'\n\
         [jobs.a]\ncron = '@yearly'\ncommand = 'true'\n",
    );
    sandbox.make_gate("gate");
    let mut scheduler = sandbox.start();
    scheduler.started();
    let client = Client::new(&sandbox.state().join("control.sock")).unwrap();
    for _ in 0..150 {
        client.ask("POST", "/jobs/a/pause", None).unwrap();
        client.ask("POST", "/jobs/a/resume", None).unwrap();
    }
    eventually("it is told of the first", || exists(&sandbox.path("told")));
    let lines = scheduler.stop();
    let dropped = lines.iter().find_map(|line| {
        let text = line["message"].as_str()?;
        let count = text.strip_prefix("Listener 1 (echo) does not keep up: ")?;
        count.split(' ').next()?.parse::<u32>().ok()
    });
    // 256 wait, one is being told, and one may have been taken out in between.
    let dropped = dropped.unwrap();
    assert!((42..=44).contains(&dropped), "{dropped}");
}

#[test]
fn listeners_come_and_go_with_a_reload() {
    let listener = |file: &str| {
        format!(
            "[[listeners]]\nevents = 'job_executed'\ncommand = 'cat >> {file}'\n[jobs.a]\ncron = '@yearly'\ncommand = 'true'\n"
        )
    };
    let sandbox = Sandbox::new(&listener("first"));
    let mut scheduler = sandbox.start();
    scheduler.started();
    let client = Client::new(&sandbox.state().join("control.sock")).unwrap();
    let run = |scheduler: &mut Scheduler| {
        client.ask("POST", "/jobs/a/run", None).unwrap();
        scheduler.event("job_executed", "a");
    };
    run(&mut scheduler);
    sandbox.write("jobs.toml", &listener("second"));
    client.ask("POST", "/reload", None).unwrap();
    run(&mut scheduler);
    scheduler.stop();
    assert_eq!(told(&sandbox, "first").len(), 1);
    assert_eq!(told(&sandbox, "second").len(), 1);
}

#[test]
fn a_letter_is_handed_to_sendmail() {
    let sandbox = Sandbox::new(&format!(
        "[[listeners]]\nevents = 'job_error'\njobs = 'fails'\nmail = 'ops@example.org'\n{FAILING}"
    ));
    sandbox.write(
        "sendmail",
        "#!/bin/sh\ncat > \"$(dirname \"$0\")/letter\"\n",
    );
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("sendmail"), executable).unwrap();
    let sendmail = sandbox.path("sendmail");
    let mut scheduler = sandbox.start_with(&["--sendmail", sendmail.to_str().unwrap()]);
    scheduler.event("job_error", "fails");
    scheduler.stop();
    let letter = sandbox.read("letter");
    assert!(
        letter.starts_with("To: ops@example.org\nSubject: rsched on "),
        "{letter}"
    );
    assert!(
        letter.contains("\n\nJob \"fails\" failed (exit 7"),
        "{letter}"
    );
    assert!(
        letter.ends_with("The end of what it printed:\n\nlast words\n"),
        "{letter}"
    );
}

/// What a server was asked, and what it is to answer: a status for each request.
struct Server {
    address: String,
    requests: Receiver<String>,
}

impl Server {
    fn new(statuses: &'static [u16]) -> Self {
        Self::with(statuses, |stream| Some(Box::new(stream)))
    }

    fn with_tls(statuses: &'static [u16]) -> Self {
        let pem = |name: &str| format!("{}/tests/run/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(pem("server")).unwrap();
        let key = PrivateKeyDer::from_pem_file(pem("server-key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        Self::with(statuses, move |mut stream| {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            while connection.is_handshaking() {
                connection.complete_io(&mut stream).ok()?;
            }
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        })
    }

    fn with(
        statuses: &'static [u16],
        open: impl Fn(std::net::TcpStream) -> Option<Box<dyn ReadWrite>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, requests) = channel();
        thread::spawn(move || {
            let mut statuses = statuses.iter();
            while let Ok((stream, _)) = listener.accept() {
                let Some(stream) = open(stream) else {
                    continue;
                };
                let Some(status) = statuses.next() else {
                    return;
                };
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).unwrap();
                }
                let lower = head.to_ascii_lowercase();
                let length = lower.split("content-length: ").nth(1).unwrap();
                let length = length.split("\r\n").next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let answer =
                    format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nLocation: /\r\n\r\n");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                stream.get_mut().flush().unwrap();
                let request = format!("{head}{}", String::from_utf8(body).unwrap());
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    fn next(&self) -> String {
        self.requests.recv_timeout(PATIENCE).unwrap()
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn posting(url: &str) -> Sandbox {
    Sandbox::new(&format!(
        "[[listeners]]\nevents = 'job_error'\njobs = 'fails'\nurl = '{url}'\n{FAILING}"
    ))
}

#[test]
fn an_event_is_posted_as_json_and_again_when_the_server_is_in_trouble() {
    let server = Server::new(&[503, 204]);
    let sandbox = posting(&format!("http://{}/hook/canary?key=canary", server.address));
    let mut scheduler = sandbox.start_with(&["--log-level", "debug"]);
    let first = server.next();
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(
        head.starts_with("post /hook/canary?key=canary http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("user-agent: rsched/"), "{head}");
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&event["event"], &event["job_id"]),
        (&"job_error".into(), &"fails".into())
    );
    assert_eq!(server.next().split_once("\r\n\r\n").unwrap().1, body);
    let told = format!(
        "Listener 1 ({}) was told of job_error of job \"fails\" in ",
        server.address
    );
    scheduler.wait_for("success", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with(&told))
    });
    let lines = scheduler.stop();
    assert!(
        !format!("{lines:?}").contains("canary"),
        "an address is a secret"
    );
}

#[test]
fn a_server_that_says_no_is_not_asked_again_and_redirections_are_not_followed() {
    for status in [&[404][..], &[302]] {
        let server = Server::new(status);
        let sandbox = posting(&format!("http://{}/", server.address));
        let mut scheduler = sandbox.start();
        server.next();
        let (address, status) = (&server.address, status[0]);
        let why = format!(
            "Listener 1 ({address}) failed at job_error of job \"fails\": it answered {status}"
        );
        scheduler.wait_for("refusal", |line| line["message"] == why.as_str());
        scheduler.stop();
    }
}

#[test]
fn a_server_must_have_a_certificate_that_this_machine_trusts() {
    let server = Server::with_tls(&[200]);
    let port = server.address.rsplit(':').next().unwrap();
    let sandbox = posting(&format!("https://localhost:{port}/"));
    let authority = format!("{}/tests/run/tls/authority.pem", env!("CARGO_MANIFEST_DIR"));
    let other = format!("{}/tests/run/tls/server.pem", env!("CARGO_MANIFEST_DIR"));
    let start = |file: &str| {
        let mut command = sandbox.command(&[
            "run",
            "jobs.toml",
            "--store",
            "memory",
            "--state-dir",
            "state",
            "--log-format",
            "json",
        ]);
        Scheduler::start(command.env("SSL_CERT_FILE", file))
    };
    let mut scheduler = start(&other);
    scheduler.wait_for("refusal", |line| {
        line["message"].as_str().is_some_and(|text| {
            text.contains("failed at job_error of job \"fails\": no trusted connection: ")
        })
    });
    scheduler.stop();
    let scheduler = start(&authority);
    assert!(server.next().contains("\"job_error\""));
    scheduler.stop();
}
