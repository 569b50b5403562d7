//! Whom a job runs as. The file names a user and a group; who they are, the machine's user
//! database says, which is asked from outside.

use super::reader::{Entry, Problems};
use super::value::{TextKind, filled_text, wrong_type};
use crate::diagnostic::{Diagnostic, quoted};
use std::path::PathBuf;
use toml::de::DeValue;

/// A user with everything that a process needs to become it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The login name; the number where the user has none.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// All groups, in no particular order.
    pub groups: Vec<u32>,
    /// The home directory.
    pub home: PathBuf,
}

/// Whom a job runs as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunAs {
    /// Whoever rsched runs as.
    #[default]
    Ourselves,
    /// Somebody else, as the user database had it when the file was read.
    Account(Account),
    /// Somebody else, and nobody was asked who that is: it must not be run.
    Unasked,
}

impl RunAs {
    /// The somebody else.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Account(account) => Some(account),
            Self::Ourselves | Self::Unasked => None,
        }
    }
}

/// A user or group as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// By number.
    Number(u32),
    /// By name.
    Name(String),
}

/// The machine's users and groups.
pub trait Accounts {
    /// Who runs if `user` and `group` are asked for; none stands for the user we run as, and for the
    /// user's own group.
    ///
    /// # Errors
    /// [`AccountError`].
    fn find(
        &self,
        user: Option<&Principal>,
        group: Option<&Principal>,
    ) -> Result<Account, AccountError>;
}

/// Why nobody was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// We are not root, and nobody else may become another.
    NotRoot,
    /// There is no such user.
    NoUser,
    /// There is no such group.
    NoGroup,
    /// The user is a number that the database does not know, and no group is given.
    NoOwnGroup,
    /// The database cannot be asked: why, for people.
    Unanswered(String),
}

/// Where `user` and `group` are written, and what they say.
#[derive(Clone, Default)]
pub(super) struct AccountKeys<'t> {
    pub user: Option<(Principal, Entry<'t>)>,
    pub group: Option<(Principal, Entry<'t>)>,
}

impl AccountKeys<'_> {
    /// Looks them up.
    pub(super) fn find(&self, accounts: Option<&dyn Accounts>, problems: &mut Problems) -> RunAs {
        if self.user.is_none() && self.group.is_none() {
            return RunAs::Ourselves;
        }
        let Some(accounts) = accounts else {
            return RunAs::Unasked;
        };
        let principal =
            |key: &Option<(Principal, Entry<'_>)>| key.as_ref().map(|(it, _)| it.clone());
        let (user, group) = (principal(&self.user), principal(&self.group));
        match accounts.find(user.as_ref(), group.as_ref()) {
            Ok(account) => RunAs::Account(account),
            Err(error) => {
                problems.extend(self.problem(&error));
                RunAs::Unasked
            }
        }
    }

    fn problem(&self, error: &AccountError) -> Option<Diagnostic> {
        let (user, group) = (self.user.as_ref(), self.group.as_ref());
        let at = match error {
            AccountError::NoGroup => group.or(user),
            _ => user.or(group),
        };
        let (principal, entry) = at?;
        let shown = match principal {
            Principal::Number(number) => number.to_string(),
            Principal::Name(name) => quoted(name),
        };
        let key = entry.key;
        Some(match error {
            AccountError::NotRoot => entry
                .key_error(
                    "not_root",
                    format!("`{key}` needs root: only root may run a job as another user"),
                )
                .help("run rsched as root, or leave it out"),
            AccountError::NoUser => entry.error(
                "unknown_user",
                format!("there is no user {shown} on this machine"),
            ),
            AccountError::NoGroup => entry.error(
                "unknown_group",
                format!("there is no group {shown} on this machine"),
            ),
            AccountError::NoOwnGroup => entry
                .error(
                    "missing_key",
                    format!("user {shown} has no name on this machine, and so no group"),
                )
                .help("add `group = …`"),
            AccountError::Unanswered(why) => entry.error(
                "unknown_user",
                format!("cannot find out who {shown} is: {why}"),
            ),
        })
    }
}

/// A name, or a number in digits.
pub(super) fn principal(entry: &Entry<'_>, problems: &mut Problems) -> Option<Principal> {
    let text = match entry.value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().into(),
        DeValue::String(_) => filled_text(entry, TextKind::Name, problems)?,
        _ => {
            problems.push(wrong_type(entry, "a name or a number"));
            return None;
        }
    };
    // Whatever begins like a number is none but a number: some tools take `0x10` or `010` for one, and
    // `1a` for a name.
    let like_number = |c: char| c.is_ascii_digit() || "+-".contains(c);
    let no_name = |c: char| c.is_whitespace() || "/:".contains(c);
    if !text.starts_with(like_number) && !text.contains(no_name) {
        return Some(Principal::Name(text.into_owned()));
    }
    // The highest is -1 in C, which asks the kernel to change nothing (setresuid(2)).
    let number = text.parse().ok().filter(|number| *number != u32::MAX);
    if let Some(number) = number.filter(|number: &u32| number.to_string() == *text) {
        return Some(Principal::Number(number));
    }
    let message = format!(
        "{} is {}, expected a name, or a number from 0 to {}",
        quoted(entry.key),
        quoted(&text),
        u32::MAX - 1
    );
    problems.push(entry.error("out_of_range", message));
    None
}
