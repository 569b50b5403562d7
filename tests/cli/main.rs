//! The program as its users see it: one module a command, all of stdout, stderr and status compared.

mod alive;
mod completions;
mod crontab;
mod emptied;
mod examples;
mod exec;
mod exit_codes;
mod explain;
mod guides;
mod history;
mod import;
mod listed;
mod logs;
mod man;
mod next;
mod output;
mod past;
mod sandbox;
mod scheduler;
mod show;
mod store;
mod suspended;
mod unwritable;
mod validate;
mod why;
mod why_unrecorded;
