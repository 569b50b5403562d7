//! Pausing: of a job, whose fires then do not exist, and of the scheduler, whose fires wait.
//!
//! That difference is `APScheduler`'s: a job that is resumed goes on with its next fire, a scheduler
//! that is resumed finds what it left lying, late by as long as it was paused.

use super::command::{Refusal, Reply};
use super::emitted::{Emitted, EventName};
use super::record::Record;
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::Now;

impl Scheduler {
    pub(super) fn pause_job(&mut self, id: &JobId, now: Now) -> Result<Reply, Refusal> {
        let Some(state) = self.jobs.get_mut(id) else {
            return Err(Refusal::UnknownJob(id.clone()));
        };
        if state.paused {
            return Ok(Reply::Done);
        }
        let mut held = state.clone();
        state.returned = Vec::new();
        // What was decided and is not durable yet stands: there is no plan to judge it again on.
        self.generation += 1;
        state.generation = self.generation;
        state.paused = true;
        state.plan();
        self.ledger.job_changed(id);
        self.skip_held(&mut held, now, "its job was paused while it was held");
        self.tell_in_order(Emitted::about(EventName::JobPaused, id));
        self.rebuild_queue();
        Ok(Reply::Done)
    }

    pub(super) fn resume_job(&mut self, id: &JobId, now: Now) -> Result<Reply, Refusal> {
        let Some(state) = self.jobs.get_mut(id) else {
            return Err(Refusal::UnknownJob(id.clone()));
        };
        if !state.paused {
            return Ok(Reply::Done);
        }
        self.generation += 1;
        state.generation = self.generation;
        state.paused = false;
        state.progress.pass_over(now.wall);
        state.plan();
        self.ledger.job_changed(id);
        self.tell_in_order(Emitted::about(EventName::JobResumed, id));
        self.rebuild_queue();
        Ok(Reply::Done)
    }

    pub(super) fn pause_all(&mut self) -> Reply {
        if !self.paused {
            self.paused = true;
            self.ledger.fact(Record::Paused(true));
            self.tell_in_order(Emitted::new(EventName::SchedulerPaused));
        }
        Reply::Done
    }

    pub(super) fn resume_all(&mut self) -> Reply {
        if self.paused {
            self.paused = false;
            self.ledger.fact(Record::Paused(false));
            self.tell_in_order(Emitted::new(EventName::SchedulerResumed));
        }
        Reply::Done
    }
}
