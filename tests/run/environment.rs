//! What the process of a run is given, seen by the process.

use crate::scheduler::{Sandbox, Scheduler};
use std::collections::BTreeMap;

/// The variables that one run of `env -0` printed.
fn variables(output: &str) -> BTreeMap<&str, &str> {
    output
        .split('\0')
        .filter_map(|variable| variable.split_once('='))
        .collect()
}

/// A launcher whose environment is full of traps.
fn poisoned(sandbox: &Sandbox) -> std::process::Command {
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state"]);
    command
        .args(["--log-format", "json"])
        .env("LD_PRELOAD", "")
        .env("BASH_ENV", "/tmp/evil")
        .env("IFS", "x")
        .env("NOTIFY_SOCKET", "/nonexistent")
        .env("RSCHED_JOB_ID", "another");
    command
}

#[test]
fn j9_a_clear_environment_holds_nothing_of_the_launcher() {
    let sandbox = Sandbox::new(
        "[env]\nE = 'file'\n[jobs.a]\ncommand = ['/bin/sh', '-c', 'env -0 > vars']\nclear_env = true\nenv = { J = 'job' }\nshell = '/bin/bash'\n",
    );
    let mut scheduler = Scheduler::start(&mut poisoned(&sandbox));
    scheduler.event("job_executed", "a");
    let text = sandbox.read("vars");
    let mut found = variables(&text);
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid())
        .unwrap()
        .expect("who runs the tests is in the user database");
    let home = user.dir.display().to_string();
    for (name, value) in [
        ("E", "file"),
        ("J", "job"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", &home),
        ("LOGNAME", &user.name),
        ("USER", &user.name),
        ("SHELL", "/bin/bash"),
        ("RSCHED_JOB_ID", "a"),
        ("RSCHED_ATTEMPT", "1"),
        ("RSCHED_REASON", "startup"),
    ] {
        assert_eq!(found.remove(name), Some(value), "{name}");
    }
    for made_by_the_shell in ["PWD", "OLDPWD", "SHLVL", "_"] {
        found.remove(made_by_the_shell);
    }
    assert_eq!(
        found.into_keys().collect::<Vec<_>>(),
        ["RSCHED_FIRE_TIME", "RSCHED_RUN_ID"]
    );
    scheduler.stop();
}

#[test]
fn j9_a_job_that_inherits_gets_the_launchers_variables_but_those_of_systemd() {
    let sandbox = Sandbox::new("[jobs.a]\ncommand = ['/usr/bin/env', '-0']\n");
    let mut scheduler = Scheduler::start(&mut poisoned(&sandbox));
    let text = scheduler.output("a");
    let found = variables(&text);
    assert_eq!(found.get("BASH_ENV"), Some(&"/tmp/evil"));
    assert_eq!(found.get("IFS"), Some(&"x"));
    assert_eq!(found.get("NOTIFY_SOCKET"), None);
    assert_eq!(found.get("RSCHED_JOB_ID"), Some(&"a"));
    scheduler.stop();
}

#[test]
fn a_file_of_variables_is_read_at_each_run_and_its_mistakes_are_named_without_its_secrets() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '50ms'\ncommand = 'echo $A'\nenv = { A = 'job' }\nenv_file = 'vars'\n",
    );
    sandbox.write("vars", "A='from the file'\n");
    let mut scheduler = sandbox.start();
    assert_eq!(scheduler.output("a"), "from the file");
    sandbox.write("vars", "A=1\nhunter2\n");
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "spawn_failed");
    let message = end["message"].as_str().unwrap();
    assert!(
        message.ends_with("vars`, line 2: there is no `=`, expected `KEY=value`"),
        "{message}"
    );
    for line in scheduler.stop() {
        assert!(!line.to_string().contains("hunter2"), "{line}");
    }
}

#[test]
fn a_job_reads_the_text_or_the_file_that_it_is_given() {
    let long = "x".repeat(64 * 1024);
    let sandbox = Sandbox::new(&format!(
        "[jobs.a]\ncommand = ['wc', '-c']\nstdin = '{long}'\n[jobs.b]\ncommand = ['cat']\nstdin = {{ file = 'in' }}\n"
    ));
    sandbox.write("in", "from the file");
    let mut scheduler = sandbox.start();
    let mut lines = BTreeMap::new();
    while lines.len() < 2 {
        let line = scheduler.wait_for("output", |line| line["output"].is_string());
        lines.insert(line["job_id"].to_string(), line["output"].to_string());
    }
    assert_eq!(lines["\"a\""], "\"65536\"");
    assert_eq!(lines["\"b\""], "\"from the file\"");
    scheduler.stop();
}

#[test]
fn a_host_that_is_not_named_starts_nothing() {
    let sandbox = Sandbox::new(
        "[scheduler]\nhosts = ['no-such-host.invalid']\n[jobs.a]\ncommand = 'touch ran'\n",
    );
    let (code, _, stderr) =
        sandbox.output(&["run", "jobs.toml", "--state-dir", "state", "--for", "10ms"]);
    assert_eq!(code, Some(77), "{stderr}");
    let ours = nix::unistd::gethostname().unwrap().into_string().unwrap();
    assert_eq!(
        stderr,
        format!(
            "rsched: this host is `{ours}`, and `hosts` in `[scheduler]` allows `no-such-host.invalid` only: nothing was started\n"
        )
    );
    assert!(!sandbox.path("ran").exists() && !sandbox.state().exists());
    sandbox.write(
        "jobs.toml",
        &format!(
            "[scheduler]\nhosts = ['other', '{}']\n",
            ours.to_ascii_uppercase()
        ),
    );
    let (code, ..) = sandbox.output(&["run", "jobs.toml", "--state-dir", "state", "--for", "10ms"]);
    assert_eq!(code, Some(0));
}
