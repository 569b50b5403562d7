//! Tells that files were changed or replaced: an inotify instance that watches their inodes.
//!
//! It watches inodes and not the directories they are in, since /etc is no quiet place: what is
//! told is about these files alone (of a directory, the files right in it too). In return it is blind to some ways of putting another file in the
//! place of one (a directory that is switched, a file system mounted over it): it is for being early,
//! and whoever must know looks from time to time as well.

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

/// Its links or metadata changed, moved, gone. A rename over a file takes a link from the inode that was
/// there.
const PLACES: AddWatchFlags = AddWatchFlags::IN_ATTRIB
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_DELETE_SELF);

/// All that, or written and closed.
const CHANGES: AddWatchFlags = PLACES.union(AddWatchFlags::IN_CLOSE_WRITE);

/// Becomes readable when one of the watched files was touched.
#[derive(Debug)]
pub struct InodeWatch {
    inotify: Inotify,
    told: AddWatchFlags,
    watched: BTreeSet<WatchDescriptor>,
}

impl InodeWatch {
    /// Watches nothing yet; will tell of files that were written, too.
    ///
    /// # Errors
    /// No descriptor, no memory, or no inotify instance is left for this user (`inotify(7)`).
    pub fn new() -> io::Result<Self> {
        Self::telling(CHANGES)
    }

    /// Watches nothing yet; will tell of files that are not where they were, and not of those that
    /// were only written: others open a lock file ten times a second while they stand by.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_places() -> io::Result<Self> {
        Self::telling(PLACES)
    }

    fn telling(told: AddWatchFlags) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        Ok(Self {
            inotify,
            told,
            watched: BTreeSet::new(),
        })
    }

    /// Watches the files at these paths as they are now, a symbolic link and what it leads to, and
    /// no others. What is not there, or cannot be watched, is not watched.
    pub fn set(&mut self, paths: &[PathBuf]) {
        let add = |path: &PathBuf, flags| self.inotify.add_watch(path, self.told | flags).ok();
        let targets = paths
            .iter()
            .filter_map(|path| add(path, AddWatchFlags::empty()));
        let links = paths
            .iter()
            .filter_map(|path| add(path, AddWatchFlags::IN_DONT_FOLLOW));
        let watched: BTreeSet<_> = targets.chain(links).collect();
        for old in self.watched.difference(&watched) {
            // Gone with its inode, most often.
            let _ = self.inotify.rm_watch(*old);
        }
        self.watched = watched;
    }

    /// Takes note of everything so far; false when there was nothing. Never blocks.
    #[expect(
        clippy::must_use_candidate,
        reason = "usually the descriptor has told already"
    )]
    pub fn acknowledge(&self) -> bool {
        let mut was_touched = false;
        loop {
            match self.inotify.read_events() {
                // An end of a watch is told too, and says nothing new.
                Ok(events) => {
                    was_touched |= events
                        .iter()
                        .any(|event| !event.mask.contains(AddWatchFlags::IN_IGNORED));
                }
                Err(Errno::EINTR) => {}
                Err(_) => return was_touched,
            }
        }
    }
}

impl AsFd for InodeWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_that_is_written_replaced_or_removed_is_told_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["zone", "other", "new"] {
            fs::write(path(name), name).unwrap();
        }
        let mut watch = InodeWatch::new().unwrap();
        let watched = [path("zone"), path("missing")];
        watch.set(&watched);
        fs::write(path("other"), "x").unwrap();
        fs::read(path("zone")).unwrap();
        assert!(!watch.acknowledge());

        fs::write(path("zone"), "x").unwrap();
        assert!(watch.acknowledge());
        fs::rename(path("new"), path("zone")).unwrap();
        assert!(watch.acknowledge());
        assert!(!watch.acknowledge(), "the new file is not watched yet");
        watch.set(&watched);
        fs::remove_file(path("zone")).unwrap();
        assert!(watch.acknowledge());
    }

    #[test]
    fn a_file_that_is_only_written_has_kept_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut watch = InodeWatch::of_places().unwrap();
        fs::write(path("lock"), "").unwrap();
        watch.set(&[path("lock")]);
        fs::write(path("lock"), "x").unwrap();
        assert!(!watch.acknowledge());
        for (from, to) in [("lock", "away"), ("away", "lock")] {
            fs::rename(path(from), path(to)).unwrap();
            assert!(watch.acknowledge(), "to {to}");
        }
        fs::write(path("other"), "").unwrap();
        fs::rename(path("other"), path("lock")).unwrap();
        assert!(watch.acknowledge());
    }

    #[test]
    fn both_a_link_and_what_it_leads_to_are_watched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["one", "two"] {
            fs::write(path(name), name).unwrap();
        }
        symlink("one", path("link")).unwrap();
        let mut watch = InodeWatch::new().unwrap();
        watch.set(&[path("link")]);
        fs::write(path("one"), "x").unwrap();
        assert!(watch.acknowledge());
        symlink("two", path("next")).unwrap();
        fs::rename(path("next"), path("link")).unwrap();
        assert!(watch.acknowledge());
        watch.set(&[path("link")]);
        fs::write(path("one"), "y").unwrap();
        assert!(!watch.acknowledge(), "no longer led to");
        fs::write(path("two"), "y").unwrap();
        assert!(watch.acknowledge());
    }
}
