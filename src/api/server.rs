//! The server: a thread with a small runtime, on which every connection is a task.
//!
//! It has nothing to do while nobody is connected, and no timer runs then.

use super::desk::Desk;
use super::feed::Feed;
use super::guard::{Guard, Stopped};
use super::handlers::{self, Asked};
use super::impatient::Impatient;
use super::past;
use super::request::Query;
use super::response::{Answer, Failure};
use super::routes::{Route, route};
use super::wire::Identity;
use crate::sys::control_socket::may_command;
use crate::sys::{panics, priority};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc as mpsc_async, watch};
use tokio::time::{sleep, timeout};

/// Where all paths begin, but those of `/metrics` and `/healthz`.
pub(super) const PREFIX: &str = "/scheduler";

/// Connections at once. More are told that it is busy.
const MAX_CONNECTIONS: usize = 64;

/// The head of a request must have come within this, on a connection kept open as well.
const HEADER_PATIENCE: Duration = Duration::from_secs(10);

/// Nobody reads for so long: the connection is closed.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// Largest head of a request.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Most header lines.
const MAX_HEADERS: usize = 64;

/// What is read and written at once of each connection.
const BUFFER_BYTES: usize = 32 * 1024;

/// After a failed accept: no descriptor is left, and trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is said to who finds all places taken.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    connection: close\r\ncontent-length: 57\r\n\r\n{\"error_message\":\"busy: 64 connections are open already\"}";

/// A wrong token too many is answered after this, and holds its place so long.
const GUESS_PAUSE: Duration = Duration::from_secs(1);

/// Who is turned away may take so long to notice.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the server tells of the scheduler without asking it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Who it is.
    pub identity: Identity,
    /// The file of its records, if they are kept in one.
    pub records: Option<PathBuf>,
}

/// The API on TCP.
#[derive(Debug)]
pub struct Tcp {
    /// Where it listens.
    pub listener: StdTcpListener,
    /// Who is let in.
    pub guard: Guard,
    /// What stands in front of all paths there.
    pub prefix: String,
}

/// How a connection came in: what of it is trusted, and where paths begin.
#[derive(Debug)]
struct Door {
    /// None for the control socket: who reaches that may do anything.
    guard: Option<Guard>,
    prefix: String,
    places: Arc<Semaphore>,
    /// Who is turned away has a place as well, for as long as that takes.
    doorstep: Arc<Semaphore>,
}

impl Door {
    fn new(guard: Option<Guard>, prefix: String) -> Arc<Self> {
        Arc::new(Self {
            guard,
            prefix,
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            doorstep: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        })
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct State {
    pub desk: Desk,
    pub feed: Feed,
    pub facts: Facts,
    /// Held while a job is changed.
    pub changes: Mutex<()>,
    /// Becomes true when the server is to end.
    ending: watch::Receiver<bool>,
}

/// The running server.
#[derive(Debug)]
pub struct Server {
    /// Sockets that take the place of one that was removed.
    sockets: mpsc_async::UnboundedSender<UnixListener>,
    /// Where those are made known to the runtime.
    runtime: tokio::runtime::Handle,
    ending: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// No descriptor, memory or thread is left.
    pub fn start(
        listener: StdUnixListener,
        tcp: Option<Tcp>,
        facts: Facts,
        desk: Desk,
        feed: Feed,
    ) -> io::Result<Self> {
        let (ending, ending_seen) = watch::channel(false);
        let (sender, ended) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(past::READERS)
            .build()?;
        let state = Arc::new(State {
            desk,
            feed,
            facts,
            changes: Mutex::new(()),
            ending: ending_seen,
        });
        listener.set_nonblocking(true)?;
        let (listener, tcp) = {
            let _inside = runtime.enter();
            let tcp = tcp.map(|tcp| {
                tcp.listener.set_nonblocking(true)?;
                let door = Door::new(Some(tcp.guard), tcp.prefix);
                Ok::<_, io::Error>((TcpListener::from_std(tcp.listener)?, door))
            });
            (UnixListener::from_std(listener)?, tcp.transpose()?)
        };
        let (sockets, new_sockets) = mpsc_async::unbounded_channel();
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("rsched-api".to_owned())
            .spawn(move || {
                // A flood of requests must not take the processor from the loop. Where that is
                // refused, it is done without.
                drop(priority::step_back());
                runtime.block_on(serve(listener, new_sockets, tcp, state));
                // Who waits for the end learns of it by the channel's.
                drop(sender);
            })?;
        Ok(Self {
            sockets,
            runtime: handle,
            ending,
            ended,
        })
    }

    /// From now on clients come to this socket: the one before was removed.
    ///
    /// # Errors
    /// It cannot be watched.
    pub fn listen(&self, listener: StdUnixListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let _inside = self.runtime.enter();
        // A server that ends takes no clients anyway.
        _ = self.sockets.send(UnixListener::from_std(listener)?);
        Ok(())
    }

    /// Lets answers that are under way get out, then ends it; after `patience` in any case.
    pub fn finish(self, patience: Duration) {
        self.ending.send_replace(true);
        // Nothing is ever sent: what is awaited is the end of the channel.
        _ = self.ended.recv_timeout(patience);
    }
}

/// Accepts until the end, then waits for the connections.
async fn serve(
    mut listener: UnixListener,
    mut sockets: mpsc_async::UnboundedReceiver<UnixListener>,
    tcp: Option<(TcpListener, Arc<Door>)>,
    state: Arc<State>,
) {
    let door = Door::new(None, PREFIX.to_owned());
    let mut doors = vec![Arc::clone(&door)];
    if let Some((listener, door)) = tcp {
        doors.push(Arc::clone(&door));
        drop(tokio::spawn(accept_tcp(listener, Arc::clone(&state), door)));
    }
    let mut ending = state.ending.clone();
    loop {
        let mut new = None;
        let is_over = {
            let accepting = pin!(accept(&listener, &state, &door));
            let replaced = pin!(async { new = sockets.recv().await });
            let serving = pin!(first_of(accepting, replaced));
            let ended = pin!(ending.wait_for(|ending| *ending));
            first_of(serving, ended).await
        };
        match new {
            Some(new) if !is_over => listener = new,
            _ => break,
        }
    }
    drop(listener);
    let all = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    for door in doors {
        drop(door.places.acquire_many(all).await);
    }
}

/// No more connections than that are accepted before a pause of [`BREATHER`]: 2,000 a second, whatever comes. A
/// flood of connections that ask nothing costs more than one of requests, and waits outside.
const ACCEPTED_AT_ONCE: u32 = 20;
const BREATHER: Duration = Duration::from_millis(10);

/// Counts connections, and pauses when there were many.
#[derive(Default)]
struct Pace(u32);

impl Pace {
    async fn next(&mut self) {
        self.0 += 1;
        if self.0 == ACCEPTED_AT_ONCE {
            self.0 = 0;
            sleep(BREATHER).await;
        }
    }
}

async fn accept(listener: &UnixListener, state: &Arc<State>, door: &Arc<Door>) {
    let mut pace = Pace::default();
    loop {
        pace.next().await;
        match listener.accept().await {
            Ok((stream, _)) if is_welcome(&stream, state) => enter(stream, state, door),
            Ok(_) => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn accept_tcp(listener: TcpListener, state: Arc<State>, door: Arc<Door>) {
    let mut pace = Pace::default();
    loop {
        pace.next().await;
        match listener.accept().await {
            Ok((stream, _)) => enter(stream, &state, &door),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Gives a connection a place, or turns it away.
fn enter<S>(stream: S, state: &Arc<State>, door: &Arc<Door>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if let Ok(place) = Arc::clone(&door.places).try_acquire_owned() {
        let (state, door) = (Arc::clone(state), Arc::clone(door));
        drop(tokio::spawn(connection(stream, state, door, place)));
    } else if let Ok(place) = Arc::clone(&door.doorstep).try_acquire_owned() {
        drop(tokio::spawn(turn_away(stream, place)));
    }
}

/// The directory keeps others out already; this says who came all the same.
fn is_welcome(stream: &UnixStream, state: &State) -> bool {
    match stream.peer_cred() {
        Ok(peer) if may_command(peer.uid()) => true,
        Ok(peer) => {
            let pid = peer.pid().map_or("?".to_owned(), |pid| pid.to_string());
            let who = format!("uid {}, pid {pid}", peer.uid());
            state
                .desk
                .warn(format!("Refused a connection to the control socket: {who}"));
            false
        }
        Err(_) => false,
    }
}

async fn turn_away<S>(mut stream: S, _place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        drop(stream.write_all(BUSY).await);
        // Closing at once, with its request unread, could take the answer away from it.
        let mut scrap = [0; 1024];
        while stream.read(&mut scrap).await.is_ok_and(|count| count > 0) {}
    };
    drop(timeout(FAREWELL, farewell).await);
}

async fn connection<S>(stream: S, state: Arc<State>, door: Arc<Door>, _place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut ending = state.ending.clone();
    let service = service_fn(|request| answer(Arc::clone(&state), Arc::clone(&door), request));
    let stream = TokioIo::new(Impatient::new(stream, WRITE_PATIENCE));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(stream, service)
    );
    let ended = pin!(ending.wait_for(|ending| *ending));
    // Whatever ends a connection is the client's business: it asked for something and has gone.
    if first_of(connection.as_mut(), ended).await {
        connection.as_mut().graceful_shutdown();
        drop(connection.await);
    }
}

/// Waits for whichever ends first; true if it was the second.
async fn first_of<A: Future + Unpin, B: Future + Unpin>(mut one: A, mut other: B) -> bool {
    use std::pin::Pin;
    poll_fn(|context| {
        if Pin::new(&mut one).poll(context).is_ready() {
            Poll::Ready(false)
        } else if Pin::new(&mut other).poll(context).is_ready() {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    })
    .await
}

async fn answer(
    state: Arc<State>,
    door: Arc<Door>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    panics::panic_if_asked("api");
    let answer = match admitted(&door, &head) {
        Ok(route) => granted(&state, route, head, body).await,
        Err(Stopped::Refused(failure)) => Err(failure),
        Err(Stopped::WrongToken(wrong)) => {
            if wrong.tell {
                state
                    .desk
                    .warn("Refused a request to the API: wrong or no token".to_owned());
            }
            if wrong.slow_down {
                sleep(GUESS_PAUSE).await;
            }
            return Ok(unauthorized(wrong.slow_down));
        }
    };
    Ok(answer.unwrap_or_else(Answer::from))
}

fn admitted(door: &Door, head: &Parts) -> Result<Route, Stopped> {
    if let Some(guard) = &door.guard {
        guard.admit(head)?;
    }
    let route = route(head.method.as_str(), head.uri.path(), &door.prefix)?;
    if let Some(guard) = &door.guard {
        guard.permit(&route)?;
    }
    Ok(route)
}

fn unauthorized(too_many: bool) -> Answer {
    if too_many {
        let message = "too many wrong tokens";
        return Failure::new(StatusCode::TOO_MANY_REQUESTS, message).into();
    }
    let message = "a token is needed: `Authorization: Bearer …`";
    let mut answer = Answer::from(Failure::new(StatusCode::UNAUTHORIZED, message));
    let scheme = HeaderValue::from_static("Bearer");
    answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    answer
}

async fn granted(
    state: &State,
    route: Route,
    head: Parts,
    body: Incoming,
) -> Result<Answer, Failure> {
    let asked = Asked {
        query: Query::read(head.uri.query())?,
        headers: head.headers,
        body,
    };
    handlers::handle(state, route, asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_turned_away_gets_a_whole_answer() {
        let text = std::str::from_utf8(BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(body.contains(&MAX_CONNECTIONS.to_string()));
    }
}
