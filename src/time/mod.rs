//! Time itself: instants on two clocks, lengths, civil dates and zones.
//!
//! Nothing here reads a clock (`sys/clock.rs` does) and only `zone_database` opens files.

mod bundled;
pub mod civil;
mod datetime_text;
pub mod duration;
pub mod human;
mod instant;
mod posix_rule;
mod tzif;
mod zone;
mod zone_database;
mod zone_name;

pub use instant::{BootTime, Now, WallTime};
pub use zone::{LocalTime, OffsetChange, OffsetSpan, Zone};
pub use zone_database::{UnknownZone, ZoneDatabase};
