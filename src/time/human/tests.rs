//! Times as people write them: every form that is read, every mistake, and what is written.

use super::*;
use crate::time::ZoneDatabase;
use proptest::prelude::*;
use std::sync::Arc;

fn zone(name: &str) -> Arc<Zone> {
    ZoneDatabase::bundled().get(name).unwrap()
}

/// 2026-05-01 12:00:00.25 in Helsinki.
const NOW: WallTime = WallTime::from_micros(1_777_626_000_250_000);

#[test]
fn every_form_of_a_time_means_its_instant() {
    let helsinki = zone("Europe/Helsinki");
    for (text, expected) in [
        ("2026-05-01T00:00:00+03:00", "2026-04-30T21:00:00Z"),
        ("2026-05-01t00:00:00z", "2026-05-01T00:00:00Z"),
        ("2026-05-01 00:00:00 +0300", "2026-04-30T21:00:00Z"),
        ("2026-05-01 00:00+03", "2026-04-30T21:00:00Z"),
        ("2026-05-01 00:00", "2026-04-30T21:00:00Z"),
        (" 2026-05-01 ", "2026-04-30T21:00:00Z"),
        ("2020-7-23 16:50:00", "2020-07-23T13:50:00Z"),
        ("2020-7-3\t6:5:0.5", "2020-07-03T03:05:00.500Z"),
        (
            "2026-01-01 00:00:00,123456789",
            "2025-12-31T22:00:00.123456Z",
        ),
        ("2024-02-29", "2024-02-28T22:00:00Z"),
        ("2026-05-01T00:00:00-00:00", "2026-05-01T00:00:00Z"),
        // In the gap, in the fold.
        ("2026-03-29 03:30:00.5", "2026-03-29T01:00:00Z"),
        ("2026-10-25 03:30:00.5", "2026-10-25T00:30:00.500Z"),
        ("now", "2026-05-01T09:00:00.250Z"),
        ("today", "2026-04-30T21:00:00Z"),
        (" Tomorrow ", "2026-05-01T21:00:00Z"),
        ("yesterday", "2026-04-29T21:00:00Z"),
        ("+2h", "2026-05-01T11:00:00.250Z"),
        ("- 1d 250ms", "2026-04-30T09:00:00Z"),
        ("+90", "2026-05-01T09:01:30.250Z"),
        ("@1767225600", "2026-01-01T00:00:00Z"),
        ("@-1.5", "1969-12-31T23:59:58.500Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        let time = parse_time(text, NOW, &helsinki).map(rfc3339_utc);
        assert_eq!(time.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused_at_its_place() {
    for (text, span, message) in [
        ("", 0..0, "a time is empty"),
        ("soon", 0..4, "`soon` is no time"),
        ("2026", 0..4, "the time is incomplete"),
        ("2026-05", 0..7, "the time is incomplete"),
        ("26-05-01", 0..2, "no such year: `26`"),
        ("0000-05-01", 0..4, "there is no year 0"),
        ("20260501", 0..8, "a year of 8 digits, expected 4"),
        ("10000-01-01", 0..5, "a year of 5 digits, expected 4"),
        ("2026-13-01", 5..7, "no such month: `13`"),
        ("2026-02-30", 0..10, "no such day: `2026-02-30`"),
        ("2023-02-29 10:00", 0..10, "no such day: `2023-02-29`"),
        ("2026-05-00", 8..10, "no such day: `00`"),
        ("2026-05-01 24:00:00", 11..13, "no such hour: `24`"),
        ("2026-05-01 16", 11..13, "the time `16` has no minutes"),
        ("2026-05-01 16:60", 14..16, "no such minute: `60`"),
        ("2026-05-01 23:59:60", 17..19, "no such second: `60`"),
        ("2026-05-01 23:59:59.", 0..20, "the time is incomplete"),
        ("2026-05-01 16:30 pm", 17..19, "unexpected `pm` in a time"),
        (
            "2026-05-01T16:30:00+24:00",
            19..25,
            "no such offset: `+24:00`",
        ),
        ("2026-05-01T16:30:00+3", 19..21, "no such offset: `+3`"),
        (
            "2026-05-01T16:30:00+03:60",
            19..25,
            "no such offset: `+03:60`",
        ),
        (
            "2026-05-01T16:30:00+03:00[Europe/Helsinki]",
            25..42,
            "unexpected `[Europe/Helsinki]` in a time",
        ),
        ("2026-05-01Z", 10..11, "unexpected `Z` in a time"),
        ("2026-05-０1", 8..12, "unexpected `０1` in a time"),
        ("+2 parsecs", 3..10, "unknown unit `parsecs`"),
        ("+9000y", 5..6, "unknown unit `y`"),
        ("+3652425d", 0..9, "the time is out of range"),
        ("-3652425d", 0..9, "the time is out of range"),
        ("@", 0..1, "no Unix time after the `@`"),
        ("@1e9", 0..4, "no Unix time after the `@`"),
        ("@253402300800", 0..13, "the time is out of range"),
        (
            "@99999999999999999999999",
            0..24,
            "the time is out of range",
        ),
        (
            "9999-12-31T23:59:59-00:01",
            0..25,
            "the time is out of range",
        ),
        ("0001-01-01", 0..10, "the time is out of range"),
    ] {
        let error = parse_time(text, NOW, &zone("Europe/Helsinki")).unwrap_err();
        assert_eq!(
            (error.span, error.message.as_str()),
            (span, message),
            "{text}"
        );
        assert!(error.help.is_some());
    }
}

#[test]
fn the_help_says_why_there_is_no_such_second() {
    let help = |text| {
        parse_datetime(text, &Zone::utc())
            .unwrap_err()
            .help
            .unwrap()
    };
    assert_eq!(help("2026-05-01 24:00"), "write `00:00` of the next day");
    assert_eq!(
        help("2016-12-31T23:59:60Z"),
        "leap seconds have no fire time; write second 59, or 0 of the next minute"
    );
    assert_eq!(help("2026-02-29"), "that month has 28 days");
    assert_eq!(help("2026-05-01 7"), "write `07:00`");
}

#[test]
fn now_is_for_the_caller_of_parse_datetime() {
    assert!(parse_datetime("now", &Zone::utc()).is_err());
    assert!(parse_datetime("@0", &Zone::utc()).is_err());
}

#[test]
fn times_are_written_with_the_zone_s_offset() {
    let kathmandu = zone("Asia/Kathmandu");
    let newfoundland = zone("America/St_Johns");
    assert_eq!(rfc3339(NOW, &kathmandu), "2026-05-01T14:45:00.250+05:45");
    assert_eq!(display(NOW, &newfoundland), "2026-05-01 06:30:00.250-02:30");
    assert_eq!(
        rfc3339(WallTime::from_micros(1), &Zone::utc()),
        "1970-01-01T00:00:00.000001+00:00"
    );
    let before_zones = WallTime::from_unix_seconds(-3_000_000_000);
    assert_eq!(
        rfc3339(before_zones, &zone("Europe/Paris")),
        "1874-12-07T18:49:21+00:09:21"
    );
    for extreme in [WallTime::MIN, WallTime::MAX] {
        let _ = (
            rfc3339(extreme, &kathmandu),
            rfc3339_utc(extreme),
            display(extreme, &newfoundland),
        );
    }
}

#[test]
fn what_a_zone_has_no_year_for_is_written_in_utc() {
    let (east, west) = (zone("Pacific/Auckland"), zone("America/New_York"));
    for (text, zone, written) in [
        ("9999-12-31T17:03:00Z", &east, "9999-12-31T17:03:00+00:00"),
        ("9999-12-31T10:59:59Z", &east, "9999-12-31T23:59:59+13:00"),
        ("9999-12-31T17:03:00Z", &west, "9999-12-31T12:03:00-05:00"),
        ("0001-01-01T01:00:00Z", &west, "0001-01-01T01:00:00+00:00"),
    ] {
        let time = parse_datetime(text, zone).unwrap();
        assert_eq!(rfc3339(time, zone), written);
        assert_eq!(display(time, zone), written.replace('T', " "));
        assert_eq!(parse_datetime(written, zone), Ok(time));
    }
}

#[test]
fn distances_are_given_in_two_units_at_most() {
    let far = |seconds: i64| {
        how_far(
            WallTime::from_unix_seconds(0),
            WallTime::from_unix_seconds(seconds),
        )
    };
    for (seconds, text) in [
        (0, "now"),
        (1, "in 1 s"),
        (-59, "59 s ago"),
        (60, "in 1 min"),
        (-125, "2 min 5 s ago"),
        (3600, "in 1 h"),
        (18_725, "in 5 h 12 min"),
        (86_400, "in 1 day"),
        (-90_000, "1 day 1 h ago"),
        (259_200, "in 3 days"),
        (864_000 + 3600, "in 10 days"),
        (63_113_904, "in 2 years"),
        (63_200_304, "in 2 years 1 day"),
    ] {
        assert_eq!(far(seconds), text, "{seconds}");
    }
    assert_eq!(
        how_far(WallTime::from_micros(0), WallTime::from_micros(999_999)),
        "now"
    );
    let _ = (
        how_far(WallTime::MIN, WallTime::MAX),
        how_far(WallTime::MAX, WallTime::MIN),
    );
}

fn any_zone() -> impl Strategy<Value = Arc<Zone>> {
    let names = [
        "UTC",
        "Europe/Paris",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
        "Africa/Monrovia",
    ];
    proptest::sample::select(names.map(zone).to_vec())
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        zone in any_zone(),
        micros in FIRST_SECOND * MICROS_PER_SECOND..END_SECOND * MICROS_PER_SECOND,
        coarse in 0_u32..8,
    ) {
        let step = 10_i64.pow(coarse);
        let time = WallTime::from_micros(micros / step * step);
        let other = Zone::fixed("Other", 1234);
        for text in [rfc3339(time, &zone), display(time, &zone), rfc3339_utc(time)] {
            prop_assert_eq!(parse_datetime(&text, &other), Ok(time), "{}", text);
        }
    }

    #[test]
    fn no_text_can_make_it_panic(text in ".{0,40}", near in "[0-9 .,:TZt@+-]{0,30}", date in "[12][0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-9:.]{0,12}[+-]?[0-9:é]{0,9}") {
        for text in [text, near, date] {
            if let Err(error) = parse_time(&text, NOW, &Zone::utc()) {
                // The span can be shown: in bounds, on character boundaries.
                prop_assert!(text.get(error.span).is_some(), "{}", text);
            }
        }
    }
}
