//! A disk whose every answer is the test's: it can be told not to answer, as a disk that hangs, to refuse
//! locks, or to refuse changes, as one that was made read-only because of an error; and it can be served
//! again as it is when the power was lost.
//!
//! It is a FUSE file system in memory, served by a thread of the test over `/dev/fuse`, without a library,
//! and mounted in a mount namespace of the launched program's own. Who waits for an answer waits
//! uninterruptibly (state D): not even SIGKILL ends that, as with a real disk. Dropped, the disk is gone,
//! and whoever waits for it is told so.

use crate::own_files::Files;
use crate::scheduler::{PATIENCE, Sandbox, eventually, skipped};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

/// What is not answered for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hang {
    #[default]
    Nothing,
    /// What changes something: create, write, truncate, rename, remove, flush, fsync. Looking at files works.
    Changes,
    /// Making the mark of a start, `starts/BOOT_ID/RUN_ID.ATTEMPT`. The records can be written.
    MarksMade,
    /// Removing such a mark.
    MarksRemoved,
    /// Not even looking at a file.
    Everything,
}

/// What the disk says to a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Locks {
    /// The kernel's own.
    Local,
    /// This error.
    Refused(i32),
}

#[derive(Default)]
struct Control {
    hang: Hang,
    is_read_only: bool,
    held: usize,
    over: bool,
}

type Shared = Arc<(Mutex<Control>, Condvar)>;

/// Sees the disk as it is before each change or sync of it, and which that is.
pub type Watch = Box<dyn FnMut(&Files, Change) + Send>;

/// What is about to be done to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Some change, which is not certain.
    Made,
    /// What was changed before becomes certain.
    Synced,
}

/// The disk, mounted at `disk` in the sandbox for the program that was launched with it.
pub struct OwnDisk {
    shared: Shared,
    thread: Option<JoinHandle<Files>>,
}

/// Whether there can be such a disk here. If not, says so.
pub fn can_serve_a_disk() -> bool {
    let script = "exec 3<>/dev/fuse && \
                  mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 own /mnt";
    let works = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        skipped("/dev/fuse cannot be mounted in a namespace of our own here");
    }
    works
}

/// A program in the sandbox, with a disk mounted at `disk`: start it, and pass its pid to
/// [`OwnDisk::serve`]. It is root in a user namespace of its own.
///
/// If there is a file `boot` in the sandbox, what is in it is the id of the machine's boot there.
pub fn with_disk(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Command {
    // Another may have been mounted there before.
    fs::create_dir_all(sandbox.path("disk")).unwrap();
    _ = fs::remove_file(sandbox.path("fuse-taken"));
    sandbox.make_gate("fuse-taken");
    let script = "exec 3<>/dev/fuse && read -r line < fuse-taken && \
        { ! [ -e boot ] || mount -i --bind boot /proc/sys/kernel/random/boot_id; } && \
        mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,default_permissions own disk && \
        exec 3>&- \"$0\" \"$@\"";
    let mut command = sandbox.bare_command(Path::new("unshare"));
    command
        .args(["-rm", "sh", "-c", script])
        .arg(program)
        .args(arguments);
    command
}

/// A program in the sandbox that sees the disk as that process does, which was launched with it.
pub fn beside(sandbox: &Sandbox, pid: i32, program: &str, arguments: &[&str]) -> Command {
    let mut command = sandbox.bare_command(Path::new("nsenter"));
    command
        .args(["-U", "-m", "--preserve-credentials", "--target"])
        .args([
            &pid.to_string(),
            "--",
            "sh",
            "-c",
            "cd \"$0\" && exec \"$@\"",
        ])
        .arg(sandbox.path("").canonicalize().unwrap())
        .arg(program)
        .args(arguments);
    command
}

impl OwnDisk {
    /// Serves the disk of that process, which [`with_disk`] made: an empty one.
    pub fn serve(sandbox: &Sandbox, pid: i32, locks: Locks) -> Self {
        Self::serve_files(sandbox, pid, locks, Files::new(), Box::new(|_, _| {}))
    }

    /// Serves one with files on it, and has it watched.
    pub fn serve_files(
        sandbox: &Sandbox,
        pid: i32,
        locks: Locks,
        files: Files,
        watch: Watch,
    ) -> Self {
        let there = format!("/proc/{pid}/fd/3");
        eventually("it opens /dev/fuse", || {
            fs::read_link(&there).is_ok_and(|path| path == Path::new("/dev/fuse"))
        });
        let process = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
        let device = pidfd_getfd(&process, 3, PidfdGetfdFlags::empty()).unwrap();
        let shared = Shared::default();
        let server = Server {
            device: device.into(),
            shared: Arc::clone(&shared),
            locks,
            files,
            watch,
            held: Vec::new(),
        };
        let thread = thread::spawn(move || server.serve());
        sandbox.open_gate("fuse-taken");
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// From now on these are not answered; what was held and is none of these is.
    pub fn hang(&self, hang: Hang) {
        self.shared.0.lock().unwrap().hang = hang;
    }

    /// What is on the disk, which is gone: as it is for those who use it, be it certain or not.
    pub fn into_files(mut self) -> Files {
        self.end().expect("it is served until now")
    }

    fn end(&mut self) -> Option<Files> {
        if let Ok(mut control) = self.shared.0.lock() {
            control.over = true;
        }
        self.thread.take()?.join().ok()
    }

    /// From now on nothing can be changed (EROFS), or again all. No `mount -o remount,ro` does this while
    /// a file is open for writing; the kernel itself does, when a disk is in error.
    pub fn make_read_only(&self, is_read_only: bool) {
        self.shared.0.lock().unwrap().is_read_only = is_read_only;
    }

    /// Waits until that many requests wait for an answer.
    pub fn wait_for_held(&self, count: usize) {
        let (control, changed) = &*self.shared;
        let control = control.lock().unwrap();
        let (control, timeout) = changed
            .wait_timeout_while(control, PATIENCE, |control| control.held < count)
            .unwrap();
        assert!(!timeout.timed_out(), "{} requests wait", control.held);
    }
}

impl Drop for OwnDisk {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// The kernel's names, of `linux/fuse.h`.
mod opcode {
    pub const LOOKUP: u32 = 1;
    pub const FORGET: u32 = 2;
    pub const GETATTR: u32 = 3;
    pub const SETATTR: u32 = 4;
    pub const MKNOD: u32 = 8;
    pub const MKDIR: u32 = 9;
    pub const UNLINK: u32 = 10;
    pub const RMDIR: u32 = 11;
    pub const RENAME: u32 = 12;
    pub const OPEN: u32 = 14;
    pub const READ: u32 = 15;
    pub const WRITE: u32 = 16;
    pub const STATFS: u32 = 17;
    pub const RELEASE: u32 = 18;
    pub const FSYNC: u32 = 20;
    pub const FLUSH: u32 = 25;
    pub const INIT: u32 = 26;
    pub const OPENDIR: u32 = 27;
    pub const READDIR: u32 = 28;
    pub const RELEASEDIR: u32 = 29;
    pub const FSYNCDIR: u32 = 30;
    pub const SETLK: u32 = 32;
    pub const SETLKW: u32 = 33;
    pub const CREATE: u32 = 35;
    pub const INTERRUPT: u32 = 36;
    pub const DESTROY: u32 = 38;
    pub const BATCH_FORGET: u32 = 42;
    pub const RENAME2: u32 = 45;
}
use opcode::*;

const FUSE_BIG_WRITES: u32 = 1 << 5;
const FUSE_FLOCK_LOCKS: u32 = 1 << 10;

const MAX_WRITE: u32 = 64 * 1024;

/// A request of the kernel.
pub struct Request(Vec<u8>);

impl Request {
    pub fn u32(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    pub fn u64(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    fn opcode(&self) -> u32 {
        self.u32(4)
    }

    fn node(&self) -> u64 {
        self.u64(16)
    }

    /// The strings that follow so many bytes of the body, which begins at 40.
    fn names(&self, after: usize) -> Vec<String> {
        let text = String::from_utf8(self.0[40 + after..].to_vec()).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Whether it changes something on the disk.
    fn is_change(&self) -> bool {
        match self.opcode() {
            OPEN => self.u32(40).cast_signed() & libc::O_ACCMODE != libc::O_RDONLY,
            SETATTR | MKNOD | MKDIR | UNLINK | RMDIR | RENAME | RENAME2 | WRITE | FSYNC
            | CREATE => true,
            _ => false,
        }
    }

    fn is_held_by(&self, hang: Hang, files: &Files) -> bool {
        match hang {
            Hang::Nothing => false,
            Hang::MarksMade => self.opcode() == CREATE && files.is_of_marks(self.node()),
            Hang::MarksRemoved => self.opcode() == UNLINK && files.is_of_marks(self.node()),
            // Nobody waits for the answer to a release.
            Hang::Everything => !matches!(self.opcode(), INIT | DESTROY | RELEASE | RELEASEDIR),
            Hang::Changes => matches!(
                self.opcode(),
                SETATTR
                    | MKDIR
                    | UNLINK
                    | RMDIR
                    | RENAME
                    | RENAME2
                    | WRITE
                    | FSYNC
                    | FLUSH
                    | CREATE
            ),
        }
    }
}

struct Server {
    device: File,
    shared: Shared,
    locks: Locks,
    files: Files,
    watch: Watch,
    held: Vec<Request>,
}

impl Server {
    fn serve(mut self) -> Files {
        loop {
            let free = {
                let mut control = self.shared.0.lock().unwrap();
                if control.over {
                    return self.files;
                }
                let (held, free): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
                    .into_iter()
                    .partition(|request| request.is_held_by(control.hang, &self.files));
                self.held = held;
                // Who is about to be answered does not wait.
                control.held = self.held.len();
                self.shared.1.notify_all();
                free
            };
            for request in free {
                self.answer(&request);
            }
            let mut polled = [PollFd::new(self.device.as_fd(), PollFlags::POLLIN)];
            // Before it is mounted it is not ready, but in error; and so it is when all is over.
            if poll(&mut polled, PollTimeout::from(5_u8)) == Ok(0) {
                continue;
            }
            let mut bytes = vec![0; MAX_WRITE as usize + 4096];
            let Ok(length) = self.device.read(&mut bytes) else {
                thread::yield_now();
                continue;
            };
            bytes.truncate(length);
            let request = Request(bytes);
            // These want no answer. An interrupted request is none the less held.
            if matches!(request.opcode(), FORGET | BATCH_FORGET | INTERRUPT) {
                continue;
            }
            self.held.push(request);
        }
    }

    fn answer(&mut self, request: &Request) {
        let (error, body) = match self.reply(request) {
            Ok(body) => (0, body),
            Err(error) => (-error, Vec::new()),
        };
        let length = u32::try_from(16 + body.len()).unwrap();
        let mut answer = length.to_ne_bytes().to_vec();
        answer.extend(error.to_ne_bytes());
        answer.extend(&request.0[8..16]);
        answer.extend(body);
        // ENOENT: whoever asked is gone.
        drop(self.device.write_all(&answer));
    }

    fn reply(&mut self, request: &Request) -> Result<Vec<u8>, i32> {
        if request.is_change() && self.shared.0.lock().unwrap().is_read_only {
            return Err(libc::EROFS);
        }
        match request.opcode() {
            FSYNC | FSYNCDIR => (self.watch)(&self.files, Change::Synced),
            _ if request.is_change() => (self.watch)(&self.files, Change::Made),
            _ => {}
        }
        let (files, node) = (&mut self.files, request.node());
        match request.opcode() {
            INIT => {
                let flags = match self.locks {
                    Locks::Local => FUSE_BIG_WRITES,
                    Locks::Refused(_) => FUSE_BIG_WRITES | FUSE_FLOCK_LOCKS,
                };
                // Version 7.31; then readahead, flags, background, largest write, and nothing else.
                let mut body = words(&[7, 31, MAX_WRITE, flags, 0, MAX_WRITE]);
                body.resize(64, 0);
                Ok(body)
            }
            LOOKUP => files.entry(files.find(node, &request.names(0)[0])?),
            GETATTR => files.attributes(node),
            SETATTR => {
                files.change(node, request)?;
                files.attributes(node)
            }
            MKDIR => {
                let mode = libc::S_IFDIR | request.u32(40);
                files.make(node, &request.names(8)[0], mode, request)
            }
            MKNOD => files.make(node, &request.names(16)[0], request.u32(40), request),
            CREATE => {
                let mode = request.u32(44);
                let mut body = files.make(node, &request.names(16)[0], mode, request)?;
                body.extend([0; 16]);
                Ok(body)
            }
            UNLINK | RMDIR => files.remove(node, &request.names(0)[0]),
            RENAME => files.rename(node, request.u64(40), &request.names(8)),
            RENAME2 => files.rename(node, request.u64(40), &request.names(16)),
            OPEN | OPENDIR => Ok(vec![0; 16]),
            READ => files.read(node, request.u64(48), request.u32(56)),
            WRITE => files.write(node, request.u64(48), &request.0[80..]),
            READDIR => Ok(files.list(node, request.u64(48), request.u32(56))),
            STATFS => {
                let mut body = [1_u64 << 20, 1 << 19, 1 << 19, 1 << 20, 1 << 19]
                    .map(u64::to_ne_bytes)
                    .concat();
                body.extend(words(&[4096, 255, 4096]));
                body.resize(80, 0);
                Ok(body)
            }
            FSYNC => files.sync(node),
            FSYNCDIR => files.sync_directory(node),
            RELEASE | RELEASEDIR | FLUSH | DESTROY => Ok(Vec::new()),
            SETLK | SETLKW => match self.locks {
                Locks::Refused(error) => Err(error),
                Locks::Local => Err(libc::ENOSYS),
            },
            _ => Err(libc::ENOSYS),
        }
    }
}

pub fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}
