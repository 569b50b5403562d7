//! A listener that is a mail address: a letter, handed to `sendmail`.

use super::notice::Notice;
use crate::daemon::mailer::Sendmail;
use crate::process::{Launch, Preparation, Program, Stdin};
use crate::sys::host;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Longer lines are broken: 998 is what mail allows (RFC 5322, 2.1.1), of bytes.
const MAX_LINE_CHARACTERS: usize = 240;

/// The process that takes the letter.
pub(super) fn launch(to: &str, sendmail: &Sendmail, notice: &Notice) -> Result<Launch, String> {
    let Some(program) = sendmail.program() else {
        return Err("there is no sendmail".to_owned());
    };
    let path = ("PATH".into(), "/usr/sbin:/usr/bin:/sbin:/bin".into());
    Ok(Launch {
        // The recipients are in the letter, and a lone dot does not end it.
        program: Program::Direct(vec![program.into(), "-i".into(), "-t".into()]),
        cwd: PathBuf::from("/"),
        environment: [path].into(),
        environment_file: None,
        stdin: Stdin::Text(letter(to, &host::name(), notice).into_bytes()),
        preparation: Preparation::default(),
    })
}

/// Nothing in the head of it can hold a line end: addresses and ids are checked, names of hosts are not.
fn letter(to: &str, host: &str, notice: &Notice) -> String {
    let host: String = host.chars().filter(char::is_ascii_graphic).collect();
    let mut letter = format!(
        "To: {to}\nSubject: rsched on {host}: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n",
        notice.title()
    );
    for line in notice.letter().lines() {
        let mut rest = line;
        while let Some((at, _)) = rest.char_indices().nth(MAX_LINE_CHARACTERS) {
            let (begin, end) = rest.split_at(at);
            // Writing to a String cannot fail, here and below.
            _ = writeln!(letter, "{begin}");
            rest = end;
        }
        _ = writeln!(letter, "{rest}");
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JobId;
    use crate::scheduler::{Emitted, EventName, Outcome};
    use crate::time::Zone;

    #[test]
    fn a_letter_says_what_happened_and_what_was_printed() {
        let told = Emitted {
            seq: 7,
            outcome: Some(Outcome::Failed),
            exit_code: Some(3),
            output_tail: Some(format!("no space left\n{}\n", "x".repeat(300)).into()),
            ..Emitted::about(EventName::JobError, &JobId::parse("backup").unwrap())
        };
        let notice = Notice::new(&told, &Zone::utc());
        let letter = letter("ops@example.org", "db\n1", &notice);
        let (head, body) = letter.split_once("\n\n").unwrap();
        assert_eq!(head.lines().count(), 6);
        assert!(head.contains("Subject: rsched on db1: job_error of job \"backup\"\n"));
        assert!(
            body.starts_with("Job \"backup\" failed (exit 3)\n\n"),
            "{body}"
        );
        assert!(body.contains("exit_code    3\n"), "{body}");
        assert!(
            body.contains("\nThe end of what it printed:\n\nno space left\nxxx"),
            "{body}"
        );
        assert!(body.lines().all(|line| line.len() <= 240), "{body}");
    }
}
