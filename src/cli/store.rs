//! `rsched store`: are the records whole, and what of damaged ones can be saved.

use super::columns::write_pairs;
use super::exit_code::ExitCode;
use super::open_store;
use super::record_args::{CheckArgs, RecoverArgs, StoreArgs, StoreCommand, StoreFileArgs};
use super::record_text::counted;
use super::records;
use super::terminal::{self, complain};
use crate::store::sqlite::{OpenError, RecoverError, Recovered, STORE_FILE_NAME, Saved};
use crate::store::sqlite::{check as check_file, recover as recover_file};
use crate::sys::lock::Holder;
use crate::sys::{clock, host, random};
use crate::time::human;
use std::path::PathBuf;

pub(super) fn store(args: &StoreArgs) -> Result<ExitCode, ExitCode> {
    match &args.command {
        StoreCommand::Check(args) => check(args),
        StoreCommand::Recover(args) => recover(args),
    }
}

fn check(args: &CheckArgs) -> Result<ExitCode, ExitCode> {
    let path = path(&args.file)?;
    let report = match check_file(&path) {
        Ok(report) => report,
        Err(error) => {
            let code = say(&error);
            // Here it is the answer, not what stands in its way.
            let is_no = matches!(error, OpenError::Corrupt { .. } | OpenError::Emptied { .. });
            return Err(if is_no { ExitCode::No } else { code });
        }
    };
    let shown = path.display();
    let is_whole = report.problems.is_empty();
    let verdict = if is_whole { "whole" } else { "not whole" };
    let verdict = format!("{verdict}, version {}", report.version);
    let mut pairs = vec![("store", shown.to_string()), ("verdict", verdict)];
    let rows = report.rows.iter();
    pairs.extend(rows.map(|&(table, rows)| {
        let rows = rows.map(|rows| counted(rows, "row"));
        (
            table,
            rows.unwrap_or_else(|| "cannot be counted".to_owned()),
        )
    }));
    let problems = report.problems.into_iter();
    pairs.extend(problems.map(|problem| ("problem", problem)));
    let code = if is_whole {
        ExitCode::Done
    } else {
        ExitCode::No
    };
    let code = terminal::answer(code, |out| write_pairs(out, &pairs));
    if !is_whole {
        complain(&format_args!(
            "help: `rsched store recover {shown}` saves what can be read"
        ));
    }
    Ok(code)
}

fn recover(args: &RecoverArgs) -> Result<ExitCode, ExitCode> {
    let path = path(&args.file)?;
    let now = clock::read().wall;
    let us = Holder {
        pid: host::pid(),
        host: host::name(),
        started_at: human::rfc3339_utc(now),
        jobs_file: "rsched store recover".to_owned(),
    };
    // A file that is not there needs no lock beside it.
    let is_there = path
        .parent()
        .is_some_and(|directory| directory.as_os_str().is_empty() || directory.is_dir());
    let _lock = is_there
        .then(|| open_store::lock(&path, &us))
        .transpose()
        .map_err(|error| {
            error.complain();
            error.exit_code()
        })?;
    let fresh_id = random::u128().map_err(|error| {
        complain(&error);
        ExitCode::InputOutput
    })?;
    match recover_file(&path, &stamp(&human::rfc3339_utc(now)), fresh_id) {
        Ok(recovered) => Ok(show(&path.display().to_string(), &recovered)),
        Err(RecoverError::Whole { .. }) => {
            complain(&format_args!(
                "`{}` is whole: there is nothing to recover, and it is left as it is",
                path.display()
            ));
            Ok(ExitCode::Done)
        }
        Err(RecoverError::Open(error)) => {
            if matches!(error, OpenError::Corrupt { .. }) {
                complain(&error);
                complain(
                    &"help: nothing of it can be read; it was not touched. To begin anew, move it and the files that begin with its name to another place",
                );
                return Err(open_store::exit_code(&error));
            }
            if matches!(error, OpenError::Emptied { .. }) {
                return Err(say(&error));
            }
            complain(&error);
            Err(open_store::exit_code(&error))
        }
        Err(error) => {
            complain(&error);
            Err(ExitCode::InputOutput)
        }
    }
}

/// The file that is meant, or the one in the directory that is.
fn path(args: &StoreFileArgs) -> Result<PathBuf, ExitCode> {
    match &args.path {
        Some(path) if path.is_dir() => Ok(path.join(STORE_FILE_NAME)),
        Some(path) => Ok(path.clone()),
        None => records::store_of(&args.records),
    }
}

fn say(error: &OpenError) -> ExitCode {
    if let Some(code) = open_store::say_if_half_recovered(error) {
        return code;
    }
    complain(error);
    if let Some(help) = error.help() {
        complain(&format_args!("help: {help}"));
    }
    open_store::exit_code(error)
}

/// `2026-05-01T00:00:00.123456Z` as a part of a file's name: `20260501T000000Z`.
fn stamp(time: &str) -> String {
    let seconds = time.get(..19).unwrap_or(time);
    let digits = seconds.chars().filter(|c| !matches!(c, '-' | ':'));
    digits.chain(['Z']).collect()
}

fn show(path: &str, recovered: &Recovered) -> ExitCode {
    let mut pairs = vec![("store", path.to_owned())];
    let damage = recovered.damage.iter();
    pairs.extend(damage.map(|problem| ("damage", problem.clone())));
    let saved = recovered.saved.iter();
    pairs.extend(saved.map(|saved| (saved.table, what_was_saved(saved))));
    let notes = recovered.notes.iter();
    pairs.extend(notes.map(|note| ("note", note.clone())));
    let kept_as = recovered.kept_as.display().to_string();
    pairs.push(("damaged file", kept_as));
    terminal::answer(ExitCode::Done, |out| write_pairs(out, &pairs))
}

fn what_was_saved(saved: &Saved) -> String {
    let mut parts = vec![format!("{} saved", counted(saved.rows, "row"))];
    if saved.senseless > 0 {
        parts.push(format!("{} made no sense", saved.senseless));
    }
    let unreadable = saved.unreadable.iter();
    parts.extend(unreadable.map(|&(first, last)| match last {
        i64::MAX => format!("none behind {} could be read", first - 1),
        last if first == last => format!("number {first} could not be read"),
        last => format!("numbers {first} to {last} could not be read"),
    }));
    if saved.partly_unreadable {
        parts.push("some of it could not be read".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_a_part_of_a_files_name() {
        assert_eq!(stamp("2026-05-01T00:00:00.123456Z"), "20260501T000000Z");
        assert_eq!(stamp("2026-05-01T00:00:00Z"), "20260501T000000Z");
    }
}
