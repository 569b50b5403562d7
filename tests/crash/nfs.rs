//! A state directory on a real NFS, of a server in User-Mode Linux: one scheduler runs there, and its lock
//! dies with it.

use crate::accounts::{self, Entry, Expected};
use crate::machine::{self, Machine, can_boot, comes_true};
use crate::scheduler::Sandbox;
use crate::seed::tell;
use serde_json::Value;
use std::collections::BTreeSet;

const JOBS: &str = "
[history]
keep_runs = 100000
[jobs.tick]
cron = { second = '*' }
timezone = 'UTC'
misfire_grace_time = 'forever'
coalesce = false
max_instances = 'unlimited'
command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'
";

#[test]
fn f6_on_nfs_one_scheduler_runs_and_its_lock_dies_with_it() {
    if !can_boot("a state directory on NFS") {
        return;
    }
    let sandbox = Sandbox::new(JOBS);
    machine::make(&sandbox, include_str!("nfs.sh"));
    let mut machine = Machine::boot(&sandbox, "console");
    let said = || sandbox.read("said");
    let is_over = comes_true(|| said().contains("DONE\n") || said().contains("NO NFS\n"));
    machine.lose_power();
    let said = said();
    assert!(is_over, "{said}\n{}", sandbox.read("trace"));
    if said.contains("NO NFS") {
        tell("skipped: no NFS in this User-Mode Linux");
        return;
    }
    let seen: Vec<_> = said.lines().filter(|line| line.contains(": ")).collect();
    assert_eq!(seen, ["a second one: 75", "the next one: 0"]);
    let second = sandbox.read("second");
    for part in [
        "rsched: warning: the state directory `nfs/state` is on NFS",
        "rsched: the state directory is in use by pid ",
    ] {
        assert!(second.contains(part), "{part:?} is not in {second}");
    }
    let checked = sandbox.read("checked");
    assert!(checked.contains("verdict      whole"), "{checked}");
    let history: Value = serde_json::from_str(&sandbox.read("history")).unwrap();
    let mut lines = accounts::lines_of(&sandbox.read("evidence"));
    let entries = accounts::entries_of(&history);
    // What waited when the last one stopped is for the next one: of a backlog one starts after another, and fires
    // that come later do not wait for it.
    let (ended, waiting): (Vec<_>, Vec<_>) = entries.into_iter().partition(Entry::has_ended);
    assert!(
        waiting.iter().all(|it| it.outcome == "pending"),
        "{waiting:#?}"
    );
    let waits: BTreeSet<_> = waiting.iter().map(|it| it.fire).collect();
    let entries = ended;
    lines.sort_by_key(|line| line.fire);
    let (first, last) = (lines[0].fire, lines[lines.len() - 1].fire);
    let due = (first..=last).filter(|fire| !waits.contains(fire));
    let expected = due.map(|fire| Expected {
        job: "tick".to_owned(),
        due: fire..=fire,
        perhaps: first - 5..=last + 5,
        without_a_run: &["lost"],
    });
    let expected: Vec<_> = expected.collect();
    let death = said.lines().find_map(|line| line.strip_prefix("DEATH "));
    let death = death.unwrap().parse().unwrap();
    let schedulers = accounts::lives_of(&[0.0], &[death]);
    let found = accounts::check(&expected, &entries, &lines, &schedulers);
    let waits = waits.len();
    tell(&format!(
        "a state directory on NFS: {found:?}, and {waits} waited when it ended"
    ));
    assert!(found.is_ok(), "{found:#?}");
}
