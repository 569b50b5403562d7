//! Zones by name, with the suggestions for unknown ones, and by POSIX rule.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::time::Zone;
use rsched_fuzz::{bounded, check_zone, hash, zones};
use std::sync::Arc;

fuzz_target!(|text: &str| {
    let hash = hash(text.as_bytes());
    match bounded("a zone's name", text.len(), || zones().get(text)) {
        Ok(zone) => {
            assert_eq!(zone.name(), text);
            check_zone(&zone, hash);
        }
        Err(unknown) => {
            if let Some(suggestion) = unknown.suggestion {
                assert!(zones().get(&suggestion).is_ok(), "{suggestion}");
            }
        }
    }
    if let Some(zone) = bounded("a POSIX rule", text.len(), || Zone::from_posix_rule(text)) {
        check_zone(&Arc::new(zone), hash);
    }
});
