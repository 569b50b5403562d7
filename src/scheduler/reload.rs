//! Taking a new jobs file while running: jobs are matched by id, and what did not change goes on.

use super::backlog::range;
use super::emitted::{Emitted, EventName};
use super::job_state::JobState;
use super::record::{FiresRecord, Outcome, Record};
use super::run_time_jobs::JobSource;
use super::scheduler::Scheduler;
use crate::config::{Job, JobId, JobsFile};
use crate::time::Now;
use std::sync::Arc;

impl Scheduler {
    /// Replaces the jobs of the files; where a file now has the id of a run-time job, the file's takes its
    /// place. Running instances finish under their old definition; runs that wait for a
    /// worker are skipped if their job is gone. Never waits, never stops a run.
    pub(super) fn reload(&mut self, file: JobsFile, now: Now) {
        self.generation += 1;
        let mut before = std::mem::take(&mut self.jobs);
        self.settings = file.scheduler;
        let (new_pools, gone_pools) = self.pools.resize(&self.settings.executors);
        for name in new_pools {
            let told = self.executor_added(&name);
            self.tell_in_order(told);
        }
        for job in file.jobs {
            let id = job.id.clone();
            let state = match before.remove(&id) {
                None => {
                    self.tell_in_order(Emitted::about(EventName::JobAdded, &id));
                    self.ledger.job_changed(&id);
                    JobState::first_seen(job, now.wall, self.generation)
                }
                Some(mut state) if state.job == job && state.source == JobSource::File => {
                    // The same to the eye, but its zone may be the machine's now, or by name.
                    state.take_definition(job);
                    state
                }
                Some(mut state) => {
                    self.redefine(&mut state, job, now);
                    state.source = JobSource::File;
                    state
                }
            };
            self.jobs.insert(id, state);
        }
        for (id, mut state) in before {
            if matches!(state.source, JobSource::Api(_)) {
                self.jobs.insert(id, state);
            } else {
                self.forget_job(&id, &mut state, now);
            }
        }
        for name in gone_pools {
            let mut told = Emitted::new(EventName::ExecutorRemoved);
            told.detail = Some(name.to_string());
            told.executor = Some(name);
            self.tell_in_order(told);
        }
        self.pack_jobs();
        self.rebuild_queue();
        let queued = self
            .instances
            .iter()
            .filter(|(_, all)| !all.queued.is_empty());
        for id in queued.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.admit_queued(&id);
        }
    }

    /// Gives the same job another definition.
    pub(super) fn redefine(&mut self, state: &mut JobState, job: Arc<Job>, now: Now) {
        self.tell_in_order(Emitted::about(EventName::JobModified, &job.id));
        if state.is_planned_afresh_as(&job) {
            self.skip_held(state, now, "its job was changed before it could start");
        }
        state.redefine(job, now.wall, self.generation);
        self.ledger.job_changed(&state.job.id);
    }

    /// What there is to do about a job that has been taken out.
    pub(super) fn forget_job(&mut self, id: &JobId, state: &mut JobState, now: Now) {
        for key in self.waiting_runs_of(id) {
            self.skip_waiting(key, "its job was removed while it waited");
        }
        self.skip_held(state, now, "its job was removed before it could start");
        self.tell_in_order(Emitted::about(EventName::JobRemoved, id));
        self.ledger.job_gone(id);
    }

    /// Fires whose time has come and that are not judged, because the scheduler is paused, its store
    /// fails or their jitter is not over: with their schedule gone, nothing can become of them.
    pub(super) fn skip_held(&mut self, state: &mut JobState, now: Now, why: &str) {
        for returned in std::mem::take(&mut state.returned) {
            self.skip_returned(returned, why);
        }
        state.plan();
        let due = state.progress.due(now.wall);
        let held = state.job.enabled && state.next.is_some_and(|next| next <= now.wall);
        let Some(range) = range(&state.schedule, due.after, due.until).filter(|_| held) else {
            return;
        };
        let mut told = Emitted::about(EventName::JobSkipped, &state.job.id);
        told.fire_time = Some(range.last);
        told.count = Some(range.count);
        told.outcome = Some(Outcome::Skipped);
        told.detail = Some(why.to_owned());
        self.tell(told);
        self.ledger.fact(Record::Fires(FiresRecord {
            job: state.job.id.clone(),
            range,
            epoch: self.epoch,
            outcome: Outcome::Skipped,
            judged_at: now.wall,
            detail: Some(why.to_owned()),
        }));
    }
}
