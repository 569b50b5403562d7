//! Bytes of zone files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::time::Zone;
use rsched_fuzz::{bounded, check_zone, hash};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let parse = || Zone::from_tzif("Any", bytes);
    if let Some(zone) = bounded("a zone file", bytes.len(), parse) {
        check_zone(&Arc::new(zone), hash(bytes));
    }
});
