//! What must hold in every world, whatever happened in it.

use crate::world::{World, jobs};
use rsched::config::{Job, SchedulerSettings};
use rsched::schedule::{Jitter, PlannedStarts};
use rsched::scheduler::{EventName, FiresRecord, Outcome, Reason, Record, Reply, RunId, RunRecord};
use rsched::time::WallTime;
use std::collections::{BTreeMap, BTreeSet};

/// Every checker that needs nothing but the trace.
pub fn check(world: &World, toml: &str) {
    nothing_starts_without_a_durable_record(world);
    nothing_starts_early(world);
    no_fire_runs_twice(world);
    instances_stay_within_limits(world, toml);
    no_run_starts_or_ends_twice(world);
    sequence_numbers_have_no_gap(world);
}

pub fn nothing_starts_without_a_durable_record(world: &World) {
    assert!(
        world.trace.premature.is_empty(),
        "spawned before durable: {:?}",
        world.trace.premature
    );
}

pub fn nothing_starts_early(world: &World) {
    for (job, fire, start, _) in &world.trace.processes {
        assert!(
            start >= fire,
            "{job} was due at {fire:?} and started at {start:?}"
        );
    }
}

/// The fires of a job and when each is to start: the first hundred after it was first seen.
pub fn planned_starts(toml: &str, seen: WallTime, id: &str) -> Vec<(WallTime, WallTime)> {
    let file = jobs(toml, seen);
    let job = file.jobs.iter().find(|job| job.id.as_str() == id).unwrap();
    let schedule = job.schedule.anchored(seen);
    let jitter = job.schedule.jitter.map(|most| Jitter {
        most,
        seed: &file.scheduler.seed,
        job_id: id,
    });
    let starts = PlannedStarts {
        schedule: &schedule,
        jitter,
    };
    let fires = std::iter::successors(schedule.next_after(seen), |&fire| schedule.next_after(fire));
    fires
        .take(100)
        .map(|fire| (fire, starts.of(fire)))
        .collect()
}

/// When a fire of a job that was first seen then is to start.
pub fn planned_start(
    settings: &SchedulerSettings,
    job: &Job,
    anchor: WallTime,
    fire: WallTime,
) -> WallTime {
    let schedule = job.schedule.anchored(anchor);
    let jitter = job.schedule.jitter.map(|most| Jitter {
        most,
        seed: &settings.seed,
        job_id: job.id.as_str(),
    });
    let starts = PlannedStarts {
        schedule: &schedule,
        jitter,
    };
    starts.of(fire)
}

/// Of jobs whose plan never changed, by a clock that was never set back.
pub fn nothing_starts_before_its_planned_start(world: &World, toml: &str, seen: WallTime) {
    let file = jobs(toml, seen);
    for job in &file.jobs {
        let schedule = job.schedule.anchored(seen);
        let jitter = job.schedule.jitter.map(|most| Jitter {
            most,
            seed: &file.scheduler.seed,
            job_id: job.id.as_str(),
        });
        let starts = PlannedStarts {
            schedule: &schedule,
            jitter,
        };
        for (id, fire, start, _) in &world.trace.processes {
            let asked_for = world.trace.manual.contains(&(id.clone(), *fire));
            if *id == job.id.as_str() && !asked_for {
                let planned = starts.of(*fire);
                assert!(
                    planned <= *start,
                    "{id} was to start at {planned:?} and started at {start:?}"
                );
            }
        }
    }
}

pub fn no_fire_runs_twice(world: &World) {
    let mut seen = BTreeSet::new();
    let processes = world.trace.processes.iter().zip(&world.trace.attempts);
    for ((job, fire, ..), (_, attempt)) in processes {
        // What was asked for may meet a fire.
        let asked_for = world.trace.manual.contains(&(job.clone(), *fire));
        assert!(
            seen.insert((job, fire, attempt)) || asked_for,
            "{job} ran twice for {fire:?}"
        );
    }
}

pub fn no_run_starts_or_ends_twice(world: &World) {
    let mut seen = BTreeSet::new();
    for told in &world.trace.emitted {
        let once = matches!(
            told.name,
            EventName::JobStarted
                | EventName::JobExecuted
                | EventName::JobError
                | EventName::JobSkipped
        );
        if let (true, Some(run)) = (once, told.run_id) {
            let started = (told.name == EventName::JobStarted).then_some(told.attempt);
            assert!(seen.insert((run, started)), "run {run} again: {told:?}");
        }
    }
}

pub fn sequence_numbers_have_no_gap(world: &World) {
    for (index, told) in world.trace.emitted.iter().enumerate() {
        assert_eq!(told.seq, index as u64 + 1);
    }
}

/// As many processes of each job, and of each pool, as the file allows.
pub fn instances_stay_within_limits(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    let definitions: BTreeMap<_, _> = file.jobs.iter().map(|job| (job.id.as_str(), job)).collect();
    for (job, _, start, _) in &world.trace.processes {
        let alive: Vec<_> = world
            .trace
            .processes
            .iter()
            .filter(|other| other.2 <= *start && other.3.is_none_or(|end| end > *start))
            .collect();
        let Some(definition) = definitions.get(job.as_str()) else {
            continue;
        };
        let same = alive.iter().filter(|other| other.0 == *job).count();
        let allowed = definition.settings.max_instances as usize;
        assert!(same <= allowed, "{same} instances of {job} at {start:?}");
        let pool = &definition.settings.policy.executor;
        let in_pool = alive.iter().filter(|other| {
            let other = definitions.get(other.0.as_str());
            other.is_some_and(|other| other.settings.policy.executor == *pool)
        });
        let (busy, workers) = (in_pool.count(), file.scheduler.executors[pool] as usize);
        assert!(busy <= workers, "{busy} processes of `{pool}` at {start:?}");
    }
}

/// The accounting promise: every fire in `after < t <= until` ended as exactly one outcome.
///
/// The fires are enumerated one by one from the schedule, the outcomes are read from the records
/// alone. Holds once everything has drained and for a clock that was never set back.
pub fn every_fire_has_exactly_one_outcome(
    world: &World,
    toml: &str,
    after: WallTime,
    until: WallTime,
) {
    for job in jobs(toml, after).jobs {
        let schedule = job.schedule.anchored(after);
        let mut due = BTreeMap::new();
        let mut fire = schedule.next_after(after);
        while let Some(at) = fire.filter(|&at| at <= until) {
            due.insert(at, 0_u32);
            fire = schedule.next_after(at);
        }
        let mut runs: BTreeMap<RunId, (WallTime, Option<Outcome>)> = BTreeMap::new();
        let mut asked_for = BTreeSet::new();
        for record in &world.trace.records {
            match record {
                Record::Run(run) if run.job == job.id => {
                    if run.reason == Reason::Manual {
                        asked_for.insert(run.id);
                    }
                    let outcome = run.end().map(|end| end.outcome);
                    let entry = runs.entry(run.id).or_insert((run.fire_time, None));
                    assert!(
                        entry.1.is_none() || outcome.is_none(),
                        "run {} ended twice: {:#?}",
                        run.id,
                        records_of(world, run.id)
                    );
                    entry.1 = entry.1.or(outcome);
                }
                Record::Fires(FiresRecord { job: id, range, .. }) if *id == job.id => {
                    let covered = due.range_mut(range.first..=range.last);
                    let mut count = 0;
                    for (_, outcomes) in covered {
                        *outcomes += 1;
                        count += 1;
                    }
                    assert_eq!(count, range.count, "{}: the count of {range:?}", job.id);
                }
                _ => {}
            }
        }
        for (id, (at, outcome)) in runs {
            assert!(outcome.is_some(), "run {id} of {} never ended", job.id);
            if asked_for.contains(&id) {
                continue;
            }
            *due.get_mut(&at)
                .unwrap_or_else(|| panic!("{} ran at {at:?}, which is no fire", job.id)) += 1;
        }
        let wrong: Vec<_> = due.iter().filter(|(_, outcomes)| **outcomes != 1).collect();
        assert!(
            wrong.is_empty(),
            "{}: fires without exactly one outcome: {wrong:?}",
            job.id
        );
    }
}

fn records_of(world: &World, id: RunId) -> Vec<&RunRecord> {
    let records = world.trace.records.iter();
    records
        .filter_map(|record| match record {
            Record::Run(run) if run.id == id => Some(run),
            _ => None,
        })
        .collect()
}

/// Every command was answered once: the world panics at a second answer.
pub fn every_command_is_answered(world: &World) {
    let unanswered = world.trace.replies.iter().filter(|reply| reply.is_none());
    assert_eq!(unanswered.count(), 0, "commands without an answer");
}

/// A run that was promised came to be, and one that was refused did not.
pub fn promised_runs_have_one_outcome(world: &World) {
    let mut outcomes: BTreeMap<RunId, u32> = BTreeMap::new();
    for record in &world.trace.records {
        if let Record::Run(run) = record
            && run.reason == Reason::Manual
        {
            *outcomes.entry(run.id).or_default() += u32::from(run.end().is_some());
        }
    }
    for (run, ends) in &outcomes {
        assert_eq!(*ends, 1, "run {run} has {ends} outcomes");
    }
    for reply in &world.trace.replies {
        if let Some(Reply::Submitted(run)) = reply {
            assert!(outcomes.contains_key(run), "{run} was promised");
        }
    }
}

/// A fire that was let go for its lateness was late.
pub fn only_late_fires_are_missed(world: &World, toml: &str, seen: WallTime) {
    let file = jobs(toml, seen);
    for job in &file.jobs {
        let schedule = job.schedule.anchored(seen);
        let jitter = job.schedule.jitter.map(|most| Jitter {
            most,
            seed: &file.scheduler.seed,
            job_id: job.id.as_str(),
        });
        let starts = PlannedStarts {
            schedule: &schedule,
            jitter,
        };
        let Some(grace) = job.settings.misfire_grace_time else {
            continue;
        };
        for record in &world.trace.records {
            let (due, judged) = match record {
                Record::Fires(fires) if fires.job == job.id && fires.outcome == Outcome::Missed => {
                    (fires.range.last, fires.judged_at)
                }
                Record::Run(run) if run.job == job.id => match run.end() {
                    Some(end) if end.outcome == Outcome::Missed => (run.fire_time, end.at),
                    _ => continue,
                },
                _ => continue,
            };
            let asked_for = matches!(record, Record::Run(run) if run.reason == Reason::Manual);
            let start = if asked_for { due } else { starts.of(due) };
            let late_by = judged.saturating_since(start);
            assert!(
                late_by > grace,
                "{} was only {late_by:?} late for {due:?}",
                job.id
            );
        }
    }
}

/// No run of which a process began ends as one that did not run.
pub fn what_ran_is_not_said_not_to_have_run(world: &World) {
    let began: BTreeSet<_> = world.trace.attempts.iter().map(|(run, _)| run).collect();
    for record in &world.trace.records {
        let Record::Run(run) = record else { continue };
        let is_said = run.end().is_some_and(|end| {
            matches!(
                end.outcome,
                Outcome::Missed | Outcome::Coalesced | Outcome::Skipped
            )
        });
        assert!(!is_said || !began.contains(&run.id), "it ran: {run:?}");
    }
}

/// A run whose end is not known began.
pub fn only_what_ran_is_lost(world: &World) {
    for record in &world.trace.records {
        if let Record::Run(run) = record
            && run.end().is_some_and(|end| end.outcome == Outcome::Lost)
        {
            let began = world
                .trace
                .processes
                .iter()
                .any(|(job, fire, ..)| *job == run.job.as_str() && *fire == run.fire_time);
            let doubtful = world.trace.power_losses > 0;
            assert!(began || doubtful, "{run:?} is lost and never ran");
        }
    }
}
