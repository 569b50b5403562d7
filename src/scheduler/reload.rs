//! Taking a new jobs file while running: jobs are matched by id, and what did not change goes on.

use super::emitted::{Emitted, EventName};
use super::job_state::JobState;
use super::scheduler::Scheduler;
use crate::config::JobsFile;
use crate::time::Now;

impl Scheduler {
    /// Replaces the jobs. Running instances finish under their old definition; runs that wait for a
    /// worker are skipped if their job is gone. Never waits, never stops a run.
    pub(super) fn reload(&mut self, file: JobsFile, now: Now) {
        let mut before = std::mem::take(&mut self.jobs);
        self.settings = file.scheduler;
        for job in file.jobs {
            let id = job.id.clone();
            let state = match before.remove(&id) {
                None => {
                    self.tell(Emitted::about(EventName::JobAdded, &id));
                    JobState::first_seen(job, now.wall)
                }
                Some(state) if state.job == job => state,
                Some(mut state) => {
                    self.tell(Emitted::about(EventName::JobModified, &id));
                    state.redefine(job, now.wall);
                    state
                }
            };
            self.jobs.insert(id, state);
        }
        for id in before.keys() {
            for key in self.waiting_runs_of(id) {
                self.skip_waiting(key, "its job was removed while it waited");
            }
            self.tell(Emitted::about(EventName::JobRemoved, id));
        }
        self.rebuild_queue();
    }
}
