//! Finding a process by what it was given to know.

use super::identity::{ProcessIdentity, ProcessStat, boot_id};
use nix::unistd::Pid;
use std::fs;
use std::io;

/// The living session leader that has all these variables in its environment, `NAME=value` each.
///
/// A job's process leads a session, and its children inherit its environment but not that. Reads
/// through `/proc`, so only for the rare case in which nobody wrote down which process it is.
///
/// # Errors
/// `/proc` cannot be read.
pub fn session_leader_with(variables: &[String]) -> io::Result<Option<ProcessIdentity>> {
    let boot_id = boot_id()?;
    for entry in fs::read_dir("/proc")? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        let Ok(pid) = name.parse::<i32>() else {
            continue;
        };
        // Gone meanwhile, or somebody else's: not ours in either case.
        let (Ok(environment), Ok(stat)) = (
            fs::read(format!("/proc/{pid}/environ")),
            ProcessStat::read(Pid::from_raw(pid)),
        ) else {
            continue;
        };
        let leads = nix::unistd::getsid(Some(Pid::from_raw(pid))) == Ok(Pid::from_raw(pid));
        let has = |variable: &String| {
            environment
                .split(|&byte| byte == 0)
                .any(|one| one == variable.as_bytes())
        };
        if leads && !stat.has_ended() && variables.iter().all(has) {
            return Ok(Some(ProcessIdentity {
                boot_id,
                pid,
                start_time: stat.start_time,
            }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_leader_is_found_by_its_environment_and_its_children_are_not() {
        let name = format!("RSCHED_TEST_OF_SEARCH={}", std::process::id());
        let (variable, value) = name.split_once('=').unwrap();
        let mut child = Command::new("setsid")
            .args(["--wait", "sh", "-c", "sleep 1000; :"])
            .env(variable, value)
            .spawn()
            .unwrap();
        let wanted = [name.clone()];
        let found = loop {
            if let Some(found) = session_leader_with(&wanted).unwrap() {
                break found;
            }
            std::thread::yield_now();
        };
        assert!(found.is_alive().unwrap());
        let missing = [name.clone(), "RSCHED_TEST_OF_SEARCH_2=1".to_owned()];
        assert_eq!(session_leader_with(&missing).unwrap(), None);
        nix::sys::signal::killpg(Pid::from_raw(found.pid), nix::sys::signal::Signal::SIGKILL)
            .unwrap();
        child.wait().unwrap();
    }
}
