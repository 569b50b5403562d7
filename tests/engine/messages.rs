//! What is said about wrong expressions: the exact place, and the form that would be right.

use rsched::schedule::{
    Cron, ParseOptions, ScheduleError, TableField, parse_expression, parse_expression_with,
};

/// The code, the underlined text and the help of each error.
fn shown(text: &str, errors: &[ScheduleError]) -> Vec<(&'static str, String, String)> {
    let place = |error: &ScheduleError| text[error.span.clone()].to_owned();
    let help = |error: &ScheduleError| error.help.clone().unwrap_or_default();
    errors
        .iter()
        .map(|error| (error.code, place(error), help(error)))
        .collect()
}

#[track_caller]
fn assert_error(text: &str, code: &str, place: &str, help: &str) {
    let errors = parse_expression(text).expect_err(text);
    assert_eq!(
        shown(text, &errors),
        [(code, place, help)].map(|(c, p, h)| (c, p.to_owned(), h.to_owned())),
        "{text}"
    );
}

#[track_caller]
fn assert_table_error(field: TableField, text: &str, code: &str, place: &str, help: &str) {
    let errors = Cron::table(&[(field, text)]).expect_err(text);
    let errors: Vec<_> = errors.into_iter().map(|(_, error)| error).collect();
    assert_eq!(
        shown(text, &errors),
        [(code, place, help)].map(|(c, p, h)| (c, p.to_owned(), h.to_owned())),
        "{text}"
    );
}

#[test]
fn a_range_that_runs_backwards_is_answered_with_the_ranges_that_mean_it() {
    for (range, field, help) in [
        ("fri-mon", 4, "write `fri-sun,mon`"),
        ("sat-tue", 4, "write `sat-sun,mon-tue`"),
        ("fri-wed/2", 4, "write `fri-sun/2,tue`"),
        ("6-2", 4, "write `6-7,1-2`"),
        ("7-5/4", 4, "write `0-5/4`"),
        ("7-1", 4, "write `0-1`"),
        ("22-2", 1, "write `22-23,0-2`"),
        ("22-3/2", 1, "write `22,0-3/2`"),
        ("50-10/15", 0, "write `50,5`"),
        ("59-0", 0, "write `59,0`"),
        ("25-5", 2, "write `25-31,1-5`"),
        ("nov-feb", 3, "write `nov-dec,jan-feb`"),
        ("12-1", 3, "write `12,1`"),
    ] {
        let mut fields = ["*"; 5];
        fields[field] = range;
        assert_error(&fields.join(" "), "backward_range", range, help);
        let meant = help.trim_start_matches("write `").trim_end_matches('`');
        fields[field] = meant;
        parse_expression(&fields.join(" ")).expect(meant);
    }
    assert_table_error(
        TableField::DayOfWeek,
        "fri-mon",
        "backward_range",
        "fri-mon",
        "write `fri-sun,mon`",
    );
    assert_table_error(
        TableField::DayOfWeek,
        "6-1",
        "backward_range",
        "6-1",
        "write `6,0-1`",
    );
    assert_table_error(
        TableField::Week,
        "50-2",
        "backward_range",
        "50-2",
        "write `50-53,1-2`",
    );
    assert_table_error(
        TableField::Year,
        "2026-2025",
        "backward_range",
        "2026-2025",
        "write `2025-2026`",
    );
}

#[test]
fn values_out_of_range_are_told_the_range() {
    for (text, place, help) in [
        (
            "60 * * * *",
            "60",
            "minutes are 0-59: the full hour is minute 0",
        ),
        ("61 * * * *", "61", "write 0-59"),
        ("0 24 * * *", "24", "hours are 0-23: midnight is hour 0"),
        (
            "0 0 0 * *",
            "0",
            "days are 1-31: the first day of the month is 1",
        ),
        ("0 0 * 0 *", "0", "months are 1-12: January is 1 or `jan`"),
        (
            "0 0 * * 8",
            "8",
            "days of the week are 0-7 or sun-sat: 0 and 7 are Sunday",
        ),
        ("4294967296 * * * *", "4294967296", "write 0-59"),
        ("5-70 * * * *", "70", "write 0-59"),
        ("0 0 32W * *", "32", "write 1-31"),
    ] {
        assert_error(text, "value_out_of_range", place, help);
    }
    let sunday = "Sunday is `sun` or 6 in a cron table, which counts from 0 = Monday";
    assert_table_error(
        TableField::DayOfWeek,
        "7",
        "value_out_of_range",
        "7",
        sunday,
    );
    let errors = parse_expression("60 * * * *").unwrap_err();
    assert_eq!(
        errors[0].message,
        "`60` is out of range for the minute, expected 0-59"
    );
    assert_eq!(errors[0].label.as_deref(), Some("not 0-59"));
}

#[test]
fn names_are_corrected_and_sent_to_their_field() {
    let order = "the fields are minute, hour, day of month, month, day of week";
    assert_error("0 0 * * monday", "unknown_name", "monday", "write `mon`");
    assert_error("0 0 * * mon-thurs", "unknown_name", "thurs", "write `thu`");
    assert_error("0 0 * sept *", "unknown_name", "sept", "write `sep`");
    assert_error("0 0 * janx *", "unknown_name", "janx", "write `jan`");
    assert_error("0 0 * * wen", "unknown_name", "wen", "write `wed`");
    assert_error("0 0 * mon *", "name_in_wrong_field", "mon", order);
    assert_error("MON * * * *", "name_in_wrong_field", "MON", order);
    assert_error("0 0 * * jun", "name_in_wrong_field", "jun", order);
    assert_error(
        "0 0 * * mon/2",
        "step_after_name",
        "/2",
        "write the range: `mon-sun/2`",
    );
    assert_error(
        "0 0 * jan/2 *",
        "step_after_name",
        "/2",
        "write the range: `jan-dec/2`",
    );
    assert_table_error(
        TableField::Week,
        "mon",
        "name_in_wrong_field",
        "mon",
        "put it into `day_of_week`",
    );
    assert_table_error(
        TableField::DayOfWeek,
        "mo",
        "unknown_name",
        "mo",
        "write `mon`",
    );
    assert_table_error(
        TableField::DayOfWeek,
        "mon-fri/2",
        "step_after_name",
        "/2",
        "write numbers: `0-4/2`",
    );
    assert_table_error(
        TableField::Month,
        "jan-3",
        "mixed_range",
        "jan-3",
        "write `jan-mar` or `1-3`",
    );
}

#[test]
fn the_number_of_fields_is_explained() {
    let six = "if `0` is a second, write `0 12 * * *` for second 0, or a table with `second = \"0\"`; \
        if `*` is a year, write `0 0 12 * *`, or a table with `year = \"*\"`; \
        `dialect = \"quartz\"` reads six and seven fields";
    assert_error("0 0 12 * * *", "too_many_fields", "*", six);
    let seven = "write `0 12 * * *`, or a table with `second = \"5\"` and `year = \"2030\"`; \
        `dialect = \"quartz\"` reads six and seven fields";
    assert_error("5 0 12 * * * 2030", "too_many_fields", "* 2030", seven);
    let options = ParseOptions {
        on_command_line: true,
        ..ParseOptions::default()
    };
    let typed = parse_expression_with("0 0 12 * * *", options).unwrap_err();
    let six = six.replace("`dialect = \"quartz\"`", "`--dialect quartz`");
    assert_eq!(typed[0].help.as_deref(), Some(six.as_str()));
    let command = "write `0 5 * * 1`; a command does not belong to the expression";
    assert_error(
        "0 5 * * 1 /bin/true",
        "too_many_fields",
        "/bin/true",
        command,
    );
    assert_error(
        "******",
        "too_few_fields",
        "******",
        "write blanks between the fields: `* * * * *`",
    );
    assert_error(" daily", "too_few_fields", "daily", "write `@daily`");
    let missing = "an expression is `minute hour day-of-month month day-of-week`; missing: month, day of week";
    assert_error("0 0 * ", "too_few_fields", "0 0 *", missing);
    assert_eq!(
        parse_expression("  ").unwrap_err()[0].code,
        "empty_expression"
    );
}

#[test]
fn steps_and_lists_are_corrected() {
    let errors = parse_expression("*/0 0 1,,2 * mon,").unwrap_err();
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.code, error.help.as_deref().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "zero_step",
                "a step is at least 1: `*/1` is the same as `*`"
            ),
            ("empty_list_item", "write `1,2`"),
            ("empty_list_item", "write `mon`"),
        ]
    );
    assert_error(
        "/2 * * * *",
        "unexpected_text",
        "/",
        "write `*/2` for a step from the field's least value",
    );
    assert_error(
        "1;2 * * * *",
        "unexpected_text",
        ";2",
        "lists are separated by commas: `1,2`",
    );
    assert_error(
        "*5 * * * *",
        "unexpected_text",
        "5",
        "`*` stands alone or before a step: `*`, `*/5`",
    );
    assert_error(
        "1-2-3 * * * *",
        "unexpected_text",
        "-3",
        "a range has one start and one end: `a-b`, `a-b/n`",
    );
    assert_error(
        "*/ * * * *",
        "missing_step",
        "/",
        "a step is a whole number of at least 1: `*/2`, or write `*`",
    );
    assert_error(
        "1- * * * *",
        "missing_value",
        "-",
        "values are 0-59; a range is written `a-b`",
    );
    assert_error("+1 * * * *", "unexpected_text", "+", "write `1`");
    let errors = Cron::table(&[(TableField::Second, "*/60")]).unwrap_err();
    assert_eq!(
        errors[0].1.message,
        "the step 60 of the second field is larger than its range 0-59: only 0 matches"
    );
    let allowed = parse_expression("*/60 1-1/2 * * *").unwrap();
    let codes: Vec<_> = allowed
        .warnings
        .iter()
        .map(|warning| (warning.code, warning.span.clone()))
        .collect();
    assert_eq!(
        codes,
        [("step_exceeds_range", 2..4), ("step_exceeds_range", 9..10)]
    );
}

#[test]
fn what_only_looks_like_ascii_is_pointed_at() {
    assert_error("0 ２ * * *", "not_ascii", "２", "write the digits 0 to 9");
    assert_error(
        "0 0\u{a0}* * *",
        "not_ascii",
        "\u{a0}",
        "write an ordinary blank",
    );
    assert_error("0 9–17 * * *", "not_ascii", "–", "write `-`");
    assert_error(
        "0 0 * * *\n",
        "not_ascii",
        "\n",
        "write the expression on one line",
    );
}

#[test]
fn special_days_are_checked_to_their_end() {
    assert_error("0 0 * * 5#1x", "unexpected_text", "x", "");
    assert_error("0 0 * * 5#6", "value_out_of_range", "6", "");
    assert_error("0 0 last-1 * *", "unexpected_text", "-1", "write `L-1`");
    assert_error("0 0 L-31 * *", "value_out_of_range", "31", "");
    let weekday = "write the weekday before it: `friL` is the last Friday of the month";
    assert_error("0 0 * * L", "unknown_name", "L", weekday);
    let place = "`L` and `W` belong into the day of month and day of week fields";
    assert_error("0 L * * *", "unknown_name", "L", place);
    assert_table_error(
        TableField::Day,
        "L",
        "unknown_name",
        "L",
        "write `last` for the last day",
    );
    assert_table_error(
        TableField::Day,
        "1st",
        "missing_value",
        "1st",
        "write `1st mon`, or the day's number alone",
    );
    assert_table_error(
        TableField::Day,
        "1st 1",
        "unknown_name",
        "1",
        "write `1st tue`",
    );
    assert_table_error(
        TableField::Day,
        "last friday",
        "unknown_name",
        "friday",
        "write `last fri`",
    );
    assert_table_error(
        TableField::Day,
        "second tue",
        "unknown_ordinal",
        "second",
        "write `2nd tue`",
    );
    assert_table_error(
        TableField::Day,
        "3th mon",
        "unknown_ordinal",
        "3th",
        "write `3rd mon`",
    );
    assert_table_error(
        TableField::DayOfWeek,
        "mon#2",
        "unexpected_text",
        "#2",
        "write it into `day`: `day = \"2nd fri\"`, `day = \"last fri\"`",
    );
}

#[test]
fn nicknames_and_zones_are_checked() {
    assert_error("@Daily", "unknown_nickname", "@Daily", "write `@daily`");
    assert_error("@dayly", "unknown_nickname", "@dayly", "write `@daily`");
    assert_error(
        "@every_minute",
        "unknown_nickname",
        "@every_minute",
        "write `* * * * *`, or `@every 1m`",
    );
    assert_error("@hourly 5", "unexpected_text", "5", "write `@hourly` alone");
    assert_error(
        "@every",
        "missing_value",
        "@every",
        "write a duration: `@every 90s`, `@every 1h 30m`",
    );
    let short = parse_expression("@every 0s").unwrap_err();
    assert_eq!(
        (short[0].code, short[0].span.clone()),
        ("interval_too_short", 7..9)
    );
    let wrong = parse_expression("TZ=UTC  @every 5 parsecs").unwrap_err();
    assert_eq!(wrong[0].code, "invalid_duration");
    assert!("TZ=UTC  @every 5 parsecs"[wrong[0].span.clone()].contains("parsecs"));
    assert_eq!(
        parse_expression("CRON_TZ= 0 0 * * *").unwrap_err()[0].code,
        "missing_zone"
    );
    let prefixed = parse_expression(" CRON_TZ=Asia/Tokyo\t30 4 * * *").unwrap();
    assert_eq!(prefixed.zone, Some(("Asia/Tokyo".to_owned(), 9..19)));
    let late = parse_expression("TZ=UTC 99 4 * * *").unwrap_err();
    assert_eq!(late[0].span, 7..9);
    assert_eq!(
        parse_expression(&"1,".repeat(600)).unwrap_err()[0].code,
        "expression_too_long"
    );
}
