//! Why a text is no trigger: the place, the words, and what to write instead.

use std::ops::Range;

/// Why a text is no trigger; `span` is in bytes of the text that was parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    /// A stable short code such as `value_out_of_range`, for tests and for silencing.
    pub code: &'static str,
    /// The offending bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, lower case, no full stop: names the thing in backticks, what was found, what was expected.
    pub message: String,
    /// A short word under the underlined text (`not 0-59`).
    pub label: Option<String>,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl ScheduleError {
    pub(super) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error in a text in which the parsed part begins at `offset`.
    #[must_use]
    pub fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }
}
