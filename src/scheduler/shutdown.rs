//! Stopping: no new runs; running ones may finish, then get SIGTERM, then SIGKILL.

use super::event::{Action, ShutdownRequest};
use super::run::{RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::time::{BootTime, Now};

/// How far the stopping has got. It only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shutdown {
    /// Running jobs may finish until then.
    Waiting { terminate_at: BootTime },
    /// All got SIGTERM; SIGKILL follows after each job's `kill_after`.
    Terminating,
    /// All got SIGKILL.
    Killing,
}

impl Shutdown {
    pub fn deadline(self) -> Option<BootTime> {
        match self {
            Self::Waiting { terminate_at } => Some(terminate_at),
            Self::Terminating | Self::Killing => None,
        }
    }

    fn severity(self) -> ShutdownRequest {
        match self {
            Self::Waiting { .. } => ShutdownRequest::Wait,
            Self::Terminating => ShutdownRequest::Terminate,
            Self::Killing => ShutdownRequest::Kill,
        }
    }
}

impl Scheduler {
    /// Begins to stop, or stops harder.
    pub(super) fn request_shutdown(&mut self, request: ShutdownRequest, now: Now) {
        if self
            .shutdown
            .is_some_and(|shutdown| shutdown.severity() >= request)
        {
            return;
        }
        match request {
            ShutdownRequest::Wait => {
                let terminate_at = now.boot + self.settings.shutdown_timeout;
                self.shutdown = Some(Shutdown::Waiting { terminate_at });
            }
            ShutdownRequest::Terminate => self.enter(Shutdown::Terminating, now),
            ShutdownRequest::Kill => self.enter(Shutdown::Killing, now),
        }
    }

    /// The patience with running jobs may be over.
    pub(super) fn advance_shutdown(&mut self, now: Now) {
        if let Some(Shutdown::Waiting { terminate_at }) = self.shutdown
            && terminate_at <= now.boot
        {
            self.enter(Shutdown::Terminating, now);
        }
    }

    fn enter(&mut self, shutdown: Shutdown, now: Now) {
        self.shutdown = Some(shutdown);
        for key in self.runs.keys().copied().collect::<Vec<_>>() {
            self.stop_if_shutting_down(key, now);
        }
    }

    /// Also for a process that came to be while the order to stop was given.
    pub(super) fn stop_if_shutting_down(&mut self, key: RunKey, now: Now) {
        let Some(run) = self.runs.get(&key) else {
            return;
        };
        match (self.shutdown, &run.stage) {
            (Some(Shutdown::Terminating), Stage::Running { .. }) => {
                self.stop(key, StopReason::Shutdown, now);
            }
            (Some(Shutdown::Killing), Stage::Running { .. }) => self.kill(key),
            (Some(Shutdown::Terminating | Shutdown::Killing), Stage::Starting) => {
                self.out.push(Action::GiveUpStart { run: key });
            }
            _ => {}
        }
    }
}
