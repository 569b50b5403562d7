//! systemd's journal, spoken to in its own protocol, so that what is known of a line can be asked for
//! (`journalctl RSCHED_JOB_ID=backup`): a datagram for each line, a field on each line of it
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).
//!
//! What is written here is whole lines, in each of which [`BETWEEN_FIELDS`] stands between the fields: one
//! record stays one line wherever lines are queued or counted.

use nix::sys::stat::fstat;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// Between the fields of a line. No text that is shown anywhere has it: it is a control character.
pub const BETWEEN_FIELDS: u8 = 0x1f;

/// Where the journal listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// The way to the journal.
#[derive(Debug)]
pub struct Journal(UnixDatagram);

impl Journal {
    /// The journal, if that is what `stream` leads to: systemd says so in `$JOURNAL_STREAM`, which is
    /// device and inode (`systemd.exec(5)`).
    #[must_use]
    pub fn behind(stream: impl AsFd, variable: Option<&OsStr>) -> Option<Self> {
        let (device, inode) = variable?.to_str()?.split_once(':')?;
        let (device, inode): (u64, u64) = (device.parse().ok()?, inode.parse().ok()?);
        let found = fstat(stream).ok()?;
        let is_it = found.st_dev == device && found.st_ino == inode;
        is_it.then(|| Self::at(Path::new(SOCKET)).ok()).flatten()
    }

    /// The one of this machine.
    ///
    /// # Errors
    /// There is none.
    pub fn of_this_machine() -> io::Result<Self> {
        Self::at(Path::new(SOCKET))
    }

    fn at(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        Ok(Self(socket))
    }
}

/// A whole line at a time. It waits while the journal has no room.
impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
            return Err(io::Error::other("a line without an end"));
        };
        let mut entry = bytes[..=end].to_vec();
        for byte in &mut entry {
            if *byte == BETWEEN_FIELDS {
                *byte = b'\n';
            }
        }
        // A datagram is taken whole or not at all.
        if entry.len() > 1 {
            self.0.send(&entry)?;
        }
        Ok(end + 1)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Journal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn each_line_is_a_datagram_with_a_field_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journald = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::at(&path).unwrap();
        journal
            .write_all(b"MESSAGE=one\x1fPRIORITY=6\nMESSAGE=two\n")
            .unwrap();
        let mut buffer = [0; 100];
        for expected in [&b"MESSAGE=one\nPRIORITY=6\n"[..], b"MESSAGE=two\n"] {
            let count = journald.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..count], expected);
        }
    }

    #[test]
    fn only_what_systemd_names_is_taken_for_the_journal() {
        let file = File::open("/dev/null").unwrap();
        let of = |text: &str| Journal::behind(&file, Some(OsStr::new(text)));
        assert!(Journal::behind(&file, None).is_none());
        let here = file.metadata().unwrap();
        let other = format!("{}:{}", here.dev(), here.ino() + 1);
        for text in ["", "1", "x:y", &other] {
            assert!(of(text).is_none(), "{text}");
        }
    }
}
