//! Stopping, gently and not.

use crate::world::{Script, World, seconds};
use rsched::scheduler::{EventName, Outcome, ShutdownRequest, StopSignal};

const JOB: &str = "[scheduler]\nshutdown_timeout = '30s'\n[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\nkill_after = '5s'\n";

fn running(runs_for: u64, ignores_term: bool) -> World {
    let script = Script {
        runs_for: seconds(runs_for),
        ignores_term,
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:00:30", JOB).script("a", script);
    world.run_for(seconds(40));
    world
}

fn signals(world: &World) -> Vec<(i64, StopSignal)> {
    world
        .trace
        .signals
        .iter()
        .map(|(at, _, signal)| (at.unix_seconds().rem_euclid(86_400), *signal))
        .collect()
}

#[test]
fn an_idle_scheduler_leaves_at_once() {
    let mut world = World::new("2026-01-01 00:00:30", JOB);
    world.shut_down(ShutdownRequest::Wait);
    assert!(world.has_exited());
    assert_eq!(
        world.story(),
        ["30 scheduler_started", "30 scheduler_shutdown"]
    );
}

#[test]
fn running_jobs_may_finish_and_no_new_ones_start() {
    let mut world = running(25, false);
    world.shut_down(ShutdownRequest::Wait);
    assert!(!world.has_exited());
    world.run_for(seconds(600));
    assert!(world.has_exited());
    assert!(world.trace.signals.is_empty());
    assert_eq!(world.starts("a"), [60]);
}

#[test]
fn after_the_timeout_comes_term_and_then_kill() {
    let mut world = running(600, true);
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(600));
    assert!(world.has_exited());
    assert_eq!(
        signals(&world),
        [(100, StopSignal::Terminate), (105, StopSignal::Kill)]
    );
    assert_eq!(
        world.trace.emitted.iter().find_map(|told| told.outcome),
        Some(Outcome::Killed)
    );
}

#[test]
fn a_start_that_hangs_is_waited_for_no_longer_than_a_run() {
    let script = Script {
        start_takes: seconds(3_600),
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:00:30", JOB).script("a", script);
    world.run_for(seconds(40));
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(29));
    assert!(!world.has_exited());
    world.run_for(seconds(1));
    assert!(world.has_exited());
    let ends = world.trace.emitted.iter().filter_map(|told| told.outcome);
    assert_eq!(ends.collect::<Vec<_>>(), [Outcome::SpawnFailed]);
    assert!(world.starts("a").is_empty());
}

#[test]
fn a_second_request_terminates_and_a_third_kills_at_once() {
    let mut world = running(600, true);
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(1));
    world.shut_down(ShutdownRequest::Terminate);
    world.run_for(seconds(1));
    world.shut_down(ShutdownRequest::Kill);
    world.run_for(seconds(1));
    assert_eq!(
        signals(&world),
        [(71, StopSignal::Terminate), (72, StopSignal::Kill)]
    );
    assert!(world.has_exited());
}

#[test]
fn a_softer_request_does_not_soften() {
    let mut world = running(600, false);
    world.shut_down(ShutdownRequest::Kill);
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(1));
    assert!(world.has_exited());
    assert_eq!(world.trace.signals.len(), 1);
}

#[test]
fn the_last_event_is_the_shutdown() {
    let mut world = running(5, false);
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(60));
    assert_eq!(
        world.trace.emitted.last().unwrap().name,
        EventName::SchedulerShutdown
    );
}
