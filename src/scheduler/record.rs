//! What the store keeps: runs and ranges of fires, and the one outcome each of them ends with.
//!
//! A fire is identified by (job, fire time, clock epoch). The epoch counts backward steps of the
//! clock, so that a time that truly comes twice has two identities.

use crate::config::JobId;
use crate::time::WallTime;
use serde::Serialize;
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
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
    /// Exit code 0.
    Succeeded,
    /// Any other exit code, or a signal that rsched did not send.
    Failed,
    /// Stopped by rsched at the job's `timeout`.
    TimedOut,
    /// Stopped by rsched on request (kill, shutdown).
    Killed,
    /// The process could not be started.
    SpawnFailed,
    /// Noticed later than `misfire_grace_time` allows.
    Missed,
    /// Folded into another fire of the same backlog.
    Coalesced,
    /// `max_instances` reached, or its job was removed while it waited.
    Skipped,
}

impl Outcome {
    /// Every outcome, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Killed,
        Self::SpawnFailed,
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
            Self::Missed => "missed",
            Self::Coalesced => "coalesced",
            Self::Skipped => "skipped",
        }
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
}

impl Reason {
    /// The word for it, as in `RSCHED_REASON`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Catchup => "catchup",
            Self::Startup => "startup",
            Self::Manual => "manual",
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
    /// Waits for a worker; on restart it is backlog.
    Pending,
    /// The decision to start. Once this is durable, the process may be spawned.
    Starting,
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Its exit code, if it exited.
        exit_code: Option<i32>,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
        /// From spawn to end, on the boot clock; none if it never started.
        duration: Option<Duration>,
    },
}

/// One run, as the store keeps it; a later record of the same `id` replaces the earlier.
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
    /// Why it exists.
    pub reason: Reason,
    /// How many fires it stands for: 1, or more after coalescing.
    pub stands_for: u64,
    /// Where it stands.
    pub state: RunState,
}

/// One thing to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A run, in its newest state.
    Run(RunRecord),
    /// Fires that became no run.
    Fires {
        /// Their job.
        job: JobId,
        /// Which fires.
        range: FireRange,
        /// The clock epoch they were due in.
        epoch: u32,
        /// `Missed`, `Coalesced` or `Skipped`.
        outcome: Outcome,
    },
}

/// Names one batch, so that the store's answer can be matched with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What is to be made durable in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Comes back in `Stored` or `StoreFailed`.
    pub ticket: Ticket,
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
