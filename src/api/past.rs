//! Runs that have ended, and what they printed, as the records have it.
//!
//! They are read in threads of their own, at most two at a time: a slow disk holds up nobody but who
//! asked for what is on it, and the loop is not asked at all.

use super::desk::Question;
use super::response::Failure;
use super::server::State;
use crate::config::JobId;
use crate::scheduler::{Outcome, OutputTail, RunId, RunRecord};
use crate::store::sqlite::{Asked, History, OpenError, Window};
use crate::sys::panics;
use crate::time::Zone;
use hyper::StatusCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Threads that read records.
pub(super) const READERS: usize = 2;

/// Most runs given at once.
pub(super) const MAX_COUNT: u64 = 1_000;

/// How often and how long the record of an end is looked for that is on its way to the disk.
const STEP: Duration = Duration::from_millis(20);
const STEPS: u32 = 50;

/// A run that the scheduler has no more: it has ended, so its record is waited for until it says so.
pub(super) async fn run(state: &State, id: RunId) -> Result<Option<RunRecord>, Failure> {
    let mut steps = STEPS;
    loop {
        let found = read(state, move |history| history.runs_of_id(&id.to_string(), 1)).await?;
        let run = found.and_then(|mut runs| runs.pop());
        if steps == 0 || run.as_ref().is_none_or(|run| run.end().is_some()) {
            return Ok(run);
        }
        steps -= 1;
        tokio::time::sleep(STEP).await;
    }
}

/// The newest runs that have ended, of one job or all.
pub(super) async fn runs(
    state: &State,
    job: Option<JobId>,
    at_most: u32,
) -> Result<Vec<RunRecord>, Failure> {
    let found = read(state, move |history| {
        history.runs(Asked {
            job: job.as_ref(),
            window: Window::ALWAYS,
            outcomes: &Outcome::ALL,
            at_most,
        })
    });
    Ok(found.await?.unwrap_or_default())
}

/// What a run printed that has ended, as far as it is kept.
pub(super) async fn output(state: &State, run: RunRecord) -> Result<Option<OutputTail>, Failure> {
    let found = read(state, move |history| history.output(&run)).await?;
    Ok(found.flatten())
}

/// Reads the records; nothing where there are none to read.
async fn read<T: Send + 'static>(
    state: &State,
    ask: impl FnOnce(&History) -> Result<T, OpenError> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let Some(path) = state.facts.records.clone() else {
        return Ok(None);
    };
    let read = tokio::task::spawn_blocking(move || {
        panics::panic_if_asked("records");
        History::open(&path).and_then(|it| ask(&it))
    });
    let unavailable = |why: String| Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, why));
    match read.await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        // Nothing is on record yet.
        Ok(Err(OpenError::Missing { .. } | OpenError::Empty { .. })) => Ok(None),
        Ok(Err(error)) => unavailable(error.to_string()),
        Err(error) => unavailable(format!("the records were not read: {error}")),
    }
}

/// The zones that times of jobs are shown in, each asked for once.
#[derive(Default)]
pub(super) struct Zones(BTreeMap<JobId, Arc<Zone>>);

impl Zones {
    /// That of a job; the scheduler's own where the job is gone.
    pub async fn of(&mut self, state: &State, job: &JobId) -> Result<Arc<Zone>, Failure> {
        if let Some(zone) = self.0.get(job) {
            return Ok(Arc::clone(zone));
        }
        let ask = |answer| Question::Job(job.clone(), answer);
        let zone = match state.desk.ask(ask).await? {
            Some(status) => Arc::clone(&status.job.schedule.spec.zone),
            None => state.feed.zone(),
        };
        self.0.insert(job.clone(), Arc::clone(&zone));
        Ok(zone)
    }
}
