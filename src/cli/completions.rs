//! `rsched completions SHELL`: made from the one definition of the command line.

use super::args::{Cli, CompletionsArgs};
use super::exit_code::ExitCode;
use super::terminal;
use clap::CommandFactory as _;

pub(super) fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rsched", &mut script);
    terminal::print(&script)
}
