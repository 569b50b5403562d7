//! `{ years, months, weeks, days, day, hour, minute, second }`: steps of the calendar.

use super::reader::{Entry, Problems, Table};
use super::trigger::{Firing, diagnostic_of};
use super::value::integer;
use crate::diagnostic::Severity;
use crate::schedule::{CalendarDay, CalendarSteps, Trigger};
use std::fmt::Write as _;
use toml::de::DeValue;

/// The lengths that only a calendar step can have.
pub(super) const LONG_PARTS: [&str; 2] = ["years", "months"];

/// Far more than there are of any unit until the year 9999.
const MOST: i64 = 4_000_000;

/// The steps that the table says.
pub(super) fn read<'t>(
    table: &mut Table<'t>,
    entry: &Entry<'t>,
    problems: &mut Problems,
) -> Option<(Firing<'t>, String)> {
    let before = problems.errors();
    let mut text = "calendar ".to_owned();
    let mut number = |key: &'static str, most: i64| -> Option<u32> {
        let part = table.take(key)?;
        let value = u32::try_from(integer(&part, 0..=most, problems)?).ok()?;
        note(&mut text, key, &value.to_string());
        Some(value)
    };
    let [years, months, weeks, days] =
        ["years", "months", "weeks", "days"].map(|key| number(key, MOST).unwrap_or(0));
    let [hour, minute, second] = [("hour", 23), ("minute", 59), ("second", 59)]
        .map(|(key, most)| number(key, most).and_then(|value| u8::try_from(value).ok()));
    let day_entry = table.take("day");
    let day = day_entry.and_then(|entry| day(&entry, problems));
    match day {
        Some(CalendarDay::Number(day)) => note(&mut text, "day", &day.to_string()),
        Some(CalendarDay::Last) => note(&mut text, "day", "last"),
        None => {}
    }
    if problems.errors() > before {
        return None;
    }
    let steps = CalendarSteps {
        years,
        months,
        weeks,
        days,
        day,
        hour: hour.unwrap_or(0),
        minute: minute.unwrap_or(0),
        second: second.unwrap_or(0),
    };
    if let Err(error) = steps.check() {
        let place = day_entry
            .filter(|_| error.code == "unexpected_day")
            .unwrap_or(*entry);
        problems.push(diagnostic_of(Severity::Error, error).at(place.file.index, place.span()));
        return None;
    }
    Some((Firing::Ready(Trigger::Calendar(steps)), text))
}

fn note(text: &mut String, key: &str, value: &str) {
    let comma = if text.ends_with(' ') { "" } else { ", " };
    // Writing to a String cannot fail.
    let _ = write!(text, "{comma}{key}={value}");
}

fn day(entry: &Entry<'_>, problems: &mut Problems) -> Option<CalendarDay> {
    if matches!(entry.value, DeValue::String(text) if text.as_ref() == "last") {
        return Some(CalendarDay::Last);
    }
    let day = integer(entry, 1..=31, problems)?;
    u8::try_from(day).ok().map(CalendarDay::Number)
}
