//! Which days of one month match, all of them at once as bits.
//!
//! Day n is bit n. The weekday mask is written six times in a row and shifted by the weekday of
//! the first, the n-th weekdays are the same cut to one week, ISO weeks are runs of seven bits.
//! What of a year decides about its days is its *shape*: whether it is a leap year, the weekday of
//! its first day, and for years that begin on a Saturday whether that day lies in a week 52 or 53.

use super::cron::{ALL_DAYS, ALL_WEEKS, Cron, DayRule, LAST_WEEKDAY, bits};
use super::field::FIRST_YEAR;
use crate::time::civil;

/// One month of one year, 1970 or later. Small enough to be handed on in two registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    /// Days from 1970-01-01 to its first.
    first_day: u32,
    /// Its place among all months, January 1970 being 0.
    place: u32,
    year: u16,
    /// 1 to 12.
    pub number: u8,
    /// Days in it: 28 to 31.
    pub length: u8,
    /// The weekday of its first, 0 = Sunday.
    pub first_weekday: u8,
}

/// Weekday mask times this is the mask written six times.
const SIX_WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | 1 << 35;
/// December, the last month.
const DECEMBER: u8 = 12;

/// The years after which the calendar repeats, weekdays and all.
const CYCLE_YEARS: usize = 400;
/// Their months.
pub(super) const CYCLE_MONTHS: u32 = 4_800;
/// Their days.
pub(super) const CYCLE_DAYS: u32 = 146_097;

/// A month of the 400 years from 1970.
#[derive(Clone, Copy)]
struct TableMonth {
    /// Days from the beginning of the table to its first.
    first_day: u32,
    /// Years from the beginning of the table.
    year: u16,
    number: u8,
    first_weekday: u8,
}

/// The months of the 400 years from 1970, and the one behind them. The calendar is looked up and
/// not computed, because nearly every question is about months that stand side by side here.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "400 years have fewer than 2^18 days"
)]
static MONTHS: [TableMonth; CYCLE_MONTHS as usize + 1] = {
    let mut months = [TableMonth {
        first_day: 0,
        year: 0,
        number: 1,
        first_weekday: 4,
    }; CYCLE_MONTHS as usize + 1];
    let mut place = 0;
    while place < months.len() {
        let (year, number) = (place / 12, (place % 12) as u8 + 1);
        let first_day = civil::days_from_civil(1970 + year as i32, number, 1);
        months[place] = TableMonth {
            first_day: first_day as u32,
            year: year as u16,
            number,
            first_weekday: civil::weekday(first_day),
        };
        place += 1;
    }
    months
};

impl Month {
    /// A month (1–12) of a year from 1970 on.
    pub(super) fn new(year: i32, number: u8) -> Self {
        let years = u32::try_from(year - i32::from(FIRST_YEAR)).unwrap_or(0);
        Self::at(years * 12 + u32::from(number) - 1)
    }

    /// The month at a place among all months.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "28..=31, and fewer than 2^16 years"
    )]
    fn at(place: u32) -> Self {
        let (cycle, in_cycle) = if place < CYCLE_MONTHS {
            (0, place)
        } else {
            (place / CYCLE_MONTHS, place % CYCLE_MONTHS)
        };
        let month = MONTHS[in_cycle as usize];
        let next = MONTHS[in_cycle as usize + 1];
        Self {
            first_day: month.first_day + cycle * CYCLE_DAYS,
            place,
            year: FIRST_YEAR + month.year + cycle as u16 * 400,
            number: month.number,
            length: (next.first_day - month.first_day) as u8,
            first_weekday: month.first_weekday,
        }
    }

    /// The month that holds a day, counted from 1970-01-01.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in 400 years"
    )]
    pub(super) fn holding(day: i64) -> Self {
        let cycle_days = i64::from(CYCLE_DAYS);
        let (cycle, day) = if day < cycle_days {
            (0, day.max(0))
        } else {
            (day / cycle_days, day % cycle_days)
        };
        // By the average length of a month, which is at most one month off.
        let guess = (day as u64 * u64::from(CYCLE_MONTHS) / u64::from(CYCLE_DAYS)) as u32;
        let starts = |place: u32| i64::from(MONTHS[place as usize].first_day);
        let place = guess + u32::from(day >= starts(guess + 1)) - u32::from(day < starts(guess));
        Self::at(cycle as u32 * CYCLE_MONTHS + place)
    }

    /// Days from 1970-01-01 to its first.
    #[inline]
    pub(super) fn first_day(self) -> i64 {
        self.first_day.into()
    }

    #[inline]
    pub(super) fn year(self) -> i32 {
        self.year.into()
    }

    /// The month that many months later.
    #[inline]
    pub(super) fn later(self, months: u32) -> Self {
        Self::at(self.place + months)
    }

    /// The day of the month of a day of it.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1..=31"
    )]
    pub(super) fn number_of(self, day: i64) -> u8 {
        (day - self.first_day() + 1) as u8
    }

    /// Days from 1970-01-01 to its n-th.
    pub(super) fn day(self, number: u32) -> i64 {
        self.first_day() - 1 + i64::from(number)
    }

    /// Bits of all its days.
    fn all(self) -> u32 {
        ALL_DAYS & (u32::MAX >> (31 - self.length))
    }

    /// The weekday of a day of it, 0 = Sunday.
    fn weekday(self, day: u8) -> u8 {
        (self.first_weekday + day - 1) % 7
    }

    /// The days whose weekday is in the mask.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lowest 31 bits are the days"
    )]
    fn days_of_weekdays(self, weekdays: u8) -> u32 {
        ((u64::from(weekdays) * SIX_WEEKS) >> self.first_weekday << 1) as u32 & self.all()
    }

    /// The days that are the n-th or the last of their weekday, by [`Cron`]'s weeks.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lowest 31 bits are the days, and a week has seven"
    )]
    fn days_of_nth_weekdays(self, nth_weekdays: u64) -> u32 {
        // Each week is turned by itself, to begin with the weekday of the month's first: what is
        // shifted out of it at the bottom comes in at its top.
        let turn = self.first_weekday;
        let stays = (0b111_1111 >> turn) * SIX_WEEKS;
        let turned = nth_weekdays >> turn & stays | nth_weekdays << (7 - turn) & !stays;
        let days = (turned << 1) as u32 & self.all();
        let last = (nth_weekdays >> (7 * (LAST_WEEKDAY - 1))) as u8;
        if last == 0 {
            return days;
        }
        days | self.days_of_weekdays(last) & 0b111_1111 << (self.length - 6)
    }

    /// The weekdays (Monday to Friday) nearest to the days in the mask, bit 0 being the last
    /// day; the month is never left.
    fn nearest_weekdays(self, mask: u32) -> u32 {
        let mut days = 0;
        for day in bits(mask.into()) {
            let day = if day == 0 { self.length } else { day };
            if day > self.length {
                continue;
            }
            let nearest = match self.weekday(day) {
                6 if day == 1 => 3,
                6 => day - 1,
                0 if day == self.length => day - 2,
                0 => day + 1,
                _ => day,
            };
            days |= 1 << nearest;
        }
        days
    }

    /// The days whose ISO week is in the mask.
    fn days_of_weeks(self, weeks: u64) -> u32 {
        let (_, mut week) = civil::iso_week(self.first_day());
        // A Sunday first is the last day of its week, a Monday first the first of seven.
        let mut next_monday = 9 - if self.first_weekday == 0 {
            7
        } else {
            self.first_weekday
        };
        let (mut days, mut first) = (0, 1);
        while first <= self.length {
            if weeks >> week & 1 != 0 {
                days |= (u32::MAX << first) & below(next_monday);
            }
            first = next_monday;
            next_monday += 7;
            week = self.week_after(week, first);
        }
        days & self.all()
    }

    /// The ISO week that begins on the Monday `day`, the week before it being `week`.
    fn week_after(self, week: u8, day: u8) -> u8 {
        // Only at a turn of the year is it not the next number: the week of the first Thursday is 1.
        let is_first = (self.number == 1 && week >= 52) || (self.number == DECEMBER && day >= 29);
        if is_first { 1 } else { week + 1 }
    }
}

/// The bits below a position of up to 36.
#[expect(
    clippy::cast_possible_truncation,
    reason = "positions from 32 mean all 32 bits"
)]
fn below(position: u8) -> u32 {
    ((1_u64 << position) - 1) as u32
}

impl Cron {
    /// The days of the month that match, bit n being day n.
    #[inline]
    pub(super) fn days_in(&self, month: Month) -> u32 {
        if self.has_special_days() {
            return self.special_days_in(month);
        }
        let days = self.days & month.all();
        let weekdays = month.days_of_weekdays(self.weekdays);
        match self.day_rule() {
            DayRule::Both => days & weekdays,
            DayRule::Either => days | weekdays,
        }
    }

    /// [`Self::days_in`] of a schedule that names days by more than their number and weekday.
    fn special_days_in(&self, month: Month) -> u32 {
        let mut days = self.days & month.all();
        let mut weekdays = month.days_of_weekdays(self.weekdays);
        if self.nth_weekdays != 0 {
            let nth = month.days_of_nth_weekdays(self.nth_weekdays);
            if self.nth_is_in_day() {
                days |= nth;
            } else {
                weekdays |= nth;
            }
        }
        if self.last_days != 0 {
            // Bit n counts from the end: turned round, bit 31 is the last day.
            days |= self.last_days.reverse_bits() >> (31 - month.length) & ALL_DAYS;
        }
        if self.nearest_weekdays != 0 {
            days |= month.nearest_weekdays(self.nearest_weekdays);
        }
        let mut matching = match self.day_rule() {
            DayRule::Both => days & weekdays,
            DayRule::Either => days | weekdays,
        };
        if self.weeks != ALL_WEEKS && matching != 0 {
            matching &= month.days_of_weeks(self.weeks);
        }
        matching
    }
}

/// A year of every shape, in the order of [`shape_of`]: seven plain years by the weekday of
/// 1 January, seven leap years, and a plain year that begins on the Saturday of a week 53.
pub(super) const YEAR_SHAPES: [i32; 15] = [
    2017, 2018, 2019, 2014, 2015, 2010, 2022, 2012, 2024, 2008, 2020, 2004, 2016, 2000, 2005,
];

/// All shapes as bits.
pub(super) const ALL_SHAPES: u16 = (1 << YEAR_SHAPES.len()) - 1;
/// The shapes that differ in more than the numbers of their weeks.
pub(super) const SHAPES_WITHOUT_WEEKS: usize = 14;

/// The place of a year's shape in [`YEAR_SHAPES`].
pub(super) const fn shape_of(year: i32) -> usize {
    let first_weekday = civil::weekday(civil::days_from_civil(year, 1, 1));
    let is_leap = civil::is_leap(year);
    // The year before a plain year that begins on a Saturday has a week 53 if it is a leap year.
    // Before a leap year there is none.
    if first_weekday == 6 && !is_leap && civil::is_leap(year - 1) {
        return 14;
    }
    first_weekday as usize + if is_leap { 7 } else { 0 }
}

/// The leap years' shapes.
const LEAP_SHAPES: u16 = 0b111_1111 << 7;
/// The column of [`YEARS_TO_SHAPE`] for a year of any of them.
const ANY_LEAP_YEAR: usize = YEAR_SHAPES.len();

/// By year of the cycle, from 1970, and shape: how many years later the next year of that shape is, 0
/// for the year itself. The rarest shapes are up to 40 years apart, and trying each of those years is
/// what this saves. Leap years have a column of their own, since 29 February is what is mostly rare.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "below 400"
)]
static YEARS_TO_SHAPE: [[u8; YEAR_SHAPES.len() + 1]; CYCLE_YEARS] = {
    let mut table = [[0; YEAR_SHAPES.len() + 1]; CYCLE_YEARS];
    // Backwards, and twice round so that the end of the cycle knows of its beginning.
    let mut distance = [u8::MAX; YEAR_SHAPES.len() + 1];
    let mut left = 2 * CYCLE_YEARS;
    while left > 0 {
        left -= 1;
        let year = left % CYCLE_YEARS;
        let mut shape = 0;
        while shape < distance.len() {
            distance[shape] = distance[shape].saturating_add(1);
            shape += 1;
        }
        let shape = shape_of(1970 + year as i32);
        distance[shape] = 0;
        if LEAP_SHAPES >> shape & 1 != 0 {
            distance[ANY_LEAP_YEAR] = 0;
        }
        table[year] = distance;
    }
    table
};

/// The first year not before `year` (1970 or later) whose shape is among the bits.
#[inline]
pub(super) fn first_year_of(shapes: u16, year: i32) -> Option<i32> {
    if shapes == ALL_SHAPES {
        return Some(year);
    }
    let mut place = usize::try_from(year - i32::from(FIRST_YEAR)).unwrap_or(0);
    if place >= CYCLE_YEARS {
        place %= CYCLE_YEARS;
    }
    let distances = &YEARS_TO_SHAPE[place];
    if shapes == LEAP_SHAPES {
        return Some(year + i32::from(distances[ANY_LEAP_YEAR]));
    }
    let distance = bits(shapes.into()).map(|shape| distances[usize::from(shape)]);
    distance.min().map(|distance| year + i32::from(distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_year_has_the_weeks_of_the_year_that_stands_for_its_shape() {
        for (place, year) in YEAR_SHAPES.into_iter().enumerate() {
            assert_eq!(shape_of(year), place, "{year}");
        }
        for year in 1970..=9999 {
            let like = YEAR_SHAPES[shape_of(year)];
            for (month, day) in [(1, 1), (1, 3), (2, 28), (6, 15), (12, 28), (12, 31)] {
                let days = [year, like].map(|year| civil::days_from_civil(year, month, day));
                let [one, other] = days.map(|days| (civil::weekday(days), civil::iso_week(days).1));
                assert_eq!(one, other, "{year} and {like}, month {month}");
            }
        }
    }

    #[test]
    fn the_next_year_of_a_shape_is_the_one_found_by_trying() {
        for year in 1970..2_500 {
            for shape in 0..YEAR_SHAPES.len() {
                let tried = (year..year + 400).find(|year| shape_of(*year) == shape);
                assert_eq!(
                    first_year_of(1 << shape, year),
                    tried,
                    "{year}, shape {shape}"
                );
            }
            assert_eq!(first_year_of(ALL_SHAPES, year), Some(year));
            assert_eq!(first_year_of(0, year), None);
        }
    }

    #[test]
    fn the_days_of_each_week_agree_with_the_calendar() {
        for year in YEAR_SHAPES {
            for number in 1..=12 {
                let month = Month::new(year, number);
                for week in 1..=53_u8 {
                    let days = month.days_of_weeks(1 << week);
                    for day in 1..=month.length {
                        let is_in =
                            civil::iso_week(month.first_day() + i64::from(day) - 1).1 == week;
                        assert_eq!(
                            days >> day & 1 != 0,
                            is_in,
                            "{year}-{number}-{day}, week {week}"
                        );
                    }
                    assert_eq!(days & !month.all(), 0);
                }
            }
        }
    }

    #[test]
    fn weekdays_nth_and_last_and_nearest_agree_with_counting() {
        for year in YEAR_SHAPES {
            for number in 1..=12 {
                let month = Month::new(year, number);
                let weekday = |day: u8| civil::weekday(month.first_day() + i64::from(day) - 1);
                for day in 1..=month.length {
                    let expected = |mask: u32| (mask >> day & 1) != 0;
                    for other in 0..7_u8 {
                        let same = weekday(day) == other;
                        assert_eq!(expected(month.days_of_weekdays(1 << other)), same);
                        for nth in 0..5 {
                            let is_nth = same && (day - 1) / 7 == nth;
                            let nth = 1_u64 << (7 * nth + other);
                            assert_eq!(expected(month.days_of_nth_weekdays(nth)), is_nth);
                        }
                        let is_last = same && day + 7 > month.length;
                        assert_eq!(
                            expected(month.days_of_nth_weekdays(1 << (35 + other))),
                            is_last
                        );
                    }
                    let nearest = month.nearest_weekdays(1 << day);
                    assert_eq!(nearest.count_ones(), 1);
                    let found = u8::try_from(nearest.trailing_zeros()).unwrap();
                    assert!(
                        (1..=5).contains(&weekday(found)) && found <= month.length && found >= 1
                    );
                    assert!(found.abs_diff(day) <= 2);
                }
            }
        }
    }
}
