//! A store that is slow, or fails.

use crate::checkers;
use crate::world::{World, at, seconds};
use rsched::scheduler::{EventName, StoreFailure};
use std::time::Duration;

const MINUTELY: &str = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";

#[test]
fn nothing_starts_until_its_record_is_durable() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_takes(seconds(5));
    world.run_for(seconds(60));
    assert_eq!(world.starts("a"), [65]);
    checkers::nothing_starts_without_a_durable_record(&world);
}

#[test]
fn while_the_store_fails_fires_are_held_and_then_judged_as_a_backlog() {
    let toml = format!("{MINUTELY}misfire_grace_time = '2m'\n");
    let mut world = World::new("2026-01-01 00:00:30", &toml);
    world.store_fails_for(seconds(10 * 60));
    world.run_for(seconds(9 * 60));
    assert!(world.trace.processes.is_empty(), "a start without a record");
    world.run_for(seconds(60 * 3));
    assert!(
        world
            .story()
            .iter()
            .any(|line| line.ends_with("store_failed"))
    );
    let end = world.wall();
    world.run_for(seconds(1));
    checkers::every_fire_has_exactly_one_outcome(&world, &toml, at("2026-01-01 00:00:30"), end);
    assert!(world.fires("a", EventName::JobMissed) >= 7);
}

#[test]
fn the_end_of_a_run_that_could_not_be_recorded_is_recorded_later() {
    let toml = "[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n";
    let mut world = World::new("2025-12-31 23:59:59", toml).runs_for("a", seconds(10));
    world.run_for(seconds(5));
    world.store_fails_for(seconds(60));
    world.run_for(seconds(120));
    checkers::every_fire_has_exactly_one_outcome(
        &world,
        toml,
        at("2025-12-31 23:59:59"),
        world.wall(),
    );
}

#[test]
fn a_failing_store_is_tried_twice_a_second_and_told_of_every_minute() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_fails_for(Duration::from_secs(3600));
    world.run_for(seconds(630));
    let tries = world.trace.tally.refused_batches;
    assert!(
        (1_180..=1_280).contains(&tries),
        "{tries} tries in ten minutes"
    );
    let told = tellings(&world).len();
    assert!((9..=11).contains(&told), "told {told} times in ten minutes");
}

#[test]
fn each_time_that_the_store_fails_is_told() {
    let mut world = World::new("2026-01-01 00:00:59", MINUTELY);
    for _ in 0..3 {
        world.store_fails_for(seconds(5));
        world.run_for(seconds(60));
    }
    let told = tellings(&world).len();
    assert_eq!(told, 3);
}

#[test]
fn a_store_that_takes_each_probe_and_no_more_fails_twice_a_second_and_is_told_of_every_minute() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_is_nearly_full = true;
    world.run_for(seconds(630));
    let refused = world.trace.tally.refused_batches;
    assert!(
        (1_000..=1_280).contains(&refused),
        "{refused} in ten minutes"
    );
    let told = tellings(&world);
    assert!((9..=11).contains(&told.len()), "{told:?}");
    assert_eq!(told[0], None);
    for times in &told[1..] {
        assert!(times.is_some_and(|times| times >= 50), "{told:?}");
    }
    // A second after there is room again all goes on.
    let before = world.trace.processes.len();
    world.store_is_nearly_full = false;
    world.run_for(Duration::from_millis(1_010));
    assert_eq!((before, world.trace.processes.len()), (0, 1));
}

#[test]
fn that_a_lock_is_lost_or_the_store_taken_away_is_told_each_time() {
    for failure in [StoreFailure::LockLost, StoreFailure::Gone] {
        let mut world = World::new(
            "2026-01-01 00:00:30",
            "[jobs.a]\ncron = { second = '*' }\ncommand = 'x'\n",
        );
        world.store_failure = failure;
        for _ in 0..3 {
            world.store_fails_for(seconds(2));
            world.run_for(seconds(5));
        }
        assert_eq!(tellings(&world), [None; 3], "{failure:?}");
    }
}

/// Each time that it was told that the store failed, with how often it had since the last time.
fn tellings(world: &World) -> Vec<Option<u64>> {
    let told = world.trace.emitted.iter();
    told.filter(|told| told.name == EventName::StoreFailed)
        .map(|told| told.count)
        .collect()
}

const DAILY: &str = "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n";

#[test]
fn a_fire_judged_before_the_clock_was_set_back_is_not_lost_when_its_record_is() {
    let mut world = World::new("2026-01-01 11:59:00", DAILY);
    world.store_takes(seconds(5));
    world.run_for(seconds(62));
    world.store_fails_for(seconds(10));
    world.set_clock("2026-01-01 11:59:30");
    world.run_for(seconds(3600));
    assert_eq!(
        world.trace.processes.len(),
        1,
        "it had no record, so it is still due"
    );
}

#[test]
fn a_backlog_is_not_invented_for_a_trigger_that_changed_while_the_store_failed() {
    let mut world = World::new(
        "2025-12-31 12:00:00",
        "[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n",
    );
    world.store_takes(seconds(5));
    world.run_for(seconds(12 * 3600 + 2));
    world.store_fails_for(seconds(10));
    world.reload(MINUTELY);
    world.run_for(seconds(30));
    assert_eq!(world.fires("a", EventName::JobCoalesced), 0);
    assert_eq!(world.fires("a", EventName::JobMissed), 0);
    assert_eq!(
        world.fires("a", EventName::JobSkipped),
        1,
        "the fire of the old trigger has an outcome too"
    );
}

#[test]
fn a_run_that_was_about_to_start_does_not_start_when_its_job_is_gone() {
    let toml =
        "[executors.default]\nmax_workers = 1\n[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n";
    let both = format!("{toml}[jobs.b]\ncron = '0 0 * * *'\ncommand = 'x'\n");
    let mut world = World::new("2025-12-31 23:59:59", &both).runs_for("a", seconds(30));
    world.run_for(seconds(20));
    // b waits, durably. Its turn comes while the store is slow, and about to fail.
    world.store_takes(seconds(5));
    world.run_for(seconds(12));
    world.store_fails_for(seconds(20));
    world.reload(toml);
    world.run_for(seconds(600));
    assert!(world.starts("b").is_empty());
    assert_eq!(world.fires("b", EventName::JobSkipped), 1);
}

#[test]
fn a_date_that_comes_while_the_store_fails_from_the_first_on_is_made_up_for() {
    let mut world = World::new("2026-01-01 00:00:00", "");
    world.store_fails_for(seconds(60));
    world.reload(
        "[jobs.a]\ndate = '2026-01-01 00:00:10'\ncommand = 'x'\nmisfire_grace_time = '10m'\n",
    );
    world.run_for(seconds(120));
    let starts = world.starts("a");
    assert!(matches!(starts[..], [60..=62]), "{starts:?}");
}

#[test]
fn a_fire_that_comes_while_the_first_record_of_its_job_is_on_its_way_and_fails_is_made_up_for() {
    for toml in [
        "[jobs.a]\ndate = '2026-01-01 00:00:02'\ncommand = 'x'\nmisfire_grace_time = '10m'\n",
        "[jobs.a]\ncommand = 'x'\nmisfire_grace_time = '10m'\n",
    ] {
        let mut world = World::new("2026-01-01 00:00:00", "");
        // The answer comes ten seconds later, and is no.
        world.store_takes(seconds(10));
        world.store_fails_for(seconds(15));
        world.reload(toml);
        world.run_for(seconds(120));
        assert_eq!(world.starts("a").len(), 1, "{toml}");
    }
}
