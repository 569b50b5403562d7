//! Values of the kinds a jobs file has: each reader gives the value, or reports what it found
//! instead and gives none.
//!
//! Numbers and booleans may be written as text (`"20"`, `"false"`), since dict-style
//! configurations do so; nothing else is converted.

use super::limits::MAX_STRING_BYTES;
use super::reader::{Entry, Problems, Table};
use super::{Size, suggestion};
use crate::diagnostic::{Diagnostic, is_invisible, quoted};
use crate::time::duration;
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::de::DeValue;

/// What a text may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    /// A name for people: one line, nothing invisible.
    Name,
    /// One line.
    Line,
    /// Several lines, tabs: commands, environment values, descriptions.
    Block,
}

/// `a string`, `a whole number`, … of a value, for messages.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// The error of a value of the wrong kind.
pub(super) fn wrong_type(entry: &Entry<'_>, expected: &str) -> Diagnostic {
    let message = format!(
        "{} is {}, expected {expected}",
        quoted(entry.key),
        kind_of(entry.value)
    );
    entry
        .error("wrong_type", message)
        .label(format!("expected {expected}"))
}

/// A string, checked.
pub(super) fn text<'t>(
    entry: &Entry<'t>,
    kind: TextKind,
    problems: &mut Problems,
) -> Option<Cow<'t, str>> {
    let DeValue::String(text) = entry.value else {
        let problem = wrong_type(entry, "a string");
        problems.push(match entry.value {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                problem.help("write it in quotes")
            }
            _ => problem,
        });
        return None;
    };
    let before = problems.errors();
    problems.extend(text_problem(entry, text, kind));
    // A file with CRLF line ends means the same as one without.
    let is_crlf = kind == TextKind::Block && text.contains("\r\n");
    let text = if is_crlf {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text.as_ref())
    };
    (problems.errors() == before).then_some(text)
}

fn text_problem(entry: &Entry<'_>, text: &str, kind: TextKind) -> Option<Diagnostic> {
    if text.len() > MAX_STRING_BYTES {
        let message = format!(
            "{} is {} bytes long, {MAX_STRING_BYTES} are the most",
            quoted(entry.key),
            text.len()
        );
        return Some(entry.error("text_too_long", message));
    }
    let (at, c) = text
        .char_indices()
        .find(|(at, c)| !is_allowed(text, *at, *c, kind))?;
    let what = if c.is_control() {
        "the control character"
    } else {
        "the invisible character"
    };
    let message = format!(
        "{} contains {what} U+{:04X}",
        quoted(entry.key),
        u32::from(c)
    );
    let problem = Diagnostic::error("forbidden_character", message)
        .at(entry.file.index, entry.place_of(at..at + c.len_utf8()));
    Some(match c {
        '\n' | '\r' => problem.help("write it in one line"),
        _ => problem.help("leave it out"),
    })
}

fn is_allowed(text: &str, at: usize, c: char, kind: TextKind) -> bool {
    match c {
        '\n' | '\t' => kind == TextKind::Block,
        '\r' => kind == TextKind::Block && text[at + 1..].starts_with('\n'),
        c if c.is_control() => false,
        c => kind != TextKind::Name || !is_invisible(c),
    }
}

/// A string that is not blank.
pub(super) fn filled_text<'t>(
    entry: &Entry<'t>,
    kind: TextKind,
    problems: &mut Problems,
) -> Option<Cow<'t, str>> {
    let text = text(entry, kind, problems)?;
    if text.trim().is_empty() {
        problems.push(entry.error("empty", format!("{} is empty", quoted(entry.key))));
        return None;
    }
    Some(text)
}

/// A whole number in a range.
pub(super) fn integer(
    entry: &Entry<'_>,
    range: RangeInclusive<i64>,
    problems: &mut Problems,
) -> Option<i64> {
    let number = match entry.value {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        DeValue::String(text) if is_digits(text) => text.trim().parse().ok(),
        _ => {
            problems.push(wrong_type(entry, "a whole number"));
            return None;
        }
    };
    if let Some(number) = number.filter(|number| range.contains(number)) {
        return Some(number);
    }
    let expected = match (*range.start(), *range.end()) {
        (start, end) if end >= i64::from(u32::MAX) => format!("{start} or more"),
        (start, end) => format!("{start} to {end}"),
    };
    let found = quoted(written(entry).trim());
    let message = format!("{} is {found}, expected {expected}", quoted(entry.key));
    problems.push(
        entry
            .error("out_of_range", message)
            .label(format!("expected {expected}")),
    );
    None
}

fn is_digits(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A value as it stands in the file.
pub(super) fn written<'t>(entry: &Entry<'t>) -> &'t str {
    match entry.value {
        DeValue::String(text) => text.as_ref(),
        _ => entry.file.text.get(entry.span()).unwrap_or_default(),
    }
}

/// A boolean.
pub(super) fn boolean(entry: &Entry<'_>, problems: &mut Problems) -> Option<bool> {
    match entry.value {
        DeValue::Boolean(value) => Some(*value),
        DeValue::String(text) if matches!(text.trim(), "true" | "false") => {
            Some(text.trim() == "true")
        }
        _ => {
            problems.push(wrong_type(entry, "true or false").help("write `true` or `false`"));
            None
        }
    }
}

/// A duration: text with units, or whole seconds.
pub(super) fn length(entry: &Entry<'_>, problems: &mut Problems) -> Option<Duration> {
    match entry.value {
        DeValue::String(text) => match duration::parse(text) {
            Ok(length) => Some(length),
            Err(error) => {
                let problem = Diagnostic::error("bad_duration", error.message)
                    .at(entry.file.index, entry.place_of(error.span))
                    .maybe_help(error.help);
                problems.push(problem);
                None
            }
        },
        DeValue::Integer(_) => {
            let most = i64::try_from(duration::LONGEST.as_secs()).unwrap_or(i64::MAX);
            let seconds = integer(entry, 0..=most, problems)?;
            u64::try_from(seconds).ok().map(Duration::from_secs)
        }
        DeValue::Float(_) => {
            let expected = "a duration as text or whole seconds";
            problems.push(wrong_type(entry, expected).help("write a unit, as in `\"1.5s\"`"));
            None
        }
        _ => {
            let expected = "a duration such as \"90s\", or whole seconds";
            problems.push(wrong_type(entry, expected));
            None
        }
    }
}

/// A size: text with a unit, or whole bytes.
pub(super) fn size(entry: &Entry<'_>, problems: &mut Problems) -> Option<Size> {
    match entry.value {
        DeValue::String(text) => match Size::parse(text) {
            Ok(size) => Some(size),
            Err(error) => {
                let problem = Diagnostic::error("bad_size", error.message)
                    .at(entry.file.index, entry.place_of(error.span))
                    .maybe_help(error.help);
                problems.push(problem);
                None
            }
        },
        DeValue::Integer(_) => {
            let bytes = integer(entry, 0..=i64::MAX, problems)?;
            Some(Size::from_bytes(bytes.cast_unsigned()))
        }
        _ => {
            let expected = "a size such as \"10MiB\", or whole bytes";
            problems.push(wrong_type(entry, expected));
            None
        }
    }
}

/// A duration above zero.
pub(super) fn positive_length(entry: &Entry<'_>, problems: &mut Problems) -> Option<Duration> {
    let length = length(entry, problems)?;
    if length.is_zero() {
        let message = format!("{} is zero, expected more", quoted(entry.key));
        problems.push(entry.error("out_of_range", message));
        return None;
    }
    Some(length)
}

/// One of several words.
pub(super) fn choice<T: Copy>(
    entry: &Entry<'_>,
    choices: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let expected = match names.as_slice() {
        [name] => format!("`{name}`"),
        names => format!("one of {}", suggestion::list(names)),
    };
    let DeValue::String(text) = entry.value else {
        problems.push(wrong_type(entry, &expected));
        return None;
    };
    let found = choices.iter().find(|(name, _)| *name == text.as_ref());
    if found.is_none() {
        let message = format!(
            "{} is {}, expected {expected}",
            quoted(entry.key),
            quoted(text)
        );
        let help = suggestion::nearest(text, &names).map(|name| format!("did you mean `{name}`?"));
        problems.push(entry.error("unknown_value", message).maybe_help(help));
    }
    found.map(|(_, value)| *value)
}

/// A table; `name` is how messages call it.
pub(super) fn table<'t>(
    entry: &Entry<'t>,
    name: String,
    problems: &mut Problems,
) -> Option<Table<'t>> {
    let DeValue::Table(table) = entry.value else {
        problems.push(wrong_type(entry, "a table"));
        return None;
    };
    Some(Table::new(entry.file, name, entry.key_span(), table))
}

/// The items of an array.
pub(super) fn items<'t>(
    entry: &Entry<'t>,
    expected: &str,
    problems: &mut Problems,
) -> Option<Vec<Entry<'t>>> {
    let DeValue::Array(array) = entry.value else {
        problems.push(wrong_type(entry, expected));
        return None;
    };
    Some(array.iter().map(|item| entry.item(item)).collect())
}
