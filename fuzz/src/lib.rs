//! What the fuzz targets share: the bound on the work an input may cause, and the properties that
//! hold for whatever was parsed.
//!
//! A target panics on anything wrong, which is how libFuzzer knows.

mod diagnostics;
mod questions;
mod work;
mod world;

pub use diagnostics::{check_diagnostics, check_errors};
pub use questions::{check_cron, check_schedule, check_zone};
pub use work::{Leaps, bounded, bounded_text};
pub use world::{NOW, ZONE_NAMES, context, hash, zone, zones};
