//! The engine beside two other crates, on random expressions of the language they share with it.
//!
//! What is known to differ is left out of that language, each by name with the reason.

use crate::all_zones::changes;
use crate::cases::{policy, shown, utc, zone};
use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use rsched::schedule::{Schedule, ScheduleSpec, parse_expression, parse_quartz};
use rsched::time::{WallTime, Zone};
use std::str::FromStr;
use std::sync::Arc;

/// Fires that are compared, in each direction.
const FIRES: usize = 5;

/// Farther away nothing is compared: the others look at each day up to there.
const YEARS_AHEAD: i64 = 30;

/// A field of numbers.
#[derive(Clone, Copy)]
struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTE: Bounds = Bounds {
    min: 0,
    max: 59,
    names: &[],
};
const HOUR: Bounds = Bounds {
    min: 0,
    max: 23,
    names: &[],
};
const DAY: Bounds = Bounds {
    min: 1,
    max: 31,
    names: &[],
};
const MONTHS: &[&str] = &[
    "jan", "feb", "MAR", "apr", "may", "Jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const MONTH: Bounds = Bounds {
    min: 1,
    max: 12,
    names: MONTHS,
};
const WEEKDAYS: &[&str] = &["sun", "mon", "TUE", "wed", "Thu", "fri", "sat"];
/// 0 and 7 are Sunday.
const WEEKDAY: Bounds = Bounds {
    min: 0,
    max: 7,
    names: WEEKDAYS,
};
/// 1 is Sunday.
const QUARTZ_WEEKDAY: Bounds = Bounds {
    min: 1,
    max: 7,
    names: WEEKDAYS,
};
const YEAR: Bounds = Bounds {
    min: 2020,
    max: 2040,
    names: &[],
};

/// A value, a range, a stepped range, or a stepped star.
///
/// Left out are the forms on which none of the others agree with cron: ranges that run backwards, a step
/// larger than its range, and a star among other items (`*,5`), which croner refuses.
fn item(bounds: Bounds) -> impl Strategy<Value = String> {
    let Bounds { min, max, .. } = bounds;
    let one = move || min..=max;
    let named = move |value: u32, name: bool| {
        let index = usize::try_from(value - min).unwrap();
        match bounds.names.get(index) {
            Some(text) if name => (*text).to_owned(),
            _ => value.to_string(),
        }
    };
    let ordered = |one: u32, other: u32| (one.min(other), one.max(other));
    prop_oneof![
        4 => (one(), any::<bool>()).prop_map(move |(value, name)| named(value, name)),
        3 => (one(), one(), any::<bool>()).prop_map(move |(a, b, name)| {
            let (low, high) = ordered(a, b);
            // A name has no twin at the other end, as Sunday's number 7 has; and `sun-sun`, one day to
            // cron, is the whole week to croner.
            let name = name && high > low && usize::try_from(high - min).unwrap() < bounds.names.len();
            format!("{}-{}", named(low, name), named(high, name))
        }),
        2 => (one(), one(), 1_u32..7).prop_filter_map("a step in its range", move |(a, b, step)| {
            let (low, high) = ordered(a, b);
            (step <= high - low).then(|| format!("{low}-{high}/{step}"))
        }),
        1 => (2_u32..=(max - min).min(30)).prop_map(|step| format!("*/{step}")),
    ]
}

fn list(bounds: Bounds) -> impl Strategy<Value = String> {
    let items = prop::collection::vec(item(bounds), 1..4);
    prop_oneof![1 => Just("*".to_owned()), 3 => items.prop_map(|items| items.join(","))]
}

/// A day field that is either free or restricted to the eye: croner takes a field for free only if it is
/// `*` alone, cron if it begins with a star, as rsched does.
fn day_list(bounds: Bounds) -> impl Strategy<Value = String> {
    let restricted = list(bounds).prop_filter("begins with a star", |text| !text.starts_with('*'));
    prop_oneof![2 => Just("*".to_owned()), 1 => Just("?".to_owned()), 3 => restricted]
}

/// Days with `L` and `W`. Together in one list croner takes them for `LW`; `L-n` it has not.
fn special_day() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("L".to_owned()),
        Just("LW".to_owned()),
        (1_u32..32).prop_map(|day| format!("{day}W")),
        (1_u32..32, 1_u32..32).prop_map(|(day, other)| format!("{day},{other}W")),
        (1_u32..28).prop_map(|day| format!("{day},L")),
    ]
}

/// Weekdays with `#` and `L`.
fn special_weekday() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(WEEKDAYS);
    prop_oneof![
        (0_u32..8, 1_u32..6).prop_map(|(day, nth)| format!("{day}#{nth}")),
        (name(), 1_u32..6).prop_map(|(day, nth)| format!("{day}#{nth}")),
        (0_u32..8).prop_map(|day| format!("{day}L")),
        (0_u32..8, 0_u32..8, 1_u32..6).prop_map(|(one, day, nth)| format!("{one},{day}#{nth}")),
    ]
}

/// A crontab expression of five fields.
fn crontab() -> impl Strategy<Value = String> {
    let day = prop_oneof![3 => day_list(DAY), 1 => special_day()];
    let weekday = prop_oneof![3 => day_list(WEEKDAY), 1 => special_weekday()];
    (list(MINUTE), list(HOUR), day, list(MONTH), weekday).prop_map(
        |(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"),
    )
}

/// A quarter of hours are one, so that some expressions name a time of day, and one where clocks change.
fn timed_crontab() -> impl Strategy<Value = String> {
    (crontab(), 0_u32..4, 0_u32..60, any::<bool>()).prop_map(|(text, hour, minute, is_fixed)| {
        let mut fields: Vec<_> = text.split(' ').map(str::to_owned).collect();
        if is_fixed {
            (fields[0], fields[1]) = (minute.to_string(), hour.to_string());
        } else {
            fields[1] = format!("{hour}-{}", hour + 1);
        }
        fields.join(" ")
    })
}

/// Six or seven fields as the crate `cron` reads them. A step is taken from a number too there (`5/10`).
fn quartz() -> impl Strategy<Value = String> {
    let seconds = prop_oneof![Just("0".to_owned()), list(MINUTE), Just("5/10".to_owned())];
    let day = prop_oneof![1 => Just("?".to_owned()), 2 => list(DAY)];
    let weekday = prop_oneof![1 => Just("?".to_owned()), 2 => list(QUARTZ_WEEKDAY)];
    let year = prop_oneof![2 => Just(String::new()), 1 => list(YEAR)];
    (
        seconds,
        list(MINUTE),
        list(HOUR),
        day,
        list(MONTH),
        weekday,
        year,
    )
        .prop_map(|fields| {
            let (second, minute, hour, day, month, weekday, year) = fields;
            format!("{second} {minute} {hour} {day} {month} {weekday} {year}")
                .trim_end()
                .to_owned()
        })
}

/// Zones with gaps and folds of half an hour, one hour and two. Left out are those that skipped a whole
/// day: croner gives up in gaps of more than two hours.
const ZONES: [Tz; 6] = [
    Tz::Europe__Paris,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Australia__Lord_Howe,
    Tz::Antarctica__Troll,
    Tz::Africa__Cairo,
];

/// Instants up to two days from a change of clocks, up to 2060: chrono-tz, from which croner has its
/// offsets, knows of no change after 2099.
fn changes_of_clocks() -> impl Strategy<Value = (Tz, i64)> {
    let changes: Vec<_> = ZONES
        .into_iter()
        .flat_map(|tz| changes(tz).into_iter().map(move |at| (tz, at)))
        .filter(|(_, at)| *at < utc(2060, 1, 1))
        .collect();
    let near = (prop::sample::select(changes), -172_800_i64..172_800);
    near.prop_map(|((tz, at), apart)| (tz, at + apart))
}

/// Seconds of the years 1970 to 2090.
fn instants() -> impl Strategy<Value = i64> {
    0_i64..3_786_912_000
}

/// The fires found one by one, but none that is too far away to be looked for elsewhere.
fn fires(from: i64, find: impl Fn(WallTime) -> Option<WallTime>) -> Vec<WallTime> {
    let begin = WallTime::from_unix_seconds(from);
    let is_near = |at: &WallTime| (at.unix_seconds() - from).abs() < YEARS_AHEAD * 365 * 86_400;
    std::iter::successors(find(begin), |at| find(*at))
        .take(FIRES)
        .take_while(is_near)
        .collect()
}

fn before(at: WallTime) -> WallTime {
    WallTime::from_micros(at.as_micros() - 1)
}

fn time(at: WallTime) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.as_micros()).unwrap()
}

fn of_time<Z: TimeZone>(time: &DateTime<Z>) -> WallTime {
    WallTime::from_micros(time.timestamp_micros())
}

fn crontab_schedule(text: &str, zone: Arc<Zone>, dst: &str) -> Schedule {
    let trigger = parse_expression(text)
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
        .trigger;
    let spec = ScheduleSpec {
        dst: policy(dst),
        ..ScheduleSpec::new(trigger, zone)
    };
    spec.anchored(WallTime::from_micros(0))
}

/// Compares the next and the previous fires with croner's.
fn compare_with_croner(text: &str, tz: Tz, dst: &str, from: i64) -> Result<(), TestCaseError> {
    let ours = crontab_schedule(text, zone(tz.name()), dst);
    let theirs = croner::parser::CronParser::new().parse(text);
    let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
    let next = fires(from, |at| ours.next_after(at));
    // As many as we found: what is farther away takes croner long to find.
    let start = time(WallTime::from_unix_seconds(from)).with_timezone(&tz);
    let expected: Vec<_> = theirs
        .iter_after(start)
        .take(next.len())
        .map(|time| of_time(&time))
        .collect();
    prop_assert_eq!(
        shown(&next),
        shown(&expected),
        "{} in {} after {}",
        text,
        tz,
        start
    );
    let previous = fires(from, |at| ours.last_at_or_before(before(at)));
    let expected = theirs.iter_before(start).take(previous.len());
    let expected: Vec<_> = expected.map(|time| of_time(&time)).collect();
    prop_assert_eq!(
        shown(&previous),
        shown(&expected),
        "{} in {} before {}",
        text,
        tz,
        start
    );
    Ok(())
}

/// Compares the next and the previous fires with those of the crate `cron`. Its years end with 2100.
fn compare_with_cron(text: &str, ours: &Schedule, from: i64) -> Result<(), TestCaseError> {
    let theirs = cron::Schedule::from_str(text);
    let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
    let end = WallTime::from_unix_seconds(utc(2101, 1, 1));
    let next = fires(from, |at| ours.next_after(at).filter(|next| *next < end));
    let start = time(WallTime::from_unix_seconds(from));
    let expected = theirs.after(&start).take(next.len());
    let expected: Vec<_> = expected.map(|time| of_time(&time)).collect();
    prop_assert_eq!(shown(&next), shown(&expected), "{} after {}", text, start);
    // From behind the last of its years that crate goes back to the beginning of it, not to its end.
    if text.split(' ').count() == 7 {
        return Ok(());
    }
    let previous = fires(from, |at| ours.last_at_or_before(before(at)));
    let expected = theirs.after(&start).rev().take(previous.len());
    let expected: Vec<_> = expected.map(|time| of_time(&time)).collect();
    prop_assert_eq!(
        shown(&previous),
        shown(&expected),
        "{} before {}",
        text,
        start
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn croner_finds_the_same_fires_in_utc(text in crontab(), from in instants()) {
        compare_with_croner(&text, Tz::UTC, "once", from)?;
    }

    /// croner calls a job of one minute of one hour a fixed one, which fires as with `once`, and any other
    /// one a wildcard, which fires as with `wall`.
    #[test]
    fn croner_finds_the_same_fires_where_clocks_change(
        text in timed_crontab(), (tz, from) in changes_of_clocks(),
    ) {
        let is_one = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
        let is_fixed = text.split(' ').take(2).all(is_one);
        compare_with_croner(&text, tz, if is_fixed { "once" } else { "wall" }, from)?;
    }

    #[test]
    fn the_crate_cron_finds_the_same_fires_of_its_own_expressions(text in quartz(), from in instants()) {
        let trigger = parse_quartz(&text).unwrap().trigger;
        let ours = ScheduleSpec::new(trigger, Zone::utc()).anchored(WallTime::from_micros(0));
        compare_with_cron(&text, &ours, from)?;
    }

    /// Sunday is 1 there, which names get around, and both day fields must match, which one of them that
    /// is `*` gets around.
    #[test]
    fn the_crate_cron_finds_the_same_fires_of_crontab_expressions(
        time in (list(MINUTE), list(HOUR)), day in list(DAY), month in list(MONTH),
        weekday in prop::collection::vec(prop::sample::select(WEEKDAYS), 1..4),
        which in 0..3, from in instants(),
    ) {
        let weekday = weekday.join(",");
        let (day, weekday) = match which {
            0 => ("*", weekday.as_str()),
            1 => (day.as_str(), "*"),
            _ => ("*", "*"),
        };
        let text = format!("{} {} {day} {month} {weekday}", time.0, time.1);
        let ours = crontab_schedule(&text, Zone::utc(), "once");
        compare_with_cron(&format!("0 {text}"), &ours, from)?;
    }
}
