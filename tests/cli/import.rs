//! `rsched import`.

use crate::sandbox::Sandbox;
use std::fs;
use std::path::Path;

const TAB: &str = "# My jobs.\n\nMAILTO=me@example.org\n# Every night.\n30 2 * * *  exec /usr/bin/env -i > /tmp/env-$(date +\\%F)\n";

#[test]
fn a_crontab_becomes_a_jobs_file_that_is_valid() {
    let sandbox = Sandbox::new().file("my.crontab", TAB);
    sandbox
        .shell("rsched import crontab my.crontab > jobs.toml && rsched validate")
        .stdout("jobs.toml: ok, 1 job\n")
        .stderr("rsched: using jobs.toml\n")
        .success();
    let toml = fs::read_to_string(sandbox.path().join("jobs.toml")).unwrap();
    let begin = "# Made from the crontab `my.crontab` by `rsched import crontab`: it fires as that does.\n# My jobs.\n";
    assert!(toml.starts_with(begin), "{toml}");
    let end = "\n[env]\nMAILTO = \"me@example.org\"\nPATH = \"/usr/bin:/bin\"\n\n# Every night.\n[jobs.env]\n\
               cron = \"30 2 * * *\"\ncommand = \"exec /usr/bin/env -i > /tmp/env-$(date +%F)\"\n";
    assert!(toml.ends_with(end), "{toml}");
}

#[test]
fn standard_input_and_files_of_any_name_are_crontabs() {
    let sandbox = Sandbox::new().file("tab.toml", TAB).stdin(TAB);
    for file in ["-", "tab.toml"] {
        let ended = sandbox.run(["import", "crontab", file]);
        assert!(ended.stdout.contains("\n[jobs.env]\n"), "{}", ended.stdout);
        ended.stderr("").success();
    }
}

#[test]
fn what_is_odd_is_told_beside_it() {
    let ended = Sandbox::new()
        .file("tab", "* 3 * * * root exec /bin/true\n")
        .run(["import", "crontab", "tab", "--system"]);
    assert!(
        ended.stdout.contains("\nuser = \"root\"\n"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.starts_with("warning[sixty_runs]: "),
        "{}",
        ended.stderr
    );
    ended.success();
}

#[test]
fn a_wrong_crontab_gives_nothing_but_what_is_wrong() {
    let ended = Sandbox::new()
        .file("tab", "61 * * * * x\n")
        .run(["import", "crontab", "tab"]);
    assert!(
        ended.stderr.ends_with("rsched: 1 error\n"),
        "{}",
        ended.stderr
    );
    ended.stdout("").code(78);
}

#[test]
fn a_directory_is_no_crontab() {
    Sandbox::new()
        .file("cron.d/a", "")
        .run(["import", "crontab", "cron.d"])
        .stdout("")
        .stderr("rsched: `cron.d` is a directory: import its files one by one\n")
        .code(2);
}

#[test]
fn the_crontab_of_the_examples_becomes_a_valid_jobs_file() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/me.crontab");
    Sandbox::new()
        .shell(&format!(
            "rsched import crontab {} | rsched validate -",
            example.display()
        ))
        .stdout("<stdin>: ok, 5 jobs\n")
        .stderr("")
        .success();
}
