//! `output`: where what a job prints goes.

use super::command::path;
use super::reader::{Entry, Problems, Table};
use super::value::{choice, integer, size, table, wrong_type};
use super::{Mail, Size};
use std::path::PathBuf;
use std::sync::Arc;
use toml::de::DeValue;

/// Old files kept where it is not said how many.
const DEFAULT_KEEP: u32 = 5;

/// Most old files: each rotation renames all of them.
const MAX_KEEP: i64 = 1_000;

/// Where stdout and stderr of a job go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Output {
    /// Line by line into the log.
    #[default]
    Log,
    /// Where the scheduler's own go.
    Inherit,
    /// Nowhere; the last of it is kept in the history all the same.
    Discard,
    /// To the end of a file.
    File(OutputFile),
    /// All of it in one mail when the run has ended; where mails cannot be sent, as [`Self::Log`].
    Mail(Arc<Mail>),
}

/// A file that output is appended to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutputFile {
    /// Absolute.
    pub path: PathBuf,
    /// If it is larger than so many bytes when a run starts, a new one is begun; none = never.
    pub max_size: Option<u64>,
    /// How many old ones are kept.
    pub keep: u32,
}

impl Output {
    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Option<Self> {
        const WORDS: [(&str, Word); 4] = [
            ("log", Word::Log),
            ("mail", Word::Mail),
            ("inherit", Word::Inherit),
            ("discard", Word::Discard),
        ];
        match entry.value {
            DeValue::String(_) => choice(entry, &WORDS, problems).map(|word| match word {
                Word::Log => Self::Log,
                Word::Mail => Self::Mail(Arc::default()),
                Word::Inherit => Self::Inherit,
                Word::Discard => Self::Discard,
            }),
            DeValue::Table(_) => {
                let mut own = table(entry, "`output`".into(), problems)?;
                if let Some(mail) = own.take("mail") {
                    let mail = Mail::read(&mail, own, problems)?;
                    return Some(Self::Mail(Arc::new(mail)));
                }
                file(entry, own, problems).map(Self::File)
            }
            _ => {
                let expected = "\"log\", \"mail\", \"inherit\", \"discard\" or { file = \"PATH\" }";
                problems.push(wrong_type(entry, expected));
                None
            }
        }
    }
}

/// The places that are a word.
#[derive(Clone, Copy)]
enum Word {
    Log,
    Mail,
    Inherit,
    Discard,
}

fn file(entry: &Entry<'_>, mut own: Table<'_>, problems: &mut Problems) -> Option<OutputFile> {
    let file = own.take("file");
    let max_size = own.take("max_size").map(|entry| size(&entry, problems));
    let keep = own.take("keep");
    if file.is_none() && own.rest().is_empty() {
        let problem = entry.error("missing_key", "`output` names no `file` and no `mail`");
        let help = "write `output = { file = \"PATH\" }`, `{ mail = \"ADDRESS\" }`, or \"log\"";
        problems.push(problem.help(help));
    }
    own.finish(problems);
    let kept = keep.map(|keep| {
        if max_size.is_none() {
            let problem = keep.key_error("missing_key", "`keep` means nothing without `max_size`");
            problems.push(problem.help("add `max_size = \"10MiB\"`, or leave it out"));
        }
        let number = integer(&keep, 0..=MAX_KEEP, problems)?;
        u32::try_from(number).ok()
    });
    Some(OutputFile {
        path: path(&file?, problems)?,
        max_size: max_size.flatten().map(Size::bytes),
        keep: kept.unwrap_or(Some(DEFAULT_KEEP))?,
    })
}
