//! Processes: what is to run, starting it, its output, its end. Knows nothing of jobs or time.

pub mod child;
pub mod environment;
pub mod environment_file;
pub mod launch;
pub mod lines;
pub mod output;
mod program;
pub mod spawn_error;
pub mod start_marks;
pub mod stdin;

pub use child::{Child, Exit, OutputTarget, ResourceUsage, spawn, spawn_marked};
pub use environment::{clear_environment, environment_for_run};
pub use launch::{Launch, Program};
pub use lines::{Line, MAX_LINE_BYTES};
pub use output::{OutputPipe, ReadBuffer, ReadState, Reopened};
pub use spawn_error::{SpawnError, SpawnErrorKind};
pub use start_marks::{Mark, StartMarks};
pub use stdin::Stdin;

#[cfg(test)]
mod tests;
