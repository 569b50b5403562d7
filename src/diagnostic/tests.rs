//! What every rendering of a diagnostic has to hold: places, escaping, and what is left out.

use super::*;
use proptest::prelude::*;

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        text: text.into(),
    }
}

fn span_of(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).expect("the part is in the text");
    start..start + part.len()
}

#[test]
fn a_person_sees_the_line_underlined_with_a_label_a_second_place_and_help() {
    let text = "[jobs.a]\ncron = \"0 0 * * *\"\ncommand = 'x'\ninterval = \"2h\"\n";
    let problem = Diagnostic::error("several_triggers", "job `a` has two triggers")
        .at(0, span_of(text, "interval"))
        .label("second trigger")
        .related(
            Location {
                source: 0,
                span: span_of(text, "cron"),
            },
            "first trigger",
        )
        .help("keep one of them");
    let expected = "\
error[several_triggers]: job `a` has two triggers
 --> jobs.toml:4:1
  |
2 | cron = \"0 0 * * *\"
  | ---- first trigger
3 | command = 'x'
4 | interval = \"2h\"
  | ^^^^^^^^ second trigger
  |
  = help: keep one of them
";
    assert_eq!(
        render_human(&[problem], &[source("jobs.toml", text)], false),
        expected
    );
}

#[test]
fn a_second_place_in_another_file_is_an_excerpt_of_its_own() {
    let sources = [
        source("a.toml", "[jobs.x]\n"),
        source("b.toml", "# b\n[jobs.x]\n"),
    ];
    let problem = Diagnostic::error("duplicate_id", "job `x` is defined twice")
        .at(1, 10..11)
        .label("again here")
        .related(
            Location {
                source: 0,
                span: 6..7,
            },
            "first defined here",
        );
    let expected = "\
error[duplicate_id]: job `x` is defined twice
 --> b.toml:2:7
  |
2 | [jobs.x]
  |       ^ again here
  |
 ::: a.toml:1:7
  |
1 | [jobs.x]
  |       - first defined here
";
    assert_eq!(render_human(&[problem], &sources, false), expected);
}

#[test]
fn hostile_text_is_shown_as_text_and_columns_stay_right() {
    let text = "a = \"\x1b]52;c;eA==\x07\u{202e}\u{9b}x\u{200b}\" # end\r\nb = 1\r\n";
    let problem = Diagnostic::error("x", "bad `\x1b[2J\u{202e}\n`")
        .at(0, span_of(text, "x\u{200b}"))
        .label("l\x07")
        .help("h\u{9b}");
    let sources = [source("f\x1b.toml", text)];
    let human = render_human(std::slice::from_ref(&problem), &sources, false);
    let expected = "\
error[x]: bad `\\u{1b}[2J\\u{202e}\\n`
 --> f\\u{1b}.toml:1:20
  |
1 | a = \"␛]52;c;eA==␇��x�\" # end
  |                    ^^ l\\u{7}
  |
  = help: h\\u{9b}
";
    assert_eq!(human, expected);
    let short = render_short(std::slice::from_ref(&problem), &sources);
    assert_eq!(
        short,
        "f\\u{1b}.toml:1:20: error: bad `\\u{1b}[2J\\u{202e}\\n` [x] h\\u{9b}\n"
    );
    let json = render_json(&[problem], &sources);
    assert!(
        !json.chars().any(|c| c != '\n' && escape::is_unsafe(c)),
        "{json:?}"
    );
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(back[0]["message"], "bad `\x1b[2J\u{202e}\n`");
    assert_eq!(back[0]["column"], 20);
    assert_eq!(back[0]["end_column"], 22);
}

#[test]
fn json_gives_every_field_and_null_for_what_is_unknown() {
    let sources = [source("jobs.toml", "ä = 1\nö = 2\n")];
    let located = Diagnostic::warning("w", "careful")
        .at(0, 3..10)
        .help("do this");
    let json = render_json(&[Diagnostic::error("e", "nowhere"), located], &sources);
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        back,
        serde_json::json!([
            {"severity": "warning", "code": "w", "message": "careful", "file": "jobs.toml",
             "line": 1, "column": 3, "end_line": 2, "end_column": 3, "help": "do this"},
            {"severity": "error", "code": "e", "message": "nowhere", "file": null,
             "line": null, "column": null, "end_line": null, "end_column": null, "help": null},
        ])
    );
}

#[test]
fn short_lines_are_in_reading_order_of_source_and_place() {
    let sources = [source("a", "xyz\nxyz\n"), source("b", "xyz\n")];
    let problems = [
        Diagnostic::error("none", "no place"),
        Diagnostic::error("b", "in b").at(1, 0..1),
        Diagnostic::warning("a2", "second in a").at(0, 5..6),
        Diagnostic::error("a1", "first in a")
            .at(0, 2..3)
            .help("fix it"),
    ];
    assert_eq!(
        render_short(&problems, &sources),
        "a:1:3: error: first in a [a1] fix it\na:2:2: warning: second in a [a2]\n\
         b:1:1: error: in b [b]\nerror: no place [none]\n"
    );
}

#[test]
fn a_flood_shows_errors_first_and_counts_the_rest() {
    let text = "x\n".repeat(300);
    let mut problems: Vec<Diagnostic> = (0..150)
        .map(|line| Diagnostic::warning("w", "warned").at(0, line * 2..line * 2 + 1))
        .collect();
    problems.extend(
        (150..240).map(|line| Diagnostic::error("e", "wrong").at(0, line * 2..line * 2 + 1)),
    );
    let human = render_human(&problems, &[source("f", &text)], false);
    assert_eq!(human.matches("error[e]").count(), 90);
    assert_eq!(human.matches("warning[w]").count(), 10);
    assert!(
        human.ends_with("\n… and 140 more\n"),
        "{}",
        &human[human.len() - 60..]
    );
    assert_eq!(render_human(&[], &[], false), "");
}

#[test]
fn an_endless_line_is_named_and_not_shown() {
    let text = format!(
        "a = \"{}Z{}\"\n",
        "x".repeat(1_000_000),
        "y".repeat(1_000_000)
    );
    let problem = Diagnostic::error("e", "here")
        .at(0, span_of(&text, "Z"))
        .help("shorter");
    let human = render_human(&[problem], &[source("f", &text)], false);
    assert_eq!(human, "error[e]: here\n--> f:1:1000006\n = help: shorter\n");
}

#[test]
fn a_byte_order_mark_is_no_column() {
    let text = "\u{feff}abc\n";
    let problem = Diagnostic::error("e", "here").at(0, span_of(text, "b"));
    let human = render_human(std::slice::from_ref(&problem), &[source("f", text)], false);
    assert!(human.contains("f:1:2\n"), "{human}");
    assert!(human.contains("1 | abc\n  |  ^\n"), "{human}");
    assert!(render_short(&[problem], &[source("f", text)]).starts_with("f:1:2: "));
}

#[test]
fn a_span_of_several_lines_is_underlined_on_its_first_line() {
    let text = "a = [\n1,\n]\n";
    let problem = Diagnostic::error("e", "here").at(0, 4..10);
    let human = render_human(&[problem], &[source("f", text)], false);
    assert!(human.contains("1 | a = [\n  |     ^\n"), "{human}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let problem = || Diagnostic::error("e", "here").at(0, 0..1).help("so");
    let sources = [source("f", "abc\n")];
    let colored = render_human(&[problem()], &sources, true);
    assert!(colored.contains('\x1b'));
    let plain = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(plain, render_human(&[problem()], &sources, false));
}

proptest! {
    #[test]
    fn no_text_and_no_span_makes_a_renderer_panic_or_leak_controls(
        text in any::<String>(),
        message in any::<String>(),
        start in 0_usize..40, length in 0_usize..40, second in 0_usize..60,
    ) {
        let sources = [source("f", &text)];
        let problem = Diagnostic::error("e", message.clone())
            .at(0, start..start + length)
            .label(message.clone())
            .related(Location { source: 0, span: second..second + length }, message.clone())
            .help(message);
        let all = [problem];
        let unsafe_in = |out: &str| out.chars().any(|c| c != '\n' && escape::is_unsafe(c));
        prop_assert!(!unsafe_in(&render_human(&all, &sources, false)));
        prop_assert!(!unsafe_in(&render_short(&all, &sources)));
        prop_assert_eq!(render_short(&all, &sources).lines().count(), 1);
        let json = render_json(&all, &sources);
        prop_assert!(!unsafe_in(&json));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }

    #[test]
    fn positions_asked_in_any_order_are_those_of_a_count_from_the_start(
        text in "[\u{feff}a\nöé\r]{0,40}", offsets in prop::collection::vec(0_usize..80, 1..6),
    ) {
        let mut cursor = position::Cursor::default();
        for offset in offsets {
            let mut end = offset.min(text.len());
            while !text.is_char_boundary(end) { end -= 1; }
            let before = text[..end].strip_prefix('\u{feff}').unwrap_or(&text[..end]);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            prop_assert_eq!(cursor.position(&text, offset), Position { line, column });
        }
    }
}
