//! `rsched next`: when an expression, or the jobs of files, will fire.

mod never;
mod show;
mod upcoming;

use super::args::NextArgs;
use super::exit_code::ExitCode;
use super::expression::{self, What};
use super::jobs_files;
use super::terminal::complain;
use super::time_argument;
use crate::config::{Context, Job};
use crate::diagnostic::quoted;
use crate::sys::{clock, host};
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use upcoming::{Fire, Listed, Spread, Window};

pub(super) fn next(args: &NextArgs) -> ExitCode {
    match answer(args) {
        Ok(code) | Err(code) => code,
    }
}

fn answer(args: &NextArgs) -> Result<ExitCode, ExitCode> {
    let zones = ZoneDatabase::system();
    let machine_id = host::machine_id();
    let host_name = host::name();
    // Whole seconds, so that an interval counted from now reads well.
    let now = WallTime::from_unix_seconds(clock::read().wall.unix_seconds());
    let zone = args.expression.named_zone(&zones)?;
    let read_in = zone.clone().unwrap_or_else(|| zones.machine_zone());
    let window = window(args, now, &read_in)?;

    let listed = match expression::what(&args.what, &args.jobs, &args.expression, &args.file)? {
        What::Expression(text) => {
            let context = Context {
                machine_zone: zones.machine_zone(),
                machine_id: &machine_id,
                host_name: &host_name,
                zones: &zones,
                cpus: 1,
                now: window.from,
                accounts: None,
            };
            let read = args.expression.read(text, &read_in, &context)?;
            expression::warn(text, &read.warnings);
            let job_id = args.expression.job_id.clone();
            let spread = |most| Spread {
                most,
                seed: machine_id.as_str().into(),
                job_id,
            };
            vec![Listed {
                spread: read.jitter.map(spread),
                ..Listed::new(None, quoted(text), &read.schedule, zone, window.from)
            }]
        }
        What::Files(files) => {
            let (jobs, seed) = jobs(args, files, &zones, now)?;
            let list = |job: &Arc<Job>| {
                let name = format!("job {}", quoted(job.id.as_str()));
                let spread = |most| Spread {
                    most,
                    seed: Arc::clone(&seed),
                    job_id: Some(job.id.to_string()),
                };
                let id = Some(job.id.clone());
                Listed {
                    spread: job.schedule.jitter.map(spread),
                    ..Listed::new(id, name, &job.schedule.spec, zone.clone(), window.from)
                }
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

fn window(args: &NextArgs, now: WallTime, zone: &Zone) -> Result<Window, ExitCode> {
    let time = |option: &str, text: &str| time_argument::parse(option, text, now, zone);
    let from = time("--from", &args.from)?;
    let until = args
        .until
        .as_deref()
        .map(|text| time("--until", text))
        .transpose()?;
    // Times are whole microseconds: beyond the neighbour on the other side is from here on.
    let tick = Duration::from_micros(1);
    let beyond = if args.inclusive && args.previous {
        from + tick
    } else if args.inclusive {
        from - tick
    } else {
        from
    };
    Ok(Window {
        from,
        previous: args.previous,
        beyond,
        until: until.unwrap_or(if args.previous {
            WallTime::MIN
        } else {
            WallTime::MAX
        }),
        count: args.count as usize,
    })
}

/// The jobs asked for, which are those named, else all that are enabled, and the seed of their jitter.
fn jobs(
    args: &NextArgs,
    files: Vec<PathBuf>,
    zones: &ZoneDatabase,
    now: WallTime,
) -> Result<(Vec<Arc<Job>>, Arc<str>), ExitCode> {
    let format = jobs_files::format(&args.file)?;
    let read = jobs_files::read(files, format, zones, now)
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
                    jobs_files::did_you_mean(id, &all)
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
    let wanted = all.into_iter().filter(wanted).collect();
    Ok((wanted, read.file.scheduler.seed))
}
