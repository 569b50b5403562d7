//! A schedule that can be asked: next, last and number of fire times.

use super::combined::Fires;
use super::cron::Cron;
use super::dst::{GapsAndFolds, Instants, OffsetRemark};
use super::walk::{Direction, Walk};
use crate::time::{WallTime, Zone};
use std::sync::Arc;

/// A schedule that can be asked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schedule {
    fires: Fires,
    zone: Arc<Zone>,
    /// First instant it may fire.
    first: WallTime,
    /// The first whole second of Unix time that is not before `first`.
    first_second: i64,
    /// Last instant it may fire.
    last: WallTime,
}

/// One microsecond, the grain of time.
const TICK: i64 = 1;

impl Schedule {
    pub(super) fn new(
        fires: Fires,
        zone: Arc<Zone>,
        first: Option<WallTime>,
        last: Option<WallTime>,
    ) -> Self {
        let first = first.unwrap_or(WallTime::MIN);
        Self {
            fires,
            zone,
            first,
            first_second: first.unix_seconds() + i64::from(first.subsec_micros() != 0),
            last: last.unwrap_or(WallTime::MAX),
        }
    }

    /// The first fire time strictly later than `after`, or none ever again.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, parse_expression};
    /// use rsched::time::{WallTime, Zone};
    /// let at = WallTime::from_unix_seconds;
    /// let daily = parse_expression("@daily").unwrap();
    /// let schedule = ScheduleSpec::new(daily.trigger, Zone::utc()).anchored(at(0));
    /// assert_eq!(schedule.next_after(at(0)), Some(at(86_400)));
    /// ```
    #[must_use]
    pub fn next_after(&self, after: WallTime) -> Option<WallTime> {
        if let Fires::Cron { cron, rule } = &self.fires {
            // Whole seconds: the one after the second that holds `after` is strictly later.
            let first = (after.unix_seconds() + 1).max(self.first_second);
            let next = self.instants(cron, *rule).first_from(first)?;
            return Some(WallTime::from_unix_seconds(next)).filter(|next| *next <= self.last);
        }
        let from = WallTime::from_micros(after.as_micros().checked_add(TICK)?).max(self.first);
        let next = self.fires.first_from(from, &self.zone)?;
        Some(next).filter(|next| *next <= self.last)
    }

    /// The last fire time not later than `until`.
    #[must_use]
    pub fn last_at_or_before(&self, until: WallTime) -> Option<WallTime> {
        let until = until.min(self.last);
        let last = self.fires.last_until(until, &self.zone);
        last.filter(|last| *last >= self.first)
    }

    /// How many fire times `t` have `after < t <= until`; arithmetic, not enumeration.
    #[must_use]
    pub fn count_between(&self, after: WallTime, until: WallTime) -> u64 {
        let Some(from) = after.as_micros().checked_add(TICK) else {
            return 0;
        };
        let from = WallTime::from_micros(from).max(self.first);
        let until = until.min(self.last);
        self.fires.count(from, until, &self.zone)
    }

    /// Whether a fire time exists at all for the trigger's date fields (`0 0 30 2 *`: false), whatever the bounds.
    #[must_use]
    pub fn can_fire(&self) -> bool {
        self.fires.can_fire()
    }

    /// A one-sentence note where the fire at `at` touches a gap or a fold of the zone.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, parse_expression};
    /// use rsched::time::{WallTime, ZoneDatabase};
    /// let zone = ZoneDatabase::bundled().get("Europe/Paris").unwrap();
    /// let at = WallTime::from_unix_seconds;
    /// let trigger = parse_expression("30 2 * * *").unwrap().trigger;
    /// let schedule = ScheduleSpec::new(trigger, zone).anchored(at(0));
    /// let gap = schedule.next_after(at(1_774_700_000)).unwrap();
    /// let note = "moved by the gap: 02:30 does not exist on 2026-03-29 in Europe/Paris";
    /// assert_eq!(schedule.dst_note(gap).as_deref(), Some(note));
    /// ```
    #[must_use]
    pub fn dst_note(&self, at: WallTime) -> Option<String> {
        self.offset_remark(at).map(OffsetRemark::into_text)
    }

    /// What is to be said where the fire at `at` touches a gap or a fold of the zone.
    pub(super) fn offset_remark(&self, at: WallTime) -> Option<OffsetRemark> {
        self.fires.offset_remark(at, &self.zone)
    }

    /// A walk through its fires, as a part of another schedule.
    pub(super) fn walk(&self, direction: Direction) -> Walk<'_> {
        Walk::new(&self.fires, &self.zone, direction).within(self.first, self.last)
    }

    /// The fire times of both, where they can be made one source.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let same_zone = self.zone == other.zone;
        Some(Self::new(
            self.fires.intersection(&other.fires, same_zone)?,
            self.zone.clone(),
            Some(self.first.max(other.first)),
            Some(self.last.min(other.last)),
        ))
    }

    /// A sentence where the gap that ends at `gap_end` (Unix seconds) swallows a fire without making it up.
    #[must_use]
    pub fn lost_in_gap(&self, gap_end: i64) -> Option<String> {
        self.fires.lost_in_gap(gap_end, &self.zone)
    }

    /// Whether it follows elapsed time rather than fixed wall-clock times: an interval, or a cron
    /// whose hour field matches all 24 hours; of several parts, all of them. Such a schedule goes on in
    /// real time when the clock is set back, where one of fixed times does not repeat them.
    #[must_use]
    pub fn follows_real_time(&self) -> bool {
        self.fires.follow_real_time()
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> &Arc<Zone> {
        &self.zone
    }

    fn instants<'a>(&'a self, cron: &'a Cron, rule: GapsAndFolds) -> Instants<'a, Cron> {
        Instants {
            readings: cron,
            zone: &self.zone,
            rule,
        }
    }
}
