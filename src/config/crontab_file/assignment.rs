//! `NAME = value` lines, by the rules of cron's own reader (ISC cron's and cronie's `load_env`):
//! blanks around the `=`, quotes around the name or the value, blanks at the end dropped. Nothing is
//! expanded, and `#` begins no comment.

use std::ops::Range;

/// An assignment as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment<'t> {
    /// Without its quotes.
    pub name: &'t str,
    /// With them.
    pub name_span: Range<usize>,
    /// Without its quotes.
    pub value: &'t str,
    /// Without its quotes.
    pub value_span: Range<usize>,
    /// Whether the value stands in quotes.
    pub is_quoted: bool,
}

/// Why a line that has a `=` in the right place is no assignment after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The quote that opens here is not closed.
    OpenQuote(Range<usize>),
    /// This stands behind the closing quote.
    AfterQuote(Range<usize>),
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Reads the line at `span`, which begins with no blank.
///
/// None: it is no assignment, but perhaps an entry.
pub fn parse(text: &str, span: Range<usize>) -> Option<Result<Assignment<'_>, Broken>> {
    let line = &text[span.clone()];
    let (name, after_name) = name(line)?;
    let name_span = span.start..span.start + after_name;
    let rest = &line[after_name..];
    let rest = rest.trim_start_matches(is_space).strip_prefix('=')?;
    let value_start = span.end - rest.trim_start_matches(is_space).len();
    let written = &text[value_start..span.end];
    let quote = written.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let value_span = match quote {
        Some(quote) => quoted_value(written, quote, value_start),
        None => Ok(value_start..value_start + written.trim_end_matches(is_space).len()),
    };
    Some(value_span.map(|value_span| Assignment {
        name,
        name_span,
        value: &text[value_span.clone()],
        value_span,
        is_quoted: quote.is_some(),
    }))
}

/// The name without quotes, and where it ends with them.
fn name(line: &str) -> Option<(&str, usize)> {
    if let Some(quote @ ('\'' | '"')) = line.chars().next() {
        let end = 1 + line[1..].find(quote)?;
        let name = &line[1..end];
        return (!name.contains('=')).then_some((name, end + 1));
    }
    let end = line.find(|c| is_space(c) || c == '=')?;
    Some((&line[..end], end))
}

/// Where the value is, without its quotes, in the file.
fn quoted_value(written: &str, quote: char, start: usize) -> Result<Range<usize>, Broken> {
    let Some(length) = written[1..].find(quote) else {
        return Err(Broken::OpenQuote(start..start + 1));
    };
    let behind = &written[length + 2..];
    let extra = behind.trim_matches(is_space);
    if extra.is_empty() {
        return Ok(start + 1..start + 1 + length);
    }
    let extra_start = start + written.len() - behind.trim_start_matches(is_space).len();
    Err(Broken::AfterQuote(extra_start..extra_start + extra.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(String, String)> {
        let assignment = parse(line, 0..line.len())?.ok()?;
        assert_eq!(assignment.value, &line[assignment.value_span.clone()]);
        assert!(line[assignment.name_span].contains(assignment.name));
        Some((assignment.name.to_owned(), assignment.value.to_owned()))
    }

    #[test]
    fn blanks_and_quotes_are_taken_as_cron_takes_them() {
        for (line, name, value) in [
            ("A=b", "A", "b"),
            ("A = b c  ", "A", "b c"),
            ("A\t=\tb", "A", "b"),
            ("A=\" b \"", "A", " b "),
            ("A=' b \"c\" '  ", "A", " b \"c\" "),
            ("A=b \"c\"", "A", "b \"c\""),
            ("\"A\" = 'b'", "A", "b"),
            ("A=\"\"", "A", ""),
            ("A=", "A", ""),
            ("A==b=c", "A", "=b=c"),
            ("A=b # c", "A", "b # c"),
            ("A=$HOME/%b", "A", "$HOME/%b"),
            ("A=ä", "A", "ä"),
            ("A=\"it's\"", "A", "it's"),
        ] {
            let expected = Some((name.to_owned(), value.to_owned()));
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_assignment_may_be_an_entry() {
        for line in [
            "* * * * * A=b c",
            "export A=b",
            "@daily x=1",
            "\"A=b\" = c",
            "\"A = c",
            "A",
            "",
        ] {
            assert_eq!(parse(line, 0..line.len()), None, "{line}");
        }
    }

    #[test]
    fn quotes_have_to_match_and_nothing_may_follow_them() {
        let broken = |line: &str| parse(line, 0..line.len()).unwrap().unwrap_err();
        assert_eq!(broken("A = \"b"), Broken::OpenQuote(4..5));
        assert_eq!(broken("A='b\""), Broken::OpenQuote(2..3));
        assert_eq!(broken("A=\"b\"  c "), Broken::AfterQuote(7..8));
        assert_eq!(broken("A=\"b\"c"), Broken::AfterQuote(5..6));
    }
}
