//! All processes of the machine at one moment, as `/proc` tells: who is whose child, in which group,
//! and told what.
//!
//! Reading it takes about a millisecond per hundred processes, so it is read once for all that is asked,
//! and only while something is being stopped. A machine without `/proc` seems to have no processes.

use super::identity::ProcessStat;
use super::pidfd::Pidfd;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// The processes.
#[derive(Debug, Default)]
pub struct ProcessTable {
    processes: BTreeMap<i32, Process>,
}

#[derive(Debug)]
struct Process {
    stat: ProcessStat,
    /// What it was told of what was asked for.
    told: Option<String>,
}

/// A process, told apart from a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Its pid.
    pub pid: i32,
    /// When it started, in clock ticks after boot.
    pub start_time: u64,
}

impl ProcessTable {
    /// Reads it.
    #[must_use]
    pub fn read() -> Self {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Self::default();
        };
        let processes = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
            // Gone meanwhile.
            .filter_map(|pid: i32| {
                let stat = ProcessStat::read(Pid::from_raw(pid)).ok()?;
                Some((pid, Process { stat, told: None }))
            })
            .collect();
        Self { processes }
    }

    /// Reads what processes found in their environment when their programs started: the values of
    /// these variables, with dots between them. Only of those that started at `since` or later, and
    /// have all of them; and not of others' processes, unless we are root.
    pub fn read_variables(&mut self, names: &[&str], since: u64) {
        for (pid, process) in &mut self.processes {
            if process.stat.has_ended() || process.stat.start_time < since {
                continue;
            }
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let value = |name: &&str| {
                let of = |variable: &[u8]| {
                    let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
                    String::from_utf8(value.to_vec()).ok()
                };
                environment.split(|&byte| byte == 0).find_map(of)
            };
            let values: Option<Vec<String>> = names.iter().map(value).collect();
            process.told = values.map(|values| values.join("."));
        }
    }

    /// When a process started, if it exists, be it as a zombie.
    #[must_use]
    pub fn start_time(&self, pid: Pid) -> Option<u64> {
        Some(self.processes.get(&pid.as_raw())?.stat.start_time)
    }

    /// Whether anybody lives in the group of `leader` beside the leader itself, who is a zombie
    /// until it is reaped.
    #[must_use]
    pub fn group_lives(&self, leader: Pid) -> bool {
        let mut others = self.living().filter(|&(pid, _)| pid != leader.as_raw());
        others.any(|(_, process)| process.stat.group == leader.as_raw())
    }

    /// The living processes that were told `told`, or descend from `leader`, or from one of these, or from
    /// one of those `known`, who count too; but not those in the group of `leader`.
    #[must_use]
    pub fn strays(
        &self,
        leader: Option<Pid>,
        told: &str,
        known: &BTreeSet<ProcessKey>,
    ) -> Vec<ProcessKey> {
        let leader = leader.map(Pid::as_raw);
        let us = getpid().as_raw();
        let mut kin: BTreeSet<i32> = leader.into_iter().collect();
        let is_same = |key: &&ProcessKey| {
            let process = self.processes.get(&key.pid);
            process.is_some_and(|process| process.stat.start_time == key.start_time)
        };
        kin.extend(known.iter().filter(is_same).map(|key| key.pid));
        let was_told = |process: &Process| process.told.as_deref() == Some(told);
        kin.extend(
            self.living()
                .filter(|(_, it)| was_told(it))
                .map(|(pid, _)| pid),
        );
        // Never us, whoever started us: all orphans are our children.
        kin.remove(&us);
        loop {
            let children = self.living().filter(|(pid, process)| {
                *pid != us && !kin.contains(pid) && kin.contains(&process.stat.parent)
            });
            let children: Vec<i32> = children.map(|(pid, _)| pid).collect();
            if children.is_empty() {
                break;
            }
            kin.extend(children);
        }
        self.living()
            .filter(|(pid, process)| {
                kin.contains(pid) && Some(*pid) != leader && Some(process.stat.group) != leader
            })
            .map(|(pid, process)| ProcessKey {
                pid,
                start_time: process.stat.start_time,
            })
            .collect()
    }

    fn living(&self) -> impl Iterator<Item = (i32, &Process)> {
        let processes = self.processes.iter();
        processes
            .filter(|(_, process)| !process.stat.has_ended())
            .map(|(&pid, process)| (pid, process))
    }
}

impl ProcessKey {
    /// Sends a signal to this very process, if it still is.
    ///
    /// # Errors
    /// EPERM; EMFILE, ENFILE, ENOMEM. That it is gone is none.
    pub fn signal(self, signal: Signal) -> io::Result<()> {
        let gone = |error: &io::Error| error.raw_os_error() == Some(nix::libc::ESRCH);
        let pid = Pid::from_raw(self.pid);
        let process = match Pidfd::open(pid) {
            Err(error) if gone(&error) => return Ok(()),
            result => result?,
        };
        // Asked after opening: if the number is the right process's now, it was when it was opened.
        match ProcessStat::read(pid) {
            Ok(stat) if stat.start_time == self.start_time => {}
            _ => return Ok(()),
        }
        match process.signal(signal) {
            Err(error) if gone(&error) => Ok(()),
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    fn pid_of(child: &Child) -> i32 {
        i32::try_from(child.id()).unwrap()
    }

    fn sleeper(command: &mut Command) -> Child {
        command.spawn().unwrap()
    }

    #[test]
    fn a_group_lives_while_one_beside_its_leader_does() {
        let lives = |group| ProcessTable::read().group_lives(Pid::from_raw(group));
        let mut leader = sleeper(Command::new("sleep").arg("1000").process_group(0));
        let group = pid_of(&leader);
        assert!(!lives(group));
        let mut member = sleeper(Command::new("sleep").arg("1000").process_group(group));
        leader.kill().unwrap();
        assert!(lives(group));
        member.kill().unwrap();
        member.wait().unwrap();
        assert!(!lives(group), "a dead member does not count");
        leader.wait().unwrap();
    }

    #[test]
    fn strays_are_found_by_what_they_were_told_and_by_descent() {
        const NAME: &str = "RSCHED_TEST_OF_STRAYS";
        let id = std::process::id().to_string();
        // A leader; in a session of its own, a child of it that has forgotten everything; and one
        // that is nobody's child any more.
        let script =
            "(setsid sh -c 'exec sleep 1000' &) ; setsid env -i sleep 1000 & exec sleep 1000";
        let mut leader = sleeper(
            Command::new("sh")
                .args(["-c", script])
                .env(NAME, &id)
                .process_group(0),
        );
        let leader_pid = Pid::from_raw(pid_of(&leader));
        let strays = |leader: Option<Pid>, told: &str| {
            let mut table = ProcessTable::read();
            table.read_variables(&[NAME], table.start_time(leader_pid).unwrap());
            table.strays(leader, told, &BTreeSet::new())
        };
        let found = loop {
            let found = strays(Some(leader_pid), &id);
            if found.len() == 2 {
                break found;
            }
            std::thread::yield_now();
        };
        assert_eq!(
            strays(Some(leader_pid), "another").len(),
            1,
            "by descent alone"
        );
        // Without a leader its whole group counts too.
        assert_eq!(strays(None, &id).len(), 3);
        for stray in found {
            let stranger = ProcessKey {
                start_time: stray.start_time + 1,
                ..stray
            };
            stranger.signal(Signal::SIGKILL).unwrap();
            assert!(
                ProcessStat::read(Pid::from_raw(stray.pid)).is_ok(),
                "not this one"
            );
            stray.signal(Signal::SIGKILL).unwrap();
        }
        while !strays(Some(leader_pid), &id).is_empty() {
            std::thread::yield_now();
        }
        leader.kill().unwrap();
        leader.wait().unwrap();
    }
}
