//! What is wrong with a file or expression, where, and what to write instead; and how that is shown.
//!
//! The one idea: a [`Diagnostic`] holds byte spans of the text as it was read, nothing rendered.
//! Lines, columns, underlines and the escaping of hostile text are made by the renderers, from the
//! [`Source`]s the spans point into, so that a terminal, a log line and JSON all tell the same story.
//!
//! ```
//! use rsched::diagnostic::{Diagnostic, Source, render_short};
//! let sources = [Source { name: "jobs.toml".into(), text: "[jobs.a]\nwhen = 5\n".into() }];
//! let problem = Diagnostic::error("unknown_key", "unknown key `when` in `[jobs.a]`")
//!     .at(0, 9..13)
//!     .help("did you mean `cron`?");
//! assert_eq!(
//!     render_short(&[problem], &sources),
//!     "jobs.toml:2:1: error: unknown key `when` in `[jobs.a]` [unknown_key] did you mean `cron`?\n"
//! );
//! ```

mod escape;
mod human;
mod position;
mod record;
mod summary;

pub use escape::{escape, is_invisible, quoted};
pub use human::{MAX_SHOWN, render_human};
pub use position::{Position, position_of};
pub use record::{ascii_controls, render_json, render_short};
pub use summary::{count, names, summary};

use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// It runs, but look.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A text that diagnostics point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path, or `<expression>`, `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Index into the sources.
    pub source: usize,
    /// Bytes.
    pub span: Range<usize>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable `snake_case` code.
    pub code: &'static str,
    /// Lower case, no full stop.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// A short word under the underlined text.
    pub label: Option<String>,
    /// A second place (`first defined here`).
    pub related: Option<(Location, String)>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            location: None,
            label: None,
            related: None,
            help: None,
        }
    }

    /// Where it is: bytes of the source with that index.
    #[must_use]
    pub fn at(mut self, source: usize, span: Range<usize>) -> Self {
        self.location = Some(Location { source, span });
        self
    }

    /// A short word under the underlined text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A second place, with what is to be seen there.
    #[must_use]
    pub fn related(mut self, place: Location, label: impl Into<String>) -> Self {
        self.related = Some((place, label.into()));
        self
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As [`Self::help`], where there may be none.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// As [`Self::label`], where there may be none.
    #[must_use]
    pub fn maybe_label(mut self, label: Option<String>) -> Self {
        self.label = label;
        self
    }

    /// Whether this makes the whole set of files invalid.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts diagnostics in reading order: by source, then by place; what has no place comes last.
/// Equal places keep their order.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(reading_order);
}

fn reading_order(diagnostic: &Diagnostic) -> (usize, usize, usize) {
    diagnostic
        .location
        .as_ref()
        .map_or((usize::MAX, 0, 0), |place| {
            (place.source, place.span.start, place.span.end)
        })
}

/// References in reading order, for the renderers.
fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut all: Vec<&Diagnostic> = diagnostics.iter().collect();
    all.sort_by_key(|diagnostic| reading_order(diagnostic));
    all
}

#[cfg(test)]
mod tests;
