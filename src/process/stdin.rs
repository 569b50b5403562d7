//! What a process reads: opened before the process exists, so that what is wrong with it is known
//! by its name, and nothing that would wait for somebody is ever opened by the child.

use super::spawn_error::{SpawnError, SpawnErrorKind};
use crate::sys::memory_file;
use crate::sys::spawn::SpawnInput;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::isatty;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The standard input of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    #[default]
    Nothing,
    /// These bytes.
    Text(Vec<u8>),
    /// This file, absolute or relative to the working directory.
    File(PathBuf),
}

impl Stdin {
    /// Opens it.
    ///
    /// # Errors
    /// The file cannot be opened, or is one that is not simply there to be read.
    pub(super) fn open(&self, cwd: &Path) -> Result<SpawnInput, SpawnError> {
        match self {
            Self::Nothing => Ok(SpawnInput::Nothing),
            Self::Text(text) if text.is_empty() => Ok(SpawnInput::Nothing),
            Self::Text(text) => memory_file::holding(c"stdin", text)
                .map(SpawnInput::Descriptor)
                .map_err(|error| SpawnError::from_io("hold the text of stdin in memory", &error)),
            Self::File(path) => open_file(&cwd.join(path)).map(SpawnInput::Descriptor),
        }
    }
}

fn open_file(path: &Path) -> Result<OwnedFd, SpawnError> {
    let shown = path.display();
    let failed = |errno| SpawnError::from_errno(&format!("open stdin, `{shown}`"), errno);
    // Without O_NONBLOCK the open of a pipe would wait for a writer.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = open(path, flags, Mode::empty()).map_err(failed)?;
    let status = fstat(&file).map_err(failed)?;
    let found = match SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFCHR if isatty(&file) == Ok(true) => Some("a terminal"),
        SFlag::S_IFREG | SFlag::S_IFBLK | SFlag::S_IFCHR => None,
        SFlag::S_IFDIR => Some("a directory"),
        SFlag::S_IFIFO => Some("a pipe"),
        _ => Some("no file"),
    };
    if let Some(found) = found {
        let message = format!("stdin, `{shown}`, is {found}, expected a file");
        return Err(SpawnError::lasting(SpawnErrorKind::Other, None, message));
    }
    // The program is to find it as if it had opened it itself.
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty())).map_err(failed)?;
    Ok(file)
}
