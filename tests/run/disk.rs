//! A disk that is full, read-only, or taken away, as the real scheduler meets it.
//!
//! The small disks are tmpfs in a mount namespace of the scheduler's own, so they go when it does; only
//! root can make them. Without, these tests say that they were skipped.

use crate::accounts;
use crate::own_disk::{Locks, OwnDisk, beside, can_serve_a_disk, with_disk};
use crate::scheduler::{Sandbox, Scheduler, eventually, skipped};
use rsched::api::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const EVERY_SECOND: &str = "[jobs.tick]\ncron = { second = '*' }\ntimezone = 'UTC'\nmisfire_grace_time = '2s'\n\
    command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'\n";

/// A scheduler whose state directory is a disk of its own.
struct SmallDisk {
    sandbox: Sandbox,
    scheduler: Scheduler,
}

impl SmallDisk {
    /// None where it cannot be made.
    fn new(options: &str) -> Option<Self> {
        let sandbox = Sandbox::new(EVERY_SECOND);
        fs::create_dir(sandbox.path("disk")).unwrap();
        if !can_mount() {
            return None;
        }
        let script = format!(
            "mount -t tmpfs -o {options} tmpfs disk && \
             exec {rsched} run jobs.toml --state-dir disk/state --log-format json",
            rsched = env!("CARGO_BIN_EXE_rsched")
        );
        let mut command = sandbox.bare_command(Path::new("unshare"));
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        let scheduler = Scheduler::start(&mut command);
        Some(Self { sandbox, scheduler })
    }

    /// A file on the disk, as others reach it.
    fn path(&self, name: &str) -> PathBuf {
        let disk = self.sandbox.path("disk").canonicalize().unwrap();
        let root = format!("/proc/{}/root", self.scheduler.pid());
        Path::new(&root)
            .join(disk.strip_prefix("/").unwrap())
            .join(name)
    }

    /// A command that sees the disk too.
    fn output(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let pid = self.scheduler.pid().to_string();
        let directory = self.sandbox.path("").canonicalize().unwrap();
        let output = Command::new("nsenter")
            .args(["--mount", "--target", &pid, "--", "sh", "-c"])
            .arg("cd \"$0\" && exec \"$@\"")
            .arg(directory)
            .arg(env!("CARGO_BIN_EXE_rsched"))
            .args(arguments)
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// Fills it to the last byte, and again whenever some become free.
    fn fill(&self) -> Filler {
        let ballast = self.path("ballast");
        let mut file = File::create(&ballast).unwrap();
        Filler::start(
            move || {
                let mut size = 64 * 1024;
                while size > 0 {
                    if file.write_all(&vec![0; size]).is_err() {
                        size /= 2;
                    }
                }
            },
            // Truncated: the space is free at once.
            move || drop(File::create(&ballast).unwrap()),
        )
    }

    /// Makes files until no more can be made, and again whenever one is removed.
    fn fill_with_files(&self) -> Filler {
        let files = self.path("files");
        fs::create_dir(&files).unwrap();
        let place = files.clone();
        let mut number = 0;
        Filler::start(
            move || {
                while File::create(place.join(number.to_string())).is_ok() {
                    number += 1;
                }
            },
            move || fs::remove_dir_all(&files).unwrap(),
        )
    }

    fn starts(&self) -> usize {
        self.sandbox.read("evidence").lines().count()
    }

    /// The entries of `history`, which must be whole.
    fn history(&self) -> Vec<Value> {
        let place = ["--state-dir", "disk/state", "-f", "jobs.toml"];
        let check = [&["store", "check"], &place[..]].concat();
        assert_eq!(self.output(&check).0, Some(0));
        let history = [&["history", "-n", "1000", "--format", "json"], &place[..]].concat();
        let (code, stdout, stderr) = self.output(&history);
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }
}

impl SmallDisk {
    /// Whoever asks is told that nothing is started, and why.
    fn is_known_to_fail(&self) {
        let client = Client::new(&self.path("state/control.sock")).unwrap();
        let health = client.ask("GET", "/healthz", None).unwrap();
        let expected = "the store does not take records, so nothing is started";
        assert_eq!((health.status, health.error_message()), (503, expected));
        let (code, stdout, stderr) = self.output(&["status", "--state-dir", "disk/state"]);
        assert_eq!(code, Some(1), "{stdout}{stderr}");
        for part in ["holding all starts: the store fails", expected] {
            assert!(stdout.contains(part), "{part:?} is not in {stdout}");
        }
    }

    /// Every second from the first start to this moment has one outcome, and ran if it is said to have
    /// run. Gives the entries of `history`.
    fn accounts(&self) -> Vec<Value> {
        let pause = self.output(&["pause", "tick", "--state-dir", "disk/state"]);
        assert_eq!(pause.0, Some(0), "{pause:?}");
        let mut history = Vec::new();
        eventually("all have ended", || {
            history = self.history();
            settled(&history)
        });
        let evidence = self.sandbox.read("evidence");
        account_for(&history, &evidence);
        history
    }
}

/// Whether all that is on record has an outcome.
fn settled(history: &[Value]) -> bool {
    let entries = accounts::entries_of(&Value::from(history));
    entries.iter().all(accounts::Entry::has_ended)
}

/// Every second from the first line of evidence to the last has one outcome in `history`, and what is
/// said to have run is what ran, once.
fn account_for(history: &[Value], evidence: &str) {
    let lines = accounts::lines_of(evidence);
    let fires = || lines.iter().map(|line| line.fire);
    let (first, last) = (fires().min().unwrap(), fires().max().unwrap());
    let expected = accounts::Expected {
        job: "tick".to_owned(),
        due: first..=last,
        // Before the first and behind the last that ran some may have come too late.
        perhaps: first - 3600..=last + 3600,
        without_a_run: &["missed", "coalesced", "skipped"],
    };
    let entries = accounts::entries_of(&Value::from(history));
    accounts::check(&[expected], &entries, &lines, &[]).unwrap();
}

/// Somebody else who takes all there is of a disk: what the scheduler frees, its log or the mark of a
/// start, is taken at once.
struct Filler {
    stop: Sender<()>,
    thread: JoinHandle<()>,
    free: Box<dyn FnOnce()>,
}

impl Filler {
    fn start(mut fill: impl FnMut() + Send + 'static, free: impl FnOnce() + 'static) -> Self {
        let (stop, stopped) = channel();
        fill();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
                fill();
            }
        });
        Self {
            stop,
            thread,
            free: Box::new(free),
        }
    }

    /// Gives back all that it took.
    fn make_room(self) {
        drop(self.stop);
        self.thread.join().unwrap();
        (self.free)();
    }
}

fn can_mount() -> bool {
    let probe = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .args([
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /mnt && command -v nsenter",
        ])
        .output();
    let can = probe.is_ok_and(|output| output.status.success());
    if !can {
        skipped("a small disk can be mounted by root alone");
    }
    can
}

/// Waits while another scheduler, whose disk is well, starts some jobs of every second.
pub fn some_seconds(sandbox: &Sandbox, count: usize) {
    sandbox.write(
        "well.toml",
        "[jobs.well]\ninterval = '1s'\ncommand = 'true'\n",
    );
    let mut command = sandbox.command(&[
        "run",
        "well.toml",
        "--state-dir",
        "well",
        "--store",
        "memory",
        "--log-format",
        "json",
    ]);
    let mut other = Scheduler::start(&mut command);
    for _ in 0..count {
        other.event("job_executed", "well");
    }
    other.stop();
}

#[test]
fn a_full_disk_holds_starts_and_they_go_on_when_there_is_room() {
    let Some(mut disk) = SmallDisk::new("size=1m") else {
        return;
    };
    disk.scheduler.event("job_executed", "tick");
    let filler = disk.fill();
    let failed = disk
        .scheduler
        .wait_for("failure", |line| line["event"] == "store_failed");
    assert!(
        failed["message"].as_str().unwrap().contains("is full"),
        "{failed}"
    );
    // What its log took went to the scheduler once more, and then to the other.
    some_seconds(&disk.sandbox, 2);
    // A run that was decided before may still be on its way.
    let before = disk.starts() + 1;
    some_seconds(&disk.sandbox, 5);
    disk.is_known_to_fail();
    assert!(disk.starts() <= before, "no start without its record");
    filler.make_room();
    let count = disk.starts();
    eventually("starts go on", || disk.starts() > count);
    disk.scheduler.event("job_executed", "tick");
    let history = disk.accounts();
    let ended = |outcome: &str| {
        let of = |entry: &&Value| entry["outcome"] == outcome;
        history.iter().filter(of).count()
    };
    assert!(ended("missed") + ended("coalesced") > 0, "{history:#?}");
    let why = disk.output(&[
        "why",
        "tick",
        "--at",
        history
            .iter()
            .find(|entry| entry["outcome"] == "missed")
            .unwrap()["fire_time"]
            .as_str()
            .unwrap(),
        "--state-dir",
        "disk/state",
        "-f",
        "jobs.toml",
    ]);
    assert!(why.1.contains("the store took no records"), "{why:?}");
    disk.scheduler.stop();
}

#[test]
fn without_inodes_nothing_starts_either() {
    // The directories, the files of the store, and some more.
    let Some(mut disk) = SmallDisk::new("size=4m,nr_inodes=40") else {
        return;
    };
    disk.scheduler.event("job_executed", "tick");
    let filler = disk.fill_with_files();
    let failed = disk
        .scheduler
        .wait_for("failure", |line| line["event"] == "store_failed");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("No space left"),
        "{failed}"
    );
    some_seconds(&disk.sandbox, 2);
    // A run that was decided before may still be on its way.
    let before = disk.starts() + 1;
    some_seconds(&disk.sandbox, 5);
    disk.is_known_to_fail();
    assert!(disk.starts() <= before, "no start without its record");
    filler.make_room();
    let count = disk.starts();
    eventually("starts go on", || disk.starts() > count);
    disk.accounts();
    disk.scheduler.stop();
}

/// A scheduler whose records are on a disk of the test's own, and that has run a job.
fn start_on_own_disk(sandbox: &Sandbox) -> (Scheduler, OwnDisk) {
    let arguments = ["run", "jobs.toml", "--state-dir", "disk/state"];
    let mut command = with_disk(sandbox, env!("CARGO_BIN_EXE_rsched"), &arguments);
    command.args(["--log-format", "json"]);
    command.env("RUNTIME_DIRECTORY", sandbox.path("run"));
    let mut scheduler = Scheduler::start(&mut command);
    let disk = OwnDisk::serve(sandbox, scheduler.pid(), Locks::Local);
    scheduler.event("job_executed", "tick");
    (scheduler, disk)
}

#[test]
fn d6_on_a_disk_that_becomes_read_only_starts_are_held_and_what_is_known_is_told() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new(EVERY_SECOND);
    let (mut scheduler, disk) = start_on_own_disk(&sandbox);
    disk.make_read_only(true);
    scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    let history = || {
        let arguments = ["history", "-n", "1000", "--format", "json"];
        let rsched = env!("CARGO_BIN_EXE_rsched");
        let mut command = beside(&sandbox, scheduler.pid(), rsched, &arguments);
        command.args(["--state-dir", "disk/state", "-f", "jobs.toml"]);
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        let history: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        history
    };
    let ask = |command: &[&str]| {
        let socket = ["--socket", "run/control.sock"];
        sandbox.output(&[command, &socket[..]].concat())
    };
    let starts = || sandbox.read("evidence").lines().count();
    // A run that was decided before may still be on its way.
    some_seconds(&sandbox, 2);
    let before = starts();
    some_seconds(&sandbox, 3);
    let (code, stdout, stderr) = ask(&["list"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("tick"), "{stdout}");
    let (code, stdout, _) = ask(&["status"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(!history().is_empty());
    assert_eq!(starts(), before, "no start without its record");
    disk.make_read_only(false);
    eventually("starts go on", || starts() > before);
    let (code, _, stderr) = ask(&["pause", "tick"]);
    assert_eq!(code, Some(0), "{stderr}");
    eventually("all have ended", || settled(&history()));
    account_for(&history(), &sandbox.read("evidence"));
    scheduler.stop();
    drop(disk);
}

#[test]
fn a_disk_that_takes_records_now_and_then_is_told_of_once_in_a_while_and_with_how_often() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new(EVERY_SECOND);
    let (mut scheduler, disk) = start_on_own_disk(&sandbox);
    let status = || {
        sandbox
            .output(&["status", "--socket", "run/control.sock"])
            .0
    };
    for _ in 0..6 {
        disk.make_read_only(true);
        eventually("starts are held", || status() == Some(1));
        disk.make_read_only(false);
        scheduler.event("job_executed", "tick");
    }
    let lines = scheduler.stop();
    drop(disk);
    let told = lines.iter().filter(|line| line["event"] == "store_failed");
    // What is new is told at once; on a read-only disk that may be more than one thing.
    let mut last_told = BTreeMap::new();
    for line in told {
        let message = line["message"].as_str().unwrap();
        let cause = message.split_once(" (").map_or(message, |it| it.0);
        let uptime = line["uptime"].as_f64().unwrap();
        if let Some(before) = last_told.insert(cause, uptime) {
            assert!(uptime - before >= 10.0, "{lines:#?}");
        }
    }
    assert!(!last_told.is_empty());
}

#[test]
fn records_on_a_read_only_disk_can_be_read_and_no_scheduler_starts_there() {
    if !can_mount() {
        return;
    }
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    let died = sandbox.path("died");
    fs::create_dir(&died).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("store.sqlite{suffix}");
        fs::copy(sandbox.state().join(&name), died.join(&name)).unwrap();
    }
    scheduler.stop();
    fs::create_dir(sandbox.path("disk")).unwrap();
    let script = "mount -t tmpfs -o mode=700 tmpfs disk && mv state died disk && \
                  mount -o remount,ro disk && \
                  for state in state died; do \
                      $0 history --state-dir disk/$state -f jobs.toml || echo history: $?; \
                      $0 store check disk/$state | grep verdict; \
                      $0 run jobs.toml --state-dir disk/$state --for 1s || echo run: $?; \
                  done";
    let mut command = sandbox.bare_command(Path::new("unshare"));
    command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
    let output = command.arg(env!("CARGO_BIN_EXE_rsched")).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = stdout
        .lines()
        .filter(|line| !line.starts_with("FIRE TIME") && !line.contains("  tick  "))
        .collect();
    let of_one = ["verdict      whole, version 3", "run: 73"];
    assert_eq!(
        lines,
        [of_one, of_one].concat(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(stdout.matches("  tick  ").count() >= 2, "{stdout}");
}

#[test]
fn f7_a_state_directory_on_a_read_only_disk_is_named() {
    if !can_mount() {
        return;
    }
    let sandbox = Sandbox::new(EVERY_SECOND);
    fs::create_dir(sandbox.path("disk")).unwrap();
    let script = "mount -t tmpfs -o mode=700 tmpfs disk && mkdir -m 700 disk/there && \
                  mount -o remount,ro disk && \
                  exec \"$0\" run jobs.toml --for 1ms --state-dir disk/\"$1\"";
    for (state, refusal) in [
        ("new", "cannot create `disk/new`"),
        ("there", "cannot open `disk/there/lock`"),
    ] {
        let mut command = sandbox.bare_command(Path::new("unshare"));
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        let output = command
            .args([env!("CARGO_BIN_EXE_rsched"), state])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(73), "{stderr}");
        let expected = format!("rsched: {refusal}: Read-only file system (os error 30)\n");
        assert_eq!(stderr, expected);
    }
}

#[test]
fn a_store_that_is_taken_away_is_missed_and_gone_on_with_when_it_is_back() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut scheduler = sandbox.start_with(&["--log-level", "debug"]);
    scheduler.event("job_executed", "tick");
    let (store, away) = (sandbox.path("state/store.sqlite"), sandbox.path("away"));
    fs::rename(&store, &away).unwrap();
    let gone = scheduler.wait_for("news", |line| line["event"] == "jobstore_removed");
    let name = format!("sqlite:{}", store.display());
    assert!(gone["message"].as_str().unwrap().contains(&name), "{gone}");
    let failed = scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    let message = failed["message"].as_str().unwrap();
    assert!(
        message.ends_with("it was removed while it was in use"),
        "{message}"
    );
    assert!(!store.exists(), "it is not made anew");
    fs::rename(&away, &store).unwrap();
    scheduler.wait_for("news", |line| line["event"] == "jobstore_added");
    scheduler.event("job_executed", "tick");
    scheduler.stop();
}

#[test]
fn a_store_that_others_hold_for_long_is_waited_for() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    let mut other = rusqlite::Connection::open(sandbox.path("state/store.sqlite")).unwrap();
    let lock = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    let failed = scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    let message = failed["message"].as_str().unwrap();
    assert!(message.ends_with("database is locked"), "{message}");
    drop(lock);
    scheduler.event("job_executed", "tick");
    scheduler.stop();
}
