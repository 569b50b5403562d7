//! Signals as something to read: signal-hook's self-pipe.
//!
//! Not signalfd: that needs the signals blocked, and a blocked mask leaks into every child that
//! is not carefully spawned. Here no signal is ever blocked.
#![expect(unsafe_code, reason = "setting dispositions")]

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Undoes what a launcher may have left us (`nohup`, a careless shell). Call it once, before any
/// other thread exists: threads inherit the mask.
///
/// - Nothing is blocked, or a SIGTERM would never come.
/// - SIGCHLD has its default: ignored, the kernel would reap our children itself and their exit
///   codes would be gone (`waitpid(2)`, notes).
/// - SIGPIPE and SIGXFSZ are ignored: a closed pipe or a full quota is an error code of the call
///   that met it, not the end of the scheduler. Children get the defaults back at spawn.
///
/// # Errors
/// None that Linux can give for these signals.
pub fn reset_inherited() -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    set_disposition(Signal::SIGCHLD, SigHandler::SigDfl)?;
    set_disposition(Signal::SIGPIPE, SigHandler::SigIgn)?;
    set_disposition(Signal::SIGXFSZ, SigHandler::SigIgn)?;
    Ok(())
}

/// Undoes what our own runtime changed at our start, so that the program that is executed next in
/// our place finds signals as we found them: SIGPIPE was at its default, and Rust ignores it.
///
/// # Errors
/// None that Linux can give for this signal.
pub fn reset_for_program() -> io::Result<()> {
    Ok(set_disposition(Signal::SIGPIPE, SigHandler::SigDfl)?)
}

/// Whether a signal was ignored when we were started, as SIGHUP is by `nohup`. To be asked before it is
/// caught.
#[must_use]
pub fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signals count from 1 (`proc_pid_status(5)`).
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

/// Ends this process as the signal does where nobody catches it, so that who waits for us sees that we
/// died of it (a shell ends its loop at a Ctrl-C then). Comes back where it does not: the init of
/// a container is not ended by signals of its own.
pub fn die_of(signal: Signal) {
    // Its errors mean that we live on, which is what coming back says.
    drop(signal_hook::low_level::emulate_default_handler(
        signal as i32,
    ));
}

fn set_disposition(of: Signal, handler: SigHandler) -> Result<(), Errno> {
    debug_assert!(!matches!(
        handler,
        SigHandler::Handler(_) | SigHandler::SigAction(_)
    ));
    // SAFETY: SigDfl and SigIgn run no code of ours, so there is nothing to be async-signal-safe.
    unsafe { signal(of, handler) }.map(drop)
}

/// The signals that were asked for, delivered through a descriptor.
///
/// Installed handlers stay for the life of the process: a signal caught after this is dropped is
/// swallowed, not fatal.
#[derive(Debug)]
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// Catches `signals` from now on.
    ///
    /// # Errors
    /// No descriptor is left, or one of them cannot be caught.
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        // signal-hook panics on those that cannot be caught or not sensibly.
        if let Some(wrong) = signals
            .iter()
            .find(|&&signal| signal_hook::consts::FORBIDDEN.contains(&(signal as i32)))
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{wrong} cannot be caught"),
            ));
        }
        // The standard library makes sockets close-on-exec.
        let (read, write) = UnixStream::pair()?;
        let numbers = signals.iter().map(|&signal| signal as i32);
        Ok(Self {
            delivery: SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?,
        })
    }

    /// The signals that came since the last call, each at most once, in the order of their
    /// numbers (HUP, INT, USR1, TERM). Never blocks.
    pub fn drain(&mut self) -> impl Iterator<Item = Signal> + use<> {
        self.delivery
            .pending()
            .filter_map(|number| Signal::try_from(number).ok())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}

/// Ignores a signal, as `nohup` does, to test what jobs inherit of it.
#[cfg(test)]
pub(crate) fn ignore_as_a_launcher_would(of: Signal) {
    set_disposition(of, SigHandler::SigIgn).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::signal::raise;

    fn readable(signals: &Signals) -> bool {
        let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).unwrap() == 1
    }

    #[test]
    fn caught_signals_are_readable_coalesced_and_drained() {
        // Signals no other test uses: dispositions belong to the whole process.
        let mut signals = Signals::new(&[Signal::SIGUSR2, Signal::SIGWINCH]).unwrap();
        assert!(!readable(&signals));
        for signal in [Signal::SIGWINCH, Signal::SIGUSR2, Signal::SIGUSR2] {
            raise(signal).unwrap();
        }
        assert!(readable(&signals));
        let drained: Vec<Signal> = signals.drain().collect();
        assert_eq!(drained, [Signal::SIGUSR2, Signal::SIGWINCH]);
        assert!(!readable(&signals));
        assert_eq!(signals.drain().count(), 0);
    }

    #[test]
    fn a_signal_that_cannot_be_caught_is_an_error() {
        for signal in [Signal::SIGKILL, Signal::SIGSTOP, Signal::SIGSEGV] {
            assert_eq!(
                Signals::new(&[signal]).unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
        }
    }

    #[test]
    fn resetting_unblocks_every_signal() {
        let mut blocked = SigSet::empty();
        blocked.add(Signal::SIGTERM);
        blocked.thread_block().unwrap();
        reset_inherited().unwrap();
        assert!(!SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
    }
}
