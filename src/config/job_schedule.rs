//! When a job fires, and what people call that.

use crate::schedule::{Schedule, ScheduleSpec};
use crate::time::WallTime;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// When a job fires. Jobs that say the same share it, so it is not changed in place: see
/// [`JobSchedule::with`].
#[derive(Clone, Debug)]
pub struct JobSchedule {
    /// Trigger, zone, bounds and policy.
    pub spec: ScheduleSpec,
    /// How far starts are spread behind the fire times; none = not at all.
    pub jitter: Option<Duration>,
    /// The trigger as written, for lists and logs (`0 0 1-15 may-aug *`, `interval 2h`).
    pub text: String,
    /// What it comes to, if that is the same for all jobs, whenever they were first seen.
    settled: Option<Arc<Schedule>>,
}

impl JobSchedule {
    /// Of these parts.
    #[must_use]
    pub fn new(spec: ScheduleSpec, jitter: Option<Duration>, text: String) -> Self {
        let settled = (!spec.has_phase()).then(|| Arc::new(spec.anchored(WallTime::MIN)));
        Self {
            spec,
            jitter,
            text,
            settled,
        }
    }

    /// The same by other clocks: with the zones of `spec`.
    #[must_use]
    pub fn with(&self, spec: ScheduleSpec) -> Self {
        Self::new(spec, self.jitter, self.text.clone())
    }

    /// The schedule with its phase fixed: `anchor` is when the job was first seen
    /// ([`ScheduleSpec::anchored`]).
    #[must_use]
    pub fn anchored(&self, anchor: WallTime) -> Arc<Schedule> {
        match &self.settled {
            Some(schedule) => Arc::clone(schedule),
            None => Arc::new(self.spec.anchored(anchor)),
        }
    }
}

/// A schedule in whose place another one can stand, now and later: it is the same, and their zones will
/// be updated together. One in the machine's zone is not, for one in the zone that this is now.
#[derive(Clone, Debug)]
pub(super) struct Interchangeable(pub Arc<JobSchedule>);

impl Interchangeable {
    /// Of its zones, which are the machine's.
    fn are_the_machine_s(&self) -> Vec<bool> {
        let mut flags = Vec::new();
        self.0
            .spec
            .visit_zones(&mut |zone| flags.push(zone.is_the_machine_s()));
        flags
    }
}

impl PartialEq for Interchangeable {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.are_the_machine_s() == other.are_the_machine_s()
    }
}

impl Eq for Interchangeable {}

impl Hash for Interchangeable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for JobSchedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.jitter, &self.spec) == (&other.text, other.jitter, &other.spec)
    }
}

impl Eq for JobSchedule {}

impl Hash for JobSchedule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.text, self.jitter, &self.spec).hash(state);
    }
}
