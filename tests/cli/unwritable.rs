//! Records in a directory in which one may not write.

use crate::past::{LifeEnds, Past, ended};
use crate::sandbox::{Ended, Sandbox};
use nix::unistd::{Gid, Uid, chown, geteuid};
use rsched::scheduler::{Outcome, Record};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

/// Runs it as one who is not root, in a directory that is theirs; none where that cannot be.
fn as_nobody(sandbox: &Sandbox, arguments: &str) -> Option<Ended> {
    if !geteuid().is_root() {
        return Some(sandbox.shell(&format!("exec rsched {arguments}")));
    }
    let nobody = "exec setpriv --reuid 65534 --regid 65534 --clear-groups";
    if sandbox.shell(&format!("{nobody} rsched --version")).status != Some(0) {
        eprintln!("skipped: the program cannot be run as another user here");
        return None;
    }
    Some(sandbox.shell(&format!("{nobody} rsched {arguments}")))
}

fn recorded(ends: LifeEnds) -> Sandbox {
    let sandbox = Sandbox::new().jobs("[jobs.a]\ncron = '0 3 * * *'\ncommand = 'true'\n");
    let run = Record::Run(ended("a", "03:00:00", Outcome::Succeeded, 20));
    Past::of(&sandbox).life("03:00:00", vec![("03:01:00", vec![run])], ends);
    if geteuid().is_root() {
        for path in [sandbox.path().to_owned(), sandbox.path().join("state")] {
            let nobody = (Some(Uid::from_raw(65_534)), Some(Gid::from_raw(65_534)));
            for entry in fs::read_dir(&path).unwrap() {
                chown(&entry.unwrap().path(), nobody.0, nobody.1).unwrap();
            }
            chown(&path, nobody.0, nobody.1).unwrap();
        }
    }
    sandbox
}

fn make_unwritable(sandbox: &Sandbox, mode: u32) {
    fs::set_permissions(sandbox.path().join("state"), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_a_scheduler_left_that_stopped_can_be_read() {
    let sandbox = recorded(LifeEnds::Stopping);
    make_unwritable(&sandbox, 0o500);
    for command in [
        "history a -f jobs.toml",
        "show a -f jobs.toml",
        "list -f jobs.toml",
        "why a -f jobs.toml",
        "store check state",
    ] {
        let Some(ended) = as_nobody(&sandbox, command) else {
            return;
        };
        assert!(ended.stdout.lines().count() > 0, "{command}");
        ended.success();
    }
    make_unwritable(&sandbox, 0o700);
}

#[test]
fn that_a_log_cannot_be_read_is_said_with_what_is_missing() {
    let sandbox = recorded(LifeEnds::Dying);
    let store = sandbox.path().join("state/store.sqlite");
    fs::remove_file(format!("{}-shm", store.display())).unwrap();
    make_unwritable(&sandbox, 0o500);
    if let Some(ended) = as_nobody(&sandbox, "history a -f jobs.toml") {
        ended
            .stdout("")
            .stderr(&format!(
                "rsched: cannot read `{0}`: the newest records are in its log, `{0}-wal`, which only those can read \
                 who may write in that directory; ask as root, or let its owner do so\n",
                store.display()
            ))
            .code(74);
    }
    make_unwritable(&sandbox, 0o700);
}
