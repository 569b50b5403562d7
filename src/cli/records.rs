//! The records a command is about: which store they are in, opened to be looked at, and what the jobs
//! file says of their jobs, if there is one.

use super::exit_code::ExitCode;
use super::jobs_files::{self, nearest};
use super::open_store::{self, store_file};
use super::record_args::{PlaceArgs, RecordsArgs};
use super::running::Running;
use super::terminal::complain;
use crate::api::read_kept;
use crate::config::{Job, JobId, JobsFile, StorePlace, Surroundings};
use crate::daemon::Rejected;
use crate::diagnostic::quoted;
use crate::schedule::{Jitter, Schedule};
use crate::scheduler::{FiresRecord, JobRecord, PlanText, RunRecord};
use crate::store::Summary;
use crate::store::sqlite::{Asked, History, OpenError, Window};
use crate::sys::clock;
use crate::sys::directories::{Directories, DirectoryVariables, InstanceName};
use crate::sys::trust::TrustPolicy;
use crate::time::{WallTime, Zone, ZoneDatabase};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Records, and what helps to understand them.
pub(super) struct Records {
    pub history: History,
    /// None: there is no jobs file, or no valid one.
    file: Option<JobsFile>,
    /// The jobs that are in no file, read from their definitions when they are first asked for.
    run_time_jobs: OnceCell<BTreeMap<JobId, Arc<Job>>>,
    /// When jobs with a jitter fire.
    spread: RefCell<BTreeMap<JobId, Schedule>>,
    machine_zone: Arc<Zone>,
    /// The moment the command is about.
    pub now: WallTime,
}

/// What an id on the command line names.
pub(super) enum Named {
    Job(JobId),
    Run(Box<RunRecord>),
}

impl Records {
    /// Finds and opens them; what is wrong is said.
    pub fn open(args: &RecordsArgs) -> Result<Self, ExitCode> {
        let zones = ZoneDatabase::system();
        Self::of(Known::find(args, &zones)?, &zones)
    }

    /// Those of a running scheduler.
    pub fn of_running(running: &Running) -> Result<Self, ExitCode> {
        let zones = ZoneDatabase::system();
        Self::of(Known::of_running(running, &zones)?, &zones)
    }

    fn of(known: Known, zones: &ZoneDatabase) -> Result<Self, ExitCode> {
        let history = or_say(History::open(&known.store))?;
        Ok(Self {
            history,
            file: known.file,
            run_time_jobs: OnceCell::new(),
            spread: RefCell::default(),
            machine_zone: zones.machine_zone(),
            now: clock::read().wall,
        })
    }

    /// The job of the jobs file, as it is there now, else the one of that id that was added at run time.
    pub fn job(&self, id: &JobId) -> Option<&Arc<Job>> {
        self.job_of_file(id)
            .or_else(|| self.run_time_jobs().get(id))
    }

    fn job_of_file(&self, id: &JobId) -> Option<&Arc<Job>> {
        self.jobs().iter().find(|job| job.id == *id)
    }

    /// Whether the jobs file has it.
    pub fn is_in_file(&self, id: &JobId) -> bool {
        self.job_of_file(id).is_some()
    }

    /// Those whose definition makes sense.
    fn run_time_jobs(&self) -> &BTreeMap<JobId, Arc<Job>> {
        self.run_time_jobs.get_or_init(|| {
            let bare = Surroundings::default();
            let around = self.file.as_ref().map_or(&bare, |file| &file.surroundings);
            let kept = self.history.run_time_jobs().unwrap_or_default();
            let read = |record: JobRecord| {
                let read = read_kept(&record.job, record.definition.as_deref()?, around).ok()?;
                // Without the file, its defaults are not known: what they make of the job may be another.
                let is_whole = self.file.is_some()
                    || PlanText::of(&read.job).schedule() == record.plan.schedule();
                is_whole.then_some((record.job, read.job))
            };
            kept.into_iter().filter_map(read).collect()
        })
    }

    /// When a fire of a job was to start, by the jitter it has now.
    pub fn planned_start(&self, id: &JobId, fire: WallTime) -> WallTime {
        let Some(most) = self.job(id).and_then(|job| job.schedule.jitter) else {
            return fire;
        };
        let Some(settings) = self.file.as_ref().map(|file| &file.scheduler) else {
            // Without the seed nobody knows: it was not late for sure.
            return fire + most;
        };
        let jitter = Jitter {
            most,
            seed: &settings.seed,
            job_id: id.as_str(),
        };
        let mut spread = self.spread.borrow_mut();
        let schedule = match spread.entry(id.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match self.schedule(id) {
                Some(schedule) => new.insert(schedule),
                None => return fire,
            },
        };
        schedule.planned_start(fire, &jitter)
    }

    /// When a job fires, as far as is known now.
    fn schedule(&self, id: &JobId) -> Option<Schedule> {
        let job = self.job(id)?;
        let known = self.history.job(id).ok().flatten();
        let anchor = known.map_or(self.now, |known| known.anchor);
        Some(Schedule::clone(&job.schedule.anchored(anchor)))
    }

    /// How many of these fires lie in the window; none if that is not known: between the first and the last,
    /// only the schedule they were made by tells the times.
    pub fn fires_within(&self, fires: &FiresRecord, window: Window) -> Option<u64> {
        const TICK: Duration = Duration::from_micros(1);
        let range = &fires.range;
        let is_in = |at: WallTime| (window.since..=window.until).contains(&at);
        match (is_in(range.first), is_in(range.last)) {
            (true, true) => return Some(range.count),
            (first, last) if range.count <= 2 => {
                return Some(u64::from(first) + u64::from(last));
            }
            _ => {}
        }
        let job = self.job(&fires.job)?;
        let known = self.history.job(&fires.job).ok()??;
        let is_of_it = known.plan.schedule() == PlanText::of(job).schedule()
            && known.progress.begins_after() < range.first;
        let schedule = job.schedule.anchored(known.anchor);
        let (since, until) = (range.first.max(window.since), range.last.min(window.until));
        is_of_it.then(|| schedule.count_between(since - TICK, until))
    }

    /// When it fires next; none: never, or not as it is.
    pub fn next_fire(&self, id: &JobId) -> Option<WallTime> {
        let known = self.history.job(id).ok().flatten()?;
        if known.paused || !self.job(id)?.enabled {
            return None;
        }
        self.schedule(id)?.next_after(self.now)
    }

    fn jobs(&self) -> &[Arc<Job>] {
        self.file.as_ref().map_or(&[], |file| &file.jobs)
    }

    /// Whether there is a jobs file that says which jobs there are.
    pub fn has_jobs_file(&self) -> bool {
        self.file.is_some()
    }

    /// The zone that times of no job in particular are shown in: the jobs file's, else the machine's.
    pub fn zone(&self) -> &Zone {
        match &self.file {
            Some(file) => &file.scheduler.timezone,
            None => &self.machine_zone,
        }
    }

    /// The zone that the times of a job are shown in.
    pub fn zone_of(&self, id: &JobId) -> &Zone {
        match self.job(id) {
            Some(job) => &job.schedule.spec.zone,
            None => self.zone(),
        }
    }

    /// The job of this id, be it in the records or in the jobs file; that there is none is said.
    pub fn known_job(&self, id: &str) -> Result<JobId, ExitCode> {
        match self.find_job(id)? {
            Some(id) => Ok(id),
            None => Err(self.no_such("job", id)),
        }
    }

    fn find_job(&self, id: &str) -> Result<Option<JobId>, ExitCode> {
        let Ok(id) = JobId::parse(id) else {
            return Ok(None);
        };
        let known = self.job(&id).is_some() || or_say(self.history.job_ids())?.contains(&id);
        Ok(known.then_some(id))
    }

    /// The job of this id, else the run whose id begins like that; that there is neither is said.
    pub fn known_job_or_run(&self, text: &str) -> Result<Named, ExitCode> {
        match self.find_job_or_run(text)? {
            Some(named) => Ok(named),
            None => Err(self.no_such("job or run", text)),
        }
    }

    /// The job of this id, else the run whose id begins like that.
    pub fn find_job_or_run(&self, text: &str) -> Result<Option<Named>, ExitCode> {
        if let Some(id) = self.find_job(text)? {
            return Ok(Some(Named::Job(id)));
        }
        Ok(self.find_run(text)?.map(|run| Named::Run(Box::new(run))))
    }

    /// The one run whose id begins like that; that there are several is said.
    pub fn find_run(&self, digits: &str) -> Result<Option<RunRecord>, ExitCode> {
        let mut runs = or_say(self.history.runs_of_id(digits, 2))?;
        if runs.len() > 1 {
            complain(&format_args!(
                "the ids of several runs begin with {}: give more of it",
                quoted(digits)
            ));
            return Err(ExitCode::Usage);
        }
        Ok(runs.pop())
    }

    /// The newest run of a job, of those that `wanted` is true of.
    pub fn newest_run(
        &self,
        job: &JobId,
        wanted: impl Fn(&RunRecord) -> bool,
    ) -> Result<Option<RunRecord>, ExitCode> {
        // More than a job can have that run or wait, but for a backlog that is worked off one by one.
        const LOOKED_AT: u32 = 2_000;
        let runs = or_say(self.history.runs(Asked {
            job: Some(job),
            window: Window::ALWAYS,
            outcomes: &[],
            at_most: LOOKED_AT,
        }))?;
        Ok(runs.into_iter().find(wanted))
    }

    /// Says that there is no such thing, and what was perhaps meant.
    fn no_such(&self, what: &str, id: &str) -> ExitCode {
        let recorded = self.history.job_ids().unwrap_or_default();
        let ids = recorded.iter().chain(self.jobs().iter().map(|job| &job.id));
        let meant = match nearest(id, ids.map(JobId::as_str)) {
            Some(other) => format!(", did you mean `{other}`?"),
            None if recorded.is_empty() => ": nothing has run yet".to_owned(),
            None => "; `rsched history` shows what ran".to_owned(),
        };
        complain(&format_args!(
            "there is no {what} {} in `{}`{meant}",
            quoted(id),
            self.history.path().display(),
        ));
        ExitCode::Usage
    }
}

/// What the store answers, or the exit code when it cannot, which is then said.
pub(super) fn or_say<T>(answer: Result<T, OpenError>) -> Result<T, ExitCode> {
    answer.map_err(|error| cannot_open(&error))
}

fn cannot_open(error: &OpenError) -> ExitCode {
    if let Some(code) = open_store::say_if_half_recovered(error) {
        return code;
    }
    complain(error);
    let help = match error {
        OpenError::Missing { .. } | OpenError::Empty { .. } => Some(
            "a scheduler makes it when it first runs; -f, --state-dir, --name and --store say which one is meant"
                .to_owned(),
        ),
        _ => error.help(),
    };
    if let Some(help) = help {
        complain(&format_args!("help: {help}"));
    }
    open_store::exit_code(error)
}

/// The file that is meant, be there one or not.
pub(super) fn store_of(args: &RecordsArgs) -> Result<PathBuf, ExitCode> {
    Known::find(args, &ZoneDatabase::system()).map(|known| known.store)
}

/// The jobs file that says which jobs there are, if there is a valid one, and the file of their records, be
/// there one or not.
pub(super) fn of_jobs(args: &RecordsArgs) -> Result<(Option<JobsFile>, PathBuf), ExitCode> {
    let known = Known::find(args, &ZoneDatabase::system())?;
    Ok((known.file, known.store))
}

/// What the records say of a job's past, for a run of it that is not theirs: nothing where there are none
/// that can be read. A wrong option is said.
pub(super) fn past_of(
    place: &PlaceArgs,
    file: &JobsFile,
    named_after: &Path,
    job: &JobId,
) -> Result<Summary, ExitCode> {
    if place.store.is_none() && file.scheduler.store == StorePlace::Memory {
        return Ok(Summary::default());
    }
    let store = place_of(place, Some(file), Some(named_after))?;
    let read = || -> Result<Summary, OpenError> {
        let history = History::open(&store)?;
        let newest = history.runs(Asked {
            job: Some(job),
            window: Window::ALWAYS,
            outcomes: &[],
            at_most: 100,
        })?;
        let last = newest.iter().find_map(|run| {
            let end = run.end().filter(|end| end.outcome.is_of_a_run())?;
            Some((run.fire_time, end.outcome, end.exit_code))
        });
        Ok(Summary {
            last_run: last,
            last_success: history.newest_success(job)?,
            ..Summary::default()
        })
    };
    Ok(read().unwrap_or_default())
}

/// What is known before the store is opened.
struct Known {
    file: Option<JobsFile>,
    store: PathBuf,
}

impl Known {
    /// The jobs file is the one named, else the first that exists of the usual places; where there is
    /// none, and one scheduler runs, everything is that one's.
    fn find(args: &RecordsArgs, zones: &ZoneDatabase) -> Result<Self, ExitCode> {
        let place = &args.place;
        if let Some(socket) = &args.socket {
            return Self::of_running(&Running::at(socket)?, zones);
        }
        let says_where = place.state_dir.is_some() || place.name.is_some() || place.store.is_some();
        let files = if args.files.is_empty() {
            match jobs_files::found() {
                Some(file) => {
                    complain(&format_args!("using {}", file.display()));
                    vec![file]
                }
                None if says_where => Vec::new(),
                None => {
                    return match Running::only() {
                        Some(running) => Self::of_running(&running, zones),
                        // It says which places were tried.
                        None => Err(jobs_files::pick(&[]).err().unwrap_or(ExitCode::Usage)),
                    };
                }
            }
        } else {
            args.files.clone()
        };
        let named_after = files.first().cloned();
        let file = read(files, zones)?;
        let store = place_of(place, file.as_ref(), named_after.as_deref())?;
        Ok(Self { file, store })
    }

    fn of_running(running: &Running, zones: &ZoneDatabase) -> Result<Self, ExitCode> {
        let scheduler = running.scheduler()?;
        let Some(store) = scheduler.store else {
            complain(&IN_MEMORY);
            return Err(ExitCode::No);
        };
        let files = scheduler.jobs_files.iter().map(PathBuf::from).collect();
        // It goes on with what it has read, whatever the files say by now.
        Ok(Self {
            file: read(files, zones).unwrap_or_default(),
            store: store.into(),
        })
    }
}

const IN_MEMORY: &str =
    "there are no records to read: the store is `memory`, which nobody but the scheduler sees";

fn read(files: Vec<PathBuf>, zones: &ZoneDatabase) -> Result<Option<JobsFile>, ExitCode> {
    if files.is_empty() {
        return Ok(None);
    }
    match jobs_files::read(files, None, zones, clock::read().wall) {
        Ok(read) => Ok(Some(read.file)),
        Err(Rejected::Invalid { .. }) => {
            complain(
                &"the jobs file is not valid (`rsched validate` says why), so nothing it says of zones, schedules and its store is used",
            );
            Ok(None)
        }
        Err(rejected) => Err(jobs_files::complain_about(&rejected)),
    }
}

/// The file that a scheduler with this jobs file and these options keeps its records in.
fn place_of(
    args: &PlaceArgs,
    file: Option<&JobsFile>,
    named_after: Option<&Path>,
) -> Result<PathBuf, ExitCode> {
    let fail = |code: ExitCode, why: &dyn Display| {
        complain(why);
        code
    };
    let place = match &args.store {
        Some(text) => {
            let here = std::env::current_dir().unwrap_or_default();
            StorePlace::parse(text, &here)
                .map_err(|why| fail(ExitCode::Usage, &format_args!("--store: {why}")))?
        }
        None => file.map_or(StorePlace::default(), |file| file.scheduler.store.clone()),
    };
    if let StorePlace::File(path) = place {
        return Ok(path);
    }
    let name = match (&args.name, named_after) {
        (Some(name), _) => InstanceName::chosen(name),
        (None, Some(file)) => {
            let canonical = file.canonicalize().unwrap_or_else(|_| file.to_owned());
            Some(InstanceName::of_jobs_file(&canonical))
        }
        // The state directory says it all.
        (None, None) => InstanceName::chosen("any"),
    };
    let Some(name) = name else {
        let name = quoted(args.name.as_deref().unwrap_or_default());
        let why = format_args!("{name} is no name of a scheduler");
        return Err(fail(ExitCode::Usage, &why));
    };
    let variables = DirectoryVariables::of_this_process();
    let uid = TrustPolicy::of_this_process(None).uid;
    let directories = Directories::resolve(&name, args.state_dir.as_deref(), &variables, uid)
        .map_err(|error| fail(ExitCode::Usage, &error))?;
    store_file(&place, &directories).ok_or_else(|| fail(ExitCode::No, &IN_MEMORY))
}
