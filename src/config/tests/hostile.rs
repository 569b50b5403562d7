//! Broken, cut, huge and malicious files: refused or read, never a panic, never half taken.

use super::accepted::REALISTIC;
use super::*;
use crate::diagnostic::render_json;
use proptest::prelude::*;
use std::fmt::Write as _;
use toml::de::{DeTable, DeValue};

/// Loads, renders in every way, and checks that what is taken is taken whole.
fn survive(text: &str) -> Loaded {
    let loaded = load_text(text);
    let sources = [source(text)];
    let human = render_human(&loaded.diagnostics, &sources, false);
    let _ = render_short(&loaded.diagnostics, &sources);
    let _ = render_json(&loaded.diagnostics, &sources);
    assert!(
        !human.chars().any(|c| c.is_control() && c != '\n'),
        "{human:?}"
    );
    let has_errors = loaded.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(loaded.jobs_file.is_none(), has_errors, "{text}");
    if let Some(taken) = &loaded.jobs_file {
        let tree = DeTable::parse(text).expect("only TOML is taken");
        let jobs = match tree.get_ref().get("jobs").map(toml::Spanned::get_ref) {
            Some(DeValue::Table(jobs)) => jobs.len(),
            Some(DeValue::Array(jobs)) => jobs.len(),
            _ => 0,
        };
        assert_eq!(taken.jobs.len(), jobs, "{text}");
    }
    loaded
}

#[test]
fn a_file_cut_anywhere_is_refused_or_taken_whole() {
    let ends = (0..=REALISTIC.len()).filter(|end| REALISTIC.is_char_boundary(*end));
    for end in ends {
        survive(&REALISTIC[..end]);
    }
}

#[test]
fn a_file_with_any_byte_struck_out_or_changed_is_refused_or_taken_whole() {
    for (at, c) in REALISTIC.char_indices() {
        let (before, after) = (&REALISTIC[..at], &REALISTIC[at + c.len_utf8()..]);
        survive(&format!("{before}{after}"));
        let stand_in = ["\"", "[", "\0", "=", "\u{202e}", "\n"][at % 6];
        survive(&format!("{before}{stand_in}{after}"));
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn no_text_of_the_right_words_makes_it_panic(
        text in "(\\[|\\]|\\[\\[|\\]\\]|=|\\{|\\}|\"|'|\"\"\"|'''|,|\\.|\n|\r\n| |#|jobs|defaults|env|cron|interval|trigger|date|command|a|b|00|5|-1|1.5|nan|2026-05-01|06:00:00|'\\* \\* \\* \\* \\*'|'2h'|\\\\u0000|\u{202e}|true){0,40}"
    ) {
        survive(&text);
        let _ = parse_inline_trigger(&text, &Zone::utc(), ExpressionOptions::default(), &context());
    }
}

proptest! {
    // Two dozen files a case.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_string_may_stand_anywhere(text in any::<String>()) {
        let quoted = toml::Value::String(text).to_string();
        for line in ["cron", "interval", "date", "command", "timezone", "name", "cwd", "shell", "start_date", "trigger"] {
            survive(&format!("[jobs.a]\ncommand.x = 1\n{line} = {quoted}\n"));
            survive(&format!("[jobs.a]\n{line} = {quoted}\n"));
        }
        survive(&format!("[jobs.{quoted}]\ncommand = ['x']\nenv = {{ {quoted} = {quoted} }}\n{quoted} = 1\n"));
    }
}

#[test]
fn deep_nesting_and_endless_dotted_keys_are_refused() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(200_000)),
        format!("[{}a]", "a.".repeat(200_000)),
        "[".repeat(100_000),
    ] {
        assert!(survive(&text).jobs_file.is_none());
    }
}

#[test]
fn limits_are_errors_with_a_place() {
    let long = "x".repeat(MAX_STRING_BYTES + 1);
    let mut many = "[jobs.a]\ncommand = 'x'\n[jobs.a.env]\n".to_owned();
    for index in 0..=MAX_ENV_VARIABLES {
        let _ = writeln!(many, "V{index} = ''");
    }
    let long_pair = format!(
        "[jobs.a]\ncommand = 'x'\n[jobs.a.env]\n{} = '{}'\n",
        "N".repeat(MAX_STRING_BYTES),
        &long[1..]
    );
    for (text, code, place) in [
        (
            format!("[jobs.a]\ncommand = '{long}'\n"),
            "text_too_long",
            "2:11",
        ),
        (
            format!("[jobs.a]\ncommand = ['x', '{long}']\n"),
            "text_too_long",
            "2:17",
        ),
        (
            format!(
                "[jobs.a]\ncommand = 'x'\ncron = '* * * * {}'\n",
                "1,".repeat(600)
            ),
            "expression_too_long",
            "3:9",
        ),
        (
            format!("[jobs.{}]\ncommand = 'x'\n", "a".repeat(129)),
            "bad_id",
            "1:7",
        ),
        (many, "too_many_variables", "3:9"),
        (long_pair, "text_too_long", "4:1"),
    ] {
        let found = refused(&text);
        assert!(
            found.starts_with(&format!("jobs.toml:{place}: error: ")),
            "{found:.200}"
        );
        assert!(found.contains(&format!("[{code}]")), "{found:.200}");
        assert_eq!(found.lines().count(), 1, "{found:.2000}");
    }
    let at_the_limit = job(&format!("[jobs.a]\ncommand = '{}'\n", &long[1..]));
    assert_eq!(at_the_limit.command, Command::Shell(long[1..].into()));
}

#[test]
fn more_jobs_than_allowed_are_one_error() {
    let mut text = String::from("[jobs]\n");
    for index in 0..MAX_JOBS + 2 {
        let _ = writeln!(text, "j{index} = {{ command = 'x' }}");
    }
    let found = refused(&text);
    assert_eq!(
        found,
        format!(
            "jobs.toml:{}:1: error: there are more than {MAX_JOBS} jobs [too_many_jobs]\n",
            MAX_JOBS + 2
        )
    );
}

#[test]
fn a_flood_of_mistakes_is_bounded() {
    let text: String = (0..30_000).fold("[jobs.a]\ncommand = 'x'\n".into(), |mut text, index| {
        let _ = writeln!(text, "k{index} = 1");
        text
    });
    let loaded = survive(&text);
    assert_eq!(loaded.diagnostics.len(), limits::MAX_PROBLEMS + 1);
    assert_eq!(
        loaded.diagnostics.last().unwrap().message,
        "20000 more problems are not listed"
    );
}

#[test]
fn control_and_invisible_characters_are_refused_where_they_deceive() {
    for (text, place) in [
        ("[jobs.a]\ncommand = \"a\0b\"\n", "2:13"),
        ("[jobs.a]\ncommand = \"a\\u0000b\"\n", "2:11"),
        ("[jobs.a]\ncommand = \"a\\u001bb\"\n", "2:11"),
        ("[jobs.a]\ncommand = \"a\\u009bb\"\n", "2:11"),
        ("[jobs.a]\ncommand = 'x'\nname = 'a\u{202e}b'\n", "3:10"),
        ("[jobs.a]\ncommand = 'x'\nname = 'a\u{200b}b'\n", "3:10"),
        ("[jobs.a]\ncommand = 'x'\nname = \"a\\nb\"\n", "3:8"),
        (
            "[jobs.a]\ncommand = 'x'\ntags = ['a', 'b\u{2066}']\n",
            "3:16",
        ),
        ("[jobs.'a\u{202e}']\ncommand = 'x'\n", "1:7"),
        ("[jobs.'b\u{430}ckup']\ncommand = 'x'\n", "1:7"),
        ("[jobs.'../x']\ncommand = 'x'\n", "1:7"),
        ("[jobs.'']\ncommand = 'x'\n", "1:7"),
        (
            "[jobs.a]\ncommand = 'x'\nenv = { 'A\u{200b}' = '' }\n",
            "3:9",
        ),
        ("[jobs.a]\ncommand = 'x'\nenv = { '' = '' }\n", "3:9"),
        ("[jobs.a]\ncommand = 'x'\nenv = { 'A=B' = '' }\n", "3:9"),
        (
            "[jobs.a]\ncommand = 'x'\nenv = { A = \"\\u0000\" }\n",
            "3:13",
        ),
        (
            "[jobs.a]\ncommand = 'x'\ntimezone = '../../etc/passwd'\n",
            "3:12",
        ),
        ("[jobs.a]\ncommand = 'x'\ntimezone = ''\n", "3:12"),
        (
            "[jobs.a]\ncommand = 'x'\ncron = 'CRON_TZ=0 0 0 * * *'\n",
            "3:17",
        ),
    ] {
        let found = refused(text);
        assert!(
            found.starts_with(&format!("jobs.toml:{place}: ")),
            "{text:?}: {found}"
        );
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let script = job("[jobs.a]\ncommand = \"\"\"\n\tif true\r\n\tthen echo ü 👩‍🚀\r\nfi\"\"\"\n");
    assert_eq!(
        script.command,
        Command::Shell("\tif true\n\tthen echo ü 👩‍🚀\nfi".into())
    );
}

#[test]
fn no_message_shows_the_value_of_a_variable() {
    let secret = "hunter2";
    for value in [
        "'hunter2\\u0007'",
        "\"hunter2\\u0007\"",
        "['hunter2']",
        "{ hunter2 = 'hunter2' }",
    ] {
        let text = format!("[env]\nTOKEN = {value}\n");
        let loaded = load_text(&text);
        for problem in loaded.diagnostics {
            let shown = format!("{} {:?} {:?}", problem.message, problem.help, problem.label);
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
