//! A cron schedule compiled to bit masks: what both cron languages become.
//!
//! Every field is a set of bits, so that "the next matching minute" is a shift and a count of
//! trailing zeros, and the whole fits a cache line. Which days of a month match is computed for
//! the month at once (`month.rs`); the search over them is in `search.rs`.

use super::month::{ALL_SHAPES, Month, SHAPES_WITHOUT_WEEKS, YEAR_SHAPES, shape_of};
use super::years::YearSet;
use std::sync::Arc;

/// All 24 hours.
const ALL_HOURS: u32 = (1 << 24) - 1;
/// Days 1 to 31.
pub(super) const ALL_DAYS: u32 = !1;
/// Months 1 to 12.
const ALL_MONTHS: u16 = 0b1_1111_1111_1110;
/// Sunday to Saturday.
pub(super) const ALL_WEEKDAYS: u8 = 0b111_1111;
/// ISO weeks 1 to 53.
pub(super) const ALL_WEEKS: u64 = ((1 << 54) - 1) & !1;
/// Minutes or seconds 0 to 59.
pub(super) const ALL_SIXTY: u64 = (1 << 60) - 1;

/// The week of [`Cron::nth_weekdays`] that holds the last such weekday of a month.
pub(super) const LAST_WEEKDAY: u16 = 6;

/// How the day of the month and the day of the week combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayRule {
    /// A day must match both.
    Both,
    /// A day may match either: Vixie's rule for two restricted day fields, strange and standard.
    Either,
}

/// A cron language matcher compiled to bit masks (crontab string or cron table).
///
/// ```
/// use rsched::schedule::{DayRule, Trigger, parse_expression};
/// let expression = parse_expression("*/20 9-17 1,15 * fri").unwrap();
/// let Trigger::Cron(cron) = expression.trigger else { panic!("a cron trigger") };
/// assert_eq!(cron.minutes().collect::<Vec<_>>(), [0, 20, 40]);
/// assert_eq!(cron.day_rule(), DayRule::Either);
/// assert!(cron.can_fire());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    /// Bit n: second n.
    pub(super) seconds: u64,
    /// Bit n: minute n.
    pub(super) minutes: u64,
    /// Bit n: ISO week n.
    pub(super) weeks: u64,
    /// Seven bits for each n: the weekdays of which the n-th of the month matches; behind the fifth
    /// those of which the last does.
    pub(super) nth_weekdays: u64,
    /// None: every year.
    pub(super) years: Option<Arc<YearSet>>,
    /// Bit n: hour n.
    pub(super) hours: u32,
    /// Bit n: day of month n.
    pub(super) days: u32,
    /// Bit n: n days before the last day of the month.
    pub(super) last_days: u32,
    /// Bit n: the weekday (Monday to Friday) nearest to day n; bit 0: to the last day.
    pub(super) nearest_weekdays: u32,
    /// Bit n: month n.
    pub(super) months: u16,
    /// Bit 0: Sunday … bit 6: Saturday.
    pub(super) weekdays: u8,
    flags: u8,
    /// Bit n: years of the n-th shape have a matching day.
    pub(super) year_shapes: u16,
}

/// The day rule is [`DayRule::Either`].
const EITHER_DAY: u8 = 1;
/// The minute or hour field begins with `*` (Vixie's `MIN_STAR` and `HR_STAR`).
const TIME_STAR: u8 = 1 << 1;
/// Weekdays of `nth_weekdays` belong to the day field (cron tables), not the weekday field.
const NTH_IN_DAY: u8 = 1 << 2;
/// All days match: [`DayPattern::Every`].
const EVERY_DAY: u8 = 1 << 3;
/// Weekdays alone decide: [`DayPattern::Weekdays`].
const WEEKDAYS_ALONE: u8 = 1 << 4;

/// Days are named by more than their number and weekday: `L`, `W`, `#`, ISO weeks.
const SPECIAL_DAYS: u8 = 1 << 6;
/// Somewhere a step is larger than its range, and stands for one value.
const LONE_STEP: u8 = 1 << 5;

/// What has to be looked at to tell whether a day matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayPattern {
    /// Nothing: all do.
    Every,
    /// Its weekday.
    Weekdays,
    /// Its whole date.
    Dates,
}

impl Cron {
    /// Every second of every day: what the fields of a parsed text narrow down.
    pub(super) fn every_second() -> Self {
        Self {
            seconds: ALL_SIXTY,
            minutes: ALL_SIXTY,
            weeks: ALL_WEEKS,
            nth_weekdays: 0,
            years: None,
            hours: ALL_HOURS,
            days: ALL_DAYS,
            last_days: 0,
            nearest_weekdays: 0,
            months: ALL_MONTHS,
            weekdays: ALL_WEEKDAYS,
            flags: 0,
            year_shapes: ALL_SHAPES,
        }
    }

    /// Sets the hours, days, months and weekdays from masks as wide as any.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "cut to the bits each field has"
    )]
    pub(super) fn set_masks(&mut self, hours: u64, days: u64, months: u64, weekdays: u64) {
        self.hours = hours as u32 & ALL_HOURS;
        self.days = days as u32 & ALL_DAYS;
        self.months = months as u16 & ALL_MONTHS;
        self.weekdays = weekdays as u8 & ALL_WEEKDAYS;
    }

    pub(super) fn set_day_rule(&mut self, rule: DayRule) {
        self.set(EITHER_DAY, rule == DayRule::Either);
    }

    pub(super) fn set_time_star(&mut self, star: bool) {
        self.set(TIME_STAR, star);
    }

    pub(super) fn set_nth_in_day(&mut self) {
        self.set(NTH_IN_DAY, true);
    }

    pub(super) fn set_lone_step(&mut self) {
        self.set(LONE_STEP, true);
    }

    /// Whether a step somewhere is larger than its range, so that it stands for one value.
    pub(super) fn has_lone_step(&self) -> bool {
        self.flags & LONE_STEP != 0
    }

    fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    /// Marks the `nth` (1–5, or [`LAST_WEEKDAY`]) weekdays of the month as matching.
    pub(super) fn add_nth_weekday(&mut self, nth: u16, weekday: u16) {
        self.nth_weekdays |= 1 << (7 * (nth - 1) + weekday);
    }

    /// To be called once all fields are set: decides how days are searched, and whether any date
    /// matches at all.
    pub(super) fn sealed(mut self) -> Self {
        let special = u64::from(self.last_days | self.nearest_weekdays) | self.nth_weekdays;
        self.set(SPECIAL_DAYS, special != 0 || self.weeks != ALL_WEEKS);
        let pattern = self.found_day_pattern();
        self.set(EVERY_DAY, pattern == DayPattern::Every);
        self.set(WEEKDAYS_ALONE, pattern == DayPattern::Weekdays);
        let has_time = self.seconds != 0 && self.minutes != 0 && self.hours != 0;
        self.year_shapes = match pattern {
            // A crontab may have ranges that stand for no value.
            _ if !has_time => 0,
            DayPattern::Every | DayPattern::Weekdays => ALL_SHAPES,
            DayPattern::Dates => self.shapes_with_matching_day(),
        };
        self
    }

    /// Whether any date of the calendar matches: `0 0 30 2 *` and `{ week = 53, month = 6 }` never do.
    #[must_use]
    pub fn can_fire(&self) -> bool {
        self.year_shapes != 0
    }

    /// What has to be looked at to tell whether a day matches.
    #[inline]
    pub(super) fn day_pattern(&self) -> DayPattern {
        match self.flags & (EVERY_DAY | WEEKDAYS_ALONE) {
            EVERY_DAY => DayPattern::Every,
            WEEKDAYS_ALONE => DayPattern::Weekdays,
            _ => DayPattern::Dates,
        }
    }

    /// Whether days are named by more than their number and weekday.
    #[inline]
    pub(super) fn has_special_days(&self) -> bool {
        self.flags & SPECIAL_DAYS != 0
    }

    fn found_day_pattern(&self) -> DayPattern {
        if self.months != ALL_MONTHS || self.weeks != ALL_WEEKS || self.years.is_some() {
            DayPattern::Dates
        } else if self.leaves_days_open() {
            DayPattern::Every
        } else if self.days == ALL_DAYS && self.has_plain_days() && self.weekdays != 0 {
            DayPattern::Weekdays
        } else {
            DayPattern::Dates
        }
    }

    /// A year's dates, weekdays and ISO weeks are fixed by its shape, of which there are 15, so
    /// that trying one year of each shape is trying the whole 400-year cycle.
    fn shapes_with_matching_day(&self) -> u16 {
        let has_day = |year: i32| {
            self.months()
                .any(|month| self.days_in(Month::new(year, month)) != 0)
        };
        let tried = if self.weeks == ALL_WEEKS {
            SHAPES_WITHOUT_WEEKS
        } else {
            YEAR_SHAPES.len()
        };
        let mut shapes = 0_u16;
        for (bit, year) in YEAR_SHAPES.into_iter().enumerate().take(tried) {
            shapes |= u16::from(has_day(year)) << bit;
        }
        if tried == SHAPES_WITHOUT_WEEKS {
            // The last shape is the one of plain years from a Saturday, but for its weeks.
            shapes |= shapes >> 6 << 14 & 1 << 14;
        }
        let Some(years) = &self.years else {
            return shapes;
        };
        let is_among = |year| shapes >> shape_of(year) & 1 != 0;
        if years.iter().any(is_among) {
            shapes
        } else {
            0
        }
    }

    /// The same with every second of its minutes.
    pub(super) fn with_all_seconds(mut self) -> Self {
        self.seconds = ALL_SIXTY;
        self.sealed()
    }

    /// The readings of both as one cron, where the masks can say that.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let mut both = self.clone();
        if other.leaves_days_open() {
            // The days of `self` are those of both.
        } else if self.leaves_days_open() {
            both.days = other.days;
            both.last_days = other.last_days;
            both.nearest_weekdays = other.nearest_weekdays;
            both.weekdays = other.weekdays;
            both.nth_weekdays = other.nth_weekdays;
            both.set(EITHER_DAY, other.flags & EITHER_DAY != 0);
            both.set(NTH_IN_DAY, other.flags & NTH_IN_DAY != 0);
        } else if self.has_plain_days() && other.has_plain_days() {
            both.days &= other.days;
            both.weekdays &= other.weekdays;
        } else {
            return None;
        }
        both.seconds &= other.seconds;
        both.minutes &= other.minutes;
        both.hours &= other.hours;
        both.months &= other.months;
        both.weeks &= other.weeks;
        both.years = match (&self.years, &other.years) {
            (Some(one), Some(two)) => Some(Arc::new(one.intersection(two))),
            (one, two) => one.clone().or_else(|| two.clone()),
        };
        Some(both.sealed())
    }

    /// Whether neither day field says anything.
    fn leaves_days_open(&self) -> bool {
        let (days, weekdays) = (self.days == ALL_DAYS, self.weekdays == ALL_WEEKDAYS);
        days && weekdays || self.day_rule() == DayRule::Either && (days || weekdays)
    }

    /// Whether a day matches by its number and its weekday, and must by both.
    fn has_plain_days(&self) -> bool {
        let special = u64::from(self.last_days | self.nearest_weekdays) | self.nth_weekdays;
        special == 0 && self.day_rule() == DayRule::Both
    }

    /// How the two day fields combine.
    #[must_use]
    pub fn day_rule(&self) -> DayRule {
        if self.flags & EITHER_DAY != 0 {
            DayRule::Either
        } else {
            DayRule::Both
        }
    }

    pub(super) fn nth_is_in_day(&self) -> bool {
        self.flags & NTH_IN_DAY != 0
    }

    /// Whether the minute or hour field begins with `*`: what Vixie's cron goes by at an offset change.
    pub(super) fn has_time_star(&self) -> bool {
        self.flags & TIME_STAR != 0
    }

    /// Whether all 24 hours match, however that is written.
    pub(super) fn fires_every_hour(&self) -> bool {
        self.hours == ALL_HOURS
    }

    /// The seconds of the minute that match, ascending.
    pub fn seconds(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.seconds)
    }

    /// The minutes of the hour that match, ascending.
    pub fn minutes(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.minutes)
    }

    /// The hours of the day that match, ascending.
    pub fn hours(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.hours.into())
    }

    /// The days of the month (1–31) that match by their number, ascending; `L`, `W` and `#` are not among them.
    pub fn days(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.days.into())
    }

    /// The months (1–12) that match, ascending.
    pub fn months(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.months.into())
    }

    /// The days of the week that match in every week, 0 = Sunday, ascending; `d#n` and `dL` are not among them.
    pub fn weekdays(&self) -> impl Iterator<Item = u8> + use<> {
        bits(self.weekdays.into())
    }
}

/// The positions of the ones, ascending.
#[expect(clippy::cast_possible_truncation, reason = "positions are below 64")]
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let position = mask.trailing_zeros() as u8;
        (mask != 0).then(|| {
            mask &= mask - 1;
            position
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiled_cron_fits_a_cache_line() {
        assert!(size_of::<Cron>() <= 64, "{}", size_of::<Cron>());
    }
}
