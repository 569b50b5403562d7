//! `rsched explain`: a schedule in plain English, the sets its fields stand for, and what is odd about it.

use super::args::{ExplainArgs, ExplainFormat};
use super::exit_code::ExitCode;
use super::expression::{self, What};
use super::jobs_files;
use super::terminal::{self, complain, write_note};
use crate::config::{Context, Job};
use crate::diagnostic::quoted;
use crate::schedule::{Cron, DayRule, ScheduleSpec, Trigger};
use crate::sys::{clock, host};
use crate::time::{WallTime, ZoneDatabase, duration, human};
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) fn explain(args: &ExplainArgs) -> ExitCode {
    match asked(args) {
        Ok(asked) => terminal::answer(ExitCode::Done, |out| match args.format {
            ExplainFormat::Text => text(out, &asked),
            ExplainFormat::Json => json(out, &asked),
        }),
        Err(code) => code,
    }
}

/// The schedule asked about.
struct Asked {
    /// As written.
    expression: String,
    spec: ScheduleSpec,
    jitter: Option<Duration>,
    notes: Vec<String>,
}

impl Asked {
    fn new(
        expression: String,
        spec: ScheduleSpec,
        jitter: Option<Duration>,
        now: WallTime,
    ) -> Self {
        let notes = spec
            .lints(now, jitter)
            .into_iter()
            .map(|lint| lint.message)
            .collect();
        Self {
            expression,
            spec,
            jitter,
            notes,
        }
    }

    /// The cron whose fields can be shown.
    fn cron(&self) -> Option<&Cron> {
        match self.spec.trigger.fired() {
            Trigger::Cron(cron) => Some(cron),
            _ => None,
        }
    }
}

fn asked(args: &ExplainArgs) -> Result<Asked, ExitCode> {
    let zones = Arc::new(ZoneDatabase::system());
    let now = clock::read().wall;
    let jobs = args.job.as_slice();
    match expression::what(&args.what, jobs, &args.expression, &args.file)? {
        What::Expression(text) => {
            let zone = args.expression.named_zone(&zones)?;
            let zone = zone.unwrap_or_else(|| zones.machine_zone());
            let context = Context {
                machine_zone: zones.machine_zone(),
                machine_id: &host::machine_id(),
                host_name: &host::name(),
                zones: &zones,
                cpus: 1,
                now,
                accounts: None,
            };
            let read = args.expression.read(text, &zone, &context)?;
            let text = text.trim().to_owned();
            Ok(Asked::new(text, read.schedule, read.jitter, now))
        }
        What::Files(files) => {
            if args.expression.timezone.is_some() {
                complain(
                    &"--timezone goes with an expression; the zone of a job stands in its file",
                );
                return Err(ExitCode::Usage);
            }
            let format = jobs_files::format(&args.file)?;
            let read = jobs_files::read(files, format, &zones, now)
                .map_err(|rejected| jobs_files::complain_about(&rejected))?;
            let job = job(&read.file.jobs, args.job.as_deref())?;
            Ok(Asked::new(
                job.schedule.text.clone(),
                job.schedule.spec.clone(),
                job.schedule.jitter,
                now,
            ))
        }
    }
}

/// The job of that id, or the only one there is.
fn job(jobs: &[Arc<Job>], id: Option<&str>) -> Result<Arc<Job>, ExitCode> {
    let Some(id) = id else {
        let [job] = jobs else {
            complain(&format_args!(
                "there are {} jobs: name the one to explain with --job",
                jobs.len()
            ));
            return Err(ExitCode::Usage);
        };
        return Ok(Arc::clone(job));
    };
    let found = jobs.iter().find(|job| job.id.as_str() == id);
    found.map(Arc::clone).ok_or_else(|| {
        complain(&format_args!(
            "there is no job {}{}",
            quoted(id),
            jobs_files::did_you_mean(id, jobs)
        ));
        ExitCode::Usage
    })
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    expression: &'a str,
    text: String,
    timezone: &'a str,
    /// None of a trigger that has no fields.
    fields: Option<JsonFields>,
    day_rule: Option<&'static str>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<f64>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonFields {
    second: Vec<u8>,
    minute: Vec<u8>,
    hour: Vec<u8>,
    day: Vec<u8>,
    month: Vec<u8>,
    day_of_week: Vec<u8>,
}

fn json(out: &mut dyn Write, asked: &Asked) -> io::Result<()> {
    let fields = |cron: &Cron| JsonFields {
        second: cron.seconds().collect(),
        minute: cron.minutes().collect(),
        hour: cron.hours().collect(),
        day: cron.days().collect(),
        month: cron.months().collect(),
        day_of_week: cron.weekdays().collect(),
    };
    let rule = |cron: &Cron| match cron.day_rule() {
        DayRule::Both => "both",
        DayRule::Either => "either",
    };
    let answer = JsonAnswer {
        expression: &asked.expression,
        text: asked.spec.describe(),
        timezone: asked.spec.zone.name(),
        fields: asked.cron().map(fields),
        day_rule: asked.cron().map(rule),
        jitter: asked.jitter.map(|jitter| jitter.as_secs_f64()),
        notes: &asked.notes,
    };
    serde_json::to_writer(&mut *out, &answer)?;
    out.write_all(b"\n")
}

fn text(out: &mut dyn Write, asked: &Asked) -> io::Result<()> {
    writeln!(out, "{}\n", asked.spec.describe())?;
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(cron) = asked.cron() {
        let number = |value: u8| value.to_string();
        let month = |value: u8| MONTHS[usize::from(value.clamp(1, 12)) - 1].to_owned();
        let weekday = |value: u8| WEEKDAYS[usize::from(value % 7)].to_owned();
        rows = vec![
            (
                "second",
                set(&cron.seconds().collect::<Vec<_>>(), 60, number),
            ),
            (
                "minute",
                set(&cron.minutes().collect::<Vec<_>>(), 60, number),
            ),
            ("hour", set(&cron.hours().collect::<Vec<_>>(), 24, number)),
            ("day", set(&cron.days().collect::<Vec<_>>(), 31, number)),
            ("month", set(&cron.months().collect::<Vec<_>>(), 12, month)),
            (
                "day of week",
                set(&cron.weekdays().collect::<Vec<_>>(), 7, weekday),
            ),
        ];
        let rule = match cron.day_rule() {
            DayRule::Both => "a day must match both day fields",
            DayRule::Either => "a day may match either day field",
        };
        rows.push(("day rule", rule.to_owned()));
    }
    let zone = &asked.spec.zone;
    rows.push(("time zone", zone.name().to_owned()));
    let bounds = [
        ("starts", asked.spec.start_date),
        ("ends", asked.spec.end_date),
    ];
    for (name, bound) in bounds {
        rows.extend(bound.map(|at| (name, human::display(at, zone))));
    }
    if let Some(jitter) = asked.jitter {
        rows.push(("jitter", format!("up to {}", duration::format(jitter))));
    }
    for (name, value) in rows {
        writeln!(out, "{name:11}  {value}")?;
    }
    let style = terminal::note_style();
    for note in &asked.notes {
        write_note(out, "", note, style)?;
    }
    Ok(())
}

/// `0-5, 30`; all values of a field are `every`.
fn set(values: &[u8], all: usize, name: impl Fn(u8) -> String) -> String {
    if values.len() == all {
        return "every".to_owned();
    }
    if values.is_empty() {
        // `L`, `15W`, `fri#3`: what stands for another day each month.
        return "none by itself: see above".to_owned();
    }
    let runs = values.chunk_by(|one, next| one + 1 == *next);
    let texts: Vec<String> = runs
        .map(|run| match run {
            [first, .., last] => format!("{}-{}", name(*first), name(*last)),
            _ => name(run[0]),
        })
        .collect();
    texts.join(", ")
}
