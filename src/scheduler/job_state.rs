//! What the scheduler knows of one job beside its definition: its phase, how far its fires are
//! judged, and its instances.

use super::plan_text::PlanText;
use super::progress::{Progress, TICK};
use super::record::{JobRecord, Record, RunRecord};
use super::run::RunKey;
use super::run_time_jobs::JobSource;
use crate::config::Job;
use crate::schedule::{Jitter, PlannedStarts, Schedule, Trigger};
use crate::time::WallTime;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// One job of the current jobs file, or added at run time.
#[derive(Clone, Debug)]
pub(super) struct JobState {
    pub job: Arc<Job>,
    /// When the job was first seen: the phase of an interval.
    pub anchor: WallTime,
    pub schedule: Arc<Schedule>,
    /// How far its fires are judged.
    pub progress: Progress,
    /// Changes whenever the job is planned afresh, so that what was decided before is not undone
    /// on what is another plan.
    pub generation: u64,
    /// The next fire that is not judged: its planned start is its place in the queue.
    pub next: Option<WallTime>,
    /// Where its definition is kept.
    pub source: JobSource,
    /// Whether its fires do not exist for now.
    pub paused: bool,
    /// Whether `job_finished` was told.
    pub finished: bool,
    /// Runs that an earlier scheduler made of fires and did not start, oldest first: backlog.
    pub returned: Vec<Returned>,
}

/// A run that an earlier scheduler did not start; or one that was lost and is to run again, which is not
/// judged as late, and which ends as lost whatever else might have become of it: it did run.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    pub run: RunRecord,
}

impl Returned {
    /// Whether it was lost: then that is on record with it.
    pub fn was_lost(&self) -> bool {
        self.run.earlier.is_some()
    }
}

impl JobState {
    /// A job first seen at `now`: nothing of its past is due.
    pub fn first_seen(job: Arc<Job>, now: WallTime, generation: u64) -> Self {
        let anchor = whole_milliseconds(now);
        // A job that fires when it is first seen has that very fire still before it.
        let cursor = if fires_at_sight(&job) {
            anchor - TICK
        } else {
            now
        };
        let mut state = Self {
            schedule: job.schedule.anchored(anchor),
            anchor,
            progress: Progress::starting_after(cursor),
            generation,
            next: None,
            source: JobSource::File,
            paused: false,
            finished: false,
            returned: Vec::new(),
            job,
        };
        state.plan();
        state
    }

    /// A job that the store knows. Its unchanged schedule goes on where it was, so what came due
    /// meanwhile is backlog; one that was edited is planned afresh, an interval keeping its
    /// phase unless that changed too.
    pub fn restored(job: &Arc<Job>, record: JobRecord, same_boot: bool, now: WallTime) -> Self {
        let mut fresh = Self::first_seen(Arc::clone(job), now, 0);
        fresh.paused = record.paused;
        let plan = PlanText::of(job);
        let new_boot = !same_boot && job.schedule.spec.trigger == Trigger::Reboot;
        let progress = if plan.whole == record.plan.whole && !new_boot {
            record.progress
        } else if plan.phase == record.plan.phase
            && !new_boot
            // Disabled from the first, its one fire is still to come.
            && record.progress.cursor() >= record.anchor
        {
            Progress::starting_after(now)
        } else {
            fresh.plan();
            return fresh;
        };
        let mut state = Self {
            schedule: job.schedule.anchored(record.anchor),
            anchor: record.anchor,
            progress,
            finished: record.finished,
            ..fresh
        };
        state.plan();
        state
    }

    /// As the store is to have it.
    pub fn record(&self) -> Record {
        Record::Job(Box::new(JobRecord {
            job: self.job.id.clone(),
            plan: PlanText::of(&self.job),
            anchor: self.anchor,
            progress: self.progress.clone(),
            paused: self.paused,
            finished: self.finished,
            definition: match &self.source {
                JobSource::File => None,
                JobSource::Api(definition) => Some(Arc::clone(definition)),
            },
        }))
    }

    /// Takes the new definition of the same job. An unchanged schedule goes on as it was; a
    /// changed one is planned afresh, an interval keeping its phase unless that changed too.
    pub fn redefine(&mut self, job: Arc<Job>, now: WallTime, generation: u64) {
        if self.is_planned_afresh_as(&job) {
            let mut fresh = Self::first_seen(Arc::clone(&job), now, generation);
            fresh.source = self.source.clone();
            fresh.paused = self.paused;
            // Disabled from the first, its one fire is still to come.
            let never_began = self.progress.cursor() < self.anchor;
            if self.job.schedule.spec.keeps_phase(&job.schedule.spec) && !never_began {
                fresh.anchor = self.anchor;
                fresh.schedule = job.schedule.anchored(self.anchor);
                fresh.progress = Progress::starting_after(now);
            }
            fresh.plan();
            *self = fresh;
        }
        self.take_definition(job);
    }

    /// Takes a definition with the same schedule; what jobs share of the old one can go.
    pub fn take_definition(&mut self, job: Arc<Job>) {
        self.schedule = job.schedule.anchored(self.anchor);
        self.job = job;
    }

    /// Whether the new definition of the same job is planned afresh.
    pub fn is_planned_afresh_as(&self, job: &Job) -> bool {
        self.job.schedule.spec != job.schedule.spec || self.job.enabled != job.enabled
    }

    /// When its fires are to start.
    pub fn starts<'a>(&'a self, seed: &'a str) -> PlannedStarts<'a> {
        PlannedStarts {
            schedule: &self.schedule,
            jitter: self.job.schedule.jitter.map(|most| Jitter {
                most,
                seed,
                job_id: self.job.id.as_str(),
            }),
        }
    }

    /// When the next fire that is not judged is to start.
    pub fn planned_start(&self, seed: &str) -> Option<WallTime> {
        self.next.map(|next| self.starts(seed).of(next))
    }

    /// Finds the next fire that is not judged.
    pub fn plan(&mut self) {
        self.next = (self.job.enabled && !self.paused)
            .then(|| self.progress.next_fire(&self.schedule))
            .flatten();
        // What came back is judged with the rest, and at once: its time is past.
        if let Some(oldest) = self.returned.first() {
            let back = oldest.run.fire_time;
            self.next = Some(self.next.map_or(back, |next| next.min(back)));
        }
    }

    /// The clock was set back, by so much, and shows `now`. If nobody saw that for a while, what came due in it
    /// is still to be judged. Says whether that changed anything.
    pub fn clock_set_back(&mut self, now: WallTime, by: Duration, unseen: Duration) -> bool {
        let (anchor, cursor) = (self.anchor, self.progress.cursor());
        // What is behind the cursor is due anyway.
        let now = if cursor > now { now - unseen } else { now };
        if self.schedule.follows_real_time() {
            self.move_phase_before(now);
        }
        self.progress
            .set_back(now, by, self.schedule.follows_real_time());
        self.plan();
        (anchor, cursor) != (self.anchor, self.progress.cursor())
    }

    /// An interval counted from a moment that is now in the future would be silent until then:
    /// its grid is carried on backwards.
    fn move_phase_before(&mut self, now: WallTime) {
        let Trigger::Interval { length, .. } = self.job.schedule.spec.trigger else {
            return;
        };
        if self.anchor > now && self.job.schedule.spec.start_date.is_none() {
            let back = self.anchor.saturating_since(now).as_micros();
            let steps = back.div_ceil(length.as_micros().max(1));
            let shift = u64::try_from(steps * length.as_micros().max(1)).unwrap_or(u64::MAX);
            self.anchor = self.anchor - Duration::from_micros(shift);
            self.schedule = self.job.schedule.anchored(self.anchor);
        }
    }
}

/// Phases are counted from whole milliseconds: nobody needs finer ones, and they read better.
fn whole_milliseconds(time: WallTime) -> WallTime {
    WallTime::from_micros(time.as_micros().div_euclid(1_000) * 1_000)
}

fn fires_at_sight(job: &Job) -> bool {
    matches!(
        job.schedule.spec.trigger,
        Trigger::Now
            | Trigger::Reboot
            | Trigger::Interval {
                first_now: true,
                ..
            }
    )
}

/// The runs of one job that have not ended; it outlives the job's removal from the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Instances {
    /// Runs that count one each, waiting for a worker or active.
    pub single: BTreeSet<RunKey>,
    /// Runs of a backlog that run one after another and together count as one; the first is the
    /// one whose turn it is.
    pub catchup: VecDeque<RunKey>,
    /// Runs that wait for one of those to end, oldest first; they do not count yet.
    pub queued: Vec<RunKey>,
}

impl Instances {
    /// How many count against `max_instances`.
    pub fn count(&self) -> u32 {
        let single = u32::try_from(self.single.len()).unwrap_or(u32::MAX);
        single.saturating_add(u32::from(!self.catchup.is_empty()))
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0 && self.queued.is_empty()
    }

    /// How many there are, with those that do not count yet.
    pub fn all(&self) -> u32 {
        let queued = u32::try_from(self.queued.len()).unwrap_or(u32::MAX);
        self.count().saturating_add(queued)
    }
}
