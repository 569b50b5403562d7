//! What a parser is given beside its text: zones, a moment, a choice that depends on the text alone.

use rsched::config::Context;
use rsched::time::{WallTime, Zone, ZoneDatabase};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

static ZONES: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::bundled);

/// 2026-03-29T00:59:59.25Z: just before Europe changes its clocks.
pub const NOW: WallTime = WallTime::from_micros(1_774_745_999_250_000);

/// Zones with something to them: none of it, gaps and folds of 30 min, 1 h and 2 h, a lost day.
pub const ZONE_NAMES: [&str; 6] = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
];

/// The copy of the tz database that is the same on every machine.
#[must_use]
pub fn zones() -> &'static ZoneDatabase {
    &ZONES
}

/// One of the zones, by a hash.
///
/// # Panics
/// Never: the names are those of zones.
#[must_use]
pub fn zone(hash: u64) -> Arc<Zone> {
    let names = u64::try_from(ZONE_NAMES.len()).expect("a handful");
    let place = usize::try_from(hash % names).expect("one of a handful");
    ZONES.get(ZONE_NAMES[place]).expect("a zone")
}

/// What a jobs file is read with.
#[must_use]
pub fn context() -> Context<'static> {
    Context {
        zones: &ZONES,
        machine_zone: zone(1),
        machine_id: "fuzz",
        host_name: "here",
        cpus: 2,
        now: NOW,
        accounts: None,
    }
}

/// A number that depends on the bytes alone.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
