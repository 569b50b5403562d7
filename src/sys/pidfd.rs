//! A descriptor of a process: readable when it has ended, and never another process.
//!
//! A pid may be given to a stranger the moment its process is reaped; a pidfd may not. The one thing
//! that still needs a number is a signal to a whole group, which is safe only while the
//! group's leader is unreaped: `process::child` keeps that rule.
#![expect(
    unsafe_code,
    reason = "the raw waitid has the resource usage that libc's wrapper drops; PIDFD_GET_INFO is new"
)]

use super::identity::ProcessIdentity;
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// What a process and those of its children that it waited for have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceUsage {
    /// CPU time in its own code.
    pub user_time: Duration,
    /// CPU time in the kernel.
    pub system_time: Duration,
    /// The largest resident memory of any one of these processes, in bytes.
    pub peak_memory_bytes: u64,
}

/// How a process ended: `code` or `signal`, never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code, 0 to 255, if it exited.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether that left a core dump.
    pub core_dumped: bool,
    /// What it used, where the kernel told.
    pub usage: Option<ResourceUsage>,
}

impl Exit {
    /// It ended, and nobody tells how.
    pub const UNKNOWN: Self = Self {
        code: None,
        signal: None,
        core_dumped: false,
        usage: None,
    };

    /// What `waitpid(2)` says of a process that ended.
    #[must_use]
    pub fn of_wait_status(status: i32) -> Self {
        let (code, signal) = if libc::WIFEXITED(status) {
            (Some(libc::WEXITSTATUS(status)), None)
        } else {
            (None, Some(libc::WTERMSIG(status)))
        };
        Self {
            code,
            signal,
            core_dumped: signal.is_some() && libc::WCOREDUMP(status),
            usage: None,
        }
    }
}

/// Whether a child that has ended may be forgotten by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reap {
    /// Take its status; its pid is free from now on.
    Yes,
    /// Only look; it stays a zombie and its pid stays taken.
    No,
}

/// A process, named by a descriptor. It polls as readable once the process has ended.
#[derive(Debug)]
pub struct Pidfd(OwnedFd);

impl Pidfd {
    /// Of a process that cannot have been reaped: an unreaped child, or ourselves.
    ///
    /// # Errors
    /// ESRCH when there is no such process; EMFILE, ENFILE, ENOMEM.
    pub fn open(pid: Pid) -> io::Result<Self> {
        let pid = rustix::process::Pid::from_raw(pid.as_raw()).ok_or(Errno::ESRCH)?;
        Ok(Self(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// Of any process, if it is still the one that is meant.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM, or whatever reading `/proc` says.
    pub fn open_identified(identity: &ProcessIdentity) -> io::Result<Option<Self>> {
        let opened = match Self::open(Pid::from_raw(identity.pid)) {
            Ok(opened) => opened,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Asked after opening: if the pid is the right process now, it was when it was opened.
        Ok(identity.is_alive()?.then_some(opened))
    }

    /// How the child ended, or nothing if it still runs. Never blocks.
    ///
    /// # Errors
    /// ECHILD when it is no child of ours, or was reaped already.
    pub fn try_wait(&self, reap: Reap) -> io::Result<Option<Exit>> {
        let keep = if reap == Reap::No { libc::WNOWAIT } else { 0 };
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        loop {
            // SAFETY: both pointers are valid for writing what waitid(2) writes: a siginfo_t and the
            // kernel's rusage, which is no larger than libc's. The descriptor is open. glibc's wrapper
            // cannot be used: it has no fifth argument.
            let result = unsafe {
                libc::syscall(
                    libc::SYS_waitid,
                    libc::P_PIDFD,
                    self.0.as_raw_fd(),
                    info.as_mut_ptr(),
                    libc::WEXITED | libc::WNOHANG | keep,
                    usage.as_mut_ptr(),
                )
            };
            match Errno::result(result) {
                Ok(_) => break,
                // With WNOHANG it should not come; taken for an answer, it would be the end of a run.
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // SAFETY: zeroed, then filled by the kernel; all bit patterns are valid for these integers.
        let info = unsafe { info.assume_init() };
        // With WNOHANG and nothing to report, si_signo is zero (waitid(2), notes).
        if info.si_signo == 0 {
            return Ok(None);
        }
        // SAFETY: waitid succeeded, so this is a SIGCHLD's siginfo, which has a status.
        let status = unsafe { info.si_status() };
        // SAFETY: zeroed, then filled by the kernel.
        let usage = usage_of(&unsafe { usage.assume_init() });
        Ok(Some(match info.si_code {
            libc::CLD_EXITED => Exit {
                code: Some(status),
                signal: None,
                core_dumped: false,
                usage: Some(usage),
            },
            code => Exit {
                code: None,
                signal: Some(status),
                core_dumped: code == libc::CLD_DUMPED,
                usage: Some(usage),
            },
        }))
    }

    /// Sends a signal to this one process.
    ///
    /// # Errors
    /// ESRCH when it has ended; EPERM.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let signal = rustix::process::Signal::from_named_raw(signal as i32).ok_or(Errno::EINVAL)?;
        Ok(pidfd_send_signal(&self.0, signal)?)
    }

    /// Whether it has ended, be it reaped or not.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.polls_as_ended(PollTimeout::ZERO)
    }

    /// Whether it ends within this time, be it reaped or not; waits for that.
    #[must_use]
    pub fn ends_within(&self, patience: Duration) -> bool {
        self.polls_as_ended(PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX))
    }

    fn polls_as_ended(&self, timeout: PollTimeout) -> bool {
        let mut ready = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut ready, timeout).is_ok_and(|count| count > 0)
    }

    /// How a process that was *not* our child ended, where the kernel tells (Linux 6.15 and
    /// later, and only once its parent has reaped it).
    #[must_use]
    pub fn exit_of_stranger(&self) -> Option<Exit> {
        let mut info = PidfdInfo {
            mask: PIDFD_INFO_EXIT,
            ..PidfdInfo::default()
        };
        // SAFETY: the request's size field says how large `info` is, and the kernel writes no more.
        // Kernels that do not know the request answer ENOTTY, EINVAL or ESRCH.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
        if result != 0 || info.mask & PIDFD_INFO_EXIT == 0 {
            return None;
        }
        Some(Exit::of_wait_status(info.exit_code))
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends a signal to every process of the group of `leader`.
///
/// Only while the leader is unreaped: afterwards the number may be somebody else's.
///
/// # Errors
/// ESRCH when no process of it is left; EPERM.
pub fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    Ok(killpg(leader, signal)?)
}

/// `struct pidfd_info` of `<linux/pidfd.h>`, in its first size, 64 bytes.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup_id: u64,
    /// pid, tgid, ppid, then real, effective, saved and file-system ids: not used here.
    ids: [u32; 11],
    exit_code: i32,
}

/// Asks for `exit_code`.
const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// `_IOWR(0xFF, 11, struct pidfd_info)`; both supported machines number ioctls the same way.
const PIDFD_GET_INFO: libc::Ioctl = {
    let (read_write, size, kind, number) = (3, size_of::<PidfdInfo>() as libc::Ioctl, 0xFF, 11);
    read_write << 30 | size << 16 | kind << 8 | number
};

fn usage_of(usage: &libc::rusage) -> ResourceUsage {
    // Linux gives kibibytes here (getrusage(2)).
    let peak_kib = u64::try_from(usage.ru_maxrss).unwrap_or(0);
    ResourceUsage {
        user_time: duration_of(usage.ru_utime),
        system_time: duration_of(usage.ru_stime),
        peak_memory_bytes: peak_kib.saturating_mul(1024),
    }
}

fn duration_of(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::process::{Command, Stdio};

    fn shell(script: &str) -> (std::process::Child, Pid) {
        let child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        (child, pid)
    }

    fn wait_for_end(pidfd: &Pidfd) {
        let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        assert_eq!(
            poll(&mut fds, PollTimeout::from(20_000_u16)).unwrap(),
            1,
            "it did not end"
        );
    }

    #[test]
    fn a_running_child_has_no_exit_and_an_ended_one_keeps_it_until_reaped() {
        let (mut child, pid) = shell("read line; exit 7");
        let pidfd = Pidfd::open(pid).unwrap();
        assert_eq!(pidfd.try_wait(Reap::Yes).unwrap(), None);
        drop(child.stdin.take());
        wait_for_end(&pidfd);
        for reap in [Reap::No, Reap::No, Reap::Yes] {
            let exit = pidfd.try_wait(reap).unwrap().unwrap();
            assert_eq!((exit.code, exit.signal), (Some(7), None));
            assert!(exit.usage.unwrap().peak_memory_bytes > 100_000);
        }
        assert_eq!(
            pidfd.try_wait(Reap::Yes).unwrap_err().raw_os_error(),
            Some(libc::ECHILD)
        );
    }

    #[test]
    fn a_signal_reaches_the_process_and_nobody_after_its_end() {
        let (_child, pid) = shell("read line");
        let pidfd = Pidfd::open(pid).unwrap();
        pidfd.signal(Signal::SIGKILL).unwrap();
        wait_for_end(&pidfd);
        assert_eq!(
            pidfd.try_wait(Reap::Yes).unwrap().unwrap().signal,
            Some(libc::SIGKILL)
        );
        assert_eq!(
            pidfd.signal(Signal::SIGKILL).unwrap_err().raw_os_error(),
            Some(libc::ESRCH)
        );
    }

    #[test]
    fn only_the_process_that_is_meant_is_opened() {
        let identity = ProcessIdentity::of(Pid::this()).unwrap();
        assert!(Pidfd::open_identified(&identity).unwrap().is_some());
        let stranger = ProcessIdentity {
            start_time: identity.start_time + 1,
            ..identity
        };
        assert!(Pidfd::open_identified(&stranger).unwrap().is_none());
    }

    #[test]
    fn the_kernel_tells_a_strangers_exit_code_or_says_nothing() {
        assert_eq!(size_of::<PidfdInfo>(), 64);
        let (mut child, pid) = shell("exit 42");
        let pidfd = Pidfd::open(pid).unwrap();
        // Reaped by somebody else, as the exit of an adopted process is.
        child.wait().unwrap();
        if let Some(exit) = pidfd.exit_of_stranger() {
            assert_eq!(
                (exit.code, exit.signal, exit.core_dumped),
                (Some(42), None, false)
            );
        }
        let running = Pidfd::open(Pid::this()).unwrap();
        assert_eq!(running.exit_of_stranger(), None);
    }
}
