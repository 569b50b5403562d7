//! Tells when something in a directory was finished: a file written and closed, renamed, made,
//! removed.
//!
//! Directories are watched, not files: an editor replaces the file, and a watch would stay with the
//! one that is gone (`inotify(7)`).

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Watched directories.
#[derive(Debug)]
pub struct DirectoryWatch(Inotify);

impl DirectoryWatch {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// No descriptor is left, or the user has no inotify instance left.
    pub fn new() -> io::Result<Self> {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        Ok(Self(Inotify::init(flags)?))
    }

    /// Watches a directory. One that is watched already is not watched twice.
    ///
    /// # Errors
    /// There is no such directory, it may not be read, or the user has no watch left.
    pub fn add(&self, directory: &Path) -> io::Result<()> {
        // Not IN_MODIFY: what is half written is nobody's business.
        let what = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        self.0.add_watch(directory, what)?;
        Ok(())
    }

    /// Takes note of all that happened so far; false if it was nothing. Never blocks.
    ///
    /// # Errors
    /// Whatever reading says beside that there is nothing.
    pub fn drain(&self) -> io::Result<bool> {
        let mut happened = false;
        loop {
            match self.0.read_events() {
                Ok(events) => happened |= !events.is_empty(),
                Err(Errno::EAGAIN) => return Ok(happened),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for DirectoryWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_finished_in_a_directory_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let watch = DirectoryWatch::new().unwrap();
        watch.add(folder.path()).unwrap();
        watch.add(folder.path()).unwrap();
        assert!(!watch.drain().unwrap());
        fs::write(folder.path().join("a"), "x").unwrap();
        assert!(watch.drain().unwrap());
        assert!(!watch.drain().unwrap());
        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        assert!(watch.drain().unwrap());
        assert!(watch.add(&folder.path().join("b")).is_err(), "no directory");
    }
}
