//! Whether a scheduler runs is told by its lock, not by a process that happens to have its number.

use crate::past::{LifeEnds, Past, job};
use crate::sandbox::Sandbox;
use rsched::store::sqlite::checksums;
use rsched::sys::identity::boot_id;
use rsched::sys::lock::{Holder, InstanceLock};
use rusqlite::Connection;

#[test]
fn a_scheduler_that_died_as_process_1_of_a_container_is_not_taken_for_our_init() {
    let sandbox = Sandbox::new().jobs("[jobs.a]\ncron = '* * * * *'\ncommand = 'true'\n");
    let records = vec![job("a", "* * * * *; UTC", "03:00:00", "03:02:00")];
    Past::of(&sandbox).life("03:00:00", vec![("03:02:30", records)], LifeEnds::Dying);
    let store = sandbox.path().join("state/store.sqlite");
    // In this boot.
    let connection = Connection::open(&store).unwrap();
    let boot = [boot_id().unwrap()];
    connection
        .execute("UPDATE sessions SET boot_id = ?1, pid = 1", boot)
        .unwrap();
    checksums::teach(&connection).unwrap();
    checksums::fill(&connection).unwrap();
    drop(connection);
    let holder = |pid| Holder {
        pid,
        host: "a container".to_owned(),
        started_at: "2026-05-01T03:00:00Z".to_owned(),
        jobs_file: "jobs.toml".to_owned(),
    };
    let says = |what: &str| {
        let why = sandbox.run(["why", "a", "--at", "2026-05-01 03:03:00"]);
        assert!(why.stdout.contains(what), "{}", why.stdout);
        why.success();
    };
    let died = "the scheduler died, some time after 2026-05-01 03:02:30+00:00, and has not been started since";
    // Without a lock there is only its number.
    let alive = "a has not run at 2026-05-01 03:03:00+00:00 yet: the scheduler has not got to it";
    says(alive);
    let lock = sandbox.path().join("state/store.sqlite.lock");
    let held = InstanceLock::try_acquire(&lock, &holder(1)).unwrap();
    says(alive);
    drop(held);
    says(died);
    // A recovery, or a scheduler that is only just starting, is not that one.
    let _held = InstanceLock::try_acquire(&lock, &holder(2)).unwrap();
    says(died);
}
