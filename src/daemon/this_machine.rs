//! The machine that crontabs are read on: its users and its programs, each asked for once.

use crate::accounts::UserDatabase;
use crate::config::{Account, AccountError, Accounts, Machine, Principal};
use crate::sys::account::{self, Login};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Answers from the user database and the file system.
#[derive(Default)]
pub(super) struct ThisMachine {
    /// Asked for those whom commands are to run as; none if nothing is to be run.
    accounts: Option<UserDatabase>,
    own_home: OnceCell<PathBuf>,
    homes: RefCell<HashMap<String, Option<PathBuf>>>,
    programs: RefCell<HashMap<PathBuf, bool>>,
    directories: RefCell<HashMap<PathBuf, bool>>,
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
        let home = self.own_home.get_or_init(|| Login::of_this_process().home);
        Some(home.clone())
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
        once(&self.programs, path, |path| {
            path.metadata()
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
    }

    fn is_directory(&self, path: &Path) -> bool {
        once(&self.directories, path, Path::is_dir)
    }

    fn account(&self, user: &str) -> Option<Result<Account, AccountError>> {
        let accounts = self.accounts.as_ref()?;
        Some(accounts.find(Some(&Principal::Name(user.to_owned())), None))
    }
}

/// The answer about a path, which is found out the first time.
fn once(
    known: &RefCell<HashMap<PathBuf, bool>>,
    path: &Path,
    find_out: impl Fn(&Path) -> bool,
) -> bool {
    if let Some(&answer) = known.borrow().get(path) {
        return answer;
    }
    let answer = find_out(path);
    known.borrow_mut().insert(path.to_owned(), answer);
    answer
}
