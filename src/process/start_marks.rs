//! The marks of starts: `STATE_DIR/starts/BOOT_ID/NAME`, a name for every attempt of every run.
//!
//! A child makes its own mark before its program runs: by a file action of `posix_spawn`, with no code of ours in
//! between, or, where that may take long, as the first thing that the intermediate does. The instance lock is
//! held by such a child too, until the mark is made. So whoever holds the lock and finds no mark knows that
//! there was no start, and need not guess.
//!
//! The mark is removed once the end is recorded, so the directory holds what runs and nothing else.

use crate::sys::directories::{self, DirectoryError};
use crate::sys::identity::{ProcessIdentity, ProcessStat};
use crate::sys::mounts;
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The directory of the marks, in the state directory.
const STARTS: &str = "starts";

/// The mark that a process is to make of its own start. Whoever finds it later knows of the start.
#[derive(Clone, Copy, Debug)]
pub struct StartMark<'a> {
    /// The file, which must not exist.
    pub path: &'a Path,
    /// The instance lock: held by the process too, until the mark is made.
    pub lock: BorrowedFd<'a>,
    /// Making it may take long. Then who waits for it is not to be the one who starts all other processes.
    pub may_hang: bool,
}

/// The marks of this boot.
#[derive(Debug)]
pub struct StartMarks {
    directory: PathBuf,
    /// The same without symbolic links.
    real_directory: PathBuf,
    boot_id: String,
}

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It started, and is or was this process.
    Process(ProcessIdentity),
    /// It started, and the scheduler died before it wrote which process it is.
    Unnamed,
}

impl StartMarks {
    /// Makes the directories.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn open(state: &Path, boot_id: String) -> Result<Self, DirectoryError> {
        let directory = state.join(STARTS).join(&boot_id);
        directories::create_private(&directory)?;
        let real_directory = directory.canonicalize();
        Ok(Self {
            real_directory: real_directory.unwrap_or_else(|_| directory.clone()),
            directory,
            boot_id,
        })
    }

    /// Whether making a mark may wait for another machine or a program that never answers.
    #[must_use]
    pub fn may_hang(&self) -> bool {
        mounts::any_may_hang([&self.real_directory])
    }

    /// Where the mark of an attempt is, or is to be.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes into a mark which process it is. Not being able to is no harm: it is found by its
    /// environment then.
    pub fn name_process(&self, name: &str, pid: Pid) {
        if let Some(process) = MarkedProcess::of(pid) {
            self.name(name, &process);
        }
    }

    /// As [`Self::name_process`], of a process that was looked at before.
    pub fn name(&self, name: &str, process: &MarkedProcess) {
        // Without truncating first: a mark that was there must never be gone.
        let mark = fs::OpenOptions::new().write(true).open(self.path(name));
        _ = mark.and_then(|mut mark| mark.write_all(process.0.as_bytes()));
    }

    /// The mark of an attempt; none if it did not start in this boot.
    ///
    /// # Errors
    /// It cannot be looked at, so that nobody knows.
    pub fn find(&self, name: &str) -> io::Result<Option<Mark>> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(self.parse(&text).map_or(Mark::Unnamed, Mark::Process))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A line that was cut short names nobody.
    fn parse(&self, text: &str) -> Option<ProcessIdentity> {
        let (pid, start_time) = text.strip_suffix('\n')?.split_once(' ')?;
        Some(ProcessIdentity {
            boot_id: self.boot_id.clone(),
            pid: pid.parse().ok()?,
            start_time: start_time.parse().ok()?,
        })
    }

    /// The end of the attempt is recorded.
    ///
    /// # Errors
    /// It is still there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the marks that nobody asks for any more: a scheduler died between recording an end and
    /// removing its mark, or they are of other boots. `wanted`: the names of those that are kept.
    ///
    /// # Errors
    /// Some are still there.
    pub fn sweep(&self, wanted: &BTreeSet<String>) -> io::Result<()> {
        for entry in self.directory.read_dir()? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .is_none_or(|name| !wanted.contains(name))
            {
                fs::remove_file(entry.path())?;
            }
        }
        let Some(starts) = self.directory.parent() else {
            return Ok(());
        };
        for entry in starts.read_dir()? {
            let path = entry?.path();
            if path != self.directory && path.is_dir() {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }
}

/// A process as a mark names it. Its number says whose mark it is only while it is not reaped.
#[derive(Clone, Debug)]
pub struct MarkedProcess(String);

impl MarkedProcess {
    /// None if nothing can be learnt of it.
    #[must_use]
    pub fn of(pid: Pid) -> Option<Self> {
        let stat = ProcessStat::read(pid).ok()?;
        Some(Self(format!("{pid} {}\n", stat.start_time)))
    }
}

/// Makes the mark of our own start, and lets go of the lock as soon as it is there.
pub(super) fn make(path: &Path, lock: OwnedFd) -> io::Result<()> {
    let mut mark = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    drop(lock);
    if let Some(process) = MarkedProcess::of(Pid::this()) {
        // As with `name_process`, it does without.
        _ = mark.write_all(process.0.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> (tempfile::TempDir, StartMarks) {
        let state = tempfile::tempdir().unwrap();
        let marks = StartMarks::open(state.path(), "boot".to_owned()).unwrap();
        (state, marks)
    }

    const RUN: &str = "00000000000000aa.1";

    #[test]
    fn a_mark_tells_the_process_it_was_given_and_goes_when_it_is_removed() {
        let (_state, marks) = marks();
        assert_eq!(marks.find(RUN).unwrap(), None);
        fs::write(marks.path(RUN), "").unwrap();
        assert_eq!(marks.find(RUN).unwrap(), Some(Mark::Unnamed));
        marks.name_process(RUN, Pid::this());
        let stat = ProcessStat::read(Pid::this()).unwrap();
        let Some(Mark::Process(process)) = marks.find(RUN).unwrap() else {
            panic!("it names a process");
        };
        assert_eq!(
            (process.pid, process.start_time),
            (Pid::this().as_raw(), stat.start_time)
        );
        assert_eq!(
            marks.find("00000000000000aa.2").unwrap(),
            None,
            "another attempt"
        );
        marks.remove(RUN).unwrap();
        marks.remove(RUN).unwrap();
        assert_eq!(marks.find(RUN).unwrap(), None);
    }

    #[test]
    fn a_mark_that_was_never_made_is_not_made_by_naming_a_process() {
        let (_state, marks) = marks();
        marks.name_process(RUN, Pid::this());
        assert_eq!(marks.find(RUN).unwrap(), None);
    }

    #[test]
    fn a_line_cut_short_names_nobody() {
        let (_state, marks) = marks();
        for text in ["12", "12 ", "12 34", "x 34\n"] {
            fs::write(marks.path(RUN), text).unwrap();
            assert_eq!(marks.find(RUN).unwrap(), Some(Mark::Unnamed), "{text}");
        }
    }

    #[test]
    fn marks_that_nobody_asks_for_are_swept() {
        let (state, marks) = marks();
        fs::write(marks.path(RUN), "").unwrap();
        fs::write(marks.path("old.1"), "").unwrap();
        let other = state.path().join("starts/other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("x.1"), "").unwrap();
        marks.sweep(&[RUN.to_owned()].into()).unwrap();
        assert_eq!(marks.find("old.1").unwrap(), None);
        assert!(!other.exists());
        assert_eq!(marks.find(RUN).unwrap(), Some(Mark::Unnamed));
    }
}
