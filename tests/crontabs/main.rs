//! Crontabs as they are found in the wild: `system/` and `user/` hold some, in their authors' own manner.
//! All are read without an edit, and as jobs files they fire as they did.

use rsched::config::{
    Context, FileFormat, FileText, FormattedText, Job, JobsFile, Loaded, Machine, import_crontab,
    load, load_formatted,
};
use rsched::diagnostic::{Source, render_short};
use rsched::schedule::Schedule;
use rsched::time::{WallTime, ZoneDatabase};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
const NOW: WallTime = WallTime::from_unix_seconds(1_767_225_600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// What is odd about some of them, by the code of the warning.
const ODD: [(&str, &[&str]); 4] = [
    ("crontab-man-page", &["either_day", "both_days"]),
    ("edited-on-windows", &["carriage_return", "missing_newline"]),
    ("freebsd", &["uneven_step"]),
    ("suse", &["quiet_entry"]),
];

/// Each of these machines has the users and programs that its crontab names.
struct ItsMachine;

impl Machine for ItsMachine {
    fn own_home(&self) -> Option<PathBuf> {
        Some("/home/me".into())
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        Some(Path::new("/home").join(user))
    }

    fn is_directory(&self, _: &Path) -> bool {
        true
    }

    fn is_program(&self, _: &Path) -> bool {
        true
    }
}

fn zones() -> &'static ZoneDatabase {
    static ZONES: OnceLock<ZoneDatabase> = OnceLock::new();
    ZONES.get_or_init(ZoneDatabase::bundled)
}

/// In a zone whose clocks change.
fn context() -> Context<'static> {
    Context {
        zones: zones(),
        machine_zone: zones().get("Europe/Berlin").unwrap(),
        machine_id: "host-7",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    }
}

/// All of them, in the order of their names.
fn crontabs() -> Vec<FormattedText> {
    let mut texts = Vec::new();
    for (folder, format) in [
        ("system", FileFormat::SystemCrontab),
        ("user", FileFormat::Crontab),
    ] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/crontabs")
            .join(folder);
        let mut paths: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(format.is_read_in_directory(&name), "{name}");
            let file = FileText {
                name,
                directory: directory.clone(),
                text: fs::read_to_string(&path).unwrap(),
            };
            texts.push(FormattedText { file, format });
        }
    }
    assert!(texts.len() >= 20, "{}", texts.len());
    texts
}

/// The diagnostics of a load, a line each.
fn shown(loaded: &Loaded, file: &FileText) -> String {
    let source = Source {
        name: file.name.clone(),
        text: file.text.clone(),
    };
    render_short(&loaded.diagnostics, &[source])
}

#[test]
fn none_of_them_needs_an_edit() {
    let odd = BTreeMap::from(ODD);
    for text in crontabs() {
        let loaded = load_formatted(
            std::slice::from_ref(&text),
            &context(),
            Some(&ItsMachine),
            Vec::new(),
        );
        let found = shown(&loaded, &text.file);
        let file = loaded.jobs_file.unwrap_or_else(|| panic!("{found}"));
        assert!(!file.jobs.is_empty(), "{}", text.file.name);
        let mut codes: Vec<_> = loaded
            .diagnostics
            .iter()
            .map(|problem| problem.code)
            .collect();
        codes.retain(|code| *code != "offset_change");
        let expected = odd
            .get(text.file.name.as_str())
            .copied()
            .unwrap_or_default();
        assert_eq!(codes, expected, "{found}");
    }
}

#[test]
fn as_jobs_files_they_fire_as_they_did_all_year() {
    for text in crontabs() {
        let name = text.file.name.clone();
        let crontab = load_formatted(
            std::slice::from_ref(&text),
            &context(),
            Some(&ItsMachine),
            Vec::new(),
        );
        let imported = import_crontab(&text, &context(), Some(&ItsMachine));
        let file = FileText {
            name: "jobs.toml".into(),
            directory: "/elsewhere".into(),
            text: imported.toml.unwrap(),
        };
        let toml = load(std::slice::from_ref(&file), &context());
        let problems = shown(&toml, &file);
        let toml = toml
            .jobs_file
            .unwrap_or_else(|| panic!("{}\n{problems}", file.text));
        let before = fires_of_a_year(&crontab.jobs_file.unwrap());
        assert_eq!(before, fires_of_a_year(&toml), "{name}\n{}", file.text);
        assert!(
            before.values().all(|fires| *fires != Fires::default()),
            "{name}"
        );
    }
}

/// What fires when: how often in a year, a number made of all its times, and the first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fires {
    count: u64,
    sum: u64,
    first: Option<WallTime>,
}

/// By the jobs' commands and what they run with, since their ids differ.
fn fires_of_a_year(file: &JobsFile) -> BTreeMap<String, Fires> {
    let of = |job: &Arc<Job>| {
        let (shell, cwd) = (job.settings.shell.display(), job.settings.cwd.display());
        // With a delay, when it starts depends on its id.
        let delay = job.schedule.jitter.map(|delay| (delay, &job.id));
        let text = format!(
            "{} {:?} {shell} {cwd} {:?} {:?} {delay:?} {} {}",
            job.schedule.text,
            job.command,
            job.settings.stdin,
            job.settings.output,
            job.settings.clear_env,
            job.settings.max_instances
        );
        (text, fires(&job.schedule.anchored(NOW)))
    };
    let all: BTreeMap<_, _> = file.jobs.iter().map(of).collect();
    assert_eq!(all.len(), file.jobs.len());
    all
}

fn fires(schedule: &Schedule) -> Fires {
    let mut fires = Fires::default();
    let mut at = NOW - Duration::from_micros(1);
    while let Some(next) = schedule.next_after(at).filter(|next| *next < NOW + YEAR) {
        at = next;
        fires.count += 1;
        let minutes = at.unix_seconds().unsigned_abs() / 60;
        fires.sum = fires.sum.wrapping_mul(31).wrapping_add(minutes);
        fires.first = fires.first.or(Some(at));
    }
    fires
}

#[test]
fn the_names_of_their_jobs_are_those_of_their_programs() {
    let mut names = Vec::new();
    for text in crontabs() {
        let toml = import_crontab(&text, &context(), Some(&ItsMachine))
            .toml
            .unwrap();
        let headers = toml.lines().filter_map(|line| line.strip_prefix("[jobs."));
        names.extend(headers.map(|header| header.trim_end_matches(']').to_owned()));
    }
    for expected in [
        "run-parts-cron-daily",
        "certbot-renew",
        "sessionclean",
        "invoke-rc-d-anacron-start",
        "checkarray",
        "php-cron-php",
        "borg-create-etc",
        "acme-sh",
        "newsyslog",
    ] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected}: {names:?}"
        );
    }
}
