//! The control API: HTTP/1.1 and JSON on the control socket, and the client that the commands use.
//!
//! The server has a thread of its own and asks the loop through a bounded queue (`desk`), each
//! question cheap to answer, so that no client can delay a fire. What happens comes the other way
//! through `feed`: the newest events and the counts that `/metrics` shows. Paths and keys are those
//! of Flask-APScheduler where that has them; all of JSON is in the files `wire*`.

mod body;
mod client;
mod definition;
mod desk;
mod events;
mod feed;
mod fires;
mod guard;
mod handlers;
mod impatient;
mod metrics;
mod pages;
mod past;
mod request;
mod response;
mod routes;
mod runs;
mod server;
mod stopped;
mod tally;
mod wire;
mod wire_record;
mod wire_trigger;

pub use client::{Answer, Client, ClientError, Printed, RequestLeft};
pub use definition::read_kept;
pub use desk::{Desk, Question, Questions, Rejection};
pub use feed::Feed;
pub use guard::{Guard, MIN_TOKEN_BYTES};
pub use server::{Facts, Server, Tcp};
pub use wire::{EventJson, Identity, JobJson, LastRunJson, RunJson, SchedulerJson};
pub use wire_record::{RecordedRunJson, recorded_state};
