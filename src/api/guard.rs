//! Who is let in over TCP, where anybody may knock: another user of the machine, another machine, a
//! page in somebody's browser.
//!
//! In this order, and before anything is looked up: the `Host` it was asked for (a page that had its
//! name point here has another one), the `Origin` (a page of somebody else), the token, then for
//! writes the kind of body (a form cannot send JSON). No answer has a CORS header.

use super::response::Failure;
use super::routes::Route;
use crate::sys::clock::monotonic_micros;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use std::sync::{Mutex, PoisonError};
use subtle::{Choice, ConstantTimeEq as _};

/// Shorter tokens can be guessed.
pub const MIN_TOKEN_BYTES: usize = 32;

/// The machine's own names, which are always answered.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Wrong tokens within a second before who sends more is made to wait.
const MAX_FAILURES: u32 = 10;

/// A second, and a minute, on the clock of the counts.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

/// The rules of one listener.
#[derive(Debug)]
pub struct Guard {
    /// None: all who reach it may give orders.
    token: Option<Vec<u8>>,
    /// In lower case.
    hosts: Vec<String>,
    allow_jobs: bool,
    failures: Mutex<Failures>,
}

/// Wrong tokens of late.
#[derive(Debug, Default)]
struct Failures {
    second: i64,
    count: u32,
    told_at: Option<i64>,
}

/// What is to be done about a wrong token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongToken {
    /// Make it wait: there are too many of them.
    pub slow_down: bool,
    /// Say it in the log.
    pub tell: bool,
}

/// Why a request is not let in.
#[derive(Debug)]
pub(super) enum Stopped {
    /// For this.
    Refused(Failure),
    /// For want of the token.
    WrongToken(WrongToken),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl Guard {
    /// The rules: a token, if one is needed, further names to be answered, and whether jobs may be
    /// added.
    #[must_use]
    pub fn new(token: Option<String>, hosts: Vec<String>, allow_jobs: bool) -> Self {
        Self {
            token: token.map(String::into_bytes),
            hosts,
            allow_jobs,
            failures: Mutex::default(),
        }
    }

    /// Lets a request in, or not. What it asks for is looked at later.
    pub(super) fn admit(&self, head: &Parts) -> Result<(), Stopped> {
        let host = self.host(head)?;
        let foreign = || Failure::new(StatusCode::FORBIDDEN, "the request comes from another site");
        if let Some(origin) = only(&head.headers, ORIGIN).map_err(|()| foreign())? {
            let own = ["http://", "https://"]
                .iter()
                .filter_map(|scheme| origin.strip_prefix(scheme))
                .any(|origin| origin.eq_ignore_ascii_case(&host));
            if !own {
                return Err(foreign().into());
            }
        }
        if !self.has_token(&head.headers) {
            return Err(Stopped::WrongToken(self.note_failure(monotonic_micros())));
        }
        if head.method != Method::GET && !is_json(&head.headers) {
            let message = "expected `Content-Type: application/json`";
            return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into());
        }
        Ok(())
    }

    /// Whether what is asked for may be asked for here.
    pub(super) fn permit(&self, route: &Route) -> Result<(), Failure> {
        if route.defines_jobs() && !self.allow_jobs {
            let message =
                "jobs are not added or changed over TCP: `[api] allow_jobs = true` would allow it";
            return Err(Failure::new(StatusCode::FORBIDDEN, message));
        }
        Ok(())
    }

    /// The name it was asked for, in lower case, if that is one to answer to.
    fn host(&self, head: &Parts) -> Result<String, Failure> {
        let misdirected = |why: &str| Failure::new(StatusCode::MISDIRECTED_REQUEST, why);
        let host = only(&head.headers, HOST)
            .ok()
            .flatten()
            .ok_or_else(|| misdirected("there must be one `Host`"))?
            .to_ascii_lowercase();
        // A whole URL in place of the path names its host as well.
        let named = head.uri.authority();
        if named.is_some_and(|named| !named.as_str().eq_ignore_ascii_case(&host)) {
            return Err(misdirected(
                "the request is for one host, its `Host` another",
            ));
        }
        let name = without_port(&host);
        let own = OWN_HOSTS.contains(&name);
        let listed = self
            .hosts
            .iter()
            .any(|listed| *listed == host || listed == name);
        if own || listed {
            return Ok(host);
        }
        Err(misdirected("this `Host` is not in `[api] allowed_hosts`"))
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let Ok(Some(given)) = only(headers, AUTHORIZATION) else {
            return false;
        };
        let given = given
            .split_once(' ')
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let given = given.map_or("", |(_, given)| given.trim()).as_bytes();
        // As long as the token in any case: the time it takes tells nothing of where they differ.
        let mut padded = vec![0; token.len()];
        for (place, byte) in padded.iter_mut().zip(given) {
            *place = *byte;
        }
        let as_long = Choice::from(u8::from(given.len() == token.len()));
        (padded.ct_eq(token) & as_long).into()
    }

    fn note_failure(&self, now: i64) -> WrongToken {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.second != now / SECOND {
            failures.second = now / SECOND;
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        let tell = failures.told_at.is_none_or(|at| now - at >= MINUTE);
        if tell {
            failures.told_at = Some(now);
        }
        WrongToken {
            slow_down: failures.count > MAX_FAILURES,
            tell,
        }
    }
}

/// The value of a header that must not be there twice; an error also where it is no text.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(());
    }
    first
        .map(|value| value.to_str().map_err(|_| ()))
        .transpose()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // A bare address of version six has colons and no port.
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') =>
        {
            name
        }
        _ => host,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = only(headers, CONTENT_TYPE)
        .ok()
        .flatten()
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn guard() -> Guard {
        Guard::new(
            Some(TOKEN.to_owned()),
            vec!["cron.example.org".to_owned()],
            false,
        )
    }

    /// The status of a request with these headers, 200 if it is let in.
    fn status(method: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri("/scheduler");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        match guard().admit(&head) {
            Ok(()) => 200,
            Err(Stopped::Refused(failure)) => failure.status.as_u16(),
            Err(Stopped::WrongToken(_)) => 401,
        }
    }

    fn bearer(token: &str) -> String {
        format!("Bearer {token}")
    }

    #[test]
    fn only_names_of_this_machine_and_listed_ones_are_answered() {
        let token = bearer(TOKEN);
        let with_host = |host| status("GET", &[("host", host), ("authorization", &token)]);
        for host in [
            "localhost",
            "LOCALHOST:9747",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:9747",
            "cron.example.org:1",
            "Cron.Example.org",
        ] {
            assert_eq!(with_host(host), 200, "{host}");
        }
        for host in [
            "evil.test",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "",
            "localhost:x",
            "::1",
            "127.0.0.2",
            "cron.example.org.",
        ] {
            assert_eq!(with_host(host), 421, "{host}");
        }
        assert_eq!(status("GET", &[("authorization", &token)]), 421);
        let twice = [
            ("host", "localhost"),
            ("host", "evil.test"),
            ("authorization", &token),
        ];
        assert_eq!(status("GET", &twice), 421);
    }

    #[test]
    fn without_the_very_token_nobody_gets_in() {
        let with = |value: &str| status("GET", &[("host", "localhost"), ("authorization", value)]);
        assert_eq!(with(&bearer(TOKEN)), 200);
        assert_eq!(with(&format!("bearer {TOKEN}")), 200);
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            TOKEN,
            &format!("Basic {TOKEN}"),
            &bearer(&TOKEN[1..]),
            &bearer(&TOKEN.to_uppercase()),
            &bearer(&format!("{TOKEN}0")),
            &bearer(&format!("{}\t", &TOKEN[..31])),
        ] {
            assert_eq!(with(wrong), 401, "{wrong}");
        }
        assert_eq!(status("GET", &[("host", "localhost")]), 401);
        let token = bearer(TOKEN);
        let twice = [
            ("host", "localhost"),
            ("authorization", token.as_str()),
            ("authorization", &token),
        ];
        assert_eq!(status("GET", &twice), 401);
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        let token = bearer(TOKEN);
        let post = |more: &[(&str, &str)]| {
            let mut headers = vec![
                ("host", "localhost:9747"),
                ("authorization", token.as_str()),
            ];
            headers.extend(more);
            status("POST", &headers)
        };
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(post(&[json]), 200);
        assert_eq!(post(&[json, ("origin", "http://localhost:9747")]), 200);
        for origin in [
            "http://evil.test",
            "null",
            "http://localhost",
            "http://localhost:9747.evil.test",
            "file://",
            "",
        ] {
            assert_eq!(post(&[json, ("origin", origin)]), 403, "{origin}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "",
            "application/jsonp",
        ] {
            assert_eq!(post(&[("content-type", kind)]), 415, "{kind}");
        }
        assert_eq!(post(&[]), 415);
    }

    #[test]
    fn who_guesses_is_slowed_down_and_the_log_is_not_flooded() {
        let guard = guard();
        let noted: Vec<_> = (0..20)
            .map(|n| guard.note_failure(5 * SECOND + n))
            .collect();
        assert_eq!(noted.iter().filter(|noted| noted.tell).count(), 1);
        assert_eq!(noted.iter().filter(|noted| noted.slow_down).count(), 10);
        let later = guard.note_failure(66 * SECOND);
        assert_eq!((later.tell, later.slow_down), (true, false));
    }
}
