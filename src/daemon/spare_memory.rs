//! Memory that is given back to the machine once something large has come and gone: the files of a hundred
//! thousand jobs at a start, the old jobs at a reload, a batch of records. The allocator would keep it
//! for ever.

use super::event_loop::Daemon;
use crate::sys::memory;
use std::thread::{self, JoinHandle};

/// So many records are large: a megabyte or so.
const MANY: usize = 1_000;

/// What there may be to give back.
#[derive(Debug)]
pub(super) struct SpareMemory {
    /// As soon as no batch is on its way to the store: a start or a reload is over.
    at_once: bool,
    /// With the next housekeeping: a scheduler that makes large batches makes them again.
    later: bool,
    /// The thread that gives back.
    thread: Option<JoinHandle<()>>,
}

impl SpareMemory {
    /// At the start: the files have just been read.
    pub fn new() -> Self {
        Self {
            at_once: true,
            later: false,
            thread: None,
        }
    }

    /// The files were read again, whatever came of it.
    pub fn read_files(&mut self) {
        self.at_once = true;
    }

    /// A batch of so many records is on its way to the store.
    pub fn made_batch(&mut self, records: usize) {
        self.later |= records >= MANY;
    }

    /// What could wait need not wait any longer.
    pub fn keep_house(&mut self) {
        self.at_once |= std::mem::take(&mut self.later);
    }
}

impl Daemon {
    /// Gives it back, if the time for it has come. In a thread of its own: a hundred megabytes take some
    /// milliseconds, in which the loop waits only where it needs memory itself.
    pub(super) fn give_back_memory(&mut self) {
        let has_batches = self.has_commits();
        let spare = &mut self.spare_memory;
        let is_busy = spare.thread.as_ref().is_some_and(|it| !it.is_finished());
        if !spare.at_once || has_batches || is_busy {
            return;
        }
        (spare.at_once, spare.later) = (false, false);
        let thread = thread::Builder::new().name("memory".to_owned());
        // Without a thread it is kept, which is no harm.
        spare.thread = thread.spawn(memory::give_back).ok();
    }
}
