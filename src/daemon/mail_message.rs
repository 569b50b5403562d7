//! A mail as bytes, with the headers that cron gives its mails: what filters of people go by.
//!
//! Each header is one line whatever is in it: a command or a host cannot add headers of its own.

use std::io::Write as _;

/// What a header says is cut there: a line of a mail has at most 998 bytes (RFC 5322, 2.1.1).
const MAX_HEADER_BYTES: usize = 900;

/// A mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct MailMessage<'a> {
    /// An address, or the name of a user.
    pub from: &'a str,
    /// Addresses, or names of users, between commas.
    pub to: &'a str,
    pub subject: &'a str,
    /// None: text in UTF-8.
    pub content_type: Option<&'a str>,
    /// None: `8bit`.
    pub transfer_encoding: Option<&'a str>,
    /// Headers behind those, each with its name.
    pub more: &'a [(&'static str, String)],
    pub body: &'a [u8],
}

impl MailMessage<'_> {
    /// Headers, a blank line, the body as it is.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + 1024);
        // As cronie writes it, which is also right by RFC 5322: in that a comment is no name.
        let from = format!("\"(Cron Daemon)\" <{}>", bare(self.from));
        header(&mut out, "From", &from);
        header(&mut out, "To", self.to);
        header(&mut out, "Subject", self.subject);
        header(&mut out, "MIME-Version", "1.0");
        let content_type = self.content_type.unwrap_or("text/plain; charset=UTF-8");
        header(&mut out, "Content-Type", content_type);
        let encoding = self.transfer_encoding.unwrap_or("8bit");
        header(&mut out, "Content-Transfer-Encoding", encoding);
        // No answers from people on holiday, please (RFC 3834).
        header(&mut out, "Auto-Submitted", "auto-generated");
        header(&mut out, "Precedence", "bulk");
        for (name, value) in self.more {
            header(&mut out, name, value);
        }
        out.push(b'\n');
        out.extend_from_slice(self.body);
        out
    }
}

/// The address alone: `Joe <joe@example.org>` has it in brackets already.
fn bare(address: &str) -> &str {
    let inside = address.rsplit_once('<');
    let inside = inside.and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(address, |(address, _)| address)
}

fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut value = value.replace(is_break, " ");
    if value.len() > MAX_HEADER_BYTES {
        let end = (0..=MAX_HEADER_BYTES)
            .rev()
            .find(|at| value.is_char_boundary(*at));
        value.truncate(end.unwrap_or(0));
        value.push('…');
    }
    // Writing to a Vec cannot fail.
    let _ = writeln!(out, "{name}: {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: MailMessage<'_> = MailMessage {
        from: "root",
        to: "ops@example.org",
        subject: "Cron <root@host> x",
        content_type: None,
        transfer_encoding: None,
        more: &[],
        body: b"a\n\n.\n\xff",
    };

    #[test]
    fn a_mail_has_crons_headers_and_the_output_as_it_is() {
        let expected = b"From: \"(Cron Daemon)\" <root>\n\
            To: ops@example.org\n\
            Subject: Cron <root@host> x\n\
            MIME-Version: 1.0\n\
            Content-Type: text/plain; charset=UTF-8\n\
            Content-Transfer-Encoding: 8bit\n\
            Auto-Submitted: auto-generated\n\
            Precedence: bulk\n\
            X-Cron-Env: <A=b c>\n\
            \n\
            a\n\n.\n\xff";
        let more = [("X-Cron-Env", "<A=b\nc>".to_owned())];
        let message = MailMessage {
            more: &more,
            ..MESSAGE
        };
        assert_eq!(
            String::from_utf8_lossy(&message.bytes()),
            String::from_utf8_lossy(expected)
        );
    }

    #[test]
    fn a_name_before_an_address_is_not_put_into_the_brackets() {
        for (from, header) in [
            ("joe", "From: \"(Cron Daemon)\" <joe>\n"),
            (
                "Joe <joe@example.org>",
                "From: \"(Cron Daemon)\" <joe@example.org>\n",
            ),
            ("<joe", "From: \"(Cron Daemon)\" <<joe>\n"),
        ] {
            let bytes = MailMessage { from, ..MESSAGE }.bytes();
            assert!(bytes.starts_with(header.as_bytes()), "{from}");
        }
    }

    proptest! {
        #[test]
        fn nothing_adds_a_header_or_a_long_line(text in "[\\PC\r\n\u{85}\u{2028}:]{0,20}|.{0,2000}") {
            let more = [("X-Cron-Env", text.clone())];
            let message = MailMessage {
                from: &text, to: &text, subject: &text, content_type: Some(&text), transfer_encoding: Some(&text),
                more: &more, body: b"",
            };
            let bytes = String::from_utf8(message.bytes()).unwrap();
            let names: Vec<_> = bytes.lines().map(|line| line.split(':').next().unwrap()).collect();
            prop_assert_eq!(names, [
                "From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
                "Auto-Submitted", "Precedence", "X-Cron-Env", "",
            ]);
            prop_assert!(!bytes.contains('\r'));
            prop_assert!(bytes.lines().all(|line| line.len() <= 998));
        }
    }
}
