//! `@daily` and its like: names for whole expressions, as Vixie's cron introduced them.

use super::crontab::{self, ParseOptions};
use super::error::ScheduleError;
use super::interval::MIN_INTERVAL;
use super::list::trimmed;
use super::trigger::Trigger;
use crate::time::duration;
use std::ops::Range;

/// All nicknames, for suggestions.
pub(super) const NAMES: [&str; 9] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
    "@reboot",
    "@every",
];

/// Reads a nickname; `span` is what is left of `text` and begins with `@`.
///
/// # Errors
/// An unknown or upper-case one, something behind it, a wrong duration after `@every`.
pub(super) fn parse(text: &str, span: Range<usize>) -> Result<Trigger, ScheduleError> {
    let written = &text[span.clone()];
    let length = written.find([' ', '\t']).unwrap_or(written.len());
    let name = &written[..length];
    let rest = trimmed(text, span.start + length..span.end);
    // Where Vixie's cron sets no star flag for the days, the text here has none: the day rule that
    // is shown is then the same.
    let fields = match name {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 1-31 * 0-6",
        "@hourly" => "0 * 1-31 * 0-6",
        "@every" => return every(text, span.start..span.start + length, rest),
        "@reboot" => "",
        _ => return Err(unknown(name, span.start..span.start + length)),
    };
    if !rest.is_empty() {
        let message = format!("unexpected `{}` after `{name}`", &text[rest.clone()]);
        return Err(ScheduleError::new("unexpected_text", rest, message)
            .help(format!("write `{name}` alone")));
    }
    if fields.is_empty() {
        return Ok(Trigger::Reboot);
    }
    crontab::parse_fields(
        fields,
        0..fields.len(),
        ParseOptions::default(),
        &mut Vec::new(),
    )
    .map(Trigger::Cron)
    .map_err(|_| unknown(name, span.start..span.start + length))
}

/// `@every 90s`: an interval.
fn every(text: &str, name: Range<usize>, rest: Range<usize>) -> Result<Trigger, ScheduleError> {
    let form = "write a duration: `@every 90s`, `@every 1h 30m`";
    if rest.is_empty() {
        return Err(
            ScheduleError::new("missing_value", name, "no duration after `@every`").help(form),
        );
    }
    let written = &text[rest.clone()];
    let length = duration::parse(written).map_err(|error| {
        let span = rest.start + error.span.start..rest.start + error.span.end;
        ScheduleError::new("invalid_duration", span, error.message)
            .help(error.help.unwrap_or(form.to_owned()))
    })?;
    if length < MIN_INTERVAL {
        let message = format!("the interval `{written}` is too short, expected at least 1ms");
        return Err(ScheduleError::new("interval_too_short", rest, message).help(form));
    }
    Ok(Trigger::Interval {
        length,
        first_now: false,
    })
}

fn unknown(name: &str, span: Range<usize>) -> ScheduleError {
    let lower = name.to_ascii_lowercase();
    if NAMES.contains(&lower.as_str()) {
        let message = format!("the nickname `{name}` is not in lower case");
        return ScheduleError::new("unknown_nickname", span, message)
            .help(format!("write `{lower}`"));
    }
    let error = ScheduleError::new(
        "unknown_nickname",
        span,
        format!("unknown nickname `{name}`"),
    );
    let minutely = ["@every_minute", "@minutely", "@everyminute"].contains(&lower.as_str());
    let near = NAMES
        .iter()
        // What is much longer is none of them, and the distance to it takes long to find.
        .filter(|known| known.len().abs_diff(lower.len()) <= 2)
        .map(|known| (strsim::damerau_levenshtein(known, &lower), known))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    match near {
        _ if minutely => error.help("write `* * * * *`, or `@every 1m`"),
        Some((_, known)) => error.help(format!("write `{known}`")),
        None => error.help(format!(
            "nicknames are {}",
            NAMES.map(|name| format!("`{name}`")).join(", ")
        )),
    }
}
