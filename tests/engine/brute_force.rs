//! The engine beside a brute force: every second or minute of a window is asked by itself.
//!
//! The brute force shares nothing with the search. It takes the sets a text stands for as plain
//! lists, dates and ISO weeks from chrono, offsets from chrono-tz, and knows of gaps and folds
//! only what schedules.md says of them.

use crate::cases::{policy, utc};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use rsched::schedule::{Cron, Schedule, ScheduleSpec, TableField, Trigger, parse_expression};
use rsched::time::{WallTime, ZoneDatabase};
use std::collections::BTreeSet;

/// A day of the month: its number, or the n-th (5 = last) weekday counted from Monday.
#[derive(Clone, Debug)]
enum Day {
    Number(u32),
    Last,
    Nth(u32, u32),
}

/// What a text stands for, as lists.
#[derive(Clone, Debug)]
struct Plain {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<Day>,
    months: Vec<u32>,
    /// 0 = Monday.
    weekdays: Vec<u32>,
    weeks: Vec<u32>,
    years: Vec<i32>,
    either_day: bool,
    time_star: bool,
}

impl Plain {
    fn matches_date(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_monday();
        let next_week = date + TimeDelta::days(7);
        let day = self.days.iter().any(|day| match day {
            Day::Number(number) => date.day() == *number,
            Day::Last => (date + TimeDelta::days(1)).month() != date.month(),
            Day::Nth(5, of) => weekday == *of && next_week.month() != date.month(),
            Day::Nth(nth, of) => weekday == *of && (date.day() - 1) / 7 == *nth,
        });
        let weekday = self.weekdays.contains(&weekday);
        let days = if self.either_day {
            day || weekday
        } else {
            day && weekday
        };
        days && self.months.contains(&date.month())
            && (self.weeks.is_empty() || self.weeks.contains(&date.iso_week().week()))
            && (self.years.is_empty() || self.years.contains(&date.year()))
    }

    fn matches(&self, reading: NaiveDateTime) -> bool {
        reading.second() == 0
            && self.minutes.contains(&reading.minute())
            && self.hours.contains(&reading.hour())
            && self.matches_date(reading.date())
    }
}

fn reading(zone: Tz, instant: i64) -> NaiveDateTime {
    DateTime::from_timestamp(instant, 0)
        .unwrap()
        .with_timezone(&zone)
        .naive_local()
}

/// Every fire from `first` to `last`, minute by minute. All offsets here are whole minutes.
fn fires(plain: &Plain, zone: Tz, dst: &str, first: i64, last: i64) -> BTreeSet<i64> {
    let all_hours = (0..24).all(|hour| plain.hours.contains(&hour));
    let (make_up, repeat) = match dst {
        "wall" => (false, true),
        "skip" => (false, false),
        "once" => (!all_hours, all_hours),
        _ => (!plain.time_star, plain.time_star),
    };
    let mut fires = BTreeSet::new();
    let start = first.div_euclid(60) * 60;
    for instant in (start..=last)
        .step_by(60)
        .filter(|instant| *instant >= first)
    {
        let now = reading(zone, instant);
        // The jump of the wall clock in the minute before this instant.
        let jump = (now - reading(zone, instant - 60)).num_seconds() - 60;
        if make_up && jump > 0 && jump <= 3 * 3600 {
            let skipped =
                (1..=jump / 60).any(|minute| plain.matches(now - TimeDelta::minutes(minute)));
            if skipped {
                fires.insert(instant);
            }
        }
        if plain.matches(now) {
            // chrono's own idea of the first of two instants that share a reading.
            let earliest = zone
                .from_local_datetime(&now)
                .earliest()
                .unwrap()
                .timestamp();
            if repeat || earliest == instant {
                fires.insert(instant);
            }
        }
    }
    fires
}

fn schedule_of(trigger: Trigger, zone: Tz, dst: &str) -> Schedule {
    let zone = ZoneDatabase::bundled().get(zone.name()).unwrap();
    let spec = ScheduleSpec {
        dst: policy(dst),
        ..ScheduleSpec::new(trigger, zone)
    };
    spec.anchored(WallTime::from_micros(0))
}

/// Holds next, last and count of the engine to the brute force's set.
fn assert_agree(schedule: &Schedule, expected: &BTreeSet<i64>, first: i64, last: i64) {
    let at = WallTime::from_unix_seconds;
    let mut forward = BTreeSet::new();
    let mut now = at(first - 1);
    while let Some(next) = schedule.next_after(now).filter(|next| *next <= at(last)) {
        assert!(next > now, "strictly later");
        forward.insert(next.unix_seconds());
        now = next;
    }
    assert_eq!(&forward, expected, "forward");
    let mut backward = BTreeSet::new();
    let mut now = at(last);
    while let Some(before) = schedule
        .last_at_or_before(now)
        .filter(|before| *before >= at(first))
    {
        assert!(before <= now);
        backward.insert(before.unix_seconds());
        now = WallTime::from_micros(before.as_micros() - 1);
    }
    assert_eq!(&backward, expected, "backward");
    let count = |after: i64, until: i64| schedule.count_between(at(after), at(until));
    assert_eq!(count(first - 1, last), expected.len() as u64, "count");
    let middle = first + (last - first) / 3;
    let of_part = expected.range(middle + 1..=last).count() as u64;
    assert_eq!(count(middle, last), of_part, "count of a part");
    assert_eq!(count(last, first), 0);
}

const POLICIES: [&str; 4] = ["once", "wall", "skip", "cron"];

/// Zones and UTC dates around which something happens: folds of 1 h, 30 min and 2 h, a lost day,
/// a gap at midnight, two changes in a month, and UTC for the quiet.
fn zones() -> impl Strategy<Value = (Tz, i64)> {
    prop_oneof![
        Just((Tz::Europe__Paris, utc(2026, 3, 29))),
        Just((Tz::Europe__Paris, utc(2026, 10, 25))),
        Just((Tz::America__New_York, utc(2024, 11, 3))),
        Just((Tz::America__New_York, utc(2096, 3, 11))),
        Just((Tz::Australia__Lord_Howe, utc(2026, 4, 4))),
        Just((Tz::Australia__Lord_Howe, utc(2026, 10, 3))),
        Just((Tz::Antarctica__Troll, utc(2026, 3, 29))),
        Just((Tz::Antarctica__Troll, utc(2026, 10, 25))),
        Just((Tz::Pacific__Apia, utc(2011, 12, 30))),
        Just((Tz::America__Sao_Paulo, utc(2018, 11, 4))),
        Just((Tz::America__Sao_Paulo, utc(2018, 2, 18))),
        Just((Tz::Africa__Casablanca, utc(2026, 2, 15))),
        Just((Tz::Africa__Casablanca, utc(2026, 3, 22))),
        Just((Tz::UTC, utc(2024, 2, 28))),
        Just((Tz::UTC, utc(1999, 12, 31))),
    ]
}

/// A field's text and the values it stands for.
fn values(min: u32, max: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    let single = (min..=max).prop_map(|value| (value.to_string(), vec![value]));
    let range = (min..=max, min..=max).prop_map(|(one, other)| {
        let (low, high) = (one.min(other), one.max(other));
        (format!("{low}-{high}"), (low..=high).collect())
    });
    let stepped = (min..=max, min..=max, 1_u32..9).prop_map(|(one, other, step)| {
        let (low, high) = (one.min(other), one.max(other));
        (
            format!("{low}-{high}/{step}"),
            (low..=high).step_by(step as usize).collect(),
        )
    });
    let star_step = (2_u32..9).prop_map(move |step| {
        (
            format!("*/{step}"),
            (min..=max).step_by(step as usize).collect::<Vec<u32>>(),
        )
    });
    let star = Just(("*".to_owned(), (min..=max).collect::<Vec<u32>>()));
    let item = prop_oneof![2 => single, 2 => range, 1 => stepped, 1 => star_step, 2 => star];
    prop::collection::vec(item, 1..3).prop_map(|items| {
        let texts: Vec<_> = items.iter().map(|(text, _)| text.clone()).collect();
        (
            texts.join(","),
            items.into_iter().flat_map(|(_, values)| values).collect(),
        )
    })
}

fn crontab() -> impl Strategy<Value = (String, Plain)> {
    // Hours near the changes of offset, most of the time.
    let hours = prop_oneof![3 => values(0, 4), 1 => values(0, 23)];
    let fields = (
        values(0, 59),
        hours,
        values(1, 31),
        values(1, 12),
        values(0, 6),
    );
    fields.prop_map(|(minute, hour, day, month, weekday)| {
        // A list of hours up to 4 has to say so: `*` is all 24 of them.
        let all = |text: &str, values: Vec<u32>, max: u32| {
            if text.contains('*') {
                expand(text, max)
            } else {
                values
            }
        };
        let text = [&minute.0, &hour.0, &day.0, &month.0, &weekday.0]
            .map(String::as_str)
            .join(" ");
        let star = |text: &str| text.starts_with('*');
        let plain = Plain {
            time_star: star(&minute.0) || star(&hour.0),
            either_day: !star(&day.0) && !star(&weekday.0),
            hours: all(&hour.0, hour.1, 23),
            minutes: minute.1,
            days: day.1.into_iter().map(Day::Number).collect(),
            months: month.1,
            weekdays: weekday.1.into_iter().map(|day| (day + 6) % 7).collect(),
            weeks: Vec::new(),
            years: Vec::new(),
        };
        (text, plain)
    })
}

/// A list with stars, for a field that begins with 0.
fn expand(text: &str, max: u32) -> Vec<u32> {
    let mut values = Vec::new();
    for item in text.split(',') {
        let (head, step) = item.split_once('/').unwrap_or((item, "1"));
        let (low, high) = match head.split_once('-') {
            Some((low, high)) => (low.parse().unwrap(), high.parse().unwrap()),
            None if head == "*" => (0, max),
            None => (head.parse().unwrap(), head.parse().unwrap()),
        };
        values.extend((low..=high).step_by(step.parse().unwrap()));
    }
    values
}

/// A cron table with days, ISO weeks and years.
fn table() -> impl Strategy<Value = (Vec<(TableField, String)>, Plain)> {
    const ORDINALS: [&str; 6] = ["1st", "2nd", "3rd", "4th", "5th", "last"];
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = prop_oneof![
        (1_u32..=31).prop_map(|day| (day.to_string(), Day::Number(day))),
        Just(("last".to_owned(), Day::Last)),
        (0_usize..6, 0_usize..7).prop_map(|(nth, of)| {
            let text = format!("{} {}", ORDINALS[nth], NAMES[of]);
            (
                text,
                Day::Nth(u32::try_from(nth).unwrap(), u32::try_from(of).unwrap()),
            )
        }),
    ];
    let days = prop::option::of(prop::collection::vec(day, 1..4));
    let some = |min: u32, max: u32| prop::option::of(prop::collection::vec(min..=max, 1..4));
    (
        some(2019, 2030),
        some(1, 12),
        days,
        some(1, 53),
        some(0, 6),
        0_u32..24,
        0_u32..60,
    )
        .prop_map(|(years, months, days, weeks, weekdays, hour, minute)| {
            let list = |values: &[u32]| {
                values
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let mut fields = vec![
                (TableField::Hour, hour.to_string()),
                (TableField::Minute, minute.to_string()),
            ];
            let numbers = [
                (TableField::Year, &years),
                (TableField::Month, &months),
                (TableField::Week, &weeks),
                (TableField::DayOfWeek, &weekdays),
            ];
            fields.extend(
                numbers
                    .into_iter()
                    .filter_map(|(field, values)| Some((field, list(values.as_ref()?)))),
            );
            if let Some(days) = &days {
                let texts: Vec<_> = days.iter().map(|(text, _)| text.as_str()).collect();
                fields.push((TableField::Day, texts.join(",")));
            }
            let all_days = || (1..=31).map(Day::Number).collect();
            let plain = Plain {
                minutes: vec![minute],
                hours: vec![hour],
                days: days.map_or_else(all_days, |days| {
                    days.into_iter().map(|(_, day)| day).collect()
                }),
                months: months.unwrap_or_else(|| (1..=12).collect()),
                weekdays: weekdays.unwrap_or_else(|| (0..7).collect()),
                weeks: weeks.unwrap_or_default(),
                years: years
                    .unwrap_or_default()
                    .into_iter()
                    .map(|year| i32::try_from(year).unwrap())
                    .collect(),
                either_day: false,
                time_star: false,
            };
            (fields, plain)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn crontab_fires_around_offset_changes_are_those_of_the_brute_force(
        (text, plain) in crontab(), (zone, around) in zones(), dst in prop::sample::select(&POLICIES[..]),
        begin in -2 * 86_400_i64..86_400, length in 0_i64..3 * 86_400,
    ) {
        // Any day of the week and month, so that the fields of the date do not silence the test.
        let open = Plain { months: (1..=12).collect(), ..plain };
        let text = {
            let mut fields: Vec<_> = text.split(' ').collect();
            fields[3] = "*";
            fields.join(" ")
        };
        let (first, last) = (around + begin, around + begin + length);
        let schedule = schedule_of(parse_expression(&text).unwrap().trigger, zone, dst);
        let expected = fires(&open, zone, dst, first, last);
        assert_agree(&schedule, &expected, first, last);
    }

    #[test]
    fn dates_of_crontab_expressions_are_those_of_the_calendar(
        (text, plain) in crontab(), year in 1970_i32..2110, days in 1_i64..1500,
    ) {
        let text = {
            let mut fields: Vec<_> = text.split(' ').collect();
            (fields[0], fields[1]) = ("0", "0");
            fields.join(" ")
        };
        let schedule = schedule_of(parse_expression(&text).unwrap().trigger, Tz::UTC, "once");
        assert_dates(&schedule, &plain, year, days);
    }

    #[test]
    fn dates_of_cron_tables_are_those_of_the_calendar(
        (fields, plain) in table(), year in 2015_i32..2032, days in 1_i64..1500,
    ) {
        let fields: Vec<_> = fields.iter().map(|(field, text)| (*field, text.as_str())).collect();
        let cron = Cron::table(&fields).unwrap();
        let ever = (2019..=2030 + 28).any(|year| {
            NaiveDate::from_ymd_opt(year, 1, 1).unwrap().iter_days().take(366).any(|date| plain.matches_date(date))
        });
        // 40 years from 2019 hold a year of every shape but for rare ones, which never make a
        // schedule that fires in none of the others.
        prop_assert!(!ever || cron.can_fire());
        let schedule = schedule_of(Trigger::Cron(cron), Tz::UTC, "once");
        assert_dates(&schedule, &plain, year, days);
    }
}

/// Holds the engine to the calendar in a window of days of UTC, with one fire a day.
fn assert_dates(schedule: &Schedule, plain: &Plain, year: i32, days: i64) {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let matching = first
        .iter_days()
        .take(usize::try_from(days).unwrap())
        .filter(|date| plain.matches_date(*date));
    let (hour, minute) = match schedule.next_after(WallTime::MIN) {
        Some(fire) => (
            fire.unix_seconds() / 3600 % 24,
            fire.unix_seconds() / 60 % 60,
        ),
        None => (0, 0),
    };
    let time = hour * 3600 + minute * 60;
    let expected = matching
        .map(|date| date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() + time)
        .collect();
    let begin = utc(year, 1, 1);
    assert_agree(schedule, &expected, begin, begin + days * 86_400 - 1);
}
