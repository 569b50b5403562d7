//! Every system call on the way to a job's program fails once: the job runs as it should or not at all, the
//! latter is told, and nothing is lost. strace does it (`-e inject`).

use crate::scheduler::{FORGETFUL, Sandbox, Scheduler, is_root, works};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// A system call in a trace: its name, and the how manieth of that name in its process it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    name: String,
    number: u32,
    line: String,
}

/// The calls of one process in a trace of `strace -f`, whose lines begin with pids.
fn calls_of(trace: &str, pid: &str) -> Vec<Call> {
    let mut counts = BTreeMap::new();
    let lines = trace.lines().filter_map(|line| {
        let (whose, call) = line.split_once(' ')?;
        let (name, _) = call.trim_start().split_once('(')?;
        let is_name = |name: &str| {
            name.bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'_')
        };
        (whose == pid && is_name(name)).then_some((name, line))
    });
    lines
        .map(|(name, line)| {
            let count = counts.entry(name).or_insert(0);
            *count += 1;
            Call {
                name: name.to_owned(),
                number: *count,
                line: line.to_owned(),
            }
        })
        .collect()
}

fn strace_works() -> bool {
    works(
        "strace",
        &[
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=getppid:error=EPERM",
            "true",
        ],
    )
}

/// A scheduler under strace, until these jobs have ended.
fn traced(sandbox: &Sandbox, options: &[&str], jobs: &[&str]) -> Scheduler {
    let mut command = sandbox.bare_command("strace".as_ref());
    command
        .arg("-qq")
        .args(options)
        .arg(env!("CARGO_BIN_EXE_rsched"))
        .args(["run", "jobs.toml", "--state-dir", "state"])
        .args(["--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let mut waited_for: BTreeSet<&str> = jobs.iter().copied().collect();
    while !waited_for.is_empty() {
        let end = scheduler.wait_for("end", |line| line["outcome"].is_string());
        waited_for.remove(end["job_id"].as_str().unwrap());
    }
    // A signal would meet strace.
    let (code, _, stderr) = sandbox.output(&["shutdown", "--socket", "state/control.sock"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(scheduler.end().code(), Some(0), "{:#?}", scheduler.seen);
    scheduler
}

#[test]
fn b6_b7_b8_whatever_is_refused_for_now_on_the_way_to_a_process_no_run_is_lost() {
    if !strace_works() {
        return;
    }
    // Both ways of starting: at once, and by the intermediate.
    let sandbox = Sandbox::new(&format!(
        "{FORGETFUL}[jobs.a]\ncommand = 'echo x >> ran-a'\n[jobs.b]\ncommand = 'echo x >> ran-b'\numask = '022'\nstdin = 'text'\n"
    ));
    traced(&sandbox, &["-f", "-o", "trace"], &["a", "b"]);
    let trace = sandbox.read("trace");
    let main = trace.split_whitespace().next().unwrap();
    let calls = calls_of(&trace, main);
    let begin = calls
        .iter()
        .position(|call| call.line.contains("S_IFIFO|0600"))
        .unwrap();
    let end = calls
        .iter()
        .position(|call| call.line.contains("4611686018427387"))
        .unwrap();
    assert!(
        begin < end,
        "the second job is looked after when it is being prepared"
    );
    let errors: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("openat", &["EMFILE", "ENFILE"][..]),
        ("mknodat", &["ENOMEM"]),
        ("memfd_create", &["ENFILE"]),
        ("pipe2", &["EMFILE"]),
        ("mmap", &["ENOMEM"]),
        ("clone3", &["EAGAIN", "ENOMEM"]),
        ("clone", &["EAGAIN", "ENOMEM"]),
        ("pidfd_open", &["EMFILE"]),
        ("epoll_ctl", &["ENOMEM"]),
    ]);
    let mut tried = 0;
    for call in &calls[begin..=end] {
        for error in errors.get(call.name.as_str()).copied().unwrap_or_default() {
            for job in ["ran-a", "ran-b"] {
                drop(fs::remove_file(sandbox.path(job)));
            }
            let inject = format!("inject={}:error={error}:when={}", call.name, call.number);
            // Its main thread alone: calls of the same number of others are their own business.
            let scheduler = traced(&sandbox, &["-o", "/dev/null", "-e", &inject], &["a", "b"]);
            let about = format!("{inject} ({}): {:#?}", call.line, scheduler.seen);
            for job in ["a", "b"] {
                let is_end = |line: &&Value| line["job_id"] == job && line["outcome"].is_string();
                let ends: Vec<_> = scheduler.seen.iter().filter(is_end).collect();
                assert_eq!(ends.len(), 1, "one end of {job}, {about}");
                let runs = sandbox.read(&format!("ran-{job}")).lines().count();
                // What exists and cannot be watched is not tried once more: it may have run.
                let is_watched = !matches!(call.name.as_str(), "pidfd_open" | "epoll_ctl");
                match ends[0]["outcome"].as_str() {
                    Some("succeeded") => assert_eq!(runs, 1, "{about}"),
                    Some("spawn_failed") if !is_watched => assert!(runs <= 1, "{about}"),
                    _ => panic!("{about}"),
                }
            }
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried}");
}

/// Whom the job finds itself to be.
const FACTS: &str = "id -u; id -g; id -G; umask; nice; ulimit -c; ulimit -n; grep -e NoNewPrivs -e CapEff -e CapPrm /proc/self/status; pwd; cat; readlink /proc/self/fd/1";

/// The order of the intermediate for the one job, as its scheduler wrote it.
fn order(sandbox: &Sandbox) -> String {
    traced(
        sandbox,
        &["-s", "1000000", "-e", "trace=write", "-o", "trace"],
        &["a"],
    );
    let trace = sandbox.read("trace");
    let line = trace
        .lines()
        .find(|line| line.contains("\"{\\\"arguments\\\""))
        .unwrap();
    let text = &line[line.find("\"{").unwrap() + 1..=line.rfind("}\"").unwrap()];
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[test]
fn j11_whichever_call_of_the_intermediate_fails_the_job_is_whom_it_should_be_or_is_not() {
    if !is_root("becoming another user") || !strace_works() {
        return;
    }
    let sandbox = Sandbox::new(&format!(
        "{FORGETFUL}[jobs.a]\nuser = 54321\ngroup = 54322\nnice = 1\numask = '027'\nno_new_privileges = true\nlimits = {{ core = 0, files = 50 }}\n\
         stdin = {{ file = 'in' }}\noutput = {{ file = 'out' }}\ncommand = '{FACTS}'\n"
    ));
    sandbox.write("in", "read\n");
    // Anybody may write there: the job's user makes the file.
    fs::set_permissions(sandbox.path("."), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(sandbox.path("."), fs::Permissions::from_mode(0o1777)).unwrap();
    sandbox.write("order", &order(&sandbox));
    let right = sandbox.read("out");
    assert!(
        right.starts_with("54321\n54322\n54322\n0027\n1\n0\n50\n"),
        "{right}"
    );
    let run = |options: &[&str]| {
        drop(fs::remove_file(sandbox.path("out")));
        let mut command = sandbox.bare_command("sh".as_ref());
        command
            .args([
                "-c",
                "exec strace \"$@\" 3< order 4> report > elsewhere 2> /dev/null",
                "sh",
            ])
            .args(options)
            .args([env!("CARGO_BIN_EXE_rsched"), "__exec", "3", "4"]);
        let status = command.status().unwrap();
        (status, sandbox.read("out"), sandbox.read("report"))
    };
    let (status, out, _) = run(&["-f", "-qq", "-o", "trace"]);
    assert_eq!((status.code(), out.as_str()), (Some(0), right.as_str()));
    let trace = sandbox.read("trace");
    let pid = trace.split_whitespace().next().unwrap();
    let calls = calls_of(&trace, pid);
    let last = calls
        .iter()
        .rposition(|call| call.name == "execve")
        .unwrap();
    assert!(last > 40, "{trace}");
    let mut refused = 0;
    // The first is that of the intermediate itself.
    for call in &calls[1..=last] {
        for error in ["EPERM", "ENOMEM"] {
            let inject = format!("inject={}:error={error}:when={}", call.name, call.number);
            // Not its children: the job's own calls are its own business.
            let (status, out, report) = run(&["-qq", "-o", "/dev/null", "-e", &inject]);
            assert_eq!(sandbox.read("elsewhere"), "", "{inject}");
            if out.is_empty() {
                assert_ne!(status.code(), Some(0), "{inject}");
                let is_told = report.contains("Failed") || !report.ends_with("}}\n");
                assert!(is_told, "{inject}: {report}");
                refused += 1;
            } else if status.code() == Some(0) {
                assert_eq!(out, right, "{inject}, {}", call.line);
            }
        }
    }
    assert!(refused > 30, "{refused}");
}
