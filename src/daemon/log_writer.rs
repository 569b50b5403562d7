//! Writes log lines from a thread of its own, so that a full disk or a reader that stopped reading
//! never stops the loop.
//!
//! The queue is bounded. Lines of the scheduler's own are dropped and counted when it is full;
//! lines of job output never are: the loop asks `has_room` first and leaves them in the job's own
//! pipe, which slows the job instead.

use crate::sys::clock;
use crate::sys::wake::Waker;
use std::fs::File;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Above this many waiting bytes, job output is left in its pipes.
const ROOM_FOR_OUTPUT: usize = 256 * 1024;

/// Above this many waiting bytes, lines of the scheduler's own are dropped.
const ROOM_FOR_EVENTS: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// The thread has taken bytes that it has not written yet.
    writing: bool,
    /// The loop waits to be woken when there is room again.
    wanted: bool,
    dropped: u64,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole at every point where a thread could die while holding it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the log.
pub struct LogWriter {
    shared: Arc<Shared>,
}

impl LogWriter {
    /// Starts the thread. `room` is woken when output may be read again after [`Self::has_room`]
    /// said no.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(file: File, room: Waker) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&for_thread, file, &room))?;
        Ok(Self { shared })
    }

    /// Whether there is room for output of jobs. If not, the waker is woken as soon as there is.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let mut queue = self.shared.lock();
        let room = queue.bytes.len() < ROOM_FOR_OUTPUT;
        queue.wanted |= !room;
        room
    }

    /// Waits until there is room for output of jobs, and takes the time it waited off `patience`;
    /// false if that is used up.
    pub(super) fn wait_for_room(&self, patience: &mut Duration) -> bool {
        let full = |queue: &mut Queue| queue.bytes.len() >= ROOM_FOR_OUTPUT;
        let queue = self.shared.lock();
        let begin = clock::read().boot;
        let (queue, waited) = self
            .shared
            .changed
            .wait_timeout_while(queue, *patience, full)
            .unwrap_or_else(PoisonError::into_inner);
        drop(queue);
        *patience = patience.saturating_sub(clock::read().boot.saturating_since(begin));
        !waited.timed_out()
    }

    /// Queues whole lines; drops and counts them when nothing has been written for too long.
    pub fn write(&self, lines: &[u8]) {
        if lines.is_empty() {
            return;
        }
        let mut queue = self.shared.lock();
        if queue.bytes.len() + lines.len() > ROOM_FOR_EVENTS {
            queue.dropped += count_lines(lines);
            return;
        }
        queue.bytes.extend_from_slice(lines);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Lines dropped since the last call.
    #[must_use]
    pub fn take_dropped(&self) -> u64 {
        mem::take(&mut self.shared.lock().dropped)
    }

    /// Waits until all is written, but no longer than `patience`: a reader that stopped reading
    /// must not keep the scheduler from leaving.
    pub fn finish(self, patience: Duration) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        self.shared.changed.notify_all();
        let unwritten = |queue: &mut Queue| !queue.bytes.is_empty() || queue.writing;
        // A timeout is as good as done here.
        drop(
            self.shared
                .changed
                .wait_timeout_while(queue, patience, unwritten),
        );
    }
}

fn count_lines(lines: &[u8]) -> u64 {
    lines.split_inclusive(|&byte| byte == b'\n').count() as u64
}

fn write_all(shared: &Shared, mut file: File, room: &Waker) {
    let mut taken = Vec::new();
    let mut queue = shared.lock();
    loop {
        while queue.bytes.is_empty() {
            if queue.closed {
                return;
            }
            queue = shared
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(&mut taken, &mut queue.bytes);
        queue.writing = true;
        let wanted = mem::take(&mut queue.wanted);
        drop(queue);
        if wanted {
            room.wake();
        }
        // A full disk or a closed pipe: the lines are lost, and counted.
        let lost = file.write_all(&taken).is_err();
        queue = shared.lock();
        queue.writing = false;
        if lost {
            queue.dropped += count_lines(&taken);
        }
        taken.clear();
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::os::fd::OwnedFd;

    fn pipe() -> (File, File) {
        let (read, write): (OwnedFd, OwnedFd) = nix::unistd::pipe().unwrap();
        (File::from(read), File::from(write))
    }

    #[test]
    fn lines_arrive_in_order_and_finish_waits_for_them() {
        let (read, write) = pipe();
        let writer = LogWriter::start(write, Waker::new().unwrap()).unwrap();
        for number in 0..100 {
            writer.write(format!("{number}\n").as_bytes());
        }
        writer.finish(Duration::from_secs(10));
        let lines: Vec<_> = BufReader::new(read).lines().map(Result::unwrap).collect();
        assert_eq!(
            lines,
            (0..100)
                .map(|number| number.to_string())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_not_the_loop() {
        let (read, write) = pipe();
        let writer = LogWriter::start(write, Waker::new().unwrap()).unwrap();
        let line = [[b'x'; 1023].as_slice(), b"\n"].concat();
        // What the pipe, the thread and the queue hold, and then some.
        let dropped = (0..16 * 1024).any(|_| {
            writer.write(&line);
            writer.take_dropped() > 0
        });
        assert!(dropped, "sixteen megabytes do not fit");
        assert!(!writer.has_room());
        writer.finish(Duration::from_millis(1));
        drop(read);
    }

    #[test]
    fn a_full_disk_costs_lines_and_is_counted() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let writer = LogWriter::start(full, Waker::new().unwrap()).unwrap();
        writer.write(b"one\ntwo\n");
        let shared = Arc::clone(&writer.shared);
        writer.finish(Duration::from_secs(10));
        assert_eq!(shared.lock().dropped, 2);
    }
}
