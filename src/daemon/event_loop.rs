//! The loop: one thread that owns all scheduling state, all spawning and all reaping.
//!
//! It blocks in one readiness wait over the signal pipe, the two timers, the store, the log's
//! "room again", the control API, the files of jobs and of time zones, its own, the processes and their
//! output pipes. Each turn handles what is ready in a fixed order, each source with a cap, so that none can
//! starve another: ends of processes, timers, signals, questions of clients, then output.

use super::control::{Control, Waiting};
use super::files_watch::FilesWatch;
use super::jobs_source::JobsSource;
use super::level::Level;
use super::listeners::Listeners;
use super::log_line::LogLines;
use super::log_writer::LogWriter;
use super::mail::UnmailedOutputs;
use super::mailer::{Mailer, Sendmail};
use super::own_files::{DaemonEnd, OwnFiles};
use super::recovery::Adopted;
use super::reloading::Reloading;
use super::run_launch::Inheritance;
use super::sentence::counted;
use super::spare_memory::SpareMemory;
use super::state_disk::StateDisk;
use super::status_text::status_lines;
use super::supervised::SupervisedRuns;
use super::zone_watch::ZoneWatch;
use crate::config::{Listener, Surroundings};
use crate::process::{self, ReadBuffer, StartMarks};
use crate::scheduler::{
    Action, Batch, Emitted, Event, EventName, RunKey, Scheduler, ShutdownRequest, StoreFailure,
};
use crate::store::{Answer, Store};
use crate::sys::clock;
use crate::sys::lock::InstanceLock;
use crate::sys::lock_look::Held;
use crate::sys::mounts;
use crate::sys::notify::Notifier;
use crate::sys::panics;
use crate::sys::poller::Poller;
use crate::sys::signals::Signals;
use crate::sys::timer::{BootTimer, TimerEvent, WallTimer};
use crate::sys::wake::Waker;
use crate::time::BootTime;
use nix::sys::signal::Signal;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Once in so long the daemon looks whether its lock is still its own, whether lines of the log were
/// dropped and whether time zones changed: the one safety wake-up of an idle scheduler.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// How long the log may take to be written when all else is done.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

const SIGNALS: u64 = 0;
const WALL_TIMER: u64 = 1;
const BOOT_TIMER: u64 = 2;
const STORE: u64 = 3;
const LOG_HAS_ROOM: u64 = 4;
pub(super) const OUTPUTS: u64 = 5;
const ZONES: u64 = 6;
const QUESTIONS: u64 = 7;
pub(super) const FILES_WATCH: u64 = 8;
const MAILS: u64 = 9;
const LISTENERS: u64 = 10;
const RELOADS: u64 = 11;
const OWN_FILES: u64 = 12;
const STATE_DISK: u64 = 13;
/// From here on tokens are processes, each behind the run's key.
pub(super) const FIRST_CHILD: u64 = 16;
/// From here on processes that are being prepared, in the same way.
pub(super) const FIRST_PREPARING: u64 = 1 << 62;
/// From here on pipes whose output is not for the log, each behind the number of the pipe.
pub(super) const FIRST_UNLOGGED: u64 = 1 << 63;

/// Something the daemon needs failed, with what it was doing.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct DaemonError {
    doing: &'static str,
    source: io::Error,
}

/// For `map_err`: says what failed.
pub(super) fn doing(doing: &'static str) -> impl FnOnce(io::Error) -> DaemonError {
    move |source| DaemonError { doing, source }
}

/// What a daemon is made of.
pub struct Setup {
    /// The scheduler, with its jobs.
    pub scheduler: Scheduler,
    /// Where its records go.
    pub store: Box<dyn Store>,
    /// Where its jobs come from, for a reload.
    pub source: JobsSource,
    /// Whether they are read again when they change.
    pub watches_files: bool,
    /// What holds for jobs that are added at run time.
    pub surroundings: Arc<Surroundings>,
    /// Who is told of events.
    pub listeners: Vec<Arc<Listener>>,
    /// How it is talked to.
    pub control: Control,
    /// The lock; freed when the daemon is dropped or dies.
    pub lock: InstanceLock,
    /// Where starts are marked; none with a store that a restart cannot read anyway.
    pub marks: Option<StartMarks>,
    /// The processes of an earlier scheduler that live.
    pub adopted: Adopted,
    /// What is said before anything else.
    pub warnings: Vec<String>,
    /// What is said next, and is nothing odd.
    pub notes: Vec<String>,
    /// Where the output pipes are made.
    pub pipes_directory: PathBuf,
    /// How lines look.
    pub lines: LogLines,
    /// Where they go.
    pub log: LogWriter,
    /// Woken when the log has room again.
    pub log_room: Waker,
    /// Tells the service manager.
    pub notifier: Notifier,
    /// How often the service manager's watchdog wants to hear of us.
    pub watchdog: Option<Duration>,
    /// Stop by itself after this long.
    pub run_for: Option<Duration>,
    /// What jobs have from us.
    pub inheritance: Inheritance,
    /// Whether any job asks for mails.
    pub wants_mails: bool,
    /// What mails are handed to.
    pub sendmail: Sendmail,
}

/// The daemon.
pub struct Daemon {
    pub(super) setup: Setup,
    pub(super) poller: Poller,
    /// The output pipes have a poller of their own, itself one source of `poller`: taking it out
    /// stops the reading of all of them while the log has no room.
    pub(super) output_poller: Poller,
    pub(super) reads_output: bool,
    pub(super) signals: Signals,
    wall_timer: WallTimer,
    boot_timer: BootTimer,
    pub(super) runs: SupervisedRuns,
    /// How many requests to stop came.
    pub(super) stop_requests: u32,
    pub(super) files_watch: Option<FilesWatch>,
    pub(super) mailer: Mailer,
    pub(super) unmailed: UnmailedOutputs,
    /// When it was last said that jobs files are gone, if they are.
    pub(super) told_gone_at: Option<BootTime>,
    /// Who waits for the answer to a command.
    pub(super) waiting: Waiting,
    pub(super) listeners: Listeners,
    pub(super) reloading: Reloading,
    pub(super) state_disk: StateDisk,
    /// When the batches without an answer were handed to the store.
    commits: VecDeque<i64>,
    pub(super) spare_memory: SpareMemory,
    stop_at: Option<BootTime>,
    housekeeping_at: BootTime,
    pub(super) outlived_at: Option<BootTime>,
    watchdog_at: Option<BootTime>,
    pub(super) own_files: OwnFiles,
    pub(super) zone_watch: ZoneWatch,
    /// When to look at the files of zones, after one was touched.
    pub(super) zones_at: Option<BootTime>,
    /// Lines of this turn.
    pub(super) text: Vec<u8>,
    actions: Vec<Action>,
    pub(super) buffer: ReadBuffer,
    left: bool,
    /// Why.
    pub(super) end: DaemonEnd,
    /// The scheduler's own.
    last_words: Option<Box<Emitted>>,
}

impl Daemon {
    /// Opens everything the loop waits for.
    ///
    /// # Errors
    /// When the machine has no descriptors or no memory left.
    pub fn new(mut setup: Setup) -> Result<Self, DaemonError> {
        let now = clock::read();
        mounts::watch();
        let poller = Poller::new().map_err(doing("making a poller"))?;
        let output_poller = Poller::new().map_err(doing("making a poller"))?;
        let signals = Signals::new(&[
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGHUP,
            Signal::SIGUSR1,
            Signal::SIGCHLD,
        ])
        .map_err(doing("catching signals"))?;
        let wall_timer = WallTimer::new().map_err(doing("making a timer"))?;
        let boot_timer = BootTimer::new().map_err(doing("making a timer"))?;
        let watch = |result: io::Result<()>| result.map_err(doing("watching a descriptor"));
        watch(poller.add(&signals, SIGNALS))?;
        watch(poller.add(&wall_timer, WALL_TIMER))?;
        watch(poller.add(&boot_timer, BOOT_TIMER))?;
        watch(poller.add(&setup.log_room, LOG_HAS_ROOM))?;
        watch(poller.add(&output_poller, OUTPUTS))?;
        watch(poller.add(&setup.control.questions.bell, QUESTIONS))?;
        let mailer = Mailer::new(setup.sendmail.clone(), setup.pipes_directory.clone())
            .map_err(doing("making a poller"))?;
        watch(poller.add(&mailer.poller, MAILS))?;
        if let Some(readiness) = setup.store.readiness() {
            watch(poller.add(readiness, STORE))?;
        }
        let zone_watch = ZoneWatch::new();
        if let Some(readiness) = zone_watch.readiness() {
            watch(poller.add(readiness, ZONES))?;
        }
        let own_files = OwnFiles::new();
        if let Some(readiness) = own_files.readiness() {
            watch(poller.add(readiness, OWN_FILES))?;
        }
        let listeners = Listeners::new(
            &setup.listeners,
            setup.inheritance.environment.clone(),
            setup.sendmail.clone(),
            setup.pipes_directory.clone(),
        )
        .map_err(doing("making a bell for listeners"))?;
        watch(poller.add(&listeners.bell, LISTENERS))?;
        let reloading = Reloading::new().map_err(doing("making a bell for reloads"))?;
        watch(poller.add(&reloading.bell, RELOADS))?;
        let state_disk = StateDisk::start(setup.marks.take())
            .map_err(doing("starting a thread for the state directory"))?;
        watch(poller.add(&state_disk.bell, STATE_DISK))?;
        Ok(Self {
            stop_at: setup.run_for.map(|time| now.boot + time),
            housekeeping_at: now.boot + HOUSEKEEPING,
            outlived_at: None,
            watchdog_at: setup.watchdog.map(|_| now.boot),
            own_files,
            zone_watch,
            zones_at: None,
            setup,
            poller,
            output_poller,
            reads_output: true,
            signals,
            wall_timer,
            boot_timer,
            runs: SupervisedRuns::default(),
            stop_requests: 0,
            files_watch: None,
            mailer,
            unmailed: UnmailedOutputs::default(),
            told_gone_at: None,
            waiting: Waiting::default(),
            listeners,
            reloading,
            state_disk,
            commits: VecDeque::new(),
            spare_memory: SpareMemory::new(),
            text: Vec::new(),
            actions: Vec::new(),
            buffer: ReadBuffer::new(),
            left: false,
            end: DaemonEnd::Asked,
            last_words: None,
        })
    }

    /// Runs until told to stop or without its lock, and all is reaped and recorded. Gives why it ended.
    ///
    /// # Errors
    /// Only when the loop cannot go on: its own descriptors failed.
    pub fn run(mut self) -> Result<DaemonEnd, DaemonError> {
        for warning in std::mem::take(&mut self.setup.warnings) {
            self.say(Level::Warn, &warning);
        }
        for note in std::mem::take(&mut self.setup.notes) {
            self.say(Level::Info, &note);
        }
        // Watched first, then looked at: what happened since the lock was got is not lost.
        self.watch_own_files();
        let is_lost = !self.setup.lock.still_ours();
        self.lock_looked_at(is_lost.then_some(Held::NotKnown));
        if !self.wall_timer.notices_steps() {
            // The scheduler looks at the clocks whenever it is woken, and this loop does that each minute.
            let late =
                "this kernel does not tell when the clock is set: it may take a minute to notice";
            self.say(Level::Warn, late);
            self.feed(Event::StepsAreUntold);
        }
        self.recall_the_past();
        self.adopt_processes();
        self.feed(Event::Started);
        self.read_zones_again();
        self.announce_api();
        self.announce_mails();
        self.watch_files();
        self.tell_service_manager();
        loop {
            self.arm_timers()?;
            // Behind whatever is said while arming: the next turn may be a minute away.
            self.write_log();
            if self.left {
                break;
            }
            self.give_back_memory();
            let ready: Vec<u64> = self
                .poller
                .wait(None)
                .map_err(doing("waiting for events"))?
                .collect();
            panics::panic_if_asked("loop");
            self.turn(&ready)?;
        }
        let end = self.end;
        self.leave();
        Ok(end)
    }

    /// Deals with what is ready, in a fixed order.
    fn turn(&mut self, ready: &[u64]) -> Result<(), DaemonError> {
        for &token in ready {
            match token {
                FIRST_CHILD..FIRST_PREPARING => self.reap(RunKey(token - FIRST_CHILD)),
                FIRST_PREPARING..FIRST_UNLOGGED => {
                    self.look_at_preparation(RunKey(token - FIRST_PREPARING));
                }
                _ => {}
            }
        }
        if ready.contains(&WALL_TIMER) {
            let event = self
                .wall_timer
                .acknowledge()
                .map_err(doing("reading the wall timer"))?;
            self.feed(match event {
                TimerEvent::ClockSet => Event::ClockStepped,
                TimerEvent::Expired | TimerEvent::Nothing => Event::Woke,
            });
        }
        if ready.contains(&BOOT_TIMER) {
            self.boot_timer
                .acknowledge()
                .map_err(doing("reading the boot timer"))?;
            self.feed(Event::Woke);
            self.own_deadlines();
        }
        if ready.contains(&STORE) {
            self.take_answers();
        }
        if ready.contains(&SIGNALS) {
            for signal in self.signals.drain() {
                self.signalled(signal);
            }
        }
        if ready.contains(&LOG_HAS_ROOM) {
            self.setup.log_room.acknowledge();
        }
        if ready.contains(&ZONES) {
            self.zones_touched();
        }
        if ready.contains(&OWN_FILES) {
            self.own_files_touched();
        }
        if ready.contains(&STATE_DISK) {
            self.hear_state_disk();
        }
        if ready.contains(&RELOADS) {
            self.take_reading();
        }
        if ready.contains(&FILES_WATCH) {
            self.files_stirred();
        }
        // Or its time is over.
        self.go_on_mailing();
        if ready.contains(&QUESTIONS) {
            self.answer_questions();
        }
        if ready.contains(&LISTENERS) {
            self.hear_listeners();
        }
        for &token in ready.iter().filter(|&&token| token >= FIRST_UNLOGGED) {
            self.read_unlogged(token - FIRST_UNLOGGED);
        }
        self.read_outputs(ready.contains(&OUTPUTS))?;
        if !self.wall_timer.notices_steps() {
            // Whatever it was that woke us.
            self.feed(Event::Woke);
        }
        Ok(())
    }

    fn arm_timers(&mut self) -> Result<(), DaemonError> {
        // Arming swallows the news that the clock was set, each time anew.
        while self
            .wall_timer
            .arm(self.setup.scheduler.deadline().wall)
            .map_err(doing("arming the wall timer"))?
            == TimerEvent::ClockSet
        {
            self.feed(Event::ClockStepped);
        }
        let boot = [
            self.setup.scheduler.deadline().boot,
            self.stop_at,
            self.outlived_at,
            self.next_start(),
            self.watchdog_at,
            self.zones_at,
            self.own_files.deadline(),
            self.files_watch.as_ref().and_then(|watch| watch.look_at),
            self.mailer.deadline(),
            self.unmailed.go_on_at,
            Some(self.housekeeping_at),
        ];
        self.boot_timer
            .arm(boot.into_iter().flatten().min())
            .map_err(doing("arming the boot timer"))
    }

    // The scheduler's wishes.

    /// Gives the scheduler an event, and performs all that follows from it.
    ///
    /// What an action leads to is told to the scheduler at once, at its own moment, not after all
    /// the others: the last of a thousand starts must not date the first.
    pub(super) fn feed(&mut self, event: Event) {
        let mut actions = VecDeque::new();
        self.step(event, &mut actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Store(batch) => {
                    if let Some(answer) = self.record(batch) {
                        self.step(answer, &mut actions);
                    }
                    for answer in self.next_answers() {
                        self.step(answer, &mut actions);
                    }
                }
                Action::Spawn(request) => {
                    if let Some(answer) = self.start(request) {
                        self.step(answer, &mut actions);
                    }
                }
                Action::GiveUpStart { run } => {
                    if let Some(answer) = self.give_up_start(run) {
                        self.step(answer, &mut actions);
                    }
                }
                Action::Signal { run, signal } => self.signal(run, signal),
                // Its end is recorded.
                Action::ClearStart { run_id, attempt } => {
                    self.state_disk.remove_mark(run_id, attempt);
                }
                Action::Reply { token, reply } => self.waiting.answer(token, reply),
                // Held back, so that it is the last line whatever else is still to be said.
                Action::Emit(told) if told.name == EventName::SchedulerShutdown => {
                    self.last_words = Some(told);
                }
                Action::Emit(told) => self.tell(*told),
                Action::Exit => self.left = true,
            }
        }
    }

    fn step(&mut self, event: Event, actions: &mut VecDeque<Action>) {
        self.setup
            .scheduler
            .step(clock::read(), event, &mut self.actions);
        actions.extend(self.actions.drain(..));
    }

    /// Hands a batch to the store, or answers for it.
    fn record(&mut self, batch: Batch) -> Option<Event> {
        if let Some(error) = self.refusal_to_record() {
            return Some(Event::StoreFailed {
                ticket: batch.ticket,
                error,
                failure: StoreFailure::LockLost,
            });
        }
        self.commits.push_back(clock::monotonic_micros());
        self.spare_memory.made_batch(batch.records.len());
        self.setup.store.submit(batch);
        None
    }

    /// Whether batches are on their way to the store.
    pub(super) fn has_commits(&self) -> bool {
        !self.commits.is_empty()
    }

    fn take_answers(&mut self) {
        for event in self.next_answers() {
            self.feed(event);
        }
    }

    /// What has become of batches, which are answered in their order.
    fn next_answers(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(answer) = self.setup.store.next_answer() {
            let begun = self.commits.pop_front();
            events.push(match answer {
                Answer::Stored(ticket) => {
                    let micros = begun.map_or(0, |begun| clock::monotonic_micros() - begun);
                    let took = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
                    self.setup.control.feed.committed(took);
                    self.state_disk.committed(took);
                    Event::Stored(ticket)
                }
                Answer::Failed {
                    ticket,
                    error,
                    is_gone,
                } => Event::StoreFailed {
                    ticket,
                    error,
                    failure: if is_gone {
                        StoreFailure::Gone
                    } else {
                        StoreFailure::Refused
                    },
                },
            });
        }
        events
    }

    // Signals and the daemon's own deadlines.

    fn signalled(&mut self, signal: Signal) {
        match signal {
            // What is wrong with the files is logged. Whoever removed the socket need not wait for it.
            Signal::SIGHUP => {
                self.reload(None);
                self.look_at_own_files();
            }
            Signal::SIGUSR1 => self.log_status(),
            // The ends of our own processes are told by their descriptors.
            Signal::SIGCHLD => process::reap_orphans(),
            _ => self.stop(),
        }
    }

    /// Each further request is harder than the one before.
    pub(super) fn stop(&mut self) {
        self.stop_requests += 1;
        let running = counted(self.runs.children.len() as u64, "running job");
        let patience = crate::time::duration::format(self.setup.scheduler.shutdown_timeout());
        let (request, level, message) = match self.stop_requests {
            1 => (
                ShutdownRequest::Wait,
                Level::Info,
                format!(
                    "Shutting down: {running} may take up to {patience}; signal again to stop now"
                ),
            ),
            2 => (
                ShutdownRequest::Terminate,
                Level::Warn,
                format!("Stopping {running} with SIGTERM"),
            ),
            _ => (
                ShutdownRequest::Kill,
                Level::Warn,
                format!("Stopping {running} with SIGKILL"),
            ),
        };
        drop(self.setup.notifier.stopping());
        if !self.runs.children.is_empty() {
            self.say(level, &message);
        }
        self.give_up_starts(self.stop_requests > 1);
        self.feed(Event::Shutdown(request));
    }

    fn own_deadlines(&mut self) {
        let now = clock::read().boot;
        if self.stop_at.is_some_and(|at| at <= now) {
            self.stop_at = None;
            // Each further request would be harder than the one before: this one asks for nothing more.
            if self.stop_requests == 0 {
                self.stop();
            }
        }
        if let (Some(at), Some(every)) = (self.watchdog_at, self.setup.watchdog)
            && at <= now
        {
            drop(self.setup.notifier.watchdog());
            self.watchdog_at = Some(now + every / 2);
        }
        self.look_at_files();
        self.retry_starts(now);
        self.tell_slow_starts(now);
        if self.outlived_at.is_some_and(|at| at <= now) {
            self.look_at_stopped();
        }
        self.look_at_touched_zones();
        self.look_when_due();
        if self.housekeeping_at <= now {
            self.housekeeping_at = now + HOUSEKEEPING;
            self.keep_house();
        }
    }

    fn keep_house(&mut self) {
        self.spare_memory.keep_house();
        self.look_at_zones();
        // Should the news of one have been lost.
        process::reap_orphans();
        let dropped = self.setup.log.take_dropped();
        if dropped > 0 {
            self.say(
                Level::Warn,
                &format!(
                    "{} could not be written to the log",
                    counted(dropped, "line")
                ),
            );
        }
        self.say_dropped_events();
        self.remind_of_gone_files();
        self.look_at_own_files();
    }

    // What it says.

    fn tell(&mut self, mut told: Emitted) {
        let ending = self.runs.ending_told(&told);
        told.output_tail = ending
            .as_ref()
            .and_then(|ending| ending.output_tail.clone());
        self.setup.control.feed.tell(&told);
        self.listeners.tell(&told, &self.setup.lines.zone);
        let usage = ending.as_ref().and_then(|ending| ending.usage.as_ref());
        let boot = clock::read().boot;
        self.setup.lines.event(&told, boot, usage, &mut self.text);
    }

    pub(super) fn say(&mut self, level: Level, message: &str) {
        self.setup
            .lines
            .message(clock::read(), level, message, &mut self.text);
    }

    pub(super) fn write_log(&mut self) {
        self.setup.log.write(&self.text);
        self.text.clear();
    }

    fn log_status(&mut self) {
        let status = self.setup.scheduler.status();
        for line in status_lines(&status, self.setup.store.as_ref(), &self.setup.lines.zone) {
            self.say(Level::Info, &line);
        }
    }

    pub(super) fn tell_service_manager(&self) {
        let jobs = counted(self.setup.scheduler.overview().jobs as u64, "job");
        // Nobody may be listening: that is their business.
        drop(self.setup.notifier.ready());
        drop(self.setup.notifier.status(&format!("Scheduling {jobs}")));
    }

    /// The last words of jobs, then those of the scheduler.
    fn leave(mut self) {
        self.read_to_the_end(LOG_PATIENCE);
        self.finish_mails(LOG_PATIENCE);
        self.finish_state_disk(LOG_PATIENCE);
        if let Some(told) = &self.last_words {
            self.listeners.tell(told, &self.setup.lines.zone);
        }
        self.finish_listeners();
        if let Some(told) = self.last_words.take() {
            self.tell(*told);
        }
        self.write_log();
        self.setup.control.finish();
        self.setup.log.finish(LOG_PATIENCE);
        self.setup.store.close();
        self.state_disk.join();
    }
}
