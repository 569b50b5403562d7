//! What a scheduler holds in memory, which is not what it took to read the files.

use crate::scheduler::{Sandbox, Scheduler, eventually};
use nix::sys::signal::Signal;
use std::fmt::Write as _;
use std::fs;

const JOBS: usize = 20_000;

/// Twenty thousand jobs, of some hundred kinds of schedule, each with a command of its own.
fn many_jobs() -> String {
    let mut toml = String::from("[defaults]\ntags = ['nightly']\n[env]\nA = 'b'\n");
    for job in 0..JOBS {
        let (minute, hour) = (job % 60, job / 60 % 4);
        writeln!(
            toml,
            "[jobs.job-{job}]\ncron = '{minute} {hour} 1 1 *'\ncommand = '/usr/bin/backup --item {job}'"
        )
        .unwrap();
    }
    toml
}

/// Memory that is in no file, in kibibytes.
fn anonymous(scheduler: &Scheduler) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", scheduler.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[test]
fn a_job_takes_some_hundred_bytes_and_what_reading_took_is_given_back() {
    let sandbox = Sandbox::new(&many_jobs());
    let mut scheduler = sandbox.start();
    scheduler.started();
    // 2.5 KB a job if all keep their own settings, 1.5 KB if only what was freed is kept.
    let few = JOBS * 800 / 1024 + 6_000;
    eventually("little is held", || anonymous(&scheduler) < few);
    for _ in 0..2 {
        scheduler.signal(Signal::SIGHUP);
        let reloaded = format!("Reloaded: {JOBS} jobs");
        scheduler.wait_for("reload", |line| line["message"] == reloaded);
        eventually("little is held after a reload", || {
            anonymous(&scheduler) < few
        });
    }
    scheduler.stop();
}
