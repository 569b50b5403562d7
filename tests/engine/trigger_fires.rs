//! `trigger-fires.json`: `APScheduler`'s triggers, the next ten fires at or after an instant.

use crate::cases::{Outcome, fires_after, instant, instants, read, trigger, zone};
use crate::trigger_errors::text_of;
use rsched::schedule::{CalendarSteps, Cron, DstPolicy, ScheduleSpec, TableField, Trigger};
use rsched::time::{WallTime, Zone, human};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Local times in a gap, with what they are here: the first instant after it. The recorded scheduler
/// reads them with the offset from before it, which is half an hour later in these.
const MOVED_OTHERWISE: [(&str, &str); 3] = [
    ("cron-range-016", "2026-03-29T01:00:00Z"),
    ("date-010", "2026-03-29T01:00:00Z"),
    ("date-014", "2026-03-08T07:00:00Z"),
];

#[test]
fn triggers_fire_when_the_recorded_ones_do() {
    let mut outcome = Outcome::default();
    for case in read("trigger-fires") {
        assert_eq!(case["dst"], "wall");
        let zone = zone(case["timezone"].as_str().unwrap());
        let arguments = case["trigger"].as_object().unwrap();
        let from = instant(&case["from"]);
        let Some(trigger) = trigger_of(arguments, &zone) else {
            outcome.skip(&case, arguments["type"].as_str().unwrap());
            continue;
        };
        let spec = spec_of(trigger, arguments, &zone);
        let schedule = spec.anchored(from);
        // A date stays the one fire of its job when it has passed: the recorded ones begin with it.
        let before = match spec.trigger {
            Trigger::Date(_) => WallTime::MIN,
            _ => WallTime::from_micros(from.as_micros() - 1),
        };
        let found = fires_after(&schedule, before, 11);
        let expected = instants(&case["expected_utc"]);
        if let Some((_, first)) = MOVED_OTHERWISE.iter().find(|(id, _)| case["id"] == *id) {
            assert_eq!(found.first(), Some(&instant(&(*first).into())), "{case}");
            outcome.skip(&case, "a local time in a gap");
            continue;
        }
        assert_eq!(found.len() <= 10, case["exhausted"] == true, "{case}");
        outcome.check(&case, "", &found[..found.len().min(10)], &expected);
        if let Some(last) = expected.last() {
            assert_eq!(
                schedule.count_between(before, *last),
                expected.len() as u64,
                "{case}"
            );
            assert_eq!(schedule.last_at_or_before(*last), Some(*last), "{case}");
        }
    }
    let skipped = [
        ("cron-range-016", "a local time in a gap"),
        ("date-010", "a local time in a gap"),
        ("date-014", "a local time in a gap"),
    ];
    outcome.conclude(261, &skipped);
}

fn datetime(text: &Value, zone: &Zone) -> WallTime {
    human::parse_datetime(text.as_str().unwrap(), zone).unwrap()
}

fn spec_of(trigger: Trigger, arguments: &Map<String, Value>, zone: &Arc<Zone>) -> ScheduleSpec {
    let date = |key: &str| arguments.get(key).map(|text| datetime(text, zone));
    ScheduleSpec {
        trigger,
        start_date: date("start_date"),
        end_date: date("end_date"),
        dst: DstPolicy::Wall,
        zone: zone.clone(),
    }
}

fn trigger_of(arguments: &Map<String, Value>, zone: &Arc<Zone>) -> Option<Trigger> {
    match arguments["type"].as_str()? {
        "crontab" => Some(trigger(arguments["expr"].as_str()?)),
        "date" => Some(Trigger::Date(datetime(&arguments["run_date"], zone))),
        "interval" => {
            let units = [
                ("weeks", 604_800),
                ("days", 86_400),
                ("hours", 3600),
                ("minutes", 60),
                ("seconds", 1),
            ];
            let seconds = units
                .into_iter()
                .filter_map(|(key, unit)| Some(arguments.get(key)?.as_u64()? * unit));
            Some(Trigger::Interval {
                length: Duration::from_secs(seconds.sum()),
                first_now: false,
            })
        }
        "cron" => {
            let fields = |(key, value): (&String, &Value)| {
                Some((TableField::from_name(key)?, text_of(value)))
            };
            let texts: Vec<_> = arguments.iter().filter_map(fields).collect();
            let fields: Vec<_> = texts
                .iter()
                .map(|(field, text)| (*field, text.as_str()))
                .collect();
            Some(Trigger::Cron(
                Cron::table(&fields).unwrap_or_else(|error| panic!("{arguments:?}: {error:?}")),
            ))
        }
        "or" => {
            let part = |arguments: &Value| {
                let arguments = arguments.as_object()?;
                Some(spec_of(trigger_of(arguments, zone)?, arguments, zone))
            };
            let parts = arguments["triggers"].as_array()?.iter().map(part);
            Some(Trigger::Any(parts.collect::<Option<_>>()?))
        }
        "calendarinterval" => {
            let number = |key: &str| arguments.get(key).and_then(Value::as_u64).unwrap_or(0);
            let count = |key: &str| u32::try_from(number(key)).unwrap();
            let part = |key: &str| u8::try_from(number(key)).unwrap();
            Some(Trigger::Calendar(CalendarSteps {
                years: count("years"),
                months: count("months"),
                weeks: count("weeks"),
                days: count("days"),
                day: None,
                hour: part("hour"),
                minute: part("minute"),
                second: part("second"),
            }))
        }
        _ => None,
    }
}
