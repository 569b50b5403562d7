//! The files that make this scheduler the one of its directories: the lock and the control socket.
//!
//! inotify tells at once that one was removed, moved or replaced; the safety wake-up of each minute looks
//! as well, since inotify is not to be had everywhere, and is not told of a directory above that moves.
//! A socket is made anew (`control.rs`). A lock is not: the file that is locked may be another's by now.
//! Without it nothing is started any more. If it is not put back in a minute the scheduler ends, so that
//! whoever started it can start it anew; or sooner, if another scheduler has it, and then for good.
//!
//! Who looks is the thread of the state directory: its disk may hang.

use super::event_loop::Daemon;
use super::level::Level;
use super::state_disk::{Look, Told};
use crate::sys::clock;
use crate::sys::inode_watch::InodeWatch;
use crate::sys::lock::{Holder, describe};
use crate::sys::lock_look::Held;
use crate::time::BootTime;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

/// A socket is made anew when nothing was touched for so long: who removes a directory with all that is in it
/// is not to find a new file there.
const CALM: Duration = Duration::from_secs(1);

/// How long a lock may be away.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at who holds it meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Who holds it for so long is another scheduler that works: one that finds the store in use, or its jobs file
/// wrong, lets go of it at once.
const IS_ANOTHERS_AFTER: Duration = Duration::from_secs(5);

/// Why the daemon came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonEnd {
    /// It was told to, or its time was over.
    Asked,
    /// Another scheduler has taken its lock.
    LockTaken,
    /// Its lock file was removed, and nobody has it.
    LockLost,
}

/// The lock is not ours any more.
#[derive(Debug)]
struct LostLock {
    since: BootTime,
    /// When to look again; none while that is being done.
    look_at: Option<BootTime>,
    /// Who has it, and since when.
    other: Option<(Holder, BootTime)>,
}

impl LostLock {
    fn at(now: BootTime) -> Self {
        Self {
            since: now,
            look_at: Some(now + LOOK_AGAIN),
            other: None,
        }
    }

    /// Takes in who holds it now. Gives the end that this makes of the daemon, if it does.
    fn look(&mut self, held: Held, now: BootTime) -> Option<DaemonEnd> {
        self.look_at = Some(now + LOOK_AGAIN);
        let Held::By(holder) = held else {
            self.other = None;
            let is_over = now.saturating_since(self.since) >= LOCK_PATIENCE;
            return is_over.then_some(DaemonEnd::LockLost);
        };
        let (_, since) = match self.other.take() {
            Some((other, since)) if other == holder => self.other.insert((other, since)),
            _ => self.other.insert((holder, now)),
        };
        let is_anothers = now.saturating_since(*since) >= IS_ANOTHERS_AFTER;
        is_anothers.then_some(DaemonEnd::LockTaken)
    }
}

/// The watch over them.
pub(super) struct OwnFiles {
    /// None: there is none to be had, and the look of each minute must do.
    early: Option<InodeWatch>,
    /// When to look at the socket, after something was touched.
    look_at: Option<BootTime>,
    /// The lock was not ours at the last look: another scheduler may run beside us.
    lost_lock: Option<LostLock>,
}

impl OwnFiles {
    pub(super) fn new() -> Self {
        Self {
            early: InodeWatch::of_places().ok(),
            look_at: None,
            lost_lock: None,
        }
    }

    /// When to look at them, if not only when they are touched.
    pub(super) fn deadline(&self) -> Option<BootTime> {
        let lock = self.lost_lock.as_ref().and_then(|lost| lost.look_at);
        [self.look_at, lock].into_iter().flatten().min()
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
            && self.own_files.lost_lock.is_none()
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
        self.look_at_own_files();
    }

    /// Has them looked at, if that is due after something was touched, or while the lock is lost.
    pub(super) fn look_when_due(&mut self) {
        let now = clock::read().boot;
        let files = &mut self.own_files;
        let socket = files.look_at.take_if(|at| *at <= now);
        let lost = files.lost_lock.as_mut();
        let lock = lost.and_then(|lost| lost.look_at.take_if(|at| *at <= now));
        if socket.or(lock).is_some() {
            self.look_at_own_files();
        }
    }

    /// Has lock and socket looked at.
    pub(super) fn look_at_own_files(&mut self) {
        self.state_disk.look(Look {
            lock: self.setup.lock.place(),
            socket: self.setup.control.socket.place(),
        });
    }

    /// The thread of the state directory has something to tell.
    pub(super) fn hear_state_disk(&mut self) {
        for told in self.state_disk.hear() {
            self.take_told(told);
        }
    }

    /// Nothing is left for it to do, unless the disk hangs.
    pub(super) fn finish_state_disk(&mut self, patience: Duration) {
        for told in self.state_disk.finish(patience) {
            // There is nothing more to be done about what it saw.
            if let Told::Problem(_) = told {
                self.take_told(told);
            }
        }
    }

    fn take_told(&mut self, told: Told) {
        match told {
            Told::Problem(why) => self.say(Level::Warn, &why),
            Told::Looked {
                look,
                lock_lost_to,
                socket_is_there,
            } => {
                // Meanwhile it may have been made anew; and while something is touched it is left alone.
                let is_this = look.socket == self.setup.control.socket.place();
                if !socket_is_there && is_this && self.own_files.look_at.is_none() {
                    self.replace_socket();
                }
                self.lock_looked_at(lock_lost_to);
            }
        }
    }

    /// Takes in whether the lock is still ours, or who has it, and says if that has changed; shuts down if it
    /// will not come back. When stopping it does not matter.
    pub(super) fn lock_looked_at(&mut self, lost_to: Option<Held>) {
        if self.stop_requests > 0 {
            self.own_files.lost_lock = None;
            return;
        }
        let now = clock::read().boot;
        let lock = self.setup.lock.path().display();
        match (lost_to, &mut self.own_files.lost_lock) {
            (None, None) => {}
            (None, Some(_)) => {
                let message = format!("The lock file `{lock}` is back: jobs are started again");
                self.own_files.lost_lock = None;
                self.say(Level::Warn, &message);
            }
            (Some(_), None) => {
                let message = format!(
                    "The lock file `{lock}` was removed or replaced: nothing is started any more, so that no job runs twice. \
                     Unless it is put back, this scheduler shuts down in a minute, or when another has taken it"
                );
                self.own_files.lost_lock = Some(LostLock::at(now));
                self.say(Level::Error, &message);
            }
            (Some(held), Some(lost)) => {
                if let Some(end) = lost.look(held, now) {
                    self.end_without_lock(end);
                }
            }
        }
    }

    fn end_without_lock(&mut self, end: DaemonEnd) {
        let lost = self.own_files.lost_lock.as_ref();
        let why = match lost.and_then(|lost| lost.other.as_ref()) {
            Some((other, _)) => {
                let other = describe(Some(other));
                format!("Another scheduler has taken the lock, {other}: shutting down")
            }
            None => "The lock file was not put back: shutting down".to_owned(),
        };
        self.say(Level::Error, &why);
        self.end = end;
        self.stop();
    }

    /// Why the store is to take no decisions, if it is not: what it took would be acted on. When
    /// stopping nothing is decided any more, and what is known of the runs is to be kept: the store
    /// has a lock of its own.
    pub(super) fn refusal_to_record(&self) -> Option<String> {
        let refuses = self.own_files.lost_lock.is_some() && self.stop_requests == 0;
        let lock = self.setup.lock.path().display();
        refuses.then(|| format!("the lock file `{lock}` was removed or replaced"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(pid: i32) -> Held {
        Held::By(Holder {
            pid,
            host: "here".to_owned(),
            started_at: "2026-05-01T00:00:00Z".to_owned(),
            jobs_file: "/etc/jobs.toml".to_owned(),
        })
    }

    /// The second at which it ends, and how, if that is what a look at each second tells.
    fn end(held: impl Fn(i64) -> Held) -> (i64, DaemonEnd) {
        let at = |second| BootTime::from_micros(second * 1_000_000);
        let mut lost = LostLock::at(at(0));
        let end =
            (1..1_000).find_map(|second| Some((second, lost.look(held(second), at(second))?)));
        end.unwrap()
    }

    #[test]
    fn a_lock_that_nobody_takes_is_waited_for_a_minute() {
        assert_eq!(end(|_| Held::ByNobody), (60, DaemonEnd::LockLost));
        assert_eq!(end(|_| Held::NotKnown), (60, DaemonEnd::LockLost));
    }

    #[test]
    fn one_that_another_holds_is_its_own_after_some_seconds() {
        assert_eq!(end(|_| by(7)), (6, DaemonEnd::LockTaken));
        let late = |second| if second < 58 { Held::ByNobody } else { by(7) };
        assert_eq!(end(late), (63, DaemonEnd::LockTaken));
    }

    #[test]
    fn who_lets_go_of_it_at_once_has_not_taken_it() {
        let now_and_then = |second| {
            if second % 4 == 0 {
                by(7)
            } else {
                Held::ByNobody
            }
        };
        assert_eq!(end(now_and_then), (61, DaemonEnd::LockLost));
        // One start behind another, each of which is refused.
        let ever_others = |second| {
            if second < 62 {
                by(i32::try_from(second).unwrap())
            } else {
                Held::ByNobody
            }
        };
        assert_eq!(end(ever_others), (62, DaemonEnd::LockLost));
    }
}
