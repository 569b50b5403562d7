//! The running scheduler that a command is about: found, asked, and what it refuses said.

use super::control_args::SchedulerArgs;
use super::exit_code::ExitCode;
use super::jobs_files::nearest;
use super::run::SOCKET;
use super::terminal::complain;
use crate::api::{Answer, Client, ClientError, Printed, RequestLeft, SchedulerJson};
use crate::diagnostic::{escape, quoted};
use crate::sys::control_socket::answers;
use crate::sys::directories::{Directories, DirectoryVariables, InstanceName, runtime_bases};
use crate::sys::trust::TrustPolicy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a scheduler that starts waits for what another one says of itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// A scheduler that runs.
pub(super) struct Running {
    client: Client,
}

impl Running {
    /// The one that is meant; what cannot be found is said.
    pub fn find(args: &SchedulerArgs) -> Result<Self, ExitCode> {
        Self::at(&socket(args)?)
    }

    /// The one with this control socket.
    pub fn at(socket: &Path) -> Result<Self, ExitCode> {
        let client = Client::new(socket).map_err(|error| {
            complain(&error);
            ExitCode::InputOutput
        })?;
        Ok(Self { client })
    }

    /// The one that is meant, if it runs; where that cannot be said, it is said why.
    pub fn find_if_any(args: &SchedulerArgs) -> Result<Option<Self>, ExitCode> {
        let runs = if args.socket.is_some() {
            true
        } else if args.file.is_some() || args.state_dir.is_some() || args.name.is_some() {
            answers(&named(args)?)
        } else {
            !found().is_empty()
        };
        runs.then(|| Self::find(args)).transpose()
    }

    /// The only one that runs for this user, if it is one.
    pub fn only() -> Option<Self> {
        let found = found();
        let [socket] = &found[..] else { return None };
        let client = Client::new(socket).ok()?;
        Some(Self { client })
    }

    /// Asks what it is.
    pub fn scheduler(&self) -> Result<SchedulerJson, ExitCode> {
        self.get("")
    }

    /// Asks, and gives back whatever is answered.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, ExitCode> {
        self.client
            .ask(method, path, body)
            .map_err(|error| unreachable(&error))
    }

    /// Asks for what should be there.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ExitCode> {
        let answer = self.granted("GET", path, None)?;
        answer.read().map_err(|error| {
            complain(&format_args!(
                "the scheduler's answer is not understood: {error}"
            ));
            ExitCode::InputOutput
        })
    }

    /// Asks for something to be done; a refusal is said.
    pub fn granted(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ExitCode> {
        let answer = self.ask(method, path, body)?;
        if answer.is_ok() {
            return Ok(answer);
        }
        Err(refused(&answer))
    }

    /// The same about one job; where there is none, the one that may have been meant is named.
    pub fn of_job(
        &self,
        id: &str,
        method: &str,
        action: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ExitCode> {
        let answer = self.ask(method, &job_path(id, action), body)?;
        match answer.status {
            200..300 => Ok(answer),
            404 => Err(self.no_such_job(id)),
            _ => {
                let code = refused(&answer);
                if answer.status == 409 && action != "/run" {
                    self.name_file(id);
                }
                Err(code)
            }
        }
    }

    /// Says where in the jobs files a job is.
    pub fn name_file(&self, id: &str) {
        let Ok(scheduler) = self.get::<SchedulerJson>("") else {
            return;
        };
        let headers = [format!("[jobs.{id}]"), format!("[jobs.\"{id}\"]")];
        for file in scheduler.jobs_files {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let is_header = |line: &str| headers.iter().any(|header| line.trim() == header);
            if let Some(index) = text.lines().position(is_header) {
                complain(&format_args!("it is in {}:{}", escape(&file), index + 1));
            }
        }
    }

    /// Says that there is no such job.
    pub fn no_such_job(&self, id: &str) -> ExitCode {
        let jobs: Vec<Value> = match self.get("/jobs") {
            Ok(jobs) => jobs,
            Err(code) => return code,
        };
        let ids = jobs.iter().filter_map(|job| job["id"].as_str());
        let hint = match nearest(id, ids) {
            Some(other) => format!(", did you mean `{other}`?"),
            None if jobs.is_empty() => ": there are no jobs at all".to_owned(),
            None => "; `rsched list` shows which there are".to_owned(),
        };
        complain(&format_args!("there is no job {}{hint}", quoted(id)));
        ExitCode::Usage
    }

    /// Asks for what a run has printed behind the first `after` bytes; a refusal is said.
    pub fn output(&self, run: &str, after: u64) -> Result<Printed, ExitCode> {
        let asked = self.client.output(run, after);
        asked
            .map_err(|error| unreachable(&error))?
            .map_err(|answer| refused(&answer))
    }

    /// Hands over events until `take` says false or there are no more.
    pub fn events(&self, path: &str, take: impl FnMut(&str, &str) -> bool) -> Result<(), ExitCode> {
        match self.client.events(path, take) {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => Err(refused(&answer)),
            Err(error) => Err(unreachable(&error)),
        }
    }
}

/// `/jobs/ID` with what is to be done behind it. What no id can have is kept out of the path.
pub(super) fn job_path(id: &str, action: &str) -> String {
    format!("/jobs/{}{action}", encoded(id))
}

/// A text with percent signs for what has a meaning in paths and queries.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Says why it was refused.
pub(super) fn refused(answer: &Answer) -> ExitCode {
    if let Some(report) = answer.body["report"].as_str() {
        super::terminal::write_stderr(report);
    }
    complain(&escape(answer.error_message()));
    match answer.status {
        400 | 404 => ExitCode::Usage,
        503 => ExitCode::NoScheduler,
        _ => ExitCode::No,
    }
}

fn unreachable(error: &ClientError) -> ExitCode {
    match error {
        ClientError::Unreachable { source, .. } if source.kind() == ErrorKind::WouldBlock => {
            complain(error);
            complain(&"too many wait for it already: it hangs, or is stopped");
        }
        _ => complain(error),
    }
    let may_come =
        "what was asked for may still be done when it goes on: `rsched status` tells then";
    match error {
        ClientError::Unreachable { source, .. } => match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => complain(
                &"`rsched run` starts one; without --socket, and RSCHED_SOCKET, the one that runs is taken",
            ),
            ErrorKind::PermissionDenied => return ExitCode::NotPermitted,
            _ => {}
        },
        ClientError::Stopped { pid, request, .. } => {
            complain(&format_args!(
                "help: `kill -CONT {pid}` lets it go on; until then it starts nothing"
            ));
            match request {
                RequestLeft::Question => {}
                RequestLeft::Unsent => complain(&"it was not asked: nothing comes of this later"),
                RequestLeft::Pending => complain(&may_come),
            }
        }
        ClientError::TooSlow {
            request: RequestLeft::Pending,
            ..
        } => complain(&may_come),
        ClientError::TooSlow { .. } | ClientError::NoAnswer { .. } => {}
    }
    ExitCode::NoScheduler
}

// Which one.

fn socket(args: &SchedulerArgs) -> Result<PathBuf, ExitCode> {
    if let Some(socket) = &args.socket {
        return Ok(socket.clone());
    }
    if args.file.is_some() || args.state_dir.is_some() || args.name.is_some() {
        let socket = named(args)?;
        if is_abandoned(&socket) {
            say_that_none_runs(args);
            return Err(ExitCode::NoScheduler);
        }
        return Ok(socket);
    }
    let mut found = found();
    match found.len() {
        0 => {
            complain(
                &"no scheduler runs for this user; `rsched run` starts one, `--socket` names one that is elsewhere",
            );
            Err(ExitCode::NoScheduler)
        }
        1 => Ok(found.remove(0)),
        _ => {
            complain(&"several schedulers run for this user, so one has to be named:");
            for socket in found {
                complain(&format_args!(
                    "  --socket {}{}",
                    socket.display(),
                    files_of(&socket)
                ));
            }
            Err(ExitCode::Usage)
        }
    }
}

/// Whether nobody listens there. Of one who does, but lets us not in, that cannot be said.
fn is_abandoned(socket: &Path) -> bool {
    !answers(socket)
        && UnixStream::connect(socket).is_err_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            )
        })
}

/// That the one that is meant does not run, and what would start it.
pub(super) fn say_that_none_runs(args: &SchedulerArgs) {
    let mut command = "rsched run".to_owned();
    // Writing to a String cannot fail.
    if let Some(file) = &args.file {
        _ = write!(command, " {}", file.display());
    }
    if let Some(directory) = &args.state_dir {
        _ = write!(command, " --state-dir {}", directory.display());
    }
    if let Some(name) = &args.name {
        _ = write!(command, " --name {name}");
    }
    complain(&format_args!(
        "that scheduler does not run; `{}` starts it, `rsched status` without options finds one that does",
        escape(&command)
    ));
}

/// The socket of the scheduler with this file, name or directory.
fn named(args: &SchedulerArgs) -> Result<PathBuf, ExitCode> {
    let name = match (&args.name, &args.file) {
        (Some(name), _) => InstanceName::chosen(name),
        (None, Some(file)) => {
            let canonical = file.canonicalize().map_err(|error| {
                complain(&format_args!("cannot find `{}`: {error}", file.display()));
                ExitCode::Usage
            })?;
            Some(InstanceName::of_jobs_file(&canonical))
        }
        // The directory says it all.
        (None, None) => InstanceName::chosen("any"),
    };
    let Some(name) = name else {
        let name = args.name.as_deref().unwrap_or_default();
        complain(&format_args!("{} is no name of a scheduler", quoted(name)));
        return Err(ExitCode::Usage);
    };
    let variables = DirectoryVariables::of_this_process();
    let uid = TrustPolicy::of_this_process(None).uid;
    let directories = Directories::resolve(&name, args.state_dir.as_deref(), &variables, uid)
        .map_err(|error| {
            complain(&error);
            ExitCode::Usage
        })?;
    Ok(directories.runtime.join(SOCKET))
}

/// The sockets of all schedulers that run for this user.
fn found() -> Vec<PathBuf> {
    let variables = DirectoryVariables::of_this_process();
    let uid = TrustPolicy::of_this_process(None).uid;
    let mut sockets = Vec::new();
    for base in runtime_bases(&variables, uid) {
        sockets.push(base.join(SOCKET));
        let entries = base.read_dir().into_iter().flatten().flatten();
        sockets.extend(entries.map(|entry| entry.path().join(SOCKET)));
    }
    sockets.retain(|socket| answers(socket));
    sockets.sort();
    sockets.dedup();
    sockets
}

/// What is said of schedulers that run one of these files as well, each with records of its own: no
/// lock keeps them apart. Those are found that commands find without being told where.
pub(super) fn also_run(files: &[PathBuf]) -> Vec<String> {
    let ours: Vec<_> = files
        .iter()
        .filter_map(|it| it.canonicalize().ok())
        .collect();
    let warning = |socket: PathBuf| {
        let client = Client::new(&socket).ok()?.waiting_at_most(PATIENCE);
        // From whatever version.
        let about = client.ask("GET", "", None).ok()?.body;
        let theirs = about["jobs_files"].as_array()?.iter();
        let mut theirs = theirs.filter_map(|it| Path::new(it.as_str()?).canonicalize().ok());
        let both = theirs.find(|file| ours.contains(file))?;
        let records = match about["store"].as_str() {
            Some(store) => format!("with its records in `{}`", escape(store)),
            None => "with its records in memory".to_owned(),
        };
        Some(format!(
            "another scheduler runs `{}` too (pid {}, {records}): no lock keeps the two apart, and every fire of a job that both have runs twice. `rsched shutdown --socket {}` stops the other one",
            both.display(),
            about["pid"],
            socket.display(),
        ))
    };
    found().into_iter().filter_map(warning).collect()
}

/// What is said of one of several.
fn files_of(socket: &Path) -> String {
    let asked = Client::new(socket)
        .ok()
        .and_then(|client| client.ask("GET", "", None).ok())
        .and_then(|answer| answer.read::<SchedulerJson>().ok());
    asked.map_or(String::new(), |scheduler| {
        let files = scheduler.jobs_files.join(", ");
        format!("  ({}, pid {})", escape(&files), scheduler.pid)
    })
}
