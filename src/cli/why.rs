//! `rsched why`: why a job ran, or did not run, at some time.
//!
//! `fire.rs` finds the fire that is meant, `lateness.rs` what the records have of the time between a
//! fire and its being noticed, `answer.rs` makes the sentence, `unrecorded.rs` that of a time which there is
//! no record of. Nothing is guessed: where the records do
//! not tell, the sentence says so.

mod answer;
mod fire;
mod inquiry;
mod lateness;
mod unrecorded;

use super::columns::Columns;
use super::control_args::Format;
use super::exit_code::ExitCode;
use super::record_args::WhyArgs;
use super::record_json::{EventJson, FiresJson, RunJson, SessionJson};
use super::record_text::{exact, length, note, note_of_fires, outcome, second};
use super::records::Records;
use super::terminal;
use super::time_argument;
use crate::diagnostic::{escape, quoted};
use crate::scheduler::{Emitted, FiresRecord, RunRecord};
use crate::store::sqlite::SessionRow;
use crate::time::{WallTime, Zone, duration, human};
use answer::Answer;
use inquiry::Inquiry;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// A record that an answer rests on.
#[derive(Clone, Debug)]
enum Cited {
    Run(RunRecord),
    Fires(FiresRecord),
    Session(SessionRow),
    Event(Emitted),
}

pub(super) fn why(args: &WhyArgs) -> Result<ExitCode, ExitCode> {
    let records = Records::open(&args.records)?;
    let job = records.known_job(&args.id)?;
    let zone = records.zone_of(&job);
    let at = match &args.at {
        Some(text) => Some(time_argument::parse("--at", text, records.now, zone)?),
        None => None,
    };
    let inquiry = Inquiry::new(&records, job, at)?;
    let mut answer = inquiry.answer()?;
    if let (Some(text), Some(at)) = (&args.at, at)
        && let Some(gap) = human::gap(text, zone)
    {
        let note = gap_note(&inquiry, text, at, gap);
        answer.sentence.insert_str(0, &note);
    }
    Ok(terminal::answer(ExitCode::Done, |out| {
        match args.format.format {
            Format::Json => json(out, &inquiry, &answer),
            Format::Table => table(out, &answer, &records, zone),
        }
    }))
}

/// That the time which was asked for does not exist; `at` is the one after the gap.
fn gap_note(inquiry: &Inquiry<'_>, text: &str, at: WallTime, gap: Duration) -> String {
    let end = at.unix_seconds();
    let lost = inquiry
        .schedule
        .as_ref()
        .filter(|_| at > inquiry.now() || inquiry.in_force(at))
        .and_then(|schedule| schedule.lost_in_gap(end));
    match lost {
        Some(lost) => format!("{lost}. "),
        None => format!(
            "{} does not exist in {}, where clocks skip {} then, and means the moment after that. ",
            quoted(text.trim()),
            inquiry.zone.name(),
            duration::format(gap)
        ),
    }
}

fn table(out: &mut dyn Write, answer: &Answer, records: &Records, zone: &Zone) -> io::Result<()> {
    writeln!(out, "{}", escape(&answer.sentence))?;
    if answer.cited.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Columns::new(["RECORD", "TIME", "WHAT"]);
    for cited in &answer.cited {
        table.row(row(cited, records, zone));
    }
    table.write(out)
}

fn row(cited: &Cited, records: &Records, zone: &Zone) -> [String; 3] {
    let joined = |parts: &[&str]| {
        let parts = parts.iter().filter(|part| !part.is_empty()).copied();
        parts.collect::<Vec<_>>().join(", ")
    };
    match cited {
        Cited::Run(run) => {
            let took = run.end().and_then(|end| end.duration).map(length);
            let took = took.unwrap_or_default();
            let id = format!("run {}", run.id);
            let what = joined(&[
                outcome(run),
                &note(run, records.planned_start(&run.job, run.fire_time)),
                &took,
                &id,
            ]);
            ["run".to_owned(), exact(run.fire_time, zone), what]
        }
        Cited::Fires(fires) => {
            let last_start = records.planned_start(&fires.job, fires.range.last);
            let what = joined(&[
                fires.outcome.as_str(),
                &note_of_fires(fires, last_start, zone),
            ]);
            ["fires".to_owned(), exact(fires.range.last, zone), what]
        }
        Cited::Session(session) => {
            let end = match session.ended_at {
                Some(at) => format!("stopped at {}", second(at, zone)),
                None => format!("last seen at {}", second(session.last_seen, zone)),
            };
            let what = format!("pid {}, {end}", session.pid);
            [
                "scheduler".to_owned(),
                second(session.started_at, zone),
                what,
            ]
        }
        Cited::Event(told) => {
            let by = told.duration.map(|by| format!("by {}", length(by)));
            let detail = told.detail.clone().unwrap_or_default();
            let what = joined(&[told.name.as_str(), &detail, &by.unwrap_or_default()]);
            ["event".to_owned(), second(told.time, zone), what]
        }
    }
}

fn json(out: &mut dyn Write, inquiry: &Inquiry<'_>, answer: &Answer) -> io::Result<()> {
    let zone = inquiry.zone;
    let time = |at: WallTime| human::rfc3339(at, zone);
    let record = |cited: &Cited| match cited {
        Cited::Run(run) => json!(RunJson::new(run, zone)),
        Cited::Fires(fires) => json!(FiresJson::new(fires, None, zone)),
        Cited::Session(session) => json!(SessionJson::new(session, zone)),
        Cited::Event(told) => json!(EventJson::new(told, zone)),
    };
    let value: Value = json!({
        "job_id": inquiry.job.as_str(),
        "fire_time": answer.fire_time.map(time),
        "answer": answer.verdict,
        "sentence": answer.sentence,
        "records": answer.cited.iter().map(record).collect::<Vec<_>>(),
    });
    terminal::write_json(out, &value)
}
