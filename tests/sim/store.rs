//! A store that is slow, or fails.

use crate::checkers;
use crate::world::{World, at, seconds};
use rsched::scheduler::EventName;
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
        world.fires("a", EventName::StoreFailed) == 0
            && world
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
fn a_failing_store_is_tried_with_growing_pauses() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_fails_for(Duration::from_secs(3600));
    world.run_for(seconds(630));
    let tries = world
        .story()
        .iter()
        .filter(|line| line.ends_with("store_failed"))
        .count();
    assert!(
        (100..=130).contains(&tries),
        "{tries} tries in ten minutes: about one in five seconds"
    );
}
