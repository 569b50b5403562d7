//! The scheduler: a pure state machine from events to actions.
//!
//! `Scheduler::step(now, event, actions)` is the whole of it. It reads no clock, opens no file and
//! starts no process: `daemon/` does that and reports back with the next event. The same events
//! give the same actions, byte for byte, so tests run the production scheduler on a virtual clock.
//!
//! Read `event.rs` for what goes in and out, `record.rs` for what is kept, then `scheduler.rs`.

mod backlog;
mod clock;
mod command;
mod emitted;
mod event;
mod exclusion;
mod job_state;
mod judging;
mod ledger;
mod manual;
mod outcome_counts;
mod overlap;
mod pause;
mod plan_text;
mod pools;
mod processes;
mod progress;
mod record;
mod recovery;
mod reload;
mod retry;
mod run;
mod run_time_jobs;
#[expect(
    clippy::module_inception,
    reason = "the file is named for its main noun"
)]
mod scheduler;
mod shutdown;
mod status;
mod store_failures;
mod zones;

pub use backlog::{Judgement, judge};
pub use command::{Command, Refusal, Reply, Token};
pub use emitted::{Emitted, EventName};
pub use event::{
    Action, Deadline, Event, Exit, ShutdownRequest, SpawnRequest, StopSignal, StoreFailure,
};
pub use outcome_counts::OutcomeCounts;
pub use plan_text::PlanText;
pub use pools::PoolStatus;
pub use progress::{CLOCK_CORRECTION, Progress};
pub use record::{
    Batch, End, FireIdentity, FireRange, FiresRecord, JobRecord, Outcome, OutputTail, Reason,
    Record, RunId, RunRecord, RunState, StoreId, Ticket, Usage,
};
pub use recovery::{Fate, Past};
pub use run::RunKey;
pub use run_time_jobs::{JobSource, RunTimeJob};
pub use scheduler::Scheduler;
pub use status::{JobStatus, Overview, RunStatus, Status};
