//! Settings and schedules, each made and kept once for all jobs that have them in common.
//!
//! Those of a jobs file are known again when they have been read. The entries of a crontab are known
//! by their words beforehand, as long as no assignment comes between them: there may be a hundred
//! thousand, and only the first of those that are alike is looked at in full.

use super::crontab_file::Environment;
use super::distinct::Distinct;
use super::job_schedule::Interchangeable;
use super::{JobSchedule, JobSettings};
use std::collections::HashMap;
use std::sync::Arc;

/// What the jobs read so far have in common.
#[derive(Default)]
pub(super) struct SharedParts<'t> {
    schedules: Distinct<Interchangeable>,
    settings: Distinct<Arc<JobSettings>>,
    entries: Entries<'t>,
}

/// The entries of a crontab behind an assignment, up to the next one.
#[derive(Default)]
struct Entries<'t> {
    /// What the assignments come to; held, so that no other one can be taken for it.
    environment: Option<Arc<Environment>>,
    /// By the fields as written.
    schedules: HashMap<&'t str, Arc<JobSchedule>>,
    settings: HashMap<EntrySettings<'t>, Arc<JobSettings>>,
}

/// What, beside the assignments above, the settings of an entry without standard input depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntrySettings<'t> {
    /// The user before the command.
    pub user: Option<&'t str>,
    /// `-n`.
    pub mails_failures_only: bool,
    /// `-s`.
    pub single: bool,
}

impl<'t> SharedParts<'t> {
    /// The schedule, or the one that was there before it.
    pub fn schedule(&mut self, schedule: Arc<JobSchedule>) -> Arc<JobSchedule> {
        self.schedules.share(Interchangeable(schedule)).0
    }

    /// The settings, or those that were there before them.
    pub fn settings(&mut self, settings: Arc<JobSettings>) -> Arc<JobSettings> {
        self.settings.share(settings)
    }

    /// The schedule of an entry below these assignments that had the same fields, if it is one that
    /// can be had again.
    pub fn schedule_of_entry(
        &mut self,
        environment: &Arc<Environment>,
        fields: &str,
    ) -> Option<Arc<JobSchedule>> {
        let schedule = self.entries.below(environment).schedules.get(fields);
        schedule.map(Arc::clone)
    }

    /// Keeps the schedule of an entry, which depends on nothing but its fields and the assignments.
    pub fn keep_schedule_of_entry(
        &mut self,
        environment: &Arc<Environment>,
        fields: &'t str,
        schedule: &Arc<JobSchedule>,
    ) {
        let entries = self.entries.below(environment);
        entries.schedules.insert(fields, Arc::clone(schedule));
    }

    /// The settings of an entry below these assignments: those of an earlier one, or new ones.
    ///
    /// # Errors
    /// Those of `make`, which is asked again next time.
    pub fn settings_of_entry<E>(
        &mut self,
        environment: &Arc<Environment>,
        entry: EntrySettings<'t>,
        make: impl FnOnce() -> Result<JobSettings, E>,
    ) -> Result<Arc<JobSettings>, E> {
        let known = &mut self.entries.below(environment).settings;
        if let Some(settings) = known.get(&entry) {
            return Ok(Arc::clone(settings));
        }
        let settings = self.settings.share(Arc::new(make()?));
        known.insert(entry, Arc::clone(&settings));
        Ok(settings)
    }
}

impl Entries<'_> {
    /// What is known of the entries below these assignments.
    fn below(&mut self, environment: &Arc<Environment>) -> &mut Self {
        let is_same = |known: &Arc<Environment>| Arc::ptr_eq(known, environment);
        if !self.environment.as_ref().is_some_and(is_same) {
            *self = Self {
                environment: Some(Arc::clone(environment)),
                ..Self::default()
            };
        }
        self
    }
}
