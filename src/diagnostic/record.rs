//! Diagnostics for programs: one line each, or one JSON array.

use super::escape::is_unsafe;
use super::position::{Cursor, clamp};
use super::{Diagnostic, Location, Position, Source, escape, sorted};
use serde::Serialize;
use std::fmt::Write as _;

/// One line each, in reading order: `jobs.toml:3:9: error: message [code] help`.
/// What has no place starts with its severity. Ends with a line end unless empty.
#[must_use]
pub fn render_short(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let mut out = String::new();
    let mut places = Places::new(sources);
    for diagnostic in sorted(diagnostics) {
        if let Some(place) = places.of(diagnostic.location.as_ref()) {
            // Writing to a String cannot fail, here and below.
            let _ = write!(
                out,
                "{}:{}:{}: ",
                escape(place.file),
                place.start.line,
                place.start.column
            );
        }
        let _ = write!(
            out,
            "{}: {} [{}]",
            diagnostic.severity.as_str(),
            escape(&diagnostic.message),
            diagnostic.code
        );
        if let Some(help) = &diagnostic.help {
            let _ = write!(out, " {}", escape(help));
        }
        out.push('\n');
    }
    out
}

/// One array of objects in reading order: `severity`, `code`, `message`, `file`, `line`, `column`,
/// `end_line`, `end_column` (exclusive), `help`. Lines and columns count from 1; what is unknown is
/// null. Characters that could act on a terminal are written as `\uXXXX`, which JSON readers undo.
///
/// # Panics
/// Never: plain records always serialise.
#[must_use]
pub fn render_json(diagnostics: &[Diagnostic], sources: &[Source]) -> String {
    let mut places = Places::new(sources);
    let records: Vec<Record> = sorted(diagnostics)
        .into_iter()
        .map(|diagnostic| Record::new(diagnostic, places.of(diagnostic.location.as_ref()).as_ref()))
        .collect();
    let json = serde_json::to_string_pretty(&records).expect("plain records always serialise");
    ascii_controls(&json)
}

#[derive(Serialize)]
struct Record<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    help: Option<&'a str>,
}

impl<'a> Record<'a> {
    fn new(diagnostic: &'a Diagnostic, place: Option<&Place<'a>>) -> Self {
        Self {
            severity: diagnostic.severity.as_str(),
            code: diagnostic.code,
            message: &diagnostic.message,
            file: place.map(|place| place.file),
            line: place.map(|place| place.start.line),
            column: place.map(|place| place.start.column),
            end_line: place.map(|place| place.end.line),
            end_column: place.map(|place| place.end.column),
            help: diagnostic.help.as_deref(),
        }
    }
}

struct Place<'a> {
    file: &'a str,
    start: Position,
    end: Position,
}

/// Finds the places of diagnostics in reading order in one walk per source.
struct Places<'a> {
    sources: &'a [Source],
    cursors: Vec<Cursor>,
}

impl<'a> Places<'a> {
    fn new(sources: &'a [Source]) -> Self {
        Self {
            sources,
            cursors: vec![Cursor::default(); sources.len()],
        }
    }

    fn of(&mut self, location: Option<&Location>) -> Option<Place<'a>> {
        let location = location?;
        let source = self.sources.get(location.source)?;
        let cursor = self.cursors.get_mut(location.source)?;
        let span = clamp(&source.text, &location.span);
        let start = cursor.position(&source.text, span.start);
        // A copy walks to the end, so that the next start is not before the cursor.
        let end = cursor.clone().position(&source.text, span.end);
        Some(Place {
            file: &source.name,
            start,
            end,
        })
    }
}

/// JSON with what acts on a terminal written as `\uXXXX`, which its readers undo.
///
/// `serde_json` escapes C0 alone; the rest of what acts on a terminal can only stand inside strings,
/// so replacing it in the finished text keeps the JSON valid and its meaning the same.
#[must_use]
pub fn ascii_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
