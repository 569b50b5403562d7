//! `[[listeners]]`.

use super::load_text;
use crate::config::{Command, JobId, Listener, ListenerTarget};
use std::sync::Arc;
use std::time::Duration;

fn listeners(text: &str) -> Vec<Arc<Listener>> {
    let loaded = load_text(text);
    assert_eq!(loaded.diagnostics, []);
    loaded.jobs_file.unwrap().listeners
}

#[test]
fn the_three_ways_to_be_told() {
    let text = "[env]\nA = 'b'\n\
        [[listeners]]\nevents = ['job_error', 'job_missed']\njobs = ['backup*', 'report']\ncommand = ['page-me']\ntimeout = '5s'\n\
        [[listeners]]\nevents = 'all'\nmail = 'ops@example.org,me'\n\
        [[listeners]]\nevents = 'reload_failed'\njobs = 'a?'\nurl = 'https://example.org/hook?a=b'\n";
    let [command, mail, url] = listeners(text).try_into().unwrap();
    let ListenerTarget::Command {
        command: program,
        env,
        ..
    } = &command.target
    else {
        panic!("{command:?}")
    };
    assert_eq!(*program, Command::Program(vec!["page-me".into()]));
    assert_eq!(env["A"], "b");
    assert_eq!(command.timeout, Duration::from_secs(5));
    assert_eq!(command.name(), "Listener 1 (page-me)");
    let job = |id| JobId::parse(id).unwrap();
    assert!(command.wants("job_error", Some(&job("backup-2"))));
    assert!(!command.wants("job_error", Some(&job("my-backup"))));
    assert!(!command.wants("job_executed", Some(&job("report"))));
    assert_eq!(
        mail.target,
        ListenerTarget::Mail("ops@example.org, me".into())
    );
    assert_eq!(mail.timeout, Duration::from_secs(30));
    assert!(mail.wants("scheduler_started", None));
    assert_eq!(url.name(), "Listener 3 (example.org)");
    // About no job, and so about none of these.
    assert!(!url.wants("reload_failed", None));
    assert!(url.wants("reload_failed", Some(&job("ab"))));
}

/// What stands in a listener, with the code and the words of what is wrong with it.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("", "missing_key", "a listener has no `events`"),
    (
        "events = 'all'",
        "missing_key",
        "a listener has no `command`, `mail` or `url`",
    ),
    (
        "events = []\nmail = 'a'",
        "empty",
        "`events` is an empty array: nothing would be told",
    ),
    (
        "events = 'job_eror'\nmail = 'a'",
        "unknown_value",
        "`job_eror` is no name of an event",
    ),
    (
        "events = ['all']\nmail = 'a'",
        "unknown_value",
        "`all` is no name of an event",
    ),
    (
        "events = 3\nmail = 'a'",
        "wrong_type",
        "`events` is a whole number, expected \"all\", or an array of names of events",
    ),
    (
        "events = 'all'\njobs = []\nmail = 'a'",
        "empty",
        "`jobs` is an empty array: no job would be told of",
    ),
    (
        "events = 'all'\njobs = ['a b']\nmail = 'a'",
        "bad_glob",
        "`a b` can match no job id",
    ),
    (
        "events = 'all'\nmail = 'a'\nurl = 'https://a'",
        "two_targets",
        "`mail` and `url` in one listener",
    ),
    (
        "events = 'all'\nmail = '-oQ/tmp'",
        "bad_address",
        "`-oQ/tmp` is no mail address",
    ),
    (
        "events = 'all'\nmail = 'a,'",
        "bad_address",
        "`` is no mail address",
    ),
    (
        "events = 'all'\nmail = \"a\\nBcc: b\"",
        "forbidden_character",
        "`mail` contains the control character U+000A",
    ),
    (
        "events = 'all'\nurl = 'ftp://a'",
        "bad_url",
        "`url` does not begin with `https://` or `http://`",
    ),
    (
        "events = 'all'\nurl = 'https:///a'",
        "bad_url",
        "`url` names no host",
    ),
    (
        "events = 'all'\nurl = 'https://a/secret b'",
        "bad_url",
        "`url` has characters that no address has: write them with percent signs",
    ),
    (
        "events = 'all'\ncommand = []",
        "empty",
        "`command` is an empty array",
    ),
    (
        "events = 'all'\nmail = 'a'\ntimeout = 0",
        "out_of_range",
        "`timeout` is zero, expected more",
    ),
    (
        "events = 'all'\nmail = 'a'\nretries = 3",
        "unknown_key",
        "unknown key `retries` in `[[listeners]]`",
    ),
];

#[test]
fn what_is_wrong_with_a_listener_is_said_where_it_is() {
    for (keys, code, message) in MISTAKES {
        let loaded = load_text(&format!("[[listeners]]\n{keys}\n"));
        let problem = &loaded.diagnostics[0];
        assert_eq!(
            (problem.code, problem.message.as_str()),
            (*code, *message),
            "{keys}"
        );
        assert!(problem.location.is_some(), "{keys}");
        assert!(!problem.message.contains("secret"), "{keys}");
    }
    let loaded = load_text("[listeners]\nevents = 'all'\n");
    assert_eq!(loaded.diagnostics[0].code, "wrong_type");
    assert_eq!(
        loaded.diagnostics[0].help.as_deref(),
        Some("write `[[listeners]]`, with two brackets")
    );
    let many = "[[listeners]]\nevents = 'all'\nmail = 'a'\n".repeat(33);
    assert_eq!(load_text(&many).diagnostics[0].code, "too_many_listeners");
}
