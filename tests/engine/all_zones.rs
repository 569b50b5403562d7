//! Every change of offset of every zone from 1970 to 2100, and the years in between.
//!
//! A change is looked at reading by reading: the minutes of some hours around it are listed once, each
//! with the instants the zone (chrono-tz's own) gives them, and what fires is read off that list by
//! the sentences of rsched.toml(5). Nothing here knows how the engine searches.
//!
//! All of it takes a minute in a debug build, so that a share is the rule: one change in [`SHARES`], and
//! one zone in [`SHARES`] for the years. `RSCHED_PROOF=whole` asks for everything, a number for
//! another share; the number is part of every message.

use crate::cases::{policy, utc};
use chrono::{DateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use rsched::schedule::{Schedule, ScheduleSpec, Trigger, parse_expression};
use rsched::time::{WallTime, ZoneDatabase};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What is tried unless more is asked for is one of so many.
const SHARES: u64 = 4;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// Which share is tried.
#[derive(Clone, Copy)]
struct Share {
    seed: Option<u64>,
}

impl Share {
    fn asked_for() -> Self {
        let seed = match std::env::var("RSCHED_PROOF") {
            Err(_) => Some(0),
            Ok(text) if text == "whole" => None,
            Ok(text) => Some(text.parse().expect("RSCHED_PROOF is `whole` or a number")),
        };
        Self { seed }
    }

    fn has(self, number: u64) -> bool {
        // Neighbours are alike: spread them.
        self.seed.is_none_or(|seed| {
            (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % SHARES == seed % SHARES
        })
    }

    /// How to see it again.
    fn name(self) -> String {
        self.seed.map_or_else(
            || "RSCHED_PROOF=whole".to_owned(),
            |seed| format!("RSCHED_PROOF={seed}"),
        )
    }
}

fn offset_at(zone: Tz, instant: i64) -> i64 {
    let time = DateTime::from_timestamp(instant, 0).unwrap();
    zone.offset_from_utc_datetime(&time.naive_utc())
        .fix()
        .local_minus_utc()
        .into()
}

/// The first second of each new offset from 1970 to 2100. The shortest that any has held is a week.
pub fn changes(zone: Tz) -> Vec<i64> {
    const STEP: i64 = 6 * DAY;
    let mut changes = Vec::new();
    let (mut known, mut offset) = (0, offset_at(zone, 0));
    while known < utc(2100, 1, 1) {
        let next = offset_at(zone, known + STEP);
        if next != offset {
            let (mut before, mut after) = (known, known + STEP);
            while after - before > 1 {
                let middle = i64::midpoint(before, after);
                if offset_at(zone, middle) == offset {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            changes.push(after);
        }
        (known, offset) = (known + STEP, next);
    }
    changes
}

/// All zones with their changes; those that share all of them under the first of their names.
static ZONES: LazyLock<Vec<(Tz, Vec<i64>)>> = LazyLock::new(|| {
    let mut seen = BTreeSet::new();
    let mut zones = Vec::new();
    for zone in chrono_tz::TZ_VARIANTS {
        let changes = changes(zone);
        let offsets: Vec<_> = changes.iter().map(|at| offset_at(zone, *at)).collect();
        if seen.insert((offset_at(zone, 0), changes.clone(), offsets)) {
            zones.push((zone, changes));
        }
    }
    zones
});

/// The sets of an expression of minutes and hours, with what Vixie's rule goes by.
pub struct Times {
    pub text: String,
    minutes: Vec<i64>,
    hours: Vec<i64>,
    has_star: bool,
}

impl Times {
    fn new(minute: &str, minutes: Vec<i64>, hour: &str, hours: Vec<i64>) -> Self {
        Self {
            text: format!("{minute} {hour} * * *"),
            has_star: minute.starts_with('*') || hour.starts_with('*'),
            minutes,
            hours,
        }
    }

    fn at(reading: i64) -> Self {
        let (minute, hour) = (
            reading.div_euclid(MINUTE).rem_euclid(60),
            reading.div_euclid(HOUR).rem_euclid(24),
        );
        Self::new(
            &minute.to_string(),
            vec![minute],
            &hour.to_string(),
            vec![hour],
        )
    }

    fn has(&self, reading: i64) -> bool {
        reading.rem_euclid(MINUTE) == 0
            && self
                .minutes
                .contains(&reading.div_euclid(MINUTE).rem_euclid(60))
            && self
                .hours
                .contains(&reading.div_euclid(HOUR).rem_euclid(24))
    }

    /// Whether skipped readings are made up, and whether repeated ones fire again.
    fn rule(&self, dst: &str) -> (bool, bool) {
        let follows_real_time = match dst {
            "wall" => true,
            "skip" => return (false, false),
            "once" => self.hours.len() == 24,
            _ => self.has_star,
        };
        (!follows_real_time, follows_real_time)
    }
}

/// One change, and the readings around it.
pub struct Around {
    /// The first second of the new offset.
    at: i64,
    /// Readings at whole minutes with their instants, in order of the instants.
    readings: Vec<(i64, i64)>,
    /// Readings at whole minutes that there never were.
    skipped: Vec<i64>,
    /// Readings before this one have been there, if their instants are behind the change.
    repeated_until: i64,
    gap: i64,
    pub first: i64,
    pub last: i64,
}

impl Around {
    /// The offset is `before` up to the instant `at`, and `after` from there on.
    pub fn new(at: i64, before: i64, after: i64) -> Self {
        let shift = (after - before).abs();
        let (first, last) = (at - shift - 3 * HOUR, at + shift + 3 * HOUR);
        let whole_minutes = |from: i64, until: i64, offset: i64| {
            let begin = from + (-(from + offset)).rem_euclid(MINUTE);
            let step = usize::try_from(MINUTE).unwrap();
            (begin..until)
                .step_by(step)
                .map(move |instant| (instant, instant + offset))
        };
        let readings = whole_minutes(first, at, before).chain(whole_minutes(at, last + 1, after));
        let skipped = whole_minutes(at, at + after - before, before);
        Self {
            at,
            readings: readings.collect(),
            skipped: skipped.map(|(_, reading)| reading).collect(),
            repeated_until: at + before,
            gap: after - before,
            first,
            last,
        }
    }

    pub fn fires(&self, times: &Times, dst: &str) -> Vec<i64> {
        let (make_up, repeat) = times.rule(dst);
        let is_new =
            |(instant, reading): &(i64, i64)| *instant < self.at || *reading >= self.repeated_until;
        let matching = self
            .readings
            .iter()
            .filter(|(_, reading)| times.has(*reading));
        let mut fires: BTreeSet<i64> = matching
            .filter(|pair| repeat || is_new(pair))
            .map(|(instant, _)| *instant)
            .collect();
        let is_made_up = make_up
            && self.gap <= 3 * HOUR
            && self.skipped.iter().any(|reading| times.has(*reading));
        if is_made_up {
            fires.insert(self.at);
        }
        fires.into_iter().collect()
    }
}

/// Asks the engine from both sides, and from many places.
pub fn differences(schedule: &Schedule, expected: &[i64], first: i64, last: i64) -> String {
    let mut wrong = String::new();
    let seconds = |time: Option<WallTime>| time.map(WallTime::unix_seconds);
    let expect =
        |wrong: &mut String, what: &str, from: i64, found: Option<i64>, expected: Option<i64>| {
            let within = found.filter(|found| (first..=last).contains(found));
            if within != expected {
                let _ = writeln!(wrong, "{what} {from} is {found:?}, expected {expected:?}");
            }
        };
    let odd = (first..=last).step_by(1_777);
    for from in expected
        .iter()
        .flat_map(|fire| [*fire - 1, *fire])
        .chain(odd)
    {
        let at = WallTime::from_unix_seconds(from);
        let next = expected.iter().copied().find(|fire| *fire > from);
        expect(
            &mut wrong,
            "the next after",
            from,
            seconds(schedule.next_after(at)),
            next,
        );
        let previous = expected.iter().copied().rfind(|fire| *fire <= from);
        expect(
            &mut wrong,
            "the last until",
            from,
            seconds(schedule.last_at_or_before(at)),
            previous,
        );
        let end = WallTime::from_unix_seconds(last);
        let count = expected.iter().filter(|fire| **fire > from).count() as u64;
        if schedule.count_between(at, end) != count {
            let found = schedule.count_between(at, end);
            let _ = writeln!(wrong, "{found} counted behind {from}, expected {count}");
        }
    }
    wrong
}

fn schedule(trigger: Trigger, zones: &ZoneDatabase, zone: Tz, dst: &str) -> Schedule {
    let spec = ScheduleSpec {
        dst: policy(dst),
        ..ScheduleSpec::new(trigger, zones.get(zone.name()).unwrap())
    };
    spec.anchored(WallTime::from_micros(0))
}

pub const POLICIES: [&str; 4] = ["once", "wall", "skip", "cron"];

/// Tries the changes forward (gaps), or those back (folds).
fn try_changes(forward: bool) {
    let share = Share::asked_for();
    let database = ZoneDatabase::bundled();
    let (mut number, mut tried) = (0, 0);
    for &(zone, ref changes) in ZONES.iter() {
        for pair in changes.windows(2) {
            let apart = pair[1] - pair[0];
            assert!(
                apart > 2 * DAY,
                "{zone} {pair:?}: two changes in one list of readings"
            );
        }
        for &at in changes {
            if (offset_at(zone, at) > offset_at(zone, at - 1)) != forward {
                continue;
            }
            number += 1;
            if share.has(number) {
                tried += 1;
                try_change(&database, zone, at, number, share);
            }
        }
    }
    assert!(
        number > 5_000 && tried > number / SHARES / 2,
        "{tried} of {number}"
    );
}

fn try_change(database: &ZoneDatabase, zone: Tz, at: i64, number: u64, share: Share) {
    let [before, after] = [at - 1, at].map(|instant| offset_at(zone, instant));
    let around = Around::new(at, before, after);
    let mut policies = POLICIES;
    policies.rotate_left(usize::try_from(number % 4).unwrap());
    for times in times_around(at, before, after) {
        let trigger = parse_expression(&times.text).unwrap().trigger;
        for (place, dst) in policies.iter().enumerate() {
            // Two of them mostly come to the same; which of these is tried changes from one to the next.
            let is_same = |other: &&str| times.rule(other) == times.rule(dst);
            if policies[..place].iter().any(is_same) {
                continue;
            }
            let expected = around.fires(&times, dst);
            let schedule = schedule(trigger.clone(), database, zone, dst);
            let wrong = differences(&schedule, &expected, around.first, around.last);
            assert_eq!(
                wrong,
                "",
                "{zone} at {at}, `{}`, {dst}, {}",
                times.text,
                share.name()
            );
        }
    }
}

/// Times in a gap or fold, at its edges, on both sides of it, and some for the whole day.
pub fn times_around(at: i64, before: i64, after: i64) -> [Times; 8] {
    let (one, other) = (at + before, at + after);
    let (begin, end) = (one.min(other), one.max(other));
    let all_hours: Vec<i64> = (0..24).collect();
    let quarters = vec![0, 15, 30, 45];
    [
        Times::at(begin),
        Times::at(i64::midpoint(begin, end)),
        Times::at(end),
        Times::at(end - MINUTE),
        Times::new("*/15", quarters.clone(), "1-3", vec![1, 2, 3]),
        Times::new("0,15,30,45", quarters.clone(), "0-23", all_hours.clone()),
        Times::new("0,15,30,45", quarters, "*/1", all_hours),
        Times::new("7", vec![7], "*/2", (0..24).step_by(2).collect()),
    ]
}

#[test]
fn around_every_gap_of_every_zone_fires_what_the_readings_say() {
    try_changes(true);
}

#[test]
fn around_every_fold_of_every_zone_fires_what_the_readings_say() {
    try_changes(false);
}

/// The instants of a daily time by chrono-tz: once a day, in a gap the first instant behind it.
fn daily(zone: Tz, changes: &[i64], hour: u32, minute: u32) -> Vec<i64> {
    let mut fires = Vec::new();
    let first = DateTime::from_timestamp(0, 0).unwrap().date_naive();
    for date in first.iter_days().take(130 * 365) {
        let reading = date.and_hms_opt(hour, minute, 0).unwrap();
        if let Some(time) = zone.from_local_datetime(&reading).earliest() {
            fires.push(time.timestamp());
        } else {
            let reading = reading.and_utc().timestamp();
            let is_behind = |at: &&i64| **at + offset_at(zone, **at) > reading;
            let at = *changes.iter().find(is_behind).unwrap();
            if offset_at(zone, at) - offset_at(zone, at - 1) <= 3 * HOUR {
                fires.push(at);
            }
        }
    }
    fires.dedup();
    fires
}

#[test]
fn the_days_of_a_hundred_and_thirty_years_follow_each_other_in_every_zone() {
    let share = Share::asked_for();
    let database = ZoneDatabase::bundled();
    let times = [(2, 30), (0, 0), (23, 59), (3, 0), (1, 15)];
    for (number, &(zone, ref changes)) in (0_u64..).zip(ZONES.iter()) {
        if !share.has(number) {
            continue;
        }
        let (hour, minute) = times[usize::try_from(number).unwrap() % times.len()];
        let trigger = parse_expression(&format!("{minute} {hour} * * *"))
            .unwrap()
            .trigger;
        let schedule = schedule(trigger, &database, zone, "once");
        let expected: Vec<i64> = daily(zone, changes, hour, minute)
            .into_iter()
            .filter(|fire| *fire > 0)
            .collect();
        let note = || format!("{zone} {hour}:{minute:02}, {}", share.name());
        let mut now = WallTime::from_micros(0);
        for fire in &expected {
            let next = schedule.next_after(now).unwrap();
            assert!(next > now, "{}: {next:?} is not later than {now:?}", note());
            assert_eq!(next.unix_seconds(), *fire, "{} after {now:?}", note());
            let before = WallTime::from_micros(next.as_micros() - 1);
            let previous = schedule.last_at_or_before(before);
            assert!(
                previous.is_none_or(|previous| previous <= now),
                "{}",
                note()
            );
            now = next;
        }
        let count = schedule.count_between(WallTime::from_micros(0), now);
        assert_eq!(count, expected.len() as u64, "{}", note());
        let middle = WallTime::from_unix_seconds(expected[expected.len() / 3]);
        assert_eq!(
            schedule.count_between(middle, now),
            (expected.len() - expected.len() / 3 - 1) as u64,
            "{}",
            note()
        );
        assert_eq!(
            DateTime::from_timestamp(now.unix_seconds(), 0)
                .unwrap()
                .with_timezone(&zone)
                .minute(),
            minute
        );
    }
}
