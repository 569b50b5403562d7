//! `allow = ["code", …]`: warnings that somebody has seen and does not want to see again.

use super::reader::{Entry, Problems};
use super::value::{choice, items};
use crate::diagnostic::Diagnostic;

/// Every warning there is, by its code.
pub(super) const CODES: [(&str, &str); 12] = [
    ("all_never_agrees", "all_never_agrees"),
    ("bare_end_date", "bare_end_date"),
    ("bare_program", "bare_program"),
    ("both_days", "both_days"),
    ("either_day", "either_day"),
    ("jitter_over_period", "jitter_over_period"),
    ("never_fires", "never_fires"),
    ("offset_change", "offset_change"),
    ("same_job", "same_job"),
    ("sixty_runs", "sixty_runs"),
    ("step_exceeds_range", "step_exceeds_range"),
    ("uneven_step", "uneven_step"),
];

/// As [`CODES`], those of crontabs alone.
pub(super) const CODES_OF_CRONTABS: [&str; 20] = [
    "backward_range",
    "bad_address",
    "bad_random_delay",
    "carriage_return",
    "comment_in_value",
    "continued_line",
    "double_backslash",
    "empty_value",
    "forced_variable",
    "ignored_id",
    "missing_home",
    "missing_newline",
    "program_not_found",
    "quiet_entry",
    "skipped_file",
    "unescaped_percent",
    "unexpanded_variable",
    "unknown_user",
    "user_column",
    "zone_of_commands",
];

/// All of them.
fn codes() -> impl Iterator<Item = &'static str> {
    CODES
        .into_iter()
        .map(|(code, _)| code)
        .chain(CODES_OF_CRONTABS)
}

/// The warnings that are silenced. Errors never are, whatever their code.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed(Vec<&'static str>);

impl Allowed {
    /// Reads an array of codes.
    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Self {
        let known: Vec<_> = codes().map(|code| (code, code)).collect();
        let codes = items(entry, "an array of codes", problems).unwrap_or_default();
        Self(
            codes
                .iter()
                .filter_map(|code| choice(code, &known, problems))
                .collect(),
        )
    }

    /// The codes among the words of a comment; none if there is not one, so that it is no list of codes.
    pub(super) fn of_words<'a>(words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let code = |word| codes().find(|code| *code == word);
        let codes: Vec<_> = words.filter_map(code).collect();
        (!codes.is_empty()).then_some(Self(codes))
    }

    /// Those of them that are among these.
    pub(super) fn codes(&self, of: &[&'static str]) -> Vec<&'static str> {
        of.iter()
            .copied()
            .filter(|code| self.0.contains(code))
            .collect()
    }

    /// These and those of the other.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
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
