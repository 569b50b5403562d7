//! What a crontab says nothing of, and only the machine knows. Whoever loads files brings it: config
//! itself asks nobody.

use super::{Account, AccountError};
use std::path::{Path, PathBuf};

/// Who is there, and what is installed.
pub trait Machine {
    /// The home directory of whoever this program runs as; none if the machine knows none.
    fn own_home(&self) -> Option<PathBuf>;
    /// The home directory of the user of that name; none if there is no such user.
    fn home_of(&self, user: &str) -> Option<PathBuf>;
    /// Whether this absolute path is a program that can be run.
    fn is_program(&self, path: &Path) -> bool;
    /// Whether this absolute path is a directory.
    fn is_directory(&self, path: &Path) -> bool;
    /// Everything that it takes to run commands as that user; none where nothing is to be run.
    ///
    /// # Errors
    /// [`AccountError`].
    fn account(&self, user: &str) -> Option<Result<Account, AccountError>> {
        let _ = user;
        None
    }
}
