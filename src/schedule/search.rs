//! Finding the next, the last and the number of matching wall-clock readings, by computation.
//!
//! A reading is a wall clock's date and time counted in seconds as if it hung in Greenwich
//! (`time::civil`). Nothing here steps through seconds, minutes or fires: within a day the next
//! time comes out of shifts, within a month out of the mask of its days, and the months that are
//! tried are those of the month field.

use super::cron::{Cron, DayPattern, bits};
use super::field::{FIRST_YEAR, LAST_YEAR};
use super::month::{ALL_SHAPES, Month, first_year_of};
use crate::time::civil::{self, SECONDS_PER_DAY};

/// The first reading of 1970.
pub(super) const FIRST_READING: i64 = 0;
/// The last day of 9999.
pub(super) const LAST_DAY: i64 = civil::days_from_civil(LAST_YEAR as i32, 12, 31);
/// The last reading of 9999.
pub(super) const LAST_READING: i64 = LAST_DAY * SECONDS_PER_DAY + SECONDS_PER_DAY - 1;

/// A set of wall-clock readings, all of them in the years 1970 to 9999.
pub(super) trait Readings {
    /// The first reading at or after `from`.
    fn first_from(&self, from: i64) -> Option<i64>;
    /// The last reading at or before `until`.
    fn last_until(&self, until: i64) -> Option<i64>;
    /// How many readings there are from `first` to `last`, both included.
    fn count(&self, first: i64, last: i64) -> u64;
    /// Whether the readings of any 400 years come again in the 400 years after them.
    fn repeat(&self) -> bool;
}

impl Readings for Cron {
    #[inline]
    fn first_from(&self, from: i64) -> Option<i64> {
        let from = from.max(FIRST_READING);
        if from > LAST_READING || !self.can_fire() {
            return None;
        }
        let today = from / SECONDS_PER_DAY;
        let later_today = self.first_time_from(second_of_day(from));
        let day = self.first_day_from(today, u32::from(later_today.is_none()))?;
        let time = match later_today {
            Some(time) if day == today => time,
            _ => self.first_time(),
        };
        (day <= LAST_DAY).then_some(day * SECONDS_PER_DAY + time)
    }

    fn last_until(&self, until: i64) -> Option<i64> {
        if until < FIRST_READING || !self.can_fire() {
            return None;
        }
        let until = until.min(LAST_READING);
        let today = until.div_euclid(SECONDS_PER_DAY);
        let last = match self.last_day_until(today)? {
            day if day == today => match self.last_time_until(second_of_day(until)) {
                Some(time) => return Some(day * SECONDS_PER_DAY + time),
                None => self.last_day_until(today - 1)?,
            },
            day => day,
        };
        Some(last * SECONDS_PER_DAY + self.last_time())
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let (first, last) = (first.max(FIRST_READING), last.min(LAST_READING));
        if first > last || !self.can_fire() {
            return 0;
        }
        let [first_day, last_day] =
            [first, last].map(|reading| reading.div_euclid(SECONDS_PER_DAY));
        let before_last_day =
            self.count_days(first_day, last_day) * self.times_before(SECONDS_PER_DAY);
        let on_last_day =
            self.count_days(last_day, last_day + 1) * self.times_before(second_of_day(last) + 1);
        let too_early =
            self.count_days(first_day, first_day + 1) * self.times_before(second_of_day(first));
        before_last_day + on_last_day - too_early
    }

    /// Dates and weekdays do, ISO weeks too; a list of years does not.
    fn repeat(&self) -> bool {
        self.years.is_none()
    }
}

/// The second of the day of a reading: 0 to 86,399.
fn second_of_day(reading: i64) -> i64 {
    reading.rem_euclid(SECONDS_PER_DAY)
}

/// Hour, minute and second of a second of the day.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0..=86_400"
)]
fn hour_minute_second(second_of_day: i64) -> (u32, u32, u32) {
    let seconds = second_of_day as u32;
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn time(hour: u32, minute: u32, second: u32) -> i64 {
    i64::from(hour * 3600 + minute * 60 + second)
}

/// The least one at or above `position`, which is below 64, and whether there is none.
fn next_bit(mask: u64, position: u32) -> (u32, bool) {
    let rest = mask >> position;
    (position + rest.trailing_zeros(), rest == 0)
}

/// The greatest one at or below `position`, which is below 64.
fn last_bit(mask: u64, position: u32) -> Option<u32> {
    let rest = mask << (63 - position);
    (rest != 0).then(|| position - rest.leading_zeros())
}

/// The greatest one. No field of a cron is empty; 0 if one were.
fn greatest(mask: u64) -> u32 {
    mask.checked_ilog2().unwrap_or(0)
}

/// How many ones there are below `position`, which is below 64.
fn bits_below(mask: u64, position: u32) -> u64 {
    (mask & ((1 << position) - 1)).count_ones().into()
}

/// Times within a day.
impl Cron {
    /// The first matching time of a day.
    fn first_time(&self) -> i64 {
        time(
            self.hours.trailing_zeros(),
            self.minutes.trailing_zeros(),
            self.seconds.trailing_zeros(),
        )
    }

    /// The last matching time of a day.
    fn last_time(&self) -> i64 {
        time(
            greatest(self.hours.into()),
            greatest(self.minutes),
            greatest(self.seconds),
        )
    }

    /// The first matching time of a day at or after `from`.
    ///
    /// A unit in which nothing is left carries into the greater one, and one that moves on starts
    /// the smaller ones anew. All three are looked at in any case: choosing between numbers is
    /// cheaper than jumps that cannot be predicted.
    #[inline]
    fn first_time_from(&self, from: i64) -> Option<i64> {
        let (hour, minute, second) = hour_minute_second(from);
        let (next_second, no_second) = next_bit(self.seconds, second);
        let (next_minute, no_minute) = next_bit(self.minutes, minute + u32::from(no_second));
        let (next_hour, no_hour) = next_bit(self.hours.into(), hour + u32::from(no_minute));
        let is_same_hour = next_hour == hour;
        let is_same_minute = is_same_hour && next_minute == minute;
        let second = if is_same_minute {
            next_second
        } else {
            self.seconds.trailing_zeros()
        };
        let minute = if is_same_hour {
            next_minute
        } else {
            self.minutes.trailing_zeros()
        };
        (!no_hour).then(|| time(next_hour, minute, second))
    }

    /// The last matching time of a day at or before `until`.
    fn last_time_until(&self, until: i64) -> Option<i64> {
        let (hour, minute, second) = hour_minute_second(until);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0
                && let Some(second) = last_bit(self.seconds, second)
            {
                return Some(time(hour, minute, second));
            }
            if let Some(minute) = minute
                .checked_sub(1)
                .and_then(|before| last_bit(self.minutes, before))
            {
                return Some(time(hour, minute, greatest(self.seconds)));
            }
        }
        let hour = last_bit(self.hours.into(), hour.checked_sub(1)?)?;
        Some(time(hour, greatest(self.minutes), greatest(self.seconds)))
    }

    /// How many times of a day match before the second `end` of it (up to 86,400).
    fn times_before(&self, end: i64) -> u64 {
        let (hour, minute, second) = hour_minute_second(end);
        let of_minute = u64::from(self.seconds.count_ones());
        let of_hour = u64::from(self.minutes.count_ones()) * of_minute;
        let mut times = bits_below(self.hours.into(), hour) * of_hour;
        if self.hours >> hour & 1 != 0 {
            times += bits_below(self.minutes, minute) * of_minute;
            if self.minutes >> minute & 1 != 0 {
                times += bits_below(self.seconds, second);
            }
        }
        times
    }
}

/// Days, counted from 1970-01-01.
impl Cron {
    /// The first matching day at least `skipped` (0 or 1) days after `today`. It may be one behind
    /// the last there is.
    ///
    /// Most schedules leave the days open or name weekdays only, and need no calendar. What `today` is
    /// does not depend on `skipped`, so that the processor can find out both at once.
    #[inline]
    fn first_day_from(&self, today: i64, skipped: u32) -> Option<i64> {
        match self.day_pattern() {
            DayPattern::Every => Some(today + i64::from(skipped)),
            DayPattern::Weekdays => {
                let two_weeks = u32::from(self.weekdays) << 7 | u32::from(self.weekdays);
                let from = u32::from(civil::weekday(today)) + skipped;
                let ahead = skipped + (two_weeks >> from).trailing_zeros();
                Some(today + i64::from(ahead))
            }
            DayPattern::Dates => self.first_date_from(today, skipped),
        }
    }

    /// [`Self::first_day_from`] by the calendar.
    #[inline]
    fn first_date_from(&self, today: i64, skipped: u32) -> Option<i64> {
        let month = Month::holding(today);
        let from = u32::from(month.number_of(today)) + skipped;
        // All or no days, without a jump that cannot be predicted.
        let in_months = u64::from(self.months >> month.number & 1).wrapping_neg();
        let days = u64::from(self.days_in(month)) & (u64::MAX << from) & in_months;
        if days != 0 && self.has_year(month.year()) {
            return Some(month.day(days.trailing_zeros()));
        }
        let later = self.months & (u16::MAX << (month.number + 1));
        if self.year_shapes != ALL_SHAPES || self.years.is_some() {
            return if later == 0 {
                self.first_date_in(month.year() + 1, self.months)
            } else {
                self.first_date_in(month.year(), later)
            };
        }
        // The next of the months is mostly where it is; those of the next year have bits 13 to 24.
        let two_years = u32::from(self.months) << 12 | u32::from(self.months);
        let ahead = 1 + (two_years >> (month.number + 1)).trailing_zeros();
        let next = month.later(ahead);
        let days = self.days_in(next);
        if days != 0 {
            return Some(next.day(days.trailing_zeros()));
        }
        self.first_date_in(next.year(), self.months & (u16::MAX << next.number))
    }

    /// The first matching day in these months of `year`, or in any month of later years.
    #[inline]
    fn first_date_in(&self, year: i32, months: u16) -> Option<i64> {
        let mut months = months;
        let mut found = self.first_year_from(year)?;
        if found != year {
            months = self.months;
        }
        loop {
            for number in bits(months.into()) {
                let month = Month::new(found, number);
                let days = self.days_in(month);
                if days != 0 {
                    return Some(month.day(days.trailing_zeros()));
                }
            }
            // Only the year that was begun with can come to this: the others have a day.
            found = self.first_year_from(found + 1)?;
            months = self.months;
        }
    }

    /// The last matching day at or before `until`.
    fn last_day_until(&self, until: i64) -> Option<i64> {
        let month = Month::holding(until);
        let (mut year, mut number, mut day) = (month.year(), month.number, month.number_of(until));
        loop {
            let found = self.last_year_until(year)?;
            if found != year {
                (year, number, day) = (found, 12, 31);
            }
            while let Some(candidate) = last_bit(self.months.into(), number.into()) {
                if candidate < u32::from(number) {
                    day = 31;
                }
                // A bit position below 16.
                number = u8::try_from(candidate).unwrap_or(12);
                let month = Month::new(year, number);
                let days = self.days_in(month) & (u32::MAX >> (31 - day));
                if days != 0 {
                    return Some(month.day(days.ilog2()));
                }
                number -= 1;
                day = 31;
            }
            (year, number, day) = (year - 1, 12, 31);
        }
    }

    /// How many days match from `first` up to but not including `end`.
    fn count_days(&self, first: i64, end: i64) -> u64 {
        let mut month = Month::holding(first);
        let mut from = month.number_of(first);
        let mut total = 0;
        while month.first_day() < end {
            if self.months >> month.number & 1 != 0 && self.has_year(month.year()) {
                let mut days = self.days_in(month) & (u32::MAX << from);
                if end - month.first_day() < i64::from(month.length) {
                    days &= (1 << month.number_of(end)) - 1;
                }
                total += u64::from(days.count_ones());
            }
            from = 1;
            month = month.later(1);
        }
        total
    }

    fn has_year(&self, year: i32) -> bool {
        self.years
            .as_ref()
            .is_none_or(|years| years.first_from(year) == Some(year))
    }

    /// The first year with a matching day that is not before `year`.
    fn first_year_from(&self, year: i32) -> Option<i32> {
        let mut year = year.max(FIRST_YEAR.into());
        loop {
            if let Some(years) = &self.years {
                year = years.first_from(year)?;
            }
            let found = first_year_of(self.year_shapes, year)?;
            if found == year || self.years.is_none() {
                return Some(found).filter(|found| *found <= i32::from(LAST_YEAR));
            }
            year = found;
        }
    }

    fn last_year_until(&self, year: i32) -> Option<i32> {
        match &self.years {
            Some(years) => years.last_until(year),
            None => (year >= i32::from(FIRST_YEAR)).then_some(year.min(LAST_YEAR.into())),
        }
    }
}
