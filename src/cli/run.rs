//! `rsched run`: validate, lock, start, and stay in the foreground until told to stop.

use super::args::{LogFormatArg, RunArgs, Verbosity};
use super::exit_code::ExitCode;
use super::jobs_files;
use super::open_store::{self, Opened};
use super::running;
use super::terminal::{complain, write_stderr};
use crate::api::{Desk, Facts, Feed, Guard, Identity, MIN_TOKEN_BYTES, Server, Tcp};
use crate::config::{ApiSettings, Hosts, StorePlace, TokenFile};
use crate::daemon::{
    Control, Daemon, DaemonEnd, Inheritance, JobsSource, Level, LogFile, LogFileError, LogFormat,
    LogLines, LogTarget, LogWriter, ReadJobs, Sendmail, Setup,
};
use crate::diagnostic;
use crate::scheduler::Scheduler;
use crate::sys::account::Login;
use crate::sys::control_socket::{ControlSocket, SocketError};
use crate::sys::directories::{
    self, Directories, DirectoryError, DirectoryVariables, InstanceName,
};
use crate::sys::file_system::network_file_system;
use crate::sys::identity::ProcessStat;
use crate::sys::journal::Journal;
use crate::sys::lock::{Holder, InstanceLock, LockError};
use crate::sys::notify::{self, Notifier};
use crate::sys::signals::Signals;
use crate::sys::trust::TrustPolicy;
use crate::sys::trusted_file::{self, ReadError};
use crate::sys::wake::Waker;
use crate::sys::{clock, descriptors, host, memory, orphans, panics, signals};
use crate::time::{Now, human};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fmt::Display;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory, beside the lock, of the pipes that carry the output of jobs.
const PIPES: &str = "output";

/// The control socket, in the runtime directory.
pub(super) const SOCKET: &str = "control.sock";

pub(super) fn run(args: &RunArgs, verbosity: Verbosity) -> ExitCode {
    panics::abort_on_panic();
    memory::keep_large_blocks_apart();
    match start(args, verbosity) {
        Ok(daemon) => match daemon.run() {
            Ok(DaemonEnd::Asked) => ExitCode::Done,
            Ok(DaemonEnd::LockTaken) => ExitCode::Locked,
            Ok(DaemonEnd::LockLost) => ExitCode::InputOutput,
            Err(error) => fail(ExitCode::InputOutput, &error),
        },
        Err(code) => code,
    }
}

/// Says why, and gives the code back.
fn fail(code: ExitCode, why: &dyn Display) -> ExitCode {
    complain(why);
    code
}

fn start(args: &RunArgs, verbosity: Verbosity) -> Result<Daemon, ExitCode> {
    let broken = |error: std::io::Error| fail(ExitCode::InputOutput, &error);
    // Whatever started us may have left descriptors open and signals ignored: neither may reach
    // a job.
    descriptors::mark_inherited_cloexec().map_err(broken)?;
    signals::reset_inherited().map_err(broken)?;
    let paths = jobs_files::pick(&args.files)?;
    let policy = TrustPolicy::of_this_process(args.trust_owner);
    let format = jobs_files::format(&args.file)?;
    let source = JobsSource::new(paths, Some(policy)).in_format(format);
    let mut source = source.finding_users();
    let (log_format, log_target) = log_target(args)?;
    let read = read_jobs(args, &mut source, clock::read())?;

    let directories = make_directories(args, &source, policy.uid)?;
    let (lock, read) = take_lock(args, &directories, &mut source, read)?;
    let pipes_directory = directories.runtime.join(PIPES);
    directories::create_private(&pipes_directory).map_err(|error| directory_failed(&error))?;
    // A limit that cannot be raised is lived with, and so is that orphans go to init: those that
    // left their group then get away when they are left by all.
    drop(descriptors::raise_limit());
    drop(orphans::receive_orphans());

    let Opened {
        store,
        path: store_path,
        past,
        marks,
        adopted,
        mut warnings,
        notes,
    } = open_store(args, &source, &read, &directories, policy)?;
    warnings.extend(running::also_run(source.paths()));
    let lines = LogLines {
        format: log_format,
        level: verbosity
            .level()
            .or(args.log_level.map(Level::from))
            .unwrap_or(Level::Info),
        zone: Arc::clone(&read.file.scheduler.timezone),
    };
    let control = control(&directories, &source, &read, policy, store_path.as_deref())?;
    let log_room = Waker::new().map_err(broken)?;
    let log = LogWriter::start(log_target, log_room.clone()).map_err(broken)?;
    let notify_socket = std::env::var_os("NOTIFY_SOCKET");
    let setup = Setup {
        watches_files: read.file.scheduler.watch,
        wants_mails: read.file.jobs.iter().any(|job| job.is_mailed()),
        surroundings: Arc::clone(&read.file.surroundings),
        listeners: read.file.listeners.clone(),
        control,
        // The lock may have been long in coming: the jobs are first seen now.
        scheduler: Scheduler::new(read.file, args.paused, past, clock::read()),
        store,
        source,
        lock,
        marks,
        adopted,
        warnings,
        notes,
        pipes_directory,
        lines,
        log,
        log_room,
        notifier: Notifier::new(notify_socket.as_deref()).map_err(broken)?,
        watchdog: notify::watchdog_interval(),
        sendmail: match &args.sendmail {
            None => Sendmail::Usual,
            Some(path) if path.as_os_str() == "off" => Sendmail::Off,
            Some(path) => Sendmail::At(PathBuf::from(absolute(path))),
        },
        run_for: args.run_for,
        inheritance: Inheritance {
            environment: std::env::vars_os().collect(),
            login: Login::of_this_process(),
        },
    };
    Daemon::new(setup).map_err(|error| fail(ExitCode::InputOutput, &error))
}

fn open_store(
    args: &RunArgs,
    source: &JobsSource,
    read: &ReadJobs,
    directories: &Directories,
    policy: TrustPolicy,
) -> Result<Opened, ExitCode> {
    let file = &read.file;
    let chosen = match &args.store {
        Some(text) => {
            let here = std::env::current_dir().unwrap_or_default();
            let place = StorePlace::parse(text, &here);
            Some(place.map_err(|why| fail(ExitCode::Usage, &format!("--store: {why}")))?)
        }
        None => None,
    };
    let place = chosen.as_ref().unwrap_or(&file.scheduler.store);
    let us = holder(source, read);
    open_store::open(place, file, directories, &us, policy).map_err(|error| {
        error.complain();
        error.exit_code()
    })
}

/// Opens the control socket and starts who serves it.
fn control(
    directories: &Directories,
    source: &JobsSource,
    read: &ReadJobs,
    policy: TrustPolicy,
    store: Option<&Path>,
) -> Result<Control, ExitCode> {
    let broken = |error: std::io::Error| fail(ExitCode::InputOutput, &error);
    let path = directories.runtime.join(SOCKET);
    let (socket, listener) = ControlSocket::bind(&path).map_err(|error| {
        let code = match error {
            SocketError::Untrusted { .. } => ExitCode::NotPermitted,
            SocketError::InUse { .. } => ExitCode::Locked,
            SocketError::Io { ref source, .. } => ExitCode::of_refusal(source),
            SocketError::PathTooLong { .. } => ExitCode::CannotCreate,
        };
        fail(code, &error)
    })?;
    let tcp = read.file.scheduler.api.as_ref();
    let tcp = tcp.map(|api| listen(api, policy)).transpose()?;
    let (tcp, listens) = tcp.map_or((None, None), |(tcp, address)| {
        let api = read.file.scheduler.api.clone();
        (Some(tcp), api.map(|api| (api, address)))
    });
    let (desk, questions) = Desk::new().map_err(broken)?;
    let feed = Feed::new(Arc::clone(&read.file.scheduler.timezone));
    let paths = source.paths().iter();
    let facts = Facts {
        identity: Identity {
            host: host::name(),
            pid: host::pid(),
            started_at: clock::read().wall,
            jobs_files: paths.map(|path| absolute(path)).collect(),
            store: store.map(absolute),
        },
        records: store.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
    };
    let server = Server::start(listener, tcp, facts, desk, feed.clone()).map_err(broken)?;
    Ok(Control {
        questions,
        feed,
        server,
        socket,
        is_reachable: true,
        tcp: listens,
    })
}

/// Opens the API's port, if the file asks for one, with the token that it needs.
fn listen(api: &ApiSettings, policy: TrustPolicy) -> Result<(Tcp, SocketAddr), ExitCode> {
    let token = match &api.token_file {
        TokenFile::None => None,
        TokenFile::Path(path) => Some(read_token(path, policy)?),
    };
    let failed = |error: std::io::Error| {
        let why = format!("cannot listen at `{}`: {error}", api.listen);
        fail(ExitCode::CannotCreate, &why)
    };
    let listener = TcpListener::bind(api.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let tcp = Tcp {
        listener,
        guard: Guard::new(token, api.allowed_hosts.clone(), api.allow_jobs),
        prefix: api.prefix.clone(),
    };
    Ok((tcp, address))
}

fn read_token(path: &Path, policy: TrustPolicy) -> Result<String, ExitCode> {
    let text = trusted_file::read_secret(path, policy).map_err(|error| {
        let code = match error {
            ReadError::Refused { .. } => ExitCode::NotPermitted,
            _ => ExitCode::InvalidFile,
        };
        fail(code, &format_args!("the API's token: {error}"))
    })?;
    let token = text.trim();
    let is_text = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < MIN_TOKEN_BYTES || !is_text {
        let why = format!(
            "the API's token: `{}` holds no line of at least {MIN_TOKEN_BYTES} ASCII characters without blanks",
            path.display()
        );
        return Err(fail(ExitCode::InvalidFile, &why));
    }
    Ok(token.to_owned())
}

fn read_jobs(args: &RunArgs, source: &mut JobsSource, now: Now) -> Result<ReadJobs, ExitCode> {
    let read = source.read(now.wall).map_err(|rejected| {
        let code = jobs_files::complain_about(&rejected);
        fail(code, &"nothing was started")
    })?;
    if matches!(args.log_format, Some(LogFormatArg::Json)) {
        warn_in_json(&read, now);
    } else {
        for reason in &read.distrust {
            complain(&format_args!("warning: {reason}"));
        }
        jobs_files::show(&read.warnings, &read.sources);
    }
    check_host(&read.file.scheduler.hosts, &host::name())?;
    Ok(read)
}

/// How lines look, and where they go.
fn log_target(args: &RunArgs) -> Result<(LogFormat, LogTarget), ExitCode> {
    if let Some(path) = &args.log_file {
        return log_file(args, path);
    }
    let stderr = std::io::stderr();
    let journal = match args.log_format {
        Some(LogFormatArg::Journal) => {
            let reached = Journal::of_this_machine().map_err(|error| {
                let why = format!("cannot reach systemd's journal: {error}");
                fail(ExitCode::CannotCreate, &why)
            });
            Some(reached?)
        }
        Some(_) => None,
        None => Journal::behind(&stderr, std::env::var_os("JOURNAL_STREAM").as_deref()),
    };
    if let Some(journal) = journal {
        return Ok((LogFormat::Journal, LogTarget::Journal(journal)));
    }
    let stderr = stderr.as_fd().try_clone_to_owned();
    let stderr = stderr.map_err(|error| fail(ExitCode::InputOutput, &error))?;
    let format = args.log_format.map_or(LogFormat::Text, LogFormat::from);
    Ok((format, LogTarget::File(File::from(stderr))))
}

fn log_file(args: &RunArgs, path: &Path) -> Result<(LogFormat, LogTarget), ExitCode> {
    if matches!(args.log_format, Some(LogFormatArg::Journal)) {
        let why = "`--log-format journal` goes to systemd's journal and not to a file: leave out one of the two";
        return Err(fail(ExitCode::Usage, &why));
    }
    let path = std::path::absolute(path).map_err(|error| fail(ExitCode::CannotCreate, &error))?;
    let file = LogFile::open(&path).map_err(|error| {
        let code = match error {
            LogFileError::System(..) => ExitCode::CannotCreate,
            LogFileError::Unfit(..) => ExitCode::NotPermitted,
        };
        fail(code, &error)
    })?;
    let format = args.log_format.map_or(LogFormat::Text, LogFormat::from);
    Ok((format, LogTarget::Named(file)))
}

/// Who reads the log reads no text between its lines.
fn warn_in_json(read: &ReadJobs, now: Now) {
    let lines = LogLines {
        format: LogFormat::Json,
        level: Level::Info,
        zone: Arc::clone(&read.file.scheduler.timezone),
    };
    let warnings = diagnostic::render_short(&read.warnings, &read.sources);
    let distrust = read.distrust.iter().map(String::as_str);
    for warning in distrust.chain(warnings.lines()) {
        write_stderr(&lines.message_line(now, Level::Warn, warning));
    }
}

/// One file may be on many hosts, and says on which of them it runs.
fn check_host(allowed: &Hosts, ours: &str) -> Result<(), ExitCode> {
    if allowed.include(ours) {
        return Ok(());
    }
    let why = format!(
        "this host is `{ours}`, and `hosts` in `[scheduler]` allows {allowed} only: nothing was started"
    );
    Err(fail(ExitCode::NotPermitted, &why))
}

fn make_directories(
    args: &RunArgs,
    source: &JobsSource,
    uid: u32,
) -> Result<Directories, ExitCode> {
    let name = match &args.name {
        Some(name) => InstanceName::chosen(name).ok_or_else(|| {
            let why = format!("`{name}` is no name, expected letters, digits, `_`, `-` and `.`, not beginning with `.`");
            fail(ExitCode::Usage, &why)
        })?,
        None => InstanceName::of_jobs_file(&canonical_jobs_file(source)),
    };
    let variables = DirectoryVariables::of_this_process();
    let directories = Directories::resolve(&name, args.state_dir.as_deref(), &variables, uid)
        .map_err(|error| fail(ExitCode::CannotCreate, &error))?;
    directories
        .create()
        .map_err(|error| directory_failed(&error))?;
    if let Some(name) = network_file_system(&directories.state) {
        complain(&format_args!(
            "warning: the state directory `{}` is on {name}: no fire runs twice and no record is lost only as far as the locks and the disk of another machine can be relied upon",
            directories.state.display()
        ));
    }
    Ok(directories)
}

fn directory_failed(error: &DirectoryError) -> ExitCode {
    let code = match error {
        DirectoryError::Untrusted { .. } => ExitCode::NotPermitted,
        DirectoryError::Io { source, .. } => ExitCode::of_refusal(source),
    };
    fail(code, error)
}

/// The lock, and the jobs as they are when it is got.
fn take_lock(
    args: &RunArgs,
    directories: &Directories,
    source: &mut JobsSource,
    read: ReadJobs,
) -> Result<(InstanceLock, ReadJobs), ExitCode> {
    let path = directories.state.join("lock");
    let us = holder(source, &read);
    match InstanceLock::acquire(&path, &us) {
        Ok(lock) => Ok((lock, read)),
        Err(LockError::Held(other)) if args.wait_lock => {
            // Caught, since the init of a container is not ended by a signal that it does not catch
            // (`pid_namespaces(7)`).
            let signals = Signals::new(&[Signal::SIGTERM, Signal::SIGINT])
                .map_err(|error| fail(ExitCode::InputOutput, &error))?;
            complain(&format_args!("standing by: {}", LockError::Held(other)));
            let signals = RefCell::new(signals);
            let interrupted = || signals.borrow_mut().drain().next().is_some();
            let mut lock = match InstanceLock::acquire_waiting(&path, &us, interrupted) {
                Err(LockError::Interrupted) => return Err(ExitCode::Done),
                result => result.map_err(|error| lock_failed(&error))?,
            };
            // That may have been long, and the files have been edited meanwhile.
            let read = if source.can_be_read_again() {
                read_jobs(args, source, clock::read())?
            } else {
                read
            };
            lock.tell(&holder(source, &read));
            Ok((lock, read))
        }
        Err(error) => Err(lock_failed(&error)),
    }
}

fn lock_failed(error: &LockError) -> ExitCode {
    let code = match error {
        LockError::Held(_) => ExitCode::Locked,
        LockError::Untrusted { .. } => ExitCode::NotPermitted,
        LockError::Io { source, .. } => ExitCode::of_refusal(source),
        LockError::Interrupted => ExitCode::CannotCreate,
    };
    complain(error);
    if let LockError::Held(Some(other)) = error
        && other.host == host::name()
        && ProcessStat::read(Pid::from_raw(other.pid)).is_ok_and(ProcessStat::is_stopped)
    {
        complain(&format_args!(
            "help: that process is stopped; `kill -CONT {}` lets it go on",
            other.pid
        ));
    } else if matches!(error, LockError::Held(_)) {
        complain(
            &"help: `rsched status` asks it, `rsched shutdown` ends it, --wait-lock takes over when it ends; --name starts another beside it",
        );
    }
    if has_no_locks(error) {
        complain(
            &"help: that file system has no locks: `--state-dir` names a directory on another one",
        );
    }
    code
}

/// Whether the file system, not the file, is what cannot be locked.
fn has_no_locks(error: &LockError) -> bool {
    let LockError::Io { source, .. } = error else {
        return false;
    };
    let errno = source.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::ENOSYS)
    )
}

/// What a second instance is told about this one.
fn holder(source: &JobsSource, read: &ReadJobs) -> Holder {
    Holder {
        pid: host::pid(),
        host: host::name(),
        started_at: human::rfc3339(clock::read().wall, &read.file.scheduler.timezone),
        jobs_file: canonical_jobs_file(source).display().to_string(),
    }
}

/// As named, but wherever it is read from.
fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// The first file, with all links resolved: the scheduler's name comes from it.
fn canonical_jobs_file(source: &JobsSource) -> PathBuf {
    let first = source.paths().first().cloned().unwrap_or_default();
    first.canonicalize().unwrap_or(first)
}
