//! Every change of offset from 1970 to 2037 in the tz database that this machine has installed.
//!
//! What the engine makes of the database's files is held to what `zdump`, the C library's own reader, says of
//! them. `all_zones.rs` has the bundled copy, and tries more times around fewer changes.

use crate::all_zones::{Around, POLICIES, differences, times_around};
use crate::cases::{policy, utc};
use chrono::NaiveDateTime;
use rsched::schedule::{ScheduleSpec, parse_expression};
use rsched::time::{WallTime, ZoneDatabase};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const DAY: i64 = 86_400;

/// A zone's offset changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    /// The first second of the new offset.
    at: i64,
    before: i64,
    after: i64,
}

/// A line of `zdump -v`: zone, instant and offset. None of those that stand for the ends of time.
///
/// `Europe/Paris  Sun Mar 29 01:00:00 2037 UT = Sun Mar 29 03:00:00 2037 CEST isdst=1 gmtoff=7200`
fn parsed(line: &str) -> Option<(&str, i64, i64)> {
    let (name, rest) = line.split_once(char::is_whitespace)?;
    let (instant, local) = rest.split_once(" UT")?;
    let offset = local.rsplit_once("gmtoff=")?.1.trim().parse().ok()?;
    let time = NaiveDateTime::parse_from_str(instant.trim(), "%a %b %e %H:%M:%S %Y").ok()?;
    Some((name, time.and_utc().timestamp(), offset))
}

/// The changes of each zone, from the pairs of lines on both sides of each.
fn changes_in(text: &str) -> BTreeMap<&str, Vec<Change>> {
    let lines: Vec<_> = text.lines().map(parsed).collect();
    let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for pair in lines.windows(2) {
        let [Some((name, last, before)), Some((other, at, after))] = *pair else {
            continue;
        };
        if name == other && at == last + 1 && before != after {
            let change = Change { at, before, after };
            changes.entry(name).or_default().push(change);
        }
    }
    changes
}

/// The zones that have a file in the directory; of those with the same content the first.
fn installed(directory: &Path) -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    names
        .filter(|name| std::fs::read(directory.join(name)).is_ok_and(|file| seen.insert(file)))
        .collect()
}

/// What `zdump` says of the zones, or why it says nothing.
fn zdump(directory: &Path, zones: &[&str]) -> Result<String, String> {
    let output = Command::new("zdump")
        .args(["-v", "-c", "1970,2038"])
        .args(zones)
        .env("TZDIR", directory)
        .output();
    let output = output.map_err(|error| format!("zdump: {error}"))?;
    let text = String::from_utf8(output.stdout).map_err(|error| format!("zdump: {error}"))?;
    if text.contains("gmtoff=") {
        Ok(text)
    } else {
        Err("this zdump tells no offsets".to_owned())
    }
}

#[test]
fn around_every_change_of_every_installed_zone_fires_what_its_readings_say() {
    // Past the test harness, which keeps what tests print.
    let skipped = |why: &str| _ = writeln!(std::io::stderr(), "skipped: {why}");
    let directory = std::env::var_os("TZDIR").unwrap_or("/usr/share/zoneinfo".into());
    let directory = PathBuf::from(directory);
    let zones = installed(&directory);
    if zones.len() < 100 {
        return skipped(&format!("no tz database in {}", directory.display()));
    }
    let text = match zdump(&directory, &zones) {
        Ok(text) => text,
        Err(why) => return skipped(&why),
    };
    let database = ZoneDatabase::system();
    let described = database.describe();
    assert!(
        described.contains(&directory.display().to_string()),
        "{described}"
    );
    let mut tried = 0;
    for (name, changes) in changes_in(&text) {
        let zone = database.get(name).unwrap();
        for (index, change) in changes.iter().enumerate() {
            let next = changes
                .get(index + 1)
                .map_or(utc(2038, 1, 1), |next| next.at);
            for instant in [change.at, i64::midpoint(change.at, next), next - 1] {
                let offset = i64::from(zone.span_at(instant).offset);
                assert_eq!(offset, change.after, "{name} at {instant}, {described}");
            }
            let before = index.checked_sub(1).map_or(0, |index| changes[index].at);
            assert_eq!(i64::from(zone.span_at(change.at - 1).offset), change.before);
            if change.at - before < 2 * DAY || next - change.at < 2 * DAY {
                // Its readings are those of another change, too.
                continue;
            }
            tried += 1;
            let around = Around::new(change.at, change.before, change.after);
            let mut times = times_around(change.at, change.before, change.after);
            times.rotate_left(tried % 8);
            // A time in or beside the gap or fold, and one of another kind.
            for (place, times) in [&times[0], &times[4]].into_iter().enumerate() {
                let dst = POLICIES[(tried / 8 + place) % POLICIES.len()];
                let spec = ScheduleSpec {
                    dst: policy(dst),
                    ..ScheduleSpec::new(
                        parse_expression(&times.text).unwrap().trigger,
                        zone.clone(),
                    )
                };
                let schedule = spec.anchored(WallTime::from_micros(0));
                let expected = around.fires(times, dst);
                let wrong = differences(&schedule, &expected, around.first, around.last);
                assert_eq!(
                    wrong, "",
                    "{name} {change:?}, `{}`, {dst}, {described}",
                    times.text
                );
            }
        }
    }
    assert!(tried > 10_000, "only {tried} changes in {described}");
}
