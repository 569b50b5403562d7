//! A thousand jobs for a year, by the production scheduler and a store on a disk: what the store weighs, what its
//! log does, and how long starts wait for it.
//!
//! `cargo bench --bench tick -- year 30 0 power` is for 30 days without output, and waits for the disk;
//! without these it is 365 days, 200 bytes of output for each run, and no waiting, or it would take hours. The store is
//! where TMPDIR says.

use super::{Bench, jobs_file, sqlite};
use rsched::config::Durability;
use rsched::scheduler::{OutputTail, Usage};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

/// Half of them are all due at the full hour, the others at some minute of it, and a few at each.
const SCHEDULES: [(usize, &str); 3] = [(500, "0 * * * *"), (495, "H * * * *"), (5, "* * * * *")];

/// From so many starts on a tick is one of the full hour.
const MANY: usize = 400;

/// No tick is to take longer.
const BOUND: Duration = Duration::from_millis(50);

const MINUTES: i64 = 24 * 60;

pub fn live_through(arguments: &[String]) {
    let number = |at: usize, usual: usize| {
        let given = arguments.get(at).map(|text| text.parse());
        given.map_or(usual, |given| given.expect("a number"))
    };
    let (days, bytes) = (number(0, 365), number(1, 200));
    let waits = arguments.get(2).is_some_and(|given| given == "power");
    let durability = if waits {
        Durability::Power
    } else {
        Durability::Process
    };
    let directory = tempfile::tempdir().expect("a directory for the store");
    let path = directory.path().join("store.sqlite");
    let mut bench = Bench::new(jobs_file(&SCHEDULES), sqlite(&path, durability));
    bench.usage = Some(Usage {
        user_time: Duration::from_micros(1_234),
        system_time: Duration::from_micros(2_345),
        peak_memory_bytes: Some(4 << 20),
    });
    bench.output = Some(OutputTail {
        total_bytes: bytes as u64,
        tail: vec![b'x'; bytes].into(),
    });
    println!(
        "1,000 jobs, hourly and some each minute; 100 runs of each kept, {bytes} bytes of output each; durability {durability:?}; {}\n",
        path.display()
    );
    heading();
    let begin = Instant::now();
    let (mut all, mut runs) = (Ticks::default(), 0);
    let mut since = Ticks::default();
    for day in 1..=days {
        for _ in 0..MINUTES {
            let (time, count) = bench.tick();
            runs += count;
            since.add(time, count, size_of(&path, "-wal"));
        }
        if [1, 3, 5, 10].contains(&day) || day % 30 == 0 || day == days {
            since.tell(&day.to_string(), &path);
            all.join(&mut since);
        }
    }
    all.tell("all", &path);
    bench.store.close();
    println!(
        "\n{runs} runs in {:.0} s; closed, the file has {} KiB",
        begin.elapsed().as_secs_f64(),
        size_of(&path, "") / 1024
    );
    tell_rows(&path);
}

fn size_of(path: &Path, suffix: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    Path::new(&name).metadata().map_or(0, |file| file.len())
}

/// How long ticks took, those of the full hour apart.
#[derive(Default)]
struct Ticks {
    few: Vec<Duration>,
    many: Vec<Duration>,
    largest_log: u64,
}

impl Ticks {
    fn add(&mut self, time: Duration, count: usize, log: u64) {
        let times = if count < MANY {
            &mut self.few
        } else {
            &mut self.many
        };
        times.push(time);
        self.largest_log = self.largest_log.max(log);
    }

    fn join(&mut self, later: &mut Self) {
        self.few.append(&mut later.few);
        self.many.append(&mut later.many);
        self.largest_log = self.largest_log.max(later.largest_log);
        later.largest_log = 0;
    }

    fn tell(&mut self, day: &str, path: &Path) {
        let [file, log] = [size_of(path, ""), self.largest_log].map(|size| size / 1024);
        let shown = [&mut self.few, &mut self.many].map(|times| shown(times));
        println!("{day:>5}  {file:>8}  {log:>7}  {}  {}", shown[0], shown[1]);
    }
}

fn heading() {
    println!(
        "{:>5}  {:>8}  {:>7}  {:^45}  {:^45}",
        "", "file", "log", "ticks within the hour", "ticks at the full hour"
    );
    let times = "   median      p99    99.9%      max  >50 ms";
    println!(
        "{:>5}  {:>8}  {:>7}  {times:>45}  {times:>45}",
        "day", "KiB", "at most"
    );
}

/// Median, percentiles and maximum in milliseconds, and how many are over the bound.
fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |time: Duration| format!("{:>9.2}", time.as_secs_f64() * 1e3);
    let at = |per_mille: usize| {
        let index = times.len() * per_mille / 1000;
        times.get(index.min(times.len().saturating_sub(1)))
    };
    let parts = [at(500), at(990), at(999), times.last()];
    let parts = parts.map(|time| ms(time.copied().unwrap_or_default()));
    let over = times.iter().filter(|time| **time > BOUND).count();
    format!("{}{over:>8} ", parts.concat())
}

fn tell_rows(path: &Path) {
    let store = Connection::open(path).expect("the store");
    let number = |sql: &str| -> i64 {
        let found = store.query_row(sql, [], |row| row.get(0));
        found.expect("a number from the store")
    };
    for table in ["runs", "outputs", "events", "fires", "jobs"] {
        println!(
            "{table:>8}  {:>8} rows",
            number(&format!("SELECT count(*) FROM {table}"))
        );
    }
    println!(
        "{:>8}  {:>8} of {} pages",
        "free",
        number("PRAGMA freelist_count"),
        number("PRAGMA page_count")
    );
}
