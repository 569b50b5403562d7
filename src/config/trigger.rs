//! The trigger of a job, in any of its notations: short (`cron = …`, `interval = …`, `date = …`),
//! flat (`trigger = "cron"` with the arguments beside it), nested (`trigger = { type = "cron", … }`).
//! All mean the same, and a job has one.

use super::ExpressionOptions;
use super::interval_table::{self, PARTS};
use super::not_supported::{Place, TRIGGER_TYPES};
use super::reader::{Entry, Problems, Table};
use super::schedule_keys::{DateText, ScheduleKeys, unknown_zone};
use super::suggestion;
use super::value::{TextKind, filled_text, kind_of, length, table, wrong_type};
use crate::diagnostic::{Diagnostic, Severity, quoted};
use crate::schedule::{Cron, Expression, MIN_INTERVAL, ScheduleError, TableField, Trigger};
use crate::time::{Zone, ZoneDatabase, duration};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// The keys of the three short forms, and the one of the two long ones.
pub(super) const TRIGGER_KEYS: [&str; 4] = ["cron", "interval", "date", "trigger"];

/// Values of `type`, and of `trigger` in the flat form.
const TYPES: [&str; 3] = ["cron", "interval", "date"];

/// What reading a trigger takes beside its text.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub zones: &'a ZoneDatabase,
    pub options: ExpressionOptions<'a>,
}

/// What makes the job fire, before zone and bounds are known.
pub(super) enum Firing<'t> {
    /// Needs no zone to be known.
    Ready(Trigger),
    /// A date, to be read in the zone.
    Date(DateText<'t>),
}

/// A trigger as written.
pub(super) struct WrittenTrigger<'t> {
    pub firing: Firing<'t>,
    /// Where it is; none if the job has none.
    pub entry: Option<Entry<'t>>,
    /// What its own table says about the schedule; the zone of an expression's prefix too.
    pub keys: ScheduleKeys<'t>,
    /// For people; of a date only the word, until the zone is known.
    pub text: String,
    /// Whether it is an expression, so that `dialect` has something to say.
    pub is_expression: bool,
}

impl WrittenTrigger<'_> {
    fn none() -> Self {
        Self {
            firing: Firing::Ready(Trigger::Now),
            entry: None,
            keys: ScheduleKeys::default(),
            text: "at start".to_owned(),
            is_expression: false,
        }
    }
}

/// Reads the one trigger of a job's table, or of an inline table of the command line.
pub(super) fn read<'t>(
    job: &mut Table<'t>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<WrittenTrigger<'t>> {
    let mut entries: Vec<Entry<'t>> = TRIGGER_KEYS
        .iter()
        .filter_map(|key| job.take(key))
        .collect();
    entries.sort_by_key(|entry| entry.key_span().start);
    let Some(first) = entries.first().copied() else {
        return Some(WrittenTrigger::none());
    };
    for other in &entries[1..] {
        let message = format!(
            "{} has two triggers, {} and {}",
            job.name,
            quoted(first.key),
            quoted(other.key)
        );
        let problem = other
            .key_error("several_triggers", message)
            .label("second trigger")
            .related(first.key_location(), "first trigger")
            .help("keep one of them");
        problems.push(problem);
    }
    // All of them are read, so that what is wrong inside each is reported as well.
    let mut reader = Reader {
        job,
        reading,
        problems,
    };
    let read: Vec<_> = entries.iter().map(|entry| reader.trigger(*entry)).collect();
    read.into_iter().next().flatten()
}

struct Reader<'r, 't> {
    job: &'r mut Table<'t>,
    reading: Reading<'r>,
    problems: &'r mut Problems,
}

impl<'t> Reader<'_, 't> {
    fn trigger(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        match entry.key {
            "cron" => self.cron(entry),
            "interval" => self.interval(entry),
            "date" => self.date(entry),
            _ => self.long_form(entry),
        }
    }

    fn cron(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        match entry.value {
            DeValue::String(text) => expression(entry, text, self.reading, self.problems),
            DeValue::Table(_) => {
                let mut arguments = table(&entry, "`cron`".to_owned(), self.problems)?;
                let read = cron_fields(&mut arguments, entry, self.problems);
                finish_own(arguments, entry, read, self.reading, self.problems)
            }
            _ => {
                let expected = "a crontab expression or a table of fields";
                self.problems.push(wrong_type(&entry, expected));
                None
            }
        }
    }

    fn interval(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        let (read, keys) = match entry.value {
            DeValue::Table(_) => {
                let mut arguments = table(&entry, "`interval`".to_owned(), self.problems)?;
                let read = interval_table::read(&mut arguments, &entry, self.problems);
                return finish_own(
                    arguments,
                    entry,
                    read.map(interval),
                    self.reading,
                    self.problems,
                );
            }
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => {
                (length(&entry, self.problems), ScheduleKeys::default())
            }
            _ => {
                let expected = "a duration such as \"2h\", or a table such as { hours = 2 }";
                self.problems.push(wrong_type(&entry, expected));
                return None;
            }
        };
        let (firing, text) = interval(long_enough(read?, &entry, self.problems)?);
        Some(WrittenTrigger {
            firing,
            entry: Some(entry),
            keys,
            text,
            is_expression: false,
        })
    }

    fn date(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        let (firing, text) = date(entry, self.problems)?;
        Some(WrittenTrigger {
            firing,
            entry: Some(entry),
            keys: ScheduleKeys::default(),
            text,
            is_expression: false,
        })
    }

    /// `trigger = "cron"` or `trigger = { type = "cron" }`.
    fn long_form(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        match entry.value {
            DeValue::String(kind) => {
                let kind = trigger_type(&entry, kind, self.reading.options, self.problems)?;
                let (firing, text) = arguments(kind, self.job, entry, self.problems)?;
                let keys = ScheduleKeys::default();
                Some(WrittenTrigger {
                    firing,
                    entry: Some(entry),
                    keys,
                    text,
                    is_expression: false,
                })
            }
            DeValue::Table(_) => nested(entry, self.reading, self.problems),
            _ => {
                let expected = "`cron`, `interval`, `date`, or a table with a `type`";
                self.problems.push(wrong_type(&entry, expected));
                None
            }
        }
    }
}

/// A table with a `type`.
pub(super) fn nested<'t>(
    entry: Entry<'t>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<WrittenTrigger<'t>> {
    let mut own = table(&entry, "`trigger`".to_owned(), problems)?;
    let Some(kind) = own.take("type") else {
        let problem = entry.error("missing_key", "`trigger` has no `type`");
        problems.push(problem.help("add `type = \"cron\"`, `\"interval\"` or `\"date\"`"));
        return None;
    };
    let DeValue::String(word) = kind.value else {
        problems.push(wrong_type(&kind, "`cron`, `interval` or `date`"));
        return None;
    };
    let kind = trigger_type(&kind, word, reading.options, problems)?;
    let read = arguments(kind, &mut own, entry, problems);
    finish_own(own, entry, read, reading, problems)
}

/// A cron table without a key of its own.
pub(super) fn cron_table<'t>(
    fields: &mut Table<'t>,
    entry: Entry<'t>,
    problems: &mut Problems,
) -> Option<WrittenTrigger<'t>> {
    let mut found = Problems::default();
    let read = cron_fields(fields, entry, &mut found);
    // Where other keys stand they are what is wrong, not that there are no fields.
    let has_fields = TableField::ALL.iter().any(|field| fields.has(field.name()));
    if has_fields || fields.rest().is_empty() {
        problems.extend(found.into_list());
    }
    let (firing, text) = read?;
    Some(WrittenTrigger {
        firing,
        entry: Some(entry),
        keys: ScheduleKeys::default(),
        text,
        is_expression: false,
    })
}

/// Reads what else a trigger's own table may have.
fn finish_own<'t>(
    mut own: Table<'t>,
    entry: Entry<'t>,
    read: Option<(Firing<'t>, String)>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<WrittenTrigger<'t>> {
    let keys = ScheduleKeys::read(&mut own, reading.zones, problems);
    own.finish(Place::Trigger, problems);
    let (firing, text) = read?;
    Some(WrittenTrigger {
        firing,
        entry: Some(entry),
        keys,
        text,
        is_expression: false,
    })
}

/// Which of [`TYPES`] a word is.
fn trigger_type(
    entry: &Entry<'_>,
    word: &str,
    options: ExpressionOptions<'_>,
    problems: &mut Problems,
) -> Option<&'static str> {
    let found = TYPES.into_iter().find(|kind| *kind == word);
    if found.is_none() {
        let problem = if TRIGGER_TYPES.contains(&word) {
            let message = format!(
                "the trigger {} is not supported by this version",
                quoted(word)
            );
            entry.error("not_supported_yet", message)
        } else {
            let message = format!("{} is no type of trigger", quoted(word));
            let help = if options.parse(word).is_ok() {
                format!("write `cron = \"{word}\"`")
            } else {
                suggestion::help(word, &TYPES)
            };
            entry.error("unknown_value", message).help(help)
        };
        problems.push(problem);
    }
    found
}

/// The arguments of a trigger of the long forms.
fn arguments<'t>(
    kind: &str,
    table: &mut Table<'t>,
    entry: Entry<'t>,
    problems: &mut Problems,
) -> Option<(Firing<'t>, String)> {
    match kind {
        "cron" => cron_fields(table, entry, problems),
        "interval" => interval_table::read(table, &entry, problems).map(interval),
        _ => {
            let Some(run_date) = table.take("run_date") else {
                let problem = entry.error("missing_key", "a date trigger has no `run_date`");
                problems.push(problem.help("add `run_date = 2026-05-01T06:00:00`"));
                return None;
            };
            date(run_date, problems)
        }
    }
}

fn interval<'t>(length: Duration) -> (Firing<'t>, String) {
    let text = format!("interval {}", duration::format(length));
    (
        Firing::Ready(Trigger::Interval {
            length,
            first_now: false,
        }),
        text,
    )
}

/// The length, if it is one that a job can have.
pub(super) fn long_enough(
    length: Duration,
    entry: &Entry<'_>,
    problems: &mut Problems,
) -> Option<Duration> {
    if length >= MIN_INTERVAL {
        return Some(length);
    }
    let message = format!(
        "the interval is {}, expected 1ms or more",
        duration::format(length)
    );
    problems.push(entry.error("interval_too_short", message));
    None
}

fn date<'t>(entry: Entry<'t>, problems: &mut Problems) -> Option<(Firing<'t>, String)> {
    if matches!(entry.value, DeValue::String(text) if text.trim().eq_ignore_ascii_case("now")) {
        return Some((Firing::Ready(Trigger::Now), "date now".to_owned()));
    }
    DateText::read(entry, problems).map(|date| (Firing::Date(date), "date".to_owned()))
}

/// `cron = "…"`.
fn expression<'t>(
    entry: Entry<'t>,
    text: &str,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<WrittenTrigger<'t>> {
    let at = |severity, error| from_schedule(severity, error, &entry);
    let Expression {
        trigger,
        zone,
        warnings,
    } = match reading.options.parse(text) {
        Ok(expression) => expression,
        Err(errors) => {
            problems.extend(errors.into_iter().map(|error| at(Severity::Error, error)));
            return None;
        }
    };
    problems.extend(
        warnings
            .into_iter()
            .map(|warning| at(Severity::Warning, warning)),
    );
    let timezone: Option<Arc<Zone>> = match zone {
        None => None,
        Some((name, span)) => match reading.zones.get(&name) {
            Ok(zone) => Some(zone),
            Err(unknown) => {
                let problem = unknown_zone(&name, unknown.suggestion.as_deref());
                problems.push(problem.at(entry.file.index, entry.place_of(span)));
                return None;
            }
        },
    };
    let keys = ScheduleKeys {
        timezone,
        ..ScheduleKeys::default()
    };
    let text = text.trim().to_owned();
    Some(WrittenTrigger {
        firing: Firing::Ready(trigger),
        entry: Some(entry),
        keys,
        text,
        is_expression: true,
    })
}

/// An error of the schedule layer, at its place in the value of a key.
fn from_schedule(severity: Severity, error: ScheduleError, entry: &Entry<'_>) -> Diagnostic {
    let place = entry.place_of(error.span.clone());
    diagnostic_of(severity, error).at(entry.file.index, place)
}

/// An error of the schedule layer, without its place.
pub(super) fn diagnostic_of(severity: Severity, error: ScheduleError) -> Diagnostic {
    let diagnostic = match severity {
        Severity::Error => Diagnostic::error(error.code, error.message),
        Severity::Warning => Diagnostic::warning(error.code, error.message),
    };
    diagnostic.maybe_label(error.label).maybe_help(error.help)
}

/// The fields of a cron table.
fn cron_fields<'t>(
    table: &mut Table<'t>,
    entry: Entry<'t>,
    problems: &mut Problems,
) -> Option<(Firing<'t>, String)> {
    let given: Vec<(TableField, Entry<'t>)> = TableField::ALL
        .into_iter()
        .filter_map(|field| Some((field, table.take(field.name())?)))
        .collect();
    let before = problems.errors();
    let texts: Vec<(TableField, Cow<'t, str>)> = given
        .iter()
        .filter_map(|(field, entry)| Some((*field, field_text(entry, problems)?)))
        .collect();
    let borrowed: Vec<(TableField, &str)> = texts
        .iter()
        .map(|(field, text)| (*field, text.as_ref()))
        .collect();
    if borrowed.is_empty() && problems.errors() > before {
        return None;
    }
    match Cron::table(&borrowed) {
        Ok(cron) if problems.errors() == before => {
            let mut text = "cron ".to_owned();
            for (index, (field, value)) in borrowed.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}{}='{value}'", field.name());
            }
            Some((Firing::Ready(Trigger::Cron(cron)), text))
        }
        Ok(_) => None,
        Err(errors) => {
            for (field, error) in errors {
                let at = given.iter().find(|(given, _)| *given == field);
                problems.push(match at {
                    Some((_, entry)) => from_schedule(Severity::Error, error, entry),
                    None => {
                        diagnostic_of(Severity::Error, error).at(entry.file.index, entry.span())
                    }
                });
            }
            None
        }
    }
}

/// A cron field as text; a number as its decimal digits.
fn field_text<'t>(entry: &Entry<'t>, problems: &mut Problems) -> Option<Cow<'t, str>> {
    match entry.value {
        DeValue::String(_) => filled_text(entry, TextKind::Line, problems),
        DeValue::Integer(number) => {
            let value = i64::from_str_radix(number.as_str(), number.radix());
            // What does not fit is out of every field's range, and is shown as it stands.
            Some(value.map_or(Cow::Borrowed(number.as_str()), |value| {
                Cow::Owned(value.to_string())
            }))
        }
        _ => {
            problems.push(wrong_type(
                entry,
                "a whole number or a text such as \"8-18/2\"",
            ));
            None
        }
    }
}

/// Says where an argument belongs that stands in a job beside no trigger it could be of.
pub(super) fn misplaced_argument(entry: &Entry<'_>) -> Option<Diagnostic> {
    let example = if TableField::from_name(entry.key).is_some() {
        format!("cron = {{ {} = … }}", entry.key)
    } else if PARTS.iter().any(|(name, _)| *name == entry.key) {
        format!("interval = {{ {} = … }}", entry.key)
    } else if entry.key == "run_date" {
        "date = …".to_owned()
    } else {
        return None;
    };
    let message = format!("{} stands outside of a trigger's table", quoted(entry.key));
    let kind = example.split(' ').next().unwrap_or_default();
    let help = format!("write `{example}`, or `trigger = \"{kind}\"` beside it");
    Some(
        entry
            .key_error("misplaced_argument", message)
            .label(kind_of(entry.value))
            .help(help),
    )
}
