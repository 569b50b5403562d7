//! The tz database is updated, or the machine's zone switched, under a running scheduler.

use crate::scheduler::{Sandbox, Scheduler};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// Every second of the hour from noon.
const AT_NOON: &str = "cron = { hour = 12, second = '*' }\ncommand = 'echo $RSCHED_FIRE_TIME'\n";

/// The offset of a zone in which it is now so many minutes after midnight.
fn offset_where_it_is(minutes: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let offset = (minutes * MINUTE - now).rem_euclid(DAY);
    if offset > DAY / 2 {
        offset - DAY
    } else {
        offset
    }
}

/// Writes the least zone file there is, beside its place, and moves it there.
fn write_zone(path: &Path, offset: i64) {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        bytes.extend(b"TZif2");
        bytes.extend([0; 15]);
        for count in [0_u32, 0, 0, 0, 1, 4] {
            bytes.extend(count.to_be_bytes());
        }
        bytes.extend(i32::try_from(offset).unwrap().to_be_bytes());
        bytes.extend(b"\0\0ABC\0");
    }
    // POSIX counts offsets to the west.
    let (sign, length) = if offset > 0 {
        ("-", offset)
    } else {
        ("", -offset)
    };
    let (hours, minutes, seconds) = (length / 3600, length / 60 % 60, length % 60);
    bytes.extend(format!("\nABC{sign}{hours}:{minutes:02}:{seconds:02}\n").bytes());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

fn start(sandbox: &Sandbox, variables: &[(&str, String)]) -> Scheduler {
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state"]);
    command.args(["--log-format", "json"]);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut scheduler = Scheduler::start(&mut command);
    scheduler.started();
    scheduler
}

/// Waits for that message, and for three fires: none of them before it, none twice.
fn takes_it_up(mut scheduler: Scheduler, message: &str) {
    scheduler.wait_for(message, |line| line["message"] == message);
    let started = |line: &serde_json::Value| line["event"] == "job_started";
    assert!(!scheduler.seen.iter().any(started), "{:#?}", scheduler.seen);
    let fires = [0; 3].map(|_| scheduler.output("a"));
    assert!(fires.iter().all(|fire| fire.contains("T12:3")), "{fires:?}");
    let seen = scheduler.stop();
    let others = seen.iter().filter(|line| line["job_id"] == "b").count();
    assert_eq!(others, 0, "{seen:#?}");
    let runs = seen.iter().filter(|line| started(line));
    let fires: Vec<_> = runs.map(|run| run["fire_time"].to_string()).collect();
    let distinct: BTreeSet<_> = fires.iter().collect();
    assert_eq!(distinct.len(), fires.len(), "{fires:?}");
}

#[test]
fn an_updated_tz_database_is_taken_up_though_the_jobs_file_is_broken_by_now() {
    let sandbox = Sandbox::new(&format!("[jobs.a]\ntimezone = 'Test/Here'\n{AT_NOON}"));
    let zone = sandbox.path("zoneinfo/Test/Here");
    write_zone(&zone, offset_where_it_is(30));
    let directory = sandbox.path("zoneinfo").display().to_string();
    let scheduler = start(&sandbox, &[("TZDIR", directory)]);
    sandbox.write("jobs.toml", "[jobs.a\n");
    write_zone(&zone, offset_where_it_is(12 * 60 + 30));
    takes_it_up(
        scheduler,
        "The tz database was updated for `Test/Here`: jobs are planned by the new clock",
    );
}

#[test]
fn another_machine_s_zone_is_taken_up_for_the_jobs_that_name_none() {
    let named =
        "[jobs.b]\ntimezone = 'Test/Midnight'\ncron = { hour = 12, second = '*' }\ncommand = 'x'\n";
    let sandbox = Sandbox::new(&format!("[jobs.a]\n{AT_NOON}{named}"));
    let zones = sandbox.path("zoneinfo/Test");
    write_zone(&zones.join("Midnight"), offset_where_it_is(30));
    write_zone(&zones.join("Noon"), offset_where_it_is(12 * 60 + 30));
    let (link, new) = (sandbox.path("localtime"), sandbox.path("new"));
    symlink(zones.join("Midnight"), &link).unwrap();
    let directory = sandbox.path("zoneinfo").display().to_string();
    let variables = [("TZDIR", directory), ("TZ", format!(":{}", link.display()))];
    let scheduler = start(&sandbox, &variables);
    symlink(zones.join("Noon"), &new).unwrap();
    fs::rename(&new, &link).unwrap();
    takes_it_up(
        scheduler,
        "The machine's time zone is now `Test/Noon` and not `Test/Midnight`: jobs are planned by the new clock",
    );
}
