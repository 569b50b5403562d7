//! Crontabs as a whole: what is accepted and means what, what is refused and where.

use crate::config::{
    Command, Context, FileFormat, FileText, FormattedText, Job, Loaded, Machine, NO_LIMIT, Stdin,
    load_formatted,
};
use crate::diagnostic::{Source, render_human, render_short};
use crate::schedule::{DstPolicy, Trigger};
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

mod accepted;
mod hostile;
mod ids;
mod refused;
mod traps;

/// A machine of which everything is known.
struct Laptop;

impl Machine for Laptop {
    fn own_home(&self) -> Option<PathBuf> {
        self.home_of("me")
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        let home = match user {
            "me" => "/home/me",
            "root" => "/root",
            "www-data" => "/var/www",
            "mail" => "/var/mail",
            "backup" => "/var/backups",
            _ => return None,
        };
        Some(home.into())
    }

    fn is_directory(&self, path: &Path) -> bool {
        path != Path::new("/var/backups")
    }

    fn is_program(&self, path: &Path) -> bool {
        let known = [
            "/usr/bin/mail",
            "/usr/bin/find",
            "/usr/bin/run-parts",
            "/bin/sleep",
            "/usr/local/bin/node",
            "/usr/sbin/ntpdate",
        ];
        known.iter().any(|known| path == Path::new(known))
    }
}

/// 2026-01-01T00:00:00Z.
const NOW: WallTime = WallTime::from_unix_seconds(1_767_225_600);

fn load(files: &[(&str, &str, FileFormat)]) -> Loaded {
    static ZONES: OnceLock<ZoneDatabase> = OnceLock::new();
    let context = Context {
        zones: ZONES.get_or_init(ZoneDatabase::bundled),
        machine_zone: Zone::utc(),
        machine_id: "host-7",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    };
    let text = |&(name, text, format): &(&str, &str, FileFormat)| FormattedText {
        file: FileText {
            name: name.into(),
            directory: "/somewhere".into(),
            text: text.into(),
        },
        format,
    };
    let texts: Vec<_> = files.iter().map(text).collect();
    load_formatted(&texts, &context, Some(&Laptop), Vec::new())
}

fn sources(files: &[(&str, &str, FileFormat)]) -> Vec<Source> {
    let source = |&(name, text, _): &(&str, &str, FileFormat)| Source {
        name: name.into(),
        text: text.into(),
    };
    files.iter().map(source).collect()
}

/// The jobs in the order of their ids, and all warnings, a short line each.
#[track_caller]
fn accepted_as(text: &str, format: FileFormat) -> (Vec<Arc<Job>>, String) {
    let files = [("tab", text, format)];
    let loaded = load(&files);
    let short = render_short(&loaded.diagnostics, &sources(&files));
    let Some(file) = loaded.jobs_file else {
        panic!("{text}\n{short}");
    };
    (file.jobs, short)
}

/// The jobs of a text that nothing is odd about.
#[track_caller]
fn valid_as(text: &str, format: FileFormat) -> Vec<Arc<Job>> {
    let (jobs, warnings) = accepted_as(text, format);
    assert_eq!(warnings, "", "{text}");
    jobs
}

#[track_caller]
fn valid(text: &str) -> Vec<Arc<Job>> {
    valid_as(text, FileFormat::Crontab)
}

/// The one job of a line, whatever is odd about it.
#[track_caller]
fn job(text: &str) -> Arc<Job> {
    let (jobs, _) = accepted_as(text, FileFormat::Crontab);
    assert_eq!(jobs.len(), 1, "{text}");
    Arc::clone(&jobs[0])
}

fn script(job: &Job) -> &str {
    match &job.command {
        Command::Shell(script) => script,
        Command::Program(_) => panic!("a crontab has scripts only"),
    }
}

/// What is odd about a text, a short line each.
#[track_caller]
fn warned(text: &str) -> String {
    accepted_as(text, FileFormat::Crontab).1
}

/// What is wrong with a text, a short line each.
#[track_caller]
fn refused_as(text: &str, format: FileFormat) -> String {
    let files = [("tab", text, format)];
    let loaded = load(&files);
    let short = render_short(&loaded.diagnostics, &sources(&files));
    assert!(loaded.jobs_file.is_none(), "accepted: {text}\n{short}");
    short
}

#[track_caller]
fn refused(text: &str) -> String {
    refused_as(text, FileFormat::Crontab)
}
