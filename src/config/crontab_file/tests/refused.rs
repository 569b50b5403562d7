//! What cron refuses, and where that is.

use super::*;

/// Lines with the place of the error, its code, and what its help or label says.
const WRONG: [(&str, &str, &str, &str); 31] = [
    ("61 * * * * x", "1:1", "value_out_of_range", "write 0-59"),
    ("0 0 * * fry x", "1:9", "unknown_name", "write `fri`"),
    ("@dayly x", "1:1", "unknown_nickname", "write `@daily`"),
    ("0 5 * *", "1:1", "too_few_fields", "missing: day of week"),
    (
        "0 5 * * *",
        "1:1",
        "missing_command",
        "write it behind the time",
    ),
    (
        "@daily",
        "1:1",
        "missing_command",
        "write it behind the time",
    ),
    ("@every", "1:1", "missing_value", "@every 90s"),
    (
        "@every 5 minutes x",
        "1:10",
        "bad_duration",
        "write `@every 5m`",
    ),
    (
        "5 * * * backup.sh",
        "1:9",
        "too_few_fields",
        "minute hour day-of-month month day-of-week command",
    ),
    (
        "0 5 * * * -n",
        "1:1",
        "missing_command",
        "write it behind the time",
    ),
    (
        "0 0 5 * * * x",
        "1:11",
        "too_many_fields",
        "leave out the field of seconds or years",
    ),
    (
        "0 0 5 * * ? x",
        "1:11",
        "too_many_fields",
        "seconds or years",
    ),
    (
        "export A=b",
        "1:1",
        "unknown_line",
        "write `NAME=value` alone",
    ),
    (
        "MAILTO root",
        "1:1",
        "unknown_line",
        "an assignment `NAME=value`",
    ),
    (
        "MY VAR=x",
        "1:1",
        "unknown_line",
        "a name with blanks in quotes",
    ),
    ("[jobs.a]", "1:1", "unknown_line", "--file-format toml"),
    (
        "include x",
        "1:1",
        "unknown_line",
        "cron reads no other files",
    ),
    ("A=\"b", "1:3", "syntax", "expected a closing quote"),
    (
        "A='b' c",
        "1:7",
        "syntax",
        "put all of the value into the quotes",
    ),
    ("A\u{200b}=b", "1:1", "bad_variable_name", ""),
    ("=b", "1:1", "bad_variable_name", ""),
    ("SHELL=bash", "1:7", "relative_path", ""),
    ("HOME=/a\tb", "1:6", "forbidden_character", "leave it out"),
    ("HOME=~", "1:6", "relative_path", ""),
    (
        "CRON_TZ=Europe/Helsinky",
        "1:9",
        "unknown_timezone",
        "did you mean `Europe/Helsinki`?",
    ),
    (
        "CRON_TZ=Asia/Tokyo 30 4 * * * x",
        "1:9",
        "unknown_timezone",
        "write `CRON_TZ=Asia/Tokyo` in a line of its own",
    ),
    ("CRON_TZ=../../etc/passwd", "1:9", "unknown_timezone", ""),
    (
        "0 5 * * * echo \u{1b}[2J",
        "1:16",
        "forbidden_character",
        "leave it out",
    ),
    ("A=\u{7}", "1:3", "forbidden_character", "leave it out"),
    (
        "0 5 * * * echo a\rb",
        "1:17",
        "forbidden_character",
        "leave it out",
    ),
    ("*/0 5 * * * x", "1:3", "zero_step", ""),
];

#[test]
fn each_mistake_is_at_its_place_with_what_to_write_instead() {
    for (line, place, code, help) in WRONG {
        let text = format!("{line}\n");
        let found = refused(&text);
        let start = format!("tab:{place}: error: ");
        let is_it = |found: &str| found.starts_with(&start) && found.contains(&format!("[{code}]"));
        assert!(found.lines().any(is_it), "{line}\n{found}");
        let files = [("tab", text.as_str(), FileFormat::Crontab)];
        let shown = render_human(&load(&files).diagnostics, &sources(&files), false);
        assert!(shown.contains(help), "{line}\n{shown}");
    }
}

#[test]
fn a_system_crontab_needs_a_user() {
    for (line, place, code) in [
        ("0 5 * * * /usr/bin/x --all", "1:11", "missing_user"),
        ("0 5 * * * A=b x", "1:11", "missing_user"),
        ("0 5 * * * 0 x", "1:11", "missing_user"),
        ("0 5 * * * -1 x", "1:11", "missing_user"),
        ("5 * * * root /usr/bin/x", "1:9", "too_few_fields"),
        ("5 * * * root x", "1:9", "too_few_fields"),
        ("0 5 * * * root", "1:11", "missing_command"),
        ("0 5 * * *", "1:1", "missing_command"),
        ("@daily", "1:1", "missing_command"),
        ("0 0 5 * * * root x", "1:11", "too_many_fields"),
    ] {
        let found = refused_as(&format!("{line}\n"), FileFormat::SystemCrontab);
        let start = format!("tab:{place}: error: ");
        assert!(
            found.starts_with(&start) && found.contains(&format!("[{code}]")),
            "{found}"
        );
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn everything_wrong_is_told_in_one_go() {
    let found = refused("61 * * * * x\nexport A=b\nA=\"\n0 5 * *\n");
    assert_eq!(found.lines().count(), 4, "{found}");
}

#[test]
fn two_wrong_fields_of_a_line_are_both_told() {
    let found = refused("61 24 * * * x\n");
    assert!(
        found.contains("tab:1:1: ") && found.contains("tab:1:4: "),
        "{found}"
    );
}
