//! What must hold of the attempts of every run: how many, when, and after what. Delays and next fires
//! are computed here anew.

use crate::world::{World, jobs};
use rsched::config::{Job, OnLost, Overlap};
use rsched::schedule::{Jitter, PlannedStarts};
use rsched::scheduler::{Outcome, Record, RunId};
use rsched::time::WallTime;
use std::collections::BTreeMap;

/// Each attempt but the first follows one that failed in a way that its job wants tried again, by the
/// right delay, not too many times and before the job's next fire.
///
/// Of jobs whose plan never changed, by a clock that was never set back.
pub fn attempts_follow_the_rules(world: &World, toml: &str) {
    let file = jobs(toml, world.wall());
    let seed = &file.scheduler.seed;
    let mut noticed: BTreeMap<RunId, WallTime> = BTreeMap::new();
    // How each attempt ended that another was to follow.
    let mut failed = BTreeMap::new();
    for record in &world.trace.records {
        let Record::Run(run) = record else { continue };
        noticed.entry(run.id).or_insert(run.noticed_at);
        if let Some(end) = &run.earlier {
            failed.insert((run.id, run.attempt - 1), end.clone());
        }
    }
    let processes = world.trace.processes.iter().zip(&world.trace.attempts);
    for ((job, fire, _, _), (run, attempt)) in processes {
        if *attempt == 1 {
            continue;
        }
        let job = file.jobs.iter().find(|other| other.id.as_str() == job);
        let job = job.expect("a job of the file").as_ref();
        let start = &world.trace.spawned[&(*run, *attempt)];
        let what = format!("attempt {attempt} of {} for {fire:?}, at {start:?}", job.id);
        let before = failed
            .get(&(*run, attempt - 1))
            .unwrap_or_else(|| panic!("{what}: nothing failed before"));
        if before.outcome == Outcome::Lost {
            assert_eq!(job.settings.on_lost, OnLost::Rerun, "{what}");
            continue;
        }
        let retry = job
            .settings
            .policy
            .retry
            .unwrap_or_else(|| panic!("{what}: no retry"));
        assert!(*attempt <= retry.attempts + 1, "{what}: too many");
        let is_wanted = match before.outcome {
            Outcome::Failed | Outcome::SpawnFailed => retry.on_failure,
            Outcome::TimedOut => retry.on_timeout,
            _ => false,
        };
        assert!(is_wanted, "{what}: it was {}", before.outcome);
        let code = before
            .exit_code
            .filter(|_| before.outcome == Outcome::Failed);
        assert!(code != Some(0), "{what}: it had succeeded");
        let factor = f64::from(retry.factor_thousandths) / 1_000.0;
        let steps = i32::try_from(attempt - 2).unwrap();
        let delay = retry.delay.as_secs_f64() * factor.powi(steps);
        let delay = delay.min(retry.max_delay.as_secs_f64());
        let waited = start.saturating_since(before.at).as_secs_f64();
        assert!(
            waited > delay - 0.000_1,
            "{what}: after {waited} s, not {delay} s"
        );
        if let Some(next) = next_fire(job, seed, world.begin, noticed[run]) {
            assert!(*start < next, "{what}: the next fire was at {next:?}");
        }
    }
}

fn next_fire(job: &Job, seed: &str, anchor: WallTime, after: WallTime) -> Option<WallTime> {
    let schedule = job.schedule.anchored(anchor);
    let jitter = job.schedule.jitter.map(|most| Jitter {
        most,
        seed,
        job_id: job.id.as_str(),
    });
    let starts = PlannedStarts {
        schedule: &schedule,
        jitter,
    };
    schedule.next_after(after).map(|fire| starts.of(fire))
}

/// A run that ended as its last attempt failed had no further attempt left, or no time for one.
///
/// In a world without deaths, as long as no job is taken away.
pub fn nobody_gives_up_too_early(world: &World, toml: &str, until: WallTime) {
    let file = jobs(toml, world.wall());
    for record in &world.trace.records {
        let Record::Run(run) = record else { continue };
        let job = file.jobs.iter().find(|job| job.id == run.job);
        let (Some(end), Some(job)) = (run.end(), job) else {
            continue;
        };
        let Some(retry) = job.settings.policy.retry else {
            continue;
        };
        let is_wanted = match end.outcome {
            Outcome::Failed | Outcome::SpawnFailed => retry.on_failure,
            Outcome::TimedOut => retry.on_timeout,
            _ => false,
        };
        let may_be_replaced = job.settings.policy.overlap == Overlap::Replace;
        let is_over = run.attempt > retry.attempts || end.at >= until;
        if !is_wanted || is_over || may_be_replaced {
            continue;
        }
        let detail = end.detail.as_deref().unwrap_or_default();
        assert!(
            detail.starts_with("not tried again") || end.outcome == Outcome::SpawnFailed,
            "{run:?}"
        );
    }
}
