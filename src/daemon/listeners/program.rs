//! A listener that is a program: run with the event on its standard input and in its environment,
//! stopped when it takes too long.

use super::notice::Notice;
use crate::config::Command;
use crate::daemon::mailer::Sendmail;
use crate::process::{
    self, Child, Exit, Launch, OutputPipe, OutputTarget, Preparation, Program, ReadBuffer,
    ReadState, Stdin,
};
use crate::sys::clock;
use crate::sys::poller::Poller;
use crate::sys::wake::Waker;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// From SIGTERM to SIGKILL, and from that to giving it up.
const KILL_AFTER: Duration = Duration::from_secs(5);

/// The same when the scheduler leaves.
const KILL_AT_END_AFTER: Duration = Duration::from_millis(300);

/// Of what it prints, the last so many bytes are looked at when it fails.
const KEPT_OUTPUT: usize = 2_048;

/// Of its last line, so much stands in the log.
const SHOWN_CHARACTERS: usize = 200;

/// What all listeners have from the scheduler.
#[derive(Debug)]
pub(super) struct World {
    /// The scheduler's own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What takes mails.
    pub sendmail: Sendmail,
    /// Where pipes can be made.
    pub pipes_directory: PathBuf,
    /// How many pipes were made: of one name there must not be two, and a listener that a reload takes away is
    /// still told of what waits for it while the one that has its number now is told as well.
    pub pipes_made: AtomicU64,
    /// Rings, and is never acknowledged, when there is no more time.
    pub ending: Waker,
}

impl World {
    /// The process of a command that is told of an event.
    pub fn launch(
        &self,
        command: &Command,
        cwd: &Path,
        env: &BTreeMap<String, String>,
        notice: &Notice,
    ) -> Launch {
        let program = match command {
            Command::Shell(script) => Program::Shell {
                shell: PathBuf::from("/bin/sh"),
                script: script.into(),
            },
            Command::Program(words) => Program::Direct(words.iter().map(OsString::from).collect()),
        };
        let variables = notice.variables();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let inherited = self.environment.iter().cloned();
        Launch {
            program,
            cwd: cwd.to_owned(),
            environment: process::environment_for_run(inherited, env, &variables),
            environment_file: None,
            stdin: Stdin::Text(format!("{}\n", notice.json()).into_bytes()),
            preparation: Preparation::default(),
        }
    }
}

const CHILD: u64 = 0;
const PIPE: u64 = 1;
const ENDING: u64 = 2;

/// A program that runs.
struct Running {
    child: Child,
    pipe: OutputPipe,
    poller: Poller,
    buffer: ReadBuffer,
}

/// Why a wait ended.
enum Waited {
    Ended,
    TooLong,
    /// The scheduler leaves.
    NoTime,
}

/// Runs it to its end. `name` is that of the pipe its output comes through.
pub(super) fn run(
    launch: &Launch,
    world: &World,
    name: &str,
    timeout: Duration,
) -> Result<(), String> {
    let failed = |doing: &str| {
        let doing = doing.to_owned();
        move |error: io::Error| format!("cannot {doing}: {error}")
    };
    let mut pipe = OutputPipe::create(&world.pipes_directory, name)
        .map_err(failed("make a pipe for its output"))?;
    pipe.keep_tail(KEPT_OUTPUT);
    let spawned = process::spawn(launch, OutputTarget::Pipe(pipe.path()));
    // It has the pipe open, or never will: nobody else is to find it.
    pipe.remove_name()
        .map_err(failed("remove the name of the pipe of its output"))?;
    let child = spawned.map_err(|error| error.to_string())?;
    let watched = watch(&child, &pipe, world);
    let mut running = match watched {
        Ok(poller) => Running {
            child,
            pipe,
            poller,
            buffer: ReadBuffer::new(),
        },
        Err(error) => {
            child.abandon();
            return Err(format!(
                "cannot watch its process, which was killed: {error}"
            ));
        }
    };
    let waited = running.wait(timeout).map_err(failed("wait for it"));
    let kill_after = match waited {
        Ok(Waited::NoTime) => KILL_AT_END_AFTER,
        _ => KILL_AFTER,
    };
    let why = match waited {
        Ok(Waited::Ended) => return running.judge(),
        Ok(Waited::TooLong) => {
            let length = crate::time::duration::format(timeout);
            format!("stopped, it took longer than {length}")
        }
        Ok(Waited::NoTime) => "stopped, the scheduler leaves".to_owned(),
        Err(why) => why,
    };
    running.stop(kill_after);
    Err(why)
}

fn watch(child: &Child, pipe: &OutputPipe, world: &World) -> io::Result<Poller> {
    let poller = Poller::new()?;
    if let Some(descriptor) = child.descriptor() {
        poller.add(descriptor, CHILD)?;
    }
    poller.add(pipe, PIPE)?;
    poller.add(&world.ending, ENDING)?;
    Ok(poller)
}

impl Running {
    /// Reads what it prints until it ends.
    fn wait(&mut self, patience: Duration) -> io::Result<Waited> {
        let until = clock::read().boot + patience;
        loop {
            let left = until.saturating_since(clock::read().boot);
            let ready: Vec<u64> = self.poller.wait(Some(left))?.collect();
            if ready.contains(&PIPE) {
                self.read()?;
            }
            if ready.contains(&CHILD) {
                return Ok(Waited::Ended);
            }
            if ready.contains(&ENDING) {
                return Ok(Waited::NoTime);
            }
            if left.is_zero() {
                return Ok(Waited::TooLong);
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        const PIECE: usize = 64 * 1024;
        let state = self.pipe.read_lines(&mut self.buffer, PIECE, &mut |_| {})?;
        if state == ReadState::End {
            self.poller.remove(&self.pipe)?;
        }
        Ok(())
    }

    fn judge(mut self) -> Result<(), String> {
        // What is left of its last words. If they cannot be read, its exit code says enough.
        drop(self.read());
        let ending = match self.child.try_reap() {
            Ok(Some(Exit { code: Some(0), .. })) => return Ok(()),
            Ok(Some(Exit {
                code: Some(code), ..
            })) => format!("exit {code}"),
            Ok(Some(Exit {
                signal: Some(signal),
                ..
            })) => format!("signal {signal}"),
            Ok(_) => "nobody knows how it ended".to_owned(),
            Err(error) => format!("cannot learn how it ended: {error}"),
        };
        let said = self.pipe.take_tail().bytes();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        Err(match last {
            Some(line) => {
                let line: String = line.trim().chars().take(SHOWN_CHARACTERS).collect();
                format!("{ending}: {line}")
            }
            None => ending,
        })
    }

    /// SIGTERM, then SIGKILL, to all of its group.
    fn stop(mut self, kill_after: Duration) {
        drop(self.poller.remove(&self.pipe));
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            // It may have ended by itself.
            drop(self.child.terminate_group(signal));
            if matches!(self.wait_alone(kill_after), Ok(true)) {
                break;
            }
        }
        // What SIGKILL does not end hangs in the kernel, and nobody can wait for it.
        drop(self.child.terminate_group(Signal::SIGKILL));
        drop(self.child.try_reap());
    }

    /// Waits for its end alone.
    fn wait_alone(&self, patience: Duration) -> io::Result<bool> {
        let mut poller = Poller::new()?;
        if let Some(descriptor) = self.child.descriptor() {
            poller.add(descriptor, CHILD)?;
        }
        let until = clock::read().boot + patience;
        loop {
            let left = until.saturating_since(clock::read().boot);
            if poller.wait(Some(left))?.next().is_some() {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
        }
    }
}
