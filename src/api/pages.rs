//! All jobs, asked for page by page: the loop never pictures more than a page at once.

use super::desk::{NoAnswer, Question};
use super::server::State;
use super::tally::JobTally;
use super::wire::JobJson;
use crate::config::JobId;
use crate::scheduler::JobStatus;

/// Jobs in a page: some tens of microseconds of the loop's time.
const PAGE: usize = 256;

/// A job with what is counted of it.
pub(super) struct Pictured {
    pub status: JobStatus,
    pub tally: Option<JobTally>,
}

impl Pictured {
    pub fn json(&self) -> JobJson {
        JobJson::new(&self.status, self.tally.as_ref())
    }
}

/// Goes through all jobs in id order. A job that comes or goes meanwhile may be in it or not.
pub(super) struct Pages<'a> {
    state: &'a State,
    after: Option<JobId>,
    done: bool,
}

impl<'a> Pages<'a> {
    pub fn new(state: &'a State) -> Self {
        Self {
            state,
            after: None,
            done: false,
        }
    }

    /// The next jobs; none behind the last.
    pub async fn next(&mut self) -> Result<Option<Vec<JobStatus>>, NoAnswer> {
        if self.done {
            return Ok(None);
        }
        let after = self.after.clone();
        let ask = |answer| Question::Jobs {
            after,
            limit: PAGE,
            answer,
        };
        let jobs = self.state.desk.ask(ask).await?;
        self.done = jobs.len() < PAGE;
        self.after = jobs.last().map(|status| status.job.id.clone());
        Ok(Some(jobs))
    }

    /// The same with what is counted of each.
    pub async fn next_pictured(&mut self) -> Result<Option<Vec<Pictured>>, NoAnswer> {
        let Some(jobs) = self.next().await? else {
            return Ok(None);
        };
        let tallies = self
            .state
            .feed
            .tallies(jobs.iter().map(|status| &status.job.id));
        let pair = |(status, tally)| Pictured { status, tally };
        Ok(Some(jobs.into_iter().zip(tallies).map(pair).collect()))
    }
}
