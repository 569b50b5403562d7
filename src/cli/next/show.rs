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
    /// Its planned start, if the job has a jitter.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
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
            .chain(of.day_note().map(str::to_owned))
            .chain(of.jitter_note());
        let fire = JsonFire {
            job: of.job.as_ref().map(JobId::as_str),
            at: human::rfc3339(at, &of.shown_in),
            utc: human::rfc3339_utc(at),
            start: of
                .start_of(at)
                .map(|start| human::rfc3339(start, &of.shown_in)),
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
            start,
        } = row;
        write!(out, "{time:times$}  {weekday}  {offset:offsets$}  ")?;
        match (&fire.of.job, start) {
            (None, None) => writeln!(out, "{faint}{far}{faint:#}")?,
            (job, start) => {
                write!(out, "{faint}{far:fars$}{faint:#}")?;
                if let Some(job) = job {
                    write!(out, "  {}", job.as_str())?;
                }
                if let Some(start) = start {
                    write!(out, "  {faint}starts {start}{faint:#}")?;
                }
                writeln!(out)?;
            }
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
        if let Some(text) = listed.jitter_note() {
            write_note(out, "", &text, note)?;
        }
    }
    Ok(())
}

/// The schedules that the fires belong to, in the order of their first fires.
fn once_each<'a>(fires: &[Fire<'a>]) -> Vec<&'a Listed> {
    let mut seen: Vec<&Listed> = Vec::new();
    for fire in fires.iter().filter(|fire| fire.of.has_note()) {
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
    /// When it is to start, if not at that time.
    start: Option<String>,
}

impl Row {
    fn new(fire: &Fire<'_>, from: WallTime) -> Self {
        let text = human::display(fire.at, &fire.of.shown_in);
        let (time, offset) = time_and_offset(&text);
        Self {
            time: time.to_owned(),
            weekday: weekday(fire.at, &fire.of.shown_in),
            offset: offset.to_owned(),
            far: human::how_far(from, fire.at),
            start: fire
                .of
                .start_of(fire.at)
                .map(|start| clock_time(start, fire)),
        }
    }
}

/// `2026-05-01 00:00:00` and `+03:00`.
fn time_and_offset(text: &str) -> (&str, &str) {
    // The date has hyphens, what follows it has not.
    let date_end = text.find(' ').unwrap_or(0);
    let offset = text[date_end..].find(['+', '-']);
    text.split_at(offset.map_or(text.len(), |at| date_end + at))
}

/// The second in which a fire is to start: the time alone if it is on the same day.
fn clock_time(start: WallTime, fire: &Fire<'_>) -> String {
    let text = |time: WallTime| {
        let second = WallTime::from_unix_seconds(time.unix_seconds());
        human::display(second, &fire.of.shown_in)
    };
    let (start, nominal) = (text(start), text(fire.at));
    let ((time, offset), (nominal, nominal_offset)) =
        (time_and_offset(&start), time_and_offset(&nominal));
    match (time.split_once(' '), nominal.split_once(' ')) {
        _ if offset != nominal_offset => start,
        (Some((day, time)), Some((nominal_day, _))) if day == nominal_day => time.to_owned(),
        _ => time.to_owned(),
    }
}

fn weekday(at: WallTime, zone: &Zone) -> &'static str {
    let seconds = at.unix_seconds();
    let local = seconds.saturating_add(i64::from(zone.span_at(seconds).offset));
    WEEKDAYS[usize::from(civil::weekday(local.div_euclid(SECONDS_PER_DAY)))]
}
