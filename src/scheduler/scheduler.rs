//! The state machine itself: one step, its phases, and the life of a run.

use super::clock::{ClockStep, ClockWatch};
use super::command::{Refusal, Reply};
use super::emitted::{Emitted, EventName};
use super::event::{Action, Deadline, Event, SpawnRequest, StoreFailure};
use super::job_state::{Instances, JobState};
use super::ledger::{Before, Decisions, Durable, Ledger, Undone};
use super::pools::Pools;
use super::record::{End, Reason, Record, RunRecord, RunState, StoreId};
use super::recovery::Past;
use super::run::{Run, RunKey, Stage};
use super::run_time_jobs::JobSource;
use super::shutdown::Shutdown;
use super::store_failures::{StoreFailures, Trouble};
use crate::config::{JobId, JobsFile, NO_LIMIT, SchedulerSettings};
use crate::time::{BootTime, Now, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The scheduler. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Scheduler {
    pub(super) store: StoreId,
    /// What people call it.
    store_name: Arc<str>,
    /// Its file is not where it was.
    store_is_gone: bool,
    pub(super) settings: SchedulerSettings,
    pub(super) jobs: BTreeMap<JobId, JobState>,
    /// The planned start of the next fire of every job that has one.
    pub(super) queue: BTreeSet<(WallTime, JobId)>,
    pub(super) runs: BTreeMap<RunKey, Run>,
    pub(super) instances: BTreeMap<JobId, Instances>,
    pub(super) pools: Pools,
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
    /// The moment of this step.
    pub(super) now: Now,
    pub(super) paused: bool,
    pub(super) shutdown: Option<Shutdown>,
    life: Life,
    /// What recovery found, to be told when the scheduler takes up its work.
    pub(super) recovered: Vec<(RunRecord, End, EventName)>,
    store_failures: StoreFailures,
    /// Runs made in this step.
    pub(super) fresh: Vec<RunKey>,
    /// Jobs of which the last fire or run may just have gone.
    pub(super) perhaps_finished: BTreeSet<JobId>,
    /// What this step asks for, in order.
    pub(super) out: Vec<Action>,
}

/// How far the scheduler's life has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    /// It waits for [`Event::Started`].
    Made,
    /// It does its work, or stops.
    Working,
    /// It has told that it stopped, and waits for that to be recorded.
    Told,
    /// It has asked to be left.
    Over,
}

impl Scheduler {
    /// A scheduler for these jobs, which it takes up with [`Event::Started`], going on where the
    /// records of `past` end. `paused`: start paused, whatever the file says.
    #[must_use]
    pub fn new(file: JobsFile, paused: bool, past: Past, now: Now) -> Self {
        let pools = Pools::new(&file.scheduler.executors);
        let mut scheduler = Self {
            store: past.store,
            store_name: Arc::clone(&past.store_name),
            store_is_gone: false,
            paused: paused || file.scheduler.start_paused || past.paused,
            settings: file.scheduler,
            jobs: BTreeMap::new(),
            queue: BTreeSet::new(),
            runs: BTreeMap::new(),
            instances: BTreeMap::new(),
            pools,
            alarms: BTreeSet::new(),
            ledger: Ledger::default(),
            clock: ClockWatch::default(),
            epoch: past.epoch,
            generation: 0,
            last_key: 0,
            manual_runs: past.manual_runs,
            last_seq: past.last_seq,
            now,
            shutdown: None,
            life: Life::Made,
            recovered: Vec::new(),
            store_failures: StoreFailures::default(),
            fresh: Vec::new(),
            perhaps_finished: BTreeSet::new(),
            out: Vec::new(),
        };
        scheduler.recover(file.jobs, past);
        scheduler.rebuild_queue();
        scheduler
    }

    /// Takes in one event at one moment and appends what is to be done, in order.
    ///
    /// Whatever the event, everything that is due by `now` is dealt with too, so no wake-up is
    /// ever lost: a late one only makes things late.
    pub fn step(&mut self, now: Now, event: Event, actions: &mut Vec<Action>) {
        if self.life == Life::Over {
            return;
        }
        self.now = now;
        self.watch_clock(now);
        // Others may have ended too, each an event of its own with a record to be stored: after a stop or a
        // suspend all of them. What is due is judged when they have been told, which is at once: its time
        // has come.
        let judges = !matches!(event, Event::Exited { .. } | Event::Stored(_));
        match event {
            Event::Started => self.start(),
            Event::Woke | Event::ClockStepped => {}
            Event::StepsAreUntold => self.clock.expect_no_sign(),
            Event::Stored(ticket) => {
                if let Some(durable) = self.ledger.stored(ticket, now.boot) {
                    if std::mem::take(&mut self.store_is_gone) {
                        self.tell_of_store(EventName::JobstoreAdded);
                    }
                    self.carry_out(durable);
                    self.store_failures.worked(now.boot);
                }
            }
            Event::StoreFailed {
                ticket,
                error,
                failure,
            } => {
                if let Some(undone) = self.ledger.failed(ticket, now.boot) {
                    self.undo(undone, now);
                    let is_gone = failure == StoreFailure::Gone;
                    if is_gone && !std::mem::replace(&mut self.store_is_gone, true) {
                        self.tell_of_store(EventName::JobstoreRemoved);
                    }
                    self.tell_store_failed(Trouble::Store(failure), error);
                }
            }
            Event::Spawned { run, pid } => {
                self.ledger.start_went_through();
                self.spawned(run, pid, now);
            }
            Event::SpawnFailed { run, error } => self.spawn_failed(run, error),
            Event::StartHeld { run, error } => self.hold_start(run, error),
            Event::Exited {
                run,
                exit,
                usage,
                output,
            } => self.exited(run, exit, usage, output),
            Event::Reload(file) => {
                // What was due under the old definitions is judged under them.
                self.judge_due(now);
                self.reload(*file, now);
            }
            Event::ReloadFailed(why) => self.reload_failed(why),
            Event::Command { token, command } => self.obey(token, *command, now),
            Event::ZonesUpdated(zones) => self.update_zones(&zones, now),
            Event::Shutdown(request) => self.request_shutdown(request, now),
        }
        self.ring_alarms(now);
        self.advance_shutdown(now);
        if judges {
            self.judge_due(now);
        }
        self.fill_workers();
        self.note_pending();
        self.tell_finished();
        if self.may_exit() && self.life < Life::Told {
            self.life = Life::Told;
            self.tell_shutdown();
            self.ledger.hurry(now.boot);
        }
        if let Some(batch) = self.ledger.next_batch(now, &self.jobs) {
            self.out.push(Action::Store(batch));
        }
        // The last words are written if the store takes them.
        if self.life == Life::Told && (self.ledger.is_empty() || self.ledger.is_failing()) {
            self.life = Life::Over;
            self.out.push(Action::Exit);
        }
        actions.append(&mut self.out);
    }

    /// When to call [`Self::step`] again at the latest, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        let judging = self.judges();
        let alarm = self.alarms.first().map(|&(at, _)| at);
        let batch = self.ledger.deadline();
        let stop = self.shutdown.and_then(Shutdown::deadline);
        Deadline {
            wall: self.queue.first().filter(|_| judging).map(|&(at, _)| at),
            boot: [alarm, batch, stop].into_iter().flatten().min(),
        }
    }

    fn start(&mut self) {
        self.life = Life::Working;
        // As APScheduler has it: first what it works with, then that it works.
        for name in self.pools.names().cloned().collect::<Vec<_>>() {
            let told = self.executor_added(&name);
            self.tell(told);
        }
        self.tell_of_store(EventName::JobstoreAdded);
        let mut told = Emitted::new(EventName::SchedulerStarted);
        told.count = Some(self.jobs.len() as u64);
        self.tell(told);
        if self.paused {
            self.tell(Emitted::new(EventName::SchedulerPaused));
        }
        self.take_up_recovered();
    }

    /// Whether due fires are judged now, or wait.
    pub(super) fn judges(&self) -> bool {
        self.life >= Life::Working
            && !self.paused
            && self.shutdown.is_none()
            && self.ledger.accepts_decisions()
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
            ClockStep::Backward { by, unseen } => {
                told.duration = Some(by);
                told.detail = Some("backward".into());
                self.set_back(now.wall, by, unseen);
                self.rebuild_queue();
            }
        }
        self.tell(told);
    }

    /// The clock was set back, now or while no scheduler ran, or so long ago at most as it was `unseen`.
    pub(super) fn set_back(&mut self, now: WallTime, by: Duration, unseen: Duration) {
        self.epoch = self.epoch.saturating_add(1);
        self.ledger.fact(Record::Epoch(self.epoch));
        for (id, state) in &mut self.jobs {
            if state.clock_set_back(now, by, unseen) {
                self.ledger.job_changed(id);
            }
        }
    }

    /// Gives back the room that the jobs do not need: a tree that is filled in order is half empty, one
    /// that is made of all at once is full.
    pub(super) fn pack_jobs(&mut self) {
        self.jobs = std::mem::take(&mut self.jobs).into_iter().collect();
    }

    pub(super) fn rebuild_queue(&mut self) {
        let mut queue = Vec::new();
        for (id, state) in &self.jobs {
            match state.planned_start(&self.settings.seed) {
                Some(at) => queue.push((at, id.clone())),
                None => _ = self.perhaps_finished.insert(id.clone()),
            }
        }
        self.queue = queue.into_iter().collect();
    }

    // What rests on the store's answers.

    /// The decisions are durable: only now may their processes be spawned.
    fn carry_out(&mut self, durable: Durable) {
        for (run_id, attempt) in durable.ended {
            self.out.push(Action::ClearStart { run_id, attempt });
        }
        let mut tells_of_commands = false;
        for told in durable.decisions.emitted {
            tells_of_commands |= is_of_a_command(told.name);
            self.tell(told);
        }
        for (token, reply) in durable.answers.into_iter().chain(durable.decisions.answers) {
            self.answer(token, reply);
        }
        for (token, reply) in durable.changes {
            // Whoever is told that a job is paused finds on record since when.
            if tells_of_commands {
                self.ledger.answer_when_durable(token, reply);
            } else {
                self.answer(token, reply);
            }
        }
        for replacement in durable.decisions.replaced {
            self.make_way(replacement.gone);
        }
        for key in durable.decisions.starting {
            let Some(run) = self.runs.get_mut(&key) else {
                continue;
            };
            if let Some(reason) = run.stop_requested {
                run.stage = Stage::Waiting;
                self.pools.rejoin(run);
                self.skip_waiting(key, reason.of_a_skip());
                continue;
            }
            if self
                .runs
                .get(&key)
                .is_some_and(|run| self.is_overtaken(run))
            {
                self.give_up_before_start(key);
                continue;
            }
            let Some(run) = self.runs.get_mut(&key) else {
                continue;
            };
            if self.shutdown.is_some() {
                // No new runs: it goes back to being backlog.
                self.wait_again(key);
                continue;
            }
            run.stage = Stage::Starting;
            let request = SpawnRequest {
                run: key,
                run_id: run.id,
                attempt: run.attempt,
                job: Arc::clone(&run.job),
                fire_time: run.fire_time,
                reason: if run.attempt > 1 {
                    Reason::Retry
                } else {
                    run.reason
                },
            };
            self.out.push(Action::Spawn(Box::new(request)));
        }
    }

    /// The mark that a start needs could not be made: as with a store that fails, nothing starts
    /// until it takes writes.
    fn hold_start(&mut self, key: RunKey, error: String) {
        if self.wait_again(key) {
            self.ledger.hold(self.now.boot);
            self.tell_store_failed(Trouble::Mark, error);
        }
    }

    /// A run that was about to start waits once more, where it was in the line.
    fn wait_again(&mut self, key: RunKey) -> bool {
        let Some(run) = self.runs.get_mut(&key) else {
            return false;
        };
        run.stage = Stage::Waiting;
        let record = run.record(RunState::Pending);
        self.pools.rejoin(run);
        self.ledger.fact(record);
        true
    }

    /// It is tried again and again, and told once in a while.
    fn tell_store_failed(&mut self, trouble: Trouble, error: String) {
        let telling = self.store_failures.failed(trouble, &error, self.now.boot);
        let Some(telling) = telling else { return };
        let mut told = Emitted::new(EventName::StoreFailed);
        told.detail = Some(error);
        told.count = telling.within.and(Some(telling.times));
        told.duration = telling.within;
        self.tell(told);
    }

    /// The decisions never became durable, and nothing was done on their strength: the fires are
    /// judged again when the store takes writes, as backlog.
    ///
    /// Where the job was removed or planned afresh meanwhile, its old fires cannot be judged again:
    /// what was decided of them stands, but for the runs, which are skipped.
    fn undo(&mut self, undone: Undone, now: Now) {
        let Undone { decisions, records } = undone;
        let stale = self.planned_afresh_since(&decisions);
        for replacement in &decisions.replaced {
            if let Some(run) = self.runs.get_mut(&replacement.gone) {
                run.replaced = false;
            }
        }
        for key in &decisions.starting {
            if let Some(run) = self.runs.get_mut(key) {
                run.stage = Stage::Waiting;
                self.pools.rejoin(run);
            }
        }
        for key in &decisions.submitted {
            let Some(run) = self.runs.get(key) else {
                continue;
            };
            if stale.contains(&run.job.id) {
                self.skip_waiting(
                    *key,
                    "it was not on record yet when its job was changed, or stopped",
                );
            } else if let Some(run) = self.runs.remove(key) {
                self.pools.drop_out(&run);
                self.leave(&run);
            }
        }
        for key in decisions.starting {
            let stop_requested = self.runs.get(&key).and_then(|run| run.stop_requested);
            if let Some(reason) = stop_requested {
                self.skip_waiting(key, reason.of_a_skip());
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
            let stands = match &record {
                Record::Fires(fires) => stale.contains(&fires.job),
                Record::Run(run) => run.end().is_some() && stale.contains(&run.job),
                _ => false,
            };
            if stands {
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
        for (id, before) in decisions.before {
            if let Some(state) = self.jobs.get_mut(&id).filter(|_| !stale.contains(&id)) {
                state.progress = before.progress;
                state.returned = before.returned;
                // The clock may have been set back since; nothing happens if it was not.
                state.clock_set_back(now.wall, Duration::ZERO, Duration::ZERO);
            }
        }
        self.rebuild_queue();
    }

    /// Jobs that are gone, or planned afresh, since these decisions.
    fn planned_afresh_since(&self, decisions: &Decisions) -> BTreeSet<JobId> {
        let is_stale = |(id, before): (&JobId, &Before)| {
            let same = self
                .jobs
                .get(id)
                .is_some_and(|state| state.generation == before.generation);
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
                self.ledger.job_changed(&id);
                self.tell(Emitted::about(EventName::JobFinished, &id));
                if of_run_time {
                    self.jobs.remove(&id);
                    self.ledger.job_gone(&id);
                    self.tell(Emitted::about(EventName::JobRemoved, &id));
                }
            }
        }
    }

    /// Tells the world, and notes it.
    pub(super) fn tell(&mut self, mut told: Emitted) {
        self.last_seq += 1;
        told.seq = self.last_seq;
        told.time = self.now.wall;
        if told.executor.is_none()
            && let Some(state) = told.job_id.as_ref().and_then(|id| self.jobs.get(id))
        {
            told.executor = Some(self.pools.of(&state.job));
        }
        let told = Box::new(told);
        self.ledger.note(Record::Event(told.clone()), self.now.boot);
        self.out.push(Action::Emit(told));
    }

    /// Tells it after all that waits to be told until it is durable.
    pub(super) fn tell_in_order(&mut self, told: Emitted) {
        if self.ledger.is_settled() {
            self.tell(told);
        } else {
            self.ledger.decisions().emitted.push(told);
        }
    }

    pub(super) fn executor_added(&self, name: &Arc<str>) -> Emitted {
        let workers = match self.pools.max_workers(name) {
            NO_LIMIT => "any number of workers".to_owned(),
            1 => "1 worker".to_owned(),
            number => format!("{number} workers"),
        };
        let mut told = Emitted::new(EventName::ExecutorAdded);
        told.detail = Some(format!("{name}, {workers}"));
        told.executor = Some(Arc::clone(name));
        told
    }

    fn tell_of_store(&mut self, name: EventName) {
        let mut told = Emitted::new(name);
        told.detail = Some(self.store_name.to_string());
        self.tell(told);
    }

    fn may_exit(&self) -> bool {
        let recorded = self.ledger.is_settled() || self.ledger.is_failing();
        self.shutdown.is_some() && self.pools.busy() == 0 && recorded
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
            | EventName::ExecutorAdded
            | EventName::ExecutorRemoved
            | EventName::AllJobsRemoved
    )
}
