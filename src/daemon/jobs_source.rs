//! Where the jobs come from: the files named on the command line, read, checked and parsed as one.
//!
//! Used at the start, at every reload, and by the commands that only look at files.

use super::this_machine::ThisMachine;
use crate::accounts::UserDatabase;
use crate::config::{
    self, Accounts, Context, FileFormat, FileText, FormattedText, JobsFile, utf8_of_crontab,
};
use crate::diagnostic::{self, Diagnostic, Source};
use crate::sys::host;
use crate::sys::trust::TrustPolicy;
use crate::sys::trusted_file::{self, MAX_JOBS_FILE_BYTES, ReadError, Trust};
use crate::time::{WallTime, ZoneDatabase};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The name for standard input.
const STDIN: &str = "-";

/// Files, or directories of files, that are one configuration.
#[derive(Clone, Debug)]
pub struct JobsSource {
    paths: Vec<PathBuf>,
    /// What all of them are written in; none: as their names tell.
    format: Option<FileFormat>,
    /// None: only to be looked at, so anybody may have written it.
    policy: Option<TrustPolicy>,
    /// Whether the users that jobs are to run as must be found.
    finds_users: bool,
    /// Standard input was read: it will not say the same again, but nothing, or keep us waiting.
    stdin_is_used: bool,
    /// Of what the files said when they were last read, be it that they could not be.
    seen: Option<u64>,
}

/// What was read, all of it valid.
#[derive(Clone, Debug)]
pub struct ReadJobs {
    /// The jobs and settings.
    pub file: JobsFile,
    /// What is worth a look all the same.
    pub warnings: Vec<Diagnostic>,
    /// The texts that the warnings point into.
    pub sources: Vec<Source>,
    /// Why a file should not be trusted, where that is only a warning.
    pub distrust: Vec<String>,
}

/// A crontab as a jobs file.
#[derive(Clone, Debug)]
pub struct ImportedCrontab {
    /// The jobs file.
    pub toml: String,
    /// What is odd about the crontab.
    pub warnings: Vec<Diagnostic>,
    /// The text that the warnings point into.
    pub sources: Vec<Source>,
}

/// Why the jobs cannot be taken.
#[derive(Clone, Debug)]
pub enum Rejected {
    /// A file cannot be read.
    Unreadable(String),
    /// A file must not be trusted.
    Untrusted(String),
    /// The text is wrong.
    Invalid {
        /// What is wrong, at least one error among it.
        diagnostics: Vec<Diagnostic>,
        /// The texts that they point into.
        sources: Vec<Source>,
    },
}

/// One problem a line, with its place.
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(message) | Self::Untrusted(message) => f.write_str(message),
            Self::Invalid {
                diagnostics,
                sources,
            } => f.write_str(diagnostic::render_short(diagnostics, sources).trim_end()),
        }
    }
}

impl Rejected {
    /// In a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Unreadable(message) | Self::Untrusted(message) => message.clone(),
            Self::Invalid { diagnostics, .. } => diagnostic::count(diagnostics),
        }
    }
}

impl std::error::Error for Rejected {}

impl JobsSource {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>, policy: Option<TrustPolicy>) -> Self {
        Self {
            paths,
            format: None,
            policy,
            finds_users: false,
            stdin_is_used: false,
            seen: None,
        }
    }

    /// Whoever a job is to run as must be known on this machine, and we must be able to run it so.
    #[must_use]
    pub fn finding_users(self) -> Self {
        Self {
            finds_users: true,
            ..self
        }
    }

    /// Says what all the files are written in, whatever their names tell.
    #[must_use]
    pub fn in_format(self, format: Option<FileFormat>) -> Self {
        Self { format, ..self }
    }

    /// Whether [`Self::read`] can be called again: not if standard input is among the files.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        !self.stdin_is_used
    }

    /// The files as named.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Reads and checks everything; `now` is what `now` in a file means. Zones are loaded afresh, so
    /// that a reload sees an update of the tz database too.
    ///
    /// # Errors
    /// Everything that is wrong, in one go.
    pub fn read(&mut self, now: WallTime) -> Result<ReadJobs, Rejected> {
        self.read_with(&ZoneDatabase::system(), now)
    }

    /// As [`Self::read`], with zones that are loaded already.
    ///
    /// # Errors
    /// Everything that is wrong, in one go.
    pub fn read_with(&mut self, zones: &ZoneDatabase, now: WallTime) -> Result<ReadJobs, Rejected> {
        let mut distrust = Vec::new();
        let mut skipped = Vec::new();
        let texts = self.read_texts(&mut distrust, &mut skipped);
        self.seen = Some(fingerprint(&texts));
        let texts = texts?;
        let users = self.finds_users.then(UserDatabase::default);
        let context = Context {
            machine_zone: zones.machine_zone(),
            machine_id: &host::machine_id(),
            host_name: &host::name(),
            zones,
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            now,
            accounts: users.as_ref().map(|users| users as &dyn Accounts),
        };
        let machine = match self.policy {
            Some(_) => ThisMachine::to_run_on(),
            None => ThisMachine::default(),
        };
        let loaded = config::load_formatted(&texts, &context, Some(&machine), skipped);
        let sources = sources(texts);
        match loaded.jobs_file {
            Some(file) => Ok(ReadJobs {
                file,
                warnings: loaded.diagnostics,
                sources,
                distrust,
            }),
            None => Err(Rejected::Invalid {
                diagnostics: loaded.diagnostics,
                sources,
            }),
        }
    }

    /// A number for what the files say now, if that is something else than when they were last read.
    /// Standard input says nothing twice.
    pub fn change(&mut self) -> Option<u64> {
        if self.stdin_is_used {
            return None;
        }
        let now = fingerprint(&self.read_texts(&mut Vec::new(), &mut Vec::new()));
        (self.seen != Some(now)).then_some(now)
    }

    /// The one crontab as a jobs file, with what is odd about it.
    ///
    /// # Errors
    /// Everything that is wrong, in one go.
    pub fn import_crontab(
        &mut self,
        zones: &ZoneDatabase,
        now: WallTime,
    ) -> Result<ImportedCrontab, Rejected> {
        let mut texts = self.read_texts(&mut Vec::new(), &mut Vec::new())?;
        let Some(text) = texts.pop().filter(|_| texts.is_empty()) else {
            return Err(Rejected::Unreadable("expected one crontab".to_owned()));
        };
        let context = Context {
            machine_zone: zones.machine_zone(),
            machine_id: &host::machine_id(),
            host_name: &host::name(),
            zones,
            cpus: 1,
            now,
            accounts: None,
        };
        let imported = config::import_crontab(&text, &context, Some(&ThisMachine::default()));
        let sources = sources(vec![text]);
        let diagnostics = imported.diagnostics;
        match imported.toml {
            Some(toml) => Ok(ImportedCrontab {
                toml,
                warnings: diagnostics,
                sources,
            }),
            None => Err(Rejected::Invalid {
                diagnostics,
                sources,
            }),
        }
    }

    fn read_texts(
        &mut self,
        distrust: &mut Vec<String>,
        skipped: &mut Vec<Diagnostic>,
    ) -> Result<Vec<FormattedText>, Rejected> {
        let mut texts = Vec::new();
        for path in &self.paths {
            if path.as_os_str() == STDIN {
                if std::mem::replace(&mut self.stdin_is_used, true) {
                    let message = "standard input can be read only once".to_owned();
                    return Err(Rejected::Unreadable(message));
                }
                let format = self.format.unwrap_or(FileFormat::Toml);
                let file = read_standard_input(format)?;
                texts.push(FormattedText { file, format });
            } else if path.is_dir() {
                let format = self.format.unwrap_or(FileFormat::of_directory(path));
                for path in files_of_directory(path, format, skipped)? {
                    let file = self.read_file(&path, format, distrust)?;
                    texts.push(FormattedText { file, format });
                }
            } else {
                let format = self.format.unwrap_or(FileFormat::of(path));
                let file = self.read_file(path, format, distrust)?;
                texts.push(FormattedText { file, format });
            }
        }
        Ok(texts)
    }

    fn read_file(
        &self,
        path: &Path,
        format: FileFormat,
        distrust: &mut Vec<String>,
    ) -> Result<FileText, Rejected> {
        let policy = self.policy.unwrap_or(TrustPolicy::UNCHECKED);
        let read = trusted_file::read_prepared(path, policy, |bytes| utf8_of(format, bytes));
        let read = read.map_err(|error| match error {
            ReadError::Refused { .. } => Rejected::Untrusted(error.to_string()),
            _ => Rejected::Unreadable(error.to_string()),
        })?;
        if let Trust::Warning(reason) = read.trust {
            distrust.push(reason);
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(FileText {
            name: path.display().to_string(),
            directory: absolute.parent().unwrap_or(Path::new("/")).to_owned(),
            text: read.text,
        })
    }
}

/// Two readings of the same files have the same one. It is compared within one process only.
fn fingerprint(texts: &Result<Vec<FormattedText>, Rejected>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match texts {
        Ok(texts) => {
            for file in texts {
                (&file.file.name, &file.file.text).hash(&mut hasher);
            }
        }
        Err(rejected) => rejected.to_string().hash(&mut hasher),
    }
    hasher.finish()
}

/// The texts as what diagnostics point into.
fn sources(texts: Vec<FormattedText>) -> Vec<Source> {
    let source = |FormattedText { file, .. }| Source {
        name: file.name,
        text: file.text,
    };
    texts.into_iter().map(source).collect()
}

/// The files of a directory that are in a format, in the order of their names. Of crontabs those that cron
/// would leave out are told: they may be meant to be read.
fn files_of_directory(
    directory: &Path,
    format: FileFormat,
    skipped: &mut Vec<Diagnostic>,
) -> Result<Vec<PathBuf>, Rejected> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let entries = directory.read_dir()?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let paths = list().map_err(|error| {
        Rejected::Unreadable(format!("cannot list `{}`: {error}", directory.display()))
    })?;
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (files, others): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| format.is_read_in_directory(&name(path)));
    if format != FileFormat::Toml {
        let visible = others.iter().filter(|path| !name(path).starts_with('.'));
        skipped.extend(visible.map(|path| {
            let message = format!(
                "{} is not read: names of crontabs in a directory have letters, digits, `_` and `-` only",
                diagnostic::quoted(&path.to_string_lossy())
            );
            Diagnostic::warning("skipped_file", message)
        }));
    }
    if files.is_empty() {
        let what = match format {
            FileFormat::Toml => "*.toml file",
            FileFormat::Crontab | FileFormat::SystemCrontab => "crontab",
        };
        return Err(Rejected::Unreadable(format!(
            "`{}` holds no {what}",
            directory.display()
        )));
    }
    Ok(files)
}

fn utf8_of(format: FileFormat, bytes: Vec<u8>) -> Vec<u8> {
    match format {
        FileFormat::Toml => bytes,
        FileFormat::Crontab | FileFormat::SystemCrontab => utf8_of_crontab(bytes),
    }
}

fn read_standard_input(format: FileFormat) -> Result<FileText, Rejected> {
    let failed =
        |why: &dyn fmt::Display| Rejected::Unreadable(format!("cannot read standard input: {why}"));
    let mut bytes = Vec::new();
    let limit = MAX_JOBS_FILE_BYTES;
    io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    if bytes.len() as u64 > limit {
        return Err(failed(&format_args!(
            "it is larger than {} MiB",
            limit / (1024 * 1024)
        )));
    }
    let text = String::from_utf8(utf8_of(format, bytes));
    let text = text.map_err(|error| failed(&error.utf8_error()))?;
    let directory = std::env::current_dir().map_err(|error| failed(&error))?;
    Ok(FileText {
        name: "<stdin>".to_owned(),
        directory,
        text,
    })
}
