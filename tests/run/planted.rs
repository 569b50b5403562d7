//! What somebody has put where we keep things: links with names that we are known to use, and rows of the store
//! that were edited by hand. Links are never followed, and nothing is run that a jobs file could not ask for.

use crate::scheduler::{Sandbox, exists, is_root, open_sandbox};
use nix::sys::signal::Signal;
use rsched::store::sqlite::checksums;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::Path;

/// Nobody, by its number.
const NOBODY: u32 = 65_534;

const EVERY_SECOND: &str = "[jobs.tick]\ncron = { second = '*' }\ncommand = 'echo tock'\n";

/// What must stay as it is, wherever a link leads to it.
struct Precious<'a>(&'a Sandbox);

impl<'a> Precious<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        sandbox.write("precious", "precious");
        Self(sandbox)
    }

    /// A link of this name leads to it, and one to what is not there.
    fn plant(&self, names: &[&str]) {
        for (index, name) in names.iter().enumerate() {
            let target = if index % 2 == 0 { "precious" } else { "made" };
            symlink(self.0.path(target), self.0.path(name)).unwrap();
        }
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(self.0.read("precious"), "precious");
        assert!(!exists(&self.0.path("made")));
    }
}

#[test]
fn j8_links_with_the_names_of_our_files_are_not_followed() {
    // One at a time, each to a file and to none.
    for name in [
        "lock",
        "store.sqlite",
        "store.sqlite-wal",
        "store.sqlite-shm",
        "store.sqlite-journal",
        "store.sqlite.lock",
        "store.sqlite.recovered",
        "store.sqlite.recovering",
        "control.sock",
        "pipes",
        "starts",
    ] {
        for target in ["precious", "made"] {
            let sandbox = Sandbox::new(EVERY_SECOND);
            let precious = Precious::new(&sandbox);
            fs::create_dir(sandbox.state()).unwrap();
            fs::set_permissions(sandbox.state(), fs::Permissions::from_mode(0o700)).unwrap();
            symlink(sandbox.path(target), sandbox.state().join(name)).unwrap();
            let (code, _, stderr) =
                sandbox.output(&["run", "jobs.toml", "--state-dir", "state", "--for", "200ms"]);
            precious.is_untouched();
            // It works all the same, or says what is in its way.
            let is_named = stderr.contains(name.trim_start_matches("store.sqlite"));
            assert!(
                code == Some(0) || is_named,
                "{name} to {target}: {code:?} {stderr}"
            );
        }
    }
}

#[test]
fn j8_a_recovery_does_not_follow_links_with_the_names_of_its_files() {
    let sandbox = Sandbox::new(EVERY_SECOND);
    let mut scheduler = sandbox.start();
    scheduler.event("job_executed", "tick");
    scheduler.stop();
    let store = Connection::open(sandbox.path("state/store.sqlite")).unwrap();
    store
        .execute_batch("UPDATE jobs SET progress = 'soon'")
        .unwrap();
    drop(store);
    let precious = Precious::new(&sandbox);
    precious.plant(&[
        "state/store.sqlite.recovering",
        "state/store.sqlite.recovered",
        "state/store.sqlite.recovering-journal",
    ]);
    let (code, stdout, stderr) = sandbox.output(&["store", "recover", "state/store.sqlite"]);
    precious.is_untouched();
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let store = sandbox.path("state/store.sqlite");
    assert!(store.symlink_metadata().unwrap().is_file());
}

#[test]
fn j21_links_among_the_output_files_of_a_job_are_not_followed() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'echo a'\noutput = { file = 'logs/a' }\n\
         [jobs.b]\ncommand = 'echo b'\noutput = { file = 'logs/b' }\n\
         [jobs.c]\ncommand = 'echo c'\noutput = { file = 'logs/c', max_size = 1, keep = 3 }\n",
    );
    let precious = Precious::new(&sandbox);
    fs::create_dir(sandbox.path("logs")).unwrap();
    sandbox.write("logs/c", "too large");
    // Its old ones are links too.
    precious.plant(&["logs/a", "logs/b", "logs/c.1", "logs/c.2", "logs/c.3"]);
    let mut scheduler = sandbox.start();
    for _ in 0..2 {
        let failed = scheduler.wait_for("failure", |line| line["event"] == "job_error");
        let message = failed["message"].as_str().unwrap();
        assert!(message.contains("is a symbolic link"), "{message}");
    }
    scheduler.stop();
    precious.is_untouched();
    assert_eq!(sandbox.read("logs/c"), "c\n");
    assert_eq!(sandbox.read("logs/c.1"), "too large");
}

#[test]
fn j21_where_output_goes_is_not_said_by_the_link_of_another_user() {
    if !is_root("j21") {
        return;
    }
    let job =
        |directory: &str| format!("command = 'echo x'\noutput = {{ file = '{directory}/log' }}\n");
    let sandbox = Sandbox::new(&format!(
        "[jobs.theirs]\n{}[jobs.ours]\n{}",
        job("theirs/logs"),
        job("ours/logs")
    ));
    for directory in ["etc", "theirs", "ours"] {
        fs::create_dir(sandbox.path(directory)).unwrap();
    }
    chown(sandbox.path("theirs"), Some(NOBODY), None).unwrap();
    for link in ["theirs/logs", "ours/logs"] {
        symlink(sandbox.path("etc"), sandbox.path(link)).unwrap();
    }
    lchown(sandbox.path("theirs/logs"), Some(NOBODY), None).unwrap();
    let mut scheduler = sandbox.start();
    let failed = scheduler.event("job_error", "theirs");
    let message = failed["message"].as_str().unwrap();
    let expected = "is reached by a symbolic link of another user";
    assert!(message.contains(expected), "{message}");
    scheduler.stop();
    // Our own links are our own business.
    assert_eq!(sandbox.read("etc/log"), "x\n");
}

#[test]
fn j18_a_store_that_others_could_write_is_refused() {
    if !is_root("j18") {
        return;
    }
    let sandbox = open_sandbox("[jobs.a]\ncron = '@yearly'\ncommand = 'true'\n");
    let run = |store: &str| {
        let store = format!("sqlite:{store}");
        let (code, _, stderr) = sandbox.output(&[
            "run",
            "jobs.toml",
            "--state-dir",
            "state",
            "--store",
            &store,
            "--for",
            "100ms",
        ]);
        (code, stderr)
    };
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(sandbox.path("records")).unwrap();
    assert_eq!(run("records/one").0, Some(0));
    for (name, bits, why) in [
        ("records/one", 0o666, "is writable by everybody"),
        ("records", 0o777, "is writable by everybody"),
        ("records", 0o1777, "others may put files into"),
    ] {
        mode(name, bits);
        let (code, stderr) = run("records/one");
        assert_eq!(code, Some(77), "{stderr}");
        assert!(
            stderr.contains(why) && stderr.contains("help: "),
            "{stderr}"
        );
        // One that is still to be made, too.
        if name == "records" {
            assert_eq!(run("records/new").0, Some(77));
            assert!(!exists(&sandbox.path("records/new")));
        }
        mode("records/one", 0o600);
        mode("records", 0o755);
    }
    assert_eq!(run("records/one").0, Some(0));
}

/// Edits the store of a scheduler that was killed while it had a job of each kind, as one does who knows of
/// checksums.
fn edited(sql: &str) -> Sandbox {
    edited_by(|store| {
        store.execute_batch(sql).unwrap();
        checksums::teach(store).unwrap();
        checksums::fill(store).unwrap();
    })
}

fn edited_by(edit: impl FnOnce(&Connection)) -> Sandbox {
    let sandbox = Sandbox::new("[jobs.of-file]\ncron = '@yearly'\ncommand = 'touch ran'\n");
    let mut scheduler = sandbox.start();
    scheduler.started();
    let add = [
        "add",
        "late",
        "--interval",
        "1h",
        "--state-dir",
        "state",
        "--",
        "touch ran",
    ];
    assert_eq!(sandbox.output(&add).0, Some(0));
    scheduler.signal(Signal::SIGKILL);
    scheduler.reap();
    edit(&Connection::open(sandbox.path("state/store.sqlite")).unwrap());
    sandbox
}

/// A run of it for a moment, as whoever we are or as nobody.
fn run(sandbox: &Sandbox, as_nobody: bool) -> (Option<i32>, String) {
    let arguments = ["run", "jobs.toml", "--state-dir", "state", "--for", "300ms"];
    let mut command = if as_nobody {
        let mut command = sandbox.bare_command(Path::new("setpriv"));
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(env!("CARGO_BIN_EXE_rsched"));
        command
    } else {
        sandbox.command(&[])
    };
    let output = command.args(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

/// A definition that has the place of that of `late`, due at once.
fn defined(keys: &str) -> String {
    let keys = keys.replace('\'', "''");
    format!("UPDATE jobs SET definition = '{keys}' WHERE id = 'late'")
}

#[test]
fn j18_rows_that_make_no_sense_are_refused_by_name_and_nothing_runs() {
    let row = |id: &str| {
        format!(
            "INSERT INTO jobs SELECT '{id}', plan, phase, anchor, progress, paused, finished, \
             '{{\"command\":\"touch ran\",\"interval\":\"100ms\",\"first\":\"now\"}}', 0 \
             FROM jobs WHERE id = 'late'"
        )
    };
    let pending = |state: &str, reason: &str, job: &str| {
        format!(
            "INSERT INTO runs (run_id, job, fire_time, epoch, sequence, attempt, reason, stands_for, noticed_at, state) \
             VALUES (7, '{job}', 0, 0, 1, 1, '{reason}', 1, 0, '{state}')"
        )
    };
    for (sql, what) in [
        (row("../x"), "`../x`"),
        (row("a/b"), "`a/b`"),
        (row(""), "``"),
        (pending("waiting", "manual", "of-file"), "`waiting`"),
        (pending("pending", "whim", "of-file"), "`whim`"),
        (pending("pending", "manual", "../x"), "`../x`"),
        (
            "UPDATE jobs SET progress = '{\"At\":1}'".to_owned(),
            "is not how far a job is judged",
        ),
        (
            "INSERT INTO totals VALUES ('of-file', 'conquered', 1, 0)".to_owned(),
            "`conquered`",
        ),
    ] {
        let sandbox = edited(&sql);
        let (code, stderr) = run(&sandbox, false);
        assert_eq!(code, Some(78), "{sql}: {stderr}");
        assert!(
            stderr.contains(what) && stderr.contains("help: "),
            "{sql}: {stderr}"
        );
        assert!(!exists(&sandbox.path("ran")), "{sql}");
    }
}

#[test]
fn j18_a_row_that_was_edited_by_other_means_is_refused_and_nothing_runs() {
    let keys = r#"{"command":"touch ran","interval":"100ms","first":"now"}"#;
    let sandbox = edited_by(|store| store.execute_batch(&defined(keys)).unwrap());
    let (code, stderr) = run(&sandbox, false);
    assert_eq!(code, Some(78), "{stderr}");
    assert!(
        stderr.contains("is damaged: a checksum in `jobs` does not match")
            && stderr.contains("help: "),
        "{stderr}"
    );
    assert!(!exists(&sandbox.path("ran")));
}

#[test]
fn j18_a_kept_job_that_a_file_would_refuse_is_not_run_and_the_others_are() {
    for (keys, why) in [
        (
            r#"{"command":"touch ran","interval":"100ms","first":"now","shcedule":1}"#,
            "shcedule",
        ),
        (r#"{"command":"touch ran","cron":"61 * * * *"}"#, "cron"),
        (
            r#"{"command":"touch ran","interval":"100ms","first":"now","user":"nobody-at-all"}"#,
            "nobody-at-all",
        ),
        (
            r#"{"command":["touch","ran"],"interval":"100ms","first":"now","nice":99}"#,
            "nice",
        ),
        (r#"{"interval":"100ms","first":"now"}"#, "command"),
        (r#"["touch ran"]"#, "expected a map"),
        ("touch ran", "expected"),
    ] {
        let sandbox = edited(&defined(keys));
        let (code, stderr) = run(&sandbox, false);
        assert_eq!(code, Some(0), "{keys}: {stderr}");
        let warning = stderr
            .lines()
            .find(|line| line.contains("job \"late\", added at run time, is not run"));
        assert!(
            warning.is_some_and(|line| line.contains(why)),
            "{keys}: {stderr}"
        );
        assert!(stderr.contains("Scheduler started with 1 job"), "{stderr}");
        assert!(!exists(&sandbox.path("ran")), "{keys}");
    }
}

#[test]
fn j18_a_kept_job_with_a_user_is_not_run_by_who_is_not_root() {
    if !is_root("j18") || !crate::scheduler::works("setpriv", &["--version"]) {
        return;
    }
    let keys = r#"{"command":"touch ran","interval":"100ms","first":"now","user":"root"}"#;
    let sandbox = edited(&defined(keys));
    // All of it is theirs now.
    let mut command = sandbox.bare_command(Path::new("chown"));
    let status = command.args(["-R", "65534:65534", "."]).status().unwrap();
    assert!(status.success());
    let (code, stderr) = run(&sandbox, true);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("\"late\", added at run time, is not run") && stderr.contains("only root"),
        "{stderr}"
    );
    assert!(!exists(&sandbox.path("ran")));
}
