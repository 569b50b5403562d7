//! How far the fires of one job are judged, through every setting of the clock.
//!
//! While the clock only goes forward this is one instant, the cursor. When it is set back, fires
//! that were judged lie ahead again; the stretches of time they are in are remembered, so that
//! none is made a second time.

use crate::schedule::Schedule;
use crate::time::WallTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A backward step of at least this much is a correction: the times before it were wrong. What was
/// merely missed or coalesced in them does not count as judged (a clock that was a year ahead for a
/// minute would silence a job for a year); what ran still does.
pub const CLOCK_CORRECTION: Duration = Duration::from_secs(3 * 3600);

/// How many stretches are remembered of each kind; the oldest is forgotten first.
const MAX_STRETCHES: usize = 16;

/// The smallest step between two instants.
pub(super) const TICK: Duration = Duration::from_micros(1);

/// The time `t` with `after < t <= until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
pub(super) struct Stretch {
    pub after: WallTime,
    pub until: WallTime,
}

impl From<(i64, i64)> for Stretch {
    fn from((after, until): (i64, i64)) -> Self {
        Self {
            after: WallTime::from_micros(after),
            until: WallTime::from_micros(until),
        }
    }
}

impl From<Stretch> for (i64, i64) {
    fn from(stretch: Stretch) -> Self {
        (stretch.after.as_micros(), stretch.until.as_micros())
    }
}

impl Stretch {
    fn holds(self, at: WallTime) -> bool {
        self.after < at && at <= self.until
    }
}

/// How far the fires of one job are judged. As text it is JSON of microseconds, for a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every fire up to here is judged.
    #[serde(with = "micros")]
    cursor: WallTime,
    /// Where the stretch of judged fires that ends at `cursor` began.
    #[serde(with = "micros")]
    since: WallTime,
    /// Where the stretch that ends at `cursor`, and in which every fire ran, began.
    #[serde(with = "micros")]
    ran_since: WallTime,
    /// Stretches whose fires are not made again.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    judged: Box<[Stretch]>,
    /// Stretches in which every fire ran, or was skipped because it was running.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    ran: Box<[Stretch]>,
}

impl Progress {
    /// Nothing after `cursor` is judged, and nothing before it is to be.
    #[must_use]
    pub fn starting_after(cursor: WallTime) -> Self {
        Self {
            cursor,
            since: cursor,
            ran_since: cursor,
            judged: Box::default(),
            ran: Box::default(),
        }
    }

    /// Every fire up to here is judged.
    #[must_use]
    pub fn cursor(&self) -> WallTime {
        self.cursor
    }

    /// Whether a fire at this time was judged: whatever became of it was put on record. That it was not is
    /// no proof: only so many stretches of time are remembered.
    #[must_use]
    pub fn has_judged(&self, at: WallTime) -> bool {
        (self.since < at && at <= self.cursor) || self.judged_stretch(at).is_some()
    }

    /// Behind this, the schedule is known to have been the one it is. It may have been before, too.
    #[must_use]
    pub fn begins_after(&self) -> WallTime {
        let stretches = self.judged.iter().map(|stretch| stretch.after);
        stretches.fold(self.since, WallTime::min)
    }

    /// The first fire that is not judged.
    pub(super) fn next_fire(&self, schedule: &Schedule) -> Option<WallTime> {
        let mut next = schedule.next_after(self.cursor);
        while let Some(stretch) = next.and_then(|at| self.judged_stretch(at)) {
            next = schedule.next_after(stretch.until);
        }
        next
    }

    /// The next unjudged stretch of time that is over by `now`. There may be another behind it.
    pub(super) fn due(&self, now: WallTime) -> Stretch {
        let mut after = self.cursor;
        while let Some(stretch) = self.judged_stretch(after + TICK) {
            after = stretch.until;
        }
        let until = self
            .judged
            .iter()
            .map(|stretch| stretch.after)
            .filter(|&start| start > after)
            .fold(now, WallTime::min);
        Stretch { after, until }
    }

    /// The fires up to `until` are judged. `all_ran` says whether every one of them became a run,
    /// or was skipped because one was running; otherwise `first_run` is the oldest that did.
    pub(super) fn advance(&mut self, until: WallTime, all_ran: bool, first_run: Option<WallTime>) {
        if !all_ran {
            remember(&mut self.ran, self.ran_since, self.cursor);
            self.ran_since = first_run.map_or(until, |first| first - TICK);
        }
        self.cursor = until;
    }

    /// The clock was set back, by so much, to `now`. Fires of a schedule that follows real time
    /// come again, as they truly do; fixed times that were judged do not.
    pub(super) fn set_back(&mut self, now: WallTime, by: Duration, follows_real_time: bool) {
        if self.cursor <= now {
            return;
        }
        if follows_real_time {
            *self = Self::starting_after(now);
            return;
        }
        remember(&mut self.judged, self.since, self.cursor);
        remember(&mut self.ran, self.ran_since, self.cursor);
        if by >= CLOCK_CORRECTION {
            self.judged.clone_from(&self.ran);
        }
        self.cursor = now;
        self.since = now;
        self.ran_since = now;
    }

    /// Fires between here and `now` did not exist, so none of them is judged: should the clock come
    /// back to them, they are new.
    pub fn pass_over(&mut self, now: WallTime) {
        if self.cursor >= now {
            return;
        }
        remember(&mut self.judged, self.since, self.cursor);
        remember(&mut self.ran, self.ran_since, self.cursor);
        self.cursor = now;
        self.since = now;
        self.ran_since = now;
    }

    /// The fires lie elsewhere now: what is judged is what `there` makes of it, in the same order or
    /// nearly.
    pub fn carry_over(&mut self, there: impl Fn(WallTime) -> WallTime) {
        for stretch in self.judged.iter_mut().chain(&mut self.ran) {
            stretch.after = there(stretch.after);
            stretch.until = there(stretch.until).max(stretch.after);
        }
        self.cursor = there(self.cursor);
        self.since = there(self.since).min(self.cursor);
        self.ran_since = there(self.ran_since).min(self.cursor);
    }

    fn judged_stretch(&self, at: WallTime) -> Option<Stretch> {
        self.judged
            .iter()
            .copied()
            .find(|stretch| stretch.holds(at))
    }
}

fn remember(stretches: &mut Box<[Stretch]>, after: WallTime, until: WallTime) {
    if after >= until {
        return;
    }
    let forgotten = (stretches.len() + 1).saturating_sub(MAX_STRETCHES);
    let kept = stretches.iter().skip(forgotten).copied();
    *stretches = kept.chain([Stretch { after, until }]).collect();
}

/// Instants as microseconds since 1970.
mod micros {
    use crate::time::WallTime;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(time: &WallTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.as_micros())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<WallTime, D::Error> {
        i64::deserialize(from).map(WallTime::from_micros)
    }
}
