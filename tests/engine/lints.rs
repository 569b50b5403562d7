//! What is allowed and odd.

use crate::cases::{policy, trigger, utc, zone};
use rsched::schedule::{Cron, Lint, ScheduleSpec, TableField, Trigger};
use rsched::time::WallTime;
use std::time::Duration;

fn now() -> WallTime {
    WallTime::from_unix_seconds(utc(2026, 1, 1))
}

fn spec(expression: &str, zone_name: &str) -> ScheduleSpec {
    ScheduleSpec::new(trigger(expression), zone(zone_name))
}

fn lints(expression: &str, zone_name: &str) -> Vec<Lint> {
    spec(expression, zone_name).lints(now(), None)
}

fn codes(lints: &[Lint]) -> Vec<&str> {
    lints.iter().map(|lint| lint.code).collect()
}

#[test]
fn ordinary_schedules_have_none() {
    for expression in [
        "* * * * *",
        "*/15 * * * *",
        "0 12 * * mon-fri",
        "* 9-17 * * *",
        "* 23,0 * * *",
        "0 0 1 * *",
        "@reboot",
    ] {
        assert_eq!(lints(expression, "Europe/Paris"), [], "{expression}");
    }
    assert_eq!(lints("0 */2 * * *", "UTC"), []);
}

#[test]
fn odd_fields_are_pointed_out() {
    for (expression, code, part) in [
        ("0 0 30 2 *", "never_fires", "no calendar"),
        (
            "0 12 13 * fri",
            "either_day",
            "on day 13 of the month, and on Friday as well",
        ),
        ("0 12 */2 * fri", "both_days", "only if that is Friday"),
        (
            "0-9/30 12 * * *",
            "step_exceeds_range",
            "only the first value",
        ),
        (
            "* 3 * * *",
            "sixty_runs",
            "every minute from 03:00 to 03:59: sixty times",
        ),
        (
            "* 0,12 * * *",
            "sixty_runs",
            "sixty times in each of its hours",
        ),
        (
            "*/7 * * * *",
            "uneven_step",
            "after 56 comes 0, 4 minutes later",
        ),
        (
            "0 */5 * * *",
            "uneven_step",
            "after 20 comes 0, 4 hours later",
        ),
        (
            "5-59/25 * * * *",
            "uneven_step",
            "after 55 comes 5, 10 minutes later",
        ),
    ] {
        let found = lints(expression, "UTC");
        assert_eq!(codes(&found), [code], "{expression}");
        assert!(found[0].message.contains(part), "{}", found[0].message);
    }
    let table = [(TableField::Day, "13"), (TableField::DayOfWeek, "fri")];
    let table = Trigger::Cron(Cron::table(&table).unwrap());
    assert_eq!(ScheduleSpec::new(table, zone("UTC")).lints(now(), None), []);
}

#[test]
fn offset_changes_that_touch_a_fire_within_a_year_are_told() {
    for (expression, name, part) in [
        (
            "30 2 * * *",
            "once",
            "moved by the gap: 02:30 does not exist on 2026-03-29",
        ),
        (
            "*/5 0-5 * * *",
            "once",
            "moved by the gap: 02:00 does not exist on 2026-03-29",
        ),
        (
            "30 2 * * *",
            "skip",
            "02:30 does not exist on 2026-03-29 in Europe/Paris: it does not fire",
        ),
        ("30 2 * 10 *", "wall", "02:30 comes twice on 2026-10-25"),
    ] {
        let spec = ScheduleSpec {
            dst: policy(name),
            ..spec(expression, "Europe/Paris")
        };
        let found = spec.lints(now(), None);
        assert_eq!(codes(&found), ["offset_change"], "{expression} {name}");
        assert!(found[0].message.contains(part), "{}", found[0].message);
    }
}

#[test]
fn a_time_that_comes_twice_and_fires_once_is_nothing_odd() {
    let october = |name| ScheduleSpec {
        dst: policy(name),
        ..spec("30 2 * 10 *", "Europe/Paris")
    };
    for name in ["once", "skip", "cron"] {
        assert_eq!(october(name).lints(now(), None), [], "{name}");
    }
    // The gap is told though the fold comes first.
    let autumn = WallTime::from_unix_seconds(utc(2026, 10, 1));
    let found = spec("30 2 * * *", "Europe/Paris").lints(autumn, None);
    assert_eq!(codes(&found), ["offset_change"]);
    assert!(
        found[0].message.contains("2027-03-28"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_time_that_is_lost_and_one_that_is_repeated_are_told_each() {
    let spec = ScheduleSpec {
        dst: policy("wall"),
        ..spec("30 2 * * *", "Europe/Paris")
    };
    for now in [utc(2026, 1, 1), utc(2026, 10, 1)] {
        let found = spec.lints(WallTime::from_unix_seconds(now), None);
        assert_eq!(codes(&found), ["offset_change"; 2]);
        assert!(
            found[0].message.contains("does not fire"),
            "{}",
            found[0].message
        );
        assert!(
            found[1].message.contains("fires both times"),
            "{}",
            found[1].message
        );
    }
}

#[test]
fn what_lies_behind_the_change_is_not_laid_to_its_charge() {
    // 2 November is behind the fold of 2026 and before no other change of the year ahead that it touches.
    let spec = ScheduleSpec {
        dst: policy("wall"),
        ..spec("30 2 2 11 *", "America/New_York")
    };
    assert_eq!(spec.lints(now(), None), []);
}

#[test]
fn an_intersection_that_never_agrees_and_too_much_jitter_are_told() {
    let parts = vec![spec("0 9 * * *", "UTC"), spec("0 10 * * *", "UTC")];
    let all = ScheduleSpec::new(Trigger::All(parts), zone("UTC"));
    assert_eq!(codes(&all.lints(now(), None)), ["all_never_agrees"]);
    let jitter =
        |seconds| spec("*/5 * * * *", "UTC").lints(now(), Some(Duration::from_secs(seconds)));
    assert_eq!(jitter(300), []);
    assert_eq!(codes(&jitter(301)), ["jitter_over_period"]);
}
