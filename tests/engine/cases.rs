//! Reading case files, and times as they stand in them.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rsched::schedule::{DstPolicy, Schedule, ScheduleSpec, Trigger, parse_expression};
use rsched::time::{WallTime, Zone, ZoneDatabase};
use serde_json::Value;
use std::sync::{Arc, LazyLock};

static ZONES: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::bundled);

/// The cases of a file of `data/`.
pub fn read(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/tests/engine/data/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

pub fn zone(name: &str) -> Arc<Zone> {
    ZONES.get(name).unwrap()
}

/// An instant with its offset.
pub fn instant(text: &Value) -> WallTime {
    let time = DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    WallTime::from_micros(time.timestamp_micros())
}

pub fn instants(list: &Value) -> Vec<WallTime> {
    list.as_array().unwrap().iter().map(instant).collect()
}

/// For messages.
pub fn shown(times: &[WallTime]) -> Vec<String> {
    let text = |time: &WallTime| {
        let time = DateTime::<Utc>::from_timestamp_micros(time.as_micros()).unwrap();
        time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    };
    times.iter().map(text).collect()
}

/// Unix seconds of a UTC date.
pub fn utc(year: i32, month: u32, day: u32) -> i64 {
    NaiveDate::from_ymd_opt(year, month, day)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap()
        .and_utc()
        .timestamp()
}

pub fn policy(name: &str) -> DstPolicy {
    match name {
        "once" => DstPolicy::Once,
        "wall" => DstPolicy::Wall,
        "skip" => DstPolicy::Skip,
        "cron" => DstPolicy::Cron,
        _ => panic!("unknown policy {name}"),
    }
}

pub fn trigger(expression: &str) -> Trigger {
    match parse_expression(expression) {
        Ok(expression) => expression.trigger,
        Err(errors) => panic!("{expression}: {errors:?}"),
    }
}

/// A crontab expression without bounds.
pub fn schedule(expression: &str, zone: &Arc<Zone>, dst: DstPolicy) -> Schedule {
    let spec = ScheduleSpec {
        dst,
        ..ScheduleSpec::new(trigger(expression), zone.clone())
    };
    spec.anchored(WallTime::from_micros(0))
}

/// The first `count` fires strictly after `after`.
pub fn fires_after(schedule: &Schedule, after: WallTime, count: usize) -> Vec<WallTime> {
    let next = |at: &WallTime| schedule.next_after(*at);
    std::iter::successors(schedule.next_after(after), next)
        .take(count)
        .collect()
}

/// Cases that did not come out as recorded, and those that were not run.
#[derive(Default)]
pub struct Outcome {
    pub passed: usize,
    pub failed: Vec<String>,
    /// (id, reason)
    pub skipped: Vec<(String, String)>,
}

impl Outcome {
    pub fn check(&mut self, case: &Value, note: &str, found: &[WallTime], expected: &[WallTime]) {
        if found == expected {
            self.passed += 1;
        } else {
            let (found, expected) = (shown(found), shown(expected));
            self.failed.push(format!(
                "{} {note}\n   found {found:?}\nexpected {expected:?}\n{case}",
                case["id"]
            ));
        }
    }

    pub fn skip(&mut self, case: &Value, reason: &str) {
        self.skipped
            .push((case["id"].as_str().unwrap().to_owned(), reason.to_owned()));
    }

    /// Fails if any case failed, or if other than the expected number ran.
    pub fn conclude(&self, passed: usize, skipped: &[(&str, &str)]) {
        let few: Vec<_> = self.failed.iter().take(8).collect();
        assert!(
            few.is_empty(),
            "{} failed, among them {few:#?}",
            self.failed.len()
        );
        let found: Vec<_> = self
            .skipped
            .iter()
            .map(|(id, reason)| (id.as_str(), reason.as_str()))
            .collect();
        assert_eq!(found, skipped);
        assert_eq!(self.passed, passed, "number of cases run");
    }
}
