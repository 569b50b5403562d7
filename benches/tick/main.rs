//! What a tick costs: so many jobs due at once, judged and decided, until the store says that they
//! may start. And what a store weighs that has seen some days of them.
//!
//! `cargo bench --bench tick` prints both tables; `RSCHED_BENCH_DAYS=30` makes the second of 30 days.
//! `cargo bench --bench tick -- year` has a thousand jobs live through a year (`year.rs`).

mod year;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rsched::config::{self, Context, Durability, FileText, JobsFile};
use rsched::scheduler::{Action, Event, Exit, OutputTail, Past, RunKey, Scheduler, StoreId, Usage};
use rsched::store::sqlite::{Options, Session, SqliteStore};
use rsched::store::{Answer, MemoryStore, Store};
use rsched::time::{BootTime, Now, WallTime, Zone, ZoneDatabase};
use std::path::Path;
use std::time::{Duration, Instant};

/// Ticks measured of each kind; the median is shown.
const TICKS: u32 = 11;

const BEGIN: i64 = 1_767_225_570;

fn main() {
    let arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    let arguments: Vec<String> = arguments.collect();
    if let [first, rest @ ..] = &arguments[..]
        && first == "year"
    {
        year::live_through(rest);
        return;
    }
    ticks();
    days();
}

fn ticks() {
    println!(
        "Time from the tick to the store's word that all of it may start (median of {TICKS}):\n"
    );
    println!(
        "{:>8}  {:>12}  {:>12}  {:>12}",
        "due", "memory", "process", "power"
    );
    for jobs in [1, 100, 1_000, 10_000] {
        let directory = tempfile::tempdir().expect("a directory for the store");
        let memory = median(jobs, Box::new(MemoryStore::default()));
        let process = median(
            jobs,
            sqlite(&directory.path().join("a"), Durability::Process),
        );
        let power = median(jobs, sqlite(&directory.path().join("b"), Durability::Power));
        let shown =
            [memory, process, power].map(|time| format!("{:.2} ms", time.as_secs_f64() * 1e3));
        println!(
            "{jobs:>8}  {:>12}  {:>12}  {:>12}",
            shown[0], shown[1], shown[2]
        );
    }
}

fn sqlite(path: &Path, durability: Durability) -> Box<dyn Store> {
    let options = Options {
        durability,
        keep_runs: 100,
        fresh_id: 1,
    };
    let session = Session {
        boot_id: "bench".to_owned(),
        pid: 1,
        started_at: WallTime::from_unix_seconds(BEGIN),
    };
    let (store, ..) = SqliteStore::open(path, options, session).expect("a store in a new file");
    Box::new(store)
}

/// So many jobs, each with a schedule.
fn jobs_file(schedules: &[(usize, &str)]) -> JobsFile {
    let mut text = "[executors.default]\nmax_workers = 100000\n".to_owned();
    let schedules = schedules
        .iter()
        .flat_map(|&(jobs, schedule)| std::iter::repeat_n(schedule, jobs));
    for (job, schedule) in schedules.enumerate() {
        text += "[jobs.job";
        text += &job.to_string();
        text += "]\ncron = '";
        text += schedule;
        text += "'\ncommand = ['/bin/true']\n";
    }
    let zones = ZoneDatabase::bundled();
    let context = Context {
        zones: &zones,
        machine_zone: Zone::utc(),
        machine_id: "bench",
        host_name: "here",
        cpus: 2,
        now: WallTime::from_unix_seconds(BEGIN),
        accounts: None,
    };
    let file = FileText {
        name: "jobs.toml".into(),
        directory: "/".into(),
        text,
    };
    config::load(&[file], &context)
        .jobs_file
        .expect("a jobs file without mistakes")
}

/// A scheduler and its store, without processes: every run ends at once.
struct Bench {
    scheduler: Scheduler,
    store: Box<dyn Store>,
    minute: i64,
    /// Batches that the store has not answered.
    unanswered: u32,
    /// What each run has used and printed.
    usage: Option<Usage>,
    output: Option<OutputTail>,
}

impl Bench {
    fn new(jobs: JobsFile, store: Box<dyn Store>) -> Self {
        let scheduler = Scheduler::new(jobs, false, Past::none(StoreId(1)), now(0));
        let mut bench = Self {
            scheduler,
            store,
            minute: 0,
            unanswered: 0,
            usage: None,
            output: None,
        };
        bench.give(Event::Started);
        bench
    }

    /// A minute passes. The time from the tick until its starts may be made, and how many they are.
    fn tick(&mut self) -> (Duration, usize) {
        self.minute += 1;
        let begin = Instant::now();
        let runs = self.give(Event::Woke);
        let time = begin.elapsed();
        let count = runs.len();
        for (number, run) in (1..).zip(runs) {
            let exit = Exit::Code(0);
            let (usage, output) = (self.usage, self.output.clone());
            self.step(Event::Spawned { run, pid: number });
            self.step(Event::Exited {
                run,
                exit,
                usage,
                output,
            });
        }
        self.settle();
        (time, count)
    }

    /// Gives the scheduler an event, and waits for the store. The runs that may start.
    fn give(&mut self, event: Event) -> Vec<RunKey> {
        let mut starting = self.step(event);
        starting.append(&mut self.settle());
        starting
    }

    fn settle(&mut self) -> Vec<RunKey> {
        let mut starting = Vec::new();
        while self.unanswered > 0 {
            self.unanswered -= 1;
            let answer = self.answer();
            starting.append(&mut self.step(answer));
        }
        starting
    }

    fn step(&mut self, event: Event) -> Vec<RunKey> {
        let (mut actions, mut starting) = (Vec::new(), Vec::new());
        self.scheduler.step(now(self.minute), event, &mut actions);
        for action in actions {
            match action {
                Action::Store(batch) => {
                    self.store.submit(batch);
                    self.unanswered += 1;
                }
                Action::Spawn(request) => starting.push(request.run),
                _ => {}
            }
        }
        starting
    }

    /// Waits until the store may have an answer, as the loop does.
    fn wait(&self) {
        if let Some(bell) = self.store.readiness() {
            let mut polled = [PollFd::new(bell, PollFlags::POLLIN)];
            // Interrupted or not: it is asked again.
            _ = poll(&mut polled, PollTimeout::NONE);
        }
    }

    fn answer(&mut self) -> Event {
        loop {
            match self.store.next_answer() {
                Some(Answer::Stored(ticket)) => return Event::Stored(ticket),
                Some(Answer::Failed { error, .. }) => panic!("{error}"),
                None => self.wait(),
            }
        }
    }
}

fn now(minute: i64) -> Now {
    let micros = (BEGIN + 60 * minute) * 1_000_000;
    Now {
        wall: WallTime::from_micros(micros),
        boot: BootTime::from_micros(micros),
    }
}

fn median(jobs: usize, store: Box<dyn Store>) -> Duration {
    let mut bench = Bench::new(jobs_file(&[(jobs, "* * * * *")]), store);
    let mut times: Vec<_> = (0..TICKS).map(|_| bench.tick().0).collect();
    bench.store.close();
    times.sort();
    times[times.len() / 2]
}

/// A hundred jobs every minute, for days: 100 runs of each are kept.
fn days() {
    let days: i64 = std::env::var("RSCHED_BENCH_DAYS")
        .ok()
        .and_then(|days| days.parse().ok())
        .unwrap_or(1);
    let directory = tempfile::tempdir().expect("a directory for the store");
    let path = directory.path().join("store.sqlite");
    let jobs = jobs_file(&[(100, "* * * * *")]);
    let mut bench = Bench::new(jobs, sqlite(&path, Durability::Process));
    println!("\n100 jobs every minute, 100 runs of each kept:\n");
    println!("{:>6}  {:>12}  {:>12}", "day", "file", "mean tick");
    for day in 1..=days {
        let mut total = Duration::ZERO;
        for _ in 0..24 * 60 {
            total += bench.tick().0;
        }
        let size = path.metadata().map_or(0, |file| file.len());
        if day == 1 || day % 5 == 0 {
            let mean = total.as_secs_f64() * 1e3 / (24.0 * 60.0);
            println!("{day:>6}  {:>8} KiB  {:>9.2} ms", size / 1024, mean);
        }
    }
    bench.store.close();
}
