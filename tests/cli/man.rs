//! `rsched man`.

use crate::sandbox::Sandbox;
use rsched::cli::ExitCode;

/// The lines of a section, without its heading.
fn section<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = page
        .lines()
        .skip_while(|line| *line != format!(".SH {heading}"))
        .skip(1);
    lines.take_while(|line| !line.starts_with(".SH ")).collect()
}

fn page() -> String {
    let ended = Sandbox::new().run(["man"]);
    let page = ended.stdout.clone();
    ended.stderr("").success();
    page
}

#[test]
fn the_page_lists_every_exit_code_with_its_meaning() {
    let page = page();
    let section = section(&page, "\"EXIT STATUS\"");
    let listed: Vec<_> = section
        .iter()
        .filter_map(|line| line.strip_prefix("\\fB")?.strip_suffix("\\fR"))
        .collect();
    let codes: Vec<_> = ExitCode::ALL
        .iter()
        .map(|code| code.number().to_string())
        .collect();
    assert_eq!(listed, codes);
    for code in ExitCode::ALL {
        assert!(section.contains(&code.meaning()), "{code:?}");
    }
}

#[test]
fn the_page_has_the_sections_people_look_for() {
    let page = page();
    for heading in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "COMMANDS",
        "OPTIONS",
        "\"EXIT STATUS\"",
        "SIGNALS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
        "\"SEE ALSO\"",
    ] {
        assert!(!section(&page, heading).is_empty(), "{heading}");
    }
}

#[test]
fn the_page_is_the_same_on_every_machine() {
    let elsewhere = Sandbox::new()
        .variable("TZ", "Asia/Tokyo")
        .variable("TZDIR", "/nonexistent")
        .run(["man"]);
    assert_eq!(elsewhere.stdout, page());
}
