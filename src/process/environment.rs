//! The environment of a run: the scheduler's own, less what is meant for the scheduler alone,
//! plus the job's variables, plus what the run is told about itself.

use super::launch::DEFAULT_PATH;
use crate::sys::account::Login;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How systemd talks with its service. A job that inherited them could report readiness or
/// feed the watchdog in our name, or take our sockets for its own (`sd_notify(3)`, `sd_listen_fds(3)`).
const PRIVATE: [&str; 2] = ["NOTIFY_SOCKET", "JOURNAL_STREAM"];

/// As [`PRIVATE`], by their beginnings.
const PRIVATE_PREFIXES: [&str; 2] = ["WATCHDOG_", "LISTEN_"];

/// What a run is told about itself. Inherited they speak of another run: of the job of another
/// scheduler that started this one.
const OF_ANOTHER_RUN: [&str; 7] = [
    "RSCHED_JOB_ID",
    "RSCHED_RUN_ID",
    "RSCHED_FIRE_TIME",
    "RSCHED_ATTEMPT",
    "RSCHED_REASON",
    "RSCHED_LAST_OUTCOME",
    "RSCHED_LAST_SUCCESS",
];

/// As [`OF_ANOTHER_RUN`], by its beginning: what a listener is told about its event.
const OF_ANOTHER_EVENT: &str = "RSCHED_EVENT_";

/// The final environment: `inherited` (empty for a job with `clear_env`) without what is not
/// passed on, overridden by `job`, overridden by `run`. Values are bytes and are never looked into.
///
/// ```
/// use rsched::process::environment_for_run;
/// use std::collections::BTreeMap;
/// let inherited = [("PATH", "/bin"), ("NOTIFY_SOCKET", "/run/systemd/notify")];
/// let job = BTreeMap::from([("PATH".to_owned(), "/opt/bin".to_owned())]);
/// let run = [("RSCHED_ATTEMPT", "1".to_owned())];
/// let inherited = inherited.map(|(name, value)| (name.into(), value.into()));
/// let environment = environment_for_run(inherited, &job, &run);
/// let expected = [("PATH", "/opt/bin"), ("RSCHED_ATTEMPT", "1")];
/// assert_eq!(environment, expected.map(|(name, value)| (name.into(), value.into())).into());
/// ```
#[must_use]
pub fn environment_for_run(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    job: &BTreeMap<String, String>,
    run: &[(&str, String)],
) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = inherited
        .into_iter()
        .filter(|(name, _)| is_passed_on(name))
        .collect();
    environment.extend(job.iter().map(|(name, value)| (name.into(), value.into())));
    environment.extend(run.iter().map(|(name, value)| (name.into(), value.into())));
    environment
}

/// What a job with `clear_env` starts from instead of the scheduler's own environment, as cron has
/// it: `PATH`, and who and where it is.
#[must_use]
pub fn clear_environment(login: &Login, shell: &Path) -> BTreeMap<OsString, OsString> {
    let variables: [(&str, OsString); 5] = [
        ("PATH", DEFAULT_PATH.into()),
        ("HOME", login.home.clone().into()),
        ("LOGNAME", login.name.clone().into()),
        ("USER", login.name.clone().into()),
        ("SHELL", shell.into()),
    ];
    variables.map(|(name, value)| (name.into(), value)).into()
}

/// Puts the variables of a file on top; what a run is told about itself stays.
pub(super) fn add_from_file(
    environment: &mut BTreeMap<OsString, OsString>,
    variables: Vec<(OsString, OsString)>,
) {
    let of_this_run = |name: &OsStr| OF_ANOTHER_RUN.iter().any(|of_run| name == *of_run);
    environment.extend(variables.into_iter().filter(|(name, _)| !of_this_run(name)));
}

fn is_passed_on(name: &OsStr) -> bool {
    let begins_with = |prefix: &str| name.as_bytes().starts_with(prefix.as_bytes());
    !PRIVATE
        .iter()
        .chain(&OF_ANOTHER_RUN)
        .any(|private| name == *private)
        && !PRIVATE_PREFIXES.iter().any(|prefix| begins_with(prefix))
        && !begins_with(OF_ANOTHER_EVENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inherited: &[&str]) -> Vec<OsString> {
        let inherited = inherited
            .iter()
            .map(|name| (OsString::from(name), OsString::from("x")));
        environment_for_run(inherited, &BTreeMap::new(), &[])
            .into_keys()
            .collect()
    }

    #[test]
    fn what_is_between_systemd_and_us_is_not_passed_on() {
        let private = [
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "WATCHDOG_PID",
            "LISTEN_FDS",
            "LISTEN_PID",
            "LISTEN_FDNAMES",
            "JOURNAL_STREAM",
            "RSCHED_RUN_ID",
            "RSCHED_LAST_OUTCOME",
            "RSCHED_EVENT_JOB_ID",
        ];
        assert_eq!(names(&private), Vec::<OsString>::new());
        let public = [
            "HOME",
            "INVOCATION_ID",
            "LISTENER",
            "NOTIFY_SOCKET_2",
            "RSCHED_STATE_DIR",
        ];
        assert_eq!(names(&public), public);
    }

    #[test]
    fn a_job_that_asks_for_such_a_variable_gets_it() {
        let job = BTreeMap::from([("NOTIFY_SOCKET".to_owned(), "/mine".to_owned())]);
        let environment = environment_for_run(std::iter::empty(), &job, &[]);
        assert_eq!(environment[OsStr::new("NOTIFY_SOCKET")], "/mine");
    }

    #[test]
    fn the_run_has_the_last_word() {
        let job = BTreeMap::from([("RSCHED_RUN_ID".to_owned(), "forged".to_owned())]);
        let environment = environment_for_run(
            std::iter::empty(),
            &job,
            &[("RSCHED_RUN_ID", "true".to_owned())],
        );
        assert_eq!(environment[OsStr::new("RSCHED_RUN_ID")], "true");
    }
}
