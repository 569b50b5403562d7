//! What the runs of a job are to each other and to those of other jobs, and which of them are a
//! success. The keys stand in a job or in `[defaults]`.

use super::executors::executor;
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, choice, filled_text, integer};
use super::{DEFAULT_EXECUTOR, Executors, ExitCodes, Retry};
use crate::diagnostic::quoted;
use std::sync::Arc;

/// The highest priority; the lowest is as far below zero.
const MAX_PRIORITY: i64 = 1_000_000;

/// Longest name of a group of jobs that exclude each other.
const MAX_GROUP_BYTES: usize = 128;

/// How the runs of a job are to be dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunPolicy {
    /// With which exit codes a run succeeded.
    pub success_codes: ExitCodes,
    /// The pool whose workers run it.
    pub executor: Arc<str>,
    /// Of fires due at the same instant, those with the higher number are first in the line.
    pub priority: i32,
    /// What a fire does that finds `max_instances` reached.
    pub overlap: Overlap,
    /// Of the jobs with this name never two run at the same time.
    pub exclusive: Option<Arc<str>>,
    /// What is done about one that failed; none = nothing.
    pub retry: Option<Retry>,
}

/// What a fire does that finds as many instances of its job as there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// It is skipped.
    #[default]
    Skip,
    /// It waits for one of them to end; of several only the latest.
    Queue,
    /// It stops the oldest and takes its place.
    Replace,
}

impl Overlap {
    const WORDS: [(&str, Self); 3] = [
        ("skip", Self::Skip),
        ("queue", Self::Queue),
        ("replace", Self::Replace),
    ];

    /// The word for it, as in a jobs file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Replace => "replace",
        }
    }
}

impl Default for RunPolicy {
    fn default() -> Self {
        Self {
            success_codes: ExitCodes::default(),
            executor: DEFAULT_EXECUTOR.into(),
            priority: 0,
            overlap: Overlap::Skip,
            exclusive: None,
            retry: None,
        }
    }
}

/// What one table says; none where it says nothing.
#[derive(Clone, Default)]
pub(super) struct RunKeys<'t> {
    success_codes: Option<ExitCodes>,
    /// Which pools there are, who reads the job knows.
    pub executor: Option<Entry<'t>>,
    priority: Option<i32>,
    overlap: Option<Overlap>,
    exclusive: Option<Arc<str>>,
    retry: Option<Retry>,
}

impl<'t> RunKeys<'t> {
    pub(super) fn read(table: &mut Table<'t>, problems: &mut Problems) -> Self {
        Self {
            success_codes: table
                .take("success_codes")
                .and_then(|entry| ExitCodes::read(&entry, problems)),
            executor: table.take("executor"),
            priority: table
                .take("priority")
                .and_then(|entry| integer(&entry, -MAX_PRIORITY..=MAX_PRIORITY, problems))
                .and_then(|priority| i32::try_from(priority).ok()),
            overlap: table
                .take("overlap")
                .and_then(|entry| choice(&entry, &Overlap::WORDS, problems)),
            exclusive: table
                .take("exclusive")
                .and_then(|entry| shared_name(&entry, problems)),
            retry: table
                .take("retry")
                .and_then(|entry| Retry::read(&entry, problems)),
        }
    }

    /// What these keys say, and where they say nothing those of the table around; none if the pool is
    /// not there.
    pub(super) fn policy(
        &self,
        outer: &Self,
        executors: &Executors,
        problems: &mut Problems,
    ) -> Option<RunPolicy> {
        let executor = match self.executor.or(outer.executor) {
            Some(entry) => executor(&entry, executors, problems)?,
            // Shared by all jobs.
            None => Arc::clone(executors.get_key_value(DEFAULT_EXECUTOR)?.0),
        };
        Some(RunPolicy {
            success_codes: self
                .success_codes
                .or(outer.success_codes)
                .unwrap_or_default(),
            executor,
            priority: self.priority.or(outer.priority).unwrap_or(0),
            overlap: self.overlap.or(outer.overlap).unwrap_or_default(),
            exclusive: self.exclusive.clone().or_else(|| outer.exclusive.clone()),
            retry: self.retry.or(outer.retry),
        })
    }
}

/// A name that jobs share: of one line, not blank, not long.
fn shared_name(entry: &Entry<'_>, problems: &mut Problems) -> Option<Arc<str>> {
    let name = filled_text(entry, TextKind::Name, problems)?;
    if name.len() > MAX_GROUP_BYTES {
        let message = format!(
            "{} is {} bytes long, {MAX_GROUP_BYTES} are the most",
            quoted(entry.key),
            name.len()
        );
        problems.push(entry.error("text_too_long", message));
        return None;
    }
    Some(name.as_ref().into())
}
