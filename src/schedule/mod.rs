//! When a job fires: the cron language, cron tables, intervals, dates, bounds and DST policy. Pure.
//!
//! Both cron languages compile to one value of bit masks, [`Cron`]. A search over the masks finds
//! wall-clock readings (`search`), a zone and a policy turn readings into instants (`dst`), and
//! [`Schedule`] adds the bounds and everything that is not a cron.

mod anchored;
mod calendar;
mod combined;
mod cron;
mod crontab;
mod describe;
mod dst;
mod error;
mod exclusion;
mod field;
mod hashed;
mod interval;
mod item;
mod jitter;
mod lint;
mod list;
mod month;
mod nickname;
mod quartz;
mod search;
mod spec;
mod table;
mod trigger;
mod walk;
mod years;

pub use anchored::Schedule;
pub use calendar::{CalendarDay, CalendarSteps};
pub use cron::{Cron, DayRule};
pub use crontab::{
    Expression, MAX_EXPRESSION_BYTES, ParseOptions, parse_expression, parse_expression_for,
    parse_expression_with,
};
pub use dst::DstPolicy;
pub use error::ScheduleError;
pub use exclusion::Exclusion;
pub use interval::MIN_INTERVAL;
pub use jitter::{Jitter, PlannedStarts};
pub use lint::Lint;
pub use quartz::parse_quartz;
pub use spec::{EITHER_DAY, ScheduleSpec};
pub use table::TableField;
pub use trigger::Trigger;
