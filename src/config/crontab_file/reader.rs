//! What holds at each entry: assignments above it, and the comments directly above it.

use super::environment::Environment;
use super::line::{self, Entry, Line, Located, TabFile};
use super::lints;
use super::remark::{self, Remark};
use crate::config::allow::Allowed;
use crate::config::reader::Problems;
use crate::config::{JobId, Machine};
use crate::diagnostic::Diagnostic;
use crate::time::ZoneDatabase;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// A crontab as read: nothing of it depends on other files.
pub struct Crontab<'t> {
    /// Its text and form.
    pub file: TabFile<'t>,
    /// All its lines.
    pub lines: Vec<Located<'t>>,
    /// What its entries are, in order.
    pub jobs: Vec<WrittenJob>,
    /// Warnings silenced in all of the file.
    pub allow: Allowed,
}

/// An entry, with what holds for it.
pub struct WrittenJob {
    /// Its columns.
    pub entry: Entry,
    /// Bytes of its line.
    pub line: Range<usize>,
    /// Shared by the entries between two assignments.
    pub environment: Arc<Environment>,
    /// `# id:` above it.
    pub id: Option<(JobId, Range<usize>)>,
    /// `# allow:` above it.
    pub allow: Allowed,
    /// What is odd about it, whatever its fields say.
    pub oddities: Vec<Diagnostic>,
}

/// Reads a crontab. Warnings that the file itself silences are not reported.
pub fn read<'t>(
    file: TabFile<'t>,
    zones: &ZoneDatabase,
    machine: Option<&dyn Machine>,
    problems: &mut Problems,
) -> Crontab<'t> {
    let mut found = Problems::default();
    let lines = line::lines(file, &mut found);
    found.extend(lints::of_the_file(file, &lines));
    let mut walk = Walk {
        file,
        zones,
        machine,
        environment: Arc::default(),
        above: Vec::new(),
        jobs: Vec::new(),
        allow: Allowed::default(),
        lacks: HashSet::new(),
    };
    for located in &lines {
        walk.take(located, &mut found);
    }
    walk.leave_remarks(&mut found);
    let (jobs, allow) = (walk.jobs, walk.allow);
    problems.append(found, |problem| Allowed::show(&[&allow], problem));
    Crontab {
        file,
        lines,
        jobs,
        allow,
    }
}

struct Walk<'t, 'a> {
    file: TabFile<'t>,
    zones: &'a ZoneDatabase,
    machine: Option<&'a dyn Machine>,
    /// What holds here.
    environment: Arc<Environment>,
    /// What the comments directly above say.
    above: Vec<Remark>,
    jobs: Vec<WrittenJob>,
    allow: Allowed,
    /// What has been said that the machine lacks.
    lacks: HashSet<String>,
}

impl Walk<'_, '_> {
    fn take(&mut self, located: &Located<'_>, problems: &mut Problems) {
        let file = self.file;
        match &located.line {
            Line::Comment => self
                .above
                .extend(remark::parse(file.text, located.span.clone())),
            Line::Blank => self.leave_remarks(problems),
            Line::Assignment(assignment) => {
                self.leave_remarks(problems);
                problems.extend(lints::of_assignment(file, assignment, &self.environment));
                let environment = Arc::make_mut(&mut self.environment);
                problems.extend(environment.assign(assignment, self.zones, file.index));
            }
            Line::Entry(entry) => {
                let job = self.job(entry, located.span.clone(), problems);
                self.jobs.push(job);
            }
            Line::Wrong => self.above.clear(),
        }
    }

    fn job(&mut self, entry: &Entry, line: Range<usize>, problems: &mut Problems) -> WrittenJob {
        let mut id = None;
        let mut allow = Allowed::default();
        for remark in std::mem::take(&mut self.above) {
            match remark {
                Remark::Id(named, span) => {
                    if let Some((_, first)) = id.replace((named, span)) {
                        problems.push(self.ignored(first, "another one follows"));
                    }
                }
                Remark::WrongId(why, span) => problems.push(self.ignored(span, &why)),
                Remark::Allow(codes) => allow.extend(&codes),
            }
        }
        let mut oddities = lints::of_entry(self.file, entry, &self.environment, self.machine);
        oddities.retain(|odd| self.is_news(odd, &allow));
        WrittenJob {
            oddities,
            entry: entry.clone(),
            line,
            environment: Arc::clone(&self.environment),
            id,
            allow,
        }
    }

    /// Whether it has not been said before: what the machine lacks, it lacks for every entry.
    fn is_news(&mut self, odd: &Diagnostic, allow: &Allowed) -> bool {
        let is_of_machine = matches!(
            odd.code,
            "missing_home" | "program_not_found" | "unknown_user"
        );
        if !is_of_machine || Allowed::silences(&[allow], odd.code) {
            return true;
        }
        self.lacks.insert(odd.message.clone())
    }

    /// The comments above are above no entry.
    fn leave_remarks(&mut self, problems: &mut Problems) {
        for remark in std::mem::take(&mut self.above) {
            match remark {
                Remark::Id(_, span) | Remark::WrongId(_, span) => {
                    problems.push(self.ignored(span, "it is not directly above an entry"));
                }
                Remark::Allow(codes) => self.allow.extend(&codes),
            }
        }
    }

    fn ignored(&self, span: Range<usize>, why: &str) -> Diagnostic {
        let message = format!("this id is not used: {why}");
        Diagnostic::warning("ignored_id", message).at(self.file.index, span)
    }
}
