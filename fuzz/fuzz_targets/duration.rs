//! Durations, and sizes: what is read is written in a form that is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::config::Size;
use rsched::time::duration::{LONGEST, format, parse};
use rsched_fuzz::{bounded, hash};
use std::time::Duration;

fuzz_target!(|text: &str| {
    match bounded("a duration", text.len(), || parse(text)) {
        Ok(length) => {
            assert!(length <= LONGEST);
            assert_eq!(parse(&format(length)), Ok(length));
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(
                !error.message.is_empty() && !error.message.ends_with('.'),
                "{error:?}"
            );
        }
    }
    match bounded("a size", text.len(), || Size::parse(text)) {
        Ok(size) => assert_eq!(Size::parse(&size.bytes().to_string()), Ok(size)),
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(
                !error.message.is_empty() && !error.message.ends_with('.'),
                "{error:?}"
            );
        }
    }
    let longest = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
    let any = Duration::from_micros(hash(text.as_bytes()) % (longest + 1));
    assert_eq!(parse(&format(any)), Ok(any));
});
