//! Records that are put back from a backup: it is said that they are old.

use crate::scheduler::{Sandbox, Scheduler};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const EVERY_SECOND: &str = "[jobs.a]\ncron = { second = '*' }\nmisfire_grace_time = 'forever'\n\
    coalesce = false\ncommand = 'echo $RSCHED_RUN_ID >> evidence'\n";

/// Starts it; what it says of its records before anything runs.
fn start(sandbox: &Sandbox) -> (Scheduler, Option<Value>) {
    let mut scheduler = sandbox.start();
    scheduler.event("job_started", "a");
    let started = |line: &&Value| line["event"] == "job_started";
    assert_eq!(scheduler.seen.iter().filter(started).count(), 1);
    let of_old = |line: &&Value| line["message"].to_string().contains("an old copy");
    let warning = scheduler.seen.iter().find(of_old).cloned();
    (scheduler, warning)
}

/// A life in which some fires run.
fn live(sandbox: &Sandbox) {
    let (mut scheduler, warning) = start(sandbox);
    assert_eq!(warning, None);
    for _ in 0..4 {
        scheduler.event("job_executed", "a");
    }
    scheduler.stop();
}

/// The files of a directory, and what is in them.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|file| (file.path(), fs::read(file.path()).unwrap()))
        .collect()
}

fn text(warning: Option<Value>) -> String {
    let warning = warning.expect("a warning");
    assert_eq!(warning["level"], "warn");
    warning["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_store_of_yesterday_is_known_by_what_is_beside_it() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    live(&sandbox);
    let store = sandbox.state().join("store.sqlite");
    let backup = fs::read(&store).unwrap();
    live(&sandbox);
    fs::write(&store, backup).unwrap();
    let (scheduler, warning) = start(&sandbox);
    let text = text(warning);
    let begin = format!(
        "the records in `{}` are an old copy: the newest is from 20",
        "state/store.sqlite"
    );
    assert!(text.starts_with(&begin), "{text}");
    assert!(text.contains(", and there were some up to 20"), "{text}");
    scheduler.stop();
    // It was said once, and now these are the records.
    live(&sandbox);
}

#[test]
fn a_whole_state_directory_of_yesterday_is_known_by_when_it_was_put_there() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    live(&sandbox);
    let backup = contents(&sandbox.state());
    live(&sandbox);
    fs::remove_dir_all(sandbox.state()).unwrap();
    fs::create_dir(sandbox.state()).unwrap();
    for (path, bytes) in backup {
        fs::write(path, bytes).unwrap();
    }
    let (scheduler, warning) = start(&sandbox);
    let text = text(warning);
    assert!(text.contains("were put there at 20"), "{text}");
    scheduler.stop();
    live(&sandbox);
}

#[test]
fn records_that_are_where_they_were_are_no_old_copy() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    live(&sandbox);
    // What a death leaves is up to date, and so is a directory with another name.
    let (mut scheduler, warning) = start(&sandbox);
    assert_eq!(warning, None);
    scheduler.event("job_executed", "a");
    scheduler.signal(Signal::SIGKILL);
    scheduler.reap();
    fs::rename(sandbox.state(), sandbox.path("elsewhere")).unwrap();
    fs::rename(sandbox.path("elsewhere"), sandbox.state()).unwrap();
    live(&sandbox);
    // Another store has nothing to do with it.
    fs::remove_file(sandbox.state().join("store.sqlite")).unwrap();
    live(&sandbox);
}
