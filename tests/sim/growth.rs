//! A thousand jobs for thirty days, each with all that a day can bring: what the scheduler holds stays what it was.
//!
//! `RSCHED_SIM_FACTOR` multiplies the days.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe to implement, and only one that counts can tell"
)]

use crate::checkers;
use crate::world::{Script, Trace, World, cases, id, seconds};
use rsched::scheduler::{Command, Exit, Reply, Scheduler};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    /// Without a destructor and known when it is compiled: reading it allocates nothing.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + layout.size());
        // SAFETY: as this function's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as this function's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How many bytes this thread asks for in the course of it.
pub fn bytes_asked<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = ASKED.get();
    let result = work();
    (ASKED.get() - before, result)
}

/// How many bytes all that a scheduler holds takes: so many it takes to copy it.
fn weight(scheduler: &Scheduler) -> usize {
    bytes_asked(|| scheduler.clone()).0
}

const JOBS: usize = 1_000;

/// Each kind of job: how many, its keys, and how its processes run.
const KINDS: [(&str, usize, &str); 7] = [
    ("daily", 900, "cron = 'H H * * *'"),
    ("hourly", 8, "cron = 'H * * * *'\njitter = '5m'"),
    ("often", 2, "cron = '*/10 * * * *'"),
    (
        "failing",
        40,
        "cron = '0 3,9 * * *'\nretry = { attempts = 3, delay = '10s' }",
    ),
    (
        "crowded",
        20,
        "cron = '*/30 0-11 * * *'\noverlap = 'replace'\nmax_instances = 2",
    ),
    (
        "queued",
        10,
        "cron = '*/30 0-11 * * *'\noverlap = 'queue'\nexecutor = 'narrow'",
    ),
    (
        "exclusive",
        20,
        "interval = '6h'\nexclusive = 'one'\ncoalesce = false",
    ),
];

fn toml(day: u32) -> String {
    let mut toml =
        "[executors.narrow]\nmax_workers = 4\n[executors.default]\nmax_workers = 50\n".to_owned();
    for (kind, count, keys) in KINDS {
        for number in 0..count {
            writeln!(toml, "[jobs.{kind}-{number}]\ncommand = 'x'\n{keys}").unwrap();
        }
    }
    // A reload changes one trigger, and the words of another job.
    let minute = day % 60;
    toml.replacen(
        "'H H * * *'",
        &format!("'{minute} 7 * * *'\ntags = ['{day}']"),
        1,
    )
}

fn world() -> World {
    let mut world = World::new("2026-01-01 00:00:00", &toml(0));
    for (kind, count, _) in KINDS {
        let runs_for = match kind {
            "crowded" | "queued" => Duration::from_secs(45 * 60),
            "exclusive" => seconds(60),
            _ => Duration::from_millis(10),
        };
        let exit = if kind == "failing" {
            Exit::Code(1)
        } else {
            Exit::Code(0)
        };
        for number in 0..count {
            let script = Script {
                runs_for,
                exit,
                ..Script::default()
            };
            world = world.script(&format!("{kind}-{number}"), script);
        }
    }
    world
}

/// A day: the store fails, jobs and the scheduler are paused, runs are asked for and stopped, jobs come and go,
/// a reload, a suspend, and a clock that is set back and put right.
fn live_through(world: &mut World, day: u32) {
    let hour = seconds(3600);
    world.run_for(hour);
    world.store_fails_for(seconds(90));
    world.run_for(hour * 2);
    world.sleep_through(hour);
    world.run_for(hour * 2);
    world.reload(&toml(day));
    let done = Some(Reply::Done);
    assert_eq!(world.pause("often-0"), done);
    assert_eq!(world.command(Command::PauseAll), done);
    world.run_for(hour);
    assert_eq!(world.command(Command::ResumeAll), done);
    assert_eq!(world.resume("often-0"), done);
    let added = "[jobs.added]\ninterval = '7m'\ncommand = 'x'\n";
    assert_eq!(world.add(added, false), done);
    let once = format!("[jobs.once-{day}]\ncommand = 'x'\n");
    assert_eq!(world.add(&once, false), done);
    world.trigger("daily-7").unwrap();
    world.command(Command::KillJob(id("crowded-0")));
    world.run_for(hour * 3);
    world.step_clock(|wall| wall - Duration::from_secs(600));
    world.run_for(hour);
    world.step_clock(|wall| wall + Duration::from_secs(600));
    assert_eq!(world.command(Command::Remove(id("added"))), done);
    world.run_for(hour * 13);
}

#[test]
fn i3_a_thousand_jobs_for_thirty_days_do_not_grow_the_scheduler() {
    let days = cases(30);
    // What was judged before the clock was set back is remembered of so many settings.
    let warm_up = 18;
    let mut world = world();
    // Each day ends half an hour before midnight, between two minutes: nothing is under way.
    world.run_for(seconds(84_630));
    let mut weights = Vec::new();
    let (mut runs, mut events) = (0, 0);
    for day in 0..days {
        live_through(&mut world, day);
        let left = world.scheduler.runs_of(None);
        assert!(left.is_empty(), "day {day}: {left:?}");
        assert_eq!(world.scheduler.overview().jobs, JOBS);
        assert_eq!(world.marks_left().len(), 0);
        assert_eq!(world.unfinished_on_disk(), 0);
        weights.push(weight(&world.scheduler));
        checkers::nothing_starts_without_a_durable_record(&world);
        checkers::no_run_starts_or_ends_twice(&world);
        runs += world.trace.processes.len();
        events += world.trace.emitted.len();
        let tally = std::mem::take(&mut world.trace.tally);
        world.trace = Trace {
            tally,
            ..Trace::default()
        };
    }
    println!("{days} days, {runs} runs, {events} events; bytes held: {weights:?}");
    let (before, after) = weights.split_at(warm_up);
    let (most, later) = (before.iter().max().unwrap(), after.iter().max().unwrap());
    // A job more or less has its own stretches of time.
    assert!(*later <= most + 2_000, "{most} bytes became {later}");
}
