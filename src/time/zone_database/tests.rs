//! Where zones are found, which zone the machine has, and what is never opened.

use super::*;
use crate::time::OffsetSpan;
use chrono::{DateTime, Offset, TimeZone};
use std::os::unix::fs::symlink;

/// Zones whose clocks no release of the last years has touched.
const STABLE: [&str; 30] = [
    "UTC",
    "Europe/Paris",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Europe/Athens",
    "Europe/Lisbon",
    "Europe/Rome",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Halifax",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Jerusalem",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Africa/Lagos",
];

fn chrono_offset(name: &str, unix_seconds: i64) -> i32 {
    let zone: chrono_tz::Tz = name.parse().unwrap();
    let time = DateTime::from_timestamp(unix_seconds, 0)
        .unwrap()
        .naive_utc();
    zone.offset_from_utc_datetime(&time).fix().local_minus_utc()
}

/// All spans in the years 1970–2099.
fn spans(zone: &Zone) -> Vec<OffsetSpan> {
    let first = zone.span_at(0);
    let next = |span: &OffsetSpan| (span.end < 4_102_444_800).then(|| zone.span_at(span.end));
    std::iter::successors(Some(first), next).skip(1).collect()
}

#[test]
fn the_machine_and_chrono_tz_agree_on_zones_that_rest() {
    let database = ZoneDatabase::system();
    for name in STABLE {
        let zone = database.get(name).unwrap();
        // Every 11 hours and a bit: all hours of the day, all days of the week.
        for unix_seconds in (0..2_145_916_800).step_by(40_009) {
            assert_eq!(
                zone.span_at(unix_seconds).offset,
                chrono_offset(name, unix_seconds),
                "{name} {unix_seconds}"
            );
        }
    }
}

#[test]
fn the_bundled_zones_are_chrono_tz_to_the_second() {
    let database = ZoneDatabase::bundled();
    for tz in chrono_tz::TZ_VARIANTS {
        let zone = database.get(tz.name()).unwrap();
        for unix_seconds in (-5_000_000_000..4_102_444_800).step_by(3_000_017) {
            assert_eq!(
                zone.span_at(unix_seconds).offset,
                chrono_offset(tz.name(), unix_seconds),
                "{tz} {unix_seconds}"
            );
        }
        for span in spans(&zone) {
            assert_eq!(
                chrono_offset(tz.name(), span.start),
                span.offset,
                "{tz} {span:?}"
            );
            assert_ne!(
                chrono_offset(tz.name(), span.start - 1),
                span.offset,
                "{tz} {span:?}"
            );
        }
    }
}

/// Says what the inferred rules are worth: they are compared with the footers of the same release.
#[test]
fn the_rules_inferred_for_the_bundled_zones_are_the_machine_s() {
    let (machine, bundled) = (ZoneDatabase::system(), ZoneDatabase::bundled());
    if !machine.describe().ends_with(chrono_tz::IANA_TZDB_VERSION) {
        return;
    }
    for tz in chrono_tz::TZ_VARIANTS {
        let (a, b) = (
            machine.get(tz.name()).unwrap(),
            bundled.get(tz.name()).unwrap(),
        );
        for unix_seconds in (4_000_000_000..30_000_000_000).step_by(5_000_003) {
            let span = a.span_at(unix_seconds);
            // Distributors differ on where the past ends ("backzone"), not on what comes.
            let other = b.span_at(unix_seconds);
            assert_eq!(
                (span.offset, span.end),
                (other.offset, other.end),
                "{tz} {unix_seconds}"
            );
        }
    }
}

#[test]
fn the_same_name_is_the_same_zone() {
    let database = ZoneDatabase::system();
    let (one, other) = (
        database.get("Europe/Paris").unwrap(),
        database.get("Europe/Paris").unwrap(),
    );
    assert!(Arc::ptr_eq(&one, &other));
}

#[test]
fn names_are_never_paths_out_of_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("zones");
    std::fs::create_dir(&inside).unwrap();
    std::fs::copy("/usr/share/zoneinfo/UTC", directory.path().join("Secret")).ok();
    let database = ZoneDatabase::in_directory(&inside);
    for name in [
        "../Secret",
        "",
        "0",
        "/etc/passwd",
        "../../etc/passwd",
        "Europe",
        "localtime",
        "tzdata.zi",
        &"x".repeat(1 << 20),
    ] {
        let error = database.get(name).unwrap_err();
        assert!(error.name.len() <= 70);
    }
}

#[test]
fn a_zone_the_machine_lacks_or_has_broken_comes_from_the_bundled_copy() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("EST"), "no zone").unwrap();
    std::fs::create_dir(directory.path().join("MST")).unwrap();
    let database = ZoneDatabase::in_directory(directory.path());
    assert_eq!(database.get("EST").unwrap().span_at(0).offset, -18_000);
    assert_eq!(database.get("MST").unwrap().span_at(0).offset, -25_200);
    assert_eq!(
        database.get("Asia/Tokyo").unwrap().span_at(0).offset,
        32_400
    );
}

/// The least zone file: one offset, named by its footer too.
fn write_zone(path: &Path, offset_hours: i32) {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        bytes.extend(b"TZif2");
        bytes.extend([0; 15]);
        for count in [0_u32, 0, 0, 0, 1, 4] {
            bytes.extend(count.to_be_bytes());
        }
        bytes.extend((offset_hours * 3600).to_be_bytes());
        bytes.extend(b"\0\0ABC\0");
    }
    bytes.extend(format!("\nABC{}\n", -offset_hours).bytes());
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_new_database_sees_an_update_and_the_zones_differ() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("Atlantis");
    write_zone(&file, 1);
    let before = ZoneDatabase::in_directory(directory.path())
        .get("Atlantis")
        .unwrap();
    assert_eq!(
        before,
        ZoneDatabase::in_directory(directory.path())
            .get("Atlantis")
            .unwrap()
    );
    write_zone(&file, 2);
    let after = ZoneDatabase::in_directory(directory.path())
        .get("Atlantis")
        .unwrap();
    assert_ne!(before, after);
    assert_eq!(
        (before.span_at(0).offset, after.span_at(0).offset),
        (3600, 7200)
    );
}

#[test]
fn a_zone_stays_what_it_is_while_the_machine_has_no_whole_file_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("Atlantis");
    write_zone(&file, 1);
    let database = || ZoneDatabase::in_directory(directory.path());
    let zone = database().get("Atlantis").unwrap();
    assert_eq!(database().updated(&zone).as_ref(), Some(&zone));
    std::fs::write(&file, "TZif2 half of").unwrap();
    assert_eq!(database().updated(&zone), None);
    write_zone(&file, 2);
    assert_eq!(database().updated(&zone).unwrap().span_at(0).offset, 7200);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(database().updated(&zone), None);
    assert_eq!(ZoneDatabase::bundled().updated(&zone), None);
    // Of a zone that was the bundled copy's the machine has nothing to say either.
    let bundled = database().get("Europe/Paris").unwrap();
    assert_eq!(database().updated(&bundled), None);
}

#[test]
fn what_decides_about_zones_is_their_files_and_where_the_database_may_be() {
    let directory = tempfile::tempdir().unwrap();
    let database = ZoneDatabase::in_directory(directory.path());
    let zones = [Zone::fixed("Atlantis", 0), Zone::fixed("<+03>-3", 0)];
    let sources = database.sources(&zones);
    assert!(sources.contains(&directory.path().join("Atlantis")));
    assert!(!sources.iter().any(|source| source.ends_with("<+03>-3")));
    let etc = Path::new("/etc");
    for (variable, files) in [
        (None, &["/etc/localtime", "/etc/timezone"][..]),
        (Some(":/some/file"), &["/some/file"]),
        (Some("Europe/Paris"), &[]),
        (Some(""), &[]),
    ] {
        let files: Vec<_> = files.iter().map(PathBuf::from).collect();
        assert_eq!(machine_zone_files(variable, etc), files, "{variable:?}");
    }
}

#[test]
fn tz_names_the_machine_s_zone_in_every_form_c_programs_accept() {
    let etc = tempfile::tempdir().unwrap();
    let database = ZoneDatabase::bundled();
    let zone = |variable: &str| database.machine_zone_from(Some(variable), etc.path());
    for (variable, name) in [
        ("Europe/Paris", "Europe/Paris"),
        (":Europe/Paris", "Europe/Paris"),
        ("", "UTC"),
        ("Nowhere/At_All", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("/no/such/file", "UTC"),
        ("EST5EDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0"),
        ("<+03>-3", "<+03>-3"),
    ] {
        assert_eq!(zone(variable).name(), name, "{variable}");
    }
    assert_eq!(zone("<+03>-3").span_at(0).offset, 10_800);
    let eastern = zone("EST5EDT,M3.2.0,M11.1.0");
    assert_eq!(
        (
            eastern.span_at(1_753_000_000).offset,
            eastern.span_at(1_767_225_600).offset
        ),
        (-14_400, -18_000)
    );
}

#[test]
fn without_tz_the_files_in_etc_say_it() {
    let etc = tempfile::tempdir().unwrap();
    let database = ZoneDatabase::bundled();
    let zone = || database.machine_zone_from(None, etc.path());
    assert_eq!(zone().name(), "UTC");

    write_zone(&etc.path().join("localtime"), 3);
    assert_eq!(
        (zone().name(), zone().span_at(0).offset),
        ("localtime", 10_800)
    );

    std::fs::write(etc.path().join("timezone"), "Asia/Kolkata\n").unwrap();
    assert_eq!(zone().name(), "Asia/Kolkata");

    std::fs::remove_file(etc.path().join("localtime")).unwrap();
    symlink(
        "../usr/share/zoneinfo/Europe/Helsinki",
        etc.path().join("localtime"),
    )
    .unwrap();
    assert_eq!(zone().name(), "Europe/Helsinki");
    let by_path = format!(":{}/localtime", etc.path().display());
    assert_eq!(
        database
            .machine_zone_from(Some(&by_path), etc.path())
            .name(),
        "Europe/Helsinki"
    );
}

#[test]
fn a_database_says_which_release_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let shown = directory.path().display();
    let describe = || ZoneDatabase::in_directory(directory.path()).describe();
    assert_eq!(describe(), format!("system tz database {shown}"));
    std::fs::write(directory.path().join("+VERSION"), "2024a\n").unwrap();
    assert_eq!(describe(), format!("system tz database {shown}, 2024a"));
    std::fs::write(
        directory.path().join("tzdata.zi"),
        "# version 2026a\n# more\n",
    )
    .unwrap();
    assert_eq!(describe(), format!("system tz database {shown}, 2026a"));
    assert_eq!(
        ZoneDatabase::bundled().describe(),
        format!("bundled tz database {}", chrono_tz::IANA_TZDB_VERSION)
    );
}
