//! What a valid file means.

use super::*;
use std::path::Path;
use std::time::Duration;

#[test]
fn a_realistic_file_means_what_it_says() {
    let file = valid(REALISTIC);
    assert_eq!(file.scheduler.timezone.name(), "Europe/Helsinki");
    assert!(file.scheduler.start_paused);
    assert_eq!(file.scheduler.shutdown_timeout, Duration::from_secs(60));
    assert_eq!(file.scheduler.executors["default"], 20);
    let ids: Vec<&str> = file.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["backup", "now", "ping", "report"]);

    let backup = &file.jobs[0];
    assert_eq!(backup.name(), "Nightly backup");
    assert_eq!(
        backup.command,
        Command::Shell("pg_dump app | gzip > /backup/app-$(date +%F).gz".into())
    );
    assert_eq!(backup.settings.shell, Path::new("/bin/bash"));
    assert_eq!(backup.settings.cwd, Path::new("/etc/rsched/work"));
    assert_eq!(backup.settings.misfire_grace_time, None);
    assert_eq!(backup.settings.coalesce, Coalesce::All);
    assert_eq!(backup.settings.timeout, Some(Duration::from_secs(600)));
    assert_eq!(backup.settings.kill_after, Duration::from_secs(10));
    assert_eq!(backup.settings.tags, ["db", "nightly"]);
    let env: Vec<(&str, &str)> = backup
        .settings
        .env
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        env,
        [("A", "job"), ("B", "defaults"), ("PATH", "/usr/bin:/bin")]
    );

    let report = &file.jobs[3];
    assert_eq!(report.name(), "report");
    assert_eq!(
        report.command,
        Command::Program(vec!["/usr/bin/make".into(), String::new(), "a b".into()])
    );
    assert_eq!(report.settings.shell, Path::new("/bin/sh"));
    assert_eq!(report.schedule.spec.zone.name(), "America/New_York");
    assert_eq!(report.settings.max_instances, 3);
    assert_eq!(
        report.settings.misfire_grace_time,
        Some(Duration::from_secs(90))
    );
    assert_eq!(report.description(), Some("two\nlines"));
    assert!(!report.enabled);
}

/// A file as people write them; `hostile` cuts it everywhere.
pub(super) const REALISTIC: &str = r#"# jobs of the täst machine
[scheduler]
timezone = "Europe/Helsinki"
start_paused = "true"
shutdown_timeout = "1m"

[executors.default]
type = "threadpool"
max_workers = "20"

[defaults]
misfire_grace_time = 90
coalesce = "earliest"
env = { A = "defaults", B = "defaults" }

[env]
PATH = "/usr/bin:/bin"
A = "file"

[jobs.backup]
name = "Nightly backup"
cron = "0 0 1-15 may-aug *"
command = "pg_dump app | gzip > /backup/app-$(date +%F).gz"
shell = "/bin/bash"
cwd = "./work"
env = { A = "job" }
misfire_grace_time = "forever"
coalesce = false
timeout = "10m"
tags = ["db", "nightly"]

[jobs.report]
cron = { day_of_week = "mon-fri", hour = 6, minute = 0 }
timezone = "America/New_York"
command = [
    "/usr/bin/make", # the program
    "",
    "a b",
]
max_instances = "3"
enabled = false
description = """
two
lines"""

[jobs.ping]
interval = { minutes = 1.5 }
start_date = 2026-01-01T00:00:30
command = 'ping -c1 "$HOST"'

[jobs.now]
command = "true"
"#;

#[test]
fn what_is_left_out_has_the_documented_default() {
    let file = valid("[jobs.a]\ncommand = 'x'\n");
    assert!(!file.scheduler.start_paused);
    assert_eq!(file.scheduler.shutdown_timeout, Duration::from_secs(30));
    assert_eq!(
        file.scheduler.executors["default"], 10,
        "2 CPUs × 4, but at least 10"
    );
    let job = &file.jobs[0];
    assert_eq!(job.name(), "a");
    assert_eq!(job.settings.cwd, Path::new("/etc/rsched"));
    assert_eq!(job.settings.shell, Path::new("/bin/sh"));
    assert_eq!(
        job.settings.misfire_grace_time,
        Some(Duration::from_secs(60))
    );
    assert_eq!(job.settings.coalesce, Coalesce::Latest);
    assert_eq!(
        (
            job.settings.max_instances,
            job.enabled,
            job.settings.timeout
        ),
        (1, true, None)
    );
    assert_eq!(job.settings.kill_after, Duration::from_secs(10));
    assert!(job.settings.env.is_empty() && job.settings.tags.is_empty() && job.about.is_none());
    let many = Context {
        cpus: 16,
        ..context()
    };
    let loaded = load(&[super::file("f", "")], &many);
    assert_eq!(loaded.jobs_file.unwrap().scheduler.executors["default"], 64);
}

#[test]
fn a_list_of_jobs_with_ids_means_the_same_as_named_tables() {
    let named = "[jobs.a]\ncommand = 'x'\n[jobs.a.env]\nA = '1'\n[jobs.b]\ncron = '@daily'\ncommand = ['y']\n";
    let listed = "[[jobs]]\nid = 'b'\ncron = '@daily'\ncommand = ['y']\n[[jobs]]\nid = 'a'\ncommand = 'x'\n[jobs.env]\nA = '1'\n";
    assert_eq!(valid(named), valid(listed));
    let inline = "jobs = { a = { command = 'x', env = { A = '1' } }, b = { cron = '@daily', command = ['y'] } }";
    assert_eq!(valid(named), valid(inline));
    let dotted =
        "jobs.a.command = 'x'\njobs.a.env.A = '1'\njobs.b = { cron = '@daily', command = ['y'] }";
    assert_eq!(valid(named), valid(dotted));
}

#[test]
fn several_files_are_one_configuration() {
    let mut other = file("b.toml", "[[jobs]]\nid = 'b'\ncommand = 'y'\ncwd = 'sub'\n");
    other.directory = "/srv/jobs".into();
    let first = file(
        "a.toml",
        "[env]\nA = '1'\n[defaults]\ntimeout = 5\n[jobs.a]\ncommand = 'x'\n",
    );
    let loaded = load(&[first, other], &context());
    assert_eq!(loaded.diagnostics, []);
    let jobs = loaded.jobs_file.unwrap().jobs;
    assert_eq!((jobs[0].id.as_str(), jobs[1].id.as_str()), ("a", "b"));
    assert_eq!(jobs[1].settings.cwd, Path::new("/srv/jobs/sub"));
    assert_eq!(
        jobs[1].settings.env["A"], "1",
        "settings of one file hold for all"
    );
    assert_eq!(jobs[1].settings.timeout, Some(Duration::from_secs(5)));
}

#[test]
fn byte_order_mark_windows_line_ends_and_a_missing_last_line_end_change_nothing() {
    let plain = valid(REALISTIC);
    assert_eq!(valid(&format!("\u{feff}{REALISTIC}")), plain);
    assert_eq!(valid(&REALISTIC.replace('\n', "\r\n")), plain);
    assert_eq!(valid(REALISTIC.trim_end()), plain);
    assert_eq!(valid("").jobs, []);
}

#[test]
fn words_and_numbers_have_several_spellings() {
    for (line, expected) in [
        ("coalesce = true", Coalesce::Latest),
        ("coalesce = 'true'", Coalesce::Latest),
        ("coalesce = 'latest'", Coalesce::Latest),
        ("coalesce = 'earliest'", Coalesce::Earliest),
        ("coalesce = 'all'", Coalesce::All),
        ("coalesce = 'false'", Coalesce::All),
    ] {
        assert_eq!(triggered(line).settings.coalesce, expected, "{line}");
    }
    for (line, expected) in [
        ("misfire_grace_time = 90", Some(90)),
        ("misfire_grace_time = '90'", Some(90)),
        ("misfire_grace_time = '1m 30s'", Some(90)),
        ("misfire_grace_time = 'forever'", None),
    ] {
        assert_eq!(
            triggered(line).settings.misfire_grace_time,
            expected.map(Duration::from_secs),
            "{line}"
        );
    }
    assert_eq!(triggered("max_instances = 0x10").settings.max_instances, 16);
    assert_eq!(
        triggered("max_instances = 'unlimited'")
            .settings
            .max_instances,
        NO_LIMIT
    );
    let file = valid("[executors.default]\nmax_workers = 'unlimited'\n");
    assert_eq!(file.scheduler.executors["default"], NO_LIMIT);
    assert_eq!(
        triggered("kill_after = 0").settings.kill_after,
        Duration::ZERO
    );
}

#[test]
fn hosts_are_names_or_any() {
    let hosts = |text: &str| valid(&format!("[scheduler]\n{text}\n")).scheduler.hosts;
    assert_eq!(hosts(""), Hosts::default());
    assert_eq!(hosts("hosts = ['a', '*']"), Hosts::default());
    assert_eq!(hosts("hosts = ['a', 'b']"), Hosts::from(["a", "b"]));
}

#[test]
fn a_job_of_other_hosts_is_not_enabled_here() {
    let job = |text: &str| valid(&format!("{text}\ncommand = 'x'\n")).jobs.remove(0);
    let here = job("[jobs.a]\nhosts = ['web1', 'HERE']");
    assert!(here.enabled && here.settings.elsewhere.is_none());
    let elsewhere = job("[jobs.a]\nhosts = ['web1', 'web2']");
    assert!(!elsewhere.enabled);
    let hosts = elsewhere.settings.elsewhere.as_ref().unwrap();
    assert_eq!(hosts.to_string(), "`web1`, `web2`");
    let elsewhere = job("[defaults]\nhosts = ['web1']\n[jobs.a]");
    assert!(!elsewhere.enabled);
    let any = job("[defaults]\nhosts = ['web1']\n[jobs.a]\nhosts = ['*']");
    assert!(any.enabled);
    let disabled = job("[jobs.a]\nenabled = false\nhosts = ['here']");
    assert!(!disabled.enabled && disabled.settings.elsewhere.is_none());
}

#[test]
fn what_jobs_have_in_common_is_there_once_but_a_zone_by_name_is_not_the_machine_s() {
    for (first, second) in [("", "timezone = 'UTC'\n"), ("timezone = 'UTC'\n", "")] {
        let job = |id: &str, keys: &str| {
            format!(
                "[jobs.{id}]\n{keys}any = [{{ cron = '0 12 * * *' }}, {{ cron = '@weekly' }}]\ncommand = '{id}'\n"
            )
        };
        let text = ["a", "b"].map(|id| job(id, first)).concat()
            + &["c", "d"].map(|id| job(id, second)).concat()
            + &job("e", "description = 'other words'\nmax_instances = 2\n");
        let context = Context {
            machine_zone: Arc::new(Zone::utc().as_the_machine_s()),
            ..context()
        };
        let file = load(&[file("jobs.toml", &text)], &context);
        let file = file.jobs_file.unwrap();
        let [one, two, other, fourth, last] = &file.jobs[..] else {
            panic!("{text}")
        };
        assert!(Arc::ptr_eq(&one.schedule, &two.schedule));
        assert!(Arc::ptr_eq(&other.schedule, &fourth.schedule));
        assert!(Arc::ptr_eq(&one.settings, &fourth.settings));
        // The same to the eye: that one becomes the other is no change of a job.
        assert_eq!(one.schedule, other.schedule);
        assert!(!Arc::ptr_eq(&one.schedule, &other.schedule));
        assert!(!Arc::ptr_eq(&one.settings, &last.settings));
        let anchored = [one, two].map(|job| job.schedule.anchored(NOW));
        assert!(Arc::ptr_eq(&anchored[0], &anchored[1]));
    }
}
