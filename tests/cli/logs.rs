//! `rsched logs`.

use crate::past::{LifeEnds, Past, printed, run};
use crate::sandbox::Sandbox;
use rsched::scheduler::{Record, RunState};

/// Three runs of a job; the newest has not ended.
fn printer() -> Sandbox {
    let sandbox = Sandbox::new().jobs("[jobs.printer]\ncron = '* * * * *'\ncommand = 'true'\n");
    let runs = [
        printed("printer", "03:00:00", 4, b"\xff\x00\x1b\n"),
        printed("printer", "03:01:00", 5_000, b"the end\n"),
        run("printer", "03:02:00", RunState::Running),
        // Of another job.
        printed("other", "03:03:00", 6, b"other\n"),
    ];
    let records = runs.into_iter().map(Record::Run).collect();
    let past = Past::of(&sandbox);
    past.life("03:00:00", vec![("03:03:01", records)], LifeEnds::Dying);
    sandbox
}

#[test]
fn the_newest_run_that_has_ended_is_shown_with_what_is_missing_of_it() {
    printer()
        .run(["logs", "printer", "--file", "jobs.toml"])
        .stdout("the end\n")
        .stderr(
            "rsched: run 7948bb98d640cf7d, which was due 2026-05-01 03:01:00+00:00\n\
             rsched: this is the end of what it printed: 4.8 KiB before it are not kept\n",
        )
        .success();
}

#[test]
fn where_it_is_no_terminal_every_byte_is_as_it_was_written() {
    let sandbox = printer();
    let line = "rsched history printer --format json | grep -o '\"run_id\":\"[0-9a-f]*' \
                | head -1 | cut -d'\"' -f4 > id; \
                rsched logs printer --run $(head -c 9 id) | od -An -tx1";
    let ended = sandbox.shell(line);
    assert_eq!(ended.stdout, " ff 00 1b 0a\n");
    ended.success();
}

#[test]
fn a_run_that_has_not_ended_or_is_of_another_job_is_told_apart() {
    let sandbox = printer();
    let id = |index: usize| {
        let ended = sandbox.run(["history", "--format", "json"]);
        let entries: Vec<serde_json::Value> = serde_json::from_str(&ended.stdout).unwrap();
        entries[index]["run_id"].as_str().unwrap().to_owned()
    };
    let (running, other) = (id(2), id(3));
    let logs = |run: &str| sandbox.run(["logs", "printer", "--file", "jobs.toml", "--run", run]);
    logs(&running)
        .stdout("")
        .stderr(&format!(
            "rsched: run {running} of `printer`: it has not ended: what a run prints is kept when it ends\n"
        ))
        .success();
    logs(&other)
        .stdout("")
        .stderr(&format!("rsched: run {other} is one of job `other`\n"))
        .code(2);
    logs("0123")
        .stdout("")
        .stderr(
            "rsched: job `printer` has no run `0123` on record; `rsched history printer` shows those it has\n",
        )
        .code(2);
}
