//! Who is told of events, after every check: `[[listeners]]`.

use super::{Command, JobId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The names of all events, as listeners are to choose from them.
pub const EVENT_NAMES: [&str; 27] = [
    "scheduler_started",
    "scheduler_shutdown",
    "scheduler_paused",
    "scheduler_resumed",
    "executor_added",
    "executor_removed",
    "jobstore_added",
    "jobstore_removed",
    "all_jobs_removed",
    "job_added",
    "job_removed",
    "job_modified",
    "job_paused",
    "job_resumed",
    "job_submitted",
    "job_started",
    "job_executed",
    "job_error",
    "job_missed",
    "job_coalesced",
    "job_max_instances",
    "job_skipped",
    "job_retrying",
    "job_finished",
    "clock_stepped",
    "reload_failed",
    "store_failed",
];

/// Somebody who is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Which of all it is, from 1: for the log.
    pub number: usize,
    /// The names of the events; none = all.
    pub events: Option<Vec<&'static str>>,
    /// The jobs; none = all, and the scheduler itself.
    pub jobs: Option<Vec<JobGlob>>,
    /// How it is told.
    pub target: ListenerTarget,
    /// How long that may take.
    pub timeout: Duration,
}

/// How a listener is told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenerTarget {
    /// A program is run.
    Command {
        /// What.
        command: Command,
        /// Where: the directory of the jobs file.
        cwd: PathBuf,
        /// `[env]`.
        env: BTreeMap<String, String>,
    },
    /// A mail is sent to these addresses.
    Mail(String),
    /// It is posted to this `http://` or `https://` address.
    Url(String),
}

impl Listener {
    /// Whether it is to be told of an event of this name, about this job if it is about one.
    ///
    /// ```
    /// use rsched::config::{JobGlob, JobId, Listener, ListenerTarget};
    /// let listener = Listener {
    ///     number: 1,
    ///     events: Some(vec!["job_error"]),
    ///     jobs: Some(vec![JobGlob::parse("backup*").unwrap()]),
    ///     target: ListenerTarget::Mail("ops@example.org".into()),
    ///     timeout: std::time::Duration::from_secs(30),
    /// };
    /// let backup = JobId::parse("backup-2").unwrap();
    /// assert!(listener.wants("job_error", Some(&backup)));
    /// assert!(!listener.wants("job_executed", Some(&backup)));
    /// assert!(!listener.wants("job_error", None));
    /// ```
    #[must_use]
    pub fn wants(&self, event: &str, job: Option<&JobId>) -> bool {
        let is_chosen = |names: &Vec<&str>| names.contains(&event);
        let is_about = |globs: &Vec<JobGlob>| {
            job.is_some_and(|job| globs.iter().any(|glob| glob.matches(job.as_str())))
        };
        self.events.as_ref().is_none_or(is_chosen) && self.jobs.as_ref().is_none_or(is_about)
    }

    /// What it is called in the log. Of an address on the web only the host: the rest may be a secret.
    #[must_use]
    pub fn name(&self) -> String {
        let who = match &self.target {
            ListenerTarget::Command { command, .. } => match command {
                Command::Shell(line) => first_word(line),
                Command::Program(words) => words.first().map_or("", String::as_str),
            },
            ListenerTarget::Mail(to) => to,
            ListenerTarget::Url(url) => host_of(url),
        };
        format!("Listener {} ({who})", self.number)
    }
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The host of an address, with its port; without a name and a password before it.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// A job id in which `*` stands for any text and `?` for one character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobGlob(String);

impl JobGlob {
    /// Takes what could match an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*' | '?');
        let is_glob = (1..=super::MAX_ID_BYTES).contains(&text.len()) && text.chars().all(fits);
        is_glob.then(|| Self(text.to_owned()))
    }

    /// Whether it stands for this id.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        let (glob, id) = (self.0.as_bytes(), id.as_bytes());
        let (mut at, mut in_id) = (0, 0);
        // Behind the last `*`, and where the text it stands for ends for now.
        let mut star = None;
        while in_id < id.len() {
            match glob.get(at) {
                Some(b'*') => {
                    star = Some((at + 1, in_id));
                    at += 1;
                }
                Some(&byte) if byte == b'?' || byte == id[in_id] => {
                    at += 1;
                    in_id += 1;
                }
                _ => {
                    // It stands for one character more.
                    let Some((behind, end)) = star else {
                        return false;
                    };
                    star = Some((behind, end + 1));
                    at = behind;
                    in_id = end + 1;
                }
            }
        }
        glob[at..].iter().all(|&byte| byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By trying everything.
    fn matches_slowly(glob: &[u8], id: &[u8]) -> bool {
        match (glob.split_first(), id.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                (0..=id.len()).any(|skipped| matches_slowly(rest, &id[skipped..]))
            }
            (Some((b'?', glob)), Some((_, id))) => matches_slowly(glob, id),
            (Some((a, glob)), Some((b, id))) if a == b => matches_slowly(glob, id),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_glob_matches_what_trying_everything_finds(glob in "[ab*?]{1,8}", id in "[ab]{1,8}") {
            let expected = matches_slowly(glob.as_bytes(), id.as_bytes());
            prop_assert_eq!(JobGlob::parse(&glob).unwrap().matches(&id), expected);
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let glob = JobGlob::parse(&format!("{}b", "a*".repeat(60))).unwrap();
        assert!(!glob.matches(&"a".repeat(128)));
    }

    #[test]
    fn the_secret_part_of_an_address_is_not_in_its_name() {
        for url in [
            "https://hooks.example.org:8443/T0/B0/secret",
            "https://me:secret@hooks.example.org:8443?secret",
            "http://hooks.example.org:8443#secret",
        ] {
            assert_eq!(host_of(url), "hooks.example.org:8443");
        }
    }
}
