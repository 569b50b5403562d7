//! The jobs of the jobs file are those of the crontab, and it reads well.

use super::*;
use crate::config::shared_parts::SharedParts;
use crate::config::{FileFormat, FileText, Job, JobId, JobSchedule, load};
use crate::diagnostic::{Source, render_short};
use crate::schedule::{ScheduleSpec, Trigger};
use crate::time::{WallTime, Zone, ZoneDatabase};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A machine with few users and all programs.
struct Server;

impl Machine for Server {
    fn own_home(&self) -> Option<PathBuf> {
        Some("/home/me".into())
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        let known = [("root", "/root"), ("www-data", "/var/www")];
        let home = known.iter().find(|(name, _)| *name == user);
        home.map(|(_, home)| (*home).into())
    }

    fn is_directory(&self, _: &Path) -> bool {
        true
    }

    fn is_program(&self, _: &Path) -> bool {
        true
    }
}

fn context() -> Context<'static> {
    static ZONES: OnceLock<ZoneDatabase> = OnceLock::new();
    Context {
        zones: ZONES.get_or_init(ZoneDatabase::bundled),
        machine_zone: Zone::utc(),
        machine_id: "host-7",
        host_name: "here",
        cpus: 2,
        // 2026-01-01T00:00:00Z
        now: WallTime::from_unix_seconds(1_767_225_600),
        accounts: None,
    }
}

fn file(text: &str, format: FileFormat) -> FormattedText {
    FormattedText {
        file: FileText {
            name: "tab".into(),
            directory: "/somewhere".into(),
            text: text.into(),
        },
        format,
    }
}

fn imported(text: &str, format: FileFormat) -> Option<String> {
    import_crontab(&file(text, format), &context(), Some(&Server)).toml
}

/// The jobs of a jobs file without errors, in the order of the file.
#[track_caller]
fn jobs_of(toml: &str) -> Vec<Arc<Job>> {
    let text = FileText {
        name: "jobs.toml".into(),
        directory: "/elsewhere".into(),
        text: toml.into(),
    };
    let source = Source {
        name: "jobs.toml".into(),
        text: toml.into(),
    };
    let loaded = load(&[text], &context());
    let problems = render_short(&loaded.diagnostics, &[source]);
    let Some(file) = loaded.jobs_file else {
        panic!("{toml}\n{problems}");
    };
    assert_eq!(file.scheduler.executors["default"], crate::config::NO_LIMIT);
    let mut jobs = file.jobs;
    let place = |job: &Arc<Job>| {
        let bare = toml.find(&format!("[jobs.{}]\n", job.id));
        bare.or_else(|| toml.find(&format!("[jobs.\"{}\"]\n", job.id)))
    };
    jobs.sort_by_key(place);
    jobs
}

/// Checks that the jobs of the import are those of the crontab which can fire.
#[track_caller]
fn check(text: &str, format: FileFormat) {
    let file = file(text, format);
    let context = context();
    let Some(toml) = import_crontab(&file, &context, Some(&Server)).toml else {
        return;
    };
    let tab = TabFile {
        index: 0,
        text,
        format,
    };
    let crontab = crontab_file::read(tab, context.zones, Some(&Server), &mut Problems::default());
    let around = Around {
        zone: &context.machine_zone,
        now: context.now,
        machine: Some(&Server),
    };
    let originals = crontab.jobs.iter().zip(ids(&crontab));
    let mut parts = SharedParts::default();
    let originals = originals.map(|(written, id)| {
        let job = crontab.job(written, id, around, &mut parts);
        job.unwrap().0
    });
    let firing = originals.filter(|job| job.schedule.anchored(context.now).can_fire());
    let expected: Vec<_> = firing.map(comparable).collect();
    let found: Vec<_> = jobs_of(&toml)
        .iter()
        .map(|job| comparable((**job).clone()))
        .collect();
    assert_eq!(found, expected, "{text}\n{toml}");
}

/// A job without what the import gives another name, or says with a key; its schedule as what it does.
fn comparable(mut job: Job) -> (Job, Vec<WallTime>, u64) {
    let now = context().now;
    let schedule = job.schedule.anchored(now);
    let fires = std::iter::successors(schedule.next_after(now), |at| schedule.next_after(*at));
    let fires = fires.take(20).collect();
    let count = schedule.count_between(now, now + Duration::from_secs(4 * 366 * 86_400));
    let spec = ScheduleSpec {
        trigger: Trigger::Now,
        ..job.schedule.spec.clone()
    };
    job.schedule = Arc::new(JobSchedule::new(spec, job.schedule.jitter, String::new()));
    job.id = JobId::parse("x").unwrap();
    job.about = None;
    let env = &mut Arc::make_mut(&mut job.settings).env;
    env.remove("CRON_TZ");
    env.remove("RANDOM_DELAY");
    (job, fires, count)
}

#[test]
fn what_all_jobs_share_is_said_once_and_the_rest_beside_each() {
    let text = "# Jobs of the web server.\n\
        \n\
        # Whom to tell.\n\
        MAILTO=ops@example.org\n\
        PATH=/usr/local/bin:/usr/bin:/bin\n\
        \n\
        # Every five minutes.\n\
        */5 * * * * www-data php -f /srv/cron.php\n\
        # id: cleanup\n\
        # allow: either_day\n\
        0 3 1 * sun www-data find /tmp -mtime +7 -delete\n\
        \n\
        # Now as root, and in Tokyo.\n\
        CRON_TZ=Asia/Tokyo\n\
        MAILTO=root\n\
        0 9 * * * root /usr/local/bin/report \"it's\" > /var/log/report-$(date +\\%F)\n\
        # The end.\n";
    let expected = r#"# Made from the crontab `tab` by `rsched import crontab`: it fires as that does.
# Jobs of the web server.

# As cron does it: whatever is due starts, whatever else runs.
[executors.default]
max_workers = "unlimited"

[defaults]
max_instances = "unlimited"
user = "www-data"
cwd = "/var/www"
output = { mail = "ops@example.org" }
clear_env = true
dst = "cron"

[env]
# Whom to tell.
MAILTO = "ops@example.org"
PATH = "/usr/local/bin:/usr/bin:/bin"

# Every five minutes.
[jobs.php-cron-php]
cron = "*/5 * * * *"
command = "php -f /srv/cron.php"

[jobs.cleanup]
cron = "0 3 1 * sun"
command = "find /tmp -mtime +7 -delete"
allow = ["either_day"]

# Now as root, and in Tokyo.
[jobs.report]
cron = "0 9 * * *"
timezone = "Asia/Tokyo"
command = '''/usr/local/bin/report "it's" > /var/log/report-$(date +%F)'''
user = "root"
cwd = "/root"
output = { mail = "root" }
env = { MAILTO = "root" }

# The end.
"#;
    assert_eq!(imported(text, FileFormat::SystemCrontab).unwrap(), expected);
    check(text, FileFormat::SystemCrontab);
}

#[test]
fn what_never_fires_is_kept_as_a_comment_with_a_note() {
    let text =
        "# At night.\n0 22-2 * * * x\n0 0 31 2 * y\n0 22-2,12 * * * z\n0 12 13 * fri-mon w\n";
    let toml = imported(text, FileFormat::Crontab).unwrap();
    let jobs = &toml[toml.find("# At night.").unwrap()..];
    let expected = "# At night.\n\
        # note: `22-2` runs backwards and stands for no value\n\
        # [jobs.x]\n# cron = \"0 22-2 * * *\"\n# command = \"x\"\n\
        \n\
        # note: there is no such day: it never fires\n\
        # [jobs.y]\n# cron = \"0 0 31 2 *\"\n# command = \"y\"\n\
        \n\
        # note: `22-2` runs backwards and stands for no value\n\
        [jobs.z]\ncron = \"0 12 * * *\"\ncommand = \"z\"\n\
        \n\
        # note: `fri-mon` runs backwards and stands for no value\n\
        [jobs.w]\ncron = \"0 12 13 * *\"\ncommand = \"w\"\n";
    assert_eq!(jobs, expected);
    check(text, FileFormat::Crontab);
}

#[test]
fn what_stands_in_the_crontab_by_mistake_is_noted() {
    let text = "0 3 * * * echo $(date +%F)\n";
    let toml = imported(text, FileFormat::Crontab).unwrap();
    assert!(
        toml.contains("# note: a `%` ended the command in the crontab, and the rest is its stdin: was `\\%` meant?\n"),
        "{toml}"
    );
    let toml = imported("@daily rot x\n", FileFormat::SystemCrontab).unwrap();
    assert!(
        toml.contains("# note: this machine does not know the user: set `cwd` to its home\n"),
        "{toml}"
    );
}

#[test]
fn an_id_has_its_hash_only_where_the_times_come_from_it() {
    let text =
        "0 3 * * * backup\n0 4 * * * backup\nH 4 * * * backup\nRANDOM_DELAY=9\n0 5 * * * backup\n";
    let toml = imported(text, FileFormat::Crontab).unwrap();
    let ids: Vec<_> = toml
        .lines()
        .filter_map(|line| line.strip_prefix("[jobs."))
        .collect();
    assert_eq!(ids[..2], ["backup]", "backup-2]"]);
    assert!(
        ids[2..].iter().all(|id| id.len() == "backup-123456]".len()),
        "{ids:?}"
    );
    check(text, FileFormat::Crontab);
}

#[test]
fn remarks_for_the_whole_file_are_a_key_of_its_own() {
    let text = "# allow: uneven_step, carriage_return\n\n*/7 * * * * x\n";
    let toml = imported(text, FileFormat::Crontab).unwrap();
    assert!(
        toml.contains("\n[scheduler]\nallow = [\"uneven_step\"]\n"),
        "{toml}"
    );
    assert!(!toml.contains("# allow"), "{toml}");
}

#[test]
fn a_crontab_with_errors_is_not_imported() {
    let imported = import_crontab(
        &file("61 * * * * x\n", FileFormat::Crontab),
        &context(),
        Some(&Server),
    );
    assert_eq!(imported.toml, None);
    assert_eq!(imported.diagnostics.len(), 1);
}

#[test]
fn an_empty_crontab_is_a_jobs_file_without_jobs() {
    let toml = imported("# nothing\n", FileFormat::Crontab).unwrap();
    assert!(toml.ends_with("\n# nothing\n"), "{toml}");
    assert!(jobs_of(&toml).is_empty());
}

#[test]
fn what_is_said_of_mails_becomes_the_output() {
    let text = "MAILTO=ops\nMAILFROM=\"Cron <cron@example.org>\"\nCONTENT_TYPE='text/html;\tcharset=\"UTF-8\"'\n\
                CONTENT_TRANSFER_ENCODING=7bit\n0 1 * * * -n backup\n0 2 * * * report\nMAILTO=\"\"\n0 3 * * * report\n\
                MAILTO='a, b '\nMAILFROM=|x\nCONTENT_TYPE=' '\n0 4 * * * report\n";
    check(text, FileFormat::Crontab);
    let toml = imported(text, FileFormat::Crontab).unwrap();
    let mail = r#"mail = "ops", from = "Cron <cron@example.org>", content_type = 'text/html; charset="UTF-8"', transfer_encoding = "7bit""#;
    for output in [
        format!("output = {{ {mail}, only_failures = true }}\n"),
        format!("output = {{ {mail} }}\n"),
        "output = \"log\"\n".to_owned(),
        "output = { mail = \"a, b\", transfer_encoding = \"7bit\" }\n".to_owned(),
    ] {
        assert!(toml.contains(&output), "{output}\n{toml}");
    }
}

proptest! {
    #[test]
    fn mails_are_the_same_whatever_is_said_of_them(to in "[ a-z@,'\"\t|\u{200b}-]{0,8}", from in "[a-z@<> \t-]{0,8}", kind in "[a-z/;=\t\u{200b} ]{0,8}", n: bool) {
        let option = if n { "-n " } else { "" };
        let text = format!("MAILTO={to}\nMAILFROM={from}\nCONTENT_TYPE={kind}\nCONTENT_TRANSFER_ENCODING={kind}\n0 1 * * * {option}x\n0 2 * * * y\n");
        check(&text, FileFormat::Crontab);
    }

    #[test]
    fn whatever_the_crontab_the_jobs_are_the_same(
        lines in prop::collection::vec(prop_oneof![
            4 => ("[-]?", field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7), "[a-zé $'\"\\\\%./-]{0,16}")
                .prop_map(|(dash, a, b, c, d, e, command)| format!("{dash}{a} {b} {c} {d}\t{e} x{command}")),
            1 => "@(daily|hourly|reboot|every 90s) [a-z]{1,3}( [a-z%'\"]{1,5})?",
            2 => "(A|B|PATH|MAILTO) ?= ?['\"]?[a-z/:]{0,5}",
            1 => "(HOME|SHELL)=/[a-z]{0,2}",
            1 => "CRON_TZ=(Asia/Tokyo|Europe/Paris|UTC)",
            1 => "RANDOM_DELAY=[0-9]",
            1 => "# ?(id: [a-z]{1,3}|allow: (both_days|same_job)|[ -~é\t]{0,9})",
            1 => "",
        ], 0..12),
    ) {
        check(&(lines.join("\n") + "\n"), FileFormat::Crontab);
    }

    #[test]
    fn whatever_the_users_the_jobs_are_the_same(
        lines in prop::collection::vec("(@daily|H 3 \\* \\* \\*) (root|www-data|rot) [a-z]{1,3}|HOME=/[a-z]|#[a-z]|A=[ab]", 0..9),
    ) {
        check(&(lines.join("\n") + "\n"), FileFormat::SystemCrontab);
    }
}

/// A field with values from `least` to `most`, mostly a star.
fn field(least: u8, most: u8) -> impl Strategy<Value = String> {
    let value = least..=most;
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (2_u8..9).prop_map(|step| format!("*/{step}")),
        2 => value.clone().prop_map(|value| value.to_string()),
        2 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (value.clone(), value.clone(), value).prop_map(|(a, b, c)| format!("{a}-{b},{c}")),
        1 => Just("H".to_owned()),
    ]
}
