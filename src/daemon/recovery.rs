//! Finding out what became of the runs that an earlier scheduler left without an end.
//!
//! Whoever holds the instance lock knows that no start is in flight, so the marks of starts tell the
//! truth. What follows from each answer is the scheduler's business.

use crate::process::{Child, Mark, StartMarks};
use crate::scheduler::{Fate, RunId, RunRecord, RunState};
use crate::sys::identity::ProcessIdentity;
use crate::sys::process_search::session_leader_with;
use crate::time::{BootTime, Now, WallTime};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// A clock tick of `proc_pid_stat(5)`: `USER_HZ` is 100 on every architecture Linux has left.
const MICROS_PER_TICK: u64 = 10_000;

/// By how much less the time of a start that is worked out may be wrong.
const UNSURE: Duration = Duration::from_secs(1);

/// The processes of an earlier scheduler that live, by run.
pub type Adopted = BTreeMap<RunId, Child>;

/// The name of the mark of an attempt.
#[must_use]
pub fn mark_name(run: RunId, attempt: u32) -> String {
    format!("{run}.{attempt}")
}

/// What became of a run; its process is put into `adopted` if it lives. `same_boot`: whether the
/// records are of this boot of the machine.
///
/// # Errors
/// It cannot be found out. To go on would be to guess, and perhaps to run a job twice.
pub fn fate(
    run: &RunRecord,
    marks: &StartMarks,
    same_boot: bool,
    now: Now,
    adopted: &mut Adopted,
) -> io::Result<Fate> {
    if !same_boot && run.state != RunState::Pending {
        // Marks are not forced to the disk: one that is missing after a loss of power tells nothing.
        return Ok(Fate::Gone);
    }
    let name = mark_name(run.id, run.attempt);
    let process = match marks.find(&name)? {
        None if run.state == RunState::Running => return Ok(Fate::Gone),
        None => return Ok(Fate::NeverStarted),
        Some(Mark::Process(process)) => Some(process),
        Some(Mark::Unnamed) => session_leader_with(&[
            format!("RSCHED_RUN_ID={}", run.id),
            format!("RSCHED_ATTEMPT={}", run.attempt),
        ])?,
    };
    let Some(process) = process else {
        return Ok(Fate::Gone);
    };
    let Some(child) = Child::adopt(&process)? else {
        return Ok(Fate::Gone);
    };
    if let Some(pid) = child.pid() {
        marks.name_process(&name, pid);
    }
    let since = started_at(&process);
    let since_wall = run
        .started_at
        .unwrap_or_else(|| wall_time_of(since, run.noticed_at, now));
    adopted.insert(run.id, child);
    Ok(Fate::Alive {
        pid: process.pid,
        since,
        since_wall,
    })
}

fn started_at(process: &ProcessIdentity) -> BootTime {
    let micros = process.start_time.saturating_mul(MICROS_PER_TICK);
    BootTime::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// By how far apart the clocks are now. The kernel tells the start of a process in ticks, rounded down,
/// and the clock may have been slewed since: that little must not make it seem that a run started
/// before its fire was noticed. If it is more the clock was set back, and did show that.
fn wall_time_of(then: BootTime, noticed_at: WallTime, now: Now) -> WallTime {
    let start = now.wall - now.boot.saturating_since(then);
    if start < noticed_at && noticed_at.saturating_since(start) < UNSURE {
        noticed_at
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_is_told_in_whole_ticks_is_not_before_the_fire_was_noticed() {
        let noticed_at = WallTime::from_micros(1_795_932_585_000_300);
        let now = Now {
            wall: noticed_at + Duration::from_millis(700),
            boot: BootTime::from_micros(5_006_815),
        };
        let tick = |ticks: u64| {
            started_at(&ProcessIdentity {
                boot_id: String::new(),
                pid: 1,
                start_time: ticks,
            })
        };
        // It was noticed when the machine was up for 4.306815 s.
        assert_eq!(wall_time_of(tick(430), noticed_at, now), noticed_at);
        assert_eq!(
            wall_time_of(tick(431), noticed_at, now),
            noticed_at + Duration::from_micros(3_185)
        );
        // The clock was set back by an hour in between.
        let now = Now {
            wall: now.wall - Duration::from_secs(3600),
            ..now
        };
        let start = noticed_at + Duration::from_micros(3_185) - Duration::from_secs(3600);
        assert_eq!(wall_time_of(tick(431), noticed_at, now), start);
    }
}
