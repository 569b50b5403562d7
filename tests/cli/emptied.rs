//! A store that something has made empty: it is not taken for a new one.

use crate::past::{LifeEnds, Past, ended, job};
use crate::sandbox::Sandbox;
use rsched::scheduler::{Outcome, Record};
use std::fs;

const JOBS: &str = "[jobs.once]\ndate = 'now'\ncommand = 'echo ran >> evidence'\n";

/// A sandbox, and the path of a store in it that had records.
fn recorded(ends: LifeEnds) -> (Sandbox, String) {
    let sandbox = Sandbox::new().jobs(JOBS);
    let records = vec![
        job("once", "plan", "03:00:00", "03:02:00"),
        Record::Run(ended("once", "03:01:00", Outcome::Succeeded, 1)),
    ];
    Past::of(&sandbox).life("03:00:00", vec![("03:09:00", records)], ends);
    let path = sandbox.path().join("state/store.sqlite");
    (sandbox, path.display().to_string())
}

fn help(path: &str) -> String {
    format!(
        "rsched: help: put a backup in its place; or, to begin anew, remove it and the files that begin with its name (`{path}*`), and what ran before may run again; to run without records meanwhile: `--store memory`\n"
    )
}

#[test]
fn a_store_that_was_made_empty_is_refused_and_every_command_says_why() {
    let (sandbox, path) = recorded(LifeEnds::Stopping);
    fs::write(&path, "").unwrap();
    let said = format!(
        "rsched: `{path}` is empty, and there were records in it, up to 2026-05-01T03:09:00Z\n{}",
        help(&path)
    );
    for (command, code) in [
        (&["run", "--for", "1s", "jobs.toml"][..], 78),
        (&["history", "-f", "jobs.toml"], 78),
        (&["store", "check", &path], 1),
        (&["store", "recover", &path], 78),
    ] {
        sandbox.run(command).stdout("").stderr(&said).code(code);
    }
    assert!(!sandbox.path().join("evidence").exists(), "it ran again");
    // As the help says.
    sandbox.shell("rm state/store.sqlite*").success();
    sandbox.run(["run", "--for", "1s", "jobs.toml"]).success();
    assert!(sandbox.path().join("evidence").exists());
}

#[test]
fn the_log_of_a_store_that_was_made_empty_is_not_thrown_away() {
    let (sandbox, path) = recorded(LifeEnds::Dying);
    let log = fs::read(format!("{path}-wal")).unwrap();
    assert!(!log.is_empty());
    fs::write(&path, "").unwrap();
    fs::remove_file(format!("{path}.newest")).unwrap();
    let said = format!(
        "rsched: `{path}` is empty, and there were records in it\n{}",
        help(&path)
    );
    for command in [
        &["run", "--for", "1s", "jobs.toml"][..],
        &["history", "-f", "jobs.toml"],
    ] {
        sandbox.run(command).stdout("").stderr(&said).code(78);
    }
    assert!(fs::read(format!("{path}-wal")).unwrap() == log);
}

#[test]
fn an_empty_file_that_was_never_a_store_becomes_one() {
    let sandbox = Sandbox::new().jobs(JOBS).file("state/store.sqlite", "");
    sandbox
        .run(["store", "check", "state"])
        .stdout("")
        .stderr("rsched: `state/store.sqlite` is empty: no scheduler has written to it\n")
        .code(1);
    sandbox.run(["run", "--for", "1s", "jobs.toml"]).success();
    assert!(sandbox.path().join("evidence").exists());
}
