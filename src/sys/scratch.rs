//! A directory of our own for as long as it is needed.

use nix::unistd::mkdtemp;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// It is removed, with what is in it, when this is dropped.
#[derive(Debug)]
pub struct ScratchDirectory(PathBuf);

impl ScratchDirectory {
    /// One with mode 0700 and a name that nobody can guess, below `XDG_RUNTIME_DIR` or where files that
    /// do not last are (`TMPDIR`, else `/tmp`).
    ///
    /// # Errors
    /// No directory can be made there.
    pub fn new() -> io::Result<Self> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|path| path.is_absolute());
        let made = runtime.and_then(|base| mkdtemp(&base.join("rsched-XXXXXX")).ok());
        // It is gone where nobody logged in, as under sudo.
        let made = made.map_or_else(|| mkdtemp(&env::temp_dir().join("rsched-XXXXXX")), Ok);
        Ok(Self(made?))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        // What is left of it is in nobody's way.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn it_is_ours_alone_and_leaves_nothing() {
        let (one, other) = (
            ScratchDirectory::new().unwrap(),
            ScratchDirectory::new().unwrap(),
        );
        assert_ne!(one.path(), other.path());
        let path = one.path().to_owned();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::write(path.join("file"), "").unwrap();
        drop(one);
        assert!(!path.exists());
    }
}
