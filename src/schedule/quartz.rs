//! The Quartz dialect: six or seven fields, second first, year last.
//!
//! Its rules are those of the crate `cron`: Sunday is 1, both day fields must match. That crate
//! parses the text; the sets it found become our masks, so that fire times, zones and offset
//! changes are treated as everywhere else here. What Quartz has and that crate has not, ranges that go
//! round the end (`FRI-MON`) and a step of 0 (`5/0` is 5), is written out for it first.

use super::cron::{Cron, DayRule};
use super::crontab::{Expression, prepared, words};
use super::error::ScheduleError;
use super::field::{DAY, Field, HOUR, MINUTE, MONTH, QUARTZ_WEEKDAY, SECOND, YEAR};
use super::item::{Dialect, Progression};
use super::nickname;
use super::trigger::Trigger;
use super::years::YearSet;
use cron::TimeUnitSpec;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

/// Parses six or seven fields in the Quartz dialect, or a nickname, with an optional zone prefix.
///
/// ```
/// use rsched::schedule::{Trigger, parse_quartz};
/// let expression = parse_quartz("0 0/5 14,18 ? * 2-6 2027").unwrap();
/// let Trigger::Cron(cron) = expression.trigger else { panic!("a cron trigger") };
/// assert_eq!(cron.hours().collect::<Vec<_>>(), [14, 18]);
/// assert_eq!(cron.weekdays().collect::<Vec<_>>(), [1, 2, 3, 4, 5]); // 0 = Sunday
/// assert!(parse_quartz("0 12 * * *").is_err());
/// ```
///
/// # Errors
/// Another number of fields, and whatever the crate `cron` refuses.
pub fn parse_quartz(text: &str) -> Result<Expression, Vec<ScheduleError>> {
    let (zone, rest) = prepared(text, Dialect::Crontab)?;
    let trigger = if text.as_bytes().get(rest.start) == Some(&b'@') {
        nickname::parse(text, rest).map_err(|error| vec![error])?
    } else {
        Trigger::Cron(fields(text, rest).map_err(|error| vec![error])?)
    };
    Ok(Expression {
        trigger,
        zone,
        warnings: Vec::new(),
    })
}

fn fields(text: &str, span: Range<usize>) -> Result<Cron, ScheduleError> {
    let count = words(text, span.clone()).count();
    if !(6..=7).contains(&count) {
        let message = format!("{count} fields found, expected 6 or 7 in the quartz dialect");
        return Err(ScheduleError::new("wrong_field_count", span, message).help(
            "the fields are `second minute hour day-of-month month day-of-week [year]`; \
             five fields are the crontab dialect",
        ));
    }
    let written = &text[span.clone()];
    // That crate also reads a field with blanks in it, and two without a blank between them.
    let is_torn = |word: &Range<usize>| {
        let joints = [',', '-', '/'];
        text[word.clone()].starts_with(joints) || text[word.clone()].ends_with(joints)
    };
    if let Some(word) = words(text, span.clone()).find(is_torn) {
        let message = format!("`{}` is no whole field", &text[word.clone()]);
        return Err(ScheduleError::new("invalid_quartz", word, message)
            .help("write no blanks inside a field"));
    }
    let mut plain: Vec<String> = words(text, span.clone())
        .zip(FIELDS)
        .map(|(word, field)| written_out(&text[word], field))
        .collect();
    // With all seven there is no room for another field that hides in one of them.
    plain.resize(FIELDS.len(), "*".to_owned());
    let parsed = cron::Schedule::from_str(&plain.join(" ")).map_err(|error| {
        // The words of the error come from a parser and are several lines.
        let error = error.to_string();
        let reason = error.lines().next().unwrap_or_default().trim_end_matches('.');
        let message =
            format!("`{written}` is not an expression of the quartz dialect: {reason}");
        ScheduleError::new("invalid_quartz", span.clone(), message).help(
            "the fields are `second minute hour day-of-month month day-of-week [year]`, Sunday is 1",
        )
    })?;
    let mut cron = Cron::every_second();
    cron.set_day_rule(DayRule::Both);
    // Both must match here as in a table, and not because of a star.
    cron.set_nth_in_day();
    cron.seconds = mask(parsed.seconds());
    cron.minutes = mask(parsed.minutes());
    // Sunday is 1 there and 0 in the masks.
    let weekdays = mask(parsed.days_of_week()) >> 1;
    cron.set_masks(
        mask(parsed.hours()),
        mask(parsed.days_of_month()),
        mask(parsed.months()),
        weekdays,
    );
    let begins_with_star = |field: usize| {
        words(text, span.clone())
            .nth(field)
            .is_some_and(|field| text[field].starts_with('*'))
    };
    cron.set_time_star(begins_with_star(1) || begins_with_star(2));
    if !parsed.years().is_all() {
        let mut years = YearSet::empty();
        for year in parsed.years().iter() {
            let year = u16::try_from(year).unwrap_or(0);
            years.add(Progression {
                first: year,
                last: year,
                step: 1,
            });
        }
        cron.years = Some(Arc::new(years));
    }
    Ok(cron.sealed())
}

/// Second, minute, hour, day, month, weekday and year, by their bounds there.
const FIELDS: [&Field; 7] = [
    &SECOND,
    &MINUTE,
    &HOUR,
    &DAY,
    &MONTH,
    &QUARTZ_WEEKDAY,
    &YEAR,
];

/// A field with the values of its backward ranges listed and its steps of 0 left out.
fn written_out(text: &str, field: &Field) -> String {
    let items = text.split(',').map(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let value = |text: &str| {
            let number = text
                .parse()
                .ok()
                .or_else(|| field.value_of(text.as_bytes()));
            number.filter(|number| (field.min..=field.max).contains(number))
        };
        let ends = range
            .split_once('-')
            .and_then(|(first, last)| Some((value(first)?, value(last)?)));
        match (ends, step.parse::<u16>()) {
            (Some((first, last)), Ok(step)) if first > last && step > 0 && field.cycle <= 60 => {
                let values = (first..=last + field.cycle).step_by(usize::from(step));
                let wrapped = values.map(|value| {
                    let past = value > field.max;
                    (value - if past { field.cycle } else { 0 }).to_string()
                });
                wrapped.collect::<Vec<_>>().join(",")
            }
            (None, Ok(0)) if value(range).is_some() => range.to_owned(),
            _ => item.to_owned(),
        }
    });
    items.collect::<Vec<_>>().join(",")
}

/// The values as bits; all are below 64.
fn mask(values: &impl TimeUnitSpec) -> u64 {
    values
        .iter()
        .fold(0, |mask, value| mask | 1 << (value % 64))
}
