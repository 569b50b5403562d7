//! `store`: where records are kept, in the jobs file and on the command line.

use super::reader::{Entry, Problems};
use super::suggestion;
use super::value::{TextKind, filled_text};
use std::path::{Path, PathBuf};

/// Where records are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StorePlace {
    /// In a file of the state directory.
    #[default]
    StateDirectory,
    /// In this file, an absolute path.
    File(PathBuf),
    /// Nowhere: forgotten when the scheduler ends.
    Memory,
}

/// What can be written.
const EXPECTED: &str = "`sqlite`, `sqlite:PATH` or `memory`";

impl StorePlace {
    /// Reads what a person wrote; a relative path counts from `directory`.
    ///
    /// # Errors
    /// What is wrong with it.
    ///
    /// ```
    /// use rsched::config::StorePlace;
    /// use std::path::Path;
    /// let parse = |text| StorePlace::parse(text, Path::new("/etc/rsched"));
    /// assert_eq!(parse("memory"), Ok(StorePlace::Memory));
    /// assert_eq!(parse("sqlite:runs.db"), Ok(StorePlace::File("/etc/rsched/runs.db".into())));
    /// assert!(parse("sqlite:").is_err());
    /// ```
    pub fn parse(text: &str, directory: &Path) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "sqlite" => Ok(Self::StateDirectory),
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", "")) => Err("`sqlite:` names no file".to_owned()),
            Some(("sqlite", path)) => Ok(Self::File(directory.join(path))),
            Some(("postgresql" | "postgres", _)) => Err(format!(
                "PostgreSQL is not supported in this version, expected {EXPECTED}"
            )),
            _ => Err(format!(
                "`{}` is no store, expected {EXPECTED}",
                text.escape_debug()
            )),
        }
    }
}

pub(super) fn store_place(entry: &Entry<'_>, problems: &mut Problems) -> Option<StorePlace> {
    let text = filled_text(entry, TextKind::Line, problems)?;
    StorePlace::parse(&text, entry.file.directory)
        .map_err(|message| {
            let near = suggestion::nearest(&text, &["sqlite", "memory"]);
            let help = near.map(|name| format!("did you mean `{name}`?"));
            problems.push(entry.error("unknown_value", message).maybe_help(help));
        })
        .ok()
}
