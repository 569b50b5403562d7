//! Torn and flipped bytes: a store opens at its last whole commit, or is refused by name and left as it
//! is. Never is there a panic, and never half a commit.
//!
//! A share of what can be torn and flipped; `RSCHED_DAMAGE=whole` cuts a log at every byte, and flips ten times as
//! many bits: minutes for the bits, more for the cuts.

use crate::bench::{Bench, ID};
use crate::past::batches;
use rsched::scheduler::{EventName, StoreId};
use rsched::store::Kept;
use rsched::store::sqlite::{Asked, History, OpenError, RecoverError, Window, recover};
use std::collections::BTreeSet;
use std::env;
use std::fmt::Debug;
use std::fs;
use std::io::Write as _;

const BATCHES: usize = 40;

/// Whether all of it is tried.
fn is_whole() -> bool {
    env::var_os("RSCHED_DAMAGE").is_some_and(|share| share == "whole")
}

fn flips(usual: usize) -> usize {
    if is_whole() { 10 * usual } else { usual }
}

/// A store whose scheduler was killed, with all of its history in the log or half of it, and what a
/// restart was to find after each commit.
fn killed(closed_half_way: bool) -> (Bench, Vec<Kept>) {
    killed_after(BATCHES, closed_half_way)
}

fn killed_after(count: usize, closed_half_way: bool) -> (Bench, Vec<Kept>) {
    let bench = Bench::new();
    let mut model = Kept::nothing(StoreId(ID));
    let mut after = vec![model.clone()];
    let (mut writer, _) = bench.open().unwrap();
    for (index, records) in batches(count).into_iter().enumerate() {
        if closed_half_way && index == count / 2 {
            // The log goes into the file.
            writer.close();
            writer = bench.open().unwrap().0;
        }
        let made_at = i64::try_from(index).unwrap() + 1;
        model.take_in(&writer.write(made_at, records).unwrap());
        after.push(model.clone());
    }
    let copy = bench.copy();
    writer.kill();
    (copy, after)
}

/// After how many commits the store was as it is found, if it was ever so.
fn commits(kept: &Kept, after: &[Kept]) -> Option<usize> {
    after.iter().rposition(|model| model == kept)
}

/// A small generator, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Is refused with a name and an advice, and not a byte of it is changed.
#[track_caller]
fn assert_refused(bench: &Bench, before: &[Vec<u8>; 2], error: &OpenError) {
    assert!(error.to_string().contains("store.sqlite"), "{error}");
    assert!(
        matches!(
            error,
            OpenError::Corrupt { .. } | OpenError::Foreign { .. } | OpenError::Newer { .. }
        ),
        "{error:?}"
    );
    assert!(error.help().is_some(), "{error}");
    assert!(bench.bytes() == *before, "it was changed: {error}");
}

#[test]
fn a_log_cut_anywhere_opens_at_the_last_whole_commit() {
    for closed_half_way in [false, true] {
        let (bench, after) = killed(closed_half_way);
        let log = fs::read(bench.beside("-wal")).unwrap();
        let first = if closed_half_way { BATCHES / 2 } else { 0 };
        // Around the boundaries of pages, and somewhere in between.
        let (header, page) = (32, 24 + 4096);
        let pages = (log.len() - header) / page;
        let near = |boundary: usize| {
            let start = header + boundary * page;
            [start - 1, start, start + 1, start + 24, start + 2_000]
        };
        let lengths = (0..=pages).step_by(pages / 24).flat_map(near);
        let lengths = [0, 1, 31].into_iter().chain(lengths);
        let lengths = lengths.filter(|&length| length < log.len());
        let (mut samples, mut newest) = (0, 0);
        for length in lengths {
            let torn = bench.copy();
            fs::write(torn.beside("-wal"), &log[..length]).unwrap();
            // Cut off in the very first commit, there is no store yet: its tables are in the log.
            let kept = torn.kept().unwrap();
            let found = commits(&kept, &after);
            let found = found.unwrap_or_else(|| panic!("no state it ever had, cut at {length}"));
            assert!(
                found >= first && found >= newest,
                "{found} commits, cut at {length}"
            );
            newest = found;
            samples += 1;
        }
        assert!(samples >= 100, "{samples} samples");
        assert_eq!(commits(&bench.kept().unwrap(), &after), Some(BATCHES));
    }
}

#[test]
fn a_log_cut_at_any_byte_opens_at_the_last_whole_commit() {
    const FEW: usize = 4;
    let (bench, after) = killed_after(FEW, false);
    let log = fs::read(bench.beside("-wal")).unwrap();
    // Else those of its end, which are of the last commit: more than a page of them.
    let first = if is_whole() { 0 } else { log.len() - 4_500 };
    let step = if is_whole() { 1 } else { 9 };
    let mut newest = 0;
    for length in (first..log.len()).step_by(step) {
        let torn = bench.copy();
        fs::write(torn.beside("-wal"), &log[..length]).unwrap();
        let found = commits(&torn.kept().unwrap(), &after);
        assert!(found >= Some(newest), "{found:?}, cut at {length}");
        newest = found.unwrap();
    }
    assert_eq!(newest, FEW - 1);
}

#[test]
fn a_flipped_bit_in_the_log_ends_it_there() {
    let (bench, after) = killed(true);
    let log = fs::read(bench.beside("-wal")).unwrap();
    let mut dice = Dice(1);
    for _ in 0..flips(150) {
        let (byte, bit) = (dice.below(log.len()), dice.below(8));
        let flipped = bench.copy();
        let mut bytes = log.clone();
        bytes[byte] ^= 1 << bit;
        fs::write(flipped.beside("-wal"), bytes).unwrap();
        let kept = flipped.kept().unwrap();
        let found = commits(&kept, &after);
        assert!(
            found >= Some(BATCHES / 2),
            "{found:?}, byte {byte}, bit {bit}"
        );
    }
}

/// All that people can ask of the records: of each question the rows of its answer, or none if it is refused
/// because of damage.
fn answers(bench: &Bench) -> Vec<Option<BTreeSet<String>>> {
    const ALL: u32 = 1_000_000;
    fn told<T: Debug>(answer: Result<Vec<T>, OpenError>) -> Option<BTreeSet<String>> {
        match answer {
            Ok(rows) => Some(rows.iter().map(|row| format!("{row:?}")).collect()),
            Err(OpenError::Corrupt { .. }) => None,
            Err(error) => panic!("{error:?}"),
        }
    }
    let Ok(history) = History::open(&bench.path()) else {
        return vec![None; 6];
    };
    let asked = Asked {
        job: None,
        window: Window::ALWAYS,
        outcomes: &[],
        at_most: ALL,
    };
    let outputs = history.runs(asked).and_then(|runs| {
        let outputs = runs.iter().filter_map(|run| {
            let output = history.output(run).transpose()?;
            Some(output.map(|output| (run.id, output)))
        });
        outputs.collect::<Result<Vec<_>, _>>()
    });
    let totals = history.job_ids().and_then(|jobs| {
        let totals = jobs.iter().map(|job| history.totals(job));
        totals.collect::<Result<Vec<_>, _>>()
    });
    vec![
        told(history.runs(asked)),
        told(history.fires(asked)),
        told(history.events(None, &EventName::ALL, Window::ALWAYS)),
        told(history.sessions()),
        told(outputs),
        told(totals.map(|totals| totals.concat())),
    ]
}

/// Is recovered, and what a scheduler then finds is as it was or not there: a job that would be judged
/// up to another time could have its fires run again.
fn assert_recovered_as_it_was(bench: &Bench, model: &Kept, refused: &OpenError) {
    match recover(&bench.path(), "NOW", ID) {
        Ok(_) => {}
        // Nothing in it can be found any more.
        Err(RecoverError::Open(
            OpenError::Corrupt { .. } | OpenError::Foreign { .. } | OpenError::Newer { .. },
        )) => return,
        Err(error) => panic!("{error:?}, and refused: {refused}"),
    }
    let kept = bench.kept().unwrap();
    for (id, job) in &kept.jobs {
        assert_eq!(model.jobs.get(id), Some(job));
    }
    for (fire, run) in &kept.unfinished {
        assert_eq!(model.unfinished.get(fire), Some(run));
    }
    assert_eq!(kept.epoch, model.epoch);
}

#[test]
fn a_flipped_bit_in_the_file_is_survived_or_refused_by_name() {
    let (bench, after) = killed(true);
    let mut model = after[BATCHES].clone();
    // All of it in the file, and its scheduler killed, so that it is looked at as a whole.
    let (mut writer, _) = bench.open().unwrap();
    model.take_in(&writer.write(100, Vec::new()).unwrap());
    writer.close();
    let (mut writer, _) = bench.open().unwrap();
    model.take_in(&writer.write(101, Vec::new()).unwrap());
    let bench = bench.copy();
    writer.kill();
    let file = fs::read(bench.path()).unwrap();
    let whole = answers(&bench);
    let mut dice = Dice(2);
    let (mut opened, mut refused, mut unanswered) = (0, 0, 0);
    for sample in 0..flips(300) {
        // Every third in the first hundred bytes of a page, where the structure is.
        let byte = match sample % 3 {
            0 => dice.below(file.len() / 4096) * 4096 + dice.below(100),
            _ => dice.below(file.len()),
        };
        let bit = dice.below(8);
        let flipped = bench.copy();
        let mut bytes = file.clone();
        bytes[byte] ^= 1 << bit;
        fs::write(flipped.path(), bytes).unwrap();
        let before = flipped.bytes();
        // Who asks is told what was written, or that it cannot be read. What is missing from where SQLite
        // looks for it is noticed by who looks at all of it: a restart, and `store check`.
        for (answer, whole) in answers(&flipped).iter().zip(&whole) {
            let Some(answer) = answer else {
                unanswered += 1;
                continue;
            };
            let untrue: Vec<_> = answer.difference(whole.as_ref().unwrap()).collect();
            assert!(untrue.is_empty(), "byte {byte}, bit {bit}: {untrue:?}");
        }
        match flipped.open() {
            Ok((mut writer, kept)) => {
                opened += 1;
                // Else a fire that was judged could be judged again.
                assert_eq!(kept, model, "byte {byte}, bit {bit}");
                // Whatever is wrong elsewhere shows at the latest here, and as an error.
                _ = writer.write(102, batches(3).concat());
                writer.close();
            }
            Err(error) => {
                refused += 1;
                assert_refused(&flipped, &before, &error);
                assert_recovered_as_it_was(&flipped, &model, &error);
            }
        }
    }
    let figures =
        format!("{refused} refused, {opened} opened as they were, {unanswered} questions refused");
    _ = writeln!(std::io::stderr(), "{} flipped bits: {figures}", flips(300));
    assert!(refused >= 30 && opened >= 30, "{figures}");
    assert!(unanswered >= 30, "{figures}");
}

#[test]
fn a_file_cut_short_is_refused_or_was_whole() {
    let (bench, _) = killed(true);
    let file = fs::read(bench.path()).unwrap();
    for length in (1..file.len()).step_by(file.len() / 60) {
        let cut = bench.copy();
        fs::write(cut.path(), &file[..length]).unwrap();
        let before = cut.bytes();
        if let Err(error) = cut.kept() {
            assert_refused(&cut, &before, &error);
        }
    }
}
