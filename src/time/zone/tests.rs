//! Zones at their offset changes: gaps, folds, and the rule beyond the last change.

use super::*;
use crate::time::ZoneDatabase;
use crate::time::civil::CivilTime;
use proptest::prelude::*;

fn zone(name: &str) -> Arc<Zone> {
    ZoneDatabase::bundled().get(name).unwrap()
}

/// `2026-03-29 02:30` on a wall.
fn local(text: &str) -> i64 {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
        .unwrap()
        .and_utc()
        .timestamp()
}

fn unix(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp()
}

#[test]
fn gaps_of_every_size_lead_to_the_first_instant_after_them() {
    for (name, reading, after, length) in [
        (
            "Europe/Paris",
            "2026-03-29 02:30",
            "2026-03-29T03:00:00+02:00",
            3600,
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04 02:15",
            "2026-10-04T02:30:00+11:00",
            1800,
        ),
        (
            "Antarctica/Troll",
            "2026-03-29 02:59",
            "2026-03-29T03:00:00+02:00",
            7200,
        ),
        (
            "Pacific/Apia",
            "2011-12-30 12:00",
            "2011-12-31T00:00:00+14:00",
            86_400,
        ),
        (
            "Africa/Cairo",
            "2026-04-24 00:00",
            "2026-04-24T01:00:00+03:00",
            3600,
        ),
        (
            "Asia/Beirut",
            "2026-03-29 00:30",
            "2026-03-29T01:00:00+03:00",
            3600,
        ),
        (
            "America/Sao_Paulo",
            "2018-11-04 00:00",
            "2018-11-04T01:00:00-02:00",
            3600,
        ),
    ] {
        let gap = LocalTime::Gap {
            after: unix(after),
            length,
        };
        assert_eq!(zone(name).resolve(local(reading)), gap, "{name} {reading}");
    }
}

#[test]
fn folds_of_every_size_give_both_instants_in_order() {
    for (name, reading, first, second) in [
        (
            "Europe/Paris",
            "2026-10-25 02:30",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:30:00+01:00",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-05 01:45",
            "2026-04-05T01:45:00+11:00",
            "2026-04-05T01:45:00+10:30",
        ),
        (
            "Antarctica/Troll",
            "2026-10-25 01:00",
            "2026-10-25T01:00:00+02:00",
            "2026-10-25T01:00:00+00:00",
        ),
        (
            "Africa/Cairo",
            "2026-10-29 23:30",
            "2026-10-29T23:30:00+03:00",
            "2026-10-29T23:30:00+02:00",
        ),
        (
            "Pacific/Kwajalein",
            "1969-09-30 12:00",
            "1969-09-30T12:00:00+11:00",
            "1969-10-01T11:00:00+11:00",
        ),
    ] {
        let fold = LocalTime::Fold {
            first: unix(first),
            second: unix(second),
        };
        assert_eq!(zone(name).resolve(local(reading)), fold, "{name} {reading}");
    }
}

#[test]
fn the_edges_of_gap_and_fold_belong_where_they_should() {
    let paris = zone("Europe/Paris");
    let one = |reading, instant| {
        assert_eq!(
            paris.resolve(local(reading)),
            LocalTime::One(unix(instant)),
            "{reading}"
        );
    };
    one("2026-03-29 01:59", "2026-03-29T00:59:00Z");
    one("2026-03-29 03:00", "2026-03-29T01:00:00Z");
    one("2026-10-25 01:59", "2026-10-24T23:59:00Z");
    one("2026-10-25 03:00", "2026-10-25T02:00:00Z");
    assert!(matches!(
        paris.resolve(local("2026-03-29 02:00")),
        LocalTime::Gap { .. }
    ));
    assert!(matches!(
        paris.resolve(local("2026-10-25 02:00")),
        LocalTime::Fold { .. }
    ));
}

#[test]
fn the_rule_holds_in_every_year_to_9999_and_beyond() {
    let paris = zone("Europe/Paris");
    for year in 2027..=20_000 {
        let last_sunday = |month| {
            let last = civil::days_from_civil(year, month, 31);
            last - i64::from(civil::weekday(last))
        };
        let summer = last_sunday(3) * SECONDS_PER_DAY + 3600;
        let winter = last_sunday(10) * SECONDS_PER_DAY + 3600;
        let span = OffsetSpan {
            start: summer,
            end: winter,
            offset: 7200,
        };
        assert_eq!(paris.span_at(summer), span, "{year}");
        assert_eq!(paris.span_at(winter - 1), span, "{year}");
        assert_eq!(paris.span_at(summer - 1).end, summer, "{year}");
        assert_eq!(paris.span_at(winter).start, winter, "{year}");
    }
}

#[test]
fn the_ends_of_the_number_range_are_times_too() {
    for name in ["UTC", "Europe/Paris", "Pacific/Apia", "America/New_York"] {
        let zone = zone(name);
        for instant in [
            i64::MIN,
            i64::MIN + 1,
            -1,
            0,
            1 << 40,
            i64::MAX - 1,
            i64::MAX,
        ] {
            let span = zone.span_at(instant);
            assert!(span.start <= instant && instant <= span.end);
            let _ = (zone.resolve(instant), zone.next_transition_after(instant));
        }
    }
    assert_eq!(
        Zone::utc().span_at(i64::MAX),
        OffsetSpan {
            start: i64::MIN,
            end: i64::MAX,
            offset: 0
        }
    );
    assert_eq!(Zone::utc().next_transition_after(0), None);
}

#[test]
fn changes_that_cancel_out_leave_no_trace() {
    // Daylight saving begins at 01:00 and ends at 02:00 of its own, which is the same.
    let none = Zone::from_posix_rule("AAA3BBB,8/1,8").unwrap();
    for at in [0, 5_000_000_000, 100_000_000_000, 1 << 50] {
        let span = OffsetSpan {
            start: i64::MIN,
            end: i64::MAX,
            offset: -3 * 3600,
        };
        assert_eq!(none.span_at(at), span);
    }
    let rule = PosixRule::parse("AAA3BBB,0/0,J365/25").unwrap();
    let always_summer = Zone::from_changes("All", 0, Vec::new(), Some(&rule));
    let far = always_summer.span_at(1 << 36);
    assert_eq!((far.offset, far.end), (-7200, i64::MAX));

    let twice = Zone::from_changes("Twice", 0, vec![(5, 60), (5, 0), (9, 60)], None);
    assert_eq!(
        twice.span_at(5),
        OffsetSpan {
            start: i64::MIN,
            end: 9,
            offset: 0
        }
    );
}

#[test]
fn zones_are_equal_when_name_and_offsets_are() {
    let database = ZoneDatabase::bundled();
    let paris = database.get("Europe/Paris").unwrap();
    // What was asked for last is no part of it.
    let _ = paris.span_at(1 << 40);
    assert_eq!(paris, zone("Europe/Paris"));
    assert_ne!(Zone::fixed("A", 0), Zone::fixed("B", 0));
    assert_ne!(Zone::fixed("A", 0), Zone::fixed("A", 1));
}

fn any_zone() -> impl Strategy<Value = Arc<Zone>> {
    let names = [
        "UTC",
        "Europe/Paris",
        "Europe/Dublin",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Pacific/Apia",
        "Africa/Cairo",
        "Asia/Beirut",
        "America/Sao_Paulo",
        "America/New_York",
        "Africa/Casablanca",
        "Asia/Gaza",
        "America/Nuuk",
        "Asia/Manila",
        "Africa/Monrovia",
    ];
    proptest::sample::select(names.map(zone).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn spans_cover_time_without_holes(zone in any_zone(), t in -70_000_000_000_i64..300_000_000_000) {
        let span = zone.span_at(t);
        prop_assert!(span.start <= t && t < span.end);
        prop_assert_eq!(zone.span_at(span.start), span);
        if span.end != i64::MAX {
            prop_assert_eq!(zone.span_at(span.end - 1), span);
            let next = zone.span_at(span.end);
            prop_assert_eq!(next.start, span.end);
            prop_assert_ne!(next.offset, span.offset);
        }
    }

    #[test]
    fn an_instant_is_among_what_its_reading_stands_for(
        zone in any_zone(), t in -70_000_000_000_i64..300_000_000_000, near in any::<bool>(), delta in -90_000_i64..90_000,
    ) {
        let span = zone.span_at(t);
        let t = if near && span.end != i64::MAX { span.end + delta } else { t };
        let reading = t + i64::from(zone.span_at(t).offset);
        match zone.resolve(reading) {
            LocalTime::One(instant) => prop_assert_eq!(instant, t),
            LocalTime::Fold { first, second } => {
                prop_assert!(first < second && (first == t || second == t));
                for instant in [first, second] {
                    prop_assert_eq!(instant + i64::from(zone.span_at(instant).offset), reading);
                }
            }
            LocalTime::Gap { .. } => prop_assert!(false, "a reading that was on the wall: {:?}", CivilTime::from_local_seconds(reading)),
        }
    }

    #[test]
    fn a_gap_is_one_and_begins_after_its_readings(zone in any_zone(), t in -70_000_000_000_i64..300_000_000_000, delta in -90_000_i64..90_000) {
        let end = zone.span_at(t).end;
        let reading = if end == i64::MAX { t } else { end + i64::from(zone.span_at(t).offset) + delta };
        if let LocalTime::Gap { after, length } = zone.resolve(reading) {
            let (before, next) = (zone.span_at(after - 1), zone.span_at(after));
            prop_assert_eq!(next.start, after);
            prop_assert_eq!(i64::from(next.offset - before.offset), length);
            prop_assert!(after + i64::from(before.offset) <= reading);
            prop_assert!(reading < after + i64::from(next.offset));
        }
    }
}

#[test]
fn a_reading_is_carried_over_unless_both_clocks_show_it_at_the_same_instant() {
    let paris = ZoneDatabase::bundled().get("Europe/Paris").unwrap();
    let at = WallTime::from_unix_seconds;
    // 02:30, the second time, on 2026-10-25: a fold that a clock one hour ahead does not have.
    let (fold, ahead) = (at(1_792_891_800), Zone::fixed("Europe/Paris", 7200));
    assert_eq!(paris.same_reading(fold, &paris), fold);
    assert_eq!(ahead.same_reading(fold, &paris), at(1_792_891_800 - 3600));
    assert_eq!(
        paris.same_reading(at(1_792_891_800 - 3600), &ahead),
        at(1_792_891_800 - 3600)
    );
    // 02:30 on 2026-03-29 does not exist in Paris.
    let (before, change) = (at(1_774_744_200), at(1_774_746_000));
    assert_eq!(paris.same_reading(before, &ahead), change);
    let micro = WallTime::from_micros(1_774_744_200_000_007);
    assert_eq!(
        paris
            .same_reading(micro, &Zone::fixed("x", 0))
            .subsec_micros(),
        7
    );
}
