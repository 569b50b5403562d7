//! One instance, by `flock`.

use crate::disk::some_seconds;
use crate::own_disk::{Locks, OwnDisk, can_serve_a_disk, with_disk};
use crate::scheduler::{PATIENCE, Sandbox, Scheduler, eventually, is_alive, works};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

const IDLE: &str = "[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n";

#[test]
fn a_second_start_names_the_holder_and_exits_75() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start();
    first.started();
    let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
    assert_eq!(code, Some(75));
    let jobs_file = sandbox.path("jobs.toml").canonicalize().unwrap();
    for part in [format!("{}", first.pid()), jobs_file.display().to_string()] {
        assert!(stderr.contains(&part), "{part:?} is not in {stderr}");
    }
    first.stop();
    sandbox.start().started();
}

#[test]
fn f8_a_second_start_says_that_the_holder_is_stopped() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start();
    first.started();
    let help = || {
        let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
        assert_eq!(code, Some(75));
        stderr.contains("that process is stopped")
    };
    assert!(!help());
    first.signal(Signal::SIGSTOP);
    eventually("it says so", help);
    first.signal(Signal::SIGCONT);
    first.stop();
}

#[test]
fn two_schedulers_with_directories_of_their_own_do_not_share_a_store() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start_with(&["--store", "sqlite:shared.sqlite"]);
    first.started();
    sandbox.write("other.toml", IDLE);
    let (code, _, stderr) = sandbox.output(&[
        "run",
        "other.toml",
        "--state-dir",
        "other",
        "--store",
        "sqlite:shared.sqlite",
    ]);
    assert_eq!(code, Some(75));
    let expected = format!("shared.sqlite` is in use by pid {}", first.pid());
    assert!(stderr.contains(&expected), "{stderr}");
    first.signal(Signal::SIGKILL);
    first.reap();
    let mut second = sandbox.start_with(&["--store", "sqlite:shared.sqlite"]);
    second.started();
}

#[test]
fn the_lock_is_free_at_once_when_its_holder_is_killed_while_a_job_runs_on() {
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'echo $$; exec sleep 1000'\n");
    let mut first = sandbox.start();
    let job: i32 = first.output("a").parse().unwrap();
    first.signal(Signal::SIGKILL);
    first.reap();
    assert!(is_alive(job), "the job runs on");
    let mut second = sandbox.start();
    second.started();
    kill(Pid::from_raw(job), Signal::SIGKILL).unwrap();
    second.signal(Signal::SIGTERM);
    second.signal(Signal::SIGINT);
    second.end();
}

#[test]
fn a_start_right_behind_a_kill_waits_for_the_kernel_to_let_go() {
    let sandbox = Sandbox::new(IDLE);
    let mut scheduler = sandbox.start();
    scheduler.started();
    for _ in 0..20 {
        scheduler.signal(Signal::SIGKILL);
        // It is not dead yet.
        let mut next = sandbox.start();
        next.started();
        scheduler.reap();
        scheduler = next;
    }
    scheduler.stop();
}

#[test]
fn what_a_job_says_after_its_scheduler_was_killed_reaches_the_log_of_the_next() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'echo $$; read x < first; echo still here; read x < second'\n",
    );
    sandbox.make_gate("first");
    sandbox.make_gate("second");
    let mut first = sandbox.start();
    let job: i32 = first.output("a").parse().unwrap();
    first.signal(Signal::SIGKILL);
    first.reap();
    sandbox.write("jobs.toml", IDLE);
    let mut second = sandbox.start();
    second.started();
    sandbox.open_gate("first");
    assert_eq!(second.output("a"), "still here");
    sandbox.open_gate("second");
    eventually("the job has ended, not by SIGPIPE but by itself", || {
        !is_alive(job)
    });
    second.stop();
}

#[test]
fn f1_of_fifty_starts_at_once_exactly_one_lives_and_the_others_name_it() {
    let rounds = std::env::var("RSCHED_LOCK_ROUNDS").map_or(2, |text| text.parse().unwrap());
    let sandbox = Sandbox::new(IDLE);
    for _ in 0..rounds {
        let starts: Vec<_> = (0..50)
            .map(|_| {
                let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state"]);
                command.stderr(Stdio::piped()).stdout(Stdio::null());
                thread::spawn(move || command.spawn().unwrap())
            })
            .collect();
        let mut starts: Vec<_> = starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect();
        // All but one end by themselves.
        let mut ended = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while starts.len() > 1 {
            assert!(Instant::now() < deadline, "{} go on", starts.len());
            for number in (0..starts.len()).rev() {
                if starts[number].try_wait().unwrap().is_some() {
                    ended.push(starts.swap_remove(number).wait_with_output().unwrap());
                }
            }
            thread::yield_now();
        }
        let winner = starts.first_mut().expect("one goes on");
        let name = format!("in use by pid {} on ", winner.id());
        for loser in &ended {
            let stderr = String::from_utf8_lossy(&loser.stderr);
            assert_eq!(loser.status.code(), Some(75), "{stderr}");
            assert!(stderr.contains(&name), "{name:?} is not in {stderr}");
        }
        winner.kill().unwrap();
        assert_eq!(
            winner.wait().unwrap().code(),
            None,
            "it went on until it was killed"
        );
    }
}

/// Each of its runs says for which fire it is.
const TICK: &str = "[jobs.tick]\ninterval = '1s'\ncommand = 'echo $RSCHED_FIRE_TIME >> evidence'\n";

/// The next line of the log that says so.
fn message(scheduler: &mut Scheduler, end: &str) {
    scheduler.wait_for(end, |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains(end))
    });
}

/// More starts than these come between what happens and what is said where only the look of each
/// minute tells; a loaded machine has fewer, not more.
const PROMPT: usize = 10;

/// The ends of runs that were told behind the first so many lines.
fn ends_behind(scheduler: &Scheduler, lines: usize) -> usize {
    let later = scheduler.seen[lines..].iter();
    later.filter(|line| line["event"] == "job_executed").count()
}

#[test]
fn f4_who_lost_the_lock_says_so_and_starts_nothing_until_it_is_back() {
    let sandbox = Sandbox::new(TICK);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    let (lock, away) = (sandbox.state().join("lock"), sandbox.path("away"));
    for make_another in [false, true] {
        let lines = scheduler.seen.len();
        std::fs::rename(&lock, &away).unwrap();
        if make_another {
            std::fs::write(&lock, "").unwrap();
        }
        message(
            &mut scheduler,
            "state/lock` was removed or replaced: nothing is started any more",
        );
        assert!(ends_behind(&scheduler, lines) <= PROMPT);
        scheduler.wait_for("failure", |line| line["event"] == "store_failed");
        let (code, stdout, _) = sandbox.output(&["status", "--state-dir", "state"]);
        assert_eq!(code, Some(1), "{stdout}");
        assert!(stdout.contains("holding all starts"), "{stdout}");
        // A run that was decided before may still be on its way.
        some_seconds(&sandbox, 1);
        let before = sandbox.read("evidence");
        // It tries once a second: after two it would have started something.
        some_seconds(&sandbox, 3);
        assert_eq!(sandbox.read("evidence"), before);
        std::fs::rename(&away, &lock).unwrap();
        message(&mut scheduler, "state/lock` is back");
        scheduler.event("job_executed", "tick");
    }
    scheduler.stop();
}

#[test]
fn f4_no_other_scheduler_is_let_in_beside_one_without_its_lock() {
    // The store on the disk is locked too; without one there is the socket.
    let stores = [
        ("", "state/store.sqlite` is in use by pid"),
        (
            "[scheduler]\nstore = 'memory'\n",
            "state/control.sock` is in use: another scheduler answers there",
        ),
    ];
    for (settings, why) in stores {
        let sandbox = Sandbox::new(&format!("{settings}{TICK}"));
        let mut first = sandbox.start();
        first.event("job_executed", "tick");
        std::fs::remove_file(sandbox.state().join("lock")).unwrap();
        first.wait_for("failure", |line| line["event"] == "store_failed");
        let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
        assert_eq!(code, Some(75), "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
        let before = sandbox.read("evidence");
        some_seconds(&sandbox, 3);
        assert_eq!(sandbox.read("evidence"), before);
        first.stop();
        let evidence = sandbox.read("evidence");
        let mut fires: Vec<_> = evidence.lines().collect();
        fires.sort_unstable();
        fires.dedup();
        assert_eq!(fires.len(), evidence.lines().count(), "{evidence}");
    }
}

#[test]
fn f4_who_lost_its_lock_to_another_names_it_and_ends_with_75() {
    let sandbox = Sandbox::new(TICK);
    // Each has its records and its socket elsewhere: only the lock is fought for.
    let start = |file: &str, runtime: &str| {
        let mut command = sandbox.command(&["run", file, "--state-dir", "state"]);
        command.args(["--store", "memory", "--log-format", "json"]);
        Scheduler::start(command.env("RUNTIME_DIRECTORY", sandbox.path(runtime)))
    };
    let mut first = start("jobs.toml", "first");
    first.event("job_executed", "tick");
    std::fs::remove_file(sandbox.state().join("lock")).unwrap();
    message(&mut first, "nothing is started any more");
    sandbox.write("other.toml", IDLE);
    let mut second = start("other.toml", "second");
    second.started();
    let pid = second.pid();
    message(
        &mut first,
        &format!("Another scheduler has taken the lock, pid {pid} on "),
    );
    assert_eq!(first.end().code(), Some(75), "{:#?}", first.seen);
    second.stop();
}

#[test]
fn g8_a_removed_socket_is_made_anew_before_the_look_of_the_minute() {
    let sandbox = Sandbox::new(TICK);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    for _ in 0..2 {
        let lines = scheduler.seen.len();
        std::fs::remove_file(sandbox.state().join("control.sock")).unwrap();
        message(
            &mut scheduler,
            "control.sock` was removed, and is made anew",
        );
        assert!(ends_behind(&scheduler, lines) <= PROMPT);
        let (code, stdout, _) = sandbox.output(&["status", "--state-dir", "state"]);
        assert_eq!(code, Some(0), "{stdout}");
    }
    scheduler.stop();
}

#[test]
fn wait_lock_takes_over() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start();
    first.started();
    let mut second = sandbox.start_with(&["--wait-lock"]);
    second.wait_for("standing by", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("standing by"))
    });
    first.stop();
    second.started();
    second.stop();
}

#[test]
fn who_takes_over_runs_what_the_file_says_then() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start();
    first.started();
    let mut second = sandbox.start_with(&["--wait-lock"]);
    second.wait_for("standing by", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("standing by"))
    });
    sandbox.write(
        "jobs.toml",
        "[scheduler]\ntimezone = 'Asia/Tokyo'\n[jobs.b]\ncommand = 'echo new'\n",
    );
    let before = sandbox.read("state/lock");
    first.stop();
    let started = second.wait_for("start", |line| line["event"] == "scheduler_started");
    assert!(
        started["time"].as_str().unwrap().ends_with("+09:00"),
        "{started}"
    );
    assert_eq!(second.output("b"), "new");
    // The pid is the new holder's, and the time that of the take-over.
    let holder = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (before, after) = (holder(&before), holder(&sandbox.read("state/lock")));
    assert_eq!(after["pid"], second.pid());
    assert!(
        after["started_at"].as_str().unwrap().ends_with("+09:00"),
        "{before} became {after}"
    );
    second.stop();
}

#[test]
fn who_takes_over_does_not_run_a_file_that_became_wrong() {
    let sandbox = Sandbox::new(IDLE);
    let mut first = sandbox.start();
    first.started();
    let mut second = sandbox.start_with(&["--wait-lock"]);
    second.wait_for("standing by", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("standing by"))
    });
    sandbox.write("jobs.toml", "[jobs.a]\ncron = 'nonsense'\n");
    first.stop();
    assert_eq!(second.end().code(), Some(78), "{:#?}", second.seen);
}

#[test]
fn a_lock_that_is_a_link_is_refused() {
    let sandbox = Sandbox::new(IDLE);
    std::fs::create_dir(sandbox.state()).unwrap();
    sandbox.write("elsewhere", "precious\n");
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.state().join("lock")).unwrap();
    let (code, _, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
    assert_eq!(code, Some(77), "{stderr}");
    assert_eq!(sandbox.read("elsewhere"), "precious\n");
}

#[test]
fn what_is_made_is_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new(IDLE);
    let mut scheduler: Scheduler = sandbox.start();
    scheduler.started();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&sandbox.state()), 0o700);
    assert_eq!(mode(&sandbox.state().join("lock")), 0o600);
    assert_eq!(mode(&sandbox.state().join("output")), 0o700);
    scheduler.stop();
}

#[test]
fn d13_a_state_directory_on_another_machine_is_warned_about() {
    // strace says it is one: the first 8 bytes of what statfs tells are the type.
    let options = ["-f", "-qq", "-o", "/dev/null"];
    let inject = "inject=statfs,fstatfs:poke_exit=@arg2=6969000000000000";
    if !works("strace", &[&options[..], &["-e", inject, "true"]].concat()) {
        return;
    }
    let sandbox = Sandbox::new(IDLE);
    let mut command = sandbox.bare_command("strace".as_ref());
    let output = command
        .args(options)
        .args(["-e", inject, env!("CARGO_BIN_EXE_rsched")])
        .args(["run", "jobs.toml", "--state-dir", "state", "--for", "1ms"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let warning = "rsched: warning: the state directory `state` is on NFS: no fire runs twice and";
    assert!(stderr.contains(warning), "{stderr}");
}

#[test]
fn f6_no_scheduler_runs_on_a_file_system_that_has_no_locks() {
    if !can_serve_a_disk() {
        return;
    }
    for error in [libc::ENOLCK, libc::EOPNOTSUPP, libc::ENOSYS] {
        let sandbox = Sandbox::new(IDLE);
        let rsched = env!("CARGO_BIN_EXE_rsched");
        let arguments = ["run", "jobs.toml", "--state-dir", "disk/state"];
        let mut command = with_disk(&sandbox, rsched, &arguments);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let _disk = OwnDisk::serve(&sandbox, pid, Locks::Refused(error));
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(73), "{stderr}");
        for part in [
            "rsched: cannot lock `disk/state/lock`: ",
            "\nrsched: help: that file system has no locks: ",
        ] {
            assert!(stderr.contains(part), "{part:?} is not in {stderr}");
        }
    }
}

#[test]
fn a_scheduler_whose_files_are_all_on_a_file_system_of_another_program_is_as_any() {
    if !can_serve_a_disk() {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '1s'\ncommand = 'echo a'\noutput = { file = 'disk/out' }\n",
    );
    let rsched = env!("CARGO_BIN_EXE_rsched");
    let arguments = [
        "run",
        "jobs.toml",
        "--state-dir",
        "disk/state",
        "--log-format",
        "json",
    ];
    let mut scheduler = Scheduler::start(&mut with_disk(&sandbox, rsched, &arguments));
    let disk = OwnDisk::serve(&sandbox, scheduler.pid(), Locks::Local);
    scheduler.event("job_executed", "a");
    scheduler.event("job_executed", "a");
    scheduler.stop();
    drop(disk);
}

/// What the log says before the start of another scheduler with the same file.
fn others(scheduler: &mut Scheduler) -> Vec<String> {
    scheduler.started();
    let texts = scheduler
        .seen
        .iter()
        .filter_map(|line| line["message"].as_str());
    let of_others = texts.filter(|text| text.starts_with("another scheduler runs"));
    of_others.map(str::to_owned).collect()
}

#[test]
fn f9_who_starts_a_file_that_another_scheduler_runs_is_warned() {
    let sandbox = Sandbox::new(IDLE);
    // Schedulers below the runtime directory are found, as they are in /run/rsched.
    let start = |file: &str, runtime: &str, state: &str| {
        let mut command = sandbox.command(&["run", file, "--state-dir", state]);
        command.args(["--log-format", "json"]);
        Scheduler::start(command.env("RUNTIME_DIRECTORY", sandbox.path(runtime)))
    };
    let mut first = start("jobs.toml", "run/first", "one");
    assert_eq!(others(&mut first), [""; 0]);
    std::os::unix::fs::symlink(sandbox.path("jobs.toml"), sandbox.path("link.toml")).unwrap();
    let mut second = start("link.toml", "run", "two");
    let [warning] = &others(&mut second)[..] else {
        panic!("one warning: {:#?}", second.seen);
    };
    let path = |name: &str| sandbox.path(name).canonicalize().unwrap();
    let expected = format!(
        "another scheduler runs `{}` too (pid {}, with its records in `{}`): no lock keeps the two apart, \
         and every fire of a job that both have runs twice. `rsched shutdown --socket {}` stops the other one",
        path("jobs.toml").display(),
        first.pid(),
        path("one/store.sqlite").display(),
        path("run/first/control.sock").display(),
    );
    assert_eq!(*warning, expected);
    second.stop();
    sandbox.write("other.toml", IDLE);
    let mut other = start("other.toml", "run", "two");
    assert_eq!(others(&mut other), [""; 0]);
    other.stop();
    // One that does not answer holds nobody up.
    first.signal(Signal::SIGSTOP);
    let mut second = start("jobs.toml", "run", "two");
    assert_eq!(others(&mut second), [""; 0]);
    second.stop();
    first.signal(Signal::SIGCONT);
    first.stop();
}
