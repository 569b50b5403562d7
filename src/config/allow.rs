//! `allow = ["code", …]`: warnings that somebody has seen and does not want to see again.

use super::reader::{Entry, Problems};
use super::value::{choice, items};
use crate::diagnostic::Diagnostic;

/// Every warning there is, by its code.
pub(super) const CODES: [(&str, &str); 10] = [
    ("all_never_agrees", "all_never_agrees"),
    ("bare_end_date", "bare_end_date"),
    ("both_days", "both_days"),
    ("either_day", "either_day"),
    ("jitter_over_period", "jitter_over_period"),
    ("never_fires", "never_fires"),
    ("offset_change", "offset_change"),
    ("same_job", "same_job"),
    ("step_exceeds_range", "step_exceeds_range"),
    ("uneven_step", "uneven_step"),
];

/// The warnings that are silenced. Errors never are, whatever their code.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed(Vec<&'static str>);

impl Allowed {
    /// Reads an array of codes.
    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Self {
        let codes = items(entry, "an array of codes", problems).unwrap_or_default();
        Self(
            codes
                .iter()
                .filter_map(|code| choice(code, &CODES, problems))
                .collect(),
        )
    }

    /// Whether a warning of that code is silenced here or in one of the tables around.
    pub(super) fn silences(all: &[&Self], code: &str) -> bool {
        all.iter().any(|allowed| allowed.0.contains(&code))
    }

    /// Whether it is to be shown, for all that is silenced.
    pub(super) fn show(all: &[&Self], problem: &Diagnostic) -> bool {
        problem.is_error() || !Self::silences(all, problem.code)
    }
}
