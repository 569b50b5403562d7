//! What runs, with which shell, where.

use super::Command;
use super::reader::{Entry, Problems};
use super::value::{TextKind, filled_text, items, text, wrong_type};
use crate::diagnostic::quoted;
use std::path::{Component, Path, PathBuf};
use toml::de::DeValue;

/// `command`: a string for the shell, or an array that is executed directly.
pub(super) fn command(entry: &Entry<'_>, problems: &mut Problems) -> Option<Command> {
    match entry.value {
        DeValue::String(_) => {
            let script = filled_text(entry, TextKind::Block, problems)?;
            Some(Command::Shell(script.into_owned()))
        }
        DeValue::Array(_) => program(entry, problems).map(Command::Program),
        _ => {
            problems.push(wrong_type(
                entry,
                "a string, or an array of program and arguments",
            ));
            None
        }
    }
}

fn program(entry: &Entry<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let items = items(entry, "an array of strings", problems)?;
    let Some((program, arguments)) = items.split_first() else {
        let problem = entry.error("empty", "`command` is an empty array");
        problems.push(problem.help("write the program, then its arguments"));
        return None;
    };
    // Only the program may not be blank: an empty argument is an argument.
    let mut words = vec![filled_text(program, TextKind::Block, problems)];
    words.extend(
        arguments
            .iter()
            .map(|item| text(item, TextKind::Block, problems)),
    );
    words
        .into_iter()
        .map(|word| word.map(std::borrow::Cow::into_owned))
        .collect()
}

/// `shell`: an absolute path, since no PATH is searched for it.
pub(super) fn shell(entry: &Entry<'_>, problems: &mut Problems) -> Option<PathBuf> {
    let path = filled_text(entry, TextKind::Line, problems)?;
    let path = Path::new(path.as_ref());
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let message = format!(
        "`shell` is {}, expected an absolute path",
        quoted(&path.to_string_lossy())
    );
    let problem = entry.error("relative_path", message);
    problems.push(problem.help("write the whole path, as in `/bin/bash`"));
    None
}

/// A path such as `cwd`: relative to the directory of the jobs file.
pub(super) fn path(entry: &Entry<'_>, problems: &mut Problems) -> Option<PathBuf> {
    let path = filled_text(entry, TextKind::Line, problems)?;
    let path = entry.file.directory.join(path.as_ref());
    // `.` alone would stay in what is shown; `..` is left to the kernel, symbolic links decide.
    Some(
        path.components()
            .filter(|part| *part != Component::CurDir)
            .collect(),
    )
}
