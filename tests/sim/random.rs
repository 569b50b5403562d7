//! Worlds made from a seed: random jobs, scripts, sleeps, reloads and store failures.

use crate::checkers;
use crate::death::Death;
use crate::policy::{POOLS, Policy, policy};
use crate::policy_checkers;
use crate::retry_checkers;
use crate::world::{Script, World, cases, id, seconds};
use proptest::prelude::*;
use rsched::scheduler::{Command, Exit, ShutdownRequest};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

#[derive(Clone, Debug)]
struct JobPlan {
    trigger: &'static str,
    max_instances: usize,
    grace: &'static str,
    coalesce: &'static str,
    timeout: Option<u64>,
    jitter: Option<u64>,
    runs_for_ms: u64,
    exit: i32,
    ignores_term: bool,
    spawn_fails: bool,
    policy: Policy,
}

fn job_plan() -> impl Strategy<Value = JobPlan> {
    (
        prop::sample::select(vec![
            "cron = '* * * * *'",
            "cron = '*/5 * * * *'",
            "cron = { second = '*/7' }",
            "interval = '13s'",
            "interval = '1m 30s'",
            "cron = '0 * * * *'",
        ]),
        1..4_usize,
        prop::sample::select(vec!["'10s'", "'1m'", "'10m'", "'forever'"]),
        prop::sample::select(vec!["true", "false", "'earliest'"]),
        prop::option::of(1..60_u64),
        prop::option::of(0..600_u64),
        1..200_000_u64,
        0..2_i32,
        (any::<bool>(), prop::bool::weighted(0.1), policy()),
    )
        .prop_map(
            |(
                trigger,
                max_instances,
                grace,
                coalesce,
                timeout,
                jitter,
                runs_for_ms,
                exit,
                (ignores_term, spawn_fails, policy),
            )| {
                JobPlan {
                    trigger,
                    max_instances,
                    grace,
                    coalesce,
                    timeout,
                    jitter,
                    runs_for_ms,
                    exit,
                    ignores_term,
                    spawn_fails,
                    policy,
                }
            },
        )
}

#[derive(Clone, Debug)]
enum Happening {
    Run(u64),
    Sleep(u64),
    StoreFails(u64),
    StoreTakes(u64),
    Reload,
    PauseAll,
    ResumeAll,
    Trigger(usize),
    Kill(usize),
    KillAny(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1..600_u64).prop_map(Happening::Run),
        1 => (1..7_200_u64).prop_map(Happening::Sleep),
        1 => (1..300_u64).prop_map(Happening::StoreFails),
        1 => (0..5_u64).prop_map(Happening::StoreTakes),
        1 => Just(Happening::Reload),
        1 => Just(Happening::PauseAll),
        2 => Just(Happening::ResumeAll),
        2 => (0..6_usize).prop_map(Happening::Trigger),
        1 => (0..6_usize).prop_map(Happening::Kill),
        1 => (0..9_usize).prop_map(Happening::KillAny),
    ]
}

fn toml_of(plans: &[JobPlan], workers: usize) -> String {
    let mut toml = format!("[executors.default]\nmax_workers = {workers}\n{POOLS}");
    for (index, plan) in plans.iter().enumerate() {
        let JobPlan {
            trigger,
            max_instances,
            grace,
            coalesce,
            ..
        } = plan;
        write!(
            toml,
            "[jobs.job{index}]\n{trigger}\ncommand = 'x'\nmax_instances = {max_instances}\nmisfire_grace_time = {grace}\ncoalesce = {coalesce}\n"
        )
        .unwrap();
        plan.policy.write(&mut toml);
        if let Some(timeout) = plan.timeout {
            writeln!(toml, "timeout = {timeout}").unwrap();
        }
        if let Some(jitter) = plan.jitter {
            writeln!(toml, "jitter = {jitter}").unwrap();
        }
    }
    toml
}

/// Jobs of which the fixed times must never run twice, whatever happens to the clock.
const FIXED: [&str; 3] = ["30 3,9,15 * * *", "*/10 4-6,12-14 * * *", "0 0 * * *"];
/// How far the starts of these are spread.
const SPREAD: [u64; 3] = [7_200, 0, 43_200];

fn fixed_jobs(names: &[&str], is_spread: bool) -> String {
    let mut toml = String::new();
    for ((cron, name), spread) in FIXED.iter().zip(names).zip(SPREAD) {
        let jitter = if is_spread { spread } else { 0 };
        let keys = format!("command = 'x'\nmisfire_grace_time = '10m'\njitter = {jitter}");
        writeln!(toml, "[jobs.{name}]\ncron = '{cron}'\n{keys}").unwrap();
    }
    toml
}

#[derive(Clone, Debug)]
enum ClockHappening {
    Run(u64),
    Sleep(u64),
    Forward(u64),
    Back(u64),
    StoreFails(u64),
    StoreTakes(u64),
    Reload(bool),
    DieAfter(u32, u64),
    /// Nobody tells of it, and it is noticed so much later.
    BackUntold(u64, u64),
    BackWhileDead(u64),
    PowerLoss(u64),
}

fn clock_happening() -> impl Strategy<Value = ClockHappening> {
    prop_oneof![
        4 => (1..20_000_u64).prop_map(ClockHappening::Run),
        1 => (1..20_000_u64).prop_map(ClockHappening::Sleep),
        1 => (1..40_000_000_u64).prop_map(ClockHappening::Forward),
        1 => (1..10_000_u64).prop_map(ClockHappening::Forward),
        1 => (1..10_000_u64).prop_map(ClockHappening::Back),
        1 => (1..40_000_000_u64).prop_map(ClockHappening::Back),
        1 => (1..300_u64).prop_map(ClockHappening::StoreFails),
        1 => (0..5_u64).prop_map(ClockHappening::StoreTakes),
        1 => any::<bool>().prop_map(ClockHappening::Reload),
        1 => (0..20_u32, 1..10_000_u64).prop_map(|(n, down)| ClockHappening::DieAfter(n, down)),
        1 => (1..10_000_u64, 0..100_u64).prop_map(|(by, later)| ClockHappening::BackUntold(by, later)),
        1 => (1..40_000_000_u64).prop_map(ClockHappening::BackWhileDead),
        1 => (1..10_000_u64).prop_map(ClockHappening::PowerLoss),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(300)))]

    #[test]
    fn no_fixed_time_runs_twice_however_the_clock_is_set(
        happenings in prop::collection::vec(clock_happening(), 1..25),
        is_spread: bool,
        early_timers: Option<u64>,
    ) {
        let toml = fixed_jobs(&["a", "b", "c"], is_spread);
        let mut world = World::new("2026-03-01 00:00:00.25", &toml).runs_for("b", seconds(1_000));
        if let Some(seed) = early_timers {
            world.wakes_early(seed, 2);
        }
        for happening in happenings {
            match happening {
                ClockHappening::Run(time) => { world.run_for(seconds(time)); }
                ClockHappening::Sleep(time) => world.sleep_through(seconds(time)),
                ClockHappening::Forward(time) => world.step_clock(|wall| wall + seconds(time)),
                ClockHappening::Back(time) => world.step_clock(|wall| wall - seconds(time)),
                ClockHappening::StoreFails(time) => world.store_fails_for(seconds(time)),
                ClockHappening::StoreTakes(time) => world.store_takes(seconds(time)),
                // The same jobs and one more, or not.
                ClockHappening::Reload(more) => {
                    let extra = if more { "[jobs.extra]\ninterval = '7m'\ncommand = 'x'\n" } else { "" };
                    world.reload(&format!("{toml}{extra}"));
                }
                ClockHappening::DieAfter(actions, down) => {
                    world.kill_scheduler_after(actions);
                    world.run_for(seconds(20_000));
                    world.restart(seconds(down), Death::OfTheScheduler, &toml);
                }
                ClockHappening::BackUntold(time, later) => {
                    world.steps_are_untold();
                    world.step_clock_untold(|wall| wall - seconds(time));
                    world.sleep_through(seconds(later));
                }
                ClockHappening::BackWhileDead(time) => {
                    world.kill_scheduler();
                    world.step_clock_of_the_dead(|wall| wall - seconds(time));
                    world.restart(seconds(1), Death::OfTheScheduler, &toml);
                }
                ClockHappening::PowerLoss(down) => {
                    world.restart(seconds(down), Death::OfTheMachine, &toml);
                }
            }
        }
        world.store_takes(Duration::ZERO);
        world.store_fails_for(Duration::ZERO);
        world.run_for(seconds(30));
        world.shut_down(ShutdownRequest::Wait);
        world.run_for(seconds(3_600));
        prop_assert!(world.has_exited(), "something never drained: {:?}", world.scheduler.status());
        checkers::nothing_starts_without_a_durable_record(&world);
        let fixed: Vec<_> = world.trace.processes.iter().filter(|(job, ..)| job != "extra").collect();
        let distinct: BTreeSet<_> = fixed.iter().map(|(job, fire, ..)| (job, fire)).collect();
        prop_assert_eq!(fixed.len(), distinct.len(), "a fixed time ran twice");
    }

    /// After any history of clock settings, the next fixed time comes within a day and a half.
    #[test]
    fn no_setting_of_the_clock_silences_a_job(
        happenings in prop::collection::vec(clock_happening(), 1..12),
        is_spread: bool,
    ) {
        let toml = fixed_jobs(&["a", "b", "c"], is_spread);
        let mut world = World::new("2026-03-01 00:00:00.25", &toml);
        for happening in happenings {
            match happening {
                ClockHappening::Forward(time) => world.step_clock(|wall| wall + seconds(time)),
                ClockHappening::Back(time) => world.step_clock(|wall| wall - seconds(time)),
                ClockHappening::Run(time) => { world.run_for(seconds(time)); }
                _ => {}
            }
        }
        // A correction of three hours or more: what was only missed counts no more.
        world.step_clock(|wall| wall - seconds(40_000_000));
        let before = world.trace.processes.len();
        world.run_for(seconds(2 * 86_400));
        prop_assert!(world.trace.processes.len() > before, "silent for two days at {:?}", world.now());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(200)))]

    #[test]
    fn the_accounting_holds_in_every_world(
        plans in prop::collection::vec(job_plan(), 1..6),
        workers in 1..6_usize,
        happenings in prop::collection::vec(happening(), 1..20),
        early_timers: Option<u64>,
    ) {
        let toml = toml_of(&plans, workers);
        let start = "2026-03-01 00:00:00.25";
        let mut world = World::new(start, &toml);
        if let Some(seed) = early_timers {
            world.wakes_early(seed, 2);
        }
        let begin = world.wall();
        let names: Vec<String> = (0..plans.len()).map(|index| format!("job{index}")).collect();
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
                Happening::Sleep(time) => world.sleep_through(seconds(time)),
                Happening::StoreFails(time) => world.store_fails_for(seconds(time)),
                Happening::StoreTakes(time) => world.store_takes(seconds(time)),
                Happening::Reload => world.reload(&toml),
                Happening::PauseAll => { world.command(Command::PauseAll); }
                Happening::ResumeAll => { world.command(Command::ResumeAll); }
                Happening::Trigger(job) => { world.command(Command::Trigger(id(&format!("job{job}")))); }
                Happening::Kill(job) => { world.command(Command::KillJob(id(&format!("job{job}")))); }
                Happening::KillAny(index) => {
                    let run = world.scheduler.runs_of(None).get(index).map(|run| run.id);
                    if let Some(run) = run {
                        world.command(Command::Kill(run));
                    }
                }
            }
        }
        world.command(Command::ResumeAll);
        // Faults off: all that is due is judged, then what runs is let finish.
        world.store_takes(Duration::ZERO);
        world.store_fails_for(Duration::ZERO);
        world.run_for(seconds(30));
        policy_checkers::nobody_waits_for_nothing(&world, &toml);
        world.reload("");
        let end = world.wall();
        world.run_for(seconds(400_000));
        world.shut_down(ShutdownRequest::Wait);
        prop_assert!(world.has_exited(), "something never drained: {:?}", world.scheduler.status());

        checkers::check(&world, &toml);
        policy_checkers::equals_start_by_priority(&world, &toml);
        policy_checkers::fires_of_one_job_start_in_their_order(&world, &toml);
        policy_checkers::at_most_one_waits_for_the_others(&world, &toml);
        policy_checkers::who_is_replaced_has_a_successor(&world, &toml);
        policy_checkers::what_may_wait_is_not_skipped(&world, &toml);
        policy_checkers::groups_exclude_each_other(&world, &toml);
        retry_checkers::attempts_follow_the_rules(&world, &toml);
        retry_checkers::nobody_gives_up_too_early(&world, &toml, end);
        checkers::nothing_starts_before_its_planned_start(&world, &toml, begin);
        checkers::every_fire_has_exactly_one_outcome(&world, &toml, begin, end);
        checkers::every_command_is_answered(&world);
        checkers::promised_runs_have_one_outcome(&world);
    }
}

/// The fires that a job has outside of its pauses, as seconds of the day.
fn fires_outside(pauses: &[(u64, u64)], every: u64, length: u64) -> Vec<i64> {
    (1..=length / every)
        .map(|n| n * every)
        .filter(|at| !pauses.iter().any(|(from, until)| from < at && at <= until))
        .map(|at| i64::try_from(at).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(200)))]

    /// A job runs at all fires outside of its pauses, and at no other.
    #[test]
    fn a_paused_job_has_no_fires_and_a_resumed_one_has_all(
        lengths in prop::collection::vec((1..900_u64, 1..900_u64), 1..12),
    ) {
        let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";
        let mut world = World::new("2026-03-01 00:00:00.25", toml);
        let mut pauses = Vec::new();
        let mut time = 0;
        for (running, paused) in lengths {
            world.run_for(seconds(running));
            world.pause("a");
            world.run_for(seconds(paused));
            world.resume("a");
            pauses.push((time + running, time + running + paused));
            time += running + paused;
        }
        prop_assert_eq!(world.starts("a"), fires_outside(&pauses, 60, time));
    }
}
