//! `quartz-next.json`: six and seven fields, second first, Sunday = 1.

use crate::cases::{Outcome, fires_after, instant, instants, read, zone};
use rsched::schedule::{ScheduleSpec, parse_quartz};
use rsched::time::WallTime;

#[test]
fn the_next_fires_of_quartz_expressions_are_the_recorded_ones() {
    let mut outcome = Outcome::default();
    for case in read("quartz-next") {
        let parsed = parse_quartz(case["expr"].as_str().unwrap());
        if case["expected"].is_null() {
            assert!(parsed.is_err(), "{case}");
            outcome.passed += 1;
            continue;
        }
        // What is recorded as never firing may be refused at once.
        let Ok(expression) = parsed else {
            outcome.check(&case, "", &[], &instants(&case["expected"]));
            continue;
        };
        let expected = instants(&case["expected"]);
        let spec = ScheduleSpec::new(expression.trigger, zone(case["tz"].as_str().unwrap()));
        let schedule = spec.anchored(WallTime::from_micros(0));
        let found = fires_after(&schedule, instant(&case["after"]), 5);
        // Recorded from a scheduler that takes the second 01:00 of a day that has two: here a time that
        // comes twice fires the first time, in every language.
        if case["id"] == "quartz-0062" {
            let mut by_our_rule = expected;
            by_our_rule[3] = instant(&"2026-11-01T01:00:00-04:00".into());
            assert_eq!(found, by_our_rule);
            outcome.skip(&case, "the second time of a fold");
            continue;
        }
        outcome.check(&case, "", &found, &expected);
    }
    outcome.conclude(37, &[("quartz-0062", "the second time of a fold")]);
}

#[test]
fn what_is_no_quartz_expression_is_refused_with_its_fields() {
    for text in [
        "",
        "0 12 * * *",
        "0 0 12 * * ? 2027 x",
        "0 0 12 ? * 0",
        "0 60 12 ? * 1",
    ] {
        let errors = parse_quartz(text).unwrap_err();
        assert!(
            errors[0]
                .help
                .as_deref()
                .unwrap()
                .contains("second minute hour"),
            "{text}"
        );
        assert!(!errors[0].message.contains('\n'), "{errors:?}");
    }
}

#[test]
fn fields_are_what_stands_between_blanks() {
    for text in [
        "0 15  *10 * ? 2027-2029",
        "0 0 12 1JAN ? * 2027",
        "0 1 , 2 *10 * ?",
        "0 1, 2 12 * * ?",
        "0 10 -20 12 * * ?",
        "0 0 */ 2 * * ?",
    ] {
        let errors = parse_quartz(text).unwrap_err();
        assert_eq!(errors[0].code, "invalid_quartz", "{text}");
    }
    assert!(parse_quartz("0 10-20,40 */2 * * ?").is_ok());
}
