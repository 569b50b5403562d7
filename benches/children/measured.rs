//! A scheduler that is measured from outside: its log, and what the kernel says of its process.

use serde_json::Value;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use tempfile::TempDir;

/// The variable that says how many MiB a scheduler is to hold beside its own.
const BALLAST: &str = "RSCHED_BENCH_BALLAST_MIB";

/// As much memory as the variable says, all of it touched.
pub fn ballast() -> Vec<u8> {
    let mebibytes = env::var(BALLAST).ok().and_then(|text| text.parse().ok());
    vec![1; mebibytes.unwrap_or(0_usize) << 20]
}

pub struct Scheduler {
    /// Its jobs file and its records.
    directory: TempDir,
    /// Where its pipes are: in memory, as `/run` is. A disk finds names for new ones the more slowly, the more were
    /// removed lately (ext4 without a journal), and each turn would be measured by those before it.
    runtime: TempDir,
    child: Child,
    log: BufReader<ChildStderr>,
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub descriptors: usize,
    pub zombies: usize,
    pub children: usize,
    pub threads: usize,
    pub resident_kib: u64,
    pub pipes: usize,
}

impl Scheduler {
    /// Starts it on these jobs.
    pub fn start(toml: &str, options: &[&str], ballast_mib: u32) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the scheduler");
        fs::write(directory.path().join("jobs.toml"), toml).expect("the jobs are written");
        let in_memory = tempfile::tempdir_in("/dev/shm");
        let runtime = in_memory.or_else(|_| tempfile::tempdir());
        let runtime = runtime.expect("a directory for its pipes");
        let mut command = Command::new(env::current_exe().expect("this program"));
        let mut child = command
            .args(["run", "jobs.toml", "--state-dir", "state"])
            .args(["--log-format", "json"])
            .args(options)
            .current_dir(directory.path())
            .env(BALLAST, ballast_mib.to_string())
            .env("RUNTIME_DIRECTORY", runtime.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the scheduler starts");
        let log = BufReader::new(child.stderr.take().expect("it is piped"));
        Self {
            directory,
            runtime,
            child,
            log,
        }
    }

    /// The next line of its log.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        let read = self.log.read_line(&mut line).expect("the log is read");
        assert!(read > 0, "the scheduler has ended");
        serde_json::from_str(&line).unwrap_or(Value::String(line))
    }

    /// The next line of which this is true.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.line();
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Tells it something by its control socket.
    pub fn ask(&self, arguments: &[&str]) {
        let mut command = Command::new(env::current_exe().expect("this program"));
        let status = command
            .args(arguments)
            .arg("--socket")
            .arg(self.runtime.path().join("control.sock"))
            .current_dir(self.directory.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.is_ok_and(|it| it.success()), "{arguments:?}");
    }

    /// What it holds now.
    pub fn held(&self) -> Held {
        let process = format!("/proc/{}", self.child.id());
        let children = fs::read_to_string(format!("{process}/task/{}/children", self.child.id()));
        let children = children.unwrap_or_default();
        let is_zombie = |pid: &&str| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('Z'))
        };
        let entries = |path: String| fs::read_dir(path).map_or(0, Iterator::count);
        let status = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let resident = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = resident.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        Held {
            descriptors: entries(format!("{process}/fd")),
            zombies: children.split_whitespace().filter(is_zombie).count(),
            children: children.split_whitespace().count(),
            threads: entries(format!("{process}/task")),
            resident_kib: kib.unwrap_or(0),
            pipes: entries(self.runtime.path().join("output").display().to_string()),
        }
    }

    /// What it holds when nothing runs any more.
    pub fn held_at_rest(&mut self) -> Held {
        self.ask(&["pause", "--all"]);
        loop {
            let held = self.held();
            if held.children == 0 && held.pipes == 0 {
                return held;
            }
            // It would wait for us otherwise.
            self.drain();
        }
    }

    fn drain(&mut self) {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        use std::os::fd::AsFd as _;
        let mut files = [PollFd::new(self.log.get_ref().as_fd(), PollFlags::POLLIN)];
        if poll(&mut files, PollTimeout::from(10_u8)) == Ok(1) {
            drop(self.line());
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>5} descriptors  {:>3} zombies  {:>3} pipes  {:>3} threads  {:>7} KiB resident",
            self.descriptors, self.zombies, self.pipes, self.threads, self.resident_kib
        )
    }
}
