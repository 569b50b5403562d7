//! Reads `2026-05-01`, `2020-7-23 16:50`, `2026-05-01T00:00:00.5+03:00` into their parts, or says
//! at which one it stumbled. No zone is needed for that; `human` gives the parts their meaning.

use super::civil::{CivilTime, days_in_month};
use super::human::TimeError;
use std::ops::Range;

/// What stands in the text.
pub(super) struct DateTimeText {
    /// A date alone is midnight.
    pub(super) civil: CivilTime,
    /// Microseconds of the fraction.
    pub(super) micros: u32,
    /// Seconds east of UTC, where one is given.
    pub(super) offset: Option<i32>,
}

const FORMS_HELP: &str = "write `2026-05-01`, `2026-05-01 16:30` or `2026-05-01T16:30:00+03:00`";

pub(super) fn parse(text: &str) -> Result<DateTimeText, TimeError> {
    let end = text.trim_end().len();
    let mut parser = Parser {
        text: &text[..end],
        at: text.len() - text.trim_start().len(),
    };
    if parser.at >= end {
        return Err(TimeError::new(0..text.len(), "a time is empty", FORMS_HELP));
    }
    let (year, month, day) = parser.date()?;
    let mut found = DateTimeText {
        civil: CivilTime {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        },
        micros: 0,
        offset: None,
    };
    if parser.at == end {
        return Ok(found);
    }
    parser.separator()?;
    parser.time_of_day(&mut found)?;
    parser.skip_blanks();
    if parser.at < end {
        found.offset = Some(parser.offset()?);
    }
    if parser.at < end {
        return Err(parser.unexpected());
    }
    Ok(found)
}

/// Microseconds of the digits behind the point; those beyond the sixth are dropped.
pub(super) fn micros_of_fraction(digits: &[u8]) -> u32 {
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    padded
        .take(6)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

struct Parser<'a> {
    /// Without the blanks at its end.
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn accept(&mut self, byte: u8) -> bool {
        let there = self.rest().as_bytes().first() == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn skip_blanks(&mut self) {
        while self.accept(b' ') || self.accept(b'\t') {}
    }

    /// The error for text that should not be here.
    fn unexpected(&self) -> TimeError {
        let rest = self.rest();
        if rest.is_empty() {
            let span = self.text.len() - self.text.trim_start().len()..self.at;
            return TimeError::new(span, "the time is incomplete", FORMS_HELP);
        }
        let length = rest.find([' ', '\t']).unwrap_or(rest.len());
        let found: String = rest[..length].chars().take(40).collect();
        let message = if self.at == self.text.len() - self.text.trim_start().len() {
            format!("`{found}` is no time")
        } else {
            format!("unexpected `{found}` in a time")
        };
        TimeError::new(self.at..self.at + found.len(), message, FORMS_HELP)
    }

    /// All digits that stand here, at least one and at most `max_digits`.
    fn digits(&mut self, what: &str, max_digits: usize) -> Result<(Range<usize>, u32), TimeError> {
        let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return Err(self.unexpected());
        }
        let span = self.at..self.at + length;
        if length > max_digits {
            let message = format!("a {what} of {length} digits, expected {max_digits}");
            return Err(TimeError::new(span, message, FORMS_HELP));
        }
        self.at = span.end;
        let digits = &self.text.as_bytes()[span.clone()];
        Ok((
            span,
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
        ))
    }

    /// A number of one or two digits in the range.
    fn part(
        &mut self,
        what: &str,
        range: std::ops::RangeInclusive<u8>,
    ) -> Result<(Range<usize>, u8), TimeError> {
        let (span, number) = self.digits(what, 2)?;
        match u8::try_from(number) {
            Ok(number) if range.contains(&number) => Ok((span, number)),
            _ => Err(self.out_of_range(what, span, number, &range)),
        }
    }

    fn out_of_range(
        &self,
        what: &str,
        span: Range<usize>,
        number: u32,
        range: &std::ops::RangeInclusive<u8>,
    ) -> TimeError {
        let help = match (what, number) {
            ("hour", 24) => "write `00:00` of the next day".to_owned(),
            ("second", 60) => {
                "leap seconds have no fire time; write second 59, or 0 of the next minute"
                    .to_owned()
            }
            _ => format!("a {what} is {} to {}", range.start(), range.end()),
        };
        let message = format!("no such {what}: `{}`", &self.text[span.clone()]);
        TimeError::new(span, message, help)
    }

    fn expect(&mut self, byte: u8) -> Result<(), TimeError> {
        if self.accept(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn date(&mut self) -> Result<(i32, u8, u8), TimeError> {
        let start = self.at;
        let (span, year) = self.digits("year", 4)?;
        if span.len() < 4 {
            let help = "a year has four digits and comes first, as in `2026-05-01`";
            let message = format!("no such year: `{}`", &self.text[span.clone()]);
            return Err(TimeError::new(span, message, help));
        }
        if year == 0 {
            return Err(TimeError::new(
                span,
                "there is no year 0",
                "write a year from 0001 to 9999",
            ));
        }
        let year = i32::try_from(year).unwrap_or_default();
        self.expect(b'-')?;
        let (_, month) = self.part("month", 1..=12)?;
        self.expect(b'-')?;
        let (_, day) = self.part("day", 1..=31)?;
        let last = days_in_month(year, month);
        if day > last {
            let message = format!("no such day: `{}`", &self.text[start..self.at]);
            return Err(TimeError::new(
                start..self.at,
                message,
                format!("that month has {last} days"),
            ));
        }
        Ok((year, month, day))
    }

    /// `T`, `t` or blanks.
    fn separator(&mut self) -> Result<(), TimeError> {
        let start = self.at;
        if !self.accept(b'T') && !self.accept(b't') {
            self.skip_blanks();
        }
        if self.at == start {
            Err(self.unexpected())
        } else {
            Ok(())
        }
    }

    fn time_of_day(&mut self, found: &mut DateTimeText) -> Result<(), TimeError> {
        let (span, hour) = self.part("hour", 0..=23)?;
        if !self.accept(b':') {
            if self.at < self.text.len() {
                return Err(self.unexpected());
            }
            let message = format!("the time `{}` has no minutes", &self.text[span.clone()]);
            return Err(TimeError::new(
                span,
                message,
                format!("write `{hour:02}:00`"),
            ));
        }
        found.civil.hour = hour;
        found.civil.minute = self.part("minute", 0..=59)?.1;
        if !self.accept(b':') {
            return Ok(());
        }
        found.civil.second = self.part("second", 0..=59)?.1;
        // ISO 8601 allows the comma, and half of Europe writes it.
        if self.accept(b'.') || self.accept(b',') {
            let span = self.fraction()?;
            found.micros = micros_of_fraction(&self.text.as_bytes()[span]);
        }
        Ok(())
    }

    /// Digits, however many.
    fn fraction(&mut self) -> Result<Range<usize>, TimeError> {
        let start = self.at;
        self.at += self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if self.at == start {
            return Err(self.unexpected());
        }
        Ok(start..self.at)
    }

    /// `Z`, `+03:00`, `+0300`, `+03`, and `+00:09:21` as history has it: seconds east of UTC.
    fn offset(&mut self) -> Result<i32, TimeError> {
        if self.accept(b'Z') || self.accept(b'z') {
            return Ok(0);
        }
        let start = self.at;
        let negative = self.accept(b'-');
        if !negative && !self.accept(b'+') {
            return Err(self.unexpected());
        }
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|&b| b.is_ascii_digit() || b == b':')
            .count();
        self.at += length;
        let wrong = || {
            TimeError::new(
                start..start + 1 + length,
                format!(
                    "no such offset: `{}`",
                    &self.text[start..start + 1 + length.min(40)]
                ),
                "write `Z` or an offset from `-23:59` to `+23:59`, as in `+03:00`",
            )
        };
        let two = |text: &str, max: i32| -> Option<i32> {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|number| digits && *number <= max)
        };
        let digits = &rest[..length];
        let (hours, minutes, seconds) = match digits.len() {
            2 => (digits, "00", "00"),
            4 => (&digits[..2], &digits[2..], "00"),
            5 if digits.as_bytes()[2] == b':' => (&digits[..2], &digits[3..], "00"),
            8 if digits.as_bytes()[2] == b':' && digits.as_bytes()[5] == b':' => {
                (&digits[..2], &digits[3..5], &digits[6..])
            }
            _ => return Err(wrong()),
        };
        let seconds = two(hours, 23)
            .zip(two(minutes, 59))
            .zip(two(seconds, 59))
            .map(|((hours, minutes), seconds)| hours * 3600 + minutes * 60 + seconds)
            .ok_or_else(wrong)?;
        Ok(if negative { -seconds } else { seconds })
    }
}
