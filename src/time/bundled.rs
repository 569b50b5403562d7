//! Zones from chrono-tz's compiled-in copy of the tz database.
//!
//! chrono-tz answers "which offset at this instant?" but shows neither its table nor a rule for
//! the years after 2099, where the table ends. Both are recovered here: the table by walking
//! through time and bisecting, the rule by asking which one gives all changes of the last decades.

use super::civil::{self, SECONDS_PER_DAY};
use super::posix_rule::{PosixRule, YearlyChange, YearlyDay};
use super::zone::Zone;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Shorter than any time an offset has ever held: the shortest in the tz database is seven days
/// (Brazil's north-east, October 2000), so that a step finds each change.
const STEP_SECONDS: i64 = 2 * SECONDS_PER_DAY;

/// Before the first change of the tz database (1834).
const FIRST_YEAR: i32 = 1800;
/// chrono-tz's table ends with the year 2099.
const END_YEAR: i32 = 2100;
/// Years whose changes a rule must give to be believed; long enough to tell "second Sunday" from
/// "last Sunday", short enough that every zone of the database has settled on its rule by then.
const RULE_YEARS: i32 = 12;

/// The zone of a known name.
pub(super) fn zone(name: &str) -> Option<Zone> {
    let tz: Tz = name.parse().ok()?;
    let (first_offset, changes) = changes_of(tz);
    let rule = inferred_rule(&changes);
    Some(Zone::from_changes(
        name,
        first_offset,
        changes,
        rule.as_ref(),
    ))
}

/// Seconds east of UTC at a Unix second.
fn offset_at(tz: Tz, unix_seconds: i64) -> i32 {
    let time = DateTime::from_timestamp(unix_seconds, 0).unwrap_or_default();
    tz.offset_from_utc_datetime(&time.naive_utc())
        .fix()
        .local_minus_utc()
}

fn changes_of(tz: Tz) -> (i32, Vec<(i64, i32)>) {
    let start = civil::days_from_civil(FIRST_YEAR, 1, 1) * SECONDS_PER_DAY;
    let end = civil::days_from_civil(END_YEAR, 1, 1) * SECONDS_PER_DAY;
    let first_offset = offset_at(tz, start);
    let (mut known, mut offset) = (start, first_offset);
    let mut changes = Vec::new();
    while known < end {
        let next = known + STEP_SECONDS;
        let next_offset = offset_at(tz, next);
        if next_offset != offset {
            let at = bisect(tz, known, next, offset);
            changes.push((at, next_offset));
            offset = next_offset;
        }
        known = next;
    }
    (first_offset, changes)
}

/// The first second in `before < t <= after` at which the offset is no longer `offset`.
fn bisect(tz: Tz, mut before: i64, mut after: i64, offset: i32) -> i64 {
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset_at(tz, middle) == offset {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

/// The rule of a zone that still changes twice a year when the table ends.
fn inferred_rule(changes: &[(i64, i32)]) -> Option<PosixRule> {
    let year_of = |at: i64| civil::civil_from_days(at.div_euclid(SECONDS_PER_DAY)).0;
    let count = usize::try_from(2 * RULE_YEARS).ok()?;
    let recent = changes.get(changes.len().checked_sub(count)?..)?;
    if year_of(recent.first()?.0) != END_YEAR - RULE_YEARS {
        return None;
    }
    let (one, other) = (recent[0].1, recent[1].1);
    let changes_to = |offset: i32, clock: i32| {
        let local = |&(at, to): &(i64, i32)| (to == offset).then_some(at + i64::from(clock));
        recent.iter().filter_map(local).collect::<Vec<i64>>()
    };
    let (standard, daylight) = (one.min(other), one.max(other));
    let start = yearly_change(&changes_to(daylight, standard))?;
    let end = yearly_change(&changes_to(standard, daylight))?;
    Some(PosixRule::yearly(standard, daylight, start, end))
}

/// The `Mm.w.d/time` that gives all these local times, one a year.
fn yearly_change(local_seconds: &[i64]) -> Option<YearlyChange> {
    // Some rules count from another day than the one they fall on ("02:00 on the Saturday before
    // the last Sunday" is M10.5.0/-22), so try the neighbouring days, the day itself first.
    [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]
        .into_iter()
        .find_map(|day_shift| {
            let days: Vec<i64> = local_seconds
                .iter()
                .map(|local| local.div_euclid(SECONDS_PER_DAY) - day_shift)
                .collect();
            let first = *local_seconds.first()?;
            let time = first - days.first()? * SECONDS_PER_DAY;
            let (_, month, _) = civil::civil_from_days(*days.first()?);
            let weekday = civil::weekday(*days.first()?);
            // "Last" is what it nearly always is: try it before "fourth".
            [5, 1, 2, 3, 4].into_iter().find_map(|week| {
                let day = YearlyDay::Weekday {
                    month,
                    week,
                    weekday,
                };
                let change = YearlyChange {
                    day,
                    time: i32::try_from(time).ok()?,
                };
                let gives = |(local, days): (&i64, &i64)| {
                    let year = civil::civil_from_days(*days).0;
                    day.days(year) == *days && local - days * SECONDS_PER_DAY == time
                };
                local_seconds.iter().zip(&days).all(gives).then_some(change)
            })
        })
}
