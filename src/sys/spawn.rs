//! `posix_spawn` with what nix's wrapper of it lacks: an own session and a working directory.
//!
//! The idea: everything that happens in the child is said beforehand, as data, and none of our
//! code runs there. `fork` would cost as much as we are large, and code between fork and exec is where
//! locks held by other threads bite. What cannot be said this way (users, limits, umask) is
//! done by a small program in between, not here.
#![expect(
    unsafe_code,
    reason = "posix_spawn_file_actions_addchdir_np and POSIX_SPAWN_SETSID are in libc only"
)]

use super::descriptors;
use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// What the child reads.
#[derive(Debug)]
pub enum SpawnInput {
    /// `/dev/null`.
    Nothing,
    /// This descriptor, open for reading. Ours may be closed once the child exists.
    Descriptor(OwnedFd),
}

/// Where stdout and stderr of the child go.
#[derive(Debug)]
pub enum SpawnOutput {
    /// Where ours go.
    Inherit,
    /// To this file, opened by the child for reading and writing: a named pipe then neither
    /// blocks the open nor breaks when its other reader is gone (`fifo(7)`).
    Open(CString),
}

/// All that is to be known of a child before it exists.
#[derive(Debug)]
pub struct SpawnPlan {
    /// The file to execute; PATH is not searched.
    pub program: CString,
    /// The arguments, the program's own name first.
    pub arguments: Vec<CString>,
    /// `NAME=value`, and nothing else is in the environment.
    pub environment: Vec<CString>,
    /// The directory it starts in; `program` and the paths below are relative to it.
    pub working_directory: CString,
    /// Its stdin.
    pub standard_input: SpawnInput,
    /// Its stdout and stderr.
    pub output: SpawnOutput,
    /// A file that the child creates (0600; it must not exist) before the program starts, as
    /// proof that it was started.
    pub marker: Option<CString>,
    /// Descriptors that the child has under the same numbers as we; all others of ours it has not.
    pub kept: Vec<OwnedFd>,
}

/// Starts the child in a session of its own, with default signal dispositions, no blocked signal
/// and nothing open but descriptors 0 to 2. Returns when the program runs or could not be started.
///
/// # Errors
/// The errno of the step that failed; which step it was, the system does not tell. On an error
/// nothing runs, but the marker may exist.
pub fn spawn(plan: &SpawnPlan) -> Result<Pid, Errno> {
    let actions = FileActions::of(plan)?;
    let attributes = Attributes::new()?;
    let mut arguments = pointers(&plan.arguments);
    let mut environment = pointers(&plan.environment);
    let mut start = || {
        let mut pid = 0;
        // SAFETY: every pointer is to a live, NUL-terminated string or to a NULL-terminated array
        // of such; actions and attributes were initialised; posix_spawn writes to `pid` only.
        let code = unsafe {
            libc::posix_spawn(
                &raw mut pid,
                plan.program.as_ptr(),
                &raw const actions.0,
                &raw const attributes.0,
                arguments.as_mut_ptr(),
                environment.as_mut_ptr(),
            )
        };
        check(code).map(|()| Pid::from_raw(pid))
    };
    match descriptors::at_original_limit(&mut start) {
        // musl's posix_spawn needs two descriptors for itself, which the lowered limit may
        // deny; then the child is given the right limit as soon as it exists.
        Err(Errno::EMFILE) if descriptors::original_limit().is_some() => {
            let pid = start()?;
            lower_limit_of(pid);
            Ok(pid)
        }
        result => result,
    }
}

/// Best effort: the child may have read its limit already, and may have ended.
fn lower_limit_of(pid: Pid) {
    use rustix::process::{Pid as RustixPid, Resource, Rlimit, prlimit};
    if let (Some(original), Some(pid)) = (
        descriptors::original_limit(),
        RustixPid::from_raw(pid.as_raw()),
    ) {
        let limit = Rlimit {
            current: Some(original.soft),
            maximum: Some(original.hard),
        };
        let _ = prlimit(Some(pid), Resource::Nofile, limit);
    }
}

/// Pointers to the strings, and a NULL after them. The strings must outlive the result.
fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    // posix_spawn takes `char *const []` for history's sake; it does not write to the strings.
    strings
        .iter()
        .map(|string| string.as_ptr().cast_mut())
        .chain([ptr::null_mut()])
        .collect()
}

/// These functions return their errno instead of setting it.
fn check(code: libc::c_int) -> Result<(), Errno> {
    if code == 0 {
        Ok(())
    } else {
        Err(Errno::from_raw(code))
    }
}

/// What the child does with its files, in order.
struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn of(plan: &SpawnPlan) -> Result<Self, Errno> {
        let mut actions = Self::none()?;
        actions.change_directory(&plan.working_directory)?;
        match &plan.output {
            SpawnOutput::Inherit => {
                // 1 and 2 are in use: the marker takes 0 before stdin does.
                if let Some(marker) = &plan.marker {
                    actions.create(libc::STDIN_FILENO, marker)?;
                }
                actions.standard_input(&plan.standard_input)?;
            }
            SpawnOutput::Open(path) => {
                actions.standard_input(&plan.standard_input)?;
                actions.open(libc::STDOUT_FILENO, path, libc::O_RDWR)?;
                // Last of those that can fail: nothing but the exec itself comes after the proof.
                if let Some(marker) = &plan.marker {
                    actions.create(libc::STDERR_FILENO, marker)?;
                }
                actions.duplicate(libc::STDOUT_FILENO, libc::STDERR_FILENO)?;
            }
        }
        for kept in &plan.kept {
            // Onto itself: that takes close-on-exec off, in glibc from 2.29 on and in musl, and
            // minds no limit on descriptors.
            actions.duplicate(kept.as_raw_fd(), kept.as_raw_fd())?;
        }
        Ok(actions)
    }

    fn none() -> Result<Self, Errno> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the pointer is valid for writing one value.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call above succeeded and so has initialised it. Neither glibc's nor musl's
        // structure points into itself, so it may be moved.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn change_directory(&mut self, directory: &CStr) -> Result<(), Errno> {
        // SAFETY: initialised actions and a string that the call copies.
        check(unsafe {
            libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, directory.as_ptr())
        })
    }

    fn standard_input(&mut self, input: &SpawnInput) -> Result<(), Errno> {
        match input {
            SpawnInput::Nothing => self.open(libc::STDIN_FILENO, c"/dev/null", libc::O_RDONLY),
            // The duplicate is not close-on-exec, the original is.
            SpawnInput::Descriptor(descriptor) => {
                self.duplicate(descriptor.as_raw_fd(), libc::STDIN_FILENO)
            }
        }
    }

    /// `O_NOCTTY`: a session leader that opens a terminal would make it its own.
    fn open(
        &mut self,
        descriptor: libc::c_int,
        path: &CStr,
        flags: libc::c_int,
    ) -> Result<(), Errno> {
        self.open_with(descriptor, path, flags | libc::O_NOCTTY, 0)
    }

    fn create(&mut self, descriptor: libc::c_int, path: &CStr) -> Result<(), Errno> {
        self.open_with(
            descriptor,
            path,
            libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW,
            0o600,
        )
    }

    fn open_with(
        &mut self,
        descriptor: libc::c_int,
        path: &CStr,
        flags: libc::c_int,
        mode: libc::mode_t,
    ) -> Result<(), Errno> {
        // Closed first, so that the open finds its number free and needs no other: there may be
        // more descriptors in use than the child's limit allows. (glibc does so unasked.)
        // SAFETY: initialised actions; a close in the child alone.
        check(unsafe { libc::posix_spawn_file_actions_addclose(&raw mut self.0, descriptor) })?;
        // SAFETY: initialised actions and a string that the call copies.
        check(unsafe {
            libc::posix_spawn_file_actions_addopen(
                &raw mut self.0,
                descriptor,
                path.as_ptr(),
                flags,
                mode,
            )
        })
    }

    fn duplicate(&mut self, from: libc::c_int, to: libc::c_int) -> Result<(), Errno> {
        // SAFETY: initialised actions and two integers.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, from, to) })
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialised, and not used afterwards. It frees memory and cannot fail.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// An own session, nothing blocked, every signal at its default: also those a launcher ignored.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> Result<Self, Errno> {
        let flags = libc::c_int::from(libc::POSIX_SPAWN_SETSID)
            | libc::POSIX_SPAWN_SETSIGMASK
            | libc::POSIX_SPAWN_SETSIGDEF;
        let flags = libc::c_short::try_from(flags).expect("all flags are bits of a short");
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the pointer is valid for writing one value.
        check(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call above succeeded and so has initialised it.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        // SAFETY: initialised attributes.
        check(unsafe { libc::posix_spawnattr_setflags(&raw mut attributes.0, flags) })?;
        let (none, all) = (
            signal_set(libc::sigemptyset)?,
            signal_set(libc::sigfillset)?,
        );
        // SAFETY: initialised attributes and an initialised set that is copied.
        check(unsafe { libc::posix_spawnattr_setsigmask(&raw mut attributes.0, &raw const none) })?;
        // SAFETY: as above.
        check(unsafe {
            libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, &raw const all)
        })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised, and not used afterwards.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

fn signal_set(
    fill: unsafe extern "C" fn(*mut libc::sigset_t) -> libc::c_int,
) -> Result<libc::sigset_t, Errno> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset and sigfillset write one set to where the pointer points.
    Errno::result(unsafe { fill(set.as_mut_ptr()) })?;
    // SAFETY: the call above succeeded and so has initialised it.
    Ok(unsafe { set.assume_init() })
}
