//! What the records have of a stretch of time: who was running then, and what held fires up.

use super::super::open_store::user_of;
use super::super::record_text::{length, second, short};
use super::Cited;
use super::inquiry::Inquiry;
use crate::scheduler::{Emitted, EventName};
use crate::store::sqlite::SessionRow;
use crate::sys::identity::{ProcessStat, boot_id};
use crate::time::{WallTime, Zone};
use nix::unistd::Pid;
use std::path::Path;
use std::time::Duration;

/// That a store still fails is told again after a minute.
const STORE_RETRY: Duration = Duration::from_secs(65);

/// The lives of schedulers, oldest first.
pub(super) struct Lives {
    sessions: Vec<SessionRow>,
    /// Whether the last of them still runs.
    runs: bool,
}

/// Where a time lies among them.
pub(super) enum Life<'a> {
    /// A scheduler was running.
    Within(&'a SessionRow),
    /// None was; this is the one before.
    After(&'a SessionRow),
    /// It died before that time or after it: nobody knows.
    Doubtful(&'a SessionRow),
    /// There had been none yet.
    Before,
}

impl Lives {
    /// Those in the store at this path.
    pub fn new(sessions: Vec<SessionRow>, store: &Path) -> Self {
        let runs = sessions.last().is_some_and(|life| is_running(life, store));
        Self { sessions, runs }
    }

    pub fn last(&self) -> Option<&SessionRow> {
        self.sessions.last()
    }

    /// Whether a scheduler runs now.
    pub fn is_running(&self) -> bool {
        self.runs
    }

    pub fn at(&self, at: WallTime) -> Life<'_> {
        let next = self.sessions.partition_point(|life| life.started_at <= at);
        let Some(life) = next.checked_sub(1).and_then(|last| self.sessions.get(last)) else {
            return Life::Before;
        };
        let runs_now = self.runs && next == self.sessions.len();
        match life.ended_at {
            Some(end) if end < at => Life::After(life),
            None if life.last_seen < at && !runs_now => Life::Doubtful(life),
            _ => Life::Within(life),
        }
    }

    /// The one that was running at `at`, or the first after it.
    fn noticing(&self, at: WallTime) -> Option<&SessionRow> {
        let next = self.sessions.partition_point(|life| life.started_at <= at);
        self.sessions.get(next.checked_sub(1)?)
    }
}

/// Whether it still uses its store; where nobody knows, whether its process lives, as far as its number tells.
fn is_running(life: &SessionRow, store: &Path) -> bool {
    if life.ended_at.is_some() {
        return false;
    }
    if let Ok(user) = user_of(store) {
        return user == Some(life.pid);
    }
    boot_id().is_ok_and(|boot| boot == life.boot_id)
        && ProcessStat::read(Pid::from_raw(life.pid)).is_ok_and(|stat| !stat.has_ended())
}

/// The events that a stretch of time began and ended with.
fn cited(began: &Emitted, ended: Option<&Emitted>) -> Vec<Cited> {
    let ends = std::iter::once(began).chain(ended);
    ends.cloned().map(Cited::Event).collect()
}

/// A stretch of time in which something was paused.
pub(super) struct Pause<'a> {
    pub began: &'a Emitted,
    pub ended: Option<&'a Emitted>,
}

impl Pause<'_> {
    pub fn cited(&self) -> Vec<Cited> {
        cited(self.began, self.ended)
    }

    /// `from 02:51:00 to 03:14:00`, or `since 02:51:00`.
    pub fn text(&self, beside: WallTime, zone: &Zone) -> String {
        let from = short(self.began.time, beside, zone);
        match self.ended {
            Some(end) => format!("from {from} to {}", short(end.time, beside, zone)),
            None => format!("since {from}"),
        }
    }
}

/// A stretch of time in which there was no such job.
pub(super) struct Absence<'a> {
    began: &'a Emitted,
    ended: Option<&'a Emitted>,
}

impl Absence<'_> {
    pub fn cited(&self) -> Vec<Cited> {
        cited(self.began, self.ended)
    }

    /// `removed at 02:51:00 and added again at 03:14:00`, or `removed at 02:51:00`.
    pub fn text(&self, beside: WallTime, zone: &Zone) -> String {
        let from = short(self.began.time, beside, zone);
        match self.ended {
            Some(end) => {
                let until = short(end.time, beside, zone);
                format!("removed at {from} and added again at {until}")
            }
            None => format!("removed at {from}"),
        }
    }
}

/// Why a fire was noticed late.
#[derive(Default)]
pub(super) struct Lateness {
    /// In words; none if nothing on record tells.
    pub why: Option<String>,
    pub cited: Vec<Cited>,
}

impl Inquiry<'_> {
    /// The pause of the scheduler that holds this time.
    pub fn pause_of_scheduler(&self, at: WallTime) -> Option<Pause<'_>> {
        let pauses = EventName::SchedulerPaused;
        self.pause_at(at, pauses, |told, next| match told.name {
            EventName::SchedulerResumed => true,
            // One that starts paused says so next: the pause goes on.
            EventName::SchedulerStarted => next.is_none_or(|next| next.name != pauses),
            _ => false,
        })
    }

    /// The pause of the job that certainly holds this time. A job that leaves the jobs file while no
    /// scheduler runs takes its pause with it, and nobody tells: a pause is believed only up to an event that
    /// ends it, or up to now if the job is paused now.
    pub fn pause_of_job(&self, at: WallTime) -> Option<Pause<'_>> {
        let mut began: Option<&Emitted> = None;
        // It may have been paused from there on: whether it was, its next event tells.
        let mut added: Option<&Emitted> = None;
        let mut is_of_this_life = false;
        for told in &self.events {
            let ends = match told.name {
                EventName::SchedulerStarted => {
                    is_of_this_life = false;
                    continue;
                }
                EventName::JobAdded => {
                    (began, added) = (None, Some(told));
                    continue;
                }
                EventName::JobPaused => {
                    // The one before that ended, and nobody knows when.
                    (began, added) = (Some(told), None);
                    is_of_this_life = true;
                    continue;
                }
                // It was paused, and if nobody paused it, it began so.
                EventName::JobResumed => began.or(added),
                // A job may have gone and come back since, unpaused.
                EventName::JobRemoved => began.filter(|_| is_of_this_life),
                _ => continue,
            };
            (began, added) = (None, None);
            if let Some(start) = ends
                && (start.time..=told.time).contains(&at)
            {
                return Some(Pause {
                    began: start,
                    ended: Some(told),
                });
            }
        }
        let is_paused = self.known.as_ref().is_some_and(|known| known.paused);
        let began = began.or(added).filter(|start| start.time <= at);
        let began = began.filter(|_| is_paused)?;
        Some(Pause { began, ended: None })
    }

    /// A time certainly without the job. One that comes back while no scheduler runs comes unannounced: a
    /// start of the scheduler ends what is certain.
    pub fn absence_at(&self, at: WallTime) -> Option<Absence<'_>> {
        let mut began: Option<&Emitted> = None;
        for told in &self.events {
            match told.name {
                EventName::JobRemoved => began = Some(told),
                EventName::JobAdded => {
                    if let Some(start) = began.take()
                        && start.time <= at
                        && at < told.time
                    {
                        return Some(Absence {
                            began: start,
                            ended: Some(told),
                        });
                    }
                }
                EventName::SchedulerStarted if told.time <= at => began = None,
                _ => {}
            }
        }
        let began = began.filter(|start| start.time <= at && self.known.is_none())?;
        Some(Absence { began, ended: None })
    }

    /// Whether the definition of the job changed behind that time, as far as a scheduler saw it.
    pub fn was_modified_since(&self, at: WallTime) -> bool {
        let is_change =
            |told: &Emitted| matches!(told.name, EventName::JobModified | EventName::JobAdded);
        self.events
            .iter()
            .any(|told| is_change(told) && told.time > at)
    }

    /// `resumes` is asked of an event and the one behind it.
    fn pause_at(
        &self,
        at: WallTime,
        pauses: EventName,
        resumes: impl Fn(&Emitted, Option<&Emitted>) -> bool,
    ) -> Option<Pause<'_>> {
        let mut began: Option<&Emitted> = None;
        for (index, told) in self.events.iter().enumerate() {
            if told.name == pauses {
                began.get_or_insert(told);
            } else if resumes(told, self.events.get(index + 1))
                && let Some(start) = began.take()
                && (start.time..=told.time).contains(&at)
            {
                let ended = Some(told);
                return Some(Pause {
                    began: start,
                    ended,
                });
            }
        }
        let began = began.filter(|start| start.time <= at)?;
        Some(Pause { began, ended: None })
    }

    /// Why a fire was noticed only then.
    pub fn lateness(&self, fire: WallTime, noticed: WallTime) -> Lateness {
        let zone = self.zone;
        if let Some(pause) = self.pause_of_scheduler(fire) {
            return Lateness {
                why: Some(format!(
                    "the scheduler was paused {}",
                    pause.text(fire, zone)
                )),
                cited: pause.cited(),
            };
        }
        if let Some(lateness) = self.downtime(fire, noticed) {
            return lateness;
        }
        // The clock was at the fire's time at no moment, or only after others had been skipped.
        let step = self.events.iter().find(|told| {
            told.name == EventName::ClockStepped
                && told.detail.as_deref() == Some("forward")
                && told.time >= fire
                && told.time <= noticed
                && told.duration.is_some_and(|by| told.time - by <= fire)
        });
        if let Some(told) = step {
            let by = length(told.duration.unwrap_or_default());
            let at = short(told.time, fire, zone);
            return Lateness {
                why: Some(format!("the clock was set forward by {by} at {at}")),
                cited: vec![Cited::Event(told.clone())],
            };
        }
        let failed = self.events.iter().find(|told| {
            told.name == EventName::StoreFailed
                && told.time <= noticed
                && told.time + STORE_RETRY >= fire
        });
        if let Some(told) = failed {
            let detail = told.detail.as_deref().unwrap_or_default();
            return Lateness {
                why: Some(format!("the store took no records ({detail})")),
                cited: vec![Cited::Event(told.clone())],
            };
        }
        Lateness::default()
    }

    /// No scheduler was running at the fire, or the one that was did not get to it.
    fn downtime(&self, fire: WallTime, noticed: WallTime) -> Option<Lateness> {
        let zone = self.zone;
        let back = self.lives.noticing(noticed)?;
        if back.started_at <= fire {
            return None;
        }
        let from = short(back.started_at, fire, zone);
        let (life, why) = match self.lives.at(fire) {
            Life::After(life) => {
                let end = short(life.ended_at.unwrap_or(life.last_seen), fire, zone);
                (life, format!("the scheduler was down from {end} to {from}"))
            }
            Life::Doubtful(life) | Life::Within(life) if life.ended_at.is_none() => {
                let seen = short(life.last_seen, fire, zone);
                let why = format!(
                    "the scheduler died, some time after {seen}, and was started again at {from}"
                );
                (life, why)
            }
            Life::Within(life) | Life::Doubtful(life) => {
                let end = short(life.ended_at.unwrap_or(life.last_seen), fire, zone);
                let why = format!(
                    "the scheduler was stopping, ended at {end} and was started again at {from}"
                );
                (life, why)
            }
            Life::Before => return None,
        };
        Some(Lateness {
            why: Some(why),
            cited: vec![Cited::Session(life.clone()), Cited::Session(back.clone())],
        })
    }

    /// What is to be said of a scheduler that does not run now.
    pub fn gone_since(&self, beside: WallTime) -> String {
        match self.lives.last() {
            Some(life) => match life.ended_at {
                Some(end) => format!(
                    "the scheduler was stopped at {} and has not been started since",
                    short(end, beside, self.zone)
                ),
                None => format!(
                    "the scheduler died, some time after {}, and has not been started since",
                    second(life.last_seen, self.zone)
                ),
            },
            None => "no scheduler has ever run with these records".to_owned(),
        }
    }

    /// The same, of a fire that it did not come to, or of a run that it did not start.
    pub fn not_reached(&self, fire: WallTime) -> String {
        let last = self.lives.last().filter(|life| life.started_at <= fire);
        match last.and_then(|life| life.ended_at) {
            Some(end) if end >= fire => format!(
                "the scheduler did not get to it before it stopped at {}, and has not been started since",
                short(end, fire, self.zone)
            ),
            _ => self.gone_since(fire),
        }
    }
}
