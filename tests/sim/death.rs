//! The death of a scheduler, and what the next one finds.

use crate::world::{Process, World, count_of, jobs};
use rsched::scheduler::{Event, Fate, RunId, RunState, Scheduler};
use rsched::time::WallTime;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is done to a machine beside killing its scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// `kill -9`: processes live on.
    OfTheScheduler,
    /// A loss of power: nothing lives on, and marks may be gone.
    OfTheMachine,
}

impl World {
    /// The scheduler dies now.
    pub fn kill_scheduler(&mut self) {
        self.die();
    }

    /// It dies after so many more actions, between two of them.
    pub fn kill_scheduler_after(&mut self, actions: u32) {
        self.dies_after = Some(actions);
    }

    /// Somebody sets the clock while nobody looks.
    pub fn step_clock_of_the_dead(&mut self, step: impl FnOnce(WallTime) -> WallTime) {
        assert!(self.dead);
        self.trace.tally.clock_steps += 1;
        self.wall = step(self.wall);
    }

    /// The marks that are still there.
    pub fn marks_left(&self) -> &BTreeSet<(RunId, u32)> {
        &self.marks
    }

    pub fn unfinished_on_disk(&self) -> usize {
        self.disk.unfinished.len()
    }

    /// Half of the batches that have no answer yet were committed all the same.
    pub(super) fn die(&mut self) {
        self.trace.tally.deaths += 1;
        if !self.unanswered.is_empty() {
            self.trace.tally.deaths_while_writing += 1;
        }
        self.dead = true;
        self.dies_after = None;
        self.events.clear();
        // Who prepares them lives on.
        for (run, (_, process)) in std::mem::take(&mut self.starting) {
            self.begins_to_run(run, process);
        }
        for (due, batch) in std::mem::take(&mut self.unanswered) {
            if due.as_micros() % 2 == 0 {
                self.keep(batch);
            }
        }
    }

    /// So much later the next scheduler starts, with these jobs.
    pub fn restart(&mut self, down: Duration, death: Death, toml: &str) {
        if !self.dead {
            self.die();
        }
        self.passes(down);
        let mut orphans = std::mem::take(&mut self.processes);
        let died = |process: &Process, boot| process.ends <= boot || death == Death::OfTheMachine;
        let boot = self.boot;
        let wall = self.wall;
        orphans.retain(|_, process| {
            let gone = died(process, boot);
            if gone {
                self.trace.ended(process, wall);
            }
            !gone
        });
        if death == Death::OfTheMachine {
            self.marks.clear();
            self.boots += 1;
            self.trace.power_losses += 1;
        }
        // A scheduler that died before it wrote anything left the records of the boot before.
        let same_boot = self.boot_on_disk == self.boots;
        let alive = |run| orphans.values().find(|process| process.attempt == run);
        let fates = self
            .disk
            .unfinished
            .values()
            .map(|run| {
                let attempt = (run.id, run.attempt);
                if run.state == RunState::Pending {
                    return Fate::NeverStarted;
                }
                if !same_boot {
                    return Fate::Gone;
                }
                match (self.marks.contains(&attempt), alive(attempt)) {
                    (true, Some(process)) => Fate::Alive {
                        pid: process.pid,
                        since: process.since,
                        since_wall: process.since_wall,
                    },
                    (false, _) if run.state == RunState::Starting => Fate::NeverStarted,
                    _ => Fate::Gone,
                }
            })
            .collect();
        let unfinished = self.disk.unfinished.values();
        let wanted: BTreeSet<_> = unfinished.map(|run| (run.id, run.attempt)).collect();
        self.marks.retain(|mark| wanted.contains(mark));
        let run_time_jobs = self
            .disk
            .jobs
            .values()
            .filter_map(|job| job.definition.as_ref())
            .map(|definition| self.run_time_job(definition))
            .collect();
        let past = self.disk.past(same_boot, run_time_jobs, fates);
        let file = jobs(toml, self.wall);
        self.job_count = count_of(&file);
        self.scheduler = Scheduler::new(file, false, past, self.now());
        for status in self.scheduler.runs_of(None) {
            let is_its = |process: &Process| process.attempt.0 == status.id;
            let key = orphans.iter().find(|(_, process)| is_its(process));
            if let Some(process) = key
                .map(|(&key, _)| key)
                .and_then(|key| orphans.remove(&key))
            {
                self.processes.insert(status.key, process);
            }
        }
        assert!(orphans.is_empty(), "processes nobody knows of: {orphans:?}");
        self.dead = false;
        self.exited = false;
        self.give(Event::Started);
    }
}
