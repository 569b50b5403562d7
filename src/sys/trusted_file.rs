//! Reading a jobs file: whoever can write it can run anything as us, so it is read only through
//! one descriptor, and that descriptor is what is judged.

use super::trust::{TrustPolicy, Walk};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The largest jobs file that is read: 100,000 jobs of 160 bytes each.
pub const MAX_JOBS_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Whether others could have written the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nobody but root and ourselves could.
    Trusted,
    /// Somebody could, and we are not root: worth a warning. All reasons, joined by `; `.
    Warning(String),
}

/// A jobs file's text and how far to trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedText {
    /// Where the file lies, all links resolved.
    pub canonical_path: PathBuf,
    /// Its text.
    pub text: String,
    /// Whether others could have written it.
    pub trust: Trust,
}

/// Why a jobs file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Others could have written it and we are root.
    #[error("`{path}` is not to be trusted: {reason}", path = .path.display())]
    Refused {
        /// As it was asked for.
        path: PathBuf,
        /// All reasons, joined by `; `.
        reason: String,
    },
    /// It is something else.
    #[error("`{path}` is {found}, expected a regular file", path = .path.display())]
    NotRegular {
        /// As it was asked for.
        path: PathBuf,
        /// What it is, with its article.
        found: &'static str,
    },
    /// It is larger than [`MAX_JOBS_FILE_BYTES`].
    #[error("`{path}` is larger than 16 MiB", path = .path.display())]
    TooLarge {
        /// As it was asked for.
        path: PathBuf,
    },
    /// It is no text.
    #[error("`{path}` is not UTF-8: byte 0x{byte:02x} at line {line}, column {column} (offset {offset})", path = .path.display())]
    NotUtf8 {
        /// As it was asked for.
        path: PathBuf,
        /// The first byte that does not fit.
        byte: u8,
        /// Its offset, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// The system refused.
    #[error("cannot {operation} `{path}`: {source}", path = .path.display())]
    Io {
        /// As it was asked for.
        path: PathBuf,
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Reads the file at `path`. As root (`policy.uid` 0) an untrusted one is refused; as anybody else
/// it is read with a warning. Never blocks on a pipe, never opens a device.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path, policy: TrustPolicy) -> Result<TrustedText, ReadError> {
    read_prepared(path, policy, |bytes| bytes)
}

/// As [`read`], with bytes made UTF-8 by whoever knows what they are.
///
/// # Errors
/// [`ReadError`].
pub fn read_prepared(
    path: &Path,
    policy: TrustPolicy,
    prepare: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Result<TrustedText, ReadError> {
    read_with(path, policy, |_| None, prepare)
}

/// Reads a secret: a file that nobody else can read or could have written, whoever we are.
///
/// # Errors
/// [`ReadError`].
pub fn read_secret(path: &Path, policy: TrustPolicy) -> Result<String, ReadError> {
    let read = read_with(
        path,
        policy,
        |status| {
            let open_to = status.st_mode & 0o077;
            (open_to != 0).then(|| {
                let mode = status.st_mode & 0o7777;
                format!("others can read it (mode {mode:04o}), expected 0600")
            })
        },
        |bytes| bytes,
    )?;
    match read.trust {
        Trust::Trusted => Ok(read.text),
        Trust::Warning(reason) => Err(ReadError::Refused {
            path: path.to_owned(),
            reason,
        }),
    }
}

fn read_with(
    path: &Path,
    policy: TrustPolicy,
    more: impl FnOnce(&FileStat) -> Option<String>,
    prepare: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Result<TrustedText, ReadError> {
    let failed = |operation| {
        move |source: io::Error| ReadError::Io {
            path: path.to_owned(),
            operation,
            source,
        }
    };
    let walk = Walk::to(path, policy).map_err(failed("open"))?;
    let Some((name, status)) = walk.last() else {
        return Err(ReadError::NotRegular {
            path: path.to_owned(),
            found: "a directory",
        });
    };
    // Asked before it is opened: opening a device may do things.
    ensure_regular(path, status)?;
    let flags = OFlag::O_RDONLY
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_CLOEXEC
        | OFlag::O_NOCTTY;
    let opened = openat(walk.parent(), name, flags, Mode::empty())
        .map_err(|error| failed("open")(error.into()))?;
    let trust = judge(path, &opened, &walk, policy, more)?;
    let text = decode(path, prepare(read_limited(path, opened)?))?;
    Ok(TrustedText {
        canonical_path: walk.resolved(),
        text,
        trust,
    })
}

/// Judges what was opened, which may no longer be what was walked to.
fn judge(
    path: &Path,
    opened: &OwnedFd,
    walk: &Walk,
    policy: TrustPolicy,
    more: impl FnOnce(&FileStat) -> Option<String>,
) -> Result<Trust, ReadError> {
    let failed = |source: io::Error| ReadError::Io {
        path: path.to_owned(),
        operation: "look at",
        source,
    };
    let status = fstat(opened).map_err(|error: Errno| failed(error.into()))?;
    ensure_regular(path, &status)?;
    if u64::try_from(status.st_size).unwrap_or(u64::MAX) > MAX_JOBS_FILE_BYTES {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
        });
    }
    let resolved = walk.resolved();
    let mut objections = walk.objections.clone();
    objections.extend(policy.objection(&resolved, &status));
    objections.extend(more(&status));
    // In /tmp anybody may make a hard link to somebody else's file and so choose which file we read.
    if status.st_nlink > 1 && walk.parent_is_shared().map_err(failed)? {
        objections.push(format!(
            "`{}` has {} hard links and lies in a shared directory",
            resolved.display(),
            status.st_nlink
        ));
    }
    match objections.join("; ") {
        none if none.is_empty() => Ok(Trust::Trusted),
        reason if policy.uid == 0 => Err(ReadError::Refused {
            path: path.to_owned(),
            reason,
        }),
        reason => Ok(Trust::Warning(reason)),
    }
}

fn ensure_regular(path: &Path, status: &FileStat) -> Result<(), ReadError> {
    let found = match SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => return Ok(()),
        SFlag::S_IFDIR => "a directory",
        SFlag::S_IFIFO => "a named pipe",
        SFlag::S_IFSOCK => "a socket",
        SFlag::S_IFLNK => "a symbolic link",
        _ => "a device",
    };
    Err(ReadError::NotRegular {
        path: path.to_owned(),
        found,
    })
}

/// The size was checked, but the file may be growing.
fn read_limited(path: &Path, opened: OwnedFd) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    File::from(opened)
        .take(MAX_JOBS_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ReadError::Io {
            path: path.to_owned(),
            operation: "read",
            source,
        })?;
    if bytes.len() as u64 > MAX_JOBS_FILE_BYTES {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, ReadError> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = String::from_utf8_lossy(&bytes[..offset]);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ReadError::NotUtf8 {
            path: path.to_owned(),
            byte: bytes[offset],
            offset,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    const ROOT: TrustPolicy = TrustPolicy {
        uid: 0,
        trust_owner: None,
    };

    struct Sandbox(tempfile::TempDir);

    impl Sandbox {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(name)
        }
        fn file(&self, name: &str, mode: u32) -> PathBuf {
            let path = self.path(name);
            fs::write(&path, "[jobs]\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    /// As the user who owns the sandbox, whoever that is, but never as root.
    fn as_user() -> TrustPolicy {
        TrustPolicy {
            uid: nix::unistd::geteuid().as_raw().max(1),
            trust_owner: None,
        }
    }

    #[test]
    fn a_tidy_file_is_trusted_and_read_whole() {
        let sandbox = Sandbox::new();
        let path = sandbox.file("jobs.toml", 0o644);
        let expected = TrustedText {
            canonical_path: path.clone(),
            text: "[jobs]\n".to_owned(),
            trust: Trust::Trusted,
        };
        assert_eq!(read(&path, as_user()).unwrap(), expected);
        symlink("jobs.toml", sandbox.path("link")).unwrap();
        assert_eq!(read(&sandbox.path("link"), as_user()).unwrap(), expected);
    }

    #[test]
    fn a_file_others_can_write_warns_a_user_and_stops_root() {
        let sandbox = Sandbox::new();
        let path = sandbox.file("jobs.toml", 0o666);
        let reason = format!("`{}` is writable by everybody (mode 0666)", path.display());
        assert_eq!(
            read(&path, as_user()).unwrap().trust,
            Trust::Warning(reason)
        );
        let error = read(&path, ROOT).unwrap_err();
        assert!(matches!(error, ReadError::Refused { .. }), "{error}");
    }

    #[test]
    fn a_foreign_owner_is_refused_unless_named() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let sandbox = Sandbox::new();
        let path = sandbox.file("jobs.toml", 0o600);
        chown(&path, Some(4_242), None).unwrap();
        let error = read(&path, ROOT).unwrap_err().to_string();
        assert!(
            error.contains("belongs to uid 4242, expected root"),
            "{error}"
        );
        let named = TrustPolicy {
            trust_owner: Some(4_242),
            ..ROOT
        };
        assert_eq!(read(&path, named).unwrap().trust, Trust::Trusted);
    }

    #[test]
    fn a_hard_link_in_a_shared_directory_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("shared")).unwrap();
        fs::set_permissions(sandbox.path("shared"), fs::Permissions::from_mode(0o1777)).unwrap();
        let path = sandbox.file("jobs.toml", 0o600);
        fs::hard_link(&path, sandbox.path("shared/jobs.toml")).unwrap();
        assert!(matches!(
            read(&sandbox.path("shared/jobs.toml"), ROOT),
            Err(ReadError::Refused { .. })
        ));
        assert!(
            read(&path, ROOT).is_ok(),
            "in a directory of our own we made the link"
        );
    }

    #[test]
    fn nothing_but_a_regular_file_is_read_and_nothing_blocks() {
        let sandbox = Sandbox::new();
        nix::unistd::mkfifo(&sandbox.path("pipe"), Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(sandbox.path("socket")).unwrap();
        symlink("/dev/zero", sandbox.path("zero")).unwrap();
        let message = |path: &Path| read(path, as_user()).unwrap_err().to_string();
        assert!(
            message(&sandbox.path("pipe")).ends_with("is a named pipe, expected a regular file")
        );
        assert!(message(&sandbox.path("socket")).ends_with("is a socket, expected a regular file"));
        assert!(message(&sandbox.path("zero")).ends_with("is a device, expected a regular file"));
        assert!(message(&sandbox.path("")).ends_with("is a directory, expected a regular file"));
        assert_eq!(
            message(Path::new("/no/such")),
            "cannot open `/no/such`: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn sixteen_mebibytes_are_read_and_one_byte_more_is_not() {
        let sandbox = Sandbox::new();
        let path = sandbox.file("jobs.toml", 0o600);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(MAX_JOBS_FILE_BYTES)
            .unwrap();
        assert_eq!(
            read(&path, as_user()).unwrap().text.len() as u64,
            MAX_JOBS_FILE_BYTES
        );
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(MAX_JOBS_FILE_BYTES + 1)
            .unwrap();
        assert!(matches!(
            read(&path, as_user()),
            Err(ReadError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_byte_that_is_no_text_is_named_with_its_place() {
        let sandbox = Sandbox::new();
        let path = sandbox.path("jobs.toml");
        fs::write(&path, b"a\nb\xc3\xa4\xff\n").unwrap();
        match read(&path, as_user()).unwrap_err() {
            ReadError::NotUtf8 {
                byte,
                offset,
                line,
                column,
                ..
            } => {
                assert_eq!((byte, offset, line, column), (0xff, 5, 2, 3));
            }
            error => panic!("{error}"),
        }
    }

    #[test]
    fn swapping_the_path_never_gets_foreign_contents_taken() {
        // Two names exchanged as fast as possible: a trusted file and one that everybody may write.
        let sandbox = Sandbox::new();
        let (path, other) = (sandbox.file("jobs.toml", 0o600), sandbox.path("other"));
        fs::write(&other, "evil").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o666)).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let at = nix::fcntl::AT_FDCWD;
                    let exchange = nix::fcntl::RenameFlags::RENAME_EXCHANGE;
                    nix::fcntl::renameat2(at, &path, at, &other, exchange).unwrap();
                }
            });
            for _ in 0..5_000 {
                let taken = read(&path, as_user()).unwrap();
                assert_eq!(taken.text == "evil", taken.trust != Trust::Trusted);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
