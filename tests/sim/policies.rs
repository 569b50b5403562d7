//! What the runs of a job are to each other, and to those of other jobs.

use crate::death::Death;
use crate::world::{World, id, seconds};
use rsched::scheduler::{Command, EventName, ShutdownRequest};

const POOLS: &str = "[executors.default]\nmax_workers = 1\n[executors.batch]\nmax_workers = 2\n";

fn nightly(id: &str, keys: &str) -> String {
    format!("[jobs.{id}]\ncron = '0 0 * * *'\ncommand = '{id}'\n{keys}\n")
}

#[test]
fn each_pool_has_its_own_workers_and_its_own_line() {
    let mut toml = POOLS.to_owned();
    for id in ["a", "b", "c"] {
        toml += &nightly(id, "executor = 'batch'");
    }
    toml += &nightly("d", "");
    toml += &nightly("e", "");
    let mut world = World::new("2025-12-31 23:59:59", &toml);
    for id in ["a", "b", "c", "d", "e"] {
        world = world.runs_for(id, seconds(100));
    }
    world.run_for(seconds(500));
    let starts = ["a", "b", "c", "d", "e"].map(|id| world.starts(id)[0]);
    assert_eq!(starts, [0, 0, 100, 0, 100]);
    let executor = |job: &str| {
        let told = world.trace.emitted.iter().find(|told| {
            told.name == EventName::JobStarted && told.job_id.as_ref().unwrap().as_str() == job
        });
        told.unwrap().executor.clone().unwrap().to_string()
    };
    assert_eq!(
        (executor("a"), executor("d")),
        ("batch".into(), "default".into())
    );
}

#[test]
fn of_fires_due_at_the_same_instant_the_highest_priority_is_first_then_the_id() {
    let toml = ["a", "b", "c", "d"]
        .into_iter()
        .zip([0, -1, 5, 0])
        .map(|(id, priority)| nightly(id, &format!("priority = {priority}")))
        .collect::<String>();
    // Due a second before all others, and so ahead of them however low it is.
    let early = "[jobs.early]\ncron = { hour = 23, minute = 59, second = 58 }\ncommand = 'x'\npriority = -9\n";
    let mut world = World::new("2025-12-31 23:59:50", &format!("{POOLS}{toml}{early}"));
    for id in ["a", "b", "c", "d", "early"] {
        world = world.runs_for(id, seconds(10));
    }
    world.run_for(seconds(100));
    let starts = ["early", "c", "a", "d", "b"].map(|id| world.starts(id)[0]);
    assert_eq!(starts, [86_398, 8, 18, 28, 38]);
}

#[test]
fn a_reload_gives_a_pool_more_workers_or_takes_them_away() {
    let jobs = ["a", "b", "c", "d"].map(|id| nightly(id, "executor = 'batch'"));
    let toml = |workers: u32| {
        format!(
            "[executors.batch]\nmax_workers = {workers}\n{}",
            jobs.concat()
        )
    };
    let mut world = World::new("2025-12-31 23:59:59", &toml(1));
    for id in ["a", "b", "c", "d"] {
        world = world.runs_for(id, seconds(100));
    }
    world.run_for(seconds(11));
    world.reload(&toml(3));
    world.run_for(seconds(10));
    world.reload(&toml(1));
    world.run_for(seconds(500));
    let starts = ["a", "b", "c", "d"].map(|id| world.starts(id)[0]);
    // The fourth waits until all but none of the three are gone.
    assert_eq!(starts, [0, 10, 10, 110]);
}

#[test]
fn the_runs_of_a_pool_that_is_gone_go_on_and_new_ones_of_added_jobs_use_the_default() {
    let pool = "[executors.batch]\nmax_workers = 1\n";
    let mut world = World::new("2026-01-01 00:00:30", pool).runs_for("a", seconds(200));
    world.add(
        &format!("{pool}[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\nexecutor = 'batch'\nmax_instances = 3\n"),
        false,
    );
    world.run_for(seconds(100));
    assert_eq!(world.starts("a"), [60]);
    world.reload("");
    world.run_for(seconds(200));
    // The second waits for its old pool's worker; those made since have ten.
    assert_eq!(world.starts("a"), [60, 180, 260, 300]);
    world.shut_down(ShutdownRequest::Kill);
    world.run_for(seconds(1));
    assert!(world.has_exited());
}

#[test]
fn jobs_of_one_group_run_one_after_the_other_and_hold_up_nobody_else() {
    let mut toml = String::from("[executors.default]\nmax_workers = 2\n[executors.other]\n");
    for job in ["a", "b", "d"] {
        toml += &nightly(job, "exclusive = 'db'");
    }
    toml += &nightly("c", "exclusive = 'db'\nexecutor = 'other'");
    toml += &nightly("e", "");
    let mut world = World::new("2025-12-31 23:59:59", &toml);
    for job in ["a", "b", "c", "d", "e"] {
        world = world.runs_for(job, seconds(100));
    }
    world.run_for(seconds(500));
    let starts = ["a", "b", "c", "d", "e"].map(|job| world.starts(job)[0]);
    assert_eq!(starts, [0, 100, 200, 300, 0]);
}

#[test]
fn instances_of_one_job_exclude_each_other_too() {
    let keys = "exclusive = 'db'\nmax_instances = 3\n";
    let toml = format!("[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{keys}");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(100));
    world.run_for(seconds(320));
    assert_eq!(world.starts("a"), [60, 160, 260]);
}

#[test]
fn a_process_that_is_adopted_keeps_its_group_and_who_is_dropped_lets_the_next_in() {
    let toml = ["a", "b", "c"]
        .map(|job| nightly(job, "exclusive = 'db'"))
        .concat();
    let mut world = World::new("2025-12-31 23:59:59", &toml);
    for job in ["a", "b", "c"] {
        world = world.runs_for(job, seconds(100));
    }
    world.run_for(seconds(11));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    world.run_for(seconds(10));
    assert!(world.starts("b").is_empty());
    world.command(Command::KillJob(id("b")));
    world.run_for(seconds(200));
    assert!(world.starts("b").is_empty());
    assert_eq!(world.starts("c"), [100]);
}
