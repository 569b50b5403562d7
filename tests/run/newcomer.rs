//! What somebody types who does not know the commands yet: each refusal says what to do next.

use crate::control::started;
use crate::scheduler::{Sandbox, Scheduler, eventually};
use rsched::api::Client;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

const JOBS: &str = "[jobs.backup]\ncron = '0 3 * * *'\ncommand = 'read line < gate'\n";

struct World {
    sandbox: Sandbox,
    scheduler: Scheduler,
    client: Client,
}

impl World {
    fn new() -> Self {
        let (sandbox, scheduler, client) = started(JOBS);
        Self {
            sandbox,
            scheduler,
            client,
        }
    }

    /// Code, standard output and standard error of these words.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let mut all = words.to_vec();
        let place = words.iter().position(|word| *word == "--");
        let place = place.unwrap_or(words.len());
        all.splice(place..place, ["--state-dir", "state"]);
        let (code, stdout, stderr) = self.sandbox.output(&all);
        (code.unwrap(), stdout, stderr)
    }

    #[track_caller]
    fn fails(&self, words: &[&str], code: i32, stderr: &str) {
        let expected = (code, String::new(), stderr.to_owned());
        assert_eq!(self.run(words), expected, "{words:?}");
    }
}

#[test]
fn a_job_whose_time_is_past_is_refused_and_nothing_is_added_or_changed() {
    let world = World::new();
    let past = |id: &str| {
        format!(
            "rsched: Job {id} has no fire times left: all are past (for a date, write a time to come, as `+10m`, or `now`)\n"
        )
    };
    let add = |date| ["add", "once", "--date", date, "--", "true"];
    world.fails(&add("yesterday"), 2, &past("once"));
    assert_eq!(world.run(&add("+1h")).0, 0);
    world.fails(&["reschedule", "once", "--date", "-1h"], 2, &past("once"));
    world.fails(&["modify", "once", "date=2020-01-01"], 2, &past("once"));
    let job = world.client.ask("GET", "/jobs/once", None).unwrap().body;
    assert!(job["next_run_time"].is_string(), "{job}");
    // One that is to do nothing may have any date.
    let off = json!({"id": "off", "command": "true", "date": "2020-01-01", "enabled": false});
    let added = world.client.ask("POST", "/jobs", Some(&off)).unwrap();
    assert_eq!(added.status, 201, "{added:?}");
    world.scheduler.stop();
}

#[test]
fn a_job_whose_time_passed_while_it_was_paused_is_done_when_it_is_resumed() {
    let world = World::new();
    let (code, ..) = world.run(&["add", "once", "--date", "+5s", "--", "true"]);
    assert_eq!(code, 0);
    let due = SystemTime::now() + Duration::from_secs(5);
    assert_eq!(world.run(&["pause", "once"]).0, 0);
    eventually("its time is past", || SystemTime::now() > due);
    let said = "resumed once, which has no fire times left, and is done\n";
    let expected = (0, said.to_owned(), String::new());
    assert_eq!(world.run(&["resume", "once"]), expected);
    world.scheduler.stop();
}

#[test]
fn the_socket_names_whose_records_are_meant_too() {
    let mut world = World::new();
    let added = world.run(&["add", "once", "--date", "+1h", "--", "true"]);
    assert_eq!(added.0, 0, "{added:?}");
    assert_eq!(world.run(&["trigger", "once"]).0, 0);
    world.scheduler.event("job_executed", "once");
    let with_socket = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend(["--socket", "state/control.sock"]);
        world.sandbox.output(&all)
    };
    let (code, stdout, stderr) = with_socket(&["history", "once"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains("succeeded"), "{stdout}");
    // An added job is in no file, and need not be.
    let (code, stdout, stderr) = with_socket(&["why", "once"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(
        stdout.contains("succeeded") && !stdout.contains("no more"),
        "{stdout}"
    );
    let (code, ..) = with_socket(&["history", "--state-dir", "state"]);
    assert_eq!(code, Some(2), "one of the two is enough");
    world.scheduler.stop();
}

#[test]
fn a_job_that_is_due_now_is_added_though_it_may_be_done_before_that_is_said() {
    let mut world = World::new();
    for number in 0..10 {
        let id = format!("now-{number}");
        let (code, stdout, stderr) = world.run(&["add", &id, "--date", "now", "--", "true"]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        let said = stdout.strip_prefix(&format!("added {id}, ")).unwrap();
        let said = said.trim_end();
        assert!(
            said == "which runs now" || said == "which was due at once, and is done",
            "{said}"
        );
        world.scheduler.event("job_executed", &id);
    }
    world.scheduler.stop();
}

#[test]
fn an_id_that_differs_in_case_only_needs_another_and_not_a_replacement() {
    let world = World::new();
    let add = ["add", "BACKUP", "--interval", "1h", "--", "true"];
    world.fails(
        &add,
        1,
        "rsched: Job backup already exists: ids that differ in upper and lower case only are one\n\
         rsched: choose another id\n",
    );
    world.scheduler.stop();
}

#[test]
fn a_run_is_stopped_by_how_its_id_begins() {
    let mut world = World::new();
    world.sandbox.make_gate("gate");
    let (_, run, _) = world.run(&["trigger", "backup"]);
    world.scheduler.event("job_started", "backup");
    let said = (0, format!("stopping {run}"), String::new());
    assert_eq!(world.run(&["kill", &run[..6]]), said);
    world.scheduler.event("job_error", "backup");
    world.fails(
        &["kill", &run[..6]],
        2,
        &format!(
            "rsched: there is no job `{}`; `rsched list` shows which there are\n",
            &run[..6]
        ),
    );
    world.scheduler.stop();
}

#[test]
fn who_follows_the_output_of_a_job_that_does_not_run_is_told_so() {
    let world = World::new();
    let mut command = world
        .sandbox
        .command(&["logs", "backup", "-f", "--state-dir", "state"]);
    let mut following = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stderr.take().unwrap()).lines();
    assert_eq!(
        lines.next().unwrap().unwrap(),
        "rsched: waiting for the next run of `backup`, Ctrl-C ends this; `rsched logs backup` shows the last one"
    );
    following.kill().unwrap();
    following.wait().unwrap();
    world.scheduler.stop();
}

#[test]
fn a_list_says_that_the_scheduler_is_paused() {
    let world = World::new();
    let before = world.run(&["list"]);
    assert_eq!((before.0, before.2.as_str()), (0, ""));
    world.run(&["pause", "--all"]);
    let (code, stdout, stderr) = world.run(&["list"]);
    assert_eq!((code, stdout.lines().count()), (0, 2));
    assert_eq!(
        stderr,
        "rsched: the scheduler is paused: fires wait for `rsched resume --all`\n"
    );
    // For programs there is `status`.
    let (_, stdout, stderr) = world.run(&["list", "--format", "json"]);
    let jobs: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((jobs.as_array().unwrap().len(), stderr.as_str()), (1, ""));
    world.scheduler.stop();
}

#[test]
fn a_scheduler_that_does_not_run_is_named_with_what_starts_it() {
    let sandbox = Sandbox::new(JOBS);
    for (option, value) in [
        ("--state-dir", "nowhere"),
        ("-f", "jobs.toml"),
        ("--name", "nobody-has-this-name"),
    ] {
        let (code, stdout, stderr) = sandbox.output(&["status", option, value]);
        let option = if option == "-f" {
            ""
        } else {
            &format!("{option} ")
        };
        assert_eq!((code, stdout.as_str()), (Some(69), ""));
        assert_eq!(
            stderr,
            format!(
                "rsched: that scheduler does not run; `rsched run {option}{value}` starts it, \
                 `rsched status` without options finds one that does\n"
            )
        );
    }
}

#[test]
fn a_second_start_says_what_can_be_done_about_the_first() {
    let world = World::new();
    let (code, _, stderr) = world.run(&["run", "jobs.toml"]);
    assert_eq!(code, 75);
    let help = stderr.lines().last().unwrap();
    assert_eq!(
        help,
        "rsched: help: `rsched status` asks it, `rsched shutdown` ends it, --wait-lock takes over when it ends; \
         --name starts another beside it"
    );
    world.scheduler.stop();
}

#[test]
fn an_id_that_no_job_of_the_file_has_is_answered_with_those_it_has() {
    let sandbox = Sandbox::new(JOBS);
    let said = |arguments: &[&str]| {
        let (code, _, stderr) = sandbox.output(arguments);
        assert_eq!(code, Some(2), "{stderr}");
        stderr
    };
    let expected = "rsched: there is no job `zzz`; there is `backup`\n";
    assert_eq!(said(&["next", "jobs.toml", "--job", "zzz"]), expected);
    assert_eq!(said(&["explain", "jobs.toml", "--job", "zzz"]), expected);
    assert_eq!(
        said(&["exec", "jobs.toml", "zzz"]),
        "rsched: there is no job `zzz` in `jobs.toml`; there is `backup`\n"
    );
}

#[test]
fn nothing_on_record_yet_is_said_with_where_to_look() {
    let world = World::new();
    let said = |words: &[&str]| {
        let (code, stdout, stderr) = world.run(words);
        assert_eq!((code, stdout.as_str()), (0, ""), "{words:?}");
        stderr
    };
    // The store knows of the job once it has a record.
    world
        .client
        .ask("POST", "/jobs/backup/pause", None)
        .unwrap();
    assert_eq!(
        said(&["history", "backup", "-f", "jobs.toml"]),
        "rsched: no fire of `backup` is on record yet; `rsched next --job backup` shows when it is due\n"
    );
    assert_eq!(
        said(&["history", "-f", "jobs.toml"]),
        "rsched: no fire is on record yet; `rsched next` shows what is due\n"
    );
    assert_eq!(
        said(&["history", "-f", "jobs.toml", "--since", "tomorrow"]),
        "rsched: there is nothing like that on record; without --since, --until and --outcome there may be more\n"
    );
    world.scheduler.stop();
}

#[test]
fn events_of_an_earlier_life_are_only_missed_by_who_asks_for_them() {
    let World {
        sandbox, scheduler, ..
    } = World::new();
    scheduler.stop();
    let mut scheduler = sandbox.start();
    scheduler.started();
    let events = |more: &[&str]| {
        let mut words = vec!["events", "--state-dir", "state"];
        words.extend(more);
        let (code, stdout, stderr) = sandbox.output(&words);
        assert_eq!(code, Some(0), "{stderr}");
        (stdout, stderr)
    };
    let (all, silent) = events(&[]);
    assert_eq!((all.lines().count(), silent.as_str()), (3, ""), "{all}");
    let (_, said) = events(&["--after", "1"]);
    assert_eq!(
        said,
        "rsched: 3 events before these are not kept; `rsched history` has what ran\n"
    );
    let (json, _) = events(&["--format", "json"]);
    let first: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first, json!({"event": "events_lost", "count": 4}));
    scheduler.stop();
}
