//! What a scheduler works with, its executors and its store, and all of its jobs at once: what is told of them.

use crate::death::Death;
use crate::world::{World, id, seconds};
use rsched::scheduler::{Command, EventName, Refusal, Reply, StoreFailure};

const BATCH: &str = "[executors.batch]\nmax_workers = 1\n";
const MINUTELY: &str = "[jobs.a]\ncron = '* * * * *'\nexecutor = 'batch'\ncommand = 'x'\n";

/// Name, executor and what else is said, of the events from this one on.
fn told(world: &World, from: usize) -> Vec<(&'static str, &str, &str)> {
    let told = world.trace.emitted[from..].iter();
    told.map(|told| {
        let executor = told.executor.as_deref().unwrap_or_default();
        let detail = told.detail.as_deref().unwrap_or_default();
        (told.name.as_str(), executor, detail)
    })
    .collect()
}

/// When events of that name were told, in seconds of the day.
fn told_at(world: &World, name: EventName) -> Vec<i64> {
    let told = world.trace.emitted.iter().filter(|told| told.name == name);
    told.map(|told| told.time.unix_seconds().rem_euclid(86_400))
        .collect()
}

#[test]
fn a_start_tells_first_what_there_is_to_work_with() {
    let world = World::new("2026-01-01 00:00:30", BATCH);
    let default = ("executor_added", "default", "default, 16 workers");
    assert_eq!(
        told(&world, 0),
        [
            ("executor_added", "batch", "batch, 1 worker"),
            default,
            ("jobstore_added", "", "memory"),
            ("scheduler_started", "", ""),
        ]
    );
    let seqs: Vec<u64> = world.trace.emitted.iter().map(|told| told.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
}

#[test]
fn executors_come_before_the_jobs_that_need_them_and_go_after_them() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    let start = world.trace.emitted.len();
    world.reload(&format!("{BATCH}{MINUTELY}"));
    // More workers are no other executor.
    world.reload(&format!("{}{MINUTELY}", BATCH.replace('1', "2")));
    world.reload("");
    let names: Vec<_> = told(&world, start).iter().map(|told| told.0).collect();
    assert_eq!(
        names,
        [
            "executor_added",
            "job_added",
            "job_removed",
            "executor_removed"
        ]
    );
    world.reload(BATCH);
    assert_eq!(
        told(&world, start)[3..],
        [
            ("executor_removed", "batch", "batch"),
            ("executor_added", "batch", "batch, 1 worker"),
        ]
    );
}

#[test]
fn what_runs_in_an_executor_that_is_removed_runs_to_its_end() {
    let files = format!("{BATCH}{MINUTELY}");
    let mut world = World::new("2026-01-01 00:00:30", &files).runs_for("a", seconds(90));
    world.run_for(seconds(40));
    world.reload(&MINUTELY.replace("batch", "default"));
    world.run_for(seconds(90));
    let story = world.story();
    assert_eq!(
        story[1..],
        [
            "60 job_started a",
            "70 job_modified a",
            "70 executor_removed",
            "120 job_max_instances a",
            "150 job_executed a",
        ]
    );
}

#[test]
fn a_removed_executor_is_told_of_though_the_store_fails() {
    let mut world = World::new("2026-01-01 00:00:30", BATCH);
    world.store_takes(seconds(2));
    world.store_fails_for(seconds(60));
    world.reload(&format!("{BATCH}{MINUTELY}"));
    world.reload("[jobs.b]\ncron = '@daily'\ncommand = 'x'\n");
    world.run_for(seconds(200));
    assert_eq!(told_at(&world, EventName::ExecutorRemoved).len(), 1);
}

#[test]
fn a_store_that_was_removed_is_told_of_once_and_again_when_it_is_back() {
    let mut world = World::new("2026-01-01 00:00:30", &format!("{BATCH}{MINUTELY}"));
    world.store_failure = StoreFailure::Gone;
    world.store_fails_for(seconds(100));
    world.run_for(seconds(200));
    let names: Vec<_> = world
        .trace
        .emitted
        .iter()
        .filter(|told| told.job_id.is_none())
        .map(|told| told.name.as_str())
        .skip(4)
        .collect();
    // That it still fails is told once a minute.
    assert_eq!(
        names,
        [
            "jobstore_removed",
            "store_failed",
            "store_failed",
            "jobstore_added"
        ]
    );
    let back = told_at(&world, EventName::JobstoreAdded).pop().unwrap();
    assert!((130..132).contains(&back), "{back}");
}

#[test]
fn a_store_that_only_fails_is_not_removed() {
    let mut world = World::new("2026-01-01 00:00:30", &format!("{BATCH}{MINUTELY}"));
    world.store_fails_for(seconds(100));
    world.run_for(seconds(200));
    assert!(told_at(&world, EventName::JobstoreRemoved).is_empty());
    assert_eq!(told_at(&world, EventName::JobstoreAdded), [30]);
}

#[test]
fn all_jobs_of_no_file_are_removed_at_once_and_each_is_told_of_before() {
    let of_file = "[jobs.stays]\ncron = '@daily'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:30", of_file).runs_for("a", seconds(50));
    let nothing = Reply::Removed {
        removed: 0,
        remaining: 1,
    };
    assert_eq!(world.command(Command::RemoveAll), Some(nothing));
    for job in ["a", "b"] {
        let toml = format!("[jobs.{job}]\ncron = '* * * * *'\ncommand = 'x'\n");
        world.add(&toml, false);
    }
    world.run_for(seconds(40));
    let before = world.trace.emitted.len();
    let both = Reply::Removed {
        removed: 2,
        remaining: 1,
    };
    assert_eq!(world.command(Command::RemoveAll), Some(both));
    let after = &world.trace.emitted[before..];
    let names: Vec<_> = after.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["job_removed", "job_removed", "all_jobs_removed"]);
    assert_eq!(after[2].count, Some(2));
    world.run_for(seconds(600));
    assert_eq!(world.starts("a"), [60]);
    assert_eq!(world.fires("a", EventName::JobExecuted), 1, "it ran on");
    assert!(world.scheduler.job_status(&id("stays")).is_some());
    // What is gone stays gone.
    world.kill_scheduler();
    world.restart(seconds(1), Death::OfTheScheduler, of_file);
    assert!(world.scheduler.job_status(&id("b")).is_none());
}

#[test]
fn all_jobs_are_gone_when_that_is_durable_and_not_before() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    world.add("[jobs.b]\ncron = '@daily'\ncommand = 'x'\n", false);
    world.store_takes(seconds(2));
    assert_eq!(world.command(Command::RemoveAll), None);
    world.run_for(seconds(5));
    let gone = Some(Reply::Removed {
        removed: 1,
        remaining: 0,
    });
    assert_eq!(world.trace.replies.last(), Some(&gone));
    world.store_fails_for(seconds(60));
    world.reload("[jobs.c]\ncron = '@daily'\ncommand = 'x'\n");
    world.run_for(seconds(5));
    let failing = Some(Reply::Refused(Refusal::StoreFailing));
    assert_eq!(world.command(Command::RemoveAll), failing);
}
