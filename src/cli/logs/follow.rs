//! `rsched logs -f`: what runs print, as it comes from the running scheduler.

use super::visible;
use crate::api::Printed;
use crate::cli::control_args::SchedulerArgs;
use crate::cli::exit_code::ExitCode;
use crate::cli::record_args::LogsArgs;
use crate::cli::record_text::size;
use crate::cli::running::{Running, job_path, refused};
use crate::cli::terminal::{complain, judge, stdout};
use crate::diagnostic::quoted;
use serde_json::Value;
use std::collections::HashSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::thread;
use std::time::Duration;

/// How often it is asked for more.
const STEP: Duration = Duration::from_millis(200);

/// How often a run is looked for.
const TRIES: u32 = 5;

pub(super) fn follow(args: &LogsArgs) -> Result<ExitCode, ExitCode> {
    let place = &args.records.place;
    let running = Running::find(&SchedulerArgs {
        socket: args.records.socket.clone(),
        file: args.records.files.first().cloned(),
        state_dir: place.state_dir.clone(),
        name: place.name.clone(),
    })?;
    // Answered from memory: one that hangs is not waited for as long as the records may take.
    running.scheduler()?;
    let mut seen = HashSet::new();
    if let Some(wanted) = &args.run {
        let run = run_of(&running, &args.id, wanted)?;
        return Ok(match follow_run(&running, &run)? {
            Ok(()) => ExitCode::Done,
            Err(error) => judge(ExitCode::Done, Err(error)),
        });
    }
    // What has ended before is the past.
    let past = runs(&running, &args.id)?;
    let past = past.iter().filter(|run| run["state"] == "ended");
    seen.extend(past.filter_map(id).map(str::to_owned));
    let mut says_that_it_waits = true;
    loop {
        // Oldest first: those that have ended come behind those that have not, newest first.
        let runs = runs(&running, &args.id)?;
        let has_process = |run: &&Value| run["state"] != "waiting";
        let ended = runs.iter().rev().filter(|run| run["state"] == "ended");
        let live = runs.iter().filter(|run| run["state"] != "ended");
        for run in ended.chain(live.filter(has_process)).filter_map(id) {
            if seen.insert(run.to_owned())
                && let Err(error) = follow_run(&running, run)?
            {
                return Ok(judge(ExitCode::Done, Err(error)));
            }
        }
        if says_that_it_waits {
            says_that_it_waits = false;
            let job = &args.id;
            complain(&format_args!(
                "waiting for the next run of `{job}`, Ctrl-C ends this; `rsched logs {job}` shows the last one"
            ));
        }
        thread::sleep(STEP);
    }
}

/// The run whose id begins like that. One that has just ended may be in no list for a moment: its
/// record is on its way to the disk.
fn run_of(running: &Running, job: &str, wanted: &str) -> Result<String, ExitCode> {
    for _ in 0..TRIES {
        let runs = runs(running, job)?;
        let mut found = runs.iter().filter_map(id);
        if let Some(run) = found.find(|id| id.starts_with(wanted)) {
            return Ok(run.to_owned());
        }
        thread::sleep(STEP);
    }
    complain(&format_args!(
        "job {} has no run {} that its scheduler knows; `rsched history {job}` shows those it has",
        quoted(job),
        quoted(wanted),
    ));
    Err(ExitCode::Usage)
}

fn id(run: &Value) -> Option<&str> {
    run["run_id"].as_str()
}

fn runs(running: &Running, job: &str) -> Result<Vec<Value>, ExitCode> {
    let answer = running.ask("GET", &job_path(job, "/runs"), None)?;
    match answer.status {
        200 => Ok(answer.body.as_array().cloned().unwrap_or_default()),
        404 => Err(running.no_such_job(job)),
        _ => Err(refused(&answer)),
    }
}

/// Prints what it prints, up to its end.
fn follow_run(running: &Running, run: &str) -> Result<io::Result<()>, ExitCode> {
    complain(&format_args!("run {run}"));
    let mut printed = 0;
    loop {
        let more = running.output(run, printed)?;
        let lost = more
            .total_bytes
            .saturating_sub(printed + more.bytes.len() as u64);
        if lost > 0 {
            complain(&format_args!("{} before this are not kept", size(lost)));
        }
        // Of one that is just ending, nothing may be known for a moment.
        printed = printed.max(more.total_bytes);
        if let Err(error) = print(&more) {
            return Ok(Err(error));
        }
        if more.ended {
            return Ok(Ok(()));
        }
        thread::sleep(STEP);
    }
}

fn print(more: &Printed) -> io::Result<()> {
    let mut out = stdout();
    if io::stdout().is_terminal() {
        let text = visible(&more.bytes);
        // The rest of the line may come yet.
        let is_whole = more.ended || more.bytes.ends_with(b"\n");
        let text = if is_whole {
            &text
        } else {
            text.trim_end_matches('\n')
        };
        out.write_all(text.as_bytes())?;
    } else {
        out.write_all(&more.bytes)?;
    }
    out.flush()
}
