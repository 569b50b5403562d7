//! Signals to the scheduler.

use crate::scheduler::{Sandbox, Scheduler, eventually, is_alive};
use nix::sys::signal::Signal;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

const PATIENT: &str = "[scheduler]\nshutdown_timeout = '60s'\n[jobs.a]\nkill_after = '60s'\n";

#[test]
fn term_lets_running_jobs_finish() {
    let sandbox = Sandbox::new(&format!(
        "{PATIENT}command = 'echo ready; read x < fifo; echo finished'\n"
    ));
    sandbox.make_gate("fifo");
    let mut scheduler = sandbox.start();
    scheduler.output("a");
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    sandbox.open_gate("fifo");
    assert_eq!(scheduler.output("a"), "finished");
    assert_eq!(scheduler.event("job_executed", "a")["exit_code"], 0);
    assert_eq!(scheduler.end().code(), Some(0));
    assert_eq!(
        scheduler.seen.last().unwrap()["event"],
        "scheduler_shutdown"
    );
}

#[test]
fn a_second_signal_terminates_and_a_third_kills() {
    let sandbox = Sandbox::new(&format!(
        "{PATIENT}command = '''trap \"echo got TERM\" TERM; echo ready $$; while :; do sleep 1000 & wait; done'''\n"
    ));
    let mut scheduler = sandbox.start();
    let ready = scheduler.output("a");
    let pid: i32 = ready.strip_prefix("ready ").unwrap().parse().unwrap();
    scheduler.signal(Signal::SIGINT);
    scheduler.announcement();
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.output("a"), "got TERM");
    scheduler.signal(Signal::SIGTERM);
    let end = scheduler.event("job_error", "a");
    assert_eq!(
        (&end["outcome"], &end["signal"]),
        (&"killed".into(), &9.into())
    );
    assert_eq!(scheduler.end().code(), Some(0));
    eventually("the job is gone", || !is_alive(pid));
}

#[test]
fn a8_a_job_that_is_deaf_to_term_is_killed_by_a_single_signal_to_the_scheduler() {
    let sandbox = Sandbox::new(
        "[scheduler]\nshutdown_timeout = '1s'\n[jobs.a]\nkill_after = '1s'\n\
         command = '''trap \"\" TERM; echo $$; while :; do sleep 1000; done'''\n",
    );
    let mut scheduler = sandbox.start();
    let pid: i32 = scheduler.output("a").parse().unwrap();
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    let end = scheduler.event("job_error", "a");
    let expected = (&"killed".into(), &9.into());
    assert_eq!((&end["outcome"], &end["signal"]), expected, "{end}");
    assert_eq!(scheduler.end().code(), Some(0));
    assert!(!is_alive(pid));
    let (code, stdout, stderr) = sandbox.output(&[
        "history",
        "--format",
        "json",
        "--state-dir",
        "state",
        "-f",
        "jobs.toml",
    ]);
    assert_eq!(code, Some(0), "{stderr}");
    let history: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let [run] = &history.as_array().unwrap()[..] else {
        panic!("one run: {history:#}");
    };
    assert_eq!((&run["outcome"], &run["signal"]), expected, "{run}");
}

#[test]
fn what_jobs_say_when_they_are_stopped_reaches_the_log_before_the_last_line() {
    let job =
        r#"command = '''trap "seq 10000; exit" TERM; echo ready; while :; do sleep 0.01; done'''"#;
    let sandbox = Sandbox::new(&format!(
        "[scheduler]\nshutdown_timeout = '60s'\n[jobs.a]\n{job}\n[jobs.b]\n{job}\n[jobs.c]\n{job}\n"
    ));
    let mut scheduler = sandbox.start();
    for _ in 0..3 {
        scheduler.wait_for("readiness", |line| line["output"] == "ready");
    }
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
    for job in ["a", "b", "c"] {
        let is_line = |line: &&serde_json::Value| {
            let number = |text: &str| text.parse::<u32>().is_ok();
            line["job_id"] == job && line["output"].as_str().is_some_and(number)
        };
        let lines = scheduler.seen.iter().filter(is_line).count();
        assert_eq!(lines, 10_000, "of job {job}");
    }
    assert_eq!(
        scheduler.seen.last().unwrap()["event"],
        "scheduler_shutdown"
    );
    let pipes = std::fs::read_dir(sandbox.state().join("output")).unwrap();
    assert_eq!(pipes.count(), 0, "no pipe is left behind");
}

#[test]
fn an_idle_scheduler_ends_at_once_with_0() {
    let sandbox = Sandbox::new("[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n");
    let mut scheduler = sandbox.start();
    scheduler.started();
    let seen = scheduler.stop();
    assert_eq!(seen.last().unwrap()["event"], "scheduler_shutdown");
}

#[test]
fn for_a_duration_means_just_that() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '100ms'\ncommand = 'true'\n");
    let mut scheduler = sandbox.start_with(&["--for", "3s"]);
    assert_eq!(scheduler.end().code(), Some(0));
    assert!(
        scheduler
            .seen
            .iter()
            .any(|line| line["event"] == "job_executed")
    );
}

#[test]
fn the_end_of_the_duration_does_not_harden_an_earlier_request_to_stop() {
    // The job says when the duration is over: it began later, and its sleep is longer.
    let job = r#"command = '''trap "echo got TERM; exit 1" TERM; echo ready; sleep $1 & wait; echo over; read x < fifo'''"#;
    for seconds in [1, 4, 16] {
        let job = job.replace("$1", &(seconds + 1).to_string());
        let sandbox = Sandbox::new(&format!("{PATIENT}{job}\n"));
        sandbox.make_gate("fifo");
        let begin = Instant::now();
        let mut scheduler = sandbox.start_with(&["--for", &format!("{seconds}s")]);
        scheduler.output("a");
        scheduler.signal(Signal::SIGTERM);
        scheduler.announcement();
        if begin.elapsed() > Duration::from_secs(seconds) {
            // On a busy machine the end of the duration may have come first: once more, with a longer one.
            scheduler.signal(Signal::SIGTERM);
            scheduler.end();
            continue;
        }
        assert_eq!(scheduler.output("a"), "over");
        sandbox.open_gate("fifo");
        assert_eq!(scheduler.event("job_executed", "a")["exit_code"], 0);
        assert_eq!(scheduler.end().code(), Some(0));
        return;
    }
    panic!("this machine is too slow to show anything");
}

#[test]
fn usr1_logs_the_status() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n[jobs.b]\ncommand = 'echo up; exec sleep 1000'\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.output("b");
    scheduler.signal(Signal::SIGUSR1);
    let status = |text: &'static str| {
        move |line: &serde_json::Value| {
            line["message"]
                .as_str()
                .is_some_and(|message| message.contains(text))
        }
    };
    scheduler.wait_for("status", status("Status: running, 2 jobs, 1 of "));
    scheduler.wait_for("job a", status("Status: job \"a\" (0 0 1 1 *): next at "));
    scheduler.wait_for("run of b", status("of job \"b\": process "));
    scheduler.signal(Signal::SIGTERM);
    scheduler.signal(Signal::SIGINT);
    scheduler.end();
}

#[test]
fn hup_takes_a_new_file_and_keeps_the_old_jobs_if_it_is_wrong() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '50ms'\ncommand = 'echo old'\n");
    let mut scheduler = sandbox.start();
    assert_eq!(scheduler.output("a"), "old");

    sandbox.write(
        "jobs.toml",
        "[jobs.a]\ninterval = '50ms'\ncomand = 'echo new'\ncron = '99 * * * *'\n",
    );
    scheduler.signal(Signal::SIGHUP);
    let message = scheduler.wait_for("diagnostic", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("jobs.toml:3:1"))
    });
    assert!(
        message["message"].as_str().unwrap().contains("command"),
        "it says what was meant: {message}"
    );
    scheduler.wait_for("refusal", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("the old jobs stay"))
    });
    scheduler.event("job_started", "a");
    assert_eq!(scheduler.output("a"), "old");

    sandbox.write(
        "jobs.toml",
        "[jobs.a]\ninterval = '50ms'\ncommand = 'echo new'\n[jobs.b]\ncommand = 'true'\n",
    );
    scheduler.signal(Signal::SIGHUP);
    scheduler.event("job_modified", "a");
    scheduler.event("job_executed", "b");
    scheduler.event("job_started", "a");
    assert_eq!(scheduler.output("a"), "new");
    scheduler.stop();
}

#[test]
fn hup_sees_an_update_of_the_time_zones() {
    // A zone file that says nothing but a rule (RFC 8536): version 1 empty, version 2 its footer.
    let zone_file = |rule: &str| {
        // No indicators, leap seconds and transitions; one type, four letters.
        let counts: [u32; 6] = [0, 0, 0, 0, 1, 4];
        let mut block = [b"TZif2".as_slice(), &[0; 15]].concat();
        block.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        block.extend(b"\0\0\0\0\0\0XXX\0");
        [
            block.as_slice(),
            block.as_slice(),
            format!("\n{rule}\n").as_bytes(),
        ]
        .concat()
    };
    let sandbox = Sandbox::new(
        "[jobs.a]\ncron = '0 0 1 1 *'\ntimezone = 'Europe/Paris'\ncommand = 'true'\n[jobs.b]\ncron = '0 0 1 1 *'\ntimezone = 'UTC'\ncommand = 'true'\n",
    );
    std::fs::create_dir_all(sandbox.path("zones/Europe")).unwrap();
    let file = sandbox.path("zones/Europe/Paris");
    std::fs::write(&file, zone_file("XXX-1")).unwrap();
    let mut command = sandbox.command(&[
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(command.env("TZDIR", sandbox.path("zones")));
    scheduler.started();
    std::fs::write(&file, zone_file("XXX-2")).unwrap();
    scheduler.signal(Signal::SIGHUP);
    scheduler.wait_for("reload", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Reloaded"))
    });
    let modified: Vec<_> = scheduler
        .stop()
        .into_iter()
        .filter(|line| line["event"] == "job_modified")
        .map(|line| line["job_id"].clone())
        .collect();
    assert_eq!(modified, ["a"]);
}

#[test]
fn hup_during_the_shutdown_is_ignored_and_says_so() {
    let sandbox = Sandbox::new(&format!("{PATIENT}command = 'echo ready; read x < fifo'\n"));
    nix::unistd::mkfifo(&sandbox.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let manager = UnixDatagram::bind(sandbox.path("notify")).unwrap();
    let mut command = sandbox.command(&[
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(command.env("NOTIFY_SOCKET", sandbox.path("notify")));
    scheduler.output("a");
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    scheduler.signal(Signal::SIGHUP);
    scheduler.wait_for("refusal", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Not reloading"))
    });
    sandbox.write("fifo", "go\n");
    assert_eq!(scheduler.end().code(), Some(0));
    manager.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4096];
    let mut states = Vec::new();
    while let Ok(length) = manager.recv(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..length]);
        states.push(text.lines().next().unwrap().to_owned());
    }
    assert_eq!(states, ["READY=1", "STATUS=Scheduling 1 job", "STOPPING=1"]);
}

#[test]
fn paused_means_that_nothing_is_started() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '10ms'\ncommand = 'true'\n");
    let mut scheduler = sandbox.start_with(&["--paused", "--for", "500ms"]);
    scheduler.end();
    assert!(
        !scheduler
            .seen
            .iter()
            .any(|line| line["event"] == "job_started"),
        "{:#?}",
        scheduler.seen
    );
    assert!(
        scheduler
            .seen
            .iter()
            .any(|line| line["event"] == "scheduler_paused")
    );
}

#[test]
fn a_closed_log_does_not_stop_the_jobs() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '20ms'\ncommand = 'echo x >> out'\n");
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state", "--for", "3s"]);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(sandbox.read("out").lines().count() > 1);
}

#[test]
fn a_full_disk_under_the_log_does_not_stop_the_jobs() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '20ms'\ncommand = 'echo x >> out'\n");
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state", "--for", "3s"]);
    assert_eq!(command.stderr(full).status().unwrap().code(), Some(0));
    assert!(sandbox.read("out").lines().count() > 1);
}

#[test]
fn the_watchdog_is_fed_as_long_as_the_loop_turns_though_nothing_is_due() {
    let sandbox = Sandbox::new("[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n");
    let manager = UnixDatagram::bind(sandbox.path("notify")).unwrap();
    manager
        .set_read_timeout(Some(crate::scheduler::PATIENCE))
        .unwrap();
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state"]);
    command.env("NOTIFY_SOCKET", sandbox.path("notify"));
    let mut scheduler = Scheduler::start(command.env("WATCHDOG_USEC", "200000"));
    let mut buffer = [0; 4096];
    let mut next = || {
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let mut fed = 0;
    while fed < 5 {
        fed += usize::from(next() == "WATCHDOG=1");
    }
    // A stopped loop says nothing; going on it does.
    scheduler.signal(Signal::SIGSTOP);
    eventually("it is stopped", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", scheduler.pid())).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T')
    });
    scheduler.signal(Signal::SIGCONT);
    while fed < 10 {
        fed += usize::from(next() == "WATCHDOG=1");
    }
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
}
