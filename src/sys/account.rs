//! The users of this machine, as its user database knows them.

use nix::unistd::{User, getegid, geteuid, getgid, getuid};
use std::env;
use std::path::{Path, PathBuf};

/// Who somebody is, as far as an environment says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The login name; the number where there is none.
    pub name: String,
    /// The home directory; `/` where there is none.
    pub home: PathBuf,
}

impl Login {
    /// Of the user this process runs as. The user database says it, as cron has it; where it does
    /// not know the user (a container with a number for one), `HOME` and `LOGNAME` do.
    #[must_use]
    pub fn of_this_process() -> Self {
        let uid = geteuid();
        if let Ok(Some(user)) = User::from_uid(uid) {
            return Self {
                name: user.name,
                home: user.dir,
            };
        }
        Self {
            name: env::var("LOGNAME").unwrap_or_else(|_| uid.to_string()),
            home: env::var_os("HOME").map_or_else(|| Path::new("/").to_owned(), PathBuf::from),
        }
    }
}

/// Whether the program has other rights than whoever ran it: it is installed setuid or setgid.
#[must_use]
pub fn has_borrowed_rights() -> bool {
    getuid() != geteuid() || getgid() != getegid()
}

/// The home directory of the user of that name; none if the database knows none, or cannot say.
#[must_use]
pub fn home_of(user: &str) -> Option<PathBuf> {
    Some(User::from_name(user).ok()??.dir)
}
