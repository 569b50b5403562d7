//! Starts that fail for now: tried again, and never lost.

use crate::scheduler::{FORGETFUL, Sandbox, Scheduler, is_root, works};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The warning that a start is tried again.
fn is_tried_again(scheduler: &mut Scheduler) -> String {
    let line = scheduler.wait_for("another try", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("cannot be started yet, and is tried again: "))
    });
    line["message"].as_str().unwrap().to_owned()
}

#[test]
fn b4_a_program_that_is_being_written_is_started_once_it_is_there() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = ['./program']\n[jobs.b]\ncommand = ['./program']\numask = '022'\n",
    );
    let copied = Command::new("cp")
        .arg("/bin/true")
        .arg(sandbox.path("program"))
        .status();
    assert!(copied.unwrap().success());
    let writer = fs::File::options()
        .append(true)
        .open(sandbox.path("program"))
        .unwrap();
    let mut scheduler = sandbox.start();
    for _ in ["a", "b"] {
        let warning = is_tried_again(&mut scheduler);
        assert!(
            warning.ends_with("the program is open for writing (ETXTBSY)"),
            "{warning}"
        );
    }
    drop(writer);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        assert_eq!(end["outcome"], "succeeded", "{end}");
        ended.push(end["job_id"].to_string());
    }
    scheduler.stop();
}

#[test]
fn b2_a_program_where_nothing_may_be_executed_is_named() {
    if !works("unshare", &["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]) {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = ['mounted/true']\n[jobs.b]\ncommand = ['mounted/true']\numask = '022'\n[jobs.c]\ncommand = ['./mounted']\n",
    );
    fs::create_dir(sandbox.path("mounted")).unwrap();
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["-Urm", "sh", "-c"])
        .arg("mount -t tmpfs -o noexec none mounted && cp /bin/true mounted && exec \"$0\" \"$@\"")
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    for _ in 0..3 {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        assert_eq!(end["outcome"], "spawn_failed", "{end}");
        let why = if end["job_id"] == "c" {
            "mounted`: it is a directory"
        } else {
            "mounted/true`: it is not executable for us (mode or noexec mount)"
        };
        assert!(end["message"].as_str().unwrap().ends_with(why), "{end}");
    }
    scheduler.stop();
}

#[test]
fn b6_b7_a_start_that_is_refused_for_now_is_tried_again() {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return;
    }
    let sandbox = Sandbox::new(&format!("{FORGETFUL}[jobs.a]\ncommand = ['true']\n"));
    let run = |strace: &[&str]| {
        let mut command = sandbox.bare_command("strace".as_ref());
        command
            .args(["-f", "-qq", "-e", "trace=clone,clone3"])
            .args(strace)
            .arg(env!("CARGO_BIN_EXE_rsched"))
            .args([
                "run",
                "jobs.toml",
                "--state-dir",
                "state",
                "--log-format",
                "json",
            ]);
        Scheduler::start(&mut command)
    };
    let end = |mut scheduler: Scheduler| {
        scheduler.event("job_executed", "a");
        // A signal would meet strace.
        let (code, ..) = sandbox.output(&["shutdown", "--socket", "state/control.sock"]);
        assert_eq!(code, Some(0));
        scheduler.end();
    };
    // Which of the clones of the main thread is the job's.
    end(run(&["-o", "trace"]));
    let trace = sandbox.read("trace");
    let main = trace.split_whitespace().next().unwrap();
    let mut clones = trace
        .lines()
        .filter(|line| line.starts_with(main) && line.contains("clone"));
    let number = 1 + clones
        .position(|line| line.contains("CLONE_VFORK"))
        .unwrap();
    for errno in ["EAGAIN", "ENOMEM"] {
        let inject = format!(
            "inject=clone,clone3:error={errno}:when={number}..{}",
            number + 2
        );
        let mut scheduler = run(&["-o", "/dev/null", "-e", &inject]);
        let warning = is_tried_again(&mut scheduler);
        assert!(warning.ends_with(&format!("({errno})")), "{warning}");
        end(scheduler);
    }
}

#[test]
fn f10_there_are_as_many_processes_as_jobs_were_started() {
    if !works("strace", &["-f", "-qq", "-o", "/dev/null", "true"]) {
        return;
    }
    // At once, by a shell, and by the intermediate, which becomes the job.
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '200ms'\ncommand = ['true']\n[jobs.b]\ninterval = '200ms'\ncommand = 'exec true'\n\
         [jobs.c]\ninterval = '200ms'\numask = '022'\ncommand = ['true']\n",
    );
    let mut command = sandbox.bare_command("strace".as_ref());
    command
        .args(["-f", "-qq", "-o", "trace"])
        .args(["-e", "trace=clone,clone3,vfork,fork"])
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args(["run", "jobs.toml", "--state-dir", "state"])
        .args(["--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    for job in ["a", "b", "c", "a", "b", "c"] {
        scheduler.event("job_executed", job);
    }
    // A signal would meet strace.
    let (code, _, stderr) = sandbox.output(&["shutdown", "--socket", "state/control.sock"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(scheduler.end().code(), Some(0), "{:#?}", scheduler.seen);
    let is_start = |line: &&serde_json::Value| line["event"] == "job_started";
    let started = scheduler.seen.iter().filter(is_start).count();
    let trace = sandbox.read("trace");
    // How a call that was interrupted in the trace goes on is no second one.
    let calls = trace.lines().filter(|line| {
        ["clone(", "clone3(", "fork("]
            .iter()
            .any(|name| line.contains(name))
    });
    let made: Vec<_> = calls
        .filter(|line| !line.contains("CLONE_THREAD"))
        .collect();
    assert_eq!(made.len(), started, "{made:#?}");
}

#[test]
fn b8_no_start_is_lost_for_want_of_descriptors() {
    let jobs = 60;
    let tables: Vec<String> = (0..jobs)
        .map(|job| format!("[jobs.j{job}]\ncommand = 'sleep 0.1'\n"))
        .collect();
    let tables = tables.concat();
    let sandbox = Sandbox::new(&format!(
        "[executors.default]\nmax_workers = {jobs}\n{tables}"
    ));
    let mut command = sandbox.bare_command("prlimit".as_ref());
    command
        .args([
            "--nofile=64:64",
            env!("CARGO_BIN_EXE_rsched"),
            "run",
            "jobs.toml",
        ])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let warning = is_tried_again(&mut scheduler);
    assert!(
        warning.contains("(EMFILE)") || warning.contains("Too many open files"),
        "{warning}"
    );
    let mut ended = scheduler
        .seen
        .iter()
        .filter(|line| line["outcome"].is_string())
        .count();
    while ended < jobs {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        assert_eq!(end["outcome"], "succeeded", "{end}");
        ended += 1;
    }
    scheduler.stop();
}

#[test]
fn b9_a_user_with_too_many_processes_starts_nothing_and_nothing_as_root() {
    if !is_root("becoming another user") {
        return;
    }
    for there_is_room_later in [true, false] {
        let sandbox = Sandbox::new(
            "[jobs.a]\nuser = 54323\ngroup = 54323\ncommand = ['touch', 'ran']\nlimits = { processes = 0 }\n",
        );
        for mode in [0o777, 0o1777] {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(sandbox.path("."), mode).unwrap();
        }
        let mut other = Command::new("sleep");
        let mut other = other.arg("1000").uid(54_323).gid(54_323).spawn().unwrap();
        let mut scheduler = sandbox.start();
        let warning = is_tried_again(&mut scheduler);
        let why = "no more processes are allowed (EAGAIN)";
        assert!(warning.ends_with(why), "{warning}");
        assert!(!sandbox.path("ran").exists());
        if there_is_room_later {
            other.kill().unwrap();
            other.wait().unwrap();
            scheduler.event("job_executed", "a");
            assert_eq!(fs::metadata(sandbox.path("ran")).unwrap().uid(), 54_323);
            scheduler.stop();
        } else {
            // It would be tried for long: a shutdown ends that.
            scheduler.signal(Signal::SIGTERM);
            let end = scheduler.event("job_error", "a");
            assert_eq!(end["outcome"], "spawn_failed");
            let message = end["message"].as_str().unwrap();
            let expected = format!("{why}; the scheduler is shutting down");
            assert!(message.ends_with(&expected), "{message}");
            assert_eq!(scheduler.end().code(), Some(0));
            assert!(!sandbox.path("ran").exists());
            other.kill().unwrap();
            other.wait().unwrap();
        }
    }
}
