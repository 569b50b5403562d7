//! Which fire is meant.

use super::super::exit_code::ExitCode;
use super::super::records::or_say;
use super::inquiry::Inquiry;
use crate::scheduler::{FiresRecord, RunRecord};
use crate::store::sqlite::{Asked, Window};
use crate::time::WallTime;
use std::time::Duration;

const TICK: Duration = Duration::from_micros(1);

/// What there is at that time.
pub(super) enum Fire {
    /// A fire that became a run.
    Run(Box<RunRecord>),
    /// A fire that became none, by the record of it and its like.
    None(FiresRecord, WallTime),
    /// A time between the first and the last of such fires, and nobody knows whether one of them was then.
    Perhaps(FiresRecord, WallTime),
    /// A fire of the schedule that there is no record of.
    Unrecorded(WallTime),
    /// No fire, neither of the schedule nor on record.
    NotDue(WallTime),
    /// Nothing is known of any fire of the job.
    Unknown,
}

impl Inquiry<'_> {
    pub fn fire(&self) -> Result<Fire, ExitCode> {
        match self.at {
            Some(at) => self.fire_at(at),
            None => self.newest_fire(),
        }
    }

    fn asked(&self, window: Window, at_most: u32) -> Asked<'_> {
        Asked {
            job: Some(&self.job),
            window,
            outcomes: &[],
            at_most,
        }
    }

    /// The fire at that very microsecond, else the first in that second: a time a while ago is given to
    /// the microsecond, and meant to the second at best.
    pub fn fire_at(&self, at: WallTime) -> Result<Fire, ExitCode> {
        let since = WallTime::from_unix_seconds(at.unix_seconds());
        let until = since + Duration::from_secs(1) - TICK;
        let windows = [
            Window {
                since: at,
                until: at,
            },
            Window { since, until },
        ];
        for window in windows {
            if let Some(fire) = self.recorded_in(window)? {
                return Ok(fire);
            }
            let scheduled = self.scheduled_in(window);
            if let Some(fire) = scheduled.filter(|&fire| fire > self.now() || self.in_force(fire)) {
                return Ok(Fire::Unrecorded(fire));
            }
        }
        if let Some(fires) = self.range_around(at)? {
            return Ok(Fire::Perhaps(fires, at));
        }
        let scheduled = windows
            .into_iter()
            .find_map(|window| self.scheduled_in(window));
        Ok(scheduled.map_or(Fire::NotDue(at), Fire::Unrecorded))
    }

    /// The first fire of the schedule as it is now, be it the one of then or not.
    fn scheduled_in(&self, window: Window) -> Option<WallTime> {
        let next = self.schedule.as_ref()?.next_after(window.since - TICK)?;
        Some(next).filter(|&fire| fire <= window.until)
    }

    fn recorded_in(&self, window: Window) -> Result<Option<Fire>, ExitCode> {
        let history = &self.records.history;
        if let Some(run) = or_say(history.runs(self.asked(window, 1)))?.pop() {
            return Ok(Some(Fire::Run(Box::new(run))));
        }
        let scheduled = self
            .scheduled_in(window)
            .filter(|&fire| self.in_force(fire));
        // The newest that hold it: after a step of the clock there can be several.
        for fires in or_say(history.fires(self.asked(window, 100)))? {
            let range = &fires.range;
            let holds = |fire: &WallTime| (range.first..=range.last).contains(fire);
            let is_in_window = |fire: &WallTime| (window.since..=window.until).contains(fire);
            // Of what lies between the ends, only the schedule they were made by tells the times.
            let ends = [range.first, range.last].into_iter().find(is_in_window);
            if let Some(fire) = ends.or(scheduled.filter(holds)) {
                return Ok(Some(Fire::None(fires, fire)));
            }
        }
        Ok(None)
    }

    /// Fires of a schedule that nobody knows any more, and of which one may have been at that time: of two
    /// both times are known.
    fn range_around(&self, at: WallTime) -> Result<Option<FiresRecord>, ExitCode> {
        if self.in_force(at) {
            return Ok(None);
        }
        let exactly = Window {
            since: at,
            until: at,
        };
        let around = or_say(self.records.history.fires(self.asked(exactly, 100)))?;
        Ok(around.into_iter().find(|fires| fires.range.count > 2))
    }

    /// The newest that was due by now.
    fn newest_fire(&self) -> Result<Fire, ExitCode> {
        let history = &self.records.history;
        let window = Window {
            until: self.now(),
            ..Window::ALWAYS
        };
        let run = or_say(history.runs(self.asked(window, 1)))?.pop();
        let fires = or_say(history.fires(self.asked(window, 1)))?.pop();
        let due = self
            .schedule
            .as_ref()
            .filter(|_| self.defined.is_some_and(|job| job.enabled))
            .and_then(|schedule| schedule.last_at_or_before(self.now()))
            .filter(|&due| self.known.is_none() || self.in_force(due));
        let of_run = run.as_ref().map(|run| run.fire_time);
        let of_fires = fires.as_ref().map(|fires| fires.range.last);
        let recorded = of_run.max(of_fires);
        if let Some(due) = due.filter(|&due| recorded.is_none_or(|recorded| due > recorded)) {
            return Ok(Fire::Unrecorded(due));
        }
        Ok(match (run, fires) {
            (Some(run), _) if of_run >= of_fires => Fire::Run(Box::new(run)),
            (_, Some(fires)) => {
                let last = fires.range.last;
                Fire::None(fires, last)
            }
            _ => Fire::Unknown,
        })
    }
}
