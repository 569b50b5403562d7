//! `rsched store`.

use crate::past::{LifeEnds, Past, ended, fires, job};
use crate::sandbox::Sandbox;
use rsched::scheduler::{Outcome, Record};
use rusqlite::Connection;
use std::fs;

fn recorded() -> Sandbox {
    let sandbox = Sandbox::new().jobs("[jobs.backup]\ncron = '* * * * *'\ncommand = 'true'\n");
    let records = vec![
        job("backup", "plan", "03:00:00", "03:02:00"),
        Record::Run(ended("backup", "03:01:00", Outcome::Succeeded, 1)),
        fires(
            "backup",
            ("03:02:00", "03:04:00", 3),
            Outcome::Missed,
            "03:09:00",
        ),
    ];
    Past::of(&sandbox).life("03:00:00", vec![("03:09:00", records)], LifeEnds::Stopping);
    sandbox
}

fn execute(sandbox: &Sandbox, sql: &str) {
    let connection = Connection::open(sandbox.path().join("state/store.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

const ROWS: &str = "\
    store        1 row\n\
    sessions     1 row\n\
    jobs         1 row\n\
    runs         1 row\n\
    outputs      0 rows\n\
    fires        1 row\n\
    totals       2 rows\n\
    newest_ends  1 row\n\
    events       0 rows\n";

#[test]
fn a_whole_store_is_called_whole_and_there_is_nothing_to_recover() {
    let sandbox = recorded();
    for arguments in [
        &["store", "check", "state"][..],
        &["store", "check", "state/store.sqlite"],
    ] {
        sandbox
            .run(arguments)
            .stdout(&format!(
                "store        state/store.sqlite\nverdict      whole, version 3\n{ROWS}"
            ))
            .stderr("")
            .success();
    }
    let before = fs::read(sandbox.path().join("state/store.sqlite")).unwrap();
    sandbox
        .run(["store", "recover", "state"])
        .stdout("")
        .stderr(
            "rsched: `state/store.sqlite` is whole: there is nothing to recover, and it is left as it is\n",
        )
        .success();
    assert!(fs::read(sandbox.path().join("state/store.sqlite")).unwrap() == before);
}

#[test]
fn what_does_not_add_up_is_named_and_exit_code_1() {
    let sandbox = recorded();
    execute(
        &sandbox,
        "UPDATE totals SET count = 7 WHERE outcome = 'missed'; UPDATE runs SET state = 'asleep'",
    );
    sandbox
        .run(["store", "check", "-f", "jobs.toml"])
        .stdout(&format!(
            "store        {state}/store.sqlite\nverdict      not whole, version 3\n{ROWS}\
             problem      a run makes no sense (1, `asleep` is not a state of a run)\n\
             problem      a total makes no sense (backup, a checksum in `totals` does not match)\n\
             problem      a run that ended has no outcome, or one that did not has one (1)\n\
             problem      a total is not what its records add up to, and none of them was pruned (backup, missed)\n\
             problem      a total is not what its records add up to, and none of them was pruned (backup, succeeded)\n",
            state = sandbox.path().join("state").display()
        ))
        .stderr(&format!(
            "rsched: help: `rsched store recover {}/store.sqlite` saves what can be read\n",
            sandbox.path().join("state").display()
        ))
        .code(1);
}

#[test]
fn a_damaged_store_is_refused_by_the_scheduler_recovered_and_used_again() {
    let sandbox = recorded();
    execute(&sandbox, "UPDATE jobs SET progress = 'soon'");
    let damaged = fs::read(sandbox.path().join("state/store.sqlite")).unwrap();
    let ended = sandbox.run(["run", "--for", "1s", "jobs.toml"]);
    let path = sandbox.path().join("state/store.sqlite");
    assert!(
        ended
            .stderr
            .contains(&format!("`rsched store recover {}`", path.display())),
        "{}",
        ended.stderr
    );
    ended.code(78);
    let ended = sandbox.run(["store", "recover", "state"]);
    for line in [
        "damage        a job makes no sense (backup, `soon` is not how far a job is judged)",
        "jobs          0 rows saved, 1 made no sense",
        "runs          1 row saved",
        "note          how far some jobs were judged is lost: they count as first seen at the next start, and their fires before it that are on no record stay so",
    ] {
        assert!(
            ended.stdout.lines().any(|shown| shown == line),
            "{line} in\n{}",
            ended.stdout
        );
    }
    let aside = ended.stdout.lines().last().unwrap();
    let aside = aside.strip_prefix("damaged file  ").unwrap().to_owned();
    ended.stderr("").success();
    assert!(fs::read(sandbox.path().join(&aside)).unwrap() == damaged);
    sandbox.run(["run", "--for", "1s", "jobs.toml"]).success();
    let ended = sandbox.run(["history", "backup", "--format", "json"]);
    assert_eq!(ended.stdout.matches("\"type\"").count(), 2);
    ended.success();
    sandbox.run(["store", "check", "state"]).success();
}

#[test]
fn a_file_of_which_nothing_can_be_read_is_left_alone() {
    let sandbox = Sandbox::new().file("state/store.sqlite", &"no store at all ".repeat(300));
    sandbox
        .run(["store", "recover", "state"])
        .stdout("")
        .stderr("rsched: `state/store.sqlite` is no store of rsched: file is not a database\n")
        .code(78);
    sandbox
        .run(["store", "check", "nowhere/store.sqlite"])
        .stdout("")
        .stderr("rsched: there is no store at `nowhere/store.sqlite`\n")
        .code(1);
}

#[test]
fn of_a_recovery_that_was_interrupted_it_is_said_what_finishes_it() {
    let sandbox = recorded();
    let state = sandbox.path().join("state");
    let (store, recovered) = (
        state.join("store.sqlite"),
        state.join("store.sqlite.recovered"),
    );
    // As it is between the two renames.
    fs::rename(&store, &recovered).unwrap();
    let expected = |path: &str| {
        format!(
            "rsched: there is no store at `{path}`: a recovery of it was interrupted\n\
             rsched: help: `rsched store recover {path}` finishes it\n"
        )
    };
    sandbox
        .run(["store", "check", "state"])
        .stdout("")
        .stderr(&expected("state/store.sqlite"))
        .code(1);
    let expected = expected(store.to_str().unwrap());
    sandbox
        .run(["history", "backup"])
        .stdout("")
        .stderr(&format!("rsched: using jobs.toml\n{expected}"))
        .code(1);
    sandbox.run(["store", "recover", "state"]).success();
    sandbox.run(["store", "check", "state"]).success();
    assert!(!recovered.exists());
}
