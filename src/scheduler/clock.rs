//! Notices that the wall clock was set, from the two clocks of each `Now` alone.
//!
//! The kernel wakes the daemon when the clock is set, but that sign comes late or not at all after
//! a suspend, and also comes when nothing changed (a leap second, "set to the same time"). The
//! difference of the two clocks is the fact itself.
//!
//! Some kernels give no sign at all. What was due between such a step and the next look is on the clock no
//! more, but it was due: the step is taken to have happened right behind the look before.

use crate::time::Now;
use std::time::Duration;

/// Smaller changes are slewing, a leap second's smear, or the time between the two readings. That time is
/// why it is not a second: a leap second is one, and would be a step or none by chance.
const SMALLEST_STEP: Duration = Duration::from_millis(900);

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockStep {
    /// By this much.
    Forward(Duration),
    /// By this much, and so long ago at most that what came due since is still to be judged.
    Backward { by: Duration, unseen: Duration },
}

/// Remembers what the clocks were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClockWatch {
    last: Option<Now>,
    /// Nobody wakes us when the clock is set.
    steps_are_untold: bool,
}

impl ClockWatch {
    /// There will be no sign of steps.
    pub fn expect_no_sign(&mut self) {
        self.steps_are_untold = true;
    }

    /// The step since the last call, if there was one. The first call never sees one.
    pub fn observe(&mut self, now: Now) -> Option<ClockStep> {
        let last = self.last.replace(now)?;
        let [difference, before] = [now, last].map(difference);
        let by = Duration::from_micros(difference.abs_diff(before));
        if by < SMALLEST_STEP {
            None
        } else if difference > before {
            Some(ClockStep::Forward(by))
        } else {
            let unseen = if self.steps_are_untold {
                now.boot.saturating_since(last.boot)
            } else {
                Duration::ZERO
            };
            Some(ClockStep::Backward { by, unseen })
        }
    }
}

/// How far apart the two clocks are.
fn difference(now: Now) -> i64 {
    now.wall.as_micros().saturating_sub(now.boot.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{BootTime, WallTime};

    #[test]
    fn a_leap_second_is_a_step_however_the_clocks_were_read() {
        for between_readings in [-300, 0, 300] {
            let mut watch = ClockWatch::default();
            let at = |wall, boot| Now {
                wall: WallTime::from_micros(wall),
                boot: BootTime::from_micros(boot),
            };
            assert_eq!(watch.observe(at(1_767_225_600_000_000, 60_000_000)), None);
            let step = watch.observe(at(1_767_225_600_500_000, 61_500_000 + between_readings));
            let by = Duration::from_micros(1_000_000_u64.saturating_add_signed(between_readings));
            let unseen = Duration::ZERO;
            assert_eq!(step, Some(ClockStep::Backward { by, unseen }));
        }
    }
}
