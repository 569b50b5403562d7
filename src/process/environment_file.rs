//! Environment files: a `KEY=value` to a line.
//!
//! Values are secrets: no message shows any part of one, nor of a line that could be one.

use super::spawn_error::errno_of;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// More than any environment: the kernel takes some two megabytes with all arguments.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file gives no variables. The text names the file, and the line where it is one's fault.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentFileError {
    /// The system refused.
    #[error("cannot read env_file `{path}`: {why}", path = .0.display(), why = .1.desc().to_lowercase())]
    System(PathBuf, Errno),
    /// It is no regular file, or a huge one.
    #[error("env_file `{path}` {what}", path = .0.display(), what = .1)]
    Unfit(PathBuf, &'static str),
    /// A line is not of the form.
    #[error("env_file `{path}`, line {line}: {what}", path = .0.display(), line = .1, what = .2)]
    Line(PathBuf, usize, &'static str),
}

/// Reads the variables of a file, in its order.
///
/// # Errors
/// [`EnvironmentFileError`].
pub fn read(path: &Path) -> Result<Vec<(OsString, OsString)>, EnvironmentFileError> {
    let failed = |error: io::Error| EnvironmentFileError::System(path.to_owned(), errno_of(&error));
    let unfit = |what| Err(EnvironmentFileError::Unfit(path.to_owned(), what));
    // O_NONBLOCK: a pipe that nobody writes to must not hold us up.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut options = File::options();
    let opened = options.read(true).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return unfit("is no regular file");
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return unfit("is larger than 1 MiB");
    }
    parse(&bytes).map_err(|(line, what)| EnvironmentFileError::Line(path.to_owned(), line, what))
}

/// The variables of a text: blank lines and those that begin with `#` say nothing. Blanks around a
/// value do not belong to it, nor does a pair of quotes around all of it; nothing else is
/// interpreted. A wrong line is named by its number, from 1, and by what is wrong.
fn parse(text: &[u8]) -> Result<Vec<(OsString, OsString)>, (usize, &'static str)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut variables = Vec::new();
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let (name, value) = variable(line).map_err(|what| (number, what))?;
        let own = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        variables.push((own(name), own(value)));
    }
    Ok(variables)
}

fn variable(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let Some(equals) = line.iter().position(|&byte| byte == b'=') else {
        return Err("there is no `=`, expected `KEY=value`");
    };
    let (name, value) = (&line[..equals], line[equals + 1..].trim_ascii());
    if name.is_empty() {
        return Err("there is no name before the `=`, expected `KEY=value`");
    }
    if name.starts_with(b"export ") {
        return Err("`export` is for a shell, expected `KEY=value`");
    }
    if name.iter().any(u8::is_ascii_whitespace) {
        return Err("there is a blank before the `=`, expected `KEY=value`");
    }
    if name.iter().any(u8::is_ascii_control) {
        return Err("the name contains a control character");
    }
    if value.contains(&0) {
        return Err("the value contains a NUL byte, which no program can be given");
    }
    Ok((name, unquoted(value)?))
}

fn unquoted(value: &[u8]) -> Result<&[u8], &'static str> {
    match value {
        [quote @ (b'"' | b'\''), inner @ .., last] if quote == last => Ok(inner),
        [b'"' | b'\'', ..] => Err("the value begins with a quote and does not end with it"),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn parsed(text: &str) -> Vec<(String, String)> {
        let text_of = |text: OsString| text.into_string().unwrap();
        parse(text.as_bytes())
            .unwrap()
            .into_iter()
            .map(|(name, value)| (text_of(name), text_of(value)))
            .collect()
    }

    #[test]
    fn a_line_is_a_variable() {
        let text = "\u{feff}A=1\r\n# no B=2\n\n  C = 3".replace(" = ", "=");
        let expected = [("A", "1"), ("C", "3")];
        assert_eq!(parsed(&text), expected.map(|(a, b)| (a.into(), b.into())));
        assert_eq!(parsed(""), []);
    }

    #[test]
    fn nothing_of_a_value_is_interpreted_but_quotes_around_it() {
        for (line, value) in [
            ("A=", ""),
            ("A=a=b", "a=b"),
            ("A= b c ", "b c"),
            ("A=\" b \"", " b "),
            ("A=''", ""),
            ("A='it's'", "it's"),
            ("A=$HOME `x` \\n # y", "$HOME `x` \\n # y"),
            ("A=b\"c\"", "b\"c\""),
        ] {
            assert_eq!(parsed(line), [("A".into(), value.into())], "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let variables = parse(b"A=\xff\xfe").unwrap();
        assert_eq!(variables[0].1, OsString::from_vec(vec![0xff, 0xfe]));
    }

    #[test]
    fn a_wrong_line_is_named_by_number_and_never_shown() {
        for line in [
            "hunter2",
            "=hunter2",
            "A =hunter2",
            "export A=hunter2",
            "A='hunter2",
            "A=\"hunter2'",
            "A='",
            "A\u{1}=hunter2",
            "A=hunter2\0",
        ] {
            let (number, what) = parse(format!("OK=1\n\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!(number, 3, "{line:?}");
            assert!(!what.contains("hunter2"), "{what}");
        }
    }

    #[test]
    fn what_is_no_file_of_a_sensible_size_is_refused_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::write(path("huge"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
        for (name, expected) in [
            ("pipe", "is no regular file"),
            (".", "is no regular file"),
            ("huge", "is larger than 1 MiB"),
            ("none", "no such file or directory"),
        ] {
            let message = read(&path(name)).unwrap_err().to_string();
            assert!(
                message.contains(expected) && message.contains(&*path(name).to_string_lossy()),
                "{message}"
            );
        }
    }
}
