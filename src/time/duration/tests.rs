//! Durations in both directions: every form that is read, every mistake, and what is written.

use super::*;
use proptest::prelude::*;

#[test]
fn every_spelling_means_its_microseconds() {
    for (text, micros) in [
        ("0", 0),
        ("0s", 0),
        ("90", 90_000_000),
        ("90s", 90_000_000),
        (" 90 s ", 90_000_000),
        ("1h30m", 5_400_000_000),
        ("1h 30m", 5_400_000_000),
        ("30m 1h", 5_400_000_000),
        ("2 days", 172_800_000_000),
        ("1 day", 86_400_000_000),
        ("1w", 604_800_000_000),
        ("2\tweeks", 1_209_600_000_000),
        ("500ms", 500_000),
        ("0.5ms", 500),
        ("0.001ms", 1),
        ("1.5h", 5_400_000_000),
        ("1.50 hours", 5_400_000_000),
        ("0.000001s", 1),
        ("1 min 1sec", 61_000_000),
        ("007s", 7_000_000),
        ("3 hrs 2 mins 1 secs", 10_921_000_000),
        ("3652425d", 315_569_520_000_000_000),
        ("0.000000000000000000s", 0),
    ] {
        assert_eq!(parse(text), Ok(Duration::from_micros(micros)), "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused_at_its_place() {
    for (text, span, message) in [
        ("", 0..0, "a duration is empty"),
        ("  ", 0..2, "a duration is empty"),
        ("-1s", 0..3, "a duration cannot be negative"),
        ("1h -5m", 3..4, "expected a number, found `-`"),
        ("+1s", 0..1, "a duration has no sign"),
        ("5 parsecs", 2..9, "unknown unit `parsecs`"),
        ("1M", 1..2, "unknown unit `M`"),
        ("10us", 2..4, "unknown unit `us`"),
        ("10µs", 2..5, "unknown unit `µs`"),
        ("1h 30", 3..5, "`30` has no unit"),
        ("30 1h", 0..2, "`30` has no unit"),
        ("1.5", 0..3, "`1.5` has no unit"),
        ("1.s", 0..2, "no digits after the point of `1.`"),
        (".5s", 0..1, "expected a number, found `.`"),
        ("1h 2h", 4..5, "the unit `h` comes twice"),
        ("1h 2 hours", 5..10, "`hours` and `h` are the same unit"),
        ("1e3s", 1..2, "unknown unit `e`"),
        ("1_000s", 1..2, "unknown unit `_`"),
        (
            "0.0000001s",
            0..10,
            "`0.0000001s` is no whole number of microseconds",
        ),
        (
            "0.3333333333333333333333333s",
            0..28,
            "`0.3333333333333333333333333s` is no whole number of microseconds",
        ),
        (
            "3652426d",
            0..8,
            "a duration cannot be longer than 10,000 years",
        ),
        (
            "10000000000000000000s",
            0..21,
            "a duration cannot be longer than 10,000 years",
        ),
        (
            "999999999999999999w 999999999999999999d",
            0..39,
            "a duration cannot be longer than 10,000 years",
        ),
        ("PT1H30M", 0..7, "`PT1H30M` looks like an ISO 8601 duration"),
        ("1:30", 0..4, "`1:30` looks like a time of day"),
        ("inf", 0..3, "expected a number, found `inf`"),
        ("NaN", 0..3, "expected a number, found `NaN`"),
        ("１s", 0..4, "expected a number, found `１s`"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.span, error.message.as_str()),
            (span, message),
            "{text}"
        );
        assert!(error.help.is_some());
    }
}

#[test]
fn the_help_knows_what_was_meant() {
    for (text, help) in [
        ("5 minuts", "did you mean `minutes`?"),
        ("2 Days", "did you mean `days`?"),
        ("3 msec", "did you mean `ms`?"),
        ("1H", "did you mean `h`?"),
        (
            "1 month",
            "months and years differ in length; use days, or a `calendar` trigger",
        ),
        (
            "10us",
            "the smallest unit is `ms`; write `0.5ms` for 500 microseconds",
        ),
        ("1 q", UNITS_HELP),
        ("1h 30", "write `30s` or `30m`"),
    ] {
        assert_eq!(
            parse(text).unwrap_err().help.as_deref(),
            Some(help),
            "{text}"
        );
    }
}

#[test]
fn lengths_are_written_as_a_person_would() {
    for (micros, text) in [
        (0, "0s"),
        (1, "0.001ms"),
        (500_000, "500ms"),
        (1_500_000, "1.5s"),
        (90_000_000, "1m 30s"),
        (60_500_000, "1m 500ms"),
        (5_400_000_000, "1h 30m"),
        (86_400_000_000, "1d"),
        (604_800_000_000, "1w"),
        (864_000_000_000, "10d"),
        (90_061_000_001, "1d 1h 1m 1.000001s"),
    ] {
        assert_eq!(format(Duration::from_micros(micros)), text);
    }
    assert_eq!(format(Duration::from_nanos(999)), "0s");
    assert!(!format(Duration::MAX).is_empty());
}

proptest! {
    #[test]
    fn what_is_written_reads_back(micros in 0_u64..=315_569_520_000_000_000, coarse in 0_u32..12) {
        let step = 10_u64.pow(coarse);
        let duration = Duration::from_micros(micros / step * step);
        prop_assert_eq!(parse(&format(duration)), Ok(duration));
    }

    #[test]
    fn no_text_can_make_it_panic(text in ".{0,40}", near in "[0-9 .hmsdwµ:P+-]{0,20}") {
        for text in [text, near] {
            if let Err(error) = parse(&text) {
                // The span can be shown: in bounds, on character boundaries.
                prop_assert!(text.get(error.span).is_some());
            }
        }
    }
}
