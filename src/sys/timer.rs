//! Timers that become readable at an instant of one of the two clocks.
//!
//! The idea: deadlines are absolute, so that neither a slow turn of the loop nor a suspend
//! shifts them, and the wall timer is cancelled by the kernel when the clock is set, so that a
//! step is noticed at once and not at the next deadline (`timerfd_create(2)`).

use crate::time::{BootTime, WallTime};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// 2200-01-01: later than every deadline that matters, and well inside the kernel's 292 years.
const FAR_FUTURE_MICROS: i64 = 7_258_118_400_000_000;

/// What a timer had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerEvent {
    /// The instant it was armed for has come.
    Expired,
    /// Somebody set the wall clock; possibly to the same time (a leap second does so too).
    ClockSet,
    /// Nothing happened.
    Nothing,
}

/// A timer on `CLOCK_REALTIME` that also notices when that clock is set.
#[derive(Debug)]
pub struct WallTimer {
    timer: TimerFd,
    notices_steps: bool,
}

impl WallTimer {
    /// A timer that is armed for the far future.
    ///
    /// # Errors
    /// No descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        let timer = new_timer(ClockId::CLOCK_REALTIME)?;
        let mut timer = Self {
            timer,
            notices_steps: true,
        };
        timer.arm(None)?;
        Ok(timer)
    }

    /// Arms it for `at`, or for a far date, so that steps of the clock are noticed in any case.
    ///
    /// Microseconds are whole nanoseconds to the kernel, so it never wakes early.
    ///
    /// Says [`TimerEvent::ClockSet`] when the clock was set since the last look: arming swallows
    /// that news (`timerfd_settime` answers ECANCELED, having armed the timer all the same), and
    /// the descriptor will not tell it again.
    ///
    /// # Errors
    /// Whatever `timerfd_settime` says beside that.
    pub fn arm(&mut self, at: Option<WallTime>) -> io::Result<TimerEvent> {
        let at = at.map_or(FAR_FUTURE_MICROS, WallTime::as_micros);
        let mut flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME;
        if self.notices_steps {
            flags |= TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        }
        match self.timer.set(expiration(at), flags) {
            Ok(()) => Ok(TimerEvent::Nothing),
            Err(Errno::ECANCELED) => Ok(TimerEvent::ClockSet),
            // A sandbox may know timers but not this flag. A timer that cannot notice steps is
            // better than none, for a caller that looks at the clock from time to time.
            Err(Errno::EINVAL) if self.notices_steps => {
                self.notices_steps = false;
                self.timer
                    .set(expiration(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
                Ok(TimerEvent::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the kernel lets this timer notice that the clock was set. If not, only whoever looks at
    /// both clocks finds out.
    #[must_use]
    pub fn notices_steps(&self) -> bool {
        self.notices_steps
    }

    /// Reads what happened, so that the descriptor is no longer readable. Never blocks.
    ///
    /// # Errors
    /// Whatever `read` says beside EAGAIN and ECANCELED.
    pub fn acknowledge(&self) -> io::Result<TimerEvent> {
        acknowledge(&self.timer)
    }
}

impl AsFd for WallTimer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

/// A timer on `CLOCK_BOOTTIME`: counts through suspend and cannot be set.
#[derive(Debug)]
pub struct BootTimer {
    timer: TimerFd,
}

impl BootTimer {
    /// A timer that is not armed.
    ///
    /// # Errors
    /// No descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            timer: new_timer(ClockId::CLOCK_BOOTTIME)?,
        })
    }

    /// Arms it for `at`, or disarms it.
    ///
    /// # Errors
    /// Whatever `timerfd_settime` says.
    pub fn arm(&mut self, at: Option<BootTime>) -> io::Result<()> {
        match at {
            None => self.timer.unset()?,
            Some(at) => self.timer.set(
                expiration(at.as_micros()),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            )?,
        }
        Ok(())
    }

    /// Reads whether it expired, so that the descriptor is no longer readable. Never blocks.
    ///
    /// # Errors
    /// Whatever `read` says beside EAGAIN.
    pub fn acknowledge(&self) -> io::Result<TimerEvent> {
        acknowledge(&self.timer)
    }
}

impl AsFd for BootTimer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

fn new_timer(clock: ClockId) -> io::Result<TimerFd> {
    Ok(TimerFd::new(
        clock,
        TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
    )?)
}

/// Zero would disarm the timer and a negative time is refused (`timerfd_settime(2)`): an instant
/// long past is the first microsecond of 1970.
fn expiration(micros: i64) -> Expiration {
    let micros = micros.clamp(1, FAR_FUTURE_MICROS);
    Expiration::OneShot(TimeSpec::new(
        micros / 1_000_000,
        micros % 1_000_000 * 1_000,
    ))
}

fn acknowledge(timer: &TimerFd) -> io::Result<TimerEvent> {
    let mut expirations = [0; 8];
    loop {
        return match nix::unistd::read(timer, &mut expirations) {
            Ok(_) => Ok(TimerEvent::Expired),
            Err(Errno::EAGAIN) => Ok(TimerEvent::Nothing),
            Err(Errno::ECANCELED) => Ok(TimerEvent::ClockSet),
            Err(Errno::EINTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::time::Duration;

    fn becomes_readable(timer: &impl AsFd) -> bool {
        let mut fds = [PollFd::new(timer.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(10_000_u16)).unwrap() == 1
    }

    #[test]
    fn the_wall_timer_wakes_at_its_instant_and_not_before() {
        let mut timer = WallTimer::new().unwrap();
        for micros in [1, 300, 2_345] {
            let at = clock::read().wall + Duration::from_micros(micros);
            timer.arm(Some(at)).unwrap();
            assert!(becomes_readable(&timer));
            assert!(clock::read().wall >= at);
            assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Expired);
            assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Nothing);
        }
    }

    #[test]
    fn the_boot_timer_wakes_at_its_instant_and_not_before() {
        let mut timer = BootTimer::new().unwrap();
        let at = clock::read().boot + Duration::from_micros(777);
        timer.arm(Some(at)).unwrap();
        assert!(becomes_readable(&timer));
        assert!(clock::read().boot >= at);
        assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Expired);
    }

    #[test]
    fn instants_long_past_expire_at_once() {
        let mut timer = WallTimer::new().unwrap();
        for at in [
            WallTime::MIN,
            WallTime::from_micros(-1),
            WallTime::from_micros(0),
        ] {
            timer.arm(Some(at)).unwrap();
            assert!(becomes_readable(&timer), "{at:?}");
            assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Expired);
        }
    }

    #[test]
    fn no_deadline_and_the_end_of_time_are_accepted_and_stay_silent() {
        let mut timer = WallTimer::new().unwrap();
        for at in [None, Some(WallTime::MAX)] {
            timer.arm(at).unwrap();
            assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Nothing);
            // Armed all the same, or steps of the clock would go unnoticed.
            assert!(timer.timer.get().unwrap().is_some());
        }
        assert!(timer.notices_steps());
    }

    #[test]
    fn a_disarmed_boot_timer_forgets_its_instant() {
        let mut timer = BootTimer::new().unwrap();
        timer.arm(Some(BootTime::from_micros(1))).unwrap();
        assert!(becomes_readable(&timer));
        timer.arm(None).unwrap();
        assert_eq!(timer.acknowledge().unwrap(), TimerEvent::Nothing);
    }
}
