//! What is asked of a running scheduler: pausing, runs by request, stopping, jobs of no file.

use crate::checkers;
use crate::world::{SECOND, Script, World, at, id, seconds};
use rsched::scheduler::{
    Command, EventName, Outcome, Reason, Record, Refusal, Reply, ShutdownRequest, StopSignal,
};

const MINUTELY: &str = "[jobs.a]\ncron = '* * * * *'\ncommand = 'x'\n";

#[test]
fn fires_of_a_paused_job_do_not_exist() {
    let toml = format!("{MINUTELY}coalesce = false\nmisfire_grace_time = 'forever'\n");
    let mut world = World::new("2026-01-01 00:00:30", &toml);
    world.run_for(seconds(60));
    assert_eq!(world.pause("a"), Some(Reply::Done));
    world.run_for(seconds(600));
    assert_eq!(world.pause("a"), Some(Reply::Done), "it is so already");
    assert_eq!(world.resume("a"), Some(Reply::Done));
    world.run_for(seconds(60));
    assert_eq!(world.starts("a"), [60, 720]);
    let story = world.story();
    assert!(story.contains(&"90 job_paused a".to_owned()));
    assert!(story.contains(&"690 job_resumed a".to_owned()));
    assert_eq!(world.fires("a", EventName::JobMissed), 0);
    assert_eq!(world.fires("a", EventName::JobPaused), 1);
}

#[test]
fn whoever_is_told_that_a_job_is_paused_finds_on_record_since_when() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.run_for(seconds(40));
    let on_record = |world: &World, name| {
        let events = world.trace.records.iter();
        let is_it = |record: &&Record| matches!(record, Record::Event(told) if told.name == name);
        events.filter(is_it).count()
    };
    for _ in 0..2 {
        assert_eq!(world.pause("a"), Some(Reply::Done));
        assert_eq!(on_record(&world, EventName::JobPaused), 1);
    }
    assert_eq!(world.resume("a"), Some(Reply::Done));
    assert_eq!(on_record(&world, EventName::JobResumed), 1);
    assert_eq!(world.command(Command::PauseAll), Some(Reply::Done));
    assert_eq!(on_record(&world, EventName::SchedulerPaused), 1);
}

#[test]
fn fires_of_a_paused_scheduler_wait_and_are_late_when_it_is_resumed() {
    let toml = format!("{MINUTELY}misfire_grace_time = '5m'\n");
    let mut world = World::new("2026-01-01 00:00:30", &toml);
    assert_eq!(world.command(Command::PauseAll), Some(Reply::Done));
    world.run_for(seconds(600));
    assert_eq!(world.command(Command::ResumeAll), Some(Reply::Done));
    world.run_for(SECOND);
    assert_eq!(world.starts("a"), [630]);
    assert_eq!(world.fires("a", EventName::JobMissed), 5);
    assert_eq!(world.fires("a", EventName::JobCoalesced), 4);
    let story = world.story();
    assert!(story.contains(&"30 scheduler_paused".to_owned()));
    assert!(story.contains(&"630 scheduler_resumed".to_owned()));
}

#[test]
fn a_job_that_was_only_paused_has_run_times_left() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.pause("a");
    world.run_for(seconds(600));
    assert_eq!(world.fires("a", EventName::JobFinished), 0);
    let status = world.scheduler.job_status(&id("a")).unwrap();
    assert_eq!((status.state(), status.next_fire), ("paused", None));
}

#[test]
fn a_pause_outlives_a_change_of_the_schedule() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.pause("a");
    world.reload("[jobs.a]\ncron = '*/2 * * * *'\ncommand = 'x'\n");
    world.run_for(seconds(600));
    assert!(world.starts("a").is_empty());
    world.resume("a");
    world.run_for(seconds(120));
    assert_eq!(world.starts("a"), [720]);
}

#[test]
fn times_passed_while_a_job_was_paused_are_new_when_the_clock_is_set_back_to_them() {
    let fixed = "[jobs.a]\ncron = '1-3 0 * * *'\ncommand = 'x'\n";
    let mut world = World::new("2026-01-01 00:00:30", fixed);
    world.run_for(seconds(60));
    world.pause("a");
    world.run_for(seconds(3600));
    world.resume("a");
    world.set_clock("2026-01-01 00:00:31");
    world.run_for(seconds(150));
    assert_eq!(world.starts("a"), [60, 120, 180], "00:01 ran before");
}

#[test]
fn a_job_cannot_be_paused_while_the_store_could_not_keep_that() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_fails_for(seconds(200));
    world.run_for(seconds(100));
    let refused = Some(Reply::Refused(Refusal::StoreFailing));
    assert_eq!(world.pause("a"), refused);
    assert_eq!(world.command(Command::PauseAll), refused);
    world.run_for(seconds(140));
    assert_eq!(world.starts("a").last(), Some(&240));
}

#[test]
fn a_pause_is_confirmed_when_it_is_durable_however_long_that_takes() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_takes(seconds(2));
    world.run_for(seconds(31));
    // The fire of 00:01 is judged, and not durable yet.
    world.store_fails_for(seconds(200));
    assert_eq!(world.pause("a"), None);
    world.run_for(seconds(150));
    assert_eq!(world.trace.replies[0], None);
    world.run_for(seconds(150));
    assert_eq!(world.trace.replies[0], Some(Reply::Done));
    let outcomes: Vec<_> = world
        .trace
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => run.end().map(|end| (run.fire_time, end.outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [(at("2026-01-01 00:01:00"), Outcome::Skipped)]);
    assert!(world.starts("a").is_empty());
}

#[test]
fn a_run_by_request_goes_through_the_books() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.pause("a");
    let run = world.trigger("a").unwrap();
    world.run_for(SECOND);
    assert_eq!(world.starts("a"), [30]);
    let states: Vec<_> = world
        .trace
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Run(record) if record.id == run => {
                assert_eq!((record.reason, record.sequence), (Reason::Manual, 1));
                Some(record.end().map(|end| end.outcome))
            }
            _ => None,
        })
        .collect();
    // Decided, noted as running, ended.
    assert_eq!(states, [None, None, Some(Outcome::Succeeded)]);
    assert_ne!(world.trigger("a").unwrap(), run);
    world.run_for(SECOND);
    checkers::promised_runs_have_one_outcome(&world);
}

#[test]
fn a_run_by_request_keeps_to_the_limits() {
    let toml = format!("[executors.default]\nmax_workers = 1\n{MINUTELY}[jobs.b]\ncommand = 'x'\n");
    let mut world = World::new("2026-01-01 00:00:10", &toml)
        .runs_for("b", seconds(30))
        .runs_for("a", seconds(30));
    world.run_for(SECOND);
    world.trigger("b").unwrap();
    world.trigger("a").unwrap();
    world.run_for(SECOND);
    assert!(world.starts("a").is_empty(), "the only worker is busy");
    let refusal = Refusal::MaxInstances {
        job: id("a"),
        limit: 1,
    };
    assert_eq!(world.trigger("a"), Err(refusal));
    world.run_for(seconds(40));
    assert_eq!(world.starts("a"), [41]);
}

#[test]
fn a_run_is_promised_when_it_is_durable_and_not_before() {
    let mut world = World::new("2026-01-01 00:00:10", MINUTELY);
    world.store_takes(seconds(5));
    assert_eq!(world.command(Command::Trigger(id("a"))), None);
    world.run_for(seconds(6));
    assert!(matches!(world.trace.replies[0], Some(Reply::Submitted(_))));
    world.store_fails_for(seconds(20));
    assert_eq!(world.command(Command::Trigger(id("a"))), None);
    world.run_for(seconds(10));
    let failing = Refusal::StoreFailing;
    assert_eq!(
        world.trace.replies[1],
        Some(Reply::Refused(failing.clone()))
    );
    assert_eq!(world.trigger("a"), Err(failing));
    world.run_for(seconds(20));
    assert_eq!(world.starts("a"), [15], "what was refused never runs");
    checkers::promised_runs_have_one_outcome(&world);
}

#[test]
fn every_state_of_a_job_has_its_answer_to_a_trigger() {
    let toml = format!("{MINUTELY}[jobs.off]\ncron = '@daily'\ncommand = 'x'\nenabled = false\n");
    let mut world = World::new("2026-01-01 00:00:10", &toml).runs_for("a", seconds(5));
    assert_eq!(world.trigger("gone"), Err(Refusal::UnknownJob(id("gone"))));
    assert!(
        world.trigger("off").is_ok(),
        "enabled is about the schedule"
    );
    assert!(world.trigger("a").is_ok());
    world.run_for(SECOND);
    assert!(world.trigger("a").is_err(), "it runs");
    world.run_for(seconds(10));
    world.pause("a");
    assert!(world.trigger("a").is_ok(), "paused");
    world.run_for(seconds(10));
    world.command(Command::PauseAll);
    assert!(world.trigger("a").is_ok(), "the scheduler is paused");
    world.shut_down(ShutdownRequest::Wait);
    assert_eq!(world.trigger("a"), Err(Refusal::ShuttingDown));
}

#[test]
fn a_run_is_stopped_on_request_and_says_so() {
    let script = Script {
        runs_for: seconds(1000),
        ignores_term: true,
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY).script("a", script);
    let run = world.trigger("a").unwrap();
    world.run_for(SECOND);
    assert_eq!(
        world.command(Command::Kill(run)),
        Some(Reply::Stopping(vec![run]))
    );
    world.run_for(seconds(11));
    let signals: Vec<_> = world.trace.signals.iter().map(|(_, _, s)| *s).collect();
    assert_eq!(signals, [StopSignal::Terminate, StopSignal::Kill]);
    let end = world.trace.emitted.last().unwrap();
    assert_eq!(end.outcome, Some(Outcome::Killed));
    assert_eq!(end.detail.as_deref(), Some("on request"));
    assert_eq!(
        world.command(Command::Kill(run)),
        Some(Reply::Refused(Refusal::UnknownRun(run)))
    );
    assert_eq!(
        world.command(Command::KillJob(id("a"))),
        Some(Reply::Stopping(vec![]))
    );
}

#[test]
fn a_start_that_hangs_is_given_up_on_request() {
    let script = Script {
        start_takes: seconds(1000),
        ..Script::default()
    };
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY).script("a", script);
    let run = world.trigger("a").unwrap();
    world.run_for(SECOND);
    world.command(Command::Kill(run));
    world.run_for(SECOND);
    let end = world.trace.emitted.last().unwrap();
    assert_eq!(end.outcome, Some(Outcome::SpawnFailed));
    assert_eq!(
        end.detail.as_deref(),
        Some("its program did not run yet; it was stopped on request")
    );
    assert!(world.starts("a").is_empty() && world.marks_left().is_empty());
    checkers::promised_runs_have_one_outcome(&world);
}

#[test]
fn a_run_that_waits_is_dropped_on_request() {
    let toml = "[executors.default]\nmax_workers = 1\n[jobs.a]\ncron = '@yearly'\ncommand = 'x'\nmax_instances = 3\n";
    let mut world = World::new("2026-01-01 00:00:30", toml).runs_for("a", seconds(50));
    let runs = [(); 3].map(|()| world.trigger("a").unwrap());
    world.run_for(SECOND);
    assert_eq!(
        world.command(Command::KillJob(id("a"))),
        Some(Reply::Stopping(runs.to_vec()))
    );
    world.run_for(seconds(200));
    assert_eq!(world.starts("a"), [30]);
    assert_eq!(world.fires("a", EventName::JobSkipped), 2);
    checkers::promised_runs_have_one_outcome(&world);
}

#[test]
fn a_run_that_is_stopped_while_its_start_is_recorded_never_starts() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    world.store_takes(seconds(3));
    world.command(Command::Trigger(id("a")));
    let run = world.scheduler.runs_of(None)[0].id;
    world.command(Command::Kill(run));
    world.run_for(seconds(20));
    assert!(world.starts("a").is_empty());
    assert_eq!(world.fires("a", EventName::JobSkipped), 1);
    checkers::promised_runs_have_one_outcome(&world);
}

#[test]
fn a_run_that_is_stopped_before_it_is_on_record_never_comes_back() {
    let toml = "[executors.default]\nmax_workers = 1\n[jobs.busy]\ncron = '@yearly'\ncommand = 'x'\n[jobs.a]\n\
                cron = '* * * * *'\ncommand = 'x'\nmisfire_grace_time = 'forever'\n";
    // Once where it waits for a worker, once where it has one.
    for busy_for in [300, 1] {
        let mut world = World::new("2026-01-01 00:00:30", toml).runs_for("busy", seconds(busy_for));
        world.trigger("busy").unwrap();
        world.run_for(seconds(20));
        world.store_takes(seconds(3));
        world.store_fails_for(seconds(30));
        world.run_for(seconds(11));
        world.command(Command::KillJob(id("a")));
        world.run_for(seconds(50));
        assert!(world.starts("a").is_empty());
        assert_eq!(world.fires("a", EventName::JobSkipped), 1);
    }
}

#[test]
fn a_job_is_added_changed_and_removed_at_run_time() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    assert_eq!(world.add(MINUTELY, false), Some(Reply::Done));
    assert_eq!(
        world.add(MINUTELY, false),
        Some(Reply::Refused(Refusal::JobExists(id("a"))))
    );
    let similar = "[jobs.A]\ncron = '* * * * *'\ncommand = 'x'\n";
    assert_eq!(
        world.add(similar, false),
        Some(Reply::Refused(Refusal::SimilarJobExists(id("a"))))
    );
    world.run_for(seconds(60));
    let half_minutely = "[jobs.a]\ninterval = '30s'\ncommand = 'x'\n";
    assert_eq!(world.add(half_minutely, true), Some(Reply::Done));
    world.run_for(seconds(60));
    // A reload of the files does not touch it.
    world.reload("");
    assert_eq!(world.command(Command::Remove(id("a"))), Some(Reply::Done));
    world.run_for(seconds(600));
    assert_eq!(world.starts("a"), [60, 120, 150]);
    assert_eq!(
        world.command(Command::Remove(id("a"))),
        Some(Reply::Refused(Refusal::UnknownJob(id("a"))))
    );
}

#[test]
fn a_job_that_takes_the_place_of_another_is_paused_or_not_as_was_asked_for() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    let half_minutely = "[jobs.a]\ninterval = '30s'\ncommand = 'x'\n";
    world.add(MINUTELY, false);
    for (toml, paused) in [(half_minutely, true), (MINUTELY, true), (MINUTELY, false)] {
        let job = world.run_time_job(toml);
        let replace = true;
        let done = world.command(Command::Add {
            job,
            replace,
            paused,
        });
        assert_eq!(done, Some(Reply::Done));
        let status = world.scheduler.job_status(&id("a")).unwrap();
        assert_eq!(status.paused, paused, "{toml}");
        world.run_for(seconds(60));
    }
    assert_eq!(world.starts("a"), [180]);
    assert_eq!(
        world.story()[1..],
        [
            "30 job_added a",
            "30 job_modified a",
            "30 job_paused a",
            "90 job_modified a",
            "150 job_resumed a",
            "180 job_started a",
            "180 job_executed a",
        ]
    );
}

#[test]
fn a_job_that_runs_once_runs_though_a_paused_or_a_disabled_one_was_there() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    let once = "[jobs.a]\ncommand = 'x'\n";
    world.add(MINUTELY, false);
    world.pause("a");
    world.run_for(seconds(600));
    assert_eq!(world.add(once, true), Some(Reply::Done));
    world.run_for(seconds(600));
    assert_eq!(
        world.starts("a"),
        [630],
        "and none of the fires while it was paused"
    );
    assert_eq!(world.fires("a", EventName::JobSkipped), 0);

    let mut world = World::new("2026-01-01 00:00:30", "");
    assert_eq!(
        world.add(&format!("{once}enabled = false\n"), false),
        Some(Reply::Done)
    );
    world.run_for(seconds(600));
    let enabled = Command::Change {
        job: world.run_time_job(once),
        paused: false,
    };
    assert_eq!(world.command(enabled), Some(Reply::Done));
    world.run_for(seconds(600));
    assert_eq!(world.starts("a"), [630]);
}

#[test]
fn a_run_time_job_that_has_no_run_times_left_is_refused() {
    let past = "[jobs.a]\ndate = '2025-12-31 00:00:00'\ncommand = 'x'\n";
    let over = Some(Reply::Refused(Refusal::NoFireTimes(id("a"))));
    let mut world = World::new("2026-01-01 00:00:30", "");
    assert_eq!(world.add(past, false), over);
    assert_eq!(world.scheduler.jobs_after(None, 9).len(), 0);
    world.add(MINUTELY, false);
    assert_eq!(world.add(past, true), over);
    let change = Command::Change {
        job: world.run_time_job(past),
        paused: false,
    };
    assert_eq!(world.command(change), over);
    // Nothing has changed. What is paused, or not to run at all, is kept whatever its trigger says.
    world.run_for(seconds(60));
    assert_eq!(world.starts("a"), [60]);
    let disabled = format!("{past}enabled = false\n");
    assert_eq!(world.add(&disabled, true), Some(Reply::Done));
    let paused = Command::Add {
        job: world.run_time_job(past),
        replace: true,
        paused: true,
    };
    assert_eq!(world.command(paused), Some(Reply::Done));
    assert_eq!(world.add(past, true), over, "it would be resumed");
    assert!(world.scheduler.job_status(&id("a")).is_some());
}

#[test]
fn a_job_of_the_file_is_changed_in_the_file() {
    let mut world = World::new("2026-01-01 00:00:30", MINUTELY);
    let of_file = Some(Reply::Refused(Refusal::JobOfFile(id("a"))));
    assert_eq!(world.add(MINUTELY, true), of_file);
    assert_eq!(world.command(Command::Remove(id("a"))), of_file);
    let job = world.run_time_job(MINUTELY);
    assert_eq!(
        world.command(Command::Change { job, paused: true }),
        of_file
    );
}

#[test]
fn a_change_and_a_pause_that_come_together_are_durable_together() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    world.add(MINUTELY, false);
    let changed = MINUTELY.replace("'x'", "'y'");
    let job = world.run_time_job(&changed);
    let before = world.trace.records.len();
    let change = Command::Change { job, paused: true };
    assert_eq!(world.command(change), Some(Reply::Done));
    let states: Vec<_> = world.trace.records[before..]
        .iter()
        .filter_map(|record| match record {
            Record::Job(job) => Some((job.paused, job.definition.as_deref() == Some(&*changed))),
            _ => None,
        })
        .collect();
    assert_eq!(states, [(true, true)]);
    // So it is where one takes the place of another.
    world.resume("a");
    let job = world.run_time_job(MINUTELY);
    let add = Command::Add {
        job,
        replace: true,
        paused: true,
    };
    assert_eq!(world.command(add), Some(Reply::Done));
    assert_eq!(
        world.scheduler.job_status(&id("a")).unwrap().state(),
        "paused"
    );
}

#[test]
fn a_file_that_takes_the_id_of_a_run_time_job_takes_the_job() {
    let mut world = World::new("2026-01-01 00:00:30", "");
    world.add(MINUTELY, false);
    world.reload(MINUTELY);
    world.reload("");
    assert_eq!(world.fires("a", EventName::JobRemoved), 1);
}

#[test]
fn a_run_time_job_goes_when_it_has_no_run_times_left() {
    let mut world = World::new("2026-01-01 00:00:30", "").runs_for("once", seconds(9));
    world.add(
        "[jobs.once]\ndate = '2026-01-01 00:01:00'\ncommand = 'x'\n",
        false,
    );
    world.run_for(seconds(60));
    assert_eq!(
        world.story()[1..],
        [
            "30 job_added once",
            "60 job_started once",
            "69 job_executed once",
            "69 job_finished once",
            "69 job_removed once",
        ]
    );
    assert!(world.scheduler.job_status(&id("once")).is_none());
}
