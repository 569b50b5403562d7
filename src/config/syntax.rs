//! From text to TOML tree, with the parser's errors in our words.
//!
//! The parser goes on after an error and guesses. Its tree is still read, so that everything is
//! reported in one go; what is found in places the parser guessed at is dropped, since it would
//! blame the user for the guess.

use super::limits::{MAX_DUPLICATE_LOOKUP_BYTES, MAX_DUPLICATE_LOOKUPS, MAX_PROBLEMS};
use crate::diagnostic::{Diagnostic, Location, quoted};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A text as far as it could be read.
pub(super) struct Parsed<'t> {
    /// The tree; with guesses in it if there are problems.
    pub root: DeTable<'t>,
    /// What is no TOML.
    pub problems: Vec<Diagnostic>,
    /// Where the tree is not to be believed.
    doubtful: Vec<Range<usize>>,
}

/// Errors about what is *not* there: in a broken file it may well be.
const ABSENCES: [&str; 4] = [
    "missing_command",
    "missing_key",
    "empty_table",
    "empty_interval",
];

impl Parsed<'_> {
    /// Whether a problem found in the tree is the user's, as far as can be told.
    pub(super) fn is_credible(&self, problem: &Diagnostic) -> bool {
        if self.problems.is_empty() {
            return true;
        }
        let Some(place) = &problem.location else {
            return true;
        };
        let touches = |region: &Range<usize>| {
            place.span.start <= region.end && region.start <= place.span.end
        };
        !ABSENCES.contains(&problem.code) && !self.doubtful.iter().any(touches)
    }
}

/// Parses a whole file.
pub(super) fn parse(index: usize, text: &str) -> Parsed<'_> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    let problems = problems(index, text, &lines, &errors);
    let doubtful = errors
        .iter()
        .take(MAX_PROBLEMS)
        .map(|error| lines.doubtful(text, start_of(error)))
        .collect();
    Parsed {
        root: root.into_inner(),
        problems,
        doubtful,
    }
}

/// Parses a text that is one value.
pub(super) fn parse_value(
    index: usize,
    text: &str,
) -> (toml::Spanned<DeValue<'_>>, Vec<Diagnostic>) {
    let (value, errors) = DeValue::parse_recoverable(text);
    (value, problems(index, text, &Lines::of(text), &errors))
}

/// The first error of each line: the others mostly follow from it.
fn problems(
    index: usize,
    text: &str,
    lines: &Lines,
    errors: &[toml::de::Error],
) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let firsts = errors
        .iter()
        .filter(|error| seen.insert(lines.start_before(start_of(error))))
        .take(MAX_PROBLEMS);
    let firsts: Vec<_> = firsts.collect();
    let clashes = firsts.iter().filter(|error| is_clash(error));
    let stand_ins = StandIns::new(text, clashes.map(|error| span_of(error)));
    let (root, _) = DeTable::parse_recoverable(&stand_ins.text);
    let mut duplicates = Duplicates {
        index,
        text,
        stand_ins: &stand_ins,
        root: root.get_ref(),
        header: None,
    };
    let problems = firsts.into_iter().filter_map(|error| {
        if is_clash(error) {
            duplicates.problem(error)
        } else {
            Some(problem(index, text, error))
        }
    });
    problems.collect()
}

/// Whether an error is about a key that is there already.
fn is_clash(error: &toml::de::Error) -> bool {
    let message = error.message();
    message.starts_with("duplicate key") || message.starts_with("cannot extend")
}

fn span_of(error: &toml::de::Error) -> Range<usize> {
    error.span().unwrap_or(0..0)
}

fn start_of(error: &toml::de::Error) -> usize {
    span_of(error).start
}

/// The line starts of a text.
struct Lines {
    starts: Vec<usize>,
    end: usize,
}

impl Lines {
    fn of(text: &str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(after_newlines).collect(),
            end: text.len(),
        }
    }

    fn number(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    fn start_before(&self, offset: usize) -> usize {
        self.starts.get(self.number(offset)).copied().unwrap_or(0)
    }

    fn range(&self, number: usize) -> Range<usize> {
        let at = |number| self.starts.get(number).copied().unwrap_or(self.end);
        at(number)..at(number + 1)
    }

    /// What an error at `offset` makes doubtful: its line; of a header all the lines it is of.
    fn doubtful(&self, text: &str, offset: usize) -> Range<usize> {
        let is_header = |line: Range<usize>| text[line].trim_start().starts_with('[');
        let first = self.number(offset);
        let mut last = first;
        if is_header(self.range(first)) {
            while last + 1 < self.starts.len() && !is_header(self.range(last + 1)) {
                last += 1;
            }
        }
        // Not the line's end itself: there the next line begins.
        let range = self.range(first).start..self.range(last).end;
        range.start..range.end.saturating_sub(1).max(range.start)
    }
}

/// A parser's error in our words, at the whole word that it is about.
fn problem(index: usize, text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = span_of(error);
    let token = token_around(text, span.start);
    let word = &text[token.clone()];
    let found = text.get(span.clone()).unwrap_or_default();
    let message = error.message();
    let at =
        |span: Range<usize>, message: String| Diagnostic::error("syntax", message).at(index, span);
    if message.starts_with("unexpected leading zero") {
        let digits = word.trim_start_matches(['+', '-']).trim_start_matches('0');
        let zero = if digits.starts_with(|c: char| c.is_ascii_digit()) {
            ""
        } else {
            "0"
        };
        let sign = if word.starts_with('-') { "-" } else { "" };
        let message = format!("{} is no TOML number: it has a leading zero", quoted(word));
        return Diagnostic::error("leading_zero", message)
            .at(index, token)
            .help(format!("write `{sign}{zero}{digits}` or `\"{word}\"`"));
    }
    if message.starts_with("string values must be quoted") && found.is_empty() {
        return at(span, "a value is missing".to_owned()).label("expected a value");
    }
    if message.starts_with("string values must be quoted") || message.starts_with("invalid boolean")
    {
        let help = match found.to_ascii_lowercase().as_str() {
            "true" | "tru" | "yes" | "on" => "write `true`".to_owned(),
            "false" | "fals" | "no" | "off" => "write `false`".to_owned(),
            _ => "write text in quotes".to_owned(),
        };
        return at(span, format!("{} is no TOML value", quoted(found))).help(help);
    }
    if let Some(c) = found
        .chars()
        .next()
        .filter(|c| c.is_control() && !matches!(c, '\n' | '\r'))
    {
        let message = format!(
            "the control character U+{:04X} is not allowed",
            u32::from(c)
        );
        return Diagnostic::error("forbidden_character", message)
            .at(index, span)
            .help("leave it out");
    }
    if message.starts_with("invalid basic string, expected `\"`")
        || message.starts_with("invalid literal string, expected `'`")
    {
        return at(span, "a string is not closed".to_owned()).label("expected a closing quote");
    }
    if message.starts_with("invalid multi-line") && found.is_empty() {
        return at(span, "a multi-line string is not closed".to_owned())
            .label("expected closing quotes");
    }
    if message.starts_with("unclosed table") {
        return at(span, "a table's header is not closed".to_owned()).label("expected `]`");
    }
    if message.starts_with("recursion limit") {
        return at(span, "the file is nested too deeply".to_owned());
    }
    let message = message
        .strip_suffix(", expected nothing")
        .unwrap_or(message);
    at(span, message.to_owned())
}

/// The number-like word around a place.
fn token_around(text: &str, offset: usize) -> Range<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-:".contains(byte);
    let bytes = text.as_bytes();
    let before = bytes[..offset]
        .iter()
        .rev()
        .take_while(|byte| is_part(byte))
        .count();
    let after = bytes[offset..]
        .iter()
        .take_while(|byte| is_part(byte))
        .count();
    offset - before..offset + after
}

/// A text with other keys in the places of those that are there already. Parsed again, the tree has
/// the first of each key beside what stands for the second, which is how the first is found.
struct StandIns {
    /// Empty if there is nothing to find.
    text: String,
    /// The keys replaced: their places, and those of what stands for them.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl StandIns {
    fn new(original: &str, keys: impl Iterator<Item = Range<usize>>) -> Self {
        let mut places: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut text = String::new();
        if original.len() > MAX_DUPLICATE_LOOKUP_BYTES {
            return Self { text, places };
        }
        let mut keys: Vec<_> = keys.collect();
        keys.sort_by_key(|key| key.start);
        let mut copied = 0;
        for key in keys.into_iter().take(MAX_DUPLICATE_LOOKUPS) {
            let Some(between) = original.get(copied..key.start) else {
                continue;
            };
            text.push_str(between);
            let start = text.len();
            // Writing to a String cannot fail.
            let _ = write!(text, "\"\\u0001{}.{}\"", original.len(), places.len());
            copied = key.end;
            places.push((key, start..text.len()));
        }
        if !places.is_empty() {
            text.push_str(original.get(copied..).unwrap_or_default());
        }
        Self { text, places }
    }

    /// The key that stands for the one at this place.
    fn name(&self, original_bytes: usize, key: &Range<usize>) -> Option<String> {
        let number = self
            .places
            .iter()
            .position(|(replaced, _)| replaced == key)?;
        Some(format!("\u{1}{original_bytes}.{number}"))
    }

    /// Where a place of this text is in the original.
    fn original(&self, place: &Range<usize>) -> Range<usize> {
        let before = self
            .places
            .iter()
            .rfind(|(_, stand_in)| stand_in.end <= place.start);
        let (from, to) = before.map_or((0, 0), |(key, stand_in)| (stand_in.end, key.end));
        to + place.start - from..to + place.end - from
    }
}

/// Errors of keys that are there already. The parser does not say where the first one is.
struct Duplicates<'t> {
    index: usize,
    text: &'t str,
    stand_ins: &'t StandIns,
    /// The tree with them.
    root: &'t DeTable<'t>,
    /// The last table header that came twice.
    header: Option<usize>,
}

impl Duplicates<'_> {
    fn problem(&mut self, error: &toml::de::Error) -> Option<Diagnostic> {
        let span = span_of(error);
        if self.is_inside_reported_header(span.start) {
            return None;
        }
        let line_start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let before = self.text[line_start..span.start].trim_start();
        if before.starts_with('[') {
            self.header = Some(span.start);
        }
        let key = self.text.get(span.clone()).unwrap_or_default();
        if before.starts_with("[[") && key == "jobs" {
            let message = "jobs are written both as `[jobs.ID]` and as `[[jobs]]`";
            let problem = Diagnostic::error("mixed_jobs", message).at(self.index, span.clone());
            let first = self.first_place(&span).map(|(place, _)| place);
            return Some(with_first(
                problem.help("use one form in a file"),
                first,
                "the other form",
            ));
        }
        let first = self.first_place(&span);
        let is_job = first
            .as_ref()
            .is_some_and(|(_, path)| path.len() == 1 && path[0] == "jobs");
        let (code, message) = if is_job {
            (
                "duplicate_id",
                format!("job {} is defined twice", quoted(key)),
            )
        } else if error.message().starts_with("duplicate") {
            ("duplicate_key", format!("{} is given twice", quoted(key)))
        } else {
            (
                "duplicate_key",
                format!(
                    "{} is already a value and cannot be a table as well",
                    quoted(key)
                ),
            )
        };
        let problem = Diagnostic::error(code, message)
            .at(self.index, span)
            .label("again here");
        Some(with_first(
            problem,
            first.map(|(place, _)| place),
            "first here",
        ))
    }

    /// The tables of one header given twice are read as one, so that all their keys may clash:
    /// one error is enough.
    fn is_inside_reported_header(&self, offset: usize) -> bool {
        let Some(between) = self.header.and_then(|header| self.text.get(header..offset)) else {
            return false;
        };
        !between
            .lines()
            .skip(1)
            .any(|line| line.trim_start().starts_with('['))
    }

    /// Where the key was given first, and the names of the tables around it.
    fn first_place(&self, span: &Range<usize>) -> Option<(Location, Vec<String>)> {
        let key = self.text.get(span.clone())?;
        let quoted_key = format!("{key} = 0");
        let (probe, _) = DeTable::parse_recoverable(&quoted_key);
        let name = probe.get_ref().keys().next()?.get_ref().to_string();
        let stand_in = self.stand_ins.name(self.text.len(), span)?;
        let (parent, path) = parent_of(self.root, &stand_in, Vec::new())?;
        let (first, _) = parent.get_key_value(name.as_str())?;
        let place = self.stand_ins.original(&first.span());
        (place.end <= span.start).then_some((
            Location {
                source: self.index,
                span: place,
            },
            path,
        ))
    }
}

fn with_first(problem: Diagnostic, first: Option<Location>, label: &str) -> Diagnostic {
    match first {
        Some(first) => problem.related(first, label),
        None => problem,
    }
}

/// The table that has the key, and the names of the tables around it.
/// The parser limits the nesting, so the recursion is bounded.
fn parent_of<'a, 't>(
    table: &'a DeTable<'t>,
    key: &str,
    path: Vec<String>,
) -> Option<(&'a DeTable<'t>, Vec<String>)> {
    if table.contains_key(key) {
        return Some((table, path));
    }
    table.iter().find_map(|(name, value)| {
        let mut path = path.clone();
        path.push(name.get_ref().to_string());
        in_value(value.get_ref(), key, path)
    })
}

fn in_value<'a, 't>(
    value: &'a DeValue<'t>,
    key: &str,
    path: Vec<String>,
) -> Option<(&'a DeTable<'t>, Vec<String>)> {
    match value {
        DeValue::Table(table) => parent_of(table, key, path),
        DeValue::Array(items) => items
            .iter()
            .find_map(|item| in_value(item.get_ref(), key, path.clone())),
        _ => None,
    }
}
