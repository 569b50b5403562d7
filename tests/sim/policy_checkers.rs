//! What must hold of the runs of a job to each other and to those of other jobs, in every world.
//!
//! Each rule is read off processes and records, and computed here from the jobs file anew.

use crate::checkers::planned_start;
use crate::world::{World, jobs};
use rsched::config::{Coalesce, Job};
use rsched::scheduler::{Reason, Record, RunId};
use std::collections::BTreeMap;

/// Of the runs of one pool that were due at the same instant and noticed together, none is started
/// before one that has a higher priority. In a world without deaths.
pub fn equals_start_by_priority(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    // One that waits for more than a worker may be overtaken.
    let definitions: BTreeMap<&str, &Job> = file
        .jobs
        .iter()
        .filter(|job| job.coalesce != Coalesce::All)
        .map(|job| (job.id.as_str(), job.as_ref()))
        .collect();
    let mut made = BTreeMap::new();
    for record in &world.trace.records {
        if let Record::Run(run) = record
            && run.reason != Reason::Manual
            && let Some(job) = definitions.get(run.job.as_str())
        {
            let due = planned_start(&file.scheduler, job, world.begin, run.fire_time);
            made.insert(run.id, (due, run.noticed_at, *job));
        }
    }
    let starts: BTreeMap<RunId, usize> = world
        .trace
        .attempts
        .iter()
        .enumerate()
        .filter(|(_, (_, attempt))| *attempt == 1)
        .map(|(index, (run, _))| (*run, index))
        .collect();
    let mut groups: BTreeMap<_, Vec<(i32, usize)>> = BTreeMap::new();
    for (id, (due, noticed, job)) in &made {
        if let Some(&start) = starts.get(id) {
            let together = (*due, *noticed, job.policy.executor.clone());
            groups
                .entry(together)
                .or_default()
                .push((job.policy.priority, start));
        }
    }
    for ((due, _, pool), runs) in groups {
        for (priority, start) in &runs {
            let overtaken = runs
                .iter()
                .find(|(other, at)| other > priority && at > start);
            assert!(
                overtaken.is_none(),
                "priority {priority} before {overtaken:?} in `{pool}`, both due at {due:?}"
            );
        }
    }
}
