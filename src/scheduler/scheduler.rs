//! The state machine itself: one step, its phases, and the life of a run.

use super::clock::{ClockStep, ClockWatch};
use super::command::{Refusal, Reply};
use super::emitted::{Emitted, EventName};
use super::event::{Action, Deadline, Event, SpawnRequest};
use super::job_state::{Instances, JobState};
use super::ledger::{Decisions, Ledger};
use super::manual::DROPPED;
use super::progress::Progress;
use super::record::{Record, RunState, StoreId};
use super::run::{Run, RunKey, Stage};
use super::run_time_jobs::JobSource;
use super::shutdown::Shutdown;
use crate::config::{JobId, JobsFile, SchedulerSettings};
use crate::time::{BootTime, Now, WallTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What the scheduler is given beside the jobs file.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The store's identity.
    pub store: StoreId,
    /// Start paused, whatever the file says.
    pub paused: bool,
}

/// The scheduler. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub(super) store: StoreId,
    pub(super) settings: SchedulerSettings,
    pub(super) jobs: BTreeMap<JobId, JobState>,
    /// The planned start of the next fire of every job that has one.
    pub(super) queue: BTreeSet<(WallTime, JobId)>,
    pub(super) runs: BTreeMap<RunKey, Run>,
    pub(super) instances: BTreeMap<JobId, Instances>,
    /// Runs that wait for a worker, in the order of their turn.
    pub(super) waiting: VecDeque<RunKey>,
    pub(super) workers_busy: u32,
    /// Timeouts and kills to come.
    pub(super) alarms: BTreeSet<(BootTime, RunKey)>,
    pub(super) ledger: Ledger,
    clock: ClockWatch,
    pub(super) epoch: u32,
    /// Counts reloads: the generation of the jobs planned afresh in one.
    pub(super) generation: u64,
    pub(super) last_key: u64,
    /// How many runs were asked for: the sequence number of the newest.
    pub(super) manual_runs: u64,
    pub(super) last_seq: u64,
    pub(super) paused: bool,
    pub(super) shutdown: Option<Shutdown>,
    started: bool,
    exited: bool,
    /// Runs made in this step.
    pub(super) fresh: Vec<RunKey>,
    /// Jobs of which the last fire or run may just have gone.
    pub(super) perhaps_finished: BTreeSet<JobId>,
    /// What this step asks for, in order.
    pub(super) out: Vec<Action>,
}

impl Scheduler {
    /// A scheduler for these jobs, which it takes up with [`Event::Started`].
    #[must_use]
    pub fn new(file: JobsFile, limits: Limits, now: Now) -> Self {
        let mut scheduler = Self {
            store: limits.store,
            paused: limits.paused || file.scheduler.start_paused,
            settings: file.scheduler,
            jobs: BTreeMap::new(),
            queue: BTreeSet::new(),
            runs: BTreeMap::new(),
            instances: BTreeMap::new(),
            waiting: VecDeque::new(),
            workers_busy: 0,
            alarms: BTreeSet::new(),
            ledger: Ledger::default(),
            clock: ClockWatch::default(),
            epoch: 0,
            generation: 0,
            last_key: 0,
            manual_runs: 0,
            last_seq: 0,
            shutdown: None,
            started: false,
            exited: false,
            fresh: Vec::new(),
            perhaps_finished: BTreeSet::new(),
            out: Vec::new(),
        };
        for job in file.jobs {
            let state = JobState::first_seen(Arc::clone(&job), now.wall, 0);
            scheduler.jobs.insert(job.id.clone(), state);
        }
        scheduler.rebuild_queue();
        scheduler
    }

    /// Takes in one event at one moment and appends what is to be done, in order.
    ///
    /// Whatever the event, everything that is due by `now` is dealt with too, so no wake-up is
    /// ever lost: a late one only makes things late.
    pub fn step(&mut self, now: Now, event: Event, actions: &mut Vec<Action>) {
        if self.exited {
            return;
        }
        self.watch_clock(now);
        match event {
            Event::Started => self.start(),
            Event::Woke | Event::ClockStepped => {}
            Event::Stored(ticket) => {
                if let Some(decisions) = self.ledger.stored(ticket) {
                    self.carry_out(decisions);
                }
            }
            Event::StoreFailed { ticket, error } => {
                if let Some((decisions, records)) = self.ledger.failed(ticket, now.boot) {
                    self.undo(decisions, records, now);
                    let mut told = Emitted::new(EventName::StoreFailed);
                    told.detail = Some(error);
                    self.tell(told);
                }
            }
            Event::Spawned { run, pid } => self.spawned(run, pid, now),
            Event::SpawnFailed { run, error } => self.spawn_failed(run, error),
            Event::Exited { run, exit } => self.exited(run, exit, now),
            Event::Reload(file) => {
                // What was due under the old definitions is judged under them.
                self.judge_due(now);
                self.reload(*file, now);
            }
            Event::ReloadFailed(why) => self.reload_failed(why),
            Event::Command { token, command } => self.obey(token, *command, now),
            Event::Shutdown(request) => self.request_shutdown(request, now),
        }
        self.ring_alarms(now);
        self.advance_shutdown(now);
        self.judge_due(now);
        self.fill_workers();
        self.note_pending();
        self.tell_finished();
        if let Some(batch) = self.ledger.next_batch(now.boot) {
            self.out.push(Action::Store(batch));
        }
        if self.may_exit() {
            self.tell_shutdown();
            self.exited = true;
            self.out.push(Action::Exit);
        }
        self.hand_over(now, actions);
    }

    /// When to call [`Self::step`] again at the latest, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        let judging = self.judges();
        let alarm = self.alarms.first().map(|&(at, _)| at);
        let retry = self.ledger.retry_at();
        let stop = self.shutdown.and_then(Shutdown::deadline);
        Deadline {
            wall: self.queue.first().filter(|_| judging).map(|&(at, _)| at),
            boot: [alarm, retry, stop].into_iter().flatten().min(),
        }
    }

    fn start(&mut self) {
        self.started = true;
        let mut told = Emitted::new(EventName::SchedulerStarted);
        told.count = Some(self.jobs.len() as u64);
        self.tell(told);
        if self.paused {
            self.tell(Emitted::new(EventName::SchedulerPaused));
        }
    }

    /// Whether due fires are judged now, or wait.
    pub(super) fn judges(&self) -> bool {
        self.started && !self.paused && self.shutdown.is_none() && self.ledger.accepts_decisions()
    }

    fn watch_clock(&mut self, now: Now) {
        let Some(step) = self.clock.observe(now) else {
            return;
        };
        let mut told = Emitted::new(EventName::ClockStepped);
        match step {
            ClockStep::Forward(by) => {
                told.duration = Some(by);
                told.detail = Some("forward".into());
            }
            ClockStep::Backward(by) => {
                told.duration = Some(by);
                told.detail = Some("backward".into());
                self.epoch = self.epoch.saturating_add(1);
                for state in self.jobs.values_mut() {
                    state.clock_set_back(now.wall, by);
                }
                self.rebuild_queue();
            }
        }
        self.tell(told);
    }

    pub(super) fn rebuild_queue(&mut self) {
        self.queue.clear();
        for (id, state) in &self.jobs {
            match state.planned_start(&self.settings.seed) {
                Some(at) => _ = self.queue.insert((at, id.clone())),
                None => _ = self.perhaps_finished.insert(id.clone()),
            }
        }
    }

    // What rests on the store's answers.

    /// The decisions are durable: only now may their processes be spawned.
    fn carry_out(&mut self, decisions: Decisions) {
        for told in decisions.emitted {
            self.tell(told);
        }
        for (token, reply) in decisions.answers {
            self.answer(token, reply);
        }
        for key in decisions.starting {
            let Some(run) = self.runs.get_mut(&key) else {
                continue;
            };
            if run.stop_requested {
                run.stage = Stage::Waiting;
                self.workers_busy -= 1;
                self.skip_waiting(key, DROPPED);
                continue;
            }
            if self.shutdown.is_some() {
                // No new runs: it goes back to being backlog.
                let record = run.record(RunState::Pending);
                run.stage = Stage::Waiting;
                self.workers_busy -= 1;
                self.waiting.push_back(key);
                self.ledger.fact(record);
                continue;
            }
            run.stage = Stage::Starting;
            let request = SpawnRequest {
                run: key,
                run_id: run.id,
                job: Arc::clone(&run.job),
                fire_time: run.fire_time,
                reason: run.reason,
            };
            self.out.push(Action::Spawn(Box::new(request)));
        }
    }

    /// The decisions never became durable, and nothing was done on their strength: the fires are
    /// judged again when the store takes writes, as backlog.
    ///
    /// Where the job was removed or planned afresh meanwhile, its old fires cannot be judged again:
    /// what was decided of them stands, but for the runs, which are skipped.
    fn undo(&mut self, decisions: Decisions, records: Vec<Record>, now: Now) {
        let stale = self.planned_afresh_since(&decisions);
        for key in decisions.starting.iter().rev() {
            if let Some(run) = self.runs.get_mut(key) {
                run.stage = Stage::Waiting;
                self.workers_busy -= 1;
                self.waiting.push_front(*key);
            }
        }
        for key in &decisions.submitted {
            let Some(run) = self.runs.get(key) else {
                continue;
            };
            if stale.contains(&run.job.id) {
                self.skip_waiting(*key, "its job was changed before the store could take it");
            } else if let Some(run) = self.runs.remove(key) {
                self.waiting.retain(|waiting| waiting != key);
                self.leave(&run);
            }
        }
        for key in decisions.starting {
            if self.runs.get(&key).is_some_and(|run| run.stop_requested) {
                self.skip_waiting(key, DROPPED);
                continue;
            }
            // Submitted earlier, it would have been skipped with its job, had it been waiting then.
            if self
                .runs
                .get(&key)
                .is_some_and(|run| !self.jobs.contains_key(&run.job.id))
            {
                self.skip_waiting(key, "its job was removed while it waited");
            }
        }
        for record in records {
            if matches!(&record, Record::Fires { job, .. } if stale.contains(job)) {
                self.ledger.fact(record);
            }
        }
        for (token, _) in decisions.answers {
            self.answer(token, Reply::Refused(Refusal::StoreFailing));
        }
        for told in decisions.emitted {
            let at_once = is_of_a_command(told.name);
            let stands = told.job_id.as_ref().is_some_and(|id| stale.contains(id))
                && told.name != EventName::JobSubmitted;
            if at_once || stands {
                self.tell(told);
            }
        }
        for (id, (_, progress)) in decisions.before {
            if let Some(state) = self.jobs.get_mut(&id).filter(|_| !stale.contains(&id)) {
                state.progress = progress;
                // The clock may have been set back since; nothing happens if it was not.
                state.clock_set_back(now.wall, Duration::ZERO);
            }
        }
        self.rebuild_queue();
    }

    /// Jobs that are gone, or planned afresh, since these decisions.
    fn planned_afresh_since(&self, decisions: &Decisions) -> BTreeSet<JobId> {
        let is_stale = |(id, (generation, _)): (&JobId, &(u64, Progress))| {
            let same = self
                .jobs
                .get(id)
                .is_some_and(|state| state.generation == *generation);
            (!same).then(|| id.clone())
        };
        decisions.before.iter().filter_map(is_stale).collect()
    }

    // Telling.

    fn tell_finished(&mut self) {
        // Not before what its last fire became is told, which is when that is durable.
        if !self.judges() || !self.ledger.is_settled() {
            return;
        }
        for id in std::mem::take(&mut self.perhaps_finished) {
            let Some(state) = self.jobs.get_mut(&id) else {
                continue;
            };
            let over = state.next.is_none()
                && state.job.enabled
                && !state.paused
                && !self.instances.contains_key(&id);
            if over && !state.finished {
                state.finished = true;
                let of_run_time = state.source != JobSource::File;
                self.tell(Emitted::about(EventName::JobFinished, &id));
                if of_run_time {
                    self.jobs.remove(&id);
                    self.tell(Emitted::about(EventName::JobRemoved, &id));
                }
            }
        }
    }

    /// Numbers and dates are given as it goes out.
    pub(super) fn tell(&mut self, told: Emitted) {
        self.out.push(Action::Emit(Box::new(told)));
    }

    /// Tells it after all that waits to be told until it is durable.
    pub(super) fn tell_in_order(&mut self, told: Emitted) {
        if self.ledger.is_settled() {
            self.tell(told);
        } else {
            self.ledger.decisions().emitted.push(told);
        }
    }

    fn hand_over(&mut self, now: Now, actions: &mut Vec<Action>) {
        for mut action in self.out.drain(..) {
            if let Action::Emit(told) = &mut action {
                self.last_seq += 1;
                told.seq = self.last_seq;
                told.time = now.wall;
            }
            actions.push(action);
        }
    }

    fn may_exit(&self) -> bool {
        let recorded = self.ledger.is_settled() || self.ledger.is_failing();
        self.shutdown.is_some() && self.workers_busy == 0 && recorded
    }

    fn tell_shutdown(&mut self) {
        let mut told = Emitted::new(EventName::SchedulerShutdown);
        told.count = Some(self.runs.len() as u64);
        self.tell(told);
    }
}

/// Whether an event tells what was done at once, whatever becomes of the records beside it.
fn is_of_a_command(name: EventName) -> bool {
    matches!(
        name,
        EventName::JobAdded
            | EventName::JobModified
            | EventName::JobRemoved
            | EventName::JobPaused
            | EventName::JobResumed
            | EventName::SchedulerPaused
            | EventName::SchedulerResumed
    )
}
