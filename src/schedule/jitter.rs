//! Jitter: a start some time after the fire time, the same one every time it is asked for.
//!
//! The delay is a hash of the seed (by default the machine's id), the job's id and the fire time. So
//! it can be shown before it happens, a restart cannot roll it again, a fleet with one file spreads, and
//! it never adds up, because the schedule itself runs on fire times.

use super::anchored::Schedule;
use super::hashed::stable_hash;
use crate::time::WallTime;
use std::time::Duration;

/// The smallest step between two instants.
const TICK: Duration = Duration::from_micros(1);

/// How far starts are spread, and what decides about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter<'a> {
    /// The longest delay.
    pub most: Duration,
    /// What differs between machines that are to start at different times.
    pub seed: &'a str,
    /// The job's id.
    pub job_id: &'a str,
}

impl Jitter<'_> {
    /// The delay of a fire: 0 to `most`, in microseconds, both included.
    #[must_use]
    pub fn delay(&self, fire: WallTime) -> Duration {
        let hash = stable_hash(&[self.seed, self.job_id], fire.as_micros());
        let choices = u128::from(u64::try_from(self.most.as_micros()).unwrap_or(u64::MAX)) + 1;
        // The high part of the product is the hash brought down to the choices, each as likely.
        let delay = (u128::from(hash) * choices) >> 64;
        Duration::from_micros(u64::try_from(delay).unwrap_or(u64::MAX))
    }
}

impl Schedule {
    /// When the fire at `fire` is to start: its time and the delay, but not after the next fire.
    ///
    /// ```
    /// use rsched::schedule::{Jitter, ScheduleSpec, parse_expression};
    /// use rsched::time::{WallTime, Zone};
    /// use std::time::Duration;
    /// let at = WallTime::from_unix_seconds;
    /// let hourly = parse_expression("@hourly").unwrap().trigger;
    /// let schedule = ScheduleSpec::new(hourly, Zone::utc()).anchored(at(0));
    /// let jitter = Jitter { most: Duration::from_secs(120), seed: "host-7", job_id: "backup" };
    /// let planned = schedule.planned_start(at(3600), &jitter);
    /// assert!(at(3600) <= planned && planned <= at(3720));
    /// assert_eq!(schedule.planned_start(at(3600), &jitter), planned);
    /// ```
    #[must_use]
    pub fn planned_start(&self, fire: WallTime, jitter: &Jitter<'_>) -> WallTime {
        let planned = fire + jitter.delay(fire);
        match self.next_after(fire) {
            Some(next) => planned.min(next),
            None => planned,
        }
    }
}

/// When the fires of a job are to start: at their fire times, or with a jitter some time later.
///
/// Planned starts are never in another order than the fire times, since none is later than the next
/// fire. So at any instant one fire time divides those that are to start by then from all others.
#[derive(Clone, Copy, Debug)]
pub struct PlannedStarts<'a> {
    /// The fire times.
    pub schedule: &'a Schedule,
    /// The delays; none is no delay.
    pub jitter: Option<Jitter<'a>>,
}

impl PlannedStarts<'_> {
    /// When the fire at `fire` is to start.
    #[must_use]
    pub fn of(&self, fire: WallTime) -> WallTime {
        match &self.jitter {
            Some(jitter) => self.schedule.planned_start(fire, jitter),
            None => fire,
        }
    }

    /// Of the fires `t` with `after < t <= until`, where those that are to start by `by` end: an
    /// instant from `after` to `until`. `until` is not later than `by`, or is `after`.
    ///
    /// ```
    /// use rsched::schedule::{Jitter, PlannedStarts, ScheduleSpec, parse_expression};
    /// use rsched::time::{WallTime, Zone};
    /// use std::time::Duration;
    /// let at = WallTime::from_unix_seconds;
    /// let hourly = parse_expression("@hourly").unwrap().trigger;
    /// let schedule = ScheduleSpec::new(hourly, Zone::utc()).anchored(at(0));
    /// let jitter = Jitter { most: Duration::from_secs(3600), seed: "host-7", job_id: "backup" };
    /// let starts = PlannedStarts { schedule: &schedule, jitter: Some(jitter) };
    /// let planned = starts.of(at(7200));
    /// assert_eq!(starts.begun(at(0), planned, planned), planned);
    /// let sooner = planned - Duration::from_micros(1);
    /// assert!(starts.begun(at(0), sooner, sooner) < at(7200));
    /// ```
    #[must_use]
    pub fn begun(&self, after: WallTime, until: WallTime, by: WallTime) -> WallTime {
        if self.jitter.is_none() {
            return until;
        }
        // Only the newest can be still to come: each older one starts before the next fire.
        match self.schedule.last_at_or_before(until) {
            Some(newest) if newest > after && self.of(newest) > by => newest - TICK,
            _ => until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ScheduleSpec, parse_expression};
    use super::*;
    use crate::time::Zone;
    use proptest::prelude::*;

    const JITTER: Jitter<'_> = Jitter {
        most: Duration::from_secs(120),
        seed: "seed",
        job_id: "job",
    };

    proptest! {
        #[test]
        fn a_delay_is_never_longer_than_the_longest(fire: i64, most: u64) {
            let jitter = Jitter { most: Duration::from_micros(most), ..JITTER };
            prop_assert!(jitter.delay(WallTime::from_micros(fire)) <= jitter.most);
        }

        #[test]
        fn what_has_begun_is_what_starts_by_then_one_by_one(
            text in prop::sample::select(vec!["* * * * *", "*/7 3 * * *", "@every 7s", "@hourly"]),
            most in 0..5_000_u64,
            after in 0..100_000_i64,
            length in 0..10_000_i64,
            later in 0..200_i64,
        ) {
            let at = WallTime::from_unix_seconds;
            let schedule = ScheduleSpec::new(parse_expression(text).unwrap().trigger, Zone::utc()).anchored(at(0));
            let jitter = Some(Jitter { most: Duration::from_secs(most), ..JITTER });
            let starts = PlannedStarts { schedule: &schedule, jitter };
            let (after, until, by) = (at(after), at(after + length), at(after + length + later));
            let begun = starts.begun(after, until, by);
            prop_assert!(after <= begun && begun <= until);
            let fires = std::iter::successors(schedule.next_after(after), |&fire| schedule.next_after(fire));
            for fire in fires.take_while(|&fire| fire <= until) {
                prop_assert_eq!(fire <= begun, starts.of(fire) <= by, "{:?}", fire);
                prop_assert!(fire <= starts.of(fire));
            }
        }
    }

    #[test]
    fn delays_spread_over_the_whole_length_and_differ_by_seed_and_job() {
        let fires: Vec<_> = (0..1_000).map(WallTime::from_unix_seconds).collect();
        let mut tenths = [0; 12];
        for fire in &fires {
            let tenth = JITTER.delay(*fire).as_secs().min(119) / 10;
            tenths[usize::try_from(tenth).unwrap()] += 1;
        }
        assert!(
            tenths.iter().all(|count| (40..140).contains(count)),
            "{tenths:?}"
        );
        for other in [
            Jitter {
                seed: "other",
                ..JITTER
            },
            Jitter {
                job_id: "other",
                ..JITTER
            },
        ] {
            assert!(
                fires
                    .iter()
                    .any(|fire| other.delay(*fire) != JITTER.delay(*fire))
            );
        }
    }
}
