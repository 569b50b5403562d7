//! `rsched validate`.

use crate::sandbox::Sandbox;

const VALID: &str = "[jobs.a]\ncron = '@daily'\ncommand = 'true'\n";

#[test]
fn a_valid_file_is_ok() {
    let sandbox = Sandbox::new().jobs(VALID);
    sandbox
        .run(["validate", "jobs.toml"])
        .stdout("jobs.toml: ok, 1 job\n")
        .stderr("")
        .success();
    sandbox
        .run(["validate", "--format", "short", "jobs.toml"])
        .stdout("")
        .stderr("jobs.toml: ok, 1 job\n")
        .success();
    sandbox
        .run(["validate", "--format", "json", "jobs.toml"])
        .stdout("[]\n")
        .stderr("jobs.toml: ok, 1 job\n")
        .success();
}

#[test]
fn warnings_do_not_make_a_file_invalid() {
    Sandbox::new()
        .jobs("[jobs.a]\ncron = '*/7 * * * *'\ncommand = 'true'\n")
        .run(["validate", "--format", "short", "jobs.toml"])
        .stdout(
            "jobs.toml:2:8: warning: every 7 minutes does not divide 60 evenly: after 56 comes 0, 4 minutes later \
             [uneven_step] an interval keeps its length: `interval`, `@every`\n",
        )
        .stderr("jobs.toml: ok, 1 job, 1 warning\n")
        .success();
}

#[test]
fn standard_input_is_a_file() {
    Sandbox::new()
        .stdin(VALID)
        .run(["validate", "-"])
        .stdout("<stdin>: ok, 1 job\n")
        .stderr("")
        .success();
}

#[test]
fn a_directory_is_all_its_toml_files() {
    Sandbox::new()
        .file("jobs/b.toml", VALID)
        .file("jobs/a.toml", "[jobs.b]\ncommand = 'true'\n")
        .file("jobs/notes.txt", "not a jobs file")
        .run(["validate", "jobs"])
        .stdout("jobs/a.toml, jobs/b.toml: ok, 2 jobs\n")
        .stderr("")
        .success();
}

#[test]
fn everything_wrong_is_shown_in_one_go() {
    let sandbox = Sandbox::new().jobs("[jobs.a]\ncron = '61 * * * *'\ncommnad = 'true'\n");
    let human = sandbox.run(["validate", "jobs.toml"]);
    for place in [" --> jobs.toml:2:9\n", " --> jobs.toml:3:1\n"] {
        assert!(human.stdout.contains(place), "{}", human.stdout);
    }
    assert!(
        human.stderr.starts_with("jobs.toml: ") && human.stderr.ends_with(" errors\n"),
        "{}",
        human.stderr
    );
    human.code(1);

    let short = sandbox.run(["validate", "--format", "short", "jobs.toml"]);
    assert!(
        short
            .stdout
            .lines()
            .all(|line| line.starts_with("jobs.toml:")),
        "{}",
        short.stdout
    );
    assert!(
        short
            .stdout
            .contains("jobs.toml:2:9: error: `61` is out of range"),
        "{}",
        short.stdout
    );
    short.code(1);

    let json = sandbox.run(["validate", "--format", "json", "jobs.toml"]);
    let problems: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(problems[0]["file"], "jobs.toml");
    assert_eq!(problems[0]["line"], 2);
    assert_eq!(problems[0]["severity"], "error");
    json.code(1);
}

#[test]
fn an_id_that_comes_twice_names_both_files() {
    let ended = Sandbox::new()
        .file("a.toml", VALID)
        .file("b.toml", VALID)
        .run(["validate", "a.toml", "b.toml"]);
    for file in ["a.toml:", "b.toml:"] {
        assert!(ended.stdout.contains(file), "{}", ended.stdout);
    }
    ended.stderr("a.toml, b.toml: 1 error\n").code(1);
}

#[test]
fn what_is_no_text_file_is_refused_at_once() {
    let sandbox = Sandbox::new().file("empty/readme", "");
    for (line, why) in [
        (
            "mkfifo pipe; rsched validate pipe",
            "`pipe` is a named pipe, expected a regular file",
        ),
        (
            "rsched validate /dev/zero",
            "`/dev/zero` is a device, expected a regular file",
        ),
        ("rsched validate empty", "`empty` holds no *.toml file"),
        (
            "printf 'a\\n\\351' > latin1.toml; rsched validate latin1.toml",
            "`latin1.toml` is not UTF-8: byte 0xe9 at line 2, column 1 (offset 2)",
        ),
        (
            "truncate -s 17M big.toml; rsched validate big.toml",
            "`big.toml` is larger than 16 MiB",
        ),
    ] {
        sandbox
            .shell(line)
            .stdout("")
            .stderr(&format!("rsched: {why}\n"))
            .code(1);
    }
}

#[test]
fn the_file_of_the_environment_is_taken_and_named() {
    Sandbox::new()
        .file("mine.toml", VALID)
        .variable("RSCHED_JOBS", "mine.toml")
        .run(["validate"])
        .stdout("mine.toml: ok, 1 job\n")
        .stderr("rsched: using mine.toml\n")
        .success();
}
