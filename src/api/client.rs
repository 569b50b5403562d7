//! The client of the control socket, as the commands use it: one request, one connection.
//!
//! Who answers is known by its process: one that is stopped is not asked, since it would do what it is asked
//! for whenever it goes on, though nobody waits for it by then.

use super::runs::{ENDED, TOTAL_BYTES};
use super::server::PREFIX;
use super::stopped;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Longer than the server itself waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// What is answered from memory, and does not grow with the number of jobs, is waited for no longer.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked meanwhile whether who is to answer has been stopped.
const LOOK: Duration = Duration::from_millis(500);

/// Talks to one scheduler.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    /// None: as what is asked for.
    patience: Option<Duration>,
    runtime: Runtime,
    /// The process that listens at the socket, once that is known.
    peer: Cell<Option<i32>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code: 200, 404, ….
    pub status: u16,
    /// The body; null where there is none.
    pub body: Value,
}

/// What a run has printed.
#[derive(Clone, Debug)]
pub struct Printed {
    /// What was asked for, as far as it is kept.
    pub bytes: Bytes,
    /// How much it has printed in all.
    pub total_bytes: u64,
    /// There is no more to come.
    pub ended: bool,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody is there.
    #[error("no scheduler answers at `{socket}`: {source}", socket = .socket.display())]
    Unreachable {
        /// Where.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It broke off.
    #[error("the scheduler at `{socket}` did not answer: {reason}", socket = .socket.display())]
    NoAnswer {
        /// Where.
        socket: PathBuf,
        /// Why.
        reason: String,
    },
    /// It takes too long.
    #[error(
        "the scheduler at `{socket}` did not answer within {} s", .patience.as_secs(),
        socket = .socket.display()
    )]
    TooSlow {
        /// Where.
        socket: PathBuf,
        /// How long it was waited for.
        patience: Duration,
        /// What becomes of the request.
        request: RequestLeft,
    },
    /// Its process is stopped.
    #[error(
        "the scheduler at `{socket}` does not answer: its process, {pid}, is stopped",
        socket = .socket.display()
    )]
    Stopped {
        /// Where.
        socket: PathBuf,
        /// The process.
        pid: i32,
        /// What becomes of the request.
        request: RequestLeft,
    },
}

/// What becomes of a request whose answer nobody waits for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestLeft {
    /// It was a question: nothing.
    Question,
    /// It was not sent: nothing.
    Unsent,
    /// It would change something, and may still do so.
    Pending,
}

impl Answer {
    /// Whether it was granted.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Why it was not, in words.
    #[must_use]
    pub fn error_message(&self) -> &str {
        self.body["error_message"]
            .as_str()
            .unwrap_or("no reason was given")
    }

    /// The body as what it should be.
    ///
    /// # Errors
    /// It is something else: the scheduler is of another version.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.body)
    }
}

impl Client {
    /// A client of the scheduler at this socket; nothing is sent yet.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new(socket: &Path) -> io::Result<Self> {
        Ok(Self {
            socket: socket.to_owned(),
            patience: None,
            peer: Cell::new(None),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build()?,
        })
    }

    /// Waits for answers no longer than this.
    #[must_use]
    pub fn waiting_at_most(self, patience: Duration) -> Self {
        Self {
            patience: Some(patience),
            ..self
        }
    }

    /// Where it talks to.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks, with `path` behind the prefix, and waits for the whole answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        self.runtime.block_on(async {
            let whole = async {
                let (response, driver) = self.send(method, path, body).await?;
                let status = response.status().as_u16();
                let bytes = response.into_body().collect().await;
                let bytes = bytes.map_err(|error| self.no_answer(&error))?.to_bytes();
                driver.abort();
                let body = if bytes.is_empty() {
                    Value::Null
                } else {
                    serde_json::from_slice(&bytes).map_err(|error| self.no_answer(&error))?
                };
                Ok(Answer { status, body })
            };
            self.patiently(method, path, whole).await
        })
    }

    /// Asks for what a run has printed behind the first `after` bytes.
    ///
    /// # Errors
    /// [`ClientError`]; an answer that is a refusal is given back as it is.
    pub fn output(&self, run: &str, after: u64) -> Result<Result<Printed, Answer>, ClientError> {
        let path = format!("/runs/{run}/output?after={after}");
        self.runtime.block_on(async {
            let whole = async {
                let (response, driver) = self.send("GET", &path, None).await?;
                let (head, body) = response.into_parts();
                let bytes = body.collect().await;
                let bytes = bytes.map_err(|error| self.no_answer(&error))?.to_bytes();
                driver.abort();
                if head.status != 200 {
                    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                    let status = head.status.as_u16();
                    return Ok(Err(Answer { status, body }));
                }
                let header = |name| head.headers.get(name)?.to_str().ok();
                Ok(Ok(Printed {
                    bytes,
                    total_bytes: header(TOTAL_BYTES)
                        .and_then(|text| text.parse().ok())
                        .unwrap_or(after),
                    ended: header(ENDED) != Some("false"),
                }))
            };
            self.patiently("GET", &path, whole).await
        })
    }

    /// Asks for events, and hands them over one by one until `take` says false, or there are no more.
    ///
    /// # Errors
    /// [`ClientError`]; an answer that is no stream of events is given back as it is.
    pub fn events(
        &self,
        path: &str,
        mut take: impl FnMut(&str, &str) -> bool,
    ) -> Result<Option<Answer>, ClientError> {
        self.runtime.block_on(async {
            let head = self.send("GET", path, None);
            let (response, _driver) = self.patiently("GET", path, head).await?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            if status != 200 {
                let bytes = body
                    .collect()
                    .await
                    .map_err(|error| self.no_answer(&error))?;
                let body = serde_json::from_slice(&bytes.to_bytes()).unwrap_or(Value::Null);
                return Ok(Some(Answer { status, body }));
            }
            let mut text = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| self.no_answer(&error))?;
                text.extend_from_slice(&frame.into_data().unwrap_or_default());
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let block: Vec<u8> = text.drain(..end + 2).collect();
                    if let Some((name, data)) = event(&String::from_utf8_lossy(&block))
                        && !take(&name, &data)
                    {
                        return Ok(None);
                    }
                }
            }
            Ok(None)
        })
    }

    /// Waits as long as is fitting for what is asked for, but not for a process that is stopped.
    async fn patiently<T>(
        &self,
        method: &str,
        path: &str,
        whole: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let patience = self.patience.unwrap_or_else(|| patience_for(method, path));
        let request = match method {
            "GET" => RequestLeft::Question,
            _ => RequestLeft::Pending,
        };
        let mut whole = pin!(whole);
        let watched = async {
            loop {
                match timeout(LOOK, whole.as_mut()).await {
                    Ok(answer) => return answer,
                    Err(_) => self.look(request, stopped::is_suspended)?,
                }
            }
        };
        if let Ok(answer) = timeout(patience, watched).await {
            return answer;
        }
        // By a debugger: it could have been for a moment only.
        self.look(request, stopped::is_stopped)?;
        Err(ClientError::TooSlow {
            socket: self.socket.clone(),
            patience,
            request,
        })
    }

    /// It is an error if who is to answer is stopped.
    fn look(&self, request: RequestLeft, is_stopped: fn(i32) -> bool) -> Result<(), ClientError> {
        match self.peer.get() {
            Some(pid) if is_stopped(pid) => Err(ClientError::Stopped {
                socket: self.socket.clone(),
                pid,
                request,
            }),
            _ => Ok(()),
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Response<Incoming>, tokio::task::JoinHandle<()>), ClientError> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|source| ClientError::Unreachable {
            socket: self.socket.clone(),
            source,
        })?;
        // Zero: in a pid namespace that we do not see.
        let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
        self.peer.set(peer.filter(|&pid| pid > 0));
        let request = match method {
            "GET" => RequestLeft::Question,
            _ => RequestLeft::Unsent,
        };
        self.look(request, stopped::is_suspended)?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.no_answer(&error))?;
        let driver = tokio::spawn(async move {
            // What goes wrong with it is told to who waits for the answer.
            drop(connection.await);
        });
        let bytes = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let path = if path.starts_with("/metrics") || path.starts_with("/healthz") {
            path.to_owned()
        } else {
            format!("{PREFIX}{path}")
        };
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET))
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(bytes))
            .map_err(|error| self.no_answer(&error))?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| self.no_answer(&error))?;
        Ok((response, driver))
    }

    fn no_answer(&self, reason: &dyn std::fmt::Display) -> ClientError {
        ClientError::NoAnswer {
            socket: self.socket.clone(),
            reason: reason.to_string(),
        }
    }
}

/// How long an answer is waited for.
fn patience_for(method: &str, path: &str) -> Duration {
    let is_of_one_job = path
        .strip_prefix("/jobs/")
        .is_some_and(|rest| !rest.contains('/'));
    let is_at_hand =
        matches!(path, "" | "/healthz") || path.starts_with("/events") || is_of_one_job;
    if method == "GET" && is_at_hand {
        SHORT_PATIENCE
    } else {
        PATIENCE
    }
}

/// Name and data of one event; none for a comment.
fn event(block: &str) -> Option<(String, String)> {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start().to_owned())
    };
    Some((field("event:")?, field("data:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_a_comment_is_not() {
        let block = "id: 7\nevent: job_started\ndata: {\"seq\":7}\n\n";
        let read = event(block).unwrap();
        assert_eq!(read, ("job_started".to_owned(), "{\"seq\":7}".to_owned()));
        assert_eq!(event(":\n\n"), None);
    }

    #[test]
    fn a_question_without_an_answer_is_over_and_a_request_may_still_be_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        // Nobody takes the connections up.
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let client = Client::new(&socket).unwrap();
        let client = client.waiting_at_most(Duration::from_millis(1));
        for (method, left) in [
            ("GET", RequestLeft::Question),
            ("POST", RequestLeft::Pending),
        ] {
            let error = client.ask(method, "", None).unwrap_err();
            assert!(
                matches!(&error, ClientError::TooSlow { request, .. } if *request == left),
                "{method}: {error}"
            );
        }
    }

    #[test]
    fn only_what_is_answered_from_memory_is_not_waited_for_long() {
        for path in ["", "/healthz", "/jobs/a", "/events?follow=0"] {
            assert_eq!(patience_for("GET", path), SHORT_PATIENCE, "{path}");
        }
        for path in ["/jobs", "/jobs?", "/jobs/a/runs", "/runs/1", "/next"] {
            assert_eq!(patience_for("GET", path), PATIENCE, "{path}");
        }
        assert_eq!(patience_for("DELETE", "/jobs/a"), PATIENCE);
    }
}
