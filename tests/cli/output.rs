//! What happens when the answer cannot be written, and what everything has in common.

use crate::sandbox::Sandbox;

#[test]
fn a_closed_pipe_is_not_an_error() {
    // The shell's `head` ends after one line; what it left unread is far more than a pipe holds.
    let line = "{ rsched next '* * * * *' -n 100000 --format plain; echo \"status $?\" >&2; } | head -n 1 | wc -l";
    Sandbox::new()
        .shell(line)
        .stdout("1\n")
        .stderr("status 0\n")
        .success();
}

#[test]
fn a_full_disk_is_74() {
    for command in [
        "next @daily",
        "man",
        "completions bash",
        "--help",
        "--version",
    ] {
        Sandbox::new()
            .shell(&format!("rsched {command} > /dev/full"))
            .stdout("")
            .stderr(
                "rsched: cannot write to standard output: No space left on device (os error 28)\n",
            )
            .code(74);
    }
}

#[test]
fn a_closed_standard_error_does_not_stop_the_answer() {
    Sandbox::new()
        .shell("rsched next '0 0 30 2 *' 2>&-")
        .stdout("")
        .code(1);
}

#[test]
fn there_are_no_colours_without_a_terminal_unless_they_are_forced() {
    let plain = Sandbox::new().variable("NO_COLOR", "").run(["next", "x"]);
    assert!(!plain.stderr.contains('\x1b'), "{}", plain.stderr);
    let forced = Sandbox::new()
        .variable("NO_COLOR", "")
        .variable("CLICOLOR_FORCE", "1")
        .run(["next", "x"]);
    assert!(forced.stderr.contains('\x1b'), "{}", forced.stderr);
    let refused = Sandbox::new()
        .variable("CLICOLOR_FORCE", "1")
        .run(["next", "x"]);
    assert_eq!(plain.stderr, refused.stderr);
}

#[test]
fn the_version_names_the_source_of_time_zones() {
    let ended = Sandbox::new()
        .variable("TZDIR", "/nonexistent")
        .run(["--version"]);
    let (version, zones) = ended.stdout.split_once('\n').unwrap();
    assert_eq!(version, concat!("rsched ", env!("CARGO_PKG_VERSION")));
    assert!(zones.starts_with("time zones: "), "{zones}");
    ended.stderr("").success();
}

#[test]
fn every_command_has_help_with_examples() {
    for command in ["run", "next", "validate", "completions", "man"] {
        for flag in ["--help", "-h"] {
            let ended = Sandbox::new().run([command, flag]);
            assert!(
                ended.stdout.contains("\n  rsched "),
                "{command}: {}",
                ended.stdout
            );
            ended.stderr("").success();
        }
    }
}
