//! `engine-timelines.json`: what `APScheduler`'s engine does on a simulated clock, and what this one does in a
//! world where the same is asked of it at the same times.
//!
//! Both become lines (`2.4 job_executed a 1`: when, what, whose, of which fire; in seconds of the case), in the order
//! in which they were told. The lines that only one of them has are all listed in `timeline_differences.rs`,
//! with the reason; one that is not, and one that is listed and not there, fails.

use crate::timeline_differences::{DIFFERENCES, Line, Only};
use crate::world::{self, Script, World, at, id};
use rsched::scheduler::{Command, Emitted, Reply};
use rsched::time::WallTime;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

fn cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sim/data/engine-timelines.json"
    );
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The zero of every case.
fn zero() -> WallTime {
    at("2026-01-01 00:00:00")
}

/// Seconds of a case, as they are written in lines: no more digits than needed.
fn seconds_of(time: WallTime) -> String {
    shown(Duration::from_micros(
        u64::try_from(time.as_micros() - zero().as_micros()).unwrap(),
    ))
}

fn shown(time: Duration) -> String {
    format!("{}", time.as_secs_f64())
}

/// A number of seconds in a case.
fn duration(seconds: &Value) -> Duration {
    Duration::from_secs_f64(seconds.as_f64().unwrap())
}

// What the recorded engine did.

fn lines_of_theirs(case: &Value) -> Vec<String> {
    let number = |value: &Value| shown(duration(value));
    let mut lines = Vec::new();
    for entry in case["trace"].as_array().unwrap() {
        let entry = entry.as_object().unwrap();
        let mut line = number(&entry["t"]);
        for (key, value) in entry {
            match (key.as_str(), value) {
                ("t", _) => {}
                ("event", Value::String(name)) => {
                    write!(line, " {}", name.to_lowercase()).unwrap();
                }
                ("job", Value::String(text)) => write!(line, " {text}").unwrap(),
                ("error" | "message", Value::String(text)) => {
                    write!(line, " {key} {text}").unwrap();
                }
                ("scheduled", Value::Array(fires)) => {
                    for fire in fires {
                        write!(line, " {}", number(fire)).unwrap();
                    }
                }
                ("scheduled", fire) => write!(line, " {}", number(fire)).unwrap(),
                ("jobs", jobs) => line += &jobs_of_theirs(jobs),
                _ => panic!("{}: nobody reads `{key}` of {entry:?}", case["id"]),
            }
        }
        lines.push(line);
    }
    lines.push(format!("end{}", jobs_of_theirs(&case["jobs_at_end"])));
    lines
}

/// ` jobs`, and of each when it is next.
fn jobs_of_theirs(jobs: &Value) -> String {
    let mut line = " jobs".to_owned();
    for (id, next) in jobs.as_object().unwrap() {
        let next = next.as_f64().map(Duration::from_secs_f64).map(shown);
        write!(line, " {id}={}", next.as_deref().unwrap_or("-")).unwrap();
    }
    line
}

// What this one does.

/// A world in which a case is played.
struct Play<'a> {
    case: &'a Value,
    /// Until the operation `start` there is no scheduler, and jobs that are added stand in its file.
    world: Option<World>,
    file: String,
    scripts: BTreeMap<String, Script>,
    lines: Vec<String>,
    /// How many events are lines already.
    told: usize,
}

fn lines_of_ours(case: &Value) -> Vec<String> {
    let mut play = Play {
        case,
        world: None,
        file: String::new(),
        scripts: BTreeMap::new(),
        lines: Vec::new(),
        told: 0,
    };
    for operation in case["ops"].as_array().unwrap() {
        play.pass_until(duration(&operation["t"]));
        play.perform(operation.as_object().unwrap());
    }
    play.pass_until(duration(&case["until"]));
    let end = format!("end{}", play.jobs());
    play.lines.push(end);
    play.lines
}

impl Play<'_> {
    fn world(&mut self) -> &mut World {
        self.world.as_mut().expect("the scheduler was started")
    }

    fn now(&self) -> Duration {
        let now = self.world.as_ref().map_or(zero(), World::wall);
        now.saturating_since(zero())
    }

    /// Lets time pass. While the case has its engine down, the scheduler stands still, and its jobs do not.
    fn pass_until(&mut self, time: Duration) {
        if self.world.is_none() {
            return;
        }
        if let Some(down) = self.case["down"].as_array() {
            let (from, until) = (duration(&down[0]), duration(&down[1]));
            if self.now() <= from && until <= time {
                self.run_until(from);
                self.world().sleep_through(until.saturating_sub(from));
            }
        }
        self.run_until(time);
        self.note_what_was_told();
    }

    fn run_until(&mut self, time: Duration) {
        let rest = time.checked_sub(self.now()).unwrap();
        self.world().run_for(rest);
    }

    fn note_what_was_told(&mut self) {
        let world = self.world.as_ref().expect("the scheduler was started");
        let told = &world.trace.emitted[self.told..];
        self.lines.extend(told.iter().map(line_of));
        self.told = world.trace.emitted.len();
    }

    fn note(&mut self, what: &str) {
        self.note_what_was_told();
        self.lines.push(format!("{} {what}", shown(self.now())));
    }

    fn perform(&mut self, operation: &Map<String, Value>) {
        let known = ["t", "op", "job", "id"];
        let unknown: Vec<_> = operation
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .collect();
        assert!(unknown.is_empty(), "nobody reads {unknown:?}");
        let of_job = || id(operation["id"].as_str().unwrap());
        match operation["op"].as_str().unwrap() {
            "start" => self.start(&operation["t"]),
            "add" => self.add(operation["job"].as_object().unwrap()),
            "pause" => self.ask(Command::PauseAll),
            "resume" => self.ask(Command::ResumeAll),
            "pause_job" => self.ask(Command::Pause(of_job())),
            "resume_job" => self.ask(Command::Resume(of_job())),
            // There is no such command: all are removed, one by one.
            "remove_all" => {
                for status in self.world().scheduler.jobs_after(None, usize::MAX) {
                    self.ask(Command::Remove(status.job.id.clone()));
                }
            }
            "list" => {
                let jobs = self.jobs();
                self.note(jobs.trim_start());
            }
            other => panic!("there is no operation `{other}`"),
        }
    }

    fn start(&mut self, time: &Value) {
        let scripts = std::mem::take(&mut self.scripts);
        self.world = Some(World::scripted(&date(time), &self.file, scripts));
    }

    fn add(&mut self, job: &Map<String, Value>) {
        let job = JobText::of(job, &self.case["defaults"]);
        let Some(mut world) = self.world.take() else {
            self.scripts.insert(job.id, job.script);
            self.file += &job.toml;
            return;
        };
        let diagnostics = world::load(&job.toml, world.wall()).diagnostics;
        world = world.script(&job.id, job.script);
        if let Some(wrong) = diagnostics.first() {
            self.world = Some(world);
            return self.note(&format!("refused: {}", wrong.message));
        }
        let new = world.run_time_job(&job.toml);
        self.world = Some(world);
        self.ask(Command::Add {
            job: new,
            replace: job.replaces,
            paused: false,
        });
    }

    fn ask(&mut self, command: Command) {
        match self.world().command(command) {
            Some(Reply::Done) => self.note_what_was_told(),
            Some(Reply::Refused(refusal)) => self.note(&format!("refused: {refusal}")),
            other => panic!("no such answer: {other:?}"),
        }
    }

    /// ` jobs`, and of each when it is next.
    fn jobs(&mut self) -> String {
        let mut line = " jobs".to_owned();
        for status in self.world().scheduler.jobs_after(None, usize::MAX) {
            let next = status.next_fire.map(seconds_of);
            write!(
                line,
                " {}={}",
                status.job.id,
                next.as_deref().unwrap_or("-")
            )
            .unwrap();
        }
        line
    }
}

fn line_of(told: &Emitted) -> String {
    let mut line = format!("{} {}", seconds_of(told.time), told.name.as_str());
    if let Some(job) = &told.job_id {
        write!(line, " {job}").unwrap();
    }
    if let Some(fire) = told.fire_time {
        write!(line, " {}", seconds_of(fire)).unwrap();
        if let Some(count) = told.count.filter(|&count| count > 1) {
            write!(line, " and {} before", count - 1).unwrap();
        }
    }
    line
}

fn date(seconds: &Value) -> String {
    let time = duration(seconds);
    assert!(time.as_secs() < 60);
    format!("2026-01-01 00:00:{:02}", time.as_secs())
}

/// A job of a case in the words of a jobs file.
struct JobText {
    id: String,
    toml: String,
    script: Script,
    replaces: bool,
}

impl JobText {
    /// Where the case says nothing, the recorded engine's own defaults hold, and are written out.
    fn of(job: &Map<String, Value>, defaults: &Value) -> Self {
        let mut this = Self {
            id: job["id"].as_str().unwrap().to_owned(),
            toml: "[defaults]\nmisfire_grace_time = 1\n".to_owned(),
            script: Script {
                runs_for: Duration::ZERO,
                ..Script::default()
            },
            replaces: false,
        };
        // What is text in the case stays text: dict-style configurations have "3" and "false".
        for (key, value) in defaults.as_object().into_iter().flatten() {
            writeln!(this.toml, "{key} = {value}").unwrap();
        }
        write!(this.toml, "[jobs.{}]\ncommand = 'x'\n", this.id).unwrap();
        for (key, value) in job {
            this.take(key, value, job);
        }
        this
    }

    fn take(&mut self, key: &str, value: &Value, job: &Map<String, Value>) {
        let trigger = job.get("trigger").and_then(Value::as_str);
        let line = match (key, trigger) {
            ("id", _) | ("trigger", Some("interval" | "cron" | "date")) => return,
            ("duration", _) => {
                self.script.runs_for = duration(value);
                return;
            }
            ("replace_existing", _) => {
                self.replaces = value.as_bool().unwrap();
                return;
            }
            ("seconds", Some("interval")) => format!("interval = '{value}s'"),
            ("end_date", Some("interval")) => format!("end_date = '{}'", date(value)),
            // At the moment it is added: all cases have it so.
            ("next_run_time", Some("interval")) => "first = 'now'".to_owned(),
            ("year", Some("cron")) => format!("cron = {{ year = {value} }}"),
            ("run_date", Some("date")) => format!("date = '{}'", date(value)),
            ("misfire_grace_time", _) if value.is_null() => {
                "misfire_grace_time = 'forever'".to_owned()
            }
            ("misfire_grace_time" | "coalesce" | "max_instances", _) => format!("{key} = {value}"),
            _ => panic!("nobody reads `{key}` of {job:?}"),
        };
        writeln!(self.toml, "{line}").unwrap();
    }
}

// The comparison.

/// The lines that only one of them has, in order: what is left when the longest common subsequence is
/// taken out. A line that stands elsewhere is one of theirs and one of ours.
fn differences<'a>(theirs: &'a [String], ours: &'a [String]) -> Vec<(Only, &'a str)> {
    let mut common = vec![vec![0; ours.len() + 1]; theirs.len() + 1];
    for their in (0..theirs.len()).rev() {
        for our in (0..ours.len()).rev() {
            common[their][our] = if theirs[their] == ours[our] {
                common[their + 1][our + 1] + 1
            } else {
                common[their + 1][our].max(common[their][our + 1])
            };
        }
    }
    let (mut their, mut our) = (0, 0);
    let mut found = Vec::new();
    while their < theirs.len() || our < ours.len() {
        if their < theirs.len() && our < ours.len() && theirs[their] == ours[our] {
            their += 1;
            our += 1;
        } else if our == ours.len()
            || (their < theirs.len() && common[their + 1][our] >= common[their][our + 1])
        {
            found.push((Only::Theirs, theirs[their].as_str()));
            their += 1;
        } else {
            found.push((Only::Ours, ours[our].as_str()));
            our += 1;
        }
    }
    found
}

/// Whether this is the line that is listed, in a case where those are all lines of ours.
fn is_listed(line: &str, listed: Line, ours: &[String]) -> bool {
    match listed {
        Line::Is(listed) => line == listed,
        Line::StartedWhenSubmitted => {
            let submitted = line.replace(" job_started ", " job_submitted ");
            // That one may go on with the fires that it stands for.
            let is_its = |other: &String| {
                let rest = other.strip_prefix(&submitted);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" and "))
            };
            line.contains(" job_started ") && ours.iter().any(is_its)
        }
    }
}

#[test]
fn what_is_asked_of_the_recorded_engine_comes_to_the_same_here_but_for_what_is_listed() {
    let mut wrong = String::new();
    let cases = cases();
    for case in &cases {
        let name = case["id"].as_str().unwrap();
        let (theirs, ours) = (lines_of_theirs(case), lines_of_ours(case));
        let of_case = DIFFERENCES
            .iter()
            .filter(|(cases, ..)| cases.contains(&name));
        let mut awaited: Vec<_> = of_case.flat_map(|(_, lines, _)| *lines).collect();
        let mut met = Vec::new();
        for (only, line) in differences(&theirs, &ours) {
            let is_it =
                |listed: &&(Only, Line)| listed.0 == only && is_listed(line, listed.1, &ours);
            if let Some(place) = awaited.iter().position(is_it) {
                met.push(awaited.remove(place));
            } else if !met.iter().any(|it| it.1.may_be_many() && is_it(it)) {
                writeln!(wrong, "{name}, only {only:?}, and not listed: {line}").unwrap();
            }
        }
        for (only, line) in awaited {
            writeln!(
                wrong,
                "{name}, listed as only {only:?}, and not so: {line:?}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(cases.len(), 18, "none is left out");
    for (of, _, why) in DIFFERENCES {
        assert!(!why.is_empty());
        let is_there = |id: &&str| cases.iter().any(|case| case["id"] == *id);
        assert!(of.iter().all(is_there), "{of:?}");
    }
}
