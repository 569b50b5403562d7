//! `max_instances`, the pool, timeouts.

use crate::world::{SECOND, Script, World, seconds};
use rsched::scheduler::{EventName, Exit, Outcome, StopSignal};
use std::fmt::Write as _;
use std::time::Duration;

const EVERY_5_S: &str = r#"
[jobs.slow]
cron = { second = "*/5" }
command = "sleep 6"
"#;

#[test]
fn a_fire_that_finds_its_job_running_is_skipped_with_an_event() {
    let mut world = World::new("2026-01-01 00:00:00.5", EVERY_5_S).runs_for("slow", seconds(6));
    world.run_for(seconds(25));
    assert_eq!(world.starts("slow"), [5, 15, 25]);
    assert_eq!(world.fires("slow", EventName::JobMaxInstances), 2);
}

#[test]
fn with_two_instances_both_run() {
    let toml = format!("{EVERY_5_S}max_instances = 2\n");
    let mut world = World::new("2026-01-01 00:00:00.5", &toml).runs_for("slow", seconds(6));
    world.run_for(seconds(25));
    assert_eq!(world.starts("slow"), [5, 10, 15, 20, 25]);
    assert_eq!(world.fires("slow", EventName::JobMaxInstances), 0);
}

#[test]
fn runs_that_find_no_worker_wait_for_one_and_are_never_dropped() {
    let mut toml = String::from("[executors.default]\nmax_workers = 2\n");
    for name in ["a", "b", "c", "d", "e"] {
        writeln!(toml, "[jobs.{name}]\ncron = '0 0 1 1 *'\ncommand = 'true'").unwrap();
    }
    let mut world = World::new("2025-12-31 23:59:59", &toml);
    for name in ["a", "b", "c", "d", "e"] {
        world = world.runs_for(name, seconds(10 * 60));
    }
    world.run_for(seconds(3 * 3600));
    let starts: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|name| world.starts(name))
        .concat();
    assert_eq!(
        starts,
        [0, 0, 600, 600, 1200],
        "in the order of their ids, far beyond the grace of 1 m"
    );
}

#[test]
fn a_job_over_its_timeout_gets_term_then_kill() {
    let toml = r#"
[jobs.stuck]
cron = "* * * * *"
command = "stuck"
timeout = "20s"
kill_after = "5s"
"#;
    let script = Script {
        runs_for: seconds(3600),
        ignores_term: true,
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:00:30", toml).script("stuck", script);
    world.run_for(seconds(60));
    let signals: Vec<_> = world
        .trace
        .signals
        .iter()
        .map(|(at, _, signal)| (at.unix_seconds().rem_euclid(86_400), *signal))
        .collect();
    assert_eq!(
        signals,
        [(80, StopSignal::Terminate), (85, StopSignal::Kill)]
    );
    let end = world
        .trace
        .emitted
        .iter()
        .find(|told| told.name == EventName::JobError)
        .unwrap();
    assert_eq!(end.outcome, Some(Outcome::TimedOut));
    assert_eq!(end.signal, Some(9));
    assert_eq!(end.duration, Some(seconds(25)));
}

#[test]
fn every_way_to_end_has_its_own_outcome() {
    for (script, outcome, code, signal) in [
        (Script::default(), Outcome::Succeeded, Some(0), None),
        (
            Script {
                exit: Exit::Code(3),
                ..Script::default()
            },
            Outcome::Failed,
            Some(3),
            None,
        ),
        (
            Script {
                exit: Exit::Signal {
                    number: 11,
                    core_dumped: true,
                },
                ..Script::default()
            },
            Outcome::Failed,
            None,
            Some(11),
        ),
        (
            Script {
                spawn_fails: true,
                ..Script::default()
            },
            Outcome::SpawnFailed,
            None,
            None,
        ),
    ] {
        let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";
        let mut world = World::new("2026-01-01 00:00:30", toml).script("a", script);
        world.run_for(SECOND * 40);
        let end = world.trace.emitted.last().unwrap();
        assert_eq!(
            (end.outcome, end.exit_code, end.signal),
            (Some(outcome), code, signal)
        );
    }
}

#[test]
fn a_run_succeeded_with_the_codes_that_its_job_says() {
    let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\nsuccess_codes = [3, 255]\n";
    for (code, outcome) in [
        (3, Outcome::Succeeded),
        (255, Outcome::Succeeded),
        (0, Outcome::Failed),
        (4, Outcome::Failed),
    ] {
        let script = Script {
            exit: Exit::Code(code),
            ..Script::default()
        };
        let mut world = World::new("2026-01-01 00:00:30", toml).script("a", script);
        world.run_for(SECOND * 40);
        let end = world.trace.emitted.last().unwrap();
        assert_eq!((end.outcome, end.exit_code), (Some(outcome), Some(code)));
    }
}

#[test]
fn a_disabled_job_never_fires() {
    let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\nenabled = false\n";
    let mut world = World::new("2026-01-01 00:00:30", toml);
    world.run_for(seconds(600));
    assert_eq!(world.story(), ["30 scheduler_started"]);
}

#[test]
fn a_job_without_trigger_runs_once_and_is_finished() {
    let mut world = World::new("2026-01-01 00:00:30", "[jobs.a]\ncommand = 'x'\n");
    world.run_for(seconds(600));
    assert_eq!(
        world.story(),
        [
            "30 scheduler_started",
            "30 job_started a",
            "30 job_executed a",
            "30 job_finished a"
        ]
    );
}

#[test]
fn a_second_fire_shorter_than_a_tick_later_is_its_own() {
    let toml = "[jobs.a]\ninterval = '1ms'\ncommand = 'x'\n";
    let mut world =
        World::new("2026-01-01 00:00:00", toml).runs_for("a", Duration::from_micros(100));
    world.run_for(SECOND);
    assert_eq!(world.starts("a").len(), 1000);
}
