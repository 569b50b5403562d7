//! One table: what ends with which exit code.

use crate::sandbox::Sandbox;

const VALID: &str = "[jobs.a]\ncron = '@daily'\ncommand = 'true'\n";
const INVALID: &str = "[jobs.a]\nshcedule = '@daily'\n";

#[test]
fn each_way_to_end_has_its_code() {
    for (arguments, code) in [
        ("--help", 0),
        ("--version", 0),
        ("next @daily", 0),
        ("next jobs.toml", 0),
        ("validate jobs.toml", 0),
        ("validate invalid.toml", 1),
        ("next '0 0 30 2 *'", 1),
        ("next '@yearly' --from 2026-01-02 --until 2026-12-31", 1),
        ("", 2),
        ("nxet", 2),
        ("next", 0),
        ("next '* *'", 2),
        ("next @daily --count 0", 2),
        ("next @daily --timezone Middle/Earth", 2),
        ("next @daily --from soon", 2),
        ("next jobs.toml --job b", 2),
        ("next jobs.toml --dst wall", 2),
        ("next nothing.toml", 2),
        ("run --for 0s jobs.toml", 2),
        ("next @daily > /dev/full", 74),
        ("run invalid.toml", 78),
        ("next invalid.toml", 78),
        ("run nothing.toml", 78),
        ("exec jobs.toml a", 0),
        ("exec jobs.toml b", 2),
        ("exec invalid.toml a", 78),
        ("exec nothing.toml a", 78),
    ] {
        let sandbox = Sandbox::new().jobs(VALID).file("invalid.toml", INVALID);
        sandbox.shell(&format!("rsched {arguments}")).code(code);
    }
}

#[test]
fn without_any_jobs_file_the_places_that_were_tried_are_named() {
    let sandbox = Sandbox::new();
    let home = sandbox.path().display().to_string();
    if std::path::Path::new("/etc/rsched/jobs.toml").exists() {
        return;
    }
    for command in ["run", "next", "validate"] {
        let places =
            format!("`jobs.toml`, `{home}/.config/rsched/jobs.toml`, `/etc/rsched/jobs.toml`");
        sandbox
            .run([command])
            .stdout("")
            .stderr(&format!(
                "rsched: no jobs file was named, and there is none of {places}\n"
            ))
            .code(2);
    }
}
