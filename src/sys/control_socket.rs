//! The control socket: a Unix socket that only its owner can reach.
//!
//! Whoever binds holds the instance lock, so a socket that nobody answers is one that a dead
//! scheduler left behind.

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, lstat};
use nix::unistd::{Uid, geteuid, unlink};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Connections that may wait to be taken up.
const BACKLOG: i32 = 128;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// `sun_path` has 108 bytes, the last of them zero (`unix(7)`).
    #[error(
        "the path of the control socket, `{path}`, has {bytes} bytes, and 107 are the most; \
         a shorter directory helps: `--state-dir`, or `--name`", path = .path.display()
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// Something is there that is no socket of ours.
    #[error("`{path}` is not to be trusted: {reason}", path = .path.display())]
    Untrusted {
        /// The path.
        path: PathBuf,
        /// What is there.
        reason: String,
    },
    /// Somebody answers there.
    #[error("`{path}` is in use: another scheduler answers there", path = .path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {operation} the control socket `{path}`: {source}", path = .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// The bound socket. Its file goes when it is dropped, if it is still ours.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    file: (u64, u64),
}

impl ControlSocket {
    /// Binds at `path`, with mode 0600 from birth, and listens. The caller holds the lock that
    /// guards the directory: a socket there that nobody answers is taken away.
    ///
    /// # Errors
    /// [`SocketError`].
    pub fn bind(path: &Path) -> Result<(Self, UnixListener), SocketError> {
        let failed = |operation| {
            move |error: Errno| SocketError::Io {
                path: path.to_owned(),
                operation,
                source: error.into(),
            }
        };
        let address = address(path)?;
        remove_stale(path, &address)?;
        let socket = stream_socket().map_err(failed("make"))?;
        // On Linux the file gets the mode of the socket it is made from.
        fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR).map_err(failed("close to others"))?;
        bind(socket.as_raw_fd(), &address).map_err(failed("bind"))?;
        let status = lstat(path).map_err(failed("look at"))?;
        listen(&socket, Backlog::new(BACKLOG).unwrap_or(Backlog::MAXCONN))
            .map_err(failed("listen at"))?;
        let bound = Self {
            path: path.to_owned(),
            file: identity(&status),
        };
        Ok((bound, UnixListener::from(socket)))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its file is still there, and not another one.
    #[must_use]
    pub fn still_there(&self) -> bool {
        self.place().is_there()
    }

    /// What is to be at its path, for who looks there in our stead.
    #[must_use]
    pub fn place(&self) -> SocketPlace {
        SocketPlace {
            path: self.path.clone(),
            file: self.file,
        }
    }
}

/// The file of a socket, and where it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketPlace {
    path: PathBuf,
    file: (u64, u64),
}

impl SocketPlace {
    /// See [`ControlSocket::still_there`].
    #[must_use]
    pub fn is_there(&self) -> bool {
        lstat(&self.path).is_ok_and(|status| identity(&status) == self.file)
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if self.still_there() {
            let _ = unlink(&self.path);
        }
    }
}

/// Whether a scheduler answers at this path.
#[must_use]
pub fn answers(path: &Path) -> bool {
    address(path).is_ok_and(|address| probe(&address).is_ok())
}

/// Whether a peer may give orders: the user we run as, or root.
#[must_use]
pub fn may_command(uid: u32) -> bool {
    Uid::from_raw(uid).is_root() || uid == geteuid().as_raw()
}

fn address(path: &Path) -> Result<UnixAddr, SocketError> {
    UnixAddr::new(path).map_err(|error| match error {
        Errno::ENAMETOOLONG => SocketError::PathTooLong {
            path: path.to_owned(),
            bytes: path.as_os_str().len(),
        },
        error => SocketError::Io {
            path: path.to_owned(),
            operation: "name",
            source: error.into(),
        },
    })
}

fn stream_socket() -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(AddressFamily::Unix, SockType::Stream, flags, None)
}

fn probe(address: &UnixAddr) -> nix::Result<()> {
    let socket = stream_socket()?;
    match connect(socket.as_raw_fd(), address) {
        // Its queue is full, so somebody has one.
        Err(Errno::EAGAIN) => Ok(()),
        result => result,
    }
}

fn remove_stale(path: &Path, address: &UnixAddr) -> Result<(), SocketError> {
    let status = match lstat(path) {
        Ok(status) => status,
        Err(Errno::ENOENT) => return Ok(()),
        Err(error) => {
            return Err(SocketError::Io {
                path: path.to_owned(),
                operation: "look at",
                source: error.into(),
            });
        }
    };
    let is_socket = SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT == SFlag::S_IFSOCK;
    let untrusted = |reason: String| SocketError::Untrusted {
        path: path.to_owned(),
        reason,
    };
    if !is_socket {
        return Err(untrusted("it is no socket".to_owned()));
    }
    if status.st_uid != geteuid().as_raw() {
        return Err(untrusted(format!("it belongs to uid {}", status.st_uid)));
    }
    if probe(address).is_ok() {
        return Err(SocketError::InUse {
            path: path.to_owned(),
        });
    }
    unlink(path).map_err(|error| SocketError::Io {
        path: path.to_owned(),
        operation: "remove the stale file of",
        source: error.into(),
    })
}

fn identity(status: &FileStat) -> (u64, u64) {
    (status.st_dev, status.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn sandbox() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        (folder, path)
    }

    #[test]
    fn only_its_owner_can_reach_it_and_it_goes_with_its_scheduler() {
        let (_folder, path) = sandbox();
        let (socket, _listener) = ControlSocket::bind(&path).unwrap();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(answers(&path) && socket.still_there());
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_scheduler_left_is_taken_away_and_what_a_living_one_has_is_not() {
        let (_folder, path) = sandbox();
        drop(UnixListener::bind(&path).unwrap());
        assert!(!answers(&path));
        let (_socket, _listener) = ControlSocket::bind(&path).unwrap();
        let again = ControlSocket::bind(&path);
        assert!(matches!(again, Err(SocketError::InUse { .. })), "{again:?}");
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let (folder, path) = sandbox();
        fs::write(folder.path().join("precious"), "x").unwrap();
        for make in [
            (|from, to| fs::copy(from, to).map(drop)) as fn(&Path, &Path) -> io::Result<()>,
            |from, to| std::os::unix::fs::symlink(from, to),
        ] {
            make(&folder.path().join("precious"), &path).unwrap();
            let bound = ControlSocket::bind(&path);
            assert!(matches!(bound, Err(SocketError::Untrusted { .. })));
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_said_to_be() {
        let (folder, _) = sandbox();
        let directory = folder.path().join("d".repeat(100));
        fs::create_dir(&directory).unwrap();
        let bound = ControlSocket::bind(&directory.join("control.sock"));
        assert!(matches!(bound, Err(SocketError::PathTooLong { .. })));
    }

    #[test]
    fn another_file_in_its_place_is_noticed_and_kept() {
        let (_folder, path) = sandbox();
        let (socket, _listener) = ControlSocket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
        assert!(!socket.still_there());
        drop(socket);
        assert!(path.exists());
    }
}
