//! `[api]`.

use super::load_text;
use crate::config::TokenFile;

/// The code of the first problem, or none.
fn problem(api: &str) -> Option<&'static str> {
    let loaded = load_text(&format!("[api]\n{api}\n"));
    loaded.diagnostics.first().map(|problem| problem.code)
}

#[test]
fn nothing_listens_unless_it_is_asked_to() {
    let api = |text: &str| load_text(text).jobs_file.unwrap().scheduler.api;
    assert_eq!(api(""), None);
    assert_eq!(api("[api]\nallow_jobs = true\n"), None);
    let settings = api("[api]\nlisten = 'localhost:9747'\ntoken_file = 'token'\nallowed_hosts = ['Cron.Example.org']\n").unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:9747");
    assert!(matches!(settings.token_file, TokenFile::Path(path) if path.is_absolute()));
    assert_eq!(settings.allowed_hosts, ["cron.example.org"]);
    assert_eq!(
        (settings.prefix.as_str(), settings.allow_jobs),
        ("/scheduler", false)
    );
}

#[test]
fn what_can_be_reached_from_elsewhere_has_a_token() {
    for (listen, token, expected) in [
        ("127.0.0.1:9747", "token_file = 'none'", None),
        ("[::1]:9747", "token_file = 'none'", None),
        ("127.0.0.1:9747", "token_file = '/etc/t'", None),
        ("0.0.0.0:9747", "token_file = '/etc/t'", None),
        ("127.0.0.1:9747", "", Some("api_without_token")),
        ("0.0.0.0:9747", "", Some("api_without_token")),
        (
            "0.0.0.0:9747",
            "token_file = 'none'",
            Some("api_without_token"),
        ),
        (
            "[::]:9747",
            "token_file = 'none'",
            Some("api_without_token"),
        ),
        (
            "192.0.2.1:9747",
            "token_file = 'none'",
            Some("api_without_token"),
        ),
    ] {
        assert_eq!(
            problem(&format!("listen = '{listen}'\n{token}")),
            expected,
            "{listen} {token}"
        );
    }
}

#[test]
fn what_is_no_address_path_or_host_is_said_to_be_none() {
    for listen in [
        "9747",
        "localhost",
        "localhost:x",
        "127.0.0.1",
        "127.0.0.1:99999",
        "example.org:80",
    ] {
        let text = format!("listen = '{listen}'\ntoken_file = 'none'");
        assert_eq!(problem(&text), Some("bad_address"), "{listen}");
    }
    for prefix in [
        "scheduler",
        "/",
        "/a/",
        "/a//b",
        "/../a",
        "/a b",
        "/a?b",
        "/ä",
    ] {
        assert_eq!(
            problem(&format!("prefix = '{prefix}'")),
            Some("bad_prefix"),
            "{prefix}"
        );
    }
    assert_eq!(problem("allowed_hosts = ['a/b']"), Some("bad_host"));
    assert_eq!(problem("tokenfile = 'x'"), Some("unknown_key"));
}
