//! What is asked, and what there is to answer it from.

use super::super::exit_code::ExitCode;
use super::super::records::{Records, or_say};
use super::lateness::Lives;
use crate::config::{Job, JobId};
use crate::schedule::Schedule;
use crate::scheduler::{Emitted, EventName, JobRecord, PlanText};
use crate::store::sqlite::Window;
use crate::time::{WallTime, Zone};
use std::sync::Arc;
use std::time::Duration;

/// The events that tell why fires were late, or were not made.
const TELLING: [EventName; 11] = [
    EventName::SchedulerStarted,
    EventName::SchedulerShutdown,
    EventName::SchedulerPaused,
    EventName::SchedulerResumed,
    EventName::JobAdded,
    EventName::JobRemoved,
    EventName::JobModified,
    EventName::JobPaused,
    EventName::JobResumed,
    EventName::ClockStepped,
    EventName::StoreFailed,
];

/// One job, one time, and what is known of both.
pub(super) struct Inquiry<'a> {
    pub records: &'a Records,
    pub zone: &'a Zone,
    pub job: JobId,
    /// The time that was given.
    pub at: Option<WallTime>,
    /// The job as the jobs file has it now, or as it was given at run time.
    pub defined: Option<&'a Arc<Job>>,
    /// The job as the scheduler had it when it last wrote.
    pub known: Option<JobRecord>,
    /// When the job fires, as far as is known now; none: it is in no jobs file. [`Self::in_force`] says when
    /// that was so.
    pub schedule: Option<Arc<Schedule>>,
    pub lives: Lives,
    /// Those that can matter, oldest first.
    pub events: Vec<Emitted>,
}

impl<'a> Inquiry<'a> {
    pub fn new(records: &'a Records, job: JobId, at: Option<WallTime>) -> Result<Self, ExitCode> {
        let defined = records.job(&job);
        let known = or_say(records.history.job(&job))?;
        let anchor = known.as_ref().map_or(records.now, |known| known.anchor);
        let sessions = or_say(records.history.sessions())?;
        let events = records.history.events(Some(&job), &TELLING, Window::ALWAYS);
        Ok(Self {
            zone: records.zone_of(&job),
            at,
            schedule: defined.map(|job| job.schedule.anchored(anchor)),
            defined,
            known,
            lives: Lives::new(sessions, records.history.path()),
            events: or_say(events)?,
            job,
            records,
        })
    }

    pub fn now(&self) -> WallTime {
        self.records.now
    }

    /// Whether the scheduler went by the schedule at hand when it last wrote.
    pub fn is_taken_up(&self) -> bool {
        self.defined
            .zip(self.known.as_ref())
            .is_some_and(|(job, known)| known.plan.schedule() == PlanText::of(job).schedule())
    }

    /// Whether the schedule at hand is known to be the one that fires were made by at that time.
    pub fn in_force(&self, at: WallTime) -> bool {
        let began = self
            .known
            .as_ref()
            .map(|known| known.progress.begins_after());
        began.is_some_and(|began| began < at) && self.is_taken_up()
    }

    /// When a fire was to start, as far as is known now.
    pub fn planned_start(&self, fire: WallTime) -> WallTime {
        self.records.planned_start(&self.job, fire)
    }

    /// How late a fire was noticed.
    pub fn late_by(&self, fire: WallTime, noticed: WallTime) -> Duration {
        noticed.saturating_since(self.planned_start(fire))
    }
}
