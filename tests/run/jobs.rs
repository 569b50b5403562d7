//! Jobs, nice and nasty: each is reported right and nothing hangs.

use crate::scheduler::{Sandbox, Scheduler, descriptors_of, eventually, is_alive, memory_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;

/// One job that runs at once.
fn once(command: &str, keys: &str) -> Sandbox {
    Sandbox::new(&format!("[jobs.a]\ncommand = {command}\n{keys}\n"))
}

#[test]
fn a_job_runs_and_its_output_is_logged_before_its_end() {
    let sandbox = once("'echo one; echo two >&2; exit 3'", "");
    let mut scheduler = sandbox.start();
    assert_eq!(scheduler.output("a"), "one");
    assert_eq!(scheduler.output("a"), "two");
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "failed");
    assert_eq!(end["exit_code"], 3);
    scheduler.stop();
}

#[test]
fn b25_what_a_job_used_is_told_with_its_end() {
    let sandbox = Sandbox::new(
        "[jobs.big]\ncommand = 'head -c 60000000 /dev/zero | tail > /dev/null; printf four; exec >&- 2>&-'\n\
         [jobs.small]\ncommand = ['true']\n[jobs.none]\ncommand = ['/no/such']\n",
    );
    let mut scheduler = sandbox.start();
    let mut ends = BTreeMap::new();
    while ends.len() < 3 {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        ends.insert(end["job_id"].as_str().unwrap().to_owned(), end);
    }
    let (big, small, none) = (&ends["big"], &ends["small"], &ends["none"]);
    // tail holds a line of any length.
    let peak = big["peak_memory"].as_u64().unwrap();
    assert!((60_000_000..600_000_000).contains(&peak), "{big}");
    assert!(big["cpu_time"].as_f64().unwrap() > 0.0, "{big}");
    // Though it has closed its output before its end.
    assert_eq!(big["output_bytes"], 4, "{big}");
    // The kernel would say as much as the scheduler has.
    assert!(small["peak_memory"].is_null(), "{small}");
    assert_eq!(small["output_bytes"], 0);
    assert!(
        none["cpu_time"].is_null() && none["output_bytes"].is_null(),
        "{none}"
    );
    scheduler.stop();
}

#[test]
fn a_job_sees_who_it_is() {
    let sandbox = once(
        "'env'",
        "env = { COLOUR = 'blue' }\ntimezone = 'Europe/Helsinki'\n",
    );
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    let lines: Vec<_> = scheduler
        .seen
        .iter()
        .filter_map(|line| line["output"].as_str())
        .collect();
    let value = |name: &str| {
        lines
            .iter()
            .find_map(|line| line.strip_prefix(&format!("{name}=")))
            .unwrap_or("unset")
    };
    assert_eq!(value("RSCHED_JOB_ID"), "a");
    assert_eq!(value("RSCHED_ATTEMPT"), "1");
    assert_eq!(value("RSCHED_REASON"), "startup");
    assert_eq!(value("COLOUR"), "blue");
    assert_eq!(value("RSCHED_RUN_ID").len(), 16);
    assert!(
        value("RSCHED_FIRE_TIME").contains("+0"),
        "in the job's zone: {}",
        value("RSCHED_FIRE_TIME")
    );
    scheduler.stop();
}

#[test]
fn a_job_knows_how_it_ended_last_time() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '100ms'\nfirst = 'now'\ncommand = 'echo last: $RSCHED_LAST_OUTCOME; exit 1'\n",
    );
    let mut scheduler = sandbox.start();
    assert_eq!(scheduler.output("a"), "last:");
    assert_eq!(scheduler.output("a"), "last: failed");
    scheduler.stop();
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let sandbox = once("['/no/such/program', 'x']", "");
    let mut scheduler = sandbox.start();
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "spawn_failed");
    assert!(
        end["message"]
            .as_str()
            .unwrap()
            .contains("/no/such/program"),
        "{end}"
    );
    scheduler.stop();
}

#[test]
fn a_directory_that_does_not_exist_is_not_mistaken_for_the_program() {
    let sandbox = once("['true']", "cwd = '/no/such/directory'");
    let mut scheduler = sandbox.start();
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "spawn_failed");
    assert!(
        end["message"]
            .as_str()
            .unwrap()
            .contains("/no/such/directory"),
        "{end}"
    );
    assert!(
        !end["message"].as_str().unwrap().contains("`true`"),
        "{end}"
    );
    scheduler.stop();
}

#[test]
fn a_job_killed_by_a_signal_says_which() {
    let sandbox = once("'kill -SEGV $$'", "");
    let mut scheduler = sandbox.start();
    let end = scheduler.event("job_error", "a");
    assert_eq!(
        (&end["outcome"], &end["signal"]),
        (&"failed".into(), &11.into())
    );
    assert!(
        end["message"].as_str().unwrap().contains("SIGSEGV"),
        "{end}"
    );
    scheduler.stop();
}

#[test]
fn a_job_that_ignores_term_is_killed_with_all_its_children() {
    let script = r#"'''trap "" TERM; sleep 1000 & echo $!; while :; do wait; done'''"#;
    let sandbox = once(script, "timeout = '1s'\nkill_after = '200ms'");
    let mut scheduler = sandbox.start();
    let child: i32 = scheduler.output("a").parse().unwrap();
    let end = scheduler.event("job_error", "a");
    assert_eq!(
        (&end["outcome"], &end["signal"]),
        (&"timed_out".into(), &9.into())
    );
    eventually("the child is gone too", || !is_alive(child));
    scheduler.stop();
}

#[test]
fn children_that_outlive_a_stopped_shell_get_their_grace_and_then_are_killed() {
    // The shell dies of TERM at once; one child needs a moment to clean up, one ignores it.
    let sandbox = Sandbox::new(
        r#"[jobs.a]
command = """
trap 'exit 7' TERM
sh -c 'trap "echo cleaned up; exit" TERM; echo ready; while :; do sleep 0.01; done' &
sh -c 'trap "" TERM; echo $$; while :; do sleep 0.01; done' &
wait
"""
kill_after = "2s"
"#,
    );
    let mut scheduler = sandbox.start();
    // Both children have set their traps.
    let lines = [scheduler.output("a"), scheduler.output("a")];
    assert!(lines.contains(&"ready".to_owned()), "{lines:?}");
    let stubborn: i32 = lines.iter().find_map(|line| line.parse().ok()).unwrap();
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    scheduler.signal(Signal::SIGTERM);
    scheduler.wait_for("the clean-up", |line| line["output"] == "cleaned up");
    let end = scheduler.event("job_error", "a");
    assert_eq!(
        (&end["outcome"], &end["exit_code"]),
        (&"killed".into(), &7.into())
    );
    eventually("the stubborn child is gone", || !is_alive(stubborn));
    assert_eq!(scheduler.end().code(), Some(0));
}

#[test]
fn a_run_ends_though_one_of_its_processes_cannot_be_killed() {
    if !crate::scheduler::is_root("making a process that cannot be killed") {
        return;
    }
    let script =
        r"''' setpriv --reuid 65534 --clear-groups sh -c 'echo $$; exec sleep 1000' & wait'''";
    let sandbox = once(script, "kill_after = '100ms'");
    // Root without the right to signal others.
    let mut command = sandbox.bare_command("setpriv".as_ref());
    command
        .args(["--bounding-set", "-kill", "--inh-caps", "-kill", "--"])
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let immortal: i32 = scheduler.output("a").parse().unwrap();
    scheduler.signal(Signal::SIGTERM);
    scheduler.announcement();
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.event("job_error", "a")["outcome"], "killed");
    assert_eq!(scheduler.end().code(), Some(0));
    assert!(is_alive(immortal), "or the test shows nothing");
    kill(Pid::from_raw(immortal), Signal::SIGKILL).unwrap();
}

#[test]
fn a_daemon_left_behind_that_holds_stdout_does_not_hold_the_run() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'setsid sh -c \"echo $$; read x < fifo; echo later\" & echo started'\n",
    );
    sandbox.make_gate("fifo");
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    // It lives on, and what it says still reaches the log.
    sandbox.open_gate("fifo");
    scheduler.wait_for("what it says later", |line| line["output"] == "later");
    scheduler.stop();
}

#[test]
fn a_job_has_no_stdin_no_terminal_and_no_descriptor_but_three() {
    let sandbox = once(
        "'cat; ls /proc/self/fd | tr \"\\n\" \" \"; echo; ps -o tty= -p $$ | tr -d \" \"'",
        "",
    );
    let mut scheduler = sandbox.start();
    // The fourth is the directory that ls reads.
    assert_eq!(scheduler.output("a").trim(), "0 1 2 3");
    scheduler.event("job_executed", "a");
    scheduler.stop();
}

#[test]
fn a_flood_is_slowed_and_memory_stays_flat() {
    // 64 MiB of short lines, read by a log that is drained slowly by the test.
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'yes 0123456789abcdef0123456789abcdef | head -c 67108864'\n",
    );
    let mut scheduler = sandbox.start();
    let pid = scheduler.pid();
    let mut most = 0;
    for _ in 0..200 {
        for _ in 0..1000 {
            scheduler.output("a");
        }
        scheduler.seen.clear();
        most = most.max(memory_of(pid));
    }
    assert!(most < 32 * 1024, "{most} KiB");
    scheduler.signal(Signal::SIGTERM);
    scheduler.signal(Signal::SIGINT);
    scheduler.wait_for("end of the flood", |line| {
        line["event"] == "job_error" || line["event"] == "job_executed"
    });
}

#[test]
fn a_job_that_floods_does_not_silence_the_others() {
    // More than the pipe of `b` holds: it can only end when it is read.
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = ['yes']\n[jobs.b]\ncommand = 'seq -f %0100.0f 2000'\n[jobs.c]\ncommand = 'seq -f %0100.0f 2000'\n",
    );
    let mut scheduler = sandbox.start();
    let mut lines = BTreeMap::from([("b".to_owned(), 0), ("c".to_owned(), 0)]);
    let mut ended = 0;
    while ended < 2 || lines.values().any(|&count| count < 2000) {
        let line = scheduler.wait_for("line of b or c", |line| {
            line["job_id"] == "b" || line["job_id"] == "c"
        });
        scheduler.seen.clear();
        if line["output"].is_string() {
            *lines.get_mut(line["job_id"].as_str().unwrap()).unwrap() += 1;
        } else if line["event"] == "job_executed" {
            ended += 1;
        }
    }
    scheduler.signal(Signal::SIGTERM);
    scheduler.signal(Signal::SIGINT);
    scheduler.event("job_error", "a");
}

#[test]
fn a_line_without_end_is_cut() {
    let sandbox = once("'head -c 50000 /dev/zero | tr \"\\\\0\" x'", "");
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "a");
    let lengths: Vec<_> = scheduler
        .seen
        .iter()
        .filter_map(|line| line["output"].as_str())
        .map(str::len)
        .collect();
    assert_eq!(
        lengths.iter().sum::<usize>(),
        50_000,
        "nothing is lost: {lengths:?}"
    );
    assert!(
        lengths.iter().all(|&length| length <= 16 * 1024),
        "{lengths:?}"
    );
    scheduler.stop();
}

#[test]
fn what_a_job_prints_can_neither_forge_a_line_nor_steer_a_terminal() {
    let sandbox = once(r#"'''printf "\033]0;title\007\rforged\303\n"'''"#, "");
    let mut scheduler = Scheduler::start(
        sandbox
            .command(&["run", "jobs.toml", "--state-dir", "state"])
            .args(["--for", "60s"]),
    );
    let line = scheduler.wait_for("output", |line| {
        line["message"]
            .as_str()
            .unwrap_or_default()
            .contains("forged")
    });
    let text = line["message"].as_str().unwrap();
    assert!(text.ends_with(r"| \x1b]0;title\x07\rforged\xc3"), "{text}");
    scheduler.stop();
}

#[test]
fn descriptors_and_pipes_do_not_pile_up() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ninterval = '20ms'\ncommand = ['true']\n[jobs.b]\ninterval = '20ms'\ncommand = ['/no/such']\n",
    );
    let mut scheduler = sandbox.start();
    for _ in 0..10 {
        scheduler.event("job_executed", "a");
    }
    let before = descriptors_of(scheduler.pid());
    for _ in 0..200 {
        scheduler.event("job_executed", "a");
    }
    let after = descriptors_of(scheduler.pid());
    assert!(after <= before + 4, "{before} descriptors became {after}");
    scheduler.stop();
    let pipes = std::fs::read_dir(sandbox.state().join("output"))
        .unwrap()
        .count();
    assert_eq!(pipes, 0, "pipes are removed");
}

#[test]
fn an_overlapping_fire_is_skipped_and_with_two_instances_it_runs() {
    // The first instance waits for the test, so that the fires after it overlap for certain.
    for (instances, skipped) in [(1, true), (2, false)] {
        let sandbox = Sandbox::new(&format!(
            "[jobs.a]\ninterval = '50ms'\ncommand = 'read x < fifo'\nmax_instances = {instances}\n"
        ));
        sandbox.make_gate("fifo");
        let mut scheduler = sandbox.start();
        scheduler.event("job_started", "a");
        if skipped {
            let event = scheduler.event("job_max_instances", "a");
            assert_eq!(event["outcome"], "skipped");
        } else {
            scheduler.event("job_started", "a");
        }
        scheduler.signal(Signal::SIGTERM);
        scheduler.signal(Signal::SIGINT);
        scheduler.event("job_error", "a");
    }
}
