//! The set of calendar years a cron table names.

use super::field::{FIRST_YEAR, LAST_YEAR};
use super::item::Progression;

const WORDS: usize = (LAST_YEAR as usize - FIRST_YEAR as usize) / 64 + 1;

/// A set of years from 1970 to 9999, one bit each: 1 KiB, only there where a year is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct YearSet {
    words: [u64; WORDS],
}

impl YearSet {
    pub(super) fn empty() -> Self {
        Self { words: [0; WORDS] }
    }

    pub(super) fn add(&mut self, years: Progression) {
        for year in (years.first..=years.last).step_by(usize::from(years.step)) {
            let index = usize::from(year.saturating_sub(FIRST_YEAR));
            if let Some(word) = self.words.get_mut(index / 64) {
                *word |= 1 << (index % 64);
            }
        }
    }

    /// The years of both sets.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut words = self.words;
        for (word, other) in words.iter_mut().zip(other.words) {
            *word &= other;
        }
        Self { words }
    }

    /// The first year of the set that is not before `year`.
    pub(super) fn first_from(&self, year: i32) -> Option<i32> {
        let index = usize::try_from((year - i32::from(FIRST_YEAR)).max(0)).ok()?;
        let mut mask = u64::MAX << (index % 64);
        for (number, word) in self.words.iter().enumerate().skip(index / 64) {
            if word & mask != 0 {
                return year_at(number, (word & mask).trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    /// The last year of the set that is not after `year`.
    pub(super) fn last_until(&self, year: i32) -> Option<i32> {
        let last = year.min(i32::from(LAST_YEAR)) - i32::from(FIRST_YEAR);
        let index = usize::try_from(last).ok()?;
        let mut mask = u64::MAX >> (63 - index % 64);
        for number in (0..=index / 64).rev() {
            let word = self.words[number] & mask;
            if word != 0 {
                return year_at(number, word.ilog2());
            }
            mask = u64::MAX;
        }
        None
    }

    /// The years, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = i32> {
        let mut next = i32::from(FIRST_YEAR);
        std::iter::from_fn(move || {
            let year = self.first_from(next)?;
            next = year + 1;
            Some(year)
        })
    }
}

fn year_at(word: usize, bit: u32) -> Option<i32> {
    let word = i32::try_from(word).ok()?;
    Some(i32::from(FIRST_YEAR) + word * 64 + i32::try_from(bit).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_both_directions_up_to_both_ends() {
        let mut years = YearSet::empty();
        years.add(Progression {
            first: 1970,
            last: 9999,
            step: 8029,
        });
        years.add(Progression {
            first: 2024,
            last: 2040,
            step: 4,
        });
        assert_eq!(
            years.iter().collect::<Vec<_>>(),
            [1970, 2024, 2028, 2032, 2036, 2040, 9999]
        );
        assert_eq!(years.first_from(i32::MIN / 2), Some(1970));
        assert_eq!(years.first_from(2025), Some(2028));
        assert_eq!(years.first_from(10_000), None);
        assert_eq!(years.last_until(1969), None);
        assert_eq!(years.last_until(2027), Some(2024));
        assert_eq!(years.last_until(i32::MAX), Some(9999));
    }
}
