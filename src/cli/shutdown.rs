//! `rsched shutdown`: as SIGTERM does, or with `--now` as the second one.

use super::control_args::ShutdownArgs;
use super::exit_code::ExitCode;
use super::running::Running;
use super::terminal;
use serde_json::json;

pub(super) fn shutdown(args: &ShutdownArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    let body = json!({ "wait": !args.now });
    running.granted("POST", "/shutdown", Some(&body))?;
    Ok(terminal::print(b"shutting down\n"))
}
