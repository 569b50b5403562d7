//! Crontabs, run: what cron would have done, seen by the commands.

use crate::scheduler::{Sandbox, Scheduler, skipped};
use nix::unistd::{User, geteuid};
use serde_json::Value;
use std::collections::BTreeMap;

/// A sandbox with this crontab beside an empty jobs file.
fn sandbox(tab: &str) -> Sandbox {
    let sandbox = Sandbox::new("");
    sandbox.write("tab", tab);
    sandbox
}

fn start(sandbox: &Sandbox, options: &[&str]) -> Scheduler {
    // This machine may have one.
    let log = ["--log-format", "json", "--sendmail", "off"];
    let arguments = [&["run", "tab", "--state-dir", "state"], &log[..]].concat();
    let mut command = sandbox.command(&[&arguments[..], options].concat());
    // What a launcher has is nothing to the commands of a crontab.
    command.env("IFS", "x").env("LANG", "tlh").env("TZ", "UTC");
    Scheduler::start(&mut command)
}

/// All that a job has printed, once it has ended well.
fn output_of(scheduler: &mut Scheduler, id: &str) -> String {
    let has_ended = |line: &Value| line["event"] == "job_executed" && line["job_id"] == id;
    if !scheduler.seen.iter().any(has_ended) {
        scheduler.wait_for(&format!("end of {id}"), |line| {
            assert_ne!(line["event"], "job_error", "{line}");
            has_ended(line)
        });
    }
    let of_it = scheduler.seen.iter().filter(|line| line["job_id"] == id);
    let lines = of_it.filter_map(|line| line["output"].as_str());
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn variables(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|variable| variable.split_once('='))
        .collect()
}

#[test]
fn a_command_has_crons_environment_and_nothing_else() {
    let sandbox = sandbox(
        "MAILTO=me@example.org\n# id: a\n@reboot exec env\nPATH=/bin:/usr/bin\nSHELL=/bin/bash\nX=' y '\n# id: b\n@reboot exec env; pwd\n",
    );
    let mut scheduler = start(&sandbox, &[]);
    let user = User::from_uid(geteuid()).unwrap().unwrap();
    let home = user.dir.display().to_string();
    for (id, own) in [
        ("a", vec![("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh")]),
        (
            "b",
            vec![
                ("PATH", "/bin:/usr/bin"),
                ("SHELL", "/bin/bash"),
                ("X", " y "),
            ],
        ),
    ] {
        let text = output_of(&mut scheduler, id);
        let mut found = variables(&text);
        found.retain(|name, _| !name.starts_with("RSCHED_"));
        let mut expected = BTreeMap::from([
            ("HOME", home.as_str()),
            ("LOGNAME", &user.name),
            ("USER", &user.name),
            ("MAILTO", "me@example.org"),
            // The directory, as the shell has it.
            ("PWD", &home),
        ]);
        expected.extend(own);
        for made_by_the_shell in ["OLDPWD", "SHLVL", "_"] {
            found.remove(made_by_the_shell);
        }
        assert_eq!(found, expected, "{id}");
    }
    scheduler.stop();
}

#[test]
fn a_command_runs_in_home_with_what_follows_the_percent_for_its_input() {
    let sandbox = sandbox("");
    let home = sandbox.path("");
    sandbox.write(
        "tab",
        &format!(
            "HOME={}\n# id: a\n@reboot pwd; echo 50\\%; cat%one%two \\% \\\\x\n",
            home.display()
        ),
    );
    let mut scheduler = start(&sandbox, &[]);
    let output = output_of(&mut scheduler, "a");
    let directory = home.canonicalize().unwrap();
    let expected = format!("{}\n50%\none\ntwo % \\\\x\n", directory.display());
    assert_eq!(output, expected);
    scheduler.stop();
}

#[test]
fn a_reload_takes_an_edited_crontab() {
    let sandbox = sandbox("# id: a\n@reboot echo one\n");
    let mut scheduler = start(&sandbox, &[]);
    assert_eq!(output_of(&mut scheduler, "a"), "one\n");
    sandbox.write("tab", "# id: b\n@reboot echo two\n");
    scheduler.signal(nix::sys::signal::Signal::SIGHUP);
    assert_eq!(output_of(&mut scheduler, "b"), "two\n");
    scheduler.stop();
}

#[test]
fn a_system_crontab_runs_commands_as_their_users() {
    if !geteuid().is_root() {
        skipped("only root can become another user");
        return;
    }
    let sandbox =
        sandbox("HOME=/\n# id: a\n@reboot nobody id -un; pwd\n# id: b\n@reboot root id -un\n");
    let mut scheduler = start(&sandbox, &["--system"]);
    assert_eq!(output_of(&mut scheduler, "a"), "nobody\n/\n");
    assert_eq!(output_of(&mut scheduler, "b"), "root\n");
    scheduler.stop();
}

#[test]
fn a_system_crontab_with_a_user_that_is_not_there_is_not_run() {
    let sandbox = sandbox("@reboot no-such-user true\n");
    let output = sandbox
        .command(&["run", "tab", "--system", "--state-dir", "state"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let message = String::from_utf8(output.stderr).unwrap();
    let expected = if geteuid().is_root() {
        "error[unknown_user]: there is no user `no-such-user` on this machine"
    } else {
        "error[not_root]: a command of `no-such-user`: only root may run it as its user"
    };
    assert!(message.contains(expected), "{message}");
}
