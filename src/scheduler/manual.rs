//! Runs that a person asked for, and runs that a person stops.

use super::command::{Refusal, Reply};
use super::overlap::Room;
use super::pools::Place;
use super::record::{Reason, RunId};
use super::run::{Run, RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::Now;
use std::sync::Arc;

impl Scheduler {
    /// Makes a run for now. It waits for a worker as any other; pauses do not hold it, since who
    /// asks for a run means it.
    pub(super) fn trigger(&mut self, id: &JobId, now: Now) -> Result<RunId, Refusal> {
        let Some(state) = self.jobs.get(id) else {
            return Err(Refusal::UnknownJob(id.clone()));
        };
        if self.shutdown.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        if !self.ledger.accepts_decisions() {
            return Err(Refusal::StoreFailing);
        }
        let job = Arc::clone(&state.job);
        let room = self.room_for(&job);
        if room == Room::None {
            return Err(Refusal::MaxInstances {
                job: id.clone(),
                limit: job.settings.max_instances,
            });
        }
        self.last_key += 1;
        self.take_room(&job, RunKey(self.last_key), room);
        self.manual_runs += 1;
        let run = Run {
            key: RunKey(self.last_key),
            id: RunId::of_request(self.store, id, now.wall, self.manual_runs),
            pool: self.pools.of(&job),
            job,
            fire_time: now.wall,
            planned_start: now.wall,
            epoch: self.epoch,
            sequence: self.manual_runs,
            attempt: 1,
            reason: Reason::Manual,
            stands_for: 1,
            noticed_at: now.wall,
            waits_since: now.boot,
            catchup: false,
            queued: room == Room::Later,
            replaced: false,
            stop_requested: None,
            stage: Stage::Waiting,
            earlier: None,
            place: Place::default(),
        };
        let run_id = run.id;
        self.submit(run, now);
        Ok(run_id)
    }

    pub(super) fn kill_run(&mut self, id: RunId, now: Now) -> Result<Reply, Refusal> {
        let key = self.runs.values().find(|run| run.id == id);
        let Some(key) = key.map(|run| run.key) else {
            return Err(Refusal::UnknownRun(id));
        };
        self.stop_on_request(key, now);
        Ok(Reply::Stopping(vec![id]))
    }

    pub(super) fn kill_runs_of(&mut self, id: &JobId, now: Now) -> Result<Reply, Refusal> {
        let runs: Vec<_> = self
            .runs
            .values()
            .filter(|run| run.job.id == *id)
            .map(|run| (run.key, run.id))
            .collect();
        if runs.is_empty() && !self.jobs.contains_key(id) {
            return Err(Refusal::UnknownJob(id.clone()));
        }
        // The newest first: of a catch-up, the next would get the turn of the one before it.
        for &(key, _) in runs.iter().rev() {
            self.stop_on_request(key, now);
        }
        Ok(Reply::Stopping(
            runs.into_iter().map(|(_, id)| id).collect(),
        ))
    }

    fn stop_on_request(&mut self, key: RunKey, now: Now) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        if !run.is_running()
            && let Some(state) = self.jobs.get_mut(&run.job.id)
        {
            // Should the store not take the run, its fire must not be judged again: it would run.
            self.generation += 1;
            state.generation = self.generation;
        }
        match run.stage {
            Stage::Waiting | Stage::Retrying { .. } => {
                self.skip_waiting(key, StopReason::Requested.of_a_skip());
            }
            Stage::Deciding | Stage::Starting => {
                self.stop_before_it_runs(key, StopReason::Requested);
            }
            Stage::Running { .. } => self.stop(key, StopReason::Requested, now),
        }
    }
}
