//! A short life of the real program under strace, with one system call of it struck, and what the next
//! life makes of that.
//!
//! The jobs fire once each, so whatever happens there must be one record of each in the end. strace
//! counts calls for each thread and for each child that has not executed its program yet.

use crate::accounts::seconds_of;
use crate::scheduler::{PATIENCE, Sandbox};
use crate::seed::{Dice, tell};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const JOBS: [&str; 3] = ["at-start", "at-start-too", "soon"];

/// strace follows a child up to its program, and writes its notes aside.
pub const LET_JOBS_GO: [&str; 4] = ["-b", "execve", "-o", "trace"];

/// One call of a life: which, and the how manieth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub name: String,
    pub ordinal: usize,
}

/// What is done to it, as strace writes it: `signal=KILL`, `error=EIO`.
#[derive(Clone, Debug)]
pub struct Strike {
    pub call: Call,
    pub what: &'static str,
}

/// Whether strace is here and may trace. If not, says so.
pub fn can_trace(test: &str) -> bool {
    let probe = Command::new("strace")
        .args(["-D", "-f", "-b", "execve", "-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    let can = probe.is_ok_and(|status| status.success());
    if !can {
        tell(&format!("skipped: {test} needs strace"));
    }
    can
}

fn sandbox() -> Sandbox {
    // In a moment: while it runs, and at its next life if it is dead by then.
    let soon = SystemTime::now() + Duration::from_millis(800);
    let soon = soon.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let soon = Command::new("date")
        .args(["-u", "-d", &format!("@{soon:.3}"), "+%FT%T.%3NZ"])
        .output()
        .unwrap();
    let soon = String::from_utf8(soon.stdout).unwrap();
    let keys = "misfire_grace_time = 'forever'\n\
                command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID >> evidence'";
    Sandbox::new(&format!(
        "[jobs.at-start]\n{keys}\n[jobs.at-start-too]\n{keys}\n[jobs.soon]\ndate = '{}'\n{keys}\n",
        soon.trim()
    ))
}

/// A life, traced or not; its log is a file.
pub struct Life {
    pub child: Child,
}

impl Life {
    pub fn begin(sandbox: &Sandbox, log: &str, strace: &[String]) -> Self {
        let mut command = if strace.is_empty() {
            sandbox.bare_command(env!("CARGO_BIN_EXE_rsched").as_ref())
        } else {
            let mut command = sandbox.bare_command("strace".as_ref());
            // The child is the program itself, strace watches from aside.
            command.args(["-D", "-f"]).args(strace);
            command.arg(env!("CARGO_BIN_EXE_rsched"));
            command
        };
        let child = command
            .args(["run", "jobs.toml", "--state-dir", "state"])
            .stdout(Stdio::null())
            .stderr(File::create(sandbox.path(log)).unwrap())
            .spawn()
            .unwrap();
        Self { child }
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for the condition, or for its end.
    pub fn wait_until(&mut self, patience: Duration, is_done: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + patience;
        while self.ended().is_none() && !is_done() {
            if Instant::now() > deadline {
                return false;
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        true
    }

    fn terminate(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        // It may be gone.
        _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    }

    /// Its end, after SIGTERM if it needs that; none if it does not end.
    pub fn end(&mut self) -> Option<ExitStatus> {
        if self.ended().is_none() {
            self.terminate();
        }
        self.wait_until(PATIENCE, || false);
        self.ended()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether the log says that nothing is left to do.
fn is_through(sandbox: &Sandbox, log: &str) -> bool {
    sandbox.read(log).matches("has no run times left").count() == JOBS.len()
}

/// The calls that one whole life makes, of these names.
pub fn calls(names: &[&str]) -> Vec<Call> {
    let sandbox = sandbox();
    let strace = LET_JOBS_GO.into_iter().chain(["-e"]).map(str::to_owned);
    let strace = strace.chain([format!("trace={}", names.join(","))]);
    let mut life = Life::begin(&sandbox, "log", &strace.collect::<Vec<_>>());
    assert!(life.wait_until(PATIENCE, || is_through(&sandbox, "log")));
    assert_eq!(life.end().unwrap().code(), Some(0));
    // The tracer may still be writing.
    calls_of(&sandbox.read("trace"), names, "")
}

/// The calls of these names in a trace, from the first one of `first` on if that is a name: each with the how
/// manieth it is in its thread.
pub fn calls_of(trace: &str, names: &[&str], first: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut calls = BTreeSet::new();
    let mut has_begun = first.is_empty();
    for line in trace.lines() {
        let Some((tracee, call)) = line.split_once(' ') else {
            continue;
        };
        if let Some((name, _)) = call.trim_start().split_once('(')
            && names.contains(&name)
        {
            let count = counts.entry((tracee.into(), name.into())).or_default();
            *count += 1;
            has_begun |= name == first;
            if has_begun {
                calls.insert(Call {
                    name: name.into(),
                    ordinal: *count,
                });
            }
        }
    }
    calls.into_iter().collect()
}

/// What came of a strike.
#[derive(Debug, Default)]
pub struct Result {
    /// How the struck life ended, in a word.
    pub end: String,
    /// Whether there was a strike: the life need not have come to that call.
    pub was_hit: bool,
    /// What must not be.
    pub problems: Vec<String>,
}

/// One life with a strike, and one without.
pub fn strike(strike: &Strike) -> Result {
    let sandbox = sandbox();
    let Call { name, ordinal } = &strike.call;
    let inject = format!("inject={name}:{}:when={ordinal}", strike.what);
    let trace = format!("trace={name}");
    let strace = LET_JOBS_GO.into_iter().chain(["-e", &trace, "-e", &inject]);
    let strace: Vec<_> = strace.map(str::to_owned).collect();
    let mut result = Result::default();
    let mut life = Life::begin(&sandbox, "log", &strace);
    // A start that the machine refuses is given up after half of that.
    let is_through = life.wait_until(PATIENCE, || is_through(&sandbox, "log"));
    // Of what could not be written the log says how many lines that were, a minute later.
    if !is_through && sandbox.read("evidence").lines().count() < JOBS.len() {
        result.problems.push("it does not go on".to_owned());
    }
    let by_itself = life.ended().is_some();
    let end = life.end();
    result.end = match end.map(|end| (end.code(), end.signal())) {
        None => {
            result.problems.push("SIGTERM does not end it".to_owned());
            "none".to_owned()
        }
        Some((Some(0), _)) if by_itself => {
            result
                .problems
                .push("it ended by itself, as if all were well".to_owned());
            "0".to_owned()
        }
        Some((Some(code), _)) => format!("exit {code}"),
        Some((None, signal)) => format!("signal {}", signal.unwrap_or(0)),
    };
    drop(life);
    let log = sandbox.read("log");
    let was_killed = end.and_then(|end| end.signal()) == Some(9);
    result.was_hit = was_killed || was_injected(&sandbox.read("trace"));
    let went_well = end.and_then(|end| end.code()) == Some(0);
    let is_theirs = OTHERS_PANICS.iter().any(|panic| log.contains(panic));
    if log.contains("panicked") && !is_theirs {
        result.problems.push("it panicked".to_owned());
    }
    if !was_killed && !went_well && !has_a_word(&log) {
        result.problems.push("it died without a word".to_owned());
    }
    let mut next = Life::begin(&sandbox, "next", &[]);
    let settled = || {
        let goes_on = sandbox.read("next").contains("Scheduler started");
        goes_on && history(&sandbox).is_some_and(|entries| are_settled(&sandbox, &entries))
    };
    if !next.wait_until(PATIENCE, settled) || next.ended().is_some() {
        result
            .problems
            .push("the next life does not settle it".to_owned());
    }
    if next.end().and_then(|end| end.code()) != Some(0) {
        result
            .problems
            .push("the next life does not end well".to_owned());
    }
    result
        .problems
        .extend(judge(&sandbox, !went_well, was_killed));
    if !result.problems.is_empty() {
        let shown = |name: &str| format!("{name}:\n{}", sandbox.read(name));
        result
            .problems
            .extend(["log", "next", "evidence"].map(shown));
        result.problems.push(format!("{:#?}", history(&sandbox)));
    }
    result
}

/// Whether strace says that it made a call fail.
fn was_injected(trace: &str) -> bool {
    trace.contains("(INJECTED)")
}

/// What libraries take for impossible, as it is on a real kernel: an eventfd that cannot be rung, a lock
/// that cannot be let go of, a directory that cannot be closed.
const OTHERS_PANICS: [&str; 3] = [
    "failed to wake I/O driver",
    "Failed to remove flock",
    "unexpected error during closedir",
];

/// Whether it says why it ends.
fn has_a_word(log: &str) -> bool {
    let is_word = |line: &str| {
        ["rsched: ", "rror", "panicked"]
            .iter()
            .any(|word| line.contains(word))
    };
    log.lines().any(is_word)
}

/// What is on record; none if nothing can be read yet.
fn history(sandbox: &Sandbox) -> Option<Vec<Value>> {
    let arguments = ["history", "--state-dir", "state", "--format", "json"];
    let (code, stdout, _) = sandbox.output(&arguments);
    let entries: Value = (code == Some(0)).then(|| serde_json::from_str(&stdout).unwrap())?;
    entries.as_array().cloned()
}

fn are_settled(sandbox: &Sandbox, entries: &[Value]) -> bool {
    let ended = entries.iter().filter(|entry| entry["outcome"].is_string());
    let jobs: BTreeSet<_> = ended.filter_map(|entry| entry["job_id"].as_str()).collect();
    JOBS.iter()
        .all(|&job| jobs.contains(job) || never_came(sandbox, job))
}

/// Whether its date had passed when the store came to know of it, so that there was no fire.
fn never_came(sandbox: &Sandbox, job: &str) -> bool {
    let toml = sandbox.read("jobs.toml");
    let date = toml.lines().find_map(|line| line.strip_prefix("date = '"));
    let date = date.and_then(|date| date.strip_suffix('\'')).unwrap();
    let store = rusqlite::Connection::open(sandbox.path("state/store.sqlite")).unwrap();
    let seen = store.query_row("SELECT anchor FROM jobs WHERE id = ?1", [job], |row| {
        row.get::<_, i64>(0)
    });
    // In microseconds.
    #[expect(clippy::cast_precision_loss, reason = "some 2e15")]
    let is_later = |seen: i64| seen as f64 / 1e6 >= seconds_of(date);
    job == JOBS[2] && seen.is_ok_and(is_later)
}

/// Each job has one record, and what it wrote agrees.
fn judge(sandbox: &Sandbox, died: bool, was_killed: bool) -> Vec<String> {
    let entries = history(sandbox).unwrap_or_default();
    let evidence = sandbox.read("evidence");
    let mut problems = Vec::new();
    for job in JOBS {
        let its: Vec<_> = entries
            .iter()
            .filter(|entry| entry["job_id"] == job)
            .collect();
        let is_silent = its.is_empty() && !evidence.contains(job);
        if is_silent && never_came(sandbox, job) {
            continue;
        }
        let [entry] = its[..] else {
            problems.push(format!("{} records of {job}", its.len()));
            continue;
        };
        let mut runs = Vec::new();
        for line in evidence.lines() {
            if let Some((run, writer)) = line.split_once(' ')
                && writer == job
            {
                runs.push(run);
            }
        }
        let detail = entry["detail"].as_str().unwrap_or_default();
        let is_right = match (entry["outcome"].as_str().unwrap_or("none"), &runs[..]) {
            ("succeeded", [run]) => entry["run_id"] == *run,
            ("lost", [run]) => died && entry["run_id"] == *run,
            // It was, and could not be watched.
            ("spawn_failed", [_]) => detail.contains("was killed"),
            // The strike hit the child, before it was the job.
            ("failed" | "spawn_failed", []) => !was_killed,
            _ => false,
        };
        if !is_right {
            problems.push(format!("{job}: {} lines, {}", runs.len(), entry["outcome"]));
        }
    }
    let store = sandbox.path("state/store.sqlite");
    let (code, stdout, _) = sandbox.output(&["store", "check", store.to_str().unwrap()]);
    if code != Some(0) {
        problems.push(stdout);
    }
    problems
}

/// Strikes them all, two at a time, or `share` of them taken by chance. Tells what came of it. There are
/// at least `fewest`, and most of them hit: a sweep that strikes nothing proves nothing.
pub fn strike_all(
    test: &str,
    fewest: usize,
    mut strikes: Vec<Strike>,
    share: u64,
    strike: impl Fn(&Strike) -> Result + Sync,
) {
    let all = strikes.len();
    assert!(all >= fewest, "{test}: {all} strikes, and not {fewest}");
    Dice::new(test).shuffle(&mut strikes);
    strikes.truncate(usize::try_from(share).unwrap_or(usize::MAX));
    let count = strikes.len();
    let (left, ends, hits, problems) = (
        Mutex::new(strikes),
        Mutex::new(BTreeMap::<String, usize>::new()),
        Mutex::new(0),
        Mutex::new(Vec::new()),
    );
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().pop();
                    let Some(next) = next else { break };
                    let result = strike(&next);
                    *ends.lock().unwrap().entry(result.end).or_default() += 1;
                    *hits.lock().unwrap() += usize::from(result.was_hit);
                    if !result.problems.is_empty() {
                        let report = format!("{next:?}: {}", result.problems.join("\n  "));
                        if let Some(file) = std::env::var_os("RSCHED_SWEEP_REPORT") {
                            append(file.as_ref(), &report).unwrap();
                        }
                        problems.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let (ends, hits) = (ends.into_inner().unwrap(), hits.into_inner().unwrap());
    let problems = problems.into_inner().unwrap();
    tell(&format!(
        "{test}: {count} of {all} strikes, {hits} hit, ends {ends:?}, {} with problems",
        problems.len()
    ));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(hits * 2 > count, "{test}: {hits} of {count} hit");
}

fn append(path: &std::path::Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    io::Write::write_all(&mut file, format!("{text}\n").as_bytes())
}
