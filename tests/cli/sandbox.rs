//! A place of its own for each test: a folder that is home and working directory, a clean
//! environment, and the program.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The program under test.
pub const RSCHED: &str = env!("CARGO_BIN_EXE_rsched");

pub struct Sandbox {
    folder: TempDir,
    variables: Vec<(String, String)>,
    stdin: String,
}

/// How a command ended. Each check hands it on, so that a test reads as a sentence.
#[must_use]
pub struct Ended {
    command: String,
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
            stdin: String::new(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders it needs.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// `jobs.toml`.
    pub fn jobs(self, text: &str) -> Self {
        self.file("jobs.toml", text)
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// Runs `rsched` with these arguments.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        let mut command = Command::new(RSCHED);
        command.args(arguments);
        self.end_of(command)
    }

    /// Runs a line of shell in which `rsched` is the program under test.
    pub fn shell(&self, line: &str) -> Ended {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        self.end_of(command)
    }

    /// Starts `rsched` with these arguments in the background; all that it prints is dropped.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(RSCHED);
        self.prepare(command.args(arguments))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let program_folder = PathBuf::from(RSCHED).parent().unwrap().to_owned();
        command
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", program_folder.display()),
            )
            // As systemd sets them; root would write to /var/lib and /run otherwise.
            .env("STATE_DIRECTORY", self.path().join("state"))
            .env("RUNTIME_DIRECTORY", self.path().join("run"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
    }

    fn end_of(&self, mut command: Command) -> Ended {
        self.prepare(&mut command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Whoever does not read its input may have gone already.
        _ = child.stdin.take().unwrap().write_all(self.stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ended {
            command: format!("{command:?}"),
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// All of standard output.
    #[track_caller]
    pub fn stdout(self, expected: &str) -> Self {
        assert_eq!(
            self.stdout,
            expected,
            "stdout of {}\n{}",
            self.command,
            self.rest()
        );
        self
    }

    /// All of standard error.
    #[track_caller]
    pub fn stderr(self, expected: &str) -> Self {
        assert_eq!(
            self.stderr,
            expected,
            "stderr of {}\n{}",
            self.command,
            self.rest()
        );
        self
    }

    /// The exit code, and with it the end of the sentence.
    #[track_caller]
    pub fn code(self, expected: i32) {
        assert_eq!(
            self.status,
            Some(expected),
            "status of {}\n{}",
            self.command,
            self.rest()
        );
    }

    /// Exit code 0.
    #[track_caller]
    pub fn success(self) {
        self.code(0);
    }

    fn rest(&self) -> String {
        let mut text = String::new();
        writeln!(text, "status {:?}", self.status).unwrap();
        writeln!(text, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr).unwrap();
        text
    }
}
