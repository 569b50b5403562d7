//! What is counted of each job, for `/metrics` and for its last run.

use crate::scheduler::{Emitted, EventName, Outcome, OutcomeCounts, RunId};
use crate::time::WallTime;
use std::time::Duration;

/// Upper bounds of how long runs take, in seconds.
const DURATIONS: [f64; 9] = [
    0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0, 43_200.0,
];
/// Upper bounds of how late runs start, in seconds.
const DELAYS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0];

/// Counts by bound. The bounds stand with the code, not in each of a hundred thousand jobs.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// How many are within each bound and above the one before; the last, above all.
    counts: [u32; 10],
    sum_seconds: f64,
}

impl Histogram {
    fn count(&mut self, value: Duration, bounds: [f64; 9]) {
        let seconds = value.as_secs_f64();
        let bucket = bounds.iter().position(|&bound| seconds <= bound);
        let count = &mut self.counts[bucket.unwrap_or(9)];
        *count = count.saturating_add(1);
        self.sum_seconds += seconds;
    }

    /// How many there are at most so large, bound by bound; then the sum and the number of all.
    pub fn cumulative(&self, bounds: [f64; 9]) -> (Vec<(f64, u64)>, f64, u64) {
        let mut total = 0;
        let mut add = |&count: &u32| {
            total += u64::from(count);
            total
        };
        let upto: Vec<u64> = self.counts.iter().map(&mut add).collect();
        let pairs = bounds.into_iter().zip(upto.iter().copied()).collect();
        (pairs, self.sum_seconds, total)
    }
}

/// Upper bounds of how long a batch of records takes to be durable, in seconds.
const COMMITS: [f64; 9] = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// How long batches of records took to be durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Commits(Histogram);

impl Commits {
    pub fn count(&mut self, took: Duration) {
        self.0.count(took, COMMITS);
    }

    pub fn cumulative(&self) -> (Vec<(f64, u64)>, f64, u64) {
        self.0.cumulative(COMMITS)
    }
}

/// A run that ended.
#[derive(Clone, Debug)]
pub(super) struct LastRun {
    pub run_id: Option<RunId>,
    pub fire_time: Option<WallTime>,
    pub outcome: Outcome,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub duration: Option<Duration>,
    /// When it ended; none: before the scheduler started.
    pub ended_at: Option<WallTime>,
}

/// What is known of one job since the scheduler started.
#[derive(Clone, Debug, Default)]
pub(super) struct JobTally {
    pub outcomes: OutcomeCounts,
    durations: Histogram,
    delays: Histogram,
    pub last_run: Option<LastRun>,
    /// What last became of a fire, be it a run or none, and when that was so; of fires that others stand for
    /// nothing became.
    pub last_outcome: Option<(Outcome, WallTime)>,
    /// When it last succeeded; when that run was due, if it was before the scheduler started.
    pub last_success: Option<WallTime>,
}

impl JobTally {
    /// That of a job with a past, of which no more is known.
    pub fn remembered(
        last_run: Option<(WallTime, Outcome, Option<i32>)>,
        last_success: Option<WallTime>,
    ) -> Self {
        let last_run = last_run.map(|(fire_time, outcome, exit_code)| LastRun {
            run_id: None,
            fire_time: Some(fire_time),
            outcome,
            exit_code,
            signal: None,
            duration: None,
            ended_at: None,
        });
        Self {
            last_run,
            last_success,
            ..Self::default()
        }
    }

    /// Takes in an event about the job.
    pub fn note(&mut self, told: &Emitted) {
        if told.name == EventName::JobStarted
            && let Some(late_by) = told.late_by
        {
            self.delays.count(late_by, DELAYS);
        }
        // Of an attempt that another follows, the run is not over.
        let outcome = told.outcome.filter(|_| told.name != EventName::JobRetrying);
        let Some(outcome) = outcome else {
            return;
        };
        self.outcomes.add(outcome, told.count.unwrap_or(1));
        if outcome != Outcome::Coalesced {
            self.last_outcome = Some((outcome, told.time));
        }
        if let Some(duration) = told.duration {
            self.durations.count(duration, DURATIONS);
        }
        if matches!(told.name, EventName::JobExecuted | EventName::JobError) {
            self.last_run = Some(LastRun {
                run_id: told.run_id,
                fire_time: told.fire_time,
                outcome,
                exit_code: told.exit_code,
                signal: told.signal,
                duration: told.duration,
                ended_at: Some(told.time),
            });
        }
        if outcome == Outcome::Succeeded {
            self.last_success = Some(told.time);
        }
    }

    pub fn durations(&self) -> (Vec<(f64, u64)>, f64, u64) {
        self.durations.cumulative(DURATIONS)
    }

    pub fn delays(&self) -> (Vec<(f64, u64)>, f64, u64) {
        self.delays.cumulative(DELAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JobId;

    #[test]
    fn a_bound_holds_what_is_exactly_as_long() {
        let mut histogram = Histogram::default();
        for seconds in [1, 1, 60, 50_000] {
            histogram.count(Duration::from_secs(seconds), DURATIONS);
        }
        let (upto, sum, count) = histogram.cumulative(DURATIONS);
        assert_eq!(
            upto[1..6],
            [(0.1, 0), (1.0, 2), (10.0, 2), (60.0, 3), (300.0, 3)]
        );
        assert!((sum - 50_062.0).abs() < f64::EPSILON);
        assert_eq!(count, 4);
    }

    #[test]
    fn a_range_of_missed_fires_counts_each() {
        let mut tally = JobTally::default();
        tally.note(&Emitted {
            outcome: Some(Outcome::Missed),
            count: Some(7),
            ..Emitted::about(EventName::JobMissed, &JobId::parse("a").unwrap())
        });
        assert_eq!(tally.outcomes.of(Outcome::Missed), 7);
        assert!(tally.last_run.is_none());
        let last = tally.last_outcome.map(|(outcome, _)| outcome);
        assert_eq!(last, Some(Outcome::Missed));
    }
}
