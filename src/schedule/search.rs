//! Finding the next, the last and the number of matching wall-clock readings, by computation.
//!
//! A reading is a wall clock's date and time counted in seconds as if it hung in Greenwich
//! (`time::civil`). Nothing here steps through seconds, minutes or fires: within a day the next
//! time comes out of shifts, within a month out of the mask of its days, and the months that are
//! tried are those of the month field.

use super::cron::{Cron, bits};
use super::field::{FIRST_YEAR, LAST_YEAR};
use super::month::Month;
use crate::time::civil::{self, SECONDS_PER_DAY};

/// The first reading of 1970.
const FIRST_READING: i64 = 0;
/// The last reading of 9999.
const LAST_READING: i64 =
    civil::days_from_civil(LAST_YEAR as i32, 12, 31) * SECONDS_PER_DAY + SECONDS_PER_DAY - 1;

/// A set of wall-clock readings, all of them in the years 1970 to 9999.
pub(super) trait Readings {
    /// The first reading at or after `from`.
    fn first_from(&self, from: i64) -> Option<i64>;
    /// The last reading at or before `until`.
    fn last_until(&self, until: i64) -> Option<i64>;
    /// How many readings there are from `first` to `last`, both included.
    fn count(&self, first: i64, last: i64) -> u64;
}

impl Readings for Cron {
    fn first_from(&self, from: i64) -> Option<i64> {
        if from > LAST_READING || !self.can_fire() {
            return None;
        }
        let from = from.max(FIRST_READING);
        let today = from.div_euclid(SECONDS_PER_DAY);
        let first = match self.first_day_from(today)? {
            day if day == today => match self.first_time_from(second_of_day(from)) {
                Some(time) => return Some(day * SECONDS_PER_DAY + time),
                None => self.first_day_from(today + 1)?,
            },
            day => day,
        };
        Some(first * SECONDS_PER_DAY + self.first_time())
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

/// The least one at or above `position`.
fn first_bit(mask: u64, position: u32) -> Option<u32> {
    let rest = mask.checked_shr(position)?;
    (rest != 0).then(|| position + rest.trailing_zeros())
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
    fn first_time_from(&self, from: i64) -> Option<i64> {
        let (hour, minute, second) = hour_minute_second(from);
        let first_second = self.seconds.trailing_zeros();
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0
                && let Some(second) = first_bit(self.seconds, second)
            {
                return Some(time(hour, minute, second));
            }
            if let Some(minute) = first_bit(self.minutes, minute + 1) {
                return Some(time(hour, minute, first_second));
            }
        }
        let hour = first_bit(self.hours.into(), hour + 1)?;
        Some(time(hour, self.minutes.trailing_zeros(), first_second))
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
    /// The first matching day at or after `from`.
    fn first_day_from(&self, from: i64) -> Option<i64> {
        let (year, number, day) = civil::civil_from_days(from);
        if year > i32::from(LAST_YEAR) {
            return None;
        }
        let mut next_month = number;
        if self.has_year(year) && self.months >> number & 1 != 0 {
            let month = Month::new(year, number);
            let days = self.days_in(month) & (u32::MAX << day);
            if days != 0 {
                return Some(month.first_day - 1 + i64::from(days.trailing_zeros()));
            }
            next_month += 1;
        }
        let mut year = year;
        loop {
            year = match self.first_year_from(year)? {
                found if found == year => found,
                found => {
                    next_month = 1;
                    found
                }
            };
            for number in bits(u64::from(self.months) & (u64::MAX << next_month)) {
                let month = Month::new(year, number);
                let days = self.days_in(month);
                if days != 0 {
                    return Some(month.first_day - 1 + i64::from(days.trailing_zeros()));
                }
            }
            year += 1;
            next_month = 1;
        }
    }

    /// The last matching day at or before `until`.
    fn last_day_until(&self, until: i64) -> Option<i64> {
        let (mut year, mut number, mut day) = civil::civil_from_days(until);
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
                    return Some(month.first_day - 1 + i64::from(days.ilog2()));
                }
                number -= 1;
                day = 31;
            }
            (year, number, day) = (year - 1, 12, 31);
        }
    }

    /// How many days match from `first` up to but not including `end`.
    fn count_days(&self, first: i64, end: i64) -> u64 {
        let (mut year, mut number, day) = civil::civil_from_days(first);
        let mut skipped = i64::from(day) - 1;
        let mut total = 0;
        let mut month_start = first - skipped;
        while month_start < end {
            let month = Month::new(year, number);
            let length = i64::from(month.length);
            if self.months >> number & 1 != 0 && self.has_year(year) {
                let mut days = self.days_in(month) & (u32::MAX << (skipped + 1));
                if end - month_start < length {
                    days &= (1 << (end - month_start + 1)) - 1;
                }
                total += u64::from(days.count_ones());
            }
            skipped = 0;
            month_start += length;
            (year, number) = if number == 12 {
                (year + 1, 1)
            } else {
                (year, number + 1)
            };
        }
        total
    }

    fn has_year(&self, year: i32) -> bool {
        self.first_year_from(year) == Some(year)
    }

    fn first_year_from(&self, year: i32) -> Option<i32> {
        match &self.years {
            Some(years) => years.first_from(year),
            None => (year <= i32::from(LAST_YEAR)).then_some(year.max(FIRST_YEAR.into())),
        }
    }

    fn last_year_until(&self, year: i32) -> Option<i32> {
        match &self.years {
            Some(years) => years.last_until(year),
            None => (year >= i32::from(FIRST_YEAR)).then_some(year.min(LAST_YEAR.into())),
        }
    }
}
