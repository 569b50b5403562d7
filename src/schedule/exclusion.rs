//! What `except` drops: sets of instants with an extent, not only fire times.
//!
//! A fire is dropped if the wall clock's reading at that instant is in the set. A set also knows how
//! far a run of it goes, so that a month's holidays are one leap and not thousands of fires.

use super::cron::Cron;
use super::error::ScheduleError;
use super::month::Month;
use super::search::Readings;
use super::table::TableField;
use crate::time::civil::SECONDS_PER_DAY;
use crate::time::{LocalTime, WallTime, Zone};
use std::sync::Arc;

/// Instants at which nothing fires.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Where the run of excluded instants that holds `at` ends, at the earliest; none if it is not
    /// excluded.
    pub(super) fn end_of_run(&self, at: WallTime) -> Option<WallTime> {
        match self {
            Self::Between { first, end } => (*first <= at && at < *end).then_some(*end),
            Self::Cron { cron, zone } => {
                let second = at.unix_seconds();
                let span = zone.span_at(second);
                let reading = second.saturating_add(span.offset.into());
                if cron.first_from(reading) != Some(reading) {
                    return None;
                }
                // Behind a change of the offset the clock is looked at anew.
                let end = cron.end_of_run(reading) - i64::from(span.offset);
                Some(WallTime::from_unix_seconds(end.min(span.end)))
            }
        }
    }
}

/// The end of the run of ones from `position` on.
fn run_end(mask: u64, position: u32) -> i64 {
    i64::from(position + (!(mask >> position)).trailing_zeros())
}

impl Cron {
    /// The end of the run of matching readings that holds `reading`, at the earliest.
    fn end_of_run(&self, reading: i64) -> i64 {
        let position = |unit: i64, cycle: i64| {
            u32::try_from(reading.div_euclid(unit).rem_euclid(cycle)).unwrap_or(0)
        };
        let begin = |unit: i64| reading.div_euclid(unit) * unit;
        if self.seconds().count() < 60 {
            return begin(60) + run_end(self.seconds, position(1, 60));
        }
        if self.minutes().count() < 60 {
            return begin(3600) + 60 * run_end(self.minutes, position(60, 60));
        }
        if !self.fires_every_hour() {
            let end = run_end(self.hours.into(), position(3600, 24));
            return begin(SECONDS_PER_DAY) + 3600 * end;
        }
        let today = reading.div_euclid(SECONDS_PER_DAY);
        let month = Month::holding(today);
        let end = run_end(self.days_in(month).into(), month.number_of(today).into());
        let last = i64::from(month.length) + 1;
        (month.first_day - 1 + end.min(last)) * SECONDS_PER_DAY
    }
}
