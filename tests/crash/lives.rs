//! What one life of the real program leaves to the next, and what a long stop of it leaves to itself.

use crate::accounts::{self, Expected, Second};
use crate::scheduler::{Sandbox, Scheduler, eventually};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn history(sandbox: &Sandbox) -> Value {
    let (code, stdout, stderr) = sandbox.output(&[
        "history",
        "--state-dir",
        "state",
        "-n",
        "1000000",
        "--format",
        "json",
    ]);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

pub const EVERY_SECOND: &str = "[jobs.a]\ncron = { second = '*' }\ntimezone = 'UTC'\nmisfire_grace_time = 'forever'\n\
    coalesce = false\nmax_instances = 'unlimited'\n\
    command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'\n";

#[expect(clippy::cast_possible_wrap, reason = "some 2e9")]
pub fn now() -> Second {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs() as Second
}

fn fires(sandbox: &Sandbox) -> usize {
    sandbox.read("evidence").lines().count()
}

/// Waits until each of these seconds has an outcome.
fn settle(sandbox: &Sandbox, due: RangeInclusive<Second>) {
    eventually("all is made up for", || {
        let entries = accounts::entries_of(&history(sandbox));
        let settled = |second| {
            let mut its = entries.iter().filter(|it| it.fire == second);
            its.any(accounts::Entry::has_ended)
        };
        due.clone().all(settled)
    });
}

#[test]
fn c10_what_came_due_while_it_was_stopped_is_made_up_for_once_and_is_said_to_be_late() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let begin = now();
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    let known = now();
    scheduler.signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    eventually("four seconds pass", || {
        thread::park_timeout(Duration::from_millis(50));
        stopped.elapsed() > Duration::from_secs(4)
    });
    let end = now();
    scheduler.signal(Signal::SIGCONT);
    settle(&sandbox, known + 1..=end);
    scheduler.stop();
    let expected = [Expected {
        job: "a".to_owned(),
        due: known + 1..=end,
        perhaps: begin..=now(),
        without_a_run: &[],
    }];
    let history = history(&sandbox);
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    accounts::check(&expected, &accounts::entries_of(&history), &lines, &[]).unwrap();
    let lateness = |entry: &Value| {
        let time = |key: &str| accounts::seconds_of(entry[key].as_str().unwrap());
        time("noticed_at") - time("fire_time")
    };
    let latest = history.as_array().unwrap().iter().map(lateness);
    assert!(latest.fold(0.0, f64::max) > 2.0, "{history:#}");
}

/// Of which store it was said that it is new.
fn new_stores(scheduler: &Scheduler) -> Vec<String> {
    let said = scheduler.seen.iter();
    let said = said.filter_map(|line| line["message"].as_str());
    let new = said.filter_map(|said| said.strip_prefix("New store `"));
    new.map(|rest| rest.split_once("`: nothing is known of earlier runs"))
        .map(|parts| parts.unwrap().0.to_owned())
        .collect()
}

#[test]
fn a15_without_its_state_nothing_of_the_past_runs_and_it_is_said_that_nothing_is_known() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let store = sandbox.state().join("store.sqlite");
    let store = [store.to_str().unwrap().to_owned()];
    for is_new in [true, false] {
        let mut scheduler = sandbox.start();
        scheduler.event("job_executed", "a");
        let expected = if is_new { &store[..] } else { &[] };
        assert_eq!(new_stores(&scheduler), expected);
        scheduler.signal(Signal::SIGKILL);
        scheduler.reap();
    }
    fs::remove_dir_all(sandbox.state()).unwrap();
    let (before, again) = (fires(&sandbox), now());
    let mut second = sandbox.start();
    second.event("job_executed", "a");
    assert_eq!(new_stores(&second), store);
    second.stop();
    assert!(fires(&sandbox) > before);
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    assert!(lines[before..].iter().all(|line| line.fire >= again));
}

#[test]
fn f4_without_its_lock_file_a_second_scheduler_finds_the_store_locked_all_the_same() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut first = sandbox.start();
    first.event("job_executed", "a");
    fs::remove_file(sandbox.state().join("lock")).unwrap();
    let mut second: Scheduler = sandbox.start();
    let code = second.end().code();
    assert_eq!(code, Some(75), "{:#?}", second.seen);
    first.stop();
    let mut lines = accounts::lines_of(&sandbox.read("evidence"));
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count, "something ran twice");
}

/// What is below a directory: of each file its contents.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap();
    let each = entries.map(|entry| entry.unwrap().path());
    each.map(|path| (path.clone(), fs::read(path).unwrap_or_default()))
        .collect()
}

/// Something else takes the place of the state directory, which is aside by then: `other` is where writes
/// through the old name would go.
#[track_caller]
fn replaced(take_its_place: impl Fn(&Sandbox), other: &str) {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let begin = now();
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    let known = now();
    let (state, away) = (sandbox.state(), sandbox.path("away"));
    fs::rename(&state, &away).unwrap();
    take_its_place(&sandbox);
    let other = sandbox.path(other);
    let before = contents(&other);
    let failed = scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    assert!(failed["message"].is_string(), "{failed}");
    // What was on its way then has come to its end a second later; nothing follows it.
    let later = |seconds| {
        let end = now() + seconds;
        eventually("seconds pass, each with a fire", || {
            thread::park_timeout(Duration::from_millis(50));
            assert_eq!(contents(&other), before, "something was written there");
            now() >= end
        });
    };
    later(2);
    let count = fires(&sandbox);
    later(4);
    assert_eq!(fires(&sandbox), count, "without a record");
    fs::remove_file(&state)
        .or_else(|_| fs::remove_dir(&state))
        .unwrap();
    fs::rename(&away, &state).unwrap();
    let end = now();
    settle(&sandbox, known + 1..=end);
    scheduler.stop();
    if other != state {
        assert_eq!(contents(&other), before, "something was written there");
    }
    let expected = [Expected {
        job: "a".to_owned(),
        due: known + 1..=end,
        perhaps: begin..=now(),
        without_a_run: &[],
    }];
    let entries = accounts::entries_of(&history(&sandbox));
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    accounts::check(&expected, &entries, &lines, &[]).unwrap();
}

#[test]
fn d10_a_state_directory_that_is_replaced_is_not_written_and_gone_on_with_when_it_is_back() {
    replaced(|sandbox| fs::create_dir(sandbox.state()).unwrap(), "state");
}

#[test]
fn d10_nor_is_a_link_followed_that_took_its_place() {
    let link = |sandbox: &Sandbox| {
        fs::create_dir(sandbox.path("elsewhere")).unwrap();
        symlink("elsewhere", sandbox.state()).unwrap();
    };
    replaced(link, "elsewhere");
}

#[test]
fn d10_nor_a_link_to_a_copy_of_it() {
    let link = |sandbox: &Sandbox| {
        fs::create_dir(sandbox.path("elsewhere")).unwrap();
        for suffix in ["", "-wal"] {
            let name = format!("store.sqlite{suffix}");
            let from = sandbox.path("away").join(&name);
            fs::copy(from, sandbox.path("elsewhere").join(&name)).unwrap();
        }
        symlink("elsewhere", sandbox.state()).unwrap();
    };
    replaced(link, "elsewhere");
}

#[test]
fn d8_files_that_may_not_grow_are_a_full_disk() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    if !crate::scheduler::works("prlimit", &["--version"]) {
        return;
    }
    let mut command = sandbox.bare_command("prlimit".as_ref());
    command.args(["--fsize=81920:", env!("CARGO_BIN_EXE_rsched")]);
    command.args([
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(&mut command);
    scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    let pid = scheduler.pid().to_string();
    // The soft limit alone was set.
    let lifted = sandbox
        .bare_command("prlimit".as_ref())
        .args(["--pid", &pid, "--fsize=unlimited:"])
        .status();
    assert!(lifted.unwrap().success());
    scheduler.event("job_executed", "a");
    scheduler.stop();
}

#[test]
fn a16_a_store_of_a_later_version_or_a_damaged_one_is_refused_with_78_and_stays_as_it_is() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    scheduler.stop();
    let store = sandbox.state().join("store.sqlite");
    let refused = |why: &str| {
        let before = fs::read(&store).unwrap();
        let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
        assert_eq!(code, Some(78), "{stderr}");
        assert!(
            stderr.contains(why) && stderr.contains("help: "),
            "{stderr}"
        );
        assert_eq!(fs::read(&store).unwrap(), before);
    };
    let later = rusqlite::Connection::open(&store).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    drop(later);
    refused("was written by a later version");
    let mut bytes = fs::read(&store).unwrap();
    bytes[..64].fill(7);
    fs::write(&store, bytes).unwrap();
    refused("is no store of rsched");
}

#[test]
fn d12_what_the_jobs_file_wants_kept_of_the_past_is_kept() {
    let sandbox = Sandbox::new(
        "[history]\nkeep_runs = 3\nkeep_output = 100\n\
         [jobs.a]\ncron = '@yearly'\ncommand = 'head -c 5000 /dev/zero | tr \"\\\\0\" x'\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.started();
    let mut runs = Vec::new();
    for _ in 0..8 {
        let (code, run, stderr) = sandbox.output(&["trigger", "a", "--state-dir", "state"]);
        assert_eq!(code, Some(0), "{stderr}");
        runs.push(run.trim().to_owned());
        scheduler.event("job_executed", "a");
    }
    scheduler.stop();
    let history = history(&sandbox);
    let entries = history.as_array().unwrap();
    let kept = entries
        .iter()
        .map(|entry| entry["run_id"].as_str().unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), runs[5..], "{history:#}");
    let store = rusqlite::Connection::open(sandbox.state().join("store.sqlite")).unwrap();
    let ask = |sql: &str| {
        store
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(ask("SELECT count(*) FROM outputs"), 3);
    assert_eq!(ask("SELECT sum(length(tail)) FROM outputs"), 300);
    assert_eq!(ask("SELECT sum(total_bytes) FROM outputs"), 15_000);
    assert_eq!(
        ask("SELECT count FROM totals WHERE outcome = 'succeeded'"),
        8
    );
}
