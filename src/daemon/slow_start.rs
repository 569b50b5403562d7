//! When it is said that a start takes suspiciously long, and in which words: once, as what hangs may hang
//! for days.

use crate::config::JobId;
use crate::time::BootTime;
use std::time::Duration;

/// A start that is being prepared for so long is told of.
const PATIENCE: Duration = Duration::from_secs(30);

/// The patience with one preparation.
#[derive(Debug)]
pub(super) struct SlowStart {
    /// When to tell of it, if that was not done.
    tell_at: Option<BootTime>,
}

impl SlowStart {
    /// It begins to be prepared.
    pub(super) fn begin(now: BootTime) -> Self {
        Self {
            tell_at: Some(now + PATIENCE),
        }
    }

    /// When to look again.
    pub(super) fn tell_at(&self) -> Option<BootTime> {
        self.tell_at
    }

    /// Whether it is to be told of now; no second time.
    pub(super) fn is_to_be_told(&mut self, now: BootTime) -> bool {
        self.tell_at.take_if(|at| *at <= now).is_some()
    }
}

/// What is said then.
pub(super) fn message(job: &JobId) -> String {
    format!(
        "Job \"{job}\" does not start: a file or directory that it names, or the state directory, has not answered for {} s, as on a disk that hangs",
        PATIENCE.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preparation_that_takes_thirty_seconds_is_told_of_once() {
        let begin = BootTime::from_micros(7_000_000);
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut start = SlowStart::begin(begin);
        assert_eq!(start.tell_at(), Some(after(30)));
        assert!(!start.is_to_be_told(after(29)));
        assert_eq!(start.tell_at(), Some(after(30)), "asked too early");
        assert!(start.is_to_be_told(after(30)));
        assert_eq!(start.tell_at(), None);
        assert!(!start.is_to_be_told(after(3600)));
    }

    #[test]
    fn the_job_and_the_time_are_named() {
        let job = JobId::parse("backup").unwrap();
        assert_eq!(
            message(&job),
            "Job \"backup\" does not start: a file or directory that it names, or the state directory, has not answered for 30 s, as on a disk that hangs"
        );
    }
}
