//! Writes log lines from a thread of its own, so that a full disk or a reader that stopped reading
//! never stops the loop.
//!
//! The queue is bounded. Lines of the scheduler's own are dropped and counted when it is full;
//! lines of job output never are: the loop asks `has_room` first and leaves them in the job's own
//! pipe, which slows the job instead.

use super::log_file::LogFile;
use crate::sys::clock;
use crate::sys::journal::Journal;
use crate::sys::panics;
use crate::sys::poller::wait_until_writable;
use crate::sys::wake::Waker;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
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

/// Where lines go.
#[derive(Debug)]
pub enum LogTarget {
    /// Standard error.
    File(File),
    /// A file that is followed by its name.
    Named(LogFile),
    /// The journal, as [`super::LogFormat::Journal`] makes lines.
    Journal(Journal),
}

impl From<File> for LogTarget {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}

impl LogTarget {
    /// Before lines are written: whether they go to another file than those before them.
    fn follow_name(&mut self) -> bool {
        let Self::Named(file) = self else {
            return false;
        };
        file.follow_name().unwrap_or_else(|error| {
            // Where else should it be said? If there is nobody, there is nobody.
            if let Some(error) = error {
                let text = format!("rsched: {error}; its lines go to the file that was there\n");
                let _ = io::stderr().write_all(text.as_bytes());
            }
            false
        })
    }
}

impl Write for LogTarget {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Named(file) => file.write(bytes),
            Self::Journal(journal) => journal.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for LogTarget {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::File(file) => file.as_fd(),
            Self::Named(file) => file.as_fd(),
            Self::Journal(journal) => journal.as_fd(),
        }
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
    pub fn start(target: impl Into<LogTarget>, room: Waker) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let target = target.into();
        thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&for_thread, target, &room))?;
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
        // However much one turn says, it is taken when the thread is not behind.
        if !queue.bytes.is_empty() && queue.bytes.len() + lines.len() > ROOM_FOR_EVENTS {
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

/// Where lines end up, whole or not.
struct Log<W> {
    file: W,
    /// The last thing written is the beginning of a line.
    torn: bool,
}

impl<W: Write> Log<W> {
    fn new(file: W) -> Self {
        Self { file, torn: false }
    }

    /// Writes lines, waiting with `wait` where the file does not take any yet; gives how many of them
    /// are lost. That is a matter of a full disk or a closed pipe.
    fn write(&mut self, lines: &[u8], wait: impl Fn(&W) -> io::Result<()>) -> u64 {
        // What comes behind half a line must not be lost with it.
        if self.torn && self.write_bytes(b"\n", &wait) == 1 {
            self.torn = false;
        }
        if self.torn {
            return count_lines(lines);
        }
        let (written, lost) = lines.split_at(self.write_bytes(lines, wait));
        self.torn = written.last().is_some_and(|&byte| byte != b'\n');
        count_lines(lost)
    }

    /// Gives how many bytes were written.
    fn write_bytes(&mut self, bytes: &[u8], wait: impl Fn(&W) -> io::Result<()>) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever else has the same stderr open may have made it non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if wait(&self.file).is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        written
    }
}

fn write_all(shared: &Shared, target: LogTarget, room: &Waker) {
    let mut log = Log::new(target);
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
        panics::panic_if_asked("log");
        if log.file.follow_name() {
            log.torn = false;
        }
        let lost = log.write(&taken, wait_until_writable);
        queue = shared.lock();
        queue.writing = false;
        queue.dropped += lost;
        taken.clear();
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Read as _};
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

    #[test]
    fn a_log_that_does_not_block_gets_every_line_whole() {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        let (read, write) = pipe();
        // As a launcher may leave stderr: a full pipe refuses, in the middle of a line.
        fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let writer = LogWriter::start(write, Waker::new().unwrap()).unwrap();
        let shared = Arc::clone(&writer.shared);
        let text = "not yet torn\n".repeat(50_000);
        writer.write(text.as_bytes());
        let reader = thread::spawn(move || {
            let mut arrived = String::new();
            BufReader::new(read).read_to_string(&mut arrived).unwrap();
            arrived
        });
        writer.finish(Duration::from_secs(60));
        assert_eq!(shared.lock().dropped, 0);
        assert!(reader.join().unwrap() == text, "not all of it arrived");
    }

    #[test]
    fn what_was_written_before_an_error_is_not_counted_as_lost_and_the_next_line_stands_alone() {
        struct Disk(Vec<u8>, usize);
        impl Write for Disk {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let count = bytes.len().min(self.1);
                self.1 -= count;
                self.0.extend_from_slice(&bytes[..count]);
                match count {
                    0 => Err(io::ErrorKind::StorageFull.into()),
                    _ => Ok(count),
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut log = Log::new(Disk(Vec::new(), 6));
        assert_eq!(log.write(b"one\ntwo\nthree\n", |_| Ok(())), 2);
        log.file.1 = 100;
        assert_eq!(log.write(b"four\n", |_| Ok(())), 0);
        assert_eq!(log.file.0, b"one\ntw\nfour\n");
    }

    #[test]
    fn a_turn_that_says_much_is_taken_when_the_writer_is_not_behind() {
        let (read, write) = pipe();
        let writer = LogWriter::start(write, Waker::new().unwrap()).unwrap();
        let shared = Arc::clone(&writer.shared);
        let text = b"a line\n".repeat(ROOM_FOR_EVENTS / 7 + 1);
        assert!(text.len() > ROOM_FOR_EVENTS);
        let reader = thread::spawn(move || {
            let mut arrived = Vec::new();
            BufReader::new(read).read_to_end(&mut arrived).unwrap();
            arrived
        });
        writer.write(&text);
        writer.finish(Duration::from_secs(60));
        assert_eq!(shared.lock().dropped, 0);
        assert!(reader.join().unwrap() == text, "not all of it arrived");
    }
}
