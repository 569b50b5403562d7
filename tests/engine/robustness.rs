//! Any text, any instant: an answer or an error, never a panic, and never for long.

use crate::cases::{policy, schedule, utc, zone};
use proptest::prelude::*;
use rsched::schedule::TableField::{Day, DayOfWeek, Month, Week, Year};
use rsched::schedule::{Cron, ScheduleSpec, TableField, Trigger, parse_expression};
use rsched::time::{WallTime, Zone};
use std::time::Duration;

/// Texts made of what expressions are made of.
const FRAGMENTS: [&str; 40] = [
    "*",
    "?",
    "/",
    "-",
    ",",
    "#",
    " ",
    "  ",
    "\t",
    "0",
    "1",
    "5",
    "7",
    "12",
    "31",
    "59",
    "60",
    "99999999999",
    "mon",
    "fri",
    "SUN",
    "jan",
    "Dec",
    "monday",
    "L",
    "LW",
    "15W",
    "last",
    "1st",
    "5th",
    "last fri",
    "@daily",
    "@every",
    "90s",
    "CRON_TZ=",
    "UTC",
    "é",
    "１",
    "\u{a0}",
    "~",
];

fn texts() -> impl Strategy<Value = String> {
    let fragments = prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..20);
    prop_oneof![
        any::<String>(),
        fragments.prop_map(|parts| parts.concat()),
        "[-*/,#0-9LWa-z?]{1,6}( [-*/,#0-9LWa-z?]{1,6}){4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside_it(text in texts()) {
        match parse_expression(&text) {
            Ok(expression) => {
                if let Trigger::Cron(cron) = &expression.trigger {
                    let schedule = ScheduleSpec::new(expression.trigger.clone(), Zone::utc()).anchored(WallTime::MIN);
                    prop_assert_eq!(schedule.next_after(WallTime::MIN).is_some(), cron.can_fire());
                }
                for warning in expression.warnings {
                    prop_assert!(text.get(warning.span).is_some());
                }
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                    prop_assert!(!error.message.ends_with('.'));
                }
            }
        }
    }

    #[test]
    fn any_table_is_read_or_refused_with_a_place_inside_it(
        fields in prop::collection::vec((prop::sample::select(&TableField::ALL[..]), texts()), 0..4),
    ) {
        let fields: Vec<_> = fields.iter().map(|(field, text)| (*field, text.as_str())).collect();
        if let Err(errors) = Cron::table(&fields) {
            for (field, error) in errors {
                let is_place = |(given, text): &(TableField, &str)| *given == field && text.get(error.span.clone()).is_some();
                prop_assert!(fields.is_empty() || fields.iter().any(is_place), "{:?}", error);
            }
        }
    }

    #[test]
    fn any_instant_can_be_asked_for(
        micros in any::<i64>(), near in any::<bool>(),
        dst in prop::sample::select(&["once", "wall", "skip", "cron"][..]),
        name in prop::sample::select(&["UTC", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"][..]),
    ) {
        let end = utc(9999, 12, 31).saturating_add(86_400) * 1_000_000;
        let at = if near { WallTime::from_micros(end.saturating_add(micros % 100_000_000_000)) } else { WallTime::from_micros(micros) };
        let zone = zone(name);
        let fires = schedule("*/7 1-3 * * *", &zone, policy(dst));
        if let Some(next) = fires.next_after(at) {
            prop_assert!(next > at);
            prop_assert_eq!(fires.last_at_or_before(next), Some(next));
            prop_assert_eq!(fires.count_between(at, next), 1);
        }
        if let Some(last) = fires.last_at_or_before(at) {
            prop_assert!(last <= at);
            prop_assert_eq!(fires.count_between(last, at), 0);
            prop_assert_eq!(fires.next_after(last).is_none_or(|next| next > at), true);
        }
        let _ = fires.dst_note(at);
    }
}

proptest! {
    // Eight thousand years of an unoptimised build take a moment each.
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn fires_can_be_counted_between_any_two_instants(one in any::<i64>(), other in any::<i64>()) {
        let [one, other] = [one, other].map(WallTime::from_micros);
        let middle = WallTime::from_unix_seconds(utc(2026, 3, 29));
        let fires = schedule("30 2 * * *", &zone("Europe/Paris"), policy("once"));
        let count = |after, until| fires.count_between(after, until);
        prop_assert!(one < other || count(one, other) == 0);
        let (early, late) = (one.min(other), one.max(other));
        if early < middle && middle < late {
            prop_assert_eq!(count(early, middle) + count(middle, late), count(early, late));
        }
    }
}

/// Numbers no field and no type holds.
#[test]
fn numbers_that_overflow_are_errors_in_every_field_and_position() {
    let numbers = [
        "256",
        "65535",
        "65536",
        "4294967296",
        "9223372036854775808",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
    ];
    let mut refused = 0;
    for number in numbers {
        for form in ["N", "1-N", "N-1", "N/2", "1,N", "N,1"] {
            for field in 0..5 {
                let mut fields = ["*"; 5].map(str::to_owned);
                fields[field] = form.replace('N', number);
                let text = fields.join(" ");
                let errors = parse_expression(&text).unwrap_err();
                assert_eq!(&text[errors[0].span.clone()], number, "{text}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 210);
    for number in &numbers[2..] {
        assert!(parse_expression(&format!("*/{number} * * * *")).is_err());
        assert!(Cron::table(&[(TableField::Year, number)]).is_err());
    }
}

#[test]
fn what_no_calendar_has_is_known_and_asking_for_it_ends() {
    for text in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 31 feb */2"] {
        let Trigger::Cron(cron) = parse_expression(text).unwrap().trigger else {
            panic!()
        };
        assert!(!cron.can_fire(), "{text}");
        let fires = schedule(text, &zone("America/New_York"), policy("once"));
        assert_eq!(fires.next_after(WallTime::MIN), None);
        assert_eq!(fires.last_at_or_before(WallTime::MAX), None);
        assert_eq!(fires.count_between(WallTime::MIN, WallTime::MAX), 0);
    }
    let never: [&[(TableField, &str)]; 7] = [
        &[(Week, "53"), (Month, "6")],
        &[(Month, "2"), (Day, "30")],
        &[
            (Year, "2026"),
            (Week, "53"),
            (Month, "1"),
            (DayOfWeek, "wed"),
        ],
        &[(Year, "1971/2"), (Month, "2"), (Day, "29")],
        &[(Day, "5th mon"), (Month, "feb"), (Year, "2023")],
        &[(Day, "1"), (Month, "1"), (Week, "2")],
        &[(Day, "1st mon"), (DayOfWeek, "tue")],
    ];
    for fields in never {
        assert!(!Cron::table(fields).unwrap().can_fire(), "{fields:?}");
    }
    let rare: [&[(TableField, &str)]; 3] = [
        &[(Month, "2"), (Day, "29"), (DayOfWeek, "mon"), (Week, "9")],
        &[(Week, "53"), (Month, "1"), (Day, "3")],
        &[(Day, "5th mon"), (Month, "feb")],
    ];
    for fields in rare {
        assert!(Cron::table(fields).unwrap().can_fire(), "{fields:?}");
    }
}

/// A leap day across 2100, which is no leap year.
#[test]
fn a_leap_day_is_found_across_the_century_that_has_none() {
    let fires = schedule("0 0 29 2 *", &zone("UTC"), policy("once"));
    let next = fires.next_after(WallTime::from_unix_seconds(utc(2096, 3, 1)));
    assert_eq!(next, Some(WallTime::from_unix_seconds(utc(2104, 2, 29))));
    let before = fires.last_at_or_before(WallTime::from_unix_seconds(utc(2104, 2, 28)));
    assert_eq!(before, Some(WallTime::from_unix_seconds(utc(2096, 2, 29))));
}

/// In each year the second Sunday of March lies in the gap: under `wall` it never fires.
#[test]
fn a_schedule_whose_every_time_is_skipped_comes_to_an_end() {
    let zone = zone("America/New_York");
    let cron = Cron::table(&[
        (TableField::Month, "3"),
        (TableField::Day, "2nd sun"),
        (TableField::Hour, "2"),
        (TableField::Minute, "30"),
    ]);
    let spec = ScheduleSpec::new(Trigger::Cron(cron.unwrap()), zone);
    let from = WallTime::from_unix_seconds(utc(2007, 1, 1));
    for name in ["wall", "skip"] {
        let fires = ScheduleSpec {
            dst: policy(name),
            ..spec.clone()
        }
        .anchored(from);
        assert_eq!(fires.next_after(from), None);
        assert!(fires.last_at_or_before(WallTime::MAX) < Some(from));
        assert_eq!(fires.count_between(from, WallTime::MAX), 0);
    }
    let made_up = spec.anchored(from);
    assert_eq!(made_up.count_between(from, WallTime::MAX), 9999 - 2007 + 1);
}

#[test]
fn the_last_fires_of_all_come_again_where_the_clocks_are_set_back_behind_them() {
    // In Dhaka midnight of the new year 2010 was 23:00 of the old one.
    let fields = [(Year, "2009"), (TableField::Minute, "30")];
    let trigger = Trigger::Cron(Cron::table(&fields).unwrap());
    let fires = ScheduleSpec::new(trigger, zone("Asia/Dhaka")).anchored(WallTime::MIN);
    let first = WallTime::from_unix_seconds(utc(2009, 12, 31) + 16 * 3600 + 1800);
    let second = first + Duration::from_secs(3600);
    assert_eq!(fires.next_after(first), Some(second));
    assert_eq!(fires.next_after(second), None);
    assert_eq!(fires.last_at_or_before(WallTime::MAX), Some(second));
    assert_eq!(fires.count_between(first, WallTime::MAX), 1);
}

#[test]
fn an_interval_keeps_its_phase_when_only_its_bounds_or_first_change() {
    let at = WallTime::from_unix_seconds;
    let interval = |seconds, first_now| Trigger::Interval {
        length: Duration::from_secs(seconds),
        first_now,
    };
    let spec = ScheduleSpec::new(interval(90, false), Zone::utc());
    let with = |change: fn(&mut ScheduleSpec)| {
        let mut changed = spec.clone();
        change(&mut changed);
        changed
    };
    assert!(spec.keeps_phase(&with(|spec| spec.end_date = Some(WallTime::MAX))));
    assert!(spec.keeps_phase(&ScheduleSpec {
        trigger: interval(90, true),
        ..spec.clone()
    }));
    assert!(!spec.keeps_phase(&with(|spec| spec.start_date = Some(WallTime::MIN))));
    assert!(!spec.keeps_phase(&ScheduleSpec {
        trigger: interval(91, false),
        ..spec.clone()
    }));
    assert!(!spec.keeps_phase(&ScheduleSpec {
        trigger: Trigger::Now,
        ..spec.clone()
    }));

    let at_once = ScheduleSpec {
        trigger: interval(90, true),
        ..spec.clone()
    }
    .anchored(at(1_000));
    assert_eq!(at_once.next_after(at(0)), Some(at(1_000)));
    assert_eq!(at_once.next_after(at(1_000)), Some(at(1_090)));
    assert_eq!(at_once.count_between(at(999), at(1_180)), 3);
}

#[test]
fn bounds_are_inclusive_on_every_trigger() {
    let at = WallTime::from_unix_seconds;
    let triggers = [
        crate::cases::trigger("* * * * *"),
        Trigger::Interval {
            length: Duration::from_secs(60),
            first_now: false,
        },
    ];
    for trigger in triggers {
        let spec = ScheduleSpec {
            start_date: Some(at(120)),
            end_date: Some(at(240)),
            ..ScheduleSpec::new(trigger, Zone::utc())
        };
        let fires = spec.anchored(at(0));
        assert_eq!(fires.next_after(WallTime::MIN), Some(at(120)));
        assert_eq!(fires.next_after(at(180)), Some(at(240)));
        assert_eq!(fires.next_after(at(240)), None);
        assert_eq!(fires.last_at_or_before(WallTime::MAX), Some(at(240)));
        assert_eq!(fires.last_at_or_before(at(119)), None);
        assert_eq!(fires.count_between(WallTime::MIN, WallTime::MAX), 3);
    }
    let once = ScheduleSpec {
        end_date: Some(at(10)),
        ..ScheduleSpec::new(Trigger::Now, Zone::utc())
    };
    assert_eq!(once.anchored(at(10)).next_after(at(9)), Some(at(10)));
    assert_eq!(once.anchored(at(10)).next_after(at(10)), None);
    assert_eq!(once.anchored(at(11)).next_after(at(9)), None);
    let later = ScheduleSpec {
        start_date: Some(at(500)),
        ..ScheduleSpec::new(Trigger::Now, Zone::utc())
    };
    assert_eq!(later.anchored(at(10)).next_after(at(10)), Some(at(500)));
}
