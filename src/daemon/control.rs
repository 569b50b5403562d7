//! The loop's side of the control API: questions answered, commands given to the scheduler, and
//! their answers given back.

use super::event_loop::Daemon;
use super::jobs_source::Rejected;
use super::level::Level;
use crate::api::{Feed, Question, Questions, Rejection, Server};
use crate::config::ApiSettings;
use crate::diagnostic;
use crate::scheduler::{Event, Reply, ShutdownRequest, Token};
use crate::sys::control_socket::ControlSocket;
use crate::sys::directories;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::oneshot;

/// Questions answered in a turn of the loop; fires that are due come between.
const QUESTIONS_A_TURN: usize = 32;

/// How long answers may take to get out when all else is done.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// What the loop has of the control API.
#[derive(Debug)]
pub struct Control {
    /// Where questions come from.
    pub questions: Questions,
    /// Where events go.
    pub feed: Feed,
    /// The thread that talks to clients.
    pub server: Server,
    /// Its socket.
    pub socket: ControlSocket,
    /// False once it was removed and could not be made anew.
    pub is_reachable: bool,
    /// What `[api]` said at the start, and where it listens.
    pub tcp: Option<(ApiSettings, SocketAddr)>,
}

/// Who waits for the answer to which command.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    last_token: u64,
    clients: BTreeMap<Token, oneshot::Sender<Reply>>,
}

impl Waiting {
    fn add(&mut self, client: oneshot::Sender<Reply>) -> Token {
        self.last_token += 1;
        let token = Token(self.last_token);
        self.clients.insert(token, client);
        token
    }

    /// Hands over an answer. Who asked may have gone: that is their business.
    pub fn answer(&mut self, token: Token, reply: Reply) {
        if let Some(client) = self.clients.remove(&token) {
            drop(client.send(reply));
        }
    }
}

impl Daemon {
    pub(super) fn answer_questions(&mut self) {
        for question in self.setup.control.questions.take(QUESTIONS_A_TURN) {
            self.answer_question(question);
        }
    }

    // An answer that nobody waits for any more is dropped, here and below.
    fn answer_question(&mut self, question: Question) {
        let scheduler = &self.setup.scheduler;
        match question {
            Question::Overview(client) => drop(client.send(scheduler.overview())),
            Question::Jobs {
                after,
                limit,
                answer,
            } => drop(answer.send(scheduler.jobs_after(after.as_ref(), limit))),
            Question::Job(id, client) => drop(client.send(scheduler.job_status(&id))),
            Question::Runs(id, client) => drop(client.send(scheduler.runs_of(id.as_ref()))),
            Question::Run(id, client) => drop(client.send(scheduler.run_status(id))),
            Question::Output(id, client) => drop(client.send(self.runs.said_so_far(id))),
            Question::Surroundings(client) => {
                drop(client.send(self.setup.surroundings.clone()));
            }
            Question::Command(command, client) => {
                let token = self.waiting.add(client);
                self.feed(Event::Command { token, command });
            }
            Question::Reload(client) => {
                self.reload(Some(Box::new(move |outcome| {
                    drop(client.send(outcome.map_err(rejection)));
                })));
            }
            Question::Shutdown(request, client) => {
                self.stop_by(request);
                _ = client.send(());
            }
            Question::Warn(message) => self.say(Level::Warn, &message),
        }
    }

    /// Makes the socket anew that was removed. Where that cannot be, it is said, once.
    pub(super) fn replace_socket(&mut self) {
        let control = &mut self.setup.control;
        let path = control.socket.path().to_owned();
        let shown = path.display();
        let (level, message) = match control.replace_socket(&path) {
            Ok(()) => {
                control.is_reachable = true;
                let what = format!("The control socket `{shown}` was removed, and is made anew");
                (Level::Warn, what)
            }
            Err(_) if !control.is_reachable => return,
            Err(why) => {
                control.is_reachable = false;
                let what = format!(
                    "The control socket `{shown}` was removed, and commands cannot reach this scheduler: {why}"
                );
                (Level::Error, what)
            }
        };
        self.say(level, &message);
        self.watch_own_files();
    }

    /// Gives clients the past of the jobs, as far as it is on record.
    pub(super) fn recall_the_past(&self) {
        for status in self.setup.scheduler.jobs_after(None, usize::MAX) {
            let id = &status.job.id;
            let past = self.setup.store.summary(id);
            let feed = &self.setup.control.feed;
            feed.remember(id, past.last_run, past.last_success);
        }
    }

    /// Says where it can be talked to by TCP.
    pub(super) fn announce_api(&mut self) {
        if let Some((api, address)) = &self.setup.control.tcp {
            let message = format!("The API listens at http://{address}{}", api.prefix);
            self.say(Level::Info, &message);
        }
    }

    /// A port and who may use it are settled at the start.
    pub(super) fn warn_of_changed_api(&mut self, api: Option<&ApiSettings>) {
        let at_start = self.setup.control.tcp.as_ref().map(|(api, _)| api);
        if at_start != api {
            self.say(
                Level::Warn,
                "What has changed in [api] holds from the next start on",
            );
        }
    }

    /// A request counts as as many signals as it is hard.
    fn stop_by(&mut self, request: ShutdownRequest) {
        let wanted = match request {
            ShutdownRequest::Wait => 1,
            ShutdownRequest::Terminate => 2,
            ShutdownRequest::Kill => 3,
        };
        if self.stop_requests < wanted {
            self.stop_requests = wanted - 1;
            self.stop();
        }
    }
}

impl Control {
    /// A new socket where the old one was. Nobody else may have put one there: we hold the lock.
    fn replace_socket(&mut self, path: &Path) -> Result<(), String> {
        if let Some(directory) = path.parent() {
            directories::create_private(directory).map_err(|error| error.to_string())?;
        }
        let (socket, listener) = ControlSocket::bind(path).map_err(|error| error.to_string())?;
        let listens = self.server.listen(listener);
        listens.map_err(|error| format!("it cannot be watched: {error}"))?;
        self.socket = socket;
        Ok(())
    }

    /// Ends the service, once everything is said.
    pub(super) fn finish(self) {
        self.feed.close();
        drop(self.questions);
        self.server.finish(LAST_ANSWERS);
    }
}

fn rejection(rejected: &Rejected) -> Rejection {
    match rejected {
        Rejected::Unreadable(message) | Rejected::Untrusted(message) => Rejection {
            message: message.clone(),
            report: message.clone(),
            diagnostics: "[]".to_owned(),
        },
        Rejected::Invalid {
            diagnostics,
            sources,
        } => Rejection {
            message: diagnostic::count(diagnostics),
            report: diagnostic::render_human(diagnostics, sources, false),
            diagnostics: diagnostic::render_json(diagnostics, sources),
        },
    }
}
