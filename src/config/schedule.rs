//! Trigger, zone, bounds and policy as one schedule, with what the tables around it say.

use super::exception::Exception;
use super::job_schedule::JobSchedule;
use super::parts::Part;
use super::reader::{Entry, Problems};
use super::schedule_keys::{DateText, ScheduleKeys};
use super::trigger::{Firing, WrittenTrigger};
use crate::diagnostic::Diagnostic;
use crate::schedule::{ScheduleSpec, Trigger};
use crate::time::{WallTime, Zone, human};
use std::sync::Arc;

/// Trigger, zone, bounds and policy as one; `defaults` hold where trigger and job say nothing.
pub(super) fn schedule<'t>(
    trigger: WrittenTrigger<'t>,
    job: &ScheduleKeys<'t>,
    defaults: &ScheduleKeys<'t>,
    zone: &Arc<Zone>,
    now: WallTime,
    problems: &mut Problems,
) -> Option<JobSchedule> {
    let WrittenTrigger {
        firing,
        keys,
        mut text,
        is_expression,
        except,
        ..
    } = trigger;
    let own = keys.or(job);
    if let (Some((_, entry)), false) = (own.dialect, is_expression) {
        let message = "`dialect` is for crontab expressions only";
        let problem = entry.key_error("dialect_without_expression", message);
        problems.push(problem.help("leave it out"));
    }
    let own_first = own.first_now;
    let keys = own.or(defaults);
    let zone = keys.timezone.clone().unwrap_or_else(|| Arc::clone(zone));
    let around = Around {
        keys: &keys,
        zone: &zone,
        now,
    };
    let mut trigger = match firing {
        Firing::Ready(trigger) => trigger,
        Firing::Any(parts) => {
            let specs;
            (specs, text) = around.parts(&text, parts, problems)?;
            Trigger::Any(specs.into_iter().map(|(spec, _)| spec).collect())
        }
        Firing::All(parts) => {
            let specs;
            (specs, text) = around.parts(&text, parts, problems)?;
            Trigger::All(agreeing(specs, problems)?)
        }
        Firing::Date(date) => {
            let at = date.instant(&zone, problems)?;
            text = format!("date {}", human::display(at, &zone));
            Trigger::Date(at)
        }
    };
    match (&mut trigger, own_first) {
        (Trigger::Interval { first_now, .. }, _) => *first_now = keys.first_now.is_some(),
        (_, Some(entry)) => {
            let problem =
                entry.key_error("first_without_interval", "`first` is for intervals only");
            problems.push(problem.help("leave it out"));
        }
        (_, None) => {}
    }
    if !except.is_empty() {
        let sets = except.iter().map(|one| one.exclusion(&zone, problems));
        let sets = sets.collect::<Option<Vec<_>>>()?;
        let texts: Vec<_> = except.iter().map(Exception::text).collect();
        text = format!("{text} except [{}]", texts.join("; "));
        trigger = Trigger::Except {
            trigger: Box::new(trigger),
            except: sets,
        };
    }
    let before = problems.errors();
    let mut bound =
        |date: Option<DateText<'_>>| date.and_then(|date| date.instant(&zone, problems));
    let (start_date, end_date) = (bound(keys.start_date), bound(keys.end_date));
    if problems.errors() > before {
        return None;
    }
    let spec = ScheduleSpec {
        trigger,
        zone,
        start_date,
        end_date,
        dst: keys.dst.unwrap_or_default(),
    };
    if let (Some(start), Some(end)) = (keys.start_date, keys.end_date)
        && start_date > end_date
    {
        let problem = end
            .entry
            .error("end_before_start", "`end_date` is before `start_date`")
            .label("ends here")
            .related(start.entry.location(), "starts here");
        problems.push(problem);
        return None;
    }
    if let Some(end) = keys.end_date {
        problems.extend(hidden_last_day(&spec, &end.entry, end.is_bare(), now));
    }
    let jitter = keys.jitter.map(|(jitter, _)| jitter);
    let jitter = jitter.filter(|jitter| !jitter.is_zero());
    Some(JobSchedule::new(spec, jitter, text))
}

/// A bare end date is that day's midnight: a warning if the job would fire later that day.
fn hidden_last_day(
    spec: &ScheduleSpec,
    entry: &Entry<'_>,
    is_bare: bool,
    now: WallTime,
) -> Option<Diagnostic> {
    let end = spec.end_date.filter(|_| is_bare)?;
    let endless = ScheduleSpec {
        end_date: None,
        ..spec.clone()
    };
    let hidden = endless.anchored(now).next_after(end)?;
    let day = |time| {
        let mut text = human::display(time, &spec.zone);
        text.truncate("2026-05-31".len());
        text
    };
    if day(hidden) != day(end) {
        return None;
    }
    let message = format!(
        "`end_date` is midnight: no fire on {} itself but at 00:00",
        day(end)
    );
    let problem = Diagnostic::warning("bare_end_date", message)
        .at(entry.file.index, entry.span())
        .help(format!("write `{}T23:59:59` to include the day", day(end)));
    Some(problem)
}

/// What holds for the parts of a trigger that say nothing else.
struct Around<'a, 't> {
    keys: &'a ScheduleKeys<'t>,
    zone: &'a Arc<Zone>,
    now: WallTime,
}

/// Schedules with the places of their parts, and the text of all together.
type Specs<'t> = (Vec<(ScheduleSpec, Entry<'t>)>, String);

impl<'t> Around<'_, 't> {
    /// The schedules of the parts.
    fn parts(&self, key: &str, parts: Vec<Part<'t>>, problems: &mut Problems) -> Option<Specs<'t>> {
        let before = problems.errors();
        let (mut specs, mut texts) = (Vec::new(), Vec::new());
        for part in parts {
            for (_, entry) in [part.trigger.keys.jitter, part.keys.jitter]
                .into_iter()
                .flatten()
            {
                let message = "a part has no jitter of its own";
                let problem = entry.key_error("jitter_of_part", message);
                problems.push(problem.help(format!("give it to the job, beside `{key}`")));
            }
            let read = schedule(
                part.trigger,
                &part.keys,
                self.keys,
                self.zone,
                self.now,
                problems,
            );
            if let Some(read) = read {
                specs.push((read.spec, part.entry));
                texts.push(read.text);
            }
        }
        let text = format!("{key} [{}]", texts.join("; "));
        (problems.errors() == before).then_some((specs, text))
    }
}

/// The parts of an `all`, if it is fixed when each of them fires: an interval that counts from when the
/// job is first seen would agree with the others by chance.
fn agreeing(
    parts: Vec<(ScheduleSpec, Entry<'_>)>,
    problems: &mut Problems,
) -> Option<Vec<ScheduleSpec>> {
    let before = problems.errors();
    for (_, entry) in parts.iter().filter(|(spec, _)| has_loose_interval(spec)) {
        let message = "an interval without `start_date` cannot be in `all`";
        let problem = entry.error("interval_without_start", message);
        problems.push(problem.help("add `start_date = 2026-01-01T00:00:00`: fires count from it"));
    }
    (problems.errors() == before).then(|| parts.into_iter().map(|(spec, _)| spec).collect())
}

/// Whether it has an interval that counts from when the job is first seen.
fn has_loose_interval(spec: &ScheduleSpec) -> bool {
    match spec.trigger.fired() {
        Trigger::Interval { .. } => spec.start_date.is_none(),
        Trigger::Any(parts) | Trigger::All(parts) => parts.iter().any(has_loose_interval),
        _ => false,
    }
}
