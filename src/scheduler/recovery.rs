//! Going on where an earlier scheduler stopped, by whatever death.
//!
//! Everything rests on one order: the decision to start is durable before the process is spawned, the
//! process marks its start itself before its program runs, and the mark is removed after the end is
//! durable. So of every run that has no end, one of four things is true, and the daemon has found out
//! which ([`Fate`]); what follows from each is decided here.

use super::backlog::Backlog;
use super::emitted::{Emitted, EventName};
use super::job_state::{JobState, Returned};
use super::judging::too_many;
use super::overlap::Room;
use super::pools::Place;
use super::record::{End, JobRecord, Outcome, Reason, Record, RunRecord, RunState, StoreId};
use super::run::{Run, RunKey, Stage, StopReason};
use super::run_time_jobs::{JobSource, RunTimeJob};
use super::scheduler::Scheduler;
use crate::config::{Coalesce, Job, JobId, OnLost};
use crate::schedule::Trigger;
use crate::time::{BootTime, WallTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the store knows of earlier schedulers.
#[derive(Clone, Debug)]
pub struct Past {
    /// The store's identity.
    pub store: StoreId,
    /// What people call it: `memory`, or `sqlite:` and its path.
    pub store_name: Arc<str>,
    /// The clock epoch.
    pub epoch: u32,
    /// The number of the last event.
    pub last_seq: u64,
    /// The wall clock when the last batch was made; none in a new store.
    pub newest: Option<WallTime>,
    /// Whether that was in this boot of this machine.
    pub same_boot: bool,
    /// Whether all fires wait.
    pub paused: bool,
    /// How many runs were asked for.
    pub manual_runs: u64,
    /// The jobs.
    pub jobs: BTreeMap<JobId, JobRecord>,
    /// Those of them that are in no file, read from their definitions.
    pub run_time_jobs: Vec<RunTimeJob>,
    /// The runs without an end, in the order of their fire times, and what became of them.
    pub runs: Vec<(RunRecord, Fate)>,
}

impl Past {
    /// A new store's.
    #[must_use]
    pub fn none(store: StoreId) -> Self {
        Self {
            store,
            store_name: "memory".into(),
            epoch: 0,
            last_seq: 0,
            newest: None,
            same_boot: true,
            paused: false,
            manual_runs: 0,
            jobs: BTreeMap::new(),
            run_time_jobs: Vec::new(),
            runs: Vec::new(),
        }
    }
}

/// What became of a run without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It certainly never started: no decision was made, or one was and no mark is there.
    NeverStarted,
    /// Its process lives.
    Alive {
        /// The process.
        pid: i32,
        /// When it started.
        since: BootTime,
        /// The same, for people.
        since_wall: WallTime,
    },
    /// It started, and is gone; or the machine went down, and nobody knows.
    Gone,
}

impl Scheduler {
    /// Takes up the jobs of the file, and what the past has of them.
    pub(super) fn recover(&mut self, jobs: Vec<Arc<Job>>, past: Past) {
        let now = self.now;
        let mut known = past.jobs;
        let (mut edited, mut changed) = (Vec::new(), Vec::new());
        let mut take_up = |job: Arc<Job>, source: JobSource| {
            let id = job.id.clone();
            let mut is_kept = false;
            let mut state = match known.remove(&id) {
                None => JobState::first_seen(job, now.wall, 0),
                Some(record) => {
                    let was = record.clone();
                    let state = JobState::restored(&job, record, past.same_boot, now.wall);
                    if state.progress != was.progress {
                        edited.push(id.clone());
                    }
                    is_kept = state.progress == was.progress && was.definition.is_none();
                    state
                }
            };
            is_kept |= source != JobSource::File;
            state.source = source;
            if !is_kept {
                changed.push(id.clone());
            }
            (id, state)
        };
        // In order, and at once: that is the quickest way to make a tree, and the one that leaves it full.
        let of_files = jobs.into_iter().map(|job| take_up(job, JobSource::File));
        self.jobs = of_files.collect();
        let adds = !past.run_time_jobs.is_empty();
        for RunTimeJob { job, definition } in past.run_time_jobs {
            // Where a file now has the id of a job that was added at run time the file's takes its place.
            if !self.jobs.contains_key(&job.id) {
                let (id, state) = take_up(job, JobSource::Api(definition));
                self.jobs.insert(id, state);
            }
        }
        if adds {
            self.pack_jobs();
        }
        self.ledger.jobs_changed(changed);
        for (id, _) in known.iter().filter(|(_, job)| job.definition.is_none()) {
            self.ledger.job_gone(id);
        }
        if let Some(newest) = past.newest.filter(|&newest| newest > now.wall) {
            // Nobody saw it happen, but the clock was set back while no scheduler ran.
            let by = newest.saturating_since(now.wall);
            self.set_back(now.wall, by, Duration::ZERO);
        }
        for (mut record, fate) in past.runs {
            if fate == Fate::NeverStarted
                && let Some(end) = record
                    .earlier
                    .take_if(|earlier| earlier.outcome != Outcome::Lost)
            {
                self.resume_retry(record, *end, &edited);
                continue;
            }
            if fate != Fate::NeverStarted {
                record.earlier = None;
            }
            match fate {
                Fate::Alive {
                    pid,
                    since,
                    since_wall,
                } => self.adopt(&record, pid, since, since_wall),
                Fate::NeverStarted => self.return_run(record, &edited),
                Fate::Gone => self.lose(record, &edited),
            }
        }
    }

    /// Called when the scheduler takes up its work: what recovery found is told and recorded.
    pub(super) fn take_up_recovered(&mut self) {
        for (record, end, name) in std::mem::take(&mut self.recovered) {
            let mut told = about_run(&record, name);
            told.tell_end(&end);
            told.detail.clone_from(&end.detail);
            if name == EventName::JobRetrying {
                told.outcome = None;
            } else {
                self.ledger.fact(Record::Run(RunRecord {
                    state: RunState::Ended(Box::new(end)),
                    ..record
                }));
            }
            self.tell(told);
        }
    }

    /// A living process of an earlier scheduler goes on as ours.
    fn adopt(&mut self, record: &RunRecord, pid: i32, since: BootTime, since_wall: WallTime) {
        let job = match self.jobs.get(&record.job) {
            Some(state) => Arc::clone(&state.job),
            None => Arc::new(Job::departed(record.job.clone())),
        };
        let timeout_at = job.settings.timeout.map(|timeout| since + timeout);
        let stage = Stage::Running {
            pid,
            since,
            since_wall,
            stop: None,
            timeout_at,
            kill_at: None,
        };
        let run = self.run_of(record, job, stage);
        self.alarms.extend(timeout_at.map(|at| (at, run.key)));
        self.pools.occupy(&run);
        let instances = self.instances.entry(run.job.id.clone()).or_default();
        instances.single.insert(run.key);
        self.runs.insert(run.key, run);
    }

    /// The run is backlog once more, if its job is still what it was made of.
    fn return_run(&mut self, record: RunRecord, edited: &[JobId]) {
        let why = match self.jobs.get_mut(&record.job) {
            Some(state)
                if state.job.schedule.spec.trigger == Trigger::Reboot
                    && edited.contains(&record.job) =>
            {
                "the machine was started again before it could start"
            }
            Some(state) if !state.job.enabled || edited.contains(&record.job) => {
                "its job was changed before it could start"
            }
            Some(state) => {
                let run = RunRecord {
                    state: RunState::Pending,
                    ..record
                };
                // What was decided or done of it holds no longer, whoever asks next.
                self.ledger.fact(Record::Run(run.clone()));
                state.returned.push(Returned { run });
                state.plan();
                return;
            }
            None => "its job was removed before it could start",
        };
        self.recovered.push(self.skipped(record, why));
    }

    /// How it ended will never be known.
    fn lose(&mut self, record: RunRecord, edited: &[JobId]) {
        let why = "the scheduler or the machine went down while it ran, and how it ended could not be learnt";
        let end = End::without_process(Outcome::Lost, self.now.wall, Some(why.to_owned()));
        let rerun = self.jobs.get(&record.job).is_some_and(|state| {
            state.job.settings.on_lost == OnLost::Rerun
                && state.job.enabled
                && !edited.contains(&record.job)
        });
        if rerun {
            let again = RunRecord {
                attempt: record.attempt + 1,
                earlier: Some(Box::new(end.clone())),
                ..record.clone()
            };
            let mut told = end;
            told.detail = Some(format!("{why}; it is to run again"));
            self.recovered.push((record, told, EventName::JobRetrying));
            self.return_run(again, edited);
        } else {
            self.recovered.push((record, end, EventName::JobError));
        }
    }

    /// Judges runs that came back together with the fires that came due since: one backlog. What is
    /// left in it is still to be done with the fires.
    pub(super) fn judge_returned(
        &mut self,
        job: &Arc<Job>,
        backlog: &mut Backlog,
        returned: Vec<Returned>,
        submitted: &mut Vec<Run>,
    ) {
        let now = self.now;
        let is_late = |back: &Returned| {
            let grace = job.settings.misfire_grace_time.filter(|_| !back.was_lost());
            let start = self.planned_start_of(&back.run);
            grace.is_some_and(|grace| now.wall.saturating_since(start) > grace)
        };
        let (late, alive): (Vec<_>, Vec<_>) = returned.into_iter().partition(is_late);
        for back in late {
            let missed = (Outcome::Missed, EventName::JobMissed, None);
            self.close_run(back.run, missed, "it is too late");
        }
        // What a person asked for is no fire of the schedule, and is not folded into one.
        let (asked_for, mut alive): (Vec<_>, Vec<_>) = alive
            .into_iter()
            .partition(|back| back.run.reason == Reason::Manual);
        for back in asked_for {
            self.make_returned_run(job, back, submitted);
        }
        if alive.is_empty() {
            return;
        }
        let folded = match job.settings.coalesce {
            Coalesce::All => Vec::new(),
            Coalesce::Latest if !backlog.run.is_empty() => std::mem::take(&mut alive),
            Coalesce::Latest => alive.drain(..alive.len() - 1).collect(),
            Coalesce::Earliest => {
                backlog.fold_all_fires();
                alive.split_off(1)
            }
        };
        // What was lost has an outcome of its own: nothing else stands for it.
        let unlost = folded.iter().filter(|back| !back.was_lost());
        let count = unlost.map(|back| back.run.stands_for).sum::<u64>();
        for back in folded {
            let coalesced = (Outcome::Coalesced, EventName::JobCoalesced, None);
            self.close_run(back.run, coalesced, "another fire of the same backlog runs");
        }
        let Some(first) = alive.first_mut() else {
            backlog.folded += count;
            return;
        };
        first.run.stands_for += count + std::mem::take(&mut backlog.folded);
        if alive.len() + backlog.run.len() == 1 {
            let back = alive.remove(0);
            self.make_returned_run(job, back, submitted);
            return;
        }
        let room = self.room_for(job);
        if room == Room::Later {
            // Each takes the place of the one before it.
            let last = alive.pop_if(|_| backlog.run.is_empty());
            for back in alive {
                let why = StopReason::Replaced.of_a_skip();
                let skipped = Some(why.to_owned());
                let skipped = (Outcome::Skipped, EventName::JobSkipped, skipped);
                self.close_run(back.run, skipped, why);
            }
            if let Some(back) = last {
                self.make_returned_run(job, back, submitted);
            }
            return;
        }
        backlog.begun = room == Room::Free;
        for back in alive {
            if room == Room::None {
                self.skip_for_room(job, back);
                continue;
            }
            let run = self.returned_run(job, &back, true);
            let instances = self.instances.entry(job.id.clone()).or_default();
            instances.catchup.push_back(run.key);
            submitted.push(run);
        }
    }

    /// Makes it wait for a worker again, as one of its own, or skips it if `max_instances` is reached.
    fn make_returned_run(&mut self, job: &Arc<Job>, back: Returned, submitted: &mut Vec<Run>) {
        let room = self.room_for(job);
        if room == Room::None {
            return self.skip_for_room(job, back);
        }
        let mut run = self.returned_run(job, &back, false);
        run.queued = room == Room::Later;
        self.take_room(job, run.key, room);
        submitted.push(run);
    }

    fn returned_run(&mut self, job: &Arc<Job>, back: &Returned, catchup: bool) -> Run {
        let mut run = self.run_of(&back.run, Arc::clone(job), Stage::Waiting);
        run.earlier.clone_from(&back.run.earlier);
        run.catchup = catchup;
        if run.reason == Reason::Scheduled {
            run.reason = Reason::Catchup;
        }
        run
    }

    fn skip_for_room(&mut self, job: &Job, back: Returned) {
        let why = too_many(job);
        let name = EventName::JobMaxInstances;
        self.close_run(back.run, (Outcome::Skipped, name, Some(why.clone())), &why);
    }

    /// A run that came back and whose job is not what it was.
    pub(super) fn skip_returned(&mut self, returned: Returned, why: &str) {
        let (run, end, name) = self.skipped(returned.run, why);
        let mut told = about_run(&run, name);
        told.tell_end(&end);
        told.detail.clone_from(&end.detail);
        self.tell(told);
        self.ledger.fact(ended(run, end));
    }

    /// The end of a run that came back and does not run: skipped, or lost if it was that.
    fn skipped(&self, mut run: RunRecord, why: &str) -> (RunRecord, End, EventName) {
        if let Some(end) = taken_as_lost(&mut run, why) {
            return (run, end, EventName::JobError);
        }
        let end = End::without_process(Outcome::Skipped, self.now.wall, Some(why.to_owned()));
        (run, end, EventName::JobSkipped)
    }

    /// Decides that a run that came back does not run. If it was lost, it ends so, with why it does not
    /// run again.
    fn close_run(
        &mut self,
        mut run: RunRecord,
        (outcome, name, detail): (Outcome, EventName, Option<String>),
        not_again: &str,
    ) {
        let (end, told) = if let Some(end) = taken_as_lost(&mut run, not_again) {
            let mut told = about_run(&run, EventName::JobError);
            told.tell_end(&end);
            told.detail.clone_from(&end.detail);
            (end, told)
        } else {
            let mut told = about_run(&run, name);
            told.outcome = Some(outcome);
            told.count = Some(1);
            let start = self.planned_start_of(&run);
            told.late_by = Some(self.now.wall.saturating_since(start));
            told.detail.clone_from(&detail);
            (End::without_process(outcome, self.now.wall, detail), told)
        };
        self.ledger.decisions().emitted.push(told);
        self.ledger.decision(ended(run, end));
    }

    /// As it was planned, if its job is still as it was then.
    fn planned_start_of(&self, run: &RunRecord) -> WallTime {
        match self.jobs.get(&run.job) {
            Some(state) if run.sequence == 0 => state.starts(&self.settings.seed).of(run.fire_time),
            _ => run.fire_time,
        }
    }

    pub(super) fn run_of(&mut self, record: &RunRecord, job: Arc<Job>, stage: Stage) -> Run {
        self.last_key += 1;
        let planned_start = self.planned_start_of(record);
        let pool = self.pools.of(&job);
        Run {
            key: RunKey(self.last_key),
            id: record.id,
            job,
            fire_time: record.fire_time,
            planned_start,
            epoch: record.epoch,
            sequence: record.sequence,
            attempt: record.attempt,
            reason: record.reason,
            stands_for: record.stands_for,
            noticed_at: record.noticed_at,
            waits_since: self.now.boot,
            catchup: false,
            queued: false,
            replaced: false,
            stop_requested: None,
            stage,
            earlier: None,
            pool,
            place: Place::default(),
        }
    }
}

/// Makes a run that was lost and was to run again the lost one that it is after all; its end.
fn taken_as_lost(run: &mut RunRecord, not_again: &str) -> Option<End> {
    let end = run.earlier.take()?;
    run.attempt -= 1;
    Some(end.not_run_again(not_again))
}

fn ended(run: RunRecord, end: End) -> Record {
    Record::Run(RunRecord {
        state: RunState::Ended(Box::new(end)),
        ..run
    })
}

fn about_run(run: &RunRecord, name: EventName) -> Emitted {
    Emitted {
        run_id: Some(run.id),
        fire_time: Some(run.fire_time),
        ..Emitted::about(name, &run.job)
    }
}
