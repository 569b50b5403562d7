//! What the jobs file will have and this version has not: the one list of it. A key named here is
//! an error that says so, never ignored; whoever adds the feature deletes the word.

/// Which table of the file a key stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The file itself.
    File,
    /// `[scheduler]`.
    Scheduler,
    /// `[api]`.
    Api,
    /// `[executors]`.
    Executors,
    /// `[executors.default]`.
    Executor,
    /// `[defaults]`.
    Defaults,
    /// `[jobs.ID]`.
    Job,
    /// A trigger's own table.
    Trigger,
}

const FILE: &[&str] = &["history", "listeners"];
const SCHEDULER: &[&str] = &["hosts"];
const DEFAULTS: &[&str] = &[
    "clear_env",
    "env_file",
    "exclusive",
    "executor",
    "group",
    "hosts",
    "limits",
    "nice",
    "no_new_privileges",
    "output",
    "overlap",
    "priority",
    "retry",
    "stdin",
    "success_codes",
    "umask",
    "user",
];

/// Whether a key of that table exists but not in this version.
pub(super) fn is_not_supported(place: Place, key: &str) -> bool {
    match place {
        Place::File => FILE.contains(&key),
        Place::Scheduler => SCHEDULER.contains(&key),
        // Named pools, `[executors.batch]`: any name.
        Place::Executors => true,
        Place::Api | Place::Executor | Place::Trigger => false,
        Place::Defaults | Place::Job => DEFAULTS.contains(&key),
    }
}
