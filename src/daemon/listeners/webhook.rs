//! A listener that is an address on the web: the event is posted to it as JSON.
//!
//! What may be gone in a moment (nobody there, a server in trouble) is tried again, a little later each
//! time; a server that understood and said no is not asked again. Of the address nothing but the
//! host is ever shown: the rest of it may be what lets one post there.

use crate::sys::poller::Poller;
use crate::sys::wake::Waker;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// Before the second try, and before the third, which is the last.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

const USER_AGENT: &str = concat!("rsched/", env!("CARGO_PKG_VERSION"));

/// The client for one listener.
#[derive(Debug)]
pub(super) struct Webhook {
    agent: Agent,
    timeout: Duration,
}

/// Why it was not taken.
enum Failure {
    /// It may be taken if it is tried again.
    ForNow(String),
    ForGood(String),
}

impl Webhook {
    /// A client; `timeout` is for each try.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirection would turn the post into a question.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(timeout))
            .user_agent(USER_AGENT);
        if url
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
        {
            config = config.tls_config(tls()?);
        }
        Ok(Self {
            agent: config.build().into(),
            timeout,
        })
    }

    /// Posts it, if need be several times; `ending` rings when there is no more time for that.
    pub fn post(&self, url: &str, json: &str, ending: &Waker) -> Result<(), String> {
        let mut tries = 1;
        for pause in PAUSES {
            match self.try_to_post(url, json) {
                Ok(()) => return Ok(()),
                Err(Failure::ForGood(why)) => return Err(why),
                Err(Failure::ForNow(why)) if !rest(pause, ending) => {
                    return Err(format!("{why}, and there is no time for another try"));
                }
                Err(Failure::ForNow(_)) => tries += 1,
            }
        }
        self.try_to_post(url, json)
            .map_err(|failure| match failure {
                Failure::ForNow(why) | Failure::ForGood(why) => {
                    format!("{why} (tried {tries} times)")
                }
            })
    }

    fn try_to_post(&self, url: &str, json: &str) -> Result<(), Failure> {
        let request = self.agent.post(url).content_type("application/json");
        let answer = request.send(json).map_err(|error| self.failure(&error))?;
        let status = answer.status();
        let why = || format!("it answered {}", status.as_u16());
        match status.as_u16() {
            200..300 => Ok(()),
            // Too slow, too early, too many; and whatever is the server's own fault.
            408 | 425 | 429 | 500.. => Err(Failure::ForNow(why())),
            _ => Err(Failure::ForGood(why())),
        }
    }

    /// In words that do not have the address.
    fn failure(&self, error: &ureq::Error) -> Failure {
        use ureq::Error;
        match error {
            Error::Timeout(_) => {
                let length = crate::time::duration::format(self.timeout);
                Failure::ForNow(format!("no answer within {length}"))
            }
            Error::HostNotFound => Failure::ForNow("its host is not found".to_owned()),
            Error::Io(error) => {
                let tls = error.get_ref().and_then(|it| it.downcast_ref());
                tls.map_or_else(|| Failure::ForNow(error.to_string()), untrusted)
            }
            Error::ConnectionFailed => Failure::ForNow("no connection".to_owned()),
            Error::Rustls(error) => untrusted(error),
            Error::Http(_) | Error::BadUri(_) => {
                Failure::ForGood("`url` is no address that can be posted to".to_owned())
            }
            Error::Protocol(error) => Failure::ForNow(format!("its answer is no HTTP: {error}")),
            Error::InvalidProxyUrl => {
                Failure::ForGood("the proxy that the environment names is no address".to_owned())
            }
            _ => Failure::ForNow("it could not be posted".to_owned()),
        }
    }
}

fn untrusted(error: &rustls::Error) -> Failure {
    Failure::ForGood(format!("no trusted connection: {error}"))
}

/// The certificates that this machine trusts.
fn tls() -> Result<TlsConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first();
        let why = why.map_or(String::new(), |error| format!(": {error}"));
        return Err(format!("this machine trusts no certificates{why}"));
    }
    let certificates = found.certs.iter();
    let certificates = certificates.map(|der| Certificate::from_der(der.as_ref()).to_owned());
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::from(certificates))
        .build())
}

/// Waits; false as soon as there is no more time.
fn rest(pause: Duration, ending: &Waker) -> bool {
    let Ok(mut poller) = Poller::new() else {
        return false;
    };
    let rings = poller.add(ending, 0).is_err()
        || poller
            .wait(Some(pause))
            .map_or(true, |mut ready| ready.next().is_some());
    !rings
}
