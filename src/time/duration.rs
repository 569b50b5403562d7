//! Lengths of time as a person writes and reads them: `90s`, `1h 30m`, `2 days`, `500ms`.
//!
//! Exact to the microsecond or refused: nothing is rounded. Months and years are no lengths
//! (theirs differ), and a length has no sign.

use std::cmp::Reverse;
use std::ops::Range;
use std::time::Duration;

/// Why a text is no duration; `span` is in bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DurationError {
    /// The offending bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

const MICROS_PER_SECOND: u64 = 1_000_000;
const MICROS_PER_MINUTE: u64 = 60 * MICROS_PER_SECOND;
const MICROS_PER_HOUR: u64 = 60 * MICROS_PER_MINUTE;
const MICROS_PER_DAY: u64 = 24 * MICROS_PER_HOUR;
const MICROS_PER_WEEK: u64 = 7 * MICROS_PER_DAY;

/// Ten thousand years: longer than the calendar that fire times are on.
pub const LONGEST: Duration = Duration::from_micros(3_652_425 * MICROS_PER_DAY);

/// Every unit, by all its names, with its microseconds.
const UNITS: [(&[&str], u64); 6] = [
    (&["ms"], 1_000),
    (
        &["s", "sec", "secs", "second", "seconds"],
        MICROS_PER_SECOND,
    ),
    (
        &["m", "min", "mins", "minute", "minutes"],
        MICROS_PER_MINUTE,
    ),
    (&["h", "hr", "hrs", "hour", "hours"], MICROS_PER_HOUR),
    (&["d", "day", "days"], MICROS_PER_DAY),
    (&["w", "week", "weeks"], MICROS_PER_WEEK),
];

const UNITS_HELP: &str = "units are `ms`, `s`, `m`, `h`, `d` and `w`, as in `1h 30m`";

/// Digits that a whole number and a fraction may have; with the largest unit both fit 128 bits.
const MAX_DIGITS: usize = 18;

/// Parses `"90s"`, `"1h 30m"`, `"2 days"`, `"500ms"`, `"1.5h"`; a bare integer is seconds.
///
/// ```
/// use rsched::time::duration::parse;
/// use std::time::Duration;
/// assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
/// assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
/// let error = parse("5 minuts").unwrap_err();
/// assert_eq!((error.span, error.help.as_deref()), (2..8, Some("did you mean `minutes`?")));
/// ```
///
/// # Errors
/// Anything else, with the place: no or an unknown unit, a unit twice, a sign, a fraction of a
/// microsecond, more than [`LONGEST`].
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_blanks();
    let start = parser.at;
    if start == text.len() {
        return Err(error(
            0..text.len(),
            "a duration is empty",
            "write a length such as `90s` or `1h 30m`",
        ));
    }
    parser.refuse_other_notations()?;
    let mut total: u128 = 0;
    let mut seen = [(0, ""); UNITS.len()];
    let mut count = 0;
    while parser.at < text.len() {
        let number = parser.number()?;
        parser.skip_blanks();
        let (unit, micros) = parser.unit(&number, count == 0)?;
        if let Some((_, name)) = seen[..count].iter().find(|(seen, _)| *seen == micros) {
            let message = if *name == &text[unit.clone()] {
                format!("the unit `{name}` comes twice")
            } else {
                format!("`{}` and `{name}` are the same unit", &text[unit.clone()])
            };
            return Err(error(unit, message, "give each unit once"));
        }
        // There is room: each unit comes once.
        seen[count] = (micros, &text[unit.clone()]);
        count += 1;
        total += number.micros(text, micros, unit.end)?;
        parser.skip_blanks();
    }
    match u64::try_from(total).map(Duration::from_micros) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(too_long(start..text.trim_end().len())),
    }
}

/// Shortest exact form a person would write: `1h 30m`, `500ms`, `0s`. `parse(&format(d)) == d` for
/// whole microseconds up to [`LONGEST`]; parts of a microsecond are dropped.
///
/// ```
/// use rsched::time::duration::format;
/// use std::time::Duration;
/// assert_eq!(format(Duration::from_secs(5400)), "1h 30m");
/// assert_eq!(format(Duration::from_millis(1500)), "1.5s");
/// ```
#[must_use]
pub fn format(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let micros = duration.subsec_micros();
    let week = MICROS_PER_WEEK / MICROS_PER_SECOND;
    if seconds != 0 && seconds.is_multiple_of(week) && micros == 0 {
        return format!("{}w", seconds / week);
    }
    let mut parts = Vec::new();
    for (amount, unit) in [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
    ] {
        if amount != 0 {
            parts.push(format!("{amount}{unit}"));
        }
    }
    match (seconds % 60, micros) {
        (0, 0) if parts.is_empty() => parts.push("0s".to_owned()),
        (0, 0) => {}
        (0, micros) => parts.push(decimal(u64::from(micros / 1000), micros % 1000, 3, "ms")),
        (seconds, micros) => parts.push(decimal(seconds, micros, 6, "s")),
    }
    parts.join(" ")
}

/// `whole.fraction` without trailing zeros.
fn decimal(whole: u64, fraction: u32, digits: usize, unit: &str) -> String {
    if fraction == 0 {
        return format!("{whole}{unit}");
    }
    let text = format!("{whole}.{fraction:0digits$}");
    format!("{}{unit}", text.trim_end_matches('0'))
}

/// A number as it stands in the text: `1`, `1.5`.
struct Number {
    whole: Range<usize>,
    /// Digits behind the point.
    fraction: Option<Range<usize>>,
}

impl Number {
    fn span(&self) -> Range<usize> {
        self.whole.start
            ..self
                .fraction
                .as_ref()
                .map_or(self.whole.end, |fraction| fraction.end)
    }

    /// So many of a unit of that many microseconds; the text of both ends at `end`.
    fn micros(&self, text: &str, unit: u64, end: usize) -> Result<u128, DurationError> {
        let span = self.span().start..end;
        let whole = text[self.whole.clone()].trim_start_matches('0');
        if whole.len() > MAX_DIGITS {
            return Err(too_long(span));
        }
        let value = |digits: &str| {
            digits
                .bytes()
                .fold(0_u128, |sum, b| sum * 10 + u128::from(b - b'0'))
        };
        let micros = value(whole) * u128::from(unit);
        let fraction = self.fraction.clone().map_or("", |fraction| &text[fraction]);
        let fraction = fraction.trim_end_matches('0');
        let parts = value(fraction.get(..MAX_DIGITS).unwrap_or(fraction)) * u128::from(unit);
        let scale = 10_u128.pow(u32::try_from(fraction.len().min(MAX_DIGITS)).unwrap_or_default());
        if fraction.len() > MAX_DIGITS || parts % scale != 0 {
            let message = format!(
                "`{}` is no whole number of microseconds",
                &text[span.clone()]
            );
            return Err(error(span, message, "use a smaller unit or fewer decimals"));
        }
        Ok(micros + parts / scale)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    /// The text from here on for which the test holds.
    fn take(&mut self, test: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        self.at = self.text.len() - self.rest().trim_start_matches(test).len();
        start..self.at
    }

    /// Signs, ISO 8601 (`PT1H30M`) and clock readings (`1:30`) have errors of their own.
    fn refuse_other_notations(&self) -> Result<(), DurationError> {
        let start = self.at;
        let rest = self.rest().trim_end();
        let all = start..start + rest.len();
        if rest.starts_with(['-', '−']) {
            return Err(error(
                all,
                "a duration cannot be negative",
                "write a length such as `90s`",
            ));
        }
        if rest.starts_with('+') {
            return Err(error(
                start..start + 1,
                "a duration has no sign",
                "leave out the `+`",
            ));
        }
        if rest.starts_with(['P', 'p']) && rest.contains(|c: char| c.is_ascii_digit()) {
            let message = format!("`{}` looks like an ISO 8601 duration", shown(rest));
            return Err(error(all, message, "write `1h 30m` for `PT1H30M`"));
        }
        if rest.contains(':')
            && rest
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
        {
            let message = format!("`{}` looks like a time of day", shown(rest));
            return Err(error(all, message, "write `1h 30m` for `1:30`"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Number, DurationError> {
        let whole = self.take(|c| c.is_ascii_digit());
        if whole.is_empty() {
            let found = self.take(|c| !c.is_ascii_digit() && c != ' ' && c != '\t');
            let message = format!(
                "expected a number, found `{}`",
                shown(&self.text[found.clone()])
            );
            return Err(error(
                found,
                message,
                "write a number and a unit, as in `1h 30m`",
            ));
        }
        if !self.rest().starts_with('.') {
            return Ok(Number {
                whole,
                fraction: None,
            });
        }
        self.at += 1;
        let fraction = self.take(|c| c.is_ascii_digit());
        if fraction.is_empty() {
            let span = whole.start..self.at;
            let message = format!(
                "no digits after the point of `{}`",
                shown(&self.text[span.clone()])
            );
            return Err(error(span, message, "write `1.5h` or `1h`"));
        }
        Ok(Number {
            whole,
            fraction: Some(fraction),
        })
    }

    /// The place of the unit and its microseconds. Without one, an integer that stands alone is
    /// seconds.
    fn unit(
        &mut self,
        number: &Number,
        is_first: bool,
    ) -> Result<(Range<usize>, u64), DurationError> {
        let span = self.take(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '\t' | '.' | '+' | '-'));
        let name = &self.text[span.clone()];
        if let Some((_, micros)) = UNITS.iter().find(|(names, _)| names.contains(&name)) {
            return Ok((span, *micros));
        }
        if name.is_empty() {
            let at_end = self.at == self.text.len();
            if is_first && at_end && number.fraction.is_none() {
                return Ok((number.span(), MICROS_PER_SECOND));
            }
            let digits = shown(&self.text[number.span()]);
            let message = format!("`{digits}` has no unit");
            return Err(error(
                number.span(),
                message,
                format!("write `{digits}s` or `{digits}m`"),
            ));
        }
        let message = format!("unknown unit `{}`", shown(name));
        Err(error(span, message, unit_help(name)))
    }
}

/// What to write instead of an unknown unit.
fn unit_help(name: &str) -> String {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "us" | "µs" | "μs" | "usec" | "ns" | "micros" | "microseconds" | "nanoseconds" => {
            "the smallest unit is `ms`; write `0.5ms` for 500 microseconds".to_owned()
        }
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => {
            "did you mean `ms`?".to_owned()
        }
        "mo" | "mon" | "month" | "months" | "y" | "yr" | "yrs" | "year" | "years" => {
            "months and years differ in length; use days, or a `calendar` trigger".to_owned()
        }
        _ => {
            let names = || UNITS.iter().flat_map(|(names, _)| names.iter().copied());
            let similar = || {
                // Longer than any unit by more than a typo; the distance costs length times length.
                if lower.len() > 16 {
                    return None;
                }
                // Among the long names only: one letter is near to anything.
                let long = names().filter(|name| name.len() >= 3);
                let nearest = long.min_by_key(|known| {
                    (
                        strsim::damerau_levenshtein(known, &lower),
                        Reverse(known.len()),
                    )
                })?;
                (strsim::damerau_levenshtein(nearest, &lower) <= 2).then_some(nearest)
            };
            match names().find(|known| *known == lower).or_else(similar) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => UNITS_HELP.to_owned(),
            }
        }
    }
}

fn too_long(span: Range<usize>) -> DurationError {
    error(
        span,
        "a duration cannot be longer than 10,000 years",
        "write a shorter one",
    )
}

/// As much of the text as an error message should quote.
fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn error(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> DurationError {
    DurationError {
        span,
        message: message.into(),
        help: Some(help.into()),
    }
}

#[cfg(test)]
mod tests;
