//! `rsched list`: the jobs, their next fires and last outcomes, as the running scheduler has them, else as
//! jobs file and records have them.

use super::columns::Columns;
use super::control_args::{Format, ListArgs};
use super::exit_code::ExitCode;
use super::listed;
use super::running::{Running, encoded};
use super::terminal;
use crate::api::JobJson;
use crate::sys::clock;
use crate::time::{WallTime, Zone, human};
use serde_json::Value;

pub(super) fn list(args: &ListArgs) -> Result<ExitCode, ExitCode> {
    let Some(running) = Running::find_if_any(&args.scheduler)? else {
        return recorded(args);
    };
    // Asked first, for the answer is at hand whatever the number of jobs: who does not give it hangs.
    let scheduler = running.scheduler()?;
    let mut query = Vec::new();
    if let Some(state) = &args.state {
        query.push(format!("state={state}"));
    }
    if let Some(tag) = &args.tag {
        query.push(format!("tag={}", encoded(tag)));
    }
    let path = format!("/jobs?{}", query.join("&"));
    if args.format.format == Format::Json {
        let jobs: Value = running.get(&path)?;
        return Ok(terminal::print_json(&jobs));
    }
    let jobs: Vec<JobJson> = running.get(&path)?;
    if scheduler.paused {
        terminal::complain(&"the scheduler is paused: fires wait for `rsched resume --all`");
    }
    Ok(table(jobs, "now"))
}

/// Where no scheduler runs.
fn recorded(args: &ListArgs) -> Result<ExitCode, ExitCode> {
    let mut jobs = listed::jobs(&args.scheduler)?;
    jobs.retain(|job| {
        args.state.as_ref().is_none_or(|state| job.state == *state)
            && args.tag.as_ref().is_none_or(|tag| job.tags.contains(tag))
    });
    if args.format.format == Format::Json {
        return Ok(terminal::print_json_list(jobs));
    }
    Ok(table(jobs, "at its start"))
}

/// `due` is when what is due is taken up.
fn table(jobs: Vec<JobJson>, due: &str) -> ExitCode {
    if jobs.is_empty() {
        terminal::complain(&"there are no such jobs");
        return ExitCode::Done;
    }
    let now = clock::read().wall;
    let mut table = Columns::new(["JOB", "STATE", "NEXT", "LAST", "SCHEDULE"]);
    for job in jobs {
        table.row([
            job.id.clone(),
            state(&job),
            next(&job, now, due),
            last(&job, now),
            job.schedule,
        ]);
    }
    terminal::answer(ExitCode::Done, |out| table.write(out))
}

/// The state of a job, and whether its processes do anything.
pub(super) fn state(job: &JobJson) -> String {
    match job.stopped {
        stopped if stopped == 0 || job.state != "running" => job.state.clone(),
        all if all == job.running => format!("{} (stopped)", job.state),
        some => format!("{} ({some} of {} stopped)", job.state, job.running),
    }
}

fn next(job: &JobJson, now: WallTime, due: &str) -> String {
    let at = job.next_run_time.as_deref();
    match at.and_then(|text| human::parse_datetime(text, &Zone::utc()).ok()) {
        Some(at) if at <= now => due.to_owned(),
        Some(at) => human::how_far(now, at),
        None => "-".to_owned(),
    }
}

/// What last became of a fire, and when; of what was before the scheduler started only the fire time is known.
fn last(job: &JobJson, now: WallTime) -> String {
    if let Some(last) = &job.last_outcome {
        let when = far(Some(&last.at), now).unwrap_or_default();
        return format!("{} {when}", last.outcome);
    }
    let Some(run) = &job.last_run else {
        return "-".to_owned();
    };
    match far(run.fire_time.as_deref(), now) {
        Some(when) => format!("{}, due {when}", run.outcome),
        None => run.outcome.clone(),
    }
}

/// How far away a time of an answer is.
pub(super) fn far(time: Option<&str>, now: WallTime) -> Option<String> {
    let at = human::parse_datetime(time?, &Zone::utc()).ok()?;
    Some(human::how_far(now, at))
}
