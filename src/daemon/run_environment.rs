//! The variables every run finds in its environment beside its own and the scheduler's.

use crate::scheduler::SpawnRequest;
use crate::store::Summary;
use crate::time::human;

/// `RSCHED_*` for one attempt of one run.
#[must_use]
pub fn run_variables(request: &SpawnRequest, past: &Summary) -> Vec<(&'static str, String)> {
    let zone = &request.job.schedule.spec.zone;
    let mut variables = vec![
        ("RSCHED_JOB_ID", request.job.id.to_string()),
        ("RSCHED_RUN_ID", request.run_id.to_string()),
        ("RSCHED_FIRE_TIME", human::rfc3339(request.fire_time, zone)),
        ("RSCHED_ATTEMPT", request.attempt.to_string()),
        ("RSCHED_REASON", request.reason.as_str().to_owned()),
    ];
    if let Some((_, outcome, _)) = past.last_run {
        variables.push(("RSCHED_LAST_OUTCOME", outcome.as_str().to_owned()));
    }
    if let Some(time) = past.last_success {
        variables.push(("RSCHED_LAST_SUCCESS", human::rfc3339(time, zone)));
    }
    variables
}
