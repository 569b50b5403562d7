//! `rsched next`.

use crate::sandbox::Sandbox;

const JOBS: &str = r#"
[scheduler]
timezone = "UTC"

[jobs.nightly]
cron = "30 2 * * *"
command = "true"

[jobs.new-york]
cron = { hour = 9 }
timezone = "America/New_York"
command = "true"

[jobs.beat]
interval = "6h"
command = "true"

[jobs.off]
cron = "* * * * *"
enabled = false
command = "true"

[jobs.past]
date = 2020-01-01T00:00:00
command = "true"

[jobs.at-start]
command = "true"
"#;

#[test]
fn five_fires_of_an_expression_with_weekday_offset_and_distance() {
    Sandbox::new()
        .run([
            "next",
            "0 0 1-15 may-aug *",
            "--from",
            "2026-08-13",
            "--timezone",
            "Europe/Helsinki",
        ])
        .stdout(
            "2026-08-14 00:00:00  Fri  +03:00  in 1 day\n\
             2026-08-15 00:00:00  Sat  +03:00  in 2 days\n\
             2027-05-01 00:00:00  Sat  +03:00  in 261 days\n\
             2027-05-02 00:00:00  Sun  +03:00  in 262 days\n\
             2027-05-03 00:00:00  Mon  +03:00  in 263 days\n",
        )
        .stderr("")
        .success();
}

#[test]
fn from_is_exclusive_unless_asked_otherwise() {
    let from = [
        "next",
        "@daily",
        "-n1",
        "--format",
        "plain",
        "--from",
        "2026-01-01",
    ];
    Sandbox::new()
        .run(from)
        .stdout("2026-01-02T00:00:00+00:00\n")
        .stderr("")
        .success();
    let inclusive = from.into_iter().chain(["--inclusive"]);
    Sandbox::new()
        .run(inclusive)
        .stdout("2026-01-01T00:00:00+00:00\n")
        .stderr("")
        .success();
}

#[test]
fn until_is_inclusive() {
    let until = [
        "next",
        "@daily",
        "--format",
        "plain",
        "--from",
        "2026-01-01",
        "--until",
        "2026-01-03",
    ];
    let times = "2026-01-02T00:00:00+00:00\n2026-01-03T00:00:00+00:00\n";
    Sandbox::new().run(until).stdout(times).stderr("").success();
}

#[test]
fn json_is_one_array_with_the_time_in_the_zone_and_in_utc() {
    let arguments = [
        "next",
        "30 3 * * *",
        "--from",
        "2026-03-28",
        "-n2",
        "--timezone",
        "Europe/Helsinki",
        "--format",
        "json",
    ];
    let expected = r#"[
  {"job":null,"at":"2026-03-28T03:30:00+02:00","utc":"2026-03-28T01:30:00Z","notes":[]},
  {"job":null,"at":"2026-03-29T04:00:00+03:00","utc":"2026-03-29T01:00:00Z","notes":["moved by the gap: 03:30 does not exist on 2026-03-29 in Europe/Helsinki"]}
]
"#;
    let ended = Sandbox::new().run(arguments);
    let parsed: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(parsed.as_array().unwrap().len(), 2);
    ended.stdout(expected).stderr("").success();
}

#[test]
fn notes_stand_below_the_fire_they_are_about() {
    Sandbox::new()
        .run([
            "next",
            "30 3 * * *",
            "--from",
            "2026-10-24",
            "-n2",
            "--timezone",
            "Europe/Helsinki",
            "--dst",
            "wall",
        ])
        .stdout(
            "2026-10-24 03:30:00  Sat  +03:00  in 3 h 30 min\n\
             2026-10-25 03:30:00  Sun  +03:00  in 1 day 3 h\n  \
             note: 03:30 comes twice on 2026-10-25 in Europe/Helsinki: this is the first\n        \
             time, and it fires both times\n",
        )
        .stderr("")
        .success();
}

#[test]
fn the_policy_decides_about_skipped_and_repeated_times() {
    for (policy, spring, autumn) in [
        ("once", "2026-03-29T04:00:00+03:00", 1),
        ("wall", "2026-03-30T03:30:00+03:00", 2),
        ("skip", "2026-03-30T03:30:00+03:00", 1),
        ("cron", "2026-03-29T04:00:00+03:00", 1),
    ] {
        let next = |from: &str, until: &str| {
            let window = [
                "--from",
                from,
                "--until",
                until,
                "--timezone",
                "Europe/Helsinki",
                "--format",
                "plain",
            ];
            Sandbox::new()
                .run(
                    ["next", "30 3 * * *", "--dst", policy]
                        .into_iter()
                        .chain(window),
                )
                .stdout
        };
        let times = next("2026-03-28 12:00", "2026-03-30 12:00");
        assert_eq!(times.lines().next(), Some(spring), "{policy}");
        let times = next("2026-10-25", "2026-10-25 12:00");
        assert_eq!(times.lines().count(), autumn, "{policy}: {times}");
    }
}

#[test]
fn two_restricted_day_fields_get_one_note() {
    Sandbox::new()
        .run(["next", "0 9 13 * fri", "-n3", "--from", "2026-03-01"])
        .stdout(
            "2026-03-06 09:00:00  Fri  +00:00  in 5 days 9 h\n\
             2026-03-13 09:00:00  Fri  +00:00  in 12 days\n\
             2026-03-20 09:00:00  Fri  +00:00  in 19 days\n\
             note: a day matches when either day field does, since both are restricted\n",
        )
        .stderr("")
        .success();
}

#[test]
fn an_interval_counts_from_the_start_of_the_window() {
    let arguments = [
        "next",
        "@every 90m",
        "-n2",
        "--from",
        "2026-01-01 00:10",
        "--format",
        "plain",
    ];
    let times = "2026-01-01T01:40:00+00:00\n2026-01-01T03:10:00+00:00\n";
    Sandbox::new()
        .run(arguments)
        .stdout(times)
        .stderr("")
        .success();
}

#[test]
fn an_inline_table_is_an_expression() {
    let arguments = [
        "next",
        "{ day = \"3rd fri\", hour = \"0-3\" }",
        "-n2",
        "--from",
        "2026-06-01",
        "--format",
        "plain",
    ];
    let times = "2026-06-19T00:00:00+00:00\n2026-06-19T01:00:00+00:00\n";
    Sandbox::new()
        .run(arguments)
        .stdout(times)
        .stderr("")
        .success();
}

#[test]
fn the_zone_of_an_expression_goes_before_the_machines() {
    let arguments = [
        "next",
        "CRON_TZ=Asia/Tokyo 30 4 * * *",
        "-n1",
        "--from",
        "2026-06-01",
        "--format",
        "plain",
    ];
    Sandbox::new()
        .run(arguments)
        .stdout("2026-06-02T04:30:00+09:00\n")
        .stderr("")
        .success();
}

#[test]
fn h_needs_the_id_of_a_job() {
    let arguments = ["next", "H H(0-5) * * *", "-n1", "--from", "2026-01-01"];
    let plain = |id| {
        let id = ["--job-id", id, "--format", "plain"];
        Sandbox::new().run(arguments.into_iter().chain(id))
    };
    plain("backup")
        .stdout("2026-01-01T05:24:00+00:00\n")
        .stderr("")
        .success();
    assert_ne!(plain("report").stdout, plain("backup").stdout);
    plain("a b").stdout("").code(2);
    let ended = Sandbox::new().run(["next", "0 H * * *"]);
    assert!(ended.stderr.contains("`--job-id ID`"), "{}", ended.stderr);
    ended.stdout("").code(2);
}

#[test]
fn the_quartz_dialect_has_seconds_first_and_counts_sunday_as_one() {
    let arguments = [
        "--dialect",
        "quartz",
        "--from",
        "2026-01-01",
        "--format",
        "plain",
    ];
    Sandbox::new()
        .run(
            ["next", "30 0/5 14 ? * 2", "-n2"]
                .into_iter()
                .chain(arguments),
        )
        .stdout("2026-01-05T14:00:30+00:00\n2026-01-05T14:05:30+00:00\n")
        .stderr("")
        .success();
    Sandbox::new()
        .run(
            ["next", "{ cron = '0 0 6 * * ? 2027' }", "-n1"]
                .into_iter()
                .chain(arguments),
        )
        .stdout("2027-01-01T06:00:00+00:00\n")
        .stderr("")
        .success();
}

#[test]
fn options_of_an_expression_do_not_go_with_files() {
    let sandbox = Sandbox::new().jobs(JOBS);
    for (option, value) in [
        ("--dst", "wall"),
        ("--dialect", "quartz"),
        ("--job-id", "beat"),
    ] {
        let ended = sandbox.run(["next", "jobs.toml", option, value]);
        let start = format!("rsched: {option} goes with an expression; ");
        assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
        ended.stdout("").code(2);
    }
}

#[test]
fn previous_goes_backwards_with_the_newest_first() {
    let leap_days = ["next", "30 2 29 2 *", "--previous", "-n2", "--from"];
    Sandbox::new()
        .run(leap_days.into_iter().chain(["2024-02-29 02:30"]))
        .stdout(
            "2020-02-29 02:30:00  Sat  +00:00  4 years ago\n\
             2016-02-29 02:30:00  Mon  +00:00  8 years ago\n",
        )
        .stderr("")
        .success();
    let inclusive = ["2024-02-29 02:30", "--inclusive", "--format", "plain"];
    Sandbox::new()
        .run(leap_days.into_iter().chain(inclusive))
        .stdout("2024-02-29T02:30:00+00:00\n2020-02-29T02:30:00+00:00\n")
        .stderr("")
        .success();
    Sandbox::new()
        .jobs(JOBS)
        .run([
            "next",
            "jobs.toml",
            "--previous",
            "--from",
            "2026-06-01",
            "--until",
            "2026-05-31",
            "--format",
            "plain",
        ])
        .stdout("new-york\t2026-05-31T09:00:00-04:00\nnightly\t2026-05-31T02:30:00+00:00\n")
        .stderr("")
        .success();
}

#[test]
fn what_has_not_fired_yet_says_why() {
    for (arguments, why) in [
        (
            &["{ year = 2030 }", "--from", "2026-01-01"][..],
            "`{ year = 2030 }` does not fire before 2026-01-01 00:00:00+00:00; \
             its first fire is at 2030-01-01 00:00:00+00:00",
        ),
        (
            &["@yearly", "--from", "2026-06-02", "--until", "2026-06-01"],
            "`@yearly` does not fire between 2026-06-01 00:00:00+00:00 and 2026-06-02 00:00:00+00:00, \
             but last at 2026-01-01 00:00:00+00:00",
        ),
    ] {
        Sandbox::new()
            .run(["next", "--previous"].iter().chain(arguments))
            .stdout("")
            .stderr(&format!("rsched: {why}\n"))
            .code(1);
    }
}

#[test]
fn what_never_fires_says_why_on_stderr() {
    for (arguments, why) in [
        (
            &["0 0 30 2 *"][..],
            "`0 0 30 2 *` never fires: there is no such date",
        ),
        (
            &["{ all = [{ cron = '0 6 * * *' }, { cron = '0 7 * * *' }] }"],
            "`{ all = [{ cron = '0 6 * * *' }, { cron = '0 7 * * *' }] }` never fires: \
             its parts never fire at the same instant",
        ),
        (
            &["@reboot"],
            "`@reboot` fires once, when the scheduler first sees it",
        ),
        (
            &["@yearly", "--from", "2026-06-01", "--until", "2026-06-02"],
            "`@yearly` does not fire between 2026-06-01 00:00:00+00:00 and 2026-06-02 00:00:00+00:00, \
             but next at 2027-01-01 00:00:00+00:00",
        ),
        (
            &["{ year = 2020 }", "--from", "2026-01-01"],
            "`{ year = 2020 }` does not fire again after 2026-01-01 00:00:00+00:00; \
             its last fire was at 2020-01-01 00:00:00+00:00",
        ),
    ] {
        for format in ["table", "plain", "json"] {
            let arguments = ["next", "--format", format]
                .into_iter()
                .chain(arguments.iter().copied());
            Sandbox::new()
                .run(arguments)
                .stdout("")
                .stderr(&format!("rsched: {why}\n"))
                .code(1);
        }
    }
}

#[test]
fn what_does_not_parse_is_underlined() {
    Sandbox::new()
        .run(["next", "0 25 * * fri-mon"])
        .stdout("")
        .stderr(
            "error[value_out_of_range]: `25` is out of range for the hour, expected 0-23\n \
             --> <expression>:1:3\n  \
             |\n\
             1 | 0 25 * * fri-mon\n  \
             |   ^^ not 0-23\n  \
             |\n  \
             = help: write 0-23\n\
             \n\
             error[backward_range]: the range `fri-mon` of the day of week field runs backwards\n \
             --> <expression>:1:10\n  \
             |\n\
             1 | 0 25 * * fri-mon\n  \
             |          ^^^^^^^\n  \
             |\n  \
             = help: write `fri-sun,mon`\n",
        )
        .code(2);
}

#[test]
fn an_expression_without_quotes_is_told_so() {
    let quotes =
        "rsched: an expression is one argument: put it in quotes, as in rsched next '0 0 * * *'\n";
    Sandbox::new()
        .run(["next", "0", "0", "1", "may", "fri"])
        .stdout("")
        .stderr(quotes)
        .code(2);
}

#[test]
fn a_missing_file_is_not_taken_for_an_expression() {
    Sandbox::new()
        .run(["next", "nothing.toml"])
        .stdout("")
        .stderr("rsched: there is no file `nothing.toml`\n")
        .code(2);
    Sandbox::new()
        .jobs(JOBS)
        .run(["next", "jobs.toml", "nothing.toml"])
        .stdout("")
        .stderr("rsched: there is no file `nothing.toml` (an expression stands alone, in quotes)\n")
        .code(2);
}

#[test]
fn options_that_are_no_time_or_zone_are_underlined() {
    Sandbox::new()
        .run(["next", "@daily", "--timezone", "Helsinki"])
        .stdout("")
        .stderr(
            "error[unknown_zone]: unknown time zone `Helsinki`\n \
             --> --timezone:1:1\n  \
             |\n\
             1 | Helsinki\n  \
             | ^^^^^^^^\n  \
             |\n  \
             = help: did you mean `Europe/Helsinki`?\n",
        )
        .code(2);
}

#[test]
fn jobs_of_a_file_come_in_order_of_time_each_in_its_zone() {
    Sandbox::new()
        .jobs(JOBS)
        .run(["next", "jobs.toml", "--from", "2026-06-01"])
        .stdout(
            "2026-06-01 02:30:00  Mon  +00:00  in 2 h 30 min  nightly\n\
             2026-06-01 06:00:00  Mon  +00:00  in 6 h         beat\n\
             2026-06-01 12:00:00  Mon  +00:00  in 12 h        beat\n\
             2026-06-01 09:00:00  Mon  -04:00  in 13 h        new-york\n\
             2026-06-01 18:00:00  Mon  +00:00  in 18 h        beat\n",
        )
        .stderr("")
        .success();
}

#[test]
fn each_gives_so_many_of_every_job_and_a_zone_to_show_changes_no_job() {
    Sandbox::new()
        .jobs(JOBS)
        .run([
            "next",
            "jobs.toml",
            "--each",
            "-n1",
            "--from",
            "2026-06-01",
            "--timezone",
            "Asia/Tokyo",
            "--format",
            "plain",
        ])
        .stdout(
            "beat\t2026-06-01T06:00:00+09:00\n\
             new-york\t2026-06-01T22:00:00+09:00\n\
             nightly\t2026-06-01T11:30:00+09:00\n",
        )
        .stderr("")
        .success();
}

#[test]
fn jobs_can_be_named() {
    let sandbox = Sandbox::new().jobs(JOBS);
    sandbox
        .run([
            "next",
            "jobs.toml",
            "--job",
            "beat",
            "--job",
            "nightly",
            "-n2",
            "--from",
            "2026-06-01",
            "--format",
            "plain",
        ])
        .stdout("nightly\t2026-06-01T02:30:00+00:00\nbeat\t2026-06-01T06:00:00+00:00\n")
        .stderr("")
        .success();
    sandbox
        .run(["next", "jobs.toml", "--job", "nightyl"])
        .stdout("")
        .stderr("rsched: there is no job `nightyl`, did you mean `nightly`?\n")
        .code(2);
    sandbox
        .run([
            "next",
            "jobs.toml",
            "--job",
            "off",
            "-n1",
            "--from",
            "2026-06-01",
            "--format",
            "plain",
        ])
        .stdout("off\t2026-06-01T00:01:00+00:00\n")
        .stderr("rsched: job `off` is not enabled: nothing will run it\n")
        .success();
    sandbox
        .run(["next", "jobs.toml", "--job", "past", "--from", "2026-06-01"])
        .stdout("")
        .stderr(
            "rsched: job `past` does not fire again after 2026-06-01 00:00:00+00:00; \
             its last fire was at 2020-01-01 00:00:00+00:00\n",
        )
        .code(1);
}

#[test]
fn the_file_taken_by_default_is_named() {
    let sandbox = Sandbox::new().file(".config/rsched/jobs.toml", JOBS);
    let file = sandbox.path().join(".config/rsched/jobs.toml");
    sandbox
        .run(["next", "-n1", "--from", "2026-06-01", "--format", "plain"])
        .stdout("nightly\t2026-06-01T02:30:00+00:00\n")
        .stderr(&format!("rsched: using {}\n", file.display()))
        .success();
}

#[test]
fn an_invalid_file_shows_what_is_wrong() {
    let ended = Sandbox::new()
        .jobs("[jobs.a]\ncommnad = 'true'\n")
        .run(["next", "jobs.toml"]);
    assert!(
        ended.stderr.contains(" --> jobs.toml:2:1\n"),
        "{}",
        ended.stderr
    );
    ended.stdout("").code(78);
}

const SPREAD: &str = r#"
[scheduler]
timezone = "Europe/Helsinki"
seed = "blue"

[jobs.backup]
cron = "0 3 * * *"
jitter = "30m"
command = "true"

[jobs.late]
cron = "50 23 * * *"
jitter = "2h"
command = "true"

[jobs.plain]
cron = "0 4 * * *"
command = "true"
"#;

#[test]
fn a_fire_that_is_spread_shows_when_it_starts() {
    let sandbox = Sandbox::new().jobs(SPREAD);
    let arguments = ["next", "jobs.toml", "-n4", "--from", "2026-07-24"];
    sandbox
        .run(arguments)
        .stdout(
            "2026-07-24 04:00:00  Fri  +03:00  in 1 h          plain\n\
             2026-07-24 23:50:00  Fri  +03:00  in 20 h 50 min  late  starts 2026-07-25 00:28:46\n\
             2026-07-25 03:00:00  Sat  +03:00  in 1 day        backup  starts 03:22:40\n\
             2026-07-25 04:00:00  Sat  +03:00  in 1 day 1 h    plain\n",
        )
        .stderr("")
        .success();
    sandbox
        .run([
            "next", "jobs.toml", "-n1", "--job", "backup", "--from", "2026-07-24", "--format", "json",
        ])
        .stdout(
            "[\n  \
             {\"job\":\"backup\",\"at\":\"2026-07-25T03:00:00+03:00\",\"utc\":\"2026-07-25T00:00:00Z\",\
             \"start\":\"2026-07-25T03:22:40.349394+03:00\",\"notes\":[]}\n]\n",
        )
        .stderr("")
        .success();
}

#[test]
fn of_a_spread_trigger_without_a_job_s_id_only_the_length_is_known() {
    let arguments = [
        "next",
        "{ cron = '0 3 * * *', jitter = '1h' }",
        "-n2",
        "--from",
        "2026-07-24",
    ];
    Sandbox::new()
        .run(arguments)
        .stdout(
            "2026-07-24 03:00:00  Fri  +00:00  in 3 h\n\
             2026-07-25 03:00:00  Sat  +00:00  in 1 day 3 h\n\
             note: each starts up to 1h later, as the job's id decides: give it with --job-id\n",
        )
        .stderr("")
        .success();
    let ended = Sandbox::new().run(arguments.into_iter().chain(["--job-id", "backup"]));
    assert_eq!(
        ended.stdout.matches("  starts 03:").count(),
        2,
        "{}",
        ended.stdout
    );
    ended.stderr("").success();
}

#[test]
fn what_is_odd_about_an_expression_is_told_beside_its_times() {
    for (text, place) in [
        ("5-10/20 3 * * *", "1:6"),
        ("{ cron = '5-10/20 3 * * *' }", "1:16"),
    ] {
        let ended = Sandbox::new().run(["next", text, "-n1", "--from", "2026-07-24"]);
        let warning = "warning[step_exceeds_range]: the step 20 of the minute field is larger";
        assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("<expression>:{place}\n")),
            "{}",
            ended.stderr
        );
        ended
            .stdout("2026-07-24 03:05:00  Fri  +00:00  in 3 h 5 min\n")
            .success();
    }
}

#[test]
fn of_six_fields_the_option_that_reads_them_is_named() {
    for text in ["0 0 12 * * *", "{ cron = '0 0 12 * * *' }"] {
        let ended = Sandbox::new().run(["next", text]);
        assert!(
            ended
                .stderr
                .contains("; `--dialect quartz` reads six and seven fields\n"),
            "{}",
            ended.stderr
        );
        ended.stdout("").code(2);
    }
}
