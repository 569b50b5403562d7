//! Stopping runs: the process group first, then all that left it.
//!
//! Who is in a group and who left it can only be seen by looking at all processes of the machine. That
//! is done once for all runs that are being stopped, in a turn of its own behind the signals.

use super::event_loop::Daemon;
use super::level::Level;
use super::supervised::Supervised;
use crate::process::{Bystanders, OUTLIVED_CHECK, StopState, Stopping};
use crate::scheduler::{RunKey, StopSignal};
use crate::sys::clock;
use nix::sys::signal::Signal;

impl Daemon {
    /// All processes of a run are to get a signal, with the next look at them.
    pub(super) fn signal(&mut self, run: RunKey, signal: StopSignal) {
        let Some(supervised) = self.runs.children.get_mut(&run) else {
            return;
        };
        let signal = match signal {
            StopSignal::Terminate => Signal::SIGTERM,
            StopSignal::Kill => Signal::SIGKILL,
        };
        match &mut supervised.stop {
            Some(stop) => stop.go_on_with(signal),
            none => *none = Some(Stopping::with(signal)),
        }
        self.outlived_at = Some(clock::read().boot);
    }

    /// A process may have ended: if it did, its run is over. If it was told to stop, so was all that it
    /// started, and the run is over when that is gone too; the next look tells, for all runs at once.
    pub(super) fn reap(&mut self, run: RunKey) {
        let Some(supervised) = self.runs.children.get_mut(&run) else {
            return;
        };
        let (Some(descriptor), Ok(Some(_)) | Err(_)) =
            (supervised.child.descriptor(), supervised.child.ended())
        else {
            return;
        };
        // It has told what it had to tell, and would tell it again and again.
        drop(self.poller.remove(descriptor));
        if let Some(stop) = &mut supervised.stop {
            stop.has_ended();
            self.outlived_at = Some(clock::read().boot);
            return;
        }
        self.end_run(run);
    }

    /// Looks at all runs that are being stopped: passes the signal on to those that left the group, and
    /// ends the runs of which nobody is left.
    pub(super) fn look_at_stopped(&mut self) {
        self.outlived_at = None;
        let is_stopped = |it: &&Supervised| it.stop.is_some();
        let stopped = self.runs.children.values().filter(is_stopped);
        let leaders: Vec<_> = stopped.map(|it| it.child.leader()).collect();
        if leaders.is_empty() {
            return;
        }
        let bystanders = Bystanders::now(&leaders);
        let (mut over, mut problems) = (Vec::new(), Vec::new());
        for (&run, supervised) in &mut self.runs.children {
            let Some(stop) = &mut supervised.stop else {
                continue;
            };
            let look = stop.look(&supervised.child, &supervised.attempt, &bystanders);
            let signal = stop.signal();
            problems.extend(look.problems.into_iter().map(|problem| (signal, problem)));
            match look.state {
                StopState::Lives => {}
                StopState::Outlived => self.outlived_at = Some(clock::read().boot + OUTLIVED_CHECK),
                StopState::Over => over.push(run),
            }
        }
        for (signal, problem) in problems {
            let message = format!("cannot send {signal} to the processes of a job: {problem}");
            self.say(Level::Error, &message);
        }
        for run in over {
            self.end_run(run);
        }
    }
}
