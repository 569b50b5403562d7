//! Inline triggers and cron tables, as `rsched next '{ … }'` and the tables of jobs have them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsched::config::{Dialect, ExpressionOptions, parse_inline_trigger};
use rsched::diagnostic::{Diagnostic, Source};
use rsched_fuzz::{bounded_text, check_diagnostics, check_schedule, context, hash, zone};

fuzz_target!(|text: &str| {
    let hash = hash(text.as_bytes());
    let context = context();
    let quartz = ExpressionOptions {
        dialect: Dialect::Quartz,
        ..ExpressionOptions::default()
    };
    let of_a_job = ExpressionOptions {
        job_id: Some("backup"),
        ..ExpressionOptions::default()
    };
    for options in [of_a_job, quartz] {
        let zone = zone(hash);
        let parse = || parse_inline_trigger(text, &zone, options, &context);
        let problems = match bounded_text("a trigger", text, parse) {
            Ok(trigger) => {
                check_schedule(&trigger.schedule, hash);
                assert!(!trigger.warnings.iter().any(Diagnostic::is_error));
                trigger.warnings
            }
            Err(problems) => {
                assert!(problems.iter().any(Diagnostic::is_error));
                problems
            }
        };
        let source = Source {
            name: "<expression>".to_owned(),
            text: text.to_owned(),
        };
        check_diagnostics(&problems, &[source]);
    }
});
