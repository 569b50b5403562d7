//! `rsched explain`.

use crate::sandbox::Sandbox;

const JOBS: &str = r#"
[jobs.report]
cron = { day = "3rd fri", hour = "0-3" }
timezone = "Europe/Helsinki"
end_date = 2030-01-01T00:00:00
command = "true"

[jobs.beat]
interval = "5m"
command = "true"
"#;

#[test]
fn an_expression_is_told_in_english_with_its_fields_and_what_is_odd() {
    Sandbox::new()
        .run(["explain", "*/20 9-17,22 13 * fri"])
        .stdout(
            "every 20 minutes in the hours 9 to 17 and 22, on day 13 of the month or on Friday, whichever comes\n\
             \n\
             second       0\n\
             minute       0, 20, 40\n\
             hour         9-17, 22\n\
             day          13\n\
             month        every\n\
             day of week  Fri\n\
             day rule     a day may match either day field\n\
             time zone    UTC\n\
             note: both day fields are restricted: it fires on day 13 of the month, and on\n      \
             Friday as well\n",
        )
        .stderr("")
        .success();
}

#[test]
fn json_has_the_sets_that_the_fields_stand_for() {
    let ended = Sandbox::new().run([
        "explain",
        "30 6 L jan,dec sun",
        "--timezone",
        "Asia/Tokyo",
        "--format",
        "json",
    ]);
    ended
        .stdout(
            "{\"expression\":\"30 6 L jan,dec sun\",\
             \"text\":\"at 06:30, on the last day of the month or on Sunday, whichever comes, in January and December\",\
             \"timezone\":\"Asia/Tokyo\",\
             \"fields\":{\"second\":[0],\"minute\":[30],\"hour\":[6],\"day\":[],\"month\":[1,12],\"day_of_week\":[0]},\
             \"day_rule\":\"either\",\
             \"notes\":[\"both day fields are restricted: it fires on the last day of the month, and on Sunday as well\"]}\n",
        )
        .stderr("")
        .success();
}

#[test]
fn a_job_of_a_file_is_explained_in_its_zone() {
    let sandbox = Sandbox::new().jobs(JOBS);
    sandbox
        .run(["explain", "jobs.toml", "--job", "report"])
        .stdout(
            "at 00:00, 01:00, 02:00 and 03:00, on the third Friday of the month\n\
             \n\
             second       0\n\
             minute       0\n\
             hour         0-3\n\
             day          none by itself: see above\n\
             month        every\n\
             day of week  every\n\
             day rule     a day must match both day fields\n\
             time zone    Europe/Helsinki\n\
             ends         2030-01-01 00:00:00+02:00\n",
        )
        .stderr("")
        .success();
    sandbox
        .run(["explain", "jobs.toml", "--job", "beat", "--format", "json"])
        .stdout(
            "{\"expression\":\"interval 5m\",\"text\":\"every 5m\",\"timezone\":\"UTC\",\
             \"fields\":null,\"day_rule\":null,\"notes\":[]}\n",
        )
        .stderr("")
        .success();
    sandbox
        .run(["explain", "jobs.toml", "--job", "baet"])
        .stdout("")
        .stderr("rsched: there is no job `baet`, did you mean `beat`?\n")
        .code(2);
    sandbox
        .run(["explain", "jobs.toml"])
        .stdout("")
        .stderr("rsched: there are 2 jobs: name the one to explain with --job\n")
        .code(2);
    let zone = ["explain", "jobs.toml", "--timezone", "UTC"];
    sandbox
        .run(zone)
        .stdout("")
        .stderr(
            "rsched: --timezone goes with an expression; the zone of a job stands in its file\n",
        )
        .code(2);
}

#[test]
fn what_an_offset_change_does_is_noted_by_the_policy() {
    let explain = |policy| {
        let arguments = [
            "explain",
            "30 3 * * *",
            "--timezone",
            "Europe/Helsinki",
            "--dst",
        ];
        Sandbox::new().run(arguments.into_iter().chain([policy]))
    };
    for (policy, notes) in [
        // Which of the two comes first depends on the day the test runs.
        (
            "once",
            [
                "note: moved by the gap: 03:30 does not exist on",
                "note: 03:30 comes twice on",
            ],
        ),
        ("skip", ["does not exist on", "note: 03:30 comes twice on"]),
    ] {
        let ended = explain(policy);
        assert!(
            notes.iter().any(|note| ended.stdout.contains(note)),
            "{policy}: {}",
            ended.stdout
        );
        ended.stderr("").success();
    }
}

#[test]
fn dialect_and_job_id_are_those_of_next() {
    let quartz = ["explain", "0 0 12 ? * 1", "--dialect", "quartz"];
    let ended = Sandbox::new().run(quartz);
    assert!(
        ended.stdout.starts_with("at 12:00, on Sunday\n"),
        "{}",
        ended.stdout
    );
    ended.stderr("").success();
    let hashed = ["explain", "H H(0-5) * * *", "--job-id", "backup"];
    let ended = Sandbox::new().run(hashed);
    assert!(
        ended.stdout.starts_with("at 05:24, every day\n"),
        "{}",
        ended.stdout
    );
    ended.stderr("").success();
}

#[test]
fn how_far_starts_are_spread_is_a_row_and_too_far_is_a_note() {
    let ended = Sandbox::new().run(["explain", "{ minute = '*/5', jitter = '6m' }"]);
    let (fields, notes) = ended.stdout.split_once("note: ").unwrap();
    assert!(fields.ends_with("\njitter       up to 6m\n"), "{fields}");
    assert!(notes.starts_with("the jitter 6m is longer than"), "{notes}");
    ended.stderr("").success();
}

#[test]
fn what_does_not_parse_is_underlined() {
    Sandbox::new()
        .run(["explain", "0 25 * * *"])
        .stdout("")
        .stderr(
            "error[value_out_of_range]: `25` is out of range for the hour, expected 0-23\n \
             --> <expression>:1:3\n  \
             |\n\
             1 | 0 25 * * *\n  \
             |   ^^ not 0-23\n  \
             |\n  \
             = help: write 0-23\n",
        )
        .code(2);
}
