//! The last of what a run printed, in bounded memory.

use std::collections::VecDeque;

/// The last bytes of an output, and how many there were in all.
///
/// ```
/// use rsched::process::OutputTail;
/// let mut tail = OutputTail::of_at_most(4);
/// tail.push(b"abc");
/// tail.push(b"def");
/// assert_eq!((tail.bytes().as_slice(), tail.total()), (&b"cdef"[..], 6));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputTail {
    last: VecDeque<u8>,
    limit: usize,
    total: u64,
}

impl OutputTail {
    /// One that keeps so many bytes. It takes memory only for what there is.
    #[must_use]
    pub fn of_at_most(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// More of the output.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        let kept = &bytes[bytes.len().saturating_sub(self.limit)..];
        let excess = (self.last.len() + kept.len()).saturating_sub(self.limit);
        self.last.drain(..excess);
        self.last.extend(kept);
    }

    /// The last bytes, at most as many as are kept. They may begin in the middle of a character.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (first, second) = self.last.as_slices();
        [first, second].concat()
    }

    /// The last of them, at most so many.
    #[must_use]
    pub fn last(&self, limit: usize) -> Vec<u8> {
        let start = self.last.len().saturating_sub(limit);
        self.last.range(start..).copied().collect()
    }

    /// How many bytes there were, kept or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_tail_is_the_end_of_everything(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..20), limit in 0_usize..40,
        ) {
            let mut tail = OutputTail::of_at_most(limit);
            for piece in &pieces {
                tail.push(piece);
                prop_assert!(tail.last.len() <= limit);
            }
            let all = pieces.concat();
            prop_assert_eq!(tail.total(), all.len() as u64);
            prop_assert_eq!(tail.bytes(), &all[all.len().saturating_sub(limit)..]);
            prop_assert_eq!(tail.last(7), &all[all.len().saturating_sub(limit.min(7))..]);
        }
    }

    #[test]
    fn a_flood_costs_no_more_memory_than_the_limit() {
        let mut tail = OutputTail::of_at_most(1_000);
        for _ in 0..1_000 {
            tail.push(&[7; 999]);
        }
        assert!(tail.last.capacity() <= 4_096, "{}", tail.last.capacity());
        assert_eq!(tail.total(), 999_000);
    }
}
