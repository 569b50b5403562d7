//! `rsched list`: the jobs, their next fires and last outcomes.

use super::columns::Columns;
use super::control_args::{Format, ListArgs};
use super::exit_code::ExitCode;
use super::running::{Running, encoded};
use super::terminal;
use crate::api::JobJson;
use crate::sys::clock;
use crate::time::{WallTime, Zone, human};
use serde_json::Value;

pub(super) fn list(args: &ListArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
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
    if jobs.is_empty() {
        terminal::complain(&"there are no such jobs");
        return Ok(ExitCode::Done);
    }
    let now = clock::read().wall;
    let mut table = Columns::new(["JOB", "STATE", "NEXT", "LAST", "SCHEDULE"]);
    for job in jobs {
        table.row([
            job.id.clone(),
            state(&job),
            next(&job, now),
            last(&job, now),
            job.schedule,
        ]);
    }
    Ok(terminal::answer(ExitCode::Done, |out| table.write(out)))
}

/// The state of a job, and whether its processes do anything.
pub(super) fn state(job: &JobJson) -> String {
    match job.stopped {
        stopped if stopped == 0 || job.state != "running" => job.state.clone(),
        all if all == job.running => format!("{} (stopped)", job.state),
        some => format!("{} ({some} of {} stopped)", job.state, job.running),
    }
}

fn next(job: &JobJson, now: WallTime) -> String {
    far(job.next_run_time.as_deref(), now).unwrap_or_else(|| "-".to_owned())
}

fn last(job: &JobJson, now: WallTime) -> String {
    let Some(run) = &job.last_run else {
        return "-".to_owned();
    };
    let when = far(run.fire_time.as_deref(), now).unwrap_or_default();
    format!("{} {when}", run.outcome).trim_end().to_owned()
}

/// How far away a time of an answer is.
pub(super) fn far(time: Option<&str>, now: WallTime) -> Option<String> {
    let at = human::parse_datetime(time?, &Zone::utc()).ok()?;
    Some(human::how_far(now, at))
}
