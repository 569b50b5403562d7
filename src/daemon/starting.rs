//! Starting the processes of runs: at once, by way of an intermediate that prepares them, or again
//! in a moment, when the machine is short of something.
//!
//! Until its process exists a run stays "starting" for the scheduler, and nothing waits for it.

use super::backoff::{AfterTry, Backoff};
use super::event_loop::{Daemon, FIRST_CHILD, FIRST_PREPARING};
use super::level::Level;
use super::recovery::mark_name;
use super::run_environment::run_variables;
use super::run_output::RunOutput;
use super::slow_start::{self, SlowStart};
use super::supervised::Supervised;
use crate::process::{
    self, Child, Launch, Preparing, Progress, SpawnError, SpawnErrorKind, Start, StartMark,
};
use crate::scheduler::{Event, RunKey, SpawnRequest};
use crate::sys::clock;
use crate::time::BootTime;
use nix::errno::Errno;
use std::io;
use std::os::fd::AsFd as _;

const SHUTTING_DOWN: &str = "the scheduler is shutting down";

/// A run on its way to its process.
#[derive(Debug)]
pub(super) struct Starting {
    request: Box<SpawnRequest>,
    backoff: Backoff,
}

/// Where it stands.
#[derive(Debug)]
pub(super) enum StartStage {
    /// It is tried again.
    Refused {
        /// When.
        again_at: BootTime,
        /// Why it could not be started.
        why: String,
    },
    /// The process exists, and its program does not run yet.
    Preparing {
        preparing: Box<Preparing>,
        output: RunOutput,
        slow: SlowStart,
    },
}

/// Why a process was not started.
#[derive(Debug)]
pub(super) enum NotStarted {
    /// The disk takes no mark of it: it is tried again when the disk takes writes.
    Held(String),
    /// The machine is short of something.
    ForNow(String),
    /// It cannot be.
    Failed(String),
}

impl NotStarted {
    pub(super) fn of(error: &io::Error, message: String) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem => Self::Held(message),
            _ if process::is_transient(error) => Self::ForNow(message),
            _ => Self::Failed(message),
        }
    }
}

impl From<SpawnError> for NotStarted {
    fn from(error: SpawnError) -> Self {
        let message = error.to_string();
        match error.errno.map(Errno::from_raw) {
            // A full disk under a job's own file is the job's misfortune alone.
            Some(Errno::ENOSPC | Errno::EDQUOT | Errno::EROFS)
                if error.kind != SpawnErrorKind::OutputFile =>
            {
                Self::Held(message)
            }
            _ if error.transient => Self::ForNow(message),
            _ => Self::Failed(message),
        }
    }
}

impl Daemon {
    /// Starts a run; what came of it, if that is known at once.
    pub(super) fn start(&mut self, request: Box<SpawnRequest>) -> Option<Event> {
        let now = clock::read().boot;
        self.try_start(Starting {
            request,
            backoff: Backoff::begin(now),
        })
    }

    fn try_start(&mut self, starting: Starting) -> Option<Event> {
        let request = &starting.request;
        if self.state_disk.is_removing(request.run_id, request.attempt) {
            let why = "the mark of a start that failed is not removed yet: the disk of the state directory does not answer";
            return self.not_started(starting, NotStarted::Held(why.to_owned()));
        }
        let (launch, output) = match self.prepare(request) {
            Ok(prepared) => prepared,
            Err(error) => return self.not_started(starting, error),
        };
        let mark = self.state_disk.mark_of(request.run_id, request.attempt);
        let mark = mark.as_ref().map(|path| StartMark {
            path,
            lock: self.setup.lock.as_fd(),
            may_hang: self.state_disk.may_hang(),
        });
        match process::begin(&launch, self.target(&output), mark) {
            Ok(Start::Running(child)) => {
                if let Some(pid) = child.pid() {
                    self.state_disk
                        .name_process(request.run_id, request.attempt, pid);
                }
                Some(self.started(&starting, child, &output))
            }
            Ok(Start::Preparing(preparing)) => {
                self.wait_for_preparation(starting, preparing, output)
            }
            Err(error) => self.refused(starting, &output, error),
        }
    }

    /// Its program has not run.
    fn refused(
        &mut self,
        starting: Starting,
        output: &RunOutput,
        error: SpawnError,
    ) -> Option<Event> {
        self.drop_output(output);
        if error.leaves_a_stale_mark() {
            self.remove_stale_mark(&starting.request);
        }
        self.not_started(starting, error.into())
    }

    /// For a start of which nothing ran: who finds its mark would not dare to try it again.
    fn remove_stale_mark(&self, request: &SpawnRequest) {
        self.state_disk.remove_mark(request.run_id, request.attempt);
    }

    /// The process to be, and where its output goes.
    fn prepare(&mut self, request: &SpawnRequest) -> Result<(Launch, RunOutput), NotStarted> {
        let past = self.setup.store.summary(&request.job.id);
        let variables = run_variables(request, &past);
        let launch = self.setup.inheritance.launch(&request.job, &variables);
        let launch = launch.map_err(NotStarted::Failed)?;
        Ok((launch, self.open_output(request)?))
    }

    /// Its program runs: from now on its end is waited for.
    fn started(&mut self, starting: &Starting, mut child: Child, output: &RunOutput) -> Event {
        let request = &starting.request;
        let run = request.run;
        if let Some(remark) = child.take_remark() {
            let message = format!("Job \"{}\": {}", request.job.id, remark.0);
            self.say(Level::Warn, &message);
        }
        let supervised = Supervised {
            run: request.run_id,
            child,
            output: output.pipe(),
            said: None,
            attempt: mark_name(request.run_id, request.attempt),
            stop: None,
            mailed: output.mailed(&request.job),
        };
        match self.supervise(run, supervised) {
            Ok(pid) => Event::Spawned { run, pid },
            Err(failed) => {
                let (supervised, error) = *failed;
                // Its end would never be noticed.
                supervised.child.abandon();
                self.drop_output(output);
                let error = format!("cannot watch its process, which was killed: {error}");
                Event::SpawnFailed { run, error }
            }
        }
    }

    /// Waits for the end of a process.
    pub(super) fn supervise(
        &mut self,
        run: RunKey,
        supervised: Supervised,
    ) -> Result<i32, Box<(Supervised, io::Error)>> {
        const UNREAPED: &str = "it is not reaped before it is supervised";
        let pid = supervised.child.pid().expect(UNREAPED).as_raw();
        let descriptor = supervised.child.descriptor().expect(UNREAPED);
        if let Err(error) = self.poller.add(descriptor, FIRST_CHILD + run.0) {
            return Err(Box::new((supervised, error)));
        }
        self.runs.children.insert(run, supervised);
        Ok(pid)
    }

    // By way of the intermediate.

    fn wait_for_preparation(
        &mut self,
        starting: Starting,
        preparing: Preparing,
        output: RunOutput,
    ) -> Option<Event> {
        let run = starting.request.run;
        if let Err(error) = self.poller.add(&preparing, FIRST_PREPARING + run.0) {
            let may_have_run = preparing.give_up();
            self.drop_output(&output);
            let message = format!("cannot watch how it is prepared: {error}");
            let error = if may_have_run {
                NotStarted::Failed(format!("{message}, and it was killed"))
            } else {
                self.remove_stale_mark(&starting.request);
                NotStarted::of(&error, message)
            };
            return self.not_started(starting, error);
        }
        let stage = StartStage::Preparing {
            preparing: Box::new(preparing),
            output,
            slow: SlowStart::begin(clock::read().boot),
        };
        self.runs.starting.insert(run, (starting, stage));
        None
    }

    /// A process that is being prepared has something to say.
    pub(super) fn look_at_preparation(&mut self, run: RunKey) {
        if let Some(event) = self.further(run) {
            self.feed(event);
        }
    }

    /// Goes on with a start as far as it gets; what came of it, if that is known.
    fn further(&mut self, run: RunKey) -> Option<Event> {
        let (starting, stage) = self.runs.starting.remove(&run)?;
        let StartStage::Preparing {
            preparing,
            output,
            slow,
        } = stage
        else {
            self.runs.starting.insert(run, (starting, stage));
            return None;
        };
        match preparing.progress() {
            Progress::Preparing(preparing) => {
                let preparing = Box::new(preparing);
                let stage = StartStage::Preparing {
                    preparing,
                    output,
                    slow,
                };
                self.runs.starting.insert(run, (starting, stage));
                None
            }
            Progress::Done(Ok(child)) => Some(self.started(&starting, child, &output)),
            Progress::Done(Err(error)) => self.refused(starting, &output, error),
        }
    }

    /// Tells of starts that take suspiciously long, each once.
    pub(super) fn tell_slow_starts(&mut self, now: BootTime) {
        let mut told = Vec::new();
        for (starting, stage) in self.runs.starting.values_mut() {
            if let StartStage::Preparing { slow, .. } = stage
                && slow.is_to_be_told(now)
            {
                told.push(slow_start::message(&starting.request.job.id));
            }
        }
        for message in told {
            self.say(Level::Error, &message);
        }
    }

    // When it does not start.

    /// Tries again later, if that is of use.
    fn not_started(&mut self, mut starting: Starting, error: NotStarted) -> Option<Event> {
        let run = starting.request.run;
        let why = match error {
            NotStarted::Held(error) => return Some(Event::StartHeld { run, error }),
            NotStarted::Failed(error) => return Some(Event::SpawnFailed { run, error }),
            NotStarted::ForNow(why) => why,
        };
        let is_first = starting.backoff.is_fresh();
        let again_at = match starting.backoff.failed(clock::read().boot) {
            AfterTry::Again(at) => at,
            AfterTry::NoMore(seconds) => {
                let error = format!("{why}, for {seconds} s");
                return Some(Event::SpawnFailed { run, error });
            }
        };
        if self.stop_requests > 0 {
            let error = format!("{why}; {SHUTTING_DOWN}");
            return Some(Event::SpawnFailed { run, error });
        }
        if is_first {
            let job = &starting.request.job.id;
            let message = format!("Job \"{job}\" cannot be started yet, and is tried again: {why}");
            self.say(Level::Warn, &message);
        }
        let stage = StartStage::Refused { again_at, why };
        self.runs.starting.insert(run, (starting, stage));
        None
    }

    /// Tries those again whose time has come.
    pub(super) fn retry_starts(&mut self, now: BootTime) {
        let is_due = |stage: &StartStage| matches!(stage, StartStage::Refused { again_at, .. } if *again_at <= now);
        let due: Vec<RunKey> = self
            .runs
            .starting
            .iter()
            .filter(|(_, (_, stage))| is_due(stage))
            .map(|(&run, _)| run)
            .collect();
        for run in due {
            let starting = self.runs.starting.remove(&run);
            let event = starting.and_then(|(starting, _)| self.try_start(starting));
            if let Some(event) = event {
                self.feed(event);
            }
        }
    }

    /// When the next of them is due to be looked at.
    pub(super) fn next_start(&self) -> Option<BootTime> {
        let starting = self.runs.starting.values();
        starting
            .filter_map(|(_, stage)| match stage {
                StartStage::Refused { again_at, .. } => Some(*again_at),
                StartStage::Preparing { slow, .. } => slow.tell_at(),
            })
            .min()
    }

    /// Nobody wants this start any more; what came of it, if it has not come to its end before.
    pub(super) fn give_up_start(&mut self, run: RunKey) -> Option<Event> {
        // A process that exists is stopped as one, politely.
        if let Some(event) = self.further(run) {
            return Some(event);
        }
        let why = match self.runs.starting.remove(&run)? {
            (_, StartStage::Refused { why, .. }) => why,
            (
                starting,
                StartStage::Preparing {
                    preparing, output, ..
                },
            ) => {
                let began = preparing.give_up();
                self.drop_output(&output);
                if began {
                    "its program had only begun, and was killed".to_owned()
                } else {
                    self.remove_stale_mark(&starting.request);
                    "its program did not run yet".to_owned()
                }
            }
        };
        let error = if self.stop_requests > 0 {
            format!("{why}; {SHUTTING_DOWN}")
        } else {
            why
        };
        Some(Event::SpawnFailed { run, error })
    }

    /// The scheduler is shutting down: nothing is tried again, and if it must be quick nothing more is
    /// prepared.
    pub(super) fn give_up_starts(&mut self, quick: bool) {
        let given = |(_, stage): &(Starting, StartStage)| match stage {
            StartStage::Refused { .. } => true,
            StartStage::Preparing { .. } => quick,
        };
        let starting = &self.runs.starting;
        let runs: Vec<RunKey> = starting
            .iter()
            .filter(|(_, it)| given(it))
            .map(|(&run, _)| run)
            .collect();
        for run in runs {
            if let Some(event) = self.give_up_start(run) {
                self.feed(event);
            }
        }
    }
}
