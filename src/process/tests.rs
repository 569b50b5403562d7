//! Real processes: what a job sees of the world, and what we see of it.
//!
//! Nothing here sleeps: everything waits for a descriptor, with a deadline. What would see
//! the other tests (descriptors, limits, dispositions, children) runs alone, in a copy of the
//! test program.

mod ends;
mod pipes;
mod starts;
mod world;

use super::*;
use crate::sys::descriptors;
use crate::sys::identity::{ProcessIdentity, ProcessStat};
use crate::sys::pidfd::Pidfd;
use crate::sys::signals;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Nothing here takes longer than a second, but the machine may be busy.
const DEADLINE_MS: u16 = 60_000;

/// A directory for jobs and their pipes.
struct Sandbox(tempfile::TempDir);

/// What a run left behind.
struct Ended {
    exit: Exit,
    output: Vec<u8>,
}

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn launch(&self, program: Program) -> Launch {
        let environment =
            BTreeMap::from([(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))]);
        Launch {
            program,
            cwd: self.0.path().to_owned(),
            environment,
            environment_file: None,
            stdin: Stdin::Nothing,
            preparation: Preparation::default(),
        }
    }

    fn shell(&self, script: &str) -> Launch {
        self.launch(Program::Shell {
            shell: "/bin/sh".into(),
            script: script.into(),
        })
    }

    fn direct(&self, arguments: &[&str]) -> Launch {
        self.launch(Program::Direct(
            arguments.iter().map(OsString::from).collect(),
        ))
    }

    fn start(&self, launch: &Launch) -> (Child, Reader) {
        let pipe = OutputPipe::create(self.0.path(), "output").unwrap();
        let child = settled(|| spawn(launch, OutputTarget::Pipe(pipe.path()))).unwrap();
        (
            child,
            Reader {
                pipe,
                buffer: ReadBuffer::new(),
                lines: Vec::new(),
            },
        )
    }

    fn run(&self, launch: &Launch) -> Ended {
        let (mut child, mut reader) = self.start(launch);
        let output = reader.read_to_end();
        Ended {
            exit: reaped(&mut child),
            output,
        }
    }

    fn output_of(&self, script: &str) -> String {
        String::from_utf8(self.run(&self.shell(script)).output).unwrap()
    }

    fn script(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        self.path(name)
    }
}

/// Reads a pipe and keeps its lines.
struct Reader {
    pipe: OutputPipe,
    buffer: ReadBuffer,
    lines: Vec<Vec<u8>>,
}

impl Reader {
    fn read_some(&mut self) -> ReadState {
        let lines = &mut self.lines;
        wait_for(&self.pipe);
        self.pipe
            .read_lines(&mut self.buffer, usize::MAX, &mut |line| {
                lines.push(line.bytes.to_vec());
            })
            .unwrap()
    }

    /// Waits for the next line alone.
    fn line(&mut self) -> String {
        while self.lines.is_empty() {
            assert_ne!(self.read_some(), ReadState::End, "no line came");
        }
        String::from_utf8(self.lines.remove(0)).unwrap()
    }

    /// All that comes; a newline between lines, none at the end.
    fn read_to_end(&mut self) -> Vec<u8> {
        while self.read_some() != ReadState::End {}
        assert!(
            !self.pipe.path().exists(),
            "the pipe is unlinked at its end"
        );
        self.lines.join(&b'\n')
    }
}

/// A mark to be made at this path, by a file action: nobody asks for the lock there.
fn mark(path: &Path) -> StartMark<'_> {
    static LOCK: LazyLock<fs::File> = LazyLock::new(|| fs::File::open("/dev/null").unwrap());
    StartMark {
        path,
        lock: LOCK.as_fd(),
        may_hang: false,
    }
}

fn wait_for(source: &impl AsFd) {
    let mut fds = [PollFd::new(source.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut fds, PollTimeout::from(DEADLINE_MS)) {
            Ok(1) => return,
            Err(Errno::EINTR) => {}
            other => panic!("nothing came in time: {other:?}"),
        }
    }
}

fn reaped(child: &mut Child) -> Exit {
    wait_for(&child.descriptor().unwrap());
    let exit = child.try_reap().unwrap().unwrap();
    assert_eq!((child.pid(), child.descriptor().is_none()), (None, true));
    exit
}

/// Another test that forks just now may hold a file open that was written a moment ago.
fn settled<T>(mut attempt: impl FnMut() -> Result<T, SpawnError>) -> Result<T, SpawnError> {
    loop {
        match attempt() {
            Err(error) if error.errno == Some(Errno::ETXTBSY as i32) => std::thread::yield_now(),
            result => return result,
        }
    }
}

fn failure(launch: &Launch) -> SpawnError {
    settled(|| spawn(launch, OutputTarget::Discard)).expect_err("it should not start")
}

/// Runs `test` in a process where no other test runs.
fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "RSCHED_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([
            &format!("process::tests::{name}"),
            "--exact",
            "--test-threads=1",
        ])
        .env(ALONE, "1");
    let result = command.output().unwrap();
    let output = String::from_utf8_lossy(&result.stdout);
    assert!(
        result.status.success() && output.contains("1 passed"),
        "{output}{}",
        String::from_utf8_lossy(&result.stderr)
    );
}
