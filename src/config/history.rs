//! `[history]`: how much is kept of the past.

use super::reader::{Entry, Problems};
use super::settings::count;
use super::value::{size, table, written};
use crate::diagnostic::quoted;

/// Default of `keep_runs`.
const DEFAULT_KEEP_RUNS: u32 = 100;

/// Default of `keep_output`: what a pipe holds, and more than anybody reads of a failed run.
const DEFAULT_KEEP_OUTPUT: u32 = 64 * 1024;

/// Most of `keep_output`: every running job may take so much memory.
const MAX_KEEP_OUTPUT: u32 = 16 * 1024 * 1024;

/// What is kept of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// Runs of each job.
    pub keep_runs: u32,
    /// Of what a run printed, the last so many bytes.
    pub keep_output: u32,
}

impl Default for History {
    fn default() -> Self {
        Self {
            keep_runs: DEFAULT_KEEP_RUNS,
            keep_output: DEFAULT_KEEP_OUTPUT,
        }
    }
}

impl History {
    /// Reads the table, or takes the defaults for what it does not say.
    pub(super) fn read(entry: &Entry<'_>, problems: &mut Problems) -> Self {
        let mut history = Self::default();
        let Some(mut own) = table(entry, "`[history]`".into(), problems) else {
            return history;
        };
        if let Some(runs) = own
            .take("keep_runs")
            .and_then(|entry| count(&entry, problems))
        {
            history.keep_runs = runs;
        }
        if let Some(bytes) = own
            .take("keep_output")
            .and_then(|entry| keep_output(&entry, problems))
        {
            history.keep_output = bytes;
        }
        own.finish(problems);
        history
    }
}

fn keep_output(entry: &Entry<'_>, problems: &mut Problems) -> Option<u32> {
    let bytes = size(entry, problems)?.bytes();
    let fits = u32::try_from(bytes).ok();
    let fits = fits.filter(|bytes| *bytes <= MAX_KEEP_OUTPUT);
    if fits.is_none() {
        let found = quoted(written(entry).trim());
        let message = format!("`keep_output` is {found}, expected 16MiB or less");
        problems.push(entry.error("out_of_range", message));
    }
    fits
}
