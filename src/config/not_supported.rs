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
    /// `[executors.NAME]`.
    Executor,
    /// `[defaults]`.
    Defaults,
    /// `[jobs.ID]`.
    Job,
    /// A trigger's own table.
    Trigger,
    /// `stdin = { … }`.
    Stdin,
    /// `retry = { … }`.
    Retry,
    /// `limits = { … }`.
    Limits,
    /// `output = { … }`.
    Output,
    /// `[history]`.
    History,
    /// `[[listeners]]`.
    Listener,
}

const DEFAULTS: &[&str] = &["hosts"];

/// Whether a key of that table exists but not in this version.
pub(super) fn is_not_supported(place: Place, key: &str) -> bool {
    match place {
        Place::File
        | Place::Listener
        | Place::Api
        | Place::Scheduler
        | Place::Executor
        | Place::Trigger
        | Place::Stdin
        | Place::Retry
        | Place::Limits
        | Place::Output
        | Place::History => false,
        Place::Defaults | Place::Job => DEFAULTS.contains(&key),
    }
}
