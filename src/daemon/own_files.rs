//! The files that make this scheduler the one of its directories: the lock and the control socket.
//!
//! inotify tells at once that one was removed, moved or replaced; the safety wake-up of each minute looks
//! as well, since inotify is not to be had everywhere, and is not told of a directory above that moves.
//! A socket is made anew (`control.rs`). A lock is not: the file that is locked may be another's by now.
//! Without it nothing is started any more, and the next look of the minute makes an end of it.

use super::event_loop::Daemon;
use super::level::Level;
use crate::sys::clock;
use crate::sys::inode_watch::InodeWatch;
use crate::time::BootTime;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

/// A socket is made anew when nothing was touched for so long: who removes a directory with all that is in it
/// is not to find a new file there.
const CALM: Duration = Duration::from_secs(1);

/// The watch over them.
pub(super) struct OwnFiles {
    /// None: there is none to be had, and the look of each minute must do.
    early: Option<InodeWatch>,
    /// When to look at the socket, after something was touched.
    pub look_at: Option<BootTime>,
    /// The lock was not ours at the last look: another scheduler may run beside us.
    lock_is_lost: bool,
}

impl OwnFiles {
    pub(super) fn new() -> Self {
        Self {
            early: InodeWatch::of_places().ok(),
            look_at: None,
            lock_is_lost: false,
        }
    }

    /// What becomes readable when one may be gone.
    pub(super) fn readiness(&self) -> Option<BorrowedFd<'_>> {
        self.early.as_ref().map(InodeWatch::as_fd)
    }
}

impl Daemon {
    /// Watches them as they are now. A lock that was moved away goes on being watched: it may come back.
    pub(super) fn watch_own_files(&mut self) {
        if let Some(early) = &mut self.own_files.early
            && !self.own_files.lock_is_lost
        {
            let socket = self.setup.control.socket.path();
            early.set(&[self.setup.lock.path().to_owned(), socket.to_owned()]);
        }
    }

    /// One of them was touched.
    pub(super) fn own_files_touched(&mut self) {
        if let Some(early) = &self.own_files.early {
            early.acknowledge();
        }
        self.own_files.look_at = Some(clock::read().boot + CALM);
        self.look_at_lock();
    }

    /// Looks at the socket, if that is due after something was touched.
    pub(super) fn look_at_touched_socket(&mut self) {
        let is_due = |at: BootTime| at <= clock::read().boot;
        if self.own_files.look_at.is_some_and(is_due) {
            self.own_files.look_at = None;
            self.check_socket();
        }
    }

    /// Looks whether the lock is still ours, and says if that has changed.
    pub(super) fn look_at_lock(&mut self) {
        let is_lost = !self.setup.lock.still_ours();
        if is_lost == self.own_files.lock_is_lost || self.stop_requests > 0 {
            return;
        }
        self.own_files.lock_is_lost = is_lost;
        let lock = self.setup.lock.path().display();
        let (level, message) = if is_lost {
            let what = format!(
                "The lock file `{lock}` was removed or replaced: nothing is started any more, so that no job runs twice. \
                 Unless it is put back, this scheduler shuts down within a minute"
            );
            (Level::Error, what)
        } else {
            let what = format!("The lock file `{lock}` is back: jobs are started again");
            (Level::Warn, what)
        };
        self.say(level, &message);
    }

    /// Shuts down if the lock is not ours and was not at the last look either.
    pub(super) fn stop_without_lock(&mut self) {
        let was_lost = self.own_files.lock_is_lost;
        self.look_at_lock();
        if was_lost && self.own_files.lock_is_lost && self.stop_requests == 0 {
            let why = "The lock file was not put back: shutting down";
            self.say(Level::Error, why);
            self.stop();
        }
    }

    /// Why the store is to take no decisions, if it is not: what it took would be acted on. When
    /// stopping nothing is decided any more, and what is known of the runs is to be kept: the store
    /// has a lock of its own.
    pub(super) fn refusal_to_record(&self) -> Option<String> {
        let refuses = self.own_files.lock_is_lost && self.stop_requests == 0;
        let lock = self.setup.lock.path().display();
        refuses.then(|| format!("the lock file `{lock}` was removed or replaced"))
    }
}
