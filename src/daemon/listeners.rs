//! `[[listeners]]`: who is told of events, each by a thread of its own.
//!
//! The loop puts an event into the queue of each listener that wants it, and never waits: what finds a
//! queue full is dropped and counted. A listener hears its events one by one and in order, so that
//! "failed" is not behind "succeeded". What goes wrong with one is a line of the log and no event: no
//! listener ever hears of a listener.

mod mail;
mod notice;
mod program;
mod webhook;

use self::notice::Notice;
use self::program::World;
use self::webhook::Webhook;
use super::event_loop::Daemon;
use super::level::Level;
use super::mailer::Sendmail;
use super::sentence::counted;
use crate::config::{Listener, ListenerTarget};
use crate::scheduler::Emitted;
use crate::sys::clock;
use crate::sys::panics;
use crate::sys::wake::Waker;
use crate::time::Zone;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Events that may wait for one listener. Each is some hundred bytes, and the end of an output at most.
const MAX_WAITING: usize = 256;

/// When the scheduler leaves, the last events may take so long to be told.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// … and what is still under way then, so long to be stopped.
const STOPPING: Duration = Duration::from_secs(1);

/// All of them.
#[derive(Debug)]
pub(super) struct Listeners {
    known: Vec<Known>,
    /// Rings when there are reports.
    pub bell: Waker,
    world: Arc<World>,
    reporter: Sender<Report>,
    reports: Receiver<Report>,
}

#[derive(Debug)]
struct Known {
    listener: Arc<Listener>,
    /// Once it was told of anything.
    queue: Option<SyncSender<Arc<Notice>>>,
    /// Since it was last asked for.
    dropped: u64,
}

/// What became of telling a listener of an event.
#[derive(Debug)]
pub(super) struct Report {
    /// Which listener.
    who: String,
    /// What it was told of.
    what: String,
    result: Result<(), String>,
    took: Duration,
}

impl Listeners {
    /// Nothing is started yet. `environment` is what programs start from; their output comes through
    /// pipes in `pipes_directory`.
    pub fn new(
        listeners: &[Arc<Listener>],
        environment: Vec<(OsString, OsString)>,
        sendmail: Sendmail,
        pipes_directory: PathBuf,
    ) -> io::Result<Self> {
        let (reporter, reports) = channel();
        let mut all = Self {
            known: Vec::new(),
            bell: Waker::new()?,
            world: Arc::new(World {
                environment,
                sendmail,
                pipes_directory,
                pipes_made: AtomicU64::new(0),
                ending: Waker::new()?,
            }),
            reporter,
            reports,
        };
        all.replace(listeners);
        Ok(all)
    }

    /// Others take their place. Those that are the same go on; those that are gone are told what waits
    /// for them, and no more.
    pub fn replace(&mut self, listeners: &[Arc<Listener>]) {
        let mut old = std::mem::take(&mut self.known);
        for listener in listeners {
            let same = old.iter().position(|known| known.listener == *listener);
            self.known.push(match same {
                Some(index) => old.swap_remove(index),
                None => Known {
                    listener: Arc::clone(listener),
                    queue: None,
                    dropped: 0,
                },
            });
        }
    }

    /// Has those told that want to hear of it.
    pub fn tell(&mut self, told: &Emitted, zone: &Arc<Zone>) {
        let mut notice = None;
        for index in 0..self.known.len() {
            let listener = &self.known[index].listener;
            if !listener.wants(told.name.as_str(), told.job_id.as_ref()) {
                continue;
            }
            let notice = notice.get_or_insert_with(|| Arc::new(Notice::new(told, zone)));
            let notice = Arc::clone(notice);
            if self.known[index].queue.is_none() {
                self.known[index].queue = self.start(index);
            }
            let known = &mut self.known[index];
            let sent = known.queue.as_ref().map(|queue| queue.try_send(notice));
            match sent {
                Some(Ok(())) => {}
                Some(Err(TrySendError::Full(_))) | None => known.dropped += 1,
                Some(Err(TrySendError::Disconnected(_))) => {
                    known.dropped += 1;
                    known.queue = None;
                }
            }
        }
    }

    fn start(&self, index: usize) -> Option<SyncSender<Arc<Notice>>> {
        let listener = Arc::clone(&self.known[index].listener);
        let name = format!("listener-{}", listener.number);
        let (queue, notices) = sync_channel::<Arc<Notice>>(MAX_WAITING);
        let (world, reporter) = (Arc::clone(&self.world), self.reporter.clone());
        let bell = self.bell.clone();
        let thread = thread::Builder::new().name(name);
        let started = thread.spawn(move || {
            let mut teller = Teller::new(&listener, &world);
            for notice in notices {
                panics::panic_if_asked("listener");
                let report = teller.tell(&notice);
                if reporter.send(report).is_err() {
                    return;
                }
                bell.wake();
            }
        });
        match started {
            Ok(_) => Some(queue),
            Err(error) => {
                let report = Report {
                    who: self.known[index].listener.name(),
                    what: "all events".to_owned(),
                    result: Err(format!("no thread can be started for it: {error}")),
                    took: Duration::ZERO,
                };
                // We hold the other end ourselves.
                _ = self.reporter.send(report);
                self.bell.wake();
                None
            }
        }
    }

    /// What has become of telling, since this was asked last.
    pub fn take_reports(&self) -> Vec<Report> {
        self.bell.acknowledge();
        self.reports.try_iter().collect()
    }

    /// Events that were dropped since this was asked last, by listener.
    pub fn take_dropped(&mut self) -> Vec<(String, u64)> {
        let dropped = self.known.iter_mut().filter(|known| known.dropped > 0);
        dropped
            .map(|known| (known.listener.name(), std::mem::take(&mut known.dropped)))
            .collect()
    }

    /// Nothing more happens. Waits until all is told, or stopped; then the reports of that, and
    /// whether there are others that did not come.
    fn finish(self) -> (Vec<Report>, bool) {
        let Self {
            known,
            world,
            reporter,
            reports,
            ..
        } = self;
        drop((known, reporter));
        let mut all = Vec::new();
        let mut ended = false;
        for patience in [LAST_WORDS, STOPPING] {
            let until = clock::read().boot + patience;
            // The channel ends with the last thread.
            while !ended {
                let left = until.saturating_since(clock::read().boot);
                match reports.recv_timeout(left) {
                    Ok(report) => all.push(report),
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => ended = true,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => break,
                }
            }
            if ended {
                break;
            }
            world.ending.wake();
        }
        (all, ended)
    }
}

/// The thread's side of one listener.
struct Teller<'a> {
    listener: &'a Listener,
    world: &'a World,
    name: String,
    /// Made when it is first used: certificates take a while to be read.
    webhook: Option<Webhook>,
}

impl<'a> Teller<'a> {
    fn new(listener: &'a Listener, world: &'a World) -> Self {
        Self {
            listener,
            world,
            name: listener.name(),
            webhook: None,
        }
    }

    fn tell(&mut self, notice: &Notice) -> Report {
        let begun = clock::read().boot;
        let count = self.world.pipes_made.fetch_add(1, Ordering::Relaxed);
        let pipe = format!("listener-{}-{count}", self.listener.number);
        let timeout = self.listener.timeout;
        let result = match &self.listener.target {
            ListenerTarget::Command { command, cwd, env } => {
                let launch = self.world.launch(command, cwd, env, notice);
                program::run(&launch, self.world, &pipe, timeout)
            }
            ListenerTarget::Mail(to) => mail::launch(to, &self.world.sendmail, notice)
                .and_then(|launch| program::run(&launch, self.world, &pipe, timeout)),
            ListenerTarget::Url(url) => self.post(url, notice),
        };
        Report {
            who: self.name.clone(),
            what: notice.title(),
            result,
            took: clock::read().boot.saturating_since(begun),
        }
    }

    fn post(&mut self, url: &str, notice: &Notice) -> Result<(), String> {
        let webhook = match self.webhook.take() {
            Some(webhook) => webhook,
            None => Webhook::new(url, self.listener.timeout)?,
        };
        let result = webhook.post(url, notice.json(), &self.world.ending);
        self.webhook = Some(webhook);
        result
    }
}

impl Daemon {
    /// Says what has become of telling listeners.
    pub(super) fn hear_listeners(&mut self) {
        for report in self.listeners.take_reports() {
            self.say_report(&report);
        }
    }

    fn say_report(&mut self, report: &Report) {
        let Report { who, what, .. } = report;
        match &report.result {
            Ok(()) => {
                let took = report.took.as_secs_f64();
                self.say(
                    Level::Debug,
                    &format!("{who} was told of {what} in {took:.2} s"),
                );
            }
            Err(why) => self.say(Level::Warn, &format!("{who} failed at {what}: {why}")),
        }
    }

    /// Says how many events were dropped because listeners did not keep up.
    pub(super) fn say_dropped_events(&mut self) {
        for (name, count) in self.listeners.take_dropped() {
            let events = counted(count, "event");
            let why = format!("{name} does not keep up: {events} were not told");
            self.say(Level::Warn, &why);
        }
    }

    /// The last events are told.
    pub(super) fn finish_listeners(&mut self) {
        self.say_dropped_events();
        let none = Listeners {
            known: Vec::new(),
            bell: self.listeners.bell.clone(),
            world: Arc::clone(&self.listeners.world),
            reporter: channel().0,
            reports: channel().1,
        };
        let (reports, ended) = std::mem::replace(&mut self.listeners, none).finish();
        for report in &reports {
            self.say_report(report);
        }
        if !ended {
            let why = "Some listeners were not told of the last events: the scheduler leaves";
            self.say(Level::Warn, why);
        }
    }
}
