//! Trying a run again that failed: `retry`.
//!
//! The run goes on, as its next attempt: it keeps its id and its place among the instances of its job,
//! but no worker and no group while it waits. What it has instead is how the attempt before ended. That
//! is on record with it, and is how the run ends if there is no further attempt: because the job's next
//! fire came first, the job is gone, or somebody asked for it.

use super::emitted::{Emitted, EventName};
use super::record::{End, Outcome, Record, RunRecord, RunState};
use super::run::{Run, RunKey, Stage};
use super::scheduler::Scheduler;
use crate::config::{JobId, Retry};
use crate::time::{Now, WallTime, duration};
use std::time::Duration;

impl Scheduler {
    /// An attempt ended: the run is over, or waits for the next.
    pub(super) fn conclude(&mut self, run: Run, mut end: End, told: Emitted) {
        match self.next_attempt(&run, &end) {
            Next::None => self.end(&run, end, told),
            Next::TooLate => {
                end.detail.get_or_insert_with(|| NO_TIME.to_owned());
                self.end(&run, end, told);
            }
            Next::After(delay) => self.wait_for_retry(run, end, told, delay),
        }
    }

    fn next_attempt(&self, run: &Run, end: &End) -> Next {
        let wanted = |retry: &Retry| match end.outcome {
            Outcome::Failed | Outcome::SpawnFailed => retry.on_failure,
            Outcome::TimedOut => retry.on_timeout,
            _ => false,
        };
        let is_over =
            run.stop_requested.is_some() || run.replaced || !self.jobs.contains_key(&run.job.id);
        let retry = run.job.settings.policy.retry.filter(wanted);
        let Some(retry) = retry.filter(|retry| run.attempt <= retry.attempts && !is_over) else {
            return Next::None;
        };
        let delay = retry.delay_before(run.attempt + 1);
        let due = self.now.wall + delay;
        let next_fire = self.fire_after(run);
        // The next of a catch-up is the next fire too.
        let is_followed = self
            .instances
            .get(&run.job.id)
            .is_some_and(|all| run.catchup && all.catchup.len() > 1);
        if is_followed || next_fire.is_some_and(|next| next <= due) {
            return Next::TooLate;
        }
        Next::After(delay)
    }

    /// When the next fire of its job after this run is to start; none if there is none.
    fn fire_after(&self, run: &Run) -> Option<WallTime> {
        let state = self.jobs.get(&run.job.id)?;
        let unjudged = state.planned_start(&self.settings.seed)?;
        // That may have been judged, or be behind the clock that was set back.
        let starts = state.starts(&self.settings.seed);
        let planned = state.schedule.next_after(run.noticed_at);
        let planned = planned.map(|fire| starts.of(fire));
        Some(planned.map_or(unjudged, |planned| planned.min(unjudged)))
    }

    /// Whether the job's next fire has come before this attempt could start.
    pub(super) fn is_overtaken(&self, run: &Run) -> bool {
        run.has_failed()
            && self
                .fire_after(run)
                .is_some_and(|next| next <= self.now.wall)
    }

    fn wait_for_retry(&mut self, mut run: Run, end: End, mut told: Emitted, delay: Duration) {
        if run.holds_worker() {
            self.pools.give_back(&run);
        }
        let attempts = run
            .job
            .settings
            .policy
            .retry
            .map_or(0, |retry| retry.attempts)
            + 1;
        let next = format!(
            "attempt {} of {attempts} in {}",
            run.attempt + 1,
            duration::format(delay)
        );
        told.name = EventName::JobRetrying;
        told.tell_end(&end);
        told.detail = Some(match told.detail {
            Some(why) => format!("{why}; {next}"),
            None => next,
        });
        run.attempt += 1;
        run.earlier = Some(Box::new(end));
        let at = self.now.boot + delay;
        run.stage = Stage::Retrying { at };
        self.alarms.insert((at, run.key));
        self.ledger.fact(run.record(RunState::Pending));
        self.runs.insert(run.key, run);
        self.tell(told);
    }

    /// Its next attempt is due: it waits for a worker.
    pub(super) fn retry_is_due(&mut self, key: RunKey, now: Now) {
        let Some(run) = self.runs.get(&key) else {
            return;
        };
        if self.is_overtaken(run) {
            return self.give_up(key, NO_TIME);
        }
        if let Some(run) = self.runs.get_mut(&key) {
            run.stage = Stage::Waiting;
            run.waits_since = now.boot;
            self.pools.join(run);
        }
    }

    /// The next fire of the job is judged: attempts that have not begun come too late.
    pub(super) fn give_up_overtaken(&mut self, id: &JobId) {
        let Some(instances) = self.instances.get(id) else {
            return;
        };
        let mine = instances.single.iter().chain(&instances.catchup);
        let overtaken = |key: &&RunKey| {
            let run = self.runs.get(key);
            run.is_some_and(|run| !run.holds_worker() && self.is_overtaken(run))
        };
        for key in mine.filter(overtaken).copied().collect::<Vec<_>>() {
            self.give_up(key, NO_TIME);
        }
    }

    /// A run with a worker that begins no further attempt after all.
    pub(super) fn give_up_before_start(&mut self, key: RunKey) {
        if let Some(run) = self.runs.get_mut(&key) {
            run.stage = Stage::Waiting;
            self.pools.rejoin(run);
        }
        self.give_up(key, NO_TIME);
    }

    /// There is no further attempt: it ends as the last one did.
    pub(super) fn give_up(&mut self, key: RunKey, why: &str) {
        let Some(mut run) = self.runs.remove(&key) else {
            return;
        };
        let Some(mut end) = run.earlier.take() else {
            self.runs.insert(key, run);
            return;
        };
        match run.stage {
            Stage::Retrying { at } => _ = self.alarms.remove(&(at, key)),
            _ => self.pools.drop_out(&run),
        }
        // One that was lost may have been submitted anew, and not be on record yet.
        self.ledger.withdraw_submission(run.id);
        self.withdraw_replacement(key);
        run.attempt -= 1;
        run.stage = Stage::Waiting;
        let why = why.strip_prefix(NOT_AGAIN).unwrap_or(why);
        if end.outcome == Outcome::Lost {
            *end = end.not_run_again(why);
        }
        end.detail
            .get_or_insert_with(|| format!("{NOT_AGAIN}{why}"));
        let mut told = run.told(EventName::JobError);
        told.detail.clone_from(&end.detail);
        self.end(&run, *end, told);
    }

    /// A run of an earlier scheduler that waited for its next attempt, or was about to begin it. It
    /// keeps its due time, unless its job is not what it was.
    pub(super) fn resume_retry(&mut self, record: RunRecord, end: End, edited: &[JobId]) {
        let state = self.jobs.get(&record.job);
        let job = state
            .filter(|state| state.job.enabled && !edited.contains(&record.job))
            .map(|state| state.job.clone());
        let retry = job.as_ref().and_then(|job| job.settings.policy.retry);
        let retry = retry.filter(|retry| record.attempt <= retry.attempts.saturating_add(1));
        let (Some(job), Some(retry)) = (job, retry) else {
            let mut end = end;
            end.detail
                .get_or_insert_with(|| format!("{NOT_AGAIN}its job was changed or removed"));
            let record = RunRecord {
                attempt: record.attempt - 1,
                ..record
            };
            self.recovered.push((record, end, EventName::JobError));
            return;
        };
        let delay = retry.delay_before(record.attempt);
        // By a clock that was set back it would wait longer than it was to.
        let left = (end.at + delay).saturating_since(self.now.wall).min(delay);
        let at = self.now.boot + left;
        let mut run = self.run_of(&record, job, Stage::Retrying { at });
        run.earlier = Some(Box::new(end));
        // What was decided of it holds no longer, whoever asks next.
        self.ledger.fact(run.record(RunState::Pending));
        self.alarms.insert((at, run.key));
        let instances = self.instances.entry(run.job.id.clone()).or_default();
        instances.single.insert(run.key);
        self.runs.insert(run.key, run);
    }
}

/// What follows an attempt.
enum Next {
    /// Nothing.
    None,
    /// Nothing, since the job's next fire comes first.
    TooLate,
    /// Another, so much later.
    After(Duration),
}

const NOT_AGAIN: &str = "not tried again: ";
const NO_TIME: &str = "not tried again: the job's next fire comes first";

impl Run {
    /// Whether an attempt of it failed and the next has not begun. One that was lost is waited for by
    /// nobody and overtaken by nothing: it runs again when it can.
    pub(super) fn has_failed(&self) -> bool {
        let earlier = self.earlier.as_ref();
        earlier.is_some_and(|end| end.outcome != Outcome::Lost)
    }

    /// When its next attempt is due, while it waits for that.
    pub fn retry_at(&self) -> Option<WallTime> {
        let earlier = self.earlier.as_ref().filter(|_| self.has_failed())?;
        let retry = self.job.settings.policy.retry?;
        let waits = matches!(self.stage, Stage::Retrying { .. } | Stage::Waiting);
        waits.then(|| earlier.at + retry.delay_before(self.attempt))
    }
}

/// The record of a run as the store is to have it: how the attempt before ended is of interest only until
/// the next has begun.
pub(super) fn earlier_of(run: &Run, state: &RunState) -> Option<Box<End>> {
    match state {
        RunState::Pending | RunState::Starting => run.earlier.clone(),
        RunState::Running | RunState::Ended(_) => None,
    }
}

/// The attempt whose end this record tells, if it tells one.
pub(super) fn ended_attempt(record: &Record) -> Option<(super::record::RunId, u32)> {
    let Record::Run(run) = record else {
        return None;
    };
    match &run.state {
        RunState::Ended(_) => Some((run.id, run.attempt)),
        RunState::Pending if run.earlier.is_some() => Some((run.id, run.attempt - 1)),
        _ => None,
    }
}
