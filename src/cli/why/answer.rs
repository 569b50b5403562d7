//! The sentence, and the records it rests on.

use super::super::exit_code::ExitCode;
use super::super::record_text::{counted, ending, exact, length, outcome, second, short};
use super::super::records::or_say;
use super::Cited;
use super::fire::Fire;
use super::inquiry::Inquiry;
use super::lateness::Lateness;
use crate::config::Job;
use crate::diagnostic::quoted;
use crate::scheduler::{FiresRecord, JobRecord, Outcome, PlanText, RunRecord, RunState};
use crate::time::{WallTime, duration, human};
use std::time::Duration;

/// Noticed later than this, a run that ran is worth a word about why.
const WORTH_A_REASON: Duration = Duration::from_secs(1);

const TICK: Duration = Duration::from_micros(1);

/// An answer.
pub(super) struct Answer {
    /// In a word.
    pub verdict: &'static str,
    /// For people.
    pub sentence: String,
    /// The fire that is meant.
    pub fire_time: Option<WallTime>,
    /// What it rests on.
    pub cited: Vec<Cited>,
}

impl Answer {
    fn new(verdict: &'static str, sentence: String, fire: WallTime) -> Self {
        Self {
            verdict,
            sentence,
            fire_time: Some(fire),
            cited: Vec::new(),
        }
    }

    fn citing(mut self, cited: impl IntoIterator<Item = Cited>) -> Self {
        self.cited.extend(cited);
        self
    }
}

impl Inquiry<'_> {
    pub fn answer(&self) -> Result<Answer, ExitCode> {
        let mut answer = match self.fire()? {
            Fire::Run(run) => self.of_run(&run)?,
            Fire::None(fires, fire) => self.of_fires(&fires, fire)?,
            Fire::Unrecorded(fire) => self.of_unrecorded(fire)?,
            Fire::NotDue(at) => self.not_due(at)?,
            Fire::Unknown => self.of_nothing(),
        };
        answer.sentence.extend(self.of_job_now(&answer));
        answer.sentence.extend(self.of_edited_schedule());
        Ok(answer)
    }

    // A run.

    fn of_run(&self, run: &RunRecord) -> Result<Answer, ExitCode> {
        let fire = run.fire_time;
        let due = exact(fire, self.zone);
        let job = &self.job;
        let late = run.noticed_at.saturating_since(fire);
        let mut lateness = Lateness {
            why: None,
            cited: Vec::new(),
        };
        if late >= WORTH_A_REASON && run.sequence == 0 {
            lateness = self.lateness(fire, run.noticed_at);
        }
        let mut because = match &lateness.why {
            Some(why) => format!("; it was noticed {} late: {why}", length(late)),
            None if late >= WORTH_A_REASON && run.sequence == 0 => {
                format!("; it was noticed {} late, {UNEXPLAINED}", length(late))
            }
            None => String::new(),
        };
        if run.stands_for > 1 {
            because = format!(
                "; it stands for {}{because}",
                counted(run.stands_for, "fire")
            );
        }
        let cited = lateness.cited.into_iter().chain([Cited::Run(run.clone())]);
        let Some(end) = run.end() else {
            let (verdict, state) = self.of_unended(run);
            let sentence = format!("{job} {state}{because}");
            return Ok(Answer::new(verdict, sentence, fire).citing(cited));
        };
        let detail = end.detail.as_deref().unwrap_or_default();
        let how = ending(run).unwrap_or_default();
        let after = end
            .duration
            .map(|took| format!(" after {}", length(took)))
            .unwrap_or_default();
        let sentence = match end.outcome {
            Outcome::Succeeded => format!("{job} ran at {due} and succeeded{after}"),
            Outcome::Failed => format!("{job} ran at {due} and failed{after}: {how}"),
            Outcome::TimedOut => {
                format!("{job} ran at {due} and was stopped at its timeout{after}")
            }
            Outcome::Killed => format!(
                "{job} ran at {due} and was stopped{after}: {}",
                one_of(detail, &how)
            ),
            Outcome::SpawnFailed => format!("{job} could not be started at {due}: {detail}"),
            Outcome::Lost => format!("{job} was started at {due} and is lost: {detail}"),
            Outcome::Missed => {
                return Ok(self.of_missed(&Fate::of(run)));
            }
            Outcome::Coalesced => {
                return self.of_coalesced(&Fate::of(run), fire, run.stands_for);
            }
            Outcome::Skipped => {
                return self.of_skipped(&Fate::of(run));
            }
        };
        let verdict = end.outcome.as_str();
        Ok(Answer::new(verdict, sentence + &because, fire).citing(cited))
    }

    fn of_unended(&self, run: &RunRecord) -> (&'static str, String) {
        let due = exact(run.fire_time, self.zone);
        let gone = !self.lives.is_running();
        match (&run.state, run.pid) {
            (RunState::Pending, _) if gone => (
                "pending",
                format!(
                    "has not run yet for {due}: {}, and the run that was to be is judged when it is",
                    self.gone_since(run.fire_time)
                ),
            ),
            (RunState::Pending, _) => (
                "pending",
                format!("has not run yet for {due}: it waits for a worker, or for its turn"),
            ),
            _ if gone => (
                "running",
                format!(
                    "was started at {due}, and {}: how it ended will be found out, if it can, when it is",
                    self.gone_since(run.fire_time)
                ),
            ),
            (RunState::Running, Some(pid)) => {
                ("running", format!("runs since {due}: it is process {pid}"))
            }
            _ => ("starting", format!("is being started for {due}")),
        }
    }

    // Fires that became no run.

    fn of_fires(&self, fires: &FiresRecord, fire: WallTime) -> Result<Answer, ExitCode> {
        let fate = Fate {
            fire,
            noticed: fires.judged_at,
            detail: fires.detail.as_deref(),
            record: Cited::Fires(fires.clone()),
        };
        match fires.outcome {
            Outcome::Coalesced => self.of_coalesced(&fate, fires.range.last, fires.range.count),
            Outcome::Skipped => self.of_skipped(&fate),
            _ => Ok(self.of_missed(&fate)),
        }
    }

    fn of_missed(&self, fate: &Fate<'_>) -> Answer {
        let due = exact(fate.fire, self.zone);
        let late = fate.noticed.saturating_since(fate.fire);
        let lateness = self.lateness(fate.fire, fate.noticed);
        let why = match &lateness.why {
            Some(why) => format!("{why}, and it was noticed {} late", length(late)),
            None => format!("it was noticed {} late, {UNEXPLAINED}", length(late)),
        };
        let grace = self.grace_was_exceeded(late);
        let sentence = format!("{} did not run at {due}: missed — {why}{grace}", self.job);
        let cited = lateness.cited.into_iter().chain([fate.record.clone()]);
        Answer::new("missed", sentence, fate.fire).citing(cited)
    }

    /// `; misfire_grace_time is 1m`, as the jobs file has it now.
    fn grace_was_exceeded(&self, late: Duration) -> String {
        match self.defined.map(|job| job.settings.misfire_grace_time) {
            Some(Some(grace)) if grace < late => {
                format!("; misfire_grace_time is {}", duration::format(grace))
            }
            // It was another then.
            Some(_) => "; more than its misfire_grace_time was then".to_owned(),
            None => String::new(),
        }
    }

    /// `last` and `count`: of the fires that shared its fate.
    fn of_coalesced(
        &self,
        fate: &Fate<'_>,
        last: WallTime,
        count: u64,
    ) -> Result<Answer, ExitCode> {
        let (fire, zone) = (fate.fire, self.zone);
        let due = exact(fire, zone);
        let history = &self.records.history;
        let judged_with = or_say(history.runs_noticed_at(&self.job, fate.noticed))?;
        // The neighbour, on either side: coalesce says which.
        let into = judged_with
            .iter()
            .find(|run| run.fire_time > last)
            .or_else(|| judged_with.last());
        let into_text = match into {
            Some(run) => format!(
                "into the run for {} ({})",
                short(run.fire_time, fire, zone),
                outcome(run)
            ),
            None => "into another fire of the same backlog".to_owned(),
        };
        let lateness = self.lateness(fire, fate.noticed);
        let due_at_once = counted(count.saturating_add(1), "fire");
        let why = match &lateness.why {
            Some(why) => format!(" — {why}, and {due_at_once} were due at once"),
            None => format!(" — {due_at_once} were due at once, {UNEXPLAINED}"),
        };
        let sentence = format!(
            "{} did not run on its own at {due}: coalesced {into_text}{why}",
            self.job
        );
        let cited = lateness
            .cited
            .into_iter()
            .chain([fate.record.clone()])
            .chain(into.cloned().map(Cited::Run));
        Ok(Answer::new("coalesced", sentence, fire).citing(cited))
    }

    fn of_skipped(&self, fate: &Fate<'_>) -> Result<Answer, ExitCode> {
        let (fire, zone) = (fate.fire, self.zone);
        let due = exact(fire, zone);
        let alive = self.records.history.runs_alive_at(&self.job, fate.noticed);
        let mut in_the_way = or_say(alive)?;
        // Not those that were skipped with it.
        in_the_way.retain(|run| {
            run.end().is_none_or(|end| end.outcome.is_of_a_run()) && run.fire_time != fire
        });
        let detail = fate.detail.unwrap_or("it was not to run");
        let runs: Vec<_> = in_the_way
            .iter()
            .map(|run| self.in_the_way(run, fire))
            .collect();
        let runs = match &runs[..] {
            [] => String::new(),
            [one] => format!(": {one}"),
            several => format!(": {}", several.join("; ")),
        };
        let sentence = format!(
            "{} did not run at {due}: skipped — {detail}{runs}",
            self.job
        );
        let cited = in_the_way
            .into_iter()
            .map(Cited::Run)
            .chain([fate.record.clone()]);
        Ok(Answer::new("skipped", sentence, fire).citing(cited))
    }

    /// `the run for 02:59:00 ran until 03:04:12`.
    fn in_the_way(&self, run: &RunRecord, beside: WallTime) -> String {
        let of = short(run.fire_time, beside, self.zone);
        match run.end() {
            Some(end) => {
                let until = short(end.at, beside, self.zone);
                format!("the run for {of} ran until {until}")
            }
            None => format!("the run for {of} has not ended"),
        }
    }

    // A fire without a record.

    fn of_unrecorded(&self, fire: WallTime) -> Result<Answer, ExitCode> {
        let due = exact(fire, self.zone);
        let job = &self.job;
        let answer = |verdict, sentence| Answer::new(verdict, sentence, fire);
        if fire > self.now() {
            let far = human::how_far(self.now(), fire);
            let sentence = format!("{job} is due at {due}, {far}");
            return Ok(answer("future", sentence));
        }
        if let Some(reason) = self.defined.and_then(|job| why_never(job)) {
            let sentence = format!("{job} did not run at {due}: {reason}");
            return Ok(answer("disabled", sentence));
        }
        if let Some(pause) = self.pause_of_job(fire) {
            let when = pause.text(fire, self.zone);
            let sentence = format!(
                "{job} did not run at {due}: the job was paused {when}, and fires of a paused job do not exist"
            );
            return Ok(answer("paused", sentence).citing(pause.cited()));
        }
        let Some(known) = &self.known else {
            let sentence = format!(
                "{job} did not run at {due}: no scheduler has seen it yet, for there is no record of it"
            );
            return Ok(answer("not_seen_yet", sentence));
        };
        if fire < known.anchor {
            let since = second(known.anchor, self.zone);
            let sentence = format!(
                "{job} did not run at {due}: its schedule is known to the scheduler since {since} only"
            );
            return Ok(answer("not_seen_yet", sentence));
        }
        if known.paused {
            let sentence = format!("{job} is paused: the fire at {due} did not exist");
            return Ok(answer("paused", sentence));
        }
        if known.progress.cursor() < fire {
            return Ok(self.of_unjudged(fire));
        }
        let oldest = or_say(self.records.history.oldest_fire(job))?;
        Ok(match oldest {
            Some(oldest) if oldest > fire => {
                let oldest = second(oldest, self.zone);
                answer(
                    "not_kept",
                    format!(
                        "what became of {job} at {due} is not on record any more: what is kept of it begins at {oldest}"
                    ),
                )
            }
            _ => answer(
                "no_record",
                format!("nothing on record says why {job} did not run at {due}"),
            ),
        })
    }

    /// It is due, and no scheduler has got to it.
    fn of_unjudged(&self, fire: WallTime) -> Answer {
        let due = exact(fire, self.zone);
        let job = &self.job;
        let so_far = self.now().saturating_since(fire);
        if !self.lives.is_running() {
            let then = match self.defined.map(|job| job.settings.misfire_grace_time) {
                Some(Some(grace)) if grace < so_far => format!(
                    "; it will be missed, for misfire_grace_time is {}",
                    duration::format(grace)
                ),
                Some(_) => "; it will be judged when one is started".to_owned(),
                None => String::new(),
            };
            let gone = self.gone_since(fire);
            let sentence = format!("{job} has not run at {due}: {gone}{then}");
            let cited = self.lives.last().cloned().map(Cited::Session);
            return Answer::new("no_scheduler", sentence, fire).citing(cited);
        }
        if let Some(pause) = self.pause_of_scheduler(self.now()) {
            let when = pause.text(fire, self.zone);
            let sentence = format!(
                "{job} has not run at {due}: the scheduler is paused {when}; the fire waits, and is judged when it is resumed"
            );
            return Answer::new("waiting", sentence, fire).citing(pause.cited());
        }
        let jitter = match self.defined.and_then(|job| job.schedule.jitter) {
            Some(most) => format!("its start is spread by up to {}", duration::format(most)),
            None => "the scheduler has not got to it, or could not record that it did".to_owned(),
        };
        Answer::new(
            "waiting",
            format!("{job} has not run at {due} yet: {jitter}"),
            fire,
        )
    }

    // No fire.

    fn not_due(&self, at: WallTime) -> Result<Answer, ExitCode> {
        let zone = self.zone;
        let when = second(at, zone);
        let job = &self.job;
        let (Some(schedule), Some(defined)) = (&self.schedule, self.defined) else {
            let sentence = format!(
                "{job} has no record of a fire at {when}, and it is in no jobs file that would tell when it fires"
            );
            return Ok(Answer {
                fire_time: None,
                ..Answer::new("no_record", sentence, at)
            });
        };
        let (before, after) = (
            schedule.last_at_or_before(at - TICK),
            schedule.next_after(at),
        );
        let mut cited = Vec::new();
        let before = match before {
            Some(fire) => {
                let became = match self.fire_at(fire)? {
                    Fire::Run(run) => {
                        let text = outcome(&run);
                        cited.push(Cited::Run(*run));
                        format!(" ({text})")
                    }
                    Fire::None(fires, _) => {
                        let text = fires.outcome;
                        cited.push(Cited::Fires(fires));
                        format!(" ({text})")
                    }
                    _ => String::new(),
                };
                format!("a fire at {}{became} before that", short(fire, at, zone))
            }
            None => "none before that".to_owned(),
        };
        let after = match after {
            Some(fire) => format!("one at {} after it", short(fire, at, zone)),
            None => "none after it".to_owned(),
        };
        let sentence = format!(
            "{job} was not due at {when}: its schedule {} has {before}, and {after}",
            schedule_text(defined)
        );
        let answer = Answer {
            fire_time: None,
            ..Answer::new("not_due", sentence, at)
        };
        Ok(answer.citing(cited))
    }

    fn of_nothing(&self) -> Answer {
        let job = &self.job;
        let sentence = match self.defined {
            Some(defined) => match why_never(defined) {
                Some(reason) => format!("{job} has never run: {reason}"),
                None => format!(
                    "{job} has not been due yet: its schedule is {}",
                    schedule_text(defined)
                ),
            },
            None => format!("there is no record of any fire of {job}"),
        };
        Answer {
            verdict: "not_due",
            sentence,
            fire_time: None,
            cited: Vec::new(),
        }
    }

    // What is true of the job by now, and nobody asked for.

    fn of_job_now(&self, answer: &Answer) -> Option<String> {
        if self.at.is_some() {
            return None;
        }
        let is_paused = self.known.as_ref().is_some_and(|known| known.paused);
        if is_paused && answer.verdict != "paused" {
            return Some(". It is paused now".to_owned());
        }
        let is_disabled = self.defined.is_some_and(|job| !job.enabled);
        if is_disabled && answer.fire_time.is_some() && answer.verdict != "disabled" {
            return Some(". It is disabled in the jobs file by now".to_owned());
        }
        let was_added = |known: &JobRecord| known.definition.is_some();
        let was_in_file = !self.known.as_ref().is_some_and(was_added);
        (self.defined.is_none() && was_in_file && self.records.has_jobs_file())
            .then(|| ". It is in the jobs file no more".to_owned())
    }

    /// What the schedule says was said by another one, as far as the records know.
    fn of_edited_schedule(&self) -> Option<String> {
        let (defined, known) = (self.defined?, self.known.as_ref()?);
        (PlanText::of(defined).whole != known.plan.whole).then(|| {
            ". The jobs file has another schedule for it than the one on record: \
             no scheduler has taken it up yet"
                .to_owned()
        })
    }
}

/// Where nothing on record tells why a fire was late.
const UNEXPLAINED: &str = "and nothing on record says why: \
    the machine may have been suspended, or the scheduler stopped or kept from running";

/// A fire that became no run, by whichever kind of record.
struct Fate<'a> {
    fire: WallTime,
    noticed: WallTime,
    detail: Option<&'a str>,
    record: Cited,
}

impl<'a> Fate<'a> {
    /// A run that waited, came back at a restart, and was let go then.
    fn of(run: &'a RunRecord) -> Self {
        let end = run.end();
        Self {
            fire: run.fire_time,
            noticed: end.map_or(run.noticed_at, |end| end.at),
            detail: end.and_then(|end| end.detail.as_deref()),
            record: Cited::Run(run.clone()),
        }
    }
}

fn one_of<'a>(first: &'a str, otherwise: &'a str) -> &'a str {
    if first.is_empty() { otherwise } else { first }
}

/// Why a job is listed and not run, if it is so.
fn why_never(job: &Job) -> Option<String> {
    match &job.settings.elsewhere {
        Some(hosts) => Some(format!("it runs on {hosts} only, and this is another host")),
        None => (!job.enabled).then(|| "it is disabled in the jobs file".to_owned()),
    }
}

fn schedule_text(job: &Job) -> String {
    format!(
        "{} ({})",
        quoted(&job.schedule.text),
        job.schedule.spec.zone.name()
    )
}
