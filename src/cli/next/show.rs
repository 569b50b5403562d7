//! The three forms of the answer: a table for people, plain lines, JSON.

use super::super::args::NextFormat;
use super::super::exit_code::ExitCode;
use super::super::terminal::{self, FAINT, write_note};
use super::upcoming::{Fire, Listed};
use crate::config::JobId;
use crate::time::civil::{self, SECONDS_PER_DAY};
use crate::time::{WallTime, Zone, human};
use anstyle::Style;
use serde::Serialize;
use std::io::{self, Write};
use std::ptr;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// Prints the fires; `from` is what "in 2 h" counts from.
pub(super) fn fires<'a>(
    format: NextFormat,
    fires: impl Iterator<Item = Fire<'a>>,
    from: WallTime,
) -> ExitCode {
    terminal::answer(ExitCode::Done, |out| match format {
        NextFormat::Plain => plain(out, fires),
        NextFormat::Json => json(out, fires),
        NextFormat::Table => table(out, &fires.collect::<Vec<_>>(), from),
    })
}

fn plain<'a>(out: &mut dyn Write, fires: impl Iterator<Item = Fire<'a>>) -> io::Result<()> {
    for Fire { at, of } in fires {
        if let Some(job) = &of.job {
            write!(out, "{}\t", job.as_str())?;
        }
        writeln!(out, "{}", human::rfc3339(at, &of.shown_in))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonFire<'a> {
    job: Option<&'a str>,
    at: String,
    utc: String,
    notes: Vec<String>,
}

/// One array, one fire a line.
fn json<'a>(out: &mut dyn Write, fires: impl Iterator<Item = Fire<'a>>) -> io::Result<()> {
    for (index, Fire { at, of }) in fires.enumerate() {
        out.write_all(if index == 0 { b"[\n  " } else { b",\n  " })?;
        let notes = of
            .schedule
            .dst_note(at)
            .into_iter()
            .chain(of.day_note().map(str::to_owned));
        let fire = JsonFire {
            job: of.job.as_ref().map(JobId::as_str),
            at: human::rfc3339(at, &of.shown_in),
            utc: human::rfc3339_utc(at),
            notes: notes.collect(),
        };
        serde_json::to_writer(&mut *out, &fire)?;
    }
    out.write_all(b"\n]\n")
}

fn table(out: &mut dyn Write, fires: &[Fire<'_>], from: WallTime) -> io::Result<()> {
    let faint = if terminal::stdout_has_colour() {
        FAINT
    } else {
        Style::new()
    };
    let note = terminal::note_style();
    let rows: Vec<_> = fires.iter().map(|fire| Row::new(fire, from)).collect();
    let width = |cell: fn(&Row) -> &str| {
        rows.iter()
            .map(|row| cell(row).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (times, offsets, fars) = (
        width(|row| &row.time),
        width(|row| &row.offset),
        width(|row| &row.far),
    );
    for (row, fire) in rows.iter().zip(fires) {
        let Row {
            time,
            weekday,
            offset,
            far,
        } = row;
        write!(out, "{time:times$}  {weekday}  {offset:offsets$}  ")?;
        match &fire.of.job {
            Some(job) => writeln!(out, "{faint}{far:fars$}{faint:#}  {}", job.as_str())?,
            None => writeln!(out, "{faint}{far}{faint:#}")?,
        }
        if let Some(text) = fire.of.schedule.dst_note(fire.at) {
            write_note(out, "  ", &text, note)?;
        }
    }
    for listed in once_each(fires) {
        if let Some(text) = listed.day_note() {
            let text = if listed.job.is_some() {
                format!("{}: {text}", listed.name)
            } else {
                text.to_owned()
            };
            write_note(out, "", &text, note)?;
        }
    }
    Ok(())
}

/// The schedules that the fires belong to, in the order of their first fires.
fn once_each<'a>(fires: &[Fire<'a>]) -> Vec<&'a Listed> {
    let mut seen: Vec<&Listed> = Vec::new();
    for fire in fires.iter().filter(|fire| fire.of.day_note().is_some()) {
        if !seen.iter().any(|listed| ptr::eq(*listed, fire.of)) {
            seen.push(fire.of);
        }
    }
    seen
}

struct Row {
    time: String,
    weekday: &'static str,
    offset: String,
    far: String,
}

impl Row {
    fn new(fire: &Fire<'_>, from: WallTime) -> Self {
        let text = human::display(fire.at, &fire.of.shown_in);
        // The date has hyphens, what follows it has not.
        let date_end = text.find(' ').unwrap_or(0);
        let offset = text[date_end..]
            .find(['+', '-'])
            .map_or(text.len(), |at| date_end + at);
        Self {
            time: text[..offset].to_owned(),
            weekday: weekday(fire.at, &fire.of.shown_in),
            offset: text[offset..].to_owned(),
            far: human::how_far(from, fire.at),
        }
    }
}

fn weekday(at: WallTime, zone: &Zone) -> &'static str {
    let seconds = at.unix_seconds();
    let local = seconds.saturating_add(i64::from(zone.span_at(seconds).offset));
    WEEKDAYS[usize::from(civil::weekday(local.div_euclid(SECONDS_PER_DAY)))]
}
