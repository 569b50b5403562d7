//! The judge: do what ran, what is on record and what was due agree?
//!
//! What was due is counted in seconds of the clock, without any of the program's own code.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The time of a fire, or of something else, in seconds since 1970.
pub type Second = i64;

/// What must be true of a job that is due at every second.
#[derive(Clone, Debug)]
pub struct Expected {
    pub job: String,
    /// Every second of this has an outcome.
    pub due: RangeInclusive<Second>,
    /// A second of this may have one: the scheduler was just starting or stopping.
    pub perhaps: RangeInclusive<Second>,
    /// How a fire may have ended that did not run.
    pub without_a_run: &'static [&'static str],
}

/// What a job wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub run: String,
    pub job: String,
    pub fire: Second,
}

/// What the store has of one fire.
#[derive(Clone, Debug)]
pub struct Entry {
    /// None of a fire that became no run.
    pub run: Option<String>,
    pub job: String,
    pub fire: Second,
    pub outcome: String,
    /// When it was judged that it is due, in seconds.
    pub noticed: f64,
    /// When it started; unknown of one whose scheduler died over its start.
    pub started: Option<f64>,
    /// When it was seen to end.
    pub ended: Option<f64>,
}

/// A life of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Life {
    /// A moment before it was started, and behind the end of the one before.
    pub begin: f64,
    /// A moment after it was killed; none if it ended by itself.
    pub killed: Option<f64>,
}

impl Entry {
    /// Whether there is an outcome.
    pub fn has_ended(&self) -> bool {
        !UNENDED.contains(&self.outcome.as_str())
    }
}

/// Where a run may stand that has no outcome yet.
const UNENDED: [&str; 3] = ["pending", "starting", "running"];

/// The lives that begin at these moments, or end at those, in each case with another right behind.
pub fn lives_of(begins: &[f64], kills: &[f64]) -> Vec<Life> {
    let mut begins = [begins, kills].concat();
    begins.sort_by(f64::total_cmp);
    let its_kill = |(index, &begin): (usize, &f64)| {
        let next = begins.get(index + 1).copied();
        let killed = next.filter(|next| kills.contains(next));
        Life { begin, killed }
    };
    begins.iter().enumerate().map(its_kill).collect()
}

/// How many fires had which outcome.
pub type Figures = BTreeMap<String, usize>;

/// Seconds since 1970 of what RFC 3339 says in UTC: from the days of a civil date.
pub fn seconds_of(text: &str) -> f64 {
    let number = |range: std::ops::Range<usize>| -> i64 { text[range].parse().unwrap() };
    assert!(text.ends_with("+00:00") || text.ends_with('Z'), "{text}");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut days = day - 1;
    days += (1970..year)
        .map(|year| if leap(year) { 366 } else { 365 })
        .sum::<i64>();
    days += lengths
        .iter()
        .take(usize::try_from(month - 1).unwrap())
        .sum::<i64>();
    days += i64::from(month > 2 && leap(year));
    let whole = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    let fraction: String = text[19..]
        .chars()
        .take_while(|c| *c == '.' || c.is_ascii_digit())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "some 2e9")]
    let whole = whole as f64;
    whole + fraction.parse::<f64>().unwrap_or(0.0)
}

/// The whole second of a fire that is due at one.
fn second_of(text: &str) -> Second {
    let seconds = seconds_of(text);
    #[expect(clippy::cast_possible_truncation, reason = "some 2e9")]
    let whole = seconds.trunc() as i64;
    assert!(seconds.fract() == 0.0, "{text} is no whole second");
    whole
}

/// Lines of `RUN_ID JOB FIRE_TIME`.
pub fn lines_of(evidence: &str) -> Vec<Line> {
    let line = |line: &str| {
        let parts: Vec<_> = line.split(' ').collect();
        let [run, job, fire] = parts[..] else {
            panic!("a torn line: {line:?}");
        };
        Line {
            run: run.to_owned(),
            job: job.to_owned(),
            fire: second_of(fire),
        }
    };
    evidence.lines().map(line).collect()
}

/// What `rsched history --format json` says of jobs that are due at every second.
pub fn entries_of(history: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    for value in history.as_array().unwrap() {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let job = text("job_id").unwrap();
        let outcome = text("outcome").or_else(|| text("state")).unwrap();
        if value["type"] == "run" {
            entries.push(Entry {
                run: text("run_id"),
                job,
                fire: second_of(&text("fire_time").unwrap()),
                outcome,
                noticed: seconds_of(&text("noticed_at").unwrap()),
                started: text("started_at").map(|time| seconds_of(&time)),
                ended: text("ended_at").map(|time| seconds_of(&time)),
            });
            continue;
        }
        // Fires that shared a fate.
        let last = second_of(&text("fire_time").unwrap());
        let first = second_of(&text("first_fire_time").unwrap());
        let count = value["count"].as_i64().unwrap();
        assert_eq!(last - first + 1, count, "{value}");
        entries.extend((first..=last).map(|fire| Entry {
            run: None,
            job: job.clone(),
            fire,
            outcome: outcome.clone(),
            noticed: seconds_of(&text("noticed_at").unwrap()),
            started: None,
            ended: None,
        }));
    }
    entries
}

/// Whether everything adds up, after these lives of a scheduler in their order.
///
/// # Errors
/// Everything that does not.
pub fn check(
    expected: &[Expected],
    entries: &[Entry],
    lines: &[Line],
    schedulers: &[Life],
) -> Result<Figures, Vec<String>> {
    let mut problems = Vec::new();
    let mut on_record: BTreeMap<(&str, Second), &Entry> = BTreeMap::new();
    for entry in entries {
        if let Some(other) = on_record.insert((&entry.job, entry.fire), entry) {
            problems.push(format!("two outcomes: {other:?} and {entry:?}"));
        }
    }
    let mut ran: BTreeMap<(&str, Second), &Line> = BTreeMap::new();
    for line in lines {
        if ran.insert((&line.job, line.fire), line).is_some() {
            problems.push(format!("ran twice: {line:?}"));
        }
        match on_record.get(&(line.job.as_str(), line.fire)) {
            None => problems.push(format!("ran without a record: {line:?}")),
            Some(entry) if entry.run.as_ref() != Some(&line.run) => {
                problems.push(format!("another run is on record: {line:?}, {entry:?}"));
            }
            Some(_) => {}
        }
    }
    for job in expected {
        for second in job.due.clone() {
            if !on_record.contains_key(&(job.job.as_str(), second)) {
                problems.push(format!("{}, due at {second}, has no outcome", job.job));
            }
        }
    }
    let jobs: BTreeMap<&str, &Expected> =
        expected.iter().map(|job| (job.job.as_str(), job)).collect();
    for entry in on_record.values() {
        let has_run = ran.contains_key(&(entry.job.as_str(), entry.fire));
        if let Err(problem) = judge(
            entry,
            jobs.get(entry.job.as_str()).copied(),
            has_run,
            schedulers,
        ) {
            problems.push(format!("{problem}: {entry:?}"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut figures = Figures::new();
    for entry in entries {
        *figures.entry(entry.outcome.clone()).or_default() += 1;
    }
    Ok(figures)
}

/// One entry by itself.
fn judge(
    entry: &Entry,
    job: Option<&Expected>,
    has_run: bool,
    schedulers: &[Life],
) -> Result<(), &'static str> {
    let job = job.ok_or("nobody knows of this job")?;
    if !job.due.contains(&entry.fire) && !job.perhaps.contains(&entry.fire) {
        return Err("it was never due");
    }
    #[expect(clippy::cast_precision_loss, reason = "some 2e9")]
    let fire = entry.fire as f64;
    let started = entry.started.unwrap_or(fire);
    if started < fire {
        return Err("it started early");
    }
    match (entry.outcome.as_str(), has_run) {
        ("lost", _) if !may_be_lost(entry, schedulers) => Err("it is lost without a death"),
        (outcome, false) if job.without_a_run.contains(&outcome) => Ok(()),
        ("succeeded", false) => Err("it is said to have run, and did not"),
        // How a lost one ended could not be learnt; that it ran, it wrote itself.
        ("succeeded" | "lost", true) => Ok(()),
        ("lost", false) => Err("it never ran and is called lost"),
        (_, false) => Err("it may not end so"),
        (_, true) => Err("it ran and is said to have not"),
    }
}

/// Whether the scheduler that started it was killed.
fn may_be_lost(entry: &Entry, schedulers: &[Life]) -> bool {
    let Some(started) = entry.started else {
        // One of those that knew of it, before the one that found it lost.
        let ended = entry.ended.unwrap_or(f64::MAX);
        let mut kills = schedulers.iter().filter_map(|life| life.killed);
        return kills.any(|kill| entry.noticed <= kill && kill <= ended);
    };
    let its_life = schedulers.iter().rfind(|life| life.begin <= started);
    let killed = its_life.and_then(|life| life.killed);
    killed.is_some_and(|kill| started <= kill)
}
