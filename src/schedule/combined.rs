//! Where fire times come from: one source, or several that are united, intersected or thinned out.
//!
//! All questions are answered for a zone and without bounds; a [`Schedule`] adds those. Parts of
//! a union or intersection are schedules of their own. An intersection is first made smaller: two crons
//! of one zone and rule are one cron on their masks, two intervals are one by arithmetic. What is left
//! is searched by a walk over the parts (`walk.rs`).

use super::anchored::Schedule;
use super::calendar::Calendar;
use super::cron::Cron;
use super::dst::{GapsAndFolds, Instants, OffsetRemark};
use super::exclusion::Exclusion;
use super::interval::Interval;
use super::search::Readings;
use super::walk::{Direction, Walk, just_after, just_before};
use crate::time::{WallTime, Zone};

/// Where the fire times come from.
#[derive(Clone, Debug)]
pub(super) enum Fires {
    Cron {
        cron: Cron,
        rule: GapsAndFolds,
    },
    Calendar {
        calendar: Calendar,
        rule: GapsAndFolds,
    },
    Interval {
        interval: Interval,
        at_once: Option<WallTime>,
    },
    Once(WallTime),
    /// When any does; never if there are none.
    Any(Vec<Schedule>),
    /// When all do: at least two that could not be made one.
    All(Vec<Schedule>),
    Except {
        fires: Box<Fires>,
        except: Vec<Exclusion>,
    },
}

/// Fires of unions, intersections and exceptions that are counted one by one, which is how fires that
/// fall together are known; beyond, they are counted as if none did.
const MOST_COUNTED: u64 = 200_000;

/// Leaps that a count takes at most; some hundredths of a second.
const MOST_LEAPS_OF_COUNT: usize = 200_000;

impl Fires {
    /// The intersection of the parts.
    pub(super) fn all(parts: Vec<Schedule>) -> Self {
        let mut left: Vec<Schedule> = Vec::new();
        for part in parts {
            let merged = left
                .iter_mut()
                .find_map(|other| Some((other.intersection(&part)?, other)));
            match merged {
                Some((both, other)) => *other = both,
                None => left.push(part),
            }
        }
        if left.len() == 1 {
            Self::Any(left)
        } else {
            Self::All(left)
        }
    }

    /// The first fire at or after `from`.
    pub(super) fn first_from(&self, from: WallTime, zone: &Zone) -> Option<WallTime> {
        let second = from.unix_seconds() + i64::from(from.subsec_micros() != 0);
        match self {
            Self::Cron { cron, rule } => {
                let first = instants(cron, zone, *rule).first_from(second);
                first.map(WallTime::from_unix_seconds)
            }
            Self::Calendar { calendar, rule } => {
                let first = instants(calendar, zone, *rule).first_from(second);
                first.map(WallTime::from_unix_seconds)
            }
            Self::Interval { interval, at_once } => {
                let regular = interval.first_from(from);
                let once = at_once.filter(|at| *at >= from);
                [regular, once].into_iter().flatten().min()
            }
            Self::Once(at) => Some(*at).filter(|at| *at >= from),
            Self::Any(_) | Self::All(_) | Self::Except { .. } => {
                Walk::new(self, zone, Direction::Forward).reach(from)
            }
        }
    }

    /// The last fire at or before `until`.
    pub(super) fn last_until(&self, until: WallTime, zone: &Zone) -> Option<WallTime> {
        let second = until.unix_seconds();
        match self {
            Self::Cron { cron, rule } => {
                let last = instants(cron, zone, *rule).last_until(second);
                last.map(WallTime::from_unix_seconds)
            }
            Self::Calendar { calendar, rule } => {
                let last = instants(calendar, zone, *rule).last_until(second);
                last.map(WallTime::from_unix_seconds)
            }
            Self::Interval { interval, at_once } => {
                let once = at_once.filter(|at| *at <= until);
                interval.last_until(until).max(once)
            }
            Self::Once(at) => Some(*at).filter(|at| *at <= until),
            Self::Any(_) | Self::All(_) | Self::Except { .. } => {
                Walk::new(self, zone, Direction::Backward).reach(until)
            }
        }
    }

    /// How many fires there are from `first` to `last`, both included.
    ///
    /// Of unions, intersections and exceptions the first 200,000 are counted exactly, later ones as if
    /// none fell together (a union) or the rarest part decided alone.
    pub(super) fn count(&self, first: WallTime, last: WallTime, zone: &Zone) -> u64 {
        if first > last {
            return 0;
        }
        let first_second = first.unix_seconds() + i64::from(first.subsec_micros() != 0);
        let last_second = last.unix_seconds();
        match self {
            Self::Cron { cron, rule } => {
                instants(cron, zone, *rule).count(first_second, last_second)
            }
            Self::Calendar { calendar, rule } => {
                instants(calendar, zone, *rule).count(first_second, last_second)
            }
            Self::Interval { interval, at_once } => {
                let extra = at_once.filter(|at| {
                    first <= *at && *at <= last && interval.first_from(*at) != Some(*at)
                });
                interval.count(first, last) + u64::from(extra.is_some())
            }
            Self::Once(at) => u64::from(first <= *at && *at <= last),
            Self::Any(parts) if parts.len() == 1 => {
                parts[0].count_between(just_before(first), last)
            }
            Self::Any(_) | Self::All(_) | Self::Except { .. } => {
                let mut counted = 0;
                let mut from = first;
                let mut walk = Walk::new(self, zone, Direction::Forward);
                while counted < MOST_COUNTED && walk.leaps() < MOST_LEAPS_OF_COUNT {
                    match walk.reach(from).filter(|at| *at <= last) {
                        Some(at) if at < last => from = just_after(at),
                        // Behind the last instant of all there is no other to go on from.
                        Some(_) => return counted + 1,
                        None => return counted,
                    }
                    counted += 1;
                    walk.refresh();
                }
                counted.saturating_add(self.most(from, last, zone))
            }
        }
    }

    /// No fewer fires than there are from `first` to `last`.
    fn most(&self, first: WallTime, last: WallTime, zone: &Zone) -> u64 {
        let of_part = |part: &Schedule| part.count_between(just_before(first), last);
        match self {
            Self::Any(parts) => parts.iter().map(of_part).fold(0, u64::saturating_add),
            Self::All(parts) => parts.iter().map(of_part).min().unwrap_or(0),
            Self::Except { fires, .. } => fires.count(first, last, zone),
            _ => self.count(first, last, zone),
        }
    }

    /// Whether there is any date at all.
    pub(super) fn can_fire(&self) -> bool {
        match self {
            Self::Cron { cron, .. } => cron.can_fire(),
            Self::Calendar { calendar, .. } => calendar.first_from(i64::MIN).is_some(),
            Self::Interval { .. } | Self::Once(_) => true,
            Self::Any(parts) => parts.iter().any(Schedule::can_fire),
            Self::All(parts) => parts.iter().all(Schedule::can_fire),
            Self::Except { fires, .. } => fires.can_fire(),
        }
    }

    /// Whether elapsed time decides and not the wall clock's reading.
    pub(super) fn follow_real_time(&self) -> bool {
        match self {
            Self::Cron { cron, .. } => cron.fires_every_hour(),
            Self::Interval { .. } => true,
            Self::Calendar { .. } | Self::Once(_) => false,
            Self::Any(parts) | Self::All(parts) => parts.iter().all(Schedule::follows_real_time),
            Self::Except { fires, .. } => fires.follow_real_time(),
        }
    }

    /// What is to be said where the fire at `at` touches a gap or a fold.
    pub(super) fn offset_remark(&self, at: WallTime, zone: &Zone) -> Option<OffsetRemark> {
        let second = at.unix_seconds();
        match self {
            Self::Cron { cron, rule } => instants(cron, zone, *rule).remark(second),
            Self::Calendar { calendar, rule } => instants(calendar, zone, *rule).remark(second),
            Self::Interval { .. } | Self::Once(_) => None,
            Self::Any(parts) | Self::All(parts) => parts
                .iter()
                .filter(|part| part.next_after(just_before(at)) == Some(at))
                .find_map(|part| part.offset_remark(at)),
            Self::Except { fires, .. } => fires.offset_remark(at, zone),
        }
    }

    /// A sentence where the gap that ends at `gap_end` swallows a fire without making it up.
    pub(super) fn lost_in_gap(&self, gap_end: i64, zone: &Zone) -> Option<String> {
        match self {
            Self::Cron { cron, rule } => instants(cron, zone, *rule).lost_in_gap(gap_end),
            Self::Calendar { calendar, rule } => {
                instants(calendar, zone, *rule).lost_in_gap(gap_end)
            }
            Self::Except { fires, .. } => fires.lost_in_gap(gap_end, zone),
            Self::Interval { .. } | Self::Once(_) | Self::Any(_) | Self::All(_) => None,
        }
    }

    /// The fires of both, where they can be made one: the masks of crons that go by one rule, the
    /// arithmetic of intervals. The zones are one.
    pub(super) fn intersection(&self, other: &Self, same_zone: bool) -> Option<Self> {
        match (self, other) {
            (
                Self::Cron { cron, rule },
                Self::Cron {
                    cron: other,
                    rule: other_rule,
                },
            ) if same_zone && rule == other_rule => Some(Self::Cron {
                cron: cron.intersection(other)?,
                rule: *rule,
            }),
            (
                Self::Interval {
                    interval,
                    at_once: None,
                },
                Self::Interval {
                    interval: other,
                    at_once: None,
                },
            ) => Some(match interval.intersection(*other) {
                Some(interval) => Self::Interval {
                    interval,
                    at_once: None,
                },
                None => Self::Any(Vec::new()),
            }),
            _ => None,
        }
    }
}

fn instants<'a, R>(readings: &'a R, zone: &'a Zone, rule: GapsAndFolds) -> Instants<'a, R> {
    Instants {
        readings,
        zone,
        rule,
    }
}
