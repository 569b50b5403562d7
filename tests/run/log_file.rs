//! `--log-file`: the log in a file that others rotate.

use crate::scheduler::{Sandbox, Scheduler, eventually};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const COUNTING: &str = "[scheduler]\nstore = 'memory'\n\
     [jobs.a]\ncommand = '''i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i + 1)); done'''\n";

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Scheduler {
    let all = [
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-file",
        "log",
    ];
    Scheduler::start(sandbox.command(&all).args(arguments))
}

#[test]
fn h8_a_log_that_is_rotated_by_renaming_loses_no_line() {
    // It goes on when the log has been rotated for the first time.
    let waiting = "[ $i -ne 2500 ] || read x < gate; done";
    let sandbox = Sandbox::new(&COUNTING.replace("done", waiting));
    sandbox.make_gate("gate");
    let mut scheduler = start(&sandbox, &["--log-format", "json"]);
    // While it is written to, as logrotate does: rename, and tell nobody.
    let mut old = 1;
    eventually("lines are there", || sandbox.read("log").len() > 10_000);
    fs::rename(sandbox.path("log"), sandbox.path("log.1")).unwrap();
    sandbox.open_gate("gate");
    eventually("the job is done", || {
        let log = sandbox.read("log");
        // It may have been written to the file that was just renamed.
        let before = sandbox.read(&format!("log.{old}"));
        let is_done = [&log, &before].map(|text| text.contains("\"job_executed\""));
        let is_done = is_done.contains(&true);
        if !is_done && log.len() > 10_000 && old < 100 {
            old += 1;
            fs::rename(sandbox.path("log"), sandbox.path(&format!("log.{old}"))).unwrap();
        }
        is_done
    });
    // And tell it, with nothing to be written.
    fs::rename(sandbox.path("log"), sandbox.path("log.last")).unwrap();
    scheduler.signal(Signal::SIGHUP);
    eventually("it is begun anew", || sandbox.read("log").contains("eload"));
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
    assert!(scheduler.seen.is_empty(), "{:?}", scheduler.seen);

    let names = (1..=old).map(|number| format!("log.{number}"));
    let names = names.chain(["log.last".into(), "log".into()]);
    let logs: Vec<_> = names.map(|name| sandbox.read(&name)).collect();
    assert!(
        logs.iter().all(|log| log.ends_with('\n')),
        "lines are whole"
    );
    let lines = logs.iter().flat_map(|log| log.lines());
    let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> = lines.collect();
    let said = lines.iter().filter_map(|line| line["output"].as_str());
    assert!(said.eq((0..5_000).map(|number| format!("line {number}"))));
    let uptimes: Vec<_> = lines.iter().map(|line| line["uptime"].as_f64()).collect();
    assert!(uptimes.iter().all(Option::is_some) && uptimes.is_sorted());
    let mode = fs::metadata(sandbox.path("log")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o7777, 0o600);
}

#[test]
fn h8_a_directory_of_logs_that_is_gone_is_told_of_and_waited_for() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '50ms'\ncommand = 'echo line'\n");
    fs::create_dir(sandbox.path("logs")).unwrap();
    let arguments = [
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-file",
        "logs/log",
    ];
    let mut scheduler = Scheduler::start(&mut sandbox.command(&arguments));
    let log = || sandbox.read("logs/log");
    eventually("it is written", || log().contains("line"));
    fs::remove_dir_all(sandbox.path("logs")).unwrap();
    let complaint = scheduler.wait_for("complaint", |_| true);
    let complaint = complaint["message"].as_str().unwrap();
    let expected = "logs/log`: no such file or directory; its lines go to the file that was there";
    assert!(
        complaint.starts_with("rsched: cannot open the log file `"),
        "{complaint}"
    );
    assert!(complaint.ends_with(expected), "{complaint}");
    fs::create_dir(sandbox.path("logs")).unwrap();
    eventually("it is written again", || log().contains("line"));
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.end().code(), Some(0));
    assert_eq!(
        scheduler.seen.len(),
        1,
        "it is told once: {:?}",
        scheduler.seen
    );
}

#[test]
fn a_file_that_is_no_place_for_a_log_is_refused_before_anything_starts() {
    let sandbox = Sandbox::new(COUNTING);
    symlink("elsewhere", sandbox.path("link")).unwrap();
    let place = sandbox.path("").canonicalize().unwrap();
    let place = place.display();
    for (arguments, code, expected) in [
        (
            &["--log-file", "link"][..],
            77,
            format!("rsched: the log file `{place}/link` is a symbolic link, expected a file\n"),
        ),
        (
            &["--log-file", "none/log"],
            73,
            format!("rsched: cannot open the log file `{place}/none/log`: no such file or directory\n"),
        ),
        (
            &["--log-file", "log", "--log-format", "journal"],
            2,
            "rsched: `--log-format journal` goes to systemd's journal and not to a file: leave out one of the two\n".into(),
        ),
    ] {
        let mut all = vec!["run", "jobs.toml", "--state-dir", "state"];
        all.extend(arguments);
        let (found, stdout, stderr) = sandbox.output(&all);
        assert_eq!((found, stdout.as_str(), stderr), (Some(code), "", expected));
    }
    assert!(!sandbox.state().exists() && !sandbox.path("elsewhere").exists());
}
