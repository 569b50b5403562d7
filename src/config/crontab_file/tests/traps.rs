//! What cron accepts and few mean, and how a warning is silenced.

use super::*;

/// Lines with the one warning that each has, and where.
const TRAPS: [(&str, &str, &str); 35] = [
    (
        "0 3 * * * echo > log-$(date +%F)",
        "unescaped_percent",
        "1:30",
    ),
    ("0 3 * * * echo `date +%F`", "unescaped_percent", "1:23"),
    ("0 3 * * * echo \"50% off\"", "unescaped_percent", "1:19"),
    ("0 3 * * * echo +%F", "unescaped_percent", "1:17"),
    ("0 3 * * * find / -printf %p", "unescaped_percent", "1:26"),
    (
        "0 3 * * * echo -w %{http_code}",
        "unescaped_percent",
        "1:19",
    ),
    ("0 3 * * * echo http://a/b%20c", "unescaped_percent", "1:26"),
    ("0 3 * * * %F", "unescaped_percent", "1:11"),
    ("* 3 * * * echo", "sixty_runs", "1:1"),
    ("*/1 0,12 * * * echo", "sixty_runs", "1:1"),
    ("0 9 13 * fri echo", "either_day", "1:1"),
    ("0 9 */2 * fri echo", "both_days", "1:1"),
    ("*/7 * * * * echo", "uneven_step", "1:1"),
    ("0 0 31 2 * echo", "never_fires", "1:1"),
    ("0 22-2 * * * echo", "backward_range", "1:3"),
    ("0 0 * * fri-mon echo", "backward_range", "1:9"),
    ("5-10/20 * * * * echo", "step_exceeds_range", "1:6"),
    ("0 3 * * * node server.js", "program_not_found", "1:11"),
    (
        "0 3 * * * cd /srv && ntpdate pool",
        "program_not_found",
        "1:22",
    ),
    ("0 3 * * * root echo", "user_column", "1:11"),
    ("0 3 * * * www-data /usr/bin/php x", "user_column", "1:11"),
    ("0 3 * * * backup /usr/bin/x", "user_column", "1:11"),
    ("0 3 * * * echo a\\\\b", "double_backslash", "1:17"),
    ("0 3 * * * echo a \\", "continued_line", "1:18"),
    ("-0 3 * * * echo", "quiet_entry", "1:1"),
    ("0 3 * * * -q echo", "quiet_entry", "1:11"),
    ("PATH=$HOME/bin:/usr/bin", "unexpanded_variable", "1:6"),
    ("PATH=~/bin:/usr/bin", "unexpanded_variable", "1:6"),
    ("PATH=/usr/bin:${PATH}", "unexpanded_variable", "1:6"),
    ("MAILTO=me # mine", "comment_in_value", "1:11"),
    ("MAILTO=", "empty_value", "1:1"),
    ("MAILTO=|sh", "bad_address", "1:8"),
    ("LOGNAME=me", "forced_variable", "1:1"),
    ("TZ=Asia/Tokyo", "zone_of_commands", "1:1"),
    ("RANDOM_DELAY=5m", "bad_random_delay", "1:14"),
];

#[test]
fn each_trap_is_a_warning_at_its_place_and_the_only_one() {
    for (line, code, place) in TRAPS {
        let found = warned(&format!("{line}\n"));
        let start = format!("tab:{place}: warning: ");
        assert!(found.starts_with(&start), "{line}\n{found}");
        assert!(found.contains(&format!(" [{code}]")), "{line}\n{found}");
        assert_eq!(found.lines().count(), 1, "{line}\n{found}");
    }
}

#[test]
fn a_comment_silences_a_warning_for_an_entry_or_for_the_file() {
    for (line, code, _) in TRAPS {
        assert_eq!(
            warned(&format!("# allow: {code}\n\n{line}\n")),
            "",
            "{line}"
        );
        assert_eq!(
            warned(&format!("{line}\n\n# allow: {code}\n")),
            "",
            "{line}"
        );
        if !line.contains('=') {
            let again = match code {
                "continued_line" => line.replace("echo", "echo again"),
                _ => format!("{line} again"),
            };
            let text = format!("# mine\n# allow: {code}\n{line}\n{again}\n");
            let found = warned(&text);
            assert!(
                !found.contains("tab:3:") && found.contains("tab:4:"),
                "{line}\n{found}"
            );
        }
    }
}

#[test]
fn a_jobs_file_beside_it_silences_as_well() {
    for (line, code, _) in TRAPS {
        let toml = format!("[scheduler]\nallow = ['{code}']\n");
        let line = format!("{line}\n");
        let files = [
            ("jobs.toml", toml.as_str(), FileFormat::Toml),
            ("tab", line.as_str(), FileFormat::Crontab),
        ];
        assert_eq!(load(&files).diagnostics, [], "{line}");
    }
}

#[test]
fn errors_are_never_silenced() {
    let found = refused("# allow: either_day\n61 0 * * * echo\n");
    assert_eq!(found.lines().count(), 1);
}

#[test]
fn ordinary_lines_have_no_warning() {
    for line in [
        "* 9-17 * * mon-fri echo",
        "17 * * * * mail -s \"It's 10pm\" joe%Joe,%%Where are your kids?%",
        "0 3 * * * mail -s 50\\% me",
        "0 3 * * * /usr/local/bin/node server.js",
        "0 3 * * * [ -x /sbin/x ] && x --all",
        "0 3 * * * command -v certbot >/dev/null && certbot renew",
        "0 3 * * * sleep 5; $HOME/bin/x",
        "0 3 * * * find /mnt -quit /mnt && no-such-program",
        "0 3 * * * for i in 1 2; do echo $i; done",
        "PATH=/home/me/bin:/usr/bin",
        "PASSWORD=pa$$word$x",
        "COLOUR='#fff'",
        "COLOUR=#fff",
        "MAILTO=\"\"",
        "CRON_TZ=Asia/Tokyo",
        "RANDOM_DELAY=0",
        "@reboot sleep 1",
        "# TODO: 50%",
    ] {
        assert_eq!(warned(&format!("{line}\n")), "", "{line}");
    }
}

#[test]
fn a_user_that_is_not_there_is_pointed_out_in_a_system_crontab() {
    let (_, found) = accepted_as("@daily rot echo\n", FileFormat::SystemCrontab);
    assert!(
        found
            .starts_with("tab:1:8: warning: there is no user `rot` on this machine [unknown_user]"),
        "{found}"
    );
}

#[test]
fn a_user_without_a_home_runs_commands_at_the_root() {
    let (jobs, found) = accepted_as("@daily backup echo\n", FileFormat::SystemCrontab);
    assert!(
        found.starts_with("tab:1:8: warning: the home `/var/backups` of `backup` does not exist: its commands run in `/` [missing_home]"),
        "{found}"
    );
    assert_eq!(jobs[0].settings.cwd, Path::new("/"));
    let jobs = valid_as("HOME=/srv\n@daily backup echo\n", FileFormat::SystemCrontab);
    assert_eq!(jobs[0].settings.cwd, Path::new("/srv"));
}

#[test]
fn a_program_is_looked_for_in_the_path_of_its_line() {
    let text = "PATH=/usr/local/bin\n@daily node x\n";
    assert_eq!(warned(text), "");
    let found = warned("@daily node x\n");
    assert!(
        found.contains("program `node` is not in cron's PATH, `/usr/bin:/bin`")
            && found.contains("write `/usr/local/bin/node`, or set PATH above"),
        "{found}"
    );
    let found = warned("PATH=/bin\n@daily find x\n");
    assert!(found.contains("is not in PATH, `/bin`"), "{found}");
}

#[test]
fn what_the_machine_lacks_is_said_once() {
    let text = "0 3 * * * node a\n0 4 * * * node b\nPATH=/sbin\n0 5 * * * node c\n";
    let found = warned(text);
    let places: Vec<_> = found
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(places, ["tab:1:11:", "tab:4:11:"]);
    let silenced = format!("# allow: program_not_found\n{text}");
    assert!(
        warned(&silenced).starts_with("tab:3:11: "),
        "{}",
        warned(&silenced)
    );
}

#[test]
fn two_lines_that_are_the_same_are_pointed_out() {
    let found = warned("0 3 * * * echo\n0 3 * * * echo\n");
    assert!(
        found.contains("run the same command at the same times"),
        "{found}"
    );
    // Not where they differ in what they run with.
    assert_eq!(warned("A=1\n0 3 * * * echo\nA=2\n0 3 * * * echo\n"), "");
}
