//! The keys that say what the process of a run is given: its environment beyond `env`, its stdin.
//! They stand in a job or in `[defaults]`.

use super::Stdin;
use super::command::path;
use super::not_supported::Place;
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, boolean, table, text, wrong_type};
use std::path::PathBuf;
use toml::de::DeValue;

/// What one table says; none where it says nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessKeys {
    pub clear_env: Option<bool>,
    pub env_file: Option<PathBuf>,
    pub stdin: Option<Stdin>,
}

impl ProcessKeys {
    pub(super) fn read(table: &mut Table<'_>, problems: &mut Problems) -> Self {
        Self {
            clear_env: table
                .take("clear_env")
                .and_then(|entry| boolean(&entry, problems)),
            env_file: table
                .take("env_file")
                .and_then(|entry| path(&entry, problems)),
            stdin: table
                .take("stdin")
                .and_then(|entry| stdin(&entry, problems)),
        }
    }

    /// These keys, and where there are none those of the table around.
    pub(super) fn or(self, outer: &Self) -> Self {
        Self {
            clear_env: self.clear_env.or(outer.clear_env),
            env_file: self.env_file.or_else(|| outer.env_file.clone()),
            stdin: self.stdin.or_else(|| outer.stdin.clone()),
        }
    }
}

/// `stdin`: the text itself, or the file it is in.
fn stdin(entry: &Entry<'_>, problems: &mut Problems) -> Option<Stdin> {
    match entry.value {
        DeValue::String(_) => {
            let text = text(entry, TextKind::Block, problems)?;
            Some(Stdin::Text(text.into_owned()))
        }
        DeValue::Table(_) => {
            let mut own = table(entry, "`stdin`".into(), problems)?;
            let file = own.take("file");
            let is_empty = own.rest().is_empty();
            own.finish(Place::Stdin, problems);
            if let Some(file) = file {
                return path(&file, problems).map(Stdin::File);
            }
            // What stands there instead is reported as what it is.
            if is_empty {
                let problem = entry.error("missing_key", "`stdin` names no `file`");
                problems.push(problem.help("write `stdin = { file = \"PATH\" }`, or a text"));
            }
            None
        }
        _ => {
            let expected = "a text, or { file = \"PATH\" }";
            problems.push(wrong_type(entry, expected));
            None
        }
    }
}
