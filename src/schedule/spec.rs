//! A job's schedule as configured: trigger, zone, bounds and what happens in gaps and folds.

use super::anchored::Schedule;
use super::calendar::Calendar;
use super::combined::Fires;
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
        let fires = self.fires(&self.trigger, anchor);
        // Calendar steps have the date they begin with, but nothing before the job was there.
        let first = match self.trigger.fired() {
            Trigger::Calendar(_) => Some(self.start_date.unwrap_or(anchor)),
            _ => self.start_date,
        };
        Schedule::new(fires, self.zone.clone(), first, self.end_date)
    }

    fn fires(&self, trigger: &Trigger, anchor: WallTime) -> Fires {
        match trigger {
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
            Trigger::Calendar(steps) => {
                let start = self.start_date.unwrap_or(anchor).unix_seconds();
                let offset = self.zone.span_at(start).offset;
                Fires::Calendar {
                    calendar: Calendar::new(steps, start.saturating_add(offset.into())),
                    rule: self.dst.applied_to_dates(),
                }
            }
            Trigger::Any(parts) => {
                Fires::Any(parts.iter().map(|part| part.anchored(anchor)).collect())
            }
            Trigger::All(parts) => {
                Fires::all(parts.iter().map(|part| part.anchored(anchor)).collect())
            }
            Trigger::Except { trigger, except } => Fires::Except {
                fires: Box::new(self.fires(trigger, anchor)),
                except: except.clone(),
            },
            &Trigger::Date(at) => Fires::Once(at),
            Trigger::Now | Trigger::Reboot => {
                Fires::Once(self.start_date.map_or(anchor, |start| start.max(anchor)))
            }
        }
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
            (Trigger::Calendar(steps), Trigger::Calendar(new_steps)) => {
                steps == new_steps && self.start_date == new.start_date
            }
            (Trigger::Any(parts), Trigger::Any(new_parts))
            | (Trigger::All(parts), Trigger::All(new_parts)) => {
                let is_kept = |(part, new): (&ScheduleSpec, &ScheduleSpec)| {
                    part.keeps_phase(new) || !(part.has_phase() || new.has_phase())
                };
                parts.len() == new_parts.len() && parts.iter().zip(new_parts).all(is_kept)
            }
            (
                Trigger::Except { trigger, .. },
                Trigger::Except {
                    trigger: new_trigger,
                    ..
                },
            ) => {
                let with = |spec: &ScheduleSpec, trigger: &Trigger| ScheduleSpec {
                    trigger: trigger.clone(),
                    ..spec.clone()
                };
                with(self, trigger).keeps_phase(&with(new, new_trigger))
            }
            (Trigger::Now, Trigger::Now) | (Trigger::Reboot, Trigger::Reboot) => true,
            _ => self == new,
        }
    }
    /// Whether its fire times depend on when the job was first seen.
    fn has_phase(&self) -> bool {
        match self.trigger.fired() {
            Trigger::Cron(_) | Trigger::Date(_) | Trigger::Except { .. } => false,
            Trigger::Interval { .. } | Trigger::Calendar(_) => self.start_date.is_none(),
            Trigger::Any(parts) | Trigger::All(parts) => parts.iter().any(Self::has_phase),
            Trigger::Now | Trigger::Reboot => true,
        }
    }
}
