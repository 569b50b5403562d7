//! Output that goes to a file: the process has it open itself, so that nothing of it is lost when
//! the scheduler dies.
//!
//! All is done relative to the directory, once that is open: nothing can be swapped in between.

use super::spawn_error::{SpawnError, SpawnErrorKind};
use crate::sys::appended_file::{AppendError, open_to_append};
use crate::sys::trust::{TrustPolicy, Walk};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, renameat};
use nix::sys::stat::{FileStat, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// As often the file may be another one than a moment ago.
const MAX_TRIES: u32 = 16;

/// Where output is appended, and when a new file is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Absolute, or relative to the working directory.
    pub path: PathBuf,
    /// If it is larger than so many bytes when a process starts, it becomes `PATH.1`, that `PATH.2` and
    /// so on, and a new one is begun; none = never.
    pub max_size: Option<u64>,
    /// How many old ones are kept.
    pub keep: u32,
}

/// An output file, open.
#[derive(Debug)]
pub(super) struct OpenedOutput {
    pub file: OwnedFd,
    /// Why it could not be begun anew though it is too large.
    pub remark: Option<Remark>,
}

/// Something a person should know of a process that runs all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark(pub String);

impl OutputFile {
    /// Opens it for appending, readable for nobody else from its birth, and begins a new one where
    /// that is due. Never waits.
    ///
    /// # Errors
    /// It cannot be opened, or is something else than a file.
    pub(super) fn open(&self, cwd: &Path) -> Result<OpenedOutput, SpawnError> {
        let path = cwd.join(&self.path);
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(self.unfit("is no name of a file"));
        };
        let directory = self.open_directory(directory)?;
        let directory = directory.parent();
        for _ in 0..MAX_TRIES {
            let (file, status) = self.open_in(directory, name)?;
            let size = u64::try_from(status.st_size).unwrap_or(0);
            if self.max_size.is_none_or(|most| size <= most) {
                return Ok(OpenedOutput { file, remark: None });
            }
            match self.rotate(directory, name, file, &status) {
                Rotated::Yes => {}
                Rotated::No(file, errno) => {
                    let remark = errno.map(|errno| {
                        Remark(format!(
                            "output file `{}` is larger than its max_size, and a new one cannot be begun: {}",
                            self.path.display(),
                            errno.desc().to_lowercase()
                        ))
                    });
                    return Ok(OpenedOutput { file, remark });
                }
            }
        }
        Err(self.unfit("is replaced again and again"))
    }

    /// Whoever made a link on the way says where it leads: only we and root may have.
    fn open_directory(&self, directory: &Path) -> Result<Walk, SpawnError> {
        let failed = |error: io::Error| {
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
            self.failed("open the directory of", errno)
        };
        let walk = Walk::to(directory, TrustPolicy::of_this_process(None)).map_err(failed)?;
        if let Some(link) = &walk.foreign_link {
            let what = format!(
                "is reached by a symbolic link of another user, `{}`",
                link.display()
            );
            return Err(self.unfit(&what));
        }
        if walk.last().is_some() {
            return Err(self.failed("open the directory of", Errno::ENOTDIR));
        }
        Ok(walk)
    }

    fn failed(&self, what: &str, errno: Errno) -> SpawnError {
        let what = format!("{what} output file `{}`", self.path.display());
        let error = SpawnError::from_errno(&what, errno);
        let kind = SpawnErrorKind::OutputFile;
        SpawnError { kind, ..error }
    }

    fn unfit(&self, what: &str) -> SpawnError {
        let message = format!("output file `{}` {what}", self.path.display());
        SpawnError::lasting(SpawnErrorKind::OutputFile, None, message)
    }

    fn open_in(
        &self,
        directory: BorrowedFd<'_>,
        name: &OsStr,
    ) -> Result<(OwnedFd, FileStat), SpawnError> {
        open_to_append(directory, Path::new(name)).map_err(|error| match error {
            AppendError::System(errno) => self.failed("open", errno),
            AppendError::Link => self.unfit("is a symbolic link, expected a file"),
            AppendError::NotRegular => self.unfit("is no regular file"),
        })
    }

    /// Gives the files their next names, unless somebody else is just doing so: then it is theirs to do,
    /// and this output still goes to the old one.
    fn rotate(
        &self,
        directory: BorrowedFd<'_>,
        name: &OsStr,
        file: OwnedFd,
        status: &FileStat,
    ) -> Rotated {
        let locked = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => locked,
            Err((file, _)) => return Rotated::No(file, None),
        };
        let there = fstatat(directory, name, nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW);
        let is_ours =
            there.is_ok_and(|there| (there.st_dev, there.st_ino) == (status.st_dev, status.st_ino));
        // If not, it was done between our open and our lock.
        let done = if is_ours {
            self.rename_all(directory, name)
        } else {
            Ok(())
        };
        match done {
            Ok(()) => Rotated::Yes,
            Err(errno) => match locked.unlock() {
                Ok(file) => Rotated::No(file, Some(errno)),
                // Unlocking what is locked does not fail; another try is as good as anything.
                Err(_) => Rotated::Yes,
            },
        }
    }

    fn rename_all(&self, directory: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
        let old = |number: u32| -> OsString {
            match number {
                0 => name.to_owned(),
                number => {
                    let mut old = name.to_owned();
                    old.push(format!(".{number}"));
                    old
                }
            }
        };
        if self.keep == 0 {
            return unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
        }
        for number in (0..self.keep).rev() {
            let (from, to) = (old(number), old(number + 1));
            match renameat(directory, from.as_os_str(), directory, to.as_os_str()) {
                // There are not so many yet.
                Err(Errno::ENOENT) if number > 0 => {}
                result => result?,
            }
        }
        Ok(())
    }
}

enum Rotated {
    /// The name is free, or somebody else's new file has it.
    Yes,
    /// The file stays what it is; why, if somebody should know.
    No(OwnedFd, Option<Errno>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn write(file: &OutputFile, cwd: &Path, text: &str) -> Option<Remark> {
        let opened = file.open(cwd).unwrap();
        File::from(opened.file).write_all(text.as_bytes()).unwrap();
        opened.remark
    }

    fn contents(directory: &Path) -> Vec<(String, String)> {
        let mut all: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    fs::read_to_string(entry.path()).unwrap(),
                )
            })
            .collect();
        all.sort();
        all
    }

    fn log(max_size: Option<u64>, keep: u32) -> OutputFile {
        OutputFile {
            path: "log".into(),
            max_size,
            keep,
        }
    }

    #[test]
    fn a_file_is_private_from_birth_and_appended_to() {
        let directory = tempfile::tempdir().unwrap();
        let file = log(None, 5);
        write(&file, directory.path(), "one ");
        write(&file, directory.path(), "two");
        assert_eq!(
            contents(directory.path()),
            [("log".into(), "one two".into())]
        );
        let mode = fs::metadata(directory.path().join("log"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_file_that_is_too_large_becomes_the_first_of_the_old_ones() {
        let directory = tempfile::tempdir().unwrap();
        let file = log(Some(3), 2);
        for text in ["1234", "5", "67", "8", "90123", "4567", "89"] {
            assert_eq!(write(&file, directory.path(), text), None);
        }
        // 1234 | 5 67 8 | 90123 | 4567 | 89: just as large is not too large.
        let expected = [("log", "89"), ("log.1", "4567"), ("log.2", "90123")];
        assert_eq!(
            contents(directory.path()),
            expected.map(|(name, text)| (name.into(), text.into()))
        );
        write(&log(Some(1), 0), directory.path(), "new");
        assert_eq!(contents(directory.path())[0], ("log".into(), "new".into()));
        assert_eq!(contents(directory.path()).len(), 3, "older ones stay");
    }

    #[test]
    fn what_cannot_be_rotated_is_written_to_all_the_same_and_that_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = log(Some(1), 1);
        write(&file, directory.path(), "12");
        fs::create_dir_all(directory.path().join("log.1/full")).unwrap();
        let remark = write(&file, directory.path(), "34").unwrap();
        assert_eq!(
            remark.0,
            "output file `log` is larger than its max_size, and a new one cannot be begun: is a directory"
        );
        assert_eq!(fs::read(directory.path().join("log")).unwrap(), b"1234");
        // Somebody else is at it: no reason to say anything.
        let other = File::open(directory.path().join("log")).unwrap();
        let _lock = Flock::lock(other, FlockArg::LockExclusive).unwrap();
        assert_eq!(write(&file, directory.path(), "56"), None);
    }

    #[test]
    fn j21_links_and_what_is_no_file_are_refused_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("precious"), "precious").unwrap();
        symlink("precious", path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        for (name, expected) in [
            (
                "link",
                "output file `link` is a symbolic link, expected a file",
            ),
            (
                "pipe",
                "cannot open output file `pipe`: no such device or address (ENXIO)",
            ),
            ("/", "output file `/` is no name of a file"),
            ("..", "output file `..` is no name of a file"),
            (
                "none/log",
                "cannot open the directory of output file `none/log`: no such file or directory (ENOENT)",
            ),
        ] {
            let file = OutputFile {
                path: name.into(),
                ..log(Some(1), 1)
            };
            assert_eq!(file.open(directory.path()).unwrap_err().message, expected);
        }
        assert_eq!(fs::read(path("precious")).unwrap(), b"precious");
    }
}
