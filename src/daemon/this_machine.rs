//! The machine that crontabs are read on: its users and its programs, each asked for once.

use crate::config::Machine;
use crate::sys::homes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Answers from the user database and the file system.
#[derive(Debug, Default)]
pub(super) struct ThisMachine {
    /// A user database may be on the network, and a crontab names root in every line.
    homes: RefCell<HashMap<String, Option<PathBuf>>>,
    programs: RefCell<HashMap<PathBuf, bool>>,
}

impl Machine for ThisMachine {
    fn own_home(&self) -> Option<PathBuf> {
        homes::own()
    }

    fn home_of(&self, user: &str) -> Option<PathBuf> {
        let mut known = self.homes.borrow_mut();
        let home = known.entry(user.to_owned());
        home.or_insert_with(|| homes::of(user)).clone()
    }

    fn is_program(&self, path: &Path) -> bool {
        let mut known = self.programs.borrow_mut();
        *known.entry(path.to_owned()).or_insert_with(|| {
            path.metadata()
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
    }
}
