//! One readiness wait for everything the loop listens to: epoll, level-triggered.
//!
//! Level-triggered, because each source is handled with a cap a turn: what was left over makes
//! the next wait return at once, with no bookkeeping of ours.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Ready sources taken up in one wait; the rest come with the next one.
const EVENTS_PER_WAIT: usize = 256;

/// A set of descriptors, each with a token of the caller's choice.
pub struct Poller {
    epoll: Epoll,
    events: Vec<EpollEvent>,
}

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    /// No descriptor or no memory is left.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self {
            epoll,
            events: vec![EpollEvent::empty(); EVENTS_PER_WAIT],
        })
    }

    /// Reports `token` while `source` is readable, closed by its peer or in error.
    ///
    /// # Errors
    /// The descriptor is in the set already, cannot be polled (a regular file), or no memory is left.
    pub fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        Ok(self
            .epoll
            .add(source, EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Gives `source` another token.
    ///
    /// # Errors
    /// The descriptor is not in the set.
    pub fn modify(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        Ok(self
            .epoll
            .modify(source, &mut EpollEvent::new(EpollFlags::EPOLLIN, token))?)
    }

    /// Reports `source` no longer. Do this before closing it: a duplicate elsewhere would keep
    /// it in the set (`epoll(7)`, question 6).
    ///
    /// # Errors
    /// The descriptor is not in the set.
    pub fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(self.epoll.delete(source)?)
    }

    /// Waits until a source is ready or the timeout is over, and gives the tokens of the ready ones.
    ///
    /// Without a timeout it waits for ever. It may return early with nothing: a signal came, and
    /// the descriptor of [`super::signals::Signals`] will say so. Timeouts are rounded up to the
    /// millisecond; for anything finer use a timer.
    ///
    /// # Errors
    /// Whatever `epoll_wait` says beside EINTR.
    pub fn wait(
        &mut self,
        timeout: Option<Duration>,
    ) -> io::Result<impl Iterator<Item = u64> + '_> {
        let ready = match self.epoll.wait(&mut self.events, epoll_timeout(timeout)) {
            Ok(ready) => ready,
            Err(Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        Ok(self.events.iter().take(ready).map(EpollEvent::data))
    }
}

/// A set is itself readable while a source in it is ready, so one set can be a source of another.
impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

/// Waits for as long as it takes until `file` takes bytes, or will refuse them for good.
///
/// # Errors
/// Whatever `poll` says beside EINTR.
pub fn wait_until_writable(file: &impl AsFd) -> io::Result<()> {
    let mut files = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
    loop {
        match poll(&mut files, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            result => return result.map(drop).map_err(io::Error::from),
        }
    }
}

fn epoll_timeout(timeout: Option<Duration>) -> EpollTimeout {
    let Some(timeout) = timeout else {
        return EpollTimeout::NONE;
    };
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    EpollTimeout::try_from(millis).unwrap_or(EpollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::wake::Waker;

    fn ready(poller: &mut Poller) -> Vec<u64> {
        let mut tokens: Vec<u64> = poller.wait(Some(Duration::ZERO)).unwrap().collect();
        tokens.sort_unstable();
        tokens
    }

    #[test]
    fn reports_the_tokens_of_ready_sources_until_they_are_handled() {
        let mut poller = Poller::new().unwrap();
        let (one, two) = (Waker::new().unwrap(), Waker::new().unwrap());
        poller.add(&one, 1).unwrap();
        poller.add(&two, u64::MAX).unwrap();
        assert!(ready(&mut poller).is_empty());
        one.wake();
        two.wake();
        assert_eq!(ready(&mut poller), [1, u64::MAX]);
        assert_eq!(ready(&mut poller), [1, u64::MAX]);
        one.acknowledge();
        assert_eq!(ready(&mut poller), [u64::MAX]);
    }

    #[test]
    fn tokens_can_be_changed_and_sources_removed() {
        let mut poller = Poller::new().unwrap();
        let source = Waker::new().unwrap();
        source.wake();
        poller.add(&source, 1).unwrap();
        poller.modify(&source, 7).unwrap();
        assert_eq!(ready(&mut poller), [7]);
        poller.remove(&source).unwrap();
        assert!(ready(&mut poller).is_empty());
        assert!(poller.remove(&source).is_err());
    }

    #[test]
    fn timeouts_are_rounded_up_and_bounded() {
        assert_eq!(
            epoll_timeout(Some(Duration::from_nanos(1))),
            EpollTimeout::from(1_u8)
        );
        assert_eq!(epoll_timeout(Some(Duration::MAX)), EpollTimeout::MAX);
        assert_eq!(epoll_timeout(None), EpollTimeout::NONE);
    }
}
