//! A disk that refuses several syncs in a row: what was said to have failed does not come back.

use crate::scheduler::Sandbox;
use crate::sweep::can_trace;
use nix::sys::signal::Signal;
use std::fs;
use std::process::Stdio;

/// Each second it is decided, and recorded, that a fire is skipped.
const SKIPPED: &str =
    "[jobs.a]\ncron = { second = '*' }\ntimezone = 'UTC'\ncommand = 'exec sleep 1000'\n";

/// The thread of a scheduler that writes the store.
fn store_thread(pid: i32) -> String {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut tasks = tasks.map(|task| task.unwrap().path());
    let is_it = |name: String| name == "store\n";
    let task = tasks.find(|task| fs::read_to_string(task.join("comm")).is_ok_and(is_it));
    let task = task.expect("a thread for the store");
    task.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn d5_of_a_batch_whose_commit_and_whose_log_fail_nothing_comes_back() {
    if !can_trace("a disk that refuses several syncs") {
        return;
    }
    let sandbox = Sandbox::new(SKIPPED);
    let mut scheduler = sandbox.start();
    scheduler.event("job_max_instances", "a");
    let mut strace = sandbox
        .bare_command("strace".as_ref())
        .args(["-o", "trace", "-p", &store_thread(scheduler.pid())])
        .args(["-e", "trace=fsync,fdatasync"])
        .args(["-e", "inject=fsync,fdatasync:error=EIO:when=2..4"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    scheduler.wait_for("failure", |line| line["event"] == "store_failed");
    for _ in 0..4 {
        scheduler.event("job_max_instances", "a");
    }
    for _ in 0..3 {
        scheduler.signal(Signal::SIGTERM);
    }
    assert_eq!(scheduler.end().code(), Some(0), "{:#?}", scheduler.seen);
    strace.wait().unwrap();
    let injected = sandbox.read("trace").matches("(INJECTED)").count();
    assert_eq!(injected, 3, "{}", sandbox.read("trace"));
    let store = rusqlite::Connection::open(sandbox.state().join("store.sqlite")).unwrap();
    let count = |sql: &str| {
        store
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let skipped = count("SELECT sum(count) FROM fires");
    assert!(skipped >= 4, "{skipped}");
    // One outcome for each second from the first of them to the last.
    let seconds = count("SELECT (max(last) - min(first)) / 1000000 + 1 FROM fires");
    assert_eq!(skipped, seconds);
    assert_eq!(
        skipped,
        count("SELECT count FROM totals WHERE outcome = 'skipped'")
    );
}
