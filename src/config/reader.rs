//! The walk through a parsed file: every key is asked for by name, and what nobody asked for is an
//! error, so that nothing can be ignored by oversight.

use super::limits::MAX_PROBLEMS;
use super::{string_span, suggestion};
use crate::diagnostic::{Diagnostic, Location, quoted};
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// As many keys as a job may have, or a few less: its table asks for all of them.
const MOST_KEYS: usize = 64;

/// Unknown keys of one table that are told all that may be there.
const MOST_LISTED: usize = 10;

/// One of the texts that are loaded together.
#[derive(Clone, Copy)]
pub(super) struct File<'t> {
    /// Its index among the sources.
    pub index: usize,
    /// The whole text; every span is of it.
    pub text: &'t str,
    /// What relative paths in it are relative to.
    pub directory: &'t Path,
}

/// Everything found wrong so far.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Diagnostic>,
    errors: usize,
    dropped: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Diagnostic) {
        self.errors += usize::from(problem.is_error());
        // Warnings leave room for errors.
        let most = if problem.is_error() {
            MAX_PROBLEMS
        } else {
            MAX_PROBLEMS / 2
        };
        if self.list.len() < most {
            self.list.push(problem);
        } else {
            self.dropped += 1;
        }
    }

    pub(super) fn extend(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }

    /// Adds the problems of a part; of those listed the ones to keep.
    pub(super) fn append(&mut self, other: Self, keep: impl Fn(&Diagnostic) -> bool) {
        let listed = other.list.iter().filter(|problem| problem.is_error());
        self.errors += other.errors - listed.count();
        self.dropped += other.dropped;
        self.extend(other.list.into_iter().filter(keep));
    }

    /// Errors so far, those that were not kept included.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// The problems, and one more that counts those not kept.
    pub(super) fn into_list(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            let message = format!("{} more problems are not listed", self.dropped);
            self.list.push(if self.errors == 0 {
                Diagnostic::warning("too_many_problems", message)
            } else {
                Diagnostic::error("too_many_problems", message)
            });
        }
        self.list
    }
}

/// A key with its value, and where both are.
#[derive(Clone, Copy)]
pub(super) struct Entry<'t> {
    pub file: File<'t>,
    pub key: &'t str,
    key_span: (usize, usize),
    pub value: &'t DeValue<'t>,
    value_span: (usize, usize),
}

impl<'t> Entry<'t> {
    /// A value that has no key of its own (an array's item), reported under `key`.
    pub(super) fn item(self, item: &'t toml::Spanned<DeValue<'t>>) -> Self {
        let span = item.span();
        let span = (span.start, span.end);
        Self {
            key_span: span,
            value: item.get_ref(),
            value_span: span,
            ..self
        }
    }

    /// A whole text that is one value.
    pub(super) fn whole(
        file: File<'t>,
        key: &'t str,
        value: &'t toml::Spanned<DeValue<'t>>,
    ) -> Self {
        let span = value.span();
        let span = (span.start, span.end);
        Self {
            file,
            key,
            key_span: span,
            value: value.get_ref(),
            value_span: span,
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.value_span.0..self.value_span.1
    }

    pub(super) fn key_span(&self) -> Range<usize> {
        self.key_span.0..self.key_span.1
    }

    pub(super) fn key_location(&self) -> Location {
        Location {
            source: self.file.index,
            span: self.key_span(),
        }
    }

    pub(super) fn location(&self) -> Location {
        Location {
            source: self.file.index,
            span: self.span(),
        }
    }

    /// An error at the value.
    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file.index, self.span())
    }

    /// An error at the key.
    pub(super) fn key_error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file.index, self.key_span())
    }

    /// Where bytes of the value's text are in the file: exact in a plain string, a number, a date.
    pub(super) fn place_of(&self, inner: Range<usize>) -> Range<usize> {
        match self.value {
            DeValue::String(text) => {
                string_span::in_source(self.file.text, self.span(), text, inner)
            }
            DeValue::Datetime(_) => {
                let place = self.span().start + inner.start..self.span().start + inner.end;
                if place.end <= self.span().end {
                    place
                } else {
                    self.span()
                }
            }
            _ => self.span(),
        }
    }
}

/// A table being read. What was asked for is remembered; [`Table::finish`] reports the rest.
pub(super) struct Table<'t> {
    pub file: File<'t>,
    /// As people write it: `[jobs.backup]`, or `cron` for an inline table.
    pub name: String,
    /// Where the table itself is named.
    pub span: Range<usize>,
    entries: &'t DeTable<'t>,
    /// What was asked for, some of it more than once.
    known: Vec<&'static str>,
    /// What of it is here: of the keys that mean something, so few.
    taken: Vec<&'t str>,
}

impl<'t> Table<'t> {
    pub(super) fn new(
        file: File<'t>,
        name: String,
        span: Range<usize>,
        table: &'t DeTable<'t>,
    ) -> Self {
        Self {
            file,
            name,
            span,
            entries: table,
            known: Vec::with_capacity(MOST_KEYS),
            taken: Vec::new(),
        }
    }

    /// The entry of a key that may be here.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Entry<'t>> {
        self.known.push(key);
        let (found, value) = self.entries.get_key_value(key)?;
        self.taken.push(found.get_ref().as_ref());
        Some(self.entry(found, value))
    }

    /// Whether a key is here, without reading it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// All entries not taken yet, in the order of the file.
    pub(super) fn rest(&self) -> Vec<Entry<'t>> {
        let mut rest: Vec<Entry<'t>> = self
            .entries
            .iter()
            .filter(|(key, _)| !self.taken.contains(&key.get_ref().as_ref()))
            .map(|(key, value)| self.entry(key, value))
            .collect();
        rest.sort_by_key(|entry| entry.key_span);
        rest
    }

    fn entry(
        &self,
        key: &'t toml::Spanned<toml::de::DeString<'t>>,
        value: &'t toml::Spanned<DeValue<'t>>,
    ) -> Entry<'t> {
        let (key_span, value_span) = (key.span(), value.span());
        Entry {
            file: self.file,
            key: key.get_ref().as_ref(),
            key_span: (key_span.start, key_span.end),
            value: value.get_ref(),
            value_span: (value_span.start, value_span.end),
        }
    }

    /// An error at the table itself.
    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.file.index, self.span.clone())
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self, problems: &mut Problems) {
        self.finish_with(problems, |_| None);
    }

    /// As [`Self::finish`], but `special` may know better what to say of a key.
    pub(super) fn finish_with(
        self,
        problems: &mut Problems,
        special: impl Fn(&Entry<'t>) -> Option<Diagnostic>,
    ) {
        let rest = self.rest();
        if rest.is_empty() {
            return;
        }
        let mut known = Vec::new();
        for key in &self.known {
            if !known.contains(key) {
                known.push(*key);
            }
        }
        let mut listed = 0;
        for entry in rest {
            let problem = if let Some(problem) = special(&entry) {
                problem
            } else {
                let message = format!("unknown key {} in {}", quoted(entry.key), self.name);
                let problem = entry.key_error("unknown_key", message);
                match suggestion::nearest(entry.key, &known) {
                    Some(key) => problem.help(suggestion::did_you_mean(key)),
                    None if listed < MOST_LISTED => {
                        listed += 1;
                        problem.help(suggestion::allowed_here(&known))
                    }
                    None => problem,
                }
            };
            problems.push(problem);
        }
    }
}
