//! Fifty jobs of every second, and a scheduler that is killed with -9 again and again: while it starts,
//! while it decides and spawns, while nothing is to do, while it stops.
//!
//! 500 kills; `RSCHED_KILLS=10000` asks for more, `RSCHED_CRASH_SEED` for those of a run before.

use crate::accounts::{self, Entry, Expected, Life, Second};
use crate::scheduler::{PATIENCE, Sandbox, Scheduler, eventually};
use crate::seed::{Dice, number, tell};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A kind of job: how many there are, what keys they have, what they do beside saying that they ran,
/// and how a fire of theirs may end that did not run.
const KINDS: [(&str, usize, &str, &str, &[&str]); 4] = [
    (
        "all",
        20,
        "misfire_grace_time = 'forever'\ncoalesce = false\nmax_instances = 'unlimited'",
        "",
        &[],
    ),
    (
        "alive",
        10,
        "misfire_grace_time = 'forever'\ncoalesce = false\nmax_instances = 'unlimited'",
        "; sleep 0.3",
        &[],
    ),
    (
        "latest",
        10,
        "misfire_grace_time = '2s'\nmax_instances = 'unlimited'",
        "",
        &["coalesced", "missed"],
    ),
    (
        "one",
        10,
        "misfire_grace_time = 'forever'\nmax_instances = 1",
        "; sleep 0.2",
        &["coalesced", "skipped"],
    ),
];

fn names() -> impl Iterator<Item = (String, &'static str, &'static str, &'static [&'static str])> {
    KINDS.iter().flat_map(|&(kind, count, keys, also, ends)| {
        (0..count).map(move |index| (format!("{kind}{index}"), keys, also, ends))
    })
}

fn jobs_file() -> String {
    let mut toml = String::from(
        "[history]\nkeep_runs = 1000000\n[executors.default]\nmax_workers = 'unlimited'\n",
    );
    for (name, keys, also, _) in names() {
        // The shell writes it by one call.
        let command =
            format!("echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence{also}");
        writeln!(
            toml,
            "[jobs.{name}]\ncron = {{ second = '*' }}\ntimezone = 'UTC'\n{keys}\ncommand = '{command}'"
        )
        .unwrap();
    }
    toml
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "some 2e9")]
fn whole(time: f64) -> Second {
    time.trunc() as Second
}

/// Waits so long: chance is in when a kill comes.
fn pass(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}

fn until_the_next_second() -> Duration {
    let into = now().fract();
    Duration::from_secs_f64(1.0 - into)
}

/// When a scheduler is killed.
#[derive(Clone, Copy, Debug)]
enum When {
    /// So long after its process was started.
    After(Duration),
    /// So long after it said that it has started.
    Started(Duration),
    /// So long after a second of the clock has begun: all jobs are due then.
    Due(Duration),
    /// So long after it was asked to stop.
    Stopping(Duration),
    /// Not at all: it stops by itself.
    Never,
}

impl When {
    fn by_chance(dice: &mut Dice) -> Self {
        let kind = dice.roll(100);
        let mut up_to = |ms: u64| Duration::from_micros(dice.roll(ms * 1000));
        match kind {
            0..20 => Self::After(up_to(40)),
            20..65 => Self::After(Duration::from_millis(50) + up_to(350)),
            65..75 => Self::Started(up_to(5)),
            75..88 => Self::Due(up_to(80)),
            88..98 => Self::Stopping(up_to(30)),
            _ => Self::Never,
        }
    }
}

fn start(sandbox: &Sandbox) -> Scheduler {
    let mut command = sandbox.command(&[
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    // A group of its own, as a shell makes one.
    Scheduler::start(command.process_group(0))
}

/// Whether it takes its records for an old copy, which they never are here.
fn seems_old(scheduler: &Scheduler) -> bool {
    let mut lines = scheduler.seen.iter();
    lines.any(|line| line["message"].to_string().contains("an old copy"))
}

/// One life of a scheduler, which is to be killed then.
fn live(sandbox: &Sandbox, when: When, whole_group: bool) -> Life {
    let begin = now();
    let mut scheduler = start(sandbox);
    match when {
        When::After(time) => pass(time),
        When::Started(time) => {
            scheduler.started();
            assert!(!seems_old(&scheduler), "{:#?}", scheduler.seen);
            pass(time);
        }
        When::Due(time) => pass(until_the_next_second() + time),
        When::Stopping(time) => {
            scheduler.started();
            scheduler.signal(Signal::SIGTERM);
            pass(time);
        }
        When::Never => {
            scheduler.started();
            scheduler.stop();
            return Life {
                begin,
                killed: None,
            };
        }
    }
    let pid = Pid::from_raw(scheduler.pid());
    // It may have stopped by itself already.
    _ = if whole_group {
        killpg(pid, Signal::SIGKILL)
    } else {
        kill(pid, Signal::SIGKILL)
    };
    let end = scheduler.reap();
    let was_killed = end.signal() == Some(9);
    assert!(was_killed || end.success(), "{end:?}, {when:?}");
    Life {
        begin,
        killed: was_killed.then(now),
    }
}

fn history(sandbox: &Sandbox, options: &[&str]) -> Value {
    let arguments = ["history", "--state-dir", "state", "--format", "json"];
    let (code, stdout, stderr) = sandbox.output(&[&arguments[..], options].concat());
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

fn entries(sandbox: &Sandbox, count: &str) -> Vec<Entry> {
    accounts::entries_of(&history(sandbox, &["-n", count]))
}

/// Whether every job has a fire on record that is not before the end.
fn all_reach(sandbox: &Sandbox, end: Second) -> bool {
    let newest = entries(sandbox, "400");
    let reaches = |name: &str| newest.iter().any(|it| it.job == name && it.fire >= end);
    names().all(|(name, ..)| reaches(&name))
}

/// The fires up to the end that have no outcome yet.
fn unsettled(sandbox: &Sandbox, end: Second) -> Vec<Entry> {
    let mut open = entries(sandbox, "1000000");
    open.retain(|it| it.fire <= end && !it.has_ended());
    open
}

/// Waits until every fire up to the end has an outcome. A backlog runs one after another, beside newer
/// fires: that takes as long as there are some.
fn settle(sandbox: &Sandbox, end: Second) {
    eventually("all are on record", || all_reach(sandbox, end));
    // A machine that does not keep up with so many jobs gets no more of them; what waits goes on.
    let names: Vec<_> = names().map(|(name, ..)| name).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let pause = [&["pause", "--state-dir", "state"], &names[..]].concat();
    let (code, _, stderr) = sandbox.output(&pause);
    assert_eq!(code, Some(0), "{stderr}");
    let (mut least, mut since) = (usize::MAX, Instant::now());
    while least > 0 {
        let open = unsettled(sandbox, end);
        if open.len() < least {
            (least, since) = (open.len(), Instant::now());
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{least} have no outcome, and for long none less: {:#?}",
            open.into_iter().take(50).collect::<Vec<_>>()
        );
    }
}

fn expected(due: &RangeInclusive<Second>, perhaps: &RangeInclusive<Second>) -> Vec<Expected> {
    names()
        .map(|(job, _, _, without_a_run)| Expected {
            job,
            due: due.clone(),
            perhaps: perhaps.clone(),
            without_a_run,
        })
        .collect()
}

#[test]
fn killed_at_any_moment_no_fire_runs_twice_and_none_is_missing() {
    let count = number("RSCHED_KILLS", 500);
    let mut dice = Dice::new("random kills");
    let sandbox = Sandbox::new(&jobs_file());
    let born = now();
    let begin = whole(born);
    // The first one gets to know the jobs: from then on all their fires count.
    let mut first = start(&sandbox);
    first.started();
    let known = whole(now());
    for (name, ..) in names() {
        eventually("it has run once", || {
            sandbox.read("evidence").contains(&format!(" {name} "))
        });
    }
    first.signal(Signal::SIGKILL);
    first.reap();
    let mut schedulers = vec![Life {
        begin: born,
        killed: Some(now()),
    }];
    let kills = |schedulers: &[Life]| {
        schedulers
            .iter()
            .filter(|life| life.killed.is_some())
            .count()
    };
    while kills(&schedulers) < usize::try_from(count).unwrap() {
        let when = When::by_chance(&mut dice);
        schedulers.push(live(&sandbox, when, dice.roll(4) == 0));
    }
    let end = whole(now()) + 2;
    schedulers.push(Life {
        begin: now(),
        killed: None,
    });
    let mut last = start(&sandbox);
    last.started();
    assert!(!seems_old(&last), "{:#?}", last.seen);
    settle(&sandbox, end);
    last.stop();
    let mut entries = accounts::entries_of(&history(&sandbox, &["-n", "1000000"]));
    // What waited when the last one stopped is for the next one.
    entries.retain(|entry| entry.fire <= end || entry.has_ended());
    let lines = accounts::lines_of(&sandbox.read("evidence"));
    let expected = expected(&(known + 1..=end), &(begin..=whole(now())));
    match accounts::check(&expected, &entries, &lines, &schedulers) {
        Ok(figures) => tell(&format!(
            "{} kills in {} schedulers, {} fires, {} lines: doubled 0, missing 0, unaccounted for 0; {figures:?}",
            kills(&schedulers),
            schedulers.len(),
            entries.len(),
            lines.len()
        )),
        Err(problems) => {
            let shown: Vec<_> = problems.iter().take(20).collect();
            panic!("{} problems, first {shown:#?}", problems.len());
        }
    }
    let left = sandbox.state().join("starts");
    let marks = walk(&left);
    assert_eq!(marks, 0, "marks of runs that ended");
}

/// How many files there are below a directory.
fn walk(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path())
            } else {
                1
            }
        })
        .sum()
}
