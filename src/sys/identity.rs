//! Who a process is: (boot id, pid, start time).
//!
//! A pid alone names nobody, since pids come round again within a minute on a busy machine. With the
//! start time and the boot it is unique.

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;

/// A process of one boot of one machine, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The kernel's random id of the boot.
    pub boot_id: String,
    /// The process id.
    pub pid: i32,
    /// When it started, in clock ticks after boot (`proc_pid_stat(5)`, field 22).
    pub start_time: u64,
}

impl ProcessIdentity {
    /// The identity of a process that exists now.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is no such process; whatever reading `/proc` says.
    pub fn of(pid: Pid) -> io::Result<Self> {
        let stat = ProcessStat::read(pid)?;
        Ok(Self {
            boot_id: boot_id()?,
            pid: pid.as_raw(),
            start_time: stat.start_time,
        })
    }

    /// Whether this very process still runs; a zombie does not.
    ///
    /// # Errors
    /// Whatever reading `/proc` says, beside that the process is gone.
    pub fn is_alive(&self) -> io::Result<bool> {
        if boot_id()? != self.boot_id {
            return Ok(false);
        }
        match ProcessStat::read(Pid::from_raw(self.pid)) {
            Ok(stat) => Ok(stat.start_time == self.start_time && !stat.has_ended()),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl ProcessIdentity {
    /// How this process ended, as `waitpid(2)` would say it, while it waits to be reaped by whoever its
    /// parent is. None once it is reaped, while it runs, or if we may not know.
    #[must_use]
    pub fn wait_status_of_zombie(&self) -> Option<i32> {
        let stat = ProcessStat::read(Pid::from_raw(self.pid)).ok()?;
        let status = stat.wait_status.filter(|_| stat.has_ended())?;
        // Asked last: if the number is still its own, everything read before was.
        let is_this = stat.start_time == self.start_time && is_readable(self.pid);
        (is_this && boot_id().ok()? == self.boot_id).then_some(status)
    }
}

/// The kernel says 0 instead of an exit status to those who may not know it (`proc_pid_stat(5)`,
/// `PTRACE_MODE_READ_FSCREDS`): who is neither root nor the user that all ids of the process name.
fn is_readable(pid: i32) -> bool {
    let us = nix::unistd::geteuid();
    let Ok(status) = fs::read(format!("/proc/{pid}/status")) else {
        return false;
    };
    let status = String::from_utf8_lossy(&status);
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let is_ours = |ids: &str| {
        ids.split_ascii_whitespace()
            .all(|id| id.parse() == Ok(us.as_raw()))
    };
    us.is_root() || ids.is_some_and(is_ours)
}

/// What `/proc/PID/stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat {
    /// `R` running, `S` sleeping, `D` waiting for a disk, `T` stopped, `Z` zombie, `X` dead.
    pub state: char,
    /// The pid of its parent.
    pub parent: i32,
    /// The id of its process group.
    pub group: i32,
    /// The kernel's flags of it, `PF_*`.
    flags: u32,
    /// When it started, in clock ticks after boot.
    pub start_time: u64,
    /// The signals sent to its first thread that it has not seen yet, a bit each from SIGHUP on.
    pending_signals: u32,
    /// How it ended, as `waitpid(2)` would say it; 0 while it runs, and for those who may not know.
    pub wait_status: Option<i32>,
}

impl ProcessStat {
    /// Reads it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is no such process; [`io::ErrorKind::InvalidData`]
    /// when the text is not what `proc_pid_stat(5)` says.
    pub fn read(pid: Pid) -> io::Result<Self> {
        let path = format!("/proc/{pid}/stat");
        // Bytes: a program's name need not be UTF-8.
        let text = fs::read(&path)?;
        Self::parse(&text).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{path}` is not as proc_pid_stat(5) describes it"),
            )
        })
    }

    /// The name (field 2) may hold spaces and parentheses, so fields are counted from the last one.
    fn parse(text: &[u8]) -> Option<Self> {
        let name_end = text.iter().rposition(|&byte| byte == b')')?;
        let fields = std::str::from_utf8(text.get(name_end + 1..)?).ok()?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        // That was field 5; three fields lie between it and field 9, and so on.
        let flags = fields.nth(3)?.parse().ok()?;
        let start_time = fields.nth(12)?.parse().ok()?;
        let pending_signals = fields.nth(8)?.parse().ok()?;
        // Field 52, the last, since Linux 3.5.
        let wait_status = fields.nth(20).and_then(|field| field.parse().ok());
        Some(Self {
            state,
            parent,
            group,
            flags,
            start_time,
            pending_signals,
            wait_status,
        })
    }

    /// Whether it has ended and only waits to be reaped.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// Whether it has ended, or the kernel is about to take it apart: it runs no more code of its own, but
    /// may still hold files and locks.
    #[must_use]
    pub fn is_ending(self) -> bool {
        /// Of `include/linux/sched.h`; no header for programs has it, but its value is shown to them.
        const PF_EXITING: u32 = 0x4;
        const KILLED: u32 = 1 << (Signal::SIGKILL as u32 - 1);
        self.has_ended() || self.flags & PF_EXITING != 0 || self.pending_signals & KILLED != 0
    }

    /// Whether it is stopped by a signal or a debugger.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

/// The kernel's random id of this boot, as text.
///
/// # Errors
/// `/proc` is not mounted.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim_end()
        .to_owned())
}

/// A process that ends between opening and reading its file gives ESRCH, not ENOENT.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(nix::libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_and_spaces_do_not_shift_the_fields() {
        let text = b"7 (a) R 1 (\xff) T 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3 4 5 6 7 8 16384";
        assert_eq!(
            ProcessStat::parse(text),
            Some(ProcessStat {
                state: 'T',
                parent: 1,
                group: 7,
                flags: 4_194_560,
                start_time: 98_765,
                pending_signals: 16_384,
                wait_status: None
            })
        );
    }

    #[test]
    fn who_was_killed_is_ending_until_the_kernel_has_taken_it_apart() {
        let stat = |state, flags, signals| {
            let text = format!(
                "7 (a) {state} 1 7 7 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3 4 5 6 7 8 {signals} 0"
            );
            ProcessStat::parse(text.as_bytes()).unwrap()
        };
        assert!(!stat('S', 0x0040_0100, 0).is_ending());
        // SIGTERM may be handled.
        assert!(!stat('S', 0x0040_0100, 0x4000).is_ending());
        assert!(stat('T', 0x0040_0100, 0x0100).is_ending());
        assert!(stat('R', 0x0040_0104, 0).is_ending());
        assert!(stat('Z', 0x0040_0104, 0).is_ending());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            &b""[..],
            b"7 (a",
            b"7 (a)",
            b"7 (a) S 1 2 3",
            b"7 (a) S 1 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 x",
        ] {
            assert_eq!(ProcessStat::parse(text), None);
        }
    }

    #[test]
    fn we_are_alive_and_others_of_our_pid_are_not() {
        let ours = ProcessIdentity::of(Pid::this()).unwrap();
        assert!(ours.is_alive().unwrap());
        assert!(
            !ProcessIdentity {
                start_time: ours.start_time + 1,
                ..ours.clone()
            }
            .is_alive()
            .unwrap()
        );
        assert!(
            !ProcessIdentity {
                boot_id: "another".to_owned(),
                ..ours
            }
            .is_alive()
            .unwrap()
        );
    }

    #[test]
    fn a_zombie_is_not_alive_and_a_reaped_one_neither() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read x"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let identity = ProcessIdentity::of(pid).unwrap();
        assert!(identity.is_alive().unwrap());
        drop(child.stdin.take());
        // Waits for the end without reaping.
        let id = nix::sys::wait::Id::Pid(pid);
        nix::sys::wait::waitid(
            id,
            nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT,
        )
        .unwrap();
        assert!(!identity.is_alive().unwrap());
        child.wait().unwrap();
        assert!(!identity.is_alive().unwrap());
    }
}
