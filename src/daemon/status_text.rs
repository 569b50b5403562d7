//! The status in words, for SIGUSR1.

use super::sentence::counted;
use crate::config::NO_LIMIT;
use crate::scheduler::Status;
use crate::store::Store;
use crate::time::{Zone, human};
use std::fmt::Write as _;

/// One line for the scheduler, one for every job, one for every run that has not ended.
pub(super) fn status_lines(status: &Status, store: &dyn Store, zone: &Zone) -> Vec<String> {
    let now = &status.overview;
    let state = match (now.stopping, now.store_failing, now.paused) {
        (true, ..) => "stopping",
        (_, true, _) => "holding all starts: the store fails",
        (_, _, true) => "paused",
        _ => "running",
    };
    let several = now.pools.len() > 1;
    let workers: Vec<String> = now
        .pools
        .iter()
        .map(|pool| {
            let busy = match pool.max_workers {
                NO_LIMIT => format!("{} busy", counted(pool.busy.into(), "worker")),
                most => format!("{} of {} busy", pool.busy, counted(most.into(), "worker")),
            };
            if several {
                format!("{}: {busy}", pool.name)
            } else {
                busy
            }
        })
        .collect();
    let workers = workers.join(", ");
    let jobs = counted(status.jobs.len() as u64, "job");
    let mut lines = vec![format!("Status: {state}, {jobs}, {workers}")];
    for job in &status.jobs {
        let display = |time| human::display(time, zone);
        let next = match (job.next_fire, job.next_start) {
            _ if job.job.settings.elsewhere.is_some() => "not on this host".to_owned(),
            _ if !job.job.enabled => "disabled".to_owned(),
            _ if job.paused => "paused".to_owned(),
            (Some(fire), Some(start)) if start != fire => {
                format!("next at {}, starting at {}", display(fire), display(start))
            }
            (Some(fire), _) => format!("next at {}", display(fire)),
            (None, _) => "no run times left".to_owned(),
        };
        let mut line = format!(
            "Status: job \"{}\" ({}): {next}",
            job.job.id, job.job.schedule.text
        );
        let past = store.summary(&job.job.id);
        for (outcome, count) in past.outcomes.iter() {
            // Writing to a string cannot fail.
            _ = write!(line, ", {count} {outcome}");
        }
        lines.push(line);
    }
    for run in &status.runs {
        let state = match run.process {
            Some((pid, since)) => format!("process {pid} since {}", human::display(since, zone)),
            None if run.starting => "starting".to_owned(),
            None => "waiting".to_owned(),
        };
        let (id, job) = (run.id, &run.job);
        lines.push(format!("Status: run {id} of job \"{job}\": {state}"));
    }
    lines
}
