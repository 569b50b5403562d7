//! What the process of a run is and is given, as the jobs file says it.

use super::*;
use std::path::Path;
use std::time::Duration;

#[test]
fn which_exit_codes_are_a_success() {
    let file = valid(
        "[defaults]\nsuccess_codes = [0, '3', 0x10]\n[jobs.a]\ncommand = 'x'\n\
         [jobs.b]\ncommand = 'y'\nsuccess_codes = [255]\n",
    );
    let codes = |index: usize| {
        file.jobs[index]
            .settings
            .policy
            .success_codes
            .iter()
            .collect::<Vec<_>>()
    };
    assert_eq!((codes(0), codes(1)), (vec![0, 3, 16], vec![255]));
    assert_eq!(
        refused("[jobs.a]\ncommand = 'x'\nsuccess_codes = [0, 256, true]\n"),
        "jobs.toml:3:21: error: `success_codes` is `256`, expected 0 to 255 [out_of_range]\n\
         jobs.toml:3:26: error: `success_codes` is a boolean, expected a whole number [wrong_type]\n"
    );
    for (value, problem) in [
        ("[]", "empty array"),
        ("0", "expected an array of exit codes"),
    ] {
        let text = format!("[jobs.a]\ncommand = 'x'\nsuccess_codes = {value}\n");
        assert!(refused(&text).contains(problem), "{}", refused(&text));
    }
}

#[test]
fn a_job_names_its_pool_and_its_rank() {
    let file =
        valid("[executors.batch]\nmax_workers = 2\n[executors.free]\nmax_workers = 'unlimited'\n");
    let workers: Vec<_> = file.scheduler.executors.iter().collect();
    let workers: Vec<_> = workers
        .iter()
        .map(|(name, most)| (&***name, **most))
        .collect();
    assert_eq!(workers, [("batch", 2), ("default", 10), ("free", NO_LIMIT)]);
    let file = valid(
        "[executors.batch]\nmax_workers = 2\n[defaults]\nexecutor = 'batch'\n\
         [jobs.a]\ncommand = 'x'\npriority = -5\n[jobs.b]\ncommand = 'y'\nexecutor = 'default'\n",
    );
    let overlap = |keys: &str| triggered(keys).settings.policy.overlap;
    assert_eq!(overlap(""), Overlap::Skip);
    assert_eq!(overlap("overlap = 'queue'"), Overlap::Queue);
    assert_eq!(overlap("overlap = 'replace'"), Overlap::Replace);
    assert!(
        refused("[jobs.a]\ncommand = 'x'\noverlap = 'quee'\n").contains("did you mean `queue`?")
    );
    assert_eq!(triggered("").settings.policy.exclusive, None);
    let job = triggered("exclusive = 'the database'");
    assert_eq!(
        job.settings.policy.exclusive.as_deref(),
        Some("the database")
    );
    for (name, problem) in [
        (String::new(), "is empty"),
        ("x".repeat(129), "128 are the most"),
    ] {
        let text = format!("[jobs.a]\ncommand = 'x'\nexclusive = '{name}'\n");
        assert!(refused(&text).contains(problem), "{}", refused(&text));
    }
    assert_eq!(triggered("").settings.policy.retry, None);
    let of = |index: usize| {
        (
            &*file.jobs[index].settings.policy.executor,
            file.jobs[index].settings.policy.priority,
        )
    };
    assert_eq!((of(0), of(1)), (("batch", -5), ("default", 0)));
    assert_eq!(
        refused(
            "[executors.batch]\nmax_workers = 0\nworkers = 2\n['executors'.'a b']\n[jobs.a]\ncommand = 'x'\nexecutor = 'bacth'\npriority = 1.5\n"
        ),
        "jobs.toml:2:15: error: `max_workers` is `0`, expected 1 or more [out_of_range]\n\
         jobs.toml:3:1: error: unknown key `workers` in `[executors.batch]` [unknown_key] allowed here: `type`, `max_workers`\n\
         jobs.toml:4:14: error: the name of the executor `a b` has the character U+0020 [bad_executor]\n\
         jobs.toml:7:12: error: `executor` is `bacth`, and there is no such executor [unknown_executor] did you mean `batch`?\n\
         jobs.toml:8:12: error: `priority` is a decimal number, expected a whole number [wrong_type]\n"
    );
    assert!(refused("[defaults]\nexecutor = 'batch'\n").contains("no such executor"));
}

#[test]
fn how_a_failed_run_is_tried_again() {
    let retry = |keys: &str| {
        triggered(&format!("retry = {{ {keys} }}"))
            .settings
            .policy
            .retry
            .unwrap()
    };
    let usual = Retry {
        attempts: 3,
        delay: Duration::from_secs(10),
        factor_thousandths: 2_000,
        max_delay: Duration::from_secs(300),
        on_failure: true,
        on_timeout: true,
    };
    assert_eq!(retry("attempts = 3"), usual);
    let long = retry("attempts = '1', delay = '1h', factor = 1.25, on = ['timeout']");
    assert_eq!(
        long,
        Retry {
            attempts: 1,
            delay: Duration::from_secs(3_600),
            factor_thousandths: 1_250,
            max_delay: Duration::from_secs(3_600),
            on_failure: false,
            on_timeout: true,
        }
    );
    let of_defaults = valid(
        "[defaults]\nretry = { attempts = 3 }\n[jobs.a]\ncommand = 'x'\n\
         [jobs.b]\ncommand = 'y'\nretry = { attempts = 0 }\n",
    );
    let attempts = of_defaults
        .jobs
        .iter()
        .map(|job| job.settings.policy.retry.unwrap().attempts);
    assert_eq!(attempts.collect::<Vec<_>>(), [3, 0]);
    for (keys, problem) in [
        (
            "delay = 3",
            "`retry` has no `attempts` [missing_key] add how often",
        ),
        ("attempts = -1", "`attempts` is `-1`, expected 0 to 1000"),
        ("attempts = 1001", "expected 0 to 1000"),
        ("attempts = 1, delay = 0", "`delay` is zero"),
        (
            "attempts = 1, delay = '6m', max_delay = '5m'",
            "`max_delay` is 5m, less than `delay`, which is 6m",
        ),
        (
            "attempts = 1, factor = 0.5",
            "`factor` is `0.5`, expected 1 to 1000",
        ),
        (
            "attempts = 1, factor = nan",
            "`factor` is `nan`, expected 1 to 1000",
        ),
        ("attempts = 1, factor = true", "expected a number"),
        ("attempts = 1, on = []", "nothing would be tried again"),
        (
            "attempts = 1, on = ['failed']",
            "expected one of `failure`, `timeout`",
        ),
        ("attempts = 1, tries = 3", "unknown key `tries` in `retry`"),
    ] {
        let text = format!("[jobs.a]\ncommand = 'x'\nretry = {{ {keys} }}\n");
        assert!(refused(&text).contains(problem), "{}", refused(&text));
    }
    assert!(refused("[jobs.a]\ncommand = 'x'\nretry = 3\n").contains("expected a table"));
}

#[test]
fn whom_and_how_a_job_runs() {
    struct Everybody;
    impl Accounts for Everybody {
        fn find(
            &self,
            user: Option<&Principal>,
            group: Option<&Principal>,
        ) -> Result<Account, AccountError> {
            Ok(Account {
                name: format!("{user:?} {group:?}"),
                uid: 1,
                gid: 2,
                groups: vec![2, 3],
                home: "/home".into(),
            })
        }
    }
    let context = Context {
        accounts: Some(&Everybody),
        ..context()
    };
    let text = "[defaults]\nuser = 'www'\nlimits = { cpu = '1m', files = 'unlimited' }\n\
                [jobs.a]\ncommand = 'x'\n\
                [jobs.b]\ncommand = 'x'\nuser = 1000\ngroup = 'staff'\nclear_env = false\numask = '027'\nnice = -5\nno_new_privileges = true\n\
                limits = { cpu = 10, memory = '1GiB', processes = 10, core = 0 }\nallow = ['same_job']\n";
    let loaded = load(&[file("f", text)], &context);
    assert_eq!(loaded.diagnostics, []);
    let jobs = loaded.jobs_file.unwrap().jobs;
    let name = |job: &Job| job.settings.run_as.account().unwrap().name.clone();
    assert_eq!(name(&jobs[0]), "Some(Name(\"www\")) None");
    assert_eq!(name(&jobs[1]), "Some(Number(1000)) Some(Name(\"staff\"))");
    assert!(jobs[0].settings.clear_env, "where a user is set");
    assert!(!jobs[1].settings.clear_env);
    assert_eq!(
        (
            jobs[0].settings.umask,
            jobs[0].settings.nice,
            jobs[0].settings.no_new_privileges
        ),
        (None, None, false)
    );
    assert_eq!(
        (
            jobs[1].settings.umask,
            jobs[1].settings.nice,
            jobs[1].settings.no_new_privileges
        ),
        (Some(0o27), Some(-5), true)
    );
    let limits = ResourceLimits {
        cpu: Some(60),
        files: Some(ResourceLimits::UNLIMITED),
        ..ResourceLimits::default()
    };
    assert_eq!(jobs[0].settings.limits, limits);
    let limits = ResourceLimits {
        cpu: Some(10),
        memory: Some(1 << 30),
        processes: Some(10),
        core: Some(0),
        ..limits
    };
    assert_eq!(
        jobs[1].settings.limits, limits,
        "one by one on top of the defaults"
    );
    for (umask, value) in [("'0'", 0), ("'777'", 0o777), ("0o022", 0o022)] {
        assert_eq!(
            triggered(&format!("umask = {umask}")).settings.umask,
            Some(value)
        );
    }
}

#[test]
fn what_a_run_is_given_is_relative_to_the_file_and_may_be_a_default() {
    let file = valid(
        "[defaults]\nclear_env = true\nenv_file = 'vars'\nstdin = 'text'\n\
         [jobs.a]\ncommand = 'x'\n[jobs.b]\ncommand = 'x'\nclear_env = 'false'\nenv_file = '/etc/vars'\nstdin = { file = './in' }\n",
    );
    let (a, b) = (&file.jobs[0], &file.jobs[1]);
    assert!(a.settings.clear_env && !b.settings.clear_env);
    assert_eq!(
        a.settings.env_file.as_deref(),
        Some(Path::new("/etc/rsched/vars"))
    );
    assert_eq!(b.settings.env_file.as_deref(), Some(Path::new("/etc/vars")));
    assert_eq!(a.settings.stdin, Stdin::Text("text".into()));
    assert_eq!(b.settings.stdin, Stdin::File("/etc/rsched/in".into()));
    let bare = job("[jobs.a]\ncommand = 'x'\n");
    assert_eq!(
        (bare.settings.clear_env, &bare.settings.env_file),
        (false, &None)
    );
    assert_eq!(bare.settings.stdin, Stdin::Nothing);
}

#[test]
fn what_a_run_is_given_is_checked() {
    let text = "[scheduler]\nhosts = []\n[jobs.a]\ncommand = 'x'\nclear_env = 1\nenv_file = ''\nstdin = 5\n\
                [jobs.b]\ncommand = 'x'\nstdin = {}\n[jobs.c]\ncommand = 'x'\nstdin = { fil = 'x' }\n\
                [jobs.d]\ncommand = 'x'\nstdin = \"a\\u0000\"\n";
    let expected = "\
jobs.toml:2:9: error: `hosts` is an empty array: no host may run this [empty] name the hosts, or write `[\"*\"]` for any
jobs.toml:5:13: error: `clear_env` is a whole number, expected true or false [wrong_type] write `true` or `false`
jobs.toml:6:12: error: `env_file` is empty [empty]
jobs.toml:7:9: error: `stdin` is a whole number, expected a text, or { file = \"PATH\" } [wrong_type]
jobs.toml:10:9: error: `stdin` names no `file` [missing_key] write `stdin = { file = \"PATH\" }`, or a text
jobs.toml:13:11: error: unknown key `fil` in `stdin` [unknown_key] did you mean `file`?
jobs.toml:16:9: error: `stdin` contains the control character U+0000 [forbidden_character] leave it out
";
    assert_eq!(refused(text), expected);
}

#[test]
fn whom_and_how_a_job_runs_is_checked() {
    let text = "[jobs.a]\ncommand = 'x'\numask = 27\nnice = 20\nno_new_privileges = 'maybe'\nlimits = 5\n\
                [jobs.b]\ncommand = 'x'\numask = '028'\nnice = -21\nlimits = { cpu = '500ms', memory = '10M', files = -1, processes = 'many', core = 1.5, stack = 1 }\n\
                [jobs.c]\ncommand = 'x'\numask = '1777'\nlimits = { cpu = 0 }\n";
    let expected = "\
jobs.toml:3:9: error: `umask` is `27`, expected octal digits, \"000\" to \"777\" [out_of_range] write it as a text, as in `\"027\"`
jobs.toml:4:8: error: `nice` is `20`, expected -20 to 19 [out_of_range]
jobs.toml:5:21: error: `no_new_privileges` is a string, expected true or false [wrong_type] write `true` or `false`
jobs.toml:6:10: error: `limits` is a whole number, expected a table [wrong_type]
jobs.toml:9:9: error: `umask` is `028`, expected octal digits, \"000\" to \"777\" [out_of_range] write it as a text, as in `\"027\"`
jobs.toml:10:8: error: `nice` is `-21`, expected -20 to 19 [out_of_range]
jobs.toml:11:18: error: `cpu` is counted in whole seconds, from 1 [out_of_range]
jobs.toml:11:39: error: unknown unit `M` [bad_size] write `MiB` (1024 × 1024) or `MB` (1000 × 1000)
jobs.toml:11:51: error: `files` is `-1`, expected 0 or more [out_of_range]
jobs.toml:11:67: error: `processes` is a string, expected a whole number [wrong_type]
jobs.toml:11:82: error: `core` is a decimal number, expected a size such as \"10MiB\", or whole bytes [wrong_type]
jobs.toml:11:87: error: unknown key `stack` in `limits` [unknown_key] allowed here: `cpu`, `memory`, `files`, `processes`, `core`
jobs.toml:14:9: error: `umask` is `1777`, expected octal digits, \"000\" to \"777\" [out_of_range] write it as a text, as in `\"027\"`
jobs.toml:15:18: error: `cpu` is counted in whole seconds, from 1 [out_of_range]
";
    assert_eq!(refused(text), expected);
}

#[test]
fn j12_numbers_that_are_no_users_are_refused() {
    // -1 asks the kernel to change nothing: the job would run as root.
    for number in [
        "-1",
        "'-1'",
        "4294967295",
        "'4294967295'",
        "4294967296",
        "99999999999999999999",
        "'+5'",
        "'010'",
        "'0x10'",
        "0x10",
        "'1a'",
        "' 5'",
        "'5 '",
        "''",
        "true",
        "1.5",
        "'a\\u0007'",
        "'a\\u202e'",
    ] {
        for key in ["user", "group"] {
            let number = number.replace('\'', "\"");
            let text = format!("[jobs.a]\ncommand = 'x'\n{key} = {number}\n");
            let found = refused(&text);
            assert_eq!(found.lines().count(), 1, "{text}{found}");
        }
    }
}

#[test]
fn users_that_cannot_be_found_are_named() {
    struct Nobody(AccountError);
    impl Accounts for Nobody {
        fn find(
            &self,
            _: Option<&Principal>,
            _: Option<&Principal>,
        ) -> Result<Account, AccountError> {
            Err(self.0.clone())
        }
    }
    let text =
        "[defaults]\nuser = 'www'\n[jobs.a]\ncommand = 'x'\ngroup = 5\n[jobs.b]\ncommand = 'x'\n";
    for (error, expected) in [
        (
            AccountError::NotRoot,
            "jobs.toml:2:1: error: `user` needs root: only root may run a job as another user [not_root] run rsched as root, or leave it out\n",
        ),
        (
            AccountError::NoUser,
            "jobs.toml:2:8: error: there is no user `www` on this machine [unknown_user]\n",
        ),
        (
            AccountError::NoGroup,
            "jobs.toml:2:8: error: there is no group `www` on this machine [unknown_group]\njobs.toml:5:9: error: there is no group 5 on this machine [unknown_group]\n",
        ),
        (
            AccountError::Unanswered("timeout".into()),
            "jobs.toml:2:8: error: cannot find out who `www` is: timeout [unknown_user]\n",
        ),
    ] {
        let nobody = Nobody(error);
        let context = Context {
            accounts: Some(&nobody),
            ..context()
        };
        let loaded = load(&[file("jobs.toml", text)], &context);
        assert_eq!(render_short(&loaded.diagnostics, &[source(text)]), expected);
        assert!(loaded.jobs_file.is_none());
        // Who runs nothing asks nobody.
        let job = &load_text(text).jobs_file.unwrap().jobs[0];
        assert_eq!(job.settings.run_as, RunAs::Unasked);
    }
}

#[test]
fn output_goes_to_one_of_five_places() {
    let output = |text: &str| triggered(text).settings.output.clone();
    assert_eq!(output(""), Output::Log);
    assert_eq!(output("output = 'log'"), Output::Log);
    assert_eq!(output("output = 'inherit'"), Output::Inherit);
    assert_eq!(output("output = 'discard'"), Output::Discard);
    let file = |max_size, keep| {
        Output::File(OutputFile {
            path: "/etc/rsched/log/a".into(),
            max_size,
            keep,
        })
    };
    assert_eq!(output("output = { file = 'log/a' }"), file(None, 5));
    assert_eq!(
        output("output = { file = './log/a', max_size = '10MiB' }"),
        file(Some(10 << 20), 5)
    );
    assert_eq!(
        output("output = { file = '/etc/rsched/log/a', max_size = 4096, keep = 0 }"),
        file(Some(4096), 0)
    );
    let text = "[jobs.a]\ncommand = 'x'\noutput = 'logs'\n[jobs.b]\ncommand = 'x'\noutput = {}\n\
                [jobs.c]\ncommand = 'x'\noutput = { file = 'x', keep = 3 }\n\
                [jobs.d]\ncommand = 'x'\noutput = { file = 'x', max_size = '1M', keep = 1001, mode = 1 }\n\
                [jobs.e]\ncommand = 'x'\noutput = true\n";
    let expected = "\
jobs.toml:3:10: error: `output` is `logs`, expected one of `log`, `mail`, `inherit`, `discard` [unknown_value] did you mean `log`?
jobs.toml:6:10: error: `output` names no `file` and no `mail` [missing_key] write `output = { file = \"PATH\" }`, `{ mail = \"ADDRESS\" }`, or \"log\"
jobs.toml:9:24: error: `keep` means nothing without `max_size` [missing_key] add `max_size = \"10MiB\"`, or leave it out
jobs.toml:12:37: error: unknown unit `M` [bad_size] write `MiB` (1024 × 1024) or `MB` (1000 × 1000)
jobs.toml:12:48: error: `keep` is `1001`, expected 0 to 1000 [out_of_range]
jobs.toml:12:54: error: unknown key `mode` in `output` [unknown_key] allowed here: `mail`, `file`, `max_size`, `keep`
jobs.toml:15:10: error: `output` is a boolean, expected \"log\", \"mail\", \"inherit\", \"discard\" or { file = \"PATH\" } [wrong_type]
";
    assert_eq!(refused(text), expected);
}

#[test]
fn output_is_mailed_to_addresses_or_to_the_jobs_user() {
    let mail = |text: &str| match triggered(text).settings.output.clone() {
        Output::Mail(mail) => Mail::clone(&mail),
        other => panic!("{other:?}"),
    };
    assert_eq!(mail("output = 'mail'"), Mail::default());
    assert_eq!(mail("output = { mail = true }"), Mail::default());
    assert_eq!(
        mail(
            "output = { mail = 'ops@example.org, joe', from = 'cron@example.org', content_type = 'text/html', transfer_encoding = 'base64', only_failures = true }"
        ),
        Mail {
            to: Some("ops@example.org, joe".into()),
            from: Some("cron@example.org".into()),
            content_type: Some("text/html".into()),
            transfer_encoding: Some("base64".into()),
            only_failures: true,
        }
    );
    let text = "[jobs.a]\ncommand = 'x'\noutput = { mail = false }\n\
                [jobs.b]\ncommand = 'x'\noutput = { mail = \"a\\nBcc: b\", from = '-x', content_type = \"a\\r\\nb\" }\n\
                [jobs.c]\ncommand = 'x'\noutput = { mail = 'a', file = 'x', only_failure = true }\n\
                [jobs.d]\ncommand = 'x'\noutput = { mail = '$USER' }\n";
    let expected = "\
jobs.toml:3:19: error: `mail` is a boolean, expected an address, or true for the job's user [wrong_type]
jobs.toml:6:19: error: `mail` contains the control character U+000A [forbidden_character] write it in one line
jobs.toml:6:39: error: `from` is `-x`, expected an address [bad_address]
jobs.toml:6:60: error: `content_type` contains the control character U+000D [forbidden_character] write it in one line
jobs.toml:9:24: error: unknown key `file` in `output` [unknown_key] allowed here: `mail`, `content_type`, `transfer_encoding`, `from`, `only_failures`
jobs.toml:9:36: error: unknown key `only_failure` in `output` [unknown_key] did you mean `only_failures`?
jobs.toml:12:19: error: `mail` has `$` in it, expected addresses [bad_address]
";
    assert_eq!(refused(text), expected);
}

#[test]
fn what_is_kept_of_the_past_has_defaults_and_bounds() {
    let history = |text: &str| valid(text).scheduler.history;
    assert_eq!(
        history(""),
        History {
            keep_runs: 100,
            keep_output: 65_536
        }
    );
    assert_eq!(
        history("[history]\nkeep_runs = 7\nkeep_output = '1kB'\n"),
        History {
            keep_runs: 7,
            keep_output: 1_000
        }
    );
    assert_eq!(history("[history]\nkeep_output = 0\n").keep_output, 0);
    let text = "[history]\nkeep_runs = 0\nkeep_output = '17MiB'\nkeep_events = 5\n";
    let expected = "\
jobs.toml:2:13: error: `keep_runs` is `0`, expected 1 or more [out_of_range]
jobs.toml:3:15: error: `keep_output` is `17MiB`, expected 16MiB or less [out_of_range]
jobs.toml:4:1: error: unknown key `keep_events` in `[history]` [unknown_key] allowed here: `keep_runs`, `keep_output`
";
    assert_eq!(refused(text), expected);
}
