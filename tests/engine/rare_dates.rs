//! Dates that come once in years, beside a walk over four hundred of them, day by day.
//!
//! After so many years the calendar repeats. The walk takes the days from chrono, and for each expression a
//! sentence of what it means; it knows nothing of searching.

use crate::cases::utc;
use chrono::{Datelike, NaiveDate};
use rsched::schedule::TableField::{self, Day, DayOfWeek, Month, Week, Year};
use rsched::schedule::{Cron, Schedule, ScheduleSpec, Trigger, parse_expression};
use rsched::time::{WallTime, Zone};
use std::sync::LazyLock;

/// A day as chrono has it.
struct Date {
    unix_seconds: i64,
    year: i32,
    month: u32,
    day: u32,
    /// 0 = Monday.
    weekday: u32,
    /// Of ISO 8601.
    week: u32,
    /// How many days its month has.
    length: u32,
}

impl Date {
    /// Whether it is the last of its weekday in the month.
    fn is_last_of_its_weekday(&self) -> bool {
        self.day + 7 > self.length
    }

    fn is_leap_day(&self) -> bool {
        self.month == 2 && self.day == 29
    }

    /// Whether it is the weekday nearest to a day of its month, without leaving that.
    fn is_weekday_nearest_to(&self, day: u32) -> bool {
        // The weekday of that day of the month.
        let of_day = (self.weekday + 35 + day - self.day) % 7;
        let nearest = match of_day {
            5 if day == 1 => 3,
            5 => day - 1,
            6 if day == self.length => day - 2,
            6 => day + 1,
            _ => day,
        };
        day <= self.length && self.day == nearest
    }
}

/// From 2000 to 2500: a whole cycle from each day that is asked for.
static DATES: LazyLock<Vec<Date>> = LazyLock::new(|| {
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    let days = first.iter_days().take_while(|date| date.year() < 2500);
    days.map(|date| {
        let next = if date.month() == 12 {
            NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)
        } else {
            NaiveDate::from_ymd_opt(date.year(), date.month() + 1, 1)
        };
        Date {
            unix_seconds: date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp(),
            year: date.year(),
            month: date.month(),
            day: date.day(),
            weekday: date.weekday().num_days_from_monday(),
            week: date.iso_week().week(),
            length: next.unwrap().pred_opt().unwrap().day(),
        }
    })
    .collect()
});

const MON: u32 = 0;
const TUE: u32 = 1;
const THU: u32 = 3;
const FRI: u32 = 4;
const SAT: u32 = 5;
const SUN: u32 = 6;

type Rule = fn(&Date) -> bool;

/// With a star in front in one of the day fields, both have to match; without, either.
const CRONTAB: [(&str, Rule); 21] = [
    ("0 0 29 2 *", |d| d.is_leap_day()),
    ("0 0 29 2 */7", |d| d.is_leap_day() && d.weekday == SUN),
    ("0 0 */28 2 mon", |d| {
        d.month == 2 && d.weekday == MON && (d.day == 1 || d.day == 29)
    }),
    ("0 0 */30 12,2 sat", |d| {
        matches!(d.month, 2 | 12) && d.weekday == SAT && matches!(d.day, 1 | 31)
    }),
    ("0 0 29 2 tue", |d| {
        d.month == 2 && (d.day == 29 || d.weekday == TUE)
    }),
    ("0 0 29 2 5#5", |d| d.is_leap_day()),
    ("0 0 * 2 5#5", |d| d.is_leap_day() && d.weekday == FRI),
    ("0 0 * 2 0#5", |d| d.is_leap_day() && d.weekday == SUN),
    ("0 0 * 2 mon#5,thu#5", |d| {
        d.is_leap_day() && matches!(d.weekday, MON | THU)
    }),
    ("0 0 * 2 friL", |d| {
        d.month == 2 && d.weekday == FRI && d.is_last_of_its_weekday()
    }),
    ("0 0 L 2 *", |d| d.month == 2 && d.day == d.length),
    ("0 0 L-28 2 *", |d| {
        d.month == 2 && d.day == 1 && d.length == 29
    }),
    ("0 0 L-27 2 *", |d| d.month == 2 && d.day + 27 == d.length),
    ("0 0 L-30 * *", |d| d.day == 1 && d.length == 31),
    ("0 0 LW 2 *", |d| {
        d.month == 2 && d.is_weekday_nearest_to(d.length)
    }),
    ("0 0 29W 2 *", |d| {
        d.month == 2 && d.is_weekday_nearest_to(29)
    }),
    ("0 0 1W 2 *", |d| d.month == 2 && d.is_weekday_nearest_to(1)),
    ("0 0 31W 12 *", |d| {
        d.month == 12 && d.is_weekday_nearest_to(31)
    }),
    ("0 0 31 2,4,6,9,11,12 *", |d| d.month == 12 && d.day == 31),
    ("0 0 30,29 2 *", |d| d.is_leap_day()),
    ("0 0 L 2 mon#1", |d| {
        d.month == 2 && (d.day == d.length || d.weekday == MON && d.day <= 7)
    }),
];

/// All fields of a table have to match.
const TABLES: [(&[(TableField, &str)], Rule); 18] = [
    (&[(Month, "2"), (Day, "29"), (DayOfWeek, "mon")], |d| {
        d.is_leap_day() && d.weekday == MON
    }),
    (&[(Month, "2"), (Day, "29"), (DayOfWeek, "sun")], |d| {
        d.is_leap_day() && d.weekday == SUN
    }),
    (
        &[(Month, "2"), (Day, "29"), (DayOfWeek, "mon"), (Week, "9")],
        |d| d.is_leap_day() && d.weekday == MON && d.week == 9,
    ),
    (&[(Month, "2"), (Day, "29"), (Week, "8")], |d| {
        d.is_leap_day() && d.week == 8
    }),
    (&[(Month, "2"), (Day, "5th mon")], |d| {
        d.is_leap_day() && d.weekday == MON
    }),
    (
        &[(Month, "2"), (Day, "last"), (DayOfWeek, "fri"), (Week, "9")],
        |d| d.month == 2 && d.day == d.length && d.weekday == FRI && d.week == 9,
    ),
    (&[(Month, "2"), (Day, "last sat"), (Week, "9")], |d| {
        d.month == 2 && d.weekday == SAT && d.is_last_of_its_weekday() && d.week == 9
    }),
    (
        &[(Day, "13"), (DayOfWeek, "fri"), (Month, "2"), (Week, "7")],
        |d| d.month == 2 && d.day == 13 && d.weekday == FRI && d.week == 7,
    ),
    (&[(Week, "53"), (Month, "1"), (Day, "3")], |d| {
        d.week == 53 && d.month == 1 && d.day == 3
    }),
    (
        &[(Week, "53"), (Month, "1"), (Day, "1"), (DayOfWeek, "sat")],
        |d| d.week == 53 && d.month == 1 && d.day == 1 && d.weekday == SAT,
    ),
    (&[(Week, "53"), (DayOfWeek, "thu")], |d| {
        d.week == 53 && d.weekday == THU
    }),
    (&[(Week, "53"), (Month, "12"), (DayOfWeek, "sun")], |d| {
        d.week == 53 && d.month == 12 && d.weekday == SUN
    }),
    (&[(Week, "1"), (Month, "12"), (Day, "29")], |d| {
        d.week == 1 && d.month == 12 && d.day == 29
    }),
    (&[(Week, "52"), (Month, "1"), (DayOfWeek, "sun")], |d| {
        d.week == 52 && d.month == 1 && d.weekday == SUN
    }),
    (&[(Year, "2000/100"), (Month, "2"), (Day, "29")], |d| {
        d.is_leap_day() && d.year % 100 == 0
    }),
    (
        &[(Year, "2104,2108,2111"), (Month, "2"), (Day, "29")],
        |d| d.is_leap_day() && matches!(d.year, 2104 | 2108),
    ),
    (
        &[
            (Year, "2001/3"),
            (Month, "2"),
            (Day, "29"),
            (DayOfWeek, "tue"),
        ],
        |d| d.is_leap_day() && (d.year - 2001) % 3 == 0 && d.weekday == TUE,
    ),
    (
        &[
            (Year, "2400"),
            (Month, "12"),
            (Day, "last"),
            (DayOfWeek, "sun"),
        ],
        |d| d.year == 2400 && d.month == 12 && d.day == 31 && d.weekday == SUN,
    ),
];

/// From these days on, each for four hundred years: after the last leap day before 2100, which has none,
/// after the first day of the calendar's cycle, at a leap day itself, and in between.
const ASKED: [(i32, u32, u32); 4] = [(2096, 3, 1), (2000, 1, 2), (2000, 2, 29), (2099, 12, 31)];

/// So many are compared from either side of a window; and the number of all.
const FIRST: usize = 40;

fn hold(cron: &Cron, rule: Rule, text: &str) {
    let schedule =
        ScheduleSpec::new(Trigger::Cron(cron.clone()), Zone::utc()).anchored(WallTime::MIN);
    for (year, month, day) in ASKED {
        let asked = utc(year, month, day);
        let end = utc(year + 400, month, day);
        let within = DATES
            .iter()
            .filter(|date| (asked + 1..=end).contains(&date.unix_seconds));
        let walked: Vec<i64> = within
            .filter(|date| rule(date))
            .map(|date| date.unix_seconds)
            .collect();
        let note = || format!("{text} from {year}-{month:02}-{day:02}");
        hold_window(&schedule, &walked, asked, end, &note());
    }
    assert_eq!(cron.can_fire(), DATES.iter().any(rule), "{text} can fire");
}

fn hold_window(schedule: &Schedule, walked: &[i64], asked: i64, end: i64, note: &str) {
    let at = WallTime::from_unix_seconds;
    let found = std::iter::successors(schedule.next_after(at(asked)), |fire| {
        schedule.next_after(*fire)
    });
    let found = found.take_while(|fire| *fire <= at(end)).take(FIRST);
    let found: Vec<_> = found.map(WallTime::unix_seconds).collect();
    let first = &walked[..walked.len().min(FIRST)];
    assert_eq!(found, first, "{note}, forward");
    let before =
        |fire: WallTime| schedule.last_at_or_before(WallTime::from_micros(fire.as_micros() - 1));
    let found = std::iter::successors(schedule.last_at_or_before(at(end)), |fire| before(*fire));
    let found = found.take_while(|fire| *fire > at(asked)).take(FIRST);
    let found: Vec<_> = found.map(WallTime::unix_seconds).collect();
    let last: Vec<_> = walked.iter().rev().take(FIRST).copied().collect();
    assert_eq!(found, last, "{note}, backward");
    let count = schedule.count_between(at(asked), at(end));
    assert_eq!(count, walked.len() as u64, "{note}, counted");
}

#[test]
fn rare_dates_of_crontab_expressions_are_those_of_a_walk_over_four_centuries() {
    for (text, rule) in CRONTAB {
        let Trigger::Cron(cron) = parse_expression(text).unwrap().trigger else {
            panic!("{text}");
        };
        hold(&cron, rule, text);
    }
}

#[test]
fn rare_dates_of_cron_tables_are_those_of_a_walk_over_four_centuries() {
    for (fields, rule) in TABLES {
        hold(&Cron::table(fields).unwrap(), rule, &format!("{fields:?}"));
    }
}
