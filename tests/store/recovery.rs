//! `recover`: what can be read of a damaged store is saved, and the damaged file kept as it is.

use crate::bench::{Bench, ID};
use crate::past::batches;
use rsched::scheduler::StoreId;
use rsched::store::Kept;
use rsched::store::sqlite::{RecoverError, Recovered, check, recover};
use rusqlite::Connection;
use std::fs;

const PAGE: usize = 4096;

/// A store with so much in it that its tables have many pages; closed.
fn store() -> (Bench, Kept) {
    let bench = Bench::new();
    let mut model = Kept::nothing(StoreId(ID));
    let (mut writer, _) = bench.open().unwrap();
    for (index, records) in batches(190).into_iter().enumerate() {
        let made_at = i64::try_from(index).unwrap() + 1;
        model.take_in(&writer.write(made_at, records).unwrap());
    }
    writer.close();
    (bench, model)
}

/// The numbers of the pages of a table that hold rows.
fn leaves(bench: &Bench, table: &str) -> Vec<usize> {
    let connection = Connection::open(bench.path()).unwrap();
    // Without dbstat: every leaf of a table begins with 13 (10 in an index or WITHOUT ROWID).
    let root: i64 = connection
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    drop(connection);
    let file = fs::read(bench.path()).unwrap();
    let page = |number: usize| &file[(number - 1) * PAGE..number * PAGE];
    let mut found = Vec::new();
    let mut open = vec![usize::try_from(root).unwrap()];
    while let Some(number) = open.pop() {
        let bytes = page(number);
        let word = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let child = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
        };
        if matches!(bytes[0], 13 | 10) {
            found.push(number);
            continue;
        }
        open.push(child(8));
        let cells = (0..word(3)).map(|cell| word(12 + 2 * cell));
        open.extend(cells.map(child));
    }
    found.sort_unstable();
    found
}

fn spoil(bench: &Bench, page: usize) {
    let mut file = fs::read(bench.path()).unwrap();
    file[(page - 1) * PAGE..page * PAGE].fill(0xa5);
    fs::write(bench.path(), file).unwrap();
}

fn rows(recovered: &Recovered, table: &str) -> (u64, usize) {
    let saved = recovered
        .saved
        .iter()
        .find(|saved| saved.table == table)
        .unwrap();
    (saved.rows, saved.unreadable.len())
}

fn count(bench: &Bench, table: &str) -> u64 {
    let report = check(&bench.path()).unwrap();
    report
        .rows
        .iter()
        .find(|(name, _)| *name == table)
        .unwrap()
        .1
        .unwrap()
}

#[test]
fn what_stands_before_and_behind_a_damaged_page_is_saved() {
    let (bench, model) = store();
    let (runs, events) = (count(&bench, "runs"), count(&bench, "events"));
    let of_runs = leaves(&bench, "runs");
    assert!(of_runs.len() > 5, "{of_runs:?}");
    spoil(&bench, of_runs[of_runs.len() / 3]);
    spoil(&bench, of_runs[of_runs.len() / 2]);
    let before = bench.bytes();
    let recovered = recover(&bench.path(), "NOW", 99).unwrap();
    assert!(!recovered.damage.is_empty());
    let (saved, holes) = rows(&recovered, "runs");
    assert_eq!(holes, 2, "{:?}", recovered.saved);
    assert!(saved * 10 > runs * 6 && saved < runs, "{saved} of {runs}");
    assert_eq!(rows(&recovered, "events"), (events, 0));
    assert_eq!(recovered.kept_as, bench.beside(".damaged-NOW"));
    assert!(
        fs::read(&recovered.kept_as).unwrap() == before[0],
        "the damaged file is as it was"
    );
    assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
    let kept = bench.kept().unwrap();
    // How far each job is judged is all there, so nothing runs twice.
    assert_eq!(
        (kept.id, &kept.jobs, kept.epoch),
        (StoreId(ID), &model.jobs, model.epoch)
    );
    assert_eq!(kept.summaries, model.summaries);
}

#[test]
fn rows_that_are_out_of_order_lead_nobody_in_circles() {
    let (bench, _) = store();
    let events = count(&bench, "events");
    let of_events = leaves(&bench, "events");
    assert!(of_events.len() > 5, "{of_events:?}");
    // The first rows stand behind those that follow them, before a page that cannot be read.
    let mut file = fs::read(bench.path()).unwrap();
    let first = (of_events[0] - 1) * PAGE;
    file.copy_within(first..first + PAGE, (of_events[2] - 1) * PAGE);
    fs::write(bench.path(), file).unwrap();
    spoil(&bench, of_events[0]);
    spoil(&bench, of_events[3]);
    let recovered = recover(&bench.path(), "NOW", 99).unwrap();
    let (saved, holes) = rows(&recovered, "events");
    assert!(holes >= 2 && saved * 2 > events, "{:?}", recovered.saved);
    assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
}

#[test]
fn every_page_may_be_the_damaged_one() {
    let (bench, _) = store();
    let pages = fs::metadata(bench.path()).unwrap().len() / PAGE as u64;
    let mut recovered = 0;
    for page in 1..=usize::try_from(pages).unwrap() {
        let spoilt = bench.copy();
        spoil(&spoilt, page);
        let before = spoilt.bytes();
        match recover(&spoilt.path(), "NOW", 99) {
            Ok(saved) => {
                recovered += 1;
                assert_eq!(
                    saved
                        .notes
                        .iter()
                        .filter(|note| note.contains("makes no sense"))
                        .count(),
                    0
                );
                spoilt.kept().unwrap();
                assert_eq!(
                    check(&spoilt.path()).unwrap().problems,
                    Vec::<String>::new(),
                    "page {page}"
                );
            }
            // A page that nothing is in.
            Err(RecoverError::Whole { .. }) => assert!(spoilt.bytes() == before),
            Err(error) => {
                assert_eq!(page, 1, "{error}");
                assert!(spoilt.bytes() == before);
            }
        }
    }
    assert!(recovered > 20, "{recovered} of {pages}");
}

#[test]
fn the_log_goes_aside_with_its_file_and_what_is_in_it_is_saved() {
    let (bench, _) = store();
    let (mut writer, kept) = bench.open().unwrap();
    let batch = writer.write(500, vec![rsched::scheduler::Record::Paused(!kept.paused)]);
    assert!(batch.is_ok());
    let killed = bench.copy();
    writer.kill();
    // The first page of the events is long in the file.
    spoil(&killed, leaves(&killed.copy(), "events")[0]);
    assert!(!killed.bytes()[1].is_empty());
    let before = killed.bytes();
    recover(&killed.path(), "NOW", 99).unwrap();
    assert!(fs::read(killed.beside(".damaged-NOW-wal")).unwrap() == before[1]);
    assert!(killed.bytes()[1].is_empty(), "no log of another file");
    assert_eq!(killed.kept().unwrap().paused, !kept.paused);
}

#[test]
fn a_whole_store_and_one_that_is_none_are_left_alone() {
    let (bench, _) = store();
    let before = bench.bytes();
    assert!(matches!(
        recover(&bench.path(), "NOW", 99),
        Err(RecoverError::Whole { .. })
    ));
    assert!(bench.bytes() == before);
    let text = Bench::new();
    fs::write(
        text.path(),
        "no database, and longer than a header of one would have to be".repeat(9),
    )
    .unwrap();
    let before = text.bytes();
    assert!(matches!(
        recover(&text.path(), "NOW", 99),
        Err(RecoverError::Open(_))
    ));
    assert!(text.bytes() == before);
    let missing = Bench::new();
    assert!(matches!(
        recover(&missing.path(), "NOW", 99),
        Err(RecoverError::Open(_))
    ));
}

#[test]
fn one_that_died_half_way_is_finished_and_no_new_store_is_made_meanwhile() {
    let (bench, _) = store();
    let expected = bench.copy().kept().unwrap();
    // When the damaged file was aside, and its log was not yet; an older one is of an earlier recovery.
    fs::rename(bench.path(), bench.beside(".recovered")).unwrap();
    fs::write(bench.beside(".damaged-A"), "older").unwrap();
    fs::write(bench.beside(".damaged-A-wal"), "its log").unwrap();
    fs::write(bench.beside(".damaged-B"), "damaged").unwrap();
    fs::write(bench.beside("-wal"), "its log").unwrap();
    let error = bench.kept().unwrap_err().to_string();
    assert!(
        error.ends_with("is damaged: a recovery of it was interrupted"),
        "{error}"
    );
    let recovered = recover(&bench.path(), "NOW", 99).unwrap();
    assert_eq!(recovered.notes.len(), 1);
    assert_eq!(recovered.kept_as, bench.beside(".damaged-B"));
    assert!(bench.beside(".damaged-B-wal").exists(), "it has its log");
    assert!(!bench.beside(".damaged-NOW-wal").exists());
    let kept = bench.kept().unwrap();
    assert_eq!(kept.jobs, expected.jobs);
}

#[test]
fn a_store_that_says_it_is_of_an_earlier_version_than_it_is_is_refused_and_recovered() {
    for version in [1, 2] {
        let (bench, model) = store();
        let connection = Connection::open(bench.path()).unwrap();
        connection
            .pragma_update(None, "user_version", version)
            .unwrap();
        drop(connection);
        let refusal = format!("it says that its version is {version}, and is of a later one");
        let refused = bench.kept().unwrap_err().to_string();
        assert!(
            refused.ends_with(&format!("is damaged: {refusal}")),
            "{refused}"
        );
        let recovered = recover(&bench.path(), "NOW", 99).unwrap();
        assert_eq!(recovered.damage, [refusal]);
        assert_eq!(bench.kept().unwrap(), model);
    }
}
