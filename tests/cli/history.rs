//! `rsched history`.

use crate::past::{LifeEnds, Past, at, ended, fires, job, run};
use crate::sandbox::Sandbox;
use rsched::scheduler::{End, Outcome, Record, RunState};

const JOBS: &str = "\
    [scheduler]\n\
    timezone = 'Europe/Helsinki'\n\
    [jobs.backup]\n\
    cron = '* * * * *'\n\
    command = 'true'\n\
    [jobs.report]\n\
    cron = '@hourly'\n\
    timezone = 'UTC'\n\
    command = 'true'\n";

/// A night in which the scheduler was down for some minutes.
fn night() -> Sandbox {
    let sandbox = Sandbox::new().jobs(JOBS);
    let mut caught_up = ended("backup", "03:14:00", Outcome::Succeeded, 4);
    caught_up.stands_for = 2;
    caught_up.noticed_at = caught_up.fire_time + std::time::Duration::from_secs(12);
    Past::of(&sandbox)
        .life(
            "02:00:00",
            vec![
                (
                    "02:50:00",
                    vec![Record::Run(ended("backup", "02:50:00", Outcome::Failed, 1))],
                ),
                (
                    "02:50:30",
                    vec![Record::Run(ended("report", "02:00:00", Outcome::Lost, 0))],
                ),
            ],
            LifeEnds::Stopping,
        )
        .life(
            "03:14:12",
            vec![(
                "03:14:12",
                vec![
                    fires(
                        "backup",
                        ("02:51:00", "03:12:00", 22),
                        Outcome::Missed,
                        "03:14:12",
                    ),
                    fires(
                        "backup",
                        ("03:13:00", "03:13:00", 1),
                        Outcome::Coalesced,
                        "03:14:12",
                    ),
                    Record::Run(caught_up),
                    Record::Run(run("report", "03:00:00", RunState::Running)),
                ],
            )],
            LifeEnds::Dying,
        );
    sandbox
}

#[test]
fn runs_and_fires_that_became_none_are_one_list_and_the_newest_comes_last() {
    night()
        .run(["history"])
        .stdout(
            "FIRE TIME                  JOB     OUTCOME    TOOK    RUN               NOTE\n\
             2026-05-01 02:00:00+00:00  report  lost       0.00 s  531ad91a3d5c3f3f\n\
             2026-05-01 05:50:00+03:00  backup  failed     1.0 s   32625f31a74aef68  exit 3\n\
             2026-05-01 03:00:00+00:00  report  running    -       c74fbbb28db5b8b6  process 4321\n\
             2026-05-01 06:12:00+03:00  backup  missed     -       -                 22 fires from 05:51:00 on, noticed 2 min 12 s late\n\
             2026-05-01 06:13:00+03:00  backup  coalesced  -       -                 noticed 1 min 12 s late\n\
             2026-05-01 06:14:00+03:00  backup  succeeded  4.0 s   7e10ad96e41a6479  stands for 2 fires, noticed 12.0 s late\n",
        )
        .stderr("rsched: using jobs.toml\n")
        .success();
}

#[test]
fn of_more_than_are_wanted_the_newest_are_shown_and_that_is_said() {
    night()
        .run(["history", "backup", "-n", "2"])
        .stdout(
            "FIRE TIME                  JOB     OUTCOME    TOOK   RUN               NOTE\n\
             2026-05-01 06:13:00+03:00  backup  coalesced  -      -                 noticed 1 min 12 s late\n\
             2026-05-01 06:14:00+03:00  backup  succeeded  4.0 s  7e10ad96e41a6479  stands for 2 fires, noticed 12.0 s late\n",
        )
        .stderr("rsched: using jobs.toml\nrsched: these are the newest 2; -n shows more\n")
        .success();
}

/// The outcomes in the JSON of this command line.
fn outcomes(arguments: &[&str]) -> Vec<String> {
    let all = ["history", "-f", "jobs.toml", "--format", "json"];
    let ended = night().run(all.iter().chain(arguments));
    let entries: Vec<serde_json::Value> = serde_json::from_str(&ended.stdout).unwrap();
    ended.success();
    let outcome = |entry: &serde_json::Value| entry["outcome"].as_str().unwrap_or("-").to_owned();
    entries.iter().map(outcome).collect()
}

#[test]
fn only_what_is_asked_for_is_shown() {
    for (arguments, expected) in [
        (&["--outcome", "failed,lost"][..], &["lost", "failed"][..]),
        (
            &["--outcome", "missed", "--outcome", "coalesced"],
            &["missed", "coalesced"],
        ),
        // The zone is that of the job, or of the file.
        (
            &["backup", "--since", "2026-05-01 06:13"],
            &["coalesced", "succeeded"],
        ),
        (&["backup", "--until", "2026-05-01 05:50"], &["failed"]),
        // A part of a range is enough.
        (
            &["--since", "2026-05-01 06:00", "--until", "2026-05-01 06:01"],
            &["-", "missed"],
        ),
        (&["--since", "2026-06-01"], &[]),
        (&["report", "-n", "1"], &["-"]),
    ] {
        assert_eq!(outcomes(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn the_json_has_every_key_and_one_entry_a_line() {
    night()
        .run(["history", "backup", "-n", "3", "--format", "json"])
        .stdout(
            "[\n  \
             {\"type\":\"fires\",\"job_id\":\"backup\",\"first_fire_time\":\"2026-05-01T05:51:00+03:00\",\"fire_time\":\"2026-05-01T06:12:00+03:00\",\"epoch\":0,\"outcome\":\"missed\",\"count\":22,\"count_within\":22,\"noticed_at\":\"2026-05-01T06:14:12+03:00\",\"detail\":null},\n  \
             {\"type\":\"fires\",\"job_id\":\"backup\",\"first_fire_time\":\"2026-05-01T06:13:00+03:00\",\"fire_time\":\"2026-05-01T06:13:00+03:00\",\"epoch\":0,\"outcome\":\"coalesced\",\"count\":1,\"count_within\":1,\"noticed_at\":\"2026-05-01T06:14:12+03:00\",\"detail\":null},\n  \
             {\"type\":\"run\",\"job_id\":\"backup\",\"run_id\":\"7e10ad96e41a6479\",\"fire_time\":\"2026-05-01T06:14:00+03:00\",\"epoch\":0,\"reason\":\"scheduled\",\"state\":\"ended\",\"outcome\":\"succeeded\",\"exit_code\":0,\"signal\":null,\"core_dumped\":false,\"attempt\":1,\"count\":2,\"noticed_at\":\"2026-05-01T06:14:12+03:00\",\"started_at\":\"2026-05-01T06:14:00+03:00\",\"ended_at\":\"2026-05-01T06:14:04+03:00\",\"waited\":0.0,\"duration\":4.0,\"cpu_time\":null,\"peak_memory\":null,\"pid\":4321,\"detail\":null}\n\
             ]\n",
        )
        .stderr("rsched: using jobs.toml\nrsched: these are the newest 3; -n shows more\n")
        .success();
    night()
        .run([
            "history",
            "--since",
            "now",
            "--format",
            "json",
            "-f",
            "jobs.toml",
        ])
        .stdout("[]\n")
        .stderr("")
        .success();
}

#[test]
fn a_job_that_there_is_not_is_wrong_usage() {
    let sandbox = night();
    let store = sandbox.path().join("state/store.sqlite");
    sandbox
        .run(["history", "bakcup", "-f", "jobs.toml"])
        .stdout("")
        .stderr(&format!(
            "rsched: there is no job `bakcup` in `{}`, did you mean `backup`?\n",
            store.display()
        ))
        .code(2);
}

#[test]
fn nothing_on_record_is_said_and_no_failure() {
    night()
        .run(["history", "--outcome", "timed_out", "-f", "jobs.toml"])
        .stdout("")
        .stderr("rsched: there is nothing like that on record; without --since, --until and --outcome there may be more\n")
        .success();
}

#[test]
fn records_are_read_without_a_valid_jobs_file_and_without_any() {
    let invalid = night().jobs("[jobs.backup]\nshcedule = '@daily'\n");
    let ended = invalid.run(["history", "backup", "-n", "1"]);
    assert!(ended.stdout.contains("2026-05-01 03:14:00+00:00"));
    ended
        .stderr(
            "rsched: using jobs.toml\n\
             rsched: the jobs file is not valid (`rsched validate` says why), so nothing it says of zones, schedules and its store is used\n\
             rsched: these are the newest 1; -n shows more\n",
        )
        .success();
    let none = night();
    std::fs::remove_file(none.path().join("jobs.toml")).unwrap();
    let ended = none.run(["history", "backup", "-n", "100", "--state-dir", "state"]);
    assert_eq!(ended.stdout.lines().count(), 5);
    ended.stderr("").success();
}

#[test]
fn where_there_is_no_store_it_is_said_what_may_be_meant() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let store = sandbox.path().join("state/store.sqlite");
    sandbox
        .run(["history", "-f", "jobs.toml"])
        .stdout("")
        .stderr(&format!(
            "rsched: there is no store at `{}`\n\
             rsched: help: a scheduler makes it when it first runs; -f, --state-dir, --name and --store say which one is meant\n",
            store.display()
        ))
        .code(1);
    let memory = Sandbox::new().jobs("[scheduler]\nstore = 'memory'\n[jobs.a]\ncommand = 'true'\n");
    memory
        .run(["history", "-f", "jobs.toml"])
        .stdout("")
        .stderr(
            "rsched: there are no records to read: the store is `memory`, which nobody but the scheduler sees\n",
        )
        .code(1);
}

#[test]
fn of_a_range_the_json_says_how_many_fires_are_in_the_window_where_that_is_known() {
    let jobs = "[jobs.same]\ncron = '* * * * *'\ntimezone = 'UTC'\ncommand = 'true'\n\
                [jobs.edited]\ncron = '* * * * *'\ntimezone = 'UTC'\ncommand = 'true'\n";
    let sandbox = Sandbox::new().jobs(jobs);
    let missed = |job| {
        let range = ("02:51:00", "03:12:00", 22);
        fires(job, range, Outcome::Missed, "03:14:12")
    };
    let records = vec![
        missed("same"),
        missed("edited"),
        job("same", "* * * * *; UTC", "02:00:00", "04:00:00"),
        job("edited", "* * * * *; UTC", "03:30:00", "04:00:00"),
    ];
    Past::of(&sandbox).life("02:00:00", vec![("04:00:00", records)], LifeEnds::Dying);
    let within = |job, since, until| {
        let (since, until) = (format!("2026-05-01 {since}"), format!("2026-05-01 {until}"));
        let window = ["--since", &since, "--until", &until, "--format", "json"];
        let ended = sandbox.run(["history", job, "-f", "jobs.toml"].iter().chain(&window));
        let entries: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(entries[0]["count"], 22);
        entries[0]["count_within"].as_u64()
    };
    assert_eq!(within("same", "02:00", "03:00"), Some(10));
    assert_eq!(within("same", "03:00:01", "03:05"), Some(5));
    assert_eq!(within("same", "02:51", "03:12"), Some(22));
    assert_eq!(within("edited", "02:51", "03:12"), Some(22));
    assert_eq!(within("edited", "02:00", "03:00"), None);
}

#[test]
fn a_run_that_waited_and_was_replaced_was_not_noticed_late() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let why = "a later run took its place while it waited";
    let end = End::without_process(Outcome::Skipped, at("03:00:04"), Some(why.to_owned()));
    let mut replaced = run("report", "03:00:00", RunState::Ended(Box::new(end)));
    (replaced.started_at, replaced.waited) = (None, None);
    let records = vec![Record::Run(replaced)];
    Past::of(&sandbox).life("02:00:00", vec![("03:00:04", records)], LifeEnds::Dying);
    let ended = sandbox.run(["history", "report", "-f", "jobs.toml"]);
    let line = ended.stdout.lines().last().unwrap_or_default();
    assert!(line.ends_with(&format!("  {why}")), "{line}");
}
