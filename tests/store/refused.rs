//! What is no store for this program is refused by name and left as it is.

use crate::bench::Bench;
use rsched::store::sqlite::{History, OpenError, check};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Is refused by all who open stores, in these words, and stays as it was.
#[track_caller]
fn assert_refused(bench: &Bench, expected: &str) {
    let before = bench.bytes();
    let path = bench.path();
    let expected = expected.replace("PATH", &path.display().to_string());
    for error in [
        bench.kept().unwrap_err(),
        History::open(&path).unwrap_err(),
        check(&path).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), expected);
    }
    assert!(bench.bytes() == before, "it was changed");
}

/// A store with a little in it, closed.
fn store() -> Bench {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, crate::past::batches(3).concat()).unwrap();
    writer.close();
    bench
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_later_version_is_not_touched() {
    let bench = store();
    execute(
        &bench.path(),
        "PRAGMA user_version = 99; CREATE TABLE later (x);",
    );
    assert_refused(
        &bench,
        "`PATH` was written by a later version of rsched (its version is 99, this program knows 3)",
    );
}

#[test]
fn a_later_version_whose_program_was_killed_keeps_its_log() {
    let bench = store();
    let later = Connection::open(bench.path()).unwrap();
    later
        .execute_batch("PRAGMA user_version = 99; CREATE TABLE later (x);")
        .unwrap();
    let killed = bench.copy();
    drop(later);
    assert!(!killed.bytes()[1].is_empty());
    assert_refused(
        &killed,
        "`PATH` was written by a later version of rsched (its version is 99, this program knows 3)",
    );
}

#[test]
fn a_database_of_another_program_is_not_touched() {
    let bench = Bench::new();
    execute(
        &bench.path(),
        "CREATE TABLE places (url TEXT); INSERT INTO places VALUES ('x');",
    );
    assert_refused(
        &bench,
        "`PATH` is no store of rsched: it is a database of another program",
    );
}

#[test]
fn a_text_file_is_not_touched() {
    let bench = Bench::new();
    fs::write(bench.path(), "[jobs.a]\ncommand = 'true'\n".repeat(100)).unwrap();
    assert_refused(
        &bench,
        "`PATH` is no store of rsched: file is not a database",
    );
}

#[test]
fn tables_that_are_not_there_are_damage() {
    let bench = store();
    execute(&bench.path(), "DROP TABLE newest_ends");
    let before = bench.bytes();
    let error = bench.kept().unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("is damaged: no such table: newest_ends"),
        "{error}"
    );
    assert!(bench.bytes() == before, "it was changed");
}

#[test]
fn a_row_that_makes_no_sense_is_damage() {
    let bench = store();
    execute(&bench.path(), "UPDATE jobs SET progress = 'soon'");
    let error = bench.kept().unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("`soon` is not how far a job is judged"),
        "{error}"
    );
}

#[test]
fn a_link_and_a_directory_are_refused() {
    let elsewhere = store();
    let bench = Bench::new();
    symlink(elsewhere.path(), bench.path()).unwrap();
    assert_refused(
        &bench,
        "`PATH` is no store of rsched: it is not a regular file",
    );
    let bench = Bench::new();
    fs::create_dir(bench.path()).unwrap();
    assert_refused(
        &bench,
        "`PATH` is no store of rsched: it is not a regular file",
    );
}

#[test]
fn a_dangling_link_is_not_followed_to_make_a_file() {
    let bench = Bench::new();
    let target = bench.beside(".elsewhere");
    symlink(&target, bench.path()).unwrap();
    bench.kept().unwrap_err();
    assert!(!target.exists());
}

#[test]
fn a_log_without_its_store_is_not_taken_into_a_new_one() {
    let bench = store();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(2, crate::past::batches(4).concat()).unwrap();
    let killed = bench.copy();
    writer.kill();
    fs::remove_file(killed.path()).unwrap();
    let before = killed.bytes();
    let error = killed.kept().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is damaged: it is not there, and its log, with `-wal` behind its name, is"),
        "{error}"
    );
    assert!(killed.bytes() == before);
}

#[test]
fn every_file_is_closed_to_others_from_birth() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, crate::past::batches(3).concat()).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = fs::metadata(bench.beside(suffix))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
    writer.close();
}

#[test]
fn who_looks_at_a_store_does_not_change_it() {
    let bench = store();
    let before = bench.bytes()[0].clone();
    let history = History::open(&bench.path()).unwrap();
    assert!(!history.job_ids().unwrap().is_empty());
    drop(history);
    assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
    assert!(bench.bytes()[0] == before);
}
