//! `rsched exec`: a run in the foreground is as one of the scheduler, and ends as one.

use crate::scheduler::{PATIENCE, Sandbox, eventually, is_alive, is_root, open_sandbox};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

/// Everything a process can see of its surroundings, but for what is new in each run.
const SURROUNDINGS: &str = r"
env | grep -v '^RSCHED_\(RUN_ID\|FIRE_TIME\|LAST_.*\)=' | sort
pwd; umask; nice; id; ls /proc/self/fd; cat /proc/self/limits
grep -e '^Sig[BI]' -e '^Cap' -e NoNewPrivs /proc/self/status
readlink /proc/self/fd/0; cat; echo; test -t 1 || test -t 2 || echo no terminal
sh -c 'cut -d\  -f7 /proc/$$/stat'; test -p /dev/stdout && echo pipe";

fn surroundings_of_a_run(sandbox: &Sandbox, by_scheduler: &mut Command) -> Vec<String> {
    let mut scheduler = crate::scheduler::Scheduler::start(by_scheduler);
    scheduler.started();
    let (code, _, stderr) = sandbox.output(&["trigger", "a", "--socket", "state/control.sock"]);
    assert_eq!(code, Some(0), "{stderr}");
    scheduler.event("job_executed", "a");
    // While it runs, and from elsewhere.
    let mut elsewhere = sandbox.command(&["exec", "jobs.toml", "a", "--state-dir", "state"]);
    elsewhere.env("ONLY_HERE", "1").env("PATH", "/nowhere");
    let output = elsewhere.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let here: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let lines = scheduler.stop();
    let there = lines.iter().filter_map(|line| line["output"].as_str());
    assert_eq!(there.collect::<Vec<_>>(), here);
    here
}

fn sees_the_same(sandbox: &Sandbox) -> Vec<String> {
    let mut command = sandbox.bare_command("sh".as_ref());
    command
        .args(["-c", "umask 037; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args(["run", "jobs.toml", "--state-dir", "state"])
        .args(["--log-format", "json"])
        .env("ONLY_THERE", "1");
    surroundings_of_a_run(sandbox, &mut command)
}

fn job(keys: &str) -> String {
    format!("[jobs.a]\ncron = '0 0 1 1 *'\ncommand = '''{SURROUNDINGS}'''\n{keys}\n")
}

#[test]
fn a_run_in_the_foreground_sees_what_one_of_the_scheduler_sees() {
    let sandbox = Sandbox::new(&job("stdin = 'text'\nenv = { A = 'é' }"));
    let seen = sees_the_same(&sandbox);
    for expected in ["ONLY_THERE=1", "0037", "A=é", "text", "no terminal", "pipe"] {
        assert!(
            seen.iter()
                .any(|line| line == expected || line.starts_with(expected)),
            "{expected}: {seen:?}"
        );
    }
    assert!(
        seen.contains(&"RSCHED_REASON=manual".to_owned()),
        "{seen:?}"
    );
}

#[test]
fn with_a_user_and_limits_too() {
    if !is_root("becoming another user") {
        return;
    }
    let keys = "user = 'nobody'\nclear_env = true\numask = '027'\nnice = 4\nno_new_privileges = true\nlimits = { files = 60, core = 0 }";
    let seen = sees_the_same(&open_sandbox(&job(keys)));
    assert!(
        seen.iter().any(|line| line.starts_with("uid=65534")),
        "{seen:?}"
    );
    assert!(seen.contains(&"0027".to_owned()), "{seen:?}");
}

/// `rsched exec` on its way.
struct Exec {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Exec {
    fn start(sandbox: &Sandbox, id: &str) -> Self {
        // As from a shell, though the tests be run by `nohup`, which has SIGHUP ignored.
        let mut command = sandbox.bare_command("env".as_ref());
        let program = env!("CARGO_BIN_EXE_rsched");
        let mut child = command
            .args(["--default-signal", program, "exec", "jobs.toml", id])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    fn end(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::yield_now();
        }
    }
}

/// Says the pid of one that left its session, and of itself.
const FAMILY: &str = "setsid sh -c 'echo $$; while :; do sleep 1000; done' & echo $$";

#[test]
fn ctrl_c_stops_all_of_it_and_is_seen_by_who_waits() {
    let deaf = "trap '' TERM; while :; do sleep 1000; done";
    let sandbox = Sandbox::new(&format!(
        "[jobs.polite]\ncommand = \"{FAMILY}; wait\"\n\
         [jobs.deaf]\ncommand = \"{FAMILY}; {deaf}\"\nkill_after = '100ms'\n\
         [jobs.obstinate]\ncommand = \"{FAMILY}; {deaf}\"\nkill_after = '1h'\n\
         [jobs.slow]\ncommand = \"{FAMILY}; wait\"\ntimeout = '1s'\n\
         [jobs.graceful]\ncommand = \"{FAMILY}; trap 'exit 0' TERM; while :; do wait; done\"\n",
    ));
    for (id, signals, ends) in [
        ("polite", &[Signal::SIGINT][..], Err(Signal::SIGINT)),
        ("polite", &[Signal::SIGTERM], Err(Signal::SIGTERM)),
        ("polite", &[Signal::SIGHUP], Err(Signal::SIGHUP)),
        ("deaf", &[Signal::SIGINT], Err(Signal::SIGINT)),
        (
            "obstinate",
            &[Signal::SIGINT, Signal::SIGINT],
            Err(Signal::SIGINT),
        ),
        // Whatever the job made of it.
        ("graceful", &[Signal::SIGINT], Err(Signal::SIGINT)),
        ("slow", &[], Ok(143)),
    ] {
        let mut exec = Exec::start(&sandbox, id);
        let pids = [exec.line(), exec.line()].map(|pid| pid.parse().unwrap());
        for (index, &signal) in signals.iter().enumerate() {
            exec.signal(signal);
            if index + 1 < signals.len() {
                // Signals of one kind are one until it is taken.
                eventually("the first is heeded", || {
                    !is_alive(pids[0]) || !is_alive(pids[1])
                });
            }
        }
        let status = exec.end();
        match ends {
            Ok(code) => assert_eq!(status.code(), Some(code), "{id}"),
            Err(signal) => assert_eq!(status.signal(), Some(signal as i32), "{id}"),
        }
        for pid in pids {
            eventually("all of them are gone", || !is_alive(pid));
        }
    }
}

#[test]
fn all_output_comes_and_a_reader_that_goes_ends_it() {
    let sandbox = Sandbox::new(
        "[jobs.much]\ncommand = 'head -c 3000000 /dev/zero; echo end'\n[jobs.endless]\ncommand = 'echo $$; exec yes'\n",
    );
    let output = sandbox.command(&["exec", "jobs.toml", "much"]).output();
    let output = output.unwrap();
    assert_eq!(
        (output.stdout.len(), output.status.code()),
        (3_000_004, Some(0))
    );
    let mut exec = Exec::start(&sandbox, "endless");
    let pid = exec.line().parse().unwrap();
    let Exec { mut child, output } = exec;
    drop(output);
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGPIPE as i32));
    eventually("it is gone", || !is_alive(pid));
}

#[test]
fn it_leaves_no_directory_and_is_not_recorded() {
    let sandbox = Sandbox::new("[jobs.a]\ncommand = 'echo $RSCHED_LAST_OUTCOME; exit 4'\n");
    std::fs::create_dir(sandbox.path("tmp")).unwrap();
    let mut scheduler = sandbox.start();
    scheduler.event("job_error", "a");
    scheduler.stop();
    for _ in 0..2 {
        let mut command = sandbox.command(&["exec", "jobs.toml", "a", "--state-dir", "state"]);
        let output = command.env("TMPDIR", sandbox.path("tmp")).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        // It is told of the past all the same.
        assert_eq!(output.stdout, b"failed\n");
    }
    assert_eq!(sandbox.path("tmp").read_dir().unwrap().count(), 0);
    let (_, history, _) = sandbox.output(&[
        "history",
        "-f",
        "jobs.toml",
        "--state-dir",
        "state",
        "--format",
        "json",
    ]);
    assert_eq!(history.matches("\"run_id\"").count(), 1, "{history}");
}
