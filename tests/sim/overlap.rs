//! Fires that find as many runs of their job as there may be, and wait or take the place of one.

use crate::death::Death;
use crate::world::{Script, World, id, seconds};
use rsched::scheduler::{Command, EventName, Outcome, Record, Reply, StopSignal};
use rsched::time::WallTime;

fn minutely(keys: &str) -> String {
    format!("[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n{keys}\n")
}

/// How the runs and fires of the world ended: seconds of the day of the fire, and the outcome.
fn ends(world: &World) -> Vec<(i64, Outcome)> {
    let of_day = |at: WallTime| at.unix_seconds().rem_euclid(86_400);
    let mut ends: Vec<_> = world
        .trace
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some((of_day(run.fire_time), run.end()?.outcome)),
            Record::Fires(fires) => Some((of_day(fires.range.last), fires.outcome)),
            _ => None,
        })
        .collect();
    ends.sort_unstable();
    ends
}

/// It does not listen to SIGTERM.
fn deaf() -> Script {
    Script {
        runs_for: seconds(1_000),
        ignores_term: true,
        ..Script::default()
    }
}

#[test]
fn what_ended_while_nobody_looked_is_in_nobodys_way() {
    let toml = minutely("") + &minutely("").replace("jobs.a", "jobs.b");
    let mut world = World::new("2026-01-01 00:00:30", &toml)
        .runs_for("a", seconds(50))
        .runs_for("b", seconds(50));
    world.run_for(seconds(40));
    // Both end, and two further fires of each come due.
    world.sleep_through(seconds(120));
    world.run_for(seconds(1));
    let skipped = |(_, outcome): &(i64, Outcome)| *outcome == Outcome::Skipped;
    assert!(!ends(&world).iter().any(skipped), "{:?}", ends(&world));
    for job in ["a", "b"] {
        assert_eq!(world.starts(job), [60, 190]);
    }
}

#[test]
fn a_fire_that_queues_starts_when_the_run_before_it_ends_and_of_several_the_latest() {
    let toml = minutely("overlap = 'queue'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(150));
    world.run_for(seconds(470));
    // 60 runs until 210; of 120 and 180 the latter waits. It runs until 360, when 360 itself is due.
    assert_eq!(world.starts("a"), [60, 210, 360]);
    let ends = ends(&world);
    for skipped in [120, 240] {
        assert!(ends.contains(&(skipped, Outcome::Skipped)), "{ends:?}");
    }
    assert_eq!(world.fires("a", EventName::JobMaxInstances), 0);
}

#[test]
fn a_fire_that_replaces_starts_when_the_oldest_run_is_gone() {
    let toml = minutely("overlap = 'replace'\nkill_after = '5s'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).script("a", deaf());
    world.run_for(seconds(160));
    assert_eq!(world.starts("a"), [60, 125, 185]);
    assert_eq!(
        ends(&world),
        [(60, Outcome::Killed), (120, Outcome::Killed)]
    );
    let signals: Vec<_> = world.trace.signals.iter().map(|sent| sent.2).collect();
    assert_eq!(signals[..2], [StopSignal::Terminate, StopSignal::Kill]);
    let mut emitted = world.trace.emitted.iter();
    let end = emitted.find(|told| told.outcome == Some(Outcome::Killed));
    assert_eq!(
        end.unwrap().detail.as_deref(),
        Some("for a later run to take its place")
    );
}

#[test]
fn nobody_makes_way_for_a_run_that_was_stopped_before_it_was_on_record() {
    let toml = minutely("overlap = 'replace'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(100));
    world.run_for(seconds(40));
    world.store_takes(seconds(2));
    world.run_for(seconds(51));
    // The run of 120 waits, on its way to the store, to take the place of that of 60.
    let newest = world.scheduler.runs_of(None).last().unwrap().id;
    world.command(Command::Kill(newest));
    world.run_for(seconds(50));
    // The next fire finds it gone by itself.
    world.run_for(seconds(60));
    assert_eq!(
        ends(&world)[..2],
        [(60, Outcome::Succeeded), (120, Outcome::Skipped)]
    );
}

#[test]
fn who_was_to_make_way_for_a_run_that_was_stopped_makes_way_for_the_next() {
    let toml = "[jobs.a]\ncron = { second = '31-33' }\noverlap = 'replace'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:30.5", toml).runs_for("a", seconds(100));
    world.run_for(seconds(1));
    assert_eq!(world.starts("a"), [31]);
    world.store_takes(seconds(3));
    // Those of 32 and 33 wait, the one to take the place of that of 31, the other of that of 32.
    world.run_for(seconds(2));
    let second = world.scheduler.runs_of(None)[1].id;
    world.command(Command::Kill(second));
    world.store_takes(seconds(0));
    world.run_for(seconds(4));
    let ends = ends(&world);
    assert_eq!(
        ends[..2],
        [(31, Outcome::Killed), (32, Outcome::Skipped)],
        "{ends:?}"
    );
}

#[test]
fn with_two_instances_each_fire_replaces_the_older_of_those_that_stay() {
    let toml = minutely("overlap = 'replace'\nmax_instances = 2\nkill_after = '90s'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).script("a", deaf());
    world.run_for(seconds(380));
    // 180 has 60 stopped, which takes until 270; 240 has 120 stopped, until 330. At 300 the run of 180
    // is the older of the two that stay, until 390; at 360 it is that of 240.
    assert_eq!(world.starts("a"), [60, 120, 270, 330, 390]);
    assert_eq!(
        ends(&world),
        [
            (60, Outcome::Killed),
            (120, Outcome::Killed),
            (180, Outcome::Killed)
        ]
    );
}

#[test]
fn a_run_that_waits_for_a_worker_is_replaced_before_it_begins() {
    let toml = format!(
        "[executors.default]\nmax_workers = 1\n{}[jobs.b]\ncron = '0 0 * * *'\ncommand = 'x'\n",
        minutely("overlap = 'replace'")
    );
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("b", seconds(165));
    world.trigger("b").unwrap();
    world.run_for(seconds(200));
    assert_eq!(world.starts("a"), [195]);
    assert_eq!(
        ends(&world),
        [
            (30, Outcome::Succeeded),
            (60, Outcome::Skipped),
            (120, Outcome::Skipped),
            (180, Outcome::Succeeded)
        ]
    );
}

#[test]
fn a_run_by_request_queues_or_replaces_as_a_fire_does() {
    for (overlap, second) in [("queue", 100), ("replace", 40)] {
        let keys = format!("overlap = '{overlap}'");
        let toml = minutely(&keys).replace("* * * * *", "0 12 * * *");
        let mut world = World::new("2026-01-01 00:00:00", &toml).runs_for("a", seconds(100));
        world.trigger("a").unwrap();
        world.run_for(seconds(40));
        world.trigger("a").unwrap();
        world.run_for(seconds(300));
        assert_eq!(world.starts("a"), [0, second]);
    }
}

#[test]
fn what_waits_for_a_run_that_is_adopted_waits_on_after_a_restart() {
    let toml = minutely("overlap = 'queue'\nmisfire_grace_time = '5m'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(150));
    world.run_for(seconds(100));
    world.restart(seconds(10), Death::OfTheScheduler, &toml);
    // 120 waited when the scheduler died, and is skipped when 180 comes.
    world.run_for(seconds(80));
    assert_eq!(world.starts("a"), [60, 210]);
    world.run_for(seconds(160));
    assert_eq!(world.starts("a"), [60, 210, 360]);
    let ends = ends(&world);
    assert!(ends.contains(&(120, Outcome::Skipped)), "{ends:?}");
}

#[test]
fn nobody_is_stopped_for_a_run_that_the_store_does_not_take() {
    let toml = minutely("overlap = 'replace'\nmisfire_grace_time = '10m'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(1_000));
    world.run_for(seconds(80));
    world.store_fails_for(seconds(60));
    world.run_for(seconds(50));
    assert_eq!(world.trace.signals, []);
    assert_eq!(world.starts("a"), [60]);
    world.run_for(seconds(15));
    assert_eq!(world.starts("a"), [60, 170]);
}

#[test]
fn what_waits_is_dropped_on_request_and_with_its_job() {
    let toml = minutely("overlap = 'queue'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(300));
    world.run_for(seconds(100));
    let waiting = world.scheduler.runs_of(Some(&id("a")))[1].id;
    let reply = world.command(Command::Kill(waiting));
    assert_eq!(reply, Some(Reply::Stopping(vec![waiting])));
    world.run_for(seconds(60));
    assert_eq!(world.scheduler.runs_of(None).len(), 2);
    world.reload("");
    world.run_for(seconds(400));
    assert_eq!(world.starts("a"), [60]);
    assert_eq!(
        ends(&world),
        [
            (60, Outcome::Succeeded),
            (120, Outcome::Skipped),
            (180, Outcome::Skipped)
        ]
    );
}

#[test]
fn of_a_backlog_that_finds_no_room_only_the_latest_waits() {
    let toml = minutely("overlap = 'queue'\ncoalesce = false\nmisfire_grace_time = '10m'");
    let mut world = World::new("2026-01-01 00:00:30", &toml).runs_for("a", seconds(500));
    world.run_for(seconds(40));
    world.sleep_through(seconds(255));
    world.run_for(seconds(20));
    let skipped = |world: &World| world.fires("a", EventName::JobSkipped);
    // 120 to 240 at once, for 300.
    assert_eq!(skipped(&world), 1);
    world.run_for(seconds(300));
    assert_eq!(world.starts("a"), [60, 560]);
}
