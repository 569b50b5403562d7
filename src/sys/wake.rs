//! A bell that other threads ring to wake the loop: an eventfd, so that any number of rings
//! costs eight bytes in the kernel and none is lost.

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// A ring that fails is rung again: it is not known to happen, and whoever sleeps would sleep on.
const TRIES: usize = 3;

/// Rung by any thread, heard by the loop; clones are the same bell.
///
/// ```
/// let bell = rsched::sys::wake::Waker::new()?;
/// let elsewhere = bell.clone();
/// std::thread::spawn(move || elsewhere.wake()).join().unwrap();
/// assert!(bell.acknowledge());
/// assert!(!bell.acknowledge());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Waker(Arc<EventFd>);

impl Waker {
    /// A bell nobody has rung.
    ///
    /// # Errors
    /// No descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self(Arc::new(event)))
    }

    /// Makes the descriptor readable. Never blocks, never fails.
    pub fn wake(&self) {
        for _ in 0..TRIES {
            match self.0.write(1) {
                // EAGAIN: 2^64 - 2 rings unheard (`eventfd(2)`), so it is readable.
                Ok(_) | Err(Errno::EAGAIN) => return,
                Err(_) => {}
            }
        }
    }

    /// Takes note of all rings so far; false when there was none. Never blocks.
    #[expect(
        clippy::must_use_candidate,
        reason = "usually the descriptor has told already"
    )]
    pub fn acknowledge(&self) -> bool {
        self.0.read().is_ok()
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rings_are_heard_as_one() {
        let bell = Waker::new().unwrap();
        for _ in 0..1_000 {
            bell.wake();
        }
        assert!(bell.acknowledge());
        assert!(!bell.acknowledge());
    }
}
