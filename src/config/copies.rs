//! Jobs that do what another one does, when that one does it: mostly a copy that was to be changed.

use super::{Command, Job};
use crate::diagnostic::{Diagnostic, Location};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What was found among the jobs read so far.
#[derive(Default)]
pub(super) struct Copies {
    /// The first job of each trigger and command as written, and where.
    firsts: HashMap<ByWords, Location>,
    warnings: Vec<Diagnostic>,
}

impl Copies {
    /// So many jobs come.
    pub fn reserve(&mut self, jobs: usize) {
        self.firsts.reserve(jobs);
    }

    /// Takes in a job; warns if it is the same as one before it.
    pub fn look_at(&mut self, job: &Arc<Job>, place: Location) {
        let known = match self.firsts.entry(ByWords(Arc::clone(job))) {
            Entry::Occupied(known) => known,
            Entry::Vacant(free) => {
                free.insert(place);
                return;
            }
        };
        let (ByWords(first), first_place) = (known.key(), known.get());
        if first.schedule.spec != job.schedule.spec || !same_surroundings(first, job) {
            return;
        }
        let message = format!(
            "jobs `{}` and `{}` run the same command at the same times",
            first.id, job.id
        );
        let problem = Diagnostic::warning("same_job", message).at(place.source, place.span);
        let problem = problem.related(first_place.clone(), "the first one");
        self.warnings.push(problem);
    }

    /// The warnings: of no interest while there are errors.
    pub fn into_warnings(self) -> Vec<Diagnostic> {
        self.warnings
    }
}

/// A job, which is known again by its trigger and its command as they are written.
struct ByWords(Arc<Job>);

impl ByWords {
    fn words(&self) -> (&str, &Command) {
        (&self.0.schedule.text, &self.0.command)
    }
}

impl PartialEq for ByWords {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Eq for ByWords {}

impl Hash for ByWords {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().hash(state);
    }
}

/// Whether the same command does the same thing in both jobs.
fn same_surroundings(a: &Job, b: &Job) -> bool {
    let (a, b) = (&a.settings, &b.settings);
    (&a.cwd, &a.shell) == (&b.cwd, &b.shell)
        && (&a.env, a.clear_env, &a.env_file) == (&b.env, b.clear_env, &b.env_file)
        && (&a.stdin, &a.output, &a.run_as) == (&b.stdin, &b.output, &b.run_as)
}
