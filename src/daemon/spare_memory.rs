//! Memory that is given back to the machine once something large has come and gone: the files of a hundred
//! thousand jobs at a start, the old jobs at a reload, a batch of records. The allocator would keep it
//! for ever.

use super::event_loop::Daemon;
use crate::sys::memory;
use std::thread;

/// So many jobs or records take a memory worth giving back: a megabyte or so.
const MANY: usize = 1_000;

/// Whether there may be such memory.
#[derive(Debug)]
pub(super) struct SpareMemory {
    is_large: bool,
}

impl SpareMemory {
    /// At the start: the files have just been read.
    pub fn new() -> Self {
        Self { is_large: true }
    }

    /// So many jobs or records are about to be let go.
    pub fn add(&mut self, count: usize) {
        self.is_large |= count >= MANY;
    }
}

impl Daemon {
    /// Gives it back, when nothing large is on its way to the store. In a thread of its own: that takes
    /// some hundredths of a second, and no fire waits for it.
    pub(super) fn give_back_memory(&mut self) {
        if self.has_commits() || !std::mem::take(&mut self.spare_memory.is_large) {
            return;
        }
        let thread = thread::Builder::new().name("memory".to_owned());
        // Without a thread it is kept, which is no harm.
        drop(thread.spawn(memory::give_back));
    }
}
