//! Jitter: a start some time after the fire time, the same one every time it is asked for.
//!
//! The delay is a hash of the seed (by default the machine's id), the job's id and the fire time. So
//! it can be shown before it happens, a restart cannot roll it again, a fleet with one file spreads, and
//! it never adds up, because the schedule itself runs on fire times.

use super::anchored::Schedule;
use super::hashed::stable_hash;
use crate::time::WallTime;
use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;
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
