//! `rsched show`: one job or one run, as the running scheduler has it, else as the records have it.

use super::columns::write_pairs;
use super::control_args::{Format, ShowArgs};
use super::exit_code::ExitCode;
use super::list::{far, state};
use super::recorded;
use super::records::{Named, Records};
use super::running::{Running, job_path, refused};
use super::terminal::{self, complain};
use crate::api::{JobJson, LastRunJson, RunJson};
use crate::config::{DEFAULT_EXECUTOR, Overlap};
use crate::scheduler::RunId;
use crate::sys::clock;
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// How long the record of an end is waited for, and how often it is looked for.
const RECORD_PATIENCE: Duration = Duration::from_secs(1);
const RECORD_STEP: Duration = Duration::from_millis(20);

pub(super) fn show(args: &ShowArgs) -> Result<ExitCode, ExitCode> {
    let is_json = args.format.format == Format::Json;
    let Some(running) = Running::find_if_any(&args.scheduler)? else {
        complain(&"no scheduler runs: this is from its records");
        let records = Records::open(&(&args.scheduler).into())?;
        let what = records.known_job_or_run(&args.what)?;
        return recorded::show(&records, &what, is_json);
    };
    // Sixteen hexadecimal digits can be a job's id too: a job comes first.
    let job = running.ask("GET", &job_path(&args.what, ""), None)?;
    if job.status == 404 {
        if let Some(shown) = live_run(&running, &args.what, is_json)? {
            return Ok(shown);
        }
        if running.scheduler()?.store.is_none() {
            return Err(running.no_such_job(&args.what));
        }
        let records = Records::of_running(&running)?;
        return match find(&records, &args.what)? {
            Some(what) => recorded::show(&records, &what, is_json),
            None => Err(running.no_such_job(&args.what)),
        };
    }
    if !job.is_ok() {
        return Err(refused(&job));
    }
    if is_json {
        return Ok(terminal::print_json(&job.body));
    }
    let job: JobJson = running.get(&job_path(&args.what, ""))?;
    let runs: Vec<RunJson> = running.get(&job_path(&args.what, "/runs?count=0"))?;
    let pairs = job_pairs(&job, &runs);
    Ok(terminal::answer(ExitCode::Done, |out| {
        write_pairs(out, &pairs)
    }))
}

/// What the records have that the scheduler does not.
fn find(records: &Records, what: &str) -> Result<Option<Named>, ExitCode> {
    let mut patience = RECORD_PATIENCE;
    loop {
        match records.find_job_or_run(what)? {
            // It has ended, for the scheduler has it no more: the record of that is on its way.
            Some(Named::Run(run)) if run.end().is_none() && !patience.is_zero() => {
                thread::sleep(RECORD_STEP);
                patience = patience.saturating_sub(RECORD_STEP);
            }
            found => return Ok(found),
        }
    }
}

/// A run that has not ended.
fn live_run(running: &Running, what: &str, is_json: bool) -> Result<Option<ExitCode>, ExitCode> {
    let Some(run) = RunId::parse(what) else {
        return Ok(None);
    };
    let answer = running.ask("GET", &format!("/runs/{run}"), None)?;
    if answer.status == 404 {
        return Ok(None);
    }
    if !answer.is_ok() {
        return Err(refused(&answer));
    }
    // One that has ended is read from the records, of which there is more to say than JSON has.
    if answer.body["state"] == "ended" && !is_json {
        return Ok(None);
    }
    if is_json {
        return Ok(Some(terminal::print_json(&answer.body)));
    }
    let run: RunJson = answer.read().map_err(|error| {
        complain(&error);
        ExitCode::InputOutput
    })?;
    Ok(Some(terminal::answer(ExitCode::Done, |out| {
        write_pairs(out, &run_pairs(&run))
    })))
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
    pairs.push(("state", state(job)));
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
    pairs.extend(policy_pairs(job));
    let source = match job.source.as_str() {
        "file" => "the jobs file",
        _ => "added at run time",
    };
    pairs.push(("source", source.to_owned()));
    pairs
}

/// How its runs are dealt with, where that is not as usual.
fn policy_pairs(job: &JobJson) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    if job.executor != DEFAULT_EXECUTOR {
        pairs.push(("executor", job.executor.clone()));
    }
    if job.priority != 0 {
        pairs.push(("priority", job.priority.to_string()));
    }
    if job.overlap != Overlap::default().as_str() {
        pairs.push(("overlap", job.overlap.clone()));
    }
    if let Some(group) = &job.exclusive {
        pairs.push(("exclusive", group.clone()));
    }
    if let Some(retry) = &job.retry {
        pairs.push((
            "retry",
            format!(
                "{} more after {}, after {} s, times {} each up to {} s",
                retry.attempts,
                retry.on.join(" or "),
                retry.delay,
                retry.factor,
                retry.max_delay
            ),
        ));
    }
    if job.success_codes != [0] {
        let codes: Vec<_> = job.success_codes.iter().map(u8::to_string).collect();
        pairs.push(("success", format!("exit {}", codes.join(", "))));
    }
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
    let state = state_of_run(run);
    format!("{} {state} ({}){process}", run.run_id, run.reason)
}

fn state_of_run(run: &RunJson) -> String {
    let stopped = if run.stopped { " (stopped)" } else { "" };
    format!("{}{stopped}", run.state)
}

fn run_pairs(run: &RunJson) -> Vec<(&'static str, String)> {
    vec![
        ("run", run.run_id.clone()),
        ("job", run.job_id.clone()),
        ("state", state_of_run(run)),
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
