//! The jobs file as a whole: what is accepted and means what, what is refused and where.

mod accepted;
mod api;
mod hostile;
mod lints;
mod listeners;
mod mistakes;
mod process;
mod triggers;

use super::*;
use crate::diagnostic::{Diagnostic, Source, render_human, render_short};
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::sync::{Arc, OnceLock};

/// 2026-01-01T00:00:00Z.
const NOW: WallTime = WallTime::from_unix_seconds(1_767_225_600);

fn context() -> Context<'static> {
    static ZONES: OnceLock<ZoneDatabase> = OnceLock::new();
    Context {
        zones: ZONES.get_or_init(ZoneDatabase::bundled),
        machine_zone: Zone::utc(),
        machine_id: "machine",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    }
}

fn file(name: &str, text: &str) -> FileText {
    FileText {
        name: name.into(),
        directory: "/etc/rsched".into(),
        text: text.into(),
    }
}

fn load_text(text: &str) -> Loaded {
    load(&[file("jobs.toml", text)], &context())
}

fn source(text: &str) -> Source {
    Source {
        name: "jobs.toml".into(),
        text: text.into(),
    }
}

/// The configuration of a text that has no error and no warning.
fn valid(text: &str) -> JobsFile {
    let loaded = load_text(text);
    let found = render_human(&loaded.diagnostics, &[source(text)], false);
    assert!(loaded.diagnostics.is_empty(), "{text}\n{found}");
    loaded.jobs_file.expect("no diagnostics, so a jobs file")
}

/// The one job of a text.
fn job(text: &str) -> Arc<Job> {
    let jobs = valid(text).jobs;
    assert_eq!(jobs.len(), 1);
    Arc::clone(&jobs[0])
}

/// A job with that trigger line.
fn triggered(lines: &str) -> Arc<Job> {
    job(&format!("[jobs.a]\n{lines}\ncommand = 'x'\n"))
}

/// The problems of a text that is refused, one short line each.
fn refused(text: &str) -> String {
    let loaded = load_text(text);
    let short = render_short(&loaded.diagnostics, &[source(text)]);
    assert!(loaded.jobs_file.is_none(), "accepted: {text}\n{short}");
    assert!(
        loaded.diagnostics.iter().any(Diagnostic::is_error),
        "{short}"
    );
    short
}
