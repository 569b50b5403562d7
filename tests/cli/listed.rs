//! `rsched list`, where no scheduler runs: from jobs file and records.

use crate::past::{LifeEnds, Past, ended, fires};
use crate::sandbox::{Ended, Sandbox};
use crate::scheduler::{Scheduler, eventually};
use rsched::scheduler::{Outcome, Record};
use serde_json::{Value, json};

const JOBS: &str = "\
    [jobs.daily]\ncron = '0 3 * * *'\ncommand = 'true'\n\
    [jobs.hourly]\ninterval = '1h'\ncommand = 'true'\n\
    [jobs.long]\ncommand = 'sleep 1000'\nkill_after = '1s'\n\
    [jobs.off]\ncron = '0 3 * * *'\nenabled = false\ntags = ['t']\ncommand = 'true'\n\
    [jobs.once]\ncommand = 'exit 3'\n";

const FROM_RECORDS: &str =
    "rsched: no scheduler runs: this is from the jobs file and its records\n";

/// Id, state and the first word of what last became of a fire.
fn rows(shown: &Ended) -> Vec<[String; 3]> {
    let lines = shown.stdout.lines().skip(1);
    let cells = lines.map(|line| line.split("  ").filter(|cell| !cell.is_empty()));
    let row = |cells: Vec<&str>| {
        let last = cells[3].trim().split(' ').next().unwrap();
        [cells[0].trim(), cells[1].trim(), last].map(str::to_owned)
    };
    cells.map(|cells| row(cells.collect())).collect()
}

fn json_of(shown: Ended) -> Value {
    let json = serde_json::from_str(&shown.stdout).unwrap();
    shown.success();
    json
}

#[test]
fn what_a_killed_scheduler_had_is_listed_as_it_would_go_on() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let scheduler = Scheduler::start(&sandbox);
    sandbox.run(["pause", "daily"]).success();
    sandbox
        .run(["add", "ping", "--interval", "5m", "--", "true"])
        .success();
    sandbox.run(["kill", "long"]).success();
    let expected = [
        ["daily", "paused", "-"],
        ["hourly", "scheduled", "-"],
        ["long", "finished", "killed"],
        ["off", "disabled", "-"],
        ["once", "finished", "failed"],
        ["ping", "scheduled", "-"],
    ];
    eventually("the ends", || rows(&sandbox.run(["list"])) == expected);
    // A list tells of an end before it is on the disk.
    eventually("the records", || {
        let history = sandbox.run(["history"]).stdout;
        history.contains(" killed ") && history.contains(" failed ")
    });
    let live = json_of(sandbox.run(["list", "--format", "json"]));
    let last = &live[2]["last_outcome"];
    assert_eq!(last["outcome"], "killed");
    // When it ended, not when it was due.
    assert_eq!(last["at"], live[2]["last_run"]["ended_at"]);
    assert!(last["at"].as_str() > live[2]["last_run"]["fire_time"].as_str());
    scheduler.kill();

    // Its socket is still there.
    assert!(sandbox.path().join("run/control.sock").exists());
    let shown = sandbox.run(["list", "-f", "jobs.toml"]);
    assert_eq!(rows(&shown), expected);
    shown.stderr(FROM_RECORDS).success();
    let shown = sandbox.run(["list"]);
    assert_eq!(rows(&shown), expected);
    shown
        .stderr(&format!("rsched: using jobs.toml\n{FROM_RECORDS}"))
        .success();
    for (option, value, ids) in [
        ("--state", "finished", &["long", "once"][..]),
        ("--tag", "t", &["off"]),
    ] {
        let shown = sandbox.run(["list", option, value]);
        let found: Vec<_> = rows(&shown).into_iter().map(|[id, ..]| id).collect();
        assert_eq!(found, ids);
    }
    let recorded = json_of(sandbox.run(["list", "--format", "json"]));
    for job in 0..expected.len() {
        for key in ["id", "next_run_time", "last_outcome", "source", "state"] {
            assert_eq!(recorded[job][key], live[job][key], "{key} of {job}");
        }
    }
    let said = "rsched: that scheduler does not run; `rsched run jobs.toml` starts it, \
                `rsched status` without options finds one that does\n";
    sandbox
        .run(["status", "-f", "jobs.toml"])
        .stdout("")
        .stderr(said)
        .code(69);
}

#[test]
fn a_run_that_outlives_its_scheduler_is_running() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let scheduler = Scheduler::start(&sandbox);
    let is = |state: &str| rows(&sandbox.run(["list"]))[2][1] == state;
    eventually("a run", || is("running"));
    // As the records have it by now: it has a process.
    let mut process = 0;
    eventually("its process", || {
        let history = sandbox.run(["history", "long", "--format", "json"]);
        let runs: Value = serde_json::from_str(&history.stdout).unwrap();
        process = runs[0]["pid"].as_i64().unwrap_or_default();
        process > 0
    });
    scheduler.kill();
    assert!(is("running"));
    sandbox.shell(&format!("kill -9 -{process}")).success();
    eventually("its end", || is("finished"));
}

#[test]
fn jobs_that_never_ran_are_listed_from_the_file_alone() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let shown = sandbox.run(["list", "-f", "jobs.toml"]);
    let once = "once    scheduled  at its start";
    assert!(
        shown.stdout.lines().any(|line| line.starts_with(once)),
        "{}",
        shown.stdout
    );
    shown
        .stderr(
            "rsched: no scheduler runs: this is from the jobs file, and there are no records yet\n",
        )
        .success();
    // Nothing was made.
    assert!(!sandbox.path().join("state").exists());
}

#[test]
fn a_fire_that_was_missed_is_what_last_became_of_a_job() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let run = Record::Run(ended("daily", "03:00:00", Outcome::Succeeded, 20));
    let missed = fires(
        "daily",
        ("03:01:00", "03:02:00", 2),
        Outcome::Missed,
        "03:09:00",
    );
    let folded = fires(
        "daily",
        ("03:10:00", "03:10:00", 1),
        Outcome::Coalesced,
        "03:11:00",
    );
    let last = |sandbox: &Sandbox| {
        json_of(sandbox.run(["list", "-f", "jobs.toml", "--format", "json"]))[0]["last_outcome"]
            .take()
    };
    let past = Past::of(&sandbox);
    past.life(
        "03:00:00",
        vec![("03:01:00", vec![run])],
        LifeEnds::Stopping,
    );
    let ended = json!({"outcome": "succeeded", "at": "2026-05-01T03:00:20+00:00"});
    assert_eq!(last(&sandbox), ended);
    let batch = vec![("03:12:00", vec![missed, folded])];
    past.life("03:09:00", batch, LifeEnds::Stopping);
    let missed = json!({"outcome": "missed", "at": "2026-05-01T03:09:00+00:00"});
    assert_eq!(last(&sandbox), missed);
}

#[test]
fn without_a_jobs_file_nobody_knows_the_jobs() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["list"])
        .stdout("")
        .stderr("rsched: no scheduler runs for this user; `rsched run` starts one, `--socket` names one that is elsewhere\n")
        .code(69);
    let sandbox = Sandbox::new().jobs("[jobs.a]\n");
    let shown = sandbox.run(["list", "-f", "jobs.toml"]);
    assert!(
        shown.stderr
            .ends_with("rsched: no scheduler runs, and without a valid jobs file nobody knows which jobs there are\n"),
        "{}",
        shown.stderr
    );
    shown.stdout("").code(69);
}
