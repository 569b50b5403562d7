//! The clocks: the only reads of them in the whole program, so that everything else can be run
//! under any time a test likes.

use crate::time::{BootTime, Now, WallTime};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// Reads the wall clock and the boot clock, both rounded down to the microsecond.
///
/// ```
/// let earlier = rsched::sys::clock::read();
/// assert!(rsched::sys::clock::read().boot >= earlier.boot);
/// ```
#[must_use]
pub fn read() -> Now {
    Now {
        wall: WallTime::from_micros(micros_of(ClockId::CLOCK_REALTIME)),
        boot: BootTime::from_micros(micros_of(ClockId::CLOCK_BOOTTIME)),
    }
}

/// Microseconds on `CLOCK_MONOTONIC`, which systemd compares a `RELOADING=1` with (`sd_notify(3)`)
/// and which nothing else here uses.
#[must_use]
pub fn monotonic_micros() -> i64 {
    micros_of(ClockId::CLOCK_MONOTONIC)
}

fn micros_of(clock: ClockId) -> i64 {
    // clock_gettime(2): EINVAL for an unknown clock and EFAULT are its only errors.
    floor_to_micros(clock_gettime(clock).expect("Linux has had these clocks since 2.6.39"))
}

/// The nanoseconds of a `timespec` count forward from its seconds, before 1970 too, so cutting
/// them off is rounding down.
fn floor_to_micros(at: TimeSpec) -> i64 {
    at.tv_sec()
        .saturating_mul(1_000_000)
        .saturating_add(at.tv_nsec() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_down_on_both_sides_of_1970() {
        assert_eq!(floor_to_micros(TimeSpec::new(1, 1_999)), 1_000_001);
        assert_eq!(floor_to_micros(TimeSpec::new(-1, 999_999_999)), -1);
    }

    #[test]
    fn the_boot_clock_never_goes_back() {
        let mut last = read().boot;
        for _ in 0..1_000 {
            let now = read().boot;
            assert!(now >= last);
            last = now;
        }
    }
}
