//! What becomes of a run that finds as many instances of its job as there may be.
//!
//! With `overlap = "queue"` it waits for one of them to end, with `"replace"` it also has the oldest
//! stopped. Of several that wait so, the latest takes the place of those before it. Nobody is stopped
//! or dropped before the run that comes instead is on record: a crash in between leaves all as it was.

use super::job_state::Instances;
use super::ledger::Replacement;
use super::run::{Run, RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::config::{Job, JobId, Overlap};

/// Whether there is room for one more instance of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Free,
    /// There will be: it waits for that.
    Later,
    /// There is none, and it may not wait.
    None,
}

impl Scheduler {
    /// Whether there is room for one more.
    pub(super) fn room_for(&self, job: &Job) -> Room {
        let count = self.instances.get(&job.id).map_or(0, Instances::count);
        if count < job.settings.max_instances {
            Room::Free
        } else if job.settings.policy.overlap == Overlap::Skip {
            Room::None
        } else {
            Room::Later
        }
    }

    /// Counts one more in, after it was asked what room there is; where it has to wait, others make way
    /// for it once it is on record.
    pub(super) fn take_room(&mut self, job: &Job, key: RunKey, room: Room) {
        if room == Room::Later {
            let leaving = self.to_be_replaced(job);
            for key in &leaving {
                if let Some(run) = self.runs.get_mut(key) {
                    run.replaced = true;
                }
            }
            let leaving = leaving.into_iter();
            let replaced = leaving.map(|gone| Replacement { gone, by: key });
            self.ledger.decisions().replaced.extend(replaced);
        }
        let instances = self.instances.entry(job.id.clone()).or_default();
        if room == Room::Later {
            instances.queued.push(key);
        } else {
            instances.single.insert(key);
        }
    }

    /// Those whose place one more run takes that has to wait.
    fn to_be_replaced(&self, job: &Job) -> Vec<RunKey> {
        let Some(instances) = self.instances.get(&job.id) else {
            return Vec::new();
        };
        let stays = |key: &RunKey| {
            let run = self.runs.get(key);
            run.is_some_and(|run| !run.replaced && !run.is_stopping())
        };
        let queued: Vec<RunKey> = instances.queued.iter().copied().filter(stays).collect();
        if job.settings.policy.overlap == Overlap::Queue {
            return queued;
        }
        let single = instances.single.iter().copied().filter(stays);
        let mut staying: Vec<Vec<RunKey>> = queued
            .into_iter()
            .chain(single)
            .map(|key| vec![key])
            .collect();
        // A catch-up is one instance, and goes as one.
        let catchup: Vec<RunKey> = instances.catchup.iter().copied().filter(stays).collect();
        if !catchup.is_empty() {
            staying.push(catchup);
        }
        let most = job.settings.max_instances as usize;
        let oldest = staying.iter().min().filter(|_| staying.len() >= most);
        oldest.cloned().unwrap_or_default()
    }

    /// A run that was to take the place of others ended before it was on record.
    pub(super) fn withdraw_replacement(&mut self, by: RunKey) {
        for key in self.ledger.withdraw_replacement(by) {
            if let Some(run) = self.runs.get_mut(&key) {
                run.replaced = false;
            }
        }
    }

    /// The run that takes its place is on record: this one goes.
    pub(super) fn make_way(&mut self, key: RunKey) {
        let Some(run) = self.runs.get_mut(&key).filter(|run| run.replaced) else {
            return;
        };
        match run.stage {
            Stage::Waiting | Stage::Retrying { .. } => {
                self.skip_waiting(key, StopReason::Replaced.of_a_skip());
            }
            Stage::Deciding | Stage::Starting => {
                self.stop_before_it_runs(key, StopReason::Replaced);
            }
            Stage::Running { .. } => self.stop(key, StopReason::Replaced, self.now),
        }
    }

    /// Runs that wait for room get it, if there is some by now.
    pub(super) fn admit_queued(&mut self, id: &JobId) {
        while let Some(instances) = self.instances.get_mut(id) {
            let runs = &mut self.runs;
            let is_next = |key: &&RunKey| runs.get(key).is_some_and(|run: &Run| !run.replaced);
            let Some(&key) = instances.queued.iter().find(is_next) else {
                return;
            };
            let Some(run) = runs.get_mut(&key) else {
                return;
            };
            let job = self.jobs.get(id).map_or(&run.job, |state| &state.job);
            if instances.count() >= job.settings.max_instances {
                return;
            }
            instances.queued.retain(|&queued| queued != key);
            instances.single.insert(key);
            run.queued = false;
            self.pools.join(run);
        }
    }
}

impl StopReason {
    /// Why a start was given up, for people.
    pub fn of_a_start(self) -> &'static str {
        match self {
            Self::Replaced => "a later run takes its place",
            Self::Requested => "it was stopped on request",
            Self::Timeout | Self::Shutdown => "it was stopped",
        }
    }

    /// Why a run that waited was skipped, for people.
    pub fn of_a_skip(self) -> &'static str {
        match self {
            Self::Replaced => "a later run took its place while it waited",
            Self::Requested => "it was stopped on request before it began",
            Self::Timeout | Self::Shutdown => "it was stopped before it began",
        }
    }
}
