//! A new jobs file while running.

use crate::world::{World, is_of_the_makings, seconds};
use rsched::scheduler::EventName;

#[test]
fn an_unchanged_interval_keeps_its_phase() {
    let toml = "[jobs.a]\ninterval = '10m'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:00", toml);
    world.run_for(seconds(15 * 60));
    world.reload(&format!(
        "{toml}[jobs.b]\ninterval = '10m'\ncommand = 'x'\n"
    ));
    world.run_for(seconds(15 * 60));
    assert_eq!(world.starts("a"), [600, 1200, 1800]);
    assert_eq!(world.starts("b"), [1500]);
    assert_eq!(world.fires("b", EventName::JobAdded), 1);
    assert_eq!(world.fires("a", EventName::JobModified), 0);
}

#[test]
fn a_changed_command_keeps_the_phase_and_a_changed_length_does_not() {
    let mut world = World::new(
        "2026-01-01 00:00:00",
        "[jobs.a]\ninterval = '10m'\ncommand = 'x'\n",
    );
    world.run_for(seconds(5 * 60));
    world.reload("[jobs.a]\ninterval = '10m'\ncommand = 'y'\n");
    world.run_for(seconds(6 * 60));
    assert_eq!(world.starts("a"), [600]);
    world.reload("[jobs.a]\ninterval = '2m'\ncommand = 'y'\n");
    world.run_for(seconds(150));
    assert_eq!(world.starts("a"), [600, 660 + 120]);
}

#[test]
fn a_changed_trigger_makes_no_backlog() {
    let mut world = World::new(
        "2026-01-01 11:00:00",
        "[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n",
    );
    world.run_for(seconds(60));
    world.reload("[jobs.a]\ncron = '0 * * * *'\ncommand = 'x'\n");
    world.run_for(seconds(60));
    assert!(
        world.starts("a").is_empty(),
        "11:00 was before the job had that schedule"
    );
}

#[test]
fn a_running_instance_of_a_removed_job_finishes() {
    let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:30", toml).runs_for("a", seconds(90));
    world.run_for(seconds(40));
    world.reload("");
    world.run_for(seconds(600));
    let names: Vec<_> = world
        .trace
        .emitted
        .iter()
        .filter(|told| !is_of_the_makings(told.name))
        .map(|told| told.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "scheduler_started",
            "job_submitted",
            "job_started",
            "job_removed",
            "job_executed"
        ]
    );
}

#[test]
fn a_run_that_waits_is_skipped_when_its_job_is_removed() {
    let toml =
        "[executors.default]\nmax_workers = 1\n[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n";
    let both = format!("{toml}[jobs.b]\ncron = '0 0 * * *'\ncommand = 'x'\n");
    let mut world = World::new("2025-12-31 23:59:59", &both).runs_for("a", seconds(90));
    world.run_for(seconds(10));
    world.reload(toml);
    world.run_for(seconds(600));
    assert!(world.starts("b").is_empty());
    assert_eq!(world.fires("b", EventName::JobSkipped), 1);
}

#[test]
fn a_job_that_comes_back_while_its_old_instance_runs_counts_it() {
    let toml = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:30", toml).runs_for("a", seconds(300));
    world.run_for(seconds(40));
    world.reload("");
    world.reload(toml);
    world.run_for(seconds(60));
    assert_eq!(world.starts("a"), [60]);
    assert_eq!(world.fires("a", EventName::JobMaxInstances), 1);
}

#[test]
fn a_fire_that_is_due_when_its_job_is_removed_is_still_made() {
    let toml = "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 11:59:59", toml);
    world.passes(seconds(2));
    world.reload("");
    let names: Vec<_> = world
        .trace
        .emitted
        .iter()
        .filter(|told| !is_of_the_makings(told.name))
        .map(|told| told.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["scheduler_started", "job_skipped", "job_removed"],
        "its one outcome"
    );
}

#[test]
fn a_fire_that_is_due_when_its_trigger_changes_is_still_made() {
    let mut world = World::new(
        "2026-01-01 11:59:59",
        "[jobs.a]\ncron = '0 12 * * *'\ncommand = 'x'\n",
    );
    world.passes(seconds(2));
    world.reload("[jobs.a]\ncron = '0 0 * * *'\ncommand = 'x'\n");
    world.run_for(seconds(10));
    assert_eq!(world.starts("a"), [43_201]);
}

#[test]
fn what_is_held_while_paused_is_skipped_when_its_job_goes() {
    let mut world = World::paused(
        "2026-01-01 00:00:30",
        "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n",
    );
    world.run_for(seconds(300));
    world.reload("");
    let skipped = world
        .trace
        .emitted
        .iter()
        .find(|told| told.name == EventName::JobSkipped)
        .unwrap();
    assert_eq!(skipped.count, Some(5));
}

#[test]
fn a_job_without_trigger_runs_once_however_often_it_is_disabled_and_enabled() {
    let (on, off) = (
        "[jobs.a]\ncommand = 'x'\n",
        "[jobs.a]\ncommand = 'x'\nenabled = false\n",
    );
    for (files, runs) in [
        ([on, off, on], 1),
        ([off, on, on], 1),
        ([off, on, off], 1),
        ([off, off, off], 0),
    ] {
        let mut world = World::new("2026-01-01 00:00:30", files[0]);
        world.run_for(seconds(10));
        world.reload(files[1]);
        world.run_for(seconds(10));
        world.reload(files[2]);
        world.run_for(seconds(10));
        assert_eq!(world.trace.processes.len(), runs, "{files:?}");
    }
}
