//! `rsched show`, where no scheduler runs: tests/run has the other half.

use crate::past::{LifeEnds, Past, ended, fires, job, printed};
use crate::sandbox::Sandbox;
use rsched::scheduler::{Outcome, Record};

fn recorded() -> Sandbox {
    let sandbox = Sandbox::new().jobs("[jobs.backup]\ncron = '* * * * *'\ncommand = 'true'\n");
    let mut late = ended("backup", "03:02:00", Outcome::Failed, 130);
    late.noticed_at = late.fire_time + std::time::Duration::from_secs(5);
    late.stands_for = 3;
    Past::of(&sandbox).life(
        "03:00:00",
        vec![(
            "03:05:00",
            vec![
                job("backup", "plan", "03:00:00", "03:02:00"),
                Record::Run(printed("backup", "03:01:00", 2_000, b"ok\n")),
                fires(
                    "backup",
                    ("03:01:20", "03:01:40", 2),
                    Outcome::Coalesced,
                    "03:02:05",
                ),
                Record::Run(late),
            ],
        )],
        LifeEnds::Stopping,
    );
    sandbox
}

const FROM_RECORDS: &str = "rsched: no scheduler runs: this is from its records\n";

#[test]
fn a_job_is_its_newest_run_and_its_totals() {
    recorded()
        .run(["show", "backup", "-f", "jobs.toml"])
        .stdout(
            "job           backup\n\
             state         scheduled\n\
             first seen    2026-05-01 03:00:00+00:00\n\
             last run      failed, exit 3, 2 min 10 s, was due 2026-05-01 03:02:00+00:00, run 8bbb2458e6d93fa3\n\
             last success  was due 2026-05-01 03:01:00+00:00\n\
             coalesced     2\n\
             failed        1\n\
             succeeded     1\n",
        )
        .stderr(FROM_RECORDS)
        .success();
}

#[test]
fn a_run_is_found_by_how_its_id_begins() {
    recorded()
        .run(["show", "8bbb", "-f", "jobs.toml"])
        .stdout(
            "run        8bbb2458e6d93fa3\n\
             job        backup\n\
             fire time  2026-05-01 03:02:00+00:00\n\
             outcome    failed\n\
             ended by   exit 3\n\
             reason     its fire time came; it stands for 3 fires\n\
             noticed    2026-05-01 03:02:05+00:00, 5.0 s late\n\
             started    2026-05-01 03:02:00+00:00, having waited 0.00 s\n\
             ended      2026-05-01 03:04:10+00:00, after 2 min 10 s\n\
             process    4321\n",
        )
        .stderr(FROM_RECORDS)
        .success();
}

#[test]
fn neither_job_nor_run_is_wrong_usage() {
    let sandbox = recorded();
    let store = sandbox.path().join("state/store.sqlite");
    for (what, meant) in [
        ("bakcup", ", did you mean `backup`?"),
        ("0123", "; `rsched history` shows what ran"),
    ] {
        sandbox
            .run(["show", what, "-f", "jobs.toml"])
            .stdout("")
            .stderr(&format!(
                "{FROM_RECORDS}rsched: there is no job or run `{what}` in `{}`{meant}\n",
                store.display()
            ))
            .code(2);
    }
}

#[test]
fn the_json_of_a_job_has_its_totals_and_the_whole_run() {
    let ended = recorded().run(["show", "backup", "-f", "jobs.toml", "--format", "json"]);
    let job: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        job["totals"],
        serde_json::json!({"coalesced": 2, "failed": 1, "succeeded": 1})
    );
    assert_eq!(job["last_run"]["outcome"], "failed");
    assert_eq!(job["last_success"], "2026-05-01T03:01:00+00:00");
    assert_eq!(job["paused"], false);
    ended.success();
}
