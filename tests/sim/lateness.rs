//! Late fires: one path for suspend, a stopped scheduler, a paused one and overload.

use crate::checkers;
use crate::death::Death;
use crate::world::{World, at, seconds};
use rsched::scheduler::EventName;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn minutely(keys: &str) -> String {
    format!("[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{keys}")
}

#[test]
fn of_a_backlog_within_grace_the_newest_runs_and_stands_for_the_others() {
    let mut world = World::new(
        "2026-01-01 00:00:30",
        &minutely("misfire_grace_time = '1h'"),
    );
    world.sleep_through(seconds(10 * 60));
    assert_eq!(world.fires("a", EventName::JobCoalesced), 9);
    assert_eq!(world.trace.processes.len(), 1);
    assert_eq!(world.trace.processes[0].1, at("2026-01-01 00:10:00"));
}

#[test]
fn earliest_runs_the_oldest_within_grace() {
    let toml = minutely("misfire_grace_time = '5m'\ncoalesce = 'earliest'");
    let mut world = World::new("2026-01-01 00:00:30", &toml);
    world.sleep_through(seconds(10 * 60));
    assert_eq!(world.fires("a", EventName::JobMissed), 5);
    assert_eq!(world.fires("a", EventName::JobCoalesced), 4);
    assert_eq!(world.trace.processes[0].1, at("2026-01-01 00:06:00"));
}

#[test]
fn a_fire_exactly_at_the_limit_of_its_grace_runs_and_one_later_is_missed() {
    for (late, missed) in [(60, 0), (61, 1)] {
        let toml = "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n";
        let mut world = World::new("2026-01-01 11:59:00", toml);
        world.sleep_through(seconds(60 + late));
        assert_eq!(world.fires("a", EventName::JobMissed), missed);
        assert_eq!(world.trace.processes.len() as u64, 1 - missed);
    }
}

#[test]
fn without_coalescing_the_backlog_runs_in_order_one_after_another() {
    let toml = minutely("misfire_grace_time = '1h'\ncoalesce = false\nmax_instances = 3");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(5));
    world.sleep_through(seconds(4 * 60));
    world.run_for(seconds(25));
    assert_eq!(world.starts("a"), [270, 275, 280, 285]);
    assert_eq!(world.fires("a", EventName::JobMaxInstances), 0);
}

#[test]
fn of_a_year_missed_second_by_second_every_fire_is_counted() {
    let toml = "[jobs.a]\ncron = { second = '*' }\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:00", toml);
    world.sleep_through(seconds(365 * 86_400));
    // The newest 61 are within the grace of one minute; one of them runs for all.
    assert_eq!(world.fires("a", EventName::JobMissed), 365 * 86_400 - 61);
    assert_eq!(world.fires("a", EventName::JobCoalesced), 60);
    assert_eq!(world.trace.processes.len(), 1);
}

#[test]
fn without_coalescing_at_most_a_thousand_run() {
    let toml = "[jobs.a]\ninterval = '1s'\ncommand = 'x'\ncoalesce = false\nmisfire_grace_time = 'forever'\n";
    let mut world = World::new("2026-01-01 00:00:00", toml);
    world.sleep_through(seconds(5_000));
    assert_eq!(world.fires("a", EventName::JobCoalesced), 4_000);
    assert_eq!(world.fires("a", EventName::JobSubmitted), 1_000);
}

#[test]
fn while_the_scheduler_is_paused_nothing_starts() {
    let mut world = World::paused("2026-01-01 00:00:30", &minutely(""));
    world.run_for(seconds(600));
    assert_eq!(
        world.story(),
        ["30 scheduler_started", "30 scheduler_paused"]
    );
}

#[test]
fn ten_thousand_jobs_that_were_all_missed_start_in_order_and_never_more_than_there_are_workers() {
    const JOBS: usize = 10_000;
    let mut toml = String::from("[executors.default]\nmax_workers = 7\n");
    for index in 0..JOBS {
        // In an order that is not that of their ids.
        let second = index * 7919 % 3600;
        let (minute, second) = (second / 60, second % 60);
        writeln!(
            toml,
            "[jobs.j{index:05}]\ncron = {{ hour = 1, minute = {minute}, second = {second} }}\ncommand = 'x'\nmisfire_grace_time = 'forever'"
        )
        .unwrap();
    }
    let mut world = World::new("2026-01-01 00:00:00", &toml);
    world.restart(seconds(3 * 3600), Death::OfTheScheduler, &toml);
    let started = world.wall();
    world.run_for(seconds(60));
    let processes = &world.trace.processes;
    let order: Vec<_> = processes
        .iter()
        .map(|(job, fire, ..)| (*fire, job))
        .collect();
    assert_eq!(order.len(), JOBS);
    assert!(order.is_sorted());
    // What ends in a moment makes room for what starts in it.
    let mut changes: BTreeMap<_, i64> = BTreeMap::new();
    for (_, _, start, end) in processes {
        assert!(*start >= started);
        *changes.entry(*start).or_default() += 1;
        *changes.entry(end.expect("it has ended")).or_default() -= 1;
    }
    let mut running = 0;
    for change in changes.values() {
        running += change;
        assert!((0..=7).contains(&running), "{running} at once");
    }
    checkers::no_fire_runs_twice(&world);
}
