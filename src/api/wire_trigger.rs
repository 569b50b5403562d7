//! A trigger as Flask-APScheduler prints it: `trigger` with its fields flat beside it.

use crate::config::Job;
use crate::schedule::{TableField, Trigger};
use crate::time::{WallTime, human};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The five fields of a crontab expression, by the names that `APScheduler` has for them.
const CRONTAB_FIELDS: [&str; 5] = ["minute", "hour", "day", "month", "day_of_week"];

/// `trigger` and its fields, with the bounds; a trigger that `APScheduler` does not have is its text.
/// An interval counts from `anchor` where it has no date to count from: its first fire is said.
pub(super) fn trigger_fields(job: &Job, anchor: WallTime) -> Map<String, Value> {
    let mut fields = Map::new();
    let text = job.schedule.text.as_str();
    match &job.schedule.spec.trigger {
        Trigger::Cron(_) => {
            fields.insert("trigger".into(), json!("cron"));
            cron_fields(text, &mut fields);
        }
        Trigger::Interval { length, .. } => {
            fields.insert("trigger".into(), json!("interval"));
            interval_fields(*length, &mut fields);
            let first = human::rfc3339(anchor + *length, &job.schedule.spec.zone);
            fields.insert("start_date".into(), json!(first));
        }
        Trigger::Date(at) => {
            fields.insert("trigger".into(), json!("date"));
            let at = human::rfc3339(*at, &job.schedule.spec.zone);
            fields.insert("run_date".into(), json!(at));
        }
        _ => {
            fields.insert("trigger".into(), json!(text));
        }
    }
    for (name, bound) in [
        ("start_date", job.schedule.spec.start_date),
        ("end_date", job.schedule.spec.end_date),
    ] {
        if let Some(at) = bound {
            let at = human::rfc3339(at, &job.schedule.spec.zone);
            fields.insert(name.into(), json!(at));
        }
    }
    fields
}

/// From the text, since a compiled schedule no longer knows how its fields were written: a table's
/// is `cron minute='0', hour='3'`, an expression's its words.
fn cron_fields(text: &str, fields: &mut Map<String, Value>) {
    if let Some(table) = text.strip_prefix("cron ") {
        for part in table.split("', ") {
            if let Some((name, value)) = part.split_once("='")
                && TableField::from_name(name).is_some()
            {
                fields.insert(name.into(), json!(value.trim_end_matches('\'')));
            }
        }
        return;
    }
    let words: Vec<&str> = text
        .split_ascii_whitespace()
        .filter(|word| !word.contains('='))
        .collect();
    if words.len() == CRONTAB_FIELDS.len() {
        for (name, word) in CRONTAB_FIELDS.into_iter().zip(words) {
            fields.insert(name.into(), json!(word));
        }
    } else {
        // A nickname, or the Quartz dialect.
        fields.insert("expression".into(), json!(text));
    }
}

fn interval_fields(length: Duration, fields: &mut Map<String, Value>) {
    let seconds = length.as_secs();
    let parts = [
        ("weeks", seconds / 604_800),
        ("days", seconds / 86_400 % 7),
        ("hours", seconds / 3_600 % 24),
        ("minutes", seconds / 60 % 60),
    ];
    for (name, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        fields.insert(name.into(), json!(count));
    }
    let rest = Duration::new(seconds % 60, length.subsec_nanos());
    if !rest.is_zero() {
        fields.insert("seconds".into(), super::wire::number(rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Context, JobId, Surroundings, run_time_job};
    use crate::time::{Zone, ZoneDatabase};

    fn fields(keys: &str) -> Value {
        let zones = ZoneDatabase::bundled();
        let context = Context {
            zones: &zones,
            machine_zone: Zone::utc(),
            machine_id: "machine",
            host_name: "here",
            cpus: 1,
            now: WallTime::from_unix_seconds(0),
            accounts: None,
        };
        let table = format!("command = 'x'\n{keys}").parse().unwrap();
        let id = JobId::parse("a").unwrap();
        let job = run_time_job(&id, table, &Surroundings::default(), &context).unwrap();
        Value::Object(trigger_fields(&job, WallTime::from_unix_seconds(0)))
    }

    #[test]
    fn fields_are_as_written() {
        assert_eq!(
            fields("cron = '*/5 9-17 * * mon-fri'"),
            json!({"trigger": "cron", "minute": "*/5", "hour": "9-17", "day": "*", "month": "*", "day_of_week": "mon-fri"})
        );
        assert_eq!(
            fields("cron = { day = '3rd fri', hour = 3 }"),
            json!({"trigger": "cron", "day": "3rd fri", "hour": "3"})
        );
        assert_eq!(
            fields("interval = '1w 2h 90s'"),
            json!({"trigger": "interval", "weeks": 1, "hours": 2, "minutes": 1, "seconds": 30, "start_date": "1970-01-08T02:01:30+00:00"})
        );
        assert_eq!(
            fields("interval = '1500ms'\nstart_date = 2026-01-01T00:00:00"),
            json!({"trigger": "interval", "seconds": 1.5, "start_date": "2026-01-01T00:00:00+00:00"})
        );
        assert_eq!(
            fields("date = '2026-05-01 06:00'"),
            json!({"trigger": "date", "run_date": "2026-05-01T06:00:00+00:00"})
        );
        assert_eq!(
            fields("cron = '@daily'"),
            json!({"trigger": "cron", "expression": "@daily"})
        );
        assert_eq!(fields(""), json!({"trigger": "at start"}));
    }
}
