//! Jobs that run as somebody else, under limits: by way of the intermediate.
//!
//! Most of it only root can do; without root those tests say that they are skipped.

use crate::scheduler::{FORGETFUL, Sandbox, Scheduler, is_root, open_sandbox, skipped, works};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::Command;

const NOBODY: u32 = 65_534;

/// The lines that job `a` printed, as `name: value`, once it has ended well.
fn facts(scheduler: &mut Scheduler) -> BTreeMap<String, String> {
    scheduler.wait_for("end of a", |line| {
        assert_ne!(line["event"], "job_error", "{line}");
        line["event"] == "job_executed" && line["job_id"] == "a"
    });
    scheduler
        .seen
        .iter()
        .filter_map(|line| line["output"].as_str()?.split_once(':'))
        .map(|(name, value)| {
            (
                name.to_owned(),
                value.split_whitespace().collect::<Vec<_>>().join(" "),
            )
        })
        .collect()
}

/// How the one job of these failed to start.
fn spawn_failure(scheduler: &mut Scheduler) -> String {
    let end = scheduler.wait_for("end", |line| {
        line["event"] == "job_error" || line["event"] == "job_executed"
    });
    why(&end)
}

/// Why it says that the job could not be started.
fn why(end: &Value) -> String {
    assert_eq!(end["outcome"], "spawn_failed", "{end}");
    let message = end["message"].as_str().unwrap();
    let (_, why) = message.split_once("could not be started: ").unwrap();
    why.to_owned()
}

const STATUS: &str = r"cat /proc/self/status; sed -n 's/^Max \([a-z ]*[a-z]\)  */\1:/p' /proc/self/limits; echo nice:$(nice)";

#[test]
fn limits_umask_and_nice_hold_in_the_job_and_nothing_else_changes() {
    let more = r"ls /proc/self/fd | tr '\n' ' ' | sed 's/^/fds:/'; echo; echo session:$(cut -d' ' -f1,5,6,7 /proc/$$/stat)";
    let sandbox = Sandbox::new(&format!(
        "[jobs.a]\ncommand = '''{STATUS}; {more}'''\n\
         umask = '027'\nnice = 3\nno_new_privileges = true\n\
         limits = {{ cpu = '10s', memory = '1GiB', files = 50, processes = 90000, core = 0 }}\n",
    ));
    let mut scheduler = sandbox.start();
    let facts = facts(&mut scheduler);
    let is = |name: &str, value: &str| assert_eq!(facts[name], value, "{name}");
    is("Umask", "0027");
    is("nice", "3");
    is("NoNewPrivs", "1");
    is("cpu time", "10 11 seconds");
    is("address space", "1073741824 1073741824 bytes");
    is("open files", "50 50 files");
    is("processes", "90000 90000 processes");
    is("core file size", "0 0 bytes");
    // The fourth is the directory that ls reads.
    is("fds", "0 1 2 3");
    let session: Vec<_> = facts["session"].split(' ').collect();
    assert!(
        session[0] == session[1] && session[1] == session[2],
        "{session:?}"
    );
    assert_eq!(session[3], "0", "no terminal");
    // The C library keeps 32 and 33 for itself; Rust, between us and the job, ignores SIGPIPE.
    for name in ["SigIgn", "SigBlk"] {
        let mask = u64::from_str_radix(&facts[name], 16).unwrap();
        assert_eq!(mask & !(0b11 << 31), 0, "{name}");
    }
    scheduler.stop();
}

#[test]
fn niceness_holds_between_sessions_too() {
    let Ok(ours) = fs::read_to_string("/proc/self/autogroup") else {
        skipped("this kernel has no autogroups");
        return;
    };
    if !is_root("setting the niceness of an autogroup at any rate") {
        return;
    }
    let sandbox = Sandbox::new("[jobs.a]\ncommand = ['cat', '/proc/self/autogroup']\nnice = 7\n");
    let mut scheduler = sandbox.start();
    let line = scheduler.output("a");
    assert!(line.ends_with(" nice 7") && line != ours, "{line}");
    scheduler.stop();
}

#[test]
fn j11_a_job_becomes_its_user_with_all_groups_and_no_way_back() {
    if !is_root("becoming another user") || !works("unshare", &["--mount", "true"]) {
        return;
    }
    let more = "echo home:$HOME $LOGNAME $USER $SHELL; echo out > /dev/stdout; touch made; setpriv --reuid 0 true || echo kept:no";
    let sandbox = open_sandbox(&format!(
        "[jobs.a]\nuser = 'tester'\ncommand = '''{STATUS}; {more}'''\ncwd = 'home'\numask = '077'\n",
    ));
    fs::create_dir(sandbox.path("home")).unwrap();
    chown(sandbox.path("home"), Some(4242), Some(4242)).unwrap();
    // A user database of our own, for this scheduler alone.
    sandbox.write(
        "passwd",
        "root:x:0:0::/root:/bin/sh\ntester:x:4242:4242::/home/tester:/bin/zsh\n",
    );
    sandbox.write(
        "group",
        "root:x:0:\ntester:x:4242:\nred:x:50:tester\nblue:x:51:other,tester\ngreen:x:52:other\n",
    );
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["--mount", "sh", "-c"])
        .arg("mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec \"$0\" \"$@\"")
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args(["run", "jobs.toml", "--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let facts = facts(&mut scheduler);
    let is = |name: &str, value: &str| assert_eq!(facts[name], value, "{name}");
    is("Uid", "4242 4242 4242 4242");
    is("Gid", "4242 4242 4242 4242");
    is("Groups", "50 51 4242");
    for rights in ["CapPrm", "CapEff", "CapAmb"] {
        is(rights, "0000000000000000");
    }
    is("home", "/home/tester tester tester /bin/sh");
    is("kept", "no");
    // Its own stdout it may open anew, although we made the pipe.
    assert!(scheduler.seen.iter().any(|line| line["output"] == "out"));
    let made = fs::metadata(sandbox.path("home/made")).unwrap();
    assert_eq!(
        (made.uid(), made.gid(), made.mode() & 0o777),
        (4242, 4242, 0o600)
    );
    scheduler.stop();
}

#[test]
fn a_group_alone_changes_the_group_and_a_number_needs_no_name() {
    if !is_root("becoming another user") {
        return;
    }
    for (keys, uid, gid, groups) in [
        ("user = 54321\ngroup = 54322", 54_321, 54_322, "54322"),
        ("user = '54321'\ngroup = 54322", 54_321, 54_322, "54322"),
        ("group = 54322", 0, 54_322, "54322"),
    ] {
        let sandbox = open_sandbox(&format!(
            "[jobs.a]\ncommand = ['cat', '/proc/self/status']\n{keys}\n"
        ));
        let mut scheduler = sandbox.start();
        let facts = facts(&mut scheduler);
        let four = |id: u32| vec![id.to_string(); 4].join(" ");
        assert_eq!(facts["Uid"], four(uid), "{keys}");
        assert_eq!(facts["Gid"], four(gid), "{keys}");
        assert!(
            facts["Groups"].split(' ').any(|group| group == groups),
            "{keys}: {}",
            facts["Groups"]
        );
        scheduler.stop();
    }
}

#[test]
fn what_the_jobs_user_may_not_open_is_not_opened_for_it() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = open_sandbox("");
    let place = sandbox.path("").display().to_string();
    let place = place.trim_end_matches('/');
    sandbox.write("secret", "A=hunter2\n");
    fs::set_permissions(sandbox.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(sandbox.path("private")).unwrap();
    fs::set_permissions(sandbox.path("private"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy("/bin/true", sandbox.path("private/program")).unwrap();
    for (keys, expected) in [
        (
            "env_file = 'secret'",
            format!("cannot read env_file `{place}/secret`: permission denied"),
        ),
        (
            "stdin = { file = 'secret' }",
            format!("cannot open stdin, `{place}/secret`: permission denied (EACCES)"),
        ),
        (
            "cwd = 'private'",
            format!("working directory `{place}/private` is not accessible"),
        ),
        (
            "env = { PATH = 'private' }",
            format!(
                "cannot execute `{place}/private/program`: a directory on its way may not be searched"
            ),
        ),
    ] {
        sandbox.write(
            "jobs.toml",
            &format!("{FORGETFUL}[jobs.a]\nuser = 'nobody'\ncommand = ['program']\n{keys}\n")
                .replace(
                    "['program']",
                    if keys.contains("PATH") {
                        "['program']"
                    } else {
                        "['true']"
                    },
                ),
        );
        let mut scheduler = sandbox.start();
        assert_eq!(spawn_failure(&mut scheduler), expected);
        scheduler.stop();
    }
}

/// What becomes of the one job where a system call of its intermediate is tampered with.
fn tampered(sandbox: &Sandbox, call: &str, how: &str) -> Value {
    let mut command = sandbox.bare_command("strace".as_ref());
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .args(["-e", &format!("inject={call}:{how}")])
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args([
            "run",
            "jobs.toml",
            "--state-dir",
            "state",
            "--log-format",
            "json",
        ])
        // It ends by itself, after its job, which a store in memory starts at once: a signal would
        // meet strace.
        .args(["--for", "1ms"]);
    let mut scheduler = Scheduler::start(&mut command);
    let end = scheduler.wait_for("end", |line| {
        line["event"] == "job_error" || line["event"] == "job_executed"
    });
    assert_eq!(scheduler.end().code(), Some(0));
    end
}

#[test]
fn j11_a_step_that_fails_or_does_nothing_starts_nothing_and_is_named() {
    if !is_root("becoming another user") || !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return;
    }
    let sandbox = open_sandbox(
        "[scheduler]\nstore = 'memory'\n[jobs.a]\nuser = 54321\ngroup = 54322\nnice = 1\numask = '027'\nno_new_privileges = true\nlimits = { core = 0 }\ncommand = 'touch ran'\n",
    );
    fs::set_permissions(sandbox.path("."), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(sandbox.path("."), fs::Permissions::from_mode(0o1777)).unwrap();
    for (call, how, expected) in [
        (
            "setgroups",
            "error=EPERM",
            "cannot set `group` to the groups of 54321 (54321): operation not permitted (EPERM)",
        ),
        (
            "setgroups",
            "retval=0",
            "`group` was set to the groups of 54321 (54321) and reads something else",
        ),
        (
            "setresgid",
            "error=EPERM",
            "cannot set `group` to 54322: operation not permitted (EPERM)",
        ),
        (
            "setresgid",
            "retval=0",
            "`group` was set to 54322 and reads something else",
        ),
        (
            "setresuid",
            "error=EPERM",
            "cannot set `user` to 54321 (54321): operation not permitted (EPERM)",
        ),
        (
            "setresuid",
            "error=EINVAL",
            "cannot set `user` to 54321 (54321): invalid argument (EINVAL)",
        ),
        (
            "setresuid",
            "retval=0",
            "`user` was set to 54321 (54321) and reads something else",
        ),
        (
            "setpriority",
            "error=EPERM",
            "cannot set `nice` to 1: operation not permitted (EPERM)",
        ),
        (
            "setpriority",
            "retval=0",
            "`nice` was set to 1 and reads something else",
        ),
        (
            "prctl",
            "error=EINVAL",
            "cannot set `no_new_privileges` to true: invalid argument (EINVAL)",
        ),
        (
            "umask",
            "retval=0",
            "`umask` was set to 027 and reads something else",
        ),
        // As when a user comes with rights of its own: the way back is open.
        (
            "setresuid",
            "retval=0:when=2",
            "`user` was set to 54321 (54321), and rights of root are left",
        ),
        (
            "setresgid",
            "signal=KILL",
            "it ended while it was being prepared",
        ),
    ] {
        let end = tampered(&sandbox, call, how);
        assert_eq!(why(&end), expected, "{call} {how}");
        assert!(!sandbox.path("ran").exists(), "{call} {how}");
    }
    let end = tampered(&sandbox, "setresuid", "error=EPERM:when=3");
    assert_eq!(end["outcome"], "succeeded");
    assert!(sandbox.path("ran").exists(), "or all of this shows nothing");
}

#[test]
fn only_root_may_name_a_user() {
    let sandbox = open_sandbox("[jobs.a]\nuser = 'nobody'\ncommand = 'touch ran'\n");
    let mut command = sandbox.command(&[]);
    if nix::unistd::geteuid().is_root() {
        command = as_nobody(&sandbox);
    }
    let validate = command.args(["validate", "jobs.toml", "--format", "short"]);
    let output = validate.output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "jobs.toml:2:1: error: `user` needs root: only root may run a job as another user [not_root] run rsched as root, or leave it out\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

/// `rsched` for another user, where that can reach it.
fn as_nobody(sandbox: &Sandbox) -> Command {
    use std::os::unix::process::CommandExt as _;
    let program = sandbox.path("rsched");
    // By another process: one that another test forks now would hold our copy open for writing,
    // and it could not be executed (ETXTBSY).
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(program);
    command.current_dir(sandbox.path("."));
    command.uid(NOBODY).gid(NOBODY);
    command
}

#[test]
fn f7_a_state_directory_that_may_not_be_written_to_is_named() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = open_sandbox("[jobs.a]\ncommand = 'touch ran'\n");
    for (directory, mode) in [("open", 0o755), ("private", 0o700), ("theirs", 0o700)] {
        fs::create_dir(sandbox.path(directory)).unwrap();
        fs::set_permissions(sandbox.path(directory), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::write(sandbox.path("theirs/lock"), "").unwrap();
    fs::set_permissions(
        sandbox.path("theirs/lock"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    chown(sandbox.path("theirs"), Some(NOBODY), Some(NOBODY)).unwrap();
    for (state, refusal) in [
        ("open/state", "cannot create `open/state`"),
        ("private/state", "cannot create `private/state`"),
        ("theirs", "cannot open `theirs/lock`"),
    ] {
        let mut command = as_nobody(&sandbox);
        let output = command
            .args(["run", "jobs.toml", "--for", "1ms", "--state-dir", state])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(77), "{stderr}");
        assert_eq!(
            stderr,
            format!("rsched: {refusal}: Permission denied (os error 13)\n")
        );
    }
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn what_only_root_may_is_refused_by_name_to_others() {
    if !is_root("becoming another user first") {
        return;
    }
    let sandbox = open_sandbox("");
    chown(sandbox.path("."), Some(NOBODY), Some(NOBODY)).unwrap();
    for (keys, expected) in [
        (
            "nice = -5",
            "cannot set `nice` to -5: permission denied (EACCES)",
        ),
        (
            "limits = { files = 100000000 }",
            "cannot set `limits.files` to 100000000: operation not permitted (EPERM)",
        ),
    ] {
        sandbox.write(
            "jobs.toml",
            &format!("{FORGETFUL}[jobs.a]\ncommand = 'true'\n{keys}\n"),
        );
        let mut command = as_nobody(&sandbox);
        command.args([
            "run",
            "jobs.toml",
            "--state-dir",
            "state",
            "--log-format",
            "json",
        ]);
        let mut scheduler = Scheduler::start(&mut command);
        assert_eq!(spawn_failure(&mut scheduler), expected);
        scheduler.stop();
    }
}

#[test]
fn j13_no_value_of_a_variable_is_ever_an_argument() {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return;
    }
    let sandbox = Sandbox::new(
        "[scheduler]\nstore = 'memory'\n[jobs.a]\ncommand = 'echo ${#SECRET} ${#FILED}'\numask = '077'\nenv = { SECRET = 'hunter2' }\nenv_file = 'vars'\nstdin = 'hunter2'\n",
    );
    sandbox.write("vars", "FILED=hunter2\n");
    let mut command = sandbox.bare_command("strace".as_ref());
    command
        .args([
            "-f",
            "-qq",
            "-s",
            "100000",
            "-e",
            "trace=execve,execveat",
            "-o",
            "trace",
        ])
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args([
            "run",
            "jobs.toml",
            "--state-dir",
            "state",
            "--log-format",
            "json",
            "--for",
            "1ms",
        ]);
    let mut scheduler = Scheduler::start(&mut command);
    assert_eq!(scheduler.output("a"), "7 7");
    let pid = scheduler.event("job_executed", "a")["pid"]
        .as_i64()
        .unwrap();
    assert_eq!(scheduler.end().code(), Some(0));
    let trace = sandbox.read("trace");
    let of_job: Vec<_> = trace
        .lines()
        .filter(|line| line.starts_with(&pid.to_string()))
        .collect();
    assert!(
        of_job[0].contains("__exec") && of_job[0].contains("/* 2 vars */"),
        "{of_job:?}"
    );
    assert!(!trace.contains("hunter2"), "{trace}");
    for line in &scheduler.seen {
        let is_ours = line["output"] == Value::Null;
        assert!(!is_ours || !line.to_string().contains("hunter2"), "{line}");
    }
}

#[test]
fn an_upgrade_under_a_running_scheduler_does_not_hinder_its_jobs() {
    let sandbox = Sandbox::new("[jobs.a]\ninterval = '50ms'\ncommand = 'umask'\numask = '027'\n");
    let program = sandbox.path("rsched");
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    let mut command = sandbox.bare_command(&program);
    command.args([
        "run",
        "jobs.toml",
        "--state-dir",
        "state",
        "--log-format",
        "json",
    ]);
    let mut scheduler = Scheduler::start(&mut command);
    assert_eq!(scheduler.output("a"), "0027");
    fs::remove_file(&program).unwrap();
    scheduler.event("job_executed", "a");
    assert_eq!(scheduler.output("a"), "0027");
    fs::write(&program, "#!/bin/sh\necho another program\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    scheduler.event("job_executed", "a");
    assert_eq!(scheduler.output("a"), "0027");
    scheduler.stop();
}
