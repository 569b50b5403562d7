//! `rsched reload`: the jobs files read again; what is wrong with them is shown.

use super::control_args::ReloadArgs;
use super::exit_code::ExitCode;
use super::running::Running;
use super::terminal;

pub(super) fn reload(args: &ReloadArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    let answer = running.ask("POST", "/reload", None)?;
    if answer.status == 422 {
        super::running::refused(&answer);
        terminal::complain(&"the old jobs stay");
        return Ok(ExitCode::No);
    }
    if !answer.is_ok() {
        return Err(super::running::refused(&answer));
    }
    Ok(terminal::print(b"reloaded\n"))
}
