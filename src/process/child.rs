//! A process that was started here, until it is reaped.
//!
//! The one rule: its pid is a name only while it is unreaped. Afterwards the kernel may give the
//! number to anybody, so a [`Child`] forgets it in the moment it reaps, and with it the power to
//! signal the group.

use super::output_file::Remark;
use super::own_children;
use super::spawn_error::errno_of;
use crate::sys::identity::ProcessIdentity;
use crate::sys::pidfd::{Pidfd, Reap, signal_group};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

pub use crate::sys::pidfd::{Exit, ResourceUsage};

/// A process that got SIGKILL is waited for so long; only the kernel itself can keep it any longer.
const TIME_TO_DIE: Duration = Duration::from_millis(100);

/// Ends what cannot be watched. It has barely begun; SIGKILL cannot be refused, so the wait is short.
fn kill_unsupervised(pid: Pid) {
    let _ = signal_group(pid, Signal::SIGKILL);
    let wait = || {
        while nix::sys::wait::waitpid(pid, None) == Err(Errno::EINTR) {}
        Ok::<_, Infallible>(Some(()))
    };
    let Ok(_) = own_children::reap(pid, wait);
}

/// A process that was started here. It polls as readable (as its descriptor) when it has ended.
///
/// Dropping it does nothing to the process; unreaped it becomes a zombie that nobody collects.
#[derive(Debug)]
pub struct Child {
    state: State,
    /// What was strange about its start.
    pub(super) remark: Option<Remark>,
}

/// Before its parent reaps it the zombie tells, afterwards the kernel does (Linux 6.15 and later).
fn exit_of_adopted(process: &ProcessIdentity, pidfd: &Pidfd) -> Exit {
    let zombie = || process.wait_status_of_zombie().map(Exit::of_wait_status);
    zombie()
        .or_else(|| pidfd.exit_of_stranger())
        // Reaped between the two questions.
        .unwrap_or(Exit::UNKNOWN)
}

/// What is known of it. The pid is only where it is still valid.
#[derive(Debug)]
enum State {
    Unreaped {
        pid: Pid,
        pidfd: Pidfd,
    },
    /// Started by an earlier scheduler: somebody else reaps it.
    Adopted {
        process: ProcessIdentity,
        pidfd: Pidfd,
    },
    Reaped(Exit),
}

impl Child {
    /// A process that was just spawned. If it cannot be watched it is ended.
    pub(super) fn watch(pid: Pid) -> io::Result<Self> {
        match Pidfd::open(pid) {
            Ok(pidfd) => Ok(Self {
                state: State::Unreaped { pid, pidfd },
                remark: None,
            }),
            Err(error) => {
                kill_unsupervised(pid);
                Err(error)
            }
        }
    }

    /// A process that an earlier scheduler started, if it is still the one that is meant and lives.
    /// It can be watched and stopped as one of ours; how it ended is known where the kernel tells.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM, or whatever reading `/proc` says.
    pub fn adopt(identity: &ProcessIdentity) -> io::Result<Option<Self>> {
        let opened = Pidfd::open_identified(identity)?;
        Ok(opened.map(|pidfd| Self {
            state: State::Adopted {
                process: identity.clone(),
                pidfd,
            },
            remark: None,
        }))
    }

    /// What was strange about its start, told once.
    pub fn take_remark(&mut self) -> Option<Remark> {
        self.remark.take()
    }

    /// Its pid, which is the id of its group and session too; none once it is reaped.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        match &self.state {
            State::Unreaped { pid, .. } => Some(*pid),
            State::Adopted { process, .. } => Some(Pid::from_raw(process.pid)),
            State::Reaped(_) => None,
        }
    }

    /// Its pid, as long as that is certainly its own: an adopted process is reaped by somebody else.
    #[must_use]
    pub fn leader(&self) -> Option<Pid> {
        match &self.state {
            State::Adopted { pidfd, .. } if pidfd.has_ended() => None,
            _ => self.pid(),
        }
    }

    /// The descriptor to poll; none once it is reaped.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Unreaped { pidfd, .. } | State::Adopted { pidfd, .. } => Some(pidfd.as_fd()),
            State::Reaped(_) => None,
        }
    }

    /// How it ended, or nothing if it still runs. It is not reaped, so its group can still be
    /// signalled: for the time between a SIGTERM that ended the shell and the SIGKILL for
    /// those of its children that ignored it.
    ///
    /// # Errors
    /// Somebody else reaped it (ECHILD).
    pub fn ended(&self) -> io::Result<Option<Exit>> {
        match &self.state {
            State::Unreaped { pidfd, .. } => pidfd.try_wait(Reap::No),
            State::Adopted { process, pidfd } if pidfd.has_ended() => {
                Ok(Some(exit_of_adopted(process, pidfd)))
            }
            State::Adopted { .. } => Ok(None),
            State::Reaped(exit) => Ok(Some(*exit)),
        }
    }

    /// How it ended, or nothing if it still runs. Once it has ended its pid and descriptor are
    /// given up, and the answer stays the same. Take the descriptor out of the poller first.
    ///
    /// # Errors
    /// Somebody else reaped it (ECHILD).
    pub fn try_reap(&mut self) -> io::Result<Option<Exit>> {
        let exit = match &self.state {
            State::Unreaped { pid, pidfd } => {
                own_children::reap(*pid, || pidfd.try_wait(Reap::Yes))?
            }
            State::Adopted { .. } | State::Reaped(_) => self.ended()?,
        };
        let Some(exit) = exit else {
            return Ok(None);
        };
        self.state = State::Reaped(exit);
        Ok(Some(exit))
    }

    /// Ends a process that cannot be looked after, and reaps it: nothing is left of it.
    pub fn abandon(mut self) {
        self.abandon_unreaped();
    }

    /// As [`Self::abandon`]; how it ended is not asked. One that waits for a disk that hangs dies when that
    /// answers, before it does anything else, and is reaped then as an orphan.
    pub(super) fn abandon_unreaped(&mut self) {
        if let State::Unreaped { pid, pidfd } = &self.state {
            // It has barely begun, and SIGKILL cannot be refused.
            let _ = signal_group(*pid, Signal::SIGKILL);
            if pidfd.ends_within(TIME_TO_DIE) {
                let Ok(_) = own_children::reap(*pid, || {
                    // What cannot be waited for is gone.
                    let _ = pidfd.try_wait(Reap::Yes);
                    Ok::<_, Infallible>(Some(()))
                });
            } else {
                own_children::disown(*pid);
            }
            self.state = State::Reaped(Exit::UNKNOWN);
        }
    }

    /// Sends a signal to the process and all of its group; says whether anybody was there to get it.
    /// After [`Self::try_reap`] has told an end nothing is sent.
    ///
    /// A SIGTERM is followed by SIGCONT: a stopped process would not see it otherwise.
    ///
    /// # Errors
    /// EPERM: all of them have become somebody else's (a setuid program).
    pub fn terminate_group(&self, signal: Signal) -> io::Result<bool> {
        let pid = match &self.state {
            State::Unreaped { pid, .. } => *pid,
            // Its number is its own until it is reaped, which comes after it has ended. In between
            // there is an instant in which it may become another's: it is asked as late as can be.
            State::Adopted { process, pidfd } if !pidfd.has_ended() => Pid::from_raw(process.pid),
            State::Adopted { .. } | State::Reaped(_) => return Ok(false),
        };
        match signal_group(pid, signal) {
            Err(error) if errno_of(&error) == Errno::ESRCH => return Ok(false),
            result => result?,
        }
        if signal == Signal::SIGTERM {
            match signal_group(pid, Signal::SIGCONT) {
                Err(error) if errno_of(&error) != Errno::ESRCH => return Err(error),
                _ => {}
            }
        }
        Ok(true)
    }
}
