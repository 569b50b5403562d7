//! Events as the world sees them: one for everything that happens to a job or the scheduler.
//!
//! Names are `APScheduler`'s in lower case, plus a few of ours. The order is causal: submitted,
//! started, executed or error. Logs, and later listeners and the API, are fed from these alone.

use super::record::{End, Outcome, RunId};
use crate::config::JobId;
use crate::time::WallTime;
use std::sync::Arc;
use std::time::Duration;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventName {
    /// The scheduler took up its work.
    SchedulerStarted,
    /// The scheduler stopped; nothing comes after it.
    SchedulerShutdown,
    /// No fire becomes a run until resumed.
    SchedulerPaused,
    /// Fires become runs again.
    SchedulerResumed,
    /// There is a pool of workers that was not there before: at the start, or with a reload.
    ExecutorAdded,
    /// The jobs files have a pool of workers no more. What is in it goes on, and nothing new comes to it.
    ExecutorRemoved,
    /// Records are kept here: at the start, or when a store that was gone is there again.
    JobstoreAdded,
    /// The file of the store was removed or replaced while it was in use.
    JobstoreRemoved,
    /// All jobs that are in no file were removed at once; each was told of before.
    AllJobsRemoved,
    /// A job is new.
    JobAdded,
    /// A job is gone, from the jobs file or on request.
    JobRemoved,
    /// A job's definition changed.
    JobModified,
    /// A job's fires do not exist until it is resumed.
    JobPaused,
    /// A job's fires exist again.
    JobResumed,
    /// A fire became a run, which now waits for a worker or starts.
    JobSubmitted,
    /// The run's process exists.
    JobStarted,
    /// The run succeeded.
    JobExecuted,
    /// The run ended any other way.
    JobError,
    /// Fires were noticed later than `misfire_grace_time` allows.
    JobMissed,
    /// Fires were folded into another of the same backlog.
    JobCoalesced,
    /// `max_instances` was reached: the fire was skipped.
    JobMaxInstances,
    /// A fire was skipped for another reason.
    JobSkipped,
    /// An attempt came to nothing, and the run is started once more.
    JobRetrying,
    /// The job has no fire times left.
    JobFinished,
    /// The wall clock was set.
    ClockStepped,
    /// The jobs files cannot be taken; the old jobs stay.
    ReloadFailed,
    /// The store could not take a record; nothing starts until it can.
    StoreFailed,
}

impl EventName {
    /// Every event, for tables and tests.
    pub const ALL: [Self; 27] = [
        Self::SchedulerStarted,
        Self::SchedulerShutdown,
        Self::SchedulerPaused,
        Self::SchedulerResumed,
        Self::ExecutorAdded,
        Self::ExecutorRemoved,
        Self::JobstoreAdded,
        Self::JobstoreRemoved,
        Self::AllJobsRemoved,
        Self::JobAdded,
        Self::JobRemoved,
        Self::JobModified,
        Self::JobPaused,
        Self::JobResumed,
        Self::JobSubmitted,
        Self::JobStarted,
        Self::JobExecuted,
        Self::JobError,
        Self::JobMissed,
        Self::JobCoalesced,
        Self::JobMaxInstances,
        Self::JobSkipped,
        Self::JobRetrying,
        Self::JobFinished,
        Self::ClockStepped,
        Self::ReloadFailed,
        Self::StoreFailed,
    ];

    /// Whether it is about one fire or run. There are as many of these as there are runs; the others
    /// are rare, and tell why a fire became what it became.
    #[must_use]
    pub const fn is_of_a_fire(self) -> bool {
        matches!(
            self,
            Self::JobSubmitted
                | Self::JobStarted
                | Self::JobExecuted
                | Self::JobError
                | Self::JobMissed
                | Self::JobCoalesced
                | Self::JobMaxInstances
                | Self::JobSkipped
                | Self::JobRetrying
        )
    }

    /// The event of this name.
    ///
    /// ```
    /// use rsched::scheduler::EventName;
    /// assert_eq!(EventName::parse("job_error"), Some(EventName::JobError));
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    /// The name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchedulerStarted => "scheduler_started",
            Self::SchedulerShutdown => "scheduler_shutdown",
            Self::SchedulerPaused => "scheduler_paused",
            Self::SchedulerResumed => "scheduler_resumed",
            Self::ExecutorAdded => "executor_added",
            Self::ExecutorRemoved => "executor_removed",
            Self::JobstoreAdded => "jobstore_added",
            Self::JobstoreRemoved => "jobstore_removed",
            Self::AllJobsRemoved => "all_jobs_removed",
            Self::JobAdded => "job_added",
            Self::JobRemoved => "job_removed",
            Self::JobModified => "job_modified",
            Self::JobPaused => "job_paused",
            Self::JobResumed => "job_resumed",
            Self::JobSubmitted => "job_submitted",
            Self::JobStarted => "job_started",
            Self::JobExecuted => "job_executed",
            Self::JobError => "job_error",
            Self::JobMissed => "job_missed",
            Self::JobCoalesced => "job_coalesced",
            Self::JobMaxInstances => "job_max_instances",
            Self::JobSkipped => "job_skipped",
            Self::JobRetrying => "job_retrying",
            Self::JobFinished => "job_finished",
            Self::ClockStepped => "clock_stepped",
            Self::ReloadFailed => "reload_failed",
            Self::StoreFailed => "store_failed",
        }
    }
}

/// One event, with what applies to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Counts up by one, from 1, within one run of the scheduler.
    pub seq: u64,
    /// When, on the wall clock.
    pub time: WallTime,
    /// What.
    pub name: EventName,
    /// Whose, if a job's.
    pub job_id: Option<JobId>,
    /// The pool of that job's runs, or the pool it is about; not known of an event that is read from records.
    pub executor: Option<Arc<str>>,
    /// Which attempt of the run, if not the first or if another follows; not known of an event that is
    /// read from records.
    pub attempt: Option<u32>,
    /// Which run's.
    pub run_id: Option<RunId>,
    /// The fire it is about; for several, the newest.
    pub fire_time: Option<WallTime>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it left a core dump.
    pub core_dumped: bool,
    /// How long it ran; or by how much a clock was set; or how long ago that was told last of which `count` says how
    /// often it happened since.
    pub duration: Option<Duration>,
    /// How late it was noticed.
    pub late_by: Option<Duration>,
    /// How many fires it is about, where not one; or how many instances, jobs, failures of the store.
    pub count: Option<u64>,
    /// The process, where there is one.
    pub pid: Option<i32>,
    /// Why, in words, where the name does not say all.
    pub detail: Option<String>,
    /// The end of what a run printed; known to who read it, and not to the scheduler.
    pub output_tail: Option<Arc<str>>,
}

impl Emitted {
    /// An event with nothing but a name; the scheduler fills in `seq` and `time` as it goes out.
    #[must_use]
    pub fn new(name: EventName) -> Self {
        Self {
            seq: 0,
            time: WallTime::from_micros(0),
            name,
            job_id: None,
            executor: None,
            attempt: None,
            run_id: None,
            fire_time: None,
            outcome: None,
            exit_code: None,
            signal: None,
            core_dumped: false,
            duration: None,
            late_by: None,
            count: None,
            pid: None,
            detail: None,
            output_tail: None,
        }
    }

    /// Says how a run or an attempt ended.
    pub(super) fn tell_end(&mut self, end: &End) {
        self.outcome = Some(end.outcome);
        self.exit_code = end.exit_code;
        self.signal = end.signal;
        self.core_dumped = end.core_dumped;
        self.duration = end.duration;
    }

    /// An event about a job.
    #[must_use]
    pub fn about(name: EventName, job: &JobId) -> Self {
        Self {
            job_id: Some(job.clone()),
            ..Self::new(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EVENT_NAMES;

    #[test]
    fn listeners_can_choose_every_event() {
        assert_eq!(EventName::ALL.map(EventName::as_str), EVENT_NAMES);
    }

    #[test]
    fn every_event_is_among_all_and_has_a_name_of_its_own() {
        // StoreFailed is the last of the definition.
        assert_eq!(EventName::ALL.len(), EventName::StoreFailed as usize + 1);
        for (index, name) in EventName::ALL.into_iter().enumerate() {
            assert_eq!(name as usize, index);
            assert_eq!(EventName::parse(name.as_str()), Some(name));
        }
    }
}
