//! What the loop wants of the state directory, beside the store: done by a thread that does nothing else, in the order
//! in which it was asked for. The disk may hang; then this thread waits for it, and not the loop.
//!
//! The order matters for a start that failed and is tried again: the mark of the first try must be gone before the
//! second makes its own, and not be removed after that.

use super::recovery::mark_name;
use crate::process::{MarkedProcess, StartMarks};
use crate::scheduler::RunId;
use crate::sys::clock;
use crate::sys::control_socket::SocketPlace;
use crate::sys::lock::LockPlace;
use crate::sys::lock_look::Held;
use crate::sys::panics;
use crate::sys::wake::Waker;
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A disk that took this long for what it was last asked, or has not answered for so long, may hang.
const SLOW: Duration = Duration::from_secs(1);

/// Something to be done there.
enum Errand {
    /// Write into the mark which process it is.
    Name {
        mark: String,
        process: MarkedProcess,
    },
    /// Remove the mark.
    Remove(String),
    Look(Look),
}

/// The files to look at, as they should be.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub lock: LockPlace,
    pub socket: SocketPlace,
}

/// What came of an errand.
#[derive(Debug)]
pub(super) enum Told {
    /// For people.
    Problem(String),
    /// What was found.
    Looked {
        look: Look,
        /// If the lock is not ours any more: who has it.
        lock_lost_to: Option<Held>,
        socket_is_there: bool,
    },
}

/// What both sides know.
#[derive(Debug, Default)]
struct Shared {
    /// The marks that are to be removed, and are not yet.
    going: Mutex<BTreeSet<String>>,
    /// Since when the thread is at what it does; 0 = it waits for something to do.
    busy_since: AtomicI64,
}

impl Shared {
    fn going(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's side.
#[derive(Debug)]
pub(super) struct StateDisk {
    marks: Option<Arc<StartMarks>>,
    to_thread: Option<Sender<Errand>>,
    told: Receiver<Told>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// Rings when something is told.
    pub bell: Waker,
    last_commit_was_slow: bool,
}

impl StateDisk {
    /// Starts the thread. `marks`: none if starts are not marked.
    ///
    /// # Errors
    /// The machine has no descriptor or no thread left.
    pub fn start(marks: Option<StartMarks>) -> io::Result<Self> {
        let marks = marks.map(Arc::new);
        let shared = Arc::new(Shared::default());
        let bell = Waker::new()?;
        let (to_thread, errands) = channel();
        let (tell, told) = channel();
        let runner = Runner {
            marks: marks.clone(),
            errands,
            tell,
            shared: Arc::clone(&shared),
            bell: bell.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || runner.run())?;
        Ok(Self {
            marks,
            to_thread: Some(to_thread),
            told,
            thread: Some(thread),
            shared,
            bell,
            last_commit_was_slow: false,
        })
    }

    fn ask(&self, errand: Errand) {
        if let Some(to_thread) = &self.to_thread {
            // The thread ends only with us; a panic in it ends the whole program.
            _ = to_thread.send(errand);
        }
    }

    /// Where the mark of an attempt is to be made; none if starts are not marked.
    pub fn mark_of(&self, run: RunId, attempt: u32) -> Option<PathBuf> {
        let marks = self.marks.as_ref()?;
        Some(marks.path(&mark_name(run, attempt)))
    }

    /// Whether the mark of an attempt is still to be removed, of a try that failed.
    pub fn is_removing(&self, run: RunId, attempt: u32) -> bool {
        self.shared.going().contains(&mark_name(run, attempt))
    }

    /// Removes the mark of an attempt that did not start, or whose end is recorded.
    pub fn remove_mark(&self, run: RunId, attempt: u32) {
        if self.marks.is_some() {
            let name = mark_name(run, attempt);
            self.shared.going().insert(name.clone());
            self.ask(Errand::Remove(name));
        }
    }

    /// Writes into the mark of an attempt which process it is. That must not be reaped yet.
    pub fn name_process(&self, run: RunId, attempt: u32, pid: Pid) {
        if self.marks.is_some()
            && let Some(process) = MarkedProcess::of(pid)
        {
            let mark = mark_name(run, attempt);
            self.ask(Errand::Name { mark, process });
        }
    }

    /// Looks at these files.
    pub fn look(&self, look: Look) {
        self.ask(Errand::Look(look));
    }

    /// What came of errands.
    pub fn hear(&mut self) -> Vec<Told> {
        self.bell.acknowledge();
        self.told.try_iter().collect()
    }

    /// The store has answered, after that long.
    pub fn committed(&mut self, took: Duration) {
        self.last_commit_was_slow = took >= SLOW;
    }

    /// Whether the next file that is made there may be long in coming. A disk of this machine may begin to hang
    /// at any moment, which nobody can know; one that is served by others, and one that already is
    /// slow, is not relied upon.
    pub fn may_hang(&self) -> bool {
        let since = self.shared.busy_since.load(Ordering::Relaxed);
        let slow = i64::try_from(SLOW.as_micros()).unwrap_or(i64::MAX);
        let is_waited_for = since != 0 && clock::monotonic_micros() - since >= slow;
        let is_served = || self.marks.as_ref().is_some_and(|marks| marks.may_hang());
        self.last_commit_was_slow || is_waited_for || is_served()
    }

    /// Nothing more is asked for; what came of all that was, as far as it is done in so long.
    pub fn finish(&mut self, patience: Duration) -> Vec<Told> {
        self.to_thread = None;
        let until = clock::read().boot + patience;
        let mut all = Vec::new();
        loop {
            let left = until.saturating_since(clock::read().boot);
            match self.told.recv_timeout(left) {
                Ok(told) => all.push(told),
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => return all,
            }
        }
    }

    /// Waits until all is done, behind [`Self::finish`]: what is removed after the lock is free could be the mark
    /// of another scheduler's start.
    pub fn join(&mut self) {
        self.to_thread = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// The thread's side.
struct Runner {
    marks: Option<Arc<StartMarks>>,
    errands: Receiver<Errand>,
    tell: Sender<Told>,
    shared: Arc<Shared>,
    bell: Waker,
}

impl Runner {
    fn run(self) {
        while let Ok(errand) = self.errands.recv() {
            panics::panic_if_asked("state");
            let busy_since = &self.shared.busy_since;
            busy_since.store(clock::monotonic_micros(), Ordering::Relaxed);
            let told = self.do_errand(errand);
            busy_since.store(0, Ordering::Relaxed);
            if let Some(told) = told {
                // The loop may have left.
                _ = self.tell.send(told);
                self.bell.wake();
            }
        }
    }

    fn do_errand(&self, errand: Errand) -> Option<Told> {
        match errand {
            Errand::Name { mark, process } => {
                self.marks.as_ref()?.name(&mark, &process);
                None
            }
            Errand::Remove(name) => {
                let removed = self.marks.as_ref()?.remove(&name);
                // Where it cannot be removed, the next try finds it and does not start.
                self.shared.going().remove(&name);
                let error = removed.err()?;
                let why = format!("cannot remove the mark of a start, `{name}`: {error}");
                Some(Told::Problem(why))
            }
            Errand::Look(look) => Some(Told::Looked {
                lock_lost_to: look.lock.lost_to(),
                socket_is_there: look.socket.is_there(),
                look,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn disk() -> (tempfile::TempDir, StateDisk) {
        let state = tempfile::tempdir().unwrap();
        let marks = StartMarks::open(state.path(), "boot".to_owned()).unwrap();
        let disk = StateDisk::start(Some(marks)).unwrap();
        (state, disk)
    }

    const RUN: RunId = RunId::from_u64(7);

    /// Only a failing test waits so long.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn all_that_was_asked_for_is_done_in_its_order_before_it_ends() {
        let (_state, mut disk) = disk();
        let mark = disk.mark_of(RUN, 1).unwrap();
        let other = disk.mark_of(RUN, 2).unwrap();
        fs::write(&mark, "").unwrap();
        fs::write(&other, "").unwrap();
        disk.name_process(RUN, 1, Pid::this());
        disk.name_process(RUN, 2, Pid::this());
        disk.remove_mark(RUN, 1);
        // It was removed before.
        disk.remove_mark(RUN, 1);
        assert!(disk.finish(PATIENCE).is_empty());
        disk.join();
        assert!(!mark.exists() && !disk.is_removing(RUN, 1));
        let line = fs::read_to_string(other).unwrap();
        assert!(
            line.starts_with(&Pid::this().to_string()) && line.ends_with('\n'),
            "{line}"
        );
    }

    #[test]
    fn a_mark_that_stays_is_told_of() {
        let (_state, mut disk) = disk();
        fs::create_dir(disk.mark_of(RUN, 1).unwrap()).unwrap();
        disk.remove_mark(RUN, 1);
        let told = disk.finish(PATIENCE);
        let [Told::Problem(why)] = told.as_slice() else {
            panic!("{told:?}");
        };
        let begin = "cannot remove the mark of a start, `0000000000000007.1`: ";
        assert!(why.starts_with(begin), "{why}");
    }

    #[test]
    fn a_disk_is_not_relied_upon_after_a_commit_of_a_second_until_there_is_a_quicker_one() {
        let (_state, mut disk) = disk();
        assert!(!disk.may_hang());
        disk.committed(Duration::from_secs(1));
        assert!(disk.may_hang());
        disk.committed(Duration::from_millis(999));
        assert!(!disk.may_hang());
    }
}
