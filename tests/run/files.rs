//! Jobs files that are missing, wrong, or not to be trusted.

use crate::scheduler::{Sandbox, Scheduler, exists};
use std::collections::BTreeSet;

const SIX_MISTAKES: &str = r#"[scheduler]
timezone = "Europe/Helsinky"

[jobs.one]
cron = "0 60 * * *"
command = "true"

[jobs.two]
interval = "10 parsecs"
command = "true"

[jobs.three]
crom = "0 0 * * *"
command = "true"

[jobs.four]
cron = "0 22-2 * * *"

[jobs.five]
cron = { day_of_week = 7 }
command = "true"
max_instances = 0
"#;

#[test]
fn every_mistake_is_told_in_one_go_and_nothing_is_started() {
    let sandbox = Sandbox::new(SIX_MISTAKES);
    let (code, stdout, stderr) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state"]);
    assert_eq!(code, Some(78));
    assert_eq!(stdout, "");
    for place in ["2:12", "5:11", "9:16", "13:1", "17:11", "20:24", "22:17"] {
        assert!(
            stderr.contains(&format!("jobs.toml:{place}")),
            "nothing at {place}:\n{stderr}"
        );
    }
    assert!(!exists(&sandbox.state()), "nothing was made");
    let (code, ..) = sandbox.output(&["validate", "jobs.toml"]);
    assert_eq!(code, Some(1));
}

#[test]
fn without_a_file_the_places_looked_at_are_named() {
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.path("jobs.toml")).unwrap();
    let (code, _, stderr) = sandbox.output(&["run"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("jobs.toml") && stderr.contains("/etc/rsched/jobs.toml"),
        "{stderr}"
    );
}

#[test]
fn the_file_that_was_found_is_named() {
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'true'\n");
    let (code, _, stderr) = sandbox.output(&["run", "--state-dir", "state", "--for", "10ms"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("using jobs.toml"), "{stderr}");
}

#[test]
fn a_missing_file_is_named_with_the_reason() {
    let sandbox = Sandbox::new("");
    let (code, _, stderr) = sandbox.output(&["run", "nowhere.toml"]);
    assert_eq!(code, Some(78));
    assert!(
        stderr.contains("nowhere.toml") && stderr.contains("No such file"),
        "{stderr}"
    );
}

#[test]
fn a_directory_of_files_is_one_configuration() {
    let sandbox = Sandbox::new("");
    std::fs::create_dir(sandbox.path("jobs.d")).unwrap();
    sandbox.write("jobs.d/a.toml", "[jobs.a]\ncommand = 'echo from a'\n");
    sandbox.write("jobs.d/b.toml", "[jobs.b]\ncommand = 'echo from b'\n");
    sandbox.write("jobs.d/notes.txt", "not for us");
    let mut command = sandbox.command(&[
        "run",
        "jobs.d",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(&mut command);
    let lines: BTreeSet<_> = (0..2)
        .map(|_| {
            scheduler.wait_for("output", |line| line["output"].is_string())["output"].to_string()
        })
        .collect();
    assert_eq!(
        lines,
        BTreeSet::from(["\"from a\"".to_owned(), "\"from b\"".to_owned()])
    );
    scheduler.stop();
}

#[test]
fn a_file_that_others_may_write_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'true'\n");
    std::fs::set_permissions(
        sandbox.path("jobs.toml"),
        std::fs::Permissions::from_mode(0o666),
    )
    .unwrap();
    let (code, _, stderr) =
        sandbox.output(&["run", "jobs.toml", "--state-dir", "state", "--for", "10ms"]);
    assert!(stderr.contains("writable by everybody"), "{stderr}");
    // Root refuses; anybody else is warned.
    assert_eq!(
        code,
        Some(if nix::unistd::geteuid().is_root() {
            77
        } else {
            0
        })
    );
}

#[test]
fn a_file_that_others_may_write_is_named_at_a_reload_too() {
    use nix::sys::signal::Signal;
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    let sandbox = Sandbox::new("[jobs.a]\ncron = '0 0 1 1 *'\ncommand = 'true'\n");
    let mut command = sandbox.command(&[]);
    if nix::unistd::geteuid().is_root() {
        // Root refuses such a file. As somebody else it needs a program that it can reach.
        const NOBODY: u32 = 65_534;
        let program = sandbox.path("rsched");
        // By another process: one that another test forks now would hold our copy open for
        // writing, and it could not be executed (ETXTBSY).
        let mut copy = std::process::Command::new("cp");
        let copied = copy.arg(command.get_program()).arg(&program).status();
        assert!(copied.unwrap().success());
        for path in [".", "jobs.toml"] {
            chown(sandbox.path(path), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command = std::process::Command::new(program);
        command
            .current_dir(sandbox.path("."))
            .uid(NOBODY)
            .gid(NOBODY);
    }
    command.args(["run", "jobs.toml", "--state-dir", "state"]);
    let mut scheduler = Scheduler::start(command.args(["--log-format", "json"]));
    scheduler.started();
    std::fs::set_permissions(
        sandbox.path("jobs.toml"),
        std::fs::Permissions::from_mode(0o666),
    )
    .unwrap();
    scheduler.signal(Signal::SIGHUP);
    let line = scheduler.wait_for("warning", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("writable by everybody"))
    });
    assert_eq!(line["level"], "warn");
    scheduler.stop();
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let sandbox = Sandbox::new("");
    nix::unistd::mkfifo(&sandbox.path("pipe.toml"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in ["pipe.toml", "/dev/zero"] {
        let (code, _, stderr) = sandbox.output(&["run", path]);
        assert_eq!(code, Some(78), "{stderr}");
        assert!(stderr.contains("expected a regular file"), "{stderr}");
    }
}

#[test]
fn standard_input_is_read_once_and_a_reload_of_it_is_refused() {
    use nix::sys::signal::Signal;
    use std::os::unix::net::UnixStream;
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '50ms'\ncommand = 'echo x'\n");
    let (mut text, input) = UnixStream::pair().unwrap();
    std::io::Write::write_all(&mut text, sandbox.read("jobs.toml").as_bytes()).unwrap();
    text.shutdown(std::net::Shutdown::Write).unwrap();
    let mut command =
        sandbox.command(&["run", "-", "--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(command.stdin(std::os::fd::OwnedFd::from(input)));
    scheduler.event("job_executed", "a");
    scheduler.signal(Signal::SIGHUP);
    for expected in ["can be read only once", "the old jobs stay"] {
        scheduler.wait_for(expected, |line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.contains(expected))
        });
    }
    scheduler.event("job_started", "a");
    scheduler.event("job_executed", "a");
    scheduler.stop();
}

/// Waits until the scheduler has taken the file with that job.
fn taken(scheduler: &mut crate::scheduler::Scheduler, job: &str) {
    scheduler.event("job_added", job);
}

fn watched(job: &str) -> String {
    format!("[scheduler]\nwatch = true\n[jobs.{job}]\ncron = '@yearly'\ncommand = 'x'\n")
}

#[test]
fn a_watched_file_is_read_again_however_it_changes() {
    let sandbox = Sandbox::new(&watched("a"));
    let mut scheduler = sandbox.start();
    scheduler.started();
    // Written in place, with the same size.
    sandbox.write("jobs.toml", &watched("b"));
    taken(&mut scheduler, "b");
    // Replaced by a rename, as editors do, time after time.
    for job in ["c", "d"] {
        sandbox.write("jobs.toml~", &watched(job));
        std::fs::rename(sandbox.path("jobs.toml~"), sandbox.path("jobs.toml")).unwrap();
        taken(&mut scheduler, job);
    }
    // Removed, which is said, and made anew.
    std::fs::remove_file(sandbox.path("jobs.toml")).unwrap();
    scheduler.wait_for("complaint", |line| line["event"] == "reload_failed");
    sandbox.write("jobs.toml", &watched("e"));
    taken(&mut scheduler, "e");
    // Wrong, which is said, and the old stays; then no longer watched.
    sandbox.write("jobs.toml", "[jobs.a]\n");
    scheduler.wait_for("complaint", |line| line["event"] == "reload_failed");
    sandbox.write("jobs.toml", &watched("f").replace("true", "false"));
    taken(&mut scheduler, "f");
    scheduler.stop();
}

#[test]
fn a_swapped_link_on_the_way_to_a_watched_file_is_seen() {
    // As Kubernetes mounts a ConfigMap.
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.path("jobs.toml")).unwrap();
    let generation = |name: &str, job: &str| {
        std::fs::create_dir(sandbox.path(name)).unwrap();
        sandbox.write(&format!("{name}/jobs.toml"), &watched(job));
    };
    generation("..1", "a");
    std::os::unix::fs::symlink("..1", sandbox.path("..data")).unwrap();
    std::os::unix::fs::symlink("..data/jobs.toml", sandbox.path("jobs.toml")).unwrap();
    let mut scheduler = sandbox.start();
    scheduler.started();
    for (name, job) in [("..2", "b"), ("..3", "c")] {
        generation(name, job);
        std::os::unix::fs::symlink(name, sandbox.path("..data_tmp")).unwrap();
        std::fs::rename(sandbox.path("..data_tmp"), sandbox.path("..data")).unwrap();
        taken(&mut scheduler, job);
    }
    scheduler.stop();
}

#[test]
fn a_file_that_says_the_same_is_not_taken_again() {
    let sandbox = Sandbox::new(&watched("a"));
    let mut scheduler = sandbox.start();
    scheduler.started();
    for _ in 0..3 {
        sandbox.write("jobs.toml", &watched("a"));
    }
    sandbox.write("other", "x");
    sandbox.write("jobs.toml", &watched("b"));
    taken(&mut scheduler, "b");
    let lines = scheduler.stop();
    let reloads = lines
        .iter()
        .filter(|line| line["message"] == "Reloaded: 1 job");
    assert_eq!(reloads.count(), 1);
}
