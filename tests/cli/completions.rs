//! `rsched completions`.

use crate::sandbox::Sandbox;

#[test]
fn bash_reads_its_completions_and_knows_the_program() {
    let line =
        "rsched completions bash > c.bash && bash -c 'source ./c.bash && complete -p rsched'";
    let ended = Sandbox::new().shell(line);
    // Versions of bash order the options differently.
    assert!(
        ended.stdout.ends_with(" -F _rsched rsched\n"),
        "{}",
        ended.stdout
    );
    ended.stderr("").success();
}

#[test]
fn every_shell_is_offered_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Sandbox::new().run(["completions", shell]);
        for command in ["run", "next", "validate", "completions", "man"] {
            assert!(ended.stdout.contains(command), "{shell}: {command}");
        }
        ended.stderr("").success();
    }
}

#[test]
fn an_unknown_shell_is_wrong_usage() {
    let ended = Sandbox::new().run(["completions", "tcsh"]);
    assert!(
        ended
            .stderr
            .starts_with("error: invalid value 'tcsh' for '<SHELL>'\n"),
        "{}",
        ended.stderr
    );
    ended.stdout("").code(2);
}
