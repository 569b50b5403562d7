//! Jobs that are in no file: added, changed and removed while the scheduler runs.
//!
//! Each carries its definition as text beside what was made of it, so that a store can keep it and
//! a change can be made to what was written. When such a job has no fires left it is removed, as
//! `APScheduler` does; a job of the file stays listed as long as it is in the file.

use super::command::{Refusal, Reply};
use super::emitted::{Emitted, EventName};
use super::job_state::JobState;
use super::scheduler::Scheduler;
use crate::config::{Job, JobId, MAX_JOBS};
use crate::time::Now;
use std::sync::Arc;

/// Where a job's definition is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobSource {
    /// A jobs file.
    File,
    /// Given at run time: its definition, in whatever form the giver reads again.
    Api(Arc<str>),
}

/// A job with the definition it was made from.
#[derive(Clone, Debug)]
pub struct RunTimeJob {
    /// What it means.
    pub job: Arc<Job>,
    /// What was written.
    pub definition: Arc<str>,
}

impl Scheduler {
    pub(super) fn add_job(
        &mut self,
        new: RunTimeJob,
        replace: bool,
        paused: bool,
        now: Now,
    ) -> Result<Reply, Refusal> {
        let id = new.job.id.clone();
        match self.jobs.get(&id).map(|state| &state.source) {
            Some(JobSource::File) if replace => return Err(Refusal::JobOfFile(id)),
            Some(_) if !replace => return Err(Refusal::JobExists(id)),
            // What takes the place of a job is paused or not as it was asked for, as in `APScheduler`.
            Some(_) => {
                self.redefine_run_time_job(new, paused, now)?;
                return if paused {
                    self.pause_job(&id, now)
                } else {
                    Ok(Reply::Done)
                };
            }
            None => {}
        }
        let is_similar = |other: &&JobId| other.as_str().eq_ignore_ascii_case(id.as_str());
        if let Some(other) = self.jobs.keys().find(is_similar) {
            return Err(Refusal::SimilarJobExists(other.clone()));
        }
        if self.jobs.len() >= MAX_JOBS {
            return Err(Refusal::TooManyJobs(MAX_JOBS));
        }
        self.generation += 1;
        let mut state = JobState::first_seen(new.job, now.wall, self.generation);
        state.source = JobSource::Api(new.definition);
        state.paused = paused;
        state.plan();
        refuse_if_over(&state)?;
        self.jobs.insert(id.clone(), state);
        self.ledger.job_changed(&id);
        self.tell_in_order(Emitted::about(EventName::JobAdded, &id));
        self.rebuild_queue();
        Ok(Reply::Done)
    }

    /// All of it at once: whoever is told that it was done finds it changed, and paused if that was asked for.
    pub(super) fn change_job(
        &mut self,
        new: RunTimeJob,
        pause: bool,
        now: Now,
    ) -> Result<Reply, Refusal> {
        let id = new.job.id.clone();
        let is_paused = self.jobs.get(&id).is_some_and(|state| state.paused);
        self.redefine_run_time_job(new, pause || is_paused, now)?;
        if pause {
            return self.pause_job(&id, now);
        }
        Ok(Reply::Done)
    }

    /// Gives a job its new definition, and its fires if it was paused and is not to be; where it is to be
    /// paused, that is still to be done.
    fn redefine_run_time_job(
        &mut self,
        new: RunTimeJob,
        paused: bool,
        now: Now,
    ) -> Result<(), Refusal> {
        let id = new.job.id.clone();
        let state = self.run_time_job(&id)?;
        let is_planned_afresh = state.is_planned_afresh_as(&new.job);
        let resumes = state.paused && !paused;
        if (is_planned_afresh || resumes) && !paused {
            let mut changed = state.clone();
            changed.redefine(Arc::clone(&new.job), now.wall, state.generation);
            if resumes {
                resume(&mut changed, is_planned_afresh, now);
            }
            refuse_if_over(&changed)?;
        }
        let mut state = self.take_run_time_job(&id)?;
        self.generation += 1;
        if state.job != new.job {
            self.redefine(&mut state, new.job, now);
        }
        state.source = JobSource::Api(new.definition);
        if resumes {
            resume(&mut state, is_planned_afresh, now);
            state.generation = self.generation;
        }
        self.ledger.job_changed(&id);
        self.jobs.insert(id.clone(), state);
        if resumes {
            self.tell_in_order(Emitted::about(EventName::JobResumed, &id));
        }
        self.rebuild_queue();
        Ok(())
    }

    pub(super) fn remove_job(&mut self, id: &JobId, now: Now) -> Result<Reply, Refusal> {
        let mut state = self.take_run_time_job(id)?;
        self.forget_job(id, &mut state, now);
        self.rebuild_queue();
        Ok(Reply::Done)
    }

    pub(super) fn remove_all_jobs(&mut self, now: Now) -> Reply {
        let of_run_time = |(_, state): &(&JobId, &JobState)| state.source != JobSource::File;
        let ids: Vec<JobId> = self
            .jobs
            .iter()
            .filter(of_run_time)
            .map(|(id, _)| id.clone())
            .collect();
        for id in &ids {
            if let Some(mut state) = self.jobs.remove(id) {
                self.forget_job(id, &mut state, now);
            }
        }
        if !ids.is_empty() {
            let mut told = Emitted::new(EventName::AllJobsRemoved);
            told.count = Some(ids.len() as u64);
            self.tell_in_order(told);
            self.rebuild_queue();
        }
        Reply::Removed {
            removed: ids.len(),
            remaining: self.jobs.len(),
        }
    }

    fn run_time_job(&self, id: &JobId) -> Result<&JobState, Refusal> {
        match self.jobs.get(id) {
            None => Err(Refusal::UnknownJob(id.clone())),
            Some(state) if state.source == JobSource::File => Err(Refusal::JobOfFile(id.clone())),
            Some(state) => Ok(state),
        }
    }

    fn take_run_time_job(&mut self, id: &JobId) -> Result<JobState, Refusal> {
        self.run_time_job(id)?;
        Ok(self.jobs.remove(id).expect("it was just found"))
    }
}

/// The fires of a job exist again: those of a new plan are all to come, of the old one those up to now are
/// passed over.
fn resume(state: &mut JobState, is_planned_afresh: bool, now: Now) {
    if !is_planned_afresh {
        state.progress.pass_over(now.wall);
    }
    state.paused = false;
    state.plan();
}

/// A job of no file goes when it has no fires left: one that never has any would be gone before who gave it
/// has the answer.
fn refuse_if_over(state: &JobState) -> Result<(), Refusal> {
    if state.job.enabled && !state.paused && state.next.is_none() {
        return Err(Refusal::NoFireTimes(state.job.id.clone()));
    }
    Ok(())
}
