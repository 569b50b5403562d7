//! Every example of the guides in docs/: what becomes what, and does it.

use crate::sandbox::Sandbox;
use rsched::config::{
    Context, FileFormat, FileText, FormattedText, Job, JobId, JobSchedule, load, load_formatted,
};
use rsched::diagnostic::{Source, render_short};
use rsched::schedule::{ScheduleSpec, Trigger};
use rsched::time::{WallTime, Zone, ZoneDatabase, human};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
const NOW: WallTime = WallTime::from_unix_seconds(1_767_225_600);

const GUIDES: [&str; 4] = [
    "from-apscheduler.md",
    "from-cron.md",
    "from-supercronic.md",
    "from-systemd-timers.md",
];

/// What `rsched import crontab` puts before the jobs.
const AS_CRON: &str = "[executors.default]\nmax_workers = \"unlimited\"\n[defaults]\nmax_instances = \"unlimited\"\n\
                       output = \"mail\"\nclear_env = true\ndst = \"cron\"\ncwd = \"/\"\n[env]\nPATH = \"/usr/bin:/bin\"\n";

fn guide(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// A table's head and rows, each cell the code in it.
struct GuideTable {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The cells of a row; `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_matches('|').replace("\\|", "\u{1}");
    inner
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}

/// The code spans that a cell begins with, a line each; a cell without any as it is.
fn code(cell: &str) -> String {
    let cell = cell.split(" (").next().unwrap_or_default();
    if !cell.starts_with('`') {
        return cell.to_owned();
    }
    let lines = cell.split("<br>").map(|span| span.trim().trim_matches('`'));
    lines.collect::<Vec<_>>().join("\n")
}

fn tables(text: &str) -> Vec<GuideTable> {
    let mut tables: Vec<GuideTable> = Vec::new();
    let mut is_in_table = false;
    for line in text.lines() {
        if !line.starts_with('|') {
            is_in_table = false;
        } else if !is_in_table {
            is_in_table = true;
            let head = cells(line);
            tables.push(GuideTable {
                head,
                rows: Vec::new(),
            });
        } else if !line.starts_with("| ---") {
            let row = cells(line).iter().map(|cell| code(cell)).collect();
            tables.last_mut().unwrap().rows.push(row);
        }
    }
    tables
}

/// The rows of all tables of a guide with these heads.
fn rows(name: &str, is_wanted: impl Fn(&[&str]) -> bool) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in tables(&guide(name)) {
        let head: Vec<_> = table.head.iter().map(String::as_str).collect();
        if is_wanted(&head) {
            rows.extend(table.rows);
        }
    }
    rows
}

fn context() -> Context<'static> {
    static ZONES: OnceLock<ZoneDatabase> = OnceLock::new();
    Context {
        zones: ZONES.get_or_init(ZoneDatabase::bundled),
        machine_zone: Zone::utc(),
        machine_id: "host-7",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    }
}

fn file(text: &str) -> FileText {
    FileText {
        name: "text".into(),
        directory: "/".into(),
        text: text.into(),
    }
}

/// The jobs of a text that has no error.
#[track_caller]
fn jobs(text: &str, format: FileFormat) -> Vec<Arc<Job>> {
    let formatted = FormattedText {
        file: file(text),
        format,
    };
    let loaded = match format {
        FileFormat::Toml => load(&[formatted.file], &context()),
        _ => load_formatted(&[formatted], &context(), None, Vec::new()),
    };
    let source = Source {
        name: "text".into(),
        text: text.into(),
    };
    let found = render_short(&loaded.diagnostics, &[source]);
    let file = loaded.jobs_file;
    file.unwrap_or_else(|| panic!("{text}\n{found}")).jobs
}

/// The keys of one job as a job, after the tables before it.
#[track_caller]
fn job(before: &str, keys: &str) -> Arc<Job> {
    // A document of its own, or the keys of a job.
    let mut text = if keys.starts_with('[') {
        keys.to_owned()
    } else {
        format!("{before}[jobs.x]\n{keys}")
    };
    if text.contains("[jobs.") && !text.contains("\ncommand =") {
        text.push_str("\ncommand = \"cmd\"");
    }
    if !text.contains("[jobs.") {
        text.push_str("\n[jobs.x]\ncommand = \"cmd\"");
    }
    let jobs = jobs(&text, FileFormat::Toml);
    assert_eq!(jobs.len(), 1, "{text}");
    Arc::clone(&jobs[0])
}

/// A job without what names it, and what it does with its schedule.
fn comparable(job: &Job) -> (Job, Vec<WallTime>) {
    let schedule = job.schedule.anchored(NOW);
    let first = schedule.next_after(NOW - Duration::from_micros(1));
    let fires = std::iter::successors(first, |at| schedule.next_after(*at));
    let fires = fires.take(500).collect();
    let mut job = job.clone();
    let spec = ScheduleSpec {
        trigger: Trigger::Now,
        ..job.schedule.spec.clone()
    };
    job.schedule = Arc::new(JobSchedule::new(spec, job.schedule.jitter, String::new()));
    job.id = JobId::parse("x").unwrap();
    job.about = None;
    let settings = Arc::make_mut(&mut job.settings);
    for of_cron in ["CRON_TZ", "MAILFROM", "MAILTO", "RANDOM_DELAY"] {
        settings.env.remove(of_cron);
    }
    (job, fires)
}

#[test]
fn what_stands_in_a_crontab_is_the_same_in_a_jobs_file() {
    let mut checked = 0;
    for (head, format) in [
        ("in a crontab", FileFormat::Crontab),
        ("in a system crontab", FileFormat::SystemCrontab),
    ] {
        for row in rows("from-cron.md", |found| found == [head, "in a jobs file"]) {
            let [tab, keys] = &row[..] else {
                panic!("{row:?}");
            };
            let jobs = jobs(&format!("{tab}\n"), format);
            // Values of `~` come from the id.
            let keys = if tab.contains('~') {
                format!("[jobs.{}]\n{keys}", jobs[0].id)
            } else {
                keys.clone()
            };
            let keys = keys.replace("[jobs.", &format!("{AS_CRON}[jobs."));
            let found = job(AS_CRON, &keys);
            assert_eq!(comparable(&found), comparable(&jobs[0]), "{row:?}");
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked} rows");
}

#[test]
fn what_a_jobs_file_has_words_for_is_valid_on_both_sides() {
    let heads = ["instead of this in a crontab", "this in a jobs file"];
    let rows = rows("from-cron.md", |head| head == heads);
    assert!(rows.len() >= 10, "{}", rows.len());
    for row in rows {
        assert_eq!(jobs(&format!("{}\n", row[0]), FileFormat::Crontab).len(), 1);
        job("", &row[1]);
    }
}

#[test]
fn triggers_fire_first_when_the_guides_say() {
    let mut checked = 0;
    for name in GUIDES {
        for row in rows(name, |head| head.last() == Some(&"fires first")) {
            let job = job("", &row[1]);
            let schedule = job.schedule.anchored(NOW);
            let at_once = ["\"now\"", "@reboot"];
            let from = if at_once.iter().any(|text| row[1].contains(text)) {
                NOW - Duration::from_micros(1)
            } else {
                NOW
            };
            let first = schedule.next_after(from).unwrap();
            let shown = human::display(first, &Zone::utc());
            assert_eq!(shown.trim_end_matches("+00:00"), row[2], "{row:?}");
            if let Some(theirs) = systemd_says(&row[0]) {
                assert_eq!(theirs, row[2], "{row:?}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 30, "{checked} rows");
}

/// When `OnCalendar=` fires first, if systemd is here to ask.
fn systemd_says(timer: &str) -> Option<String> {
    let expression = timer.lines().next()?.strip_prefix("OnCalendar=")?;
    let output = Command::new("systemd-analyze")
        .args([
            "calendar",
            "--base-time=2026-01-01 00:00:00 UTC",
            expression,
        ])
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).unwrap();
    // Of an expression with a zone of its own the time in UTC stands in a line below.
    let zoned = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("(in UTC):"));
    let line = zoned.or_else(|| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix("Next elapse:"))
    })?;
    let mut words = line.split_whitespace().skip(1);
    Some(format!("{} {}", words.next()?, words.next()?))
}

#[test]
fn keys_are_valid() {
    let mut checked = 0;
    for (name, left) in [
        ("from-apscheduler.md", "APScheduler"),
        ("from-supercronic.md", "in supercronic's crontab"),
        ("from-systemd-timers.md", "service"),
    ] {
        for row in rows(name, |head| head == [left, "in a jobs file"]) {
            job("", &row[1]);
            checked += 1;
        }
    }
    assert!(checked >= 25, "{checked} rows");
}

#[test]
fn what_supercronic_and_cron_have_in_common_is_the_same_here() {
    for row in rows("from-supercronic.md", |head| {
        head[0] == "in supercronic's crontab"
    }) {
        let tab = format!("{}\n", row[0]);
        // Seven fields and a command are for a jobs file.
        let is_crontab = tab.lines().all(|line| line.split_whitespace().count() < 8);
        if is_crontab {
            let theirs = jobs(&tab, FileFormat::Crontab);
            let (_, fires) = comparable(&theirs[0]);
            assert_eq!(comparable(&job(AS_CRON, &row[1])).1, fires, "{row:?}");
        }
    }
}

#[test]
fn commands_work() {
    let sandbox = Sandbox::new()
        .file("my.crontab", "0 3 * * *  exec /bin/true\n")
        .file("system.crontab", "0 3 * * *  root  exec /bin/true\n")
        .jobs("[jobs.a]\ncron = '@daily'\ncommand = 'true'\n");
    let mut checked = 0;
    for name in GUIDES {
        for row in rows(name, |head| head.last() == Some(&"rsched")) {
            let Some(line) = row.last().filter(|line| line.starts_with("rsched ")) else {
                continue;
            };
            sandbox.shell(line).success();
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked} commands");
}

#[test]
fn blocks_are_valid() {
    for name in GUIDES {
        let text = guide(name);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(language) = line.strip_prefix("```") else {
                continue;
            };
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let block = block.join("\n") + "\n";
            let format = match language {
                "toml" => FileFormat::Toml,
                "crontab" => FileFormat::Crontab,
                other => panic!("{name}: a block in {other}, which nobody checks"),
            };
            assert_eq!(jobs(&block, format).len(), 1, "{name}");
        }
    }
}

#[test]
fn all_guides_are_listed_and_link_to_what_is_there() {
    let list = guide("README.md");
    for name in GUIDES {
        assert!(list.contains(&format!("({name})")), "{name}");
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let files = fs::read_dir(&docs).unwrap().count();
    assert_eq!(files, GUIDES.len() + 1);
    for name in GUIDES.iter().chain(&["README.md"]) {
        let text = guide(name);
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(docs.join(target).exists(), "{name}: {target}");
        }
    }
}
