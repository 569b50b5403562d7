//! `rsched next`: when an expression, or the jobs of files, will fire.

mod never;
mod show;
mod upcoming;

use super::args::{DstArg, NextArgs};
use super::exit_code::ExitCode;
use super::jobs_files;
use super::terminal::complain;
use crate::config::{self, Context, Job};
use crate::diagnostic::{Diagnostic, Source, quoted};
use crate::schedule::{self, DstPolicy, Expression, ScheduleSpec};
use crate::sys::clock;
use crate::time::{UnknownZone, WallTime, Zone, ZoneDatabase, human};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use upcoming::{Fire, Listed, Window};

/// The name that diagnostics give to an expression.
const EXPRESSION: &str = "<expression>";

/// Similarity (Jaro-Winkler) from which an id may have been meant.
const SIMILAR: f64 = 0.8;

pub(super) fn next(args: &NextArgs) -> ExitCode {
    match answer(args) {
        Ok(code) | Err(code) => code,
    }
}

fn answer(args: &NextArgs) -> Result<ExitCode, ExitCode> {
    let zones = ZoneDatabase::system();
    // Whole seconds, so that an interval counted from now reads well.
    let now = WallTime::from_unix_seconds(clock::read().wall.unix_seconds());
    let zone = args
        .timezone
        .as_deref()
        .map(|name| named_zone(&zones, name))
        .transpose()?;
    let read_in = zone.clone().unwrap_or_else(|| zones.machine_zone());
    let window = window(args, now, &read_in)?;

    let listed = match what(args)? {
        What::Expression(text) => {
            let context = Context {
                machine_zone: zones.machine_zone(),
                zones: &zones,
                cpus: 1,
                now: window.from,
            };
            let spec = expression(text, args.dst, &read_in, &context)?;
            vec![Listed::new(None, quoted(text), &spec, zone, window.from)]
        }
        What::Files(files) => {
            let jobs = jobs(args, files, &zones, now)?;
            let list = |job: &Arc<Job>| {
                let name = format!("job {}", quoted(job.id.as_str()));
                Listed::new(
                    Some(job.id.clone()),
                    name,
                    &job.schedule,
                    zone.clone(),
                    window.from,
                )
            };
            jobs.iter().map(list).collect()
        }
    };

    let fires: Box<dyn Iterator<Item = Fire<'_>>> = if args.each {
        Box::new(upcoming::of_each(&listed, window))
    } else {
        Box::new(upcoming::of_all(&listed, window))
    };
    let mut fires = fires.peekable();
    if fires.peek().is_none() {
        never::explain(&listed, window, &read_in);
        return Ok(ExitCode::No);
    }
    Ok(show::fires(args.format, fires, window.from))
}

/// What the arguments name.
enum What<'a> {
    Expression(&'a str),
    Files(Vec<PathBuf>),
}

fn what(args: &NextArgs) -> Result<What<'_>, ExitCode> {
    let usage = |message: &str| {
        complain(&message);
        Err(ExitCode::Usage)
    };
    if args
        .what
        .iter()
        .all(|argument| jobs_files::is_file(argument))
    {
        if args.dst.is_some() {
            return usage("--dst goes with an expression; the policy of a job stands in its file");
        }
        let files: Vec<_> = args.what.iter().map(PathBuf::from).collect();
        return Ok(What::Files(jobs_files::pick(&files)?));
    }
    match args.what.as_slice() {
        [text] if looks_like_a_path(text) => usage(&format!("there is no file {}", quoted(text))),
        [text] if args.jobs.is_empty() => Ok(What::Expression(text)),
        [text] => usage(&format!(
            "--job goes with jobs files, and there is no file {}",
            quoted(text)
        )),
        several if several.iter().any(|argument| jobs_files::is_file(argument)) => {
            let missing = several
                .iter()
                .find(|argument| !jobs_files::is_file(argument));
            let missing = missing.map_or_else(String::new, |argument| quoted(argument));
            usage(&format!(
                "there is no file {missing} (an expression stands alone, in quotes)"
            ))
        }
        _ => {
            usage("an expression is one argument: put it in quotes, as in rsched next '0 0 * * *'")
        }
    }
}

/// One word with a slash in it or `.toml` behind it: better called a missing file than an
/// expression of one field.
fn looks_like_a_path(text: &str) -> bool {
    let one_word = !text.contains([' ', '\t', '{', '*', '@']);
    one_word
        && (text.contains('/')
            || Path::new(text)
                .extension()
                .is_some_and(|extension| extension == "toml"))
}

fn named_zone(zones: &ZoneDatabase, name: &str) -> Result<Arc<Zone>, ExitCode> {
    zones.get(name).map_err(|unknown| {
        let problem = unknown_zone(&unknown).at(0, 0..name.len());
        wrong_text("--timezone", name, &[problem])
    })
}

fn unknown_zone(unknown: &UnknownZone) -> Diagnostic {
    let suggestion = unknown.suggestion.as_ref();
    Diagnostic::error("unknown_zone", unknown.to_string())
        .maybe_help(suggestion.map(|zone| format!("did you mean `{zone}`?")))
}

fn window(args: &NextArgs, now: WallTime, zone: &Zone) -> Result<Window, ExitCode> {
    let time = |option: &str, text: &str| {
        human::parse_time(text, now, zone).map_err(|error| {
            let problem = Diagnostic::error("invalid_time", error.message).maybe_help(error.help);
            wrong_text(option, text, &[problem.at(0, error.span)])
        })
    };
    let from = time("--from", &args.from)?;
    let until = args
        .until
        .as_deref()
        .map(|text| time("--until", text))
        .transpose()?;
    // Times are whole microseconds, so this is the last one before.
    let after = if args.inclusive {
        from - Duration::from_micros(1)
    } else {
        from
    };
    Ok(Window {
        from,
        after,
        until: until.unwrap_or(WallTime::MAX),
        count: args.count as usize,
    })
}

/// An inline table, or a crontab expression.
fn expression(
    text: &str,
    dst: Option<DstArg>,
    zone: &Arc<Zone>,
    context: &Context<'_>,
) -> Result<ScheduleSpec, ExitCode> {
    let spec = if text.trim_start().starts_with('{') {
        config::parse_inline_trigger(text, zone, context)
    } else {
        crontab(text, zone, context)
    };
    let mut spec = spec.map_err(|problems| wrong_text(EXPRESSION, text, &problems))?;
    if let Some(dst) = dst {
        spec.dst = DstPolicy::from(dst);
    }
    Ok(spec)
}

fn crontab(
    text: &str,
    zone: &Arc<Zone>,
    context: &Context<'_>,
) -> Result<ScheduleSpec, Vec<Diagnostic>> {
    let Expression {
        trigger,
        zone: named,
        warnings,
    } = schedule::parse_expression(text)
        .map_err(|errors| config::diagnostics_of_expression(errors, 0, 0))?;
    let zone = match named {
        None => Arc::clone(zone),
        Some((name, span)) => {
            let found = context.zones.get(&name);
            found.map_err(|unknown| vec![unknown_zone(&unknown).at(0, span)])?
        }
    };
    let warnings = config::warnings_of_expression(warnings, 0, 0);
    show(EXPRESSION, text, &warnings);
    Ok(ScheduleSpec::new(trigger, zone))
}

/// Shows what is wrong with a text of the command line.
fn wrong_text(name: &str, text: &str, problems: &[Diagnostic]) -> ExitCode {
    show(name, text, problems);
    ExitCode::Usage
}

fn show(name: &str, text: &str, problems: &[Diagnostic]) {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    jobs_files::show(problems, &[source]);
}

/// The jobs asked for: those named, else all that are enabled.
fn jobs(
    args: &NextArgs,
    files: Vec<PathBuf>,
    zones: &ZoneDatabase,
    now: WallTime,
) -> Result<Vec<Arc<Job>>, ExitCode> {
    let read = jobs_files::read(files, zones, now)
        .map_err(|rejected| jobs_files::complain_about(&rejected))?;
    let all = read.file.jobs;
    let mut unknown = false;
    for id in &args.jobs {
        match all.iter().find(|job| job.id.as_str() == id) {
            None => {
                unknown = true;
                complain(&format_args!(
                    "there is no job {}{}",
                    quoted(id),
                    did_you_mean(id, &all)
                ));
            }
            Some(job) if !job.enabled => complain(&format_args!(
                "job {} is not enabled: nothing will run it",
                quoted(id)
            )),
            Some(_) => {}
        }
    }
    if unknown {
        return Err(ExitCode::Usage);
    }
    let wanted = |job: &Arc<Job>| {
        if args.jobs.is_empty() {
            job.enabled
        } else {
            args.jobs.iter().any(|id| id == job.id.as_str())
        }
    };
    Ok(all.into_iter().filter(wanted).collect())
}

fn did_you_mean(id: &str, jobs: &[Arc<Job>]) -> String {
    let similarity = |job: &Arc<Job>| strsim::jaro_winkler(id, job.id.as_str());
    let nearest = jobs
        .iter()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match nearest.filter(|job| similarity(job) >= SIMILAR) {
        Some(job) => format!(", did you mean `{}`?", job.id.as_str()),
        None => String::new(),
    }
}

impl From<DstArg> for DstPolicy {
    fn from(policy: DstArg) -> Self {
        match policy {
            DstArg::Once => Self::Once,
            DstArg::Wall => Self::Wall,
            DstArg::Skip => Self::Skip,
            DstArg::Cron => Self::Cron,
        }
    }
}
