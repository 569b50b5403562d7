//! Who is in a process group.

use nix::unistd::Pid;
use std::fs;

/// Whether a process other than the leader lives in its group.
///
/// Signal 0 to the group does not tell: it also counts the leader, who is a zombie until reaped.
/// So `/proc` is read through, which takes about a millisecond per hundred processes; only to be
/// asked while a job is being stopped. A machine without `/proc` seems to have no other.
#[must_use]
pub fn outlives_its_leader(leader: Pid) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
        .filter(|&pid: &i32| pid != leader.as_raw())
        .any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| living_member_of(&stat) == Some(leader.as_raw()))
        })
}

/// The process group in a line of `/proc/PID/stat`, unless the process has ended (`proc(5)`). The
/// name before it may hold anything, so everything is counted from its closing bracket.
fn living_member_of(stat: &str) -> Option<i32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X" | "x")).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    #[test]
    fn a_line_is_read_whatever_the_program_is_called() {
        assert_eq!(living_member_of("7 (sh) S 1 42 42 0 -1"), Some(42));
        assert_eq!(living_member_of("7 (a) Z 1 (b) S 1 42 42 0 -1"), Some(42));
        assert_eq!(living_member_of("7 (sh) Z 1 42 42 0 -1"), None);
        assert_eq!(living_member_of("7 (sh"), None);
    }

    #[test]
    fn a_group_with_a_second_process_outlives_its_leader() {
        let mut leader = Command::new("sleep")
            .arg("1000")
            .process_group(0)
            .spawn()
            .unwrap();
        let group = i32::try_from(leader.id()).unwrap();
        assert!(!outlives_its_leader(Pid::from_raw(group)));
        let mut member = Command::new("sleep")
            .arg("1000")
            .process_group(group)
            .spawn()
            .unwrap();
        leader.kill().unwrap();
        assert!(outlives_its_leader(Pid::from_raw(group)));
        member.kill().unwrap();
        member.wait().unwrap();
        assert!(
            !outlives_its_leader(Pid::from_raw(group)),
            "a dead member does not count"
        );
        leader.wait().unwrap();
    }
}
