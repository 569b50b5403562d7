//! A job's schedule as configured: trigger, zone, bounds and what happens in gaps and folds.

use super::anchored::{Fires, Schedule};
use super::dst::DstPolicy;
use super::interval::Interval;
use super::trigger::Trigger;
use crate::time::{WallTime, Zone};
use std::sync::Arc;

/// A job's schedule as configured: trigger, zone and bounds. Equality decides whether a reload changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// The trigger.
    pub trigger: Trigger,
    /// The zone its wall-clock times are read in.
    pub zone: Arc<Zone>,
    /// First instant it may fire, inclusive; the phase of an interval.
    pub start_date: Option<WallTime>,
    /// Last instant it may fire, inclusive.
    pub end_date: Option<WallTime>,
    /// What happens in gaps and folds.
    pub dst: DstPolicy,
}

impl ScheduleSpec {
    /// The trigger in a zone, without bounds and with the default policy.
    #[must_use]
    pub fn new(trigger: Trigger, zone: Arc<Zone>) -> Self {
        Self {
            trigger,
            zone,
            start_date: None,
            end_date: None,
            dst: DstPolicy::default(),
        }
    }

    /// The schedule with its phase fixed: `anchor` is when the job was first seen.
    ///
    /// An interval without `start_date` fires first one length after `anchor` (and at it, if its
    /// first is "now"); [`Trigger::Now`] and [`Trigger::Reboot`] fire at `anchor`, or at
    /// `start_date` if that is later.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, Trigger};
    /// use rsched::time::{WallTime, Zone};
    /// use std::time::Duration;
    /// let trigger = Trigger::Interval { length: Duration::from_secs(90), first_now: false };
    /// let at = WallTime::from_unix_seconds;
    /// let schedule = ScheduleSpec::new(trigger, Zone::utc()).anchored(at(1_000));
    /// assert_eq!(schedule.next_after(at(1_000)), Some(at(1_090)));
    /// assert_eq!(schedule.next_after(at(1_090)), Some(at(1_180)));
    /// ```
    #[must_use]
    pub fn anchored(&self, anchor: WallTime) -> Schedule {
        let fires = match &self.trigger {
            Trigger::Cron(cron) => Fires::Cron {
                rule: self.dst.applied_to(cron),
                cron: cron.clone(),
            },
            &Trigger::Interval { length, first_now } => {
                let phase = self.start_date.unwrap_or(anchor + length);
                Fires::Interval {
                    interval: Interval::new(phase, length),
                    at_once: first_now.then_some(anchor),
                }
            }
            &Trigger::Date(at) => Fires::Once(at),
            Trigger::Now | Trigger::Reboot => {
                Fires::Once(self.start_date.map_or(anchor, |start| start.max(anchor)))
            }
        };
        Schedule::new(fires, self.zone.clone(), self.start_date, self.end_date)
    }

    /// Whether a job whose schedule changes from `self` to `new` keeps its anchor: an interval of
    /// the same length and `start_date`, or a trigger that fires when first seen, in both.
    #[must_use]
    pub fn keeps_phase(&self, new: &ScheduleSpec) -> bool {
        match (&self.trigger, &new.trigger) {
            (
                Trigger::Interval { length, .. },
                Trigger::Interval {
                    length: new_length, ..
                },
            ) => length == new_length && self.start_date == new.start_date,
            (Trigger::Now, Trigger::Now) | (Trigger::Reboot, Trigger::Reboot) => true,
            _ => self == new,
        }
    }
}
