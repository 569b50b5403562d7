//! Adopting, stopping and reaping the processes of runs.

use super::event_loop::Daemon;
use super::level::Level;
use super::recovery::mark_name;
use super::supervised::{Ending, Stage, Supervised};
use crate::process::{self, Usage};
use crate::scheduler::{self, Event, Exit, RunId, RunKey, StopSignal};
use crate::sys::{clock, memory, process_group};
use nix::sys::signal::Signal;
use std::time::Duration;

/// While the group of a stopped process outlives it, the daemon looks so often whether it is gone:
/// nobody tells when a process ends that is not our child.
const OUTLIVED_CHECK: Duration = Duration::from_millis(50);

impl Daemon {
    /// Takes over the living processes of an earlier scheduler, and their output.
    pub(super) fn adopt_processes(&mut self) {
        self.adopt_pipes();
        let mut adopted = std::mem::take(&mut self.setup.adopted);
        for status in self.setup.scheduler.runs_of(None) {
            let Some(child) = adopted.remove(&status.id) else {
                continue;
            };
            let (run, output) = (status.key, self.runs.output_of(status.id));
            let supervised = Supervised {
                run: status.id,
                child,
                output,
                said: None,
                stage: Stage::Running,
            };
            self.say(
                Level::Warn,
                &format!(
                    "Job \"{}\" of an earlier scheduler still runs, and is adopted",
                    status.job
                ),
            );
            if let Err(failed) = self.supervise(run, supervised) {
                let (_, error) = *failed;
                // It lives on, and nobody will learn how it ends.
                self.say(
                    Level::Error,
                    &format!("cannot watch a process of job \"{}\": {error}", status.job),
                );
                self.feed(Event::Exited {
                    run,
                    exit: Exit::Unknown,
                    usage: None,
                    output: None,
                });
            }
        }
    }

    /// The end of an attempt is recorded.
    pub(super) fn clear_start(&mut self, run: RunId, attempt: u32) {
        let name = mark_name(run, attempt);
        if let Some(Err(error)) = self.setup.marks.as_ref().map(|marks| marks.remove(&name)) {
            self.say(
                Level::Warn,
                &format!("cannot remove the mark of a start, `{name}`: {error}"),
            );
        }
    }

    pub(super) fn signal(&mut self, run: RunKey, signal: StopSignal) {
        let Some(supervised) = self.runs.children.get_mut(&run) else {
            return;
        };
        let signal = match signal {
            StopSignal::Terminate => Signal::SIGTERM,
            StopSignal::Kill => Signal::SIGKILL,
        };
        let sent = supervised.child.terminate_group(signal);
        match (supervised.stage, signal) {
            (stage, Signal::SIGKILL) => {
                supervised.stage = Stage::Killed;
                if stage == Stage::Outlived {
                    self.outlived_at = Some(clock::read().boot);
                }
            }
            (Stage::Running, _) => supervised.stage = Stage::Stopping,
            _ => {}
        }
        if let Err(error) = sent {
            self.say(
                Level::Error,
                &format!("cannot send {signal} to the processes of a job: {error}"),
            );
        }
    }

    /// A process may have ended: if it did, its run is over. If it was told to stop, so was its
    /// whole group, and the run is over when that is gone too; the next check looks, for all at once.
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
        if supervised.stage == Stage::Stopping {
            supervised.stage = Stage::Outlived;
            self.outlived_at = Some(clock::read().boot);
            return;
        }
        self.end_run(run);
    }

    /// Takes leave of a process that has ended.
    fn end_run(&mut self, run: RunKey) {
        let Some(output) = self.runs.children.get(&run).map(|it| it.output) else {
            return;
        };
        if let Some(output) = output {
            self.read_output(output);
        }
        let Some(mut supervised) = self.runs.children.remove(&run) else {
            return;
        };
        // Something in the background may still have its pipe open.
        let mut open = output.and_then(|output| self.runs.outputs.get_mut(&output));
        let said = supervised
            .said
            .or_else(|| open.as_mut().map(|open| open.pipe.take_tail()));
        let exit = supervised.child.try_reap().unwrap_or_else(|error| {
            self.say(
                Level::Error,
                &format!("cannot learn how a process ended: {error}"),
            );
            None
        });
        let total = said.as_ref().map(process::OutputTail::total);
        let usage = exit.and_then(|exit| Usage::of(&exit, memory::own_peak_bytes(), total));
        self.runs.add_ending(supervised.run, Ending { usage });
        self.feed(Event::Exited {
            run,
            exit: exit.map_or(Exit::Unknown, exit_of),
            usage: usage.map(usage_of),
            output: said.map(|said| scheduler::OutputTail {
                total_bytes: said.total(),
                tail: said.bytes().into(),
            }),
        });
    }

    /// Looks at the processes that ended when they were stopped: are others of their groups left?
    pub(super) fn reap_outlived(&mut self) {
        self.outlived_at = None;
        let groups = process_group::groups_with_members();
        let children: Vec<_> = self
            .runs
            .children
            .iter()
            .map(|(&run, supervised)| (run, supervised.stage, supervised.child.pid()))
            .collect();
        for (run, stage, pid) in children {
            match stage {
                Stage::Outlived if pid.is_some_and(|pid| groups.contains(&pid)) => {
                    self.outlived_at = Some(clock::read().boot + OUTLIVED_CHECK);
                }
                Stage::Outlived => self.end_run(run),
                Stage::Killed => self.reap(run),
                Stage::Running | Stage::Stopping => {}
            }
        }
    }
}

fn exit_of(exit: process::Exit) -> Exit {
    match (exit.code, exit.signal) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(number)) => Exit::Signal {
            number,
            core_dumped: exit.core_dumped,
        },
        (None, None) => Exit::Unknown,
    }
}

fn usage_of(usage: Usage) -> scheduler::Usage {
    scheduler::Usage {
        user_time: usage.user_time,
        system_time: usage.system_time,
        peak_memory_bytes: usage.peak_memory_bytes,
    }
}
