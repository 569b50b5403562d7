//! What must hold of the runs of a job to each other and to those of other jobs, in every world.
//!
//! Each rule is read off processes and records, and computed here from the jobs file anew.

use crate::checkers::planned_start;
use crate::world::{World, jobs};
use rsched::config::{Coalesce, Job, Overlap};
use rsched::scheduler::{EventName, Outcome, Reason, Record, RunId, RunStatus};
use std::collections::{BTreeMap, BTreeSet};

/// Of the runs of one pool that were due at the same instant and noticed together, none is started
/// before one that has a higher priority. In a world without deaths.
pub fn equals_start_by_priority(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    // One that waits for more than a worker may be overtaken.
    let definitions: BTreeMap<&str, &Job> = file
        .jobs
        .iter()
        .filter(|job| job.settings.coalesce != Coalesce::All)
        .filter(|job| {
            job.settings.policy.overlap == Overlap::Skip && job.settings.policy.exclusive.is_none()
        })
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
        .spawn_order
        .iter()
        .enumerate()
        .filter(|(_, (_, attempt))| *attempt == 1)
        .map(|(index, (run, _))| (*run, index))
        .collect();
    let mut groups: BTreeMap<_, Vec<(i32, usize)>> = BTreeMap::new();
    for (id, (due, noticed, job)) in &made {
        if let Some(&start) = starts.get(id) {
            let together = (*due, *noticed, job.settings.policy.executor.clone());
            groups
                .entry(together)
                .or_default()
                .push((job.settings.policy.priority, start));
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

/// Of a job that runs once at a time no fire starts before an earlier one. In a world without deaths, and without
/// a clock that is set back.
pub fn fires_of_one_job_start_in_their_order(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    // Of others a new fire need not wait for a backlog.
    let alone = file
        .jobs
        .iter()
        .filter(|job| job.settings.max_instances == 1);
    let mut newest: BTreeMap<_, _> = alone.map(|job| (&job.id, None)).collect();
    let runs = world
        .trace
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) if run.reason != Reason::Manual => Some((run.id, run)),
            _ => None,
        });
    let runs: BTreeMap<_, _> = runs.collect();
    let firsts = world
        .trace
        .spawn_order
        .iter()
        .filter(|(_, attempt)| *attempt == 1);
    for run in firsts.filter_map(|(id, _)| runs.get(id)) {
        let Some(newest) = newest.get_mut(&run.job) else {
            continue;
        };
        let before = newest.replace(run.fire_time);
        assert!(
            before < Some(run.fire_time),
            "{}: {:?} started behind {before:?}",
            run.job,
            run.fire_time
        );
    }
}

/// Of the jobs of a group never two run at the same time.
pub fn groups_exclude_each_other(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    let group = |id: &str| {
        let job = file.jobs.iter().find(|job| job.id.as_str() == id);
        job.and_then(|job| job.settings.policy.exclusive.clone())
    };
    let mut of_groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (job, _, start, end) in &world.trace.processes {
        if let Some(group) = group(job) {
            of_groups
                .entry(group)
                .or_default()
                .push((*start, *end, job));
        }
    }
    for (group, mut processes) in of_groups {
        processes.sort();
        for pair in processes.windows(2) {
            let ((_, end, first), (start, _, second)) = (pair[0], pair[1]);
            assert!(
                end.is_some_and(|end| end <= start),
                "{second} of `{group}` began at {start:?}, while {first} ran until {end:?}"
            );
        }
    }
}

/// Where a fire may wait, or replace a run, none is skipped because there are too many.
pub fn what_may_wait_is_not_skipped(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    for job in &file.jobs {
        if job.settings.policy.overlap == Overlap::Skip {
            continue;
        }
        for told in &world.trace.emitted {
            assert!(
                told.job_id.as_ref() != Some(&job.id) || told.name != EventName::JobMaxInstances,
                "{told:?}"
            );
        }
    }
}

/// A run that was stopped so that a later one takes its place has one that came while it ran; and where
/// runs are not to replace each other, none was.
pub fn who_is_replaced_has_a_successor(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    let policy = |id: &str| {
        let job = file.jobs.iter().find(|job| job.id.as_str() == id);
        job.map(|job| job.settings.policy.overlap)
    };
    let mut submitted: BTreeMap<&str, Vec<(usize, RunId)>> = BTreeMap::new();
    let mut began = BTreeMap::new();
    for (index, told) in world.trace.emitted.iter().enumerate() {
        let (Some(job), Some(run)) = (&told.job_id, told.run_id) else {
            continue;
        };
        match told.name {
            EventName::JobSubmitted => {
                submitted
                    .entry(job.as_str())
                    .or_default()
                    .push((index, run));
            }
            EventName::JobStarted => _ = began.insert(run, index),
            _ => {}
        }
        let is_killed = told.outcome == Some(Outcome::Killed);
        let detail = told.detail.as_deref().unwrap_or_default();
        if is_killed && detail.contains("take its place") {
            assert_eq!(policy(job.as_str()), Some(Overlap::Replace), "{told:?}");
            let of_job = &submitted[job.as_str()];
            let mine = of_job.iter().find(|(_, id)| *id == run);
            let (mine, _) = mine.expect("it was submitted");
            let ended_before = |id: &RunId| began.get(id).is_some_and(|at| at < mine);
            let later = of_job
                .iter()
                .any(|(at, id)| at > mine && *id != run && !ended_before(id));
            assert!(later, "{run} was replaced by nobody");
        }
    }
}

/// Of a job whose fires queue, at most one waits beside those that count. In a world without deaths.
pub fn at_most_one_waits_for_the_others(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    for job in &file.jobs {
        // A catch-up is many runs and one instance.
        if job.settings.policy.overlap != Overlap::Queue || job.settings.coalesce == Coalesce::All {
            continue;
        }
        let mut alive = BTreeSet::new();
        let emitted = world.trace.emitted.iter();
        let mine: Vec<_> = emitted
            .filter(|told| told.job_id.as_ref() == Some(&job.id) && told.run_id.is_some())
            .collect();
        for (index, told) in mine.iter().enumerate() {
            match told.name {
                EventName::JobSubmitted => _ = alive.insert(told.run_id),
                EventName::JobExecuted | EventName::JobError | EventName::JobSkipped => {
                    alive.remove(&told.run_id);
                }
                _ => {}
            }
            let next = mine.get(index + 1);
            let is_last_of_its_moment = next.is_none_or(|next| next.time != told.time);
            let most = job.settings.max_instances as usize + 1;
            assert!(
                !is_last_of_its_moment || alive.len() <= most,
                "{} of {} at {:?}",
                alive.len(),
                job.id,
                told.time
            );
        }
    }
}

/// At a moment at which the store works: whoever waits, waits for somebody that runs.
pub fn nobody_waits_for_nothing(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    let job = |id: &str| file.jobs.iter().find(|job| job.id.as_str() == id);
    let runs = world.scheduler.runs_of(None);
    let is_busy = |run: &RunStatus| run.process.is_some() || world.is_starting(run.key);
    let running: Vec<_> = runs
        .iter()
        .filter(|run| is_busy(run))
        .filter_map(|run| job(run.job.as_str()))
        .collect();
    let is_waiting =
        |run: &&RunStatus| !is_busy(run) && run.retry_at.is_none_or(|at| at <= world.wall());
    for waiting in runs.iter().filter(is_waiting) {
        let Some(mine) = job(waiting.job.as_str()) else {
            continue;
        };
        let policy = &mine.settings.policy;
        let busy = running
            .iter()
            .filter(|other| other.settings.policy.executor == policy.executor)
            .count();
        let pool_is_full = busy >= file.scheduler.executors[&policy.executor] as usize;
        let is_excluded = running.iter().any(|other| {
            policy.exclusive.is_some() && other.settings.policy.exclusive == policy.exclusive
        });
        // One that waits for its next attempt counts.
        let its_own_runs = runs.iter().any(|other| {
            let counts = is_busy(other) || other.retry_at.is_some();
            other.job == waiting.job && other.id != waiting.id && counts
        });
        assert!(
            pool_is_full || is_excluded || its_own_runs,
            "{waiting:?} waits for nobody at {:?}",
            world.now()
        );
    }
}
