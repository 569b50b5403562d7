//! Home directories, as the user database of this machine has them (`getpwnam(3)`).

use nix::unistd::{User, geteuid};
use std::path::PathBuf;

/// Of the user this process runs as; none if the database does not know, or cannot say.
#[must_use]
pub fn own() -> Option<PathBuf> {
    Some(User::from_uid(geteuid()).ok()??.dir)
}

/// Of the user of that name; none if the database does not know, or cannot say.
#[must_use]
pub fn of(user: &str) -> Option<PathBuf> {
    Some(User::from_name(user).ok()??.dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_a_user_is_absolute_and_nobody_has_an_impossible_name() {
        assert!(of("root").unwrap().is_absolute());
        assert_eq!(of("no/such:user"), None);
        assert_eq!(of("with\0nul"), None);
    }

    #[test]
    fn we_have_a_home() {
        assert!(own().unwrap().is_absolute());
    }
}
