//! The keys that say what the runs of a job are to each other and to those of other jobs, and which of
//! them are a success. They stand in a job or in `[defaults]`.

use super::ExitCodes;
use super::reader::{Problems, Table};

/// What one table says; none where it says nothing.
#[derive(Clone, Default)]
pub(super) struct RunKeys {
    pub success_codes: Option<ExitCodes>,
}

impl RunKeys {
    pub(super) fn read(table: &mut Table<'_>, problems: &mut Problems) -> Self {
        Self {
            success_codes: table
                .take("success_codes")
                .and_then(|entry| ExitCodes::read(&entry, problems)),
        }
    }

    /// These keys, and where there are none those of the table around.
    pub(super) fn or(self, outer: &Self) -> Self {
        Self {
            success_codes: self.success_codes.or(outer.success_codes),
        }
    }
}
