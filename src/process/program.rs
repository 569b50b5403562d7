//! The program of a process: finding it, and telling why it cannot be executed.

use super::spawn_error::{SpawnError, SpawnErrorKind as Kind, errno_of};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, eaccess};
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where a program is looked for: itself where it is a path, else the directories of `path`. All may be
/// relative to the working directory; an empty one is that (environ(7)).
pub(super) fn places<'a>(
    name: &'a OsStr,
    path: &'a OsStr,
) -> Box<dyn Iterator<Item = &'a Path> + 'a> {
    if name.as_bytes().contains(&b'/') {
        return Box::new(std::iter::once(Path::new(name)));
    }
    let directories = path.as_bytes().split(|&byte| byte == b':');
    Box::new(directories.map(|directory| Path::new(OsStr::from_bytes(directory))))
}

/// As `execvp` would, but in the PATH of the job and not ours, and telling what it found.
pub(super) fn find(name: &OsStr, cwd: &Path, path: &OsStr) -> Result<PathBuf, SpawnError> {
    if name.as_bytes().contains(&b'/') {
        let program = cwd.join(name);
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
    for directory in places(name, path) {
        // `join` makes the working directory of an empty one.
        let program = cwd.join(directory).join(name);
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

/// Words for the errno of an exec, now that it is known to have failed.
pub(super) fn explain(program: &Path, errno: Errno) -> SpawnError {
    let shown = program.display();
    match errno {
        Errno::ENOEXEC => {
            let hint = match first_bytes(program) {
                Some([b'#', b'!', ..]) => "its `#!` line names no interpreter",
                Some([0x7f, b'E', b'L', b'F']) => "it is a program for another kind of machine",
                _ => "it has no #! line; begin it with one, or run it as `sh FILE`",
            };
            let message = format!("`{shown}` cannot be executed: {hint}");
            SpawnError::lasting(Kind::NotExecutableFormat, Some(errno), message)
        }
        Errno::E2BIG => {
            let message = format!(
                "arguments or environment of `{shown}` are too long: one string may have 131,071 bytes, all together a quarter of the stack's limit"
            );
            SpawnError::lasting(Kind::TooLong, Some(errno), message)
        }
        Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES => explain_missing(program, errno),
        other => SpawnError::from_errno(&format!("start `{shown}`"), other),
    }
}

/// It was there before: looks again.
fn explain_missing(program: &Path, errno: Errno) -> SpawnError {
    let shown = program.display();
    match executability(program) {
        Executability::No(error) => error,
        Executability::Missing(errno) => {
            let message = format!("program `{shown}` not found");
            SpawnError::lasting(Kind::ProgramNotFound, Some(errno), message)
        }
        Executability::Yes if errno == Errno::EACCES => {
            let message = format!(
                "`{shown}` is executable, but what it needs to run is not: see its `#!` line or its loader"
            );
            SpawnError::lasting(Kind::PermissionDenied, Some(errno), message)
        }
        Executability::Yes => {
            let named = interpreter(program).map_or_else(
                || "its loader".to_owned(),
                |name| format!("its interpreter `{name}`"),
            );
            let message = format!("`{shown}` is there, but {named} is not");
            SpawnError::lasting(Kind::InterpreterMissing, Some(errno), message)
        }
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
        Err(error) => match errno_of(&error) {
            Errno::EACCES => denied("a directory on its way may not be searched"),
            errno => Executability::Missing(errno),
        },
    }
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
