//! The POSIX form of a zone, `CET-1CEST,M3.5.0,M10.5.0/3`: the last line of a `TZif` file, which
//! holds for ever after its table, and what `$TZ` may be set to.
//!
//! POSIX.1-2017 §8.3 with the extension of RFC 9636 §3.3.1: times of −167 to 167 hours.

use super::civil::{self, SECONDS_PER_DAY};
use super::zone::Zone;
use std::ops::Range;

/// Hours a transition may lie away from its midnight.
const MAX_TIME_HOURS: i32 = 167;
/// Hours an offset may lie away from UTC (POSIX: 24).
const MAX_OFFSET_HOURS: i32 = 24;

/// The rule of a zone: one offset, or two that change twice a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PosixRule {
    /// Seconds east of UTC.
    standard: i32,
    daylight: Option<Daylight>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Daylight {
    /// Seconds east of UTC.
    offset: i32,
    start: YearlyChange,
    end: YearlyChange,
}

/// When in a year the clocks change: a day, and seconds from its midnight on the clock that is
/// about to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearlyChange {
    pub(super) day: YearlyDay,
    pub(super) time: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum YearlyDay {
    /// `Mm.w.d`: the `week`-th (5 = last) `weekday` (0 = Sunday) of `month`.
    Weekday { month: u8, week: u8, weekday: u8 },
    /// `Jn`: day 1–365, 29 February never counted.
    Julian(u16),
    /// `n`: day 0–365, 29 February counted.
    ZeroBased(u16),
}

/// What an abbreviation with daylight saving but without dates means everywhere it is accepted:
/// the rule of the United States.
const DEFAULT_START: YearlyChange = YearlyChange {
    day: YearlyDay::Weekday {
        month: 3,
        week: 2,
        weekday: 0,
    },
    time: 7200,
};
const DEFAULT_END: YearlyChange = YearlyChange {
    day: YearlyDay::Weekday {
        month: 11,
        week: 1,
        weekday: 0,
    },
    time: 7200,
};

impl PosixRule {
    /// Two changes a year.
    pub(super) const fn yearly(
        standard: i32,
        daylight: i32,
        start: YearlyChange,
        end: YearlyChange,
    ) -> Self {
        Self {
            standard,
            daylight: Some(Daylight {
                offset: daylight,
                start,
                end,
            }),
        }
    }

    /// Reads the text; `None` for anything that is not in the form, to the last byte.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Cursor(text.as_bytes());
        rest.name()?;
        // The text counts west of Greenwich, we count east of it.
        let standard = -rest.signed_time(MAX_OFFSET_HOURS)?;
        if rest.0.is_empty() {
            return Some(Self {
                standard,
                daylight: None,
            });
        }
        rest.name()?;
        let offset = match rest.0.first() {
            None | Some(b',') => standard + 3600,
            Some(_) => -rest.signed_time(MAX_OFFSET_HOURS)?,
        };
        let (start, end) = if rest.0.is_empty() {
            (DEFAULT_START, DEFAULT_END)
        } else {
            (rest.yearly_change()?, rest.yearly_change()?)
        };
        rest.0
            .is_empty()
            .then(|| Self::yearly(standard, offset, start, end))
    }

    /// Seconds east of UTC outside daylight saving.
    pub(super) const fn standard_offset(&self) -> i32 {
        self.standard
    }

    /// All changes of these years as (Unix seconds, offset from then on), in order.
    pub(super) fn changes(&self, years: Range<i32>) -> Vec<(i64, i32)> {
        let Some(daylight) = &self.daylight else {
            return Vec::new();
        };
        let mut changes = Vec::with_capacity(years.len().saturating_mul(2));
        for year in years {
            let start = daylight.start.local_seconds(year) - i64::from(self.standard);
            let end = daylight.end.local_seconds(year) - i64::from(daylight.offset);
            changes.push((start, daylight.offset));
            changes.push((end, self.standard));
        }
        // Stable: where the end of one year is the start of the next (daylight saving all year,
        // `0/0,J365/25`), the start stays behind it and wins.
        changes.sort_by_key(|&(at, _)| at);
        changes
    }
}

impl Zone {
    /// The zone of a POSIX rule, named as the rule is written; `None` for a text that is none.
    ///
    /// ```
    /// use rsched::time::Zone;
    /// let paris = Zone::from_posix_rule("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    /// assert_eq!(paris.span_at(1_753_000_000).offset, 7200); // July 2025
    /// assert_eq!(Zone::from_posix_rule("CET"), None);
    /// ```
    #[must_use]
    pub fn from_posix_rule(text: &str) -> Option<Zone> {
        let rule = PosixRule::parse(text)?;
        Some(Self::from_changes(text, 0, Vec::new(), Some(&rule)))
    }
}

impl YearlyChange {
    fn local_seconds(self, year: i32) -> i64 {
        self.day.days(year) * SECONDS_PER_DAY + i64::from(self.time)
    }
}

impl YearlyDay {
    /// Days since 1970-01-01 of that day in the year.
    pub(super) fn days(self, year: i32) -> i64 {
        let new_year = civil::days_from_civil(year, 1, 1);
        match self {
            Self::Julian(day) => {
                let leap_day_before = day >= 60 && civil::is_leap(year);
                new_year + i64::from(day) - 1 + i64::from(leap_day_before)
            }
            Self::ZeroBased(day) => new_year + i64::from(day),
            Self::Weekday {
                month,
                week,
                weekday,
            } => {
                let first = civil::days_from_civil(year, month, 1);
                let ahead = (weekday + 7 - civil::weekday(first)) % 7;
                let day = u32::from(ahead) + 7 * u32::from(week - 1);
                let in_month = day < u32::from(civil::days_in_month(year, month));
                first + i64::from(if in_month { day } else { day - 7 })
            }
        }
    }
}

/// What is left of the text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn accept(&mut self, byte: u8) -> bool {
        let there = self.0.first() == Some(&byte);
        if there {
            self.0 = &self.0[1..];
        }
        there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    /// Three letters or more, or `<…>` of letters, digits and signs.
    fn name(&mut self) -> Option<()> {
        let quoted = self.accept(b'<');
        let is_name = |b: &u8| {
            b.is_ascii_alphabetic() || (quoted && (b.is_ascii_digit() || matches!(b, b'+' | b'-')))
        };
        let length = self.0.iter().take_while(|b| is_name(b)).count();
        self.0 = &self.0[length..];
        if quoted {
            self.expect(b'>')?;
        }
        (length >= 3).then_some(())
    }

    fn number(&mut self, max: i32) -> Option<i32> {
        let length = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        // Five digits hold every legal number and cannot overflow.
        if length == 0 || length > 5 {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let number = digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        (number <= max).then_some(number)
    }

    fn number_from(&mut self, min: i32, max: i32) -> Option<u16> {
        let number = self.number(max)?;
        if number < min {
            None
        } else {
            u16::try_from(number).ok()
        }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn signed_time(&mut self, max_hours: i32) -> Option<i32> {
        let negative = self.accept(b'-');
        if !negative {
            self.accept(b'+');
        }
        let mut seconds = self.number(max_hours)? * 3600;
        if self.accept(b':') {
            seconds += self.number(59)? * 60;
            if self.accept(b':') {
                seconds += self.number(59)?;
            }
        }
        Some(if negative { -seconds } else { seconds })
    }

    /// `,date[/time]`; the time is 02:00 unless given.
    fn yearly_change(&mut self) -> Option<YearlyChange> {
        self.expect(b',')?;
        let day = if self.accept(b'M') {
            let month = self.number_from(1, 12)?;
            self.expect(b'.')?;
            let week = self.number_from(1, 5)?;
            self.expect(b'.')?;
            let weekday = self.number_from(0, 6)?;
            let small = |number: u16| u8::try_from(number).ok();
            YearlyDay::Weekday {
                month: small(month)?,
                week: small(week)?,
                weekday: small(weekday)?,
            }
        } else if self.accept(b'J') {
            YearlyDay::Julian(self.number_from(1, 365)?)
        } else {
            YearlyDay::ZeroBased(self.number_from(0, 365)?)
        };
        let time = if self.accept(b'/') {
            self.signed_time(MAX_TIME_HOURS)?
        } else {
            7200
        };
        Some(YearlyChange { day, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::civil::CivilTime;

    /// The changes of a year on the UTC clock: `03-29T01 +7200`.
    fn changes_of(rule: &str, year: i32) -> Vec<String> {
        let rule = PosixRule::parse(rule).expect("a rule");
        let show = |(at, offset)| {
            let CivilTime {
                month,
                day,
                hour,
                minute,
                ..
            } = CivilTime::from_local_seconds(at);
            format!("{month:02}-{day:02}T{hour:02}:{minute:02} {offset:+}")
        };
        rule.changes(year..year + 1).into_iter().map(show).collect()
    }

    #[test]
    fn the_rules_of_the_tz_database_give_their_days() {
        for (rule, expected) in [
            (
                "CET-1CEST,M3.5.0,M10.5.0/3",
                ["03-29T01:00 +7200", "10-25T01:00 +3600"],
            ),
            (
                "EST5EDT,M3.2.0,M11.1.0",
                ["03-08T07:00 -14400", "11-01T06:00 -18000"],
            ),
            ("EST5EDT", ["03-08T07:00 -14400", "11-01T06:00 -18000"]),
            (
                "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                ["04-04T15:00 +37800", "10-03T15:30 +39600"],
            ),
            (
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                ["03-29T01:00 -3600", "10-25T01:00 -7200"],
            ),
            (
                "EET-2EEST,M3.4.4/50,M10.4.4/50",
                ["03-28T00:00 +10800", "10-23T23:00 +7200"],
            ),
            // Dublin's, as the file has it: winter time is the exception.
            (
                "IST-1GMT0,M10.5.0,M3.5.0/1",
                ["03-29T01:00 +3600", "10-25T01:00 +0"],
            ),
            (
                "AAA0BBB,J60/0,J61/0",
                ["03-01T00:00 +3600", "03-01T23:00 +0"],
            ),
            ("AAA0BBB,59/0,60/0", ["03-01T00:00 +3600", "03-01T23:00 +0"]),
        ] {
            assert_eq!(changes_of(rule, 2026), expected, "{rule}");
        }
        assert_eq!(
            changes_of("AAA0BBB,J60/0,J61/0", 2024)[0],
            "03-01T00:00 +3600"
        );
        assert_eq!(
            changes_of("AAA0BBB,59/0,60/0", 2024)[0],
            "02-29T00:00 +3600"
        );
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "UTC",
            "5",
            "ES5",
            "EST5EDT,",
            "EST5EDT,M3.2.0",
            "EST5EDT,M3.2.0,M11.1.0,",
            "EST5EDT,M0.2.0,M11.1.0",
            "EST5EDT,M3.6.0,M11.1.0",
            "EST5EDT,M3.2.7,M11.1.0",
            "EST5EDT,J0,J365",
            "EST5EDT,366,1",
            "EST25",
            "EST5:60",
            "EST99999999999999999",
            "<+03>",
            "<+03-3",
            "EST5EDT,M3.2.0/168,M11.1.0",
            "EST-5é",
        ] {
            assert_eq!(PosixRule::parse(text), None, "{text}");
        }
    }
}
