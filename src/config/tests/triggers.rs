//! The three notations of a trigger mean the same; zones, bounds and dates.

use super::*;
use crate::schedule::{DstPolicy, ScheduleSpec, Trigger};
use std::time::Duration;

fn at(seconds: i64) -> WallTime {
    WallTime::from_unix_seconds(seconds)
}

fn spec(lines: &str) -> ScheduleSpec {
    triggered(lines).schedule.spec.clone()
}

#[test]
fn short_flat_and_nested_forms_mean_the_same() {
    for forms in [
        &[
            "cron = { day_of_week = 'mon-fri', hour = 6, minute = 0 }",
            "trigger = 'cron'\nday_of_week = 'mon-fri'\nhour = 6\nminute = 0",
            "trigger = { type = 'cron', day_of_week = 'mon-fri', hour = '6', minute = \"0\" }",
            "[jobs.a.trigger]\ntype = 'cron'\nday_of_week = 'mon-fri'\nhour = 0x6\nminute = 0\n[jobs.a.env]\n#",
        ][..3],
        &[
            "interval = '2h'",
            "interval = 7200",
            "interval = '7200'",
            "interval = { hours = 2 }",
            "interval = { hours = 1.5, minutes = '30' }",
            "interval = { hours = 1, minutes = 59, seconds = 60.0 }",
            "trigger = 'interval'\nhours = 2",
            "trigger = { type = 'interval', hours = 2.0 }",
        ],
        &[
            "date = 2026-05-01T06:00:00Z",
            "date = 2026-05-01t06:00:00z",
            "date = 2026-05-01 06:00:00",
            "date = 2026-05-01T08:00:00+02:00",
            "date = '2026-05-01 06:00'",
            "date = '2026-5-1 6:00:00'",
            "trigger = 'date'\nrun_date = '2026-05-01 06:00:00'",
            "trigger = { type = 'date', run_date = 2026-05-01T06:00:00 }",
            "date = 2026-05-01T08:00:00\ntimezone = 'Europe/Paris'",
        ][..8],
    ] {
        for form in forms {
            assert_eq!(spec(form), spec(forms[0]), "{form}");
            assert_eq!(
                triggered(form).schedule.text,
                triggered(forms[0]).schedule.text
            );
        }
    }
    let flat = job("[jobs.a]\ncommand = 'x'\n[jobs.a.trigger]\ntype = 'interval'\nhours = 2\n");
    assert_eq!(flat.schedule.spec, spec("interval = '2h'"));
}

#[test]
fn the_text_of_a_trigger_is_what_was_written() {
    for (lines, text) in [
        ("cron = ' 0 0 1-15 may-aug * '", "0 0 1-15 may-aug *"),
        ("cron = '@daily'", "@daily"),
        (
            "cron = { hour = '0-3', day = '3rd fri' }",
            "cron day='3rd fri', hour='0-3'",
        ),
        ("interval = { minutes = 120 }", "interval 2h"),
        (
            "date = 2009-11-06T16:30:05Z",
            "date 2009-11-06 16:30:05+00:00",
        ),
        (
            "date = 2009-11-06T16:30:05\ntimezone = 'Asia/Tokyo'",
            "date 2009-11-06 16:30:05+09:00",
        ),
        ("date = 2009-11-06", "date 2009-11-06 00:00:00+00:00"),
        ("date = 'now'", "date now"),
        ("", "at start"),
    ] {
        assert_eq!(triggered(lines).schedule.text, text, "{lines}");
    }
}

#[test]
fn no_trigger_fires_once_now_and_first_makes_an_interval_do_so_too() {
    assert_eq!(spec("").trigger, Trigger::Now);
    assert_eq!(spec("date = 'now'").trigger, Trigger::Now);
    assert_eq!(spec("cron = '@reboot'").trigger, Trigger::Reboot);
    let length = Duration::from_secs(90);
    let interval = |first_now| Trigger::Interval { length, first_now };
    assert_eq!(spec("cron = '@every 90s'").trigger, interval(false));
    for lines in [
        "interval = '90s'\nfirst = 'now'",
        "interval = { seconds = 90, first = 'now' }",
        "trigger = { type = 'interval', seconds = 90, first = 'now' }",
        "cron = '@every 90s'\nfirst = 'now'",
    ] {
        assert_eq!(spec(lines).trigger, interval(true), "{lines}");
    }
    let defaults = "[defaults]\nfirst = 'now'\n[jobs.a]\ncommand = 'x'\n";
    assert_eq!(
        job(&format!("{defaults}interval = 90\n"))
            .schedule
            .spec
            .trigger,
        interval(true)
    );
    assert_eq!(
        job(&format!("{defaults}cron = '@daily'\n")).schedule.spec,
        spec("cron = '@daily'")
    );
}

#[test]
fn the_innermost_zone_holds() {
    let layers = [
        ("[scheduler]\ntimezone = 'Europe/Paris'\n", "Europe/Paris"),
        ("[defaults]\ntimezone = 'Asia/Tokyo'\n", "Asia/Tokyo"),
        (
            "[jobs.a]\ncommand = 'x'\ntimezone = 'America/New_York'\n",
            "America/New_York",
        ),
    ];
    let mut text = String::new();
    assert_eq!(spec("cron = '@daily'").zone.name(), "UTC");
    for (layer, zone) in layers {
        text.push_str(layer);
        let tail = if text.contains("[jobs.a]") {
            ""
        } else {
            "[jobs.a]\ncommand = 'x'\n"
        };
        assert_eq!(
            job(&format!("{text}{tail}cron = '@daily'\n"))
                .schedule
                .spec
                .zone
                .name(),
            zone
        );
    }
    for inner in [
        "cron = { hour = 1, timezone = 'Australia/Lord_Howe' }",
        "cron = 'CRON_TZ=Australia/Lord_Howe 0 0 * * *'",
        "cron = 'TZ=Australia/Lord_Howe 0 0 * * *'",
        "trigger = { type = 'cron', hour = 1, timezone = 'Australia/Lord_Howe' }",
    ] {
        assert_eq!(
            job(&format!("{text}{inner}\n")).schedule.spec.zone.name(),
            "Australia/Lord_Howe"
        );
    }
    assert_eq!(valid(layers[0].0).scheduler.timezone.name(), "Europe/Paris");
}

#[test]
fn bounds_and_policy_come_from_the_table_the_job_or_the_defaults_and_are_read_in_the_zone() {
    let text = "[defaults]\nstart_date = 2026-05-01\ndst = 'wall'\n[jobs.a]\ncommand = 'x'\n";
    let plain = job(&format!("{text}cron = '@daily'\n")).schedule.clone();
    assert_eq!(
        (plain.spec.start_date, plain.spec.dst),
        (Some(at(1_777_593_600)), DstPolicy::Wall)
    );
    let tokyo = job(&format!("{text}cron = '@daily'\ntimezone = 'Asia/Tokyo'\n"))
        .schedule
        .clone();
    assert_eq!(tokyo.spec.start_date, Some(at(1_777_593_600 - 9 * 3600)));
    let inner =
        "cron = { hour = 1, start_date = '2026-06-01', dst = 'cron' }\nstart_date = 2026-05-02\n";
    let inner = job(&format!("{text}{inner}end_date = 2026-07-01T00:00:00Z\n"))
        .schedule
        .clone();
    assert_eq!(inner.spec.start_date, Some(at(1_780_272_000)));
    assert_eq!(
        (inner.spec.end_date, inner.spec.dst),
        (Some(at(1_782_864_000)), DstPolicy::Cron)
    );
}

#[test]
fn a_date_in_the_past_is_a_date() {
    assert_eq!(
        spec("date = 2009-11-06T16:30:05Z").trigger,
        Trigger::Date(at(1_257_525_005))
    );
}

#[test]
fn arguments_that_must_be_refused_are_refused_at_their_place() {
    // Trigger arguments as dict-style configurations have them; all wrong.
    for (field, value) in [
        ("minute", "'*/0'"),
        ("minute", "'0-59/60'"),
        ("minute", "'59/1'"),
        ("minute", "'?'"),
        ("minute", "'a'"),
        ("minute", "'1.5'"),
        ("minute", "5.0"),
        ("minute", "'*/-1'"),
        ("minute", "'1/2/3'"),
        ("minute", "'H'"),
        ("minute", "',5'"),
        ("minute", "'1;2'"),
        ("minute", "'+5'"),
        ("minute", "'1e1'"),
        ("minute", "'５'"),
        ("minute", "true"),
        ("minute", "[5]"),
        ("minute", "''"),
        ("minute", "60"),
        ("minute", "-1"),
        ("minute", "99999999999999999999999"),
        ("hour", "'-5'"),
        ("second", "'59-0'"),
        ("day", "'0'"),
        ("day", "'1st'"),
        ("day", "'0th mon'"),
        ("day", "'L'"),
        ("week", "'mon'"),
        ("day_of_week", "'mon-fri/2'"),
        ("day_of_week", "'mon fri'"),
        ("month", "'jan-3'"),
        ("year", "'2026-2025'"),
        ("year", "'0'"),
    ] {
        for text in [
            format!("[jobs.a]\ncommand = 'x'\ncron = {{ {field} = {value} }}\n"),
            format!("[jobs.a]\ncommand = 'x'\ntrigger = 'cron'\n{field} = {value}\n"),
            format!("[jobs.a]\ncommand = 'x'\ntrigger = {{ type = 'cron', {field} = {value} }}\n"),
        ] {
            let loaded = load_text(&text);
            assert!(loaded.jobs_file.is_none(), "{text}");
            let value_at = text.find(value).unwrap();
            for problem in loaded.diagnostics {
                let span = problem.location.unwrap().span;
                assert!(
                    value_at <= span.start && span.end <= value_at + value.len(),
                    "{text}: {span:?} {}",
                    problem.message
                );
            }
        }
    }
    for start_date in ["5", "true", "'soon'", "'2026-13-01'", "12:00:00", "''"] {
        refused(&format!(
            "[jobs.a]\ncommand = 'x'\ninterval = 5\nstart_date = {start_date}\n"
        ));
    }
}

#[test]
fn inline_triggers_mean_what_they_mean_in_a_file() {
    let zone = context().zones.get("Europe/Paris").unwrap();
    let read =
        |text: &str| parse_inline_trigger(text, &zone, ExpressionOptions::default(), &context());
    for (inline, lines) in [
        (
            "{ day = '3rd fri', hour = '0-3' }",
            "cron = { day = '3rd fri', hour = '0-3' }",
        ),
        (
            "{ day = 1, timezone = 'UTC', dst = 'skip' }",
            "cron = { day = 1 }\ntimezone = 'UTC'\ndst = 'skip'",
        ),
        (
            "{ cron = '5 4 * * *', start_date = 2026-02-01 }",
            "cron = '5 4 * * *'\nstart_date = 2026-02-01",
        ),
        ("{ interval = '2h' }", "interval = '2h'"),
        (
            "{ interval = { hours = 2 }, first = 'now' }",
            "interval = '2h'\nfirst = 'now'",
        ),
        ("{ trigger = 'interval', hours = 2 }", "interval = '2h'"),
        ("{ type = 'interval', hours = 2 }", "interval = '2h'"),
        (
            "{ trigger = { type = 'cron', hour = 2 } }",
            "cron = { hour = 2 }",
        ),
        (
            "{ date = 2026-05-01T06:00:00 }",
            "date = 2026-05-01T06:00:00",
        ),
    ] {
        let in_file = format!(
            "[scheduler]\ntimezone = 'Europe/Paris'\nallow = ['offset_change']\n[jobs.a]\ncommand = 'x'\n{lines}\n"
        );
        let expected = job(&in_file).schedule.spec.clone();
        assert_eq!(read(inline).unwrap().schedule, expected, "{inline}");
    }
    assert_eq!(read("  { interval = '2h' }\n"), read("{ interval = '2h' }"));
    assert!(
        read("{ day = 30, month = 2 }").is_ok(),
        "never firing is for the caller to say"
    );
}

#[test]
fn wrong_inline_triggers_are_refused_at_their_place() {
    let problems = |text: &str| {
        let found =
            parse_inline_trigger(text, &Zone::utc(), ExpressionOptions::default(), &context())
                .unwrap_err();
        let source = Source {
            name: "<expression>".into(),
            text: text.into(),
        };
        render_short(&found, &[source])
    };
    for (text, expected) in [
        (
            "{ hour = 24 }",
            "<expression>:1:10: error: `24` is out of range for the hour, expected 0-23",
        ),
        (
            "{ hour = 06 }",
            "<expression>:1:10: error: `06` is no TOML number: it has a leading zero [leading_zero]",
        ),
        (
            "{ hours = 2 }",
            "<expression>:1:1: error: the parts of an interval stand alone [misplaced_argument]",
        ),
        (
            "{ timezone = 'UTC' }",
            "<expression>:1:1: error: a cron table without any field [empty_table]",
        ),
        (
            "{ hor = 2 }",
            "<expression>:1:3: error: unknown key `hor` in the trigger [unknown_key] did you mean `hour`?",
        ),
        (
            "{ cron = '@daily', jitter = 1.5 }",
            "<expression>:1:29: error: `jitter` is a decimal number, expected a duration as text or whole seconds",
        ),
        (
            "{}",
            "<expression>:1:1: error: a cron table without any field [empty_table]",
        ),
        ("{ cron = '0 0 * *' }", "<expression>:1:"),
        (
            "5",
            "<expression>:1:1: error: `trigger` is a whole number, expected a table [wrong_type]",
        ),
        ("{ hour = 1", "<expression>:1:"),
        ("", "<expression>:1:1: error: a value is missing"),
        (
            " \n { hour = 24 } ",
            "<expression>:2:11: error: `24` is out of range",
        ),
    ] {
        let found = problems(text);
        assert!(found.starts_with(expected), "{text}: {found}");
        assert_eq!(found.lines().count(), 1, "{text}: {found}");
    }
}

#[test]
fn h_stands_for_a_value_of_the_jobs_own() {
    let of = |id: &str, cron: &str| {
        let text = format!("[jobs.{id}]\ncron = '{cron}'\ncommand = 'x'\n");
        job(&text).schedule.spec.clone()
    };
    assert_eq!(of("backup", "H H(0-5) * * *"), of("backup", "~ 0~5 * * *"));
    assert_ne!(of("backup", "H H * * *"), of("report", "H H * * *"));
    let quoted = "[[jobs]]\nid = 'backup'\ncron = 'H H * * *'\ncommand = 'x'\n";
    assert_eq!(job(quoted).schedule.spec, of("backup", "H H * * *"));
    assert!(
        refused("[jobs.a]\ncron = 'H(60) * * * *'\ncommand = 'x'\n").starts_with("jobs.toml:2:10:")
    );
}

#[test]
fn the_dialect_is_that_of_the_job_or_the_default() {
    let quartz = spec("cron = '0 0/5 14 ? * MON-FRI'\ndialect = 'quartz'");
    assert_eq!(
        quartz.anchored(NOW).next_after(NOW),
        Some(at(1_767_225_600 + 14 * 3600))
    );
    let defaults = "[defaults]\ndialect = 'quartz'\n";
    let of = |lines: &str| job(&format!("{defaults}[jobs.a]\n{lines}\ncommand = 'x'\n"));
    assert_eq!(of("cron = '0 0/5 14 ? * 2-6'").schedule.spec, quartz);
    assert_eq!(
        of("cron = '0 6 * * *'\ndialect = 'crontab'").schedule.spec,
        spec("cron = '0 6 * * *'")
    );
    // A default is for those whom it concerns.
    assert_eq!(of("interval = '2h'").schedule.spec, spec("interval = '2h'"));
}

#[test]
fn a_dialect_without_an_expression_or_of_another_name_is_refused() {
    for (lines, expected) in [
        (
            "interval = '2h'\ndialect = 'quartz'",
            "jobs.toml:3:1: error: `dialect` is for crontab expressions only [dialect_without_expression] leave it out\n",
        ),
        (
            "cron = { hour = 2, dialect = 'quartz' }",
            "jobs.toml:2:20: error: `dialect` is for crontab expressions only [dialect_without_expression] leave it out\n",
        ),
        (
            "cron = '0 6 * * *'\ndialect = 'quarz'",
            "jobs.toml:3:11: error: `dialect` is `quarz`, expected one of `crontab`, `quartz` [unknown_value] did you mean `quartz`?\n",
        ),
    ] {
        let text = format!("[jobs.a]\n{lines}\ncommand = 'x'\n");
        assert_eq!(refused(&text), expected);
    }
    let five = refused("[jobs.a]\ncron = '0 6 * * *'\ndialect = 'quartz'\ncommand = 'x'\n");
    assert!(five.contains("[wrong_field_count]"), "{five}");
}

/// The next fires of a job, in seconds after the start of 2026.
fn fires(lines: &str, count: usize) -> Vec<i64> {
    let schedule = spec(lines).anchored(NOW);
    let next = |after: &WallTime| schedule.next_after(*after);
    std::iter::successors(next(&NOW), next)
        .take(count)
        .map(|at| at.unix_seconds() - NOW.unix_seconds())
        .collect()
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[test]
fn calendar_steps_are_a_trigger() {
    assert_eq!(
        fires("calendar = { days = 2, hour = 6 }", 3),
        [6 * HOUR, 2 * DAY + 6 * HOUR, 4 * DAY + 6 * HOUR]
    );
    assert_eq!(
        fires("calendar = { months = 1, day = 'last' }", 2),
        [30 * DAY, 58 * DAY]
    );
    assert_eq!(
        fires("calendar = { weeks = 1, start_date = 2026-01-05 }", 2),
        [4 * DAY, 11 * DAY]
    );
    let text = triggered("calendar = { months = 1, hour = '6', day = 31 }")
        .schedule
        .text
        .clone();
    assert_eq!(text, "calendar months=1, hour=6, day=31");
}

#[test]
fn parts_are_united_or_intersected_each_in_its_zone() {
    let any = "any = [{ cron = '0 6 * * *' }, { cron = '0 6 * * *', timezone = 'Asia/Tokyo' }, \
               { interval = '10h', first = 'now' }, { date = 2026-01-01T07:00:00 }]";
    assert_eq!(
        fires(any, 5),
        [6 * HOUR, 7 * HOUR, 10 * HOUR, 20 * HOUR, 21 * HOUR]
    );
    assert_eq!(
        triggered(any).schedule.text,
        "any [0 6 * * *; 0 6 * * *; interval 10h; date 2026-01-01 07:00:00+00:00]"
    );
    let all = "timezone = 'Asia/Tokyo'\n\
               all = [{ cron = '0 9 * * *' }, { any = [{ cron = '0 0 2 * *', timezone = 'UTC' }, { date = 2026-01-05 }] }]";
    assert_eq!(fires(all, 1), [DAY]);
    assert_eq!(
        fires(
            "all = [{ interval = '4h', start_date = 2026-01-01 }, { interval = '6h', start_date = 2026-01-01 }]",
            2
        ),
        [12 * HOUR, 24 * HOUR]
    );
}

#[test]
fn exceptions_have_an_extent() {
    for except in [
        "[{ month = 1, day = '2-4' }]",
        "[{ cron = { month = 1, day = '2-4' } }]",
        "[{ date = 2026-01-02 }, { date = '2026-1-3' }, { date = 2026-01-04T06:00:00 }]",
        "[{ cron = '* * 2-4 1 *' }]",
        "[{ cron = '* 5-7 2-3 1 *' }, { cron = '0 15 4 1 *', timezone = 'Asia/Tokyo' }]",
    ] {
        let lines = format!("cron = '0 6 * * *'\nexcept = {except}");
        assert_eq!(fires(&lines, 2), [6 * HOUR, 4 * DAY + 6 * HOUR], "{except}");
    }
    let quartz = "cron = '0 0 6 * * ?'\ndialect = 'quartz'\nexcept = [{ cron = '0 0 6 2 1 ?' }]";
    assert_eq!(fires(quartz, 2), [6 * HOUR, 2 * DAY + 6 * HOUR]);
    let text = triggered("cron = '@daily'\nexcept = [{ day = 2 }, { date = 2026-01-04 }]");
    assert_eq!(
        text.schedule.text,
        "@daily except [cron day='2'; date 2026-01-04]"
    );
}

#[test]
fn mistakes_in_parts_are_at_their_place() {
    for (lines, expected) in [
        (
            "any = [{ cron = '@daily' }, { cron = '0 25 * * *' }]",
            "jobs.toml:2:41: error: `25` is out of range for the hour, expected 0-23",
        ),
        (
            "all = [{ cron = '@daily' }, { any = [{ interval = '2h' }] }]",
            "jobs.toml:2:29: error: an interval without `start_date` cannot be in `all` [interval_without_start]",
        ),
        (
            "cron = '@daily'\nexcept = [{ day = 1 }, { interval = '2h' }]",
            "jobs.toml:3:26: error: `interval` cannot be in `except` [no_exception]",
        ),
        (
            "any = [{ crom = '@daily' }]",
            "jobs.toml:2:10: error: unknown key `crom` in a part of `any` [unknown_key] did you mean `cron`?",
        ),
        (
            "any = []",
            "jobs.toml:2:7: error: `any` has no parts [empty_array]",
        ),
        (
            "any = { cron = '@daily' }",
            "jobs.toml:2:7: error: `any` is a table, expected an array of tables",
        ),
        (
            "any = [{ cron = '@daily', first = 'now' }]",
            "jobs.toml:2:27: error: `first` is for intervals only [first_without_interval]",
        ),
        (
            "except = [{ day = 1 }]",
            "jobs.toml:2:1: error: `except` stands beside no trigger [except_without_trigger]",
        ),
        (
            "calendar = { weeks = 2, day = 3 }",
            "jobs.toml:2:31: error: a `day` of the month in steps of days or weeks [unexpected_day]",
        ),
        (
            "calendar = { hour = 24, days = 1 }",
            "jobs.toml:2:21: error: `hour` is `24`, expected 0 to 23 [out_of_range]",
        ),
        (
            "calendar = { hour = 3 }",
            "jobs.toml:2:12: error: a calendar step of no length [zero_step]",
        ),
        (
            "trigger = 'calendar'",
            "jobs.toml:2:11: error: `calendar` is no type of trigger [unknown_value] write `calendar = …`",
        ),
        (
            "all = [{ cron = '0 0 30 2 *' }, { cron = '@daily' }]",
            "jobs.toml:2:7: error: `all [0 0 30 2 *; @daily]` never fires [never_fires]",
        ),
    ] {
        let text = format!("[jobs.a]\n{lines}\ncommand = 'x'\n");
        let found = refused(&text);
        assert!(found.starts_with(expected), "{lines}\n{found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let many = "{ day = 1 },".repeat(1_001);
    let found = refused(&format!(
        "[jobs.a]\ncron = '@daily'\nexcept = [{many}]\ncommand = 'x'\n"
    ));
    assert!(found.contains("[too_many_parts]"), "{found}");
}

#[test]
fn jitter_stands_beside_the_trigger_in_its_table_or_in_the_defaults_and_zero_is_none() {
    for (lines, expected) in [
        ("cron = '@daily'", Some(90)),
        ("cron = '@daily'\njitter = '2m'", Some(120)),
        ("cron = '@daily'\njitter = 30", Some(30)),
        ("cron = '@daily'\njitter = 0", None),
        ("cron = { hour = 1, jitter = '3s' }\njitter = '2m'", Some(3)),
        ("interval = { hours = 1, jitter = 10 }", Some(10)),
        ("trigger = 'cron'\nhour = 1\njitter = 120", Some(120)),
        (
            "trigger = { type = 'cron', hour = 1, jitter = 120 }",
            Some(120),
        ),
        ("any = [{ cron = '@daily' }]\njitter = 5", Some(5)),
        ("", Some(90)),
    ] {
        let text = format!("[defaults]\njitter = '90s'\n[jobs.a]\n{lines}\ncommand = 'x'\n");
        assert_eq!(
            job(&text).schedule.jitter,
            expected.map(Duration::from_secs),
            "{lines}"
        );
    }
    assert_eq!(triggered("cron = '@daily'").schedule.jitter, None);
}

#[test]
fn a_part_has_no_jitter_of_its_own() {
    for part in [
        "{ cron = { hour = 1, jitter = 3 } }",
        "{ cron = '@daily', jitter = 3 }",
    ] {
        let text = format!("[jobs.a]\nany = [{part}]\ncommand = 'x'\n");
        let found = refused(&text);
        assert!(found.contains("a part has no jitter of its own"), "{found}");
        assert!(
            found.contains("give it to the job, beside `any`"),
            "{found}"
        );
    }
}

#[test]
fn the_seed_is_the_machine_s_id_unless_the_file_has_one() {
    let seed = |text: &str| valid(text).scheduler.seed.to_string();
    assert_eq!(seed(""), "machine");
    assert_eq!(seed("[scheduler]\nseed = ''"), "machine");
    assert_eq!(seed("[scheduler]\nseed = 'blue'"), "blue");
}
