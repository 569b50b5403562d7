//! A running `rsched run --log-format json` in a directory of its own.

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// For jobs that run once at each start, though the state directory is the same.
pub const FORGETFUL: &str = "[scheduler]\nstore = 'memory'\n";

/// Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Sandbox {
    directory: tempfile::TempDir,
}

impl Sandbox {
    /// A directory with this `jobs.toml`.
    pub fn new(toml: &str) -> Self {
        let sandbox = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        sandbox.write("jobs.toml", toml);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Makes a named pipe, for a job that waits until the test lets it go on.
    pub fn make_gate(&self, name: &str) {
        nix::unistd::mkfifo(&self.path(name), Mode::S_IRWXU).unwrap();
    }

    /// Lets the job go on that reads a line from the gate. Each gate is good for one such line: a
    /// second reader could meet the first writer, and find the end of file.
    pub fn open_gate(&self, name: &str) {
        let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK;
        let deadline = Instant::now() + PATIENCE;
        let gate = loop {
            // ENXIO: nobody waits at it yet.
            match nix::fcntl::open(&self.path(name), flags, Mode::empty()) {
                Ok(gate) => break gate,
                Err(error) => assert!(Instant::now() < deadline, "nobody waits at {name}: {error}"),
            }
            thread::yield_now();
        };
        fs::File::from(gate).write_all(b"go\n").unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// `rsched` with a clean environment, in the sandbox.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare_command(env!("CARGO_BIN_EXE_rsched").as_ref());
        command.args(arguments);
        command
    }

    /// Any program, in the same way.
    pub fn bare_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end: exit code, stdout, stderr.
    pub fn output(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Starts the scheduler on `jobs.toml`.
    pub fn start(&self) -> Scheduler {
        self.start_with(&[])
    }

    pub fn start_with(&self, arguments: &[&str]) -> Scheduler {
        let mut command = self.command(&[
            "run",
            "jobs.toml",
            "--state-dir",
            "state",
            "--log-format",
            "json",
        ]);
        Scheduler::start(command.args(arguments))
    }
}

pub struct Scheduler {
    child: Child,
    lines: Receiver<String>,
    /// Everything read so far, in order.
    pub seen: Vec<Value>,
}

impl Scheduler {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// The first line, from the next unread one on, of which `wanted` is true.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    let value: Value = serde_json::from_str(&line)
                        .unwrap_or_else(|_| serde_json::json!({ "message": line }));
                    self.seen.push(value.clone());
                    if wanted(&value) {
                        return value;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no {what} in {PATIENCE:?}; seen: {:#?}", self.seen)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without {what}; seen: {:#?}", self.seen)
                }
            }
        }
    }

    /// The next event of that name about that job.
    pub fn event(&mut self, name: &str, job: &str) -> Value {
        self.wait_for(&format!("{name} of {job}"), |line| {
            line["event"] == name && line["job_id"] == job
        })
    }

    /// The next line of output of that job.
    pub fn output(&mut self, job: &str) -> String {
        let line = self.wait_for(&format!("output of {job}"), |line| {
            line["job_id"] == job && line["output"].is_string()
        });
        line["output"].as_str().unwrap().to_owned()
    }

    pub fn started(&mut self) -> &mut Self {
        self.wait_for("start", |line| line["event"] == "scheduler_started");
        self
    }

    /// Waits until it says that it is shutting down.
    pub fn announcement(&mut self) {
        self.wait_for("announcement", |line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("Shutting down"))
        });
    }

    /// Waits for its end, reading the log to the last line.
    pub fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self
                    .seen
                    .push(serde_json::from_str(&line).unwrap_or(Value::String(line))),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; seen: {:#?}", self.seen),
            }
        }
    }

    /// Waits for its end without the log: a job may hold that open.
    pub fn reap(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// SIGTERM, and a clean end.
    pub fn stop(mut self) -> Vec<Value> {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.end().code(), Some(0), "{:#?}", self.seen);
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // A test that failed must not leave a scheduler behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How many descriptors a process has open.
pub fn descriptors_of(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Its resident memory in KiB.
pub fn memory_of(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The pids of the dead children of a process that it has not reaped.
pub fn zombies_of(parent: i32) -> BTreeSet<i32> {
    let processes = fs::read_dir("/proc").unwrap();
    let stats =
        processes.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let zombie = |stat: String| {
        let (pid, _) = stat.split_once(' ')?;
        let (_, fields) = stat.rsplit_once(") ")?;
        fields
            .starts_with(&format!("Z {parent} "))
            .then(|| pid.parse().unwrap())
    };
    stats.filter_map(zombie).collect()
}

/// Whether a process with this pid exists and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with('Z'))
    })
}

/// Waits, yielding the processor, until the condition holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::yield_now();
    }
}

/// Whether there is such a file.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Says that a test does nothing, and why: past what the test runner keeps to itself of tests that pass.
pub fn skipped(why: &str) {
    drop(writeln!(std::io::stderr(), "skipped: {why}"));
}

/// Whether root runs the tests. If not, says so.
pub fn is_root(test: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        skipped(&format!("{test} needs root"));
    }
    is_root
}

/// Whether a tool that a test needs is here and may do its work. If not, says so.
pub fn works(tool: &str, arguments: &[&str]) -> bool {
    let works = Command::new(tool)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        let what = arguments.join(" ");
        skipped(&format!("`{tool} {what}` does not work here"));
    }
    works
}

/// A directory that anybody may enter.
pub fn open_sandbox(toml: &str) -> Sandbox {
    let sandbox = Sandbox::new(toml);
    fs::set_permissions(sandbox.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}
