//! What the records have of one job, or of one run: `rsched show` where no scheduler has it.

use super::columns::write_pairs;
use super::exit_code::ExitCode;
use super::record_json::RunJson;
use super::record_text::{counted, ending, exact, length, outcome, second, size};
use super::records::{Named, Records, or_say};
use super::terminal;
use crate::config::JobId;
use crate::scheduler::{Outcome, Reason, RunRecord, Usage};
use crate::time::{Zone, human};
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) fn show(records: &Records, what: &Named, is_json: bool) -> Result<ExitCode, ExitCode> {
    match what {
        Named::Job(id) => job(records, id, is_json),
        Named::Run(found) => run(records, found, is_json),
    }
}

fn run(records: &Records, run: &RunRecord, is_json: bool) -> Result<ExitCode, ExitCode> {
    let zone = records.zone_of(&run.job);
    let output = or_say(records.history.output(run))?;
    let bytes = output.as_ref().map(|output| output.total_bytes);
    if is_json {
        let mut value = serde_json::to_value(RunJson::new(run, zone)).unwrap_or_default();
        value["output_bytes"] = json!(bytes);
        return Ok(terminal::print_json(&value));
    }
    let late = run
        .noticed_at
        .saturating_since(records.planned_start(&run.job, run.fire_time));
    let mut pairs = run_pairs(run, late, zone);
    if let Some(output) = output {
        let kept = match output.tail.len() as u64 {
            all if all == output.total_bytes => String::new(),
            kept => format!(", the last {} of it kept", size(kept)),
        };
        let total = size(output.total_bytes);
        let id = run.id;
        pairs.push((
            "output",
            format!("{total}{kept}: rsched logs {} --run {id}", run.job),
        ));
    }
    Ok(terminal::answer(ExitCode::Done, |out| {
        write_pairs(out, &pairs)
    }))
}

fn run_pairs(run: &RunRecord, late: Duration, zone: &Zone) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("run", run.id.to_string()),
        ("job", run.job.to_string()),
        ("fire time", exact(run.fire_time, zone)),
        ("outcome", outcome(run).to_owned()),
    ];
    pairs.extend(ending(run).map(|text| ("ended by", text)));
    let end = run.end();
    pairs.extend(end.and_then(|end| end.detail.clone().map(|text| ("because", text))));
    pairs.push(("reason", reason(run)));
    let noticed = exact(run.noticed_at, zone);
    pairs.push(("noticed", format!("{noticed}, {} late", length(late))));
    if let Some(at) = run.started_at {
        let waited = run
            .waited
            .map(|waited| format!(", having waited {}", length(waited)));
        let waited = waited.unwrap_or_default();
        pairs.push(("started", format!("{}{waited}", exact(at, zone))));
    }
    if let Some(end) = end {
        let took = end
            .duration
            .map(|duration| format!(", after {}", length(duration)));
        let took = took.unwrap_or_default();
        pairs.push(("ended", format!("{}{took}", exact(end.at, zone))));
        if let Some(Usage {
            user_time,
            system_time,
            peak_memory_bytes,
        }) = end.usage
        {
            let (user, system) = (length(user_time), length(system_time));
            pairs.push((
                "processor",
                format!("{user} in its code, {system} in the kernel"),
            ));
            pairs.extend(
                peak_memory_bytes.map(|peak| ("memory", format!("{} at most", size(peak)))),
            );
        }
    }
    pairs.extend(run.pid.map(|pid| ("process", pid.to_string())));
    if run.attempt > 1 {
        pairs.push(("attempt", run.attempt.to_string()));
    }
    if run.epoch > 0 {
        let steps = counted(run.epoch.into(), "time");
        pairs.push(("clock", format!("it had been set back {steps} before")));
    }
    pairs
}

fn reason(run: &RunRecord) -> String {
    let reason = match run.reason {
        Reason::Scheduled => "its fire time came",
        Reason::Catchup => "its fire time had come, and was noticed late",
        Reason::Startup => "its job runs once when it is first seen, or once a boot",
        Reason::Manual => "somebody asked for it",
        Reason::Retry => "an attempt of it had failed",
    };
    if run.stands_for > 1 {
        format!(
            "{reason}; it stands for {}",
            counted(run.stands_for, "fire")
        )
    } else {
        reason.to_owned()
    }
}

fn job(records: &Records, id: &JobId, is_json: bool) -> Result<ExitCode, ExitCode> {
    let zone = records.zone_of(id);
    let last = records.newest_run(id, |run| {
        run.end().is_some_and(|end| end.outcome.is_of_a_run())
    })?;
    let last_success = or_say(records.history.newest_success(id))?;
    let totals = or_say(records.history.totals(id))?;
    let known = or_say(records.history.job(id))?;
    if is_json {
        let count =
            |&(outcome, count): &(Outcome, u64)| (outcome.as_str().to_owned(), json!(count));
        let time = |at| human::rfc3339(at, zone);
        return Ok(terminal::print_json(&json!({
            "job_id": id.as_str(),
            "paused": known.as_ref().map(|job| job.paused),
            "first_seen": known.as_ref().map(|job| time(job.anchor)),
            "last_run": last.map(|run| RunJson::new(&run, zone)),
            "last_success": last_success.map(time),
            "totals": totals.iter().map(count).collect::<Map<String, Value>>(),
        })));
    }
    let mut pairs = vec![("job", id.to_string())];
    pairs.push(match &known {
        Some(job) if job.paused => ("state", "paused".to_owned()),
        Some(job) if job.finished => ("state", "finished: it has no fire times left".to_owned()),
        Some(_) => ("state", "scheduled".to_owned()),
        None if records.job(id).is_some() => (
            "state",
            "in the jobs file, and taken up by no scheduler yet".to_owned(),
        ),
        None => ("state", "removed".to_owned()),
    });
    pairs.extend(known.map(|job| ("first seen", second(job.anchor, zone))));
    pairs.push(match &last {
        Some(run) => ("last run", last_run(run, zone)),
        None => ("last run", "none".to_owned()),
    });
    pairs.extend(last_success.map(|at| ("last success", format!("was due {}", exact(at, zone)))));
    pairs.extend(
        totals
            .iter()
            .map(|&(outcome, count)| (outcome.as_str(), count.to_string())),
    );
    Ok(terminal::answer(ExitCode::Done, |out| {
        write_pairs(out, &pairs)
    }))
}

fn last_run(run: &RunRecord, zone: &Zone) -> String {
    let took = run.end().and_then(|end| end.duration).map(length);
    let due = format!("was due {}", exact(run.fire_time, zone));
    let id = format!("run {}", run.id);
    let parts = [
        Some(outcome(run).to_owned()),
        ending(run),
        took,
        Some(due),
        Some(id),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
