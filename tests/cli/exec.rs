//! `rsched exec`: what it says. That its runs are as the scheduler's is shown in tests/run.

use crate::sandbox::Sandbox;

const JOBS: &str = "[jobs.hello]\ncron = '@daily'\ncommand = 'echo out; echo err >&2; exit 3'\n\
    [jobs.crash]\ncommand = 'kill -SEGV $$'\nlimits = { core = 0 }\n\
    [jobs.missing]\ncommand = ['/no/such']\n\
    [jobs.nowhere]\ncommand = 'true'\ncwd = '/no/such'\n\
    [jobs.leaves]\ncommand = 'echo begun; sleep 5 &'\n\
    [jobs.file]\ncommand = 'echo there'\noutput = { file = 'log' }\n\
    [jobs.slow]\ncommand = 'sleep 100'\ntimeout = '10ms'\nkill_after = '1m'\n";

#[test]
fn the_output_and_the_exit_code_are_the_jobs() {
    let sandbox = Sandbox::new().jobs(JOBS);
    let hello = |arguments: &[&str]| sandbox.run(arguments).stdout("out\nerr\n");
    hello(&["exec", "jobs.toml", "hello"]).stderr("").code(3);
    hello(&["exec", "hello"])
        .stderr("rsched: using jobs.toml\n")
        .code(3);
    sandbox
        .run(["exec", "jobs.toml", "file"])
        .stdout("")
        .stderr("")
        .success();
    let written = std::fs::read_to_string(sandbox.path().join("log"));
    assert_eq!(written.unwrap(), "there\n");
}

#[test]
fn what_the_exit_code_does_not_say_is_said() {
    let sandbox = Sandbox::new().jobs(JOBS);
    for (id, stdout, stderr, code) in [
        ("crash", "", "job `crash` died of signal 11 (SIGSEGV)", 139),
        (
            "missing",
            "",
            "job `missing` could not be started: program `/no/such` not found: no such file or directory",
            1,
        ),
        (
            "nowhere",
            "",
            "job `nowhere` could not be started: working directory `/no/such` does not exist",
            1,
        ),
        (
            "leaves",
            "begun\n",
            "something that it started runs on; nobody reads its output any more",
            0,
        ),
        (
            "slow",
            "",
            "its timeout is over: stopping it with SIGTERM, and with SIGKILL after 1m or when told again\n\
             rsched: job `slow` died of signal 15 (SIGTERM)",
            143,
        ),
        (
            "helo",
            "",
            "there is no job `helo` in `jobs.toml`, did you mean `hello`?",
            2,
        ),
    ] {
        sandbox
            .run(["exec", "jobs.toml", id])
            .stdout(stdout)
            .stderr(&format!("rsched: {stderr}\n"))
            .code(code);
    }
    let invalid = Sandbox::new().jobs("[jobs.a]\n");
    invalid.run(["exec", "jobs.toml", "a"]).stdout("").code(78);
}

#[test]
fn explain_runs_nothing_and_tells_no_secret() {
    let sandbox = Sandbox::new()
        .jobs(
            "[jobs.a]\ncommand = 'touch ran'\ncwd = '/'\nenv = { PATH = '/opt', TOKEN = 'hunter2', SAME = '1' }\ntimeout = '10m'\numask = '077'\n",
        )
        .variable("TOKEN", "hunter1")
        .variable("SAME", "1")
        .variable("SHELL", "/bin/zsh")
        .variable("PASSWORD", "hunter3");
    let home = sandbox.path().display().to_string();
    let ended = sandbox.shell("umask 022; rsched exec jobs.toml a --explain");
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        std::path::Path::new(crate::sandbox::RSCHED)
            .parent()
            .unwrap()
            .display()
    );
    ended
        .stdout(&format!(
            "job a, and what is different in your shell:\n\
             \n\
             shell      /bin/sh\n  \
               yours    /bin/zsh\n\
             directory  /\n  \
               yours    {home}\n\
             umask      077\n  \
               yours    022\n\
             stdin      nothing: it ends at once\n\
             output     a pipe, stdout and stderr together\n\
             session    its own, without a terminal: no prompts, no window size, no Ctrl-C\n\
             timeout    10m, and SIGKILL 10s later\n\
             PATH       /opt\n  \
               yours    {path}\n\
             \n\
             variables that only the job has:\n  \
               RSCHED_ATTEMPT RSCHED_FIRE_TIME RSCHED_JOB_ID RSCHED_REASON RSCHED_RUN_ID\n\
             \n\
             variables with another value:\n  \
               TOKEN\n\
             \n\
             note: no scheduler of this file was found: what its jobs would inherit is taken\n      \
                   from here, and another one's may be different (a service has few\n      \
                   variables)\n\
             note: aliases, functions, unexported variables and what ~/.profile or ~/.bashrc\n      \
                   set up never reach a job\n"
        ))
        .stderr("")
        .success();
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn a_crontab_runs_with_crons_few_variables() {
    let sandbox = Sandbox::new()
        .file(
            "me.crontab",
            "# id: few\n@daily env | cut -d= -f1 | grep -v -e ^RSCHED -e '^_$' | sort\n",
        )
        .variable("FROM_MY_SHELL", "1");
    sandbox
        .run(["exec", "me.crontab", "few"])
        .stdout("HOME\nLOGNAME\nPATH\nPWD\nSHELL\nUSER\n")
        .success();
}
