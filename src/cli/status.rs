//! `rsched status`: how the scheduler is, with an exit code that a health check can use.

use super::columns::write_pairs;
use super::control_args::{Format, StatusArgs};
use super::exit_code::ExitCode;
use super::list::far;
use super::running::Running;
use super::terminal;
use crate::api::SchedulerJson;
use crate::sys::clock;
use serde_json::{Value, json};

pub(super) fn status(args: &StatusArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    let health = running.ask("GET", "/healthz", None)?;
    let code = if health.is_ok() {
        ExitCode::Done
    } else {
        ExitCode::No
    };
    let why = (!health.is_ok()).then(|| health.error_message().to_owned());
    let mut scheduler: Value = running.get("")?;
    if args.format.format == Format::Json {
        scheduler["healthy"] = json!(health.is_ok());
        scheduler["unhealthy_because"] = json!(why);
        terminal::print_json(&scheduler);
        return Ok(code);
    }
    let scheduler: SchedulerJson = running.get("")?;
    let pairs = pairs(&scheduler, why);
    Ok(terminal::answer(code, |out| write_pairs(out, &pairs)))
}

fn pairs(scheduler: &SchedulerJson, unhealthy: Option<String>) -> Vec<(&'static str, String)> {
    let now = clock::read().wall;
    let far = |time: &str| far(Some(time), now).unwrap_or_default();
    let state = match scheduler {
        SchedulerJson { stopping: true, .. } => "shutting down",
        SchedulerJson {
            store_failing: true,
            ..
        } => "holding all starts: the store fails",
        SchedulerJson { paused: true, .. } => "paused: fires wait",
        _ => "running",
    };
    let reload = if scheduler.reload_success {
        ""
    } else {
        " (changed since, and not valid: the jobs are those from before)"
    };
    vec![
        ("state", state.to_owned()),
        ("health", unhealthy.unwrap_or_else(|| "ok".to_owned())),
        (
            "next fire",
            match &scheduler.next_fire_time {
                Some(time) => format!("{time}  {}", far(time)),
                None => "none".to_owned(),
            },
        ),
        ("jobs", scheduler.jobs.to_string()),
        ("workers", workers(scheduler)),
        (
            "jobs file",
            format!("{}{reload}", scheduler.jobs_files.join(", ")),
        ),
        (
            "started",
            format!("{}  {}", scheduler.started_at, far(&scheduler.started_at)),
        ),
        (
            "process",
            format!(
                "{} on {}, rsched {}",
                scheduler.pid, scheduler.current_host, scheduler.version
            ),
        ),
    ]
}

/// How busy each pool is; the names only where there are several.
fn workers(scheduler: &SchedulerJson) -> String {
    let several = scheduler.executors.len() > 1;
    let pools = scheduler.executors.iter().map(|pool| {
        let name = if several {
            format!("{}: ", pool.name)
        } else {
            String::new()
        };
        let most = pool
            .max_workers
            .map(|most| format!(" of {most}"))
            .unwrap_or_default();
        format!("{name}{}{most} busy", pool.busy)
    });
    let pools: Vec<_> = pools.collect();
    format!("{}, {} waiting", pools.join(", "), scheduler.waiting)
}
