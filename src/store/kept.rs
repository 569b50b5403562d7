//! What a store holds that a restart needs, and a summary of the rest: the model of every store.
//!
//! A store on disk must have this after the same batches, and its tests hold the two against each
//! other. The simulator's disk is nothing but this.

use super::summaries::Summaries;
use crate::config::JobId;
use crate::scheduler::{
    Batch, Fate, FireIdentity, JobRecord, Past, Record, RunRecord, RunState, RunTimeJob, StoreId,
};
use crate::time::WallTime;
use std::collections::BTreeMap;

/// What a restart needs, after some batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The store's identity.
    pub id: StoreId,
    /// The clock epoch.
    pub epoch: u32,
    /// The number of the last event.
    pub last_seq: u64,
    /// Whether all fires wait.
    pub paused: bool,
    /// How many runs were asked for.
    pub manual_runs: u64,
    /// When the newest batch was made.
    pub newest: Option<WallTime>,
    /// The jobs.
    pub jobs: BTreeMap<JobId, JobRecord>,
    /// The runs without an end.
    pub unfinished: BTreeMap<FireIdentity, RunRecord>,
    /// The past of every job in a few numbers.
    pub summaries: Summaries,
}

impl Kept {
    /// A new store's.
    #[must_use]
    pub fn nothing(id: StoreId) -> Self {
        Self {
            id,
            epoch: 0,
            last_seq: 0,
            paused: false,
            manual_runs: 0,
            newest: None,
            jobs: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            summaries: Summaries::default(),
        }
    }

    /// Whether it has nothing of any scheduler, as when it was just made.
    #[must_use]
    pub fn is_new(&self) -> bool {
        *self == Self::nothing(self.id)
    }

    /// Takes in a batch that is durable.
    pub fn take_in(&mut self, batch: &Batch) {
        self.newest = Some(batch.made_at);
        self.summaries.take_in(batch);
        for record in &batch.records {
            if let Record::Run(run) = record {
                self.manual_runs = self.manual_runs.max(run.sequence);
            }
            match record {
                Record::Run(run) if matches!(run.state, RunState::Ended(_)) => {
                    self.unfinished.remove(&run.identity());
                }
                Record::Run(run) => _ = self.unfinished.insert(run.identity(), run.clone()),
                Record::Job(job) => _ = self.jobs.insert(job.job.clone(), (**job).clone()),
                Record::JobGone(id) => _ = self.jobs.remove(id),
                Record::Paused(paused) => self.paused = *paused,
                Record::Epoch(epoch) => self.epoch = *epoch,
                Record::Event(told) => self.last_seq = self.last_seq.max(told.seq),
                Record::Fires(_) => {}
            }
        }
    }

    /// What a scheduler that starts now is to go on from: with the jobs that are in no file, read from
    /// their definitions, and with what became of the runs in `unfinished`, in their order.
    #[must_use]
    pub fn past(&self, same_boot: bool, run_time_jobs: Vec<RunTimeJob>, fates: Vec<Fate>) -> Past {
        let unfinished = self.unfinished.values().cloned();
        let mut runs: Vec<_> = unfinished.zip(fates).collect();
        runs.sort_by(|(a, _), (b, _)| (a.fire_time, &a.job).cmp(&(b.fire_time, &b.job)));
        Past {
            epoch: self.epoch,
            last_seq: self.last_seq,
            newest: self.newest,
            same_boot,
            paused: self.paused,
            manual_runs: self.manual_runs,
            jobs: self.jobs.clone(),
            run_time_jobs,
            runs,
            ..Past::none(self.id)
        }
    }
}
