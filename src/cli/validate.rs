//! `rsched validate`: everything that is wrong with jobs files.

use super::args::{ValidateArgs, ValidateFormat};
use super::exit_code::ExitCode;
use super::jobs_files;
use super::terminal::{self, complain};
use crate::daemon::{ReadJobs, Rejected};
use crate::diagnostic::{self, Diagnostic, Source};
use crate::sys::clock;
use crate::time::ZoneDatabase;

pub(super) fn validate(args: &ValidateArgs) -> ExitCode {
    let paths = match jobs_files::pick(&args.files) {
        Ok(paths) => paths,
        Err(code) => return code,
    };
    let format = match jobs_files::format(&args.file) {
        Ok(format) => format,
        Err(code) => return code,
    };
    match jobs_files::read_finding_users(paths, format, &ZoneDatabase::system(), clock::read().wall)
    {
        Ok(ReadJobs {
            file,
            warnings,
            sources,
            ..
        }) => {
            let jobs = file.jobs.len();
            let plural = if jobs == 1 { "" } else { "s" };
            let mut summary = format!("{}: ok, {jobs} job{plural}", diagnostic::names(&sources));
            if !warnings.is_empty() {
                summary = format!("{summary}, {}", diagnostic::count(&warnings));
            }
            report(args.format, ExitCode::Done, &warnings, &sources, &summary)
        }
        Err(Rejected::Invalid {
            diagnostics,
            sources,
        }) => {
            let summary = diagnostic::summary(&diagnostics, &sources);
            report(args.format, ExitCode::No, &diagnostics, &sources, &summary)
        }
        Err(unreadable) => {
            complain(&unreadable);
            ExitCode::No
        }
    }
}

/// The diagnostics are the answer. So is the summary of a valid file, for people: programs find
/// nothing but diagnostics on standard output.
fn report(
    format: ValidateFormat,
    code: ExitCode,
    diagnostics: &[Diagnostic],
    sources: &[Source],
    summary: &str,
) -> ExitCode {
    let answer = match format {
        ValidateFormat::Human => {
            diagnostic::render_human(diagnostics, sources, terminal::stdout_has_colour())
        }
        ValidateFormat::Short => diagnostic::render_short(diagnostics, sources),
        ValidateFormat::Json => diagnostic::render_json(diagnostics, sources) + "\n",
    };
    let for_people = matches!(format, ValidateFormat::Human) && code == ExitCode::Done;
    let code = terminal::answer(code, |out| {
        out.write_all(answer.as_bytes())?;
        if for_people {
            writeln!(out, "{summary}")
        } else {
            Ok(())
        }
    });
    if !for_people {
        terminal::write_stderr(&format!("{summary}\n"));
    }
    code
}
