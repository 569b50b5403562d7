//! The client of the control socket, as the commands use it: one request, one connection.

use super::runs::{ENDED, TOTAL_BYTES};
use super::server::PREFIX;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

/// Longer than the server itself waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// Talks to one scheduler.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    patience: Duration,
    runtime: Runtime,
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
            patience: PATIENCE,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build()?,
        })
    }

    /// Waits for answers no longer than this.
    #[must_use]
    pub fn waiting_at_most(self, patience: Duration) -> Self {
        Self { patience, ..self }
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
            match tokio::time::timeout(self.patience, whole).await {
                Ok(answer) => answer,
                Err(_) => Err(self.no_answer(&"it takes too long")),
            }
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
            match tokio::time::timeout(self.patience, whole).await {
                Ok(answer) => answer,
                Err(_) => Err(self.no_answer(&"it takes too long")),
            }
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
            let (response, _driver) = self.send("GET", path, None).await?;
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
}
