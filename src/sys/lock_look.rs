//! Who holds an instance lock, for those who do not want it.
//!
//! A pid that lives says little: in a container it is another process than on the host. The lock is held exactly
//! as long as its holder lives. To find out whether it is free it has to be taken, for some microseconds and
//! shared with others who look; a scheduler that comes to it just then tries a second time
//! ([`super::lock::InstanceLock::acquire`]).

use super::lock::{Holder, read_holder};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Whoever the file names.
    By(Holder),
    /// It is free.
    ByNobody,
    /// There is no such file, or it may not be read, or who holds it has not written there.
    NotKnown,
}

/// Looks. Makes and changes nothing.
#[must_use]
pub fn look(path: &Path) -> Held {
    // O_NONBLOCK: whatever it is, opening it does not wait.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path);
    let Ok(file) = opened else {
        return Held::NotKnown;
    };
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Ok(_let_go) => Held::ByNobody,
        Err((file, Errno::EWOULDBLOCK)) => read_holder(file).map_or(Held::NotKnown, Held::By),
        Err(_) => Held::NotKnown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::lock::InstanceLock;

    #[test]
    fn a_held_lock_has_a_holder_and_a_free_one_is_left_free() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        assert_eq!(look(&path), Held::NotKnown);
        let us = Holder {
            pid: 1,
            host: "here".to_owned(),
            started_at: "2026-05-01T00:00:00Z".to_owned(),
            jobs_file: "/etc/jobs.toml".to_owned(),
        };
        let lock = InstanceLock::try_acquire(&path, &us).unwrap();
        assert_eq!(look(&path), Held::By(us.clone()));
        drop(lock);
        assert_eq!(look(&path), Held::ByNobody);
        drop(InstanceLock::try_acquire(&path, &us).unwrap());
    }
}
