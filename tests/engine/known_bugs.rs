//! Bugs of other schedulers, each with its place: none of them here.

use crate::cases::{fires_after, policy, schedule, zone};
use rsched::config::{self, Context, FileText};
use rsched::schedule::{DstPolicy, Schedule};
use rsched::time::{WallTime, ZoneDatabase, human};
use std::sync::Arc;
use std::time::Duration;

fn at(text: &str) -> WallTime {
    human::parse_datetime(text, &zone("UTC")).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn times(texts: &[&str]) -> Vec<WallTime> {
    texts.iter().map(|text| at(text)).collect()
}

fn once(expression: &str, zone_name: &str) -> Schedule {
    schedule(expression, &zone(zone_name), DstPolicy::Once)
}

#[test]
fn an_hourly_job_gets_over_the_spring_change_supercronic_86() {
    let hourly = once("0 * * * *", "America/Los_Angeles");
    let found = fires_after(&hourly, at("2021-03-14T01:00:00-08:00"), 2);
    assert_eq!(
        found,
        times(&["2021-03-14T03:00:00-07:00", "2021-03-14T04:00:00-07:00"])
    );
}

#[test]
fn a_minutely_job_is_not_silent_in_the_repeated_hour_systemd_8647() {
    for name in ["once", "wall", "cron"] {
        let minutely = schedule("* * * * *", &zone("Europe/Berlin"), policy(name));
        let (from, until) = (
            at("2026-10-25T01:30:00+02:00"),
            at("2026-10-25T04:00:00+01:00"),
        );
        let found = fires_after(&minutely, from, 210);
        assert_eq!(found.last(), Some(&until), "{name}");
        assert_eq!(minutely.count_between(from, until), 210);
    }
}

#[test]
fn a_job_in_the_gap_runs_after_it_and_not_a_day_later_systemd_5595() {
    let nightly = once("0 2 * * *", "America/New_York");
    let found = fires_after(&nightly, at("2017-03-11T12:00:00-05:00"), 2);
    assert_eq!(
        found,
        times(&["2017-03-12T03:00:00-04:00", "2017-03-13T02:00:00-04:00"])
    );
}

#[test]
fn midnight_and_first_of_month_jobs_survive_the_spring_change_apscheduler_3_11() {
    for name in ["once", "wall", "skip", "cron"] {
        let zone = zone("Europe/Berlin");
        let midnight = schedule("0 0 * * *", &zone, policy(name));
        let found = fires_after(&midnight, at("2026-03-28T12:00:00+01:00"), 3);
        let days = [
            "2026-03-29T00:00:00+01:00",
            "2026-03-30T00:00:00+02:00",
            "2026-03-31T00:00:00+02:00",
        ];
        assert_eq!(found, times(&days), "{name}");
        let first = schedule("0 0 1 * *", &zone, policy(name));
        let found = fires_after(&first, at("2026-03-15T00:00:00+01:00"), 2);
        let months = ["2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"];
        assert_eq!(found, times(&months), "{name}");
    }
}

#[test]
fn half_an_hour_of_gap_in_lord_howe_moves_to_its_end() {
    let nightly = once("10 2 * * *", "Australia/Lord_Howe");
    let found = fires_after(&nightly, at("2026-10-03T12:00:00+10:30"), 2);
    assert_eq!(
        found,
        times(&["2026-10-04T02:30:00+11:00", "2026-10-05T02:10:00+11:00"])
    );
    // 02:30 is the first reading behind the gap: nothing is moved, nothing doubled.
    let nightly = once("30 2 * * *", "Australia/Lord_Howe");
    let found = fires_after(&nightly, at("2026-10-03T12:00:00+10:30"), 2);
    assert_eq!(
        found,
        times(&["2026-10-04T02:30:00+11:00", "2026-10-05T02:30:00+11:00"])
    );
    // The readings 01:30 to 02:00 come twice in autumn.
    let nightly = once("45 1 * * *", "Australia/Lord_Howe");
    let found = fires_after(&nightly, at("2026-04-04T12:00:00+11:00"), 2);
    assert_eq!(
        found,
        times(&["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"])
    );
}

#[test]
fn two_hours_of_gap_in_troll_are_one_fire() {
    let nightly = once("30 1,2 * * *", "Antarctica/Troll");
    let found = fires_after(&nightly, at("2026-03-28T12:00:00+00:00"), 3);
    let expected = [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T01:30:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ];
    assert_eq!(found, times(&expected));
    let nightly = once("30 2 * * *", "Antarctica/Troll");
    let found = fires_after(&nightly, at("2026-03-28T12:00:00+00:00"), 2);
    let expected = ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"];
    assert_eq!(found, times(&expected));
    // In autumn the readings 01:00 to 03:00 come twice.
    let found = fires_after(&nightly, at("2026-10-24T12:00:00+02:00"), 2);
    let expected = ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+00:00"];
    assert_eq!(found, times(&expected));
}

#[test]
fn the_day_that_apia_never_had_is_not_made_up() {
    let nightly = once("30 2 * * *", "Pacific/Apia");
    let found = fires_after(&nightly, at("2011-12-28T12:00:00-10:00"), 2);
    assert_eq!(
        found,
        times(&["2011-12-29T02:30:00-10:00", "2011-12-31T02:30:00+14:00"])
    );
}

#[test]
fn a_gap_at_midnight_in_cairo_keeps_its_day() {
    let midnight = once("0 0 * * *", "Africa/Cairo");
    let found = fires_after(&midnight, at("2024-04-25T12:00:00+02:00"), 2);
    assert_eq!(
        found,
        times(&["2024-04-26T01:00:00+03:00", "2024-04-27T00:00:00+03:00"])
    );
    let nightly = once("30 2 * * *", "Africa/Cairo");
    let found = fires_after(&nightly, at("2024-04-25T12:00:00+02:00"), 2);
    assert_eq!(
        found,
        times(&["2024-04-26T02:30:00+03:00", "2024-04-27T02:30:00+03:00"])
    );
}

#[test]
fn a_job_in_utc_runs_while_the_machine_s_zone_is_in_transition_cronie_124() {
    let file = FileText {
        name: "jobs.toml".into(),
        directory: "/".into(),
        text: "[jobs.often]\ncron = 'CRON_TZ=UTC */10 6-8 * * *'\ncommand = 'x'\n\
               [jobs.once]\ncron = 'CRON_TZ=UTC 30 7 * * *'\ncommand = 'x'\n"
            .into(),
    };
    let zones = ZoneDatabase::bundled();
    // In New York the clock goes from 02:00 to 03:00 at 07:00Z, and back at 06:00Z.
    for day in ["2026-03-08", "2026-11-01"] {
        let from = at(&format!("{day}T00:00:00Z"));
        let context = Context {
            zones: &zones,
            machine_zone: Arc::new(zone("America/New_York").as_the_machine_s()),
            machine_id: "host-7",
            host_name: "here",
            accounts: None,
            cpus: 2,
            now: from,
        };
        let jobs = config::load(std::slice::from_ref(&file), &context)
            .jobs_file
            .unwrap()
            .jobs;
        let [often, once] = [0, 1].map(|job: usize| jobs[job].schedule.anchored(from));
        let every_ten_minutes: Vec<_> = (0..18)
            .map(|n| at(&format!("{day}T06:00:00Z")) + Duration::from_secs(600 * n))
            .collect();
        assert_eq!(fires_after(&often, from, 18), every_ten_minutes, "{day}");
        assert_eq!(
            fires_after(&once, from, 1),
            [at(&format!("{day}T07:30:00Z"))]
        );
    }
}
