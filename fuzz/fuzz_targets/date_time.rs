//! Dates and times as people write them, RFC 3339 among them: what is written is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::time::human::{
    TimeError, display, how_far, parse_datetime, parse_time, rfc3339, rfc3339_utc,
};
use rsched::time::{WallTime, Zone};
use rsched_fuzz::{NOW, bounded, hash, zone};

fuzz_target!(|text: &str| {
    let hash = hash(text.as_bytes());
    let zone = zone(hash);
    let parse = || parse_time(text, NOW, &zone);
    check(text, &zone, bounded("a time", text.len(), parse));
    let parse = || parse_datetime(text, &zone);
    check(text, &zone, bounded("a date and time", text.len(), parse));
    // Any microsecond of the years 1970 to 9999.
    let any = i64::try_from(hash % 253_370_764_800_000_000).unwrap_or(0);
    round_trip(WallTime::from_micros(any), &zone);
});

fn check(text: &str, zone: &Zone, parsed: Result<WallTime, TimeError>) {
    match parsed {
        Ok(time) => round_trip(time, zone),
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(
                !error.message.is_empty() && !error.message.ends_with('.'),
                "{error:?}"
            );
        }
    }
}

fn round_trip(time: WallTime, zone: &Zone) {
    for text in [rfc3339(time, zone), rfc3339_utc(time), display(time, zone)] {
        assert_eq!(parse_datetime(&text, zone), Ok(time), "{text}");
        assert_eq!(parse_time(&text, NOW, zone), Ok(time), "{text}");
    }
    assert!(!how_far(NOW, time).is_empty());
}
