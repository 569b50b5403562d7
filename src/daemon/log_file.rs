//! A file that the log is appended to, and begun anew when somebody has taken the old one away: logrotate
//! renames it, and tells nobody that it has to.
//!
//! One system call for each batch of lines finds out, so that no line goes to a file that is not there any more.

use crate::sys::appended_file::{AppendError, open_to_append};
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FileStat, lstat};
use nix::unistd::geteuid;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Why a file is none to write the log to.
#[derive(Debug, thiserror::Error)]
pub enum LogFileError {
    /// It cannot be opened.
    #[error("cannot open the log file `{path}`: {why}", path = .0.display(), why = .1.desc().to_lowercase())]
    System(PathBuf, Errno),
    /// It is not what is written to.
    #[error("the log file `{path}` {what}", path = .0.display(), what = .1)]
    Unfit(PathBuf, &'static str),
}

/// The file, open.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    /// Which file that is: device and inode.
    identity: (u64, u64),
    /// It could not be begun anew, and that was said.
    is_stuck: bool,
}

impl LogFile {
    /// Opens the file for appending, readable for nobody else if it is made here. The path is to be absolute.
    ///
    /// # Errors
    /// It cannot be opened; it is a link, no file, or somebody else's.
    pub fn open(path: &Path) -> Result<Self, LogFileError> {
        let unfit = |what| LogFileError::Unfit(path.to_owned(), what);
        let (file, status) = open_to_append(AT_FDCWD, path).map_err(|error| match error {
            AppendError::System(errno) => LogFileError::System(path.to_owned(), errno),
            AppendError::Link => unfit("is a symbolic link, expected a file"),
            AppendError::NotRegular => unfit("is no regular file"),
        })?;
        // Who laid it there could read what jobs print.
        if status.st_uid != 0 && status.st_uid != geteuid().as_raw() {
            return Err(unfit("belongs to another user"));
        }
        Ok(Self {
            path: path.to_owned(),
            file: File::from(file),
            identity: identity_of(&status),
            is_stuck: false,
        })
    }

    /// Opens the file anew if it is not the one that has its name any more; whether it was. As long as that
    /// cannot be done lines go to the old one, and why is given once.
    pub(super) fn follow_name(&mut self) -> Result<bool, Option<LogFileError>> {
        if lstat(&self.path).is_ok_and(|there| identity_of(&there) == self.identity) {
            self.is_stuck = false;
            return Ok(false);
        }
        match Self::open(&self.path) {
            Ok(new) => {
                *self = new;
                Ok(true)
            }
            Err(error) => {
                let was_told = std::mem::replace(&mut self.is_stuck, true);
                Err((!was_told).then_some(error))
            }
        }
    }
}

fn identity_of(status: &FileStat) -> (u64, u64) {
    (status.st_dev, status.st_ino)
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for LogFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn what_was_renamed_is_left_alone_and_a_new_one_begun() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut log = LogFile::open(&path("log")).unwrap();
        log.write_all(b"one\n").unwrap();
        assert!(!log.follow_name().unwrap());
        fs::rename(path("log"), path("log.1")).unwrap();
        assert!(log.follow_name().unwrap());
        log.write_all(b"two\n").unwrap();
        assert_eq!(fs::read(path("log.1")).unwrap(), b"one\n");
        assert_eq!(fs::read(path("log")).unwrap(), b"two\n");
        let mode = fs::metadata(path("log")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        // As logrotate's copytruncate does.
        fs::write(path("log"), "").unwrap();
        assert!(!log.follow_name().unwrap());
        log.write_all(b"three\n").unwrap();
        assert_eq!(fs::read(path("log")).unwrap(), b"three\n");
    }

    #[test]
    fn a_directory_that_is_gone_is_told_of_once_and_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let logs = directory.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let mut log = LogFile::open(&logs.join("log")).unwrap();
        fs::remove_dir_all(&logs).unwrap();
        let error = log.follow_name().unwrap_err().unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot open the log file `{}`: no such file or directory",
                logs.join("log").display()
            )
        );
        assert!(log.follow_name().unwrap_err().is_none());
        log.write_all(b"lost\n").unwrap();
        fs::create_dir(&logs).unwrap();
        assert!(log.follow_name().unwrap());
        log.write_all(b"there\n").unwrap();
        assert_eq!(fs::read(logs.join("log")).unwrap(), b"there\n");
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        symlink("log", path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        for (name, expected) in [
            ("link", "is a symbolic link, expected a file"),
            ("pipe", "no such device or address"),
            (".", "is a directory"),
            ("none/log", "no such file or directory"),
        ] {
            let error = LogFile::open(&path(name)).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        fs::write(path("foreign"), "").unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(path("foreign"), Some(65_534), None).unwrap();
            let error = LogFile::open(&path("foreign")).unwrap_err().to_string();
            assert!(error.ends_with("belongs to another user"), "{error}");
        }
    }
}
