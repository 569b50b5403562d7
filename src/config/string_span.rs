//! From a place inside a TOML string's value to the place in the file.

use std::ops::Range;

/// Where `inner`, bytes of the string's `value`, stands in `text`, where the whole string with its
/// quotes is at `span`. Exact where the value is written as it is; a string with escapes, or with
/// line ends that the parser changed, is pointed at as a whole.
pub(super) fn in_source(
    text: &str,
    span: Range<usize>,
    value: &str,
    inner: Range<usize>,
) -> Range<usize> {
    let Some(start) = text
        .get(span.clone())
        .and_then(|raw| start_of_value(raw, value))
    else {
        return span;
    };
    // A place at the end of the value is the closing quote's: `"0 0 * *"` lacks something there.
    let place = span.start + start + inner.start..span.start + start + inner.end;
    if inner.start <= inner.end && inner.end <= value.len() && text.get(place.clone()).is_some() {
        place
    } else {
        span
    }
}

/// Bytes before the value in the raw string, if the value stands there unchanged.
fn start_of_value(raw: &str, value: &str) -> Option<usize> {
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| raw.starts_with(quote))?;
    let after = &raw[quote.len()..];
    // The line end right after an opening triple quote is not part of the value.
    let newline = match (quote.len(), after.as_bytes()) {
        (3, [b'\n', ..]) => 1,
        (3, [b'\r', b'\n', ..]) => 2,
        _ => 0,
    };
    let rest = after[newline..].strip_prefix(value)?;
    (rest == quote).then_some(quote.len() + newline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown<'a>(text: &'a str, value: &str, part: &str) -> &'a str {
        let start = value.find(part).unwrap();
        let span = 4..text.len();
        &text[in_source(text, span, value, start..start + part.len())]
    }

    #[test]
    fn a_part_of_a_plain_string_is_found_in_the_file() {
        assert_eq!(shown("a = \"0 99 *\"", "0 99 *", "99"), "99");
        assert_eq!(shown("a = '0 99 *'", "0 99 *", "99"), "99");
        assert_eq!(shown("a = \"\"\"\n0 99\n*\"\"\"", "0 99\n*", "99"), "99");
        assert_eq!(shown("a = '''\r\n0 99'''", "0 99", "99"), "99");
        assert_eq!(shown("a = \"ä 99\"", "ä 99", "99"), "99");
    }

    #[test]
    fn a_string_with_escapes_is_underlined_whole() {
        assert_eq!(shown("a = \"0\\t99\"", "0\t99", "99"), "\"0\\t99\"");
        assert_eq!(
            shown("a = \"\"\"0 \\\n 99\"\"\"", "0 99", "99"),
            "\"\"\"0 \\\n 99\"\"\""
        );
    }

    proptest! {
        #[test]
        fn nothing_panics_and_the_place_is_always_inside_the_text(
            text in any::<String>(), value in any::<String>(),
            a in 0_usize..50, b in 0_usize..50, c in 0_usize..50, d in 0_usize..50,
        ) {
            let place = in_source(&text, a..b, &value, c..d);
            prop_assert!(place == (a..b) || text.get(place).is_some());
        }
    }
}
