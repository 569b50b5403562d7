//! `success_codes`: with which exit codes a run succeeded.

use super::reader::{Entry, Problems};
use super::value::{integer, items};
use std::fmt;

/// A set of exit codes, 0 to 255.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExitCodes {
    bits: [u64; 4],
}

impl ExitCodes {
    /// Whether this code is among them.
    ///
    /// ```
    /// use rsched::config::ExitCodes;
    /// let usual = ExitCodes::default();
    /// assert!(usual.contains(0) && !usual.contains(1) && !usual.contains(256));
    /// ```
    #[must_use]
    pub fn contains(&self, code: i32) -> bool {
        u8::try_from(code)
            .is_ok_and(|code| self.bits[usize::from(code / 64)] >> (code % 64) & 1 == 1)
    }

    /// The codes, in order.
    pub fn iter(&self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(|&code| self.contains(code.into()))
    }

    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Option<Self> {
        let items = items(entry, "an array of exit codes, as in [0, 3]", problems)?;
        if items.is_empty() {
            let message = "`success_codes` is an empty array: no run could succeed";
            let problem = entry.error("empty", message);
            problems.push(problem.help("name the codes, or leave it out: 0 is success then"));
            return None;
        }
        let codes: Vec<Option<u8>> = items
            .iter()
            .map(|item| u8::try_from(integer(item, 0..=255, problems)?).ok())
            .collect();
        codes.into_iter().collect()
    }
}

impl Default for ExitCodes {
    /// Only 0.
    fn default() -> Self {
        Self::from_iter([0])
    }
}

impl FromIterator<u8> for ExitCodes {
    fn from_iter<T: IntoIterator<Item = u8>>(codes: T) -> Self {
        let mut bits = [0; 4];
        for code in codes {
            bits[usize::from(code / 64)] |= 1 << (code % 64);
        }
        Self { bits }
    }
}

impl fmt::Debug for ExitCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
