//! Fixed elapsed time: an arithmetic progression of instants.

use crate::time::WallTime;
use std::time::Duration;

/// Shortest interval a text may ask for: below it, a job is a loop.
pub const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// The instants `phase + k * length`, k ≥ 0, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    phase: i64,
    /// At least 1.
    length: i64,
}

impl Interval {
    /// Parts of a microsecond are dropped.
    pub(super) fn new(phase: WallTime, length: Duration) -> Self {
        let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
        Self {
            phase: phase.as_micros(),
            length,
        }
    }

    /// The first instant at or after `from`.
    pub(super) fn first_from(self, from: WallTime) -> Option<WallTime> {
        let steps = (i128::from(from.as_micros()) - i128::from(self.phase)).max(0);
        let steps = (steps + i128::from(self.length) - 1) / i128::from(self.length);
        self.at(steps)
    }

    /// The last instant at or before `until`.
    pub(super) fn last_until(self, until: WallTime) -> Option<WallTime> {
        let since = i128::from(until.as_micros()) - i128::from(self.phase);
        if since < 0 {
            None
        } else {
            self.at(since / i128::from(self.length))
        }
    }

    /// How many instants there are from `first` to `last`, both included.
    pub(super) fn count(self, first: WallTime, last: WallTime) -> u64 {
        let up_to = |time: i128| {
            let since = time - i128::from(self.phase);
            if since < 0 {
                0
            } else {
                since / i128::from(self.length) + 1
            }
        };
        let count = up_to(last.as_micros().into()) - up_to(i128::from(first.as_micros()) - 1);
        u64::try_from(count.max(0)).unwrap_or(u64::MAX)
    }

    /// The instants of both, as an interval again; none if there are none before time ends.
    pub(super) fn intersection(self, other: Self) -> Option<Self> {
        let [one, two] = [i128::from(self.length), i128::from(other.length)];
        let apart = i128::from(other.phase) - i128::from(self.phase);
        let (divisor, inverse) = divisor_and_inverse(one, two);
        if apart % divisor != 0 {
            return None;
        }
        // The k with k * one ≡ apart (mod two); all factors are below 2^63.
        let cycle = two / divisor;
        let steps = (apart / divisor % cycle * (inverse % cycle)).rem_euclid(cycle);
        let length = one * cycle;
        let agreed = i128::from(self.phase) + steps * one;
        // Not before either has begun.
        let begin = i128::from(self.phase.max(other.phase));
        let missing = (begin - agreed).max(0);
        let phase = agreed + (missing + length - 1) / length * length;
        Some(Self {
            phase: i64::try_from(phase).ok()?,
            // A length beyond the end of time: there is one instant.
            length: i64::try_from(length).unwrap_or(i64::MAX),
        })
    }

    fn at(self, steps: i128) -> Option<WallTime> {
        let micros = i128::from(self.phase) + steps * i128::from(self.length);
        i64::try_from(micros).ok().map(WallTime::from_micros)
    }
}

/// The greatest common divisor, and the number that times `one` leaves it when divided by `two`.
fn divisor_and_inverse(one: i128, two: i128) -> (i128, i128) {
    let (mut rest, mut next_rest) = (one, two);
    let (mut factor, mut next_factor) = (1, 0);
    while next_rest != 0 {
        let quotient = rest / next_rest;
        (rest, next_rest) = (next_rest, rest - quotient * next_rest);
        (factor, next_factor) = (next_factor, factor - quotient * next_factor);
    }
    (rest, factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn instants_are_found_and_counted_as_by_stepping(
            phase in -1_000_i64..1_000, length in 1_u64..400, from in -2_000_i64..3_000, window in 0_i64..2_000,
        ) {
            let interval = Interval::new(WallTime::from_micros(phase), Duration::from_micros(length));
            let until = from + window;
            let fires: Vec<i64> = (0..10_000)
                .map(|step| phase + step * i64::try_from(length).unwrap())
                .filter(|fire| (from..=until).contains(fire))
                .collect();
            let [from, until] = [from, until].map(WallTime::from_micros);
            prop_assert_eq!(interval.count(from, until), fires.len() as u64);
            let within = |time: &WallTime| (from..=until).contains(time);
            let first = interval.first_from(from).filter(within).map(WallTime::as_micros);
            prop_assert_eq!(first, fires.first().copied());
            let last = interval.last_until(until).filter(within).map(WallTime::as_micros);
            prop_assert_eq!(last, fires.last().copied());
        }
    }

    proptest! {
        #[test]
        fn two_intervals_agree_where_stepping_finds_them_to(
            phases in [-500_i64..500, -500_i64..500], lengths in [1_u64..60, 1_u64..60],
        ) {
            let [one, two] = [0, 1].map(|at| {
                Interval::new(WallTime::from_micros(phases[at]), Duration::from_micros(lengths[at]))
            });
            let is_of = |interval: Interval, at: i64| {
                let at = WallTime::from_micros(at);
                interval.first_from(at) == Some(at)
            };
            let agreed = one.intersection(two);
            for at in -600..5_000 {
                let expected = is_of(one, at) && is_of(two, at);
                prop_assert_eq!(agreed.is_some_and(|agreed| is_of(agreed, at)), expected);
            }
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        for phase in [WallTime::MIN, WallTime::from_micros(0), WallTime::MAX] {
            for length in [Duration::from_millis(1), Duration::MAX] {
                let interval = Interval::new(phase, length);
                for time in [WallTime::MIN, WallTime::from_micros(-1), WallTime::MAX] {
                    let _ = (interval.first_from(time), interval.last_until(time));
                    let _ = interval.count(WallTime::MIN, time);
                }
            }
        }
    }
}
