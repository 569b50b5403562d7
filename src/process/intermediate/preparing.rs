//! A process whose program does not run yet: the intermediate prepares it.

use super::COMMAND;
use super::order::Order;
use super::report::judge;
use crate::process::child::Child;
use crate::process::launch::{Launch, from_here, output_of};
use crate::process::spawn_error::{SpawnError, SpawnErrorKind as Kind};
use crate::process::start::{OutputTarget, carry_out};
use crate::process::start_marks::StartMark;
use crate::process::stdin::Stdin;
use crate::process::strays::TOLD;
use crate::sys::memory_file;
use crate::sys::spawn::{SpawnInput, SpawnPlan};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::pipe2;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// The file we run, whatever has become of its name. In the child it is still that: the exec has
/// not happened, and the memory is ours.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// A process that exists, and whose program does not run yet. As a descriptor it is readable when
/// [`Self::progress`] can get further.
#[derive(Debug)]
pub struct Preparing {
    child: Child,
    report: File,
    said: Vec<u8>,
}

/// How far a start has come.
#[derive(Debug)]
pub enum Progress {
    /// Not to its end: wait for the descriptor.
    Preparing(Preparing),
    /// To its end: the program runs, or never will.
    Done(Result<Child, SpawnError>),
}

/// Starts the intermediate. The mark is made by what is executed, not by a file action as otherwise: the spawn
/// would wait for that. So the lock is handed on beyond the exec.
pub(in crate::process) fn begin(
    launch: &Launch,
    output: &OutputTarget<'_>,
    mark: Option<StartMark<'_>>,
) -> Result<Preparing, SpawnError> {
    let failed = |what: &'static str| move |errno| SpawnError::from_errno(what, errno);
    let marker = mark.map(|mark| from_here(mark.path)).transpose()?;
    let order = memory_file::holding(c"order", &Order::of(launch, output, marker).encode())
        .map_err(|error| SpawnError::from_io("hold what is to be done in memory", &error))?;
    let (report, to_report) =
        pipe2(OFlag::O_CLOEXEC).map_err(failed("make a pipe to be told by"))?;
    fcntl(&report, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(failed("set up that pipe"))?;
    let mut handed = vec![order, to_report];
    if let Some(mark) = mark {
        let lock = mark.lock.try_clone_to_owned();
        handed.push(lock.map_err(|error| SpawnError::from_io("hand on the lock", &error))?);
    }
    let child = carry_out(&plan(launch, output, handed)?)?;
    Ok(Preparing {
        child,
        report: File::from(report),
        said: Vec::new(),
    })
}

/// `handed`: what the intermediate is told the numbers of.
fn plan(
    launch: &Launch,
    output: &OutputTarget<'_>,
    handed: Vec<OwnedFd>,
) -> Result<SpawnPlan, SpawnError> {
    let text = |text: &str| CString::new(text).expect("nothing of ours has a NUL in it");
    let number = |descriptor: &OwnedFd| text(&descriptor.as_raw_fd().to_string());
    let told = TOLD.iter().filter_map(|name| {
        let value = launch.environment.get(OsStr::new(name))?;
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
    });
    Ok(SpawnPlan {
        program: text(OWN_PROGRAM),
        arguments: [text("rsched"), text(COMMAND)]
            .into_iter()
            .chain(handed.iter().map(number))
            .collect(),
        environment: told.collect(),
        // Where the job is to be, it goes itself.
        working_directory: text("/"),
        standard_input: match &launch.stdin {
            Stdin::Text(_) => launch.stdin.open(&launch.cwd)?,
            Stdin::Nothing | Stdin::File(_) => SpawnInput::Nothing,
        },
        output: output_of(output)?,
        marker: None,
        kept: handed,
    })
}

impl Preparing {
    /// The process, which will be that of the program.
    #[must_use]
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Takes in what was said meanwhile. Never waits.
    #[must_use]
    pub fn progress(mut self) -> Progress {
        match self.listen() {
            Ok(true) => Progress::Done(self.end()),
            Ok(false) => Progress::Preparing(self),
            Err(error) => {
                let error = SpawnError::from_io("learn whether it started", &error);
                Progress::Done(Err(self.given_up(error)))
            }
        }
    }

    /// Takes in what was said meanwhile; whether nothing more will be said.
    fn listen(&mut self) -> io::Result<bool> {
        loop {
            // The default of a pipe's atomic write is more than is ever said at once.
            let mut buffer = [0; 4096];
            match self.report.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => self.said.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for the end of the preparation.
    ///
    /// # Errors
    /// The program does not run, and why.
    pub fn wait(mut self) -> Result<Child, SpawnError> {
        loop {
            match self.progress() {
                Progress::Done(result) => return result,
                Progress::Preparing(further) => self = further,
            }
            let mut files = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
            match poll(&mut files, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => {
                    let error = SpawnError::from_errno("wait until it has started", errno);
                    return Err(self.given_up(error));
                }
            }
        }
    }

    /// Ends it; nothing is left of it but perhaps the mark of its start, which it may still make if it waits for a
    /// disk that hangs. Says whether its program may have begun to run before: then it is not to be started once
    /// more.
    #[must_use]
    pub fn give_up(mut self) -> bool {
        self.child.abandon_unreaped();
        // It is dead, or will be before it says another word: all that it ever said is there.
        let heard = self.listen();
        heard.is_err() || matches!(judge(&self.said), Some(Ok(_)))
    }

    /// Gives it up for a reason, which may pass only if its program has not run.
    fn given_up(self, error: SpawnError) -> SpawnError {
        if !self.give_up() {
            return error;
        }
        let message = format!("{}, and it was killed", error.message);
        let errno = error.errno.map(Errno::from_raw);
        SpawnError::lasting(Kind::Unsupervised, errno, message)
    }

    /// Nothing more will be said.
    fn end(self) -> Result<Child, SpawnError> {
        let error = match judge(&self.said) {
            Some(Ok(remark)) => {
                let mut child = self.child;
                child.remark = remark;
                return Ok(child);
            }
            Some(Err(error)) => error,
            None => {
                let message = "it ended while it was being prepared".to_owned();
                SpawnError::lasting(Kind::Preparation, None, message)
            }
        };
        // It has closed the pipe without a word that it is ready, so it is on its way out.
        let _ = self.give_up();
        Err(error)
    }
}

impl AsFd for Preparing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.report.as_fd()
    }
}
