//! Everything that can go wrong, time after time: what was opened on the way is closed again.
//!
//! `RSCHED_ERROR_FACTOR=50` makes each mistake a thousand times.

use crate::control::socket;
use crate::scheduler::{PATIENCE, Sandbox, Scheduler, memory_of};
use nix::sys::signal::Signal;
use rsched::api::Client;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Instant;

/// What a scheduler may weigh more after many mistakes, in KiB: the log has buffers, SQLite a cache.
const MEMORY_ROOM: u64 = 8 * 1024;

/// Jobs of which no run can be started, each with what is said of it. Of the ways in which a start fails, these
/// are missing: a mark that exists already, a child that cannot be supervised, and a shortage, see below.
const UNSTARTABLE: [(&str, &str, &str); 20] = [
    ("program", "command = ['/no/such']", "`/no/such` not found"),
    ("path", "command = ['no-such-program']", "no-such-program"),
    ("mode", "command = ['./text']", "not executable"),
    ("folder", "command = ['./folder']", "it is a directory"),
    ("format", "command = ['./script']", "no #! line"),
    ("loop", "command = ['./loop']", "./loop"),
    (
        "interpreter",
        "command = ['./orphan']",
        "/no/such/interpreter",
    ),
    (
        "shell",
        "command = 'true'\nshell = '/no/such/shell'",
        "/no/such/shell",
    ),
    ("later", "command = ['/no/such']\numask = '077'", "/no/such"),
    (
        "refused",
        "command = 'true'\nlimits = { files = 1000000000000 }",
        "limit",
    ),
    (
        "cwd",
        "command = 'true'\ncwd = 'missing'",
        "working directory",
    ),
    (
        "cwd-file",
        "command = 'true'\ncwd = 'text'",
        "working directory",
    ),
    (
        "cwd-later",
        "command = 'true'\ncwd = 'missing'\numask = '077'",
        "working directory",
    ),
    (
        "variables",
        "command = 'true'\nenv_file = 'missing'",
        "missing",
    ),
    (
        "variables-folder",
        "command = 'true'\nenv_file = 'folder'",
        "folder",
    ),
    (
        "variables-text",
        "command = 'true'\nenv_file = 'text'",
        "text",
    ),
    (
        "input",
        "command = 'true'\nstdin = { file = 'missing' }",
        "missing",
    ),
    (
        "output",
        "command = 'true'\noutput = { file = 'missing/log' }",
        "missing/log",
    ),
    (
        "output-link",
        "command = 'true'\noutput = { file = 'link' }",
        "link",
    ),
    (
        "output-folder",
        "command = 'true'\noutput = { file = 'folder' }",
        "folder",
    ),
];

/// A scheduler that is made to fail.
struct World {
    sandbox: Sandbox,
    scheduler: Scheduler,
    client: Client,
    jobs: String,
}

/// What a process has open, by kind, and its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    descriptors: BTreeMap<String, usize>,
    threads: usize,
}

impl World {
    fn new() -> Self {
        let table = |(name, keys, _): &(&str, &str, &str)| {
            format!("[jobs.{name}]\ncron = '@yearly'\n{keys}\n")
        };
        let busy = "[jobs.busy]\ncron = '@yearly'\ncommand = ['./busy']\n";
        // Who is told of it cannot be reached either.
        let listeners = "[[listeners]]\nevents = ['job_error']\njobs = ['program']\ncommand = ['/no/such/listener']\n\
                         [[listeners]]\nevents = ['job_error']\njobs = ['path']\nurl = 'http://127.0.0.1:1/'\n";
        let jobs = UNSTARTABLE.iter().map(table).collect::<String>() + busy + listeners;
        let sandbox = Sandbox::new(&jobs);
        for (name, text, mode) in [
            ("text", "no program\n", 0o644),
            ("script", "no program\n", 0o755),
            ("loop", "#!./loop\n", 0o755),
            ("orphan", "#!/no/such/interpreter\n", 0o755),
        ] {
            sandbox.write(name, text);
            fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(sandbox.path("folder")).unwrap();
        symlink("elsewhere", sandbox.path("link")).unwrap();
        fs::copy("/bin/true", sandbox.path("busy")).unwrap();
        let mut scheduler = sandbox.start();
        scheduler.started();
        let client = Client::new(&socket(&sandbox)).unwrap();
        Self {
            sandbox,
            scheduler,
            client,
            jobs,
        }
    }

    fn run(&self, job: &str) {
        let answer = self.client.ask("POST", &format!("/jobs/{job}/run"), None);
        assert_eq!(answer.unwrap().status, 202, "{job}");
    }

    fn no_start(&mut self) {
        for (job, _, why) in UNSTARTABLE {
            self.run(job);
            let end = self.scheduler.event("job_error", job);
            assert_eq!(end["outcome"], "spawn_failed", "{end}");
            assert!(end["message"].as_str().unwrap().contains(why), "{end}");
        }
        self.scheduler.seen.clear();
    }

    /// A program that is being written is tried again and again.
    fn a_busy_start(&mut self) {
        let mut options = fs::File::options();
        let writer = options.append(true).open(self.sandbox.path("busy"));
        self.run("busy");
        self.scheduler.wait_for("another try", |line| {
            let message = line["message"].as_str();
            message.is_some_and(|text| text.contains("is tried again"))
        });
        drop(writer);
        self.scheduler.event("job_executed", "busy");
        self.scheduler.seen.clear();
    }

    fn bad_reloads(&mut self) {
        for wrong in [
            "[jobs.x]\ncron = '61 * * * *'\ncommand = 'x'\n",
            "[jobs",
            "\0",
        ] {
            self.sandbox.write("jobs.toml", wrong);
            let answer = self.client.ask("POST", "/reload", None).unwrap();
            assert_eq!(answer.status, 422, "{answer:?}");
        }
        fs::remove_file(self.sandbox.path("jobs.toml")).unwrap();
        fs::create_dir(self.sandbox.path("jobs.toml")).unwrap();
        self.scheduler.signal(Signal::SIGHUP);
        let is_failure = |line: &serde_json::Value| line["event"] == "reload_failed";
        for _ in 0..4 {
            self.scheduler.wait_for("a reload that failed", is_failure);
        }
        fs::remove_dir(self.sandbox.path("jobs.toml")).unwrap();
        self.sandbox.write("jobs.toml", &self.jobs);
        assert!(self.client.ask("POST", "/reload", None).unwrap().is_ok());
        self.scheduler.seen.clear();
    }

    fn bad_requests(&self) {
        let job = json!({ "id": "program", "command": "x" });
        for (method, path, body, status) in [
            ("GET", "/no/such/path", None, 404),
            ("GET", "/jobs/no-such-job", None, 404),
            ("POST", "/jobs/no-such-job/run", None, 404),
            ("GET", "/runs/0000000000000001", None, 404),
            ("GET", "/runs/0000000000000001/output", None, 404),
            ("POST", "/runs/0000000000000001/kill", None, 404),
            ("GET", "/runs?count=many", None, 400),
            ("PUT", "/jobs", None, 405),
            ("DELETE", "/jobs/program", None, 409),
            ("PATCH", "/jobs/program", Some(json!({})), 409),
            ("POST", "/jobs", Some(json!({})), 400),
            ("POST", "/jobs", Some(job), 409),
            (
                "POST",
                "/jobs",
                Some(json!({ "id": "x", "command": 7 })),
                400,
            ),
        ] {
            let answer = self.client.ask(method, path, body.as_ref()).unwrap();
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        }
        for bytes in [
            &b"\0\xff\x1b[2J\r\n\r\n"[..],
            b"GET /scheduler HTTP/9.9\r\n\r\n",
            b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4294967296\r\n\r\n",
            b"POST /scheduler/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{",
        ] {
            let mut stream = UnixStream::connect(socket(&self.sandbox)).unwrap();
            // It may be refused, and closed, before all is sent or read.
            drop(stream.write_all(bytes));
            drop(stream.shutdown(std::net::Shutdown::Write));
            drop(stream.read_to_end(&mut Vec::new()));
        }
        // Half a request, half an answer, half a stream of events: and nobody is there any more.
        for bytes in [
            "GET /sch",
            "GET /scheduler/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /scheduler/events?after=0 HTTP/1.1\r\nHost: x\r\n\r\n",
        ] {
            let mut stream = UnixStream::connect(socket(&self.sandbox)).unwrap();
            stream.write_all(bytes.as_bytes()).unwrap();
        }
    }

    fn open(&self) -> Open {
        let process = format!("/proc/{}", self.scheduler.pid());
        let mut descriptors = BTreeMap::new();
        for entry in fs::read_dir(format!("{process}/fd")).unwrap() {
            // Closed meanwhile.
            let Ok(target) = fs::read_link(entry.unwrap().path()) else {
                continue;
            };
            let target = target.display().to_string();
            let kind = target.split_once(":[").map_or(&*target, |(kind, _)| kind);
            *descriptors.entry(kind.to_owned()).or_insert(0) += 1;
        }
        let threads = fs::read_dir(format!("{process}/task")).unwrap().count();
        Open {
            descriptors,
            threads,
        }
    }

    /// No more is open than that, as soon as nothing is under way.
    fn comes_back_to(&self, before: &Open) {
        let deadline = Instant::now() + PATIENCE;
        while !self.open().is_within(before) {
            let now = self.open();
            assert!(Instant::now() < deadline, "{before:#?} became {now:#?}");
            thread::yield_now();
        }
    }
}

impl Open {
    /// Threads that read records come when they are needed, and go when they were not for some time.
    const READERS: usize = 2;

    fn is_within(&self, before: &Self) -> bool {
        let room = |kind| before.descriptors.get(kind).copied().unwrap_or(0);
        let mut kinds = self.descriptors.iter();
        kinds.all(|(kind, &count)| count <= room(kind))
            && self.threads <= before.threads + Self::READERS
    }
}

/// Rounds after which all is open that stays so: SQLite keeps the file of one that has read, for the next.
const WARM_UP: u32 = 3;

#[test]
fn i5_no_mistake_leaves_a_descriptor_or_a_thread() {
    let factor = std::env::var("RSCHED_ERROR_FACTOR").ok();
    let factor: u32 = factor.and_then(|factor| factor.parse().ok()).unwrap_or(1);
    let times = 20 * factor;
    let mut world = World::new();
    let mut before = None;
    for round in 0..WARM_UP + times {
        if round == WARM_UP {
            before = Some((world.open(), memory_of(world.scheduler.pid())));
        }
        world.no_start();
        world.bad_reloads();
        world.bad_requests();
        // These take a tenth of a second each.
        if round % 10 == 0 {
            world.a_busy_start();
        }
    }
    let (open, memory) = before.unwrap();
    world.comes_back_to(&open);
    let later = memory_of(world.scheduler.pid());
    assert!(later <= memory + MEMORY_ROOM, "{memory} KiB became {later}");
    let now = world.open();
    println!("each mistake {times} times: {open:?}, {memory} KiB\nbecame {now:?}, {later} KiB");
    world.scheduler.stop();
}
