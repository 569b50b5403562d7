//! The marks of starts: `STATE_DIR/starts/BOOT_ID/NAME`, a name for every attempt of every run.
//!
//! A child makes its own mark, before its program runs and with no code of ours in between (a file action
//! of `posix_spawn`). The instance lock is held by such a child too, until it executes its program. So
//! whoever holds the lock and finds no mark knows that there was no start, and need not guess.
//!
//! The mark is removed once the end is recorded, so the directory holds what runs and nothing else.

use crate::sys::directories::{self, DirectoryError};
use crate::sys::identity::{ProcessIdentity, ProcessStat};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory of the marks, in the state directory.
const STARTS: &str = "starts";

/// The marks of this boot.
#[derive(Debug)]
pub struct StartMarks {
    directory: PathBuf,
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
        Ok(Self { directory, boot_id })
    }

    /// Where the mark of an attempt is, or is to be.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes into a mark which process it is. Not being able to is no harm: it is found by its
    /// environment then.
    pub fn name_process(&self, name: &str, pid: Pid) {
        if let Ok(stat) = ProcessStat::read(pid) {
            let text = format!("{pid} {}\n", stat.start_time);
            // Without truncating first: a mark that was there must never be gone.
            _ = fs::OpenOptions::new()
                .write(true)
                .open(self.path(name))
                .and_then(|mut mark| io::Write::write_all(&mut mark, text.as_bytes()));
        }
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
