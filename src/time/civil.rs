//! Civil (calendar) arithmetic: days since the epoch ↔ year, month, day; weekdays; ISO weeks.
//!
//! Pure arithmetic on the proleptic Gregorian calendar, no zone and no clock. The one idea: years
//! are counted from March, so that the leap day is the last of its year and every conversion is
//! a handful of multiplications (Neri and Schneider, "Euclidean affine functions", 2022).
//!
//! Days are `i64` counted from 1970-01-01. Beyond the years [`MIN_YEAR`] to [`MAX_YEAR`], far
//! outside what a schedule can name, the functions saturate instead of overflowing.

/// Seconds in a civil day.
pub const SECONDS_PER_DAY: i64 = 86_400;
/// First year the functions here are right for.
pub const MIN_YEAR: i32 = -32_000;
/// Last year the functions here are right for.
pub const MAX_YEAR: i32 = 32_000;

/// Years in the Gregorian cycle.
const CYCLE_YEARS: i32 = 400;
/// Days in 400 Gregorian years; a whole number of weeks.
pub(super) const CYCLE_DAYS: i64 = 146_097;
/// Whole cycles put before year 0, so that all arithmetic is unsigned.
const SHIFT_CYCLES: i32 = 82;
/// Days from the shifted origin (a first of March) to 1970-01-01.
const SHIFT_DAYS: i64 = 719_468 + CYCLE_DAYS * SHIFT_CYCLES as i64;
const SHIFT_YEARS: i32 = CYCLE_YEARS * SHIFT_CYCLES;

const MIN_DAYS: i64 = days_from_civil(MIN_YEAR, 1, 1);
const MAX_DAYS: i64 = days_from_civil(MAX_YEAR, 12, 31);

/// Is it a leap year of the Gregorian calendar?
///
/// ```
/// use rsched::time::civil::is_leap;
/// assert!(is_leap(2000) && is_leap(2024) && !is_leap(1900) && !is_leap(2023));
/// ```
#[must_use]
pub const fn is_leap(year: i32) -> bool {
    // A multiple of 100 is a multiple of 400 exactly when it is one of 16.
    if year % 100 == 0 {
        year % 16 == 0
    } else {
        year % 4 == 0
    }
}

/// Days of the month: 28 to 31. A month out of 1–12 counts as the nearest one.
#[must_use]
pub const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the date. `day` may be any number: 0 is the last day of the month
/// before, and so on. A month out of 1–12 counts as the nearest one.
///
/// ```
/// use rsched::time::civil::days_from_civil;
/// assert_eq!(days_from_civil(1970, 1, 1), 0);
/// assert_eq!(days_from_civil(2000, 3, 1), 11_017);
/// ```
#[must_use]
#[expect(
    clippy::cast_sign_loss,
    reason = "the shift by 82 cycles makes every year positive"
)]
pub const fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = clamp_year(year);
    let month = if month < 1 {
        1
    } else if month > 12 {
        12
    } else {
        month as u32
    };
    let before_march = month <= 2;
    let year = (year + SHIFT_YEARS) as u32 - before_march as u32;
    let month = if before_march { month + 12 } else { month };
    let century = year / 100;
    let days_before_year = 1461 * year / 4 - century + century / 4;
    let days_before_month = (979 * month - 2919) / 32;
    (days_before_year + days_before_month) as i64 + day as i64 - 1 - SHIFT_DAYS
}

/// Year, month (1–12) and day (1–31) of a count of days since 1970-01-01.
///
/// ```
/// use rsched::time::civil::civil_from_days;
/// assert_eq!(civil_from_days(0), (1970, 1, 1));
/// assert_eq!(civil_from_days(-1), (1969, 12, 31));
/// ```
#[must_use]
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "clamped to the years the shift makes positive; month and day are small by construction"
)]
pub const fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = if days < MIN_DAYS {
        MIN_DAYS
    } else if days > MAX_DAYS {
        MAX_DAYS
    } else {
        days
    };
    let quarter_days = 4 * (days + SHIFT_DAYS) as u32 + 3;
    let century = quarter_days / CYCLE_DAYS as u32;
    let day_of_century = quarter_days % CYCLE_DAYS as u32 / 4;

    // 2_939_745 / 2^32 is 4 / 1461 to enough places: the high half is the year of the century,
    // the low half the fraction of it that has passed.
    let years = 2_939_745 * (4 * day_of_century + 3) as u64;
    let year_of_century = (years >> 32) as u32;
    let day_of_year = years as u32 / 2_939_745 / 4;

    // The same with 2^16 and the 153 days of any five months from March.
    let months = 2141 * day_of_year + 197_913;
    let month = months >> 16;
    let day = (months & 0xffff) / 2141 + 1;

    // Day 306 of a year that begins in March is the first of January.
    let january_or_february = day_of_year >= 306;
    let year = (100 * century + year_of_century) as i32 - SHIFT_YEARS + january_or_february as i32;
    let month = if january_or_february {
        month - 12
    } else {
        month
    };
    (year, month as u8, day as u8)
}

/// Day of the week: 0 = Sunday … 6 = Saturday.
///
/// ```
/// use rsched::time::civil::weekday;
/// assert_eq!(weekday(0), 4); // 1970-01-01 was a Thursday
/// ```
#[must_use]
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "0..7")]
pub const fn weekday(days: i64) -> u8 {
    // rem_euclid first: days + 4 could overflow.
    let weekday = days.rem_euclid(7) as u8 + 4;
    if weekday < 7 { weekday } else { weekday - 7 }
}

/// Day of the year of a date: 1 to 366.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1..=366"
)]
pub const fn day_of_year(days: i64) -> u16 {
    let (year, month, day) = civil_from_days(days);
    (days_from_civil(year, month, day) - days_from_civil(year, 1, 1) + 1) as u16
}

/// ISO 8601 week date: the year the week belongs to, and the week (1–53).
///
/// ```
/// use rsched::time::civil::{days_from_civil, iso_week};
/// assert_eq!(iso_week(days_from_civil(2021, 1, 3)), (2020, 53));
/// assert_eq!(iso_week(days_from_civil(2021, 1, 4)), (2021, 1));
/// ```
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "weeks are 1..=53")]
pub const fn iso_week(days: i64) -> (i32, u8) {
    // A week belongs to the year its Thursday lies in.
    let days_since_monday = (weekday(days) + 6) % 7;
    let thursday = days
        .saturating_sub(days_since_monday as i64)
        .saturating_add(3);
    let (year, _, _) = civil_from_days(thursday);
    (year, ((day_of_year(thursday) - 1) / 7 + 1) as u8)
}

/// Does the ISO year have a week 53? It does when its 1 January or 31 December is a Thursday.
#[must_use]
pub const fn has_week_53(iso_year: i32) -> bool {
    weekday(days_from_civil(iso_year, 1, 1)) == 4 || weekday(days_from_civil(iso_year, 12, 31)) == 4
}

const fn clamp_year(year: i32) -> i32 {
    if year < MIN_YEAR {
        MIN_YEAR
    } else if year > MAX_YEAR {
        MAX_YEAR
    } else {
        year
    }
}

/// What a wall clock and a calendar on the same wall show.
///
/// "Local seconds" are this reading counted in seconds since 1970-01-01 00:00:00 on that same
/// wall, as if it hung in Greenwich; a zone turns them into an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilTime {
    /// Gregorian year; 0 is 1 BC.
    pub year: i32,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59; there are no leap seconds here.
    pub second: u8,
}

impl CivilTime {
    /// The reading that many seconds after 1970-01-01 00:00:00 on the same clock.
    ///
    /// ```
    /// use rsched::time::civil::CivilTime;
    /// let last = CivilTime::from_local_seconds(-1);
    /// assert_eq!((last.year, last.month, last.day, last.hour), (1969, 12, 31, 23));
    /// assert_eq!(last.to_local_seconds(), -1);
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "0..86_400")]
    pub const fn from_local_seconds(local_seconds: i64) -> Self {
        let (year, month, day) = civil_from_days(local_seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = local_seconds.rem_euclid(SECONDS_PER_DAY) as u32;
        Self {
            year,
            month,
            day,
            hour: (second_of_day / 3600) as u8,
            minute: (second_of_day / 60 % 60) as u8,
            second: (second_of_day % 60) as u8,
        }
    }

    /// Seconds since 1970-01-01 00:00:00 on the same clock.
    #[must_use]
    pub const fn to_local_seconds(self) -> i64 {
        days_from_civil(self.year, self.month, self.day) * SECONDS_PER_DAY
            + self.hour as i64 * 3600
            + self.minute as i64 * 60
            + self.second as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};
    use proptest::prelude::*;

    #[test]
    fn every_day_of_twelve_thousand_years_agrees_with_chrono() {
        let first = NaiveDate::from_ymd_opt(-1000, 1, 1).unwrap();
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let start = (first - epoch).num_days();
        for (days, date) in (start..).zip(first.iter_days()).take(12_000 * 366) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(
                (year, u32::from(month), u32::from(day)),
                (date.year(), date.month(), date.day())
            );
            assert_eq!(days_from_civil(year, month, day), days);
            assert_eq!(
                u32::from(weekday(days)),
                date.weekday().num_days_from_sunday()
            );
        }
    }

    #[test]
    fn iso_weeks_leap_years_and_month_lengths_agree_with_chrono() {
        for year in 1..=9999 {
            for (month, day) in [
                (1, 1),
                (1, 3),
                (1, 4),
                (2, 28),
                (6, 30),
                (12, 28),
                (12, 29),
                (12, 31),
            ] {
                let date = NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(day)).unwrap();
                let days = days_from_civil(year, month, day);
                let week = date.iso_week();
                assert_eq!(
                    iso_week(days),
                    (week.year(), u8::try_from(week.week()).unwrap()),
                    "{date}"
                );
                assert_eq!(u32::from(day_of_year(days)), date.ordinal());
            }
            assert_eq!(
                is_leap(year),
                NaiveDate::from_ymd_opt(year, 2, 29).is_some()
            );
            let last_week = NaiveDate::from_ymd_opt(year, 12, 28)
                .unwrap()
                .iso_week()
                .week();
            assert_eq!(has_week_53(year), last_week == 53, "{year}");
            for month in 1..=12_u8 {
                let days = days_in_month(year, month);
                assert!(NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(days)).is_some());
                assert!(
                    NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(days) + 1).is_none()
                );
            }
        }
    }

    #[test]
    fn the_ends_of_the_number_range_saturate() {
        for days in [i64::MIN, i64::MIN + 1, -1 << 40, 1 << 40, i64::MAX] {
            let (year, ..) = civil_from_days(days);
            assert!(year == MIN_YEAR || year == MAX_YEAR);
            assert!(weekday(days) < 7);
            let _ = (iso_week(days), day_of_year(days));
        }
        assert_eq!(days_from_civil(i32::MIN, 0, 0), MIN_DAYS - 1);
        assert_eq!(days_from_civil(i32::MAX, 255, 31), MAX_DAYS);
        let _ = CivilTime::from_local_seconds(i64::MIN).to_local_seconds();
        let _ = CivilTime::from_local_seconds(i64::MAX).to_local_seconds();
    }

    proptest! {
        #[test]
        fn a_reading_survives_the_trip_to_seconds_and_back(seconds in -900_000_000_000_i64..900_000_000_000) {
            let time = CivilTime::from_local_seconds(seconds);
            prop_assert_eq!(time.to_local_seconds(), seconds);
            prop_assert!((1..=12).contains(&time.month) && time.day >= 1);
            prop_assert!(time.day <= days_in_month(time.year, time.month));
            prop_assert!(time.hour < 24 && time.minute < 60 && time.second < 60);
        }
    }
}
