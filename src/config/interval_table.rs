//! `{ weeks, days, hours, minutes, seconds }`: the parts of an interval, fractions allowed.

use super::reader::{Entry, Problems, Table};
use super::trigger::long_enough;
use super::value::{written, wrong_type};
use crate::diagnostic::quoted;
use crate::time::duration;
use std::borrow::Cow;
use std::time::Duration;
use toml::de::DeValue;

/// The parts and the unit of each.
pub(super) const PARTS: [(&str, &str); 5] = [
    ("weeks", "w"),
    ("days", "d"),
    ("hours", "h"),
    ("minutes", "m"),
    ("seconds", "s"),
];

/// The sum of the parts that the table has.
pub(super) fn read(
    table: &mut Table<'_>,
    entry: &Entry<'_>,
    problems: &mut Problems,
) -> Option<Duration> {
    let before = problems.errors();
    let mut total = Some(Duration::ZERO);
    let mut parts = 0;
    for (name, unit) in PARTS {
        let Some(part) = table.take(name) else {
            continue;
        };
        parts += 1;
        let length = part_length(&part, unit, problems);
        total = total
            .zip(length)
            .and_then(|(total, length)| total.checked_add(length));
    }
    if problems.errors() > before {
        return None;
    }
    if parts == 0 {
        let problem = entry.error("empty_interval", "an interval without any length");
        problems.push(problem.help("give at least one of weeks, days, hours, minutes, seconds"));
        return None;
    }
    let Some(total) = total.filter(|total| *total <= duration::LONGEST) else {
        problems.push(entry.error("out_of_range", "the interval is longer than 10,000 years"));
        return None;
    };
    long_enough(total, entry, problems)
}

/// One part, exactly: the number as written, with its unit, is read as a duration.
fn part_length(part: &Entry<'_>, unit: &str, problems: &mut Problems) -> Option<Duration> {
    let number: Cow<'_, str> = match part.value {
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) => value.to_string().into(),
            Err(_) => number.as_str().into(),
        },
        DeValue::Float(number) => number.as_str().into(),
        DeValue::String(text) => text.trim().into(),
        _ => {
            problems.push(wrong_type(part, "a number"));
            return None;
        }
    };
    let is_decimal = !number.is_empty()
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && number.bytes().any(|byte| byte.is_ascii_digit());
    let unsigned = number
        .strip_prefix('+')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let number = if is_decimal {
        Some(number.as_ref())
    } else {
        unsigned
    };
    let length = number.and_then(|number| duration::parse(&format!("{number}{unit}")).ok());
    if length.is_none() {
        let found = quoted(written(part));
        let message = format!(
            "{} is {found}, expected a number from 0, to the microsecond",
            quoted(part.key)
        );
        problems.push(part.error("out_of_range", message));
    }
    length
}
