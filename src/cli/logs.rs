//! `rsched logs`: what a run printed, as far as it is kept.

mod follow;

use super::exit_code::ExitCode;
use super::record_args::LogsArgs;
use super::record_text::{exact, size};
use super::records::{Records, or_say};
use super::terminal::{self, complain};
use crate::config::JobId;
use crate::diagnostic::{escape, quoted};
use crate::scheduler::RunRecord;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

pub(super) fn logs(args: &LogsArgs) -> Result<ExitCode, ExitCode> {
    if args.follow {
        return follow::follow(args);
    }
    let records = Records::open(&(&args.records).into())?;
    let job = records.known_job(&args.id)?;
    let run = match &args.run {
        Some(digits) => this_run(&records, &job, digits)?,
        None => newest_run(&records, &job)?,
    };
    let Some(output) = or_say(records.history.output(&run))? else {
        let state = if run.end().is_some() {
            "nothing that it printed is kept, if it printed anything"
        } else {
            "it has not ended: what a run prints is kept when it ends"
        };
        complain(&format_args!("run {} of `{job}`: {state}", run.id));
        return Ok(ExitCode::Done);
    };
    let lost = output.total_bytes.saturating_sub(output.tail.len() as u64);
    if lost > 0 {
        complain(&format_args!(
            "this is the end of what it printed: {} before it are not kept",
            size(lost)
        ));
    }
    if !io::stdout().is_terminal() {
        return Ok(terminal::print(&output.tail));
    }
    Ok(terminal::print(visible(&output.tail).as_bytes()))
}

fn this_run(records: &Records, job: &JobId, digits: &str) -> Result<RunRecord, ExitCode> {
    match records.find_run(digits)? {
        Some(run) if run.job == *job => Ok(run),
        Some(run) => {
            complain(&format_args!("run {} is one of job `{}`", run.id, run.job));
            Err(ExitCode::Usage)
        }
        None => {
            complain(&format_args!(
                "job `{job}` has no run {} on record; `rsched history {job}` shows those it has",
                quoted(digits)
            ));
            Err(ExitCode::Usage)
        }
    }
}

/// The newest that has ended and came to a process.
fn newest_run(records: &Records, job: &JobId) -> Result<RunRecord, ExitCode> {
    let had_output = |run: &RunRecord| run.end().is_some_and(|end| end.outcome.is_of_a_run());
    let Some(run) = records.newest_run(job, had_output)? else {
        complain(&format_args!("no run of job `{job}` has ended yet"));
        return Err(ExitCode::No);
    };
    let due = exact(run.fire_time, records.zone_of(job));
    complain(&format_args!("run {}, which was due {due}", run.id));
    Ok(run)
}

/// The lines as they are, with everything in them made visible that a terminal would act on.
fn visible(output: &[u8]) -> String {
    let mut text = String::with_capacity(output.len());
    push_visible(output, &mut text);
    // The prompt comes on a line of its own.
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Adds a piece of output in that way.
pub(super) fn push_visible(output: &[u8], text: &mut String) {
    for chunk in output.utf8_chunks() {
        for (index, line) in chunk.valid().split('\n').enumerate() {
            if index > 0 {
                text.push('\n');
            }
            for (index, part) in line.split('\t').enumerate() {
                if index > 0 {
                    text.push('\t');
                }
                text.push_str(&escape(part));
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            _ = write!(text, "\\x{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_made_visible_and_lines_stay_lines() {
        for (output, text) in [
            (&b"one\n\ttwo\n"[..], "one\n\ttwo\n"),
            (b"no newline", "no newline\n"),
            (b"\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}\n"),
            (b"a\rb", "a\\rb\n"),
            (b"caf\xe9 \xf0\x9f\n", "caf\\xe9 \\xf0\\x9f\n"),
            (b"", ""),
        ] {
            assert_eq!(visible(output), text);
        }
    }
}
