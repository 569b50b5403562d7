//! `rsched events`: what happened, and what happens.

use super::control_args::{EventsArgs, Format};
use super::exit_code::ExitCode;
use super::running::Running;
use super::terminal::{complain, judge, stdout};
use crate::api::EventJson;
use crate::diagnostic::escape;
use serde_json::Value;
use std::fmt::Write as _;
use std::io;

/// What the scheduler calls events that it does not keep.
const LOST: &str = "events_lost";

pub(super) fn events(args: &EventsArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&(&args.scheduler).into())?;
    let follow = u8::from(args.follow);
    let path = match args.after {
        Some(after) => format!("/events?follow={follow}&after={after}"),
        None => format!("/events?follow={follow}"),
    };
    let mut written = Ok(());
    running.events(&path, |name, data| {
        if name == LOST && args.format.format == Format::Table {
            // Of who asks for all there is, it is no news.
            if args.after.is_some() || args.follow {
                complain(&lost(data));
            }
            return true;
        }
        let line = match args.format.format {
            Format::Json => data.to_owned(),
            Format::Table => line(name, data),
        };
        // Line by line: somebody may be waiting for each.
        written = write_line(&line);
        written.is_ok()
    })?;
    Ok(judge(ExitCode::Done, written))
}

/// How many events before these are not kept.
fn lost(data: &str) -> String {
    let count =
        serde_json::from_str::<Value>(data).map_or(0, |data| data["count"].as_u64().unwrap_or(0));
    format!("{count} events before these are not kept; `rsched history` has what ran")
}

fn write_line(line: &str) -> io::Result<()> {
    let mut out = stdout();
    io::Write::write_all(&mut out, format!("{line}\n").as_bytes())?;
    io::Write::flush(&mut out)
}

/// `2026-05-01T00:00:00+03:00 job_executed backup run=… exit_code=0 duration=4.2`
fn line(name: &str, data: &str) -> String {
    let Ok(event) = serde_json::from_str::<EventJson>(data) else {
        // One of a later version.
        return escape(&format!("{name} {data}")).into_owned();
    };
    let mut line = format!("{} {}", event.time, event.event);
    if let Some(job) = &event.job_id {
        // Writing to a String cannot fail, here and below.
        _ = write!(line, " {job}");
    }
    let rest = serde_json::to_value(&event).unwrap_or_default();
    for key in [
        "run_id",
        "outcome",
        "exit_code",
        "signal",
        "duration",
        "late_by",
        "count",
        "pid",
        "detail",
    ] {
        match &rest[key] {
            Value::Null => {}
            Value::String(text) if text.contains(' ') => _ = write!(line, " {key}={text:?}"),
            Value::String(text) => _ = write!(line, " {key}={text}"),
            Value::Number(number) if number.is_f64() => {
                _ = write!(line, " {key}={:.3}", number.as_f64().unwrap_or_default());
            }
            other => _ = write!(line, " {key}={other}"),
        }
    }
    escape(&line).into_owned()
}
