//! Starting, stopping and reaping the processes of runs.

use super::event_loop::{Daemon, FIRST_CHILD};
use super::level::Level;
use super::run_environment::run_variables;
use super::supervised::{Output, Stage, Supervised};
use crate::config::{Command, Job};
use crate::process::{self, Launch, OutputPipe, OutputTarget, Program};
use crate::scheduler::{Event, Exit, RunKey, SpawnRequest, StopSignal};
use crate::sys::{clock, process_group};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

/// While the group of a stopped process outlives it, the daemon looks so often whether it is gone:
/// nobody tells when a process ends that is not our child.
const OUTLIVED_CHECK: Duration = Duration::from_millis(50);

impl Daemon {
    pub(super) fn spawn(&mut self, request: &SpawnRequest) -> Event {
        let run = request.run;
        match self.try_spawn(request) {
            Ok(pid) => Event::Spawned { run, pid },
            Err(error) => Event::SpawnFailed { run, error },
        }
    }

    fn try_spawn(&mut self, request: &SpawnRequest) -> Result<i32, String> {
        let past = self.setup.store.summary(&request.job.id);
        let environment = process::environment_for_run(
            self.setup.environment.iter().cloned(),
            &request.job.env,
            &run_variables(request, &past),
        );
        let launch = launch_of(&request.job, environment);
        let name = format!("{}.{}", request.job.id, request.run_id);
        let pipe = OutputPipe::create(&self.setup.pipes_directory, &name)
            .map_err(|error| format!("cannot make its output pipe `{name}`: {error}"))?;
        // Before the spawn: a job whose output nobody reads would wait for ever at its full pipe.
        let output = self
            .watch_output(Output {
                pipe,
                job: request.job.id.clone(),
                run: Some(request.run_id),
                queued: false,
            })
            .map_err(|error| format!("cannot watch its output pipe `{name}`: {error}"))?;
        let started = self.start_process(request.run, &launch, output);
        if started.is_err() {
            self.discard_output(output);
        }
        started
    }

    fn start_process(&mut self, run: RunKey, launch: &Launch, output: u64) -> Result<i32, String> {
        let target = OutputTarget::Pipe(self.runs.outputs[&output].pipe.path());
        let child = process::spawn(launch, target).map_err(|error| error.to_string())?;
        let pid = child
            .pid()
            .expect("a child is unreaped until it is reaped below")
            .as_raw();
        let descriptor = child.descriptor().expect("so is its descriptor");
        if let Err(error) = self.poller.add(descriptor, FIRST_CHILD + run.0) {
            // Its end would never be noticed.
            child.abandon();
            return Err(format!(
                "cannot watch process {pid}, which was killed: {error}"
            ));
        }
        let supervised = Supervised {
            child,
            output,
            stage: Stage::Running,
        };
        self.runs.children.insert(run, supervised);
        Ok(pid)
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
        let Some(supervised) = self.runs.children.get_mut(&run) else {
            return;
        };
        let exit = supervised.child.try_reap();
        let output = supervised.output;
        self.runs.children.remove(&run);
        self.read_output(output);
        let exit = match exit {
            Ok(exit) => exit.map_or(Exit::Code(0), exit_of),
            Err(error) => {
                self.say(
                    Level::Error,
                    &format!("cannot learn how a process ended: {error}"),
                );
                Exit::Signal {
                    number: 0,
                    core_dumped: false,
                }
            }
        };
        self.feed(Event::Exited { run, exit });
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

fn launch_of(job: &Job, environment: BTreeMap<OsString, OsString>) -> Launch {
    let program = match &job.command {
        Command::Shell(script) => Program::Shell {
            shell: job.shell.clone(),
            script: script.into(),
        },
        Command::Program(arguments) => {
            Program::Direct(arguments.iter().map(OsString::from).collect())
        }
    };
    Launch {
        program,
        cwd: job.cwd.clone(),
        environment,
        stdin: None,
    }
}

fn exit_of(exit: process::child::Exit) -> Exit {
    match (exit.code, exit.signal) {
        (Some(code), _) => Exit::Code(code),
        (None, number) => Exit::Signal {
            number: number.unwrap_or(0),
            core_dumped: exit.core_dumped,
        },
    }
}
