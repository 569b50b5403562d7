//! The committed man page and completions are what the program prints.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_generated_files_are_up_to_date() {
    let generated = [
        ("man/rsched.1", &["man"][..]),
        ("completions/rsched.bash", &["completions", "bash"]),
        ("completions/_rsched", &["completions", "zsh"]),
        ("completions/rsched.fish", &["completions", "fish"]),
        ("completions/rsched.elv", &["completions", "elvish"]),
        ("completions/_rsched.ps1", &["completions", "powershell"]),
    ];
    for (file, arguments) in generated {
        let output = Command::new(env!("CARGO_BIN_EXE_rsched"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "rsched {}", arguments.join(" "));
        let committed =
            fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
        assert!(
            committed == output.stdout,
            "{file} is out of date: run .ci/generate and commit what it writes"
        );
    }
}
