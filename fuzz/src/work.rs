//! How much work an input may cause: a millisecond for each KB of it.
//!
//! Time is that of the thread, so that a busy machine slows nothing, and an input that takes too
//! long is tried again: the shortest time counts, which leaves out what is done once in a process.
//! A machine whose cores and caches are shared is slower all the same: `fuzz/run -p` is for those.

use nix::time::{ClockId, clock_gettime};
use rsched::schedule::{ScheduleSpec, Trigger};
use std::cell::Cell;
use std::sync::LazyLock;
use std::time::Duration;

/// What a KB of input may take.
const PER_KB: Duration = Duration::from_millis(1);
/// What one question to a schedule or zone may take, whatever its text.
const PER_QUESTION: Duration = Duration::from_millis(1);
/// How many such questions the lints of a schedule ask: is there a fire before and behind, and what
/// becomes of those at the next changes of the clocks. A schedule of which all fires lie in gaps needs
/// most of the time of one to find no other.
const QUESTIONS_OF_LINTS: u32 = 12;
/// What a count of fires may take, over thousands of years too.
const PER_COUNT: Duration = Duration::from_millis(100);
/// What the search for what an `all` or `except` leaves may take, in a build with all its checks.
const PER_LEAPING: Duration = Duration::from_millis(40);
/// Tries of what took too long.
const TRIES: usize = 5;
/// Shorter than this is not worth a line, whatever the input.
const WORTH_A_LINE: f64 = 0.05;

/// By how much more than these bounds work may take: `RSCHED_FUZZ_PATIENCE`, 1 by default.
static PATIENCE: LazyLock<u32> = LazyLock::new(|| match std::env::var("RSCHED_FUZZ_PATIENCE") {
    Ok(factor) => factor.parse().expect("a factor: 1, 2, …"),
    Err(_) => 1,
});

thread_local! {
    /// The slowest so far, in ms per KB.
    static SLOWEST: Cell<f64> = const { Cell::new(WORTH_A_LINE) };
}

/// Does work on an input, and panics if it takes more than a millisecond for each KB begun (times
/// the patience).
///
/// # Panics
/// If it takes longer.
pub fn bounded<T>(what: &str, bytes: usize, work: impl FnMut() -> T) -> T {
    bounded_with(what, bytes, Leaps::none(), work)
}

/// As [`bounded`], for a text that may have parts which leap.
///
/// # Panics
/// If it takes longer.
pub fn bounded_text<T>(what: &str, text: &str, work: impl FnMut() -> T) -> T {
    bounded_with(what, text.len(), Leaps::of_text(text), work)
}

/// As [`bounded`], of a text that has so many parts which leap.
fn bounded_with<T>(what: &str, bytes: usize, leaps: Leaps, work: impl FnMut() -> T) -> T {
    let kilobytes = u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
    // Each of them is asked, by itself and by the one around it, for the first and last of its fires.
    let allowed = (PER_KB * kilobytes + PER_LEAPING * leaps.0 * 6) * *PATIENCE;
    let (result, took) = timed(allowed, work);
    let per_kb = took.as_secs_f64() * 1e3 / f64::from(kilobytes);
    if leaps.0 == 0 && SLOWEST.get() * 1.1 < per_kb {
        SLOWEST.set(per_kb);
        eprintln!("slowest: {per_kb:.3} ms per KB, {what} of {bytes} bytes");
    }
    assert!(
        took <= allowed,
        "too slow: {what} of {bytes} bytes takes {per_kb:.3} ms per KB"
    );
    result
}

/// How many `all` and `except` a schedule has: the search for what such a part leaves ends after a
/// number of leaps, and takes that long where nothing is left.
#[derive(Clone, Copy)]
pub struct Leaps(u32);

impl Leaps {
    /// Of what has no parts.
    #[must_use]
    pub fn none() -> Self {
        Self(0)
    }

    /// Of what has to be as patient.
    #[must_use]
    pub fn one() -> Self {
        Self(1)
    }

    /// Those of a schedule.
    #[must_use]
    pub fn of(spec: &ScheduleSpec) -> Self {
        let mut trigger = &spec.trigger;
        let mut leaps = 0;
        while let Trigger::Except { trigger: inner, .. } = trigger {
            trigger = inner;
            leaps += 1;
        }
        leaps += u32::from(matches!(trigger, Trigger::All(_)));
        if let Trigger::Any(parts) | Trigger::All(parts) = trigger {
            leaps += parts.iter().map(|part| Self::of(part).0).sum::<u32>();
        }
        Self(leaps)
    }

    /// At least those of the schedules in a text.
    fn of_text(text: &str) -> Self {
        let words = text.matches("all").count() + text.matches("except").count();
        Self(u32::try_from(words).unwrap_or(u32::MAX))
    }

    /// Whether there are any.
    #[must_use]
    pub fn any(self) -> bool {
        self.0 > 0
    }

    /// Asks a question whose answer may not depend on the length of a text, and panics if it takes
    /// long.
    ///
    /// # Panics
    /// If it takes more than a millisecond, besides the leaps.
    pub fn bounded<T>(self, what: &str, work: impl FnMut() -> T) -> T {
        self.within(PER_QUESTION, what, work)
    }

    /// Asks for the lints of a schedule, and panics if that takes long.
    ///
    /// # Panics
    /// If it takes more than the questions it asks may take.
    pub fn bounded_lints<T>(self, work: impl FnMut() -> T) -> T {
        self.within(PER_QUESTION * QUESTIONS_OF_LINTS, "lints", work)
    }

    /// Counts fires between any two instants, and panics if that takes long.
    ///
    /// # Panics
    /// If it takes more than a tenth of a second, besides the leaps.
    pub fn bounded_count<T>(self, work: impl FnMut() -> T) -> T {
        self.within(PER_COUNT, "a count", work)
    }

    fn within<T>(self, allowed: Duration, what: &str, work: impl FnMut() -> T) -> T {
        let allowed = (allowed + PER_LEAPING * self.0 * 3) * *PATIENCE;
        let (result, took) = timed(allowed, work);
        assert!(took <= allowed, "too slow: {what} takes {took:?}");
        result
    }
}

/// The result, and the shortest time it took in as many tries as it takes to be allowed.
fn timed<T>(allowed: Duration, mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut shortest = Duration::MAX;
    for _ in 1..TRIES {
        let (result, took) = timed_once(&mut work);
        shortest = shortest.min(took);
        if shortest <= allowed {
            return (result, shortest);
        }
    }
    let (result, took) = timed_once(&mut work);
    (result, shortest.min(took))
}

fn timed_once<T>(work: &mut impl FnMut() -> T) -> (T, Duration) {
    let begin = thread_time();
    let result = work();
    (result, thread_time().saturating_sub(begin))
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every thread has this clock");
    now.into()
}
