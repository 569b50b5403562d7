//! What assignments set, for all entries below them: variables, and what cron itself goes by.

use super::assignment::Assignment;
use crate::config::limits::MAX_ENV_VARIABLES;
use crate::config::mail::check_address;
use crate::config::schedule_keys::unknown_zone;
use crate::config::{Mail, Output};
use crate::diagnostic::{Diagnostic, quoted};
use crate::time::{Zone, ZoneDatabase};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What cron gives jobs for a PATH (Debian's `_PATH_DEFPATH`).
pub const CRON_PATH: &str = "/usr/bin:/bin";

/// The longest `RANDOM_DELAY` that cronie takes: a day, in minutes.
const LONGEST_DELAY_MINUTES: u64 = 24 * 60;

/// Cron sets these itself, whatever a crontab says: LOGNAME everywhere, USER where it is known.
const FORCED: [&str; 2] = ["LOGNAME", "USER"];

/// These say where and how what commands print is mailed.
const OF_MAILS: [&str; 4] = [
    "CONTENT_TRANSFER_ENCODING",
    "CONTENT_TYPE",
    "MAILFROM",
    "MAILTO",
];

/// What holds at one place of a crontab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The variables, in order of their names; those that only cron goes by among them, as in cron.
    pub variables: BTreeMap<String, String>,
    /// `CRON_TZ`.
    pub zone: Option<Arc<Zone>>,
    /// `RANDOM_DELAY`: the longest delay.
    pub delay: Option<Duration>,
    /// Where output is mailed, shared by the entries; none: nowhere.
    mail: Option<Arc<Mail>>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            variables: BTreeMap::new(),
            zone: None,
            delay: None,
            mail: Some(Arc::default()),
        }
    }
}

impl Environment {
    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// `HOME`, where commands are run.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// `PATH`, or cron's.
    pub fn path(&self) -> &str {
        self.get("PATH").unwrap_or(CRON_PATH)
    }

    /// What jobs get beside what they get anyway, as `SHELL`: cron's PATH too, which is not that of `clear_env`.
    pub fn of_jobs(&self) -> BTreeMap<String, String> {
        let mut variables = self.variables.clone();
        variables.remove("SHELL");
        let path = variables.entry("PATH".to_owned());
        path.or_insert_with(|| CRON_PATH.to_owned());
        variables
    }

    /// Where what a command prints goes.
    pub fn output(&self, only_failures: bool) -> Output {
        match &self.mail {
            None => Output::Log,
            Some(mail) if only_failures => Output::Mail(Arc::new(Mail {
                only_failures,
                ..Mail::clone(mail)
            })),
            Some(mail) => Output::Mail(Arc::clone(mail)),
        }
    }

    /// What the variables say of mails: there are some unless `MAILTO` is empty or nobody's address.
    fn mail_of_variables(&self) -> Option<Arc<Mail>> {
        let to = self.get("MAILTO").map(str::trim);
        if to.is_some_and(|to| check_address(to).is_err()) {
            return None;
        }
        let text = |name| self.get(name).map(str::trim).filter(|it| !it.is_empty());
        // A header has no tabs, and neither has its key in a jobs file.
        let header = |name| text(name).map(|text| text.replace('\t', " "));
        let from = text("MAILFROM").filter(|from| check_address(from).is_ok());
        Some(Arc::new(Mail {
            to: to.map(str::to_owned),
            from: from.map(str::to_owned),
            content_type: header("CONTENT_TYPE"),
            transfer_encoding: header("CONTENT_TRANSFER_ENCODING"),
            only_failures: false,
        }))
    }

    /// Takes an assignment; gives what is wrong with it, or odd about it.
    pub fn assign(
        &mut self,
        assignment: &Assignment<'_>,
        zones: &ZoneDatabase,
        source: usize,
    ) -> Option<Diagnostic> {
        let Assignment {
            name,
            value,
            value_span,
            ..
        } = assignment;
        let at_value = |problem: Diagnostic| problem.at(source, value_span.clone());
        if FORCED.contains(name) {
            let message = format!("cron sets {} itself: this says nothing", quoted(name));
            let problem = Diagnostic::warning("forced_variable", message);
            return Some(
                problem
                    .at(source, assignment.name_span.clone())
                    .help("leave it out"),
            );
        }
        let problem = match *name {
            "SHELL" | "HOME" if value.contains('\t') => {
                let message = format!("{} contains a tab", quoted(name));
                let problem = Diagnostic::error("forbidden_character", message);
                Some(at_value(problem).help("leave it out"))
            }
            "SHELL" | "HOME" if !value.starts_with('/') => {
                let message = format!(
                    "{} is {}, expected an absolute path",
                    quoted(name),
                    quoted(value)
                );
                Some(at_value(Diagnostic::error("relative_path", message)))
            }
            // Of a comment at the end of the line something is said already.
            "MAILTO" | "MAILFROM" if !value.trim().is_empty() && !value.contains(" #") => {
                check_address(value.trim()).err().map(|why| {
                    let instead = match *name {
                        "MAILTO" => "what commands print is logged instead",
                        _ => "mails are from the user instead",
                    };
                    let message = format!("{} {why}: {instead}", quoted(name));
                    at_value(Diagnostic::warning("bad_address", message))
                })
            }
            // As cronie has it.
            "CRON_TZ" if value.is_empty() => {
                self.zone = None;
                None
            }
            "CRON_TZ" => match zones.get(value) {
                Ok(zone) => {
                    self.zone = Some(zone);
                    None
                }
                Err(unknown) => {
                    let problem = unknown_zone(value, unknown.suggestion.as_deref());
                    Some(match value.split_once([' ', '\t']) {
                        Some((zone, _)) if zones.get(zone).is_ok() => at_value(problem)
                            .help(format!("write `CRON_TZ={zone}` in a line of its own")),
                        _ => at_value(problem),
                    })
                }
            },
            "RANDOM_DELAY" => {
                let minutes = value
                    .parse()
                    .ok()
                    .filter(|minutes| *minutes <= LONGEST_DELAY_MINUTES);
                self.delay = minutes
                    .filter(|minutes| *minutes > 0)
                    .map(|minutes: u64| Duration::from_secs(minutes * 60));
                minutes.is_none().then(|| {
                    let message = format!(
                        "`RANDOM_DELAY` is {}, expected minutes, 0 to {LONGEST_DELAY_MINUTES}: there is no delay",
                        quoted(value)
                    );
                    at_value(Diagnostic::warning("bad_random_delay", message))
                })
            }
            _ => None,
        };
        self.variables
            .insert((*name).to_owned(), (*value).to_owned());
        if OF_MAILS.contains(name) {
            self.mail = self.mail_of_variables();
        }
        if self.variables.len() > MAX_ENV_VARIABLES {
            let message = format!("there are more than {MAX_ENV_VARIABLES} variables");
            self.variables.remove(*name);
            let problem = Diagnostic::error("too_many_variables", message);
            return Some(problem.at(source, assignment.name_span.clone()));
        }
        problem
    }
}
