//! A store does not grow for ever: of each job the newest runs stay, their outputs, and the newest fires that
//! became none. What they all came to is counted for ever.

use crate::bench::{Bench, ID, Writer};
use rsched::config::JobId;
use rsched::scheduler::{
    Emitted, End, EventName, FireRange, FiresRecord, Outcome, OutputTail, Reason, Record, RunId,
    RunRecord, RunState, StoreId, Usage,
};
use rsched::store::Kept;
use rsched::store::sqlite::check;
use rsched::time::WallTime;
use rusqlite::Connection;
use std::time::Duration;

const KEEP: u32 = 5;

const JOBS: [&str; 2] = ["a", "b"];

/// What of an output is kept is cut off before it comes to the store.
const OUTPUT: usize = 3_000;

fn at(seconds: i64) -> WallTime {
    WallTime::from_unix_seconds(seconds)
}

fn run(job: &str, fire: i64, state: RunState) -> Record {
    let id = JobId::parse(job).unwrap();
    Record::Run(RunRecord {
        id: RunId::of_fire(StoreId(ID), &id, at(fire), 0),
        job: id,
        fire_time: at(fire),
        epoch: 0,
        sequence: 0,
        attempt: 1,
        reason: Reason::Scheduled,
        stands_for: 1,
        noticed_at: at(fire),
        started_at: None,
        waited: None,
        pid: None,
        state,
        earlier: None,
    })
}

/// Every fifth run fails.
fn ended(job: &str, fire: i64) -> Record {
    let outcome = if fire % 50 == 0 {
        Outcome::Failed
    } else {
        Outcome::Succeeded
    };
    let end = End {
        output: Some(OutputTail {
            total_bytes: 10_000,
            tail: vec![b'x'; OUTPUT].into(),
        }),
        ..End::without_process(outcome, at(fire + 1), None)
    };
    run(job, fire, RunState::Ended(Box::new(end)))
}

fn missed(job: &str, fire: i64) -> Record {
    let first = at(fire);
    Record::Fires(FiresRecord {
        job: JobId::parse(job).unwrap(),
        range: FireRange {
            first,
            last: first,
            count: 1,
        },
        epoch: 0,
        outcome: Outcome::Missed,
        judged_at: first,
        detail: None,
    })
}

/// The numbers that a query gives.
fn numbers(bench: &Bench, sql: &str) -> Vec<i64> {
    let connection = Connection::open(bench.path()).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn number(bench: &Bench, sql: &str) -> i64 {
    numbers(bench, sql)[0]
}

/// The fire times of the runs of a job that are on record and ended, in seconds.
fn fires_of_runs(bench: &Bench, job: &str) -> Vec<i64> {
    let sql = format!(
        "SELECT fire_time / 1000000 FROM runs WHERE job = '{job}' AND state = 'ended' ORDER BY 1"
    );
    numbers(bench, &sql)
}

/// Each job runs every ten seconds, to the end, and misses a fire between two runs.
fn write(writer: &mut Writer, model: &mut Kept, fires: std::ops::Range<i64>) {
    for fire in fires.map(|fire| fire * 10) {
        let starts = JOBS.map(|job| run(job, fire, RunState::Starting));
        model.take_in(&writer.write(fire, starts.into()).unwrap());
        let ends = JOBS.map(|job| [ended(job, fire), missed(job, fire + 5)]);
        model.take_in(&writer.write(fire + 1, ends.concat()).unwrap());
    }
}

/// The fire times of the newest five of so many runs.
fn newest(count: i64) -> Vec<i64> {
    (count - 5..count).map(|fire| fire * 10).collect()
}

#[test]
fn d12_of_each_job_the_newest_runs_are_kept_and_all_are_counted() {
    let bench = Bench::new();
    let mut model = Kept::nothing(StoreId(ID));
    let (mut writer, _) = bench.open_keeping(KEEP).unwrap();
    // One that goes on, whatever comes after it.
    let goes_on = writer.write(1, vec![run("a", -10, RunState::Running)]);
    model.take_in(&goes_on.unwrap());
    let mut pages = Vec::new();
    for hundred in 0..4 {
        write(&mut writer, &mut model, hundred * 100..(hundred + 1) * 100);
        for job in JOBS {
            assert_eq!(fires_of_runs(&bench, job), newest((hundred + 1) * 100));
        }
        pages.push(number(&bench, "PRAGMA page_count"));
    }
    writer.close();
    assert_eq!(bench.open_keeping(KEEP).unwrap().1, model);
    assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
    assert_eq!(number(&bench, "SELECT count(*) FROM runs"), 11);
    assert_eq!(
        number(&bench, "SELECT fire_time FROM runs WHERE state = 'running'"),
        -10_000_000
    );
    // The output of each that is kept, and no other.
    let outputs = "SELECT length(tail) FROM outputs WHERE run IN (SELECT number FROM runs)";
    assert_eq!(numbers(&bench, outputs), [3_000; 10]);
    assert_eq!(number(&bench, "SELECT count(*) FROM outputs"), 10);
    for job in JOBS {
        let of_job = |sql: &str| numbers(&bench, &format!("{sql} WHERE job = '{job}'"));
        let fires = of_job("SELECT first / 1000000 FROM fires");
        let expected: Vec<_> = newest(400).iter().map(|fire| fire + 5).collect();
        assert_eq!(fires, expected);
        // Failed, missed and succeeded.
        assert_eq!(of_job("SELECT count FROM totals"), [80, 400, 320]);
        let newest = of_job("SELECT fire_time / 1000000 FROM newest_ends");
        assert_eq!(newest, [3990]);
        let success = of_job("SELECT succeeded_for / 1000000 FROM newest_ends");
        assert_eq!(success, [3990]);
    }
    // Room that became free is used again.
    assert!(pages[3] <= pages[0] + 2, "{pages:?}");
}

/// A run with all that a record can have, and a few lines of output.
fn rich(job: &str, fire: i64, has_ended: bool) -> Record {
    let end = End {
        exit_code: Some(0),
        duration: Some(Duration::from_micros(12_345_678)),
        usage: Some(Usage {
            user_time: Duration::from_micros(1_234_567),
            system_time: Duration::from_micros(234_567),
            peak_memory_bytes: Some(123 << 20),
        }),
        output: Some(OutputTail {
            total_bytes: 200,
            tail: vec![b'x'; 200].into(),
        }),
        ..End::without_process(Outcome::Succeeded, at(fire + 13), None)
    };
    let state = if has_ended {
        RunState::Ended(Box::new(end))
    } else {
        RunState::Starting
    };
    let Record::Run(run) = run(job, fire, state) else {
        unreachable!("it is a run")
    };
    Record::Run(RunRecord {
        started_at: Some(at(fire)),
        pid: Some(1_234_567),
        ..run
    })
}

/// A hundredth of them; `cargo bench --bench tick -- year` has all. What does not grow with the jobs, events among
/// it, is below 4 MiB.
#[test]
fn d12_a_thousand_jobs_of_which_a_hundred_runs_are_kept_weigh_less_than_64_mib() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open_keeping(100).unwrap();
    let jobs: Vec<_> = (0..10).map(|job| format!("backup-of-host-{job}")).collect();
    for fire in (0..150).map(|fire| fire * 3600) {
        for has_ended in [false, true] {
            let runs = jobs.iter().map(|job| rich(job, fire, has_ended));
            writer.write(fire, runs.collect()).unwrap();
        }
    }
    writer.close();
    assert_eq!(number(&bench, "SELECT count(*) FROM outputs"), 1_000);
    let size = bench.path().metadata().unwrap().len();
    assert!(size < (60 << 20) / 100, "{size} bytes");
}

#[test]
fn a_store_that_is_to_keep_less_gets_there_in_small_steps() {
    let bench = Bench::new();
    let mut model = Kept::nothing(StoreId(ID));
    let (mut writer, _) = bench.open().unwrap();
    write(&mut writer, &mut model, 0..100);
    writer.close();
    let (mut writer, _) = bench.open_keeping(KEEP).unwrap();
    let mut counts = Vec::new();
    for fire in 100..106 {
        write(&mut writer, &mut model, fire..fire + 1);
        counts.push(fires_of_runs(&bench, "a").len());
        assert_eq!(check(&bench.path()).unwrap().problems, Vec::<String>::new());
    }
    writer.close();
    // Twenty of them at most with each that is added.
    assert_eq!(counts, [81, 62, 43, 24, 5, 5]);
    assert_eq!(fires_of_runs(&bench, "a"), newest(106));
    assert_eq!(bench.kept().unwrap(), model);
}

#[test]
fn the_newest_ten_thousand_events_of_fires_are_kept_and_rare_ones_for_longer() {
    let bench = Bench::new();
    let (mut writer, _) = bench.open_keeping(KEEP).unwrap();
    let event = |seq: i64| {
        // One in a thousand is no event of a fire.
        let name = if seq % 1_000 == 7 {
            EventName::JobAdded
        } else {
            EventName::JobExecuted
        };
        let seq = u64::try_from(seq).unwrap();
        Record::Event(Box::new(Emitted {
            seq,
            ..Emitted::about(name, &JobId::parse("a").unwrap())
        }))
    };
    for batch in 0..24 {
        let events = (batch * 500 + 1..=(batch + 1) * 500).map(event);
        writer.write(batch + 1, events.collect()).unwrap();
    }
    writer.close();
    let seqs = numbers(&bench, "SELECT seq FROM events ORDER BY seq");
    let expected: Vec<_> = [7, 1_007].into_iter().chain(2_001..=12_000).collect();
    assert_eq!(seqs, expected);
}
