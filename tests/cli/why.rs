//! `rsched why`: each way in which a fire can end, and each reason for it, is a sentence.

use crate::past::{LifeEnds, Past, at, ended, event, fires, id, job, run};
use crate::sandbox::Sandbox;
use rsched::schedule::Jitter;
use rsched::scheduler::{Emitted, End, EventName, Outcome, Reason, Record, RunRecord, RunState};
use std::time::Duration;

const JOBS: &str = "\
    [scheduler]\n\
    timezone = 'UTC'\n\
    [jobs.backup]\n\
    cron = '* * * * *'\n\
    command = 'true'\n\
    [jobs.off]\n\
    cron = '* * * * *'\n\
    enabled = false\n\
    command = 'true'\n\
    [jobs.new]\n\
    cron = '* * * * *'\n\
    command = 'true'\n";

/// The plan of `backup`, as the records have it.
const PLAN: &str = "* * * * *; UTC";

/// A sandbox with one life of a scheduler that wrote these records, and died.
fn after(records: Vec<Record>) -> Sandbox {
    after_lives(vec![("02:00:00", records, LifeEnds::Dying)])
}

fn after_lives(lives: Vec<(&str, Vec<Record>, LifeEnds)>) -> Sandbox {
    with_past(Sandbox::new().jobs(JOBS), 100, lives)
}

/// A sandbox in whose store these lives have been, with so many runs of each job kept.
pub fn with_past(
    sandbox: Sandbox,
    keep_runs: u32,
    lives: Vec<(&str, Vec<Record>, LifeEnds)>,
) -> Sandbox {
    let past = Past::of(&sandbox).keeping(keep_runs);
    for (began, records, ends) in lives {
        // One batch a record, so that a life is seen as long as its last record says.
        let batches = records
            .into_iter()
            .map(|record| (time_of(&record), vec![record]));
        let batches: Vec<_> = batches.collect();
        let batches = batches
            .iter()
            .map(|(time, records)| (time.as_str(), records.clone()))
            .collect();
        past.life(began, batches, ends);
    }
    sandbox
}

/// When a record was made, as text that is read back.
fn time_of(record: &Record) -> String {
    let time = match record {
        Record::Run(run) => run.end().map_or(run.noticed_at, |end| end.at),
        Record::Fires(fires) => fires.judged_at,
        Record::Event(told) => told.time,
        _ => at("02:00:00"),
    };
    format!("@{}", time.unix_seconds())
}

/// The sentence for this time.
#[track_caller]
pub fn why(sandbox: &Sandbox, job: &str, time: &str) -> String {
    let time = if time.len() > 10 {
        time.to_owned()
    } else {
        format!("2026-05-01 {time}")
    };
    let ended = sandbox.run(["why", job, "--at", &time, "-f", "jobs.toml"]);
    let sentence = ended.stdout.lines().next().unwrap_or_default().to_owned();
    ended.stderr("").success();
    sentence
}

fn known() -> Record {
    job("backup", PLAN, "02:00:00", "04:00:00")
}

pub fn told(told: Emitted) -> Record {
    Record::Event(Box::new(told))
}

fn missed(first: &str, last: &str, count: u64, judged_at: &str) -> Record {
    fires("backup", (first, last, count), Outcome::Missed, judged_at)
}

#[test]
fn the_answer_of_the_manual() {
    let sandbox = after_lives(vec![
        (
            "02:00:00",
            vec![
                known(),
                told(event(1, EventName::SchedulerShutdown, "02:51:00")),
            ],
            LifeEnds::Stopping,
        ),
        (
            "03:14:00",
            vec![missed("02:52:00", "03:12:00", 21, "03:14:00")],
            LifeEnds::Dying,
        ),
    ]);
    sandbox
        .run(["why", "backup", "--at", "2026-05-01 03:00", "-f", "jobs.toml"])
        .stdout(
            "backup did not run at 2026-05-01 03:00:00+00:00: missed — the scheduler was down from 02:51:00 to 03:14:00, and it was noticed 14 min late; misfire_grace_time is 1m\n\
             \n\
             RECORD     TIME                       WHAT\n\
             scheduler  2026-05-01 02:00:00+00:00  pid 1, stopped at 2026-05-01 02:51:00+00:00\n\
             scheduler  2026-05-01 03:14:00+00:00  pid 1, last seen at 2026-05-01 03:14:00+00:00\n\
             fires      2026-05-01 03:12:00+00:00  missed, 21 fires from 02:52:00 on, noticed 2 min late\n",
        )
        .stderr("")
        .success();
}

#[test]
fn a_run_says_how_it_ended() {
    let end = |outcome, detail: &str| {
        let end = End::without_process(outcome, at("03:00:09"), Some(detail.to_owned()));
        RunState::Ended(Box::new(end))
    };
    for (run, sentence) in [
        (
            ended("backup", "03:00:00", Outcome::Succeeded, 4),
            "backup ran at 2026-05-01 03:00:00+00:00 and succeeded after 4.0 s",
        ),
        (
            ended("backup", "03:00:00", Outcome::Failed, 4),
            "backup ran at 2026-05-01 03:00:00+00:00 and failed after 4.0 s: exit 3",
        ),
        (
            ended("backup", "03:00:00", Outcome::TimedOut, 4),
            "backup ran at 2026-05-01 03:00:00+00:00 and was stopped at its timeout after 4.0 s",
        ),
        (
            run("backup", "03:00:00", end(Outcome::Killed, "on request")),
            "backup ran at 2026-05-01 03:00:00+00:00 and was stopped: on request",
        ),
        (
            run(
                "backup",
                "03:00:00",
                end(Outcome::SpawnFailed, "there is no `x`"),
            ),
            "backup could not be started at 2026-05-01 03:00:00+00:00: there is no `x`",
        ),
        (
            run(
                "backup",
                "03:00:00",
                end(Outcome::Lost, "the machine went down"),
            ),
            "backup was started at 2026-05-01 03:00:00+00:00 and is lost: the machine went down",
        ),
        (
            run("backup", "03:00:00", RunState::Running),
            "backup was started at 2026-05-01 03:00:00+00:00 and the scheduler died, some time after 2026-05-01 03:00:00+00:00, and has not been started since: how it ended will be found out, if it can, when it is",
        ),
        (
            run("backup", "03:00:00", RunState::Pending),
            "backup has not run yet for 2026-05-01 03:00:00+00:00: the scheduler died, some time after 2026-05-01 03:00:00+00:00, and has not been started since, and the run that was to be is judged when it is",
        ),
    ] {
        let sandbox = after(vec![known(), Record::Run(run)]);
        assert_eq!(why(&sandbox, "backup", "03:00"), sentence);
    }
}

#[test]
fn a_fire_was_missed_for_one_of_these_reasons() {
    let step = Emitted {
        duration: Some(Duration::from_secs(600)),
        detail: Some("forward".to_owned()),
        ..event(1, EventName::ClockStepped, "03:08:00")
    };
    let failed = Emitted {
        detail: Some("the disk is full".to_owned()),
        ..event(1, EventName::StoreFailed, "02:59:58")
    };
    let late = "did not run at 2026-05-01 03:00:00+00:00: missed —";
    let noticed = "and it was noticed 8 min late; misfire_grace_time is 1m";
    let range = || missed("03:00:00", "03:06:00", 7, "03:08:00");
    for (before, reason) in [
        (
            vec![
                told(event(1, EventName::SchedulerPaused, "02:58:00")),
                told(event(2, EventName::SchedulerResumed, "03:08:00")),
            ],
            "the scheduler was paused from 02:58:00 to 03:08:00",
        ),
        (
            vec![told(step)],
            "the clock was set forward by 10 min at 03:08:00",
        ),
        (
            vec![told(failed)],
            "the store took no records (the disk is full)",
        ),
    ] {
        let mut records = vec![known()];
        records.extend(before);
        records.push(range());
        let sandbox = after(records);
        assert_eq!(
            why(&sandbox, "backup", "03:00"),
            format!("backup {late} {reason}, {noticed}")
        );
    }
    let suspended = after(vec![known(), range()]);
    assert_eq!(
        why(&suspended, "backup", "03:00"),
        format!(
            "backup {late} it was noticed 8 min late, and nothing on record says why: the machine may have been suspended, or the scheduler stopped or kept from running; misfire_grace_time is 1m"
        )
    );
    let died = after_lives(vec![
        (
            "02:00:00",
            vec![
                known(),
                told(event(1, EventName::SchedulerStarted, "02:40:00")),
            ],
            LifeEnds::Dying,
        ),
        ("03:08:00", vec![range()], LifeEnds::Dying),
    ]);
    assert_eq!(
        why(&died, "backup", "03:00"),
        format!(
            "backup {late} the scheduler died, some time after 02:40:00, and was started again at 03:08:00, {noticed}"
        )
    );
}

#[test]
fn a_pause_goes_on_when_the_scheduler_is_started_again_paused() {
    let sandbox = after(vec![
        known(),
        told(event(1, EventName::SchedulerPaused, "02:50:00")),
        told(event(2, EventName::SchedulerStarted, "02:55:00")),
        told(event(3, EventName::SchedulerPaused, "02:55:00")),
        told(event(4, EventName::SchedulerResumed, "03:08:00")),
        missed("02:51:00", "03:06:00", 16, "03:08:00"),
    ]);
    let sentence = why(&sandbox, "backup", "03:00");
    assert!(
        sentence.contains("was paused from 02:50:00 to 03:08:00"),
        "{sentence}"
    );
}

#[test]
fn a_coalesced_fire_names_the_run_it_was_folded_into() {
    let mut into = ended("backup", "03:08:00", Outcome::Succeeded, 2);
    into.stands_for = 8;
    into.reason = Reason::Catchup;
    let fires = fires(
        "backup",
        ("03:01:00", "03:07:00", 7),
        Outcome::Coalesced,
        "03:08:00",
    );
    let sandbox = after_lives(vec![
        (
            "02:00:00",
            vec![
                known(),
                told(event(1, EventName::SchedulerShutdown, "03:00:10")),
            ],
            LifeEnds::Stopping,
        ),
        ("03:08:00", vec![fires, Record::Run(into)], LifeEnds::Dying),
    ]);
    assert_eq!(
        why(&sandbox, "backup", "03:05"),
        "backup did not run on its own at 2026-05-01 03:05:00+00:00: coalesced into the run for 03:08:00 (succeeded) — the scheduler was down from 03:00:10 to 03:08:00, and 8 fires were due at once"
    );
    assert_eq!(
        why(&sandbox, "backup", "03:08"),
        "backup ran at 2026-05-01 03:08:00+00:00 and succeeded after 2.0 s; it stands for 8 fires"
    );
}

#[test]
fn a_skipped_fire_names_the_run_that_was_in_the_way() {
    let sandbox = after(vec![
        known(),
        Record::Run(ended("backup", "02:58:00", Outcome::Succeeded, 30)),
        Record::Run(ended("backup", "02:59:00", Outcome::Failed, 312)),
        fires(
            "backup",
            ("03:00:00", "03:00:00", 1),
            Outcome::Skipped,
            "03:00:00",
        ),
    ]);
    assert_eq!(
        why(&sandbox, "backup", "03:00"),
        "backup did not run at 2026-05-01 03:00:00+00:00: skipped — maximum number of running instances reached (1): the run for 02:59:00 ran until 03:04:12"
    );
}

#[test]
fn where_there_is_no_record_the_reason_is_one_of_these() {
    let paused = |name, seq, time| {
        told(Emitted {
            job_id: Some(id("backup")),
            ..event(seq, name, time)
        })
    };
    let sandbox = after(vec![
        known(),
        paused(EventName::JobPaused, 1, "02:50:00"),
        paused(EventName::JobResumed, 2, "03:10:00"),
        Record::Run(ended("backup", "03:30:00", Outcome::Succeeded, 1)),
    ]);
    for (job, time, sentence) in [
        (
            "backup",
            "03:00",
            "backup did not run at 2026-05-01 03:00:00+00:00: the job was paused from 02:50:00 to 03:10:00, and fires of a paused job do not exist",
        ),
        (
            "backup",
            "01:30",
            "backup did not run at 2026-05-01 01:30:00+00:00: its schedule is known to the scheduler since 2026-05-01 02:00:00+00:00 only",
        ),
        (
            "backup",
            "03:40",
            "backup did not run at 2026-05-01 03:40:00+00:00, and nothing on record says why",
        ),
        (
            "backup",
            "03:30:20",
            "backup was not due at 2026-05-01 03:30:20+00:00: its schedule `* * * * *` (UTC) has a fire at 03:30:00 (succeeded) before that, and one at 03:31:00 after it",
        ),
        (
            "backup",
            "05:00",
            "backup has not run at 2026-05-01 05:00:00+00:00: the scheduler died, some time after 2026-05-01 03:30:01+00:00, and has not been started since; it will be missed, for misfire_grace_time is 1m",
        ),
        (
            "off",
            "03:00",
            "off did not run at 2026-05-01 03:00:00+00:00: it is disabled in the jobs file",
        ),
        (
            "new",
            "03:00",
            "new did not run at 2026-05-01 03:00:00+00:00: no scheduler has seen it yet, for there is no record of it",
        ),
    ] {
        assert_eq!(why(&sandbox, job, time), sentence);
    }
    let future = why(&sandbox, "backup", "2126-05-01 03:00");
    assert!(
        future.starts_with("backup is due at 2126-05-01 03:00:00+00:00, in "),
        "{future}"
    );
}

#[test]
fn a_job_that_left_the_jobs_file_is_told_of_by_its_records() {
    let sandbox = after(vec![Record::Run(ended(
        "gone",
        "03:00:00",
        Outcome::Failed,
        1,
    ))]);
    let ended = sandbox.run(["why", "gone", "-f", "jobs.toml"]);
    assert_eq!(
        ended.stdout.lines().next(),
        Some(
            "gone ran at 2026-05-01 03:00:00+00:00 and failed after 1.0 s: exit 3. There is no such job any more"
        )
    );
    assert_eq!(
        why(&sandbox, "gone", "04:00"),
        "there is no record of a fire of gone at 2026-05-01 04:00:00+00:00, and it is in no jobs file that would tell when it fires"
    );
}

#[test]
fn a_schedule_that_was_edited_and_not_taken_up_is_mentioned() {
    let sandbox = after(vec![
        job("backup", "0 3 * * *; UTC", "02:00:00", "04:00:00"),
        Record::Run(ended("backup", "03:00:00", Outcome::Succeeded, 1)),
    ]);
    assert_eq!(
        why(&sandbox, "backup", "03:00"),
        "backup ran at 2026-05-01 03:00:00+00:00 and succeeded after 1.0 s. The jobs file has another schedule for it than the one on record: no scheduler has taken that up yet"
    );
}

#[test]
fn the_json_has_the_answer_in_a_word_and_the_records() {
    let sandbox = after(vec![
        known(),
        Record::Run(ended("backup", "03:00:00", Outcome::Failed, 1)),
    ]);
    let ended = sandbox.run([
        "why",
        "backup",
        "--at",
        "2026-05-01 03:00",
        "-f",
        "jobs.toml",
        "--format",
        "json",
    ]);
    let answer: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["answer"], "failed");
    assert_eq!(answer["fire_time"], "2026-05-01T03:00:00+00:00");
    assert_eq!(answer["records"][0]["exit_code"], 3);
    ended.stderr("").success();
}

#[test]
fn a_run_between_two_attempts_says_how_the_last_one_ended_and_when_the_next_is_due() {
    let jobs = "[scheduler]\ntimezone = 'UTC'\n[jobs.backup]\ncron = '0 3 * * *'\ncommand = 'true'\n\
                retry = { attempts = 3, delay = '8s', factor = 2 }\n";
    let asked = |run| {
        let lives = vec![("02:00:00", vec![Record::Run(run)], LifeEnds::Dying)];
        why(
            &with_past(Sandbox::new().jobs(jobs), 100, lives),
            "backup",
            "03:00",
        )
    };
    let failed = ended("backup", "03:00:00", Outcome::Failed, 2);
    let waiting = RunRecord {
        attempt: 3,
        pid: None,
        earlier: failed.end().cloned().map(Box::new),
        state: RunState::Pending,
        ..failed.clone()
    };
    assert_eq!(
        asked(waiting),
        "backup was tried for 2026-05-01 03:00:00+00:00: attempt 2 failed (exit 3) at 03:00:02; attempt 3 was due at 03:00:18, and the scheduler died, some time after 2026-05-01 03:00:00+00:00, and has not been started since"
    );
    let last = RunRecord {
        attempt: 4,
        ..failed
    };
    assert_eq!(
        asked(last),
        "backup ran at 2026-05-01 03:00:00+00:00 and failed after 2.0 s: exit 3; that was attempt 4"
    );
}

#[test]
fn what_waited_for_its_turn_is_not_said_to_have_run_when_it_was_due() {
    let mut waited = ended("backup", "03:00:00", Outcome::Succeeded, 2);
    waited.started_at = Some(at("03:00:06"));
    waited.waited = Some(Duration::from_secs(6));
    let sandbox = after(vec![known(), Record::Run(waited.clone())]);
    assert_eq!(
        why(&sandbox, "backup", "03:00"),
        "backup ran for 2026-05-01 03:00:00+00:00, from 03:00:06 on, and succeeded after 2.0 s; it waited 6.0 s to be started"
    );
    waited.state = RunState::Running;
    let sandbox = after(vec![known(), Record::Run(waited)]);
    let sentence = why(&sandbox, "backup", "03:00");
    assert!(
        sentence.starts_with(
            "backup was started for 2026-05-01 03:00:00+00:00, from 03:00:06 on, and the scheduler died"
        ),
        "{sentence}"
    );
}

#[test]
fn a_start_that_was_spread_is_late_only_behind_its_planned_start() {
    let jobs = "[scheduler]\ntimezone = 'UTC'\nseed = 'seed'\n[jobs.backup]\ncron = '* * * * *'\n\
                command = 'true'\njitter = '50s'\n";
    let jitter = Jitter {
        most: Duration::from_secs(50),
        seed: "seed",
        job_id: "backup",
    };
    let delay = jitter.delay(at("03:00:00"));
    assert!(delay > Duration::from_secs(2), "{delay:?}");
    for (late, told) in [(0, ""), (7, "noticed 7.0 s late")] {
        let mut run = ended("backup", "03:00:00", Outcome::Succeeded, 2);
        run.noticed_at = run.fire_time + delay + Duration::from_secs(late);
        run.started_at = Some(run.noticed_at);
        let lives = vec![("02:00:00", vec![known(), Record::Run(run)], LifeEnds::Dying)];
        let sandbox = with_past(Sandbox::new().jobs(jobs), 100, lives);
        let history = sandbox.run(["history", "backup", "-f", "jobs.toml"]).stdout;
        for text in [why(&sandbox, "backup", "03:00"), history] {
            assert_eq!(text.contains("noticed"), late > 0, "{text}");
            assert!(text.contains(told), "{text}");
        }
    }
}

#[test]
fn the_run_that_others_came_back_to_says_how_many_fires_it_stands_for() {
    let end = End::without_process(Outcome::Coalesced, at("03:08:00"), None);
    let mut back = run("backup", "03:00:00", RunState::Ended(Box::new(end)));
    (back.started_at, back.pid) = (None, None);
    let mut into = ended("backup", "03:08:00", Outcome::Succeeded, 2);
    into.stands_for = 12;
    let sandbox = after(vec![known(), Record::Run(back), Record::Run(into)]);
    let sentence = why(&sandbox, "backup", "03:00");
    assert!(
        sentence.contains(
            "coalesced into the run for 03:08:00 (succeeded) — 12 fires were due at once"
        ),
        "{sentence}"
    );
}

#[test]
fn a_fire_that_came_while_the_scheduler_was_stopping_was_not_got_to() {
    let shutdown = told(event(1, EventName::SchedulerShutdown, "04:03:30"));
    let lives = vec![("02:00:00", vec![known(), shutdown], LifeEnds::Stopping)];
    let sandbox = after_lives(lives);
    let gone = |fire| why(&sandbox, "backup", fire);
    let late = "and has not been started since; it will be missed, for misfire_grace_time is 1m";
    assert_eq!(
        gone("04:02"),
        format!(
            "backup has not run at 2026-05-01 04:02:00+00:00: the scheduler did not get to it before it stopped at 04:03:30, {late}"
        )
    );
    assert_eq!(
        gone("04:05"),
        format!(
            "backup has not run at 2026-05-01 04:05:00+00:00: the scheduler was stopped at 04:03:30 {late}"
        )
    );
}

#[test]
fn a_job_that_is_disabled_since_is_not_said_to_have_another_schedule() {
    let sandbox = after(vec![
        job("off", PLAN, "02:00:00", "04:00:00"),
        Record::Run(ended("off", "03:00:00", Outcome::Succeeded, 1)),
    ]);
    assert_eq!(
        why(&sandbox, "off", "03:00"),
        "off ran at 2026-05-01 03:00:00+00:00 and succeeded after 1.0 s. It was enabled when a scheduler last wrote, and is disabled in the jobs file now: no scheduler has taken that up yet"
    );
}
