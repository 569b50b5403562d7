//! SIGKILL at every system call of what rewrites a store as a whole: bringing one of an old version to this
//! one, and recovering a damaged one. There is the old one then or the new one, whole, and nothing in it is lost.
//!
//! A share of them, taken by chance; `RSCHED_SWEEP=100000` asks for all.

use crate::lives::now;
use crate::scheduler::{PATIENCE, Sandbox, eventually};
use crate::seed::number;
use crate::sweep::{self, Call, LET_JOBS_GO, Life, Strike};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

/// What opens, writes, renames and forces to the disk.
const CALLS: [&str; 14] = [
    "close",
    "fchmod",
    "fcntl",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "mkdir",
    "openat",
    "pread64",
    "pwrite64",
    "rename",
    "unlink",
    "write",
];

/// As version 1 left it, with runs that had not ended.
const VERSION_1: &[u8] = include_bytes!("../store/data/version-1.sqlite");

/// None of them is a job of the store.
pub const FILE: &str =
    "[history]\nkeep_runs = 1000\n[jobs.of-file]\ncron = '@yearly'\ncommand = 'true'\n";

const PAGE: usize = 4096;

/// The file and its log, as they are on the disk.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    pub store: Vec<u8>,
    pub log: Vec<u8>,
}

impl Files {
    fn read(store: &Path) -> Self {
        Self {
            store: fs::read(store).unwrap_or_default(),
            log: fs::read(beside(store, "-wal")).unwrap_or_default(),
        }
    }

    /// In the state directory of a new sandbox.
    pub fn put(&self) -> Sandbox {
        let sandbox = Sandbox::new(FILE);
        fs::create_dir(sandbox.state()).unwrap();
        let store = store_of(&sandbox);
        let private = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        private(&sandbox.state(), 0o700);
        for (path, bytes) in [(&store, &self.store), (&beside(&store, "-wal"), &self.log)] {
            if !bytes.is_empty() {
                fs::write(path, bytes).unwrap();
                private(path, 0o600);
            }
        }
        sandbox
    }
}

pub fn store_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.state().join("store.sqlite")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Every row of every table.
pub type Rows = BTreeMap<String, BTreeSet<String>>;

/// What is in a store, which is not touched. Whether checksums match, which the first version has none of, is
/// for [`checked`].
pub fn rows_of(store: &Path) -> Rows {
    let copy = Files::read(store).put();
    let connection = Connection::open(store_of(&copy)).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let names: Vec<String> = each(&connection, names, |row| row.get(0).unwrap());
    let of_table = |name: String| {
        let rows = each(&connection, &format!("SELECT * FROM {name}"), |row| {
            let columns = row.as_ref().column_names().into_iter();
            let columns = columns.filter(|name| *name != "checksum");
            let values = columns.map(|name| row.get::<_, Value>(name).unwrap());
            format!("{:?}", values.collect::<Vec<_>>())
        });
        (name, rows.into_iter().collect())
    };
    names.into_iter().map(of_table).collect()
}

fn each<T>(connection: &Connection, sql: &str, read: impl Fn(&rusqlite::Row<'_>) -> T) -> Vec<T> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(read(row))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What is wrong with a store by its own check; nothing if it is whole.
fn checked(store: &Path) -> Option<String> {
    let copy = Files::read(store).put();
    let (code, stdout, stderr) = copy.output(&["store", "check", "state"]);
    (code != Some(0)).then(|| format!("{stdout}{stderr}"))
}

/// Options of strace: to kill at a call, or to see all.
fn options(strike: Option<&Strike>) -> Vec<String> {
    let mut options: Vec<_> = LET_JOBS_GO.map(str::to_owned).into();
    let names = strike.map_or(CALLS.join(","), |strike| strike.call.name.clone());
    options.extend(["-e".to_owned(), format!("trace={names}")]);
    if let Some(Strike { call, what }) = strike {
        let inject = format!("inject={}:{what}:when={}", call.name, call.ordinal);
        options.extend(["-e".to_owned(), inject]);
    }
    options
}

fn kill_at_each(calls: Vec<Call>) -> Vec<Strike> {
    let strikes = calls.into_iter().map(|call| Strike {
        call,
        what: "signal=KILL",
    });
    strikes.collect()
}

/// How it ended, and what is wrong, with what was said.
fn result(
    sandbox: &Sandbox,
    was_hit: bool,
    mut problems: Vec<String>,
    logs: &[&str],
) -> sweep::Result {
    if !problems.is_empty() {
        problems.extend(
            logs.iter()
                .map(|log| format!("{log}:\n{}", sandbox.read(log))),
        );
    }
    let end = if was_hit { "killed" } else { "not hit" };
    sweep::Result {
        end: end.to_owned(),
        was_hit,
        problems,
    }
}

// Another version.

/// A life that begins on a store of the first version, up to where it has started; whether it was killed.
fn migrate(sandbox: &Sandbox, strace: &[String]) -> bool {
    let mut life = Life::begin(sandbox, "log", strace);
    let has_started = || sandbox.read("log").contains("Scheduler started");
    assert!(life.wait_until(PATIENCE, has_started));
    let end = life.end().unwrap();
    assert!(end.signal() == Some(9) || end.success(), "{end:?}");
    end.signal() == Some(9)
}

/// What must be there for ever: what has ended, and what was told.
fn lost_of_the_past(old: &Rows, new: &Rows) -> Vec<String> {
    let mut lost = Vec::new();
    for table in ["outputs", "fires", "events", "runs"] {
        let is_past = |row: &&String| table != "runs" || row.contains("Text(\"ended\")");
        let past = old[table].iter().filter(is_past);
        let missing = past.filter(|row| !new[table].contains(*row));
        lost.extend(missing.map(|row| format!("{table}: {row} is lost")));
    }
    if old["runs"].len() != new["runs"].len() {
        lost.push("a run is lost, or there are more".to_owned());
    }
    lost
}

fn strike_migration(old: &Rows, strike: &Strike) -> sweep::Result {
    let sandbox = version_1().put();
    let was_hit = migrate(&sandbox, &options(Some(strike)));
    let problems = problems_after_migration(&sandbox, old);
    result(&sandbox, was_hit, problems, &["log", "next"])
}

/// What is wrong with a store that was being brought to this version, and what the next scheduler makes
/// of it.
pub fn problems_after_migration(sandbox: &Sandbox, old: &Rows) -> Vec<String> {
    let store = store_of(sandbox);
    let mut problems: Vec<_> = checked(&store).into_iter().collect();
    let found = rows_of(&store);
    // Until the new scheduler has written of itself, nothing in it is another.
    if found["sessions"] == old["sessions"] && found != *old {
        problems.push(format!("neither the old one nor the new: {found:#?}"));
    }
    problems.extend(lost_of_the_past(old, &found));
    let mut next = Life::begin(sandbox, "next", &[]);
    let has_started = || sandbox.read("next").contains("Scheduler started");
    next.wait_until(PATIENCE, has_started);
    if next.end().and_then(|end| end.code()) != Some(0) {
        problems.push("the next life does not end well".to_owned());
    }
    problems.extend(checked(&store));
    let found = rows_of(&store);
    problems.extend(lost_of_the_past(old, &found));
    let mut without_end = found["runs"].iter();
    if without_end.any(|row| !row.contains("Text(\"ended\")")) {
        problems.push("a run of before has no end".to_owned());
    }
    problems
}

pub fn version_1() -> Files {
    Files {
        store: VERSION_1.to_vec(),
        log: Vec::new(),
    }
}

#[test]
fn a6_killed_while_a_store_is_brought_to_this_version_nothing_of_it_is_lost() {
    if !sweep::can_trace("the sweep of migrations") {
        return;
    }
    let sandbox = version_1().put();
    let old = rows_of(&store_of(&sandbox));
    assert!(!migrate(&sandbox, &options(None)));
    let calls = sweep::calls_of(&sandbox.read("trace"), &CALLS, "");
    sweep::strike_all(
        "sweep of migrations",
        150,
        kill_at_each(calls),
        number("RSCHED_SWEEP", 40),
        |strike| strike_migration(&old, strike),
    );
}

// Recovery.

/// A store whose scheduler was killed, and of which a page was spoilt then.
pub fn damaged() -> Files {
    let sandbox = version_1().put();
    let store = store_of(&sandbox);
    let mut life = Life::begin(&sandbox, "log", &[]);
    // Before that all of it may be in the log, which brings it to this version.
    let has_started = || sandbox.read("log").contains("Scheduler started");
    let has_written = || has_started() && !Files::read(&store).log.is_empty();
    assert!(life.wait_until(PATIENCE, has_written));
    life.child.kill().unwrap();
    life.child.wait().unwrap();
    let mut files = Files::read(&store);
    assert!(!files.log.is_empty());
    // A page of rows in a table: of old events, since they are many.
    let is_of_events =
        |page: &[u8]| page[0] == 13 && page.windows(12).any(|text| text == b"job_executed");
    let mut pages = files.store.chunks_mut(PAGE);
    pages.find(|page| is_of_events(page)).unwrap().fill(0xa5);
    files
}

/// Recovers; whether it was killed, and what it said.
fn recover(sandbox: &Sandbox, strace: &[String]) -> (bool, String) {
    let mut command = sandbox.bare_command("strace".as_ref());
    command.args(["-D", "-f"]).args(strace);
    command.arg(env!("CARGO_BIN_EXE_rsched"));
    let output = command
        .args(["store", "recover", "state"])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    let end = output.status;
    assert!(end.signal() == Some(9) || end.success(), "{end:?} {said}");
    (end.signal() == Some(9), said)
}

/// The files of a name in the state directory.
fn files_with(sandbox: &Sandbox, part: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.state()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.to_str().unwrap().contains(part))
        .collect();
    paths.sort();
    paths
}

/// The damaged one, with its log, wherever it is.
fn damaged_in(sandbox: &Sandbox) -> Vec<Files> {
    let mut kept = files_with(sandbox, ".damaged-");
    kept.retain(|path| !path.to_str().unwrap().ends_with("-shm"));
    kept.retain(|path| !path.to_str().unwrap().ends_with("-wal"));
    kept.iter().map(|path| Files::read(path)).collect()
}

fn strike_recovery(damaged: &Files, recovered: &Rows, strike: &Strike) -> sweep::Result {
    let sandbox = damaged.put();
    let (was_hit, _) = recover(&sandbox, &options(Some(strike)));
    let problems = problems_after_recovery(&sandbox, damaged, recovered);
    result(&sandbox, was_hit, problems, &["refusal", "again"])
}

/// What is wrong with a store that was being recovered, and what recovering it once more makes of it.
pub fn problems_after_recovery(
    sandbox: &Sandbox,
    damaged: &Files,
    recovered: &Rows,
) -> Vec<String> {
    let store = store_of(sandbox);
    let mut problems = Vec::new();
    // What a scheduler finds that knows nothing of it.
    let is_untouched = Files::read(&store) == *damaged;
    if !is_untouched && (!store.exists() || checked(&store).is_some()) {
        let run = ["run", "jobs.toml", "--state-dir", "state", "--for", "1s"];
        let (code, _, stderr) = sandbox.output(&run);
        sandbox.write("refusal", &stderr);
        if code != Some(78) || !stderr.contains("help: ") {
            problems.push(format!("a scheduler that starts then ends with {code:?}"));
        }
    }
    if !store.exists() {
        // By its own clock it would give the damaged one another name now.
        let then = now();
        eventually("another second begins", || now() > then);
    }
    let (code, stdout, stderr) = sandbox.output(&["store", "recover", "state"]);
    sandbox.write("again", &format!("{stdout}{stderr}"));
    if code != Some(0) {
        problems.push(format!("to recover once more ends with {code:?}"));
    }
    problems.extend(checked(&store));
    if rows_of(&store) != *recovered {
        problems.push("other rows than without the death".to_owned());
    }
    if damaged_in(sandbox) != [damaged.clone()] {
        let kept = files_with(sandbox, "");
        problems.push(format!("the damaged one is not kept as it was: {kept:?}"));
    }
    if let [.., line] = &stdout.lines().collect::<Vec<_>>()[..] {
        let named = line.strip_prefix("damaged file").unwrap_or_default().trim();
        if !sandbox.path(named).is_file() || named.is_empty() {
            problems.push(format!("it is not where it is said to be: {line}"));
        }
    }
    let left = files_with(sandbox, ".recover");
    if !left.is_empty() {
        problems.push(format!("{left:?} are left"));
    }
    problems
}

#[test]
fn a6_killed_while_a_store_is_recovered_it_is_recovered_the_next_time() {
    if !sweep::can_trace("the sweep of recoveries") {
        return;
    }
    let damaged = damaged();
    let sandbox = damaged.put();
    assert!(checked(&store_of(&sandbox)).is_some());
    let (was_killed, said) = recover(&sandbox, &options(None));
    assert!(!was_killed && said.contains("damaged file"), "{said}");
    let recovered = rows_of(&store_of(&sandbox));
    assert!(!recovered["runs"].is_empty() && !recovered["events"].is_empty());
    let trace = sandbox.read("trace");
    let sweep = |test: &str, fewest: usize, first: &str, share: u64| {
        let strikes = kill_at_each(sweep::calls_of(&trace, &CALLS, first));
        sweep::strike_all(test, fewest, strikes, share, |strike| {
            strike_recovery(&damaged, &recovered, strike)
        });
    };
    let share = number("RSCHED_SWEEP", 40);
    sweep("sweep of recoveries", 150, "", share);
    sweep("sweep of changes of names", 15, "rename", u64::MAX);
}
