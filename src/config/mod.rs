//! The jobs file: text in, valid jobs or all their diagnostics out. Opens no file, reads no clock.
//!
//! The TOML parser gives a tree in which every key and value has its place (`syntax`); the tree is
//! walked by hand (`reader`, `value`), key by key, so that everything wrong is found in one go and
//! nothing is ignored: a key that nobody asked for is an error. What comes out, [`JobsFile`],
//! cannot be wrong any more. Crontab files (`crontab_file`) become the same.

mod account;
mod allow;
mod api;
mod api_table;
mod calendar_table;
mod command;
mod copies;
mod crontab_file;
mod crontab_import;
mod dialect;
mod distinct;
mod environment;
mod exception;
mod executors;
mod exit_codes;
mod history;
mod hosts;
mod inline;
mod interval_table;
mod job;
mod job_id;
mod job_schedule;
mod job_table;
mod limits;
mod listener;
mod listener_table;
mod load;
mod machine;
mod mail;
mod output;
mod parts;
mod process_keys;
mod reader;
mod resource_limits;
mod retry;
mod run_policy;
mod run_time_job;
mod schedule;
mod schedule_keys;
mod scheduler_table;
mod settings;
mod shared_parts;
mod size;
mod store_place;
mod string_span;
mod suggestion;
mod syntax;
mod trigger;
mod value;

pub use account::{Account, AccountError, Accounts, Principal, RunAs};
pub use api::{ApiSettings, TokenFile};
pub use crontab_file::{FileFormat, utf8_of_crontab};
pub use crontab_import::{Imported, import_crontab};
pub use dialect::{Dialect, ExpressionOptions};
pub use executors::{DEFAULT_EXECUTOR, Executors};
pub use exit_codes::ExitCodes;
pub use history::History;
pub use hosts::Hosts;
pub use inline::{
    InlineTrigger, diagnostics_of_expression, parse_inline_trigger, warnings_of_expression,
};
pub use job::{
    About, Coalesce, Command, Durability, Job, JobSettings, JobsFile, NO_LIMIT, OnLost,
    SchedulerSettings, Stdin,
};
pub use job_id::{JobId, JobIdError};
pub use job_schedule::JobSchedule;
pub use limits::{
    MAX_ARGUMENT_BYTES, MAX_ENV_VARIABLES, MAX_FILE_BYTES, MAX_ID_BYTES, MAX_JOBS, MAX_STRING_BYTES,
};
pub use listener::{EVENT_NAMES, JobGlob, Listener, ListenerTarget};
pub use load::{Context, FileText, FormattedText, Loaded, load, load_formatted};
pub use machine::Machine;
pub use mail::Mail;
pub use output::{Output, OutputFile};
pub use resource_limits::ResourceLimits;
pub use retry::Retry;
pub use run_policy::{Overlap, RunPolicy};
pub use run_time_job::{Surroundings, run_time_job};
pub use size::{Size, SizeError};
pub use store_place::StorePlace;

#[cfg(test)]
mod tests;
