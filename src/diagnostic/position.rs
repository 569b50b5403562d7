//! Byte offsets as people count: lines and columns from 1, columns in characters.

use std::ops::Range;

/// A line and column, both counted from 1; the column counts characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// The byte order mark some editors put first; it is no column of the first line.
pub(super) const BOM: char = '\u{feff}';

/// Where a byte offset is. Offsets past the end, or inside a character, count as the nearest
/// character boundary before them; a byte order mark is not counted.
///
/// ```
/// use rsched::diagnostic::{Position, position_of};
/// assert_eq!(position_of("a\nöb", 4), Position { line: 2, column: 2 });
/// ```
#[must_use]
pub fn position_of(text: &str, offset: usize) -> Position {
    Cursor::default().position(text, offset)
}

/// Counts on from the last place asked for, so that the places of a whole file, asked in order,
/// cost one walk through it however many there are.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    offset: usize,
    at: Position,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            offset: 0,
            at: Position { line: 1, column: 1 },
        }
    }
}

impl Cursor {
    /// The text must be the same one at every call.
    pub(super) fn position(&mut self, text: &str, offset: usize) -> Position {
        let offset = floor_boundary(text, offset);
        if offset < self.offset {
            *self = Self::default();
        }
        let passed = &text[self.offset..offset];
        let passed = if self.offset == 0 {
            passed.strip_prefix(BOM).unwrap_or(passed)
        } else {
            passed
        };
        match passed.rfind('\n') {
            Some(at) => {
                self.at.line += passed.bytes().filter(|byte| *byte == b'\n').count();
                self.at.column = passed[at + 1..].chars().count() + 1;
            }
            None => self.at.column += passed.chars().count(),
        }
        self.offset = offset;
        self.at
    }
}

/// The largest character boundary not after `offset`.
pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A span inside the text, on character boundaries, whatever was asked for.
pub(super) fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = floor_boundary(text, span.start);
    let end = floor_boundary(text, span.end).max(start);
    start..end
}
