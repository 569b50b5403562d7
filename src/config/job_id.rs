//! A job's id: what commands, logs, records and environment variables call a job.

use super::limits::MAX_ID_BYTES;
use crate::diagnostic::quoted;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A job's id: `[A-Za-z0-9_.-]{1,128}`, but not `.` or `..`. Cheap to clone.
///
/// The alphabet makes an id safe as a file name, on a terminal and in a URL, and leaves no two ids
/// that look alike but differ.
///
/// ```
/// use rsched::config::JobId;
/// assert_eq!(JobId::parse("backup.db-1").unwrap().as_str(), "backup.db-1");
/// assert!(JobId::parse("../etc").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(Arc<str>);

/// Why a text is no job id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobIdError {
    /// Nothing there.
    #[error("a job id is empty, expected 1 to {MAX_ID_BYTES} letters, digits, `_`, `.` or `-`")]
    Empty,
    /// Longer than allowed.
    #[error("a job id is {0} bytes long, {MAX_ID_BYTES} are the most")]
    TooLong(usize),
    /// A character that ids do not have.
    #[error(
        "the job id {id} has the character {character}, \
         expected letters (A-Z, a-z), digits, `_`, `.` and `-` only"
    )]
    Character {
        /// The id, in backticks and harmless.
        id: String,
        /// The character with its code point.
        character: String,
    },
    /// `.` or `..`.
    #[error("the job id `{0}` would be a directory, expected a name")]
    Dots(String),
}

impl JobId {
    /// Checks a text.
    ///
    /// # Errors
    /// Anything but 1 to 128 letters, digits, `_`, `.` and `-`; also `.` and `..`.
    pub fn parse(text: &str) -> Result<Self, JobIdError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if text.is_empty() {
            return Err(JobIdError::Empty);
        }
        if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
            let character = if c.is_ascii_graphic() {
                format!("`{c}`")
            } else {
                format!("U+{:04X}", u32::from(c))
            };
            return Err(JobIdError::Character {
                id: quoted(text),
                character,
            });
        }
        if text.len() > MAX_ID_BYTES {
            return Err(JobIdError::TooLong(text.len()));
        }
        if matches!(text, "." | "..") {
            return Err(JobIdError::Dots(text.to_owned()));
        }
        Ok(Self(text.into()))
    }

    /// The id that is the same but for upper case: of ids that differ in nothing else only one may be
    /// there.
    #[must_use]
    pub fn in_lower_case(&self) -> Self {
        if self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Self(self.0.to_ascii_lowercase().into())
        } else {
            self.clone()
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for JobId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_safe_file_name_of_bounded_length() {
        for good in ["a", "A-1_b.c", "...", "0", "-x", &"x".repeat(MAX_ID_BYTES)] {
            assert_eq!(JobId::parse(good).unwrap().to_string(), good);
        }
        let bad = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a b",
            "a\0",
            "b\u{430}ckup",
            "a\u{202e}",
            "a\u{200b}",
        ];
        for bad in bad {
            assert!(JobId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(JobId::parse(&"x".repeat(MAX_ID_BYTES + 1)).is_err());
    }

    #[test]
    fn a_look_alike_letter_is_named_by_its_code_point() {
        let error = JobId::parse("b\u{430}ckup").unwrap_err().to_string();
        assert!(error.contains("U+0430"), "{error}");
    }

    #[test]
    fn ids_are_padded_in_tables() {
        assert_eq!(format!("{:>5}|", JobId::parse("ab").unwrap()), "   ab|");
    }
}
