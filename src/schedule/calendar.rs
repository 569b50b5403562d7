//! Calendar steps: every n days, weeks, months or years at one wall-clock time.
//!
//! The k-th date is the start's month moved on by k times the months, in it the wanted day, and then
//! k times the days. Dates only ever move on with k, so that the k of a date is found by halving. A
//! month that has not the day is skipped. What becomes of a time that a zone skips or has twice is
//! decided where it is for crons (`dst.rs`).

use super::error::ScheduleError;
use super::month::{CYCLE_DAYS, CYCLE_MONTHS};
use super::search::{FIRST_READING, LAST_DAY, Readings};
use crate::time::civil::{self, SECONDS_PER_DAY};
use std::ops::Range;

/// Which day of the month a calendar step lands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarDay {
    /// 1–31; a month that has not that day is skipped.
    Number(u8),
    /// The last one, whatever its number.
    Last,
}

/// `calendar = { months = 1, day = 31, hour = 6 }`: steps of the calendar, at a wall-clock time.
///
/// ```
/// use rsched::schedule::{CalendarDay, CalendarSteps, ScheduleSpec, Trigger};
/// use rsched::time::{WallTime, Zone};
/// let steps = CalendarSteps { months: 1, day: Some(CalendarDay::Last), ..CalendarSteps::default() };
/// let at = WallTime::from_unix_seconds;
/// let schedule = ScheduleSpec::new(Trigger::Calendar(steps), Zone::utc()).anchored(at(0));
/// assert_eq!(schedule.next_after(at(0)), Some(at(30 * 86_400))); // 1970-01-31
/// assert_eq!(schedule.next_after(at(30 * 86_400)), Some(at(58 * 86_400))); // 1970-02-28
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CalendarSteps {
    /// Years in a step.
    pub years: u32,
    /// Months in a step, on top of the years.
    pub months: u32,
    /// Weeks in a step.
    pub weeks: u32,
    /// Days in a step, on top of the weeks.
    pub days: u32,
    /// The day of the month; the start's own if none is given. Only with years or months.
    pub day: Option<CalendarDay>,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59.
    pub second: u8,
}

impl CalendarSteps {
    /// Whether it is a step at all, with a day and a time that exist.
    ///
    /// # Errors
    /// A step of nothing, a day without years or months, a value out of range; spans are empty.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let error = |code, message: String, help: &str| {
            Err(ScheduleError::new(code, 0..0, message).help(help))
        };
        if self.years == 0 && self.months == 0 {
            if self.weeks == 0 && self.days == 0 {
                let message = "a calendar step of no length".to_owned();
                let help = "give at least one of years, months, weeks and days";
                return error("zero_step", message, help);
            }
            if self.day.is_some() {
                let message = "a `day` of the month in steps of days or weeks".to_owned();
                return error(
                    "unexpected_day",
                    message,
                    "leave `day` out, or step by months",
                );
            }
        }
        let out_of_range = |noun: &str, value: u8, range: &str| {
            let message = format!("`{value}` is out of range for the {noun}, expected {range}");
            error("value_out_of_range", message, &format!("write {range}"))
        };
        match self.day {
            Some(CalendarDay::Number(day)) if !(1..=31).contains(&day) => {
                out_of_range("day of month", day, "1-31")
            }
            _ if self.hour > 23 => out_of_range("hour", self.hour, "0-23"),
            _ if self.minute > 59 => out_of_range("minute", self.minute, "0-59"),
            _ if self.second > 59 => out_of_range("second", self.second, "0-59"),
            _ => Ok(()),
        }
    }
}

/// More steps than there are days up to the year 9999.
const MOST_STEPS: i64 = LAST_DAY + 1;

/// The readings of calendar steps from one start on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    /// Months from January 1970 to the start's.
    first_month: i64,
    /// Days from 1970-01-01 to the start.
    first_day: i64,
    /// Months and days of a step.
    months: i64,
    days: i64,
    day: CalendarDay,
    /// Second of the day.
    time: i64,
    /// Steps after which all has been there.
    cycle: i64,
}

impl Calendar {
    /// Steps from the date of the reading `start` on.
    pub(super) fn new(steps: &CalendarSteps, start: i64) -> Self {
        let first_day = start.div_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil::civil_from_days(first_day);
        let months = i64::from(steps.years) * 12 + i64::from(steps.months);
        Self {
            first_month: (i64::from(year) - 1970) * 12 + i64::from(month) - 1,
            first_day,
            months,
            days: i64::from(steps.weeks) * 7 + i64::from(steps.days),
            day: steps.day.unwrap_or(CalendarDay::Number(day)),
            time: i64::from(steps.hour) * 3600
                + i64::from(steps.minute) * 60
                + i64::from(steps.second),
            cycle: steps_of_cycle(months),
        }
    }

    /// The day before the first that the step can land on; moves on with every step.
    fn before(&self, step: i64) -> i64 {
        let days = step.saturating_mul(self.days);
        if self.months == 0 {
            return self.first_day.saturating_add(days) - 1;
        }
        let (year, month) = self.month(step);
        civil::days_from_civil(year, month, 0).saturating_add(days)
    }

    /// Year and month, before the days of the step are added. Far years are all the same.
    fn month(&self, step: i64) -> (i32, u8) {
        let month = self
            .first_month
            .saturating_add(step.saturating_mul(self.months));
        let year = 1970 + month.div_euclid(12);
        let month = u8::try_from(month.rem_euclid(12) + 1).unwrap_or(12);
        (i32::try_from(year).unwrap_or(civil::MAX_YEAR), month)
    }

    /// The day the step lands on, if its month has it.
    fn date(&self, step: i64) -> Option<i64> {
        let before = self.before(step);
        if self.months == 0 {
            return Some(before + 1);
        }
        let (year, month) = self.month(step);
        let length = civil::days_in_month(year, month);
        let day = match self.day {
            CalendarDay::Last => length,
            CalendarDay::Number(day) if day <= length => day,
            CalendarDay::Number(_) => return None,
        };
        Some(before + i64::from(day))
    }

    /// How many steps, from 0 on, land in months that end before `day` or have begun by then.
    fn steps_begun_by(&self, day: i64) -> i64 {
        if self.months == 0 && self.days == 0 {
            return i64::from(self.before(0) < day);
        }
        let (mut low, mut high) = self.steps_about(day);
        while low < high {
            let middle = i64::midpoint(low, high);
            if self.before(middle) < day {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Between which numbers of steps that number is: near where the average step says.
    fn steps_about(&self, day: i64) -> (i64, i64) {
        let (cycle_days, cycle_months) = (i64::from(CYCLE_DAYS), i64::from(CYCLE_MONTHS));
        let months = self.months.saturating_mul(cycle_days);
        let length = months.saturating_add(self.days.saturating_mul(cycle_months));
        let far = day
            .saturating_sub(self.first_day)
            .saturating_mul(cycle_months);
        let about = far / length.max(1);
        let low = about.saturating_sub(2).clamp(0, MOST_STEPS);
        let high = about.saturating_add(2).clamp(0, MOST_STEPS);
        let is_between = (low == 0 || self.before(low - 1) < day)
            && (high == MOST_STEPS || self.before(high) >= day);
        if is_between {
            (low, high)
        } else {
            (0, MOST_STEPS)
        }
    }

    /// The first step that can land on a day: one that began up to a month before it can.
    fn first_step(&self, day: i64) -> i64 {
        self.steps_begun_by(day.saturating_sub(31))
    }

    /// The days landed on by some of the steps, in order, from `first` to `last`.
    fn dates(
        &self,
        steps: Range<i64>,
        first: i64,
        last: i64,
    ) -> impl DoubleEndedIterator<Item = i64> {
        steps
            .filter_map(|step| self.date(step))
            .filter(move |day| (first..=last).contains(day))
    }
}

/// Steps of so many months among which there is one that lands on a day, if ever there is: after those
/// of 400 years the same months of the same years come again. Some more for those that land outside.
fn steps_of_cycle(months: i64) -> i64 {
    const OUTSIDE: i64 = 2 * 31;
    let all = i64::from(CYCLE_MONTHS);
    let (mut divisor, mut rest) = (all, months);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    all / divisor + OUTSIDE
}

impl Readings for Calendar {
    fn first_from(&self, from: i64) -> Option<i64> {
        let from = from.max(FIRST_READING);
        let today = from.div_euclid(SECONDS_PER_DAY);
        let is_past = from.rem_euclid(SECONDS_PER_DAY) > self.time;
        let first = today + i64::from(is_past);
        let begin = self.first_step(first);
        let steps = begin..(begin + self.cycle).min(MOST_STEPS);
        let day = self.dates(steps, first, LAST_DAY).next()?;
        Some(day * SECONDS_PER_DAY + self.time)
    }

    fn last_until(&self, until: i64) -> Option<i64> {
        let today = until.div_euclid(SECONDS_PER_DAY);
        let is_to_come = until.rem_euclid(SECONDS_PER_DAY) < self.time;
        let last = (today - i64::from(is_to_come)).min(LAST_DAY);
        let end = self.steps_begun_by(last);
        let steps = (end - self.cycle).max(0)..end;
        let day = self.dates(steps, 0, last).next_back()?;
        Some(day * SECONDS_PER_DAY + self.time)
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        // The first day whose time is not before `first`, and the last whose is not after `last`.
        let begin = (first.saturating_sub(self.time + 1)).div_euclid(SECONDS_PER_DAY) + 1;
        let end = last.saturating_sub(self.time).div_euclid(SECONDS_PER_DAY);
        let (begin, end) = (begin.max(0), end.min(LAST_DAY));
        let steps = self.first_step(begin)..self.steps_begun_by(end);
        u64::try_from(self.dates(steps, begin, end).count()).unwrap_or(u64::MAX)
    }

    /// Steps need not come out even in 400 years.
    fn repeat(&self) -> bool {
        false
    }
}
