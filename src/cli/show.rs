//! `rsched show`: one job, or one run that has not ended.

use super::columns::write_pairs;
use super::control_args::{Format, ShowArgs};
use super::exit_code::ExitCode;
use super::list::far;
use super::running::{Running, job_path};
use super::terminal;
use crate::api::{JobJson, LastRunJson, RunJson};
use crate::scheduler::RunId;
use crate::sys::clock;
use serde_json::Value;

pub(super) fn show(args: &ShowArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    let is_json = args.format.format == Format::Json;
    // Sixteen hexadecimal digits can be a job's id too: a job comes first.
    let job = running.ask("GET", &job_path(&args.what, ""), None)?;
    if job.status == 404 {
        let run = RunId::parse(&args.what).ok_or_else(|| running.no_such_job(&args.what))?;
        let path = format!("/runs/{run}");
        if is_json {
            return Ok(terminal::print_json(&running.get::<Value>(&path)?));
        }
        let run: RunJson = running.get(&path)?;
        return Ok(terminal::answer(ExitCode::Done, |out| {
            write_pairs(out, &run_pairs(&run))
        }));
    }
    if !job.is_ok() {
        return Err(super::running::refused(&job));
    }
    if is_json {
        return Ok(terminal::print_json(&job.body));
    }
    let job: JobJson = running.get(&job_path(&args.what, ""))?;
    let runs: Vec<RunJson> = running.get(&job_path(&args.what, "/runs"))?;
    let pairs = job_pairs(&job, &runs);
    Ok(terminal::answer(ExitCode::Done, |out| {
        write_pairs(out, &pairs)
    }))
}

fn job_pairs(job: &JobJson, runs: &[RunJson]) -> Vec<(&'static str, String)> {
    let now = clock::read().wall;
    let mut pairs = vec![("job", job.id.clone())];
    if job.name != job.id {
        pairs.push(("name", job.name.clone()));
    }
    pairs.extend(job.description.clone().map(|text| ("description", text)));
    if !job.tags.is_empty() {
        pairs.push(("tags", job.tags.join(", ")));
    }
    pairs.push(("state", job.state.clone()));
    pairs.push((
        "next",
        match &job.next_run_time {
            Some(time) => format!("{time}  {}", far(Some(time), now).unwrap_or_default()),
            None => "none".to_owned(),
        },
    ));
    let last = job.last_run.as_ref();
    pairs.push(("last run", last.map_or("none".to_owned(), last_run)));
    pairs.extend(runs.iter().map(|run| ("run", one_run(run))));
    pairs.push(("schedule", job.schedule.clone()));
    pairs.push(("timezone", job.timezone.clone()));
    pairs.push((
        "command",
        match &job.command {
            Value::String(line) => line.clone(),
            words => words.to_string(),
        },
    ));
    if !job.kwargs.is_empty() {
        let names: Vec<_> = job.kwargs.keys().map(String::as_str).collect();
        pairs.push(("variables", names.join(", ")));
    }
    pairs.push((
        "limits",
        format!(
            "max_instances {}, misfire_grace_time {}, timeout {}",
            job.max_instances,
            seconds(&job.misfire_grace_time, "forever"),
            seconds(&job.timeout, "none"),
        ),
    ));
    let source = match job.source.as_str() {
        "file" => "the jobs file",
        _ => "added at run time",
    };
    pairs.push(("source", source.to_owned()));
    pairs
}

fn last_run(run: &LastRunJson) -> String {
    let parts = [
        Some(run.outcome.clone()),
        run.exit_code.map(|code| format!("exit {code}")),
        run.signal.map(|signal| format!("signal {signal}")),
        run.duration.map(|seconds| format!("{seconds:.2} s")),
        run.fire_time.as_ref().map(|at| format!("was due {at}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn one_run(run: &RunJson) -> String {
    let process = match (run.pid, &run.started_at) {
        (Some(pid), Some(at)) => format!(", process {pid} since {at}"),
        _ => String::new(),
    };
    format!("{} {} ({}){process}", run.run_id, run.state, run.reason)
}

fn run_pairs(run: &RunJson) -> Vec<(&'static str, String)> {
    vec![
        ("run", run.run_id.clone()),
        ("job", run.job_id.clone()),
        ("state", run.state.clone()),
        ("reason", run.reason.clone()),
        ("fire time", run.fire_time.clone()),
        (
            "process",
            run.pid.map_or("none".to_owned(), |pid| pid.to_string()),
        ),
        (
            "started",
            run.started_at
                .clone()
                .unwrap_or_else(|| "not yet".to_owned()),
        ),
    ]
}

fn seconds(value: &Value, none: &str) -> String {
    match value {
        Value::Null => none.to_owned(),
        seconds => format!("{seconds} s"),
    }
}
