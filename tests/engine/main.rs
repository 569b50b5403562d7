//! The schedule engine held to recorded facts and to a brute force that knows no shortcuts.
//!
//! `data/` holds cases observed elsewhere (a crontab(5) daemon on a simulated clock, a Python
//! scheduler); a case that is not run is counted and named with its reason, and the counts are
//! asserted, so that none can be lost unseen.

mod all_zones;
mod any_instant;
mod brute_force;
mod cases;
mod combined;
mod crontab_dst;
mod crontab_extended;
mod crontab_next;
mod crontab_syntax;
mod describe;
mod differential;
mod hashed;
mod heap;
mod known_bugs;
mod lints;
mod messages;
mod quartz_next;
mod rare_dates;
mod robustness;
mod system_zones;
mod trigger_errors;
mod trigger_fires;
