//! `retry = { … }`: how often a run that failed is tried again, and when.

use super::reader::{Entry, Problems};
use super::value::{choice, integer, items, positive_length, table, written, wrong_type};
use crate::diagnostic::quoted;
use crate::time::duration;
use std::time::Duration;
use toml::de::DeValue;

const DEFAULT_DELAY: Duration = Duration::from_secs(10);
const DEFAULT_FACTOR: u32 = 2_000;
/// Where `max_delay` is not given, unless `delay` is longer.
const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(300);

/// Most attempts after the first, and the largest factor: more is a schedule.
const MAX_ATTEMPTS: i64 = 1_000;
const MAX_FACTOR: f64 = 1_000.0;

/// What is done about a run that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    /// How many attempts follow the first, at most.
    pub attempts: u32,
    /// From the end of the first attempt to the start of the second.
    pub delay: Duration,
    /// Each further delay is so many thousandths of the one before it.
    pub factor_thousandths: u32,
    /// No delay is longer.
    pub max_delay: Duration,
    /// Whether one that failed, or could not be started, is tried again.
    pub on_failure: bool,
    /// Whether one that was stopped at its timeout is.
    pub on_timeout: bool,
}

impl Retry {
    /// How long after the end of the attempt before it an attempt starts, the second or a later one.
    ///
    /// ```
    /// use rsched::config::Retry;
    /// use std::time::Duration;
    /// let retry = Retry {
    ///     attempts: 4,
    ///     delay: Duration::from_secs(10),
    ///     factor_thousandths: 1_500,
    ///     max_delay: Duration::from_secs(30),
    ///     on_failure: true,
    ///     on_timeout: true,
    /// };
    /// let delays = [2, 3, 4, 5].map(|attempt| retry.delay_before(attempt).as_secs_f64());
    /// assert_eq!(delays, [10.0, 15.0, 22.5, 30.0]);
    /// ```
    #[must_use]
    pub fn delay_before(&self, attempt: u32) -> Duration {
        let most = self.max_delay.as_micros();
        let mut delay = self.delay.as_micros();
        for _ in 2..attempt {
            if delay >= most {
                break;
            }
            delay = delay.saturating_mul(self.factor_thousandths.into()) / 1_000;
        }
        Duration::from_micros(u64::try_from(delay.min(most)).unwrap_or(u64::MAX))
    }

    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Option<Self> {
        let before = problems.errors();
        let mut own = table(entry, "`retry`".into(), problems)?;
        let attempts = own.take("attempts");
        if attempts.is_none() {
            let problem = entry.key_error("missing_key", "`retry` has no `attempts`");
            problems.push(
                problem.help("add how often a failed run is tried again, as in `attempts = 3`"),
            );
        }
        let attempts = attempts
            .and_then(|entry| integer(&entry, 0..=MAX_ATTEMPTS, problems))
            .and_then(|attempts| u32::try_from(attempts).ok());
        let delay = own
            .take("delay")
            .and_then(|entry| positive_length(&entry, problems))
            .unwrap_or(DEFAULT_DELAY);
        let factor_thousandths = own
            .take("factor")
            .and_then(|entry| factor(&entry, problems))
            .unwrap_or(DEFAULT_FACTOR);
        let max_delay = own.take("max_delay").and_then(|entry| {
            let most = positive_length(&entry, problems)?;
            if most < delay {
                let (most, delay) = (duration::format(most), duration::format(delay));
                let message = format!("`max_delay` is {most}, less than `delay`, which is {delay}");
                problems.push(entry.error("out_of_range", message));
                return None;
            }
            Some(most)
        });
        let (on_failure, on_timeout) = own
            .take("on")
            .and_then(|entry| on(&entry, problems))
            .unwrap_or((true, true));
        own.finish(problems);
        Some(Self {
            attempts: attempts.filter(|_| problems.errors() == before)?,
            delay,
            factor_thousandths,
            max_delay: max_delay.unwrap_or(DEFAULT_MAX_DELAY.max(delay)),
            on_failure,
            on_timeout,
        })
    }
}

/// `factor`, in thousandths.
fn factor(entry: &Entry<'_>, problems: &mut Problems) -> Option<u32> {
    let number: Option<f64> = match entry.value {
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        DeValue::Integer(number) => i32::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(f64::from),
        DeValue::String(text) => text.trim().parse().ok(),
        _ => {
            problems.push(wrong_type(entry, "a number"));
            return None;
        }
    };
    let Some(number) = number.filter(|number| (1.0..=MAX_FACTOR).contains(number)) else {
        let found = quoted(written(entry).trim());
        let message = format!("`factor` is {found}, expected 1 to {MAX_FACTOR}");
        problems.push(entry.error("out_of_range", message));
        return None;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1,000 to 1,000,000, as was just seen"
    )]
    let thousandths = (number * 1_000.0).round() as u32;
    Some(thousandths)
}

/// `on`: whether failures are tried again, and whether timeouts are.
fn on(entry: &Entry<'_>, problems: &mut Problems) -> Option<(bool, bool)> {
    let items = items(entry, "an array of \"failure\" and \"timeout\"", problems)?;
    if items.is_empty() {
        let problem = entry.error(
            "empty",
            "`on` is an empty array: nothing would be tried again",
        );
        problems.push(problem.help("leave `retry` out, or name \"failure\" or \"timeout\""));
        return None;
    }
    let words = [("failure", (true, false)), ("timeout", (false, true))];
    let mut both = (false, false);
    for item in &items {
        let (failure, timeout) = choice(item, &words, problems)?;
        both = (both.0 || failure, both.1 || timeout);
    }
    Some(both)
}
