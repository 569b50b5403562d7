//! What is said about a wrong text is well-formed, points into it, and can be shown in every format.

use crate::{bounded, hash};
use rsched::config::diagnostics_of_expression;
use rsched::diagnostic::{
    Diagnostic, Location, Source, render_human, render_json, render_short, summary,
};
use rsched::schedule::ScheduleError;

/// Checks the errors or warnings of an expression.
pub fn check_errors(text: &str, errors: Vec<ScheduleError>) {
    let source = Source {
        name: "<expression>".to_owned(),
        text: text.to_owned(),
    };
    check_diagnostics(&diagnostics_of_expression(errors, 0, 0), &[source]);
}

/// Checks diagnostics, and renders one in eight as people, editors and programs see them: that takes
/// longer than all else.
///
/// # Panics
/// If a place is outside its source, a message is no sentence of ours, a format is broken.
pub fn check_diagnostics(diagnostics: &[Diagnostic], sources: &[Source]) {
    for problem in diagnostics {
        check(problem, sources);
    }
    let is_chosen = |source: &Source| hash(source.text.as_bytes()).is_multiple_of(8);
    if !sources.iter().any(is_chosen) {
        return;
    }
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    // An excerpt is a few lines: so much is added to the input for each that is shown.
    let shown = bytes + 256 * diagnostics.len();
    let render = |color| render_human(diagnostics, sources, color);
    let human = bounded("rendering for people", shown, || render(false));
    let _ = render(true);
    let short = bounded("rendering in lines", shown, || {
        render_short(diagnostics, sources)
    });
    let json = bounded("rendering as JSON", shown, || {
        render_json(diagnostics, sources)
    });
    for text in [&human, &short, &json] {
        let is_harmless = |c: char| c == '\n' || !c.is_control();
        // The renderer for people keeps tabs and replaces them itself.
        assert!(text.chars().all(is_harmless), "{text:?}");
    }
    assert_eq!(short.lines().count(), diagnostics.len(), "{short}");
    let records: Vec<serde_json::Value> = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(records.len(), diagnostics.len());
    assert_eq!(human.is_empty(), diagnostics.is_empty());
    let _ = summary(diagnostics, sources);
}

fn check(problem: &Diagnostic, sources: &[Source]) {
    assert!(!problem.message.is_empty(), "{problem:?}");
    assert!(!problem.message.ends_with('.'), "{problem:?}");
    let is_code = |byte: u8| byte == b'_' || byte.is_ascii_lowercase();
    assert!(problem.code.bytes().all(is_code), "{problem:?}");
    let second = problem.related.as_ref().map(|(place, _)| place);
    for Location { source, span } in problem.location.iter().chain(second) {
        let text = &sources[*source].text;
        assert!(text.get(span.clone()).is_some(), "{problem:?} of {text:?}");
    }
}
