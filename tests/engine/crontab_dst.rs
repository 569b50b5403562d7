//! `crontab-dst.json`: fires around offset changes in 28 zones, as a crontab(5) daemon runs them.

use crate::cases::{Outcome, fires_after, instant, instants, policy, read, schedule, zone};
use rsched::time::WallTime;

/// The most fires a case lists.
const LISTED: usize = 24;

#[test]
fn fires_around_offset_changes_are_those_of_the_observed_daemon() {
    let mut outcome = Outcome::default();
    for case in read("crontab-dst") {
        let zone = zone(case["tz"].as_str().unwrap());
        let (after, until) = (instant(&case["after"]), instant(&case["until"]));
        let expected = instants(&case["expected"]);
        for name in case["dst"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let schedule = schedule(case["expr"].as_str().unwrap(), &zone, policy(name));
            let mut found = fires_after(&schedule, after, LISTED);
            found.retain(|at| *at <= until);
            outcome.check(&case, name, &found, &expected);
            if case["truncated"] == false {
                let count = schedule.count_between(after, until);
                assert_eq!(count, expected.len() as u64, "{case}");
            }
            let back = |at: &WallTime| {
                schedule.last_at_or_before(WallTime::from_micros(at.as_micros() - 1))
            };
            if let Some(last) = found.last() {
                let mut backwards: Vec<_> = std::iter::successors(Some(*last), back)
                    .take_while(|at| *at > after)
                    .collect();
                backwards.reverse();
                outcome.check(&case, "backwards", &backwards, &found);
            }
        }
    }
    // 1,947 (case, policy) pairs, and the way back of those that fired.
    outcome.conclude(3696, &[]);
}
