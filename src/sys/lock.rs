//! The instance lock: one scheduler to a state directory.
//!
//! `flock` on a file that is never deleted. The kernel frees it when its holder is dead and not
//! before, and a child that is spawned but has not yet started its program still holds it: so
//! whoever gets the lock knows that no start is in flight. The file's text only tells people who
//! holds it; it decides nothing but how long to wait.

use super::identity::ProcessStat;
use super::lock_look::{self, Held};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, open};
use nix::sys::signal::kill;
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, lstat};
use nix::unistd::{Pid, geteuid};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long a lock whose holder is dead or killed may still be held: by the kernel, which has not taken it
/// apart yet, or by a child that has not started its program yet.
const LETTING_GO_PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries while waiting for such a one.
const LETTING_GO_STEP: Duration = Duration::from_millis(5);

/// Between two tries while standing by.
const STAND_BY_STEP: Duration = Duration::from_millis(100);

/// How often the file may be swapped under us before we call it an attack.
const MAX_REPLACEMENTS: u32 = 16;

/// More than any holder's text: a path has at most 4 KiB.
const MAX_HOLDER_BYTES: u64 = 16 * 1024;

/// Who holds the lock, for people: the text of the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The scheduler's process id, in its own pid namespace.
    pub pid: i32,
    /// The host's name.
    pub host: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// The jobs file it runs.
    pub jobs_file: String,
}

/// Why the lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another scheduler has it.
    #[error("the state directory is in use by {}", describe(.0.as_ref()))]
    Held(Option<Holder>),
    /// The file is not one to rely on.
    #[error("`{path}` is not to be trusted: {reason}", path = .path.display())]
    Untrusted {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Waiting for it was given up on request.
    #[error("interrupted while waiting for the lock")]
    Interrupted,
    /// The system refused.
    #[error("cannot {operation} `{path}`: {source}", path = .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Who has a lock, in words.
#[must_use]
pub fn describe(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "another scheduler".to_owned(),
        |Holder {
             pid,
             host,
             started_at,
             jobs_file,
         }| {
            format!("pid {pid} on `{host}`, started {started_at}, running `{jobs_file}`")
        },
    )
}

/// The lock, held. Dropping it lets go; so does any kind of death.
#[derive(Debug)]
pub struct InstanceLock {
    file: Arc<Flock<File>>,
    path: PathBuf,
}

impl InstanceLock {
    /// Takes the lock at `path` and writes `holder` into it.
    ///
    /// If it is held but the holder named in it is dead or killed, waits up to a second for the kernel to
    /// let go of it, and for the child that the dead one was just starting. If none is named in it, it
    /// waits for the name.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn acquire(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        let mut waited = Duration::ZERO;
        loop {
            match Self::try_acquire(path, holder) {
                // Who seems to live is looked at twice: between taking the signal that kills it and
                // beginning to exit, a process looks like any other.
                // Who has only just got it has not written its name yet.
                Err(LockError::Held(other))
                    if waited.is_zero()
                        || waited < LETTING_GO_PATIENCE
                            && other.as_ref().is_none_or(|it| is_letting_go(it, holder)) =>
                {
                    thread::sleep(LETTING_GO_STEP);
                    waited += LETTING_GO_STEP;
                }
                result => return result,
            }
        }
    }

    /// Takes the lock at `path`, if nobody has it, and writes `holder` into it. Does not wait.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn try_acquire(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        let failed = |operation| {
            move |error: Errno| LockError::Io {
                path: path.to_owned(),
                operation,
                source: error.into(),
            }
        };
        for _ in 0..MAX_REPLACEMENTS {
            let file = open_lock_file(path)?;
            let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => file,
                Err((file, Errno::EWOULDBLOCK)) => return Err(LockError::Held(read_holder(file))),
                Err((_, Errno::EINTR)) => continue,
                Err((_, error)) => return Err(failed("lock")(error)),
            };
            let mut lock = Self {
                file: Arc::new(file),
                path: path.to_owned(),
            };
            // Between open and flock the file may have been replaced; then we hold the lock of a
            // file that nobody else will ever open.
            if lock.still_ours() {
                lock.tell(holder);
                return Ok(lock);
            }
        }
        Err(LockError::Untrusted {
            path: path.to_owned(),
            reason: "something keeps replacing it".to_owned(),
        })
    }

    /// Stands by until the lock is free, and takes it; gives up when `interrupt` says so.
    ///
    /// It tries ten times a second. A blocking `flock` would sleep better, but would wait for ever on a
    /// file that was replaced meanwhile, and could be ended neither by a signal that came just
    /// before the call nor, in a thread of its own, at all.
    ///
    /// # Errors
    /// [`LockError`], but not [`LockError::Held`].
    pub fn acquire_waiting(
        path: &Path,
        holder: &Holder,
        interrupt: impl Fn() -> bool,
    ) -> Result<Self, LockError> {
        loop {
            if interrupt() {
                return Err(LockError::Interrupted);
            }
            match Self::try_acquire(path, holder) {
                Err(LockError::Held(_)) => thread::sleep(STAND_BY_STEP),
                result => return result,
            }
        }
    }

    /// Whether the file at the path is still the one that is locked. If not, another scheduler may
    /// start beside us: make no more starts.
    #[must_use]
    pub fn still_ours(&self) -> bool {
        self.place().is_there()
    }

    /// The same question for another thread: even a file that is open may be asked for in vain on a disk that
    /// hangs. As long as there is one of these, the lock is held.
    #[must_use]
    pub fn place(&self) -> LockPlace {
        LockPlace {
            file: Arc::clone(&self.file),
            path: self.path.clone(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes who holds it. Where that cannot be written (a full disk) nothing stands there: the
    /// text decides nothing, and a scheduler that does not start is worse than one without a name.
    pub fn tell(&mut self, holder: &Holder) {
        if self.write_holder(holder).is_err() {
            // Half a text is worse than none. If even this fails, readers see that it is no whole one.
            let _ = self.file.set_len(0);
        }
    }

    fn write_holder(&mut self, holder: &Holder) -> io::Result<()> {
        let mut text = serde_json::to_vec(holder)?;
        text.push(b'\n');
        let mut file: &File = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&text)
    }
}

/// A lock that is held, and where its file is to be.
#[derive(Clone, Debug)]
pub struct LockPlace {
    file: Arc<Flock<File>>,
    path: PathBuf,
}

impl LockPlace {
    /// See [`InstanceLock::still_ours`].
    #[must_use]
    pub fn is_there(&self) -> bool {
        match (fstat(&**self.file), lstat(&self.path)) {
            (Ok(ours), Ok(there)) => {
                ours.st_nlink > 0 && (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
            }
            _ => false,
        }
    }

    /// If it is not, who holds what is there now.
    #[must_use]
    pub fn lost_to(&self) -> Option<Held> {
        (!self.is_there()).then(|| lock_look::look(&self.path))
    }
}

impl AsFd for InstanceLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Opens or creates it, and looks at what was opened.
fn open_lock_file(path: &Path) -> Result<File, LockError> {
    let untrusted = |reason: &str| LockError::Untrusted {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let failed = |operation| {
        move |error: Errno| LockError::Io {
            path: path.to_owned(),
            operation,
            source: error.into(),
        }
    };
    // O_NONBLOCK: whatever it is, opening it does not wait.
    let flags = OFlag::O_RDWR
        | OFlag::O_CREAT
        | OFlag::O_NOFOLLOW
        | OFlag::O_CLOEXEC
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY;
    let descriptor = match open(path, flags, Mode::from_bits_truncate(0o600)) {
        Ok(descriptor) => descriptor,
        Err(Errno::ELOOP) => return Err(untrusted("it is a symbolic link")),
        Err(Errno::EISDIR) => return Err(untrusted("it is a directory")),
        Err(error) => return Err(failed("open")(error)),
    };
    let status: FileStat = fstat(&descriptor).map_err(failed("look at"))?;
    if SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(untrusted("it is not a regular file"));
    }
    if status.st_uid != geteuid().as_raw() {
        return Err(untrusted(&format!(
            "it belongs to uid {}, expected our own, {}",
            status.st_uid,
            geteuid()
        )));
    }
    if status.st_mode & 0o077 != 0 {
        // Ours, but open to others (an unpacked backup): anybody who may open it may hold it.
        fchmod(&descriptor, Mode::from_bits_truncate(0o600))
            .map_err(failed("change the mode of"))?;
    }
    Ok(File::from(descriptor))
}

/// What the file says; nothing if its holder has only just locked it or it is no text of ours.
pub(super) fn read_holder(mut file: File) -> Option<Holder> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(MAX_HOLDER_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Whether the process that wrote `other` is surely gone or on its way. On another host nobody can tell.
fn is_letting_go(other: &Holder, ours: &Holder) -> bool {
    if other.host != ours.host || other.pid <= 0 {
        return false;
    }
    // Our own pid: in a container every scheduler is pid 1, and we do not hold the lock.
    let pid = Pid::from_raw(other.pid);
    other.pid == ours.pid
        || kill(pid, None) == Err(Errno::ESRCH)
        || ProcessStat::read(pid).is_ok_and(ProcessStat::is_ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    fn us() -> Holder {
        Holder {
            pid: Pid::this().as_raw(),
            host: "here".to_owned(),
            started_at: "2026-05-01T00:00:00Z".to_owned(),
            jobs_file: "/etc/jobs.toml".to_owned(),
        }
    }

    fn a_dead_pid() -> i32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        i32::try_from(child.id()).unwrap()
    }

    #[test]
    fn exactly_one_of_fifty_wins_and_the_others_learn_who() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        for _ in 0..20 {
            let (start, end) = (Barrier::new(50), Barrier::new(50));
            let winners = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..50 {
                    scope.spawn(|| {
                        start.wait();
                        let lock = InstanceLock::try_acquire(&path, &us());
                        match &lock {
                            Ok(lock) => {
                                assert!(lock.still_ours());
                                winners.fetch_add(1, Ordering::SeqCst);
                            }
                            Err(LockError::Held(_)) => {}
                            Err(error) => panic!("{error}"),
                        }
                        // Nobody lets go before everybody has tried.
                        end.wait();
                    });
                }
            });
            assert_eq!(winners.into_inner(), 1);
        }
    }

    #[test]
    fn a_second_one_is_told_who_has_it_and_a_released_lock_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        // Pid 1 lives, so that no wait for a child in flight is due.
        let holder = Holder { pid: 1, ..us() };
        let first = InstanceLock::acquire(&path, &holder).unwrap();
        let error = InstanceLock::acquire(&path, &us()).unwrap_err();
        assert!(matches!(&error, LockError::Held(Some(other)) if *other == holder));
        assert_eq!(
            error.to_string(),
            "the state directory is in use by pid 1 on `here`, started 2026-05-01T00:00:00Z, running `/etc/jobs.toml`"
        );
        drop(first);
        let second = InstanceLock::acquire(&path, &us()).unwrap();
        assert!(path.exists() && second.still_ours());
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o7777,
            0o600
        );
    }

    #[test]
    fn a_child_in_flight_of_a_dead_holder_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let child = InstanceLock::acquire(
            &path,
            &Holder {
                pid: a_dead_pid(),
                ..us()
            },
        )
        .unwrap();
        let (lock, ()) = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| InstanceLock::acquire(&path, &us()));
            drop(child);
            (waiting.join().unwrap(), ())
        });
        assert_eq!(
            read_holder(File::open(lock.unwrap().path()).unwrap()),
            Some(us())
        );
    }

    #[test]
    fn a_dead_holder_of_a_held_lock_is_waited_for_but_not_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let _child = InstanceLock::acquire(
            &path,
            &Holder {
                pid: a_dead_pid(),
                ..us()
            },
        )
        .unwrap();
        assert!(matches!(
            InstanceLock::acquire(&path, &us()),
            Err(LockError::Held(Some(_)))
        ));
    }

    #[test]
    fn standing_by_ends_with_the_lock_or_on_request() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = InstanceLock::acquire(&path, &us()).unwrap();
        let asked = AtomicUsize::new(0);
        let given_up = InstanceLock::acquire_waiting(&path, &us(), || {
            asked.fetch_add(1, Ordering::SeqCst) == 1
        });
        assert!(matches!(given_up, Err(LockError::Interrupted)));
        let waits = AtomicBool::new(false);
        let second = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                InstanceLock::acquire_waiting(&path, &us(), || {
                    waits.store(true, Ordering::SeqCst);
                    false
                })
            });
            while !waits.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            drop(first);
            waiting.join().unwrap()
        });
        assert!(second.unwrap().still_ours());
    }

    #[test]
    fn a_deleted_or_replaced_file_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let lock = InstanceLock::acquire(&path, &us()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!lock.still_ours());
        std::fs::write(&path, "").unwrap();
        assert!(!lock.still_ours());
        std::fs::remove_file(&path).unwrap();
        symlink("/dev/null", &path).unwrap();
        assert!(!lock.still_ours());
    }

    #[test]
    fn a_text_that_cannot_be_written_leaves_none_and_the_lock_is_held() {
        use nix::fcntl::{FcntlArg, SealFlag, fcntl};
        use nix::sys::memfd::{MFdFlags, memfd_create};
        let descriptor =
            memfd_create("lock", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
        let mut file = File::from(descriptor);
        file.write_all(b"{\"pid\":1").unwrap();
        // As if the disk were full: it cannot grow.
        fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
        let mut lock = InstanceLock {
            file: Arc::new(Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap()),
            path: PathBuf::new(),
        };
        assert!(lock.write_holder(&us()).is_err());
        lock.tell(&us());
        assert_eq!(lock.file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn links_pipes_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let reason = |path: &Path| match InstanceLock::acquire(path, &us()).unwrap_err() {
            LockError::Untrusted { reason, .. } => reason,
            error => panic!("{error}"),
        };
        symlink(directory.path().join("elsewhere"), &path).unwrap();
        assert_eq!(reason(&path), "it is a symbolic link");
        assert!(!directory.path().join("elsewhere").exists());
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
        assert_eq!(reason(&path), "it is not a regular file");
        assert_eq!(reason(directory.path()), "it is a directory");
    }

    #[test]
    fn a_foreign_owner_is_refused_and_open_modes_are_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        std::fs::write(&path, "not ours").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        drop(InstanceLock::acquire(&path, &us()).unwrap());
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o7777,
            0o600
        );
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            assert!(matches!(
                InstanceLock::acquire(&path, &us()),
                Err(LockError::Untrusted { .. })
            ));
        }
    }

    #[test]
    fn errors_name_path_and_operation() {
        let error = InstanceLock::acquire(Path::new("/nonexistent/lock"), &us()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot open `/nonexistent/lock`: No such file or directory (os error 2)"
        );
    }
}
