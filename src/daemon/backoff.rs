//! When a start is tried again that the machine has no room for.

use crate::time::BootTime;
use std::time::Duration;

/// How long it is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// Before the first try after a failed one: a program that is being written is there in a moment.
const FIRST_DELAY: Duration = Duration::from_millis(50);

/// Each delay is twice the one before, up to this.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// The tries of one start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    since: BootTime,
    delay: Duration,
}

/// What follows a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterTry {
    /// Another one, at that time.
    Again(BootTime),
    /// None, after so many seconds of trying.
    NoMore(u64),
}

impl Backoff {
    /// Of a start that is tried now for the first time.
    pub fn begin(now: BootTime) -> Self {
        Self {
            since: now,
            delay: FIRST_DELAY,
        }
    }

    /// Whether no try has failed yet.
    pub fn is_fresh(&self) -> bool {
        self.delay == FIRST_DELAY
    }

    /// A try has failed.
    pub fn failed(&mut self, now: BootTime) -> AfterTry {
        let waited = now.saturating_since(self.since);
        if waited >= PATIENCE {
            return AfterTry::NoMore(waited.as_secs());
        }
        let at = now + self.delay;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        AfterTry::Again(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tries_get_rarer_and_come_to_an_end() {
        let start = BootTime::from_micros(0);
        let mut backoff = Backoff::begin(start);
        assert!(backoff.is_fresh());
        let (mut now, mut tries) = (start, 0);
        let gave_up_after = loop {
            match backoff.failed(now) {
                AfterTry::Again(at) => now = at,
                AfterTry::NoMore(seconds) => break seconds,
            }
            assert!(!backoff.is_fresh());
            tries += 1;
        };
        assert_eq!((gave_up_after, tries), (31, 20));
    }
}
