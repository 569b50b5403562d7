//! How often which outcome came about.

use super::record::Outcome;

/// A number for each outcome, in few bytes: there is one of these for each of a hundred thousand jobs.
///
/// ```
/// use rsched::scheduler::{Outcome, OutcomeCounts};
/// let mut counts = OutcomeCounts::default();
/// counts.add(Outcome::Missed, 3);
/// counts.add(Outcome::Succeeded, 1);
/// counts.add(Outcome::Missed, 4);
/// assert_eq!(counts.of(Outcome::Missed), 7);
/// let all: Vec<_> = counts.iter().collect();
/// assert_eq!(all, [(Outcome::Succeeded, 1), (Outcome::Missed, 7)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts([u64; Outcome::ALL.len()]);

impl OutcomeCounts {
    /// So many more.
    pub fn add(&mut self, outcome: Outcome, count: u64) {
        let sum = &mut self.0[outcome as usize];
        *sum = sum.saturating_add(count);
    }

    /// How many there are.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    /// Those that there are any of, in the order of [`Outcome::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> {
        let all = Outcome::ALL.into_iter();
        all.map(|outcome| (outcome, self.of(outcome)))
            .filter(|&(_, count)| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_place_of_its_own() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }
}
