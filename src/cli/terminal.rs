//! What a command says: its answer on standard output, everything else on standard error.
//!
//! The print macros of std panic when the reader has gone or the disk is full. Here a closed pipe
//! is not an error (`rsched next … | head -1`), and any other failure is an exit code.

use super::exit_code::ExitCode;
use crate::diagnostic::ascii_controls;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};

/// The style of what is worth less attention than the rest.
pub(super) const FAINT: Style = Style::new().dimmed();
/// The style of a note.
const NOTE: Style = AnsiColor::Yellow.on_default();

/// Lines are not longer, where that is ours to choose.
const WIDTH: usize = 80;

/// Writes the answer to standard output, then ends with `code`.
pub(super) fn answer(
    code: ExitCode,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    // What a failed write left in the buffer would be tried once more on drop.
    drop(out.into_parts());
    judge(code, written)
}

/// Standard output, a line at a time.
pub(super) fn stdout() -> io::StdoutLock<'static> {
    io::stdout().lock()
}

/// Writes a value as JSON, with what could act on a terminal escaped.
pub(super) fn print_json(value: &Value) -> ExitCode {
    answer(ExitCode::Done, |out| write_json(out, value))
}

/// The same as a part of an answer.
pub(super) fn write_json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    writeln!(out, "{}", ascii_controls(&text))
}

/// Writes values as a JSON list, as [`print_json`] does: each is made into text and forgotten before the
/// next one is looked at, for there may be a hundred thousand.
pub(super) fn print_json_list<T: Serialize>(items: Vec<T>) -> ExitCode {
    answer(ExitCode::Done, |out| write_json_list(out, items))
}

fn write_json_list<T: Serialize>(out: &mut dyn Write, items: Vec<T>) -> io::Result<()> {
    if items.is_empty() {
        return writeln!(out, "[]");
    }
    let mut separator = '[';
    for item in items {
        // By way of a value: the keys are in order, as everywhere.
        let value = serde_json::to_value(item).unwrap_or_default();
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        // Only between values: in a string a line feed is `\n`.
        let text = text.replace('\n', "\n  ");
        write!(out, "{separator}\n  {}", ascii_controls(&text))?;
        separator = ',';
    }
    writeln!(out, "\n]")
}

/// Writes a finished answer.
pub(super) fn print(text: &[u8]) -> ExitCode {
    answer(ExitCode::Done, |out| out.write_all(text))
}

/// The exit code of a command whose answer was written like this.
pub(super) fn judge(code: ExitCode, written: io::Result<()>) -> ExitCode {
    match written {
        Ok(()) => code,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => code,
        Err(error) => {
            complain(&format_args!("cannot write to standard output: {error}"));
            ExitCode::InputOutput
        }
    }
}

/// Says on standard error what is wrong. Nothing can be done where even that fails.
pub(super) fn complain(what: &dyn Display) {
    _ = writeln!(io::stderr(), "rsched: {what}");
}

/// Writes text to standard error as it is.
pub(super) fn write_stderr(text: &str) {
    _ = io::stderr().write_all(text.as_bytes());
}

/// Whether colours are wanted on standard output: a terminal, and no `NO_COLOR`.
pub(super) fn stdout_has_colour() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether colours are wanted on standard error.
pub(super) fn stderr_has_colour() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// The style of a note on standard output, where colours are wanted there.
pub(super) fn note_style() -> Style {
    if stdout_has_colour() {
        NOTE
    } else {
        Style::new()
    }
}

/// Writes a note, broken into lines under its first word.
pub(super) fn write_note(
    out: &mut dyn Write,
    indent: &str,
    text: &str,
    style: Style,
) -> io::Result<()> {
    let mut line = format!("{indent}note:");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{style}{line}{style:#}")?;
            // Under the first word of the note.
            line = format!("{indent}     ");
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(out, "{style}{line}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_written_as_it_would_be_at_once() {
        let item = |text: &str| json!({"b": [], "a": {"text": text, "list": [1, {}]}});
        for items in [vec![], vec![item("x")], vec![item("a\nb\u{1b}"), item("")]] {
            let (mut whole, mut one_by_one) = (Vec::new(), Vec::new());
            write_json(&mut whole, &json!(items)).unwrap();
            write_json_list(&mut one_by_one, items).unwrap();
            assert_eq!(
                String::from_utf8(one_by_one).unwrap(),
                String::from_utf8(whole).unwrap()
            );
        }
    }
}
