//! Notices that the wall clock was set, from the two clocks of each `Now` alone.
//!
//! The kernel wakes the daemon when the clock is set, but that sign comes late or not at all after
//! a suspend, and also comes when nothing changed (a leap second, "set to the same time"). The
//! difference of the two clocks is the fact itself.

use crate::time::Now;
use std::time::Duration;

/// Smaller changes are slewing, a leap second's smear, or the time between the two readings.
const SMALLEST_STEP: Duration = Duration::from_secs(1);

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockStep {
    /// By this much.
    Forward(Duration),
    /// By this much.
    Backward(Duration),
}

/// Remembers how far apart the clocks were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockWatch {
    difference: Option<i64>,
}

impl ClockWatch {
    /// The step since the last call, if there was one. The first call never sees one.
    pub fn observe(&mut self, now: Now) -> Option<ClockStep> {
        let difference = now.wall.as_micros().saturating_sub(now.boot.as_micros());
        let before = self.difference.replace(difference)?;
        let by = Duration::from_micros(difference.abs_diff(before));
        if by < SMALLEST_STEP {
            None
        } else if difference > before {
            Some(ClockStep::Forward(by))
        } else {
            Some(ClockStep::Backward(by))
        }
    }
}
