//! Reading the jobs files again, in a thread of its own: a hundred thousand jobs take a second to
//! check, and a disk that hangs takes for ever; no fire waits for either.
//!
//! One reading at a time. Who asks while it goes on may have changed the files since it began, and so gets
//! the answer of one more, behind it.

use super::event_loop::Daemon;
use super::jobs_source::{JobsSource, ReadJobs, Rejected};
use super::level::Level;
use super::sentence::counted;
use crate::diagnostic;
use crate::scheduler::Event;
use crate::sys::clock;
use crate::sys::panics;
use crate::sys::wake::Waker;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What came of a reading, with what is now known of the files.
type Outcome = (JobsSource, Result<ReadJobs, Rejected>);

/// Told what came of a reload; whoever asked may have gone.
pub(super) type Answer = Box<dyn FnOnce(Result<(), &Rejected>)>;

/// The readings.
pub(super) struct Reloading {
    /// Rings when one is done.
    pub bell: Waker,
    outcome: Option<Receiver<Outcome>>,
    /// Who waits for the reading that goes on.
    waiting: Vec<Answer>,
    /// Who waits for the next one. There is one if this is not none.
    next: Option<Vec<Answer>>,
}

impl Reloading {
    /// None goes on.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            bell: Waker::new()?,
            outcome: None,
            waiting: Vec::new(),
            next: None,
        })
    }

    /// Whether the files are being read.
    pub fn is_under_way(&self) -> bool {
        self.outcome.is_some()
    }
}

impl Daemon {
    /// Has the files read again. If they cannot be taken the old jobs stay, and all are told.
    pub(super) fn reload(&mut self, answer: Option<Answer>) {
        if self.stop_requests > 0 {
            // The service manager would take us for one that goes on.
            let why = "Not reloading: the scheduler is shutting down";
            self.say(Level::Warn, why);
            let rejected = Rejected::Unreadable(why.to_owned());
            tell(answer, Err(&rejected));
            return;
        }
        if self.reloading.outcome.is_some() {
            self.reloading.next.get_or_insert_default().extend(answer);
            return;
        }
        drop(self.setup.notifier.reloading());
        let (sender, outcome) = channel();
        let mut source = self.setup.source.clone();
        let (now, bell) = (clock::read().wall, self.reloading.bell.clone());
        let reading = thread::Builder::new().name("reload".to_owned());
        let started = reading.spawn(move || {
            panics::panic_if_asked("reload");
            let read = source.read(now);
            // Nobody waits for it any more when the scheduler has left.
            _ = sender.send((source, read));
            bell.wake();
        });
        self.reloading.waiting.extend(answer);
        self.reloading.outcome = Some(outcome);
        if let Err(error) = started {
            let why = format!("no thread can be started to read the jobs files: {error}");
            self.reloading.outcome = None;
            self.reloaded(Err(Rejected::Unreadable(why)));
        }
    }

    /// A reading is done.
    pub(super) fn take_reading(&mut self) {
        self.reloading.bell.acknowledge();
        let Some(outcome) = &self.reloading.outcome else {
            return;
        };
        let Ok((source, read)) = outcome.try_recv() else {
            return;
        };
        self.reloading.outcome = None;
        self.setup.source = source;
        self.reloaded(read);
        self.spare_memory.read_files();
        if let Some(next) = self.reloading.next.take() {
            let answer: Answer = Box::new(move |outcome| {
                for answer in next {
                    answer(outcome);
                }
            });
            self.reload(Some(answer));
        }
    }

    fn reloaded(&mut self, read: Result<ReadJobs, Rejected>) {
        let outcome = match read {
            // What it would add could not start any more.
            Ok(_) if self.stop_requests > 0 => Err(Rejected::Unreadable(
                "Not reloading: the scheduler is shutting down".to_owned(),
            )),
            Ok(read) => {
                self.take_jobs(read);
                Ok(())
            }
            Err(rejected) => {
                for line in rejected.to_string().lines() {
                    self.say(Level::Error, line);
                }
                self.feed(Event::ReloadFailed(rejected.summary()));
                Err(rejected)
            }
        };
        if self.stop_requests == 0 {
            self.tell_service_manager();
        }
        let outcome = match &outcome {
            Ok(()) => Ok(()),
            Err(rejected) => Err(rejected),
        };
        for answer in std::mem::take(&mut self.reloading.waiting) {
            answer(outcome);
        }
    }

    fn take_jobs(&mut self, read: ReadJobs) {
        let jobs = counted(read.file.jobs.len() as u64, "job");
        for reason in &read.distrust {
            self.say(Level::Warn, reason);
        }
        for line in diagnostic::render_short(&read.warnings, &read.sources).lines() {
            self.say(Level::Warn, line);
        }
        self.warn_of_changed_api(read.file.scheduler.api.as_ref());
        self.setup.watches_files = read.file.scheduler.watch;
        self.setup.wants_mails = read.file.jobs.iter().any(|job| job.is_mailed());
        let zone = Arc::clone(&read.file.scheduler.timezone);
        self.setup.control.feed.reloaded(Arc::clone(&zone));
        self.setup.lines.zone = zone;
        self.setup.surroundings = Arc::clone(&read.file.surroundings);
        self.listeners.replace(&read.file.listeners);
        self.feed(Event::Reload(Box::new(read.file)));
        self.watch_files();
        self.say(Level::Info, &format!("Reloaded: {jobs}"));
        self.announce_mails();
        self.read_zones_again();
    }
}

fn tell(answer: Option<Answer>, outcome: Result<(), &Rejected>) {
    if let Some(answer) = answer {
        answer(outcome);
    }
}
