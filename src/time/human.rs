//! Instants as a person writes them (`rsched next --from …`, `date = …`, `start_date = …`) and as
//! rsched prints them.
//!
//! Every accepted time lies in the years 1 to 9999. Texts without an offset are readings of a wall
//! clock in a zone; one that was skipped means the first instant after the gap, one that comes
//! twice the first of the two.

use super::civil::{self, CivilTime, SECONDS_PER_DAY};
use super::datetime_text::{self, DateTimeText};
use super::instant::MICROS_PER_SECOND;
use super::{LocalTime, WallTime, Zone, duration};
use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

/// Why a text is no time; `span` is in bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TimeError {
    /// The offending bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl TimeError {
    pub(super) fn new(
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            span,
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

/// First second of the year 1, UTC.
const FIRST_SECOND: i64 = civil::days_from_civil(1, 1, 1) * SECONDS_PER_DAY;
/// First second of the year 10,000, UTC.
const END_SECOND: i64 = civil::days_from_civil(10_000, 1, 1) * SECONDS_PER_DAY;

const RANGE_HELP: &str = "write a time in the years 0001 to 9999";

/// cli.md "Times as a person writes them": RFC 3339, `2026-05-01 00:00`, `2026-05-01`, `now`,
/// `today`, `tomorrow`, `yesterday` (midnight), `+2h`, `-1d` (elapsed time from now), `@1767225600`.
/// Without an offset read in `zone` (gap → first instant after, fold → first).
///
/// ```
/// use rsched::time::human::{parse_time, rfc3339};
/// use rsched::time::{WallTime, ZoneDatabase};
/// let helsinki = ZoneDatabase::bundled().get("Europe/Helsinki").unwrap();
/// let now = WallTime::from_unix_seconds(1_777_626_000); // 2026-05-01 12:00 in Helsinki
/// let tomorrow = parse_time("tomorrow", now, &helsinki).unwrap();
/// assert_eq!(rfc3339(tomorrow, &helsinki), "2026-05-02T00:00:00+03:00");
/// ```
///
/// # Errors
/// Anything else.
pub fn parse_time(text: &str, now: WallTime, zone: &Zone) -> Result<WallTime, TimeError> {
    let start = text.len() - text.trim_start().len();
    let word = text.trim();
    let all = start..start + word.len();
    let today = |days| midnight(local_day(now, zone) + days, zone);
    let time = match word.to_ascii_lowercase().as_str() {
        "now" => return Ok(now),
        "today" => today(0),
        "tomorrow" => today(1),
        "yesterday" => today(-1),
        _ => match word.as_bytes().first() {
            Some(b'@') => since_epoch(&word[1..], &all)?,
            Some(sign @ (b'+' | b'-')) => {
                let length = duration::parse(&word[1..]).map_err(|error| TimeError {
                    span: all.start + 1 + error.span.start..all.start + 1 + error.span.end,
                    message: error.message,
                    help: error.help,
                })?;
                if *sign == b'+' {
                    now + length
                } else {
                    now - length
                }
            }
            _ => return parse_datetime(text, zone),
        },
    };
    in_range(time, all)
}

/// The `date`/`run_date`/`start_date`/`end_date` forms of schedules.md §4: offset, local, or
/// date-only datetimes, one-digit parts allowed (`2020-7-23 16:50:00`), fraction to microseconds
/// (further digits are dropped, as TOML has it); NOT `now` (the caller handles that).
///
/// ```
/// use rsched::time::human::parse_datetime;
/// use rsched::time::{WallTime, Zone};
/// let time = parse_datetime("2020-7-23 16:50", &Zone::utc());
/// assert_eq!(time, Ok(WallTime::from_unix_seconds(1_595_523_000)));
/// ```
///
/// # Errors
/// Anything else, a day no month has and offsets out of range among it.
pub fn parse_datetime(text: &str, zone: &Zone) -> Result<WallTime, TimeError> {
    let start = text.len() - text.trim_start().len();
    let all = start..start + text.trim().len();
    let DateTimeText {
        civil,
        micros,
        offset,
    } = datetime_text::parse(text)?;
    let local = civil.to_local_seconds();
    let fraction = Duration::from_micros(u64::from(micros));
    let time = match offset {
        Some(offset) => WallTime::from_unix_seconds(local - i64::from(offset)) + fraction,
        None => from_local(local, zone, fraction),
    };
    in_range(time, all)
}

/// How long a gap the time lies in that [`parse_time`] reads, if it was skipped by the clocks of the zone;
/// it then means the first instant after the gap.
///
/// ```
/// use rsched::time::{ZoneDatabase, human::gap};
/// let london = ZoneDatabase::bundled().get("Europe/London").unwrap();
/// assert_eq!(gap("2027-03-28 01:30", &london).map(|length| length.as_secs()), Some(3600));
/// assert_eq!(gap("2027-03-28 02:30", &london), None);
/// ```
#[must_use]
pub fn gap(text: &str, zone: &Zone) -> Option<Duration> {
    let read = datetime_text::parse(text).ok()?;
    match zone.resolve(read.civil.to_local_seconds()) {
        LocalTime::Gap { length, .. } if read.offset.is_none() => {
            Some(Duration::from_secs(length.unsigned_abs()))
        }
        _ => None,
    }
}

/// RFC 3339 with the zone's offset: `2026-05-01T00:00:00+03:00` (`Z` never; `+00:00` for UTC),
/// fraction only where there is one (3 or 6 digits). An offset with seconds, as before 1972, is
/// written with them, which RFC 3339 does not know but [`parse_datetime`] does.
///
/// ```
/// use rsched::time::human::rfc3339;
/// use rsched::time::{WallTime, Zone};
/// let time = WallTime::from_micros(1_500_000);
/// assert_eq!(rfc3339(time, &Zone::utc()), "1970-01-01T00:00:01.500+00:00");
/// ```
#[must_use]
pub fn rfc3339(time: WallTime, zone: &Zone) -> String {
    let offset = shown_offset(time, zone);
    written(time, offset, 'T') + &offset_text(offset)
}

/// RFC 3339 in UTC with `Z`: `2026-04-30T21:00:00Z`.
#[must_use]
pub fn rfc3339_utc(time: WallTime) -> String {
    written(time, 0, 'T') + "Z"
}

/// As [`rfc3339`] but with a blank for the `T`: `2026-05-01 00:00:00+03:00`.
#[must_use]
pub fn display(time: WallTime, zone: &Zone) -> String {
    let offset = shown_offset(time, zone);
    written(time, offset, ' ') + &offset_text(offset)
}

/// The zone's offset; that of UTC on the last and first day of all, where the zone's reading would have
/// a year of five digits or none.
fn shown_offset(time: WallTime, zone: &Zone) -> i32 {
    let offset = zone.span_at(time.unix_seconds()).offset;
    let local = time.unix_seconds().saturating_add(i64::from(offset));
    if (FIRST_SECOND..END_SECOND).contains(&local) {
        offset
    } else {
        0
    }
}

/// How far away an instant is, in at most two units: `in 5 h 12 min`, `in 3 days`, `2 min ago`,
/// `now` within the same second. What is smaller than the last unit is dropped.
///
/// ```
/// use rsched::time::{WallTime, human::how_far};
/// let now = WallTime::from_unix_seconds(0);
/// assert_eq!(how_far(now, WallTime::from_unix_seconds(18_725)), "in 5 h 12 min");
/// assert_eq!(how_far(WallTime::from_unix_seconds(120), now), "2 min ago");
/// ```
#[must_use]
pub fn how_far(from: WallTime, to: WallTime) -> String {
    // One of the two is zero.
    let seconds = (from.saturating_since(to) + to.saturating_since(from)).as_secs();
    let (minute, hour, day) = (60, 3600, 86_400);
    // Far away, a year is a year: the mean Gregorian one.
    let year = 31_556_952;
    let length = match seconds {
        0 => return "now".to_owned(),
        1..60 => format!("{seconds} s"),
        _ if seconds < hour => two_units(seconds / minute, " min", seconds % minute, " s"),
        _ if seconds < day => two_units(seconds / hour, " h", seconds % hour / minute, " min"),
        _ if seconds < 10 * day => {
            let days = seconds / day;
            two_units(
                days,
                plural(days, " day", " days"),
                seconds % day / hour,
                " h",
            )
        }
        _ if seconds < 2 * year => format!("{} days", seconds / day),
        _ => {
            let days = seconds % year / day;
            two_units(
                seconds / year,
                " years",
                days,
                plural(days, " day", " days"),
            )
        }
    };
    if to > from {
        format!("in {length}")
    } else {
        format!("{length} ago")
    }
}

fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn two_units(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit} {small}{small_unit}")
    }
}

fn local_day(time: WallTime, zone: &Zone) -> i64 {
    let offset = zone.span_at(time.unix_seconds()).offset;
    time.unix_seconds()
        .saturating_add(i64::from(offset))
        .div_euclid(SECONDS_PER_DAY)
}

fn midnight(day: i64, zone: &Zone) -> WallTime {
    from_local(day.saturating_mul(SECONDS_PER_DAY), zone, Duration::ZERO)
}

fn from_local(local_seconds: i64, zone: &Zone, fraction: Duration) -> WallTime {
    match zone.resolve(local_seconds) {
        LocalTime::One(instant) | LocalTime::Fold { first: instant, .. } => {
            WallTime::from_unix_seconds(instant) + fraction
        }
        LocalTime::Gap { after, .. } => WallTime::from_unix_seconds(after),
    }
}

/// `1767225600`, with a sign or a fraction if need be.
fn since_epoch(digits: &str, all: &Range<usize>) -> Result<WallTime, TimeError> {
    let wrong = || {
        TimeError::new(
            all.clone(),
            "no Unix time after the `@`",
            "write the seconds since 1970-01-01T00:00:00Z, as in `@1767225600`",
        )
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(wrong());
    }
    // Too many digits are out of range, not wrong.
    let seconds = whole.parse().unwrap_or(i64::MAX);
    let micros = i64::from(datetime_text::micros_of_fraction(fraction.as_bytes()));
    let micros = seconds
        .saturating_mul(MICROS_PER_SECOND)
        .saturating_add(micros);
    Ok(WallTime::from_micros(if digits.starts_with('-') {
        -micros
    } else {
        micros
    }))
}

fn in_range(time: WallTime, span: Range<usize>) -> Result<WallTime, TimeError> {
    if (FIRST_SECOND..END_SECOND).contains(&time.unix_seconds()) {
        Ok(time)
    } else {
        Err(TimeError::new(span, "the time is out of range", RANGE_HELP))
    }
}

fn written(time: WallTime, offset: i32, separator: char) -> String {
    let local = time.unix_seconds().saturating_add(i64::from(offset));
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = CivilTime::from_local_seconds(local);
    let mut text =
        format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}");
    // Writing to a String cannot fail.
    let _ = match time.subsec_micros() {
        0 => Ok(()),
        micros if micros % 1000 == 0 => write!(text, ".{:03}", micros / 1000),
        micros => write!(text, ".{micros:06}"),
    };
    text
}

fn offset_text(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let seconds = offset.unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}:{minutes:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests;
