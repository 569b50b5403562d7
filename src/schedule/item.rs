//! One item of a list: `*`, `5`, `mon-fri`, `8-18/2`, as both cron languages write them.
//!
//! The parser knows what a text means and, where it means nothing, what was probably meant: each
//! error carries the exact bytes and the form that would be right. What the two languages do
//! differently is in [`Dialect`] and in the [`Field`]s.

use super::error::ScheduleError;
use super::field::{self, Field};
use std::ops::Range;

/// Whose rules an item is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// crontab(5): a step larger than its range is odd but allowed, `5-0` ends on Sunday.
    Crontab,
    /// `APScheduler`'s tables: a step may not exceed its range, names take no step.
    Table,
}

/// Every `step`-th value from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progression {
    pub first: u16,
    pub last: u16,
    pub step: u16,
}

impl Progression {
    /// The values as bits, for fields whose values are below 64.
    pub(super) fn mask(self) -> u64 {
        if self.step == 1 {
            return (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first);
        }
        (self.first..=self.last)
            .step_by(usize::from(self.step))
            .fold(0, |mask, value| mask | 1 << value)
    }
}

/// A value or name with its place.
#[derive(Clone, Debug)]
struct Value {
    number: u16,
    is_name: bool,
    span: Range<usize>,
}

/// Reads one item of `field`.
struct ItemParser<'a> {
    /// The whole text; spans are in its bytes.
    text: &'a str,
    field: &'static Field,
    dialect: Dialect,
    /// The next byte to read.
    at: usize,
    /// The end of the item.
    end: usize,
}

impl<'a> ItemParser<'a> {
    /// Reads the item to its end. The second value is a warning about a step that leaves one value.
    ///
    /// # Errors
    /// Whatever is wrong with it; the first thing that is.
    fn parse(mut self) -> Result<(Progression, Option<ScheduleError>), ScheduleError> {
        let start = self.at;
        let (first, last) = if self.peek() == Some(b'*') || self.is_question() {
            self.at += 1;
            (None, None)
        } else {
            let first = self.value("value")?;
            let last = if self.peek() == Some(b'-') {
                self.at += 1;
                Some(self.value("end of the range")?)
            } else {
                None
            };
            (Some(first), last)
        };
        let range = start..self.at;
        let step = if self.peek() == Some(b'/') {
            Some(self.step(&range, first.as_ref())?)
        } else {
            None
        };
        if self.at < self.end {
            return Err(self.unexpected(start));
        }
        self.progression(&range, first.as_ref(), last.as_ref(), step)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes()[..self.end].get(self.at).copied()
    }

    /// `?` is Quartz's "no specific value", which crontabs take for `*` in the two day fields.
    fn is_question(&self) -> bool {
        let is_day = self.field.noun.starts_with("day");
        self.dialect == Dialect::Crontab && is_day && self.peek() == Some(b'?')
    }

    fn slice(&self, span: &Range<usize>) -> &'a str {
        // All syntax is ASCII, so that cuts fall on character boundaries; a text that is not
        // ASCII was refused before.
        self.text.get(span.clone()).unwrap_or("")
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
        start..self.at
    }

    /// A number or name in the field's bounds.
    fn value(&mut self, expected: &str) -> Result<Value, ScheduleError> {
        let (noun, values) = (self.field.noun, self.field.values);
        match self.peek() {
            Some(b'0'..=b'9') => {
                let (number, span) = self.number();
                let number =
                    number.filter(|number| (self.field.min..=self.field.max).contains(number));
                let number = number.ok_or_else(|| self.out_of_range(span.clone()))?;
                Ok(Value {
                    number,
                    is_name: false,
                    span,
                })
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                let span = self.take_while(|byte| byte.is_ascii_alphabetic());
                let number = self.field.value_of(self.slice(&span).as_bytes());
                let number = number.ok_or_else(|| self.unknown_word(span.clone()))?;
                Ok(Value {
                    number,
                    is_name: true,
                    span,
                })
            }
            Some(_) => {
                let span = self.at..self.at + 1;
                let found = self.slice(&span).to_owned();
                let message = format!(
                    "unexpected `{found}` in the {noun} field, expected a {expected}, {values}"
                );
                let error = ScheduleError::new("unexpected_text", span, message)
                    .label(format!("not {values}"));
                Err(match found.as_str() {
                    "/" => error.help(format!(
                        "write `*{}` for a step from the field's least value",
                        self.rest()
                    )),
                    "+" => error.help(format!("write `{}`", &self.rest()[1..])),
                    "-" => error.help(format!("values are {values}; a range is written `a-b`")),
                    "?" => error.help("write `*` for every value"),
                    _ => error,
                })
            }
            None => {
                let span = self.at.saturating_sub(1)..self.end;
                let message = format!(
                    "the {noun} field ends where a {expected} was expected after `{}`",
                    self.slice(&span)
                );
                let error = ScheduleError::new("missing_value", span, message);
                Err(error.help(format!("values are {values}; a range is written `a-b`")))
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.slice(&(self.at..self.end))
    }

    /// The digits at the cursor; none if the number is too large for any field.
    fn number(&mut self) -> (Option<u16>, Range<usize>) {
        let span = self.take_while(|byte| byte.is_ascii_digit());
        (self.slice(&span).parse().ok(), span)
    }

    fn out_of_range(&self, span: Range<usize>) -> ScheduleError {
        let Field { noun, values, .. } = self.field;
        let found = self.slice(&span);
        let message = format!("`{found}` is out of range for the {noun}, expected {values}");
        let error =
            ScheduleError::new("value_out_of_range", span, message).label(format!("not {values}"));
        let sunday = "Sunday is `sun` or 6 in a cron table, which counts from 0 = Monday";
        match (*noun, found.parse::<u32>(), self.dialect) {
            ("minute", Ok(60), _) => error.help("minutes are 0-59: the full hour is minute 0"),
            ("second", Ok(60), _) => error.help("seconds are 0-59: the full minute is second 0"),
            ("hour", Ok(24), _) => error.help("hours are 0-23: midnight is hour 0"),
            ("day of month", Ok(0), _) => {
                error.help("days are 1-31: the first day of the month is 1")
            }
            ("month", Ok(0), _) => error.help("months are 1-12: January is 1 or `jan`"),
            ("day of week", Ok(7), Dialect::Table) => error.help(sunday),
            ("day of week", _, Dialect::Crontab) => {
                error.help("days of the week are 0-7 or sun-sat: 0 and 7 are Sunday")
            }
            _ => error.help(format!("write {values}")),
        }
    }

    fn unknown_word(&self, span: Range<usize>) -> ScheduleError {
        let Field { noun, values, .. } = self.field;
        let word = self.slice(&span);
        if let Some(other) = field::noun_of_name(word.as_bytes()) {
            let message = format!("`{word}` is a {other}, not a {noun}: expected {values}");
            let order = match self.dialect {
                Dialect::Crontab => {
                    "the fields are minute, hour, day of month, month, day of week".to_owned()
                }
                Dialect::Table => format!("put it into `{}`", other.replace(' ', "_")),
            };
            return ScheduleError::new("name_in_wrong_field", span, message)
                .label(format!("not {values}"))
                .help(order);
        }
        if let Some(name) = self.field.name_near(word) {
            let message =
                format!("unknown name `{word}` in the {noun} field, names have three letters");
            return ScheduleError::new("unknown_name", span, message)
                .help(format!("write `{name}`"));
        }
        let message = format!("unknown name `{word}` in the {noun} field, expected {values}");
        let error =
            ScheduleError::new("unknown_name", span, message).label(format!("not {values}"));
        match (self.dialect, *noun, word) {
            (Dialect::Table, "day of month", "L" | "l") => {
                error.help("write `last` for the last day")
            }
            (Dialect::Table, _, "H" | "h") => {
                error.help("write `*` with a jitter, or a fixed value")
            }
            (
                Dialect::Crontab,
                "minute" | "hour" | "month",
                "L" | "l" | "W" | "w" | "LW" | "lw",
            ) => error.help("`L` and `W` belong into the day of month and day of week fields"),
            (Dialect::Crontab, "day of week", "L" | "l") => {
                error.help("write the weekday before it: `friL` is the last Friday of the month")
            }
            _ => error.help(format!("write {values}")),
        }
    }

    /// The step behind `/`.
    fn step(
        &mut self,
        range: &Range<usize>,
        first: Option<&Value>,
    ) -> Result<(u16, Range<usize>), ScheduleError> {
        let slash = self.at;
        self.at += 1;
        let head = self.slice(range);
        let (step, span) = self.number();
        let noun = self.field.noun;
        if span.is_empty() {
            let found = self.rest();
            let span = slash..(self.at + usize::from(!found.is_empty()));
            let error = if found.is_empty() {
                let message =
                    format!("the {noun} field ends where a step was expected after `{head}/`");
                ScheduleError::new("missing_step", span, message)
            } else {
                let message = format!(
                    "unexpected `{found}` in the {noun} field, expected a step after `{head}/`"
                );
                ScheduleError::new("unexpected_text", self.at..self.at + 1, message)
            };
            return Err(error.help(format!(
                "a step is a whole number of at least 1: `{head}/2`, or write `{head}`"
            )));
        }
        if step == Some(0) {
            let error = ScheduleError::new(
                "zero_step",
                span,
                format!("a step of 0 in the {noun} field"),
            );
            return Err(error.label("not 1 or more").help(format!(
                "a step is at least 1: `{head}/1` is the same as `{head}`"
            )));
        }
        let Some(step) = step else {
            let found = self.slice(&span);
            let message = format!("the step `{found}` of the {noun} field is too large");
            let error = ScheduleError::new("value_out_of_range", span, message);
            return Err(error.help(format!("values are {}", self.field.values)));
        };
        let is_single = !head.contains('-');
        match first {
            Some(name) if name.is_name && (is_single || self.dialect == Dialect::Table) => {
                Err(self.step_after_name(range, name, step, slash..span.end))
            }
            _ => Ok((step, span)),
        }
    }

    /// Vixie's cron refuses a step after one name, `APScheduler` drops any step after names.
    fn step_after_name(
        &self,
        range: &Range<usize>,
        first: &Value,
        step: u16,
        span: Range<usize>,
    ) -> ScheduleError {
        let field = self.field;
        let head = self.slice(range);
        let message = format!(
            "a step after a name in the {} field: `{head}/{step}`",
            field.noun
        );
        let error = ScheduleError::new("step_after_name", span, message);
        match (self.dialect, head.split_once('-')) {
            (Dialect::Crontab, _) => {
                let last = if field.cycle == 7 {
                    Some("sun")
                } else {
                    field.name_of(field.max)
                };
                error.help(format!(
                    "write the range: `{head}-{}/{step}`",
                    last.unwrap_or_default()
                ))
            }
            (Dialect::Table, Some((_, last))) => {
                let last = field.value_of(last.as_bytes()).unwrap_or(field.max);
                error.help(format!("write numbers: `{}-{last}/{step}`", first.number))
            }
            (Dialect::Table, None) => {
                error.help(format!("write numbers: `{}/{step}`", first.number))
            }
        }
    }

    /// Something stands behind a complete item.
    fn unexpected(&self, start: usize) -> ScheduleError {
        let noun = self.field.noun;
        let head = self.slice(&(start..self.at));
        let rest = self.rest();
        let message = format!("unexpected `{rest}` after `{head}` in the {noun} field");
        let error = ScheduleError::new("unexpected_text", self.at..self.end, message)
            .label("expected `,` or the end");
        match (rest.as_bytes().first(), head) {
            (Some(b';' | b'|'), _) => error.help(format!(
                "lists are separated by commas: `{head},{}`",
                &rest[1..]
            )),
            (Some(b'.'), _) => error.help("values are whole numbers"),
            (Some(b' ' | b'\t'), _) => error.help("lists are separated by commas"),
            (Some(b'*'), "*") if rest.bytes().all(|byte| byte == b'*') => {
                error.help("write one `*`, and a blank between fields: `* * * * *`")
            }
            (_, "*") => error.help("`*` stands alone or before a step: `*`, `*/5`"),
            (Some(b'-'), _) => error.help("a range has one start and one end: `a-b`, `a-b/n`"),
            (Some(b'/'), _) => error.help("one step is the most an item can have: `a-b/n`"),
            (Some(b'#' | b'L' | b'l'), _) if self.dialect == Dialect::Table => {
                error.help("write it into `day`: `day = \"2nd fri\"`, `day = \"last fri\"`")
            }
            _ => error,
        }
    }

    /// The values the parts stand for, by the dialect's rules for ranges and steps.
    fn progression(
        &self,
        range: &Range<usize>,
        first: Option<&Value>,
        last: Option<&Value>,
        step: Option<(u16, Range<usize>)>,
    ) -> Result<(Progression, Option<ScheduleError>), ScheduleError> {
        let field = self.field;
        let is_crontab = self.dialect == Dialect::Crontab;
        let (low, high) = match (first, last) {
            // A crontab's weekdays 0-7 hold Sunday twice; counting to 6 makes `*/7` Sunday alone.
            (None, _) if field.cycle == 7 && is_crontab => (field.min, 6),
            (None, _) => (field.min, field.max),
            (Some(first), None) if step.is_some() => (first.number, field.max),
            (Some(first), None) => (first.number, first.number),
            (Some(first), Some(last)) => {
                if self.dialect == Dialect::Table && first.is_name != last.is_name {
                    return Err(self.mixed_range(range, first, last));
                }
                let sunday_last =
                    is_crontab && field.cycle == 7 && last.number == 0 && first.number > 0;
                (first.number, if sunday_last { 7 } else { last.number })
            }
        };
        if low > high {
            let step = step.map_or(1, |(step, _)| step);
            return Err(self.backward_range(
                range,
                low,
                high,
                step,
                first.is_some_and(|first| first.is_name),
            ));
        }
        let mut warning = None;
        let step = match step {
            Some((step, span)) if step > high - low => {
                let problem = self.step_too_large(step, span, low, high);
                if !is_crontab {
                    return Err(problem);
                }
                // `1-1/1` is odd, but says nothing that it does not do.
                warning = (step > 1).then_some(problem);
                step
            }
            Some((step, _)) => step,
            None => 1,
        };
        Ok((
            Progression {
                first: low,
                last: high,
                step,
            },
            warning,
        ))
    }

    fn step_too_large(&self, step: u16, span: Range<usize>, low: u16, high: u16) -> ScheduleError {
        let noun = self.field.noun;
        let room = high - low;
        let message = format!(
            "the step {step} of the {noun} field is larger than its range {low}-{high}: only {low} matches"
        );
        let error = ScheduleError::new("step_exceeds_range", span, message);
        let error = if room == 0 {
            error.label("no room for a step")
        } else {
            error.label(format!("more than {room}"))
        };
        error.help(format!("write `{low}` if that is meant"))
    }

    fn mixed_range(&self, range: &Range<usize>, first: &Value, last: &Value) -> ScheduleError {
        let message = format!(
            "the range `{}` of the {} field mixes a name and a number",
            self.slice(range),
            self.field.noun
        );
        let error = ScheduleError::new("mixed_range", first.span.start..last.span.end, message);
        let names = self
            .field
            .name_of(first.number)
            .zip(self.field.name_of(last.number));
        let (first, last) = (first.number, last.number);
        match names {
            Some((from, to)) => error.help(format!("write `{from}-{to}` or `{first}-{last}`")),
            None => error.help(format!("write `{first}-{last}`")),
        }
    }

    /// cron takes such a range and then never fires; what was meant goes round the end of the cycle.
    fn backward_range(
        &self,
        range: &Range<usize>,
        low: u16,
        high: u16,
        step: u16,
        names: bool,
    ) -> ScheduleError {
        let field = self.field;
        let head = self.slice(range);
        let message = format!(
            "the range `{head}` of the {} field runs backwards",
            field.noun
        );
        // With its step, which the form that is right has in it.
        let error = ScheduleError::new("backward_range", range.start..self.at, message);
        if field.noun == "year" {
            return error.help(format!("write `{high}-{low}`"));
        }
        let write = |value: u16| match field.name_of(value) {
            Some(name) if names => name.to_owned(),
            _ => value.to_string(),
        };
        let part = |from: u16, to: u16| {
            let count = (to - from) / step;
            match (count, step) {
                (0, _) => write(from),
                (_, 1) => format!("{}-{}", write(from), write(to)),
                // A table has no step after names, and `a/n` is not what a range means.
                _ if names && self.dialect == Dialect::Table => format!("{from}-{to}/{step}"),
                _ => format!("{}-{}/{step}", write(from), write(to)),
            }
        };
        // In a crontab 7 is Sunday and a range from it begins a week with 0.
        if field.cycle == 7 && low == 7 && self.dialect == Dialect::Crontab {
            let step = if step == 1 {
                String::new()
            } else {
                format!("/{step}")
            };
            return error.help(format!("write `{}-{}{step}`", write(0), write(high)));
        }
        let before = part(low, field.max);
        // The first value behind the end; at most 2 * 65,535, then counted from the start again.
        let behind = u32::from(low) + (u32::from((field.max - low) / step) + 1) * u32::from(step);
        let wrapped = u16::try_from(behind - u32::from(field.cycle)).unwrap_or(u16::MAX);
        let help = if wrapped <= high {
            format!("{before},{}", part(wrapped, high))
        } else {
            before
        };
        error.help(format!("write `{help}`"))
    }
}

/// The value that the whole of `span` is: a number or a name.
///
/// # Errors
/// Anything else, or more than that.
pub(super) fn single_value(
    text: &str,
    span: Range<usize>,
    field: &'static Field,
    dialect: Dialect,
) -> Result<u16, ScheduleError> {
    let start = span.start;
    let mut parser = ItemParser {
        text,
        field,
        dialect,
        at: start,
        end: span.end,
    };
    let value = parser.value("value")?;
    if parser.at < parser.end {
        Err(parser.unexpected(start))
    } else {
        Ok(value.number)
    }
}

/// Reads the whole of `span` as one item.
///
/// # Errors
/// Whatever is wrong with it; the first thing that is.
pub(super) fn parse_item(
    text: &str,
    span: Range<usize>,
    field: &'static Field,
    dialect: Dialect,
) -> Result<(Progression, Option<ScheduleError>), ScheduleError> {
    ItemParser {
        text,
        field,
        dialect,
        at: span.start,
        end: span.end,
    }
    .parse()
}
