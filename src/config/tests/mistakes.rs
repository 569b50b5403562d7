//! Every wrong thing has its code, its place, and says what to write instead.

use super::*;
use crate::diagnostic::{Location, position_of};

/// Text; and of each of its problems: code, line:column, what is underlined, help.
type Case = (
    &'static str,
    &'static [(
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
    )],
);

/// The problems of one text, in the form of a [`Case`].
fn found(text: &str) -> Vec<(&'static str, String, String, Option<String>)> {
    let describe = |problem: &Diagnostic| {
        let span = problem.location.clone().expect("a place").span;
        let at = position_of(text, span.start);
        let place = format!("{}:{}", at.line, at.column);
        (
            problem.code,
            place,
            text[span].to_owned(),
            problem.help.clone(),
        )
    };
    load_text(text).diagnostics.iter().map(describe).collect()
}

fn check(cases: &[Case]) {
    for (text, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, place, part, help)| {
                (
                    *code,
                    (*place).to_owned(),
                    (*part).to_owned(),
                    help.map(str::to_owned),
                )
            })
            .collect();
        assert_eq!(found(text), expected, "\n{text}");
        assert!(load_text(text).jobs_file.is_none(), "accepted:\n{text}");
    }
}

#[test]
fn wrong_keys_are_named_with_what_was_meant() {
    check(&[
        (
            "[jobs.a]\nshcedule = '* * * * *'\ncommand = 'x'\n",
            &[(
                "unknown_key",
                "2:1",
                "shcedule",
                Some("did you mean `cron`?"),
            )],
        ),
        (
            "[jobs.a]\nmax-instances = 2\ncommand = 'x'\n",
            &[(
                "unknown_key",
                "2:1",
                "max-instances",
                Some("did you mean `max_instances`?"),
            )],
        ),
        (
            "[executors.default]\ncolour = 'red'\n",
            &[(
                "unknown_key",
                "2:1",
                "colour",
                Some("allowed here: `type`, `max_workers`"),
            )],
        ),
        (
            "[job.a]\ncommand = 'x'\n",
            &[("unknown_key", "1:2", "job", Some("did you mean `jobs`?"))],
        ),
        (
            "[jobs.a]\ncron = { hours = 2, minute = 0 }\ncommand = 'x'\n",
            &[("unknown_key", "2:10", "hours", Some("did you mean `hour`?"))],
        ),
        (
            "[jobs.a]\nhour = 6\ncommand = 'x'\n",
            &[(
                "misplaced_argument",
                "2:1",
                "hour",
                Some("write `cron = { hour = … }`, or `trigger = \"cron\"` beside it"),
            )],
        ),
        (
            "[jobs.a]\nid = 'a'\ncommand = 'x'\n",
            &[(
                "unknown_key",
                "2:1",
                "id",
                Some("leave `id` out, or write `[[jobs]]`"),
            )],
        ),
        (
            "[defaults]\ncommand = 'x'\n",
            &[(
                "not_a_default",
                "2:1",
                "command",
                Some("give it in each job"),
            )],
        ),
    ]);
}

#[test]
fn a_job_has_one_trigger_and_it_can_fire() {
    check(&[
        (
            "[jobs.a]\ninterval = '2h'\ncommand = 'x'\ncron = '0 0 * * *'\n",
            &[("several_triggers", "4:1", "cron", Some("keep one of them"))],
        ),
        (
            "[jobs.a]\ncron = '0 0 30 2 *'\ncommand = 'x'\n",
            &[(
                "never_fires",
                "2:8",
                "'0 0 30 2 *'",
                Some("check day, month and year against each other"),
            )],
        ),
        (
            "[jobs.a]\ncron = { week = 53, month = 6 }\ncommand = 'x'\n",
            &[(
                "never_fires",
                "2:8",
                "{ week = 53, month = 6 }",
                Some("check day, month and year against each other"),
            )],
        ),
        (
            "[jobs.a]\ncron = '0 0 31 4,6,9,11 *'\ncommand = 'x'\n",
            &[(
                "never_fires",
                "2:8",
                "'0 0 31 4,6,9,11 *'",
                Some("check day, month and year against each other"),
            )],
        ),
        (
            "[jobs.a]\ncron = { month = 2, day = 30 }\ncommand = 'x'\n",
            &[(
                "never_fires",
                "2:8",
                "{ month = 2, day = 30 }",
                Some("check day, month and year against each other"),
            )],
        ),
        (
            "[jobs.a]\ntrigger = '0 0 * * *'\ncommand = 'x'\n",
            &[(
                "unknown_value",
                "2:11",
                "'0 0 * * *'",
                Some("write `cron = \"0 0 * * *\"`"),
            )],
        ),
        (
            "[jobs.a]\ntrigger = { hour = 6 }\ncommand = 'x'\n",
            &[(
                "missing_key",
                "2:11",
                "{ hour = 6 }",
                Some("add `type = \"cron\"`, `\"interval\"` or `\"date\"`"),
            )],
        ),
        (
            "[jobs.a]\ntrigger = 'date'\ncommand = 'x'\n",
            &[(
                "missing_key",
                "2:11",
                "'date'",
                Some("add `run_date = 2026-05-01T06:00:00`"),
            )],
        ),
        (
            "[jobs.a]\ncron = {}\ncommand = 'x'\n",
            &[(
                "empty_table",
                "2:8",
                "{}",
                Some(
                    "give at least one of year, month, day, week, day_of_week, hour, minute, second",
                ),
            )],
        ),
        (
            "[jobs.a]\ncron = '0 0 * * *'\nfirst = 'now'\ncommand = 'x'\n",
            &[(
                "first_without_interval",
                "3:1",
                "first",
                Some("leave it out"),
            )],
        ),
    ]);
    let loaded = load_text("[jobs.a]\ninterval = '2h'\ncommand = 'x'\ncron = '0 0 * * *'\n");
    let (place, label) = loaded.diagnostics[0].related.clone().unwrap();
    assert_eq!((place.span, label.as_str()), (9..17, "first trigger"));
}

#[test]
fn what_is_wrong_inside_a_text_is_underlined_inside_it() {
    check(&[
        (
            "[jobs.a]\ncron = \"60 0 * * fri-mon\"\ncommand = 'x'\n",
            &[
                (
                    "value_out_of_range",
                    "2:9",
                    "60",
                    Some("minutes are 0-59: the full hour is minute 0"),
                ),
                (
                    "backward_range",
                    "2:18",
                    "fri-mon",
                    Some("write `fri-sun,mon`"),
                ),
            ],
        ),
        (
            // An escape: the whole string is underlined.
            "[jobs.a]\ncron = \"0 0 \\t* * fri-mon\"\ncommand = 'x'\n",
            &[(
                "backward_range",
                "2:8",
                "\"0 0 \\t* * fri-mon\"",
                Some("write `fri-sun,mon`"),
            )],
        ),
        (
            "[jobs.a]\ncron = { minute = '0', hour = '22-2', day = 32 }\ncommand = 'x'\n",
            &[
                ("backward_range", "2:32", "22-2", Some("write `22-23,0-2`")),
                ("value_out_of_range", "2:45", "32", Some("write 1-31")),
            ],
        ),
        (
            "[jobs.a]\ncron = 'CRON_TZ=Asia/Tokio 0 0 * * *'\ncommand = 'x'\n",
            &[(
                "unknown_timezone",
                "2:17",
                "Asia/Tokio",
                Some("did you mean `Asia/Tokyo`?"),
            )],
        ),
        (
            "[jobs.a]\ndate = 2026-04-01\ninterval = '5 minuts'\ncommand = 'x'\n",
            &[
                (
                    "several_triggers",
                    "3:1",
                    "interval",
                    Some("keep one of them"),
                ),
                (
                    "bad_duration",
                    "3:15",
                    "minuts",
                    Some("did you mean `minutes`?"),
                ),
            ],
        ),
        (
            "[jobs.a]\ndate = '2026-02-30'\ncommand = 'x'\n",
            &[(
                "bad_date",
                "2:9",
                "2026-02-30",
                Some("that month has 28 days"),
            )],
        ),
        (
            "[jobs.a]\ntimezone = 'Europe/Helsinky'\ncommand = 'x'\n",
            &[(
                "unknown_timezone",
                "2:12",
                "'Europe/Helsinky'",
                Some("did you mean `Europe/Helsinki`?"),
            )],
        ),
    ]);
}

#[test]
fn no_lateness_at_all_is_no_grace() {
    let text = "[jobs.a]\ncommand = 'x'\nmisfire_grace_time = 0\n";
    let expected = "\
jobs.toml:3:22: error: `misfire_grace_time` is zero, expected more [out_of_range]
";
    assert_eq!(refused(text), expected);
}

#[test]
fn values_out_of_range_or_of_the_wrong_kind_say_what_was_expected() {
    let text = "[jobs.a]\ncommand = 'x'\nmax_instances = 0\nenabled = 'maybe'\ntimeout = '0s'\nkill_after = -1\n\
                misfire_grace_time = 0.5\ncoalesce = 'last'\nshell = 'bash'\ncwd = ''\ndst = 'onse'\ntags = 'a'\n\
                [jobs.b]\ncommand = []\n[jobs.c]\ncommand = ['', 'x']\n[jobs.d]\ncommand = 5\n[jobs.e]\n\
                command = ' '\n[jobs.f]\n[jobs.g]\ncommand = ['x', 5]\n";
    let expected = "\
jobs.toml:3:17: error: `max_instances` is `0`, expected 1 or more [out_of_range]
jobs.toml:4:11: error: `enabled` is a string, expected true or false [wrong_type] write `true` or `false`
jobs.toml:5:11: error: `timeout` is zero, expected more [out_of_range]
jobs.toml:6:14: error: `kill_after` is `-1`, expected 0 or more [out_of_range]
jobs.toml:7:22: error: `misfire_grace_time` is a decimal number, expected a duration as text or whole seconds [wrong_type] write a unit, as in `\"1.5s\"`
jobs.toml:8:12: error: `coalesce` is `last`, expected one of `latest`, `earliest`, `all`, `true`, `false` [unknown_value]
jobs.toml:9:9: error: `shell` is `bash`, expected an absolute path [relative_path] write the whole path, as in `/bin/bash`
jobs.toml:10:7: error: `cwd` is empty [empty]
jobs.toml:11:7: error: `dst` is `onse`, expected one of `once`, `wall`, `skip`, `cron` [unknown_value] did you mean `once`?
jobs.toml:12:8: error: `tags` is a string, expected an array of strings [wrong_type]
jobs.toml:14:11: error: `command` is an empty array [empty] write the program, then its arguments
jobs.toml:16:12: error: `command` is empty [empty]
jobs.toml:18:11: error: `command` is a whole number, expected a string, or an array of program and arguments [wrong_type]
jobs.toml:20:11: error: `command` is empty [empty]
jobs.toml:21:7: error: `[jobs.f]` has no `command` [missing_command] add `command = \"…\"`, or an array of program and arguments
jobs.toml:23:17: error: `command` is a whole number, expected a string [wrong_type] write it in quotes
";
    assert_eq!(refused(text), expected);
}

#[test]
fn intervals_that_are_none_are_refused() {
    for (interval, code) in [
        ("'10000000000000000000s'", "bad_duration"),
        ("'0s'", "interval_too_short"),
        ("0", "interval_too_short"),
        ("'0.5ms'", "interval_too_short"),
        ("-5", "out_of_range"),
        ("'-5s'", "bad_duration"),
        ("10000000000000000000", "out_of_range"),
        ("1.5", "wrong_type"),
        ("true", "wrong_type"),
        ("{}", "empty_interval"),
        ("{ hours = nan }", "out_of_range"),
        ("{ hours = inf }", "out_of_range"),
        ("{ hours = -1 }", "out_of_range"),
        ("{ hours = 0 }", "interval_too_short"),
        ("{ hours = '1h' }", "out_of_range"),
        ("{ hours = '' }", "out_of_range"),
        ("{ hours = '+' }", "out_of_range"),
        ("{ hours = true }", "wrong_type"),
        ("{ seconds = 0.0001 }", "interval_too_short"),
        ("{ seconds = 0.0000001 }", "out_of_range"),
        ("{ weeks = 99999999999 }", "out_of_range"),
        ("{ weeks = 300000, days = 9999999 }", "out_of_range"),
    ] {
        let text = format!("[jobs.a]\ninterval = {interval}\ncommand = 'x'\n");
        let found = refused(&text);
        assert!(found.contains(&format!("[{code}]")), "{interval}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn a_leading_zero_is_explained() {
    check(&[
        (
            "[jobs.a]\ntrigger = 'cron'\nminute = 00\ncommand = 'x'\n",
            &[("leading_zero", "3:10", "00", Some("write `0` or `\"00\"`"))],
        ),
        (
            "[jobs.a]\ncron = { hour = 06, minute = -08 }\ncommand = 'x'\n",
            // One problem a line: the rest of a broken line is not to be trusted.
            &[("leading_zero", "2:17", "06", Some("write `6` or `\"06\"`"))],
        ),
    ]);
}

#[test]
fn every_line_that_is_no_toml_is_reported_and_nothing_that_follows_from_it() {
    let text = "[jobs.a]\ncommand = \"x\n[jobs.b\ncommand = 'y'\n[jobs.c]\ncommand = foo\nenabled = Tru\n\
                cron = * * * * *\ncoalesce = 7\ntimeout =\n[jobs.d]\nbad line\n";
    let expected = "\
jobs.toml:2:13: error: a string is not closed [syntax]
jobs.toml:3:8: error: a table's header is not closed [syntax]
jobs.toml:6:11: error: `foo` is no TOML value [syntax] write text in quotes
jobs.toml:7:11: error: `Tru` is no TOML value [syntax] write `true`
jobs.toml:8:8: error: `* * * * *` is no TOML value [syntax] write text in quotes
jobs.toml:9:12: error: `coalesce` is a whole number, expected true, false, \"latest\", \"earliest\" or \"all\" [wrong_type]
jobs.toml:10:10: error: a value is missing [syntax]
jobs.toml:12:5: error: key with no value, expected `=` [syntax]
";
    assert_eq!(refused(text), expected);
}

#[test]
fn what_comes_twice_is_shown_at_both_places() {
    for (text, code, first, second) in [
        (
            "[jobs.a]\ncommand = 'x'\n[jobs.a]\ncommand = 'y'\n",
            "duplicate_id",
            6,
            29,
        ),
        (
            "[jobs.a]\ncommand = 'x'\n[jobs.A]\ncommand = 'y'\n",
            "duplicate_id",
            6,
            29,
        ),
        (
            "[jobs.a]\ncommand = 'x'\ncommand = 'y'\n",
            "duplicate_key",
            9,
            23,
        ),
        (
            "[scheduler]\n[jobs.a]\ncommand = 'x'\n[scheduler]\n",
            "duplicate_key",
            1,
            36,
        ),
        (
            "[jobs.a]\nenv = { A = '1', A = '2' }\ncommand = 'x'\n",
            "duplicate_key",
            17,
            26,
        ),
        (
            "jobs.a.command = 'x'\n[jobs.'a']\ntimeout = 5\n",
            "duplicate_id",
            5,
            27,
        ),
        (
            "[[jobs]]\nid = 'a'\ncommand = 'x'\n[[jobs]]\nid = 'a'\ncommand = 'y'\n",
            "duplicate_id",
            14,
            46,
        ),
        (
            "[jobs.a]\ncommand = 'x'\n[[jobs]]\nid = 'y'\ncommand = 'y'\n",
            "mixed_jobs",
            1,
            25,
        ),
    ] {
        let diagnostics = load_text(text).diagnostics;
        assert_eq!(diagnostics.len(), 1, "{text}\n{diagnostics:?}");
        let problem = &diagnostics[0];
        let related = problem.related.as_ref().map(|(place, _)| place.span.start);
        let place = problem.location.as_ref().map(|place| place.span.start);
        assert_eq!(
            (problem.code, related, place),
            (code, Some(first), Some(second)),
            "{text}"
        );
    }
    let mixed = refused("[[jobs]]\nid = 'y'\ncommand = 'y'\n[jobs.b]\ncommand = 'x'\n");
    assert_eq!(
        mixed,
        "jobs.toml:4:7: error: jobs are written both as `[jobs.ID]` and as `[[jobs]]` [mixed_jobs] use one form in a file\n"
    );
}

#[test]
fn of_many_that_come_twice_each_is_shown_where_it_was_first() {
    let text = "\
[jobs.a]
command = 'x'
timeout = 1
command = 'y'
'timeout' = 2
timeout = 3
[jobs.b]
command = 'v'
env = { A = '1', B = '2', A = '3' }
[jobs.b]
command = 'y'
[jobs.c]
command = 'w'
command = 'z'
";
    let loaded = load_text(text);
    let line = |place: &Location| position_of(text, place.span.start).line;
    let found: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|problem| {
            let (first, _) = problem.related.as_ref().unwrap();
            let second = problem.location.as_ref().unwrap();
            let unquoted = |place: &Location| text[place.span.clone()].trim_matches('\'');
            assert_eq!(unquoted(first), unquoted(second));
            (line(first), line(second))
        })
        .collect();
    let lines = [(2, 4), (3, 5), (3, 6), (9, 9), (7, 10), (13, 14)];
    assert_eq!(found, lines);
}

#[test]
fn what_two_files_say_twice_is_shown_in_both() {
    let a = "[scheduler]\ntimezone = 'UTC'\n[jobs.a]\ncommand = 'x'\n";
    let b = "[jobs.b]\ncommand = 'x'\n[jobs.a]\ncommand = 'y'\n[scheduler]\n";
    let loaded = load(&[file("a.toml", a), file("b.toml", b)], &context());
    assert!(loaded.jobs_file.is_none());
    let places: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|problem| {
            let place = problem.location.clone().unwrap();
            let related = problem.related.clone().unwrap().0;
            (
                problem.code,
                place.source,
                place.span.start,
                related.source,
                related.span.start,
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("duplicate_id", 1, 29, 0, 35),
            ("duplicate_table", 1, 47, 0, 1)
        ]
    );
}

#[test]
fn bounds_that_leave_nothing_are_wrong_and_a_hidden_last_day_is_a_warning() {
    check(&[(
        "[jobs.a]\nstart_date = 2026-05-02\nend_date = '2026-05-01'\ncron = '0 0 * * *'\ncommand = 'x'\n",
        &[("end_before_start", "3:12", "'2026-05-01'", None)],
    )]);
    let hidden = "[jobs.a]\ncron = '0 6 * * *'\nend_date = 2026-05-01\ncommand = 'x'\n";
    let loaded = load_text(hidden);
    assert_eq!(
        render_short(&loaded.diagnostics, &[source(hidden)]),
        "jobs.toml:3:12: warning: `end_date` is midnight: no fire on 2026-05-01 itself but at 00:00 \
         [bare_end_date] write `2026-05-01T23:59:59` to include the day\n"
    );
    assert!(loaded.jobs_file.is_some());
    triggered("cron = '0 0 * * *'\nend_date = 2026-05-01");
    triggered("cron = '0 6 * * *'\nend_date = 2026-05-01T06:00:00");
    triggered("cron = '0 6 1 jan *'\nend_date = 2026-05-01");
}

#[test]
fn a_person_sees_all_six_mistakes_of_a_file_at_once() {
    let text = r#"[scheduler]
timezone = "Europe/Helsinky"

[jobs.backup]
cron = "0 25 1-15 may-aug *"
comand = "pg_dump app"

[jobs.report]
cron = { day_of_week = "mon-fri/2", hour = 6 }
interval = "2h"
command = ["/usr/bin/make", "report"]
hosts = []
"#;
    let loaded = load_text(text);
    assert!(loaded.jobs_file.is_none());
    let expected = r#"error[unknown_timezone]: unknown time zone `Europe/Helsinky`
 --> jobs.toml:2:12
  |
2 | timezone = "Europe/Helsinky"
  |            ^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `Europe/Helsinki`?

error[value_out_of_range]: `25` is out of range for the hour, expected 0-23
 --> jobs.toml:5:11
  |
5 | cron = "0 25 1-15 may-aug *"
  |           ^^ not 0-23
  |
  = help: write 0-23

error[unknown_key]: unknown key `comand` in `[jobs.backup]`
 --> jobs.toml:6:1
  |
6 | comand = "pg_dump app"
  | ^^^^^^
  |
  = help: did you mean `command`?

error[step_after_name]: a step after a name in the day of week field: `mon-fri/2`
 --> jobs.toml:9:32
  |
9 | cron = { day_of_week = "mon-fri/2", hour = 6 }
  |                                ^^
  |
  = help: write numbers: `0-4/2`

error[several_triggers]: `[jobs.report]` has two triggers, `cron` and `interval`
  --> jobs.toml:10:1
   |
 9 | cron = { day_of_week = "mon-fri/2", hour = 6 }
   | ---- first trigger
10 | interval = "2h"
   | ^^^^^^^^ second trigger
   |
   = help: keep one of them

error[empty]: `hosts` is an empty array: no host may run this
  --> jobs.toml:12:9
   |
12 | hosts = []
   |         ^^
   |
   = help: name the hosts, or write `["*"]` for any
"#;
    let human = render_human(&loaded.diagnostics, &[source(text)], false);
    assert_eq!(human, expected);
}
