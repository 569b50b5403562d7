//! Processes: what is to run, starting it, its output, its end. Knows nothing of jobs or time.

pub mod child;
pub mod environment;
pub mod environment_file;
pub mod intermediate;
pub mod launch;
pub mod lines;
pub mod output;
pub mod output_file;
pub mod output_tail;
mod own_children;
pub mod preparation;
mod program;
pub mod spawn_error;
pub mod start;
pub mod start_marks;
pub mod stdin;
pub mod stopping;
pub mod strays;
pub mod usage;

pub use child::{Child, Exit, ResourceUsage};
pub use environment::{clear_environment, environment_for_run};
pub use intermediate::{Preparing, Progress};
pub use launch::{Launch, Program};
pub use lines::{Line, MAX_LINE_BYTES};
pub use output::{OutputPipe, ReadBuffer, ReadState, Reopened};
pub use output_file::{OutputFile, Remark};
pub use output_tail::OutputTail;
pub use own_children::reap_orphans;
pub use preparation::{Credentials, Limit, LimitKind, Preparation};
pub use spawn_error::{SpawnError, SpawnErrorKind, is_transient};
pub use start::{OutputTarget, Start, begin, spawn, spawn_marked};
pub use start_marks::{Mark, MarkedProcess, StartMark, StartMarks};
pub use stdin::Stdin;
pub use stopping::{Look, OUTLIVED_CHECK, StopState, Stopping};
pub use strays::Bystanders;
pub use usage::Usage;

#[cfg(test)]
mod tests;
