//! `output = { mail = … }`: to whom what a job prints is mailed, and what the mail says of itself.

use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, boolean, filled_text, wrong_type};
use crate::diagnostic::quoted;
use toml::de::DeValue;

/// Longest list of addresses: a line of a mail has at most 998 bytes (RFC 5322, 2.1.1).
const MAX_ADDRESS_BYTES: usize = 900;

/// Mails of what a job prints. All texts are one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mail {
    /// Addresses, as in the header of a mail; none = the user whom the job runs as.
    pub to: Option<String>,
    /// From whom it is; none = the user whom the job runs as.
    pub from: Option<String>,
    /// `Content-Type`; none = text in UTF-8.
    pub content_type: Option<String>,
    /// `Content-Transfer-Encoding`; none = 8bit.
    pub transfer_encoding: Option<String>,
    /// Whether there is no mail of a run that succeeds.
    pub only_failures: bool,
}

impl Mail {
    /// The rest of a table that has a `mail`.
    pub(super) fn read(
        mail: &Entry<'_>,
        mut own: Table<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let before = problems.errors();
        let mut line = |own: &mut Table<'_>, key| {
            let entry = own.take(key)?;
            let text = filled_text(&entry, TextKind::Line, problems)?;
            Some(text.trim().to_owned())
        };
        let content_type = line(&mut own, "content_type");
        let transfer_encoding = line(&mut own, "transfer_encoding");
        let to = match mail.value {
            DeValue::Boolean(true) => None,
            DeValue::String(_) => address(mail, problems),
            _ => {
                problems.push(wrong_type(mail, "an address, or true for the job's user"));
                None
            }
        };
        let from = own.take("from").and_then(|it| address(&it, problems));
        let only_failures = own.take("only_failures");
        let only_failures = only_failures.and_then(|it| boolean(&it, problems));
        own.finish(problems);
        (problems.errors() == before).then(|| Self {
            to,
            from,
            content_type,
            transfer_encoding,
            only_failures: only_failures.unwrap_or(false),
        })
    }
}

fn address(entry: &Entry<'_>, problems: &mut Problems) -> Option<String> {
    let text = filled_text(entry, TextKind::Name, problems)?;
    let Err(why) = check_address(&text) else {
        return Some(text.trim().to_owned());
    };
    let message = format!("{} {why}", quoted(entry.key));
    problems.push(entry.error("bad_address", message));
    None
}

/// Whether a text may stand where a mail system expects addresses. What it makes of them is its own
/// business, but nothing here may be an option, a program or a file to it (aliases(5)).
///
/// # Errors
/// Why it may not.
pub(super) fn check_address(text: &str) -> Result<(), String> {
    if text.len() > MAX_ADDRESS_BYTES {
        let bytes = text.len();
        return Err(format!(
            "is {bytes} bytes long, {MAX_ADDRESS_BYTES} are the most"
        ));
    }
    for address in text.split(',').map(str::trim) {
        if address.is_empty() {
            return Err("has an empty address in it".to_owned());
        }
        if address.starts_with(['-', '/', '|', ':']) {
            return Err(format!("is {}, expected an address", quoted(text)));
        }
    }
    let is_allowed = |c: char| c.is_alphanumeric() || "@!:%-+=_.,<> \"'&*?^~/".contains(c);
    match text.chars().find(|c| !is_allowed(*c)) {
        None => Ok(()),
        Some(c) => {
            let found = quoted(&c.to_string());
            Err(format!("has {found} in it, expected addresses"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_address;

    #[test]
    fn addresses_are_names_of_people_not_of_programs_files_or_options() {
        for text in [
            "root",
            "ops@example.org",
            "ops@example.org, joe",
            "ops+cron@example.org",
            "\"Joe Doe\" <joe@example.org>",
            "jörg@beispiel.de",
            "host!joe",
        ] {
            assert_eq!(check_address(text), Ok(()), "{text}");
        }
        for (text, why) in [
            ("-oQ/tmp", "is `-oQ/tmp`, expected an address"),
            (
                "joe,/etc/passwd",
                "is `joe,/etc/passwd`, expected an address",
            ),
            ("|sh", "is `|sh`, expected an address"),
            ("joe,,ann", "has an empty address in it"),
            ("$USER@example.org", "has `$` in it, expected addresses"),
            ("joe\nBcc: ann", "has `\\n` in it, expected addresses"),
            ("joe # ops", "has `#` in it, expected addresses"),
            ("a`id`", "has ``` in it, expected addresses"),
        ] {
            assert_eq!(check_address(text).unwrap_err(), why, "{text}");
        }
        assert!(check_address(&"a".repeat(901)).is_err());
    }
}
