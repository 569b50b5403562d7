//! Rust source as words with their lines: just enough of the language that comments, strings and
//! lifetimes are not mistaken for code.

use std::path::PathBuf;

/// An identifier, `::`, or one character of punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// A file of the repository.
pub struct SourceFile {
    /// Relative to the repository.
    pub path: PathBuf,
    pub text: String,
    pub tokens: Vec<Token>,
}

impl SourceFile {
    pub fn new(path: PathBuf, text: String) -> Self {
        let tokens = tokens(&text);
        Self { path, text, tokens }
    }

    /// `src/a/b.rs:12`
    pub fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The lines at which these tokens follow each other.
    pub fn lines_with<'a>(&'a self, words: &'a [&'a str]) -> impl Iterator<Item = usize> + 'a {
        self.tokens
            .windows(words.len())
            .filter(move |window| {
                window
                    .iter()
                    .zip(words)
                    .all(|(token, word)| token.text == *word)
            })
            .map(|window| window[0].line)
    }
}

pub fn tokens(text: &str) -> Vec<Token> {
    let (mut at, mut line) = (0, 1);
    let mut tokens = Vec::new();
    while at < text.len() {
        let (length, is_code) = next_piece(&text[at..]);
        let piece = &text[at..at + length];
        if is_code {
            tokens.push(Token {
                text: piece.to_owned(),
                line,
            });
        }
        line += piece.matches('\n').count();
        at += length;
    }
    tokens
}

/// Bytes of the token, comment, literal or blank that the text begins with, and whether it is a
/// token.
fn next_piece(text: &str) -> (usize, bool) {
    let first = text.chars().next().expect("the text is not empty");
    if first.is_whitespace() {
        return (first.len_utf8(), false);
    }
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), false);
    }
    if text.starts_with("/*") {
        return (block_comment(text), false);
    }
    if let Some(length) = raw_string(text) {
        return (length, false);
    }
    let prefix = usize::from(text.starts_with(['b', 'c']));
    let literal = &text[prefix..];
    if literal.starts_with('"') {
        return (prefix + quoted(literal, '"'), false);
    }
    if let Some(rest) = literal.strip_prefix('\'') {
        let length = if is_lifetime(rest) {
            1 + word(rest)
        } else {
            quoted(literal, '\'')
        };
        return (prefix + length, false);
    }
    let length = if text.starts_with("::") {
        2
    } else {
        word(text).max(first.len_utf8())
    };
    (length, true)
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, `br#"…"#`.
fn raw_string(text: &str) -> Option<usize> {
    let start = text
        .strip_prefix("br")
        .or_else(|| text.strip_prefix("cr"))
        .or_else(|| text.strip_prefix('r'))?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    let body = start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &start[..hashes]);
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// What follows the quote of `&'a str`, not of `'a'`.
fn is_lifetime(rest: &str) -> bool {
    let mut chars = rest.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_') && chars.next() != Some('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_strings_and_lifetimes_are_no_code() {
        assert_eq!(words("a // unsafe\nb /* c /* d */ e */ f"), ["a", "b", "f"]);
        assert_eq!(
            words(r#"x("a\" unsafe", 'y', '\'', b'z', b"q")"#),
            ["x", "(", ",", ",", ",", ",", ")"]
        );
        assert_eq!(words("r#\"unsafe \" \"# u br\"x\" v"), ["u", "v"]);
        assert_eq!(words("&'a str"), ["&", "str"]);
    }

    #[test]
    fn paths_are_words_and_double_colons() {
        assert_eq!(
            words("crate::a::{b, c_1}"),
            ["crate", "::", "a", "::", "{", "b", ",", "c_1", "}"]
        );
        assert_eq!(
            words("#[allow(x)]"),
            ["#", "[", "allow", "(", "x", ")", "]"]
        );
    }

    #[test]
    fn lines_count_from_one_through_everything_skipped() {
        let lines: Vec<_> = tokens("a\n\"x\ny\"\n/*\n*/ b")
            .into_iter()
            .map(|token| token.line)
            .collect();
        assert_eq!(lines, [1, 5]);
    }
}
