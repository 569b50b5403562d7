//! `trigger-errors.json`: trigger arguments that must be refused.

use crate::cases::read;
use rsched::schedule::{Cron, TableField};
use serde_json::Value;

/// A value as it stands in a table: an integer is its decimal text.
pub fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn wrong_tables_are_refused_with_the_place() {
    let (mut refused, mut skipped) = (0, Vec::new());
    for case in read("trigger-errors") {
        assert_eq!(
            (&case["kind"], &case["verdict"]),
            (&"cron".into(), &"reject".into())
        );
        let arguments = case["args"].as_object().unwrap();
        let texts: Vec<_> = arguments
            .iter()
            .filter_map(|(key, value)| Some((TableField::from_name(key)?, text_of(value))))
            .collect();
        if texts.len() < arguments.len() {
            skipped.push(case["id"].as_str().unwrap().to_owned());
            continue;
        }
        let fields: Vec<_> = texts
            .iter()
            .map(|(field, text)| (*field, text.as_str()))
            .collect();
        let errors = Cron::table(&fields).expect_err(&case.to_string());
        for (field, error) in errors {
            let text = &texts.iter().find(|(given, _)| *given == field).unwrap().1;
            assert!(
                error.span.start < error.span.end && error.span.end <= text.len(),
                "{case}: {error:?}"
            );
        }
        refused += 1;
    }
    // The start_date that is a number is the jobs file's to refuse.
    assert_eq!((refused, skipped), (37, vec!["err-163".to_owned()]));
}
