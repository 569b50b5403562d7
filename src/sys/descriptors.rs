//! File descriptors of the whole process: which ones jobs may inherit, and how many there may be.
#![expect(
    unsafe_code,
    reason = "close_range is in neither nix nor rustix, and musl has no wrapper of it"
)]

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Descriptors from here on are nobody's business but ours.
const FIRST_PRIVATE_DESCRIPTOR: libc::c_uint = 3;

/// Marks whatever the launcher left open as close-on-exec. Call it once, at the very start:
/// what we open ourselves is marked when it is opened.
///
/// Marked, not closed: a descriptor may be one systemd handed us.
///
/// # Errors
/// The kernel is older than 5.11, or a sandbox forbids the call.
pub fn mark_inherited_cloexec() -> io::Result<()> {
    // SAFETY: takes three integers and touches no memory of ours; close-on-exec on a descriptor
    // that somebody uses changes nothing for its user.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            FIRST_PRIVATE_DESCRIPTOR,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes over a descriptor that was handed to us under this number, and marks it close-on-exec. None
/// if there is none, or it is one of the standard three.
#[must_use]
pub fn take_inherited(number: RawFd) -> Option<OwnedFd> {
    if number <= libc::STDERR_FILENO {
        return None;
    }
    // SAFETY: asks about a number; whether it is a descriptor is what is asked.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    // A descriptor of our own is close-on-exec, and is not to be taken from its owner.
    if flags != 0 {
        return None;
    }
    // SAFETY: it is open and without close-on-exec, so it is not from code of ours, but handed to us
    // to own.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl(&descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).ok()?;
    Some(descriptor)
}

/// A limit on open descriptors: soft and hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorLimit {
    /// The one that counts.
    pub soft: u64,
    /// How far `soft` may be raised.
    pub hard: u64,
}

/// What we were given, remembered when we took more. The limit belongs to the process, and so
/// does this.
static ORIGINAL: OnceLock<DescriptorLimit> = OnceLock::new();

/// Held while the limit is lowered, so that two spawns at a time do not undo each other.
static LOWERED: Mutex<()> = Mutex::new(());

/// Raises our own limit to the hard one, and gives what it was. Each running job costs two
/// descriptors; jobs themselves get the original limit, since programs that use `select` break above 1,024.
///
/// # Errors
/// None that Linux gives for this.
pub fn raise_limit() -> io::Result<DescriptorLimit> {
    let _guard = LOWERED.lock().unwrap_or_else(PoisonError::into_inner);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let original = *ORIGINAL.get_or_init(|| DescriptorLimit { soft, hard });
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(original)
}

/// The limit that jobs are to have, when it is not ours.
#[must_use]
pub fn original_limit() -> Option<DescriptorLimit> {
    ORIGINAL.get().copied()
}

/// Runs `spawn` under the limit that we were given, since a child inherits the limit of the moment.
///
/// Open descriptors above the limit stay open and usable; another thread that opens one just now
/// may see EMFILE and must try again.
pub fn at_original_limit<T>(spawn: impl FnOnce() -> T) -> T {
    let _guard = LOWERED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(original) = original_limit() else {
        return spawn();
    };
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return spawn();
    };
    let lowered = soft != original.soft
        && setrlimit(Resource::RLIMIT_NOFILE, original.soft.min(hard), hard).is_ok();
    let result = spawn();
    if lowered {
        // Raising a soft limit up to the hard one cannot be refused (`setrlimit(2)`).
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
    }
    result
}

/// How many descriptors this process has open; for tests and the metrics.
///
/// # Errors
/// `/proc` is not mounted.
pub fn count_open() -> io::Result<usize> {
    // One of the entries is the directory that is being read.
    Ok(std::fs::read_dir("/proc/self/fd")?
        .count()
        .saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn an_inherited_descriptor_becomes_close_on_exec() {
        let file = std::fs::File::open("/dev/null").unwrap();
        // As a launcher leaves it: without the flag.
        let number = fcntl(&file, FcntlArg::F_DUPFD(20)).unwrap();
        // SAFETY: the call above made it, and nobody else has it.
        let leaked = unsafe { OwnedFd::from_raw_fd(number) };
        assert_eq!(fcntl(&leaked, FcntlArg::F_GETFD).unwrap(), 0);
        mark_inherited_cloexec().unwrap();
        assert_eq!(
            fcntl(&leaked, FcntlArg::F_GETFD).unwrap(),
            FdFlag::FD_CLOEXEC.bits()
        );
        assert!(leaked.as_raw_fd() >= 20);
    }

    #[test]
    fn the_limit_is_the_original_one_only_while_spawning() {
        let original = raise_limit().unwrap();
        assert_eq!(
            raise_limit().unwrap(),
            original,
            "the first one is remembered"
        );
        let soft = || getrlimit(Resource::RLIMIT_NOFILE).unwrap().0;
        assert_eq!(at_original_limit(soft), original.soft);
        // Another test may be spawning at this moment, under the same lock.
        let _guard = LOWERED.lock().unwrap();
        assert_eq!(soft(), original.hard);
    }
}
