//! `H` and `~`, and ranges that run backwards in a crontab file.

use crate::cases::{fires_after, utc, zone};
use proptest::prelude::*;
use rsched::schedule::{
    Cron, ParseOptions, ScheduleSpec, Trigger, parse_expression, parse_expression_for,
    parse_expression_with, parse_quartz,
};
use rsched::time::WallTime;

fn cron(text: &str, id: &str) -> Cron {
    match parse_expression_for(text, Some(id)) {
        Ok(expression) => match expression.trigger {
            Trigger::Cron(cron) => cron,
            other => panic!("{other:?}"),
        },
        Err(errors) => panic!("{text}: {errors:?}"),
    }
}

#[test]
fn hashed_values_lie_in_their_ranges_and_spread_over_them() {
    let mut minutes = [0; 60];
    for number in 0..600 {
        let id = format!("job-{number}");
        let cron = cron("H H(9-17) H ~ fri~", &id);
        let [minute] = cron.minutes().collect::<Vec<_>>()[..] else {
            panic!("one minute");
        };
        minutes[usize::from(minute)] += 1;
        assert!(cron.hours().all(|hour| (9..=17).contains(&hour)));
        assert!(cron.days().all(|day| day <= 28));
        assert!(cron.weekdays().all(|day| day >= 5));
        assert_eq!(cron.months().count(), 1);
    }
    assert!(
        minutes.iter().all(|count| (1..30).contains(count)),
        "{minutes:?}"
    );
}

#[test]
fn both_ways_of_writing_a_hashed_value_mean_the_same() {
    for id in ["backup", "report", "a"] {
        assert_eq!(cron("H H * * *", id), cron("~ ~ * * *", id));
        assert_eq!(cron("H(10-20) 0 * * *", id), cron("10~20 0 * * *", id));
        assert_eq!(cron("H/15 0 * * *", id).minutes().count(), 4);
        let minutes: Vec<_> = cron("H(0-29)/10,45 0 * * *", id).minutes().collect();
        assert_eq!(minutes.len(), 4);
        assert!(minutes[0] < 10 && minutes[3] == 45);
    }
}

#[test]
fn a_hashed_value_without_an_id_or_out_of_range_is_refused() {
    for (text, code) in [
        ("H * * * *", "missing_job_id"),
        ("0 2~4 * * *", "missing_job_id"),
    ] {
        let errors = parse_expression(text).unwrap_err();
        assert_eq!(errors[0].code, code);
        assert!(errors[0].help.as_deref().unwrap().contains("--job-id"));
    }
    for (text, code) in [
        ("H(0-60) * * * *", "value_out_of_range"),
        ("H(5-1) * * * *", "backward_range"),
        ("5~1 * * * *", "backward_range"),
        ("H/0 * * * *", "zero_step"),
        ("H(1-5 * * * *", "unexpected_text"),
        ("H/x * * * *", "unexpected_text"),
        ("H/99999999999 * * * *", "value_out_of_range"),
        ("H() * * * *", "unexpected_text"),
        ("1~2~3 * * * *", "unexpected_text"),
    ] {
        let errors = parse_expression_for(text, Some("job")).unwrap_err();
        assert_eq!(errors[0].code, code, "{text}: {errors:?}");
        assert!(errors[0].span.end <= text.len() && !errors[0].span.is_empty());
    }
}

#[test]
fn a_backward_range_is_an_error_but_in_a_crontab_file_a_warning_that_never_fires() {
    let options = ParseOptions {
        backward_ranges: true,
        ..ParseOptions::default()
    };
    for text in [
        "0 22-2 * * *",
        "50-10 * * * *",
        "0 0 * nov-feb *",
        "0 0 * * fri-mon",
    ] {
        assert!(parse_expression(text).is_err());
        let expression = parse_expression_with(text, options).unwrap();
        assert_eq!(expression.warnings[0].code, "backward_range");
        let spec = ScheduleSpec::new(expression.trigger, zone("UTC"));
        let schedule = spec.anchored(WallTime::from_micros(0));
        assert!(!schedule.can_fire(), "{text}");
        assert_eq!(schedule.next_after(WallTime::from_micros(0)), None);
        assert_eq!(schedule.last_at_or_before(WallTime::MAX), None);
        assert_eq!(schedule.count_between(WallTime::MIN, WallTime::MAX), 0);
    }
    // What else the list has fires.
    let expression = parse_expression_with("0 22-2,12 * * *", options).unwrap();
    let schedule = ScheduleSpec::new(expression.trigger, zone("UTC")).anchored(WallTime::MIN);
    let noon = WallTime::from_unix_seconds(utc(2026, 1, 1) + 12 * 3600);
    let midnight = WallTime::from_unix_seconds(utc(2026, 1, 1));
    assert_eq!(fires_after(&schedule, midnight, 1), [noon]);
}

proptest! {
    #[test]
    fn any_hashed_text_is_read_or_refused_with_a_place_inside_it(text in "[Hh~()/*,0-9-]{0,12} [H~()/0-9-]{1,6} [*H~] [*H] [*H~]") {
        if let Err(errors) = parse_expression_for(&text, Some("job")) {
            for error in errors {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
                prop_assert!(text.get(error.span).is_some());
            }
        }
    }

    #[test]
    fn any_quartz_text_is_read_or_refused(
        fields in prop::collection::vec("[*?]|[0-9*/,?#LW-]{1,6}|[0-9]{1,2}[/-][0-9]{1,11}|(MON|fri|JAN|DEC)(-(SUN|mon|FEB))?(/[0-9])?", 5..8),
    ) {
        let text = fields.join(" ");
        match parse_quartz(&text) {
            Ok(expression) => {
                let spec = ScheduleSpec::new(expression.trigger, zone("Europe/Paris"));
                let schedule = spec.anchored(WallTime::from_micros(0));
                let _ = schedule.next_after(WallTime::from_micros(0));
            }
            Err(errors) => prop_assert!(errors.iter().all(|error| error.span.end <= text.len())),
        }
    }
}
