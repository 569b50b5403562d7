//! What the store keeps: runs and ranges of fires, and the one outcome each of them ends with.
//!
//! A fire is identified by (job, fire time, clock epoch). The epoch counts backward steps of the
//! clock, so that a time that truly comes twice has two identities.

use super::emitted::Emitted;
use super::plan_text::PlanText;
use super::progress::Progress;
use crate::config::JobId;
use crate::time::WallTime;
use serde::Serialize;
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

/// The identity of a store; run ids are derived from it, so that two stores never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub u128);

/// The id of a run: the same for the same fire after any crash, usable as an idempotency key.
///
/// 64 bits, shown as 16 hexadecimal digits: with ten million runs kept, the chance of any two
/// sharing one is about one in 400,000, and the store's key is (job, fire time, epoch) anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(u64);

impl RunId {
    /// The id of the run for one fire: a keyed hash of the fire's identity.
    ///
    /// SipHash-2-4 because its output is fixed by its specification, unlike std's hasher.
    #[must_use]
    pub fn of_fire(store: StoreId, job: &JobId, fire_time: WallTime, epoch: u32) -> Self {
        let key = store.0.to_le_bytes();
        let mut hasher = SipHasher24::new_with_key(&key);
        hasher.write(job.as_str().as_bytes());
        hasher.write(&[0]);
        hasher.write(&fire_time.as_micros().to_le_bytes());
        hasher.write(&epoch.to_le_bytes());
        Self(hasher.finish())
    }
}

impl RunId {
    /// The id as a number, for a store.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The id of this number.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The id of the `sequence`-th run that was asked for, at that time: never that of a fire.
    #[must_use]
    pub fn of_request(store: StoreId, job: &JobId, at: WallTime, sequence: u64) -> Self {
        let key = store.0.to_le_bytes();
        let mut hasher = SipHasher24::new_with_key(&key);
        hasher.write(job.as_str().as_bytes());
        // A fire's identity has a zero here.
        hasher.write(&[1]);
        hasher.write(&at.as_micros().to_le_bytes());
        hasher.write(&sequence.to_le_bytes());
        Self(hasher.finish())
    }

    /// Reads an id as it is shown: 16 hexadecimal digits.
    ///
    /// ```
    /// use rsched::scheduler::RunId;
    /// assert_eq!(RunId::parse("68a97bd89fb8527f").unwrap().to_string(), "68a97bd89fb8527f");
    /// assert_eq!(RunId::parse("backup"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, 16)
            .ok()
            .filter(|_| is_id)
            .map(Self)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a fire ended: exactly one of these, for every fire of every enabled job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An exit code of `success_codes`.
    Succeeded,
    /// Any other exit code, or a signal that rsched did not send.
    Failed,
    /// Stopped by rsched at the job's `timeout`.
    TimedOut,
    /// Stopped by rsched on request (kill, shutdown).
    Killed,
    /// The process could not be started.
    SpawnFailed,
    /// It was started, and how it ended could not be learnt: the scheduler or the machine died.
    Lost,
    /// Noticed later than `misfire_grace_time` allows.
    Missed,
    /// Folded into another fire of the same backlog.
    Coalesced,
    /// `max_instances` reached, or its job was removed while it waited.
    Skipped,
}

impl Outcome {
    /// Every outcome, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Killed,
        Self::SpawnFailed,
        Self::Lost,
        Self::Missed,
        Self::Coalesced,
        Self::Skipped,
    ];

    /// The word for it, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Killed => "killed",
            Self::SpawnFailed => "spawn_failed",
            Self::Lost => "lost",
            Self::Missed => "missed",
            Self::Coalesced => "coalesced",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it is of something that came to a process, or should have: not of a fire that was let
    /// go.
    #[must_use]
    pub const fn is_of_a_run(self) -> bool {
        !matches!(self, Self::Missed | Self::Coalesced | Self::Skipped)
    }

    /// The outcome of this name.
    ///
    /// ```
    /// use rsched::scheduler::Outcome;
    /// assert_eq!(Outcome::parse("timed_out"), Some(Outcome::TimedOut));
    /// assert_eq!(Outcome::parse("fine"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a run exists; a job sees it as `RSCHED_REASON`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its fire time came.
    Scheduled,
    /// It stands for a backlog of more than one fire, or was noticed a second or more late.
    Catchup,
    /// Its job has no trigger: it runs once when first seen (`@reboot` too).
    Startup,
    /// Somebody asked for it.
    Manual,
    /// It is not the first attempt of its run. A run's own reason, which stands in its record, is never
    /// this one.
    Retry,
}

impl Reason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 5] = [
        Self::Scheduled,
        Self::Catchup,
        Self::Startup,
        Self::Manual,
        Self::Retry,
    ];

    /// The reason of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// The word for it, as in `RSCHED_REASON`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Catchup => "catchup",
            Self::Startup => "startup",
            Self::Manual => "manual",
            Self::Retry => "retry",
        }
    }
}

/// A number of fires of one job that share an outcome: one record, not a row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FireRange {
    /// The oldest fire time in it.
    pub first: WallTime,
    /// The newest fire time in it.
    pub last: WallTime,
    /// How many fires it stands for, at least 1.
    pub count: u64,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Waits for a worker, or for its next attempt; on restart it is backlog.
    Pending,
    /// The decision to start. Once this is durable, the process may be spawned.
    Starting,
    /// Its process exists.
    Running,
    /// It ended.
    Ended(Box<End>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// When that was learnt.
    pub at: WallTime,
    /// Its exit code, if it exited.
    pub exit_code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether that left a core dump.
    pub core_dumped: bool,
    /// From spawn to end, on the boot clock; none if it never started.
    pub duration: Option<Duration>,
    /// What its processes used, where the kernel told.
    pub usage: Option<Usage>,
    /// What it printed, where that was caught.
    pub output: Option<OutputTail>,
    /// Why, in words, where the outcome does not say all.
    pub detail: Option<String>,
}

impl End {
    /// An end of something that never ran.
    #[must_use]
    pub fn without_process(outcome: Outcome, at: WallTime, detail: Option<String>) -> Self {
        Self {
            outcome,
            at,
            exit_code: None,
            signal: None,
            core_dumped: false,
            duration: None,
            usage: None,
            output: None,
            detail,
        }
    }

    /// The end of a run that was lost and was to run again, and will not, with the reason.
    pub(super) fn not_run_again(self, why: &str) -> Self {
        let lost = self.detail.map(|detail| detail + "; ").unwrap_or_default();
        Self {
            detail: Some(format!("{lost}not run again: {why}")),
            ..self
        }
    }
}

/// What the processes of a run used, those included that it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in its own code.
    pub user_time: Duration,
    /// CPU time in the kernel.
    pub system_time: Duration,
    /// The largest resident memory of any one of its processes, in bytes; none where that is not known.
    pub peak_memory_bytes: Option<u64>,
}

/// The end of what a run printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputTail {
    /// How much it printed in all, in bytes.
    pub total_bytes: u64,
    /// The last of it, as it was printed.
    pub tail: Arc<[u8]>,
}

/// One run, as the store keeps it. A later record of the same (job, fire time, epoch, sequence)
/// replaces the earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// Its job.
    pub job: JobId,
    /// The fire it is for.
    pub fire_time: WallTime,
    /// The clock epoch of that fire.
    pub epoch: u32,
    /// Which of the runs that were asked for it is, from 1; 0 for the run of a fire.
    pub sequence: u64,
    /// Which process of it this is, from 1.
    pub attempt: u32,
    /// Why it exists.
    pub reason: Reason,
    /// How many fires it stands for: 1, or more after coalescing.
    pub stands_for: u64,
    /// When its fire was judged.
    pub noticed_at: WallTime,
    /// When its process was started.
    pub started_at: Option<WallTime>,
    /// From being judged to its process, on the boot clock: waiting for a worker and for the store.
    pub waited: Option<Duration>,
    /// Its process.
    pub pid: Option<i32>,
    /// Where it stands.
    pub state: RunState,
    /// How the attempt before this one ended, until this one begins: the run ends so if it never does.
    pub earlier: Option<Box<End>>,
}

impl RunRecord {
    /// What tells its fire from every other.
    #[must_use]
    pub fn identity(&self) -> FireIdentity {
        (self.job.clone(), self.fire_time, self.epoch, self.sequence)
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        match &self.state {
            RunState::Ended(end) => Some(end),
            _ => None,
        }
    }
}

/// Job, fire time, clock epoch and sequence.
pub type FireIdentity = (JobId, WallTime, u32, u64);

/// Fires that became no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiresRecord {
    /// Their job.
    pub job: JobId,
    /// Which fires.
    pub range: FireRange,
    /// The clock epoch they were due in.
    pub epoch: u32,
    /// `Missed`, `Coalesced` or `Skipped`.
    pub outcome: Outcome,
    /// When they were judged.
    pub judged_at: WallTime,
    /// Why, in words, where the outcome does not say all.
    pub detail: Option<String>,
}

/// What a restart must know of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its id.
    pub job: JobId,
    /// The schedule it was planned by.
    pub plan: PlanText,
    /// When it was first seen: the phase of an interval.
    pub anchor: WallTime,
    /// How far its fires are judged.
    pub progress: Progress,
    /// Whether its fires do not exist for now.
    pub paused: bool,
    /// Whether it was told that it has no fire times left.
    pub finished: bool,
    /// Its definition, if it is in no file: given at run time.
    pub definition: Option<Arc<str>>,
}

/// One thing to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A run, in its newest state.
    Run(RunRecord),
    /// Fires that became no run.
    Fires(FiresRecord),
    /// A job, as it is now.
    Job(Box<JobRecord>),
    /// A job is gone from the jobs file; its runs are still history.
    JobGone(JobId),
    /// Whether all fires wait.
    Paused(bool),
    /// The clock was set back: fires have this epoch from now on.
    Epoch(u32),
    /// What the world was told.
    Event(Box<Emitted>),
}

/// Names one batch, so that the store's answer can be matched with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What is to be made durable in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Comes back in `Stored` or `StoreFailed`.
    pub ticket: Ticket,
    /// The wall clock as it was made. A restart that finds the clock before it knows that it was
    /// set back meanwhile.
    pub made_at: WallTime,
    /// Whether something waits for it to survive a loss of power. If not, it only tells more of
    /// what is known already.
    pub urgent: bool,
    /// In order; all or none.
    pub records: Vec<Record>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_never_changes_between_versions() {
        // Jobs keep them as idempotency keys: these values are for ever.
        let job = JobId::parse("backup").unwrap();
        let fire = WallTime::from_unix_seconds(1_767_225_600);
        let id = |store, epoch| RunId::of_fire(StoreId(store), &job, fire, epoch).to_string();
        assert_eq!(id(1, 0), "68a97bd89fb8527f");
        assert_eq!(id(1, 1), "6e48ef1d8ba74830");
        assert_ne!(id(1, 0), id(2, 0), "another store");
    }

    #[test]
    fn a_run_that_was_asked_for_shares_no_id_with_a_fire() {
        let job = JobId::parse("backup").unwrap();
        let at = WallTime::from_unix_seconds(1_767_225_600);
        let of_request = |sequence| RunId::of_request(StoreId(1), &job, at, sequence);
        assert_ne!(of_request(1), of_request(2));
        assert_ne!(of_request(0), RunId::of_fire(StoreId(1), &job, at, 0));
    }

    #[test]
    fn json_and_text_use_the_same_words() {
        for outcome in Outcome::ALL {
            assert_eq!(
                serde_json::to_string(&outcome).unwrap(),
                format!("\"{outcome}\"")
            );
        }
    }
}
