//! Stopping runs: the process group first, then all that left it.
//!
//! Who is in a group and who left it can only be seen by looking at all processes of the machine. That
//! is done once for all runs that are being stopped, in a turn of its own behind the signals.

use super::event_loop::Daemon;
use super::level::Level;
use super::supervised::{Stop, Supervised};
use crate::process::{Bystanders, Strays};
use crate::scheduler::{RunKey, StopSignal};
use crate::sys::clock;
use nix::sys::signal::Signal;
use std::time::Duration;

/// While others of a stopped run outlive its process, the daemon looks so often whether they are gone:
/// nobody tells when a process ends that is not our child.
const OUTLIVED_CHECK: Duration = Duration::from_millis(50);

/// So often processes that were just started are killed after their leader, before a run is
/// given up that starts them faster: a second, as it is looked at.
const MOST_ROUNDS: u32 = 20;

impl Daemon {
    /// All processes of a run are to get a signal. They get it with the next look at them: once the
    /// first of them has died of it, some could not be found any more.
    pub(super) fn signal(&mut self, run: RunKey, signal: StopSignal) {
        let Some(supervised) = self.runs.children.get_mut(&run) else {
            return;
        };
        let signal = match signal {
            StopSignal::Terminate => Signal::SIGTERM,
            StopSignal::Kill => Signal::SIGKILL,
        };
        let stop = supervised.stop.get_or_insert_with(|| Stop {
            signal,
            group_is_told: false,
            strays: Strays::default(),
            outlived: false,
            rounds: 0,
        });
        // What is being killed is not asked any more.
        if stop.signal != Signal::SIGKILL {
            stop.signal = signal;
            stop.group_is_told = false;
        }
        self.outlived_at = Some(clock::read().boot);
    }

    fn cannot_signal(&mut self, signal: Signal, error: &std::io::Error) {
        let message = format!("cannot send {signal} to the processes of a job: {error}");
        self.say(Level::Error, &message);
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
            stop.outlived = true;
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
            let leader = supervised.child.leader();
            if !std::mem::replace(&mut stop.group_is_told, true) {
                let sent = supervised.child.terminate_group(stop.signal);
                problems.extend(sent.err().map(|problem| (stop.signal, problem)));
            }
            let found = stop
                .strays
                .signal(&bystanders, leader, &supervised.attempt, stop.signal);
            problems.extend(found.problem.map(|problem| (stop.signal, problem)));
            if !stop.outlived {
                // Its end will be told.
                continue;
            }
            let is_over = if stop.signal == Signal::SIGKILL {
                // Who survives that (another user's process, one that hangs in the kernel) must not hold
                // the run for ever. Who was started just before its parent was killed does not survive.
                stop.rounds += 1;
                found.new == 0 || stop.rounds > MOST_ROUNDS
            } else {
                let group_lives = leader.is_some_and(|leader| bystanders.group_lives(leader));
                found.living == 0 && !group_lives
            };
            if is_over {
                over.push(run);
            } else {
                self.outlived_at = Some(clock::read().boot + OUTLIVED_CHECK);
            }
        }
        for (signal, problem) in problems {
            self.cannot_signal(signal, &problem);
        }
        for run in over {
            self.end_run(run);
        }
    }
}
