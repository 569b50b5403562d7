//! Losses of power, in User-Mode Linux: a kernel of its own, whose memory, with all that was written and
//! not yet forced to its disk, is gone when it is killed.
//!
//! Two of them; `RSCHED_POWER_LOSSES=200` asks for more. `RSCHED_DURABILITY=process` shows that it can
//! fail: then records are lost.

use crate::accounts::{self, Expected, Life, Second};
use crate::machine::{self, Machine, can_boot, console, wait_until};
use crate::scheduler::Sandbox;
use crate::seed::{Dice, number, tell};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const JOBS: usize = 10;

/// What the machine does. Whatever reaches the console outlives it.
const INIT: &str = r#"
if [ -e last ]; then
    last=$(cat last)
    RSCHED run jobs.toml --state-dir disk/state 2>&1 &
    # All that came due until then is judged at once, and has to come to its end, however slow this is.
    until RSCHED history --state-dir disk/state --since "@$last" --format json | grep -q job_id; do
        sleep 0.5
    done
    while RSCHED history --state-dir disk/state --until "@$last" -n 1000000 --format json |
        grep -Eq '"state":"(pending|starting|running)"'; do
        sleep 0.5
    done
    kill $!
    wait $!
    RSCHED history --state-dir disk/state -n 1000000 --format json > history.json
    RSCHED store check disk/state > check
    power_off
fi
RSCHED run jobs.toml --state-dir disk/state 2>&1 &
while :; do
    run=$(RSCHED trigger manual --state-dir disk/state 2>/dev/null) && echo "ACK $run"
    sleep 0.1
done
"#;

fn jobs_file() -> String {
    let durability = std::env::var("RSCHED_DURABILITY").unwrap_or_else(|_| "power".to_owned());
    let mut toml = format!(
        "[scheduler]\ndurability = '{durability}'\n[history]\nkeep_runs = 1000000\n\
         [executors.default]\nmax_workers = 'unlimited'\n"
    );
    let mut job = |name: &str, trigger: &str| {
        writeln!(
            toml,
            "[jobs.{name}]\n{trigger}\ntimezone = 'UTC'\nmisfire_grace_time = 'forever'\ncoalesce = false\nmax_instances = 'unlimited'\n\
             command = 'echo \"RUN $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME\" > /dev/console'"
        )
        .unwrap();
    };
    for index in 0..JOBS {
        job(&format!("job{index}"), "cron = { second = '*' }");
    }
    job("manual", "cron = '0 0 1 1 *'");
    toml
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "some 2e9")]
fn whole(time: f64) -> Second {
    time.trunc() as Second
}

fn lines_with<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(word))
}

#[test]
fn no_acknowledged_record_is_lost_with_the_power_and_nothing_runs_twice() {
    let rounds = number("RSCHED_POWER_LOSSES", 2);
    if !can_boot("a loss of power") {
        return;
    }
    let mut dice = Dice::new("power losses");
    let sandbox = Sandbox::new(&jobs_file());
    machine::make(&sandbox, INIT);
    let begin = whole(now());
    let (mut all, mut schedulers, mut known) = (String::new(), Vec::new(), None);
    for round in 0..rounds {
        let name = format!("console{round}");
        let before = now();
        let mut machine = Machine::boot(&sandbox, &name);
        let text = || console(&sandbox, &name);
        // From its first answers on what it said counts: some die before it.
        if known.is_none() || dice.roll(8) > 0 {
            wait_until("it answers", || text().contains("ACK "));
            known.get_or_insert_with(|| whole(now()));
            let time = Duration::from_millis(dice.roll(4000));
            let end = Instant::now() + time;
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                thread::park_timeout(left);
            }
        } else {
            wait_until("it starts", || text().contains("Scheduler started"));
        }
        machine.lose_power();
        schedulers.push(Life {
            begin: before,
            killed: Some(now()),
        });
        all.push_str(&text());
    }
    let end = whole(now());
    sandbox.write("last", &end.to_string());
    schedulers.push(Life {
        begin: now(),
        killed: None,
    });
    let mut machine = Machine::boot(&sandbox, "console");
    wait_until("it has reported", || {
        let check = sandbox.read("check");
        check.contains("verdict")
            && console(&sandbox, "console").contains("Scheduler has been shut down")
    });
    wait_until("it is off", || {
        serde_json::from_str::<Value>(&sandbox.read("history.json")).is_ok()
    });
    machine.lose_power();
    all.push_str(&console(&sandbox, "console"));
    let check = sandbox.read("check");
    assert!(check.contains("verdict      whole"), "{check}");
    assert!(!all.contains("an old copy"), "{all}");
    let history: Value = serde_json::from_str(&sandbox.read("history.json")).unwrap();
    judge(&all, &history, (begin, known.unwrap(), end), &schedulers);
}

/// What reached the console against what is on record.
fn judge(all: &str, history: &Value, times: (Second, Second, Second), schedulers: &[Life]) {
    let (begin, known, end) = times;
    let (manual, scheduled): (Vec<_>, Vec<_>) = history
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .partition(|entry| entry["job_id"] == "manual");
    let (ran_manual, ran): (Vec<_>, Vec<_>) =
        lines_with(all, "RUN ").partition(|line| line.contains(" manual "));
    let on_record: BTreeSet<_> = manual
        .iter()
        .filter_map(|entry| entry["run_id"].as_str())
        .collect();
    let acknowledged: Vec<_> = lines_with(all, "ACK ").map(str::trim).collect();
    let lost = |run: &&&str| !on_record.contains(**run);
    let lost = acknowledged.iter().filter(lost).count();
    let mut manual_runs: Vec<_> = ran_manual.iter().map(|line| &line[..16]).collect();
    manual_runs.sort_unstable();
    let count = manual_runs.len();
    manual_runs.dedup();
    let doubled = count - manual_runs.len();
    let expected: Vec<_> = (0..JOBS)
        .map(|index| Expected {
            job: format!("job{index}"),
            due: known + 1..=end,
            perhaps: begin..=whole(now()),
            // A decision that was durable, and nobody knows whether it was carried out.
            without_a_run: &["lost"],
        })
        .collect();
    let mut entries = accounts::entries_of(&Value::Array(scheduled));
    // What waited when the last one stopped is for the next one.
    entries.retain(|entry| entry.fire <= end || entry.has_ended());
    let ran = ran.join("\n");
    let lines = accounts::lines_of(&ran);
    let found = accounts::check(&expected, &entries, &lines, schedulers);
    tell(&format!(
        "{} losses of power, {} fires, {} lines, {} acknowledged runs by hand: {lost} of these lost, {doubled} doubled; {:?}",
        schedulers.len() - 1,
        entries.len(),
        lines.len(),
        acknowledged.len(),
        found.as_ref().map_err(Vec::len)
    ));
    let problems = found.err().unwrap_or_default();
    let shown: Vec<_> = problems.iter().take(20).collect();
    assert!(
        problems.is_empty(),
        "{} problems: {shown:#?}",
        problems.len()
    );
    assert_eq!((lost, doubled), (0, 0));
}
