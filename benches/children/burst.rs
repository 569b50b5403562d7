//! How long jobs that are due in one second take to be started, beside a bare loop.

use crate::measured::Scheduler;
use rsched::process::{Launch, OutputTarget, Preparation, Program, Stdin, spawn};
use rsched::sys::clock;
use rsched::time::{WallTime, Zone, human};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const JOBS: u32 = 1_000;

/// Each kind is measured so often; the best is shown, and all of them.
const TURNS: usize = 5;

/// Jobs that are due this long after the file is written: the scheduler is ready by then.
const LATER: Duration = Duration::from_secs(3);

pub fn burst() {
    let directory = tempfile::tempdir().expect("a directory for the program");
    let program = small_program(&directory);
    println!(
        "{JOBS} processes of {}, {TURNS} turns of each kind\n",
        program.display()
    );
    let bare = shown("a bare loop of posix_spawn and wait", || bare(&program));
    println!();
    for (what, keys, ballast) in [
        ("the scheduler, until the last of them is started", "", 0),
        ("the same, holding 500 MiB", "", 500),
        (
            "by way of the intermediate (umask = '027')",
            "umask = '027'",
            0,
        ),
    ] {
        let best = shown(what, || scheduled(&program, keys, ballast));
        let ratio = best.as_secs_f64() / bare.as_secs_f64();
        println!("{:>12}  {ratio:.2} times the bare loop\n", "");
    }
}

/// Measures, prints, and gives the best.
fn shown(what: &str, mut turn: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..TURNS).map(|_| turn()).collect();
    times.sort_unstable();
    let milliseconds = |time: &Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let all: Vec<String> = times.iter().map(milliseconds).collect();
    println!("{:>12}  {what}  ({})", all[0], all.join(", "));
    times[0]
}

/// One that does nothing and needs no libraries, where there is a C compiler; else `/bin/true`.
fn small_program(directory: &TempDir) -> PathBuf {
    let (source, program) = (
        directory.path().join("true.c"),
        directory.path().join("true"),
    );
    std::fs::write(&source, "int main(void) { return 0; }\n").expect("the source is written");
    let mut compiler = Command::new("cc");
    let status = compiler
        .args(["-static", "-O2", "-o"])
        .args([&program, &source])
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        program
    } else {
        PathBuf::from("/bin/true")
    }
}

/// `posix_spawn` as the scheduler uses it, and a wait for each, one after another.
fn bare(program: &Path) -> Duration {
    let launch = Launch {
        program: Program::Direct(vec![program.into()]),
        cwd: "/".into(),
        environment: BTreeMap::new(),
        environment_file: None,
        stdin: Stdin::Nothing,
        preparation: Preparation::default(),
    };
    let begin = Instant::now();
    for _ in 0..JOBS {
        let mut child = spawn(&launch, OutputTarget::Discard).expect("it is spawned");
        while child.try_reap().expect("it is ours").is_none() {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let descriptor = child.descriptor().expect("it is not reaped");
            let mut files = [PollFd::new(descriptor, PollFlags::POLLIN)];
            poll(&mut files, PollTimeout::NONE).expect("its end is waited for");
        }
    }
    begin.elapsed()
}

/// From the moment they are due until the last of them is started.
fn scheduled(program: &Path, keys: &str, ballast_mib: u32) -> Duration {
    let due = clock::read().wall + LATER;
    let due = human::rfc3339(
        WallTime::from_unix_seconds(due.unix_seconds()),
        &Zone::utc(),
    );
    let table = |job: u32| {
        let program = program.display();
        format!("[jobs.j{job}]\ndate = '{due}'\ncommand = ['{program}']\n{keys}\n")
    };
    let tables: Vec<String> = (0..JOBS).map(table).collect();
    let toml = format!(
        "[scheduler]\nstore = 'memory'\n[executors.default]\nmax_workers = {JOBS}\n{}",
        tables.concat()
    );
    let mut scheduler = Scheduler::start(&toml, &[], ballast_mib);
    let mut last: f64 = 0.0;
    for _ in 0..JOBS {
        let line = scheduler.wait_for(|line| line["event"] == "job_started");
        last = last.max(line["late_by"].as_f64().unwrap_or(f64::INFINITY));
    }
    Duration::from_secs_f64(last)
}
