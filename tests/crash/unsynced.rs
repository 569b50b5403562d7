//! Losses of power between any two things that are asked of a disk. What is there then is what was synced,
//! and of the rest nothing, or some by chance (`own_files.rs`); and the machine has another boot.
//!
//! One life is watched by its disk, which is copied whenever it is to change; the next life goes on from such a
//! copy, as from a disk that has lost its power then. What jobs wrote and what was answered by that time is
//! kept elsewhere. A share of the copies, taken by chance; `RSCHED_SWEEP=100000` asks for all. In one test the
//! scheduler dies with its disk, again and again: `RSCHED_POWER_LOSSES` says how often.
//! `RSCHED_DURABILITY=process` shows that they can fail.

use crate::accounts::{self, Expected, Life, Second};
use crate::own_disk::{Change, Hang, Locks, OwnDisk, Watch, can_serve_a_disk, with_disk};
use crate::own_files::Files;
use crate::scheduler::{PATIENCE, Sandbox, eventually};
use crate::seed::{Dice, number, tell};
use crate::store_sweep as rewritten;
use crate::sweep::{self, Call, Strike};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is left beside what was synced.
const NOTHING: &str = "nothing else is left";
const BY_CHANCE: &str = "some of the rest is left";

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "some 2e9")]
fn whole(time: f64) -> Second {
    time.trunc() as Second
}

/// A job of every second up to the end, and some to be asked for.
fn jobs_file(end: Second) -> String {
    let end = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{end}"), "+%FT%TZ"])
        .output();
    let end = String::from_utf8(end.unwrap().stdout).unwrap();
    let durability = std::env::var("RSCHED_DURABILITY").unwrap_or_else(|_| "power".to_owned());
    format!(
        "[scheduler]\ndurability = '{durability}'\n[history]\nkeep_runs = 100000\n\
         [jobs.tick]\ncron = {{ second = '*' }}\ntimezone = 'UTC'\nend_date = '{}'\n\
         misfire_grace_time = 'forever'\ncoalesce = false\nmax_instances = 'unlimited'\n\
         command = 'echo $RSCHED_RUN_ID $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'\n\
         [jobs.manual]\ncron = '@yearly'\ncommand = 'echo $RSCHED_RUN_ID >> by-hand'\n\
         [jobs.to-pause]\ncron = '@yearly'\ncommand = 'true'\n",
        end.trim()
    )
}

// A machine.

/// A program whose `disk` is its own, and goes with its power.
struct Machine {
    disk: OwnDisk,
    process: sweep::Life,
}

const RUN: [&str; 4] = ["run", "jobs.toml", "--state-dir", "disk/state"];

/// The next life is in another boot.
fn boot_anew(sandbox: &Sandbox) {
    static BOOTS: AtomicU32 = AtomicU32::new(0);
    let number = BOOTS.fetch_add(1, Ordering::Relaxed);
    let id = format!("{number:08x}-0000-4000-8000-000000000000\n");
    sandbox.write("boot", &id);
}

impl Machine {
    fn begin(sandbox: &Sandbox, log: &str, arguments: &[&str], files: Files, watch: Watch) -> Self {
        let mut command = with_disk(sandbox, env!("CARGO_BIN_EXE_rsched"), arguments);
        let child = command
            .env("RUNTIME_DIRECTORY", sandbox.path("run"))
            .stdout(Stdio::null())
            .stderr(File::create(sandbox.path(log)).unwrap())
            .spawn()
            .unwrap();
        let process = sweep::Life { child };
        let pid = i32::try_from(process.child.id()).unwrap();
        let disk = OwnDisk::serve_files(sandbox, pid, Locks::Local, files, watch);
        Self { disk, process }
    }

    /// Waits for that, or for its end, which is then a problem.
    fn wait_until(&mut self, is_done: impl Fn() -> bool) -> Result<(), String> {
        let is_done = self.process.wait_until(PATIENCE, is_done) && self.process.ended().is_none();
        is_done
            .then_some(())
            .ok_or_else(|| "it does not get there".to_owned())
    }

    /// It is asked to stop. What is on its disk then.
    fn stop(mut self) -> Result<Files, String> {
        let end = self.process.end();
        let is_well = end.is_some_and(|end| end.success());
        let said = format!("it ends with {end:?}");
        is_well.then(|| self.disk.into_files()).ok_or(said)
    }

    /// It is killed and its disk cut off, in the same moment.
    fn lose_power(mut self) -> Files {
        self.disk.hang(Hang::Everything);
        drop(self.process.child.kill());
        // Whoever waits for the disk dies only when it is gone.
        self.disk.into_files()
    }
}

/// Asks the scheduler; what it answers, if it does what it is asked.
fn ask(sandbox: &Sandbox, arguments: &[&str]) -> Option<String> {
    let socket = ["--socket", "run/control.sock"];
    let (before, after) = arguments.split_at(1);
    let (code, stdout, _) = sandbox.output(&[before, &socket, after].concat());
    (code == Some(0)).then_some(stdout)
}

fn ask_json(sandbox: &Sandbox, command: &str) -> Option<Value> {
    let said = ask(sandbox, &[command, "--format", "json"])?;
    serde_json::from_str(&said).ok()
}

/// Notes what was answered, for the next life must know of it.
fn note_answer(sandbox: &Sandbox, word: &str, answer: &str) {
    let answered = sandbox.read("answered");
    sandbox.write("answered", &format!("{answered}{word} {}\n", answer.trim()));
}

/// Whether all that was due has come to its end.
fn is_settled(sandbox: &Sandbox) -> bool {
    let is_over = |jobs: &Value| {
        let mut jobs = jobs.as_array().unwrap().iter();
        jobs.any(|job| job["id"] == "tick" && job["state"] == "finished")
    };
    let is_idle = |status: &Value| status["waiting"] == 0 && status["workers_busy"] == 0;
    ask_json(sandbox, "list").is_some_and(|jobs| is_over(&jobs))
        && ask_json(sandbox, "status").is_some_and(|status| is_idle(&status))
}

fn evidence_lines(sandbox: &Sandbox) -> usize {
    sandbox.read("evidence").lines().count()
}

// Moments.

/// What of the world is not on the disk: what jobs wrote, and what was answered.
const OUTSIDE: [&str; 3] = ["evidence", "by-hand", "answered"];

/// The disk and all else, at one time.
#[derive(Clone)]
struct Moment {
    files: Files,
    is_before_sync: bool,
    outside: [String; 3],
    /// The lives up to it; the last one is what loses its power.
    lives: Vec<Life>,
}

type Moments = Arc<Mutex<Vec<Moment>>>;

/// Keeps each moment of a life that begins now.
fn keeping(moments: &Moments, sandbox: &Sandbox, lives: &[Life]) -> Watch {
    let (moments, lives) = (Arc::clone(moments), lives.to_vec());
    let begin = now();
    let paths = OUTSIDE.map(|name| sandbox.path(name));
    Box::new(move |files, change| {
        let mut lives = lives.clone();
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let outside = paths.each_ref().map(read);
        let killed = Some(now());
        lives.push(Life { begin, killed });
        moments.lock().unwrap().push(Moment {
            files: files.clone(),
            is_before_sync: change == Change::Synced,
            outside,
            lives,
        });
    })
}

/// What is left of a disk that loses its power.
fn left_of(disk: Files, what: &str, seed: u64) -> Files {
    let mut dice = Dice::following(seed);
    // Of some little is left, of others much.
    let likely = dice.roll(100);
    disk.after_power_loss(&mut || what == BY_CHANCE && dice.roll(100) < likely)
}

/// Strikes at the moments: at each before a sync with nothing else left, and at each with some.
fn strike_at_each(
    test: &str,
    fewest: usize,
    moments: &[Moment],
    strike: impl Fn(&Moment, &Files) -> Vec<String> + Sync,
) {
    let share = number("RSCHED_SWEEP", 30);
    let seed = Dice::new(test).roll(u64::MAX);
    let with = |what: &'static str, is_wanted: &dyn Fn(&Moment) -> bool| {
        let moments = moments.iter().enumerate();
        let wanted = moments.filter(|(_, moment)| is_wanted(moment));
        let strikes = wanted.map(|(ordinal, _)| Strike {
            call: Call {
                name: "moment".to_owned(),
                ordinal,
            },
            what,
        });
        strikes.collect::<Vec<_>>()
    };
    for strikes in [
        with(NOTHING, &|moment| moment.is_before_sync),
        with(BY_CHANCE, &|_| true),
    ] {
        sweep::strike_all(test, fewest, strikes, share, |at| {
            let moment = &moments[at.call.ordinal];
            let left = left_of(moment.files.clone(), at.what, seed ^ at.call.ordinal as u64);
            let problems = strike(moment, &left);
            let end = if problems.is_empty() { "well" } else { "badly" };
            sweep::Result {
                end: end.to_owned(),
                was_hit: true,
                problems,
            }
        });
    }
}

// What the next life makes of it.

/// Goes on from that moment on what is left of the disk. What is wrong then.
fn go_on(jobs: &str, end: Second, moment: &Moment, left: &Files) -> Vec<String> {
    let sandbox = Sandbox::new(jobs);
    for (name, text) in OUTSIDE.iter().zip(&moment.outside) {
        sandbox.write(name, text);
    }
    let mut problems = match last_life(&sandbox, left.clone()) {
        Ok((life, known)) => {
            let lives = [&moment.lives[..], &[life]].concat();
            problems_of(&sandbox, &moment.outside, end, &lives, &known)
        }
        Err(problem) => vec![problem],
    };
    if !problems.is_empty() {
        left.copy_out("state", &sandbox.path("left"));
        let listed = std::process::Command::new("find")
            .args([sandbox.path("left").to_str().unwrap(), "-printf", "%P %s\n"])
            .output();
        let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
        problems.extend([format!("left: {listed}"), sandbox.read("log")]);
        problems.extend(moment.outside.clone());
    }
    problems
}

/// A life in another boot up to where all has come to its end; what it knows of its jobs is given back, and
/// its state directory is copied to `state`.
fn last_life(sandbox: &Sandbox, files: Files) -> Result<(Life, Value), String> {
    boot_anew(sandbox);
    let begin = now();
    let mut machine = Machine::begin(sandbox, "log", &RUN, files, Box::new(|_, _| {}));
    machine.wait_until(|| is_settled(sandbox))?;
    let known = ask_json(sandbox, "list").ok_or("it does not answer")?;
    machine.stop()?.copy_out("state", &sandbox.state());
    let killed = None;
    Ok((Life { begin, killed }, known))
}

/// What of it all does not agree. Of what was outside when the power was lost, the scheduler knows.
fn problems_of(
    sandbox: &Sandbox,
    outside: &[String; 3],
    end: Second,
    lives: &[Life],
    known: &Value,
) -> Vec<String> {
    let mut problems = Vec::new();
    let (code, stdout, stderr) = sandbox.output(&["store", "check", "state"]);
    if code != Some(0) {
        problems.push(format!("the store is not whole: {stdout}{stderr}"));
    }
    let history = ["history", "--state-dir", "state", "--format", "json"];
    let (code, stdout, stderr) = sandbox.output(&[&history[..], &["-n", "100000"]].concat());
    if code != Some(0) {
        problems.push(format!("no history: {stderr}"));
        return problems;
    }
    let history: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    let is_manual = |entry: &Value| entry["job_id"] == "manual";
    let (by_hand, scheduled): (Vec<_>, Vec<_>) = history.into_iter().partition(is_manual);
    problems.extend(problems_by_hand(sandbox, &outside[2], &by_hand, known));
    let before = accounts::lines_of(&outside[0]);
    let first = before.iter().map(|line| line.fire).min();
    let expected = Expected {
        job: "tick".to_owned(),
        // What it was before it ever ran need not be known.
        due: first.unwrap_or(end + 1)..=end,
        perhaps: whole(lives[0].begin)..=end,
        without_a_run: &["lost"],
    };
    let entries = accounts::entries_of(&Value::Array(scheduled));
    let ran = accounts::lines_of(&sandbox.read("evidence"));
    let found = accounts::check(&[expected], &entries, &ran, lives);
    problems.extend(found.err().unwrap_or_default());
    let log = sandbox.read("log");
    let words = ["an old copy", "panicked"].into_iter();
    problems.extend(words.filter(|word| log.contains(word)).map(str::to_owned));
    problems
}

/// What was asked for and answered is on record, and ran once at most.
fn problems_by_hand(
    sandbox: &Sandbox,
    answered: &str,
    by_hand: &[Value],
    known: &Value,
) -> Vec<String> {
    let mut problems = Vec::new();
    let on_record: BTreeSet<_> = by_hand
        .iter()
        .filter_map(|entry| entry["run_id"].as_str())
        .collect();
    let mut ran = BTreeSet::new();
    for run in sandbox.read("by-hand").lines() {
        if !ran.insert(run.to_owned()) {
            problems.push(format!("{run} ran twice"));
        }
        if !on_record.contains(run) {
            problems.push(format!("{run} ran without a record"));
        }
    }
    let state_of = |id: &str| {
        let job = known.as_array().unwrap().iter().find(|job| job["id"] == id);
        job.and_then(|job| job["state"].as_str())
    };
    for line in answered.lines() {
        let is_known = match line.split_once(' ').unwrap() {
            ("ran", run) => on_record.contains(run),
            ("paused", job) => state_of(job) == Some("paused"),
            ("added", job) => state_of(job).is_some(),
            _ => false,
        };
        if !is_known {
            problems.push(format!("it was answered, and is lost: {line}"));
        }
    }
    problems
}

// The tests.

/// A life that makes the store, runs what is due and does what it is asked; it stops, and another, in the same
/// boot, goes on to the end.
fn two_lives(sandbox: &Sandbox) -> Vec<Moment> {
    let moments = Moments::default();
    boot_anew(sandbox);
    let begin = now();
    let watch = keeping(&moments, sandbox, &[]);
    let mut machine = Machine::begin(sandbox, "log", &RUN, Files::new(), watch);
    machine.wait_until(|| evidence_lines(sandbox) > 0).unwrap();
    let run = ask(sandbox, &["trigger", "manual"]).unwrap();
    note_answer(sandbox, "ran", &run);
    ask(sandbox, &["pause", "to-pause"]).unwrap();
    note_answer(sandbox, "paused", "to-pause");
    ask(
        sandbox,
        &["add", "at-run-time", "--cron", "@yearly", "--", "true"],
    )
    .unwrap();
    note_answer(sandbox, "added", "at-run-time");
    machine.wait_until(|| evidence_lines(sandbox) > 2).unwrap();
    let files = machine.stop().unwrap();
    let killed = None;
    let first = Life { begin, killed };
    let watch = keeping(&moments, sandbox, &[first]);
    let mut machine = Machine::begin(sandbox, "log", &RUN, files, watch);
    machine.wait_until(|| is_settled(sandbox)).unwrap();
    let files = machine.stop().unwrap();
    // The moment when all is done.
    keeping(&moments, sandbox, &[first])(&files, Change::Synced);
    std::mem::take(&mut moments.lock().unwrap())
}

#[test]
fn d11_power_lost_before_any_sync_no_acknowledged_record_is_lost_and_nothing_runs_twice() {
    if !can_serve_a_disk() {
        return;
    }
    let end = whole(now()) + 9;
    let jobs = jobs_file(end);
    let sandbox = Sandbox::new(&jobs);
    let moments = two_lives(&sandbox);
    let syncs = moments.iter().filter(|it| it.is_before_sync).count();
    tell(&format!(
        "{} changes of the disk, {syncs} syncs",
        moments.len()
    ));
    strike_at_each("losses of power", 10, &moments, |moment, left| {
        go_on(&jobs, end, moment, left)
    });
}

/// A life that ends with a loss of power after so long. What was on its disk.
fn short_life(sandbox: &Sandbox, time: Duration, files: Files) -> Files {
    boot_anew(sandbox);
    let before = evidence_lines(sandbox);
    let mut machine = Machine::begin(sandbox, "log", &RUN, files, Box::new(|_, _| {}));
    if before == 0 {
        // It is to know the job; others die at any time.
        machine.wait_until(|| evidence_lines(sandbox) > 0).unwrap();
    }
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if let Some(run) = ask(sandbox, &["trigger", "manual"]) {
            note_answer(sandbox, "ran", &run);
        }
        thread::park_timeout(left.min(Duration::from_millis(100)));
    }
    machine.lose_power()
}

#[test]
fn d11_a_machine_that_loses_its_power_again_and_again_accounts_for_every_fire() {
    if !can_serve_a_disk() {
        return;
    }
    let rounds = number("RSCHED_POWER_LOSSES", 3);
    let mut dice = Dice::new("deaths with a disk");
    let times: Vec<_> = (0..rounds)
        .map(|_| Duration::from_millis(dice.roll(2_000)))
        .collect();
    let end = whole(now() + times.iter().sum::<Duration>().as_secs_f64()) + 8;
    let sandbox = Sandbox::new(&jobs_file(end));
    let (mut files, mut lives) = (Files::new(), Vec::new());
    for time in times {
        let begin = now();
        let disk = short_life(&sandbox, time, files);
        let killed = Some(now());
        lives.push(Life { begin, killed });
        files = left_of(
            disk,
            if dice.roll(2) == 0 {
                NOTHING
            } else {
                BY_CHANCE
            },
            dice.roll(u64::MAX),
        );
    }
    eventually("the last second is over", || {
        thread::park_timeout(Duration::from_millis(50));
        whole(now()) > end
    });
    let outside = OUTSIDE.map(|name| sandbox.read(name));
    let (life, known) = last_life(&sandbox, files).unwrap();
    lives.push(life);
    let problems = problems_of(&sandbox, &outside, end, &lives, &known);
    tell(&format!(
        "{rounds} losses of power with a disk, {} lines, {} answers: {} problems",
        evidence_lines(&sandbox),
        outside[2].lines().count(),
        problems.len()
    ));
    assert!(
        problems.is_empty(),
        "{problems:#?}\n{}",
        sandbox.read("log")
    );
}

/// The state directory of a moment, as an ordinary one.
fn put(left: &Files) -> Sandbox {
    let sandbox = Sandbox::new(rewritten::FILE);
    left.copy_out("state", &sandbox.state());
    sandbox
}

#[test]
fn d11_power_lost_while_a_store_is_brought_to_this_version_nothing_of_it_is_lost() {
    if !can_serve_a_disk() {
        return;
    }
    let version_1 = rewritten::version_1();
    let old = rewritten::rows_of(&rewritten::store_of(&version_1.put()));
    let sandbox = Sandbox::new(rewritten::FILE);
    boot_anew(&sandbox);
    let moments = Moments::default();
    let files = Files::with("state", &[("store.sqlite", &version_1.store)]);
    let watch = keeping(&moments, &sandbox, &[]);
    let mut machine = Machine::begin(&sandbox, "log", &RUN, files, watch);
    let has_started = || sandbox.read("log").contains("Scheduler started");
    machine.wait_until(has_started).unwrap();
    machine.stop().unwrap();
    let moments = std::mem::take(&mut *moments.lock().unwrap());
    strike_at_each("losses of power at an upgrade", 5, &moments, |_, left| {
        rewritten::problems_after_migration(&put(left), &old)
    });
}

#[test]
fn d11_power_lost_while_a_store_is_recovered_it_is_recovered_the_next_time() {
    if !can_serve_a_disk() {
        return;
    }
    let damaged = rewritten::damaged();
    let sandbox = Sandbox::new(rewritten::FILE);
    let moments = Moments::default();
    let files = [
        ("store.sqlite", &damaged.store[..]),
        ("store.sqlite-wal", &damaged.log),
    ];
    let watch = keeping(&moments, &sandbox, &[]);
    let arguments = ["store", "recover", "disk/state"];
    let mut machine = Machine::begin(
        &sandbox,
        "log",
        &arguments,
        Files::with("state", &files),
        watch,
    );
    assert!(machine.process.wait_until(PATIENCE, || false));
    let files = machine.stop().unwrap();
    let recovered = rewritten::rows_of(&rewritten::store_of(&put(&files)));
    assert!(!recovered["runs"].is_empty() && !recovered["events"].is_empty());
    // It said that it was done.
    keeping(&moments, &sandbox, &[])(&files, Change::Synced);
    let lasting = put(&files.after_power_loss(&mut || false));
    let (code, said, _) = lasting.output(&["store", "check", "state"]);
    assert_eq!(code, Some(0), "{said}");
    let moments = std::mem::take(&mut *moments.lock().unwrap());
    strike_at_each("losses of power at a recovery", 3, &moments, |_, left| {
        rewritten::problems_after_recovery(&put(left), &damaged, &recovered)
    });
}
