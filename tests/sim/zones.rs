//! The tz database is updated, or the machine gets another zone, while the scheduler runs.

use crate::world::{World, at, seconds};
use proptest::prelude::*;
use rsched::scheduler::{EventName, ShutdownRequest};
use rsched::time::{WallTime, Zone};
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: i32 = 3600;

/// A zone that has one offset for ever, by a name that the bundled database knows.
fn paris(offset: i32) -> Zone {
    Zone::fixed("Europe/Paris", offset)
}

fn daily(keys: &str) -> String {
    format!("[jobs.a]\ncron = '0 12 * * *'\ntimezone = 'Europe/Paris'\ncommand = 'x'\n{keys}\n")
}

/// The fire times that ran.
fn ran(world: &World) -> Vec<WallTime> {
    world.trace.processes.iter().map(|run| run.1).collect()
}

#[test]
fn what_is_still_to_come_comes_by_the_new_clock() {
    for (offset, expected) in [
        (HOUR, "2026-01-01 11:00:00"),
        (2 * HOUR, "2026-01-01 10:00:00"),
        (-HOUR, "2026-01-01 13:00:00"),
        (HOUR + 1800, "2026-01-01 10:30:00"),
    ] {
        let mut world = World::new("2026-01-01 08:00:00", &daily(""));
        world.update_zones([paris(offset)]);
        world.run_for(seconds(20 * 3600));
        assert_eq!(ran(&world), [at(expected)], "{offset}");
    }
}

#[test]
fn a_time_that_the_new_clock_shows_again_does_not_run_again() {
    let mut world = World::new("2026-01-01 08:00:00", &daily(""));
    world.run_for(seconds(3 * 3600 + 600));
    // It was 12:10, it is 11:10.
    world.update_zones([paris(0)]);
    world.run_for(seconds(26 * 3600));
    assert_eq!(
        ran(&world),
        ["2026-01-01 11:00:00", "2026-01-02 12:00:00"].map(at)
    );
}

#[test]
fn a_time_that_the_new_clock_jumped_over_is_late() {
    for (grace, runs) in [("20m", 0), ("1h", 1)] {
        let toml = daily(&format!("misfire_grace_time = '{grace}'"));
        let mut world = World::new("2026-01-01 08:00:00", &toml);
        world.run_for(seconds(2 * 3600 + 1800));
        // It was 11:30, it is 12:30.
        world.update_zones([paris(2 * HOUR)]);
        assert_eq!(ran(&world).len(), runs);
        assert_eq!(world.fires("a", EventName::JobMissed), 1 - runs as u64);
        world.run_for(seconds(24 * 3600));
        assert_eq!(ran(&world).last(), Some(&at("2026-01-02 10:00:00")));
    }
}

#[test]
fn a_clock_that_was_wrong_by_hours_silences_no_job_for_hours() {
    let toml = "[jobs.a]\ncron = '0 9-17 * * *'\ntimezone = 'Europe/Paris'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 08:00:00", toml);
    world.run_for(seconds(8 * 3600 + 600));
    let before = ran(&world).len();
    // It was 17:10, it is 09:10.
    world.update_zones([paris(-7 * HOUR)]);
    world.run_for(seconds(3600));
    assert_eq!(ran(&world).len(), before + 1);
}

#[test]
fn what_follows_real_time_goes_on_in_it() {
    for trigger in ["interval = '10m'", "cron = '*/10 * * * *'"] {
        let toml = format!("[jobs.a]\n{trigger}\ntimezone = 'Europe/Paris'\ncommand = 'x'\n");
        let mut world = World::new("2026-01-01 00:00:00", &toml);
        for hours in [0, 3, -5, 2, 1] {
            world.run_for(seconds(3600));
            world.update_zones([paris(hours * HOUR)]);
        }
        let expected: Vec<_> = (1..=30)
            .map(|n| at("2026-01-01") + seconds(600 * n))
            .collect();
        assert_eq!(ran(&world), expected, "{trigger}");
    }
}

#[test]
fn a_date_is_an_instant_and_happens_once() {
    let toml = "[jobs.a]\ndate = 2026-01-01T12:00:00\ntimezone = 'Europe/Paris'\ncommand = 'x'\n";
    for minutes in [10, 170, 190] {
        let mut world = World::new("2026-01-01 08:00:00", toml);
        world.run_for(seconds(60 * minutes));
        world.update_zones([paris(0)]);
        world.run_for(seconds(60 * minutes));
        world.update_zones([paris(2 * HOUR)]);
        world.run_for(seconds(24 * 3600));
        assert_eq!(ran(&world), [at("2026-01-01 11:00:00")]);
    }
}

#[test]
fn a_jitter_that_is_running_out_is_that_of_a_time_that_comes_by_the_new_clock() {
    let toml = daily("jitter = '30m'\nmisfire_grace_time = '1h'");
    for offset in [0, HOUR, 2 * HOUR] {
        let mut world = World::new("2026-01-01 08:00:00", &toml);
        world.run_for(seconds(3 * 3600 + 1));
        world.update_zones([paris(offset)]);
        world.run_for(seconds(12 * 3600));
        assert_eq!(world.trace.processes.len(), 1, "{offset}");
    }
}

#[test]
fn only_the_zone_that_is_meant_is_exchanged() {
    let toml = "[jobs.a]\ncron = '0 12 * * *'\ntimezone = 'Europe/Paris'\ncommand = 'x'\n\
                [jobs.b]\ncron = '0 12 * * *'\ncommand = 'x'\n\
                [jobs.c]\nany = [{ cron = '0 12 * * *', timezone = 'Europe/Paris' }, { cron = '30 12 * * *' }]\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 08:00:00", toml);
    // The machine's is UTC, as a name it is no job's.
    world.update_zones([paris(2 * HOUR), Zone::fixed("UTC", 5 * HOUR)]);
    world.run_for(seconds(12 * 3600));
    let ran: Vec<_> = world
        .trace
        .processes
        .iter()
        .map(|run| (run.0.as_str(), run.1))
        .collect();
    let expected = [
        ("a", "2026-01-01 10:00:00"),
        ("c", "2026-01-01 10:00:00"),
        ("b", "2026-01-01 12:00:00"),
        ("c", "2026-01-01 12:30:00"),
    ];
    assert_eq!(ran, expected.map(|(job, time)| (job, at(time))));
}

#[test]
fn the_machine_s_zone_is_exchanged_whatever_it_is_called() {
    let jobs = |b: &str| {
        format!(
            "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n[jobs.b]\ncron = '0 12 * * *'\n{b}command = 'x'\n"
        )
    };
    let mut world = World::new("2026-01-01 08:00:00", &jobs(""));
    // The same to the eye, but from now on b's zone is one by name.
    world.reload(&jobs("timezone = 'UTC'\n"));
    world.update_zones([paris(HOUR).as_the_machine_s()]);
    world.run_for(seconds(12 * 3600));
    let (first, second) = (at("2026-01-01 11:00:00"), at("2026-01-01 12:00:00"));
    let ran: Vec<_> = world
        .trace
        .processes
        .iter()
        .map(|run| (run.0.as_str(), run.1))
        .collect();
    assert_eq!(ran, [("a", first), ("b", second)]);
}

#[derive(Clone, Debug)]
enum Happening {
    Run(u64),
    Sleep(u64),
    Set(i32),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (1..40_000_u64).prop_map(Happening::Run),
        1 => (1..20_000_u64).prop_map(Happening::Sleep),
        2 => (0..12_i32).prop_map(Happening::Set),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever the clock of the zone is set to, hour by hour, less than three at a time: every time
    /// that it showed or jumped over ran, and ran once.
    #[test]
    fn every_time_of_the_wall_clock_runs_once(
        happenings in prop::collection::vec(happening(), 1..25),
        cron in prop::sample::select(vec!["0 12 * * *", "*/20 3-5,14-16 * * *", "30 0,23 * * *"]),
    ) {
        let keys = "misfire_grace_time = 'forever'\ncoalesce = false\nmax_instances = 1000";
        let toml = format!("[jobs.a]\ncron = '{cron}'\ntimezone = 'Europe/Paris'\ncommand = 'x'\n{keys}\n");
        let start = at("2026-01-01 08:00:00.25");
        let mut world = World::new("2026-01-01 08:00:00.25", &toml).runs_for("a", Duration::from_millis(1));
        let mut offset = HOUR;
        let mut latest_reading = start + seconds(3600);
        let mut readings = Vec::new();
        let mut seen = 0;
        for happening in happenings {
            match happening {
                Happening::Run(time) => { world.run_for(seconds(time)); }
                Happening::Sleep(time) => world.sleep_through(seconds(time)),
                Happening::Set(by) => {
                    // Steps of half an hour, up to two and a half hours either way.
                    let new = offset + (by - 6) * 1500;
                    if new.abs() < 14 * HOUR {
                        offset = new;
                        world.update_zones([paris(offset)]);
                    }
                }
            }
            // What is made up for runs one after another, not in a moment.
            world.run_for(seconds(2));
            let show = |at: WallTime| WallTime::from_unix_seconds(at.unix_seconds() + i64::from(offset));
            for run in &world.trace.processes[seen..] {
                readings.push(show(run.1));
            }
            seen = world.trace.processes.len();
            latest_reading = latest_reading.max(show(world.wall()));
        }
        world.run_for(seconds(30));
        world.shut_down(ShutdownRequest::Wait);
        prop_assert!(world.has_exited());
        let distinct: BTreeSet<_> = readings.iter().copied().collect();
        prop_assert_eq!(distinct.len(), readings.len(), "a time ran twice: {:?}", readings);
        let plain = crate::world::jobs(&toml.replace("Europe/Paris", "UTC"), start);
        let schedule = plain.jobs[0].schedule.anchored(start);
        let mut fire = schedule.next_after(start + seconds(3600));
        while let Some(due) = fire.filter(|due| *due <= latest_reading) {
            prop_assert!(distinct.contains(&due), "{:?} never ran", due);
            fire = schedule.next_after(due);
        }
    }
}
