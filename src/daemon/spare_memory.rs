//! Memory that is given back to the machine once something large has come and gone: the files of a hundred
//! thousand jobs at a start, the old jobs at a reload, a batch of records. The allocator would keep it
//! for ever.

use super::event_loop::Daemon;
use crate::sys::memory;
use std::thread;

/// So many records are large: a megabyte or so.
const MANY: usize = 1_000;

/// Whether something large may have come, and is to go.
#[derive(Debug)]
pub(super) struct SpareMemory {
    is_likely: bool,
}

impl SpareMemory {
    /// At the start: the files have just been read.
    pub fn new() -> Self {
        Self { is_likely: true }
    }

    /// The files were read again, whatever came of it.
    pub fn read_files(&mut self) {
        self.is_likely = true;
    }

    /// A batch of so many records is on its way to the store.
    pub fn made_batch(&mut self, records: usize) {
        self.is_likely |= records >= MANY;
    }
}

impl Daemon {
    /// Gives it back, when nothing large is on its way to the store. In a thread of its own: that takes
    /// some hundredths of a second, and no fire waits for it.
    pub(super) fn give_back_memory(&mut self) {
        if self.has_commits() || !std::mem::take(&mut self.spare_memory.is_likely) {
            return;
        }
        let thread = thread::Builder::new().name("memory".to_owned());
        // Without a thread it is kept, which is no harm.
        drop(thread.spawn(memory::give_back));
    }
}
