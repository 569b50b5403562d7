//! The commands that talk to a running scheduler, as a user types them.

use crate::scheduler::{Sandbox, Scheduler, eventually, skipped};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};

const JOBS: &str = "[jobs.backup]\ncron = '0 3 * * *'\ncommand = 'read line < gate; exit $line'\n\
                    tags = ['nightly']\n[jobs.report]\ninterval = '2h'\ncommand = 'true'\n";

/// A scheduler that runs, found by the option that every command has.
struct World {
    sandbox: Sandbox,
    scheduler: Scheduler,
}

impl World {
    fn new(toml: &str) -> Self {
        let sandbox = Sandbox::new(toml);
        let mut scheduler = sandbox.start();
        scheduler.started();
        Self { sandbox, scheduler }
    }

    /// Code, standard output, standard error of a line of arguments.
    fn run(&self, line: &str) -> (i32, String, String) {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        let place = arguments
            .iter()
            .position(|word| *word == "--")
            .unwrap_or(arguments.len());
        arguments.splice(place..place, ["--socket", "state/control.sock"]);
        let (code, stdout, stderr) = self.sandbox.output(&arguments);
        (code.unwrap(), stdout, stderr)
    }

    fn says(&self, line: &str, stdout: &str) {
        assert_eq!(
            self.run(line),
            (0, stdout.to_owned(), String::new()),
            "{line}"
        );
    }

    fn fails(&self, line: &str, code: i32, stderr: &str) {
        assert_eq!(
            self.run(line),
            (code, String::new(), stderr.to_owned()),
            "{line}"
        );
    }

    fn json(&self, line: &str) -> Value {
        let (code, stdout, stderr) = self.run(line);
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}");
        serde_json::from_str(&stdout).unwrap()
    }
}

/// The words of each line: how far away a fire is changes with the time of day.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect())
        .collect()
}

#[test]
fn a_run_that_has_ended_is_shown_from_the_records_of_its_scheduler() {
    let mut world = World::new("[jobs.hello]\ncommand = 'exit 3'\n");
    let run = world.scheduler.event("job_error", "hello")["run_id"].clone();
    let run = run.as_str().unwrap();
    let shown = world.json(&format!("show {run} --format json"));
    assert_eq!(
        (&shown["outcome"], &shown["exit_code"], &shown["state"]),
        (&"failed".into(), &3.into(), &"ended".into())
    );
    let (_, shown, _) = world.run(&format!("show {}", &run[..12]));
    assert!(
        shown.contains("outcome    failed\nended by   exit 3\n"),
        "{shown}"
    );
    // The job file's name says which records are meant too, while they are written.
    let (code, history, _) = world.sandbox.output(&["history", "--state-dir", "state"]);
    assert_eq!(code, Some(0));
    assert!(history.contains(run), "{history}");
    world.scheduler.stop();
}

#[test]
fn a_store_in_use_can_be_checked_and_not_recovered() {
    let world = World::new(JOBS);
    let (code, checked, _) = world.sandbox.output(&["store", "check", "state"]);
    assert_eq!(code, Some(0), "{checked}");
    let (code, _, refused) = world.sandbox.output(&["store", "recover", "state"]);
    let expected = format!(
        "rsched: the store `state/store.sqlite` is in use by pid {}",
        world.scheduler.pid()
    );
    assert_eq!(code, Some(75));
    assert!(refused.starts_with(&expected), "{refused}");
    world.scheduler.stop();
}

#[test]
fn a_run_whose_process_is_stopped_is_shown_as_stopped_as_long_as_it_is() {
    let mut world = World::new(JOBS);
    world.sandbox.make_gate("gate");
    world.run("trigger backup");
    let started = world.scheduler.event("job_started", "backup");
    let run = started["run_id"].as_str().unwrap();
    let pid = Pid::from_raw(i32::try_from(started["pid"].as_i64().unwrap()).unwrap());
    let lists = |state: &str| {
        let (code, list, _) = world.run("list --state running");
        assert_eq!(code, 0);
        list.contains(&format!("\nbackup  {state}"))
    };
    kill(pid, Signal::SIGSTOP).unwrap();
    eventually("it is listed as stopped", || lists("running (stopped)  "));
    let shown = world.json("show backup --format json");
    assert_eq!(
        (&shown["state"], &shown["running"], &shown["stopped"]),
        (&"running".into(), &1.into(), &1.into())
    );
    let (_, shown, _) = world.run("show backup");
    assert!(shown.contains("state     running (stopped)\n"), "{shown}");
    assert!(
        shown.contains(&format!(
            "run       {run} running (stopped) (manual), process {pid} "
        )),
        "{shown}"
    );
    let (_, shown, _) = world.run(&format!("show {run}"));
    assert!(shown.contains("state      running (stopped)\n"), "{shown}");
    let shown = world.json(&format!("show {run} --format json"));
    assert_eq!(
        (&shown["state"], &shown["stopped"]),
        (&"running".into(), &true.into())
    );
    kill(pid, Signal::SIGCONT).unwrap();
    eventually("it is listed as running", || lists("running  "));
    kill(pid, Signal::SIGSTOP).unwrap();
    world.run("kill backup");
    let end = world.scheduler.event("job_error", "backup");
    assert_eq!(
        (&end["outcome"], &end["signal"]),
        (&"killed".into(), &15.into())
    );
    world.scheduler.stop();
}

#[test]
fn jobs_are_listed() {
    let world = World::new(JOBS);
    let (_, list, _) = world.run("list");
    let list = words(&list);
    assert_eq!(list[0], ["JOB", "STATE", "NEXT", "LAST", "SCHEDULE"]);
    assert_eq!(list[1][..2], ["backup", "scheduled"]);
    assert!(list[1].ends_with(&["-", "0", "3", "*", "*", "*"]));
    assert!(list[2].ends_with(&["-", "interval", "2h"]));
    let (_, tagged, _) = world.run("list --tag nightly");
    assert_eq!(words(&tagged).len(), 2);
    let none = world.run("list --state paused");
    assert_eq!(
        none,
        (
            0,
            String::new(),
            "rsched: there are no such jobs\n".to_owned()
        )
    );
    assert_eq!(world.json("list --format json")[1]["id"], "report");
    world.scheduler.stop();
}

#[test]
fn one_job_is_shown_in_full_and_one_that_is_not_there_is_guessed() {
    let world = World::new(JOBS);
    let (_, shown, _) = world.run("show backup");
    for line in [
        "job       backup",
        "tags      nightly",
        "last run  none",
        "schedule  0 3 * * *",
        "command   read line < gate; exit $line",
        "limits    max_instances 1, misfire_grace_time 60 s, timeout none",
        "source    the jobs file",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in\n{shown}"
        );
    }
    assert_eq!(
        world.json("show backup --format json")["func"],
        "read line < gate; exit $line"
    );
    world.fails(
        "show bakcup",
        2,
        "rsched: there is no job `bakcup`, did you mean `backup`?\n",
    );
    world.fails(
        "pause zzz",
        2,
        "rsched: there is no job `zzz`; `rsched list` shows which there are\n",
    );
    world.scheduler.stop();
}

#[test]
fn a_run_that_is_waited_for_gives_its_exit_code() {
    let mut world = World::new(JOBS);
    world.sandbox.make_gate("gate");
    let waiting = world
        .sandbox
        .command(&[
            "trigger",
            "backup",
            "--wait",
            "--socket",
            "state/control.sock",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let started = world.scheduler.event("job_started", "backup");
    let run = started["run_id"].as_str().unwrap().to_owned();
    let (_, shown, _) = world.run(&format!("show {run}"));
    assert!(
        shown.contains("job        backup\nstate      running\nreason     manual\n"),
        "{shown}"
    );
    world.fails(
        "trigger backup",
        1,
        "rsched: Job backup has its maximum number of running instances (1)\n",
    );
    // A shell takes no word for a number.
    world.sandbox.open_gate("gate");
    let ended = waiting.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(ended.stdout).unwrap(),
        format!("{run} failed\n")
    );
    let (_, list, _) = world.run("list");
    assert!(list.contains("failed"), "{list}");
    world.scheduler.stop();
}

#[test]
fn a_run_that_is_killed_is_128_and_its_signal() {
    let mut world = World::new(JOBS);
    world.sandbox.make_gate("gate");
    let mut waiting = world
        .sandbox
        .command(&[
            "trigger",
            "backup",
            "--wait",
            "--format",
            "json",
            "--socket",
            "state/control.sock",
        ])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = world.scheduler.event("job_started", "backup");
    let run = started["run_id"].as_str().unwrap().to_owned();
    world.says("kill backup", &format!("stopping {run}\n"));
    assert_eq!(
        waiting.wait().unwrap().code(),
        Some(128 + Signal::SIGTERM as i32)
    );
    world.fails(
        "kill backup",
        1,
        "rsched: no run of `backup` to stop; `rsched history backup` shows those that ended\n",
    );
    world.scheduler.stop();
}

#[test]
fn jobs_and_the_scheduler_are_paused_and_resumed() {
    let world = World::new(JOBS);
    world.says("pause backup report", "paused backup\npaused report\n");
    assert_eq!(world.json("show backup --format json")["state"], "paused");
    world.says("resume backup", "resumed backup\n");
    world.says("pause --all", "paused the scheduler\n");
    let (code, status, _) = world.run("status");
    assert_eq!(code, 0);
    assert!(
        status.starts_with("state      paused: fires wait\nhealth     ok\n"),
        "{status}"
    );
    world.says("resume --all", "resumed the scheduler\n");
    assert_eq!(world.run("pause").0, 2, "of what?");
    world.scheduler.stop();
}

#[test]
fn a_job_is_added_changed_rescheduled_and_removed() {
    let mut world = World::new(JOBS);
    let add = "add hello --date 2999-01-01T00:00:00Z --set env.NAME=you --set timeout=5m";
    let (code, added, _) = world.run(&format!("{add} -- echo hello $NAME"));
    assert_eq!(code, 0);
    assert!(
        added.starts_with("added hello, next at 2999-01-01T"),
        "{added}"
    );
    let (code, _, stderr) = world.run(&format!("{add} -- x"));
    assert_eq!(code, 1);
    assert_eq!(
        stderr,
        "rsched: Job hello already exists.\n\
         rsched: `--replace` takes the place of a job that was added with the same id\n"
    );
    assert_eq!(world.run(&format!("{add} --replace -- echo hi")).0, 0);
    let (code, changed, _) = world.run("modify hello timeout= max_instances=2");
    assert_eq!((code, &changed[..13]), (0, "changed hello"));
    let shown = world.json("show hello --format json");
    assert_eq!(
        (&shown["timeout"], &shown["max_instances"]),
        (&Value::Null, &2.into())
    );
    assert_eq!(world.run("reschedule hello --interval 9h").0, 0);
    assert_eq!(world.json("show hello --format json")["hours"], 9);
    assert_eq!(world.run("trigger hello").0, 0);
    assert_eq!(world.scheduler.output("hello"), "hi");
    world.says("remove hello", "removed hello\n");
    world.fails("add b --interval soon -- x", 2, "rsched: `interval`: expected a number, found `soon` (write a number and a unit, as in `1h 30m`)\n");
    world.fails("add b --date 1999-12-31T00:00:00Z -- x", 2, "rsched: Job b has no fire times left: all are past (for a date, write a time to come, as `+10m`, or `now`)\n");
    world.scheduler.stop();
}

#[test]
fn a_job_of_the_file_is_said_to_be_in_it() {
    let world = World::new(JOBS);
    let file = world.sandbox.path("jobs.toml").display().to_string();
    world.fails(
        "modify report timeout=3",
        1,
        &format!(
            "rsched: Job report is of the jobs file: change it there, then reload\nrsched: it is in {file}:5\n"
        ),
    );
    world.scheduler.stop();
}

#[test]
fn a_reload_shows_what_is_wrong() {
    let world = World::new(JOBS);
    world
        .sandbox
        .write("jobs.toml", "[jobs.a]\ncorn = '@daily'\ncommand = 'x'\n");
    let (code, stdout, stderr) = world.run("reload");
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(
        stderr.starts_with("error[unknown_key]: unknown key `corn`"),
        "{stderr}"
    );
    assert!(stderr.ends_with("rsched: the old jobs stay\n"), "{stderr}");
    let (_, status, _) = world.run("status");
    assert!(
        status.contains("not valid: the jobs are those from before"),
        "{status}"
    );
    world.sandbox.write("jobs.toml", JOBS);
    world.says("reload", "reloaded\n");
    world.scheduler.stop();
}

#[test]
fn events_are_told_and_followed_to_the_end() {
    let mut world = World::new(JOBS);
    world.says("pause backup", "paused backup\n");
    let (_, events, _) = world.run("events");
    let lines = words(&events);
    let executor = ["executor_added", "detail=\"default,"];
    assert_eq!(lines[0][1..3], executor);
    assert!(
        lines[1][1] == "jobstore_added" && lines[1][2].ends_with("/state/store.sqlite"),
        "{events}"
    );
    assert_eq!(lines[2][1..], ["scheduler_started", "count=2"]);
    assert_eq!(lines[3][1..], ["job_paused", "backup"]);
    let (_, json, _) = world.run("events --after 3 --format json");
    let event: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&event["event"], &event["seq"]),
        (&"job_paused".into(), &4.into())
    );
    let mut following = world
        .sandbox
        .command(&[
            "events",
            "-f",
            "--after",
            "3",
            "--socket",
            "state/control.sock",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    // It listens before anything more happens.
    let first = lines.next().unwrap().unwrap();
    assert!(first.ends_with("job_paused backup"), "{first}");
    world.says("resume backup", "resumed backup\n");
    world.says("shutdown", "shutting down\n");
    let followed: String = lines.map(|line| line.unwrap() + "\n").collect();
    assert!(following.wait().unwrap().success());
    assert!(followed.contains("job_resumed backup\n"), "{followed}");
    assert!(followed.contains("scheduler_shutdown"), "{followed}");
    assert_eq!(world.scheduler.end().code(), Some(0));
}

#[test]
fn a_shutdown_now_does_not_wait_for_jobs() {
    let mut world = World::new(JOBS);
    world.sandbox.make_gate("gate");
    assert_eq!(world.run("trigger backup").0, 0);
    world.scheduler.event("job_started", "backup");
    world.says("shutdown --now", "shutting down\n");
    let end = world.scheduler.event("job_error", "backup");
    assert_eq!(end["signal"], Signal::SIGTERM as i32);
    assert_eq!(world.scheduler.end().code(), Some(0));
}

#[test]
fn which_scheduler_is_meant_can_be_said_in_many_ways() {
    let world = World::new(JOBS);
    let by = |arguments: &[&str]| world.sandbox.output(arguments).0;
    assert_eq!(by(&["status", "--state-dir", "state"]), Some(0));
    assert_eq!(
        by(&["status", "-f", "jobs.toml", "--state-dir", "state"]),
        Some(0)
    );
    let mut command = world.sandbox.command(&["status"]);
    let ended = command
        .env("RSCHED_SOCKET", "state/control.sock")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(by(&["status", "--socket", "nowhere"]), Some(69));
    assert_eq!(by(&["status", "-f", "nowhere.toml"]), Some(2));
    world.scheduler.stop();
}

#[test]
fn the_only_one_that_runs_is_found_and_of_several_one_must_be_named() {
    let sandbox = Sandbox::new(JOBS);
    sandbox.write("other.toml", JOBS);
    // As systemd would set it: in this directory and below it schedulers are looked for.
    let runtime = sandbox.path("run").display().to_string();
    let start = |file: &str, runtime: &str| {
        let mut command = sandbox.command(&[
            "run",
            file,
            "--state-dir",
            &format!("{file}.state"),
            "--log-format",
            "json",
        ]);
        let mut scheduler = Scheduler::start(command.env("RUNTIME_DIRECTORY", runtime));
        scheduler.started();
        scheduler
    };
    let ask = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("RUNTIME_DIRECTORY", &runtime).output().unwrap()
    };
    if nix::unistd::geteuid().is_root() && std::path::Path::new("/run/rsched").exists() {
        skipped("other schedulers of root may run on this machine");
        return;
    }
    let first = start("jobs.toml", &format!("{runtime}/a"));
    assert_eq!(ask(&["status"]).status.code(), Some(0));
    let second = start("other.toml", &format!("{runtime}/b"));
    let ended = ask(&["status"]);
    assert_eq!(ended.status.code(), Some(2));
    let stderr = String::from_utf8(ended.stderr).unwrap();
    let path = |name: &str| sandbox.path(name).display().to_string();
    assert_eq!(
        stderr,
        format!(
            "rsched: several schedulers run for this user, so one has to be named:\n\
             rsched:   --socket {}  ({}, pid {})\nrsched:   --socket {}  ({}, pid {})\n",
            path("run/a/control.sock"),
            path("jobs.toml"),
            first.pid(),
            path("run/b/control.sock"),
            path("other.toml"),
            second.pid(),
        )
    );
    first.stop();
    second.stop();
    assert_eq!(ask(&["status"]).status.code(), Some(69));
}
