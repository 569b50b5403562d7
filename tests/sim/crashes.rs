//! Schedulers that die, at any point, and what the next one makes of it.

use crate::checkers;
use crate::death::Death;
use crate::policy::{POOLS, Policy, policy};
use crate::policy_checkers;
use crate::retry_checkers;
use crate::world::{Script, World, cases, id, seconds};
use proptest::prelude::*;
use rsched::scheduler::{Command, EventName, Exit, Outcome, Record, ShutdownRequest};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

const START: &str = "2026-03-01 00:00:30";

fn minutely(keys: &str) -> String {
    format!("[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{keys}")
}

/// How every run of the job ended, and how many fires ended without one, by outcome.
fn outcomes(world: &World) -> BTreeMap<Outcome, u64> {
    let mut outcomes = BTreeMap::new();
    for record in &world.trace.records {
        match record {
            Record::Run(run) => {
                if let Some(end) = run.end() {
                    *outcomes.entry(end.outcome).or_default() += 1;
                }
            }
            Record::Fires(fires) => {
                *outcomes.entry(fires.outcome).or_default() += fires.range.count;
            }
            _ => {}
        }
    }
    outcomes
}

#[test]
fn fires_missed_while_down_are_a_backlog_of_the_next_scheduler() {
    let toml = minutely("misfire_grace_time = '3m'\n");
    let mut world = World::new(START, &toml);
    world.run_for(seconds(100));
    world.restart(seconds(600), Death::OfTheScheduler, &toml);
    world.run_for(seconds(5));
    // Up to 00:02:10 one ran at each minute; of the ten since, three are within their grace.
    assert_eq!(
        outcomes(&world),
        [
            (Outcome::Succeeded, 3),
            (Outcome::Missed, 7),
            (Outcome::Coalesced, 2)
        ]
        .into()
    );
    assert_eq!(world.starts("a"), [60, 120, 730]);
}

#[test]
fn a_process_that_lives_is_adopted_and_counts() {
    let toml = minutely("misfire_grace_time = '10s'\n");
    let mut world = World::new(START, &toml).runs_for("a", seconds(150));
    world.run_for(seconds(40));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    world.run_for(seconds(180));
    // 00:01 runs until 00:03:30, so 00:02 and 00:03 are skipped.
    assert_eq!(world.starts("a"), [60, 240]);
    assert_eq!(
        outcomes(&world),
        [(Outcome::Succeeded, 1), (Outcome::Skipped, 2)].into()
    );
}

#[test]
fn an_adopted_process_is_stopped_at_its_timeout_counted_from_its_start() {
    let toml = minutely("timeout = '45s'\n");
    let mut world = World::new(START, &toml).runs_for("a", seconds(1_000));
    world.run_for(seconds(40));
    world.restart(seconds(20), Death::OfTheScheduler, &toml);
    world.run_for(seconds(16));
    let (at, _, _) = world.trace.signals[0].clone();
    assert_eq!(at.unix_seconds() % 86_400, 105);
    assert_eq!(outcomes(&world), [(Outcome::TimedOut, 1)].into());
}

#[test]
fn a_process_that_ended_meanwhile_is_lost_and_not_run_again() {
    let toml = minutely("");
    let mut world = World::new(START, &toml).runs_for("a", seconds(15));
    world.run_for(seconds(40));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    world.run_for(seconds(5));
    assert_eq!(outcomes(&world), [(Outcome::Lost, 1)].into());
    assert_eq!(world.starts("a"), [60]);
}

#[test]
fn a_lost_run_is_run_again_if_its_job_wants_that_however_late_it_is() {
    let toml = minutely("on_lost = 'rerun'\nmisfire_grace_time = '1s'\n");
    let mut world = World::new(START, &toml).runs_for("a", seconds(5));
    world.run_for(seconds(32));
    world.restart(seconds(7), Death::OfTheMachine, &toml);
    world.run_for(seconds(10));
    assert_eq!(world.starts("a"), [60, 69]);
    assert_eq!(outcomes(&world), [(Outcome::Succeeded, 1)].into());
    let retrying = world.fires("a", EventName::JobRetrying);
    assert_eq!(retrying, 1);
}

/// What each run of the job that has an end ended as, in the order of their fires, and how often it was
/// tried.
fn ends(world: &World) -> Vec<(Outcome, u32, String)> {
    let mut ends = BTreeMap::new();
    for record in &world.trace.records {
        if let Record::Run(run) = record
            && let Some(end) = run.end()
        {
            let detail = end.detail.clone().unwrap_or_default();
            ends.insert(run.fire_time, (end.outcome, run.attempt, detail));
        }
    }
    ends.into_values().collect()
}

#[test]
fn what_was_lost_ends_so_where_another_fire_of_the_backlog_runs() {
    let toml = minutely("on_lost = 'rerun'\n");
    let mut world = World::new(START, &toml).runs_for("a", seconds(50));
    world.run_for(seconds(32));
    world.restart(seconds(65), Death::OfTheMachine, &toml);
    world.run_for(seconds(10));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    world.run_for(seconds(60));
    assert_eq!(world.starts("a"), [60, 127, 180]);
    let ends = ends(&world);
    let [(Outcome::Lost, 1, detail), (Outcome::Succeeded, 1, _)] = &ends[..2] else {
        panic!("{ends:?}");
    };
    assert!(
        detail.ends_with("not run again: another fire of the same backlog runs"),
        "{detail}"
    );
    checkers::what_ran_is_not_said_not_to_have_run(&world);
}

#[test]
fn what_was_lost_is_known_for_that_through_further_deaths() {
    let toml = minutely("on_lost = 'rerun'\nmisfire_grace_time = '1s'\n");
    let mut world = World::new(START, &toml).runs_for("a", seconds(50));
    world.run_for(seconds(32));
    world.command(Command::PauseAll);
    world.restart(seconds(3), Death::OfTheMachine, &toml);
    world.run_for(seconds(3));
    world.restart(seconds(3), Death::OfTheScheduler, &toml);
    assert_eq!(world.starts("a"), [60]);
    world.command(Command::ResumeAll);
    world.run_for(seconds(55));
    assert_eq!(world.starts("a"), [60, 71]);
    let [(Outcome::Succeeded, 2, _)] = &ends(&world)[..] else {
        panic!("{:?}", ends(&world));
    };
}

#[test]
fn what_was_lost_ends_so_where_its_job_is_paused_removed_or_changed_before_it_runs_again() {
    let toml = minutely("on_lost = 'rerun'\n");
    let other = toml.replace("* * * * *", "*/2 * * * *");
    for (what, next) in [("paused", &*toml), ("removed", ""), ("changed", &other)] {
        let mut world = World::new(START, &toml).runs_for("a", seconds(50));
        world.run_for(seconds(32));
        world.command(Command::PauseAll);
        world.restart(seconds(3), Death::OfTheMachine, &toml);
        match what {
            "paused" => _ = world.pause("a"),
            "removed" => world.reload(next),
            _ => world.restart(seconds(1), Death::OfTheScheduler, next),
        }
        world.run_for(seconds(3));
        let ends = ends(&world);
        let [(Outcome::Lost, 1, detail)] = &ends[..] else {
            panic!("{what}: {ends:?}");
        };
        assert!(detail.contains("; not run again: its job was"), "{detail}");
    }
}

#[test]
fn a_run_that_waited_for_a_worker_comes_back_as_backlog() {
    let toml = format!(
        "[executors.default]\nmax_workers = 1\n{}[jobs.b]\ncron = '* * * * *'\ncommand = 'x'\n",
        minutely("")
    );
    let mut world = World::new(START, &toml).runs_for("a", seconds(50));
    world.run_for(seconds(35));
    assert!(world.starts("b").is_empty());
    world.restart(seconds(5), Death::OfTheScheduler, &toml);
    world.run_for(seconds(43));
    assert_eq!(world.starts("b"), [110], "when the worker is free");
}

#[test]
fn what_came_back_is_coalesced_with_what_came_due_since() {
    let toml = format!(
        "[executors.default]\nmax_workers = 1\n{}[jobs.b]\ncron = '* * * * *'\ncommand = 'x'\nmisfire_grace_time = '10m'\nmax_instances = 9\n",
        minutely("misfire_grace_time = '1s'\n")
    );
    let mut world = World::new(START, &toml).runs_for("a", seconds(95));
    world.run_for(seconds(35));
    world.restart(seconds(100), Death::OfTheScheduler, &toml);
    world.run_for(seconds(5));
    // b's 00:01 came back, 00:02 came due while down: one run for both.
    assert_eq!(world.starts("b"), [165]);
    let coalesced = outcomes(&world)[&Outcome::Coalesced];
    assert_eq!(coalesced, 1);
}

#[test]
fn a_trigger_edited_while_down_makes_no_backlog_and_an_unchanged_one_keeps_its_phase() {
    let before =
        "[jobs.a]\ninterval = '7m'\ncommand = 'x'\n[jobs.b]\ncron = '* * * * *'\ncommand = 'x'\n";
    let after =
        "[jobs.a]\ninterval = '7m'\ncommand = 'y'\n[jobs.b]\ncron = '*/2 * * * *'\ncommand = 'x'\n";
    let mut world = World::new(START, before);
    world.run_for(seconds(40));
    world.restart(seconds(300), Death::OfTheScheduler, after);
    world.run_for(seconds(200));
    assert_eq!(world.starts("a"), [450], "its phase is its first start's");
    assert_eq!(world.starts("b"), [60, 480]);
    assert_eq!(world.fires("b", EventName::JobMissed), 0);
}

#[test]
fn a_job_without_a_trigger_runs_once_in_the_life_of_its_store_and_reboot_once_a_boot() {
    let toml = "[jobs.once]\ncommand = 'x'\n[jobs.boot]\ncron = '@reboot'\ncommand = 'x'\n";
    let mut world = World::new(START, toml);
    for death in [
        Death::OfTheScheduler,
        Death::OfTheMachine,
        Death::OfTheScheduler,
    ] {
        world.run_for(seconds(10));
        world.restart(seconds(10), death, toml);
    }
    world.run_for(seconds(10));
    assert_eq!(world.starts("once"), [30]);
    assert_eq!(world.starts("boot"), [30, 70]);
}

#[test]
fn a_clock_set_back_while_down_runs_nothing_a_second_time() {
    let toml = minutely("misfire_grace_time = '10s'\n").replace("* * * * *", "10 0-22 * * *");
    let mut world = World::new("2026-03-01 00:09:30", &toml);
    world.run_for(seconds(60));
    world.kill_scheduler();
    world.step_clock_of_the_dead(|wall| wall - seconds(300));
    world.restart(seconds(60), Death::OfTheScheduler, &toml);
    world.run_for(seconds(4_000));
    assert_eq!(world.starts("a"), [600, 4_200]);
}

#[test]
fn pauses_and_jobs_added_at_run_time_outlive_the_scheduler() {
    let toml = minutely("");
    let mut world = World::new(START, &toml);
    world.pause("a");
    world.add("[jobs.added]\ncron = '* * * * *'\ncommand = 'x'\n", false);
    world.run_for(seconds(10));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    world.run_for(seconds(20));
    assert!(world.starts("a").is_empty());
    assert_eq!(world.starts("added"), [60]);
    world.command(Command::PauseAll);
    world.restart(seconds(1), Death::OfTheMachine, &toml);
    world.resume("a");
    world.run_for(seconds(130));
    assert!(world.starts("a").is_empty(), "all of it is paused still");
    world.command(Command::ResumeAll);
    world.run_for(seconds(60));
    assert!(!world.starts("a").is_empty());
}

#[test]
fn a_job_that_is_gone_from_the_file_is_watched_to_its_end() {
    let mut world = World::new(START, &minutely("")).runs_for("a", seconds(100));
    world.run_for(seconds(40));
    world.restart(seconds(10), Death::OfTheScheduler, "");
    world.run_for(seconds(100));
    assert_eq!(outcomes(&world), [(Outcome::Succeeded, 1)].into());
}

#[derive(Clone, Debug)]
enum Happening {
    Run(u64),
    StoreFails(u64),
    StoreTakes(u64),
    DieAfter(u32, u64, u64),
    Restart(u64),
    PowerLoss(u64),
    StopAndStart(u64),
    ClockForward(u64),
    Sleep(u64),
    Trigger(usize),
    Kill(usize),
    PauseAll,
    ResumeAll,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1..400_u64).prop_map(Happening::Run),
        1 => (1..100_u64).prop_map(Happening::StoreFails),
        1 => (0..3_u64).prop_map(Happening::StoreTakes),
        4 => (0..30_u32, 1..300_u64, 0..400_u64).prop_map(|(n, run, down)| Happening::DieAfter(n, run, down)),
        1 => (0..2_000_u64).prop_map(Happening::Restart),
        1 => (1..2_000_u64).prop_map(Happening::PowerLoss),
        1 => (0..500_u64).prop_map(Happening::StopAndStart),
        1 => (2..5_000_u64).prop_map(Happening::ClockForward),
        1 => (2..5_000_u64).prop_map(Happening::Sleep),
        1 => (0..5_usize).prop_map(Happening::Trigger),
        1 => (0..5_usize).prop_map(Happening::Kill),
        1 => Just(Happening::PauseAll),
        2 => Just(Happening::ResumeAll),
    ]
}

#[derive(Clone, Debug)]
struct Plan {
    trigger: &'static str,
    grace: u64,
    coalesce: &'static str,
    max_instances: usize,
    runs_for_ms: u64,
    exit: i32,
    jitter: Option<u64>,
    timeout: Option<u64>,
    spawn_fails: bool,
    ignores_term: bool,
    on_lost: &'static str,
    policy: Policy,
}

fn plan() -> impl Strategy<Value = Plan> {
    let triggers = prop::sample::select(vec![
        "cron = '* * * * *'",
        "cron = '*/5 * * * *'",
        "interval = '13s'",
        "cron = { second = '*/7' }",
    ]);
    let coalesce = prop::sample::select(vec!["true", "false", "'earliest'"]);
    (
        triggers,
        1..900_u64,
        coalesce,
        1..4_usize,
        (1..150_000_u64, 0..2_i32),
        prop::option::of(0..200_u64),
        prop::option::of(1..100_u64),
        prop::bool::weighted(0.1),
        (
            any::<bool>(),
            prop::sample::select(vec!["keep", "keep", "rerun"]),
        ),
        policy(),
    )
        .prop_map(
            |(
                trigger,
                grace,
                coalesce,
                max_instances,
                (runs_for_ms, exit),
                jitter,
                timeout,
                spawn_fails,
                (ignores_term, on_lost),
                policy,
            )| Plan {
                trigger,
                grace,
                coalesce,
                max_instances,
                runs_for_ms,
                exit,
                jitter,
                timeout,
                spawn_fails,
                ignores_term,
                on_lost,
                policy,
            },
        )
}

fn toml_of(plans: &[Plan], workers: usize) -> String {
    let mut toml = format!("[executors.default]\nmax_workers = {workers}\n{POOLS}");
    for (index, plan) in plans.iter().enumerate() {
        let Plan {
            trigger,
            grace,
            coalesce,
            max_instances,
            on_lost,
            ..
        } = plan;
        let key = |name, value: Option<u64>| {
            value.map_or(String::new(), |value| format!("{name} = {value}\n"))
        };
        let jitter = key("jitter", plan.jitter) + &key("timeout", plan.timeout);
        write!(
            toml,
            "[jobs.job{index}]\n{trigger}\ncommand = 'x'\nmisfire_grace_time = {grace}\ncoalesce = {coalesce}\nmax_instances = {max_instances}\non_lost = '{on_lost}'\n{jitter}"
        )
        .unwrap();
        plan.policy.write(&mut toml);
    }
    toml
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(400)))]

    /// Whenever a scheduler dies, between any two of its actions, and whatever the store was doing:
    /// nothing runs twice, and every fire has one outcome on the disk.
    #[test]
    fn the_accounting_holds_through_every_death(
        plans in prop::collection::vec(plan(), 1..5),
        workers in 1..5_usize,
        happenings in prop::collection::vec(happening(), 1..16),
        early_timers: Option<u64>,
    ) {
        let toml = toml_of(&plans, workers);
        let mut world = World::new("2026-03-01 00:00:00.25", &toml);
        if let Some(seed) = early_timers {
            world.wakes_early(seed, 2);
        }
        let begin = world.wall();
        let names: Vec<_> = (0..plans.len()).map(|index| format!("job{index}")).collect();
        for (name, plan) in names.iter().zip(&plans) {
            world = world.script(name, Script {
                runs_for: Duration::from_millis(plan.runs_for_ms),
                exit: Exit::Code(plan.exit),
                ignores_term: plan.ignores_term,
                spawn_fails: plan.spawn_fails,
                start_takes: Duration::from_millis(plan.policy.start_takes),
                recovers_at: plan.policy.recovers_at,
            });
        }
        for happening in happenings {
            match happening {
                Happening::Run(time) => { world.run_for(seconds(time)); }
                Happening::ClockForward(time) => world.step_clock(|wall| wall + seconds(time)),
                Happening::Sleep(time) => world.sleep_through(seconds(time)),
                Happening::Trigger(job) => { world.command(Command::Trigger(id(&format!("job{job}")))); }
                Happening::Kill(job) => { world.command(Command::KillJob(id(&format!("job{job}")))); }
                Happening::PauseAll => { world.command(Command::PauseAll); }
                Happening::ResumeAll => { world.command(Command::ResumeAll); }
                Happening::StoreFails(time) => world.store_fails_for(seconds(time)),
                Happening::StoreTakes(time) => world.store_takes(seconds(time)),
                Happening::DieAfter(actions, run, down) => {
                    world.kill_scheduler_after(actions);
                    world.run_for(seconds(run));
                    world.restart(seconds(down), Death::OfTheScheduler, &toml);
                }
                Happening::Restart(down) => world.restart(seconds(down), Death::OfTheScheduler, &toml),
                Happening::PowerLoss(down) => world.restart(seconds(down), Death::OfTheMachine, &toml),
                Happening::StopAndStart(down) => {
                    world.shut_down(ShutdownRequest::Wait);
                    world.run_for(seconds(200));
                    prop_assert!(world.has_exited(), "{:?}", world.scheduler.status());
                    world.restart(seconds(down), Death::OfTheScheduler, &toml);
                }
            }
        }
        world.store_takes(Duration::ZERO);
        world.store_fails_for(Duration::ZERO);
        world.run_for(seconds(30));
        world.command(Command::ResumeAll);
        world.run_for(seconds(30));
        policy_checkers::nobody_waits_for_nothing(&world, &toml);
        world.reload("");
        let end = world.wall();
        world.run_for(seconds(400_000));
        world.shut_down(ShutdownRequest::Wait);
        world.run_for(seconds(10));
        prop_assert!(world.has_exited(), "something never drained: {:?}", world.scheduler.status());

        checkers::nothing_starts_without_a_durable_record(&world);
        checkers::nothing_starts_early(&world);
        checkers::nothing_starts_before_its_planned_start(&world, &toml, begin);
        checkers::no_fire_runs_twice(&world);
        checkers::instances_stay_within_limits(&world, &toml);
        policy_checkers::what_may_wait_is_not_skipped(&world, &toml);
        policy_checkers::groups_exclude_each_other(&world, &toml);
        retry_checkers::attempts_follow_the_rules(&world, &toml);
        checkers::every_fire_has_exactly_one_outcome(&world, &toml, begin, end);
        checkers::only_late_fires_are_missed(&world, &toml, begin);
        checkers::only_what_ran_is_lost(&world);
        checkers::what_ran_is_not_said_not_to_have_run(&world);
        checkers::promised_runs_have_one_outcome(&world);
        prop_assert!(world.marks_left().is_empty(), "marks of ended runs: {:?}", world.marks_left());
        prop_assert!(world.unfinished_on_disk() == 0);
    }
}
