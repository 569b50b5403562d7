//! The machine that crontabs are read on: its users and its programs, each asked for once.

use crate::accounts::UserDatabase;
use crate::config::{Account, AccountError, Accounts, Machine, Principal};
use crate::sys::account::{self, Login};
use std::cell::RefCell;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Answers from the user database and the file system.
#[derive(Default)]
pub(super) struct ThisMachine {
    /// Asked for those whom commands are to run as; none if nothing is to be run.
    accounts: Option<UserDatabase>,
    homes: RefCell<HashMap<String, Option<PathBuf>>>,
    programs: RefCell<HashMap<PathBuf, bool>>,
}

impl ThisMachine {
    /// For crontabs that are to be run: whoever a command runs as must be found.
    pub(super) fn to_run_on() -> Self {
        Self {
            accounts: Some(UserDatabase::default()),
            ..Self::default()
        }
    }
}

impl Machine for ThisMachine {
    fn own_home(&self) -> Option<PathBuf> {
        Some(Login::of_this_process().home)
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        if let Some(Ok(account)) = self.account(user) {
            return Some(account.home);
        }
        let mut known = self.homes.borrow_mut();
        let home = known.entry(user.to_owned());
        home.or_insert_with(|| account::home_of(user)).clone()
    }

    fn is_program(&self, path: &Path) -> bool {
        let mut known = self.programs.borrow_mut();
        *known.entry(path.to_owned()).or_insert_with(|| {
            path.metadata()
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn account(&self, user: &str) -> Option<Result<Account, AccountError>> {
        let accounts = self.accounts.as_ref()?;
        Some(accounts.find(Some(&Principal::Name(user.to_owned())), None))
    }
}
