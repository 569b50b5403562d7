//! One run in the foreground: launched, stopped and reaped by the code that does so for the scheduler,
//! and waited for by whoever asked for it, who gets its output as it comes.
//!
//! It is nobody's business but theirs: there is no record of it and no mark, and no limit of instances
//! or workers holds for it.

use super::backoff::{AfterTry, Backoff};
use super::recovery::mark_name;
use super::run_environment::run_variables;
use super::run_launch::Inheritance;
use super::starting::NotStarted;
use crate::config;
use crate::process::{
    self, Bystanders, Child, Exit, Launch, OUTLIVED_CHECK, OutputFile, OutputPipe, OutputTarget,
    Preparing, Progress, ReadBuffer, ReadState, Start, StopState, Stopping,
};
use crate::scheduler::SpawnRequest;
use crate::store::Summary;
use crate::sys::clock;
use crate::sys::signals::Signals;
use crate::time::BootTime;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::time::Duration;

/// What is read of the output at once: `poll(2)` promises room for so much in a pipe that is writable
/// (`PIPE_BUF`), so that passing it on does not wait.
const PIECE: usize = 4096;

/// Of the pipe of a process that has ended, at most so much is read: something in the background may
/// write for ever (`pipe-max-size` in `pipe(7)`).
const PIECES_AT_END: usize = 1024 * 1024 / PIECE;

/// What is to be run, and for whom.
pub struct Foreground<'a> {
    /// The run. Its output goes where its job says; what would go to the log comes to `out`.
    pub request: &'a SpawnRequest,
    /// The past that it is told of.
    pub past: &'a Summary,
    /// What it has from its scheduler.
    pub inheritance: &'a Inheritance,
    /// A directory that nobody else may enter, for the pipe of its output.
    pub directory: &'a Path,
    /// Where its output goes.
    pub out: File,
    /// What each piece of that is made into before.
    pub render: &'a mut dyn FnMut(&[u8]) -> Vec<u8>,
    /// SIGCHLD, and all by which we are asked to end it, caught.
    pub signals: Signals,
    /// Says something about the run.
    pub say: &'a dyn Fn(&str),
}

/// How it ended.
#[derive(Debug)]
pub struct ForegroundEnd {
    /// How its process ended, or why it has none.
    pub exit: Result<Exit, String>,
    /// The signal by which we were asked to end it.
    pub interrupted: Option<Signal>,
    /// It was stopped at its `timeout`.
    pub timed_out: bool,
    /// Something that it left in the background has its output open, which nobody reads any more.
    pub is_outlived: bool,
    /// Why its output could not be passed on, unless its reader has gone.
    pub unwritten: Option<io::Error>,
}

/// Where its output goes, to hand it on.
enum Place {
    Pipe(OutputPipe),
    Inherited,
    File(OutputFile),
}

/// A run while it is one.
struct Attempt<'a> {
    foreground: Foreground<'a>,
    launch: Launch,
    place: Place,
    /// Nothing more is read of the pipe.
    is_read: bool,
    /// What is to be written before more is read.
    pending: Vec<u8>,
    buffer: ReadBuffer,
    /// What we write gets nowhere.
    nobody_reads: bool,
    unwritten: Option<io::Error>,
    /// What asked us first to end it.
    interrupted: Option<Signal>,
    /// How often we were asked, and have not heeded it yet.
    asked_to_end: u32,
    timed_out: bool,
}

impl Foreground<'_> {
    /// Runs it to its end. What it started goes too if it is stopped, and lives on if not.
    ///
    /// # Errors
    /// It cannot be waited for; its process was killed.
    pub fn run(self) -> io::Result<ForegroundEnd> {
        let variables = run_variables(self.request, self.past);
        let launch = self.inheritance.launch(&self.request.job, &variables);
        let place = self
            .place()
            .map_err(|error| format!("cannot make its output pipe: {error}"));
        let (launch, place) = match launch.and_then(|launch| Ok((launch, place?))) {
            Ok(both) => both,
            Err(why) => {
                return Ok(ForegroundEnd {
                    exit: Err(why),
                    interrupted: None,
                    timed_out: false,
                    is_outlived: false,
                    unwritten: None,
                });
            }
        };
        let mut attempt = Attempt {
            foreground: self,
            launch,
            is_read: !matches!(place, Place::Pipe(_)),
            place,
            pending: Vec::new(),
            buffer: ReadBuffer::new(),
            nobody_reads: false,
            unwritten: None,
            interrupted: None,
            asked_to_end: 0,
            timed_out: false,
        };
        let exit = match attempt.start()? {
            Ok(child) => Ok(attempt.supervise(child)?),
            Err(why) => Err(why),
        };
        let was_stopped = attempt.timed_out || attempt.interrupted.is_some();
        Ok(ForegroundEnd {
            is_outlived: exit.is_ok() && !was_stopped && !attempt.is_read,
            exit,
            interrupted: attempt.interrupted,
            timed_out: attempt.timed_out,
            unwritten: attempt.unwritten,
        })
    }

    fn place(&self) -> io::Result<Place> {
        let job = &self.request.job;
        match &job.settings.output {
            config::Output::Inherit => Ok(Place::Inherited),
            config::Output::File(file) => Ok(Place::File(OutputFile {
                path: file.path.clone(),
                max_size: file.max_size,
                keep: file.keep,
            })),
            _ => {
                let pipe = OutputPipe::create(self.directory, "output")?;
                if let Some(account) = job.settings.run_as.account() {
                    pipe.give_to(account.uid)?;
                }
                Ok(Place::Pipe(pipe))
            }
        }
    }
}

impl Attempt<'_> {
    // The start.

    /// The process, or why there is none.
    fn start(&mut self) -> io::Result<Result<Child, String>> {
        let mut backoff = Backoff::begin(clock::read().boot);
        loop {
            let why = match self.try_start()? {
                Ok(child) => return Ok(Ok(child)),
                Err(NotStarted::Held(why) | NotStarted::Failed(why)) => return Ok(Err(why)),
                Err(NotStarted::ForNow(why)) => why,
            };
            if self.interrupted.is_some() {
                return Ok(Err(why));
            }
            if backoff.is_fresh() {
                (self.foreground.say)(&format!(
                    "it cannot be started yet, and is tried again: {why}"
                ));
            }
            let again_at = match backoff.failed(clock::read().boot) {
                AfterTry::Again(at) => at,
                AfterTry::NoMore(seconds) => return Ok(Err(format!("{why}, for {seconds} s"))),
            };
            while clock::read().boot < again_at {
                self.wait(None, Some(again_at))?;
                if self.take_signals() > 0 {
                    return Ok(Err(why));
                }
            }
        }
    }

    fn try_start(&mut self) -> io::Result<Result<Child, NotStarted>> {
        let target = match &self.place {
            Place::Pipe(pipe) => OutputTarget::Pipe(pipe.path()),
            Place::Inherited => OutputTarget::Inherit,
            Place::File(file) => OutputTarget::File(file),
        };
        let child = match process::begin(&self.launch, target, None) {
            Ok(Start::Running(child)) => Ok(child),
            Ok(Start::Preparing(preparing)) => self.prepared(preparing)?,
            Err(error) => Err(error.into()),
        };
        Ok(child.map(|mut child| {
            if let Some(remark) = child.take_remark() {
                (self.foreground.say)(&remark.0);
            }
            child
        }))
    }

    fn prepared(&mut self, mut preparing: Preparing) -> io::Result<Result<Child, NotStarted>> {
        loop {
            match preparing.progress() {
                Progress::Done(done) => return Ok(done.map_err(NotStarted::from)),
                Progress::Preparing(further) => preparing = further,
            }
            if let Err(error) = self.wait(Some(preparing.as_fd()), None) {
                let _ = preparing.give_up();
                return Err(error);
            }
            if self.take_signals() > 0 {
                let why = if preparing.give_up() {
                    "its program had only begun, and was killed"
                } else {
                    "its program did not run yet"
                };
                return Ok(Err(NotStarted::Failed(why.to_owned())));
            }
        }
    }

    // The run.

    fn supervise(&mut self, mut child: Child) -> io::Result<Exit> {
        match self.wait_for_end(&child) {
            Ok(()) => {}
            Err(error) => {
                child.abandon();
                return Err(error);
            }
        }
        let exit = child.try_reap()?.unwrap_or(Exit::UNKNOWN);
        self.read_to_the_end()?;
        Ok(exit)
    }

    /// Until its process has ended, and if it was stopped all others too.
    fn wait_for_end(&mut self, child: &Child) -> io::Result<()> {
        let job = &self.foreground.request.job;
        let (kill_after, timeout) = (job.settings.kill_after, job.settings.timeout);
        let mut timeout_at = timeout.map(|timeout| clock::read().boot + timeout);
        let (mut kill_at, mut look_at) = (None, None);
        let mut stopping: Option<Stopping> = None;
        let mut has_ended = false;
        loop {
            let deadline = [timeout_at, kill_at, look_at].into_iter().flatten().min();
            let process = child.descriptor().filter(|_| !has_ended);
            self.wait(process, deadline)?;
            let now = clock::read().boot;
            if !has_ended && child.ended()?.is_some() {
                let Some(stopping) = &mut stopping else {
                    return Ok(());
                };
                has_ended = true;
                stopping.has_ended();
                look_at = Some(now);
            }
            let is_due = |at: Option<BootTime>| at.is_some_and(|at| at <= now);
            let signals = self.take_signals();
            let times_out = is_due(timeout_at) && stopping.is_none();
            self.timed_out |= times_out;
            let signal = match (&stopping, signals) {
                (Some(_), 1..) | (None, 2..) => Some(Signal::SIGKILL),
                (None, 1) => Some(Signal::SIGTERM),
                (None, 0) if times_out => Some(Signal::SIGTERM),
                (Some(_), 0) if is_due(kill_at) => Some(Signal::SIGKILL),
                _ => None,
            };
            if let Some(signal) = signal {
                (timeout_at, look_at) = (None, Some(now));
                kill_at = (signal == Signal::SIGTERM).then(|| now + kill_after);
                match &mut stopping {
                    Some(stopping) => stopping.go_on_with(signal),
                    none => *none = Some(Stopping::with(signal)),
                }
                self.tell_stop(signal, kill_after);
            }
            if let Some(stopping) = stopping.as_mut().filter(|_| is_due(look_at)) {
                look_at = None;
                match self.look(child, stopping) {
                    StopState::Lives => {}
                    StopState::Outlived => look_at = Some(now + OUTLIVED_CHECK),
                    StopState::Over => return Ok(()),
                }
            }
        }
    }

    fn look(&self, child: &Child, stopping: &mut Stopping) -> StopState {
        let bystanders = Bystanders::now(&[child.leader()]);
        let request = self.foreground.request;
        let attempt = mark_name(request.run_id, request.attempt);
        let look = stopping.look(child, &attempt, &bystanders);
        for problem in look.problems {
            let signal = stopping.signal();
            (self.foreground.say)(&format!("cannot send {signal} to its processes: {problem}"));
        }
        look.state
    }

    fn tell_stop(&self, signal: Signal, kill_after: Duration) {
        let why = match (self.timed_out, self.interrupted) {
            // Any program ends without a word when its reader has gone.
            (_, Some(Signal::SIGPIPE)) | (false, None) => return,
            (_, Some(signal)) => format!("{signal}"),
            (true, None) => "its timeout is over".to_owned(),
        };
        let what = if signal == Signal::SIGTERM {
            let after = crate::time::duration::format(kill_after);
            format!("stopping it with SIGTERM, and with SIGKILL after {after} or when told again")
        } else {
            "stopping it with SIGKILL".to_owned()
        };
        (self.foreground.say)(&format!("{why}: {what}"));
    }

    // Waiting, and what comes meanwhile.

    /// Waits for a signal, for `other`, for output or for room for it, or for a time. The output that there is
    /// is passed on as far as there is room.
    fn wait(&mut self, other: Option<BorrowedFd<'_>>, until: Option<BootTime>) -> io::Result<()> {
        let output = match &self.place {
            Place::Pipe(pipe) if !self.is_read && self.pending.is_empty() => Some(pipe.as_fd()),
            _ => None,
        };
        let room = (!self.pending.is_empty()).then(|| self.foreground.out.as_fd());
        let wanted = [
            (Some(self.foreground.signals.as_fd()), PollFlags::POLLIN),
            (room, PollFlags::POLLOUT),
            (output, PollFlags::POLLIN),
            (other, PollFlags::POLLIN),
        ];
        let mut files: Vec<_> = wanted
            .iter()
            .filter_map(|&(file, what)| Some(PollFd::new(file?, what)))
            .collect();
        let timeout = until.map_or(PollTimeout::NONE, |at| {
            let left = at.saturating_since(clock::read().boot);
            // Rounded up, or it would be asked again and again until it is time.
            PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut files, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
        // Behind that of the signals.
        let is_ready = files.get(1).is_some_and(|file| file.any() == Some(true));
        match (room.is_some(), output.is_some()) {
            (true, _) if is_ready => self.write(),
            (false, true) if is_ready => drop(self.read()?),
            _ => {}
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<ReadState> {
        let Place::Pipe(pipe) = &mut self.place else {
            return Ok(ReadState::End);
        };
        let (render, pending) = (&mut self.foreground.render, &mut self.pending);
        let state = pipe.read_bytes(&mut self.buffer, PIECE, &mut |bytes| {
            pending.extend(render(bytes));
        })?;
        self.is_read = state == ReadState::End;
        if self.nobody_reads {
            self.pending.clear();
        }
        Ok(state)
    }

    fn write(&mut self) {
        let piece = &self.pending[..self.pending.len().min(PIECE)];
        match self.foreground.out.write(piece) {
            Ok(count) => drop(self.pending.drain(..count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                self.nobody_reads = true;
                self.pending.clear();
                self.asked_to_end += 1;
                self.interrupted.get_or_insert(Signal::SIGPIPE);
                self.unwritten = Some(error).filter(|it| it.kind() != ErrorKind::BrokenPipe);
            }
        }
    }

    /// What the pipe of a process that has ended still holds; also when told to end once more.
    fn read_to_the_end(&mut self) -> io::Result<()> {
        for _ in 0..PIECES_AT_END {
            while !self.pending.is_empty() {
                self.wait(None, None)?;
                if self.take_signals() > 0 {
                    return Ok(());
                }
            }
            if self.is_read || self.read()? == ReadState::WouldBlock {
                break;
            }
        }
        Ok(())
    }

    /// How often we were asked to end it since the last time. Orphans are reaped.
    fn take_signals(&mut self) -> u32 {
        for signal in self.foreground.signals.drain() {
            if signal == Signal::SIGCHLD {
                process::reap_orphans();
            } else {
                self.interrupted.get_or_insert(signal);
                self.asked_to_end += 1;
            }
        }
        std::mem::take(&mut self.asked_to_end)
    }
}
