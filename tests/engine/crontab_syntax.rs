//! `crontab-syntax.json`: which expressions are accepted, and the sets they stand for.

use crate::cases::read;
use rsched::schedule::{DayRule, Trigger, parse_expression};
use serde_json::{Value, json};

#[test]
fn expressions_are_accepted_and_refused_as_recorded_and_stand_for_the_recorded_sets() {
    let mut failed = Vec::new();
    let cases = read("crontab-syntax");
    assert_eq!(cases.len(), 722);
    for case in &cases {
        let text = case["expr"].as_str().unwrap();
        let accept = case["verdict"] == "accept";
        match parse_expression(text) {
            Err(errors) if !accept => {
                for error in errors {
                    let is_inside =
                        error.span.start < error.span.end && error.span.end <= text.len();
                    assert!(is_inside, "{text}: {error:?}");
                }
            }
            Ok(expression) if accept => {
                let Trigger::Cron(cron) = expression.trigger else {
                    panic!("{text}: no cron")
                };
                let found = json!({
                    "minute": set(cron.minutes()),
                    "hour": set(cron.hours()),
                    "dom": set(cron.days()),
                    "month": set(cron.months()),
                    "dow": set(cron.weekdays()),
                });
                let rule = if cron.day_rule() == DayRule::Either {
                    "or"
                } else {
                    "and"
                };
                if found != case["sets"] || rule != case["day_rule"] {
                    failed.push(format!("{text}: {found} {rule}, expected {case}"));
                }
            }
            other => failed.push(format!("{text}: {other:?}")),
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

fn set(values: impl Iterator<Item = u8>) -> Value {
    values.collect::<Vec<_>>().into()
}
