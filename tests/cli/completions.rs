//! `rsched completions`.

use crate::sandbox::Sandbox;

#[test]
fn bash_reads_its_completions_and_knows_the_program() {
    let line =
        "rsched completions bash > c.bash && bash -c 'source ./c.bash && complete -p rsched'";
    let ended = Sandbox::new().shell(line);
    // Versions of bash order the options differently.
    assert!(
        ended.stdout.ends_with(" -F _rsched_with_jobs rsched\n"),
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

/// What bash offers at the end of this line, in a directory with a jobs file.
fn offered(line: &str) -> String {
    let script = format!(
        "rsched completions bash > c.bash\nsource ./c.bash\nCOMP_WORDS=({line})\n\
         COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))\n_rsched_with_jobs rsched x x 2> /dev/null\n\
         echo \"${{COMPREPLY[@]}}\"\n"
    );
    let sandbox = Sandbox::new()
        .jobs("[jobs.backup]\ncommand = 'true'\n[jobs.barter]\ncommand = 'x'\n[jobs.report]\ncommand = 'y'\n")
        .file("offer.bash", &script);
    let ended = sandbox.shell("bash offer.bash");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    ended.stdout
}

#[test]
fn ids_of_jobs_are_offered_where_a_job_is_to_be_named() {
    assert_eq!(offered("rsched trigger ba"), "backup barter\n");
    assert_eq!(offered("rsched show ''"), "backup barter report\n");
    assert_eq!(offered("rsched logs -f r"), "report\n");
    // Not where the id is to be a new one, an option comes, or its value.
    assert_eq!(offered("rsched add ba"), "\n");
    assert!(!offered("rsched trigger --wa").contains("ba"));
    assert!(!offered("rsched trigger --socket ba").contains("backup"));
}

#[test]
fn the_other_shells_ask_for_ids_as_well() {
    for (shell, asks) in [
        ("zsh", "':id -- The job'\\''s id:_rsched_jobs'"),
        ("fish", "-a \"(rsched __jobs "),
    ] {
        let ended = Sandbox::new().run(["completions", shell]);
        assert!(ended.stdout.contains(asks), "{shell}");
        assert!(ended.stdout.contains("__jobs"), "{shell}");
        ended.success();
    }
}
