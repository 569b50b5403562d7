//! The unit that is shipped, under a systemd of its own, in User-Mode Linux: what it promises of starts,
//! reloads, stops, deaths and the watchdog; fields in a real journal.

use crate::accounts::{self, Expected, Second};
use crate::machine::{self, Machine, can_boot, comes_true, wait_until};
use crate::scheduler::{Sandbox, works};
use crate::seed::tell;
use serde_json::Value;
use std::path::Path;
use std::thread;

const ROOT: &str = include_str!("systemd_root.sh");
const SCRIPT: &str = include_str!("systemd.sh");
const UNIT: &str = include_str!("../../packaging/rsched.service");

const JOBS: &str = r"
[scheduler]
# More than the test takes; less than the unit's TimeoutStopSec.
shutdown_timeout = '50s'
[history]
keep_runs = 100000
[jobs.tick]
cron = { second = '*' }
timezone = 'UTC'
misfire_grace_time = 'forever'
coalesce = false
max_instances = 'unlimited'
command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> /run/evidence'
[jobs.long]
cron = '0 0 1 1 *'
command = 'echo begun; echo $$ > /run/long; read -r line < /run/gate; echo $line'
[jobs.deaf]
cron = '0 0 1 1 *'
kill_after = '1s'
command = '''trap 'echo told > /run/told' TERM; echo $$ > /run/deaf; while :; do sleep 0.1; done'''
[jobs.other]
cron = '0 0 1 1 *'
command = 'true'
";

/// What is seen, in this order.
const SEEN: [&str; 17] = [
    "before it is ready: activating",
    "status: Scheduling 4 jobs",
    "a second one: 1, failed, 75",
    "reload: 0, active, 1 more, Scheduling 5 jobs",
    "reload of an invalid file: 1, active",
    "reload: 0, active",
    "killed: 1 restart, the job lives",
    "it was adopted: to its end",
    "a disk that hangs: active, and it answers",
    "stopping: deactivating, one job succeeded, one lives",
    "stopped: success, 0, told and killed, it is dead",
    "a stopped one: restarted, the job lives",
    "it was adopted: to its end",
    "killed with its group: 1 restart, the job is dead",
    "it is lost",
    "stopped with its group: 0, success, 0, the job failed",
    "an invalid file: 1, failed, 78",
];

/// What follows the word on the lines that begin with it.
fn numbers(said: &str, word: &str) -> Vec<f64> {
    let lines = said.lines().filter_map(|line| line.strip_prefix(word));
    lines.map(|number| number.trim().parse().unwrap()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "some 2e9")]
fn second(said: &str, word: &str) -> Second {
    numbers(said, word)[0] as Second
}

/// What the script did, for who must find out why it did not get on.
struct ShownIfItFails<'a>(&'a Sandbox);

impl Drop for ShownIfItFails<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let trace = self.0.read("trace");
            let lines: Vec<_> = trace.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            eprintln!("said:\n{}\ntrace:\n{last}", self.0.read("said"));
        }
    }
}

#[test]
fn a18_the_unit_keeps_its_promises_under_systemd() {
    let systemd = Path::new("/usr/lib/systemd/systemd");
    if !can_boot("the unit under systemd") {
        return;
    }
    if !systemd.exists() || !works("journalctl", &["--version"]) || !works("fsfreeze", &["-V"]) {
        tell("skipped: the unit under systemd needs systemd, its journal and fsfreeze");
        return;
    }
    let sandbox = Sandbox::new(JOBS);
    sandbox.write("shipped.service", UNIT);
    sandbox.write("check", SCRIPT);
    machine::make(&sandbox, ROOT);
    let _shown = ShownIfItFails(&sandbox);
    let mut machine = Machine::boot(&sandbox, "console");
    let said = || sandbox.read("said");
    if !comes_true(|| said().contains("UP\n")) {
        tell("skipped: this systemd does not come up in this User-Mode Linux");
        return;
    }
    for line in SEEN.iter().chain(&["DONE"]) {
        let is_said = || said().lines().any(|seen| seen == *line);
        wait_until(line, is_said);
    }
    machine.lose_power();
    let said = said();
    let seen: Vec<_> = said
        .lines()
        .filter(|line| line.contains(": ") || line.starts_with("it is "))
        .collect();
    assert_eq!(seen, SEEN);
    let checked = sandbox.read("checked");
    assert!(checked.contains("verdict      whole"), "{checked}");
    judge_fires(&sandbox, &said);
    judge_journal(&sandbox.read("journal"));
}

/// No fire twice, and none missing, over all those ends.
fn judge_fires(sandbox: &Sandbox, said: &str) {
    let (begin, end) = (second(said, "BEGIN"), second(said, "END"));
    let history: Value = serde_json::from_str(&sandbox.read("history")).unwrap();
    let mut entries = accounts::entries_of(&history);
    let mut lines = accounts::lines_of(&sandbox.read("evidence"));
    // Then it was paused.
    entries.retain(|entry| entry.fire < end);
    lines.retain(|line| line.fire < end);
    let expected = Expected {
        job: "tick".to_owned(),
        due: begin + 1..=end - 1,
        perhaps: begin - 60..=end,
        // It died with its group between the decision and the job's first line.
        without_a_run: &["lost"],
    };
    let schedulers = accounts::lives_of(&numbers(said, "START"), &numbers(said, "DEATH"));
    let found = accounts::check(&[expected], &entries, &lines, &schedulers);
    tell(&format!(
        "a unit under systemd: 3 deaths, {} fires; {found:?}",
        entries.len()
    ));
    assert!(found.is_ok(), "{found:#?}");
}

/// What the journal has of one job.
fn judge_journal(journal: &str) {
    let entries: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let with = |field: &str, value: &str| {
        let found = entries.iter().find(|entry| entry[field] == value);
        found.unwrap_or_else(|| panic!("no {field}={value} in {entries:#?}"))
    };
    assert!(entries.iter().all(|entry| entry["RSCHED_JOB_ID"] == "long"));
    let started = with("RSCHED_EVENT", "job_started");
    let run = started["RSCHED_RUN_ID"].as_str().unwrap();
    assert_eq!(run.len(), 16, "{started}");
    assert_eq!(started["SYSLOG_IDENTIFIER"], "rsched");
    assert_eq!(started["_SYSTEMD_UNIT"], "rsched.service");
    assert!(started["RSCHED_FIRE_TIME"].is_string(), "{started}");
    for (line, priority) in [("long | begun", "6"), ("long | finished", "6")] {
        let printed = with("MESSAGE", line);
        assert_eq!(printed["RSCHED_RUN_ID"], run, "adopted or not");
        assert_eq!(printed["PRIORITY"], priority);
    }
    let executed = with("RSCHED_EVENT", "job_executed");
    assert_eq!(executed["RSCHED_OUTCOME"], "succeeded");
    assert_eq!(executed["RSCHED_EXIT_CODE"], "0");
    // That it died with the scheduler is said by the next one, and is an error.
    let lost = entries.iter().find(|entry| {
        entry["RSCHED_OUTCOME"] == "lost" && entry["_SYSTEMD_UNIT"] == "group.service"
    });
    assert_eq!(lost.unwrap()["PRIORITY"], "3");
}
