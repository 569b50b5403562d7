//! What is to be run, and whether it can be.
//!
//! `posix_spawn` gives one errno for everything that can go wrong in the child: a missing directory and
//! a missing program are the same ENOENT. So the obvious is looked at before the spawn, where
//! the words for it are still known, and once more after a failure, for what has changed in between.

use super::child::OutputTarget;
use super::environment::add_from_file;
use super::environment_file;
use super::spawn_error::{SpawnError, SpawnErrorKind as Kind};
use super::stdin::Stdin;
use crate::sys::spawn::{SpawnOutput, SpawnPlan};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, eaccess};
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
        let arguments = self.arguments();
        let name = arguments
            .first()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| {
                SpawnError::lasting(
                    Kind::ProgramNotFound,
                    None,
                    "the command is empty, expected a program".to_owned(),
                )
            })?;
        if !self.cwd.is_absolute() {
            // The child would look for a relative program from there once more.
            let message = format!(
                "working directory `{}` is relative, expected an absolute path",
                self.cwd.display()
            );
            return Err(SpawnError::lasting(Kind::Unspeakable, None, message));
        }
        check_working_directory(&self.cwd)?;
        let environment = self.whole_environment()?;
        let program = self.find_program(name, path_of(&environment))?;
        let output = match output {
            OutputTarget::Inherit => SpawnOutput::Inherit,
            OutputTarget::Discard => SpawnOutput::Open(c"/dev/null".to_owned()),
            OutputTarget::Pipe(path) => {
                SpawnOutput::Open(c_string("the output pipe's path", from_here(path)?)?)
            }
        };
        Ok(SpawnPlan {
            program: c_string("the program's path", &program)?,
            arguments: arguments
                .iter()
                .map(|argument| c_string("an argument", argument))
                .collect::<Result<_, _>>()?,
            environment: environment
                .iter()
                .map(|(name, value)| variable(name, value))
                .collect::<Result<_, _>>()?,
            working_directory: c_string("the working directory", &self.cwd)?,
            standard_input: self.stdin.open(&self.cwd)?,
            output,
            marker: marker
                .map(|path| c_string("the start marker's path", from_here(path)?))
                .transpose()?,
        })
    }

    fn arguments(&self) -> Vec<OsString> {
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

    /// As `execvp` would, but in the PATH of the job and not ours, and telling what it found.
    fn find_program(&self, name: &OsStr, path: &OsStr) -> Result<PathBuf, SpawnError> {
        if name.as_bytes().contains(&b'/') {
            let program = self.cwd.join(name);
            return match executability(&program) {
                Executability::Yes => Ok(program),
                Executability::No(error) => Err(error),
                Executability::Missing(errno) => {
                    let message = format!(
                        "program `{}` not found: {}",
                        program.display(),
                        errno.desc().to_lowercase()
                    );
                    Err(SpawnError::lasting(
                        Kind::ProgramNotFound,
                        Some(errno),
                        message,
                    ))
                }
            };
        }
        let mut first_obstacle = None;
        for directory in path.as_bytes().split(|&byte| byte == b':') {
            // An empty one is the working directory (environ(7)), which `join` makes of it.
            let program = self.cwd.join(OsStr::from_bytes(directory)).join(name);
            match executability(&program) {
                Executability::Yes => return Ok(program),
                Executability::Missing(_) => {}
                // Looked past, like execvp does: another directory may have a proper one.
                Executability::No(obstacle) => first_obstacle = first_obstacle.or(Some(obstacle)),
            }
        }
        Err(first_obstacle.unwrap_or_else(|| {
            let message = format!(
                "program `{}` not found in PATH `{}`",
                name.display(),
                path.display()
            );
            SpawnError::lasting(Kind::ProgramNotFound, Some(Errno::ENOENT), message)
        }))
    }

    /// Words for the errno of a spawn, now that it is known to have failed.
    pub(super) fn explain(&self, plan: &SpawnPlan, errno: Errno) -> SpawnError {
        let program = PathBuf::from(OsString::from_vec(plan.program.as_bytes().to_vec()));
        let shown = program.display();
        match errno {
            // Only the marker is opened with O_EXCL.
            Errno::EEXIST => SpawnError::lasting(
                Kind::AlreadyStarted,
                Some(errno),
                "it was started before: its start marker exists".to_owned(),
            ),
            Errno::ENOEXEC => {
                let hint = match first_bytes(&program) {
                    Some([b'#', b'!', ..]) => "its `#!` line names no interpreter",
                    Some([0x7f, b'E', b'L', b'F']) => "it is a program for another kind of machine",
                    _ => "it has no #! line; begin it with one, or run it as `sh FILE`",
                };
                SpawnError::lasting(
                    Kind::NotExecutableFormat,
                    Some(errno),
                    format!("`{shown}` cannot be executed: {hint}"),
                )
            }
            Errno::E2BIG => {
                let message = format!(
                    "arguments or environment of `{shown}` are too long: one string may have 131,071 bytes, all together a quarter of the stack's limit"
                );
                SpawnError::lasting(Kind::TooLong, Some(errno), message)
            }
            Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES => {
                self.explain_missing(&program, plan, errno)
            }
            other => SpawnError::from_errno(&format!("start `{shown}`"), other),
        }
    }

    /// Everything was there before the spawn: looks again.
    fn explain_missing(&self, program: &Path, plan: &SpawnPlan, errno: Errno) -> SpawnError {
        if let Err(error) = check_working_directory(&self.cwd) {
            return error;
        }
        if let SpawnOutput::Open(path) = &plan.output {
            let path = Path::new(OsStr::from_bytes(path.as_bytes()));
            if let Some(error) = explain_unreadable(
                "the output pipe",
                path,
                AccessFlags::R_OK | AccessFlags::W_OK,
            ) {
                return error;
            }
        }
        if let Some(error) = explain_marker(plan) {
            return error;
        }
        match executability(program) {
            Executability::No(error) => error,
            Executability::Missing(errno) => SpawnError::lasting(
                Kind::ProgramNotFound,
                Some(errno),
                format!("program `{}` not found", program.display()),
            ),
            Executability::Yes if errno == Errno::EACCES => {
                let message = format!(
                    "`{}` is executable, but what it needs to run is not: see its `#!` line or its loader",
                    program.display()
                );
                SpawnError::lasting(Kind::PermissionDenied, Some(errno), message)
            }
            Executability::Yes => {
                let named = interpreter(program).map_or_else(
                    || "its loader".to_owned(),
                    |name| format!("its interpreter `{name}`"),
                );
                let message = format!("`{}` is there, but {named} is not", program.display());
                SpawnError::lasting(Kind::InterpreterMissing, Some(errno), message)
            }
        }
    }
}

/// A path of ours, as the child must say it, which is somewhere else.
fn from_here(path: &Path) -> Result<PathBuf, SpawnError> {
    std::path::absolute(path).map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        SpawnError::from_errno(&format!("find `{}`", path.display()), errno)
    })
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
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
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

enum Executability {
    Yes,
    Missing(Errno),
    No(SpawnError),
}

fn executability(program: &Path) -> Executability {
    let shown = program.display();
    let denied = |reason: &str| {
        Executability::No(SpawnError::lasting(
            Kind::PermissionDenied,
            Some(Errno::EACCES),
            format!("cannot execute `{shown}`: {reason}"),
        ))
    };
    match fs::metadata(program) {
        Ok(found) if found.is_dir() => denied("it is a directory"),
        Ok(found) if !found.is_file() => denied("it is not a regular file"),
        // Says EACCES on a file system mounted noexec as well.
        Ok(_) => match eaccess(program, AccessFlags::X_OK) {
            Ok(()) => Executability::Yes,
            Err(_) => denied("it is not executable for us (mode or noexec mount)"),
        },
        Err(error) => match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
            Errno::EACCES => denied("a directory on its way may not be searched"),
            errno => Executability::Missing(errno),
        },
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
    let marker = Path::new(OsStr::from_bytes(plan.marker.as_ref()?.as_bytes()));
    explain_unreadable(
        "the start marker's directory",
        marker.parent()?,
        AccessFlags::W_OK | AccessFlags::X_OK,
    )
}

fn first_bytes(program: &Path) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    fs::File::open(program).ok()?.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// What the `#!` line names, if there is one. The kernel reads 256 bytes of it (`execve(2)`).
fn interpreter(program: &Path) -> Option<String> {
    let mut line = Vec::new();
    fs::File::open(program)
        .ok()?
        .take(256)
        .read_to_end(&mut line)
        .ok()?;
    let line = line
        .strip_prefix(b"#!")?
        .split(|&byte| byte == b'\n')
        .next()?;
    let name = line
        .split(u8::is_ascii_whitespace)
        .find(|word| !word.is_empty())?;
    Some(String::from_utf8_lossy(name).into_owned())
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
