//! A file of version 1, as that version left it: it is read for ever.
//!
//! `RSCHED_WRITE_FIXTURE=1 cargo test --test store version_1` writes it anew; there is no reason to once
//! a version is out.

use crate::bench::{Bench, ID};
use crate::past::batches;
use rsched::scheduler::{Outcome, RunState, StoreId};
use rsched::store::Kept;
use rsched::store::sqlite::{Asked, History, Window, check, recover};
use std::env;
use std::fs;
use std::path::Path;

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/store/data/version-1.sqlite"
);

fn model() -> Kept {
    let mut model = Kept::nothing(StoreId(ID));
    let bench = Bench::new();
    let (mut writer, _) = bench.open().unwrap();
    for (index, records) in batches(25).into_iter().enumerate() {
        let made_at = i64::try_from(index).unwrap() + 1;
        model.take_in(&writer.write(made_at, records).unwrap());
    }
    writer.close();
    if env::var_os("RSCHED_WRITE_FIXTURE").is_some() {
        fs::copy(bench.path(), FIXTURE).unwrap();
    }
    model
}

fn asked(outcomes: &[Outcome]) -> Asked<'_> {
    Asked {
        job: None,
        window: Window::ALWAYS,
        outcomes,
        at_most: 1_000,
    }
}

#[test]
fn a_file_of_version_1_is_read_as_it_was_meant() {
    let model = model();
    let bench = Bench::new();
    fs::copy(Path::new(FIXTURE), bench.path()).unwrap();
    let report = check(&bench.path()).unwrap();
    assert_eq!((report.version, report.problems), (1, Vec::new()));
    let history = History::open(&bench.path()).unwrap();
    let runs = history.runs(asked(&[])).unwrap();
    let ended = |outcome| history.runs(asked(&[outcome])).unwrap().len() as u64;
    for outcome in Outcome::ALL {
        let of_fires = history.fires(asked(&[outcome])).unwrap();
        let of_fires: u64 = of_fires.iter().map(|fires| fires.range.count).sum();
        let jobs = history.job_ids().unwrap();
        let totals = jobs.iter().flat_map(|job| history.totals(job).unwrap());
        let total: u64 = totals
            .filter(|(of, _)| *of == outcome)
            .map(|(_, count)| count)
            .sum();
        assert_eq!(ended(outcome) + of_fires, total, "{outcome}");
    }
    let with_output = runs
        .iter()
        .filter(|run| history.output(run).unwrap().is_some());
    assert!(with_output.count() > 0, "the file shows what runs printed");
    let unfinished = runs
        .iter()
        .filter(|run| !matches!(run.state, RunState::Ended(_)));
    assert_eq!(unfinished.count(), model.unfinished.len());
    drop(history);
    assert_eq!(bench.kept().unwrap(), model);
}

#[test]
fn a_damaged_file_of_version_1_is_recovered_as_one_of_this_version() {
    const PAGE: usize = 4096;
    let bench = Bench::new();
    let mut file = fs::read(FIXTURE).unwrap();
    // A leaf of events: they are the most.
    let is_of_events =
        |page: &[u8]| page[0] == 13 && page.windows(12).any(|text| text == b"job_executed");
    let mut pages = file.chunks_mut(PAGE);
    pages.find(|page| is_of_events(page)).unwrap().fill(0xa5);
    fs::write(bench.path(), file).unwrap();
    let recovered = recover(&bench.path(), "NOW", ID).unwrap();
    for saved in &recovered.saved {
        assert_eq!(saved.senseless, 0, "{saved:?}");
        assert_eq!(saved.unreadable.len(), usize::from(saved.table == "events"));
    }
    let report = check(&bench.path()).unwrap();
    assert_eq!((report.version, report.problems), (3, Vec::new()));
    assert_eq!(bench.kept().unwrap(), model());
}
