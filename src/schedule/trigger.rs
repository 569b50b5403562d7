//! What makes a job fire, as configured.

use super::calendar::CalendarSteps;
use super::cron::Cron;
use super::exclusion::Exclusion;
use super::spec::ScheduleSpec;
use crate::time::WallTime;
use std::time::Duration;

/// What makes a job fire, as configured; phases not yet fixed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A crontab string or cron table.
    Cron(Cron),
    /// Fixed elapsed time.
    Interval {
        /// At least 1 ms.
        length: Duration,
        /// `first = "now"`: fires when the job is first seen as well.
        first_now: bool,
    },
    /// Steps of the calendar at a wall-clock time.
    Calendar(CalendarSteps),
    /// Fires when any part does, equal instants once. Each part has its own zone, bounds and phase;
    /// the zone and policy of the whole mean nothing then.
    Any(Vec<ScheduleSpec>),
    /// Fires at the instants at which all parts do.
    All(Vec<ScheduleSpec>),
    /// Fires as another trigger does, but not where one of the sets has it.
    Except {
        /// What fires.
        trigger: Box<Trigger>,
        /// What drops its fires.
        except: Vec<Exclusion>,
    },
    /// Once, at this instant.
    Date(WallTime),
    /// Once, when the job is first seen (no trigger at all, or `date = "now"`).
    Now,
    /// `@reboot`: once per boot, fires at the moment the job is first seen in this boot.
    Reboot,
}

impl Trigger {
    /// What fires, without what is excepted from it.
    #[must_use]
    pub fn fired(&self) -> &Trigger {
        match self {
            Self::Except { trigger, .. } => trigger.fired(),
            _ => self,
        }
    }
}
