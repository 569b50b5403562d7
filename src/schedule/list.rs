//! The comma-separated list that every field of both cron languages is.

use super::error::ScheduleError;
use std::ops::Range;

/// The items of the list in `span` of `text`, with their places; blanks around commas are not
/// part of an item.
///
/// # Errors
/// An empty item, with the comma that should not be there.
pub(super) fn items(
    text: &str,
    span: Range<usize>,
    noun: &str,
) -> impl Iterator<Item = Result<Range<usize>, ScheduleError>> {
    let mut rest = Some(span.clone());
    std::iter::from_fn(move || {
        let current = rest.take()?;
        let bytes = text.as_bytes().get(current.clone())?;
        let comma = bytes
            .iter()
            .position(|&byte| byte == b',')
            .map(|at| current.start + at);
        rest = comma.map(|comma| comma + 1..current.end);
        let item = trimmed(text, current.start..comma.unwrap_or(current.end));
        if item.is_empty() {
            rest = None;
            return Some(Err(empty_item(text, &span, &current, comma, noun)));
        }
        Some(Ok(item))
    })
}

/// `span` without the blanks at its ends.
pub(super) fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let bytes = &text.as_bytes()[span.clone()];
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let Some(first) = bytes.iter().position(is_text) else {
        return span.start..span.start;
    };
    let last = bytes.iter().rposition(is_text).unwrap_or(first);
    span.start + first..span.start + last + 1
}

fn empty_item(
    text: &str,
    list: &Range<usize>,
    item: &Range<usize>,
    comma: Option<usize>,
    noun: &str,
) -> ScheduleError {
    let written = text.get(list.clone()).unwrap_or_default();
    // The comma behind the empty place, or the one before it at the end of the list.
    let at = comma.unwrap_or_else(|| item.start.saturating_sub(1).max(list.start));
    let span = at..(at + 1).min(list.end.max(at));
    if written.trim().is_empty() {
        return ScheduleError::new(
            "empty_field",
            list.clone(),
            format!("the {noun} field is empty"),
        )
        .help("write `*` for every value");
    }
    let message = format!("an empty item in the list `{written}` of the {noun} field");
    let kept: Vec<&str> = written
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect();
    let error = ScheduleError::new("empty_list_item", span, message)
        .label("nothing on one side of this comma");
    if kept.is_empty() {
        error.help("write `*` for every value")
    } else {
        error.help(format!("write `{}`", kept.join(",")))
    }
}
