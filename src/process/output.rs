//! The output of a run: a named pipe that outlives the scheduler.
//!
//! The child opens it for reading *and* writing, so when the scheduler dies it gets no SIGPIPE:
//! it waits when the pipe is full, and the next scheduler opens the pipe by its name and goes on
//! reading. The pipe ends when the last process that has it open has closed it.

use super::lines::{Line, LineSplitter};
use super::output_tail::OutputTail;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat};
use nix::unistd::{Uid, fchown, geteuid, mkfifo, read};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// As much as a pipe holds (`pipe(7)`), so that one read can empty it.
const BUFFER_BYTES: usize = 64 * 1024;

/// One buffer for all pipes: they are read one after another.
#[derive(Debug)]
pub struct ReadBuffer(Box<[u8]>);

impl ReadBuffer {
    /// 64 KiB.
    #[must_use]
    pub fn new() -> Self {
        Self(vec![0; BUFFER_BYTES].into_boxed_slice())
    }
}

impl Default for ReadBuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadState {
    /// The pipe is empty for now.
    WouldBlock,
    /// The budget is spent; there may be more.
    MoreToRead,
    /// Nobody has it open any more: all lines were given, the file is gone. Take the descriptor out of the poller.
    End,
}

/// What became of a pipe while no scheduler ran.
#[derive(Debug)]
pub enum Reopened {
    /// Somebody still has it open: go on reading.
    Live(OutputPipe),
    /// Nobody has it open; what was left in it is lost, and the file is removed.
    Abandoned,
}

/// The reading end of a run's output.
#[derive(Debug)]
pub struct OutputPipe {
    descriptor: OwnedFd,
    path: PathBuf,
    splitter: LineSplitter,
    /// A byte that was read to learn whether there is a writer.
    peeked: Option<u8>,
    tail: OutputTail,
    ended: bool,
}

impl OutputPipe {
    /// Makes the pipe `directory/file_name`, readable for nobody else, and opens it for reading. A
    /// stale pipe of that name is removed first. Spawn before reading: a pipe that no writer
    /// has opened yet looks as if it had ended.
    ///
    /// # Errors
    /// The name is no plain file name or is taken by something that is no pipe; whatever the system says.
    pub fn create(directory: &Path, file_name: &str) -> io::Result<Self> {
        if file_name.is_empty() || file_name.contains('/') || matches!(file_name, "." | "..") {
            let message = format!("`{file_name}` is no file name");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let path = directory.join(file_name);
        match fs::symlink_metadata(&path) {
            Ok(stale) if stale.file_type().is_fifo() => fs::remove_file(&path)?,
            // Whatever it is, it is not ours to remove; mkfifo says EEXIST.
            Ok(_) | Err(_) => {}
        }
        let private = Mode::S_IRUSR | Mode::S_IWUSR;
        mkfifo(&path, private)?;
        let descriptor = open_for_reading(&path)?;
        // A umask may have taken more away than the others' bits.
        fchmod(&descriptor, private)?;
        Ok(Self::reading(descriptor, path))
    }

    /// Opens a pipe that an earlier scheduler made. Read it once right away: a byte may be in
    /// hand already, of which the descriptor tells nothing.
    ///
    /// # Errors
    /// It is no pipe of ours, or does not exist; whatever the system says.
    pub fn reopen(path: &Path) -> io::Result<Reopened> {
        let mut pipe = Self::reading(open_for_reading(path)?, path.to_owned());
        let mut byte = [0];
        match read_retrying(&pipe.descriptor, &mut byte) {
            // No writer has it open (pipe(7)), and only the child ever did.
            Ok(0) => {
                fs::remove_file(path)?;
                return Ok(Reopened::Abandoned);
            }
            Ok(_) => pipe.peeked = Some(byte[0]),
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Reopened::Live(pipe))
    }

    fn reading(descriptor: OwnedFd, path: PathBuf) -> Self {
        Self {
            descriptor,
            path,
            splitter: LineSplitter::default(),
            peeked: None,
            tail: OutputTail::default(),
            ended: false,
        }
    }

    /// Makes it the user's: who runs as that user may open its own stdout anew (`/dev/stdout`), which
    /// asks for the rights once more.
    ///
    /// # Errors
    /// Only root may do so.
    pub fn give_to(&self, uid: u32) -> io::Result<()> {
        Ok(fchown(&self.descriptor, Some(Uid::from_raw(uid)), None)?)
    }

    /// The name the child opens, see [`super::OutputTarget::Pipe`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that came out of it so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.tail.total()
    }

    /// From now on the last so many bytes are kept.
    pub fn keep_tail(&mut self, limit: usize) {
        self.tail = OutputTail::of_at_most(limit);
    }

    /// The last of what came out of it so far.
    #[must_use]
    pub fn tail(&self) -> &OutputTail {
        &self.tail
    }

    /// The last of what came out of it so far, which is kept no longer.
    #[must_use]
    pub fn take_tail(&mut self) -> OutputTail {
        std::mem::take(&mut self.tail)
    }

    /// Reads at most `budget_bytes` and gives the complete lines among them. The budget is what
    /// keeps a flooding job from holding up the others: it is slowed by its own full pipe.
    ///
    /// # Errors
    /// Whatever `read` says beside EAGAIN and EINTR.
    pub fn read_lines(
        &mut self,
        buffer: &mut ReadBuffer,
        budget_bytes: usize,
        sink: &mut impl FnMut(Line<'_>),
    ) -> io::Result<ReadState> {
        let had_ended = self.ended;
        let mut splitter = std::mem::take(&mut self.splitter);
        let state = self.read_bytes(buffer, budget_bytes, &mut |bytes| {
            splitter.feed(bytes, sink);
        });
        if self.ended && !had_ended {
            splitter.finish(sink);
        }
        self.splitter = splitter;
        state
    }

    /// As [`Self::read_lines`], with all bytes as they come. Ask one pipe for the one or the other.
    ///
    /// # Errors
    /// Whatever `read` says beside EAGAIN and EINTR.
    pub fn read_bytes(
        &mut self,
        buffer: &mut ReadBuffer,
        budget_bytes: usize,
        sink: &mut impl FnMut(&[u8]),
    ) -> io::Result<ReadState> {
        if self.ended {
            return Ok(ReadState::End);
        }
        if let Some(byte) = self.peeked.take() {
            self.tail.push(&[byte]);
            sink(&[byte]);
        }
        let mut left = budget_bytes;
        while left > 0 {
            let size = left.min(BUFFER_BYTES);
            match read_retrying(&self.descriptor, &mut buffer.0[..size]) {
                Ok(0) => {
                    self.ended = true;
                    self.unlink()?;
                    return Ok(ReadState::End);
                }
                Ok(count) => {
                    let bytes = &buffer.0[..count];
                    self.tail.push(bytes);
                    sink(bytes);
                    left -= count;
                }
                Err(Errno::EAGAIN) => return Ok(ReadState::WouldBlock),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ReadState::MoreToRead)
    }

    /// Removes a pipe that nobody will write to: its run could not be started.
    ///
    /// Dropping a pipe leaves its file, for the next scheduler to find.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        self.unlink()
    }

    /// Takes its name away: whoever has it open keeps it, and nobody else can find it.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove_name(&self) -> io::Result<()> {
        self.unlink()
    }

    fn unlink(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl AsFd for OutputPipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// `O_NONBLOCK`: otherwise the open waits for a writer.
fn open_for_reading(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let descriptor = open(path, flags, Mode::empty())?;
    let status = fstat(&descriptor)?;
    let is_pipe = SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT == SFlag::S_IFIFO;
    // Root may have given it to the user of the job.
    let is_ours = geteuid().is_root() || status.st_uid == geteuid().as_raw();
    if !is_pipe || !is_ours {
        let message = format!("`{}` is no named pipe of ours", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(descriptor)
}

fn read_retrying(descriptor: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        match read(descriptor, buffer) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}
