//! Which jobs files a command is about, and how what is wrong with them is said.

use super::args::FileArgs;
use super::exit_code::ExitCode;
use super::terminal::{complain, stderr_has_colour, write_stderr};
use crate::config::{FileFormat, Job};
use crate::daemon::{JobsSource, ReadJobs, Rejected};
use crate::diagnostic::{self, Diagnostic, Source, quoted};
use crate::time::{WallTime, ZoneDatabase};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Similarity (Jaro-Winkler) from which an id may have been meant.
const SIMILAR: f64 = 0.8;

/// The files named, or else the first that exists of the usual places, which is then told.
pub(super) fn pick(files: &[PathBuf]) -> Result<Vec<PathBuf>, ExitCode> {
    if !files.is_empty() {
        return Ok(files.to_vec());
    }
    if let Some(found) = found() {
        complain(&format_args!("using {}", found.display()));
        return Ok(vec![found]);
    }
    let places: Vec<_> = usual_places(|name| env::var_os(name))
        .iter()
        .map(|place| format!("`{}`", place.display()))
        .collect();
    complain(&format_args!(
        "no jobs file was named, and there is none of {}",
        places.join(", ")
    ));
    Err(ExitCode::Usage)
}

/// The jobs file where none is named.
pub(super) fn found() -> Option<PathBuf> {
    let mut places = usual_places(|name| env::var_os(name)).into_iter();
    places.find(|place| place.exists())
}

/// Where a jobs file is looked for when none is named, in this order.
fn usual_places(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // XDG base directory specification: a relative path is to be ignored.
    let config = set("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".config")));
    [
        set("RSCHED_JOBS"),
        Some(PathBuf::from("jobs.toml")),
        config.map(|config| config.join("rsched/jobs.toml")),
        Some(Path::new("/etc/rsched/jobs.toml").to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether an argument is meant as a file: it names one, or standard input.
pub(super) fn is_file(argument: &str) -> bool {
    argument == "-" || Path::new(argument).exists()
}

/// Reads and checks jobs files, whoever could have written them: nothing of them is run.
pub(super) fn read(
    paths: Vec<PathBuf>,
    format: Option<FileFormat>,
    zones: &ZoneDatabase,
    now: WallTime,
) -> Result<ReadJobs, Rejected> {
    let source = JobsSource::new(paths, None);
    source.in_format(format).read_with(zones, now)
}

/// What the options say the files are written in.
pub(super) fn format(options: &FileArgs) -> Result<Option<FileFormat>, ExitCode> {
    options.format().map_err(|message| {
        complain(&message);
        ExitCode::Usage
    })
}

/// As [`read`], and the users that jobs are to run as must be known here.
pub(super) fn read_finding_users(
    paths: Vec<PathBuf>,
    format: Option<FileFormat>,
    zones: &ZoneDatabase,
    now: WallTime,
) -> Result<ReadJobs, Rejected> {
    let source = JobsSource::new(paths, None).in_format(format);
    source.finding_users().read_with(zones, now)
}

/// So many ids are named where another was looked for.
const SHOWN_IDS: usize = 5;

/// The end of the sentence that there is no job of that id.
pub(super) fn did_you_mean(id: &str, jobs: &[Arc<Job>]) -> String {
    match nearest(id, jobs.iter().map(|job| job.id.as_str())) {
        Some(other) => format!(", did you mean `{other}`?"),
        None if jobs.is_empty() => ": there are no jobs at all".to_owned(),
        None => {
            let shown = jobs
                .iter()
                .take(SHOWN_IDS)
                .map(|job| quoted(job.id.as_str()));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let more = if jobs.len() > SHOWN_IDS { ", …" } else { "" };
            let verb = if jobs.len() == 1 { "is" } else { "are" };
            format!("; there {verb} {shown}{more}")
        }
    }
}

/// The id that was perhaps meant.
pub(super) fn nearest<'a>(id: &str, ids: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |other: &str| strsim::jaro_winkler(id, other);
    let nearest = ids.max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    nearest.filter(|other| similarity(other) >= SIMILAR)
}

/// Shows diagnostics on stderr.
pub(super) fn show(diagnostics: &[Diagnostic], sources: &[Source]) {
    if !diagnostics.is_empty() {
        write_stderr(&diagnostic::render_human(
            diagnostics,
            sources,
            stderr_has_colour(),
        ));
    }
}

/// Says why jobs cannot be taken, and gives the exit code for it.
pub(super) fn complain_about(rejected: &Rejected) -> ExitCode {
    match rejected {
        Rejected::Invalid {
            diagnostics,
            sources,
        } => {
            show(diagnostics, sources);
            complain(&diagnostic::count(diagnostics));
            ExitCode::InvalidFile
        }
        Rejected::Untrusted(_) => {
            complain(rejected);
            ExitCode::NotPermitted
        }
        Rejected::Unreadable(_) => {
            complain(rejected);
            ExitCode::InvalidFile
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Vec<String> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| value.into())
        };
        usual_places(find)
            .iter()
            .map(|file| file.display().to_string())
            .collect()
    }

    #[test]
    fn the_usual_places_come_in_the_documented_order() {
        assert_eq!(
            places(&[
                ("RSCHED_JOBS", "/a.toml"),
                ("XDG_CONFIG_HOME", "/c"),
                ("HOME", "/h")
            ]),
            [
                "/a.toml",
                "jobs.toml",
                "/c/rsched/jobs.toml",
                "/etc/rsched/jobs.toml"
            ]
        );
        assert_eq!(
            places(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]),
            [
                "jobs.toml",
                "/h/.config/rsched/jobs.toml",
                "/etc/rsched/jobs.toml"
            ]
        );
        assert_eq!(places(&[]), ["jobs.toml", "/etc/rsched/jobs.toml"]);
    }
}
