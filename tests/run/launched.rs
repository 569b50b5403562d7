//! What the launcher of a scheduler leaves open, ignored, blocked or closed is not for its jobs.

use crate::scheduler::{Sandbox, Scheduler, eventually, works};
use std::process::{Command, Stdio};

/// `rsched run`, launched by a line of shell that ends with `exec "$0" "$@"`.
fn launched(sandbox: &Sandbox, launch: &str) -> Command {
    let mut command = sandbox.bare_command("sh".as_ref());
    command
        .args(["-c", &format!("{launch} exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args(["run", "jobs.toml", "--state-dir", "state"])
        .args(["--log-format", "json"]);
    command
}

#[test]
fn b19_what_a_launcher_ignores_and_blocks_a_job_does_not() {
    // Both ways of starting: at once, and by the intermediate.
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = ['grep', '^Sig[IB]', '/proc/self/status']\n[jobs.b]\numask = '022'\ncommand = ['grep', '^Sig[IB]', '/proc/self/status']\n",
    );
    let mut command = launched(&sandbox, "trap '' HUP INT QUIT TERM USR1 PIPE CHLD;");
    let mut scheduler = Scheduler::start(&mut command);
    for _ in 0..4 {
        let line = scheduler.wait_for("output", |line| line["output"].is_string());
        let (name, mask) = line["output"].as_str().unwrap().split_once('\t').unwrap();
        let mask = u64::from_str_radix(mask, 16).unwrap();
        // The C library keeps 32 and 33 for itself.
        assert_eq!(mask & !(0b11 << 31), 0, "{name} of {}", line["job_id"]);
    }
    // Nor is the scheduler deaf itself.
    scheduler.stop();
}

#[test]
fn b20_a_job_has_none_of_the_launchers_descriptors() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = ['ls', '-x', '/proc/self/fd']\n[jobs.b]\numask = '022'\ncommand = ['ls', '-x', '/proc/self/fd']\n",
    );
    let open: Vec<String> = (3..10)
        .map(|number| format!("exec {number}< jobs.toml; "))
        .collect();
    let open = open.concat();
    let mut scheduler = Scheduler::start(&mut launched(&sandbox, &open));
    for _ in ["a", "b"] {
        let line = scheduler.wait_for("output", |line| line["output"].is_string());
        // The fourth is the directory that ls reads.
        assert_eq!(line["output"], "0  1  2  3");
    }
    scheduler.stop();
}

#[test]
fn b23_a_job_gets_no_terminal_from_a_scheduler_that_has_one() {
    if !works("script", &["-qc", "test -t 1", "/dev/null"]) {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = '''{ tty; cut -d' ' -f7 /proc/$$/stat; cat < /dev/tty 2> /dev/null || echo none; } > seen; touch done'''\n",
    );
    let rsched = env!("CARGO_BIN_EXE_rsched");
    let line = format!("{rsched} run jobs.toml --state-dir state --for 500ms");
    let mut command = sandbox.bare_command("script".as_ref());
    assert!(
        command
            .args(["-qc", &line, "/dev/null"])
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(sandbox.read("seen"), "not a tty\n0\nnone\n");
}

#[test]
fn h1_a_launcher_that_closed_everything_hinders_nothing() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '20ms'\ncommand = 'ls -x /proc/self/fd > fds; echo printed; echo x >> out'\n",
    );
    for closed in ["<&- >&- 2>&-", ">&-", "2>&-"] {
        let mut command = launched(&sandbox, &format!("exec {closed};"));
        let command = command.args(["--for", "60s"]).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        eventually("it runs its jobs", || {
            sandbox.read("out").lines().count() > 5
        });
        let pid = i32::try_from(child.id()).unwrap();
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(pid),
            nix::sys::signal::Signal::SIGTERM,
        )
        .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{closed}");
        assert_eq!(sandbox.read("fds"), "0  1  2  3\n", "{closed}");
        std::fs::remove_file(sandbox.path("out")).unwrap();
    }
    // Nothing of the log got into the store.
    let (code, stdout, stderr) =
        sandbox.output(&["store", "check", "--state-dir", "state", "-f", "jobs.toml"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}
