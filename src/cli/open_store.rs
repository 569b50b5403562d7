//! Opening the store of a scheduler that is about to start, and finding out what its last one left.

use super::exit_code::ExitCode;
use super::terminal::complain;
use crate::api::read_kept;
use crate::config::{JobsFile, StorePlace, Surroundings};
use crate::daemon::{Adopted, fate, mark_name};
use crate::process::StartMarks;
use crate::scheduler::{Fate, Past, RunTimeJob, StoreId};
use crate::store::sqlite::{OldCopy, OpenError, Options, STORE_FILE_NAME, Session, SqliteStore};
use crate::store::{Kept, MemoryStore, Store};
use crate::sys::directories::{Directories, DirectoryError};
use crate::sys::lock::{Holder, InstanceLock, LockError, describe};
use crate::sys::lock_look::{self, Held};
use crate::sys::trust::{TrustPolicy, Walk};
use crate::sys::{clock, host, identity, random};
use crate::time::human;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// A store, and everything the start of a scheduler rests on.
pub(super) struct Opened {
    pub store: Box<dyn Store>,
    /// Its file; none with the memory store.
    pub path: Option<PathBuf>,
    pub past: Past,
    pub marks: Option<StartMarks>,
    pub adopted: Adopted,
    /// What is odd about it, for people.
    pub warnings: Vec<String>,
    /// What else is to be known of it.
    pub notes: Vec<String>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("cannot find out what became of the runs of an earlier scheduler: {0}")]
    Recovery(io::Error),
    #[error("{0}")]
    System(#[from] io::Error),
    #[error("the store `{path}` is in use by {holder}", path = .path.display())]
    InUse { path: PathBuf, holder: String },
    #[error(transparent)]
    Lock(LockError),
    /// What is in it is run.
    #[error(
        "the store `{path}` is not to be trusted, and jobs that were added at run time are kept in it: {reason}",
        path = .path.display()
    )]
    Untrusted { path: PathBuf, reason: String },
}

impl StoreError {
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Open(error) => exit_code(error),
            Self::Untrusted { .. }
            | Self::Directory(DirectoryError::Untrusted { .. })
            | Self::Lock(LockError::Untrusted { .. }) => ExitCode::NotPermitted,
            Self::Directory(DirectoryError::Io { source, .. })
            | Self::Lock(LockError::Io { source, .. }) => ExitCode::of_refusal(source),
            Self::Lock(_) => ExitCode::CannotCreate,
            Self::Recovery(_) | Self::System(_) => ExitCode::InputOutput,
            Self::InUse { .. } => ExitCode::Locked,
        }
    }

    /// Says it, and what to do about it.
    pub fn complain(&self) {
        complain(self);
        if let Self::Open(error) = self
            && let Some(help) = error.help()
        {
            complain(&format_args!("help: {help}"));
        }
        if let Self::Untrusted { .. } = self {
            complain(
                &"help: keep it in a directory that nobody else may write to, with mode 0600, or leave `store` out: it is in the state directory then",
            );
        }
    }
}

/// What to do about a store that is not there because `rsched store recover` was interrupted between moving
/// the damaged one aside and giving its name to the recovered one. None if that is not so. It is said.
pub(super) fn say_if_half_recovered(error: &OpenError) -> Option<ExitCode> {
    let OpenError::Missing { path } = error else {
        return None;
    };
    let mut recovered = path.clone().into_os_string();
    recovered.push(".recovered");
    Path::new(&recovered)
        .symlink_metadata()
        .ok()
        .filter(Metadata::is_file)?;
    complain(&format_args!("{error}: a recovery of it was interrupted"));
    complain(&format_args!(
        "help: `rsched store recover {}` finishes it",
        path.display()
    ));
    Some(exit_code(error))
}

/// What a store that cannot be used comes to for a command.
pub(super) fn exit_code(error: &OpenError) -> ExitCode {
    match error {
        OpenError::Newer { .. }
        | OpenError::Corrupt { .. }
        | OpenError::Foreign { .. }
        | OpenError::Emptied { .. } => ExitCode::InvalidFile,
        OpenError::Missing { .. } | OpenError::Empty { .. } => ExitCode::No,
        OpenError::Io { doing, .. } if *doing == "create" => ExitCode::CannotCreate,
        OpenError::Io { .. } => ExitCode::InputOutput,
    }
}

/// The file that holds the records; none with the memory store.
pub(super) fn store_file(place: &StorePlace, directories: &Directories) -> Option<PathBuf> {
    match place {
        StorePlace::StateDirectory => Some(directories.state.join(STORE_FILE_NAME)),
        StorePlace::File(path) => Some(path.clone()),
        StorePlace::Memory => None,
    }
}

/// The lock of a store, which may be in a directory that is no scheduler's own: two of them with one
/// store would take each other's runs for their own.
pub(super) fn lock(path: &Path, us: &Holder) -> Result<InstanceLock, StoreError> {
    InstanceLock::acquire(&lock_of(path), us).map_err(|error| match error {
        LockError::Held(holder) => StoreError::InUse {
            path: path.to_owned(),
            holder: describe(holder.as_ref()),
        },
        error => StoreError::Lock(error),
    })
}

/// Where the lock of a store is.
fn lock_of(path: &Path) -> PathBuf {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    lock.into()
}

/// The process that uses a store, in its own pid namespace; none: nobody does.
///
/// # Errors
/// Nobody knows.
pub(super) fn user_of(path: &Path) -> Result<Option<i32>, NotKnown> {
    match lock_look::look(&lock_of(path)) {
        Held::By(holder) => Ok(Some(holder.pid)),
        Held::ByNobody => Ok(None),
        Held::NotKnown => Err(NotKnown),
    }
}

/// It cannot be found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotKnown;

/// Opens it. Only for the holder of the instance lock.
pub(super) fn open(
    place: &StorePlace,
    file: &JobsFile,
    directories: &Directories,
    us: &Holder,
    policy: TrustPolicy,
) -> Result<Opened, StoreError> {
    let settings = &file.scheduler;
    let Some(path) = store_file(place, directories) else {
        return Ok(Opened {
            store: Box::new(MemoryStore::default()),
            path: None,
            past: Past::none(StoreId(random::u128()?)),
            marks: None,
            adopted: Adopted::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        });
    };
    // The state directory was looked at when it was made.
    if let StorePlace::File(_) = place {
        check_trust(&path, policy)?;
    }
    let lock = lock(&path, us)?;
    let boot_id = identity::boot_id()?;
    let marks = StartMarks::open(&directories.state, boot_id.clone())?;
    let options = Options {
        durability: settings.durability,
        keep_runs: settings.history.keep_runs,
        fresh_id: random::u128()?,
    };
    let session = Session {
        boot_id,
        pid: host::pid(),
        started_at: clock::read().wall,
    };
    let (store, kept, same_boot) = SqliteStore::open(&path, options, session)?;
    let old = OldCopy::look(&path, &kept);
    let warnings = old.map(|old| old_copy_text(old, &path, &kept, file));
    let whole_path = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
    let whole_path = whole_path.display();
    // Whoever lost the one before is to find out.
    let note = kept.is_new();
    let note = note.then(|| format!("New store `{whole_path}`: nothing is known of earlier runs"));
    let mut adopted = Adopted::new();
    let mut past =
        recover(&kept, file, same_boot, &marks, &mut adopted).map_err(StoreError::Recovery)?;
    past.store_name = format!("sqlite:{whole_path}").into();
    Ok(Opened {
        store: Box::new(store.holding(lock)),
        path: Some(path),
        past,
        marks: Some(marks),
        adopted,
        warnings: warnings.into_iter().collect(),
        notes: note.into_iter().collect(),
    })
}

/// What is said of records that seem to be an old copy.
fn old_copy_text(old: OldCopy, path: &Path, kept: &Kept, file: &JobsFile) -> String {
    let display = |time| human::display(time, &file.scheduler.timezone);
    let (path, newest) = (path.display(), kept.newest.map(display));
    let newest = newest.unwrap_or_else(|| "no time".to_owned());
    let what = match old {
        OldCopy::Behind { newest: had } => format!(
            "the records in `{path}` are an old copy: the newest is from {newest}, and there were some up to {}",
            display(had)
        ),
        OldCopy::PutHere { at } => format!(
            "the records in `{path}` were put there at {}, and the newest is from {newest}: they seem to be an old copy",
            display(at)
        ),
    };
    format!(
        "{what}. What ran since then they do not know: its fires are judged as backlog, and those within `misfire_grace_time` run once more. If later records exist, stop this scheduler and put those back"
    )
}

/// Who may change the store says what is run, as who may change the jobs file does. Anybody may put a file beside
/// it in a shared directory, and SQLite keeps some there whose names are known. As for jobs files, only for
/// root that is an error.
fn check_trust(path: &Path, policy: TrustPolicy) -> Result<(), StoreError> {
    let is_there = path.symlink_metadata().is_ok();
    let directory = path.parent().unwrap_or(path);
    // Where there is none, making it says so.
    let Ok(walk) = Walk::to(if is_there { path } else { directory }, policy) else {
        return Ok(());
    };
    let mut reasons = walk.objections.clone();
    if let Some((_, status)) = walk.last() {
        reasons.extend(policy.objection(path, status));
    }
    if reasons.is_empty() && walk.parent_is_sticky_and_shared()? {
        reasons.push(format!(
            "others may put files into `{}`",
            directory.display()
        ));
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let untrusted = StoreError::Untrusted {
        path: path.to_owned(),
        reason: reasons.join("; "),
    };
    if policy.uid == 0 {
        return Err(untrusted);
    }
    complain(&format_args!("warning: {untrusted}"));
    Ok(())
}

fn recover(
    kept: &Kept,
    file: &JobsFile,
    same_boot: bool,
    marks: &StartMarks,
    adopted: &mut Adopted,
) -> io::Result<Past> {
    let now = clock::read();
    let mut fates = Vec::<Fate>::new();
    for run in kept.unfinished.values() {
        fates.push(fate(run, marks, same_boot, now, adopted)?);
    }
    if same_boot {
        let unfinished = kept.unfinished.values();
        marks.sweep(
            &unfinished
                .map(|run| mark_name(run.id, run.attempt))
                .collect(),
        )?;
    }
    Ok(kept.past(same_boot, run_time_jobs(kept, &file.surroundings), fates))
}

/// The jobs that are in no file. One that makes no sense any more (the file's defaults changed) stays
/// in the store, and is not run.
pub(super) fn run_time_jobs(kept: &Kept, around: &Surroundings) -> Vec<RunTimeJob> {
    let mut jobs = Vec::new();
    for (id, job) in &kept.jobs {
        let Some(definition) = &job.definition else {
            continue;
        };
        match read_kept(id, definition, around) {
            Ok(job) => jobs.push(job),
            Err(why) => complain(&format_args!(
                "warning: job \"{id}\", added at run time, is not run: {why}"
            )),
        }
    }
    jobs
}
