//! Triggers that stand alone: `rsched next '{ day = "3rd fri", hour = "0-3" }'`.

use super::JobSchedule;
use super::interval_table::PARTS;
use super::load::Context;
use super::reader::{Entry, File, Problems};
use super::schedule::schedule;
use super::schedule_keys::ScheduleKeys;
use super::trigger::{self, Reading, diagnostic_of};
use super::{ExpressionOptions, syntax, value};
use crate::diagnostic::{Diagnostic, Severity, sort};
use crate::schedule::{ScheduleError, ScheduleSpec};
use crate::time::Zone;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the text is called in messages.
const WHOLE: &str = "trigger";

/// A trigger that stands alone, with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineTrigger {
    /// When it fires.
    pub schedule: ScheduleSpec,
    /// How far starts are spread behind that; none = not at all.
    pub jitter: Option<Duration>,
    /// What was accepted but is worth a word.
    pub warnings: Vec<Diagnostic>,
}

/// Reads an inline table: the fields of a cron table, or `cron`, `interval`, `calendar`, `date`,
/// `any`, `all`, `trigger` as in a job, with `except` if need be; either with `timezone`, `start_date`, `end_date`,
/// `jitter`, `dst`, `dialect`, `first` beside them.
/// `zone` and `options` are those of a table that names none. A trigger that never fires is no error here.
///
/// ```
/// use rsched::config::{Context, ExpressionOptions, parse_inline_trigger};
/// use rsched::time::{WallTime, Zone, ZoneDatabase};
/// let zones = ZoneDatabase::bundled();
/// let now = WallTime::from_unix_seconds(1_767_225_600);
/// let (machine_zone, machine_id) = (Zone::utc(), "host-7");
/// let context = Context { zones: &zones, machine_zone, machine_id, host_name: "here", cpus: 1, now, accounts: None };
/// let options = ExpressionOptions::default();
/// let read = |text| parse_inline_trigger(text, &Zone::utc(), options, &context);
/// assert!(read("{ day = '3rd fri', hour = '0-3' }").is_ok());
/// assert!(read("{ interval = { hours = 2 }, start_date = 2026-01-01 }").is_ok());
/// assert_eq!(read("{ hour = 24 }").unwrap_err()[0].code, "value_out_of_range");
/// ```
///
/// # Errors
/// Everything wrong with it, in places of the source with index 0.
pub fn parse_inline_trigger(
    text: &str,
    zone: &Arc<Zone>,
    options: ExpressionOptions<'_>,
    context: &Context<'_>,
) -> Result<InlineTrigger, Vec<Diagnostic>> {
    // TOML wants a value to begin at once; a shell's quotes may hold blanks before it.
    let blanks = text.len() - text.trim_start().len();
    let finished = |mut problems: Vec<Diagnostic>| {
        for problem in &mut problems {
            let related = problem.related.as_mut().map(|(place, _)| place);
            for place in problem.location.iter_mut().chain(related) {
                place.span = place.span.start + blanks..place.span.end + blanks;
            }
        }
        sort(&mut problems);
        // What is wrong around several parts is found with each.
        problems.dedup();
        problems
    };
    let (read, problems) = read_trimmed(text.trim(), zone, options, context);
    let problems = finished(problems);
    match read {
        Some(read) if !problems.iter().any(Diagnostic::is_error) => Ok(InlineTrigger {
            schedule: read.spec,
            jitter: read.jitter,
            warnings: problems,
        }),
        _ => Err(problems),
    }
}

fn read_trimmed(
    text: &str,
    zone: &Arc<Zone>,
    options: ExpressionOptions<'_>,
    context: &Context<'_>,
) -> (Option<JobSchedule>, Vec<Diagnostic>) {
    let (value, syntax_problems) = syntax::parse_value(0, text);
    if !syntax_problems.is_empty() {
        return (None, syntax_problems);
    }
    let mut problems = Problems::default();
    let file = File {
        index: 0,
        text,
        directory: Path::new("/"),
    };
    let entry = Entry::whole(file, WHOLE, &value);
    let read = read(&entry, zone, options, context, &mut problems);
    (read, problems.into_list())
}

fn read(
    entry: &Entry<'_>,
    zone: &Arc<Zone>,
    options: ExpressionOptions<'_>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<JobSchedule> {
    let mut table = value::table(entry, "the trigger".into(), problems)?;
    let has = |names: &[&str]| names.iter().any(|name| table.has(name));
    let parts = PARTS.map(|(name, _)| name);
    let mut reading = Reading {
        zones: context.zones,
        options,
    };
    let (written, keys) = if has(&["type"]) {
        (
            trigger::nested(*entry, reading, problems),
            ScheduleKeys::default(),
        )
    } else if has(&trigger::TRIGGER_KEYS) {
        let keys = ScheduleKeys::read(&mut table, context.zones, problems);
        reading.options.dialect = keys.named_dialect().unwrap_or(options.dialect);
        let written = trigger::read(&mut table, reading, problems);
        table.finish_with(problems, trigger::misplaced_argument);
        (written, keys)
    } else if has(&parts) {
        let problem = entry.error("misplaced_argument", "the parts of an interval stand alone");
        problems.push(problem.help("write `{ interval = { hours = 2 } }`"));
        return None;
    } else {
        // First, so that they are not taken for what stands there instead of fields.
        let keys = ScheduleKeys::read(&mut table, context.zones, problems);
        let written = trigger::cron_table(&mut table, *entry, problems);
        table.finish(problems);
        (written, keys)
    };
    let defaults = ScheduleKeys::default();
    schedule(written?, &keys, &defaults, zone, context.now, problems)
}

/// Errors of [`crate::schedule::parse_expression`] as diagnostics of a source in which the
/// expression begins at byte `offset`.
///
/// ```
/// use rsched::config::diagnostics_of_expression;
/// use rsched::schedule::parse_expression;
/// let errors = parse_expression("60 * * * *").unwrap_err();
/// let diagnostics = diagnostics_of_expression(errors, 0, 0);
/// assert_eq!(diagnostics[0].location.as_ref().unwrap().span, 0..2);
/// ```
#[must_use]
pub fn diagnostics_of_expression(
    errors: Vec<ScheduleError>,
    source: usize,
    offset: usize,
) -> Vec<Diagnostic> {
    diagnostics_of(Severity::Error, errors, source, offset)
}

/// As [`diagnostics_of_expression`], for what was accepted with a warning.
#[must_use]
pub fn warnings_of_expression(
    warnings: Vec<ScheduleError>,
    source: usize,
    offset: usize,
) -> Vec<Diagnostic> {
    diagnostics_of(Severity::Warning, warnings, source, offset)
}

fn diagnostics_of(
    severity: Severity,
    errors: Vec<ScheduleError>,
    source: usize,
    offset: usize,
) -> Vec<Diagnostic> {
    errors
        .into_iter()
        .map(|error| {
            let span = error.span.start + offset..error.span.end + offset;
            diagnostic_of(severity, error).at(source, span)
        })
        .collect()
}
