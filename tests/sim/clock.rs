//! The wall clock is set while the scheduler runs.

use crate::world::{World, at, id, seconds};
use rsched::scheduler::{Emitted, EventName};

const DAILY: &str = "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n";

#[test]
fn what_lies_in_a_forward_step_is_a_backlog() {
    let mut world = World::new("2026-01-01 11:00:00", DAILY);
    world.set_clock("2026-01-01 12:00:30");
    assert_eq!(world.starts("a"), [43_230]);
    world.set_clock("2026-01-02 13:00:00");
    assert_eq!(world.fires("a", EventName::JobMissed), 1);
}

#[test]
fn a_fixed_time_that_ran_does_not_run_again_when_the_clock_is_set_back() {
    let mut world = World::new("2026-01-01 11:59:00", DAILY);
    world.run_for(seconds(600));
    world.set_clock("2026-01-01 11:30:00");
    world.run_for(seconds(3600));
    assert_eq!(world.starts("a"), [43_200], "12:00 came twice and ran once");
    world.run_for(seconds(86_400));
    assert_eq!(
        world.trace.processes.len(),
        2,
        "the next day it runs as ever"
    );
}

#[test]
fn what_follows_elapsed_time_goes_on_when_the_clock_is_set_back() {
    let toml = "[jobs.every]\ninterval = '10m'\ncommand = 'x'\n[jobs.minutely]\ncron = '* * * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 12:00:00", toml);
    world.run_for(seconds(3600));
    let before = world.trace.processes.len();
    world.set_clock("2026-01-01 12:00:00");
    world.run_for(seconds(3600));
    assert_eq!(world.trace.processes.len(), 2 * before, "no silent hour");
    let mut ids: Vec<_> = world
        .trace
        .emitted
        .iter()
        .filter(|t| t.name == EventName::JobStarted)
        .map(|t| t.run_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(
        ids.len(),
        2 * before,
        "a time that truly comes twice has two identities"
    );
}

#[test]
fn what_came_due_between_a_step_back_that_nobody_told_and_the_next_look_is_not_lost() {
    let toml = "[jobs.minutely]\ncron = '* * * * *'\ncommand = 'x'\n[jobs.every]\ninterval = '10m'\ncommand = 'x'\n\
                [jobs.daily]\ncron = '30 11 * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 11:00:00", toml);
    world.steps_are_untold();
    world.run_for(seconds(3_620));
    world.step_clock_untold(|_| at("2026-01-01 11:29:50"));
    // It wakes for something else, or because a minute is over.
    world.sleep_through(seconds(40));
    world.run_for(seconds(60));
    let again = |job: &str| {
        let epoch_of =
            |told: &Emitted| told.seq > step_of(&world) && told.name == EventName::JobStarted;
        let mine = world
            .trace
            .emitted
            .iter()
            .filter(|told| epoch_of(told) && told.job_id == Some(id(job)));
        let starts = mine.map(|told| (told.time, told.fire_time.unwrap()));
        starts.collect::<Vec<_>>()
    };
    let due = at("2026-01-01 11:30:00");
    let next = at("2026-01-01 11:31:00");
    let noticed = at("2026-01-01 11:30:30");
    assert_eq!(again("minutely"), [(noticed, due), (next, next)]);
    assert_eq!(again("every"), [(noticed, due)]);
    assert_eq!(again("daily"), [], "a fixed time does not come twice");
}

#[test]
fn what_lies_just_before_where_the_clock_is_set_back_to_is_not_due_where_steps_are_told() {
    let mut world = World::new(
        "2026-01-01 12:00:00",
        "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n",
    );
    world.run_for(seconds(30 * 60 + 45));
    let before = world.trace.processes.len();
    world.set_clock("2026-01-01 12:00:15");
    assert_eq!(world.trace.processes.len(), before);
}

#[test]
fn a_small_step_back_that_nobody_told_makes_nothing_run_twice() {
    let mut world = World::new(
        "2026-01-01 11:59:00",
        "[jobs.a]\ncron = '0 * * * *'\ncommand = 'x'\n",
    );
    world.steps_are_untold();
    world.run_for(seconds(80));
    world.step_clock_untold(|_| at("2026-01-01 12:00:18"));
    world.sleep_through(seconds(40));
    assert!(
        world
            .trace
            .emitted
            .iter()
            .any(|told| told.name == EventName::ClockStepped)
    );
    assert_eq!(world.trace.processes.len(), 1);
}

/// The number of the event that tells of the step.
fn step_of(world: &World) -> u64 {
    let step = |told: &&Emitted| told.name == EventName::ClockStepped;
    world.trace.emitted.iter().find(step).unwrap().seq
}

#[test]
fn a_clock_that_was_a_year_ahead_is_corrected_without_a_silent_year() {
    let toml = "[jobs.every]\ninterval = '10m'\ncommand = 'x'\n[jobs.daily]\ncron = '0 12 * * *'\ncommand = 'x'\n";
    let mut world = World::new("2027-01-01 10:00:00", toml);
    world.run_for(seconds(4 * 3600));
    world.set_clock("2026-01-01 10:00:00");
    world.run_for(seconds(4 * 3600));
    assert!(
        world
            .trace
            .processes
            .iter()
            .any(|(job, fire, ..)| job == "daily" && *fire == at("2026-01-01 12:00:00"))
    );
    assert_eq!(
        world
            .trace
            .processes
            .iter()
            .filter(|(job, ..)| job == "every")
            .count(),
        48
    );
}

#[test]
fn a_time_judged_before_a_step_back_is_not_made_again_after_two_of_them() {
    let mut world = World::new("2026-01-01 11:59:00", DAILY);
    world.run_for(seconds(120));
    world.set_clock("2026-01-01 11:00:00");
    world.run_for(seconds(600));
    world.set_clock("2026-01-01 10:00:00");
    world.run_for(seconds(4 * 3600));
    assert_eq!(world.trace.processes.len(), 1);
}

#[test]
fn slewing_and_setting_to_the_same_time_are_no_steps() {
    let mut world = World::new("2026-01-01 11:00:00", DAILY);
    world.set_clock("2026-01-01 11:00:00");
    world.set_clock("2026-01-01 11:00:00.4");
    assert_eq!(world.story(), ["39600 scheduler_started"]);
}

#[test]
fn a_clock_that_jumps_a_year_ahead_and_is_corrected_silences_nothing_for_a_year() {
    let mut world = World::new("2026-01-01 10:00:00", DAILY);
    world.run_for(seconds(3 * 3600));
    world.set_clock("2027-01-01 13:00:00");
    world.set_clock("2026-01-01 13:00:00");
    world.run_for(seconds(2 * 86_400));
    let ran: Vec<_> = world
        .trace
        .processes
        .iter()
        .map(|(_, fire, ..)| *fire)
        .collect();
    let expected = [
        "2026-01-01 12:00:00",
        "2026-01-02 12:00:00",
        "2026-01-03 12:00:00",
    ]
    .map(at);
    assert_eq!(
        ran, expected,
        "what ran is not run again, what was only missed is"
    );
}

#[test]
fn a_correction_does_not_repeat_what_ran_before_it() {
    let mut world = World::new("2026-01-01 08:00:00", DAILY);
    world.run_for(seconds(8 * 3600));
    world.set_clock("2026-01-01 09:00:00");
    world.run_for(seconds(10 * 3600));
    assert_eq!(world.trace.processes.len(), 1);
}
