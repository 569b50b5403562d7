//! The keys that belong to a schedule whatever its trigger is: `timezone`, `start_date`,
//! `end_date`, `jitter`, `dst`, `dialect`, `first`. They stand beside the trigger, inside its table, or in `[defaults]`;
//! the innermost holds.

use super::Dialect;
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, choice, length, text, written, wrong_type};
use crate::diagnostic::{Diagnostic, quoted};
use crate::schedule::DstPolicy;
use crate::time::human;
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// Values of `dst`.
const POLICIES: [(&str, DstPolicy); 4] = [
    ("once", DstPolicy::Once),
    ("wall", DstPolicy::Wall),
    ("skip", DstPolicy::Skip),
    ("cron", DstPolicy::Cron),
];

/// Values of `dialect`.
const DIALECTS: [(&str, Dialect); 2] = [("crontab", Dialect::Crontab), ("quartz", Dialect::Quartz)];

/// What one table says about the schedule.
#[derive(Clone, Default)]
pub(super) struct ScheduleKeys<'t> {
    pub timezone: Option<Arc<Zone>>,
    pub start_date: Option<DateText<'t>>,
    pub end_date: Option<DateText<'t>>,
    /// With the place where it is written.
    pub jitter: Option<(Duration, Entry<'t>)>,
    pub dst: Option<DstPolicy>,
    /// With the place where it is written.
    pub dialect: Option<(Dialect, Entry<'t>)>,
    /// Where `first = "now"` is written.
    pub first_now: Option<Entry<'t>>,
}

impl<'t> ScheduleKeys<'t> {
    pub(super) fn read(
        table: &mut Table<'t>,
        zones: &ZoneDatabase,
        problems: &mut Problems,
    ) -> Self {
        let timezone = table
            .take("timezone")
            .and_then(|entry| zone(&entry, zones, problems));
        let start_date = table
            .take("start_date")
            .and_then(|entry| DateText::read(entry, problems));
        let end_date = table
            .take("end_date")
            .and_then(|entry| DateText::read(entry, problems));
        let jitter = table
            .take("jitter")
            .and_then(|entry| Some((length(&entry, problems)?, entry)));
        let dst = table
            .take("dst")
            .and_then(|entry| choice(&entry, &POLICIES, problems));
        let dialect = table
            .take("dialect")
            .and_then(|entry| Some((choice(&entry, &DIALECTS, problems)?, entry)));
        let first_now = table
            .take("first")
            .filter(|entry| choice(entry, &[("now", ())], problems).is_some());
        Self {
            timezone,
            start_date,
            end_date,
            jitter,
            dst,
            dialect,
            first_now,
        }
    }

    /// The language of expressions, if these keys name one.
    pub(super) fn named_dialect(&self) -> Option<Dialect> {
        self.dialect.map(|(dialect, _)| dialect)
    }

    /// These keys, and where there are none those of the table around.
    pub(super) fn or(self, outer: &Self) -> Self {
        Self {
            timezone: self.timezone.or_else(|| outer.timezone.clone()),
            start_date: self.start_date.or(outer.start_date),
            end_date: self.end_date.or(outer.end_date),
            jitter: self.jitter.or(outer.jitter),
            dst: self.dst.or(outer.dst),
            dialect: self.dialect.or(outer.dialect),
            first_now: self.first_now.or(outer.first_now),
        }
    }
}

/// A date as written, not yet read in a zone.
#[derive(Clone, Copy)]
pub(super) struct DateText<'t> {
    pub entry: Entry<'t>,
    pub text: &'t str,
}

impl<'t> DateText<'t> {
    /// Checks everything that does not depend on the zone.
    pub(super) fn read(entry: Entry<'t>, problems: &mut Problems) -> Option<Self> {
        let text = match entry.value {
            DeValue::String(text) => text.as_ref(),
            DeValue::Datetime(datetime) if datetime.date.is_none() => {
                let message = format!("{} is a time without a date", quoted(entry.key));
                let problem = entry.error("bad_date", message);
                problems.push(problem.help("write a date, as in `2026-05-01T06:00:00`"));
                return None;
            }
            DeValue::Datetime(_) => written(&entry),
            _ => {
                problems.push(wrong_type(&entry, "a date such as 2026-05-01T06:00:00"));
                return None;
            }
        };
        let date = Self { entry, text };
        date.instant(&Zone::utc(), problems).map(|_| date)
    }

    /// The instant it is in a zone.
    pub(super) fn instant(&self, zone: &Zone, problems: &mut Problems) -> Option<WallTime> {
        match human::parse_datetime(self.text, zone) {
            Ok(instant) => Some(instant),
            Err(error) => {
                let problem = Diagnostic::error("bad_date", error.message)
                    .at(self.entry.file.index, self.entry.place_of(error.span))
                    .maybe_help(error.help);
                problems.push(problem);
                None
            }
        }
    }

    /// Whether it names a day and no time of it.
    pub(super) fn is_bare(&self) -> bool {
        !self.text.contains(':')
    }
}

/// The zone a key names.
pub(super) fn zone(
    entry: &Entry<'_>,
    zones: &ZoneDatabase,
    problems: &mut Problems,
) -> Option<Arc<Zone>> {
    let name = text(entry, TextKind::Line, problems)?;
    match zones.get(&name) {
        Ok(zone) => Some(zone),
        Err(unknown) => {
            let problem = unknown_zone(&name, unknown.suggestion.as_deref());
            problems.push(problem.at(entry.file.index, entry.span()));
            None
        }
    }
}

/// The error of a zone that does not exist, without its place.
pub(super) fn unknown_zone(name: &str, suggestion: Option<&str>) -> Diagnostic {
    let help = match suggestion {
        Some(name) => format!("did you mean `{name}`?"),
        None => "write an IANA name such as `Europe/Helsinki` or `UTC`".to_owned(),
    };
    Diagnostic::error(
        "unknown_timezone",
        format!("unknown time zone {}", quoted(name)),
    )
    .help(help)
}
