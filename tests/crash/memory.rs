//! Memory runs out: the kernel kills a job, in a control group of its own.

use crate::accounts::{Entry, entries_of};
use crate::lives::{EVERY_SECOND, history};
use crate::scheduler::Sandbox;
use crate::seed::tell;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A control group with a limit for memory, of either version.
struct Group(PathBuf);

impl Group {
    /// One with so many bytes. Where none can be made, it is said.
    fn new(test: &str, bytes: u64) -> Option<Self> {
        let made = Self::make(test, bytes);
        if made.is_none() {
            tell(&format!(
                "skipped: {test} needs a memory control group, and may make none here"
            ));
        }
        made
    }

    fn make(test: &str, bytes: u64) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let ours = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mount = |is_right: &dyn Fn(&[&str]) -> bool| {
            let mut mounts = mounts
                .lines()
                .map(|line| line.split(' ').collect::<Vec<_>>());
            mounts
                .find(|parts| is_right(parts))
                .map(|parts| parts[1].to_owned())
        };
        let path_of = |is_right: &dyn Fn(&str) -> bool| {
            let mut groups = ours.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            });
            groups
                .find(|(which, _)| is_right(which))
                .map(|(_, path)| path.to_owned())
        };
        let is_memory = |list: &str| list.split(',').any(|name| name == "memory");
        let first = mount(&|parts| parts[2] == "cgroup" && is_memory(parts[3]));
        let (mount, path, limit) = match first {
            Some(mount) => (mount, path_of(&is_memory)?, "memory.limit_in_bytes"),
            None => (
                mount(&|parts| parts[2] == "cgroup2")?,
                path_of(&str::is_empty)?,
                "memory.max",
            ),
        };
        // Below our own, or, in a container that sees only its own part, below the mount.
        let below = Path::new(&mount).join(path.trim_start_matches('/'));
        let name = format!("rsched-{test}-{}", std::process::id());
        for base in [below, PathBuf::from(mount)] {
            let group = Self(base.join(&name));
            if fs::create_dir(&group.0).is_ok()
                && fs::write(group.0.join(limit), bytes.to_string()).is_ok()
            {
                return Some(group);
            }
        }
        None
    }

    /// The file that a process is put into the group by.
    fn members(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }

    /// How many processes were killed in it.
    fn kills(&self) -> usize {
        let read = |name: &str| fs::read_to_string(self.0.join(name)).ok();
        let text = read("memory.oom_control")
            .or_else(|| read("memory.events"))
            .unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.expect("a count").parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Whoever is still in it belongs to a test that failed.
        drop(fs::remove_dir(&self.0));
    }
}

#[test]
fn a10_a_job_that_is_killed_for_its_memory_failed_by_signal_9_and_nobody_else_notices() {
    let Some(group) = Group::new("oom-job", 32 << 20) else {
        return;
    };
    let greedy = format!(
        "[jobs.greedy]\nmax_instances = 1\ncommand = 'echo $$ > {}; exec tail /dev/zero'\n",
        group.members().display()
    );
    let sandbox = Sandbox::new(&format!("{EVERY_SECOND}{greedy}"));
    let mut scheduler = sandbox.start();
    let error = scheduler.event("job_error", "greedy");
    assert_eq!(
        (&error["outcome"], &error["signal"]),
        (&"failed".into(), &9.into()),
        "{error}"
    );
    assert_eq!(group.kills(), 1);
    scheduler.event("job_executed", "a");
    let lines = scheduler.stop();
    let mut worst = 0.0_f64;
    for line in lines.iter().filter(|line| line["job_id"] == "a") {
        assert_ne!(line["event"], "job_error", "{line}");
        if line["event"] == "job_started" {
            worst = worst.max(line["late_by"].as_f64().unwrap());
        }
    }
    tell(&format!(
        "a job beside one that is killed for its memory was {worst:.3} s late at most"
    ));
    let Value::Array(history) = history(&sandbox) else {
        panic!("a list");
    };
    let (greedy, others): (Vec<_>, Vec<_>) = history
        .into_iter()
        .partition(|entry| entry["job_id"] == "greedy");
    assert_eq!(greedy.len(), 1);
    assert_eq!(
        (&greedy[0]["outcome"], &greedy[0]["signal"]),
        (&"failed".into(), &9.into())
    );
    let others = entries_of(&Value::Array(others));
    assert!(
        others
            .iter()
            .filter(|it| it.has_ended())
            .all(|it: &Entry| it.outcome == "succeeded")
    );
}
