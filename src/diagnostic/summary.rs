//! One line about all diagnostics together.

use super::{Diagnostic, Severity, Source, escape};

/// More sources than these are counted instead of named.
const MAX_NAMED: usize = 3;

/// Which files, and how much is wrong with them: `jobs.toml: 2 errors, 1 warning`.
///
/// ```
/// use rsched::diagnostic::{Diagnostic, Source, summary};
/// let sources = [Source { name: "jobs.toml".into(), text: String::new() }];
/// let problems = [Diagnostic::error("a", ""), Diagnostic::warning("b", ""), Diagnostic::error("c", "")];
/// assert_eq!(summary(&problems, &sources), "jobs.toml: 2 errors, 1 warning");
/// ```
#[must_use]
pub fn summary(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    format!("{}: {}", names(sources), count(diagnostics))
}

/// How many there are of each kind: `2 errors, 1 warning`; empty for none.
#[must_use]
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    let counts = [
        (errors, Severity::Error),
        (diagnostics.len() - errors, Severity::Warning),
    ];
    let some = counts.into_iter().filter(|(number, _)| *number > 0);
    let words = some.map(|(number, severity)| counted(number, severity.as_str()));
    words.collect::<Vec<_>>().join(", ")
}

/// What the sources are called: each by name, or how many they are.
#[must_use]
pub fn names(sources: &[Source]) -> String {
    if sources.len() > MAX_NAMED {
        return counted(sources.len(), "file");
    }
    let names: Vec<_> = sources.iter().map(|source| escape(&source.name)).collect();
    names.join(", ")
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
