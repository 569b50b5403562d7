//! What `rsched next` says is to come is what runs: random crons in random zones, over days on which
//! the clocks change.
//!
//! The preview goes from one answer of `Schedule::next_after` to the next; the scheduler has its cursor, its
//! queue, and after a sleep its arithmetic. Neither may have a fire that the other has not.

use crate::checkers;
use crate::world::{Script, World, cases, jobs, seconds};
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rsched::schedule::Schedule;
use rsched::scheduler::{EventName, ShutdownRequest};
use rsched::time::{WallTime, human};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 86_400;

/// 1970 to 2037.
const YEARS: std::ops::Range<i64> = 0..2_145_916_800;

/// How many fires are compared, at least.
const FIRES: u64 = 100_000;

fn offset_at(zone: Tz, instant: i64) -> i32 {
    let time = DateTime::from_timestamp(instant, 0).unwrap();
    let offset = zone.offset_from_utc_datetime(&time.naive_utc());
    offset.fix().local_minus_utc()
}

/// The first instant of another offset after that one, within six years; else that one.
fn change_after(zone: Tz, instant: i64) -> i64 {
    let step = 6 * DAY;
    let offset = offset_at(zone, instant);
    let steps = (instant..instant + 2_200 * DAY).step_by(usize::try_from(step).unwrap());
    let Some(before) = steps
        .into_iter()
        .find(|at| offset_at(zone, at + step) != offset)
    else {
        return instant;
    };
    let (mut before, mut after) = (before, before + step);
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if offset_at(zone, middle) == offset {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

#[derive(Clone, Debug)]
struct Plan {
    trigger: String,
    dst: &'static str,
    /// Its first process never ends, so that every later fire is skipped.
    is_stuck: bool,
}

/// Values of a field, most of them few.
fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    let range = (min..=max, min..=max).prop_map(|(one, other)| (one.min(other), one.max(other)));
    prop_oneof![
        3 => (min..=max).prop_map(|value| value.to_string()),
        2 => range.clone().prop_map(|(low, high)| match (high - low) / 3 + 1 {
            1 => format!("{low}-{high}"),
            step => format!("{low}-{high}/{step}"),
        }),
        1 => (2_u32..9).prop_map(|step| format!("*/{step}")),
        1 => (min..=max, range).prop_map(|(one, (low, high))| format!("{one},{low},{high}")),
    ]
}

fn trigger() -> impl Strategy<Value = String> {
    let minute = prop_oneof![6 => field(0, 59), 1 => Just("*".to_owned())];
    // At night the clocks change, most of the time.
    let hour = prop_oneof![3 => field(0, 4), 2 => field(0, 23), 3 => Just("*".to_owned())];
    let two = |day: &'static str, weekday: &'static str| Just((day.to_owned(), weekday.to_owned()));
    let days = prop_oneof![
        10 => two("*", "*"),
        2 => field(1, 31).prop_map(|day| (day, "*".to_owned())),
        1 => field(1, 31).prop_map(|day| (day, "sat,sun".to_owned())),
        1 => two("*", "sun#1,sun#2,sunL"),
        1 => two("*", "mon-fri"),
        1 => two("L,15W", "*"),
    ];
    let second = prop::option::weighted(0.2, (field(0, 4), field(0, 59)));
    (minute, hour, days, second).prop_map(|(minute, hour, (day, weekday), second)| match second {
        None => format!("cron = '{minute} {hour} {day} * {weekday}'"),
        Some((hour, second)) => {
            format!("cron = {{ hour = '{hour}', minute = '{minute}', second = '{second}' }}")
        }
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        trigger(),
        prop::sample::select(vec!["once", "wall", "skip", "cron"]),
        prop::bool::weighted(0.7),
    )
        .prop_map(|(trigger, dst, is_stuck)| Plan {
            trigger,
            dst,
            is_stuck,
        })
}

fn toml_of(plans: &[Plan], zone: Tz) -> String {
    let mut toml = "[executors.default]\nmax_workers = 50\n".to_owned();
    for (index, plan) in plans.iter().enumerate() {
        let Plan { trigger, dst, .. } = plan;
        writeln!(
            toml,
            "[jobs.job{index}]\n{trigger}\ntimezone = '{zone}'\ndst = '{dst}'\ncommand = 'x'\n\
             misfire_grace_time = 'forever'"
        )
        .unwrap();
    }
    toml
}

/// What the preview of each job lists from an instant to another.
fn preview(toml: &str, from: WallTime, until: WallTime) -> BTreeMap<String, Vec<WallTime>> {
    let list = |schedule: Arc<Schedule>| {
        let fires =
            std::iter::successors(schedule.next_after(from), |fire| schedule.next_after(*fire));
        fires.take_while(|fire| *fire <= until).collect()
    };
    let jobs = jobs(toml, from).jobs.into_iter();
    jobs.map(|job| (job.id.to_string(), list(job.schedule.anchored(from))))
        .collect()
}

/// The fires that a job had, in order, and when each was noticed.
fn fired(world: &World, job: &str) -> Vec<(WallTime, WallTime)> {
    let fired = world.trace.emitted.iter().filter(|told| {
        matches!(
            told.name,
            EventName::JobSubmitted | EventName::JobMaxInstances
        ) && told.job_id.as_ref().is_some_and(|id| id.as_str() == job)
    });
    fired
        .map(|told| (told.fire_time.unwrap(), told.time))
        .collect()
}

fn world_of(plans: &[Plan], toml: &str, begin: WallTime) -> World {
    let mut world = World::new(&human::rfc3339_utc(begin), toml);
    for (index, plan) in plans.iter().enumerate() {
        let runs_for = if plan.is_stuck {
            seconds(1_000_000_000)
        } else {
            Duration::from_millis(10)
        };
        let script = Script {
            runs_for,
            ..Script::default()
        };
        world = world.script(&format!("job{index}"), script);
    }
    world
}

/// Three days around a change of the clocks, or without one where the zone has none.
fn days() -> impl Strategy<Value = (Tz, WallTime)> {
    let zone = prop::sample::select(&chrono_tz::TZ_VARIANTS[..]);
    (zone, YEARS, DAY / 2..DAY * 2).prop_map(|(zone, year, before)| {
        let begin = (change_after(zone, year) - before).max(0);
        (zone, WallTime::from_unix_seconds(begin))
    })
}

#[test]
fn what_the_preview_lists_is_what_fires_at_the_very_instant() {
    let compared = Cell::new(0);
    // So many cases at a time, until it is enough.
    let config = ProptestConfig {
        cases: 5,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let worlds = (
        days(),
        prop::collection::vec(plan(), 5..25),
        any::<Option<u64>>(),
    );
    let hold = |((zone, begin), plans, early_timers): ((Tz, WallTime), Vec<Plan>, Option<u64>)| {
        let toml = toml_of(&plans, zone);
        let mut world = world_of(&plans, &toml, begin);
        if let Some(seed) = early_timers {
            world.wakes_early(seed, 1);
        }
        world.run_for(seconds(3 * 86_400));
        let previews = preview(&toml, begin, world.wall());
        prop_assert_eq!(previews.len(), plans.len());
        for (name, listed) in previews {
            let listed: Vec<_> = listed.into_iter().map(|fire| (fire, fire)).collect();
            compared.set(compared.get() + listed.len() as u64);
            prop_assert_eq!(fired(&world, &name), listed, "{} of\n{}", name, toml);
        }
        Ok(())
    };
    while compared.get() < FIRES * u64::from(cases(1)) {
        let mut runner = TestRunner::new(config.clone());
        if let Err(error) = runner.run(&worlds, hold) {
            panic!("{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(40)))]

    /// With sleeps in between, in which the scheduler reckons and does not go from fire to fire.
    #[test]
    fn what_the_preview_lists_has_one_outcome_each_however_late_it_is_noticed(
        (zone, begin) in days(),
        plans in prop::collection::vec(plan(), 1..6),
        turns in prop::collection::vec((1..40_000_u64, 1..90_000_u64), 1..5),
    ) {
        let toml = toml_of(&plans, zone);
        let mut world = world_of(&plans, &toml, begin);
        for (awake, asleep) in turns {
            world.run_for(seconds(awake));
            world.sleep_through(seconds(asleep));
        }
        world.run_for(seconds(1));
        let end = world.wall();
        world.shut_down(ShutdownRequest::Kill);
        world.run_for(seconds(60));
        prop_assert!(world.has_exited());
        checkers::every_fire_has_exactly_one_outcome(&world, &toml, begin, end);
    }
}
