//! Comments that say something to rsched and nothing to cron: `# id: NAME` and `# allow: CODE…`.

use super::super::JobId;
use super::super::allow::Allowed;
use std::ops::Range;

/// What a comment says.
#[derive(Clone, Debug)]
pub enum Remark {
    /// The id of the entry below.
    Id(JobId, Range<usize>),
    /// An id that is none, and why.
    WrongId(String, Range<usize>),
    /// Warnings to be silenced.
    Allow(Allowed),
}

/// Reads the comment at `span`, which begins with `#`. None of most: comments are for people.
pub fn parse(text: &str, span: Range<usize>) -> Option<Remark> {
    let comment = text[span.clone()].trim_start_matches('#').trim();
    let (key, value) = comment.split_once(':')?;
    let value = value.trim();
    match key {
        // More than a word is a sentence that happens to begin so.
        "id" if !value.is_empty() && !value.contains(char::is_whitespace) => {
            let start = span.start + text[span].rfind(value)?;
            let span = start..start + value.len();
            Some(match JobId::parse(value) {
                Ok(id) => Remark::Id(id, span),
                Err(error) => Remark::WrongId(error.to_string(), span),
            })
        }
        "allow" => Allowed::of_words(value.split([' ', '\t', ','])).map(Remark::Allow),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comment: &str) -> Option<Remark> {
        parse(comment, 0..comment.len())
    }

    #[test]
    fn an_id_is_one_word() {
        for comment in ["# id: backup", "#id:backup", "## id:\tbackup "] {
            let Some(Remark::Id(id, span)) = read(comment) else {
                panic!("{comment}");
            };
            assert_eq!(
                (id.as_str(), &comment[span]),
                ("backup", "backup"),
                "{comment}"
            );
        }
        assert!(matches!(read("# id: ../x"), Some(Remark::WrongId(..))));
        for comment in [
            "# id: see the wiki",
            "# id:",
            "# the id: x",
            "# identity: x",
            "#",
        ] {
            assert!(read(comment).is_none(), "{comment}");
        }
    }

    #[test]
    fn codes_are_allowed_if_there_is_one_among_the_words() {
        let Some(Remark::Allow(allowed)) = read("# allow: either_day, uneven_step") else {
            panic!("codes");
        };
        assert!(Allowed::silences(&[&allowed], "uneven_step"));
        assert!(read("# allow: the backup some time").is_none());
    }
}
