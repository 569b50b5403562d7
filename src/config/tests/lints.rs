//! Warnings of what is allowed and odd, and how they are silenced.

use super::*;

/// The warnings of a text that is accepted, one short line each.
fn warned(text: &str) -> String {
    let loaded = load_text(text);
    let short = render_short(&loaded.diagnostics, &[source(text)]);
    assert!(loaded.jobs_file.is_some(), "{short}");
    short
}

const ODD: [(&str, &str, &str); 10] = [
    ("cron = '0 9 13 * fri'", "either_day", "2:8"),
    ("cron = '0 9 */2 * fri'", "both_days", "2:8"),
    ("cron = '* 3 * * *'", "sixty_runs", "2:8"),
    ("cron = '*/7 * * * *'", "uneven_step", "2:8"),
    ("cron = '5-10/20 * * * *'", "step_exceeds_range", "2:14"),
    (
        "cron = '30 6 * * *'\nend_date = 2026-05-31",
        "bare_end_date",
        "3:12",
    ),
    (
        "cron = '30 2 * * *'\ntimezone = 'Europe/Paris'",
        "offset_change",
        "2:8",
    ),
    (
        "interval = '5m'\njitter = '6m'",
        "jitter_over_period",
        "2:12",
    ),
    (
        "any = [{ cron = '0 0 30 2 *' }, { cron = '@daily' }]",
        "never_fires",
        "2:7",
    ),
    (
        "all = [{ interval = '1d', start_date = 2026-01-01T01:00:00Z }, { cron = '@daily' }]",
        "all_never_agrees",
        "2:7",
    ),
];

#[test]
fn what_is_odd_is_a_warning_at_its_place() {
    for (lines, code, place) in ODD {
        let found = warned(&format!("[jobs.a]\n{lines}\ncommand = 'x'\n"));
        let start = format!("jobs.toml:{place}: warning: ");
        assert!(found.starts_with(&start), "{found}");
        assert!(found.contains(&format!(" [{code}]")), "{found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn every_code_that_can_be_silenced_is_that_of_a_warning_tried_here() {
    let mut tried: Vec<_> = ODD.iter().map(|(_, code, _)| *code).collect();
    tried.extend(["same_job", "bare_program"]);
    tried.sort_unstable();
    assert_eq!(tried, super::super::allow::CODES.map(|(code, _)| code));
}

#[test]
fn a_warning_is_silenced_for_a_job_for_its_file_or_by_default() {
    for (lines, code, _) in ODD {
        for text in [
            format!("[jobs.a]\n{lines}\nallow = ['{code}']\ncommand = 'x'\n"),
            format!("[defaults]\nallow = ['{code}']\n[jobs.a]\n{lines}\ncommand = 'x'\n"),
            format!("[scheduler]\nallow = ['{code}']\n[jobs.a]\n{lines}\ncommand = 'x'\n"),
        ] {
            assert_eq!(warned(&text), "", "{text}");
        }
        let other = format!(
            "[jobs.b]\nallow = ['{code}']\ncommand = 'y'\n[jobs.a]\n{lines}\ncommand = 'x'\n"
        );
        assert_ne!(warned(&other), "");
    }
}

#[test]
fn codes_that_do_not_exist_are_errors_and_errors_are_never_silenced() {
    assert_eq!(
        refused("[jobs.a]\nallow = ['either_days']\ncommand = 'x'\n")
            .split(", expected")
            .next(),
        Some("jobs.toml:2:10: error: `allow` is `either_days`")
    );
    let never = "[jobs.a]\ncron = '0 0 30 2 *'\nallow = ['never_fires']\ncommand = 'x'\n";
    assert!(refused(never).contains("[never_fires]"));
}

#[test]
fn a_part_of_a_job_that_no_job_has_is_an_unknown_key() {
    let text = "[jobs.a]\ncommand = 'x'\n[jobs.a.envv]\nA = 'b'\n";
    let found = refused(text);
    assert!(
        found.contains("unknown key `envv`") && found.contains("`env`"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn j10_a_program_of_another_user_that_path_decides_on_is_pointed_out() {
    let job = |lines: &str| format!("[jobs.a]\ncron = '@daily'\n{lines}\n");
    let expected = "jobs.toml:4:11: warning: `make` is looked for in PATH, and the job has a `user` [bare_program] write the whole path, as in `/usr/bin/make`\n";
    assert_eq!(
        warned(&job("user = 'www'\ncommand = ['make', 'report']")),
        expected
    );
    let by_default = "[defaults]\nuser = 'www'\n[jobs.a]\ncommand = ['make', 'report']\n";
    assert!(warned(by_default).contains("[bare_program]"));
    for silent in [
        "command = ['make', 'report']",
        "user = 'www'\ncommand = ['/usr/bin/make', 'report']",
        "user = 'www'\ncommand = ['./make', 'report']",
        "user = 'www'\ncommand = 'make report'",
        "user = 'www'\ncommand = ['make', 'report']\nallow = ['bare_program']",
    ] {
        assert_eq!(warned(&job(silent)), "", "{silent}");
    }
}

#[test]
fn two_jobs_that_are_the_same_are_pointed_out() {
    let jobs = |second: &str| {
        format!("[jobs.a]\ncron = '@daily'\ncommand = 'x'\n[jobs.b]\ncron = '@daily'\n{second}\n")
    };
    assert_eq!(
        warned(&jobs("command = 'x'")),
        "jobs.toml:4:7: warning: jobs `a` and `b` run the same command at the same times [same_job]\n"
    );
    for second in [
        "command = 'y'",
        "command = 'x'\ntimezone = 'Asia/Tokyo'",
        "command = 'x'\nenv = { A = 'b' }",
        "command = 'x'\ncwd = '/tmp'",
        "command = 'x'\nenabled = false",
        "command = 'x'\nallow = ['same_job']",
    ] {
        assert_eq!(warned(&jobs(second)), "", "{second}");
    }
}
