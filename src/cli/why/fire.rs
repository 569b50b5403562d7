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
        let exactly = Window {
            since: at,
            until: at,
        };
        if let Some(fire) = self.fire_in(exactly)? {
            return Ok(fire);
        }
        let since = WallTime::from_unix_seconds(at.unix_seconds());
        let until = since + Duration::from_secs(1) - TICK;
        let fire = self.fire_in(Window { since, until })?;
        Ok(fire.unwrap_or(Fire::NotDue(at)))
    }

    fn fire_in(&self, window: Window) -> Result<Option<Fire>, ExitCode> {
        let history = &self.records.history;
        if let Some(run) = or_say(history.runs(self.asked(window, 1)))?.pop() {
            return Ok(Some(Fire::Run(Box::new(run))));
        }
        let by_schedule = self
            .schedule
            .as_ref()
            .and_then(|schedule| schedule.next_after(window.since - TICK))
            .filter(|&fire| fire <= window.until);
        // The newest that hold it: after a step of the clock there can be several.
        for fires in or_say(history.fires(self.asked(window, 100)))? {
            let range = &fires.range;
            let holds = |fire: &WallTime| (range.first..=range.last).contains(fire);
            let is_in_window = |fire: &WallTime| (window.since..=window.until).contains(fire);
            let ends = [range.first, range.last].into_iter().find(is_in_window);
            if let Some(fire) = ends.or(by_schedule.filter(holds)) {
                return Ok(Some(Fire::None(fires, fire)));
            }
            if self.schedule.is_none() {
                // Of a job whose schedule nobody knows any more.
                return Ok(Some(Fire::None(fires, window.since)));
            }
        }
        Ok(by_schedule.map(Fire::Unrecorded))
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
            .and_then(|schedule| schedule.last_at_or_before(self.now()));
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
