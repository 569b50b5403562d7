//! The jobs as jobs file and records have them: `rsched list` where no scheduler runs.
//!
//! They are given to a scheduler that is never run, so that what is shown is what one would start with.

use super::control_args::SchedulerArgs;
use super::exit_code::ExitCode;
use super::jobs_files;
use super::open_store::run_time_jobs;
use super::records::{self, or_say};
use super::running::{Running, say_that_none_runs};
use super::terminal::complain;
use crate::api::JobJson;
use crate::config::{JobId, JobsFile};
use crate::scheduler::{JobStatus, Outcome, Scheduler, StoreId};
use crate::store::Kept;
use crate::store::sqlite::{History, OpenError};
use crate::sys::clock;
use crate::sys::identity::{ProcessStat, boot_id};
use crate::time::WallTime;
use nix::unistd::Pid;
use std::collections::BTreeMap;

/// All of them, in id order; that no scheduler runs is said.
pub(super) fn jobs(args: &SchedulerArgs) -> Result<Vec<JobJson>, ExitCode> {
    let names_none = args.file.is_none() && args.state_dir.is_none() && args.name.is_none();
    if names_none && jobs_files::found().is_none() {
        // It says so.
        return Err(Running::find(args).err().unwrap_or(ExitCode::NoScheduler));
    }
    let (file, store) = records::of_jobs(&args.into())?;
    let Some(file) = file else {
        complain(
            &"no scheduler runs, and without a valid jobs file nobody knows which jobs there are",
        );
        return Err(ExitCode::NoScheduler);
    };
    let recorded = match History::open(&store) {
        Ok(history) => {
            complain(&"no scheduler runs: this is from the jobs file and its records");
            or_say(Recorded::read(&history))?
        }
        // A jobs file that is named is there, whether it ever ran or not.
        Err(OpenError::Missing { .. } | OpenError::Empty { .. })
            if args.state_dir.is_none() && args.name.is_none() =>
        {
            complain(
                &"no scheduler runs: this is from the jobs file, and there are no records yet",
            );
            Recorded::nothing()
        }
        Err(OpenError::Missing { .. }) => {
            say_that_none_runs(args);
            return Err(ExitCode::NoScheduler);
        }
        Err(error) => return or_say(Err(error)),
    };
    Ok(as_at_a_start(file, &recorded))
}

/// What the records have of the jobs.
struct Recorded {
    kept: Kept,
    /// Whether the last scheduler lived in this boot of this machine.
    same_boot: bool,
    last_outcomes: BTreeMap<JobId, (Outcome, WallTime)>,
}

impl Recorded {
    fn read(history: &History) -> Result<Self, OpenError> {
        let lives = history.sessions()?;
        let last_boot = lives.last().map(|life| life.boot_id.as_str());
        Ok(Self {
            kept: history.kept()?,
            same_boot: last_boot.is_some_and(|last| boot_id().is_ok_and(|boot| boot == last)),
            last_outcomes: history.last_outcomes()?,
        })
    }

    fn nothing() -> Self {
        Self {
            kept: Kept::nothing(StoreId(0)),
            same_boot: true,
            last_outcomes: BTreeMap::new(),
        }
    }

    /// The processes of runs that have no end on record, as far as they live.
    fn processes(&self) -> BTreeMap<&JobId, Vec<i32>> {
        let mut alive = BTreeMap::<_, Vec<i32>>::new();
        for run in self.kept.unfinished.values().filter(|_| self.same_boot) {
            let lives = |&pid: &i32| {
                ProcessStat::read(Pid::from_raw(pid)).is_ok_and(|stat| !stat.has_ended())
            };
            if let Some(pid) = run.pid.filter(lives) {
                alive.entry(&run.job).or_default().push(pid);
            }
        }
        alive
    }
}

/// The jobs as a scheduler that starts now finds them, before it does anything.
fn as_at_a_start(file: JobsFile, recorded: &Recorded) -> Vec<JobJson> {
    let Recorded {
        kept,
        same_boot,
        last_outcomes,
    } = recorded;
    let now = clock::read();
    let added = run_time_jobs(kept, &file.surroundings);
    let past = kept.past(*same_boot, added, Vec::new());
    let scheduler = Scheduler::new(file, false, past, now);
    if scheduler.overview().paused {
        complain(&"it will start paused: fires wait for `rsched resume --all` then");
    }
    let mut processes = recorded.processes();
    let json = |mut status: JobStatus| {
        status.next_fire = coming(&status, now.wall);
        let id = &status.job.id;
        status.processes = processes.remove(id).unwrap_or_default();
        status.instances = u32::try_from(status.processes.len()).unwrap_or(u32::MAX);
        let last_run = kept.summaries.of(id).last_run;
        JobJson::recorded(&status, last_run, last_outcomes.get(id).copied())
    };
    let jobs = scheduler.jobs_after(None, usize::MAX);
    jobs.into_iter().map(json).collect()
}

/// Its next fire from now on; if there is none, the one that came due while nothing ran.
fn coming(status: &JobStatus, now: WallTime) -> Option<WallTime> {
    let next = status.next_fire?;
    if next > now {
        return Some(next);
    }
    let schedule = status.job.schedule.anchored(status.anchor);
    schedule.next_after(now).or(Some(next))
}
