//! Untrusted text made harmless: no control character and nothing that reorders or hides text
//! reaches a terminal or a log line, and one record stays one line.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest part of a value shown inside a message, in characters.
const MAX_QUOTED_CHARS: usize = 60;

/// Whether a character could move the cursor, end the line, reorder or hide text: C0 and C1
/// controls, DEL, line and paragraph separators, bidirectional controls, zero-width characters.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Whether a character shows as nothing or changes the direction of what follows.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every unsafe character written out (`\n`, `\u{1b}`, `\u{202e}`).
///
/// ```
/// use rsched::diagnostic::escape;
/// assert_eq!(escape("a\x1b[2J\u{202e}b"), "a\\u{1b}[2J\\u{202e}b");
/// assert_eq!(escape("täglich"), "täglich");
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A piece of the user's text for a message: in backticks, escaped, shortened when long.
///
/// ```
/// use rsched::diagnostic::quoted;
/// assert_eq!(quoted("hour"), "`hour`");
/// assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 63);
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{}`", escape(&shown))
}

/// A source line that keeps its columns: each unsafe character becomes one visible character.
/// Tabs stay, the renderer knows them.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if is_unsafe(c) => '\u{fffd}',
        c => c,
    }
}
