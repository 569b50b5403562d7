//! Chance that can be had again: a seed, printed, and what follows from it.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;

/// Numbers that follow from a seed (`SplitMix64`).
pub struct Dice(u64);

impl Dice {
    /// From `RSCHED_CRASH_SEED`, else from one of its own. Tells which.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("RSCHED_CRASH_SEED").ok();
        let given = given.map(|seed| seed.parse().expect("RSCHED_CRASH_SEED is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
        tell(&format!("{test}: RSCHED_CRASH_SEED={seed}"));
        Self(seed)
    }

    /// Others, which follow from a number that these gave.
    pub fn following(number: u64) -> Self {
        Self(number)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to `below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    /// Brings `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = self.roll(index as u64 + 1);
            items.swap(index, usize::try_from(other).unwrap());
        }
    }
}

/// A number from the environment.
pub fn number(variable: &str, usual: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(usual, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number"))
    })
}

/// Past the test harness, which keeps what tests print to itself.
pub fn tell(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}
