//! `rsched why` where there is no record of the time that is asked for: records are pruned, schedules are
//! edited and jobs come and go, and none of that may be taken for a fire that did not run.

use crate::past::{LifeEnds, at, ended, event, fires, id, job, known};
use crate::sandbox::Sandbox;
use crate::why::{told, why, with_past};
use rsched::scheduler::{EventName, Outcome, Progress, Record};

const JOBS: &str = "\
    [scheduler]\n\
    timezone = 'UTC'\n\
    [jobs.backup]\n\
    cron = '* * * * *'\n\
    command = 'true'\n\
    [jobs.off]\n\
    cron = '* * * * *'\n\
    enabled = false\n\
    command = 'true'\n";

const PLAN: &str = "* * * * *; UTC";

/// One life with these records, of which two runs of each job are kept.
fn after(records: Vec<Record>) -> Sandbox {
    let lives = vec![("02:00:00", records, LifeEnds::Dying)];
    with_past(Sandbox::new().jobs(JOBS), 2, lives)
}

/// Runs at 03:01 to 03:05, of which two are kept.
fn pruned(job: &str) -> Vec<Record> {
    let run = |minute| {
        let fire = format!("03:0{minute}:00");
        Record::Run(ended(job, &fire, Outcome::Succeeded, 1))
    };
    (1..=5).map(run).collect()
}

fn of_job(name: EventName, seq: u64, job: &str, time: &str) -> Record {
    let mut about = event(seq, name, time);
    about.job_id = Some(id(job));
    told(about)
}

#[test]
fn a_run_that_was_pruned_is_not_said_not_to_have_run() {
    let mut records = vec![
        job("backup", PLAN, "02:00:00", "03:05:00"),
        // It is kept for longer than runs are.
        fires(
            "backup",
            ("02:10:00", "02:12:00", 3),
            Outcome::Missed,
            "02:20:00",
        ),
    ];
    records.extend(pruned("backup"));
    assert_eq!(
        why(&after(records), "backup", "03:02"),
        "what became of backup at 2026-05-01 03:02:00+00:00 is not on record any more: what is kept of its runs begins at 2026-05-01 03:04:00+00:00"
    );
}

#[test]
fn a_job_that_was_disabled_later_may_have_run_before() {
    let mut records = vec![job(
        "off",
        "* * * * *; UTC; disabled",
        "03:10:00",
        "03:10:00",
    )];
    records.extend(pruned("off"));
    let sandbox = after(records);
    assert_eq!(
        why(&sandbox, "off", "03:02"),
        "there is no record of what became of off at 2026-05-01 03:02:00+00:00: what is kept of its runs begins at 2026-05-01 03:04:00+00:00; its schedule is known to the scheduler since 2026-05-01 03:10:00+00:00 only"
    );
    assert_eq!(
        why(&sandbox, "off", "03:20"),
        "off did not run at 2026-05-01 03:20:00+00:00: it is disabled in the jobs file"
    );
}

#[test]
fn a_pause_goes_with_the_job_and_a_job_that_was_gone_is_said_to_be() {
    let mut records = vec![
        of_job(EventName::JobPaused, 1, "backup", "02:30:00"),
        of_job(EventName::JobRemoved, 2, "backup", "02:40:00"),
        of_job(EventName::JobAdded, 3, "backup", "02:50:00"),
        job("backup", PLAN, "02:50:00", "03:05:00"),
    ];
    records.extend(pruned("backup"));
    let sandbox = after(records);
    for (time, sentence) in [
        (
            "02:35",
            "backup did not run at 2026-05-01 02:35:00+00:00: the job was paused from 02:30:00 to 02:40:00, and fires of a paused job do not exist",
        ),
        (
            "02:45",
            "backup did not run at 2026-05-01 02:45:00+00:00: it was removed at 02:40:00 and added again at 02:50:00",
        ),
        (
            "03:02",
            "what became of backup at 2026-05-01 03:02:00+00:00 is not on record any more: what is kept of its runs begins at 2026-05-01 03:04:00+00:00",
        ),
        (
            "02:20",
            "there is no record of what became of backup at 2026-05-01 02:20:00+00:00: what is kept of its runs begins at 2026-05-01 03:04:00+00:00; its schedule is known to the scheduler since 2026-05-01 02:50:00+00:00 only",
        ),
        (
            "02:20:30",
            "whether backup was due at 2026-05-01 02:20:30+00:00 is not on record: what is kept of its runs begins at 2026-05-01 03:04:00+00:00; its schedule `* * * * *` (UTC) has no fire then, but it is known to the scheduler since 2026-05-01 02:50:00+00:00 only",
        ),
    ] {
        assert_eq!(why(&sandbox, "backup", time), sentence);
    }
}

#[test]
fn a_pause_that_nobody_saw_end_is_believed_only_of_a_job_that_is_paused() {
    let records = |paused, added| {
        let mut backup = known("backup", PLAN, "02:50:00", "03:05:00");
        backup.paused = paused;
        let mut records = vec![
            of_job(EventName::JobPaused, 1, "backup", "02:30:00"),
            Record::Job(Box::new(backup)),
        ];
        records.extend(pruned("backup"));
        if added {
            records.push(of_job(EventName::JobAdded, 2, "backup", "02:40:00"));
        }
        records
    };
    let paused = "backup did not run at 2026-05-01 02:45:00+00:00: the job was paused since";
    for (is_paused, added, since) in [
        (true, false, Some("02:30:00")),
        // It came back without its pause, and then began paused.
        (true, true, Some("02:40:00")),
        (false, false, None),
        (false, true, None),
    ] {
        let sentence = why(&after(records(is_paused, added)), "backup", "02:45");
        match since {
            Some(since) => assert!(
                sentence.starts_with(&format!("{paused} {since}")),
                "{sentence}"
            ),
            None => assert!(
                sentence.starts_with("there is no record of what became of backup"),
                "{sentence}"
            ),
        }
    }
}

#[test]
fn fires_of_a_schedule_that_was_edited_are_known_at_the_ends_of_their_stretch_only() {
    let missed =
        |(first, last, count)| fires("backup", (first, last, count), Outcome::Missed, "02:40:00");
    let records = vec![
        missed(("02:10:10", "02:20:10", 61)),
        missed(("02:30:00", "02:35:00", 2)),
        missed(("03:10:00", "03:20:00", 11)),
        job("backup", PLAN, "03:00:00", "04:00:00"),
        told(event(1, EventName::SchedulerPaused, "02:09:00")),
        told(event(2, EventName::SchedulerResumed, "02:40:00")),
    ];
    let lives = vec![("02:00:00", records, LifeEnds::Dying)];
    let sandbox = with_past(Sandbox::new().jobs(JOBS), 100, lives);
    for (time, sentence) in [
        (
            "02:15",
            "whether backup was due at 2026-05-01 02:15:00+00:00 is not known any more: 61 fires from 02:10:10 to 02:20:10 were missed — the scheduler was paused from 02:09:00 to 02:40:00; which times they were of, the records do not tell",
        ),
        (
            "02:20:10",
            "backup did not run at 2026-05-01 02:20:10+00:00: missed — the scheduler was paused from 02:09:00 to 02:40:00, and it was noticed 19 min 50 s late; misfire_grace_time is 1m",
        ),
        // Of two, both times are known.
        (
            "02:32",
            "backup did not run at 2026-05-01 02:32:00+00:00: its schedule is known to the scheduler since 2026-05-01 03:00:00+00:00 only",
        ),
    ] {
        assert_eq!(why(&sandbox, "backup", time), sentence);
    }
    let known = why(&sandbox, "backup", "03:15");
    assert!(
        known.starts_with("backup did not run at 2026-05-01 03:15:00+00:00: missed"),
        "{known}"
    );
}

#[test]
fn where_a_schedule_may_have_been_another_that_is_said() {
    let mut backup = known("backup", PLAN, "02:00:00", "02:50:00");
    backup.progress = Progress::starting_after(at("02:50:00"));
    let sandbox = after(vec![Record::Job(Box::new(backup))]);
    assert_eq!(
        why(&sandbox, "backup", "02:30"),
        "backup did not run at 2026-05-01 02:30:00+00:00: how its schedule was before 2026-05-01 02:50:00+00:00 is not on record"
    );
    assert_eq!(
        why(&sandbox, "backup", "02:30:30"),
        "backup did not run at 2026-05-01 02:30:30+00:00: its schedule `* * * * *` (UTC) has no fire then, and every record there ever was of it is kept"
    );
}

#[test]
fn fires_of_a_job_that_is_gone_are_known_at_the_ends_of_their_stretch_only() {
    let sandbox = after(vec![
        fires(
            "gone",
            ("02:10:00", "02:20:00", 3),
            Outcome::Missed,
            "02:40:00",
        ),
        of_job(EventName::JobRemoved, 1, "gone", "02:45:00"),
    ]);
    for (time, sentence) in [
        (
            "02:13:07",
            "whether gone was due at 2026-05-01 02:13:07+00:00 is not known any more: 3 fires from 02:10:00 to 02:20:00 were missed; which times they were of, the records do not tell",
        ),
        (
            "02:50",
            "gone did not run at 2026-05-01 02:50:00+00:00: it was removed at 02:45:00",
        ),
    ] {
        assert_eq!(why(&sandbox, "gone", time), sentence);
    }
}

/// A job that was added while the scheduler ran, in a zone of its own.
fn added_at_run_time(paused: bool) -> Vec<Record> {
    let mut added = known("added", "0 4 * * *; Asia/Tokyo", "02:00:00", "02:30:00");
    let definition = r#"{"command": "true", "cron": "0 4 * * *", "timezone": "Asia/Tokyo"}"#;
    added.definition = Some(definition.into());
    added.paused = paused;
    vec![
        of_job(EventName::JobAdded, 1, "added", "02:00:00"),
        Record::Job(Box::new(added)),
    ]
}

#[test]
fn a_job_that_was_added_at_run_time_has_its_zone_and_its_schedule() {
    let mut records = added_at_run_time(false);
    records.push(Record::Run(ended(
        "added",
        "2026-05-01 19:00:00",
        Outcome::Succeeded,
        1,
    )));
    let sandbox = after(records);
    assert_eq!(
        why(&sandbox, "added", "2026-05-02 04:00"),
        "added ran at 2026-05-02 04:00:00+09:00 and succeeded after 1.0 s"
    );
    let history = sandbox.run(["history", "added", "-f", "jobs.toml"]);
    assert!(
        history.stdout.contains("2026-05-02 04:00:00+09:00  added"),
        "{}",
        history.stdout
    );
    let not_due = why(&sandbox, "added", "2026-05-02 05:00");
    assert_eq!(
        not_due,
        "added was not due at 2026-05-02 05:00:00+09:00: its schedule `0 4 * * *` (Asia/Tokyo) has a fire at 04:00:00 (succeeded) before that, and one at 2026-05-03 04:00:00 after it"
    );
    let future = why(&sandbox, "added", "2126-05-02 04:00");
    assert!(
        future.starts_with("added is due at 2126-05-02 04:00:00+09:00, in "),
        "{future}"
    );
    let down = why(&sandbox, "added", "2026-05-03 04:00");
    assert!(
        down.starts_with("added has not run at 2026-05-03 04:00:00+09:00: the scheduler died"),
        "{down}"
    );
    let paused = after(added_at_run_time(true));
    assert_eq!(
        why(&paused, "added", "2026-05-02 04:00"),
        "added did not run at 2026-05-02 04:00:00+09:00: the job was paused since 2026-05-01 11:00:00, and fires of a paused job do not exist"
    );
}

#[test]
fn without_a_jobs_file_a_job_of_no_file_is_what_its_plan_says() {
    let records = |plan| {
        let mut added = known("added", plan, "02:00:00", "02:30:00");
        added.definition = Some(r#"{"command": "true", "cron": "0 4 * * *"}"#.into());
        vec![Record::Job(Box::new(added))]
    };
    let asked = |plan| {
        let sandbox = with_past(
            Sandbox::new(),
            2,
            vec![("02:00:00", records(plan), LifeEnds::Dying)],
        );
        let why = [
            "why",
            "added",
            "--at",
            "2126-05-01 05:00",
            "--state-dir",
            "state",
        ];
        sandbox.run(why).stdout
    };
    let known = asked("0 4 * * *; UTC");
    assert!(
        known.starts_with("added is not due at 2126-05-01 05:00:00+00:00"),
        "{known}"
    );
    // Its zone was the jobs file's, which is not known here.
    assert_eq!(
        asked("0 4 * * *; Asia/Tokyo"),
        "added is not due at 2126-05-01 05:00:00+00:00, as far as is known: it is in no jobs file that would tell when it fires\n"
    );
}

#[test]
fn where_a_job_of_no_file_has_no_history_it_is_said_when_it_is_due() {
    let sandbox = after(added_at_run_time(false));
    let said = sandbox.run(["history", "added", "-f", "jobs.toml"]).stderr;
    assert!(
        said.starts_with("rsched: no fire of `added` is on record yet; it is due at 2")
            && said.ends_with(" 04:00:00+09:00\n"),
        "{said}"
    );
}

#[test]
fn a_job_that_is_gone_is_said_to_be_removed_wherever_it_was() {
    let sandbox = after(vec![
        Record::Run(ended("added", "02:10:00", Outcome::Succeeded, 1)),
        of_job(EventName::JobRemoved, 1, "added", "02:45:00"),
    ]);
    let answer = sandbox.run(["why", "added", "-f", "jobs.toml"]).stdout;
    let sentence = answer.lines().next().unwrap_or_default();
    assert_eq!(
        sentence,
        "added ran at 2026-05-01 02:10:00+00:00 and succeeded after 1.0 s. It was removed at 2026-05-01 02:45:00"
    );
    let shown = sandbox.run(["show", "added", "-f", "jobs.toml"]).stdout;
    assert!(shown.contains("state         removed\n"), "{shown}");
}

#[test]
fn a_time_that_the_clocks_skip_is_said_to_be_none() {
    let jobs = "[jobs.wall]\ncron = '30 1 * * *'\ntimezone = 'Europe/London'\ndst = 'wall'\ncommand = 'true'\n\
                [jobs.once]\ncron = '30 1 * * *'\ntimezone = 'Europe/London'\ncommand = 'true'\n";
    let lives = vec![("02:00:00", Vec::new(), LifeEnds::Dying)];
    let sandbox = with_past(Sandbox::new().jobs(jobs), 2, lives);
    let asked = |job| why(&sandbox, job, "2126-03-31 01:30");
    assert_eq!(
        asked("wall"),
        "01:30 does not exist on 2126-03-31 in Europe/London: it does not fire then. wall is not due at 2126-03-31 02:00:00+01:00: its schedule `30 1 * * *` (Europe/London) has a fire at 2126-03-30 01:30:00+00:00 before that, and one at 2126-04-01 01:30:00 after it"
    );
    let once = asked("once");
    assert!(
        once.starts_with(
            "`2126-03-31 01:30` does not exist in Europe/London, where clocks skip 1h then, and means the moment after that. once is due at 2126-03-31 02:00:00+01:00, in "
        ),
        "{once}"
    );
}
