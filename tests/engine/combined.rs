//! Unions, intersections, exceptions and calendar steps, held to their parts.

use crate::cases::{fires_after, shown, trigger, utc, zone};
use rsched::schedule::{
    CalendarDay, CalendarSteps, Cron, DstPolicy, Exclusion, Schedule, ScheduleSpec, TableField,
    Trigger,
};
use rsched::time::WallTime;
use std::time::Duration;

const HOUR: i64 = 3600;

fn at(seconds: i64) -> WallTime {
    WallTime::from_unix_seconds(seconds)
}

fn part(expression: &str, zone_name: &str) -> ScheduleSpec {
    ScheduleSpec::new(trigger(expression), zone(zone_name))
}

fn every(seconds: u64, start: i64) -> ScheduleSpec {
    let trigger = Trigger::Interval {
        length: Duration::from_secs(seconds),
        first_now: false,
    };
    ScheduleSpec {
        start_date: Some(at(start)),
        ..ScheduleSpec::new(trigger, zone("UTC"))
    }
}

fn anchored(trigger: Trigger) -> Schedule {
    ScheduleSpec::new(trigger, zone("UTC")).anchored(at(utc(2026, 1, 1)))
}

/// All fires of a window by asking forwards; backwards and counting have to agree.
fn all_fires(schedule: &Schedule, from: i64, until: i64) -> Vec<WallTime> {
    let (from, until) = (at(from), at(until));
    let mut found = fires_after(schedule, from, 20_000);
    found.retain(|fire| *fire <= until);
    assert_eq!(schedule.count_between(from, until), found.len() as u64);
    let mut last = schedule
        .last_at_or_before(until)
        .filter(|last| *last > from);
    for fire in found.iter().rev() {
        assert_eq!(last, Some(*fire));
        let before = WallTime::from_micros(fire.as_micros() - 1);
        last = schedule
            .last_at_or_before(before)
            .filter(|last| *last > from);
    }
    assert_eq!(last, None);
    found
}

#[test]
fn a_union_fires_when_any_part_does_and_once_where_two_do() {
    let parts = vec![
        part("0 */6 * * *", "UTC"),
        part("0 9 * * *", "Asia/Tokyo"),
        every(7 * 3600, utc(2026, 3, 1)),
    ];
    let (from, until) = (utc(2026, 3, 1) - 1, utc(2026, 3, 20));
    let mut expected: Vec<WallTime> = parts
        .iter()
        .flat_map(|part| all_fires(&part.anchored(at(0)), from, until))
        .collect();
    expected.sort();
    expected.dedup();
    assert_eq!(
        all_fires(&anchored(Trigger::Any(parts)), from, until),
        expected
    );
}

#[test]
fn an_intersection_fires_where_all_parts_do() {
    let pairs = [
        [part("*/10 * * * *", "UTC"), part("*/15 * * * *", "UTC")],
        [part("0 * 1-15 * *", "UTC"), part("0 12 * * mon-fri", "UTC")],
        [part("0 0 13 * fri", "UTC"), part("0 0 * * *", "UTC")],
        [part("0 0 13 * fri", "UTC"), part("0 0 L * *", "UTC")],
        [
            part("0 9 * * *", "Europe/Paris"),
            part("0 17 * * *", "Asia/Tokyo"),
        ],
        [
            part("0 * * * *", "Europe/Paris"),
            every(5 * 3600, utc(2026, 1, 1)),
        ],
        [
            every(4 * 3600, utc(2026, 1, 1)),
            every(6 * 3600, utc(2026, 1, 1) + 2 * HOUR),
        ],
        [
            every(4 * 3600, utc(2026, 1, 1)),
            every(6 * 3600, utc(2026, 1, 1) + HOUR),
        ],
    ];
    let (from, until) = (utc(2026, 3, 1) - 1, utc(2026, 5, 1));
    for parts in pairs {
        let [one, two] = [0, 1].map(|at_| all_fires(&parts[at_].anchored(at(0)), from, until));
        let expected: Vec<_> = one.into_iter().filter(|fire| two.contains(fire)).collect();
        let schedule = anchored(Trigger::All(parts.to_vec()));
        let found = all_fires(&schedule, from, until);
        assert_eq!(shown(&found), shown(&expected), "{parts:?}");
    }
}

#[test]
fn an_intersection_that_never_agrees_comes_to_an_end() {
    let pairs = [
        [part("0 * * * *", "UTC"), part("1 * * * *", "UTC")],
        [part("0 0 29 2 *", "UTC"), part("0 0 L 3 *", "UTC")],
        [part("0 0 1 * *", "UTC"), part("30 0 * * *", "Asia/Tokyo")],
        [every(86_400, 0), every(86_400, 1)],
        [part("* * * * *", "Europe/Paris"), every(60, 30)],
    ];
    for parts in pairs {
        let schedule = anchored(Trigger::All(parts.to_vec()));
        assert_eq!(schedule.next_after(at(utc(2026, 1, 1))), None, "{parts:?}");
        assert_eq!(
            schedule.last_at_or_before(at(utc(2026, 1, 1))),
            None,
            "{parts:?}"
        );
    }
}

#[test]
fn exceptions_drop_their_whole_extent() {
    let utc_zone = zone("UTC");
    let holidays = [(TableField::Month, "12"), (TableField::Day, "25")];
    let except = vec![
        Exclusion::table(&holidays, utc_zone.clone()).unwrap(),
        Exclusion::day(utc(2026, 12, 27), &utc_zone),
        match trigger("30 12 * * *") {
            Trigger::Cron(cron) => Exclusion::minutes(cron, utc_zone.clone()),
            other => panic!("{other:?}"),
        },
    ];
    let every_ten_seconds = Cron::table(&[(TableField::Second, "*/10")]).unwrap();
    let schedule = anchored(Trigger::Except {
        trigger: Box::new(Trigger::Cron(every_ten_seconds)),
        except: except.clone(),
    });
    let from = at(utc(2026, 12, 24) + 24 * HOUR - 5);
    assert_eq!(schedule.next_after(from), Some(at(utc(2026, 12, 26))));
    let before_noon_thirty = at(utc(2026, 12, 26) + 12 * HOUR + 1790);
    let after = at(utc(2026, 12, 26) + 12 * HOUR + 1860);
    assert_eq!(schedule.next_after(before_noon_thirty), Some(after));
    assert_eq!(
        schedule.last_at_or_before(at(utc(2026, 12, 26) - 1)),
        Some(at(utc(2026, 12, 25) - 10))
    );
    let hourly = anchored(Trigger::Except {
        trigger: Box::new(trigger("0 * * * *")),
        except,
    });
    let found = all_fires(&hourly, utc(2026, 12, 24) - 1, utc(2026, 12, 29) - 1);
    assert_eq!(found.len(), 3 * 24);
}

#[test]
fn the_last_fire_before_a_long_exception_is_found_however_many_it_drops() {
    // Every second, but for a month: 2.6 million fires are dropped in one leap.
    let every_second = Cron::table(&[(TableField::Second, "*")]).unwrap();
    let november = Exclusion::table(&[(TableField::Month, "11")], zone("Europe/Paris")).unwrap();
    let schedule = anchored(Trigger::Except {
        trigger: Box::new(Trigger::Cron(every_second)),
        except: vec![november],
    });
    let midnight = |month| at(utc(2026, month, 1) - HOUR);
    let (before, behind) = (midnight(11), midnight(12));
    let second = Duration::from_secs(1);
    assert_eq!(
        schedule.last_at_or_before(behind - second),
        Some(before - second)
    );
    assert_eq!(schedule.next_after(before - second), Some(behind));
}

#[test]
fn exceptions_drop_the_same_fires_in_both_directions() {
    let table =
        |fields: &[(TableField, &str)]| Exclusion::table(fields, zone("America/New_York")).unwrap();
    let sets = [
        vec![table(&[(TableField::Second, "0-57")])],
        vec![table(&[(TableField::Minute, "3-50")])],
        vec![table(&[(TableField::Hour, "0-3,5-22")])],
        vec![
            table(&[(TableField::DayOfWeek, "sat,sun")]),
            table(&[(TableField::Hour, "1,2")]),
        ],
        vec![table(&[
            (TableField::Month, "3,11"),
            (TableField::Day, "2-30"),
        ])],
    ];
    // Over both changes of the clock of 2026.
    for (from, until) in [
        (utc(2026, 3, 6), utc(2026, 3, 10)),
        (utc(2026, 10, 31), utc(2026, 11, 3)),
    ] {
        for (text, except) in ["*/7 * * * *", "30 * * * *", "0 2 * * *"]
            .iter()
            .zip(&sets)
            .chain(["* * * * *"; 5].iter().zip(&sets))
        {
            let schedule = anchored(Trigger::Except {
                trigger: Box::new(trigger(text)),
                except: except.clone(),
            });
            let fires = all_fires(&schedule, from, until);
            let mut last = schedule.last_at_or_before(at(until));
            for fire in fires.iter().rev() {
                assert_eq!(last, Some(*fire), "{text} {except:?}");
                last = schedule.last_at_or_before(*fire - Duration::from_micros(1));
            }
            assert!(
                last.is_none_or(|last| last <= at(from)),
                "{text} {except:?}"
            );
        }
    }
}

#[test]
fn an_exception_of_everything_leaves_nothing_and_ends() {
    for text in ["0 0 * * *", "* * * * *"] {
        // West of the trigger's zone: where the year 10,000 begins earlier, it is not excluded.
        let zone = zone("America/New_York");
        let all = Exclusion::table(&[(TableField::Year, "*")], zone).unwrap();
        let schedule = anchored(Trigger::Except {
            trigger: Box::new(trigger(text)),
            except: vec![all],
        });
        assert_eq!(schedule.next_after(at(utc(2026, 1, 1))), None);
    }
}

#[test]
fn a_day_of_exceptions_is_one_leap_backwards_as_well() {
    let except = vec![Exclusion::day(utc(2026, 12, 25), &zone("UTC"))];
    let each_millisecond = Trigger::Interval {
        length: Duration::from_millis(1),
        first_now: false,
    };
    let schedule = anchored(Trigger::Except {
        trigger: Box::new(each_millisecond),
        except,
    });
    let before = at(utc(2026, 12, 25)) - Duration::from_millis(1);
    assert_eq!(
        schedule.last_at_or_before(at(utc(2026, 12, 26) - 1)),
        Some(before)
    );
    assert_eq!(schedule.next_after(before), Some(at(utc(2026, 12, 26))));
}

/// Asking each part anew for each leap of another would take hours.
#[test]
fn intersections_inside_each_other_do_not_multiply_their_leaps() {
    let spec = |trigger: Trigger| ScheduleSpec::new(trigger, zone("UTC"));
    let never = |inner: ScheduleSpec| {
        let other = every(86_400, utc(2026, 1, 1) + 1);
        spec(Trigger::All(vec![
            spec(Trigger::Any(vec![inner, part("0 0 * * *", "UTC")])),
            other,
        ]))
    };
    let mut nested = part("0 12 * * *", "UTC");
    for _ in 0..5 {
        nested = never(nested);
    }
    let live = part("0 6 * * *", "UTC");
    let schedule = anchored(Trigger::Any(vec![nested, live]));
    let fire = at(utc(2026, 1, 1) + 6 * HOUR);
    assert_eq!(schedule.next_after(at(utc(2026, 1, 1))), Some(fire));
    assert_eq!(schedule.last_at_or_before(fire), Some(fire));
    let week = at(utc(2026, 1, 8));
    assert_eq!(schedule.count_between(at(utc(2026, 1, 1)), week), 7);
}

fn calendar(steps: CalendarSteps, start: &str, policy: DstPolicy) -> Schedule {
    let zone = zone("America/New_York");
    let start = rsched::time::human::parse_datetime(start, &zone).unwrap();
    let spec = ScheduleSpec {
        start_date: Some(start),
        dst: policy,
        ..ScheduleSpec::new(Trigger::Calendar(steps), zone)
    };
    spec.anchored(at(0))
}

fn dates(schedule: &Schedule, count: usize) -> Vec<String> {
    let fires = fires_after(schedule, WallTime::from_micros(0), count);
    shown(&fires)
        .iter()
        .map(|text| text[..10].to_owned())
        .collect()
}

#[test]
fn calendar_steps_skip_months_that_have_not_the_day() {
    let monthly = CalendarSteps {
        months: 1,
        hour: 6,
        ..CalendarSteps::default()
    };
    let schedule = calendar(monthly, "2026-01-31", DstPolicy::Once);
    assert_eq!(
        dates(&schedule, 4),
        ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]
    );
    let last = CalendarSteps {
        day: Some(CalendarDay::Last),
        ..monthly
    };
    let schedule = calendar(last, "2026-01-31", DstPolicy::Once);
    assert_eq!(
        dates(&schedule, 3),
        ["2026-01-31", "2026-02-28", "2026-03-31"]
    );
    let leap = CalendarSteps {
        months: 0,
        years: 1,
        ..monthly
    };
    let schedule = calendar(leap, "2024-02-29", DstPolicy::Once);
    assert_eq!(dates(&schedule, 2), ["2024-02-29", "2028-02-29"]);
    all_fires(&schedule, utc(2020, 1, 1), utc(2200, 1, 1));
    let never_again = CalendarSteps {
        months: 4_000_000_000,
        years: 4_000_000_000,
        ..monthly
    };
    assert_eq!(
        dates(&calendar(never_again, "2026-01-31", DstPolicy::Once), 2).len(),
        1
    );
}

#[test]
fn a_day_that_comes_every_few_centuries_is_found_and_one_that_never_comes_is_not() {
    let every = |years: u32, day: u8| CalendarSteps {
        years,
        day: Some(CalendarDay::Number(day)),
        ..CalendarSteps::default()
    };
    let centuries = calendar(every(100, 29), "2000-02-01", DstPolicy::Once);
    let found = dates(&centuries, 4);
    assert_eq!(
        found,
        ["2000-02-29", "2400-02-29", "2800-02-29", "3200-02-29"]
    );
    let last = centuries.last_at_or_before(at(utc(2799, 1, 1)));
    assert_eq!(shown(&[last.unwrap()])[0][..10], *"2400-02-29");
    let sevenths = calendar(every(7, 29), "2029-02-01", DstPolicy::Once);
    assert_eq!(
        dates(&sevenths, 3),
        ["2036-02-29", "2064-02-29", "2092-02-29"]
    );
    for (years, day, start) in [(1, 30, "2026-02-01"), (4, 29, "2027-02-01")] {
        let never = calendar(every(years, day), start, DstPolicy::Once);
        assert!(!never.can_fire());
        assert_eq!(never.next_after(WallTime::MIN), None);
        assert_eq!(never.last_at_or_before(WallTime::MAX), None);
    }
}

#[test]
fn calendar_days_stay_at_their_hour_where_intervals_move() {
    let daily = CalendarSteps {
        days: 1,
        hour: 2,
        minute: 30,
        ..CalendarSteps::default()
    };
    let (from, until) = (utc(2026, 3, 7), utc(2026, 3, 10));
    for (policy, count) in [
        (DstPolicy::Once, 3),
        (DstPolicy::Wall, 2),
        (DstPolicy::Skip, 2),
    ] {
        let schedule = calendar(daily, "2026-01-01", policy);
        assert_eq!(all_fires(&schedule, from, until).len(), count, "{policy:?}");
    }
    let schedule = calendar(daily, "2026-01-01", DstPolicy::Once);
    let moved = at(utc(2026, 3, 8) + 7 * HOUR);
    assert_eq!(schedule.next_after(at(utc(2026, 3, 8))), Some(moved));
    assert!(
        schedule
            .dst_note(moved)
            .unwrap()
            .contains("02:30 does not exist")
    );
    let (from, until) = (utc(2026, 10, 31), utc(2026, 11, 3));
    let one_thirty = CalendarSteps { hour: 1, ..daily };
    for (policy, count) in [
        (DstPolicy::Once, 3),
        (DstPolicy::Wall, 4),
        (DstPolicy::Skip, 3),
    ] {
        let schedule = calendar(one_thirty, "2026-01-01", policy);
        assert_eq!(all_fires(&schedule, from, until).len(), count, "{policy:?}");
    }
}

#[test]
fn a_calendar_step_has_a_length_and_values_in_range() {
    let daily = CalendarSteps {
        days: 1,
        ..CalendarSteps::default()
    };
    assert!(daily.check().is_ok());
    for wrong in [
        CalendarSteps::default(),
        CalendarSteps { hour: 24, ..daily },
        CalendarSteps {
            day: Some(CalendarDay::Last),
            ..daily
        },
        CalendarSteps {
            months: 1,
            day: Some(CalendarDay::Number(32)),
            ..daily
        },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
}

#[test]
fn a_union_keeps_the_phase_of_its_intervals() {
    let interval = |seconds: u64| {
        let trigger = Trigger::Interval {
            length: Duration::from_secs(seconds),
            first_now: false,
        };
        ScheduleSpec::new(trigger, zone("UTC"))
    };
    let any = |parts: Vec<ScheduleSpec>| ScheduleSpec::new(Trigger::Any(parts), zone("UTC"));
    let old = any(vec![interval(90), part("0 0 * * *", "UTC")]);
    assert!(old.keeps_phase(&any(vec![interval(90), part("0 1 * * *", "UTC")])));
    assert!(!old.keeps_phase(&any(vec![interval(91), part("0 0 * * *", "UTC")])));
}
