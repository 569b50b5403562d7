//! Crontab strings in every dialect: five fields, nicknames, `H` and `~`, six and seven Quartz fields.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::schedule::{
    DstPolicy, Expression, ParseOptions, ScheduleError, ScheduleSpec, Trigger,
    parse_expression_with, parse_quartz,
};
use rsched_fuzz::{bounded, check_cron, check_errors, check_schedule, hash, zone, zones};

const POLICIES: [DstPolicy; 4] = [
    DstPolicy::Once,
    DstPolicy::Wall,
    DstPolicy::Skip,
    DstPolicy::Cron,
];

fuzz_target!(|text: &str| {
    let of_a_job = ParseOptions {
        job_id: Some("backup"),
        backward_ranges: true,
        ..ParseOptions::default()
    };
    for options in [ParseOptions::default(), of_a_job] {
        let parsed = bounded("an expression", text.len(), || {
            parse_expression_with(text, options)
        });
        check(text, parsed);
    }
    check(
        text,
        bounded("a Quartz expression", text.len(), || parse_quartz(text)),
    );
});

fn check(text: &str, parsed: Result<Expression, Vec<ScheduleError>>) {
    let hash = hash(text.as_bytes());
    match parsed {
        Err(errors) => {
            assert!(!errors.is_empty());
            check_errors(text, errors);
        }
        Ok(expression) => {
            check_errors(text, expression.warnings);
            let named = expression.zone.map(|(name, span)| {
                assert_eq!(text[span], name);
                bounded("a zone's name", text.len(), || zones().get(&name))
            });
            let zone = named.and_then(Result::ok).unwrap_or_else(|| zone(hash));
            if let Trigger::Cron(cron) = &expression.trigger
                && !text.contains(['L', 'l', 'W', 'w', '#'])
                && text.split_ascii_whitespace().count() < 7
            {
                check_cron(cron, &zone);
            }
            let mut spec = ScheduleSpec::new(expression.trigger, zone);
            spec.dst = POLICIES[usize::try_from(hash >> 32).unwrap_or(0) % POLICIES.len()];
            check_schedule(&spec, hash);
        }
    }
}
