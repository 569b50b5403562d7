//! The file changes hands, or its place, while a scheduler writes it: nothing more is written then,
//! rather than written where nobody finds it.

use crate::bench::Bench;
use crate::past::batches;
use rusqlite::{Connection, TransactionBehavior};
use std::fs;

#[track_caller]
fn assert_fails(answer: Result<rsched::scheduler::Batch, String>, why: &str) {
    let error = answer.map(|_| ()).unwrap_err();
    assert!(error.ends_with(why), "{error}");
}

const GONE: &str = "it was removed while it was in use";

#[test]
fn a_file_that_was_removed_is_missed_and_not_made_anew() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, batches(3).concat()).unwrap();
    fs::rename(bench.path(), bench.beside(".away")).unwrap();
    for made_at in 2..5 {
        assert_fails(writer.write(made_at, Vec::new()), GONE);
    }
    assert!(!bench.path().exists());
    // Back in its place, it is the one it was.
    fs::rename(bench.beside(".away"), bench.path()).unwrap();
    writer.write(5, Vec::new()).unwrap();
    writer.close();
    assert!(!bench.kept().unwrap().jobs.is_empty());
}

#[test]
fn another_file_in_its_place_is_not_written() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, batches(3).concat()).unwrap();
    let other = Bench::new();
    other.kept().unwrap();
    fs::rename(other.path(), bench.path()).unwrap();
    let before = fs::read(bench.path()).unwrap();
    for made_at in 2..4 {
        assert_fails(
            writer.write(made_at, batches(4).concat()),
            "another file has taken its place while it was in use",
        );
    }
    assert!(fs::read(bench.path()).unwrap() == before);
}

#[test]
fn a_copy_of_itself_in_its_place_is_not_written_either() {
    // It may be older than what was promised of it.
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, batches(3).concat()).unwrap();
    fs::copy(bench.path(), bench.beside(".copy")).unwrap();
    fs::rename(bench.beside(".copy"), bench.path()).unwrap();
    assert_fails(
        writer.write(2, Vec::new()),
        "another file has taken its place while it was in use",
    );
}

#[test]
fn a_removed_log_is_noticed_and_nothing_in_it_is_lost() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    let mut model = rsched::store::Kept::nothing(rsched::scheduler::StoreId(crate::bench::ID));
    for (index, records) in batches(6).into_iter().enumerate() {
        if index == 3 {
            fs::remove_file(bench.beside("-wal")).unwrap();
        }
        let made_at = i64::try_from(index).unwrap() + 1;
        model.take_in(&writer.write(made_at, records).unwrap());
    }
    let killed = bench.copy();
    writer.kill();
    assert_eq!(killed.kept().unwrap(), model);
}

#[test]
fn a_lock_of_another_program_is_waited_for_and_then_said() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, batches(2).concat()).unwrap();
    let mut other = Connection::open(bench.path()).unwrap();
    let lock = other
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    assert_fails(writer.write(2, batches(3).concat()), "database is locked");
    drop(lock);
    writer.write(3, batches(3).concat()).unwrap();
    writer.close();
}

#[test]
fn a_reader_in_the_middle_of_a_long_look_holds_nobody_up() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    writer.write(1, batches(2).concat()).unwrap();
    let mut other = Connection::open(bench.path()).unwrap();
    let look = other.transaction().unwrap();
    let count = |look: &Connection| -> i64 {
        look.query_row("SELECT count(*) FROM events", [], |row| row.get(0))
            .unwrap()
    };
    let before = count(&look);
    for made_at in 2..40 {
        writer.write(made_at, batches(5).concat()).unwrap();
    }
    assert_eq!(count(&look), before, "it sees one state");
    drop(look);
    assert!(count(&other) > before);
    writer.close();
}
