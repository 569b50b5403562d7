//! What makes a job fire, as configured.

use super::cron::Cron;
use crate::time::WallTime;
use std::time::Duration;

/// What makes a job fire, as configured; phases not yet fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Once, at this instant.
    Date(WallTime),
    /// Once, when the job is first seen (no trigger at all, or `date = "now"`).
    Now,
    /// `@reboot`: once per boot, fires at the moment the job is first seen in this boot.
    Reboot,
}
