//! Times that there is no record of: fires of the schedule as it is known now, and other times.
//!
//! That a record is missing proves nothing by itself: old ones are pruned, and the schedule may have been
//! another then. That the job did not run is said only where it was paused or gone at the time, where no
//! scheduler has got that far, or where all that ever became of the job is still on record.

use super::super::exit_code::ExitCode;
use super::super::record_text::{exact, outcome, second, short};
use super::super::records::or_say;
use super::Cited;
use super::answer::{Answer, schedule_text};
use super::fire::Fire;
use super::inquiry::Inquiry;
use super::lateness::Lateness;
use crate::schedule::Schedule;
use crate::scheduler::{FiresRecord, JobRecord, Outcome, PlanText};
use crate::time::{WallTime, duration, human};
use std::time::Duration;

const TICK: Duration = Duration::from_micros(1);

impl Inquiry<'_> {
    /// A fire of the schedule as it is known now.
    pub fn of_unrecorded(&self, fire: WallTime) -> Result<Answer, ExitCode> {
        if fire > self.now() {
            return Ok(self.of_future(fire));
        }
        let due = exact(fire, self.zone);
        let job = &self.job;
        if let Some(pause) = self.pause_of_job(fire) {
            let when = pause.text(fire, self.zone);
            let sentence = format!(
                "{job} did not run at {due}: the job was paused {when}, and fires of a paused job do not exist"
            );
            return Ok(Answer::new("paused", sentence, fire).citing(pause.cited()));
        }
        if let Some(absence) = self.absence_at(fire) {
            let when = absence.text(fire, self.zone);
            let sentence = format!("{job} did not run at {due}: it was {when}");
            return Ok(Answer::new("removed", sentence, fire).citing(absence.cited()));
        }
        let Some(known) = &self.known else {
            return self.of_unseen(fire);
        };
        let is_judged = known.progress.has_judged(fire) && self.is_taken_up();
        if !is_judged && known.progress.cursor() < fire {
            return Ok(self.of_unjudged(known, fire));
        }
        if or_say(self.records.history.is_whole(job))? {
            return Ok(if self.in_force(fire) {
                let sentence =
                    format!("{job} did not run at {due}, and nothing on record says why");
                Answer::new("no_record", sentence, fire)
            } else {
                let since = self.known_since("its schedule", fire);
                let sentence = format!("{job} did not run at {due}: {since}");
                Answer::new("not_seen_yet", sentence, fire)
            });
        }
        if is_judged {
            let kept = self.what_is_kept(fire)?;
            let sentence = format!("what became of {job} at {due} is not on record any more{kept}");
            return Ok(Answer::new("not_kept", sentence, fire));
        }
        self.of_forgotten(fire)
    }

    /// Nothing says whether it ran.
    fn of_forgotten(&self, fire: WallTime) -> Result<Answer, ExitCode> {
        let kept = self.what_is_kept(fire)?;
        let since = if self.in_force(fire) || self.known.is_none() {
            String::new()
        } else {
            format!("; {}", self.known_since("its schedule", fire))
        };
        let sentence = format!(
            "there is no record of what became of {} at {}{kept}{since}",
            self.job,
            exact(fire, self.zone)
        );
        Ok(Answer::new("no_record", sentence, fire))
    }

    /// Where the runs that are kept begin, if that is behind the fire.
    fn what_is_kept(&self, fire: WallTime) -> Result<String, ExitCode> {
        let oldest = or_say(self.records.history.oldest_ended_run(&self.job))?;
        Ok(match oldest.filter(|&oldest| oldest > fire) {
            Some(oldest) => {
                let oldest = second(oldest, self.zone);
                format!(": what is kept of its runs begins at {oldest}")
            }
            None => String::new(),
        })
    }

    /// Why what the schedule says now tells nothing of that time.
    fn known_since(&self, it: &str, at: WallTime) -> String {
        match &self.known {
            Some(known) if self.is_taken_up() && at < known.anchor => format!(
                "{it} is known to the scheduler since {} only",
                second(known.anchor, self.zone)
            ),
            // It may have been the same: where nothing was judged, its beginning is not on record.
            Some(known) if self.is_taken_up() => format!(
                "how {it} was before {} is not on record",
                second(known.progress.begins_after(), self.zone)
            ),
            _ => format!("no scheduler has taken {it} up yet"),
        }
    }

    fn of_future(&self, fire: WallTime) -> Answer {
        let due = exact(fire, self.zone);
        let far = human::how_far(self.now(), fire);
        let job = &self.job;
        if let Some(reason) = self.why_never() {
            let sentence = format!("{job} would be due at {due}, {far}, but {reason}");
            return Answer::new("disabled", sentence, fire);
        }
        if self.known.as_ref().is_some_and(|known| known.paused) {
            let sentence = format!(
                "{job} would be due at {due}, {far}, but it is paused: the fire exists only if it is resumed before"
            );
            return Answer::new("paused", sentence, fire);
        }
        Answer::new("future", format!("{job} is due at {due}, {far}"), fire)
    }

    /// The job is in the jobs file, and in no record of what a scheduler goes by.
    fn of_unseen(&self, fire: WallTime) -> Result<Answer, ExitCode> {
        let due = exact(fire, self.zone);
        let job = &self.job;
        let history = &self.records.history;
        if !or_say(history.is_whole(job))? {
            return self.of_forgotten(fire);
        }
        let was_there = !or_say(history.totals(job))?.is_empty();
        let why = match self.why_never() {
            _ if was_there => "no scheduler has taken it up from the jobs file again".to_owned(),
            Some(reason) => reason,
            None => "no scheduler has seen it yet, for there is no record of it".to_owned(),
        };
        let sentence = format!("{job} did not run at {due}: {why}");
        Ok(Answer::new("not_seen_yet", sentence, fire))
    }

    /// No scheduler has got to it.
    fn of_unjudged(&self, known: &JobRecord, fire: WallTime) -> Answer {
        let due = exact(fire, self.zone);
        let job = &self.job;
        if !known.plan.is_enabled() && self.is_taken_up() {
            let reason = self.why_never();
            let reason = reason.unwrap_or_else(|| "it was disabled".to_owned());
            let sentence = format!("{job} did not run at {due}: {reason}");
            return Answer::new("disabled", sentence, fire);
        }
        if known.paused {
            let sentence = format!("{job} is paused: the fire at {due} did not exist");
            return Answer::new("paused", sentence, fire);
        }
        if !self.lives.is_running() {
            let gone = self.not_reached(fire);
            let then = self.what_then(known, fire);
            let sentence = format!("{job} has not run at {due}: {gone}{then}");
            let cited = self.lives.last().cloned().map(Cited::Session);
            return Answer::new("no_scheduler", sentence, fire).citing(cited);
        }
        if !self.is_taken_up() {
            let sentence = format!("{job} has not run at {due}");
            return Answer::new("not_taken_up", sentence, fire);
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
        let sentence = format!("{job} has not run at {due} yet: {jitter}");
        Answer::new("waiting", sentence, fire)
    }

    /// What the next scheduler makes of a fire.
    fn what_then(&self, known: &JobRecord, fire: WallTime) -> String {
        let Some(job) = self.defined else {
            return String::new();
        };
        if PlanText::of(job).whole != known.plan.whole {
            return "; its definition was changed meanwhile, so nothing becomes of the fire"
                .to_owned();
        }
        let so_far = self.now().saturating_since(self.planned_start(fire));
        match job.settings.misfire_grace_time {
            Some(grace) if grace < so_far => format!(
                "; it will be missed, for misfire_grace_time is {}",
                duration::format(grace)
            ),
            _ => "; it will be judged when one is started".to_owned(),
        }
    }

    /// A time among fires of a schedule that is not known any more.
    pub fn of_perhaps(&self, fires: FiresRecord, at: WallTime) -> Answer {
        let zone = self.zone;
        let range = &fires.range;
        let lateness = match fires.outcome {
            Outcome::Skipped => Lateness::default(),
            _ => self.lateness(at, fires.judged_at),
        };
        let why = lateness
            .why
            .map_or(String::new(), |why| format!(" — {why}"));
        let sentence = format!(
            "whether {} was due at {} is not known any more: {} fires from {} to {} were {}{why}; which times they were of, the records do not tell",
            self.job,
            second(at, zone),
            range.count,
            short(range.first, at, zone),
            short(range.last, at, zone),
            fires.outcome,
        );
        Answer {
            fire_time: None,
            ..Answer::new("not_known", sentence, at)
        }
        .citing(lateness.cited)
        .citing([Cited::Fires(fires)])
    }

    // No fire.

    pub fn not_due(&self, at: WallTime) -> Result<Answer, ExitCode> {
        let answer = |verdict, sentence| Answer {
            fire_time: None,
            ..Answer::new(verdict, sentence, at)
        };
        let when = second(at, self.zone);
        let job = &self.job;
        let (Some(schedule), Some(defined)) = (&self.schedule, self.defined) else {
            if at > self.now() {
                let sentence = format!(
                    "{job} is not due at {when}, as far as is known: it is in no jobs file that would tell when it fires"
                );
                return Ok(answer("not_due", sentence));
            }
            if let Some(absence) = self.absence_at(at) {
                let since = absence.text(at, self.zone);
                let sentence = format!("{job} did not run at {when}: it was {since}");
                return Ok(answer("removed", sentence).citing(absence.cited()));
            }
            let sentence = format!(
                "there is no record of a fire of {job} at {when}, and it is in no jobs file that would tell when it fires"
            );
            return Ok(answer("no_record", sentence));
        };
        if at <= self.now() && self.known.is_some() && !self.in_force(at) {
            let has_none = format!("its schedule {} has no fire then", schedule_text(defined));
            let since = self.known_since("it", at);
            if or_say(self.records.history.is_whole(job))? {
                let sentence = format!(
                    "{job} did not run at {when}: {has_none}, and every record there ever was of it is kept"
                );
                return Ok(answer("not_due", sentence));
            }
            let kept = self.what_is_kept(at)?;
            let sentence = format!(
                "whether {job} was due at {when} is not on record{kept}; {has_none}, but {since}"
            );
            return Ok(answer("no_record", sentence));
        }
        let is = if at > self.now() { "is" } else { "was" };
        let (neighbours, cited) = self.neighbours(schedule, at)?;
        let sentence = format!(
            "{job} {is} not due at {when}: its schedule {} has {neighbours}",
            schedule_text(defined)
        );
        Ok(answer("not_due", sentence).citing(cited))
    }

    /// `a fire at 03:30:00 (succeeded) before that, and one at 03:31:00 after it`.
    fn neighbours(
        &self,
        schedule: &Schedule,
        at: WallTime,
    ) -> Result<(String, Vec<Cited>), ExitCode> {
        let zone = self.zone;
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
        Ok((format!("{before}, and {after}"), cited))
    }

    pub fn of_nothing(&self) -> Answer {
        let job = &self.job;
        let sentence = match self.defined {
            Some(defined) => match self.why_never() {
                Some(reason) => format!("no fire of {job} is on record: {reason}"),
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
}
