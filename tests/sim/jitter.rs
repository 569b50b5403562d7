//! Starts that are spread: later than the fire time, the same ones every time, and none lost.

use crate::checkers::planned_starts;
use crate::world::{World, at, seconds};
use rsched::scheduler::{EventName, Outcome};
use rsched::time::WallTime;
use std::time::Duration;

const START: &str = "2026-01-01 11:59:00";

/// A daily job at noon, spread over an hour.
fn daily(keys: &str) -> String {
    format!("[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\njitter = '1h'\n{keys}\n")
}

fn noon() -> WallTime {
    at("2026-01-01 12:00:00")
}

/// How long after noon the first run is to start.
fn delay(toml: &str) -> Duration {
    let (_, start) = planned_starts(toml, at(START), "a")[0];
    let delay = start.saturating_since(noon());
    assert!(
        seconds(10) < delay && delay < seconds(3590),
        "a seed that tests nothing: {delay:?}"
    );
    delay
}

#[test]
fn a_run_starts_exactly_at_its_planned_start_and_is_that_of_its_fire_time() {
    let mut world = World::new(START, &daily(""));
    world.run_for(seconds(2 * 86_400));
    let ran: Vec<_> = world
        .trace
        .processes
        .iter()
        .map(|run| (run.1, run.2))
        .collect();
    let planned = planned_starts(&daily(""), at(START), "a");
    assert_eq!(ran, planned[..2]);
    assert_eq!(ran[0].0, noon());
    assert!(
        world
            .trace
            .emitted
            .iter()
            .all(|told| told.late_by.unwrap_or_default().is_zero())
    );
}

#[test]
fn it_is_the_seed_that_spreads_machines() {
    let first = |keys: &str| {
        planned_starts(
            &format!("[scheduler]\n{keys}\n{}", daily("")),
            at(START),
            "a",
        )[0]
    };
    assert_eq!(first(""), first("seed = ''"), "the machine's id");
    assert_eq!(
        first(""),
        first("seed = 'machine'"),
        "what the tests say it is"
    );
    assert_ne!(first(""), first("seed = 'other'"));
}

#[test]
fn lateness_counts_from_the_planned_start() {
    let toml = daily("misfire_grace_time = '30s'");
    for (late, missed) in [(30, 0), (31, 1)] {
        let mut world = World::new(START, &toml);
        world.sleep_through(seconds(60) + delay(&toml) + seconds(late));
        assert_eq!(world.fires("a", EventName::JobMissed), missed);
        assert_eq!(world.trace.processes.len() as u64, 1 - missed);
        let told = world.trace.emitted.last().unwrap();
        let late_by = world.trace.emitted.iter().find_map(|told| told.late_by);
        assert_eq!(late_by, Some(seconds(late)), "{told:?}");
    }
}

#[test]
fn woken_between_fire_time_and_planned_start_nothing_happens() {
    let mut world = World::new(START, &daily(""));
    world.sleep_through(seconds(65));
    assert!(world.trace.processes.is_empty());
    world.run_for(seconds(3600));
    assert_eq!(world.trace.processes[0].2, noon() + delay(&daily("")));
}

#[test]
fn of_a_backlog_the_fire_that_is_still_to_start_is_not_part() {
    let toml =
        "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\njitter = '50s'\nmisfire_grace_time = '1h'\n";
    let begin = at("2026-01-01 00:00:30");
    let planned = planned_starts(toml, begin, "a");
    for woken in 0..120 {
        let mut world = World::new("2026-01-01 00:00:30", toml);
        world.sleep_through(seconds(600 + woken));
        let due = planned
            .iter()
            .filter(|(_, start)| *start <= world.wall())
            .count();
        let (newest, _) = planned[due - 1];
        assert_eq!(world.trace.processes[0].1, newest);
        assert_eq!(world.fires("a", EventName::JobCoalesced), due as u64 - 1);
    }
}

#[test]
fn setting_the_clock_back_makes_no_start_twice_and_loses_none() {
    let toml = daily("");
    let delay = delay(&toml);
    // Once while the start is to come, once after it.
    for wait in [delay / 2, delay + seconds(1)] {
        let mut world = World::new(START, &toml);
        world.run_for(seconds(60) + wait);
        world.set_clock("2026-01-01 11:30:00");
        world.run_for(seconds(3 * 3600));
        let starts: Vec<_> = world.trace.processes.iter().map(|run| run.2).collect();
        assert_eq!(starts, [noon() + delay], "after {wait:?}");
    }
}

#[test]
fn set_back_to_between_fire_time_and_planned_start_it_still_starts_once() {
    let toml = daily("");
    let delay = delay(&toml);
    for wait in [delay.saturating_sub(seconds(1)), delay + seconds(1)] {
        let mut world = World::new(START, &toml);
        world.run_for(seconds(60) + wait);
        world.step_clock(|wall| wall - seconds(4));
        world.run_for(seconds(3 * 3600));
        assert_eq!(world.trace.processes.len(), 1);
    }
}

#[test]
fn a_reload_neither_loses_nor_repeats_a_start_that_is_to_come() {
    let toml = daily("");
    let changed = [
        ("the same", toml.clone()),
        ("another job", format!("{toml}[jobs.b]\ncommand = 'x'\n")),
        ("another command", toml.replace("'x'", "'y'")),
        ("another jitter", toml.replace("'1h'", "'2h'")),
        ("no jitter", toml.replace("jitter", "# jitter")),
        (
            "another seed",
            format!("[scheduler]\nseed = 'other'\n{toml}"),
        ),
    ];
    for (what, new) in changed {
        for wait in [seconds(61), seconds(60) + delay(&toml) + seconds(1)] {
            let mut world = World::new(START, &toml);
            world.run_for(wait);
            world.reload(&new);
            world.run_for(seconds(3 * 3600));
            let runs = world.trace.processes.iter().filter(|run| run.0 == "a");
            assert_eq!(runs.count(), 1, "{what}, after {wait:?}");
        }
    }
}

#[test]
fn a_start_that_is_to_come_is_skipped_by_name_when_its_schedule_goes() {
    for new in ["", "[jobs.a]\ncron = '0 13 * * *'\ncommand = 'x'\n"] {
        let mut world = World::new(START, &daily(""));
        world.run_for(seconds(61));
        world.reload(new);
        let told = world
            .trace
            .emitted
            .iter()
            .find(|told| told.name == EventName::JobSkipped);
        let told = told.unwrap();
        assert_eq!(told.fire_time, Some(noon()));
        assert_eq!(told.outcome, Some(Outcome::Skipped));
    }
}

#[test]
fn an_interval_with_jitter_keeps_its_pace() {
    let toml = "[jobs.a]\ninterval = '10m'\ncommand = 'x'\njitter = '5m'\n";
    let mut world = World::new("2026-01-01 00:00:00", toml);
    world.run_for(seconds(86_400 + 300));
    let fires: Vec<_> = world.trace.processes.iter().map(|run| run.1).collect();
    let expected: Vec<_> = (1..=144)
        .map(|n| at("2026-01-01") + seconds(600 * n))
        .collect();
    assert_eq!(fires, expected);
}

#[test]
fn a_jitter_longer_than_the_period_ends_at_the_next_fire() {
    let toml = "[scheduler]\nallow = ['jitter_over_period']\n[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\njitter = '1h'\n";
    let mut world = World::new("2026-01-01 00:00:30", toml).runs_for("a", Duration::ZERO);
    world.run_for(seconds(3600));
    for (_, fire, start, _) in &world.trace.processes {
        assert!(*start <= *fire + seconds(60));
    }
    assert!(world.trace.processes.len() >= 58);
}
