//! Times as options of the command line have them.

use super::exit_code::ExitCode;
use super::expression::wrong_text;
use crate::diagnostic::Diagnostic;
use crate::time::{WallTime, Zone, human};

/// Reads the value of an option; what is wrong with it is shown.
pub(super) fn parse(
    option: &str,
    text: &str,
    now: WallTime,
    zone: &Zone,
) -> Result<WallTime, ExitCode> {
    human::parse_time(text, now, zone).map_err(|error| {
        let problem = Diagnostic::error("invalid_time", error.message).maybe_help(error.help);
        wrong_text(option, text, &[problem.at(0, error.span)])
    })
}
