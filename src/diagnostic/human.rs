//! Diagnostics for people: the offending line, underlined, with what to write instead.
//!
//! The renderer is rustc's; what is done here is to hand it only the lines it shows (a file may be
//! 16 MiB) and only characters that keep their column and cannot act on a terminal.

use super::escape::visible;
use super::position::{BOM, clamp};
use super::{Diagnostic, Location, Severity, Source, escape, position_of, sorted};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// Most diagnostics shown to a person; the rest is counted.
pub const MAX_SHOWN: usize = 100;

/// Two places further apart than this many bytes are shown as two excerpts.
const MAX_JOINED: usize = 16 * 1024;

/// Longest piece of a source that is shown; of a longer line only the place is named.
const MAX_EXCERPT: usize = 128 * 1024;

/// All diagnostics in reading order, a blank line between them, at most [`MAX_SHOWN`] (errors
/// first when there are more), then `… and N more`. Empty for none; ends with a line end else.
#[must_use]
pub fn render_human(diagnostics: &[Diagnostic], sources: &[Source], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let shown = shown(diagnostics);
    let mut out = String::new();
    for diagnostic in &shown {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(diagnostic, sources)]));
        out.push('\n');
    }
    let more = diagnostics.len() - shown.len();
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n… and {more} more");
    }
    out
}

/// Errors before warnings when there is no room for all; in reading order either way.
fn shown(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let all = sorted(diagnostics);
    let errors = all
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    let mut errors_left = errors.min(MAX_SHOWN);
    let mut warnings_left = MAX_SHOWN - errors_left;
    all.into_iter()
        .filter(|diagnostic| {
            let left = if diagnostic.is_error() {
                &mut errors_left
            } else {
                &mut warnings_left
            };
            let keep = *left > 0;
            *left = left.saturating_sub(1);
            keep
        })
        .collect()
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(escape(&diagnostic.message))
        .id(diagnostic.code);
    let mut group = Group::with_title(title);
    group = match &diagnostic.location {
        Some(place) => excerpts(group, diagnostic, place, sources),
        None => group,
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(escape(help))),
        None => group,
    }
}

fn excerpts<'a>(
    group: Group<'a>,
    diagnostic: &'a Diagnostic,
    place: &Location,
    sources: &'a [Source],
) -> Group<'a> {
    let Some(source) = sources.get(place.source) else {
        return group;
    };
    let mut primary = vec![Mark::new(
        source,
        place,
        AnnotationKind::Primary,
        diagnostic.label.as_deref(),
    )];
    let second = diagnostic.related.as_ref().and_then(|(second, label)| {
        let source = sources.get(second.source)?;
        Some((
            second,
            source,
            Mark::new(source, second, AnnotationKind::Context, Some(label)),
        ))
    });
    match second {
        None => excerpt(group, source, &primary),
        Some((second, _, mark)) if is_near(place, second) => {
            primary.push(mark);
            excerpt(group, source, &primary)
        }
        Some((_, second_source, mark)) => {
            excerpt(excerpt(group, source, &primary), second_source, &[mark])
        }
    }
}

fn is_near(one: &Location, other: &Location) -> bool {
    one.source == other.source && one.span.start.abs_diff(other.span.start) <= MAX_JOINED
}

/// A place to underline, cut to the first line of what it spans.
struct Mark<'a> {
    span: Range<usize>,
    kind: AnnotationKind,
    label: Option<&'a str>,
}

impl<'a> Mark<'a> {
    fn new(
        source: &Source,
        place: &Location,
        kind: AnnotationKind,
        label: Option<&'a str>,
    ) -> Self {
        Self {
            span: first_line(source, place),
            kind,
            label,
        }
    }
}

fn first_line(source: &Source, place: &Location) -> Range<usize> {
    let span = clamp(&source.text, &place.span);
    let text = &source.text[span.clone()];
    let length = text.find('\n').unwrap_or(text.len());
    let length = text[..length].trim_end_matches('\r').len();
    span.start..span.start + length
}

/// The lines from the first mark to the last, made harmless, under `file:line:column`.
fn excerpt<'a>(group: Group<'a>, source: &'a Source, marks: &[Mark<'a>]) -> Group<'a> {
    let Some(main) = marks.first() else {
        return group;
    };
    let text = &source.text;
    let first = marks.iter().map(|mark| mark.span.start).min().unwrap_or(0);
    let last = marks
        .iter()
        .map(|mark| mark.span.end)
        .max()
        .unwrap_or(first);
    let window = whole_lines(text, first, last);
    if window.len() > MAX_EXCERPT {
        let at = position_of(text, main.span.start);
        return group.element(
            Origin::path(escape(&source.name))
                .line(at.line)
                .char_column(at.column),
        );
    }
    let shown = Shown::copy(text, window.clone());
    let annotations: Vec<Annotation<'a>> = marks
        .iter()
        .map(|mark| {
            let span = shown.offset(mark.span.start)..shown.offset(mark.span.end);
            mark.kind.span(span).label(mark.label.map(escape))
        })
        .collect();
    let snippet = Snippet::source(shown.text)
        .line_start(position_of(text, window.start).line)
        .path(escape(&source.name))
        .annotations(annotations);
    group.element(snippet)
}

fn whole_lines(text: &str, first: usize, last: usize) -> Range<usize> {
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let end = if text[..end].ends_with('\r') && end < text.len() {
        end - 1
    } else {
        end
    };
    start..end.max(last)
}

/// A harmless copy of a part of a source, and where its bytes went.
struct Shown {
    text: String,
    /// For each copied character: its offset in the source and in `text`; the end last.
    offsets: Vec<(usize, usize)>,
}

impl Shown {
    fn copy(source: &str, window: Range<usize>) -> Self {
        let mut text = String::with_capacity(window.len() + 8);
        let mut offsets = Vec::with_capacity(window.len() + 1);
        let part = &source[window.clone()];
        for (at, c) in part.char_indices() {
            let skipped = (c == '\r' && part[at + 1..].starts_with('\n'))
                || (c == BOM && window.start + at == 0);
            offsets.push((window.start + at, text.len()));
            match c {
                _ if skipped => {}
                '\n' => text.push(c),
                c => text.push(visible(c)),
            }
        }
        offsets.push((window.end, text.len()));
        Self { text, offsets }
    }

    fn offset(&self, source_offset: usize) -> usize {
        let next = self.offsets.partition_point(|(at, _)| *at < source_offset);
        self.offsets
            .get(next)
            .map_or(self.text.len(), |(_, at)| *at)
    }
}
