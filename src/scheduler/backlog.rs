//! What becomes of the fires of one job that are due by now: the one path for every kind of
//! lateness, be it downtime, suspend, a stopped process, a clock step or an overloaded machine.

use super::progress::TICK;
use super::record::FireRange;
use crate::config::Coalesce;
use crate::schedule::{PlannedStarts, Schedule};
use crate::time::WallTime;
use std::time::Duration;

/// With `coalesce = false` at most this many of a backlog run; older ones are coalesced into the
/// first of them. A bound on what one late wake-up can unleash.
pub const MAX_CATCHUP_RUNS: usize = 1_000;

/// The verdict on a backlog.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Judgement {
    /// Noticed too late.
    pub missed: Option<FireRange>,
    /// Folded into the fires in `run`.
    pub coalesced: Option<FireRange>,
    /// To be run, oldest first.
    pub run: Vec<WallTime>,
}

/// The verdict on a backlog to which runs that came back belong as well.
#[derive(Clone, Debug)]
pub(super) struct Backlog {
    pub missed: Option<FireRange>,
    pub coalesced: Option<FireRange>,
    pub run: Vec<WallTime>,
    /// How many fires the first run stands for beside its own.
    pub folded: u64,
    /// Its first runs are made already: the others follow them one by one.
    pub begun: bool,
}

impl From<Judgement> for Backlog {
    fn from(judgement: Judgement) -> Self {
        Self {
            folded: judgement.coalesced.as_ref().map_or(0, |range| range.count),
            missed: judgement.missed,
            coalesced: judgement.coalesced,
            run: judgement.run,
            begun: false,
        }
    }
}

impl Backlog {
    /// None of the fires runs: all that are not missed are folded into a run that is older than
    /// they are.
    pub fn fold_all_fires(&mut self) {
        for &fire in self.run.iter().rev() {
            let range = self.coalesced.get_or_insert(FireRange {
                first: fire,
                last: fire,
                count: 0,
            });
            range.first = range.first.min(fire);
            range.last = range.last.max(fire);
            range.count += 1;
            self.folded += 1;
        }
        self.run.clear();
    }
}

/// Judges the fires `t` with `after < t <= until`, noticed at `now`, by when all of them are to have
/// started.
///
/// A fire noticed exactly `grace` after its planned start still runs; `None` is for ever.
/// Costs do not depend on the number of fires, but for those that run.
#[must_use]
pub fn judge(
    starts: PlannedStarts<'_>,
    after: WallTime,
    until: WallTime,
    now: WallTime,
    grace: Option<Duration>,
    coalesce: Coalesce,
) -> Judgement {
    let schedule = starts.schedule;
    // The last instant whose fire is too late.
    let missed_until = match grace {
        Some(grace) => {
            let too_late = now - grace - TICK;
            starts.begun(after, too_late.min(until).max(after), too_late)
        }
        None => after,
    };
    let mut judgement = Judgement {
        missed: range(schedule, after, missed_until),
        ..Judgement::default()
    };
    let Some(newest) = newest_between(schedule, missed_until, until) else {
        return judgement;
    };
    match coalesce {
        Coalesce::Latest => {
            judgement.coalesced = range(schedule, missed_until, newest - TICK);
            judgement.run.push(newest);
        }
        Coalesce::Earliest => {
            let oldest = schedule.next_after(missed_until).unwrap_or(newest);
            judgement.coalesced = range(schedule, oldest, until);
            judgement.run.push(oldest);
        }
        Coalesce::All => {
            let mut fire = Some(newest);
            while let Some(at) = fire.filter(|_| judgement.run.len() < MAX_CATCHUP_RUNS) {
                judgement.run.push(at);
                fire = newest_between(schedule, missed_until, at - TICK);
            }
            judgement.run.reverse();
            if let Some(&oldest) = judgement.run.first() {
                judgement.coalesced = range(schedule, missed_until, oldest - TICK);
            }
        }
    }
    judgement
}

fn newest_between(schedule: &Schedule, after: WallTime, until: WallTime) -> Option<WallTime> {
    schedule.last_at_or_before(until).filter(|&at| at > after)
}

/// The fires `t` with `after < t <= until`, if there are any.
pub(super) fn range(schedule: &Schedule, after: WallTime, until: WallTime) -> Option<FireRange> {
    let last = newest_between(schedule, after, until)?;
    let first = schedule.next_after(after)?;
    let count = if first == last {
        1
    } else {
        schedule.count_between(after, until)
    };
    Some(FireRange { first, last, count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Jitter, ScheduleSpec, Trigger, parse_expression};
    use crate::time::Zone;
    use proptest::prelude::*;

    fn at(seconds: i64) -> WallTime {
        WallTime::from_unix_seconds(seconds)
    }

    fn schedule(text: &str) -> Schedule {
        let trigger = parse_expression(text).unwrap().trigger;
        ScheduleSpec::new(trigger, Zone::utc()).anchored(at(0))
    }

    fn undelayed(schedule: &Schedule) -> PlannedStarts<'_> {
        PlannedStarts {
            schedule,
            jitter: None,
        }
    }

    fn fires(schedule: &Schedule, after: WallTime, until: WallTime) -> Vec<WallTime> {
        std::iter::successors(schedule.next_after(after), |&fire| {
            schedule.next_after(fire)
        })
        .take_while(|&fire| fire <= until)
        .collect()
    }

    fn range_of(fires: &[WallTime]) -> Option<FireRange> {
        Some(FireRange {
            first: *fires.first()?,
            last: *fires.last()?,
            count: fires.len() as u64,
        })
    }

    #[test]
    fn a_fire_that_is_one_microsecond_over_its_grace_is_missed() {
        let minutely = schedule("* * * * *");
        let grace = Some(Duration::from_secs(10));
        let judge_at = |now| {
            let starts = undelayed(&minutely);
            judge(starts, at(0), now, now, grace, Coalesce::Latest)
        };
        assert_eq!(judge_at(at(70)).run, [at(60)]);
        let late = judge_at(at(70) + TICK);
        assert_eq!(late.missed, range_of(&[at(60)]));
        assert!(late.run.is_empty());
    }

    #[test]
    fn a_grace_longer_than_time_itself_misses_nothing() {
        let minutely = schedule("* * * * *");
        let judged = judge(
            undelayed(&minutely),
            at(0),
            at(120),
            at(120),
            Some(Duration::MAX),
            Coalesce::All,
        );
        assert_eq!(judged.missed, None);
        assert_eq!(judged.run, [at(60), at(120)]);
    }

    proptest! {
        /// Enumerating every fire one by one gives the same verdicts.
        #[test]
        fn the_arithmetic_agrees_with_enumeration(
            text in prop::sample::select(vec!["* * * * *", "*/7 3 * * *", "@every 7s", "@every 61s", "@hourly"]),
            after in 0..100_000_i64,
            length in 0..20_000_i64,
            noticed_later in 0..100_i64,
            grace in prop::option::of(0..30_000_u64),
            coalesce in prop::sample::select(vec![Coalesce::Latest, Coalesce::Earliest, Coalesce::All]),
            jitter in prop::option::of(0..5_000_u64),
        ) {
            let schedule = schedule(text);
            let jitter = jitter.map(|most| Jitter {
                most: Duration::from_secs(most),
                seed: "seed",
                job_id: "job",
            });
            let starts = PlannedStarts { schedule: &schedule, jitter };
            let (after, now) = (at(after), at(after + length + noticed_later));
            let until = starts.begun(after, at(after.unix_seconds() + length), now);
            let grace = grace.map(Duration::from_secs);
            let judged = judge(starts, after, until, now, grace, coalesce);

            let (missed, alive): (Vec<_>, Vec<_>) = fires(&schedule, after, until)
                .into_iter()
                .partition(|&fire| grace.is_some_and(|grace| now.saturating_since(starts.of(fire)) > grace));
            prop_assert_eq!(judged.missed, range_of(&missed));
            let kept = match coalesce {
                Coalesce::All => alive.len().saturating_sub(MAX_CATCHUP_RUNS)..alive.len(),
                Coalesce::Latest => alive.len().saturating_sub(1)..alive.len(),
                Coalesce::Earliest => 0..alive.len().min(1),
            };
            let folded: Vec<_> =
                alive.iter().enumerate().filter(|(index, _)| !kept.contains(index)).map(|(_, &fire)| fire).collect();
            prop_assert_eq!(judged.coalesced, range_of(&folded));
            prop_assert_eq!(&judged.run[..], &alive[kept]);
        }
    }

    #[test]
    fn once_is_once() {
        let once = ScheduleSpec::new(Trigger::Now, Zone::utc()).anchored(at(100));
        let judged = judge(
            undelayed(&once),
            at(100) - TICK,
            at(130),
            at(130),
            Some(Duration::from_secs(60)),
            Coalesce::All,
        );
        assert_eq!(judged.run, [at(100)]);
    }
}
