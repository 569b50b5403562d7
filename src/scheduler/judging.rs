//! From due fires to runs that wait for a worker, and from those to decisions to start.

use super::backlog::{Backlog, judge};
use super::emitted::{Emitted, EventName};
use super::ledger::Before;
use super::overlap::Room;
use super::pools::Place;
use super::progress::Stretch;
use super::record::{FireRange, FiresRecord, Outcome, Reason, Record, RunId, RunState};
use super::run::{Run, RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::config::{Job, JobId};
use crate::schedule::{PlannedStarts, Trigger};
use crate::time::{Now, WallTime};
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

/// A fire noticed this late or later is called a catch-up to its job (`RSCHED_REASON`).
const CATCHUP_LATENESS: Duration = Duration::from_secs(1);

/// Why fires become no run.
#[derive(Clone, Copy)]
enum Verdict {
    /// They were noticed too late.
    Missed,
    /// Another of the same backlog stands for them.
    Coalesced,
    /// `max_instances` is reached.
    TooMany,
    /// `max_instances` is reached, and a later one waits instead.
    Replaced,
}

/// A fire that is due.
#[derive(Clone, Copy)]
struct Due {
    fire: WallTime,
    /// Its planned start.
    start: WallTime,
}

impl Due {
    fn new(fire: WallTime, starts: PlannedStarts<'_>) -> Self {
        let start = starts.of(fire);
        Self { fire, start }
    }

    fn lateness(self, now: Now) -> Duration {
        now.wall.saturating_since(self.start)
    }
}

impl Scheduler {
    /// Judges every fire that is due; the runs they become take their places in line in the order of
    /// their planned starts, then priorities, then ids.
    pub(super) fn judge_due(&mut self, now: Now) {
        if !self.judges() {
            return;
        }
        let mut submitted = Vec::new();
        while let Some((at, id)) = self.queue.first().cloned() {
            if at > now.wall {
                break;
            }
            self.queue.pop_first();
            self.judge_job(&id, now, &mut submitted);
        }
        submitted.sort_by(|a: &Run, b: &Run| turn(a).cmp(&turn(b)));
        for run in submitted {
            self.submit(run, now);
        }
    }

    fn judge_job(&mut self, id: &JobId, now: Now, submitted: &mut Vec<Run>) {
        self.give_up_overtaken(id);
        let state = self
            .jobs
            .get_mut(id)
            .expect("a queued job exists: removal rebuilds the queue");
        let job = Arc::clone(&state.job);
        let starts = state.starts(&self.settings.seed);
        let Stretch { after, until } = state.progress.due(now.wall);
        // A fire whose start is still to come is judged when it comes.
        let until = starts.begun(after, until, now.wall);
        let grace = job.settings.misfire_grace_time;
        let judgement = judge(starts, after, until, now.wall, grace, job.settings.coalesce);
        let before = Before {
            generation: state.generation,
            progress: state.progress.clone(),
            returned: state.returned.clone(),
        };
        self.ledger
            .decisions()
            .before
            .entry(id.clone())
            .or_insert(before);
        self.ledger.job_changed(id);
        let all_ran = judgement.missed.is_none() && judgement.coalesced.is_none();
        let first_run = judgement.run.first().copied();
        state.progress.advance(until, all_ran, first_run);
        let returned = std::mem::take(&mut state.returned);
        state.plan();
        match state.planned_start(&self.settings.seed) {
            Some(at) => _ = self.queue.insert((at, id.clone())),
            None => _ = self.perhaps_finished.insert(id.clone()),
        }
        let mut backlog = Backlog::from(judgement);
        self.judge_returned(&job, &mut backlog, returned, submitted);
        let state = &self.jobs[id];
        let starts = state.starts(&self.settings.seed);
        let last = |range: FireRange| (Due::new(range.last, starts), range);
        let (missed, coalesced) = (backlog.missed.map(last), backlog.coalesced.map(last));
        let run: Vec<Due> = backlog.run.iter().map(|&at| Due::new(at, starts)).collect();
        self.close_fires(&job, missed, Verdict::Missed);
        self.close_fires(&job, coalesced, Verdict::Coalesced);
        let first = submitted.len();
        self.make_runs(&job, &run, backlog.begun, now, submitted);
        if let Some(run) = submitted.get_mut(first) {
            run.stands_for += backlog.folded;
            if run.stands_for > 1 && run.reason == Reason::Scheduled {
                run.reason = Reason::Catchup;
            }
        }
    }

    /// Records fires that become no run, given with the last of them.
    fn close_fires(&mut self, job: &Job, fires: Option<(Due, FireRange)>, verdict: Verdict) {
        let now = self.now;
        let Some((last, range)) = fires else { return };
        let (outcome, name, detail) = match verdict {
            Verdict::Missed => (Outcome::Missed, EventName::JobMissed, None),
            Verdict::Coalesced => (Outcome::Coalesced, EventName::JobCoalesced, None),
            Verdict::TooMany => {
                let why = too_many(job);
                (Outcome::Skipped, EventName::JobMaxInstances, Some(why))
            }
            Verdict::Replaced => {
                let why = StopReason::Replaced.of_a_skip().to_owned();
                (Outcome::Skipped, EventName::JobSkipped, Some(why))
            }
        };
        let mut told = Emitted::about(name, &job.id);
        told.fire_time = Some(range.last);
        told.late_by = Some(last.lateness(now));
        told.count = Some(range.count);
        told.outcome = Some(outcome);
        told.detail.clone_from(&detail);
        self.ledger.decisions().emitted.push(told);
        self.ledger.decision(Record::Fires(FiresRecord {
            job: job.id.clone(),
            range,
            epoch: self.epoch,
            outcome,
            judged_at: now.wall,
            detail,
        }));
    }

    /// Makes runs of the fires that may run, or does with them what `overlap` says if `max_instances` is
    /// reached.
    fn make_runs(
        &mut self,
        job: &Arc<Job>,
        fires: &[Due],
        begun: bool,
        now: Now,
        submitted: &mut Vec<Run>,
    ) {
        if fires.is_empty() {
            return;
        }
        let room = if begun {
            Room::Free
        } else {
            self.room_for(job)
        };
        let (fires, let_go) = match room {
            Room::Free => (fires, None),
            Room::None => (&[][..], Some((fires, Verdict::TooMany))),
            // Each takes the place of the one before it.
            Room::Later => {
                let (before, latest) = fires.split_at(fires.len() - 1);
                (latest, Some((before, Verdict::Replaced)))
            }
        };
        if let Some((let_go, verdict)) = let_go
            && let (Some(&first), Some(&last)) = (let_go.first(), let_go.last())
        {
            let range = FireRange {
                first: first.fire,
                last: last.fire,
                count: let_go.len() as u64,
            };
            self.close_fires(job, Some((last, range)), verdict);
        }
        let catchup = fires.len() > 1 || begun;
        for due in fires {
            self.last_key += 1;
            let key = RunKey(self.last_key);
            let late = due.lateness(now) >= CATCHUP_LATENESS;
            let reason = match job.schedule.spec.trigger {
                Trigger::Now | Trigger::Reboot => Reason::Startup,
                _ if late => Reason::Catchup,
                _ => Reason::Scheduled,
            };
            if catchup {
                let instances = self.instances.entry(job.id.clone()).or_default();
                instances.catchup.push_back(key);
            } else {
                self.take_room(job, key, room);
            }
            submitted.push(Run {
                key,
                id: RunId::of_fire(self.store, &job.id, due.fire, self.epoch),
                job: Arc::clone(job),
                fire_time: due.fire,
                planned_start: due.start,
                epoch: self.epoch,
                sequence: 0,
                attempt: 1,
                reason,
                stands_for: 1,
                noticed_at: now.wall,
                waits_since: now.boot,
                catchup,
                queued: room == Room::Later,
                replaced: false,
                stop_requested: None,
                stage: Stage::Waiting,
                earlier: None,
                pool: self.pools.of(job),
                place: Place::default(),
            });
        }
    }

    /// Queues a run, which is told once its records are durable.
    pub(super) fn submit(&mut self, mut run: Run, now: Now) {
        let mut told = run.told(EventName::JobSubmitted);
        told.late_by = Some(now.wall.saturating_since(run.planned_start));
        told.count = Some(run.stands_for);
        let decisions = self.ledger.decisions();
        decisions.emitted.push(told);
        decisions.submitted.push(run.key);
        self.fresh.push(run.key);
        // Of a catch-up only the first waits for a worker; the others wait for it.
        let its_turn =
            !run.catchup || self.instances[&run.job.id].catchup.front() == Some(&run.key);
        if its_turn && !run.queued {
            self.pools.join(&mut run);
        }
        self.runs.insert(run.key, run);
    }

    /// Gives free workers to waiting runs: each becomes a decision to start.
    pub(super) fn fill_workers(&mut self) {
        while self.judges_starts() {
            let Some(key) = self.pools.next(&self.runs) else {
                return;
            };
            if self
                .runs
                .get(&key)
                .is_some_and(|run| self.is_overtaken(run))
            {
                self.give_up_before_start(key);
                continue;
            }
            let run = self.runs.get_mut(&key).expect("a waiting run exists");
            run.stage = Stage::Deciding;
            let record = run.record(RunState::Starting);
            self.ledger.decision(record);
            self.ledger.decisions().starting.push(key);
        }
    }

    /// Whether waiting runs may start; unlike fires, they do not wait for a paused scheduler.
    fn judges_starts(&self) -> bool {
        self.shutdown.is_none() && self.ledger.accepts_decisions()
    }

    /// Records the runs of this step that found no worker, so that a restart finds them.
    pub(super) fn note_pending(&mut self) {
        for key in std::mem::take(&mut self.fresh) {
            if let Some(run) = self.runs.get(&key)
                && !run.holds_worker()
            {
                let record = run.record(RunState::Pending);
                self.ledger.decision(record);
            }
        }
    }
}

/// Of runs that are submitted together: by planned start, then by priority, then by id. The fires of one
/// job stay in their order.
fn turn(run: &Run) -> (WallTime, Reverse<i32>, &JobId, WallTime) {
    let priority = Reverse(run.job.settings.policy.priority);
    (run.planned_start, priority, &run.job.id, run.fire_time)
}

/// Why a fire is skipped that finds as many instances of its job as there may be.
pub(super) fn too_many(job: &Job) -> String {
    let limit = job.settings.max_instances;
    format!("maximum number of running instances reached ({limit})")
}
