//! What is mounted where: which paths may keep whoever touches them waiting for ever, known without
//! touching them.
//!
//! A network file system waits for its server, and one in user space (FUSE) for a program; both may never
//! answer, and then not even SIGKILL ends the wait. The kernel's own table (`proc_pid_mountinfo(5)`)
//! tells of them and never waits. Symbolic links are not followed: that would be touching.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The types of file systems that are served by somebody else, as mount(8) names them; those of FUSE
/// are told by their beginning.
const SERVED: [&str; 17] = [
    "9p",
    "afs",
    "autofs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
];

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

/// Opens the table now, and keeps it: later there may be no descriptor for it.
pub fn watch() {
    let _ = any_may_hang::<&Path>([]);
}

/// Whether looking at any of these absolute paths may wait for somebody who never answers. What is mounted
/// at `/` does not count: without it nothing works at all.
///
/// Costs one system call, and the reading of the table when something was mounted. If that cannot
/// be read, nothing hangs.
#[must_use]
pub fn any_may_hang<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> bool {
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    if table.is_none() {
        *table = Table::open().ok();
    }
    let Some(open) = table.as_mut() else {
        return false;
    };
    if open.refresh().is_err() {
        *table = None;
        return false;
    }
    let mounts = &open.mounts;
    !mounts.0.is_empty() && paths.into_iter().any(|path| mounts.may_hang(path.as_ref()))
}

/// The kernel's table, as it was when it last changed.
#[derive(Debug)]
struct Table {
    file: File,
    mounts: Mounts,
}

impl Table {
    fn open() -> io::Result<Self> {
        let mut table = Self {
            file: File::open("/proc/self/mountinfo")?,
            mounts: Mounts::default(),
        };
        table.read()?;
        Ok(table)
    }

    /// The file polls as exceptional once something was mounted or unmounted since the last look.
    fn refresh(&mut self) -> io::Result<()> {
        let mut changes = [PollFd::new(self.file.as_fd(), PollFlags::POLLPRI)];
        if poll(&mut changes, PollTimeout::ZERO)? > 0 {
            self.read()?;
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut text = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut text)?;
        self.mounts = Mounts::parse(&text);
        Ok(())
    }
}

/// Mount points in the order in which they were mounted; none at all where none may hang.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mounts(Vec<(PathBuf, bool)>);

impl Mounts {
    fn parse(text: &[u8]) -> Self {
        let lines = text.split(|&byte| byte == b'\n');
        let mounts: Vec<_> = lines.filter_map(mount_of).collect();
        let is_of_use = |(point, hangs): &(PathBuf, bool)| *hangs && point != Path::new("/");
        if mounts.iter().any(is_of_use) {
            Self(mounts)
        } else {
            Self::default()
        }
    }

    fn may_hang(&self, path: &Path) -> bool {
        let over = self.0.iter().filter(|(point, _)| path.starts_with(point));
        // The deepest; of several at one place, the one that was mounted last hides the others.
        let mount = over.max_by_key(|(point, _)| point.components().count());
        mount.is_some_and(|(point, hangs)| *hangs && point != Path::new("/"))
    }
}

/// `ID PARENT DEVICE ROOT POINT OPTIONS… - TYPE SOURCE OPTIONS`
fn mount_of(line: &[u8]) -> Option<(PathBuf, bool)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let point = unescaped(fields.nth(4)?);
    let kind = fields.skip_while(|&field| field != b"-").nth(1)?;
    Some((point.into(), may_hang_of_type(OsStr::from_bytes(kind))))
}

fn may_hang_of_type(kind: &OsStr) -> bool {
    let Some(kind) = kind.to_str() else {
        return false;
    };
    // A disk of another system, but served by a program like any other.
    kind == "fuse"
        || kind == "fuseblk"
        || kind.starts_with("fuse.")
        || SERVED.binary_search(&kind).is_ok()
}

/// Blanks, newlines and backslashes are three octal digits behind a backslash.
fn unescaped(field: &[u8]) -> OsString {
    let mut text = Vec::new();
    let mut rest = field;
    while let Some((&first, behind)) = rest.split_first() {
        let octal = behind.get(..3).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        let octal = octal.filter(|_| first == b'\\');
        text.push(octal.unwrap_or(first));
        rest = if octal.is_some() {
            &behind[3..]
        } else {
            behind
        };
    }
    OsString::from_vec(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /home rw,relatime shared:2 master:1 - nfs4 server:/home rw,hard
31 30 254:1 / /home/local rw - ext4 /dev/vdb rw
32 22 0:41 / /mnt/a\\040b rw - fuse.sshfs me@there:/ rw
33 22 0:42 / /twice rw - cifs //a/b rw
34 33 0:43 / /twice rw - tmpfs tmpfs rw
";

    #[test]
    fn the_deepest_mount_says_whether_a_path_may_hang() {
        let mounts = Mounts::parse(TABLE.as_bytes());
        for (path, hangs) in [
            ("/", false),
            ("/etc/passwd", false),
            ("/homes/me", false),
            ("/home", true),
            ("/home/me/x", true),
            ("/home/local/x", false),
            ("/mnt/a b/c", true),
            ("/mnt/a", false),
            ("/twice/x", false),
        ] {
            assert_eq!(mounts.may_hang(Path::new(path)), hangs, "{path}");
        }
    }

    #[test]
    fn what_everything_comes_from_does_not_count() {
        let root = "22 1 0:4 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw\n";
        assert_eq!(Mounts::parse(root.as_bytes()), Mounts::default());
        let more = format!("{root}23 22 0:5 / /mnt rw - nfs server:/ rw\n");
        let mounts = Mounts::parse(more.as_bytes());
        assert!(!mounts.may_hang(Path::new("/usr/bin")) && mounts.may_hang(Path::new("/mnt/x")));
    }

    #[test]
    fn a_table_that_is_no_table_says_nothing() {
        for text in ["", "\n\n", "1 2 3", "22 1 0:4 / /x rw nfs", "a b c d e f -"] {
            assert_eq!(Mounts::parse(text.as_bytes()), Mounts::default(), "{text}");
        }
        assert!(SERVED.is_sorted());
    }

    #[test]
    fn the_table_of_this_machine_can_be_asked() {
        assert!(!any_may_hang(["/proc", "/"]));
    }
}
