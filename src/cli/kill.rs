//! `rsched kill`: stops a run, or all of a job.

use super::control_args::KillArgs;
use super::exit_code::ExitCode;
use super::running::{Running, job_path, refused};
use super::terminal::{self, complain};
use crate::scheduler::RunId;
use serde_json::Value;

pub(super) fn kill(args: &KillArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    let answer = running.ask("POST", &job_path(&args.what, "/kill"), None)?;
    let answer = match (answer.status, RunId::parse(&args.what)) {
        (404, Some(run)) => running.granted("POST", &format!("/runs/{run}/kill"), None)?,
        (404, None) => match run_beginning(&running, &args.what)? {
            Some(run) => running.granted("POST", &format!("/runs/{run}/kill"), None)?,
            None => return Err(running.no_such_job(&args.what)),
        },
        (200..300, _) => answer,
        _ => return Err(refused(&answer)),
    };
    let runs = answer.body["stopping"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if runs.is_empty() {
        complain(&format_args!(
            "no run of `{0}` to stop; `rsched history {0}` shows those that ended",
            args.what
        ));
        return Ok(ExitCode::No);
    }
    Ok(terminal::answer(ExitCode::Done, |out| {
        for run in runs {
            writeln!(out, "stopping {}", run.as_str().unwrap_or_default())?;
        }
        Ok(())
    }))
}

/// The one run that has not ended and whose id begins like that, as `rsched show` finds it.
fn run_beginning(running: &Running, digits: &str) -> Result<Option<String>, ExitCode> {
    let runs: Vec<Value> = running.get("/runs?count=0")?;
    let ids = runs.iter().filter_map(|run| run["run_id"].as_str());
    let mut found = ids.filter(|id| id.starts_with(digits));
    Ok(match (found.next(), found.next()) {
        (Some(run), None) => Some(run.to_owned()),
        _ => None,
    })
}
