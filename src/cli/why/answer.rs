//! The sentence, and the records it rests on.

use super::super::exit_code::ExitCode;
use super::super::record_text::{counted, ending, ending_of, exact, length, outcome, short};
use super::super::records::or_say;
use super::Cited;
use super::fire::Fire;
use super::inquiry::Inquiry;
use crate::config::Job;
use crate::diagnostic::quoted;
use crate::scheduler::{End, FiresRecord, Outcome, PlanText, RunRecord, RunState};
use crate::time::{WallTime, duration};
use std::time::Duration;

/// Noticed later than this, a run that ran is worth a word about why.
const WORTH_A_REASON: Duration = Duration::from_secs(1);

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
    pub fn new(verdict: &'static str, sentence: String, fire: WallTime) -> Self {
        Self {
            verdict,
            sentence,
            fire_time: Some(fire),
            cited: Vec::new(),
        }
    }

    pub fn citing(mut self, cited: impl IntoIterator<Item = Cited>) -> Self {
        self.cited.extend(cited);
        self
    }
}

impl Inquiry<'_> {
    pub fn answer(&self) -> Result<Answer, ExitCode> {
        let mut answer = match self.fire()? {
            Fire::Run(run) => self.of_run(&run)?,
            Fire::None(fires, fire) => self.of_fires(&fires, fire)?,
            Fire::Perhaps(fires, at) => self.of_perhaps(fires, at),
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
        let (because, cited) = self.circumstances(run);
        let cited = cited.into_iter().chain([Cited::Run(run.clone())]);
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
        let when = self.when(run);
        let sentence = match end.outcome {
            Outcome::Succeeded => format!("{job} ran {when} and succeeded{after}"),
            Outcome::Failed => {
                let why = [&how, detail].into_iter().filter(|text| !text.is_empty());
                let why = why.collect::<Vec<_>>().join("; ");
                format!("{job} ran {when} and failed{after}: {why}")
            }
            Outcome::TimedOut => {
                format!("{job} ran {when} and was stopped at its timeout{after}")
            }
            Outcome::Killed => format!(
                "{job} ran {when} and was stopped{after}: {}",
                one_of(detail, &how)
            ),
            Outcome::SpawnFailed => format!("{job} could not be started at {due}: {detail}"),
            Outcome::Lost => format!("{job} was started {when} and is lost: {detail}"),
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

    /// What is to be said of a run beside how it ended: how many fires and which attempt it is, and why it
    /// was late.
    fn circumstances(&self, run: &RunRecord) -> (String, Vec<Cited>) {
        let mut text = String::new();
        let mut cited = Vec::new();
        if run.attempt > 1 && run.end().is_some() {
            text.push_str("; that was attempt ");
            text.push_str(&run.attempt.to_string());
        }
        if run.stands_for > 1 {
            text.push_str("; it stands for ");
            text.push_str(&counted(run.stands_for, "fire"));
        }
        let late = self.late_by(run.fire_time, run.noticed_at);
        if late >= WORTH_A_REASON && run.sequence == 0 {
            let lateness = self.lateness(run.fire_time, run.noticed_at);
            text.push_str("; it was noticed ");
            text.push_str(&length(late));
            text.push_str(" late");
            match &lateness.why {
                Some(why) => {
                    text.push_str(": ");
                    text.push_str(why);
                }
                // Its start may have been spread then.
                None if self.was_modified_since(run.fire_time) => {}
                None => {
                    text.push_str(", ");
                    text.push_str(UNEXPLAINED);
                }
            }
            cited = lateness.cited;
        }
        if let Some(waited) = run.waited.filter(|waited| *waited >= WORTH_A_REASON) {
            text.push_str("; it waited ");
            text.push_str(&length(waited));
            text.push_str(" to be started");
        }
        (text, cited)
    }

    /// `at 03:00:00`, or `for 03:00:00, from 03:00:06 on,` where its process began later than that.
    fn when(&self, run: &RunRecord) -> String {
        let due = exact(run.fire_time, self.zone);
        let since_due = |at: &WallTime| at.saturating_since(run.fire_time) >= WORTH_A_REASON;
        match run.started_at.filter(since_due) {
            Some(at) => {
                let at = short(at, run.fire_time, self.zone);
                format!("for {due}, from {at} on,")
            }
            None => format!("at {due}"),
        }
    }

    fn of_unended(&self, run: &RunRecord) -> (&'static str, String) {
        let due = exact(run.fire_time, self.zone);
        let gone = !self.lives.is_running();
        if let Some(earlier) = &run.earlier {
            return self.of_retry(run, earlier);
        }
        match (&run.state, run.pid) {
            (RunState::Pending, _) if gone => (
                "pending",
                format!(
                    "has not run yet for {due}: {}, and the run that was to be is judged when it is",
                    self.not_reached(run.fire_time)
                ),
            ),
            (RunState::Pending, _) => (
                "pending",
                format!("has not run yet for {due}: it waits for a worker, or for its turn"),
            ),
            _ if gone => (
                "running",
                format!(
                    "was started {} and {}: how it ended will be found out, if it can, when it is",
                    self.when(run),
                    self.gone_since(run.fire_time)
                ),
            ),
            (RunState::Running, Some(pid)) => {
                let attempt = match run.attempt {
                    1 => String::new(),
                    attempt => format!(", attempt {attempt}"),
                };
                let when = match self.when(run).strip_prefix("at ") {
                    Some(due) => format!("since {due}"),
                    None => self.when(run).trim_end_matches(',').to_owned(),
                };
                (
                    "running",
                    format!("runs {when}: it is process {pid}{attempt}"),
                )
            }
            _ => ("starting", format!("is being started for {due}")),
        }
    }

    /// A run between two of its attempts.
    fn of_retry(&self, run: &RunRecord, earlier: &End) -> (&'static str, String) {
        let due = exact(run.fire_time, self.zone);
        let (before, next) = (run.attempt - 1, run.attempt);
        let how = attempt_ended(earlier);
        let ended_at = short(earlier.at, run.fire_time, self.zone);
        let retry = self.defined.and_then(|job| job.settings.policy.retry);
        // Runs go on as their job was when they were made.
        let retry = retry.filter(|_| !self.was_modified_since(run.noticed_at));
        let due_again = retry.map(|retry| earlier.at + retry.delay_before(next));
        let gone = (!self.lives.is_running()).then(|| self.gone_since(run.fire_time));
        let then = match (&run.state, due_again) {
            (RunState::Starting, _) if gone.is_none() => format!("attempt {next} is being started"),
            (_, Some(at)) if at > self.now() || gone.is_some() => {
                let is = if at > self.now() { "is" } else { "was" };
                let at = short(at, run.fire_time, self.zone);
                format!("attempt {next} {is} due at {at}")
            }
            (_, Some(_)) => format!("attempt {next} waits for a worker"),
            (_, None) => format!("attempt {next} is to follow"),
        };
        let gone = gone.map_or(String::new(), |gone| format!(", and {gone}"));
        (
            super::super::record_json::state(run),
            format!("was tried for {due}: attempt {before} {how} at {ended_at}; {then}{gone}"),
        )
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
        let late = self.late_by(fate.fire, fate.noticed);
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
            .filter(|run| run.sequence == 0)
            .find(|run| run.fire_time > last)
            .or_else(|| judged_with.iter().rfind(|run| run.sequence == 0));
        let into_text = match into {
            Some(run) => format!(
                "into the run for {} ({})",
                short(run.fire_time, fire, zone),
                outcome(run)
            ),
            None => "into another fire of the same backlog".to_owned(),
        };
        let lateness = self.lateness(fire, fate.noticed);
        // The run knows; what came back from a stop was folded into it fire by fire.
        let all = into.map_or_else(|| count.saturating_add(1), |run| run.stands_for);
        let due_at_once = counted(all, "fire");
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

    /// Why the job is listed and not run, if it is so.
    pub fn why_never(&self) -> Option<String> {
        let job = self.defined?;
        match &job.settings.elsewhere {
            Some(hosts) => Some(format!("it runs on {hosts} only, and this is another host")),
            None if job.enabled => None,
            None if self.records.is_in_file(&self.job) => {
                Some("it is disabled in the jobs file".to_owned())
            }
            None => Some("it is disabled".to_owned()),
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
        let is_disabled = self.why_never().is_some()
            && self
                .known
                .as_ref()
                .is_none_or(|known| !known.plan.is_enabled());
        if is_disabled && answer.fire_time.is_some() && answer.verdict != "disabled" {
            return self.why_never().map(|why| format!(". By now {why}"));
        }
        if self.defined.is_some() || answer.verdict == "removed" {
            return None;
        }
        match &self.known {
            // One that was added at run time and whose definition makes no sense any more.
            Some(known) if known.definition.is_some() => None,
            Some(_) => self
                .records
                .has_jobs_file()
                .then(|| ". It is in the jobs file no more".to_owned()),
            // Whether it was in a file, no record tells.
            None => Some(match self.absence_at(self.now()) {
                Some(absence) => format!(". It was {}", absence.text(self.now(), self.zone)),
                None => ". There is no such job any more".to_owned(),
            }),
        }
    }

    /// What the schedule says was said by another one, as far as the records know.
    fn of_edited_schedule(&self) -> Option<String> {
        let (defined, known) = (self.defined?, self.known.as_ref()?);
        let now = PlanText::of(defined);
        let what = if now.schedule() != known.plan.schedule() {
            "The jobs file has another schedule for it than the one on record"
        } else if now.is_enabled() && !known.plan.is_enabled() {
            "It was disabled when a scheduler last wrote, and is enabled in the jobs file now"
        } else if known.plan.is_enabled() && !now.is_enabled() {
            "It was enabled when a scheduler last wrote, and is disabled in the jobs file now"
        } else {
            return None;
        };
        Some(format!(". {what}: no scheduler has taken that up yet"))
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

/// How an attempt ended that another one follows.
fn attempt_ended(end: &End) -> String {
    let detail = end.detail.as_deref().unwrap_or_default();
    match end.outcome {
        Outcome::TimedOut => "was stopped at its timeout".to_owned(),
        Outcome::SpawnFailed => format!("could not be started ({detail})"),
        _ => format!("failed ({})", ending_of(end).as_deref().unwrap_or(detail)),
    }
}

fn one_of<'a>(first: &'a str, otherwise: &'a str) -> &'a str {
    if first.is_empty() { otherwise } else { first }
}

pub(super) fn schedule_text(job: &Job) -> String {
    format!(
        "{} ({})",
        quoted(&job.schedule.text),
        job.schedule.spec.zone.name()
    )
}
