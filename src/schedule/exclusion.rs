//! What `except` drops: sets of instants with an extent, not only fire times.
//!
//! A fire is dropped if the wall clock's reading at that instant is in the set. A set also knows how
//! far a run of it goes, so that a month's holidays are one leap and not thousands of fires.

use super::cron::{ALL_SIXTY, Cron, DayPattern};
use super::error::ScheduleError;
use super::month::Month;
use super::search::{FIRST_READING, LAST_DAY, Readings};
use super::table::TableField;
use crate::time::civil::SECONDS_PER_DAY;
use crate::time::{LocalTime, WallTime, Zone};
use std::ops::Range;
use std::sync::Arc;

/// Instants at which nothing fires.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// Whenever the wall clock shows a matching time.
    Cron {
        /// The times.
        cron: Cron,
        /// Where the clock hangs.
        zone: Arc<Zone>,
    },
    /// From the first instant up to but not including the end.
    Between {
        /// The first instant that is excluded.
        first: WallTime,
        /// The first instant that is not.
        end: WallTime,
    },
}

impl Exclusion {
    /// The whole minutes of a crontab expression.
    #[must_use]
    pub fn minutes(cron: Cron, zone: Arc<Zone>) -> Self {
        let cron = cron.with_all_seconds();
        Self::Cron { cron, zone }
    }

    /// The whole extent of a cron table: fields below the last one given are open, so that
    /// `{ month = 12, day = 25 }` is all of that day.
    ///
    /// # Errors
    /// As [`Cron::table`].
    pub fn table(
        fields: &[(TableField, &str)],
        zone: Arc<Zone>,
    ) -> Result<Self, Vec<(TableField, ScheduleError)>> {
        Cron::open_table(fields).map(|cron| Self::Cron { cron, zone })
    }

    /// The whole calendar day that begins at `local_midnight` (civil seconds) in a zone.
    #[must_use]
    pub fn day(local_midnight: i64, zone: &Zone) -> Self {
        let instant = |local: i64| {
            WallTime::from_unix_seconds(match zone.resolve(local) {
                LocalTime::One(at) => at,
                LocalTime::Gap { after, .. } => after,
                LocalTime::Fold { first, .. } => first,
            })
        };
        Self::Between {
            first: instant(local_midnight),
            end: instant(local_midnight.saturating_add(SECONDS_PER_DAY)),
        }
    }

    pub(super) fn zone(&self) -> Option<&Arc<Zone>> {
        match self {
            Self::Cron { zone, .. } => Some(zone),
            Self::Between { .. } => None,
        }
    }

    pub(super) fn zone_mut(&mut self) -> Option<&mut Arc<Zone>> {
        match self {
            Self::Cron { zone, .. } => Some(zone),
            Self::Between { .. } => None,
        }
    }

    /// The run of excluded instants that holds `at`: the first, and the first behind it. It may be a
    /// part of a longer one. None if `at` is not excluded.
    pub(super) fn run_around(&self, at: WallTime) -> Option<(WallTime, WallTime)> {
        match self {
            Self::Between { first, end } => (*first <= at && at < *end).then_some((*first, *end)),
            Self::Cron { cron, zone } => {
                let second = at.unix_seconds();
                let span = zone.span_at(second);
                let offset = i64::from(span.offset);
                let reading = second.saturating_add(offset);
                if cron.first_from(reading) != Some(reading) {
                    return None;
                }
                // Beyond a change of the offset the clock is looked at anew.
                let run = cron.run_around(reading);
                let first = (run.start - offset).max(span.start);
                let end = (run.end - offset).min(span.end);
                Some((
                    WallTime::from_unix_seconds(first),
                    WallTime::from_unix_seconds(end),
                ))
            }
        }
    }
}

/// The run of ones that holds `position`: the first of them, and the first place behind it.
fn run_of_ones(mask: u64, position: u32) -> Range<i64> {
    let ones_before = (mask << (63 - position)).leading_ones();
    let ones_behind = (mask >> position).trailing_ones();
    i64::from(position + 1 - ones_before)..i64::from(position + ones_behind)
}

impl Cron {
    /// The run of matching readings that holds `reading`, or a part of it.
    fn run_around(&self, reading: i64) -> Range<i64> {
        let run = |mask: u64, unit: i64, cycle: i64| {
            let position = reading.div_euclid(unit).rem_euclid(cycle);
            let run = run_of_ones(mask, u32::try_from(position).unwrap_or(0));
            let begin = reading.div_euclid(unit * cycle) * unit * cycle;
            begin + unit * run.start..begin + unit * run.end
        };
        if self.seconds != ALL_SIXTY {
            return run(self.seconds, 1, 60);
        }
        if self.minutes != ALL_SIXTY {
            return run(self.minutes, 60, 60);
        }
        if !self.fires_every_hour() {
            return run(self.hours.into(), 3600, 24);
        }
        if self.day_pattern() == DayPattern::Every {
            return FIRST_READING..(LAST_DAY + 1) * SECONDS_PER_DAY;
        }
        let today = reading.div_euclid(SECONDS_PER_DAY);
        let month = Month::holding(today);
        let days = run_of_ones(self.days_in(month).into(), month.number_of(today).into());
        let day = |number: i64| (month.first_day() - 1 + number) * SECONDS_PER_DAY;
        day(days.start)..day(days.end)
    }
}
