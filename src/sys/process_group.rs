//! Who is in a process group.

use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;

/// The process groups in which a process lives that is not their leader.
///
/// Signal 0 to a group does not tell: it also counts the leader, who is a zombie until reaped.
/// So `/proc` is read through, which takes about a millisecond per hundred processes, however many
/// groups are asked about; only to be asked while jobs are being stopped. A machine without `/proc`
/// seems to have none.
#[must_use]
pub fn groups_with_members() -> BTreeSet<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return BTreeSet::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
        .filter_map(|pid: i32| {
            // A process may call itself anything, not only text.
            let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
            living_member_of(&String::from_utf8_lossy(&stat)).filter(|&group| group != pid)
        })
        .map(Pid::from_raw)
        .collect()
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
    fn a_group_has_members_while_one_beside_its_leader_lives() {
        let has_members = |group| groups_with_members().contains(&Pid::from_raw(group));
        let mut leader = Command::new("sleep")
            .arg("1000")
            .process_group(0)
            .spawn()
            .unwrap();
        let group = i32::try_from(leader.id()).unwrap();
        assert!(!has_members(group));
        let mut member = Command::new("sleep")
            .arg("1000")
            .process_group(group)
            .spawn()
            .unwrap();
        leader.kill().unwrap();
        assert!(has_members(group));
        member.kill().unwrap();
        member.wait().unwrap();
        assert!(!has_members(group), "a dead member does not count");
        leader.wait().unwrap();
    }
}
