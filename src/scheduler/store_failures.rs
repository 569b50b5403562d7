//! How often the world is told that the store fails: of each new trouble at once, and of one that lasts, or
//! comes and goes, once a minute.
//!
//! A disk that is nearly full takes small records and refuses large ones, ten of each in a second if it is
//! asked so often. So a store that took something works again only when it has taken all it was given for a
//! while. Nothing is left out: who is told next is told how often it failed meanwhile.

use super::event::StoreFailure;
use crate::time::BootTime;
use std::time::Duration;

/// How often it is told that the store still fails in the same way.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// A store that refuses records takes all of them for so long before it counts as mended.
const MENDED_AFTER: Duration = Duration::from_secs(10);

/// Of so many troubles it is known when they were told: of more the oldest is forgotten, and told at once when
/// it comes again.
const MOST_TROUBLES: usize = 8;

/// What is in the way of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The store failed.
    Store(StoreFailure),
    /// The mark of a start could not be made: what else the disk takes does not end that.
    Mark,
}

impl Trouble {
    /// How long all must go well until it counts as over; none: only time tells.
    fn patience(self) -> Option<Duration> {
        match self {
            Self::Store(StoreFailure::Refused) => Some(MENDED_AFTER),
            // Somebody took it away, and put it back.
            Self::Store(StoreFailure::Gone | StoreFailure::LockLost) => Some(Duration::ZERO),
            Self::Mark => None,
        }
    }
}

/// One trouble, as it was told last.
#[derive(Clone, Debug)]
struct Told {
    trouble: Trouble,
    error: String,
    at: BootTime,
    /// How often it came anew since, untold.
    untold: u64,
    /// Since when all went well, if it does.
    well_since: Option<BootTime>,
}

/// What is to be told of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Telling {
    /// How often the store failed in this way since that was told last, this time included; tries of one that
    /// took nothing in between are one failure.
    pub times: u64,
    /// How long ago that was, if it was more than once.
    pub within: Option<Duration>,
}

/// The troubles that were told.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreFailures {
    told: Vec<Told>,
}

impl StoreFailures {
    /// The store took what it was given.
    pub fn worked(&mut self, now: BootTime) {
        for told in &mut self.told {
            told.well_since.get_or_insert(now);
        }
    }

    /// It failed. Gives what is to be told of that, if it is time to.
    pub fn failed(&mut self, trouble: Trouble, error: &str, now: BootTime) -> Option<Telling> {
        let well_since: Vec<_> = self
            .told
            .iter_mut()
            .map(|it| it.well_since.take())
            .collect();
        let is_same = |told: &Told| told.trouble == trouble && told.error == error;
        let Some(index) = self.told.iter().position(is_same) else {
            if self.told.len() == MOST_TROUBLES {
                self.told.remove(0);
            }
            self.told.push(Told {
                trouble,
                error: error.to_owned(),
                at: now,
                untold: 0,
                well_since: None,
            });
            return Some(Telling {
                times: 1,
                within: None,
            });
        };
        let told = &mut self.told[index];
        let was_well_for = well_since[index].map(|since| now.saturating_since(since));
        let was_over = was_well_for
            .zip(trouble.patience())
            .is_some_and(|(time, patience)| time >= patience);
        told.untold += u64::from(was_well_for.is_some());
        let within = now.saturating_since(told.at);
        if !was_over && within < TELL_AGAIN {
            return None;
        }
        let times = std::mem::take(&mut told.untold).max(1);
        told.at = now;
        let newest = self.told.remove(index);
        self.told.push(newest);
        Some(Telling {
            times,
            within: (times > 1).then_some(within),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Trouble = Trouble::Store(StoreFailure::Refused);

    fn at(millis: i64) -> BootTime {
        BootTime::from_micros(millis * 1_000)
    }

    /// How often it is told to have failed, if it is told, and in how many seconds.
    fn told(telling: Option<Telling>) -> Option<(u64, u64)> {
        telling.map(|it| (it.times, it.within.map_or(0, |time| time.as_secs())))
    }

    #[test]
    fn what_comes_and_goes_is_told_once_a_minute_with_how_often() {
        let mut failures = StoreFailures::default();
        let mut tellings = Vec::new();
        for second in 0..150 {
            failures.worked(at(second * 1_000));
            let telling = failures.failed(FULL, "full", at(second * 1_000 + 5));
            tellings.extend(told(telling).map(|it| (second, it)));
        }
        assert_eq!(tellings, [(0, (1, 0)), (60, (60, 60)), (120, (60, 60))]);
    }

    #[test]
    fn what_lasts_is_told_once_a_minute_as_one_failure() {
        let mut failures = StoreFailures::default();
        let tellings: Vec<_> = (0..150)
            .filter_map(|second| told(failures.failed(FULL, "full", at(second * 1_000))))
            .collect();
        assert_eq!(tellings, [(1, 0); 3]);
    }

    #[test]
    fn causes_that_take_turns_are_each_told_once_a_minute() {
        let mut failures = StoreFailures::default();
        let causes = [(FULL, "full"), (Trouble::Mark, "no mark"), (FULL, "locked")];
        let mut tellings = 0;
        for second in 0..60 {
            failures.worked(at(second * 1_000));
            for (trouble, error) in causes {
                tellings += usize::from(
                    failures
                        .failed(trouble, error, at(second * 1_000))
                        .is_some(),
                );
            }
        }
        assert_eq!(tellings, causes.len());
    }

    #[test]
    fn what_comes_again_after_all_went_well_is_told_at_once() {
        let mut failures = StoreFailures::default();
        assert_eq!(told(failures.failed(FULL, "full", at(0))), Some((1, 0)));
        failures.worked(at(1_000));
        assert_eq!(told(failures.failed(FULL, "full", at(1_001))), None);
        failures.worked(at(2_000));
        failures.worked(at(11_000));
        // What was not told is told with it.
        assert_eq!(
            told(failures.failed(FULL, "full", at(12_000))),
            Some((2, 12))
        );
        failures.worked(at(13_000));
        let lost = Trouble::Store(StoreFailure::LockLost);
        for second in [14, 16, 18] {
            let telling = failures.failed(lost, "the lock", at(second * 1_000));
            assert_eq!(told(telling), Some((1, 0)), "{second}");
            failures.worked(at(second * 1_000 + 1_000));
        }
        // Other records say nothing of the marks of starts.
        let mark = |failures: &mut StoreFailures, second: i64| {
            told(failures.failed(Trouble::Mark, "no mark", at(second * 1_000)))
        };
        assert_eq!(mark(&mut failures, 20), Some((1, 0)));
        failures.worked(at(21_000));
        assert_eq!(mark(&mut failures, 50), None);
        failures.worked(at(51_000));
        assert_eq!(mark(&mut failures, 80), Some((2, 60)));
    }

    #[test]
    fn of_ever_new_errors_few_are_kept() {
        let mut failures = StoreFailures::default();
        for number in 0..100 {
            let error = number.to_string();
            assert!(failures.failed(FULL, &error, at(number)).is_some());
        }
        assert_eq!(failures.told.len(), MOST_TROUBLES);
    }
}
