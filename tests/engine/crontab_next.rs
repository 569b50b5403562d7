//! `crontab-next.json`: the next five fires, under every policy the case names.

use crate::cases::{Outcome, fires_after, instant, instants, policy, read, schedule, zone};

#[test]
fn the_next_fires_of_crontab_expressions_are_the_recorded_ones() {
    let mut outcome = Outcome::default();
    for case in read("crontab-next") {
        let zone = zone(case["tz"].as_str().unwrap());
        let expected = instants(&case["expected"]);
        for name in case["dst"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let schedule = schedule(case["expr"].as_str().unwrap(), &zone, policy(name));
            let found = fires_after(&schedule, instant(&case["after"]), 5);
            outcome.check(&case, name, &found, &expected);
            assert_eq!(schedule.can_fire(), case["never"] == false, "{case}");
        }
    }
    outcome.conclude(1681, &[]);
}
