//! `rsched pause` and `rsched resume`: of jobs, or of the scheduler.

use super::control_args::{PauseArgs, ResumeArgs, SchedulerArgs};
use super::exit_code::ExitCode;
use super::running::Running;
use super::terminal;

pub(super) fn pause(args: &PauseArgs) -> Result<ExitCode, ExitCode> {
    each(&args.ids, &args.scheduler, "pause", "paused")
}

pub(super) fn resume(args: &ResumeArgs) -> Result<ExitCode, ExitCode> {
    each(&args.ids, &args.scheduler, "resume", "resumed")
}

/// Without ids, the scheduler. All are tried, whatever becomes of one.
fn each(
    ids: &[String],
    scheduler: &SchedulerArgs,
    action: &str,
    done: &str,
) -> Result<ExitCode, ExitCode> {
    let running = Running::find(scheduler)?;
    let path = format!("/{action}");
    if ids.is_empty() {
        running.granted("POST", &path, None)?;
        return Ok(terminal::print(
            format!("{done} the scheduler\n").as_bytes(),
        ));
    }
    let mut code = ExitCode::Done;
    for id in ids {
        match running.of_job(id, "POST", &path, None) {
            Ok(answer) => {
                let is_over = answer.body["state"] == "finished";
                let also = if is_over {
                    ", which has no fire times left, and is done"
                } else {
                    ""
                };
                _ = terminal::print(format!("{done} {id}{also}\n").as_bytes());
            }
            Err(failed) => code = failed,
        }
    }
    Ok(code)
}
