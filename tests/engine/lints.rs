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
fn an_intersection_that_never_agrees_and_too_much_jitter_are_told() {
    let parts = vec![spec("0 9 * * *", "UTC"), spec("0 10 * * *", "UTC")];
    let all = ScheduleSpec::new(Trigger::All(parts), zone("UTC"));
    assert_eq!(codes(&all.lints(now(), None)), ["all_never_agrees"]);
    let jitter =
        |seconds| spec("*/5 * * * *", "UTC").lints(now(), Some(Duration::from_secs(seconds)));
    assert_eq!(jitter(300), []);
    assert_eq!(codes(&jitter(301)), ["jitter_over_period"]);
}
