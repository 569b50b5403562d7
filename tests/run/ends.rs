//! Children that end in every way there is, in great numbers, and that do harm on their way: each end is
//! told as it was, and nothing piles up.

use crate::scheduler::{
    Sandbox, descriptors_of, eventually, is_alive, is_root, memory_of, open_sandbox, works,
    zombies_of,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

/// What a scheduler may weigh more after many runs, in KiB: the log has buffers.
const MEMORY_ROOM: u64 = 8 * 1024;

/// A shell that dies of that signal, or lives through it.
fn struck_by(signal: i32) -> String {
    format!("ulimit -c unlimited; kill -{signal} $$; exit 77")
}

#[test]
fn b25_every_code_and_every_signal_is_told_as_it_was() {
    // Who stops is ended at the timeout. The three that are a terminal's stop nobody who has none
    // (`signal(7)` of orphaned process groups).
    let (stops, of_terminals) = ([19], [20, 21, 22]);
    let codes = (0..256).map(|code| format!("[jobs.c{code}]\ncommand = 'exit {code}'\n"));
    let signals = (1..32).map(|signal| {
        let timeout = if stops.contains(&signal) {
            "timeout = '100ms'\nkill_after = '1h'\n"
        } else {
            ""
        };
        let command = struck_by(signal);
        format!("[jobs.s{signal}]\ncwd = 's{signal}'\ncommand = '{command}'\n{timeout}")
    });
    let tables: String = codes.chain(signals).collect();
    let sandbox = Sandbox::new(&tables);
    // A directory each: two cores at a time would be one file.
    for signal in 1..32 {
        fs::create_dir(sandbox.path(&format!("s{signal}"))).unwrap();
    }
    let mut scheduler = sandbox.start();
    let mut ends = BTreeMap::new();
    while ends.len() < 256 + 31 {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        ends.insert(end["job_id"].as_str().unwrap().to_owned(), end);
    }
    for code in 0..256 {
        let end = &ends[&format!("c{code}")];
        assert_eq!(end["exit_code"], code, "{end}");
        let outcome = if code == 0 { "succeeded" } else { "failed" };
        assert_eq!(end["outcome"], outcome, "{end}");
    }
    for signal in 1..32 {
        let end = &ends[&format!("s{signal}")];
        if stops.contains(&signal) {
            // SIGTERM ends it, once SIGCONT lets it see that.
            assert_eq!(end["outcome"], "timed_out", "{end}");
            assert_eq!(end["signal"], 15, "{end}");
            continue;
        }
        if of_terminals.contains(&signal) {
            assert_eq!(end["exit_code"], 77, "{end}");
            continue;
        }
        // What its parent would see if that were we.
        let mut shell = Command::new("env");
        shell.args(["--default-signal", "/bin/sh", "-c", &struck_by(signal)]);
        let status = shell
            .current_dir(sandbox.path(&format!("s{signal}")))
            .status()
            .unwrap();
        let (code, struck) = (status.code(), status.signal());
        assert_eq!(
            end["exit_code"],
            code.map_or(Value::Null, Value::from),
            "{end}"
        );
        assert_eq!(
            end["signal"],
            struck.map_or(Value::Null, Value::from),
            "{end}"
        );
        let dumped = end["core_dumped"].as_bool().unwrap_or(false);
        assert_eq!(dumped, status.core_dumped(), "{end}");
        assert_eq!(end["outcome"], "failed", "{end}");
    }
    assert_eq!(zombies_of(scheduler.pid()), BTreeSet::new());
    scheduler.stop();
}

#[test]
fn b11_i5_a_thousand_runs_that_go_wrong_or_leave_something_leave_no_descriptor() {
    let jobs = [
        ("daemon", "command = '(setsid sleep 0.05 &) ; exit 3'"),
        ("program", "command = ['/no/such']"),
        ("format", "command = ['./text']"),
        ("directory", "command = 'true'\ncwd = 'missing'"),
        ("variables", "command = 'true'\nenv_file = 'missing'"),
        ("input", "command = 'true'\nstdin = { file = 'missing' }"),
        (
            "file",
            "command = 'true'\noutput = { file = 'missing/log' }",
        ),
        ("later", "command = ['/no/such']\numask = '077'"),
        (
            "refused",
            "command = 'true'\nlimits = { files = 1000000000000 }",
        ),
        ("loop", "command = ['./loop']"),
    ];
    let table = |(name, keys): &(&str, &str)| format!("[jobs.{name}]\ninterval = '20ms'\n{keys}\n");
    let sandbox = Sandbox::new(&jobs.iter().map(table).collect::<String>());
    sandbox.write("text", "no program\n");
    sandbox.write("loop", "#!./loop\n");
    for name in ["text", "loop"] {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut scheduler = sandbox.start();
    let mut after_ends = |wanted: usize| {
        let mut count = BTreeMap::new();
        while count.len() < jobs.len() || count.values().any(|&count| count < wanted) {
            let end = scheduler.wait_for("error", |line| line["event"] == "job_error");
            scheduler.seen.clear();
            *count.entry(end["job_id"].to_string()).or_insert(0) += 1;
        }
        let pid = scheduler.pid();
        (descriptors_of(pid), memory_of(pid))
    };
    let before = after_ends(10);
    let after = after_ends(100);
    // What is under way just now has some.
    assert!(after.0 <= before.0 + 12, "{before:?} became {after:?}");
    assert!(
        after.1 <= before.1 + MEMORY_ROOM,
        "{before:?} became {after:?}"
    );
    scheduler.stop();
}

#[test]
fn b15_a_job_that_kills_its_scheduler_runs_on_and_is_adopted() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'kill -9 $PPID; read line < gate; echo x >> out; exit 5'\n",
    );
    sandbox.make_gate("gate");
    let mut scheduler = sandbox.start();
    assert_eq!(scheduler.end().signal(), Some(9));
    let mut next = sandbox.start();
    next.started();
    sandbox.open_gate("gate");
    let end = next.wait_for("end", |line| line["outcome"].is_string());
    // Its code is known where the kernel tells it.
    assert!(end["exit_code"] == 5 || end["outcome"] == "lost", "{end}");
    next.stop();
    assert_eq!(sandbox.read("out"), "x\n", "once");
}

#[test]
fn b22_a_fork_bomb_in_its_limits_hinders_nobody_and_goes_as_a_whole() {
    const USER: u32 = 54_325;
    // A shell ends when it cannot fork.
    if !is_root("becoming another user") || !works("perl", &["-e", "1"]) {
        return;
    }
    let sandbox = open_sandbox(&format!(
        "[jobs.bomb]\nuser = {USER}\ngroup = {USER}\nlimits = {{ processes = 40 }}\ntimeout = '1s'\nkill_after = '100ms'\noutput = 'discard'\n\
         command = ['perl', '-e', '$SIG{{TERM}} = q(IGNORE); fork, select(undef, undef, undef, 0.01) while 1']\n\
         [jobs.other]\ninterval = '20ms'\ncommand = 'true'\n",
    ));
    let mut scheduler = sandbox.start();
    let mut others = 0;
    let end = loop {
        let line = scheduler.wait_for("end", |line| line["outcome"].is_string());
        if line["job_id"] == "bomb" {
            break line;
        }
        assert_ne!(line["event"], "job_error", "{line}");
        others += u32::from(line["outcome"] == "succeeded");
    };
    assert_eq!(end["outcome"], "timed_out", "{end}");
    assert!(others > 0);
    eventually("nobody of it is left", || {
        processes_of_user(USER).is_empty()
    });
    scheduler.stop();
}

fn processes_of_user(uid: u32) -> Vec<i32> {
    let theirs = format!("\nUid:\t{uid}\t");
    let is_theirs = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains(&theirs) && is_alive(*pid)
    };
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse().ok())
        .filter(is_theirs)
        .collect()
}

#[test]
fn b27_a_long_command_is_executed_to_its_last_character() {
    let long = "x".repeat(60_000);
    let sandbox = Sandbox::new(&format!(
        "[jobs.a]\ncommand = '''t={long}; echo ${{#t}} the end'''\n\
         [jobs.b]\ncommand = ['/bin/sh', '-c', 'echo ${{#1}}', 'sh', '{long}']\n"
    ));
    let mut scheduler = sandbox.start();
    let mut said = [(); 2].map(|()| {
        let line = scheduler.wait_for("output", |line| line["output"].is_string());
        line["output"].as_str().unwrap().to_owned()
    });
    said.sort();
    assert_eq!(said, ["60000", "60000 the end"]);
    scheduler.stop();
}

/// `RSCHED_LOG_FACTOR=34` has a thousand jobs print a million lines.
#[test]
fn h9_lines_of_many_jobs_at_once_are_never_torn() {
    let factor = std::env::var("RSCHED_LOG_FACTOR").ok();
    let factor: usize = factor.and_then(|factor| factor.parse().ok()).unwrap_or(1);
    let jobs = (100 * factor).min(1_000);
    let lines = 30_000 * factor / jobs;
    // All begin when all are there.
    let command = format!("read go < gate; exec seq -f %0100.0f {lines}");
    let table = |job| format!("[jobs.j{job}]\ncommand = '{command}'\n");
    let tables: String = (0..jobs).map(table).collect();
    let sandbox = Sandbox::new(&format!(
        "[executors.default]\nmax_workers = {jobs}\n{tables}"
    ));
    sandbox.make_gate("gate");
    let mut scheduler = sandbox.start();
    for _ in 0..jobs {
        scheduler.wait_for("start", |line| line["event"] == "job_started");
    }
    // Open for reading too: it opens at once, and stays as long as anybody comes to read.
    let mut options = fs::File::options();
    options.read(true).write(true);
    let mut gate = options.open(sandbox.path("gate")).unwrap();
    gate.write_all(&vec![b'\n'; jobs]).unwrap();
    let mut next = BTreeMap::new();
    for _ in 0..jobs * lines {
        let line = scheduler.wait_for("output", |line| line["output"].is_string());
        scheduler.seen.clear();
        let next = next.entry(line["job_id"].to_string()).or_insert(1);
        assert_eq!(line["output"], format!("{next:0100}"));
        *next += 1;
    }
    assert_eq!(next.len(), jobs);
    println!("{} lines of {jobs} jobs, none of them torn", jobs * lines);
    scheduler.stop();
}

#[test]
fn i1_a_thousand_jobs_of_one_moment_all_run_and_never_too_many_at_once() {
    const JOBS: usize = 1_000;
    let table = |job| format!("[jobs.j{job}]\ncommand = ['true']\n");
    let tables: String = (0..JOBS).map(table).collect();
    let sandbox = Sandbox::new(&format!("[executors.default]\nmax_workers = 20\n{tables}"));
    let mut scheduler = sandbox.start();
    let (mut running, mut ended, mut most) = (BTreeSet::new(), BTreeSet::new(), 0);
    while ended.len() < JOBS {
        let line = scheduler.wait_for("start or end", |line| {
            line["event"] == "job_started" || line["outcome"].is_string()
        });
        let job = line["job_id"].to_string();
        if line["event"] == "job_started" {
            running.insert(job);
            most = most.max(running.len());
        } else {
            assert_eq!(line["outcome"], "succeeded", "{line}");
            running.remove(&job);
            assert!(ended.insert(job), "once each: {line}");
        }
    }
    assert!(most <= 20, "{most} at once");
    assert_eq!(zombies_of(scheduler.pid()), BTreeSet::new());
    scheduler.stop();
}
