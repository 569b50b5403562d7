//! The command line: one definition, one file a command, one table of exit codes.

mod add;
mod args;
mod columns;
mod completions;
mod control_args;
mod events;
mod exec;
mod exit_code;
mod explain;
mod expression;
mod history;
mod import;
mod job_ids;
mod jobs_files;
mod kill;
mod list;
mod listed;
mod logs;
mod man;
mod next;
mod open_store;
mod pause;
mod record_args;
mod record_json;
mod record_text;
mod recorded;
mod records;
mod reload;
mod run;
mod running;
mod show;
mod shutdown;
mod status;
mod store;
mod terminal;
mod time_argument;
mod trigger;
mod validate;
mod why;

pub use args::Cli;
pub use exit_code::ExitCode;

use crate::process::intermediate;
use crate::sys::account;
use args::Command;
use clap::{CommandFactory as _, FromArgMatches as _};

/// Reads the command line, does what it says, and tells the exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // Not commands for people, and in a hurry: they are no part of the definition.
    match arguments.next() {
        Some(first) if first == intermediate::COMMAND => {
            return intermediate::main(arguments).into();
        }
        Some(first) if first == job_ids::COMMAND => {
            let words = arguments.map(|word| word.to_string_lossy().into_owned());
            return job_ids::main(words).into();
        }
        _ => {}
    }
    if account::has_borrowed_rights() {
        terminal::complain(
            &"installed setuid or setgid, rsched would give its rights to whoever runs it: nothing was done",
        );
        return ExitCode::NotPermitted.into();
    }
    let parsed = command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => perform(cli).into(),
        Err(error) => {
            // Help and version go to stdout with code 0, mistakes to stderr with code 2.
            let code = if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Done
            };
            terminal::judge(code, error.print()).into()
        }
    }
}

fn perform(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Run(args) => run::run(&args, cli.verbosity),
        Command::Next(args) => next::next(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Import(args) => import::import(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Exec(args) => either(exec::exec(&args)),
        Command::List(args) => either(list::list(&args)),
        Command::Status(args) => either(status::status(&args)),
        Command::Show(args) => either(show::show(&args)),
        Command::History(args) => either(history::history(&args)),
        Command::Logs(args) => either(logs::logs(&args)),
        Command::Why(args) => either(why::why(&args)),
        Command::Store(args) => either(store::store(&args)),
        Command::Trigger(args) => either(trigger::trigger(&args)),
        Command::Pause(args) => either(pause::pause(&args)),
        Command::Resume(args) => either(pause::resume(&args)),
        Command::Kill(args) => either(kill::kill(&args)),
        Command::Add(args) => either(add::add(&args)),
        Command::Modify(args) => either(add::modify(&args)),
        Command::Reschedule(args) => either(add::reschedule(&args)),
        Command::Remove(args) => either(add::remove(&args)),
        Command::Events(args) => either(events::events(&args)),
        Command::Reload(args) => either(reload::reload(&args)),
        Command::Shutdown(args) => either(shutdown::shutdown(&args)),
        Command::Completions(args) => completions::completions(&args),
        Command::Man => man::man(),
    }
}

/// The exit code, however it was come to.
fn either(ended: Result<ExitCode, ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|code| code)
}

/// The definition with what only this machine knows: where its time zones come from.
fn command() -> clap::Command {
    let version = format!(
        "{}\ntime zones: {}",
        env!("CARGO_PKG_VERSION"),
        crate::time::ZoneDatabase::system().describe()
    );
    // clap wants it for ever; it is made once a process.
    Cli::command().long_version(&*version.leak())
}
