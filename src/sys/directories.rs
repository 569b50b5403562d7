//! Where state and runtime files live, and making those directories safely.
//!
//! Finding them is a function of the environment, so that it can be tested; making them is the
//! part with effects. They are closed to others from birth: what is created open and closed
//! afterwards can be opened in between.

use super::trust::{TrustPolicy, Walk};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, fchmod, fstat};
use nix::unistd::{fsync, geteuid, mkdir};
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The longest stem of a jobs file that goes into an instance's name.
const MAX_STEM_CHARS: usize = 48;

/// The longest name given with `--name`.
const MAX_NAME_BYTES: usize = 64;

/// What tells the schedulers of one user apart, and is a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName(String);

impl InstanceName {
    /// The name of the scheduler of this jobs file: its stem and a hash of its canonical path,
    /// so that two files of the same name do not meet.
    ///
    /// ```
    /// use rsched::sys::directories::InstanceName;
    /// let name = InstanceName::of_jobs_file("/etc/rsched/jobs.toml".as_ref());
    /// assert_eq!(name.as_str(), "jobs-c79dc79d");
    /// ```
    #[must_use]
    pub fn of_jobs_file(canonical: &Path) -> Self {
        let stem = canonical.file_stem().unwrap_or_default().to_string_lossy();
        let stem: String = stem
            .chars()
            .take(MAX_STEM_CHARS)
            .map(|c| if is_name_char(c) { c } else { '_' })
            .collect();
        let stem = stem.trim_start_matches('.');
        let hash = fnv1a_64(canonical.as_os_str().as_bytes());
        // Folded to 32 bits, as FNV's author advises for shorter hashes.
        let folded = (hash >> 32) ^ (hash & 0xffff_ffff);
        Self(format!(
            "{}-{folded:08x}",
            if stem.is_empty() { "jobs" } else { stem }
        ))
    }

    /// A name a person chose: 1 to 64 of `A-Z a-z 0-9 _ . -`, not beginning with a dot.
    #[must_use]
    pub fn chosen(name: &str) -> Option<Self> {
        let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.chars().all(is_name_char)
            && !name.starts_with('.');
        fits.then(|| Self(name.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// FNV-1a in 64 bits. Not std's hasher: a directory's name must be the same in every version.
fn fnv1a_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The variables that say where directories are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryVariables {
    /// `STATE_DIRECTORY`, from systemd.
    pub state_directory: Option<OsString>,
    /// `RUNTIME_DIRECTORY`, from systemd.
    pub runtime_directory: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<OsString>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime_dir: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
}

impl DirectoryVariables {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            state_directory: env::var_os("STATE_DIRECTORY"),
            runtime_directory: env::var_os("RUNTIME_DIRECTORY"),
            xdg_state_home: env::var_os("XDG_STATE_HOME"),
            xdg_runtime_dir: env::var_os("XDG_RUNTIME_DIR"),
            home: env::var_os("HOME"),
        }
    }
}

/// The two directories of one scheduler; they may be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// What outlives a reboot: lock, store, start markers.
    pub state: PathBuf,
    /// What does not: control socket, output pipes.
    pub runtime: PathBuf,
}

/// There is no place for the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no state directory: neither `XDG_STATE_HOME` nor `HOME` is an absolute path; give one with `--state-dir`"
)]
pub struct NoStateDirectory;

impl Directories {
    /// Where they are, for `uid`; makes nothing. `state_dir` is the option of that name.
    ///
    /// Variables that hold no absolute path do not count, as the XDG base directory specification asks.
    ///
    /// # Errors
    /// [`NoStateDirectory`].
    pub fn resolve(
        name: &InstanceName,
        state_dir: Option<&Path>,
        variables: &DirectoryVariables,
        uid: u32,
    ) -> Result<Self, NoStateDirectory> {
        let below = |base: PathBuf| base.join("rsched").join(name.as_str());
        let state = state_dir
            .map(Path::to_owned)
            .or_else(|| first_of_list(variables.state_directory.as_ref()))
            .or_else(|| (uid == 0).then(|| below(PathBuf::from("/var/lib"))))
            .or_else(|| absolute(variables.xdg_state_home.as_ref()).map(below))
            .or_else(|| {
                absolute(variables.home.as_ref()).map(|home| below(home.join(".local/state")))
            })
            .ok_or(NoStateDirectory)?;
        // What lies in the runtime directory is guarded by the lock in the state directory: a state
        // directory of one's own choice takes its runtime directory with it, or two schedulers of
        // one jobs file could share one.
        let runtime = first_of_list(variables.runtime_directory.as_ref())
            .or_else(|| state_dir.map(Path::to_owned))
            .or_else(|| (uid == 0).then(|| below(PathBuf::from("/run"))))
            .or_else(|| absolute(variables.xdg_runtime_dir.as_ref()).map(below))
            .unwrap_or_else(|| state.clone());
        Ok(Self { state, runtime })
    }

    /// Makes both, or checks them where they exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn create(&self) -> Result<(), DirectoryError> {
        create_private(&self.state)?;
        create_private(&self.runtime)
    }
}

/// Where runtime directories of this user's schedulers may be, each in one below or in it.
#[must_use]
pub fn runtime_bases(variables: &DirectoryVariables, uid: u32) -> Vec<PathBuf> {
    let below = |base: PathBuf| base.join("rsched");
    let state = absolute(variables.xdg_state_home.as_ref())
        .or_else(|| absolute(variables.home.as_ref()).map(|home| home.join(".local/state")));
    [
        first_of_list(variables.runtime_directory.as_ref()),
        (uid == 0).then(|| below(PathBuf::from("/run"))),
        absolute(variables.xdg_runtime_dir.as_ref())
            .filter(|_| uid != 0)
            .map(below),
        state.filter(|_| uid != 0).map(below),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn absolute(variable: Option<&OsString>) -> Option<PathBuf> {
    variable
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// systemd joins several directories with colons (`systemd.exec(5)`); the first is ours.
fn first_of_list(variable: Option<&OsString>) -> Option<PathBuf> {
    let first = variable?.as_bytes().split(|&byte| byte == b':').next()?;
    absolute(Some(&std::ffi::OsStr::from_bytes(first).to_owned()))
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Somebody else could change what is in it.
    #[error("`{path}` is not to be trusted: {reason}", path = .path.display())]
    Untrusted {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {operation} `{path}`: {source}", path = .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Makes a directory, and those above it that are missing, with mode 0700 from birth, and for good: a loss
/// of power does not take them away again. One that exists must be a directory of ours and no link; if it
/// is open to others it is closed.
///
/// As root the way to it must be as trustworthy as that to a jobs file.
///
/// # Errors
/// [`DirectoryError`].
pub fn create_private(path: &Path) -> Result<(), DirectoryError> {
    let failed = |operation| {
        move |error: Errno| DirectoryError::Io {
            path: path.to_owned(),
            operation,
            source: error.into(),
        }
    };
    let untrusted = |reason: String| DirectoryError::Untrusted {
        path: path.to_owned(),
        reason,
    };
    if path
        .components()
        .any(|component| component == Component::ParentDir)
    {
        // `a/..` may be made on the way and lead anywhere.
        return Err(untrusted("it contains `..`".to_owned()));
    }
    let path = &std::path::absolute(path).map_err(|source| DirectoryError::Io {
        path: path.to_owned(),
        operation: "find",
        source,
    })?;
    let mut missing = path
        .ancestors()
        .take_while(|ancestor| ancestor.symlink_metadata().is_err())
        .collect::<Vec<_>>();
    missing.reverse();
    // Whoever made the one that they are in may have died before its name was on the disk.
    let deepest = missing
        .first()
        .map_or(Some(&**path), |first| first.parent());
    if let Some(deepest) = deepest.filter(|directory| is_empty(directory)) {
        force_name(deepest).map_err(failed("create"))?;
    }
    for directory in missing {
        match mkdir(directory, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(error) => return Err(failed("create")(error)),
        }
        force_name(directory).map_err(failed("create"))?;
    }
    // NONBLOCK and DIRECTORY: whatever it is, opening it does not wait. A link gives ENOTDIR.
    let flags = OFlag::O_RDONLY
        | OFlag::O_DIRECTORY
        | OFlag::O_NOFOLLOW
        | OFlag::O_CLOEXEC
        | OFlag::O_NONBLOCK;
    let opened = match open(path, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::ENOTDIR | Errno::ELOOP) => {
            return Err(untrusted(
                "it is no directory, or a symbolic link".to_owned(),
            ));
        }
        Err(error) => return Err(failed("open")(error)),
    };
    let status = fstat(&opened).map_err(failed("look at"))?;
    if status.st_uid != geteuid().as_raw() {
        return Err(untrusted(format!(
            "it belongs to uid {}, expected our own, {}",
            status.st_uid,
            geteuid()
        )));
    }
    if status.st_mode & 0o777 != 0o700 {
        fchmod(&opened, Mode::S_IRWXU).map_err(failed("change the mode of"))?;
    }
    let policy = TrustPolicy::of_this_process(None);
    if policy.uid == 0 {
        let walk = Walk::to(path, policy).map_err(|source| DirectoryError::Io {
            path: path.clone(),
            operation: "walk to",
            source,
        })?;
        if !walk.objections.is_empty() {
            return Err(untrusted(walk.objections.join("; ")));
        }
    }
    Ok(())
}

/// Forces the name of a directory to the disk: with it all would be lost that is in there, be that on the disk or
/// not.
fn force_name(directory: &Path) -> nix::Result<()> {
    let Some(parent) = directory.parent() else {
        return Ok(());
    };
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let parent = match open(parent, flags, Mode::empty()) {
        // Who may not list a directory can make others in it all the same.
        Err(Errno::EACCES) => return Ok(()),
        opened => opened?,
    };
    match fsync(&parent) {
        // Nothing can be forced there, or nothing changes (fsync(2)).
        Err(Errno::EINVAL | Errno::EROFS) => Ok(()),
        forced => forced,
    }
}

fn is_empty(directory: &Path) -> bool {
    directory
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    fn name() -> InstanceName {
        InstanceName::chosen("n").unwrap()
    }

    fn resolved(
        state_dir: Option<&str>,
        variables: &[(&str, &str)],
        uid: u32,
    ) -> Option<(String, String)> {
        let value = |name: &str| {
            variables
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, value)| OsString::from(value))
        };
        let variables = DirectoryVariables {
            state_directory: value("STATE_DIRECTORY"),
            runtime_directory: value("RUNTIME_DIRECTORY"),
            xdg_state_home: value("XDG_STATE_HOME"),
            xdg_runtime_dir: value("XDG_RUNTIME_DIR"),
            home: value("HOME"),
        };
        let found =
            Directories::resolve(&name(), state_dir.map(Path::new), &variables, uid).ok()?;
        Some((
            found.state.to_str().unwrap().to_owned(),
            found.runtime.to_str().unwrap().to_owned(),
        ))
    }

    #[test]
    fn directories_are_found_in_the_written_order() {
        let everything = [
            ("STATE_DIRECTORY", "/s:/other"),
            ("RUNTIME_DIRECTORY", "/r"),
            ("XDG_STATE_HOME", "/xs"),
            ("XDG_RUNTIME_DIR", "/xr"),
            ("HOME", "/h"),
        ];
        for (option, variables, uid, state, runtime) in [
            (Some("rel"), &everything[..], 0, "rel", "/r"),
            (None, &everything[..], 0, "/s", "/r"),
            (None, &everything[..], 7, "/s", "/r"),
            (
                None,
                &everything[2..],
                0,
                "/var/lib/rsched/n",
                "/run/rsched/n",
            ),
            (None, &everything[2..], 7, "/xs/rsched/n", "/xr/rsched/n"),
            (
                None,
                &everything[4..],
                7,
                "/h/.local/state/rsched/n",
                "/h/.local/state/rsched/n",
            ),
            (
                None,
                &[("XDG_STATE_HOME", "relative"), ("HOME", "/h")],
                7,
                "/h/.local/state/rsched/n",
                "/h/.local/state/rsched/n",
            ),
            (Some("/only"), &[], 7, "/only", "/only"),
        ] {
            assert_eq!(
                resolved(option, variables, uid),
                Some((state.to_owned(), runtime.to_owned())),
                "{option:?} {variables:?} {uid}"
            );
        }
        assert_eq!(resolved(None, &[("HOME", "")], 7), None);
    }

    #[test]
    fn names_are_file_names_whatever_the_jobs_file_is_called() {
        let of = |path: &str| {
            InstanceName::of_jobs_file(Path::new(path))
                .as_str()
                .to_owned()
        };
        assert_ne!(of("/a/jobs.toml"), of("/b/jobs.toml"));
        assert!(of("/a/my jobs/ü.toml").starts_with("_-"));
        assert!(of("/a/..hidden").starts_with("hidden") || of("/a/..hidden").starts_with("jobs-"));
        assert!(of("/").starts_with("jobs-"));
        assert!(of(&format!("/{}", "x".repeat(255))).len() <= MAX_STEM_CHARS + 9);
        for wrong in ["", ".", "..", ".x", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(InstanceName::chosen(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the FNV page.
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a_64(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn what_is_made_is_closed_to_others_all_the_way() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        create_private(&path).unwrap();
        create_private(&path).unwrap();
        for directory in ["a", "a/b", "a/b/c"] {
            assert_eq!(
                root.path()
                    .join(directory)
                    .metadata()
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o7777,
                0o700
            );
        }
    }

    #[test]
    fn our_own_directory_that_is_open_is_closed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        create_private(&path).unwrap();
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o7777,
            0o700
        );
    }

    #[test]
    fn links_files_and_foreign_directories_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let refused = |name: &str| {
            matches!(
                create_private(&root.path().join(name)),
                Err(DirectoryError::Untrusted { .. })
            )
        };
        fs::create_dir(root.path().join("real")).unwrap();
        symlink("real", root.path().join("link")).unwrap();
        symlink("nowhere", root.path().join("dangling")).unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        assert!(
            refused("link") && refused("dangling") && refused("file") && refused("real/../real")
        );
        assert!(!root.path().join("nowhere").exists());
        if geteuid().is_root() {
            chown(root.path().join("real"), Some(4_242), None).unwrap();
            assert!(refused("real"));
            let open = root.path().join("open");
            fs::create_dir(&open).unwrap();
            fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
            assert!(refused("open/state"), "others could rename it away");
        }
    }
}
