//! The lines of a crontab, told apart: comments, assignments, entries with their columns.
//!
//! Cron tries each line as an assignment first and as an entry if it is none, and so is it done
//! here; the fields of an entry are read later, when its id is known.

use super::assignment::{self, Assignment, Broken};
use super::file_name::FileFormat;
use crate::config::environment::wrong_name;
use crate::config::inline::diagnostics_of_expression;
use crate::config::limits::MAX_STRING_BYTES;
use crate::config::reader::Problems;
use crate::diagnostic::{Diagnostic, quoted};
use crate::schedule::parse_expression;
use std::ops::Range;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// Nothing.
    Blank,
    /// From the `#` on.
    Comment,
    /// What holds for the entries below it.
    Assignment(Assignment<'t>),
    /// What runs.
    Entry(Entry),
    /// None of these; it is reported.
    Wrong,
}

/// A line, and where it is without its end and the blanks before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<'t> {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What it is.
    pub line: Line<'t>,
}

/// The columns of an entry, each as bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Five fields, or a nickname with what belongs to it.
    pub schedule: Range<usize>,
    /// Of a system crontab.
    pub user: Option<Range<usize>>,
    /// The rest of the line, `%` and blanks as written.
    pub command: Range<usize>,
    /// Where it asks cron not to log it: cronie's `-` before the fields, OpenBSD's `-q`.
    pub quiet: Option<Range<usize>>,
    /// Whether only a failure is mailed: `-n` before the command (cronie, OpenBSD).
    pub mails_failures_only: bool,
    /// Whether only one instance may run: `-s` before the command (OpenBSD).
    pub single: bool,
}

/// A crontab's text, and the form it is read in.
#[derive(Clone, Copy, Debug)]
pub struct TabFile<'t> {
    /// Its index among the sources.
    pub index: usize,
    /// The whole of it.
    pub text: &'t str,
    /// One of the two crontab formats.
    pub format: FileFormat,
}

/// All lines of a file.
pub fn lines<'t>(file: TabFile<'t>, problems: &mut Problems) -> Vec<Located<'t>> {
    let mut lines = Vec::new();
    // As some editors write it.
    let mut start = if file.text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    while start < file.text.len() {
        let rest = &file.text[start..];
        let end = start + rest.find('\n').unwrap_or(rest.len());
        let span = trimmed(file.text, start..end);
        let line = file.line(span.clone(), problems).unwrap_or(Line::Wrong);
        lines.push(Located { span, line });
        start = end + 1;
    }
    lines
}

/// Without the blanks before it, and without the carriage return that Windows puts at the end.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let line = &text[span.clone()];
    let line = line.strip_suffix('\r').unwrap_or(line);
    let end = span.start + line.len();
    end - line.trim_start_matches(is_blank).len()..end
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

impl<'t> TabFile<'t> {
    /// An error at a place of it.
    fn error(
        &self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(code, message).at(self.index, span)
    }

    /// None if the line is wrong, which is then reported.
    fn line(self, span: Range<usize>, problems: &mut Problems) -> Option<Line<'t>> {
        let text = &self.text[span.clone()];
        if text.is_empty() {
            return Some(Line::Blank);
        }
        if text.starts_with('#') {
            return Some(Line::Comment);
        }
        if let Some(error) = self.forbidden(&span) {
            problems.push(error);
            return None;
        }
        match assignment::parse(self.text, span.clone()) {
            Some(Ok(assignment)) => match wrong_name(assignment.name) {
                None => Some(Line::Assignment(assignment)),
                Some(message) => {
                    let span = assignment.name_span.start..assignment.value_span.start;
                    problems.push(self.error("bad_variable_name", span, message));
                    None
                }
            },
            Some(Err(broken)) => {
                problems.push(self.broken(broken));
                None
            }
            None => self.entry(span, problems).map(Line::Entry),
        }
    }

    /// What no line may have, but in comments.
    fn forbidden(&self, span: &Range<usize>) -> Option<Diagnostic> {
        let line = &self.text[span.clone()];
        if line.len() > MAX_STRING_BYTES {
            let message = format!(
                "the line is {} bytes long, {MAX_STRING_BYTES} are the most",
                line.len()
            );
            return Some(self.error("text_too_long", span.clone(), message));
        }
        let is_harmless = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
        if line.bytes().all(is_harmless) {
            return None;
        }
        let mut characters = line.char_indices();
        let (at, c) = characters.find(|(_, c)| c.is_control() && *c != '\t')?;
        let at = span.start + at;
        let message = format!(
            "the line contains the control character U+{:04X}",
            u32::from(c)
        );
        let error = self.error("forbidden_character", at..at + c.len_utf8(), message);
        Some(error.help("leave it out"))
    }

    fn broken(&self, broken: Broken) -> Diagnostic {
        match broken {
            Broken::OpenQuote(span) => {
                let error = self.error("syntax", span, "the quote of a value is not closed");
                error.label("expected a closing quote in this line")
            }
            Broken::AfterQuote(span) => {
                let found = quoted(&self.text[span.clone()]);
                let message = format!("unexpected {found} after the closing quote of a value");
                let error = self.error("syntax", span, message);
                error.help("put all of the value into the quotes")
            }
        }
    }

    /// Reads the columns.
    fn entry(self, span: Range<usize>, problems: &mut Problems) -> Option<Entry> {
        if let Some(error) = self.no_entry(&span) {
            problems.push(error);
            return None;
        }
        let mut start = span.start;
        let line = &self.text[span.clone()];
        let mut quiet = None;
        if line.starts_with('-') && !line[1..].starts_with(is_blank) {
            quiet = Some(start..start + 1);
            start += 1;
        }
        let schedule = self.schedule(start..span.end, problems)?;
        let mut rest = trimmed(self.text, schedule.end..span.end);
        let mut user = None;
        if self.format == FileFormat::SystemCrontab {
            let name = self.user(&schedule, &rest, problems)?;
            rest = trimmed(self.text, name.end..span.end);
            user = Some(name);
        }
        let mut entry = Entry {
            schedule,
            user,
            command: rest,
            quiet,
            mails_failures_only: false,
            single: false,
        };
        self.take_options(&mut entry);
        let Some(first) = self.words(entry.command.clone()).next() else {
            problems.push(self.missing_command(&entry));
            return None;
        };
        // Cron refuses it as well: "catch a common typo".
        if is_field(&self.text[first.clone()]) {
            problems.push(self.sixth_field(first));
            return None;
        }
        Some(entry)
    }

    /// What can be no entry at all, however it is read.
    fn no_entry(&self, span: &Range<usize>) -> Option<Diagnostic> {
        let line = &self.text[span.clone()];
        let first = self.words(span.clone()).next()?;
        let word = &self.text[first.clone()];
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_hash(word);
        if !is_word && !word.starts_with('[') {
            return None;
        }
        let message = format!("{} begins neither an entry nor an assignment", quoted(word));
        let error = self.error("unknown_line", first, message);
        Some(match word {
            "export" | "set" | "setenv" | "declare" => {
                error.help("write `NAME=value` alone: no shell reads this")
            }
            "source" | "include" => error.help("cron reads no other files: give all of them to rsched"),
            _ if word.starts_with('[') => error.help(
                "a jobs file in TOML is named `*.toml`, or read with `--file-format toml`",
            ),
            _ if line.contains('=') => {
                error.help("write `NAME=value`, a name with blanks in quotes")
            }
            _ => error.help(
                "an entry is `minute hour day-of-month month day-of-week command`, an assignment `NAME=value`",
            ),
        })
    }

    /// The five fields, or the nickname.
    fn schedule(&self, span: Range<usize>, problems: &mut Problems) -> Option<Range<usize>> {
        let mut words = self.words(span.clone());
        let first = words.next().unwrap_or(span.start..span.start);
        let last = match &self.text[first.clone()] {
            "@every" => {
                let value = words.next();
                let mistake = value
                    .as_ref()
                    .and_then(|it| self.spaced_unit(it, words.next()));
                if let Some(mistake) = mistake {
                    problems.push(mistake);
                    return None;
                }
                value
            }
            word if word.starts_with('@') => Some(first.clone()),
            _ => words.nth(3),
        };
        if let Some(last) = last {
            return Some(first.start..last.end);
        }
        // Fewer than five fields are none, and `@every` alone neither.
        let errors = parse_expression(&self.text[span.clone()]).err()?;
        problems.extend(diagnostics_of_expression(errors, self.index, span.start));
        None
    }

    fn user(
        &self,
        schedule: &Range<usize>,
        rest: &Range<usize>,
        problems: &mut Problems,
    ) -> Option<Range<usize>> {
        let Some(span) = self.words(rest.clone()).next() else {
            let message = "the entry has no user and no command";
            let error = self.error("missing_command", schedule.clone(), message);
            problems.push(error.help("a system crontab has `user command` behind the time"));
            return None;
        };
        let name = &self.text[span.clone()];
        if is_field(name) {
            problems.push(self.sixth_field(span));
            return None;
        }
        // A number would be taken for one, by us or by the next tool.
        let is_no_beginning = |c: char| c.is_ascii_digit() || "+-$".contains(c);
        let may_be_name = |c: char| c.is_alphanumeric() || "_.-@\\+$".contains(c);
        if name.chars().all(may_be_name) && !name.starts_with(is_no_beginning) {
            return Some(span);
        }
        if let Some(error) = self.missing_field(schedule) {
            problems.push(error);
            return None;
        }
        let message = format!(
            "{} is no user, and a user comes before the command in a system crontab",
            quoted(name)
        );
        let error = self.error("missing_user", span, message);
        problems.push(error.help(format!(
            "write `root {name} …`; without `--system` it is read as a user's crontab"
        )));
        None
    }

    /// OpenBSD's and cronie's options: they stand before the command, which never begins with `-`.
    fn take_options(&self, entry: &mut Entry) {
        while let Some(word) = self.words(entry.command.clone()).next() {
            let Some(letters) = self.text[word.clone()].strip_prefix('-') else {
                return;
            };
            if letters.is_empty() || !letters.chars().all(|c| "nqs".contains(c)) {
                return;
            }
            entry.mails_failures_only |= letters.contains('n');
            entry.single |= letters.contains('s');
            if letters.contains('q') {
                entry.quiet = Some(word.clone());
            }
            entry.command = trimmed(self.text, word.end..entry.command.end);
        }
    }

    fn missing_command(&self, entry: &Entry) -> Diagnostic {
        if let Some(error) = self.missing_field(&entry.schedule) {
            return error;
        }
        if let Some(user) = &entry.user {
            let name = &self.text[user.clone()];
            let message = format!("the entry has no command behind its user {}", quoted(name));
            let error = self.error("missing_command", user.clone(), message);
            return error.help(format!(
                "if {} is the command, write its user before it; without `--system` it is read as a user's crontab",
                quoted(name)
            ));
        }
        let schedule = entry.schedule.clone();
        let error = self.error("missing_command", schedule, "the entry has no command");
        error.help("write it behind the time")
    }

    /// Four fields and a command, which stands where the fifth field belongs.
    fn missing_field(&self, schedule: &Range<usize>) -> Option<Diagnostic> {
        let last = self.words(schedule.clone()).nth(4)?;
        let word = &self.text[last.clone()];
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || "*?~-".contains(c));
        if is_hash(word) || is_number || parse_expression(&format!("* * * * {word}")).is_ok() {
            return None;
        }
        let message = format!(
            "{} stands where the day of week belongs: there are four fields before it",
            quoted(word)
        );
        let error = self.error("too_few_fields", last, message);
        Some(error.help("an entry is `minute hour day-of-month month day-of-week command`"))
    }

    /// `@every 5 minutes`: the number alone would be seconds.
    fn spaced_unit(
        &self,
        value: &Range<usize>,
        behind: Option<Range<usize>>,
    ) -> Option<Diagnostic> {
        const UNITS: [&str; 5] = ["second", "minute", "hour", "day", "week"];
        let number = &self.text[value.clone()];
        let behind = behind?;
        let word = &self.text[behind.clone()];
        let unit = UNITS
            .iter()
            .find(|unit| word.strip_suffix('s').unwrap_or(word) == **unit)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let message = format!("{} stands where the command begins", quoted(word));
        let error = self.error("bad_duration", behind, message);
        Some(error.help(format!("write `@every {number}{}`", &unit[..1])))
    }

    fn sixth_field(&self, span: Range<usize>) -> Diagnostic {
        let message = format!(
            "{} stands where the command begins: a crontab has five fields",
            quoted(&self.text[span.clone()])
        );
        let error = self.error("too_many_fields", span, message);
        error.help(
            "leave out the field of seconds or years; a jobs file has both: `cron = { second = \"*/10\" }`",
        )
    }

    fn words(&self, span: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'t> {
        let text = self.text;
        let mut at = span.start;
        std::iter::from_fn(move || {
            let rest = &text[at..span.end];
            let start = at + rest.find(|c| !is_blank(c))?;
            let rest = &text[start..span.end];
            at = start + rest.find(is_blank).unwrap_or(rest.len());
            Some(start..at)
        })
    }
}

/// `H`, `H/5`, `H(0-9)`: a value that the job's id decides.
fn is_hash(word: &str) -> bool {
    word.starts_with(['H', 'h']) && !word[1..].starts_with(char::is_alphabetic)
}

/// Whether a word can only be a field: no command and no user begins so.
fn is_field(word: &str) -> bool {
    word.starts_with('*') || word == "?"
}
