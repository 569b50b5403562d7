//! Where the output of jobs goes, and what is kept of it.

use crate::scheduler::{
    FORGETFUL, Sandbox, Scheduler, eventually, is_alive, is_root, open_sandbox, works,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::Stdio;

/// What the store keeps of the output of the newest run: how much it was, and the last of it.
fn kept(sandbox: &Sandbox, job: &str) -> Option<(i64, Vec<u8>)> {
    let path = fs::read_dir(sandbox.state())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|it| it == "db" || it == "sqlite")
        })
        .expect("the store");
    let store = rusqlite::Connection::open(path).unwrap();
    store
        .query_row(
            "SELECT total_bytes, tail FROM outputs JOIN runs ON runs.number = outputs.run
             WHERE job = ?1 ORDER BY runs.number DESC",
            [job],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .ok()
}

#[test]
fn h4_h6_the_last_of_an_output_is_kept_byte_by_byte_whatever_was_logged() {
    let sandbox = Sandbox::new(
        "[history]\nkeep_output = 1000\n\
         [jobs.log]\ncommand = '''head -c 300000 /dev/zero | tr '\\\\0' x; printf 'a\\\\000\\\\377\\\\033[1m\\\\r\\\\nend' '''\n\
         [jobs.discard]\ncommand = '''head -c 300000 /dev/zero; printf discarded'''\noutput = 'discard'\n\
         [jobs.inherit]\ncommand = 'echo inherited'\noutput = 'inherit'\n"
            .replace("\\\\", "\\").as_str(),
    );
    let mut scheduler = sandbox.start();
    let mut ends = 0;
    while ends < 3 {
        let line = scheduler.wait_for("end", |line| line["outcome"].is_string());
        assert_eq!(line["outcome"], "succeeded", "{line}");
        ends += 1;
        if line["job_id"] == "discard" {
            assert_eq!(line["output_bytes"], 300_009);
        }
    }
    let is_discarded =
        |line: &serde_json::Value| line["job_id"] == "discard" && line["output"].is_string();
    assert!(
        !scheduler.stop().iter().any(is_discarded),
        "it is not in the log"
    );
    let (total, tail) = kept(&sandbox, "log").unwrap();
    assert_eq!(total, 300_012);
    assert_eq!(tail.len(), 1_000);
    assert!(tail.ends_with(b"xxa\0\xff\x1b[1m\r\nend"));
    let (total, tail) = kept(&sandbox, "discard").unwrap();
    assert_eq!((total, tail.len()), (300_009, 1_000));
    assert!(tail.ends_with(b"\0discarded"));
    assert_eq!(kept(&sandbox, "inherit"), None);
}

#[test]
fn inherited_output_is_the_schedulers_own() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'echo to stdout; echo to stderr >&2'\noutput = 'inherit'\n",
    );
    let out = fs::File::create(sandbox.path("out")).unwrap();
    let mut command = sandbox.command(&["run", "jobs.toml", "--state-dir", "state", "--for", "1s"]);
    let output = command
        .stdout(Stdio::from(out))
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(sandbox.read("out"), "to stdout\n");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.lines().any(|line| line == "to stderr"), "{log}");
}

#[test]
fn a_discarded_flood_does_not_wait_for_a_log_that_nobody_reads() {
    // H2: the reader of the log has stopped, and the log is full of what `b` says.
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'until [ -e full ]; do sleep 0.01; done; head -c 3000000 /dev/zero; touch done'\noutput = 'discard'\n[jobs.b]\ncommand = ['yes']\n",
    );
    let mut child = sandbox
        .command(&["run", "jobs.toml", "--state-dir", "state"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Full once the flood stands still: `yes` has filled its pipe and sleeps in its write.
    eventually("the log is full", || {
        let children =
            fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
        children.split_whitespace().any(|pid| {
            let waits = |_| {
                fs::read_to_string(format!("/proc/{pid}/wchan"))
                    .is_ok_and(|it| it.contains("pipe_w"))
            };
            let is_yes =
                fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it == "yes\n");
            is_yes && (0..2_000).all(waits)
        })
    });
    sandbox.write("full", "");
    eventually("the discarded flood has ended", || {
        sandbox.path("done").exists()
    });
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    kill(pid, Signal::SIGINT).unwrap();
    drop(child.stderr.take());
    child.wait().unwrap();
}

#[test]
fn a_file_gets_all_output_privately_and_is_rotated_when_a_run_starts() {
    let sandbox = Sandbox::new(&format!(
        "{FORGETFUL}[jobs.a]\ncommand = 'cat text; echo to stderr >&2; cat text'\noutput = {{ file = 'log', max_size = 20, keep = 2 }}\n"
    ));
    for text in ["one", "two", "three", "four"] {
        sandbox.write("text", &format!("{text}\n"));
        let mut scheduler = sandbox.start();
        let end = scheduler.event("job_executed", "a");
        assert!(end["output_bytes"].is_null(), "{end}");
        scheduler.stop();
    }
    let lines = |text: &str| format!("{text}\nto stderr\n{text}\n");
    assert_eq!(sandbox.read("log"), lines("four"));
    assert_eq!(sandbox.read("log.1"), lines("three"));
    assert_eq!(sandbox.read("log.2"), lines("one") + &lines("two"));
    assert!(!sandbox.path("log.3").exists());
    let mode = fs::metadata(sandbox.path("log"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn output_to_a_file_outlives_the_scheduler() {
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'echo $$; read x < gate; echo late'\noutput = { file = 'log' }\n",
    );
    sandbox.make_gate("gate");
    let mut scheduler = sandbox.start();
    let pid = scheduler.event("job_started", "a")["pid"].as_i64().unwrap();
    scheduler.signal(Signal::SIGKILL);
    scheduler.reap();
    sandbox.open_gate("gate");
    eventually("the job has ended", || {
        !is_alive(i32::try_from(pid).unwrap())
    });
    assert_eq!(sandbox.read("log"), format!("{pid}\nlate\n"));
}

#[test]
fn j21_a_file_is_opened_as_the_jobs_user_and_never_through_a_link() {
    let sandbox = Sandbox::new(&format!(
        "{FORGETFUL}[jobs.a]\ncommand = 'echo text'\noutput = {{ file = 'log' }}\n"
    ));
    std::os::unix::fs::symlink("elsewhere", sandbox.path("log")).unwrap();
    let mut scheduler = sandbox.start();
    let end = scheduler.event("job_error", "a");
    assert_eq!(end["outcome"], "spawn_failed");
    let message = end["message"].as_str().unwrap();
    assert!(
        message.ends_with("/log` is a symbolic link, expected a file"),
        "{message}"
    );
    assert!(!sandbox.path("elsewhere").exists());
    scheduler.stop();

    if !is_root("becoming another user") {
        return;
    }
    let sandbox = open_sandbox(&format!(
        "{FORGETFUL}[jobs.a]\nuser = 'nobody'\ncommand = 'echo text'\noutput = {{ file = 'theirs/log', max_size = 3 }}\n\
         [jobs.b]\nuser = 'nobody'\ncommand = 'echo text'\noutput = {{ file = 'ours/log' }}\n"
    ));
    for directory in ["ours", "theirs"] {
        fs::create_dir(sandbox.path(directory)).unwrap();
    }
    chown(sandbox.path("theirs"), Some(65_534), Some(65_534)).unwrap();
    for _ in 0..2 {
        let mut scheduler = sandbox.start();
        let end = scheduler.event("job_error", "b");
        let message = end["message"].as_str().unwrap();
        assert!(
            message.ends_with("/ours/log`: permission denied (EACCES)"),
            "{message}"
        );
        let (code, ..) = sandbox.output(&["--version"]);
        assert_eq!(code, Some(0));
        eventually("a has ended", || sandbox.read("theirs/log") == "text\n");
        scheduler.stop();
    }
    assert_eq!(sandbox.read("theirs/log.1"), "text\n");
    let status = fs::metadata(sandbox.path("theirs/log")).unwrap();
    assert_eq!((status.uid(), status.mode() & 0o7777), (65_534, 0o600));
}

#[test]
fn d2_d3_a_full_disk_under_a_file_is_the_jobs_misfortune_alone() {
    if !is_root("mounting") || !works("unshare", &["--mount", "true"]) {
        return;
    }
    let sandbox = Sandbox::new(
        "[jobs.a]\ncommand = 'touch ran'\noutput = { file = 'full/log' }\n[jobs.b]\ncommand = 'echo fine'\ninterval = '50ms'\n",
    );
    fs::create_dir(sandbox.path("full")).unwrap();
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["--mount", "sh", "-c"])
        // One inode is that of the directory itself.
        .arg("mount -t tmpfs -o nr_inodes=1 none full && exec \"$0\" \"$@\"")
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let end = scheduler.event("job_error", "a");
    let message = end["message"].as_str().unwrap();
    assert!(
        message.ends_with("/full/log`: no space left on device (ENOSPC)"),
        "{message}"
    );
    // The store is not suspected, and nothing else is held.
    scheduler.event("job_executed", "b");
    assert!(!sandbox.path("ran").exists());
    scheduler.stop();
}

#[test]
fn d2_a_disk_that_a_job_fills_with_its_output_is_its_own_misfortune_and_told_as_it_was() {
    if !is_root("mounting") || !works("unshare", &["--mount", "true"]) {
        return;
    }
    // The first heeds that its output has no room, the second does not.
    let sandbox = Sandbox::new(
        "[jobs.heeds]\ncommand = ['seq', '100000']\noutput = { file = 'heeds/log' }\n\
         [jobs.does-not]\ncommand = 'seq 100000; exit 0'\noutput = { file = 'does-not/log' }\n\
         [jobs.other]\ncommand = 'true'\ninterval = '50ms'\n",
    );
    for directory in ["heeds", "does-not"] {
        fs::create_dir(sandbox.path(directory)).unwrap();
    }
    let mut command = sandbox.bare_command("unshare".as_ref());
    command
        .args(["--mount", "--propagation", "private", "sh", "-c"])
        .arg("mount -t tmpfs -o size=8k none heeds && mount -t tmpfs -o size=8k none does-not && exec \"$0\" \"$@\"")
        .args([env!("CARGO_BIN_EXE_rsched"), "run", "jobs.toml"])
        .args(["--state-dir", "state", "--log-format", "json"]);
    let mut scheduler = Scheduler::start(&mut command);
    let mut ends = std::collections::BTreeMap::new();
    while ends.len() < 2 {
        let end = scheduler.wait_for("end", |line| {
            line["outcome"].is_string() && line["job_id"] != "other"
        });
        ends.insert(end["job_id"].as_str().unwrap().to_owned(), end);
    }
    let told = |job: &str| (ends[job]["outcome"].clone(), ends[job]["exit_code"].clone());
    assert_eq!(told("heeds"), ("failed".into(), 1.into()));
    assert_eq!(told("does-not"), ("succeeded".into(), 0.into()));
    for job in ["heeds", "does-not"] {
        let there = format!("/proc/{}/root", scheduler.pid());
        let log = sandbox.path(job).canonicalize().unwrap().join("log");
        let log = std::path::Path::new(&there).join(log.strip_prefix("/").unwrap());
        let text = fs::read(log).unwrap();
        assert_eq!(text.len(), 8192, "{job}");
        assert!(text.starts_with(b"1\n2\n3\n"), "{job}");
    }
    // The store is not suspected, and nothing else is held.
    for _ in 0..3 {
        scheduler.event("job_executed", "other");
    }
    let is_failure = |line: &serde_json::Value| line["event"] == "store_failed";
    assert!(!scheduler.seen.iter().any(is_failure));
    let (_, stdout, stderr) = sandbox.output(&[
        "history",
        "heeds",
        "--format",
        "json",
        "--state-dir",
        "state",
        "-f",
        "jobs.toml",
    ]);
    let history: serde_json::Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(history[0]["outcome"], "failed", "{history}");
    assert_eq!(history[0]["exit_code"], 1, "{history}");
    scheduler.stop();
}

#[test]
fn what_is_strange_about_a_file_is_told_and_the_job_runs() {
    // Of two that find it at once only one says so.
    let sandbox = Sandbox::new(&format!(
        "{FORGETFUL}[defaults]\nexclusive = 'one after another'\n[jobs.a]\ncommand = 'echo text'\noutput = {{ file = 'log', max_size = 1, keep = 1 }}\n[jobs.b]\numask = '077'\ncommand = 'echo text'\noutput = {{ file = 'log', max_size = 1, keep = 1 }}\n"
    ));
    sandbox.write("log", "old\n");
    fs::create_dir_all(sandbox.path("log.1/full")).unwrap();
    let mut scheduler: Scheduler = sandbox.start();
    for job in ["a", "b"] {
        scheduler.wait_for("warning", |line| {
            let text = line["message"].as_str().unwrap_or_default();
            text.starts_with(&format!("Job \"{job}\": output file `"))
                && text.ends_with(
                    "is larger than its max_size, and a new one cannot be begun: is a directory",
                )
        });
    }
    eventually("both have written", || {
        sandbox.read("log") == "old\ntext\ntext\n"
    });
    scheduler.stop();
}
