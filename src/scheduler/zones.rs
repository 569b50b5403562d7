//! Clocks of zones that are set: an update of the tz database, or another zone for the machine.
//!
//! The jobs stay what they are, only their zones are exchanged; how far their fires are judged
//! stays too. To a schedule of fixed times a zone's clock that is set is what a change to or from
//! daylight saving time is: a time that it shows again was judged the first time, a time that it
//! jumped over is late.

use super::job_state::JobState;
use super::progress::CLOCK_CORRECTION;
use super::scheduler::Scheduler;
use crate::config::JobSchedule;
use crate::schedule::Trigger;
use crate::time::{Now, WallTime, Zone};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Scheduler {
    /// Every zone in use, each once.
    #[must_use]
    pub fn zones(&self) -> Vec<Arc<Zone>> {
        let mut zones = vec![Arc::clone(&self.settings.timezone)];
        // Nearly all share the value, so that few names are ever compared.
        let mut seen = BTreeSet::new();
        for state in self.jobs.values() {
            state.job.schedule.spec.visit_zones(&mut |zone| {
                if seen.insert(Arc::as_ptr(zone)) && !zones.iter().any(|known| known.updates(zone))
                {
                    zones.push(Arc::clone(zone));
                }
            });
        }
        zones
    }

    /// Takes up what zones are by now, and plans the jobs in them again, each from where its fires
    /// are judged.
    pub(super) fn update_zones(&mut self, zones: &[Arc<Zone>], now: Now) {
        // What was due by the old clocks is judged by them.
        self.judge_due(now);
        let settings = &mut self.settings;
        if let Some(new) = zones.iter().find(|new| new.updates(&settings.timezone)) {
            settings.timezone = Arc::clone(new);
        }
        let mut updates = Updates::new(zones);
        for (id, state) in &mut self.jobs {
            if state.update_zones(&mut updates) {
                self.ledger.job_changed(id);
            }
        }
        self.rebuild_queue();
    }
}

/// What schedules become by the new clocks: those that jobs shared they go on sharing.
struct Updates<'a> {
    zones: &'a [Arc<Zone>],
    /// By the place of the old one, which is kept so that no other can come to be there.
    known: BTreeMap<*const JobSchedule, (Arc<JobSchedule>, Option<Arc<JobSchedule>>)>,
}

impl<'a> Updates<'a> {
    fn new(zones: &'a [Arc<Zone>]) -> Self {
        Self {
            zones,
            known: BTreeMap::new(),
        }
    }

    /// None if it stays what it is.
    fn of(&mut self, old: &Arc<JobSchedule>) -> Option<Arc<JobSchedule>> {
        let (_, new) = self.known.entry(Arc::as_ptr(old)).or_insert_with(|| {
            let spec = old.spec.in_updated_zones(self.zones);
            (Arc::clone(old), spec.map(|spec| Arc::new(old.with(spec))))
        });
        new.clone()
    }
}

impl JobState {
    /// Says whether that changed anything.
    fn update_zones(&mut self, updates: &mut Updates<'_>) -> bool {
        let Some(schedule) = updates.of(&self.job.schedule) else {
            return false;
        };
        let has_fixed_times = matches!(
            schedule.spec.trigger.fired(),
            Trigger::Cron(_) | Trigger::Calendar(_)
        );
        if has_fixed_times && !self.schedule.follows_real_time() {
            let (old, new) = (&self.job.schedule.spec.zone, &schedule.spec.zone);
            self.progress.carry_over(|at| same_reading(at, old, new));
        }
        Arc::make_mut(&mut self.job).schedule = schedule;
        self.schedule = self.job.schedule.anchored(self.anchor);
        self.plan();
        true
    }
}

/// The instant at which the new clock shows what the old one shows at `at`, if that is near: a clock
/// that was wrong by hours is corrected, not changed over.
fn same_reading(at: WallTime, old: &Zone, new: &Zone) -> WallTime {
    let there = new.same_reading(at, old);
    let distance = there.saturating_since(at) + at.saturating_since(there);
    if distance < CLOCK_CORRECTION {
        there
    } else {
        at
    }
}
