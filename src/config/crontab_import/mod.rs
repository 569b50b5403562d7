//! A crontab as a jobs file that does the same, and is pleasant to read.
//!
//! The crontab is loaded as it would be to run it; what comes out is what its jobs are, said in the
//! words of a jobs file: what most of them share in `[defaults]` and `[env]`, the rest beside each.
//! Comments stay where they are. A test loads the result and compares the jobs.

mod document;
mod draft;
mod shared;
mod toml_text;

use super::crontab_file::{self, Around, Crontab, Line, TabFile};
use super::load::{Context, FormattedText, load_formatted};
use super::reader::Problems;
use super::{JobId, Machine};
use crate::diagnostic::Diagnostic;
use document::Document;
use std::collections::HashSet;

/// What an import gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The jobs file; none if the crontab has any error.
    pub toml: Option<String>,
    /// Errors and warnings of the crontab.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes a jobs file of a crontab.
///
/// ```
/// use rsched::config::{Context, FileFormat, FileText, FormattedText, import_crontab};
/// use rsched::time::{WallTime, Zone, ZoneDatabase};
/// let text = "# Every morning.\n0 6 * * *  backup --all\n";
/// let file = FileText { name: "crontab".into(), directory: "/".into(), text: text.into() };
/// let file = FormattedText { file, format: FileFormat::Crontab };
/// let zones = ZoneDatabase::bundled();
/// let now = WallTime::from_unix_seconds(1_767_225_600);
/// let machine_zone = Zone::utc();
/// let context = Context { zones: &zones, machine_zone, machine_id: "host-7", host_name: "here", cpus: 2, now, accounts: None };
/// let toml = import_crontab(&file, &context, None).toml.unwrap();
/// let job = "# Every morning.\n[jobs.backup]\ncron = \"0 6 * * *\"\ncommand = \"backup --all\"\n";
/// assert!(toml.ends_with(job), "{toml}");
/// ```
#[must_use]
pub fn import_crontab(
    file: &FormattedText,
    context: &Context<'_>,
    machine: Option<&dyn Machine>,
) -> Imported {
    let loaded = load_formatted(std::slice::from_ref(file), context, machine, Vec::new());
    let toml = loaded.jobs_file.map(|_| {
        let tab = TabFile {
            index: 0,
            text: &file.file.text,
            format: file.format,
        };
        // Whatever is odd about it was found when it was loaded.
        let mut known = Problems::default();
        let crontab = crontab_file::read(tab, context.zones, machine, &mut known);
        let around = Around {
            zone: &context.machine_zone,
            now: context.now,
            machine,
        };
        text(&file.file.name, &crontab, around)
    });
    Imported {
        toml,
        diagnostics: loaded.diagnostics,
    }
}

/// The ids of all entries, as they are when the crontab is loaded alone.
fn ids(crontab: &Crontab<'_>) -> Vec<JobId> {
    let lower = |id: &JobId| id.as_str().to_ascii_lowercase();
    let written = crontab.jobs.iter().filter_map(|job| job.id.as_ref());
    let mut taken: HashSet<String> = written.map(|(id, _)| lower(id)).collect();
    let id = |job| {
        let id = crontab.id(job, |id| taken.contains(&id.to_ascii_lowercase()));
        taken.insert(lower(&id));
        id
    };
    crontab.jobs.iter().map(id).collect()
}

fn text(name: &str, crontab: &Crontab<'_>, around: Around<'_>) -> String {
    let ids = ids(crontab);
    let mut document = Document::new(name, &ids);
    let mut jobs = crontab.jobs.iter().zip(ids);
    for located in &crontab.lines {
        let line = &crontab.file.text[located.span.clone()];
        match &located.line {
            Line::Blank => document.blank_line(),
            Line::Comment => document.comment(line),
            Line::Assignment(assignment) => document.assignment(assignment),
            Line::Entry(_) => {
                if let Some((written, id)) = jobs.next() {
                    document.entry(crontab, written, id, around);
                }
            }
            Line::Wrong => {}
        }
    }
    document.finish(&crontab.allow)
}

#[cfg(test)]
mod tests;
