//! `rsched history`: runs, and fires that became none, in one list.

use super::columns::Columns;
use super::control_args::Format;
use super::exit_code::ExitCode;
use super::record_args::HistoryArgs;
use super::record_json::{FiresJson, RunJson};
use super::record_text::{exact, length, note, note_of_fires, outcome};
use super::records::{Records, or_say};
use super::terminal::{self, complain};
use super::time_argument;
use crate::config::JobId;
use crate::diagnostic::ascii_controls;
use crate::scheduler::{FiresRecord, RunRecord};
use crate::store::sqlite::{Asked, Window};
use crate::time::WallTime;
use std::io::{self, Write};

/// One line of the list.
pub(super) enum Entry {
    Run(RunRecord),
    Fires(FiresRecord),
}

impl Entry {
    fn job(&self) -> &JobId {
        match self {
            Self::Run(run) => &run.job,
            Self::Fires(fires) => &fires.job,
        }
    }

    /// Its place: that of its newest fire, and of two the one that was judged later comes later.
    fn order(&self) -> (WallTime, WallTime) {
        match self {
            Self::Run(run) => (run.fire_time, run.noticed_at),
            Self::Fires(fires) => (fires.range.last, fires.judged_at),
        }
    }
}

/// That there is nothing, and what to look for instead.
fn nothing(args: &HistoryArgs, records: &Records, job: Option<&JobId>) -> String {
    let is_narrow = args.since.is_some() || args.until.is_some() || !args.outcomes.is_empty();
    match job {
        _ if is_narrow => {
            "there is nothing like that on record; without --since, --until and --outcome there may be more".to_owned()
        }
        Some(id) if records.is_in_file(id) => format!(
            "no fire of `{id}` is on record yet; `rsched next --job {id}` shows when it is due"
        ),
        Some(id) => match records.next_fire(id) {
            Some(at) => format!(
                "no fire of `{id}` is on record yet; it is due at {}",
                exact(at, records.zone_of(id))
            ),
            None => format!("no fire of `{id}` is on record"),
        },
        None => "no fire is on record yet; `rsched next` shows what is due".to_owned(),
    }
}

pub(super) fn history(args: &HistoryArgs) -> Result<ExitCode, ExitCode> {
    let records = Records::open(&args.records)?;
    let job = match &args.id {
        Some(id) => Some(records.known_job(id)?),
        None => None,
    };
    let zone = job
        .as_ref()
        .map_or(records.zone(), |id| records.zone_of(id));
    let time = |option, text: &Option<String>, otherwise| match text {
        Some(text) => time_argument::parse(option, text, records.now, zone),
        None => Ok(otherwise),
    };
    let window = Window {
        since: time("--since", &args.since, WallTime::MIN)?,
        until: time("--until", &args.until, WallTime::MAX)?,
    };
    let asked = Asked {
        job: job.as_ref(),
        window,
        outcomes: &args.outcomes,
        // One more, to know whether there are more.
        at_most: args.count.saturating_add(1),
    };
    let entries = newest_last(&records, asked)?;
    let too_many = entries.len() > args.count as usize;
    let entries = &entries[usize::from(too_many)..];
    let is_json = args.format.format == Format::Json;
    if entries.is_empty() && !is_json {
        complain(&nothing(args, &records, job.as_ref()));
        return Ok(ExitCode::Done);
    }
    let code = terminal::answer(ExitCode::Done, |out| {
        if is_json {
            json(out, &records, window, entries)
        } else {
            table(out, &records, entries)
        }
    });
    if too_many {
        let count = args.count;
        complain(&format_args!("these are the newest {count}; -n shows more"));
    }
    Ok(code)
}

/// What is asked for, in order.
fn newest_last(records: &Records, asked: Asked<'_>) -> Result<Vec<Entry>, ExitCode> {
    let runs = or_say(records.history.runs(asked))?;
    let fires = or_say(records.history.fires(asked))?;
    let runs = runs.into_iter().rev().map(Entry::Run);
    let mut entries: Vec<_> = runs
        .chain(fires.into_iter().rev().map(Entry::Fires))
        .collect();
    entries.sort_by_key(Entry::order);
    let too_old = entries.len().saturating_sub(asked.at_most as usize);
    entries.drain(..too_old);
    Ok(entries)
}

fn table(out: &mut dyn Write, records: &Records, entries: &[Entry]) -> io::Result<()> {
    let mut table = Columns::new(["FIRE TIME", "JOB", "OUTCOME", "TOOK", "RUN", "NOTE"]);
    for entry in entries {
        let zone = records.zone_of(entry.job());
        let nothing = || "-".to_owned();
        table.row(match entry {
            Entry::Run(run) => [
                exact(run.fire_time, zone),
                run.job.to_string(),
                outcome(run).to_owned(),
                run.end()
                    .and_then(|end| end.duration)
                    .map_or_else(nothing, length),
                run.id.to_string(),
                note(run, records.planned_start(&run.job, run.fire_time)),
            ],
            Entry::Fires(fires) => [
                exact(fires.range.last, zone),
                fires.job.to_string(),
                fires.outcome.as_str().to_owned(),
                nothing(),
                nothing(),
                note_of_fires(
                    fires,
                    records.planned_start(&fires.job, fires.range.last),
                    zone,
                ),
            ],
        });
    }
    table.write(out)
}

/// One array, one entry a line.
fn json(
    out: &mut dyn Write,
    records: &Records,
    window: Window,
    entries: &[Entry],
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, entry) in entries.iter().enumerate() {
        out.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
        let zone = records.zone_of(entry.job());
        let text = match entry {
            Entry::Run(run) => serde_json::to_string(&RunJson::new(run, zone))?,
            Entry::Fires(fires) => {
                let within = records.fires_within(fires, window);
                serde_json::to_string(&FiresJson::new(fires, within, zone))?
            }
        };
        out.write_all(ascii_controls(&text).as_bytes())?;
    }
    out.write_all(if entries.is_empty() { b"]\n" } else { b"\n]\n" })
}
