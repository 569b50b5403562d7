//! Opening a file to append to it, that nobody has laid there to lead what is written elsewhere.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Why it is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// It cannot be.
    System(Errno),
    /// It is a symbolic link.
    Link,
    /// It is no regular file.
    NotRegular,
}

impl From<Errno> for AppendError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ELOOP => Self::Link,
            errno => Self::System(errno),
        }
    }
}

/// Opens it as whoever writes to it would have, and tells what it is; readable for nobody else if it is made
/// here. Never waits, whatever it is.
///
/// # Errors
/// It cannot be opened, or is something else than a file.
pub fn open_to_append(
    directory: impl AsFd,
    name: &Path,
) -> Result<(OwnedFd, FileStat), AppendError> {
    // O_NONBLOCK: whatever it is, opening it does not wait.
    let flags = OFlag::O_WRONLY
        | OFlag::O_APPEND
        | OFlag::O_CREAT
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let file = openat(directory, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let status = fstat(&file)?;
    if SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(AppendError::NotRegular);
    }
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    Ok((file, status))
}
