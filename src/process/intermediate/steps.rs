//! The intermediate itself: one step after another, each checked by reading back what it set.

use super::order::Order;
use super::report::Report;
use crate::process::launch::Launch;
use crate::process::output_file::{OutputFile, Remark};
use crate::process::preparation::{Credentials, Limit, LimitKind, Preparation};
use crate::process::spawn_error::{SpawnError, SpawnErrorKind as Kind, errno_of};
use crate::process::start_marks;
use crate::sys::spawn::SpawnInput;
use crate::sys::{descriptors, signals};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{
    Gid, Uid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, geteuid, getgroups, getresgid,
    getresuid, setgroups, setresgid, setresuid,
};
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

/// The exit code of an intermediate that could not do what it was told; its parent was told why.
const FAILED: u8 = 126;

/// `rsched __exec ORDER REPORT [LOCK]`: `arguments` are the numbers of the descriptors. Returns only if
/// it could not do what it was told.
#[must_use]
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    let mut inherited = arguments
        .filter_map(|argument| argument.to_str()?.parse().ok())
        .filter_map(descriptors::take_inherited);
    let (Some(order), Some(report), lock) = (inherited.next(), inherited.next(), inherited.next())
    else {
        // Somebody has tried it by hand.
        return FAILED;
    };
    let mut report = File::from(report);
    if let Err(error) = carry_out(File::from(order), lock, &mut report) {
        // If nobody listens any more, nobody needs to know.
        let _ = report.write_all(&Report::Failed(error).encode());
    }
    FAILED
}

/// Returns well only if the program could not be executed, which was reported then.
fn carry_out(order: File, lock: Option<OwnedFd>, report: &mut File) -> Result<(), SpawnError> {
    let order = read(order)?;
    make_mark(&order, lock)?;
    let output = order.output_file();
    let launch = order.into_launch();
    let preparation = &launch.preparation;
    set_nice(preparation)?;
    set_limits_with_our_rights(&preparation.limits)?;
    set_umask(preparation)?;
    if let Some(credentials) = &preparation.credentials {
        become_user(credentials)?;
    }
    give_up_new_privileges(preparation)?;
    enter(&launch)?;
    let executable = launch.executable()?;
    open_standard_input(&launch)?;
    let remark = open_output(&launch, output.as_ref())?;
    let program = executable.path().into();
    let ready = Report::Ready { program, remark }.encode();
    // From here on nothing may need memory: a limit may leave none.
    set_limits_that_hinder_us(&preparation.limits)?;
    signals::reset_for_program().map_err(|error| SpawnError::from_io("reset signals", &error))?;
    tell(report, &ready);
    let Err(errno) = execve(
        &executable.program,
        &executable.arguments,
        &executable.environment,
    );
    tell(report, &(errno as i32).to_ne_bytes());
    Ok(())
}

/// Says something while signals have their defaults: that of a pipe without a reader would end us. A scheduler
/// that has died needs to know nothing, and the start that it decided and that is marked goes on.
fn tell(report: &mut File, what: &[u8]) {
    let mut files = [PollFd::new(report.as_fd(), PollFlags::POLLOUT)];
    let asked = poll(&mut files, PollTimeout::ZERO);
    let events = files[0].revents().filter(|_| asked.is_ok());
    if !events.is_some_and(|events| events.contains(PollFlags::POLLERR)) {
        let _ = report.write_all(what);
    }
}

fn read(mut order: File) -> Result<Order, SpawnError> {
    let mut text = Vec::new();
    let read = order.read_to_end(&mut text);
    read.map_err(|error| SpawnError::from_io("read what is to be done", &error))?;
    Order::decode(&text).ok_or_else(|| {
        let message = "what is to be done is not understood".to_owned();
        SpawnError::lasting(Kind::Preparation, None, message)
    })
}

/// Before all that can have an effect. Until it is made nobody else may get the lock, who would not know of
/// this start.
fn make_mark(order: &Order, lock: Option<OwnedFd>) -> Result<(), SpawnError> {
    let Some(path) = order.mark() else {
        return Ok(());
    };
    let Some(lock) = lock else {
        let message = "the start is to be marked, and the lock is missing".to_owned();
        return Err(SpawnError::lasting(Kind::Preparation, None, message));
    };
    start_marks::make(path, lock).map_err(|error| match errno_of(&error) {
        Errno::EEXIST => SpawnError::already_started(),
        _ => SpawnError::from_io(
            &format!("make the start marker `{}`", path.display()),
            &error,
        ),
    })
}

/// A step that the system refused.
fn refused(step: &str, value: impl Display) -> impl FnOnce(Errno) -> SpawnError {
    let what = format!("set `{step}` to {value}");
    move |errno| {
        let error = SpawnError::from_errno(&what, errno);
        let kind = if error.transient {
            error.kind
        } else {
            Kind::Preparation
        };
        SpawnError { kind, ..error }
    }
}

/// A step that the system did not refuse, and that did not do what it should.
fn unless_so(is_so: bool, step: &str, value: impl Display) -> Result<(), SpawnError> {
    if is_so {
        return Ok(());
    }
    let message = format!("`{step}` was set to {value} and reads something else");
    Err(SpawnError::lasting(Kind::Preparation, None, message))
}

fn set_nice(preparation: &Preparation) -> Result<(), SpawnError> {
    use rustix::process::{getpriority_process, setpriority_process};
    let Some(nice) = preparation.nice else {
        return Ok(());
    };
    let errno = |error: rustix::io::Errno| Errno::from_raw(error.raw_os_error());
    setpriority_process(None, nice)
        .map_err(errno)
        .map_err(refused("nice", nice))?;
    unless_so(getpriority_process(None) == Ok(nice), "nice", nice)?;
    // Every session is a group of its own for the CPU scheduler, and within one of a single job niceness
    // means nothing: the group has one too (sched(7), "The autogroup feature"). Where there are none
    // there is nothing to write to.
    let _ = fs::write("/proc/self/autogroup", nice.to_string());
    Ok(())
}

/// Whether a limit can stop us from doing the rest: it is set last.
fn hinders_us(limit: &Limit) -> bool {
    matches!(limit.kind, LimitKind::Memory | LimitKind::Files)
}

/// All limits that do not hinder us, and room for the others: only root may raise a hard limit.
fn set_limits_with_our_rights(limits: &[Limit]) -> Result<(), SpawnError> {
    for limit in limits {
        if !hinders_us(limit) {
            set_limit(limit)?;
            continue;
        }
        let (soft, hard) = read_limit(limit)?;
        if limit.value > hard {
            let raised = setrlimit(limit.kind.resource(), soft, limit.value);
            raised.map_err(refused(limit.kind.name(), Shown(limit.value)))?;
        }
    }
    Ok(())
}

fn set_limits_that_hinder_us(limits: &[Limit]) -> Result<(), SpawnError> {
    limits
        .iter()
        .filter(|limit| hinders_us(limit))
        .try_for_each(set_limit)
}

fn set_limit(limit: &Limit) -> Result<(), SpawnError> {
    let (name, resource) = (limit.kind.name(), limit.kind.resource());
    let hard = match limit.kind {
        // A second more, so that a process that has used up its time gets SIGXCPU and not at once
        // SIGKILL, which says nothing; but no more than may be given.
        LimitKind::Cpu => {
            let (_, hard) = read_limit(limit)?;
            let later = limit.value.saturating_add(1);
            if limit.value <= hard {
                later.min(hard)
            } else {
                later
            }
        }
        _ => limit.value,
    };
    setrlimit(resource, limit.value, hard)
        .map_err(|errno| refused(name, Shown(limit.value))(errno))?;
    let is_so = getrlimit(resource) == Ok((limit.value, hard));
    unless_so(is_so, name, Shown(limit.value))
}

fn read_limit(limit: &Limit) -> Result<(u64, u64), SpawnError> {
    let what = format!("read `{}`", limit.kind.name());
    getrlimit(limit.kind.resource()).map_err(|errno| SpawnError::from_errno(&what, errno))
}

/// A limit's value, for people.
struct Shown(u64);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            u64::MAX => f.write_str("unlimited"),
            value => value.fmt(f),
        }
    }
}

fn set_umask(preparation: &Preparation) -> Result<(), SpawnError> {
    let Some(wanted) = preparation.umask else {
        return Ok(());
    };
    let mode = Mode::from_bits_truncate(wanted);
    umask(mode);
    // It can only be read by setting it.
    unless_so(
        umask(mode).bits() == wanted,
        "umask",
        format!("{wanted:03o}"),
    )
}

/// Groups first: without the rights of root they cannot be changed any more.
fn become_user(to: &Credentials) -> Result<(), SpawnError> {
    let was_root = geteuid().is_root();
    let (uid, gid) = (Uid::from_raw(to.uid), Gid::from_raw(to.gid));
    let mut groups: Vec<Gid> = to.groups.iter().copied().map(Gid::from_raw).collect();
    groups.sort_unstable_by_key(|group| group.as_raw());
    groups.dedup();
    let user = format!("{} ({uid})", to.name);

    let what = format!("the groups of {user}");
    setgroups(&groups).map_err(refused("group", &what))?;
    let mut found = getgroups().map_err(refused("group", &what))?;
    found.sort_unstable_by_key(|group| group.as_raw());
    unless_so(found == groups, "group", &what)?;

    setresgid(gid, gid, gid).map_err(refused("group", gid))?;
    let found = getresgid().map_err(refused("group", gid))?;
    let is_so = [found.real, found.effective, found.saved] == [gid; 3];
    unless_so(is_so, "group", gid)?;

    setresuid(uid, uid, uid).map_err(refused("user", &user))?;
    let found = getresuid().map_err(refused("user", &user))?;
    let is_so = [found.real, found.effective, found.saved] == [uid; 3];
    unless_so(is_so, "user", &user)?;
    if was_root && !uid.is_root() {
        no_way_back(&user)?;
    }
    Ok(())
}

/// Securebits or a sandbox can make a change of user that leaves root's rights (`capabilities(7)`).
fn no_way_back(user: &str) -> Result<(), SpawnError> {
    let root = Uid::from_raw(0);
    let came_back = setresuid(root, root, root).is_ok();
    let rights = rustix::thread::capabilities(None).map_err(|error| {
        SpawnError::from_errno(
            "read what rights are left",
            Errno::from_raw(error.raw_os_error()),
        )
    })?;
    if !came_back && rights.permitted.is_empty() && rights.effective.is_empty() {
        return Ok(());
    }
    let message = format!("`user` was set to {user}, and rights of root are left");
    Err(SpawnError::lasting(Kind::Preparation, None, message))
}

fn give_up_new_privileges(preparation: &Preparation) -> Result<(), SpawnError> {
    if !preparation.no_new_privileges {
        return Ok(());
    }
    let step = "no_new_privileges";
    prctl::set_no_new_privs().map_err(refused(step, true))?;
    unless_so(prctl::get_no_new_privs() == Ok(true), step, true)
}

fn enter(launch: &Launch) -> Result<(), SpawnError> {
    launch.check_working_directory()?;
    let what = format!("enter working directory `{}`", launch.cwd.display());
    chdir(&launch.cwd).map_err(|errno| SpawnError::from_errno(&what, errno))
}

/// Only a file: anything else is open already.
fn open_standard_input(launch: &Launch) -> Result<(), SpawnError> {
    if let SpawnInput::Descriptor(file) = launch.stdin.open(&launch.cwd)? {
        dup2_stdin(file).map_err(|errno| SpawnError::from_errno("use stdin", errno))?;
    }
    Ok(())
}

fn open_output(launch: &Launch, output: Option<&OutputFile>) -> Result<Option<Remark>, SpawnError> {
    let Some(output) = output else {
        return Ok(None);
    };
    let opened = output.open(&launch.cwd)?;
    dup2_stdout(&opened.file)
        .and_then(|()| dup2_stderr(&opened.file))
        .map_err(|errno| SpawnError::from_errno("use the output file", errno))?;
    Ok(opened.remark)
}
