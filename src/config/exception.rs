//! `except`: what drops a trigger's fires. Unlike a trigger, each of its items has an extent: a date
//! its day, a cron table all that its fields leave open, a crontab expression its minute.

use super::parts;
use super::reader::{Entry, Problems, Table};
use super::schedule_keys::{DateText, unknown_zone, zone};
use super::trigger::{self, Reading, from_schedule};
use super::value::{table, wrong_type};
use crate::diagnostic::{Severity, quoted};
use crate::schedule::{Exclusion, TableField, Trigger};
use crate::time::{WallTime, Zone};
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// What stands in a part of a trigger, and cannot stand here.
const NO_EXCEPTIONS: [&str; 6] = ["interval", "calendar", "any", "all", "except", "trigger"];

/// One exception as written.
pub(super) struct Exception<'t> {
    extent: Extent<'t>,
    /// Its own zone.
    zone: Option<Arc<Zone>>,
    /// For people.
    text: String,
}

enum Extent<'t> {
    /// Of times on the wall clock; its zone is still to be set.
    Clock(Exclusion),
    /// A whole day, or one second.
    Date(DateText<'t>),
}

/// The exceptions of an array; none if any is wrong.
pub(super) fn read<'t>(
    entry: &Entry<'t>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<Vec<Exception<'t>>> {
    let before = problems.errors();
    let exceptions: Vec<_> = parts::array(entry, problems)?
        .into_iter()
        .filter_map(|item| exception(item, reading, problems))
        .collect();
    (problems.errors() == before).then_some(exceptions)
}

fn exception<'t>(
    entry: Entry<'t>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<Exception<'t>> {
    let mut own = table(&entry, "a part of `except`".to_owned(), problems)?;
    for key in NO_EXCEPTIONS {
        if let Some(found) = own.take(key) {
            let message = format!("{} cannot be in `except`", quoted(key));
            let problem = found.key_error("no_exception", message);
            problems.push(problem.help("write `cron`, `date`, or the fields of a cron table"));
            return None;
        }
    }
    let own_zone = own
        .take("timezone")
        .and_then(|entry| zone(&entry, reading.zones, problems));
    let cron = own.take("cron");
    let date = own.take("date");
    let mut read = match (cron, date) {
        (Some(cron), Some(date)) => {
            let message = "a part of `except` is either a `cron` or a `date`";
            let problem = date.key_error("several_triggers", message);
            problems.push(problem.related(cron.key_location(), "the other one"));
            None
        }
        (Some(cron), None) => match cron.value {
            DeValue::String(text) => expression(cron, text, reading, problems),
            DeValue::Table(_) => {
                let mut fields = table(&cron, "`cron`".to_owned(), problems)?;
                let read = open_fields(&mut fields, cron, problems);
                fields.finish(problems);
                read
            }
            _ => {
                let expected = "a crontab expression or a table of fields";
                problems.push(wrong_type(&cron, expected));
                None
            }
        },
        (None, Some(date)) => DateText::read(date, problems).map(|date| Exception {
            text: format!("date {}", date.text),
            extent: Extent::Date(date),
            zone: None,
        }),
        (None, None) => open_fields(&mut own, entry, problems),
    };
    own.finish_with(problems, trigger::misplaced_argument);
    if let Some(exception) = &mut read {
        // A zone in the expression itself is the innermost.
        exception.zone = exception.zone.take().or(own_zone);
    }
    read
}

/// The fields of a cron table, those below the last one given open.
fn open_fields<'t>(
    fields: &mut Table<'t>,
    entry: Entry<'t>,
    problems: &mut Problems,
) -> Option<Exception<'t>> {
    let build = |fields: &[(TableField, &str)]| Exclusion::table(fields, Zone::utc());
    let (exclusion, text) = trigger::fields(fields, entry, build, problems)?;
    Some(Exception {
        extent: Extent::Clock(exclusion),
        zone: None,
        text,
    })
}

fn expression<'t>(
    entry: Entry<'t>,
    text: &str,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<Exception<'t>> {
    let expression = match reading.options.parse(text) {
        Ok(expression) => expression,
        Err(errors) => {
            let at = |error| from_schedule(Severity::Error, error, &entry);
            problems.extend(errors.into_iter().map(at));
            return None;
        }
    };
    let warnings = expression.warnings.into_iter();
    problems.extend(warnings.map(|warning| from_schedule(Severity::Warning, warning, &entry)));
    let Trigger::Cron(cron) = expression.trigger else {
        let message = format!("{} has no extent that could be excepted", quoted(text));
        let problem = entry.error("no_exception", message);
        problems.push(problem.help("write an expression of fields, such as `* * 25 12 *`"));
        return None;
    };
    let zone = match expression.zone {
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
    Some(Exception {
        extent: Extent::Clock(Exclusion::minutes(cron, Zone::utc())),
        zone,
        text: text.trim().to_owned(),
    })
}

impl Exception<'_> {
    /// For people.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The instants it drops; `zone` is that of the trigger.
    pub(super) fn exclusion(&self, zone: &Arc<Zone>, problems: &mut Problems) -> Option<Exclusion> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        match &self.extent {
            Extent::Clock(Exclusion::Cron { cron, .. }) => Some(Exclusion::Cron {
                cron: cron.clone(),
                zone: Arc::clone(zone),
            }),
            Extent::Clock(other) => Some(other.clone()),
            Extent::Date(date) if date.is_bare() => {
                // Read in UTC, the midnight is the reading of the clock.
                let midnight: WallTime = date.instant(&Zone::utc(), problems)?;
                Some(Exclusion::day(midnight.unix_seconds(), zone))
            }
            Extent::Date(date) => {
                let first = date.instant(zone, problems)?;
                let end = first + Duration::from_secs(1);
                Some(Exclusion::Between { first, end })
            }
        }
    }
}
