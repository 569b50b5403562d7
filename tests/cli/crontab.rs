//! Crontabs on the command line.

use crate::sandbox::Sandbox;

const TAB: &str = "# id: backup\n0 3 * * * exec /bin/true --all\n";

#[test]
fn a_file_that_is_not_named_toml_is_a_crontab() {
    for name in ["mine.cron", "my.crontab", "crontab", "crontabs/me"] {
        Sandbox::new()
            .file(name, TAB)
            .run(["validate", name])
            .stdout(&format!("{name}: ok, 1 job\n"))
            .stderr("")
            .success();
    }
}

#[test]
fn the_options_win_over_the_name() {
    let sandbox = Sandbox::new()
        .jobs(TAB)
        .file("jobs", "[jobs.a]\ncommand = 'true'\n")
        .stdin(TAB);
    for arguments in [
        &["validate", "--file-format", "crontab", "jobs.toml"][..],
        &["validate", "--file-format", "crontab", "-"],
        &["validate", "--file-format", "toml", "jobs"],
    ] {
        let ended = sandbox.run(arguments);
        assert!(ended.stdout.ends_with(": ok, 1 job\n"), "{}", ended.stdout);
        ended.stderr("").success();
    }
}

#[test]
fn a_system_crontab_has_a_user() {
    let sandbox = Sandbox::new().file("tab", "0 3 * * * root exec /bin/true\n");
    sandbox
        .run(["validate", "--system", "tab"])
        .stdout("tab: ok, 1 job\n")
        .stderr("")
        .success();
    sandbox
        .run(["validate", "--format", "short", "tab"])
        .stdout(
            "tab:1:11: warning: `root` looks like the user of a system crontab, and is taken for the command \
             [user_column] a user's crontab has no such column; `--system` reads one that has\n",
        )
        .stderr("tab: ok, 1 job, 1 warning\n")
        .success();
    sandbox
        .run(["validate", "--system", "--file-format", "toml", "tab"])
        .stdout("")
        .stderr("rsched: --system goes with crontabs, not with TOML\n")
        .code(2);
}

#[test]
fn a_directory_of_crontabs_is_read_as_cron_reads_one() {
    let sandbox = Sandbox::new()
        .file("cron.d/b", "@daily root exec /bin/true\n")
        .file("cron.d/a-1", "@hourly root exec /bin/true\n")
        .file("cron.d/.placeholder", "not a crontab")
        .file("cron.d/a.dpkg-old", "not a crontab");
    sandbox
        .run(["validate", "--system", "--format", "short", "cron.d"])
        .stdout(
            "warning: `cron.d/a.dpkg-old` is not read: names of crontabs in a directory have letters, digits, `_` and `-` only \
             [skipped_file]\n",
        )
        .stderr("cron.d/a-1, cron.d/b: ok, 2 jobs, 1 warning\n")
        .success();
    Sandbox::new()
        .file("cron.d/.placeholder", "")
        .run(["validate", "--system", "cron.d"])
        .stdout("")
        .stderr("rsched: `cron.d` holds no crontab\n")
        .code(1);
}

#[test]
fn next_and_explain_read_crontabs() {
    let sandbox = Sandbox::new().file("tab", TAB);
    sandbox
        .run(["next", "tab", "--from", "2026-01-01", "-n", "2"])
        .stdout(
            "2026-01-01 03:00:00  Thu  +00:00  in 3 h        backup\n\
             2026-01-02 03:00:00  Fri  +00:00  in 1 day 3 h  backup\n",
        )
        .stderr("")
        .success();
    let ended = sandbox.run(["explain", "tab"]);
    assert!(
        ended.stdout.starts_with("at 03:00, every day\n"),
        "{}",
        ended.stdout
    );
    ended.stderr("").success();
}

#[test]
fn how_files_are_read_says_nothing_to_an_expression() {
    Sandbox::new()
        .run(["next", "--system", "@daily"])
        .stdout("")
        .stderr("rsched: --system and --file-format go with files, and there is no file `@daily`\n")
        .code(2);
}

#[test]
fn a_crontab_and_a_jobs_file_are_one_configuration() {
    Sandbox::new()
        .file("tab", TAB)
        .jobs("[scheduler]\nallow = ['program_not_found']\n[jobs.a]\ncommand = 'true'\n")
        .run(["validate", "jobs.toml", "tab"])
        .stdout("jobs.toml, tab: ok, 2 jobs\n")
        .stderr("")
        .success();
}

#[test]
fn comments_may_be_in_any_encoding_and_what_runs_is_utf8() {
    let sandbox = Sandbox::new();
    let write = |bytes: &[u8]| std::fs::write(sandbox.path().join("tab"), bytes).unwrap();
    write(b"# T\xe4glich\n@daily exec /bin/true\n");
    sandbox
        .run(["validate", "tab"])
        .stdout("tab: ok, 1 job\n")
        .stderr("")
        .success();
    let imported = sandbox.run(["import", "crontab", "tab"]);
    assert!(
        imported.stdout.contains("# Täglich\n"),
        "{}",
        imported.stdout
    );
    imported.stderr("").success();
    write(b"# T\xe4glich\n@daily exec /bin/true caf\xe9\n");
    sandbox
        .run(["validate", "tab"])
        .stdout("")
        .stderr("rsched: `tab` is not UTF-8: byte 0xe9 at line 2, column 26 (offset 36)\n")
        .code(1);
}
