//! What is to be run, and whether it can be.
//!
//! `posix_spawn` gives one errno for everything that can go wrong in the child: a missing directory and
//! a missing program are the same ENOENT. So the obvious is looked at before the spawn, where
//! the words for it are still known, and once more after a failure, for what has changed in between.

use super::environment::add_from_file;
use super::environment_file;
use super::preparation::Preparation;
use super::program;
use super::spawn_error::{SpawnError, SpawnErrorKind as Kind, errno_of};
use super::start::OutputTarget;
use super::stdin::Stdin;
use crate::sys::mounts;
use crate::sys::spawn::{SpawnOutput, SpawnPlan};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, eaccess};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where programs are looked for when the job's environment has no PATH.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// `shell -c script`.
    Shell {
        /// The shell; without a slash it is looked up in the job's PATH.
        shell: PathBuf,
        /// Bytes, since a crontab need not be UTF-8.
        script: OsString,
    },
    /// A program and its arguments, no shell involved; the program without a slash is looked up
    /// in the job's PATH. Not empty.
    Direct(Vec<OsString>),
}

/// A process that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// What is executed.
    pub program: Program,
    /// The directory it starts in, absolute.
    pub cwd: PathBuf,
    /// Its environment, see [`super::environment_for_run`].
    pub environment: BTreeMap<OsString, OsString>,
    /// A file with more of it, absolute or relative to `cwd`.
    pub environment_file: Option<PathBuf>,
    /// What it reads.
    pub stdin: Stdin,
    /// What is set in it before its program starts. If there is anything, everything above is
    /// looked for and opened as the user whom it becomes.
    pub preparation: Preparation,
}

/// A program in the system's words.
#[derive(Debug)]
pub(super) struct Executable {
    pub program: CString,
    pub arguments: Vec<CString>,
    pub environment: Vec<CString>,
}

impl Executable {
    pub(super) fn path(&self) -> &Path {
        as_path(&self.program)
    }
}

impl Launch {
    /// Finds program and directory and puts everything into the system's words.
    ///
    /// # Errors
    /// What can be known beforehand about why it cannot start.
    pub fn resolve(
        &self,
        output: &OutputTarget<'_>,
        marker: Option<&Path>,
    ) -> Result<SpawnPlan, SpawnError> {
        self.check_working_directory()?;
        let executable = self.executable()?;
        Ok(SpawnPlan {
            program: executable.program,
            arguments: executable.arguments,
            environment: executable.environment,
            working_directory: c_string("the working directory", &self.cwd)?,
            standard_input: self.stdin.open(&self.cwd)?,
            output: output_of(output)?,
            marker: marker_of(marker)?,
            kept: Vec::new(),
        })
    }

    /// The program, found as whoever we are now, and with what is in its file of variables now.
    pub(super) fn executable(&self) -> Result<Executable, SpawnError> {
        let arguments = self.arguments();
        let Some(name) = arguments.first().filter(|name| !name.is_empty()) else {
            let message = "the command is empty, expected a program".to_owned();
            return Err(SpawnError::lasting(Kind::ProgramNotFound, None, message));
        };
        let environment = self.whole_environment()?;
        let program = program::find(name, &self.cwd, path_of(&environment))?;
        Ok(Executable {
            program: c_string("the program's path", &program)?,
            arguments: arguments
                .iter()
                .map(|argument| c_string("an argument", argument))
                .collect::<Result<_, _>>()?,
            environment: environment
                .iter()
                .map(|(name, value)| variable(name, value))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn check_working_directory(&self) -> Result<(), SpawnError> {
        if self.cwd.is_absolute() {
            return check_working_directory(&self.cwd);
        }
        // The child would look for a relative program from there once more.
        let message = format!(
            "working directory `{}` is relative, expected an absolute path",
            self.cwd.display()
        );
        Err(SpawnError::lasting(Kind::Unspeakable, None, message))
    }

    /// Whether entering its directory or looking for its program may wait for another machine.
    pub(super) fn may_hang(&self) -> bool {
        let program = match &self.program {
            Program::Shell { shell, .. } => Some(shell.as_os_str()),
            Program::Direct(arguments) => arguments.first().map(OsString::as_os_str),
        };
        let path = path_of(&self.environment);
        let places = program
            .into_iter()
            .flat_map(|name| program::places(name, path));
        let places = places.map(|place| self.cwd.join(place));
        mounts::any_may_hang(std::iter::once(self.cwd.clone()).chain(places))
    }

    /// The program and its arguments.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        match &self.program {
            Program::Shell { shell, script } => vec![
                shell.clone().into_os_string(),
                OsString::from("-c"),
                script.clone(),
            ],
            Program::Direct(arguments) => arguments.clone(),
        }
    }

    /// With what is in its file now.
    fn whole_environment(&self) -> Result<BTreeMap<OsString, OsString>, SpawnError> {
        let mut environment = self.environment.clone();
        if let Some(path) = &self.environment_file {
            let variables = environment_file::read(&self.cwd.join(path)).map_err(|error| {
                SpawnError::lasting(Kind::EnvironmentFile, None, error.to_string())
            })?;
            add_from_file(&mut environment, variables);
        }
        Ok(environment)
    }
}

/// Words for the errno of a spawn, now that it is known to have failed.
pub(super) fn explain(plan: &SpawnPlan, errno: Errno) -> SpawnError {
    match errno {
        // Only the marker is opened with O_EXCL.
        Errno::EEXIST => SpawnError::already_started(),
        // Everything was there before the spawn: looks again.
        Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES => {
            check_working_directory(as_path(&plan.working_directory))
                .err()
                .or_else(|| explain_output(plan))
                .or_else(|| explain_marker(plan))
                .unwrap_or_else(|| program::explain(as_path(&plan.program), errno))
        }
        errno => program::explain(as_path(&plan.program), errno),
    }
}

fn explain_output(plan: &SpawnPlan) -> Option<SpawnError> {
    let SpawnOutput::Open(path) = &plan.output else {
        return None;
    };
    let access = AccessFlags::R_OK | AccessFlags::W_OK;
    explain_unreadable("the output pipe", as_path(path), access)
}

fn as_path(text: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(text.to_bytes()))
}

/// Where the output goes, in the system's words; a file is opened by those who may.
pub(super) fn output_of(target: &OutputTarget<'_>) -> Result<SpawnOutput, SpawnError> {
    Ok(match target {
        OutputTarget::Inherit => SpawnOutput::Inherit,
        OutputTarget::Discard | OutputTarget::File(_) => SpawnOutput::Open(c"/dev/null".to_owned()),
        OutputTarget::Pipe(path) => {
            SpawnOutput::Open(c_string("the output pipe's path", from_here(path)?)?)
        }
    })
}

/// The marker, in the system's words.
fn marker_of(marker: Option<&Path>) -> Result<Option<CString>, SpawnError> {
    marker
        .map(|path| c_string("the start marker's path", from_here(path)?))
        .transpose()
}

/// A path of ours, as the child must say it, which is somewhere else.
pub(super) fn from_here(path: &Path) -> Result<PathBuf, SpawnError> {
    std::path::absolute(path)
        .map_err(|error| SpawnError::from_io(&format!("find `{}`", path.display()), &error))
}

fn path_of(environment: &BTreeMap<OsString, OsString>) -> &OsStr {
    environment
        .get(OsStr::new("PATH"))
        .map_or(OsStr::new(DEFAULT_PATH), OsString::as_os_str)
}

fn check_working_directory(cwd: &Path) -> Result<(), SpawnError> {
    let shown = cwd.display();
    let lasting = |kind, errno, message| Err(SpawnError::lasting(kind, Some(errno), message));
    match fs::metadata(cwd) {
        Ok(found) if !found.is_dir() => {
            let message = format!("working directory `{shown}` is not a directory");
            return lasting(Kind::WorkingDirectoryNotADirectory, Errno::ENOTDIR, message);
        }
        Ok(_) => {}
        Err(error) => {
            let errno = errno_of(&error);
            let (kind, found) = match errno {
                Errno::ENOENT => (Kind::WorkingDirectoryMissing, "does not exist"),
                Errno::ENOTDIR => (Kind::WorkingDirectoryNotADirectory, "is not a directory"),
                Errno::EACCES => (Kind::WorkingDirectoryNotAccessible, "is not accessible"),
                _ => {
                    return Err(SpawnError::from_errno(
                        &format!("look at working directory `{shown}`"),
                        errno,
                    ));
                }
            };
            return lasting(kind, errno, format!("working directory `{shown}` {found}"));
        }
    }
    match eaccess(cwd, AccessFlags::X_OK) {
        Err(errno) => lasting(
            Kind::WorkingDirectoryNotAccessible,
            errno,
            format!("working directory `{shown}` is not accessible"),
        ),
        Ok(()) => Ok(()),
    }
}

fn explain_unreadable(what: &str, path: &Path, access: AccessFlags) -> Option<SpawnError> {
    let errno = eaccess(path, access).err()?;
    let message = format!(
        "cannot open {what}, `{}`: {}",
        path.display(),
        errno.desc().to_lowercase()
    );
    Some(SpawnError::lasting(Kind::Other, Some(errno), message))
}

/// The marker can only be made where its directory is.
fn explain_marker(plan: &SpawnPlan) -> Option<SpawnError> {
    let marker = as_path(plan.marker.as_ref()?);
    explain_unreadable(
        "the start marker's directory",
        marker.parent()?,
        AccessFlags::W_OK | AccessFlags::X_OK,
    )
}

fn c_string(what: &str, text: impl AsRef<OsStr>) -> Result<CString, SpawnError> {
    CString::new(text.as_ref().as_bytes()).map_err(|_| {
        SpawnError::lasting(
            Kind::Unspeakable,
            None,
            format!("{what} contains a NUL byte, which no program can be given"),
        )
    })
}

/// `NAME=value`. The value is nobody's business and appears in no message.
fn variable(name: &OsStr, value: &OsStr) -> Result<CString, SpawnError> {
    let shown = name.display();
    if name.is_empty() || name.as_bytes().contains(&b'=') {
        let message = format!("`{shown}` is no name of a variable: it is empty or contains `=`");
        return Err(SpawnError::lasting(Kind::Unspeakable, None, message));
    }
    let mut text = name.to_owned();
    text.push("=");
    text.push(value);
    c_string(&format!("variable `{shown}`"), text)
}
