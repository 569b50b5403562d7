//! A job's schedule as configured: trigger, zone, bounds and what happens in gaps and folds.

use super::anchored::Schedule;
use super::calendar::Calendar;
use super::combined::Fires;
use super::cron::DayRule;
use super::dst::DstPolicy;
use super::exclusion::Exclusion;
use super::interval::Interval;
use super::trigger::Trigger;
use crate::time::{WallTime, Zone};
use std::sync::Arc;

/// A job's schedule as configured: trigger, zone and bounds. Equality decides whether a reload changed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// What a person is told about two restricted day fields.
pub const EITHER_DAY: &str = "a day matches when either day field does, since both are restricted";

impl ScheduleSpec {
    /// Whether it has two restricted day fields of which either may match: right, and strange enough
    /// to be said ([`EITHER_DAY`]).
    #[must_use]
    pub fn fires_on_either_day(&self) -> bool {
        matches!(self.trigger.fired(), Trigger::Cron(cron) if cron.day_rule() == DayRule::Either)
    }

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
                    let counts = |part: &ScheduleSpec| part.depends_on_anchor(false);
                    part.keeps_phase(new) || !(counts(part) || counts(new))
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

    /// Calls `visit` with every zone it reads times in: its own, those of its parts and of what they
    /// except.
    pub fn visit_zones(&self, visit: &mut dyn FnMut(&Arc<Zone>)) {
        visit(&self.zone);
        let mut trigger = &self.trigger;
        while let Trigger::Except {
            trigger: inner,
            except,
        } = trigger
        {
            except
                .iter()
                .filter_map(Exclusion::zone)
                .for_each(&mut *visit);
            trigger = inner;
        }
        if let Trigger::Any(parts) | Trigger::All(parts) = trigger {
            for part in parts {
                part.visit_zones(visit);
            }
        }
    }

    /// The same schedule by clocks that were changed: each zone replaced by the one among `zones` that
    /// [updates](Zone::updates) it. None if that changes nothing.
    ///
    /// Dates and bounds are instants: they stay where they are.
    #[must_use]
    pub fn in_updated_zones(&self, zones: &[Arc<Zone>]) -> Option<Self> {
        let update = |zone: &Arc<Zone>| zones.iter().find(|new| new.updates(zone) && *new != zone);
        let mut is_concerned = false;
        self.visit_zones(&mut |zone| is_concerned |= update(zone).is_some());
        is_concerned.then(|| {
            let mut updated = self.clone();
            updated.replace_zones(&|zone| {
                if let Some(new) = update(zone) {
                    *zone = Arc::clone(new);
                }
            });
            updated
        })
    }

    fn replace_zones(&mut self, replace: &dyn Fn(&mut Arc<Zone>)) {
        replace(&mut self.zone);
        let mut trigger = &mut self.trigger;
        while let Trigger::Except {
            trigger: inner,
            except,
        } = trigger
        {
            except
                .iter_mut()
                .filter_map(Exclusion::zone_mut)
                .for_each(replace);
            trigger = &mut **inner;
        }
        if let Trigger::Any(parts) | Trigger::All(parts) = trigger {
            for part in parts {
                part.replace_zones(replace);
            }
        }
    }

    /// Whether any of its fire times depends on when the job was first seen.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, Trigger, parse_expression};
    /// use rsched::time::{WallTime, Zone};
    /// use std::time::Duration;
    /// let every = |first_now| Trigger::Interval { length: Duration::from_secs(60), first_now };
    /// let spec = |trigger, start_date| ScheduleSpec { start_date, ..ScheduleSpec::new(trigger, Zone::utc()) };
    /// let start = Some(WallTime::from_unix_seconds(30));
    /// assert!(spec(every(false), None).has_phase());
    /// assert!(!spec(every(false), start).has_phase());
    /// // It fires at sight as well.
    /// assert!(spec(every(true), start).has_phase());
    /// assert!(!spec(parse_expression("@daily").unwrap().trigger, None).has_phase());
    /// ```
    #[must_use]
    pub fn has_phase(&self) -> bool {
        self.depends_on_anchor(true)
    }

    /// Whether its fire times depend on when the job was first seen; `at_sight`: also if that is but one
    /// fire, at that moment.
    fn depends_on_anchor(&self, at_sight: bool) -> bool {
        match self.trigger.fired() {
            Trigger::Cron(_) | Trigger::Date(_) | Trigger::Except { .. } => false,
            &Trigger::Interval { first_now, .. } => {
                self.start_date.is_none() || at_sight && first_now
            }
            Trigger::Calendar(_) => self.start_date.is_none(),
            Trigger::Any(parts) | Trigger::All(parts) => {
                parts.iter().any(|part| part.depends_on_anchor(at_sight))
            }
            Trigger::Now | Trigger::Reboot => true,
        }
    }
}
