//! `rsched trigger`: a run now; with `--wait`, its end.

use super::control_args::{Format, TriggerArgs};
use super::exit_code::ExitCode;
use super::running::Running;
use super::terminal::{self, complain};
use crate::api::{EventJson, SchedulerJson};
use crate::diagnostic::escape;
use serde_json::{Value, json};

pub(super) fn trigger(args: &TriggerArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    // What comes after this cannot be missed.
    let before: SchedulerJson = running.get("")?;
    let answer = running.of_job(&args.id, "POST", "/run", None)?;
    let run = answer.body["run_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if !args.wait {
        return Ok(match args.format.format {
            Format::Json => terminal::print_json(&answer.body),
            Format::Table => terminal::print(format!("{run}\n").as_bytes()),
        });
    }
    let path = format!("/events?after={}", before.last_seq);
    let mut end = None;
    running.events(&path, |_, data| {
        let event: Option<EventJson> = serde_json::from_str(data).ok();
        let ours = event.filter(|event| event.run_id.as_deref() == Some(run.as_str()));
        end = ours.filter(|event| event.outcome.is_some());
        end.is_none()
    })?;
    let Some(end) = end else {
        complain(&format_args!("the scheduler ended before run {run} did"));
        return Err(ExitCode::NoScheduler);
    };
    let outcome = end.outcome.unwrap_or_default();
    if args.format.format == Format::Json {
        let (code, signal) = (end.exit_code, end.signal);
        let end = json!({ "run_id": run, "outcome": outcome, "exit_code": code, "signal": signal, "duration": end.duration });
        terminal::print_json(&Value::clone(&end));
    } else {
        let why = end
            .detail
            .map_or(String::new(), |why| format!(": {}", escape(&why)));
        terminal::print(format!("{run} {outcome}{why}\n").as_bytes());
    }
    Ok(match (end.exit_code, end.signal) {
        (Some(code), _) => ExitCode::OfRun(u8::try_from(code).unwrap_or(1)),
        (None, Some(signal)) => ExitCode::OfRun(u8::try_from(128 + signal).unwrap_or(1)),
        (None, None) => ExitCode::No,
    })
}
