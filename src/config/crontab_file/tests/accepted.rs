//! What a crontab means.

use super::*;
use std::time::Duration;

#[test]
fn an_entry_is_a_job_as_cron_runs_it() {
    let job = job("# id: hello\n*/5 9-17 * * mon-fri\techo hello\n");
    assert_eq!((job.id.as_str(), job.name()), ("hello", "hello"));
    assert_eq!(job.schedule.text, "*/5 9-17 * * mon-fri");
    assert_eq!(script(&job), "echo hello");
    assert_eq!(job.settings.shell, Path::new("/bin/sh"));
    assert_eq!(job.settings.cwd, Path::new("/home/me"));
    assert_eq!(job.schedule.spec.zone.name(), "UTC");
    assert_eq!(job.schedule.spec.dst, DstPolicy::Cron);
    assert!(job.settings.clear_env && job.enabled);
    assert_eq!(
        format!("{:?}", job.settings.env),
        r#"{"PATH": "/usr/bin:/bin"}"#
    );
    assert_eq!(job.settings.stdin, Stdin::Nothing);
    assert_eq!((job.settings.timeout, job.schedule.jitter), (None, None));
}

#[test]
fn nothing_limits_how_many_run_at_once() {
    let loaded = load(&[("tab", "* * * * * echo\n", FileFormat::Crontab)]);
    let file = loaded.jobs_file.unwrap();
    assert_eq!(file.scheduler.executors["default"], NO_LIMIT);
    assert_eq!(file.jobs[0].settings.max_instances, NO_LIMIT);
}

#[test]
fn openbsds_option_allows_one_instance() {
    let job = job("* * * * * -ns echo\n");
    assert_eq!((job.settings.max_instances, script(&job)), (1, "echo"));
}

#[test]
fn an_option_that_nobody_knows_is_a_command() {
    assert_eq!(script(&job("@daily -x y\n")), "-x y");
    assert_eq!(script(&job("@daily - y\n")), "- y");
}

#[test]
fn assignments_hold_for_the_lines_below_them() {
    let jobs = valid(
        "# id: a\n0 1 * * * echo\nA=1\nSHELL=/bin/bash\nHOME=/srv\n# id: b\n0 2 * * * echo\nA=2\nB = \" x \"\n# id: c\n0 3 * * * echo\n",
    );
    let env = |index: usize| format!("{:?}", jobs[index].settings.env);
    assert_eq!(env(0), r#"{"PATH": "/usr/bin:/bin"}"#);
    assert_eq!(
        env(1),
        r#"{"A": "1", "HOME": "/srv", "PATH": "/usr/bin:/bin"}"#
    );
    assert_eq!(
        env(2),
        r#"{"A": "2", "B": " x ", "HOME": "/srv", "PATH": "/usr/bin:/bin"}"#
    );
    assert_eq!(jobs[0].settings.shell, Path::new("/bin/sh"));
    assert_eq!(jobs[1].settings.shell, Path::new("/bin/bash"));
    assert_eq!(jobs[1].settings.cwd, Path::new("/srv"));
}

#[test]
fn cron_tz_sets_the_zone_of_the_entries_below_it_and_tz_that_of_the_commands_alone() {
    let text = "# id: a\n0 1 * * * echo\nCRON_TZ=Asia/Tokyo\n# id: b\n0 2 * * * echo\n\
                # allow: zone_of_commands\n\nTZ=Europe/Paris\n# id: c\n0 3 * * * echo\n\
                CRON_TZ=\"\"\n# id: d\n0 4 * * * echo\n";
    let jobs = valid(text);
    let zones: Vec<_> = jobs
        .iter()
        .map(|job| job.schedule.spec.zone.name())
        .collect();
    assert_eq!(zones, ["UTC", "Asia/Tokyo", "Asia/Tokyo", "UTC"]);
    assert_eq!(jobs[2].settings.env["TZ"], "Europe/Paris");
}

#[test]
fn random_delay_is_a_jitter_in_minutes() {
    let delayed = |value: &str| {
        job(&format!("RANDOM_DELAY={value}\n@daily echo\n"))
            .schedule
            .jitter
    };
    assert_eq!(delayed("45"), Some(Duration::from_secs(45 * 60)));
    assert_eq!(delayed("0"), None);
    assert_eq!(delayed("many"), None);
    assert_eq!(delayed("1441"), None);
}

#[test]
fn a_tilde_is_one_value_of_its_range_and_stays_the_same() {
    let minute = |field: &str, others: &str| {
        let text = format!("{others}# id: a\n{field} 3 * * * echo\n");
        let jobs = valid(&text);
        let job = jobs.iter().find(|job| job.id.as_str() == "a").unwrap();
        let fires = job.schedule.anchored(NOW);
        let first = fires.next_after(NOW).unwrap();
        assert_eq!(
            fires.next_after(first),
            Some(first + Duration::from_secs(86_400)),
            "once a day"
        );
        first.unix_seconds() / 60 % 60
    };
    let found = minute("~", "");
    assert_eq!(minute("~", "# id: b\n0 1 * * * echo\n"), found);
    for (field, range) in [("10~14", 10..=14), ("~5", 0..=5), ("55~", 55..=59)] {
        let found = minute(field, "");
        assert!(range.contains(&found), "{field}: {found}");
    }
}

#[test]
fn random_delay_and_cron_tz_hold_below_them_until_they_are_set_again() {
    let text = "# id: a\n@daily echo\nRANDOM_DELAY=5\nCRON_TZ=Asia/Tokyo\n# id: b\n@daily echo\n\
                RANDOM_DELAY=0\nCRON_TZ=Europe/Paris\n# id: c\n@daily echo\n";
    let jobs = valid(text);
    let found: Vec<_> = jobs
        .iter()
        .map(|job| {
            (
                job.schedule.jitter.map(|it| it.as_secs()),
                job.schedule.spec.zone.name(),
            )
        })
        .collect();
    let expected = [
        (None, "UTC"),
        (Some(300), "Asia/Tokyo"),
        (None, "Europe/Paris"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_system_crontab_has_a_user_and_runs_in_his_home() {
    let jobs = valid_as(
        "# id: a\n17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n# id: b\n@daily www-data  echo\n",
        FileFormat::SystemCrontab,
    );
    assert_eq!(
        script(&jobs[0]),
        "cd / && run-parts --report /etc/cron.hourly"
    );
    assert_eq!(jobs[0].schedule.text, "17 * * * *");
    assert_eq!(jobs[0].settings.cwd, Path::new("/root"));
    assert_eq!(jobs[1].settings.cwd, Path::new("/var/www"));
}

#[test]
fn percent_ends_the_command() {
    let mail = job("@daily mail joe%Joe,%hi%\n");
    assert_eq!(script(&mail), "mail joe");
    assert_eq!(mail.settings.stdin, Stdin::Text("Joe,\nhi\n".into()));
    let echo = job("@daily echo 50\\% off%\n");
    assert_eq!(
        (script(&echo), &echo.settings.stdin),
        ("echo 50% off", &Stdin::Nothing)
    );
}

#[test]
fn nicknames_and_hashed_fields_are_read() {
    for name in [
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
    ] {
        let job = job(&format!("{name} echo\n"));
        assert!(
            matches!(job.schedule.spec.trigger, Trigger::Cron(_)),
            "{name}: {:?}",
            job.schedule
        );
    }
    let reboot = job("@reboot\techo\n");
    assert_eq!(reboot.schedule.spec.trigger, Trigger::Reboot);
    let every = job("@every 90s echo\n");
    assert_eq!(every.schedule.text, "@every 90s");
    assert_eq!(script(&every), "echo");
    for text in [
        "H H * * * echo\n",
        "~ 6~15 * * * echo\n",
        "H(0-9) 3 * * * echo\n",
    ] {
        let first = job(text);
        assert_eq!(first.schedule, job(text).schedule, "{text}");
    }
    // The same job at another place of the file: its id is the same, and so are its values.
    let moved = accepted_as("@daily x\n\nH H * * * echo\n", FileFormat::Crontab).0;
    let alone = job("H H * * * echo\n");
    assert!(moved.iter().any(|job| **job == *alone));
}

#[test]
fn comments_blank_lines_and_blanks_say_nothing() {
    let jobs = valid("\n# comment\n   \t\n  # * * * * * not a job\n\t 0\t1 *  * *   echo  x \n#\n");
    assert_eq!(jobs.len(), 1);
    assert_eq!(script(&jobs[0]), "echo  x ");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_part_of_anything() {
    let text = "\u{feff}A=1\r\n# id: x\r\n0 1 * * * echo\r\nB='2'\r\n\r\n# id: y\r\n0 2 * * * echo";
    let (jobs, warnings) = accepted_as(text, FileFormat::Crontab);
    assert_eq!(jobs.len(), 2, "{warnings}");
    assert!(
        jobs.iter()
            .all(|job| script(job) == "echo" && job.settings.env["A"] == "1")
    );
    assert_eq!(jobs[1].settings.env["B"], "2");
    assert_eq!(
        warnings,
        "tab:1:4: warning: the lines end with a carriage return, which cron gives to each command [carriage_return] save it with line ends of Unix\n\
         tab:7:1: warning: the last line has no end: cron refuses the file [missing_newline] add a newline\n"
    );
}

#[test]
fn an_empty_file_has_no_jobs() {
    assert!(valid("").is_empty());
    assert!(valid("# nothing\n").is_empty());
}

#[test]
fn backward_ranges_and_impossible_dates_never_fire() {
    let (jobs, warnings) = accepted_as(
        "# id: a\n0 22-2 * * * echo\n# id: b\n0 0 31 2 * echo\n# id: c\n0 22-2,5 * * * echo\n",
        FileFormat::Crontab,
    );
    assert_eq!(
        warnings.matches("[backward_range]").count(),
        2,
        "{warnings}"
    );
    assert_eq!(warnings.matches("[never_fires]").count(), 1, "{warnings}");
    let fires = |index: usize| jobs[index].schedule.anchored(NOW).next_after(NOW);
    assert_eq!((fires(0), fires(1)), (None, None));
    assert_eq!(fires(2), Some(NOW + Duration::from_secs(5 * 3600)));
}

#[test]
fn the_settings_of_a_jobs_file_beside_it_hold_for_its_jobs_too_the_defaults_do_not() {
    let toml = "[scheduler]\ntimezone = 'Asia/Tokyo'\n[executors.default]\nmax_workers = 3\n\
                [defaults]\nmax_instances = 2\ntimeout = '1m'\n[env]\nA = '1'\n[jobs.a]\ncommand = 'x'\n";
    let loaded = load(&[
        ("jobs.toml", toml, FileFormat::Toml),
        ("tab", "# id: b\n@daily echo\n", FileFormat::Crontab),
    ]);
    let file = loaded.jobs_file.unwrap();
    assert_eq!(file.scheduler.executors["default"], 3);
    let b = &file.jobs[1];
    assert_eq!(b.schedule.spec.zone.name(), "Asia/Tokyo");
    assert_eq!(b.settings.env.len(), 1);
    assert_eq!(
        (b.settings.timeout, b.settings.max_instances),
        (None, NO_LIMIT)
    );
}

#[test]
fn without_a_machine_nothing_is_said_of_users_and_programs() {
    let file = FormattedText {
        file: FileText {
            name: "tab".into(),
            directory: "/".into(),
            text: "@daily nobody-there no-such-program\n".into(),
        },
        format: FileFormat::SystemCrontab,
    };
    let zones = ZoneDatabase::bundled();
    let context = Context {
        zones: &zones,
        machine_zone: Zone::utc(),
        machine_id: "host-7",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    };
    let loaded = load_formatted(&[file], &context, None, Vec::new());
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(
        loaded.jobs_file.unwrap().jobs[0].settings.cwd,
        Path::new("/")
    );
}
