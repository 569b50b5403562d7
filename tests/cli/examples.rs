//! Every example of the README and of the man pages runs.

use crate::sandbox::Sandbox;
use std::fs;
use std::path::Path;

fn repository(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The examples of the repository, where the documents say they are.
fn sandbox() -> Sandbox {
    Sandbox::new()
        .file("examples/jobs.toml", &repository("examples/jobs.toml"))
        .file(
            "examples/apscheduler.toml",
            &repository("examples/apscheduler.toml"),
        )
        .file("examples/me.crontab", &repository("examples/me.crontab"))
        .jobs(&repository("examples/jobs.toml"))
        // Where one of them puts the completions of bash.
        .file(".local/share/bash-completion/completions/other", "")
}

/// The contents of the fenced blocks of a language.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let body: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == language {
                blocks.push(body.join("\n") + "\n");
            }
        }
    }
    blocks
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    let mut commands = 0;
    for block in blocks(&repository("README.md"), "console") {
        for shown in block.split("$ rsched ").skip(1) {
            let (arguments, output) = shown.split_once('\n').unwrap();
            drop(
                sandbox()
                    .shell(&format!("rsched {arguments} 2>&1"))
                    .stdout(output)
                    .stderr(""),
            );
            commands += 1;
        }
    }
    assert!(commands >= 5, "{commands} commands");
}

#[test]
fn the_jobs_file_of_the_readme_is_valid() {
    let blocks = blocks(&repository("README.md"), "toml");
    assert_eq!(blocks.len(), 1);
    let sandbox = Sandbox::new().jobs(&blocks[0]);
    sandbox
        .run(["validate", "jobs.toml"])
        .stdout("jobs.toml: ok, 2 jobs\n")
        .stderr("")
        .success();
}

#[test]
fn the_jobs_file_of_the_man_page_is_valid() {
    let page = repository("man/rsched.toml.5");
    let (_, example) = page.split_once("\n.EX\n").unwrap();
    let (example, _) = example.split_once("\n.EE").unwrap();
    let sandbox = Sandbox::new().jobs(&example.replace("\\-", "-"));
    sandbox
        .run(["validate", "jobs.toml"])
        .stdout("jobs.toml: ok, 4 jobs\n")
        .stderr("")
        .success();
}

/// The commands that need a scheduler to talk to.
const CONTROL: &[&str] = &[
    "list",
    "status",
    "show",
    "trigger",
    "pause",
    "resume",
    "add",
    "modify",
    "reschedule",
    "remove",
    "kill",
    "events",
    "reload",
    "shutdown",
    // These read what it has written.
    "history",
    "logs",
    "why",
    "store",
    // This runs a job of its file.
    "exec",
];

/// The examples of the man page that talk to a running scheduler, or the others.
fn examples(control: bool) -> Vec<String> {
    let page = repository("man/rsched.1");
    let (_, examples) = page.split_once("\n.SH EXAMPLES\n.EX\n").unwrap();
    let (examples, _) = examples.split_once("\n.EE").unwrap();
    let examples = examples.replace("\\-", "-").replace("\\*(Aq", "'");
    let talks = |example: &&str| {
        let command = example.split(' ').nth(1);
        CONTROL.iter().any(|control| Some(*control) == command)
    };
    let wanted = examples.lines().filter(|example| talks(example) == control);
    wanted.map(str::to_owned).collect()
}

#[test]
fn the_examples_of_the_man_page_that_talk_to_a_scheduler_do() {
    let jobs = "[jobs.backup]\ncron = '@yearly'\ncommand = 'true'\nmax_instances = 9\n";
    let examples = examples(true);
    assert!(examples.len() >= 20, "{examples:?}");
    let mut script = "rsched run jobs.toml 2> log &\n\
                      until rsched status > out 2>&1; do :; done\nset -e\n"
        .to_owned();
    for example in &examples {
        // A run of that id, or one that is still running, is only there by chance.
        let line = match example.as_str() {
            "rsched shutdown --now" | "rsched show 68a97bd89fb8527f" => continue,
            line if line.starts_with("rsched kill ") => format!("{line} || test $? -ne 69"),
            line if line.starts_with("rsched store ") => {
                let line = line.replace("/var/lib/rsched/jobs", "state");
                // A scheduler has it.
                format!("{line} || test $? -eq 75")
            }
            line if line.starts_with("rsched logs ") => {
                format!("{} || test $? -le 2", line.replace(" -f ", " "))
            }
            line => line
                .replace(" -f ", " ")
                .split(" | jq")
                .next()
                .unwrap()
                .to_owned(),
        };
        script.push_str(&line);
        script.push('\n');
    }
    let ended = Sandbox::new().jobs(jobs).shell(&(script + "wait\n"));
    let status = ended.status;
    assert_eq!(status, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn the_examples_of_the_man_page_run() {
    let examples = examples(false);
    assert!(examples.len() >= 10, "{examples:?}");
    for example in &examples {
        assert!(example.starts_with("rsched "), "{example}");
        // A scheduler runs until it is told to stop.
        let line = match example.strip_prefix("rsched run ") {
            Some(rest) => format!("rsched run --for 1s {}", rest.replace("--for 10s ", "")),
            None => example.replace(" | man -l -", ""),
        };
        sandbox()
            .stdin(&repository("examples/jobs.toml"))
            .shell(&line)
            .success();
    }
}

#[test]
fn the_jobs_of_apschedulers_guide_fire_as_its_guide_says() {
    let next = |job: &str, from: &str, count: &str| {
        let arguments = [
            "next",
            "examples/apscheduler.toml",
            "--job",
            job,
            "--from",
            from,
            "-n",
            count,
        ];
        let ended = sandbox().run(arguments.into_iter().chain(["--format", "plain"]));
        let times = ended
            .stdout
            .lines()
            .map(|line| line.split_once('\t').unwrap().1.to_owned());
        (times.collect::<Vec<_>>(), ended.status)
    };
    for form in ["short", "flat", "nested"] {
        let (times, _) = next(&format!("every-2-hours-{form}"), "2026-01-01", "2");
        assert_eq!(
            times,
            ["2026-01-01T02:00:00+00:00", "2026-01-01T04:00:00+00:00"],
            "{form}"
        );

        let job = format!("every-2-hours-for-a-while-{form}");
        let (times, _) = next(&job, "2009-01-01", "2");
        assert_eq!(
            times,
            ["2010-10-10T09:30:00+00:00", "2010-10-10T11:30:00+00:00"],
            "{form}"
        );
        let (times, _) = next(&job, "2014-06-15 09:00", "5");
        assert_eq!(times, ["2014-06-15T09:30:00+00:00"], "{form}");

        let job = format!("workdays-{form}");
        let (times, _) = next(&job, "2014-05-28 12:00", "5");
        assert_eq!(times, ["2014-05-29T05:30:00+00:00"], "{form}");
        let (times, status) = next(&job, "2014-05-30", "5");
        assert_eq!((times.len(), status), (0, Some(1)), "{form}");
    }
    for (job, time) in [
        ("date-short", "2009-11-06T16:30:05+00:00"),
        ("date-flat", "2009-11-06T16:30:05+00:00"),
        ("date-nested", "2020-07-23T16:50:00+00:00"),
    ] {
        assert_eq!(next(job, "2009-01-01", "5").0, [time], "{job}");
    }
    let (times, _) = next("third-fridays", "2026-08-31", "1");
    assert_eq!(times, ["2026-11-20T00:00:00+00:00"]);
    let (times, _) = next("waking-hours", "2026-01-01 22:30", "2");
    assert_eq!(
        times,
        ["2026-01-01T23:00:00+00:00", "2026-01-02T08:00:00+00:00"]
    );
    let (times, _) = next("every-3-seconds", "2026-01-01 00:00:58", "2");
    assert_eq!(
        times,
        ["2026-01-01T00:01:00+00:00", "2026-01-01T00:01:03+00:00"]
    );
}
