//! A scheduler in the background, for commands that talk to it or find that they cannot.

use crate::sandbox::Sandbox;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

/// Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Scheduler {
    child: Child,
}

impl Scheduler {
    /// Runs `jobs.toml`; it answers when this returns.
    pub fn start(sandbox: &Sandbox) -> Self {
        let scheduler = Self {
            child: sandbox.start(&["run", "jobs.toml"]),
        };
        eventually("an answer", || sandbox.run(["status"]).status == Some(0));
        scheduler
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// `kill -9`, and the end of it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end: its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Stops it as a person with Ctrl-Z would; it is so when this returns.
    pub fn suspend(&self) {
        self.signal(Signal::SIGSTOP);
        let stat = format!("/proc/{}/stat", self.pid());
        eventually("a stopped process", || {
            std::fs::read_to_string(&stat).unwrap().contains(") T ")
        });
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // A test that failed must not leave a scheduler behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until the condition holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::yield_now();
    }
}
