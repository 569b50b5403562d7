//! Whether the file at a path is still the one that is open.
//!
//! SQLite goes on writing to a file that was removed or replaced, without an error, and all of it is
//! lost when the last descriptor is closed. So it is looked at before every commit.

use super::open::{OpenError, beside};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The file behind a name, whatever else comes to bear that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// None: there is nothing of that name.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        let id = |found: Metadata| Self {
            device: found.dev(),
            inode: found.ino(),
        };
        match path.symlink_metadata() {
            Ok(found) => Ok(Some(id(found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A store's file, and its log once there is one.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: FileId,
    log: Option<FileId>,
}

impl Place {
    /// That of a store that was just opened.
    pub fn of(path: &Path) -> Result<Self, OpenError> {
        let mut place = Self {
            path: path.to_owned(),
            file: FileId {
                device: 0,
                inode: 0,
            },
            log: None,
        };
        let found = place.look(path)?;
        place.file = found.ok_or_else(|| place.gone())?;
        place.note_log()?;
        Ok(place)
    }

    /// Remembers the log, which SQLite makes when it needs it and keeps while the file is open.
    pub fn note_log(&mut self) -> Result<(), OpenError> {
        self.log = self.look(&beside(&self.path, "-wal"))?;
        Ok(())
    }

    /// Whether the log is the one that was noted, or the first.
    pub fn has_its_log(&mut self) -> Result<bool, OpenError> {
        let found = self.look(&beside(&self.path, "-wal"))?;
        let noted = *self.log.get_or_insert(match found {
            Some(found) => found,
            None => return Ok(self.log.is_none()),
        });
        Ok(found == Some(noted))
    }

    /// Whether the file is still the one that was opened; it is an error if not.
    pub fn check(&self) -> Result<(), OpenError> {
        match self.look(&self.path)? {
            Some(found) if found == self.file => Ok(()),
            Some(_) => Err(self.failed("another file has taken its place while it was in use")),
            None => Err(self.gone()),
        }
    }

    /// Whether it is known that it is not there any more, or another is.
    pub fn is_gone(&self) -> bool {
        FileId::of(&self.path).is_ok_and(|found| found != Some(self.file))
    }

    fn look(&self, path: &Path) -> Result<Option<FileId>, OpenError> {
        FileId::of(path).map_err(|error| self.failed(&error.to_string()))
    }

    fn gone(&self) -> OpenError {
        self.failed("it was removed while it was in use")
    }

    fn failed(&self, reason: &str) -> OpenError {
        OpenError::Io {
            path: self.path.clone(),
            doing: "go on with",
            reason: reason.to_owned(),
        }
    }
}
