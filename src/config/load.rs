//! Several texts as one configuration.

use super::allow::Allowed;
use super::copies::Copies;
use super::crontab_file::{Around, Crontab, FileFormat, TabFile, WrittenJob};
use super::executors::executor;
use super::job_table::Surroundings;
use super::limits::MAX_JOBS;
use super::reader::{Entry, File, Problems, Table};
use super::run_time_job::Surroundings as RunTimeSurroundings;
use super::settings::Settings;
use super::shared_parts::SharedParts;
use super::syntax::{self, Parsed};
use super::value::{TextKind, table, text, wrong_type};
use super::{
    Accounts, DEFAULT_EXECUTOR, History, Job, JobId, JobsFile, Machine, NO_LIMIT, api_table,
    crontab_file, environment, listener_table, scheduler_table,
};
use crate::diagnostic::{self, Diagnostic, Location, quoted};
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::path::PathBuf;
use std::sync::Arc;
use toml::de::DeValue;

/// A file as read; whoever read it has seen to its size and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText {
    /// As typed.
    pub name: String,
    /// The file's directory, absolute: what relative paths in it are relative to.
    pub directory: PathBuf,
    /// The whole text.
    pub text: String,
}

/// A file and what it is written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedText {
    /// The file.
    pub file: FileText,
    /// Its format.
    pub format: FileFormat,
}

/// What a configuration means depends on.
#[derive(Clone)]
pub struct Context<'a> {
    /// Where zones are looked up.
    pub zones: &'a ZoneDatabase,
    /// The zone of those who name none.
    pub machine_zone: Arc<Zone>,
    /// The machine's id, for the default of `seed`.
    pub machine_id: &'a str,
    /// The machine's name, for the `hosts` of a job.
    pub host_name: &'a str,
    /// Number of CPUs, for the default of `max_workers`.
    pub cpus: usize,
    /// Now, for what can only be told from the next fire.
    pub now: WallTime,
    /// Who is asked for `user` and `group`; none = nobody, they stay open: for those who run nothing.
    pub accounts: Option<&'a dyn Accounts>,
}

/// What a load gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration; none if there is any error.
    pub jobs_file: Option<JobsFile>,
    /// Errors and warnings in reading order; a location's source is the index among the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one or several jobs files as one configuration.
///
/// A settings table (`[scheduler]`, `[executors]`, `[history]`, `[defaults]`, `[env]`) may stand in any one of
/// them and holds for all; so ids are unique across all.
///
/// ```
/// use rsched::config::{Context, FileText, load};
/// use rsched::time::{WallTime, Zone, ZoneDatabase};
/// let file = FileText {
///     name: "jobs.toml".into(),
///     directory: "/etc/rsched".into(),
///     text: "[jobs.hello]\ncron = '0 6 * * mon-fri'\ncommand = 'echo hello'\n".into(),
/// };
/// let zones = ZoneDatabase::bundled();
/// let now = WallTime::from_unix_seconds(1_767_225_600);
/// let (machine_zone, machine_id) = (Zone::utc(), "host-7");
/// let context = Context { zones: &zones, machine_zone, machine_id, host_name: "here", cpus: 2, now, accounts: None };
/// let loaded = load(&[file], &context);
/// assert_eq!(loaded.jobs_file.unwrap().jobs[0].id.as_str(), "hello");
/// ```
#[must_use]
pub fn load(files: &[FileText], context: &Context<'_>) -> Loaded {
    let files: Vec<_> = files.iter().map(|file| (file, FileFormat::Toml)).collect();
    load_all(&files, context, None, Vec::new())
}

/// As [`load`], for files of any format. Crontabs have no settings: `[scheduler]` of a jobs file beside
/// them holds for their jobs too, `[defaults]` and `[env]` do not. Without a `machine`, nothing is
/// known of its users and programs. `beforehand` are warnings of whoever read the files, which can be
/// silenced as all others.
///
/// ```
/// use rsched::config::{Context, FileFormat, FileText, FormattedText, load_formatted};
/// use rsched::time::{WallTime, Zone, ZoneDatabase};
/// let text = "MAILTO=ops@example.org\n0 6 * * mon-fri  backup --all\n";
/// let file = FileText { name: "crontab".into(), directory: "/".into(), text: text.into() };
/// let file = FormattedText { file, format: FileFormat::Crontab };
/// let zones = ZoneDatabase::bundled();
/// let now = WallTime::from_unix_seconds(1_767_225_600);
/// let machine_zone = Zone::utc();
/// let context = Context { zones: &zones, machine_zone, machine_id: "host-7", host_name: "here", cpus: 2, now, accounts: None };
/// let loaded = load_formatted(&[file], &context, None, Vec::new());
/// assert!(loaded.jobs_file.unwrap().jobs[0].id.as_str().starts_with("backup-"));
/// ```
#[must_use]
pub fn load_formatted(
    files: &[FormattedText],
    context: &Context<'_>,
    machine: Option<&dyn Machine>,
    beforehand: Vec<Diagnostic>,
) -> Loaded {
    let files: Vec<_> = files.iter().map(|text| (&text.file, text.format)).collect();
    load_all(&files, context, machine, beforehand)
}

fn load_all(
    files: &[(&FileText, FileFormat)],
    context: &Context<'_>,
    machine: Option<&dyn Machine>,
    beforehand: Vec<Diagnostic>,
) -> Loaded {
    let numbered = || files.iter().copied().enumerate();
    let parsed: Vec<Option<Parsed<'_>>> = numbered()
        .map(|(index, (file, format))| {
            (format == FileFormat::Toml).then(|| syntax::parse(index, &file.text))
        })
        .collect();
    let roots: Vec<Table<'_>> = numbered()
        .zip(&parsed)
        .filter_map(|((index, (file, _)), parsed)| {
            let place = File {
                index,
                text: &file.text,
                directory: &file.directory,
            };
            let root = &parsed.as_ref()?.root;
            Some(Table::new(place, "the file".to_owned(), 0..0, root))
        })
        .collect();
    let texts = numbered().filter(|(_, (_, format))| *format != FileFormat::Toml);
    let mut of_crontabs = Problems::default();
    of_crontabs.extend(beforehand);
    let crontabs: Vec<Crontab<'_>> = texts
        .map(|(index, (file, format))| {
            let text = &file.text;
            let file = TabFile {
                index,
                text,
                format,
            };
            crontab_file::read(file, context.zones, machine, &mut of_crontabs)
        })
        .collect();
    let crontabs = Crontabs {
        files: crontabs,
        directory: files.first().map(|(file, _)| file.directory.clone()),
        machine,
        problems: of_crontabs,
    };
    let mut problems = Problems::default();
    let jobs_file = read(roots, crontabs, context, &mut problems);
    let is_credible = |problem: &Diagnostic| {
        let source = problem.location.as_ref().map(|place| place.source);
        source
            .and_then(|source| parsed.get(source)?.as_ref())
            .is_none_or(|parsed| parsed.is_credible(problem))
    };
    let mut parsed_files = parsed.iter().flatten();
    let has_errors =
        problems.errors() > 0 || parsed_files.any(|parsed| !parsed.problems.is_empty());
    let mut diagnostics = problems.into_list();
    diagnostics.retain(is_credible);
    let parsed = parsed.into_iter().flatten();
    diagnostics.extend(parsed.flat_map(|parsed| parsed.problems));
    diagnostic::sort(&mut diagnostics);
    // A default that is wrong in some jobs' zones is reported by each of them.
    diagnostics.dedup();
    Loaded {
        jobs_file: (!has_errors).then_some(jobs_file),
        diagnostics,
    }
}

/// The crontabs among the files, with what is wrong with them whatever the other files say.
struct Crontabs<'t, 'a> {
    files: Vec<Crontab<'t>>,
    /// That of the first of all files.
    directory: Option<PathBuf>,
    machine: Option<&'a dyn Machine>,
    problems: Problems,
}

fn read<'t>(
    roots: Vec<Table<'t>>,
    crontabs: Crontabs<'t, '_>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> JobsFile {
    let mut tables = SettingsTables::default();
    let mut job_entries = Vec::new();
    let mut listener_entries = Vec::new();
    let has_jobs_file = !roots.is_empty();
    let directory = roots.first().map(|root| root.file.directory.to_owned());
    let directory = directory.or(crontabs.directory.clone());
    for mut root in roots {
        tables.take(&mut root, problems);
        job_entries.extend(root.take("jobs"));
        listener_entries.extend(root.take("listeners"));
        root.finish(problems);
    }
    let around = [
        tables.scheduler,
        tables.executors,
        tables.defaults,
        tables.env,
    ];
    let surroundings = RunTimeSurroundings::of(directory.unwrap_or_default(), &around);
    let (mut scheduler, allowed) = scheduler_table::settings(
        tables.scheduler.as_ref(),
        tables.executors.as_ref(),
        context,
        problems,
    );
    scheduler.api = tables
        .api
        .and_then(|entry| api_table::settings(&entry, problems));
    if !has_jobs_file {
        // As cron has it: everything starts when it is due.
        scheduler
            .executors
            .insert(DEFAULT_EXECUTOR.into(), NO_LIMIT);
    }
    let defaults = tables
        .defaults
        .and_then(|entry| read_defaults(&entry, context.zones, problems))
        .unwrap_or_default();
    if let Some(entry) = &defaults.run.executor {
        // Where no job is there to tell.
        _ = executor(entry, &scheduler.executors, problems);
    }
    if let Some(entry) = tables.history {
        scheduler.history = History::read(&entry, problems);
    }
    let mut env = tables
        .env
        .and_then(|entry| environment::environment(&entry, "`[env]`", problems))
        .unwrap_or_default();
    let listeners = listener_table::listeners(&listener_entries, &env, problems);
    env.extend(defaults.env.clone());
    let zone = Arc::clone(&scheduler.timezone);
    let around_jobs = Surroundings {
        executors: scheduler.executors.clone(),
        zones: context.zones,
        host_name: context.host_name,
        zone,
        now: context.now,
        accounts: context.accounts,
        allowed,
        defaults,
        env,
    };
    let mut jobs = Jobs {
        surroundings: around_jobs,
        seen: HashMap::new(),
        copies: Copies::default(),
        valid: Vec::new(),
        parts: SharedParts::default(),
    };
    for entry in job_entries {
        jobs.read(&entry, problems);
    }
    jobs.read_crontabs(crontabs, problems);
    if problems.errors() == 0 {
        problems.extend(jobs.copies.into_warnings());
    }
    let mut jobs = jobs.valid;
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    JobsFile {
        scheduler,
        jobs,
        listeners,
        surroundings: Arc::new(surroundings),
    }
}

/// The tables that stand once in all files together.
#[derive(Default)]
struct SettingsTables<'t> {
    scheduler: Option<Entry<'t>>,
    executors: Option<Entry<'t>>,
    defaults: Option<Entry<'t>>,
    history: Option<Entry<'t>>,
    env: Option<Entry<'t>>,
    api: Option<Entry<'t>>,
}

impl<'t> SettingsTables<'t> {
    fn take(&mut self, root: &mut Table<'t>, problems: &mut Problems) {
        let slots = [
            ("scheduler", &mut self.scheduler),
            ("executors", &mut self.executors),
            ("defaults", &mut self.defaults),
            ("history", &mut self.history),
            ("env", &mut self.env),
            ("api", &mut self.api),
        ];
        for (key, slot) in slots {
            let Some(entry) = root.take(key) else {
                continue;
            };
            match slot {
                None => *slot = Some(entry),
                Some(first) => {
                    let problem = entry
                        .key_error("duplicate_table", format!("`[{key}]` is in two files"))
                        .label("again here")
                        .related(first.key_location(), "first here")
                        .help("keep it in one of them: it holds for all");
                    problems.push(problem);
                }
            }
        }
    }
}

fn read_defaults<'t>(
    entry: &Entry<'t>,
    zones: &ZoneDatabase,
    problems: &mut Problems,
) -> Option<Settings<'t>> {
    let mut defaults = table(entry, "`[defaults]`".into(), problems)?;
    let settings = Settings::read(&mut defaults, zones, problems);
    defaults.finish_with(problems, |entry| {
        const OF_A_JOB: [&str; 10] = [
            "all", "any", "calendar", "command", "cron", "date", "except", "interval", "name",
            "trigger",
        ];
        let is_of_a_job = OF_A_JOB.contains(&entry.key);
        is_of_a_job.then(|| {
            let message = format!("{} cannot be a default", quoted(entry.key));
            entry
                .key_error("not_a_default", message)
                .help("give it in each job")
        })
    });
    Some(settings)
}

/// The jobs read so far.
struct Jobs<'t, 'a> {
    surroundings: Surroundings<'t, 'a>,
    /// Every id in lower case, as it was written, and where.
    seen: HashMap<JobId, (JobId, Location)>,
    valid: Vec<Arc<Job>>,
    parts: SharedParts<'t>,
    copies: Copies,
}

impl<'t> Jobs<'t, '_> {
    /// `[jobs.ID]` tables, or `[[jobs]]`.
    fn read(&mut self, entry: &Entry<'t>, problems: &mut Problems) {
        match entry.value {
            DeValue::Table(_) => {
                let Some(table) = table(entry, "`[jobs]`".into(), problems) else {
                    return;
                };
                let rest = table.rest();
                self.reserve(rest.len());
                for job in rest {
                    let name = format!("`[jobs.{}]`", short(job.key));
                    if let Some(table) = job_table(&job, name, problems) {
                        self.job(job.key, job.key_location(), table, problems);
                    }
                }
            }
            DeValue::Array(items) => {
                for item in items.iter().map(|item| entry.item(item)) {
                    if let Some(table) = job_table(&item, "`[[jobs]]`".into(), problems) {
                        self.listed_job(table, problems);
                    }
                }
            }
            _ => problems.push(wrong_type(entry, "`[jobs.ID]` tables")),
        }
    }

    fn listed_job(&mut self, mut job: Table<'t>, problems: &mut Problems) {
        let Some(entry) = job.take("id") else {
            let problem = job.error("missing_key", "a job in `[[jobs]]` has no `id`");
            problems.push(problem.help("add `id = \"…\"`"));
            return;
        };
        let Some(id) = text(&entry, TextKind::Line, problems) else {
            return;
        };
        job.name = format!("job `{}`", short(&id));
        self.job(&id, entry.location(), job, problems);
    }

    fn job(&mut self, id: &str, place: Location, table: Table<'t>, problems: &mut Problems) {
        let id = match JobId::parse(id) {
            Ok(id) => id,
            Err(error) => {
                problems.push(
                    Diagnostic::error("bad_id", error.to_string()).at(place.source, place.span),
                );
                return;
            }
        };
        self.check_unique(&id, place.clone(), problems);
        if let Some((mut job, may_be_same)) = self.surroundings.job(id.clone(), table, problems) {
            job.schedule = self.parts.schedule(job.schedule);
            job.settings = self.parts.settings(job.settings);
            let place = (job.enabled && !may_be_same).then_some(place);
            self.add(job, place);
        }
    }

    /// So many jobs come: what grows with them grows once.
    fn reserve(&mut self, jobs: usize) {
        self.seen.reserve(jobs);
        self.valid.reserve(jobs);
        self.copies.reserve(jobs);
    }

    /// The entries of crontabs. Ids that are written come first: generated ones make way for them.
    fn read_crontabs(&mut self, crontabs: Crontabs<'t, '_>, problems: &mut Problems) {
        let Crontabs {
            files,
            machine,
            problems: found,
            ..
        } = crontabs;
        let of_the_file = [&self.surroundings.allowed];
        problems.append(found, |problem| Allowed::show(&of_the_file, problem));
        let place = |crontab: &Crontab<'_>, span: &std::ops::Range<usize>| Location {
            source: crontab.file.index,
            span: span.clone(),
        };
        self.reserve(files.iter().map(|crontab| crontab.jobs.len()).sum());
        for crontab in &files {
            for (id, span) in crontab.jobs.iter().filter_map(|job| job.id.as_ref()) {
                self.check_unique(id, place(crontab, span), problems);
            }
        }
        for crontab in &files {
            for written in &crontab.jobs {
                let id = crontab.id(written, |id| self.seen.contains_key(id));
                let place = place(crontab, &written.line);
                if written.id.is_none() {
                    self.check_unique(&id, place.clone(), problems);
                }
                self.crontab_job(crontab, written, id, machine, place, problems);
            }
        }
    }

    fn crontab_job(
        &mut self,
        crontab: &Crontab<'t>,
        written: &WrittenJob,
        id: JobId,
        machine: Option<&dyn Machine>,
        place: Location,
        problems: &mut Problems,
    ) {
        let around = Around {
            zone: &self.surroundings.zone,
            now: self.surroundings.now,
            machine,
        };
        let allowed = [&written.allow, &crontab.allow, &self.surroundings.allowed];
        match crontab.job(written, id, around, &mut self.parts) {
            Ok((job, oddities)) => {
                let shown = oddities
                    .into_iter()
                    .filter(|problem| Allowed::show(&allowed, problem));
                problems.extend(shown);
                let may_be_same = Allowed::silences(&allowed, "same_job");
                self.add(job, (!may_be_same).then_some(place));
            }
            Err(errors) => problems.extend(errors),
        }
    }

    /// A job that is valid; where it stands, if it is to be told that another one is the same.
    fn add(&mut self, job: Job, place: Option<Location>) {
        let job = Arc::new(job);
        if let Some(place) = place {
            self.copies.look_at(&job, place);
        }
        self.valid.push(job);
    }

    fn check_unique(&mut self, id: &JobId, place: Location, problems: &mut Problems) {
        if self.seen.len() == MAX_JOBS {
            let message = format!("there are more than {MAX_JOBS} jobs");
            problems.push(
                Diagnostic::error("too_many_jobs", message).at(place.source, place.span.clone()),
            );
        }
        let known = match self.seen.entry(id.in_lower_case()) {
            MapEntry::Occupied(known) => known,
            MapEntry::Vacant(free) => {
                free.insert((id.clone(), place));
                return;
            }
        };
        let (first, first_place) = known.get();
        let message = if first == id {
            format!("job `{id}` is defined twice")
        } else {
            format!("the ids `{first}` and `{id}` differ in upper and lower case only")
        };
        let problem = Diagnostic::error("duplicate_id", message)
            .at(place.source, place.span)
            .label("again here")
            .related(first_place.clone(), "first here");
        problems.push(problem);
    }
}

fn job_table<'t>(entry: &Entry<'t>, name: String, problems: &mut Problems) -> Option<Table<'t>> {
    let DeValue::Table(_) = entry.value else {
        let problem = wrong_type(entry, "a job's table");
        problems.push(problem.help(format!(
            "write `[jobs.{}]` and its keys below",
            short(entry.key)
        )));
        return None;
    };
    table(entry, name, problems)
}

/// An id as it is shown in messages, whatever was written for one.
fn short(id: &str) -> String {
    quoted(id).trim_matches('`').to_owned()
}
