//! Instants on the two clocks, as two types, so that one can never be taken for the other.
//!
//! `WallTime` (`CLOCK_REALTIME`) decides fires and lateness; it can be stepped. `BootTime`
//! (`CLOCK_BOOTTIME`) measures timeouts and delays; it only goes forward, through suspend too.
//! Both count whole microseconds: exact for every duration a jobs file can express, and wide
//! enough for the year 9999 in 64 bits.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant on the wall clock: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// ```
/// use rsched::time::WallTime;
/// use std::time::Duration;
/// let t = WallTime::from_unix_seconds(60);
/// assert_eq!(t + Duration::from_millis(1_500), WallTime::from_micros(61_500_000));
/// assert_eq!(WallTime::from_micros(-1).unix_seconds(), -1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// Earlier than every fire time.
    pub const MIN: Self = Self(i64::MIN);
    /// Later than every fire time.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the Unix epoch; saturates some 292,000 years away.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The second this instant lies in (rounded down, also before 1970).
    #[must_use]
    #[inline]
    pub const fn unix_seconds(self) -> i64 {
        if self.0 >= 0 {
            // The same, without a sign to mind: every question to a schedule begins here.
            let seconds = self.0.cast_unsigned() / MICROS_PER_SECOND.cast_unsigned();
            return seconds.cast_signed();
        }
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Microseconds past [`Self::unix_seconds`]: 0 to 999,999.
    #[must_use]
    pub const fn subsec_micros(self) -> u32 {
        // In range by the definition of rem_euclid.
        #[expect(clippy::cast_possible_truncation, reason = "0..1_000_000")]
        {
            self.0.rem_euclid(MICROS_PER_SECOND) as u32
        }
    }

    /// How much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        micros_between(earlier.0, self.0)
    }
}

/// An instant on the boot clock: microseconds since the machine started, suspend included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(i64);

impl BootTime {
    /// From microseconds since boot.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since boot.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// How much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        micros_between(earlier.0, self.0)
    }
}

/// One reading of both clocks; everything in one step of the scheduler happens at one `Now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub wall: WallTime,
    /// The boot clock.
    pub boot: BootTime,
}

fn micros_between(earlier: i64, later: i64) -> Duration {
    let micros = i128::from(later) - i128::from(earlier);
    Duration::from_micros(u64::try_from(micros.max(0)).unwrap_or(u64::MAX))
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for WallTime {
    type Output = Self;
    /// Saturates at [`WallTime::MAX`]; parts of a microsecond are dropped.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }
}

impl Sub<Duration> for WallTime {
    type Output = Self;
    /// Saturates at [`WallTime::MIN`]; parts of a microsecond are dropped.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }
}

impl Add<Duration> for BootTime {
    type Output = Self;
    /// Saturates; parts of a microsecond are dropped.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }
}
