//! Which days of one month match, all of them at once as bits.
//!
//! Day n is bit n. The weekday mask is written six times in a row and shifted by the weekday of
//! the first, the n-th weekdays are the same cut to one week, ISO weeks are runs of seven bits.
//! What of a year decides about its days is its *shape*: whether it is a leap year, the weekday of
//! its first day, and for years that begin on a Saturday whether that day lies in a week 52 or 53.

use super::cron::{ALL_DAYS, ALL_WEEKDAYS, ALL_WEEKS, Cron, DayRule, bits};
use crate::time::civil;

/// One month of one year.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    /// Days from 1970-01-01 to its first.
    pub first_day: i64,
    /// Days in it: 28 to 31.
    pub length: u8,
    /// The weekday of its first, 0 = Sunday.
    pub first_weekday: u8,
    number: u8,
}

/// Weekday mask times this is the mask written six times.
const SIX_WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | 1 << 35;
/// December, the last month.
const DECEMBER: u8 = 12;

impl Month {
    pub(super) fn new(year: i32, number: u8) -> Self {
        let first_day = civil::days_from_civil(year, number, 1);
        Self {
            first_day,
            length: civil::days_in_month(year, number),
            first_weekday: civil::weekday(first_day),
            number,
        }
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

    /// The days that are the n-th or the last of their weekday, by [`Cron`]'s bytes.
    fn days_of_nth_weekdays(self, nth_weekdays: u64) -> u32 {
        let mut days = 0;
        for (nth, weekdays) in (0_u32..)
            .zip(nth_weekdays.to_le_bytes())
            .filter(|(_, weekdays)| *weekdays != 0)
        {
            let week = if nth == 5 {
                0b111_1111 << (self.length - 6)
            } else {
                0b1111_1110 << (7 * nth)
            };
            days |= self.days_of_weekdays(weekdays) & week;
        }
        days
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
        let (_, mut week) = civil::iso_week(self.first_day);
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
    pub(super) fn days_in(&self, month: Month) -> u32 {
        let mut days = self.days & month.all();
        let mut weekdays = if self.weekdays == ALL_WEEKDAYS {
            month.all()
        } else {
            month.days_of_weekdays(self.weekdays)
        };
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

/// The place of a year's shape in [`YEAR_SHAPES`].
pub(super) fn shape_of(year: i32) -> usize {
    let first_weekday = civil::weekday(civil::days_from_civil(year, 1, 1));
    let is_leap = civil::is_leap(year);
    // The year before a plain year that begins on a Saturday has a week 53 if it is a leap year.
    // Before a leap year there is none.
    if first_weekday == 6 && !is_leap && civil::is_leap(year - 1) {
        return 14;
    }
    usize::from(first_weekday) + if is_leap { 7 } else { 0 }
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
    fn the_days_of_each_week_agree_with_the_calendar() {
        for year in YEAR_SHAPES {
            for number in 1..=12 {
                let month = Month::new(year, number);
                for week in 1..=53_u8 {
                    let days = month.days_of_weeks(1 << week);
                    for day in 1..=month.length {
                        let is_in = civil::iso_week(month.first_day + i64::from(day) - 1).1 == week;
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
                let weekday = |day: u8| civil::weekday(month.first_day + i64::from(day) - 1);
                for day in 1..=month.length {
                    let expected = |mask: u32| (mask >> day & 1) != 0;
                    for other in 0..7_u8 {
                        let same = weekday(day) == other;
                        assert_eq!(expected(month.days_of_weekdays(1 << other)), same);
                        for nth in 0..5 {
                            let is_nth = same && (day - 1) / 7 == nth;
                            let byte = 1_u64 << (8 * nth + other);
                            assert_eq!(expected(month.days_of_nth_weekdays(byte)), is_nth);
                        }
                        let is_last = same && day + 7 > month.length;
                        assert_eq!(
                            expected(month.days_of_nth_weekdays(1 << (40 + other))),
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
