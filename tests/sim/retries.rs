//! Runs that failed and are tried again.

use crate::checkers;
use crate::death::Death;
use crate::retry_checkers;
use crate::world::{Script, World, at, id, seconds};
use rsched::scheduler::{Command, End, EventName, Exit, Outcome, Record, Reply, ShutdownRequest};

const START: &str = "2026-01-01 00:00:30";

fn hourly(keys: &str) -> String {
    format!("[jobs.a]\ncron = '0 * * * *'\ncommand = 'x'\n{keys}\n")
}

const THREE: &str = "retry = { attempts = 3, delay = '10s', factor = 2, max_delay = '30s' }";

/// Every process takes two seconds and fails, before that attempt.
fn fails_before(attempt: Option<u32>) -> Script {
    Script {
        runs_for: seconds(2),
        exit: Exit::Code(7),
        recovers_at: attempt,
        ..Script::default()
    }
}

fn world(keys: &str, recovers_at: Option<u32>) -> World {
    World::new("2026-01-01 00:59:50", &hourly(keys)).script("a", fails_before(recovers_at))
}

/// The ends on record: which attempt, and how.
fn ends(world: &World) -> Vec<(u32, End)> {
    let records = world.trace.records.iter();
    records
        .filter_map(|record| match record {
            Record::Run(run) => Some((run.attempt, run.end()?.clone())),
            _ => None,
        })
        .collect()
}

fn outcomes(world: &World) -> Vec<(u32, Outcome)> {
    let ends = ends(world).into_iter();
    ends.map(|(attempt, end)| (attempt, end.outcome)).collect()
}

#[test]
fn a_run_that_fails_is_tried_again_with_growing_delays_until_it_succeeds() {
    let mut world = world(THREE, Some(4));
    world.run_for(seconds(600));
    // Each takes 2 s; then 10, 20 and 30 s pass.
    assert_eq!(world.starts("a"), [3600, 3612, 3634, 3666]);
    assert_eq!(outcomes(&world), [(4, Outcome::Succeeded)]);
    let told: Vec<_> = world
        .trace
        .emitted
        .iter()
        .filter(|told| told.name == EventName::JobRetrying)
        .map(|told| (told.attempt, told.exit_code, told.detail.clone().unwrap()))
        .collect();
    let expected = [
        (None, Some(7), "attempt 2 of 4 in 10s"),
        (Some(2), Some(7), "attempt 3 of 4 in 20s"),
        (Some(3), Some(7), "attempt 4 of 4 in 30s"),
    ];
    assert_eq!(
        told,
        expected.map(|(of, code, text)| (of, code, text.to_owned()))
    );
    checkers::every_fire_has_exactly_one_outcome(
        &world,
        &hourly(THREE),
        at("2026-01-01 00:59:50"),
        world.wall(),
    );
    assert!(world.marks_left().is_empty());
}

#[test]
fn when_all_attempts_fail_the_run_has_failed_once() {
    let mut world = world(THREE, None);
    world.run_for(seconds(600));
    assert_eq!(world.starts("a").len(), 4);
    assert_eq!(outcomes(&world), [(4, Outcome::Failed)]);
    assert_eq!(world.fires("a", EventName::JobError), 1);
    let errors = world
        .trace
        .emitted
        .iter()
        .filter(|told| told.outcome == Some(Outcome::Failed));
    assert_eq!(errors.count(), 4, "the attempts are told of");
}

#[test]
fn only_what_is_named_is_tried_again() {
    let on = |what: &str| format!("timeout = '1s'\nretry = {{ attempts = 1, on = ['{what}'] }}");
    for (what, starts) in [("failure", 1), ("timeout", 2)] {
        let mut world = world(&on(what), None);
        world.run_for(seconds(600));
        assert_eq!(world.starts("a").len(), starts, "{what}");
        assert!(
            outcomes(&world)
                .iter()
                .all(|end| end.1 == Outcome::TimedOut)
        );
    }
    let mut world = world("retry = { attempts = 5, on = ['timeout'] }", None);
    world.run_for(seconds(600));
    assert_eq!(world.starts("a").len(), 1);
}

#[test]
fn what_could_not_be_started_is_tried_again_and_what_was_killed_is_not() {
    let script = Script {
        spawn_fails: true,
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:59:50", &hourly(THREE)).script("a", script);
    world.run_for(seconds(600));
    assert_eq!(world.fires("a", EventName::JobRetrying), 3);
    assert_eq!(outcomes(&world), [(4, Outcome::SpawnFailed)]);
    let mut world = self::world(THREE, None);
    world.run_for(seconds(11));
    world.command(Command::KillJob(id("a")));
    world.run_for(seconds(600));
    assert_eq!(world.starts("a").len(), 1);
    assert_eq!(outcomes(&world), [(1, Outcome::Killed)]);
}

#[test]
fn no_attempt_comes_after_the_next_fire() {
    let toml = format!("[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{THREE}\n");
    let mut world = World::new(START, &toml).script("a", fails_before(None));
    world.run_for(seconds(150));
    // 0, 12, 34 after each minute; the fourth would be at 66.
    assert_eq!(world.starts("a"), [60, 72, 94, 120, 132, 154, 180]);
    let ends = ends(&world);
    assert_eq!((ends[0].0, ends[0].1.outcome), (3, Outcome::Failed));
    assert_eq!(
        ends[0].1.detail.as_deref(),
        Some("not tried again: the job's next fire comes first")
    );
    retry_checkers::attempts_follow_the_rules(&world, &toml);
}

#[test]
fn an_attempt_that_waits_for_a_worker_gives_way_to_the_next_fire() {
    let toml = format!(
        "[executors.default]\nmax_workers = 1\n[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{THREE}\n\
         [jobs.b]\ncron = '0 12 * * *'\ncommand = 'x'\n"
    );
    let mut world = World::new(START, &toml)
        .script("a", fails_before(None))
        .runs_for("b", seconds(100));
    world.run_for(seconds(35));
    world.trigger("b").unwrap();
    world.run_for(seconds(105));
    // b has the worker until 165: the second attempt is given up at 120, that fire starts at 165.
    assert_eq!(world.starts("a"), [60, 165]);
    assert_eq!(outcomes(&world)[0], (1, Outcome::Failed));
}

#[test]
fn a_group_is_free_while_one_of_it_waits_for_its_next_attempt() {
    let toml = format!(
        "[executors.default]\nmax_workers = 1\n{}exclusive = 'x'\n[jobs.b]\ncron = '0 * * * *'\ncommand = 'y'\nexclusive = 'x'\n",
        hourly(THREE)
    );
    let mut world = World::new("2026-01-01 00:59:50", &toml)
        .script("a", fails_before(Some(2)))
        .runs_for("b", seconds(100));
    world.run_for(seconds(600));
    assert_eq!(world.starts("b"), [3602]);
    assert_eq!(world.starts("a"), [3600, 3702]);
}

#[test]
fn one_that_waits_for_its_next_attempt_counts_as_an_instance() {
    let mut world = world(&format!("{THREE}\noverlap = 'queue'"), Some(2));
    world.run_for(seconds(15));
    world.trigger("a").unwrap();
    world.run_for(seconds(600));
    assert_eq!(world.starts("a"), [3600, 3612, 3614, 3626]);
}

#[test]
fn a_pending_attempt_keeps_its_due_time_through_deaths_and_boots() {
    for death in [Death::OfTheScheduler, Death::OfTheMachine] {
        let mut world = world(THREE, Some(3));
        world.run_for(seconds(15));
        world.restart(seconds(3), death, &hourly(THREE));
        world.run_for(seconds(10));
        world.restart(seconds(60), death, &hourly(THREE));
        world.run_for(seconds(60));
        // The third was due at 3634, while nothing ran.
        assert_eq!(world.starts("a"), [3600, 3612, 3678], "{death:?}");
        assert_eq!(outcomes(&world), [(3, Outcome::Succeeded)]);
        assert_eq!(world.unfinished_on_disk(), 0);
    }
}

#[test]
fn after_a_restart_past_the_next_fire_or_without_its_job_it_has_failed() {
    for (down, toml) in [(4_000, hourly(THREE)), (3, hourly("")), (3, String::new())] {
        let mut world = world(THREE, None);
        world.run_for(seconds(15));
        world.restart(seconds(down), Death::OfTheScheduler, &toml);
        world.run_for(seconds(2));
        let first = ends(&world).remove(0);
        assert_eq!((first.0, first.1.outcome), (1, Outcome::Failed));
        assert_eq!(first.1.exit_code, Some(7));
        assert!(first.1.detail.unwrap().starts_with("not tried again: "));
    }
}

#[test]
fn it_is_dropped_on_request_and_with_its_job_and_has_failed() {
    let mut world = world(THREE, None);
    world.run_for(seconds(15));
    let run = world.scheduler.runs_of(None)[0].clone();
    assert_eq!((run.attempt, run.process), (2, None));
    assert_eq!(run.retry_at, Some(at("2026-01-01 01:00:12")));
    let reply = world.command(Command::Kill(run.id));
    assert_eq!(reply, Some(Reply::Stopping(vec![run.id])));
    world.run_for(seconds(600));
    assert_eq!(outcomes(&world), [(1, Outcome::Failed)]);
    let mut world = self::world(THREE, None);
    world.run_for(seconds(15));
    world.reload("");
    world.run_for(seconds(600));
    assert_eq!(outcomes(&world), [(1, Outcome::Failed)]);
}

#[test]
fn a_paused_job_goes_on_with_the_run_that_it_has_and_a_shutdown_leaves_it_to_the_next_start() {
    let mut world = world(THREE, Some(3));
    world.run_for(seconds(11));
    world.pause("a");
    world.run_for(seconds(15));
    assert_eq!(world.starts("a"), [3600, 3612]);
    world.shut_down(ShutdownRequest::Wait);
    world.run_for(seconds(5));
    assert!(world.has_exited());
    world.restart(seconds(1), Death::OfTheScheduler, &hourly(THREE));
    world.run_for(seconds(30));
    assert_eq!(world.starts("a"), [3600, 3612, 3634]);
}

#[test]
fn an_attempt_whose_record_the_store_does_not_take_is_made_when_it_does() {
    let mut world = world(THREE, Some(2));
    world.run_for(seconds(15));
    world.store_fails_for(seconds(30));
    world.run_for(seconds(60));
    let starts = world.starts("a");
    assert_eq!((starts.len(), starts[0]), (2, 3600));
    assert!(starts[1] >= 3635, "{starts:?}");
    assert_eq!(outcomes(&world), [(2, Outcome::Succeeded)]);
    checkers::nothing_starts_without_a_durable_record(&world);
}
