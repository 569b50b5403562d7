//! `crontab-extended.json`: `L`, `L-n`, `LW`, `nW`, `d#n`, `dL` and `?`.

use crate::cases::{Outcome, fires_after, instant, instants, policy, read, schedule, zone};

#[test]
fn days_counted_from_the_end_and_by_weekday_are_the_recorded_ones() {
    let mut outcome = Outcome::default();
    for case in read("crontab-extended") {
        let zone = zone(case["tz"].as_str().unwrap());
        let schedule = schedule(case["expr"].as_str().unwrap(), &zone, policy("once"));
        let found = fires_after(&schedule, instant(&case["after"]), 4);
        outcome.check(&case, "", &found, &instants(&case["expected"]));
        assert_eq!(schedule.can_fire(), case["never"] == false, "{case}");
    }
    outcome.conclude(203, &[]);
}
