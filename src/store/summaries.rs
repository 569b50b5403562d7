//! The past of every job in a few numbers.

use crate::config::JobId;
use crate::scheduler::{Batch, Outcome, OutcomeCounts, Record, RunRecord};
use crate::time::WallTime;
use std::collections::BTreeMap;

/// A job's past in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many fires ended how.
    pub outcomes: OutcomeCounts,
    /// How the newest run ended that came to a process, or should have, its fire time, and its exit
    /// code where it had one.
    pub last_run: Option<(WallTime, Outcome, Option<i32>)>,
    /// The fire time of the newest run that succeeded.
    pub last_success: Option<WallTime>,
}

/// Those of all jobs that have a past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summaries(BTreeMap<JobId, Summary>);

impl Summaries {
    /// A job's.
    #[must_use]
    pub fn of(&self, job: &JobId) -> Summary {
        self.0.get(job).cloned().unwrap_or_default()
    }

    /// A job's, to be added to.
    pub fn entry(&mut self, job: &JobId) -> &mut Summary {
        self.0.entry(job.clone()).or_default()
    }

    /// Takes in what became durable.
    pub fn take_in(&mut self, batch: &Batch) {
        for record in &batch.records {
            match record {
                Record::Run(run) => self.take_in_run(run),
                Record::Fires(fires) => {
                    let summary = self.entry(&fires.job);
                    summary.outcomes.add(fires.outcome, fires.range.count);
                }
                _ => {}
            }
        }
    }

    fn take_in_run(&mut self, run: &RunRecord) {
        let Some(end) = run.end() else { return };
        let summary = self.entry(&run.job);
        summary.outcomes.add(end.outcome, 1);
        if end.outcome.is_of_a_run() {
            summary.last_run = Some((run.fire_time, end.outcome, end.exit_code));
        }
        if end.outcome == Outcome::Succeeded {
            summary.last_success = Some(run.fire_time);
        }
    }
}
