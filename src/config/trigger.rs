//! The trigger of a job, in any of its notations: short (`cron = …`, `interval = …`, `calendar = …`,
//! `date = …`, `any = …`, `all = …`), flat (`trigger = "cron"` with the arguments beside it), nested (`trigger = { type = "cron", … }`).
//! All mean the same, and a job has one.

use super::exception::{self, Exception};
use super::interval_table::{self, PARTS};
use super::parts::{self, Part};
use super::reader::{Entry, Problems, Table};
use super::schedule_keys::{DateText, ScheduleKeys, unknown_zone};
use super::suggestion;
use super::value::{TextKind, filled_text, kind_of, length, table, wrong_type};
use super::{Dialect, ExpressionOptions, calendar_table};
use crate::diagnostic::{Diagnostic, Severity, quoted};
use crate::schedule::{Cron, Expression, MIN_INTERVAL, ScheduleError, TableField, Trigger};
use crate::time::{Zone, ZoneDatabase, duration};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// The keys of the short forms, and the one of the two long ones.
pub(super) const TRIGGER_KEYS: [&str; 7] = [
    "cron", "interval", "calendar", "date", "any", "all", "trigger",
];

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
    /// Parts of which any may fire.
    Any(Vec<Part<'t>>),
    /// Parts that must agree.
    All(Vec<Part<'t>>),
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
    /// What drops its fires.
    pub except: Vec<Exception<'t>>,
}

impl<'t> WrittenTrigger<'t> {
    fn none() -> Self {
        Self::of_no_entry(Firing::Ready(Trigger::Now), "at start".to_owned())
    }

    fn of_no_entry(firing: Firing<'t>, text: String) -> Self {
        Self {
            firing,
            entry: None,
            keys: ScheduleKeys::default(),
            text,
            is_expression: false,
            except: Vec::new(),
        }
    }

    fn new((firing, text): (Firing<'t>, String), entry: Entry<'t>) -> Self {
        Self {
            entry: Some(entry),
            ..Self::of_no_entry(firing, text)
        }
    }
}

impl Reading<'_> {
    /// The same with the dialect, if one is named.
    pub(super) fn with_dialect(mut self, dialect: Option<Dialect>) -> Self {
        self.options.dialect = dialect.unwrap_or(self.options.dialect);
        self
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
    let except = job.take("except");
    let Some(first) = entries.first().copied() else {
        if let Some(except) = except {
            let message = "`except` stands beside no trigger";
            problems.push(except.key_error("except_without_trigger", message));
        }
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
    let exceptions = match except {
        Some(except) => exception::read(&except, reading, problems),
        None => Some(Vec::new()),
    };
    Some(WrittenTrigger {
        except: exceptions?,
        ..read.into_iter().next().flatten()?
    })
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
            "calendar" => self.calendar(entry),
            "date" => date(entry, self.problems).map(|date| WrittenTrigger::new(date, entry)),
            "any" => self.parts(entry, Firing::Any),
            "all" => self.parts(entry, Firing::All),
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
        let read = match entry.value {
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
                length(&entry, self.problems)
            }
            _ => {
                let expected = "a duration such as \"2h\", or a table such as { hours = 2 }";
                self.problems.push(wrong_type(&entry, expected));
                return None;
            }
        };
        let read = interval(long_enough(read?, &entry, self.problems)?);
        Some(WrittenTrigger::new(read, entry))
    }

    fn calendar(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        let mut arguments = table(&entry, "`calendar`".to_owned(), self.problems)?;
        let read = calendar_table::read(&mut arguments, &entry, self.problems);
        finish_own(arguments, entry, read, self.reading, self.problems)
    }

    fn parts(
        &mut self,
        entry: Entry<'t>,
        firing: impl FnOnce(Vec<Part<'t>>) -> Firing<'t>,
    ) -> Option<WrittenTrigger<'t>> {
        let parts = parts::read(&entry, self.reading, self.problems)?;
        let is_expression = parts.iter().any(|part| part.trigger.is_expression);
        let read = (firing(parts), entry.key.to_owned());
        Some(WrittenTrigger {
            is_expression,
            ..WrittenTrigger::new(read, entry)
        })
    }

    /// `trigger = "cron"` or `trigger = { type = "cron" }`.
    fn long_form(&mut self, entry: Entry<'t>) -> Option<WrittenTrigger<'t>> {
        match entry.value {
            DeValue::String(kind) => {
                let kind = trigger_type(&entry, kind, self.reading.options, self.problems)?;
                let read = arguments(kind, self.job, entry, self.problems)?;
                Some(WrittenTrigger::new(read, entry))
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
    Some(WrittenTrigger::new(read?, entry))
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
    own.finish(problems);
    Some(WrittenTrigger {
        keys,
        ..WrittenTrigger::new(read?, entry)
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
        let help = if TRIGGER_KEYS.contains(&word) {
            format!("write `{word} = …`")
        } else if options.parse(word).is_ok() {
            format!("write `cron = \"{word}\"`")
        } else {
            suggestion::help(word, &TYPES)
        };
        let message = format!("{} is no type of trigger", quoted(word));
        let problem = entry.error("unknown_value", message).help(help);
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
        keys,
        is_expression: true,
        ..WrittenTrigger::new((Firing::Ready(trigger), text), entry)
    })
}

/// An error of the schedule layer, at its place in the value of a key.
pub(super) fn from_schedule(
    severity: Severity,
    error: ScheduleError,
    entry: &Entry<'_>,
) -> Diagnostic {
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
    let (cron, text) = fields(table, entry, Cron::table, problems)?;
    Some((Firing::Ready(Trigger::Cron(cron)), text))
}

/// What is built from the fields of a cron table, and these as text.
pub(super) fn fields<'t, T>(
    table: &mut Table<'t>,
    entry: Entry<'t>,
    build: impl FnOnce(&[(TableField, &str)]) -> Result<T, Vec<(TableField, ScheduleError)>>,
    problems: &mut Problems,
) -> Option<(T, String)> {
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
    match build(&borrowed) {
        Ok(made) if problems.errors() == before => {
            let mut text = "cron ".to_owned();
            for (index, (field, value)) in borrowed.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}{}='{value}'", field.name());
            }
            Some((made, text))
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
    } else if calendar_table::LONG_PARTS.contains(&entry.key) {
        format!("calendar = {{ {} = … }}", entry.key)
    } else if entry.key == "run_date" {
        "date = …".to_owned()
    } else {
        return None;
    };
    let message = format!("{} stands outside of a trigger's table", quoted(entry.key));
    let kind = example.split(' ').next().unwrap_or_default();
    let help = if TYPES.contains(&kind) {
        format!("write `{example}`, or `trigger = \"{kind}\"` beside it")
    } else {
        format!("write `{example}`")
    };
    Some(
        entry
            .key_error("misplaced_argument", message)
            .label(kind_of(entry.value))
            .help(help),
    )
}
