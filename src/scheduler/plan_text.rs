//! A job's schedule as text, to be compared across restarts: was the trigger edited while down?
//!
//! Equality of the types themselves decides within one life. Across lives the types may have
//! changed with the program, so what is kept is made of what people wrote and of plain numbers.

use crate::config::Job;
use crate::schedule::{DstPolicy, ScheduleSpec, Trigger};
use crate::time::WallTime;
use std::fmt::Write as _;

/// Stands last.
const DISABLED: &str = "; disabled";

/// What a job was planned by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanText {
    /// All of it. The same text: the job goes on where it was.
    pub whole: String,
    /// What its phase rests on. The same text in another plan: an interval keeps its phase.
    pub phase: String,
}

impl PlanText {
    /// The plan of a job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let mut whole = job.schedule.text.clone();
        describe(&job.schedule.spec, &mut whole);
        let phase = match &job.schedule.spec.trigger {
            Trigger::Interval { length, .. } => {
                let start = instant(job.schedule.spec.start_date);
                format!("every {} us from {start}", length.as_micros())
            }
            Trigger::Now => "now".to_owned(),
            Trigger::Reboot => "reboot".to_owned(),
            _ => whole.clone(),
        };
        if !job.enabled {
            whole.push_str(DISABLED);
        }
        Self { whole, phase }
    }

    /// Whether the job was enabled.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.whole.ends_with(DISABLED)
    }

    /// When the job fires, be it enabled or not.
    #[must_use]
    pub fn schedule(&self) -> &str {
        self.whole.strip_suffix(DISABLED).unwrap_or(&self.whole)
    }
}

/// What the trigger's own text leaves out.
fn describe(spec: &ScheduleSpec, text: &mut String) {
    // Writing to a string cannot fail.
    _ = write!(text, "; {}", spec.zone.name());
    if spec.start_date.is_some() || spec.end_date.is_some() {
        let (start, end) = (instant(spec.start_date), instant(spec.end_date));
        _ = write!(text, "; from {start} to {end}");
    }
    if spec.dst != DstPolicy::Once {
        _ = write!(text, "; {}", policy(spec.dst));
    }
    if let Trigger::Any(parts) | Trigger::All(parts) = spec.trigger.fired() {
        for part in parts {
            text.push_str(" (");
            describe(part, text);
            text.push(')');
        }
    }
}

fn instant(at: Option<WallTime>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.as_micros().to_string())
}

fn policy(dst: DstPolicy) -> &'static str {
    match dst {
        DstPolicy::Once => "once",
        DstPolicy::Wall => "wall",
        DstPolicy::Skip => "skip",
        DstPolicy::Cron => "cron",
    }
}
