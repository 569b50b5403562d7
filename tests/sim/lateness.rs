//! Late fires: one path for suspend, a stopped scheduler, a paused one and overload.

use crate::checkers;
use crate::death::Death;
use crate::growth::bytes_asked;
use crate::world::{World, at, seconds};
use rsched::scheduler::{Action, Event, EventName, Record, RunState};
use rsched::time::WallTime;
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

/// Whoever allows several instances has new fires run beside a backlog that takes long. Behind it they would
/// be skipped, having waited with the limit reached, or be ever later, where one run takes longer than a period.
#[test]
fn a_fire_that_comes_due_while_a_backlog_runs_neither_waits_for_it_nor_is_lost() {
    for (workers, most) in [(1, 2), (2, 2), (1, 100)] {
        let keys = format!("misfire_grace_time = '1h'\ncoalesce = false\nmax_instances = {most}");
        let toml = format!(
            "[executors.default]\nmax_workers = {workers}\n{}",
            minutely(&keys)
        );
        let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(25));
        world.sleep_through(seconds(20 * 60));
        world.run_for(seconds(40 * 60));
        let minute_of = |at: WallTime| at.unix_seconds().rem_euclid(86_400) / 60;
        let runs = world
            .trace
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Run(run) => Some((run.id, minute_of(run.fire_time))),
                _ => None,
            });
        let fires: BTreeMap<_, _> = runs.collect();
        let order: Vec<_> = world
            .trace
            .spawn_order
            .iter()
            .map(|(run, _)| fires[run])
            .collect();
        let (backlog, new): (Vec<i64>, Vec<i64>) = order.iter().partition(|&&minute| minute <= 20);
        assert!(backlog.into_iter().eq(1..=20), "{order:?}");
        assert!(new.into_iter().eq(21..=60), "{order:?}");
        assert_eq!(order[..4], [1, 2, 21, 3], "{order:?}");
        assert_eq!(world.fires("a", EventName::JobMaxInstances), 0);
    }
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
fn of_a_night_in_suspend_each_job_runs_at_most_once_and_the_first_step_decides_all() {
    let triggers = [
        ("minutely", "cron = '* * * * *'"),
        ("secondly", "interval = '1s'"),
        ("daily", "cron = '0 3 * * *'"),
        ("spread", "cron = '*/10 * * * *'\njitter = '5m'"),
        (
            "patient",
            "cron = '30 2 * * *'\nmisfire_grace_time = 'forever'",
        ),
        (
            "patient-minutely",
            "cron = '* * * * *'\nmisfire_grace_time = 'forever'",
        ),
        (
            "earliest",
            "interval = '7m'\nmisfire_grace_time = '2h'\ncoalesce = 'earliest'",
        ),
        (
            "any",
            "any = [{ cron = '0 * * * *' }, { cron = '15 2 * * *' }]\nmisfire_grace_time = '1h'",
        ),
        ("not-due", "cron = '0 12 * * *'"),
    ];
    let mut toml = String::new();
    for (name, trigger) in triggers {
        writeln!(toml, "[jobs.{name}]\n{trigger}\ncommand = 'x'").unwrap();
    }
    let mut world = World::new("2026-01-01 00:00:00.5", &toml);
    world.passes(seconds(8 * 3600));
    let woken = world.now();
    let mut actions = Vec::new();
    world.scheduler.step(woken, Event::Woke, &mut actions);
    let mut decided = BTreeMap::new();
    for action in &actions {
        let Action::Store(batch) = action else {
            continue;
        };
        for record in &batch.records {
            let (job, outcome, count) = match record {
                Record::Run(run) => {
                    assert_eq!(run.state, RunState::Starting, "{run:?}");
                    (&run.job, "run", 1)
                }
                Record::Fires(fires) => {
                    assert_eq!(fires.judged_at, woken.wall);
                    (&fires.job, fires.outcome.as_str(), fires.range.count)
                }
                _ => continue,
            };
            *decided.entry((job.as_str(), outcome)).or_insert(0) += count;
        }
    }
    let expected = [
        (("any", "missed"), 8),
        (("any", "run"), 1),
        (("daily", "missed"), 1),
        (("earliest", "coalesced"), 16),
        (("earliest", "missed"), 51),
        (("earliest", "run"), 1),
        (("minutely", "missed"), 479),
        (("minutely", "run"), 1),
        (("patient", "run"), 1),
        (("patient-minutely", "coalesced"), 479),
        (("patient-minutely", "run"), 1),
        (("secondly", "coalesced"), 60),
        (("secondly", "missed"), 8 * 3600 - 61),
        (("secondly", "run"), 1),
    ];
    let spread: Vec<_> = decided
        .keys()
        .filter(|(job, _)| *job == "spread")
        .copied()
        .collect();
    assert_eq!(spread, [("spread", "missed")]);
    decided.retain(|(job, _), _| *job != "spread");
    assert_eq!(decided, expected.into());
    // And nothing is left over for a second step.
    world.scheduler.step(woken, Event::Woke, &mut actions);
    let batches = actions
        .iter()
        .filter(|action| matches!(action, Action::Store(_)));
    assert_eq!(batches.count(), 1);
    assert!(world.scheduler.deadline().wall > Some(woken.wall));
}

#[test]
fn of_a_year_in_which_no_scheduler_ran_every_second_is_counted_at_no_cost() {
    const SECONDS: u64 = 365 * 86_400;
    let toml = "[jobs.a]\ncron = { second = '*' }\ncommand = 'x'\n";
    let down_for = |down: u64| {
        let mut world = World::new("2026-01-01 00:00:00.25", toml);
        world.run_for(seconds(10));
        assert_eq!(world.trace.processes.len(), 10);
        let (steps, records) = (world.trace.steps, world.trace.records.len());
        let (bytes, ()) = bytes_asked(|| world.restart(seconds(down), Death::OfTheScheduler, toml));
        assert_eq!(world.trace.processes.len(), 11, "one runs for all");
        assert_eq!(
            world.trace.processes[10].1,
            at("2026-01-01 00:00:10") + seconds(down)
        );
        let cost = (
            world.trace.steps - steps,
            world.trace.records.len() - records,
        );
        let missed = world.fires("a", EventName::JobMissed);
        let coalesced = world.fires("a", EventName::JobCoalesced);
        checkers::check(&world, toml);
        (missed, coalesced, cost, bytes)
    };
    let (missed, coalesced, cost, bytes) = down_for(SECONDS);
    // The newest 61 are within the grace of one minute, of which one runs.
    assert_eq!((missed, coalesced), (SECONDS - 60, 59));
    assert_eq!(missed + coalesced + 1, 31_536_000);
    let (.., cost_of_minutes, bytes_of_minutes) = down_for(180);
    assert_eq!(cost, cost_of_minutes, "steps and records");
    assert_eq!(bytes, bytes_of_minutes, "bytes of memory asked for");
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
