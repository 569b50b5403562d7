//! The loop that performs what the scheduler decides, and everything it says while doing so.

mod backoff;
mod control;
mod event_loop;
mod files_watch;
mod foreground;
mod jobs_source;
mod level;
mod log_line;
mod log_writer;
mod output;
mod processes;
mod recovery;
mod run_environment;
mod run_launch;
mod run_output;
mod sentence;
mod starting;
mod status_text;
mod stopping;
mod supervised;
mod this_machine;
mod usage_text;
mod zone_watch;

pub use control::Control;
pub use event_loop::{Daemon, DaemonError, Setup};
pub use foreground::{Foreground, ForegroundEnd};
pub use jobs_source::{ImportedCrontab, JobsSource, ReadJobs, Rejected};
pub use level::Level;
pub use log_line::{LogFormat, LogLines};
pub use log_writer::LogWriter;
pub use recovery::{Adopted, fate, mark_name};
pub use run_environment::run_variables;
pub use run_launch::Inheritance;
