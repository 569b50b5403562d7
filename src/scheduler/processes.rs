//! The life of a run's process, from spawn to end, and the stopping of it.

use super::emitted::{Emitted, EventName};
use super::event::{Action, Exit, StopSignal};
use super::record::{Outcome, RunState};
use super::run::{Run, RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::Now;
use std::time::Duration;

impl Scheduler {
    pub(super) fn spawned(&mut self, key: RunKey, pid: i32, now: Now) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        let timeout_at = run.job.timeout.map(|timeout| now.boot + timeout);
        run.stage = Stage::Running {
            pid,
            since: now.boot,
            since_wall: now.wall,
            timeout_at,
            stop: None,
            kill_at: None,
        };
        self.alarms.extend(timeout_at.map(|at| (at, key)));
        let mut told = run.told(EventName::JobStarted);
        told.pid = Some(pid);
        told.late_by = Some(now.wall.saturating_since(run.planned_start));
        let stop_requested = run.stop_requested;
        self.tell(told);
        if stop_requested {
            self.stop(key, StopReason::Requested, now);
        }
        self.stop_if_shutting_down(key, now);
    }

    pub(super) fn spawn_failed(&mut self, key: RunKey, error: String) {
        let Some(run) = self.runs.remove(&key) else {
            return;
        };
        let mut told = run.told(EventName::JobError);
        told.detail = Some(error);
        self.end(&run, Outcome::SpawnFailed, None, None, told);
    }

    pub(super) fn exited(&mut self, key: RunKey, exit: Exit, now: Now) {
        let Some(run) = self.runs.remove(&key) else {
            return;
        };
        let Stage::Running {
            pid,
            since,
            stop,
            timeout_at,
            kill_at,
            ..
        } = run.stage
        else {
            self.runs.insert(key, run);
            return;
        };
        for at in [timeout_at, kill_at].into_iter().flatten() {
            self.alarms.remove(&(at, key));
        }
        let outcome = match (stop, exit) {
            (Some(StopReason::Timeout), _) => Outcome::TimedOut,
            (Some(StopReason::Shutdown | StopReason::Requested), _) => Outcome::Killed,
            (None, Exit::Code(0)) => Outcome::Succeeded,
            (None, _) => Outcome::Failed,
        };
        let name = if outcome == Outcome::Succeeded {
            EventName::JobExecuted
        } else {
            EventName::JobError
        };
        let mut told = run.told(name);
        told.pid = Some(pid);
        if stop == Some(StopReason::Requested) {
            told.detail = Some("on request".to_owned());
        }
        self.end(
            &run,
            outcome,
            Some(exit),
            Some(now.boot.saturating_since(since)),
            told,
        );
    }

    fn end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        exit: Option<Exit>,
        duration: Option<Duration>,
        mut told: Emitted,
    ) {
        let (exit_code, signal, core_dumped) = match exit {
            Some(Exit::Code(code)) => (Some(code), None, false),
            Some(Exit::Signal {
                number,
                core_dumped,
            }) => (None, Some(number), core_dumped),
            None => (None, None, false),
        };
        self.ledger.fact(run.record(RunState::Ended {
            outcome,
            exit_code,
            signal,
            duration,
        }));
        told.outcome = Some(outcome);
        told.exit_code = exit_code;
        told.signal = signal;
        told.core_dumped = core_dumped;
        told.duration = duration;
        self.tell(told);
        self.workers_busy -= u32::from(run.holds_worker());
        self.leave(run);
    }

    /// Takes a run off its job's instances; the next of a catch-up gets its turn.
    pub(super) fn leave(&mut self, run: &Run) {
        self.perhaps_finished.insert(run.job.id.clone());
        let Some(instances) = self.instances.get_mut(&run.job.id) else {
            return;
        };
        if run.catchup {
            let had_turn = instances.catchup.front() == Some(&run.key);
            instances.catchup.retain(|&key| key != run.key);
            if let Some(&next) = instances.catchup.front().filter(|_| had_turn)
                && self.runs.contains_key(&next)
            {
                self.waiting.push_back(next);
            }
        } else {
            instances.single -= 1;
        }
        if instances.is_empty() {
            self.instances.remove(&run.job.id);
        }
    }

    /// Drops a waiting run: its job is gone, or somebody asked for it.
    pub(super) fn skip_waiting(&mut self, key: RunKey, why: &str) {
        let Some(run) = self.runs.remove(&key) else {
            return;
        };
        self.waiting.retain(|&waiting| waiting != key);
        self.ledger.withdraw_submission(run.id);
        let mut told = run.told(EventName::JobSkipped);
        told.detail = Some(why.to_owned());
        self.end(&run, Outcome::Skipped, None, None, told);
    }

    /// The runs of a job that have not begun to start.
    pub(super) fn waiting_runs_of(&self, id: &JobId) -> Vec<RunKey> {
        self.runs
            .values()
            .filter(|run| run.job.id == *id && !run.holds_worker())
            .map(|run| run.key)
            .collect()
    }

    /// Timeouts and kills that are due.
    pub(super) fn ring_alarms(&mut self, now: Now) {
        while let Some(&(at, key)) = self.alarms.first() {
            if at > now.boot {
                return;
            }
            self.alarms.pop_first();
            let Some(run) = self.runs.get_mut(&key) else {
                continue;
            };
            let Stage::Running { stop, kill_at, .. } = &mut run.stage else {
                continue;
            };
            if stop.is_none() {
                self.stop(key, StopReason::Timeout, now);
            } else if kill_at.is_some_and(|due| due <= now.boot) {
                *kill_at = None;
                self.out.push(Action::Signal {
                    run: key,
                    signal: StopSignal::Kill,
                });
            }
        }
    }

    /// SIGTERM now, SIGKILL `kill_after` later. A run that is being stopped already is left to that.
    pub(super) fn stop(&mut self, key: RunKey, reason: StopReason, now: Now) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        let Stage::Running {
            stop: stop @ None,
            kill_at,
            ..
        } = &mut run.stage
        else {
            return;
        };
        let due = now.boot + run.job.kill_after;
        *stop = Some(reason);
        *kill_at = Some(due);
        self.alarms.insert((due, key));
        self.out.push(Action::Signal {
            run: key,
            signal: StopSignal::Terminate,
        });
    }

    /// SIGKILL now.
    pub(super) fn kill(&mut self, key: RunKey) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        let Stage::Running { stop, kill_at, .. } = &mut run.stage else {
            return;
        };
        stop.get_or_insert(StopReason::Shutdown);
        *kill_at = None;
        self.out.push(Action::Signal {
            run: key,
            signal: StopSignal::Kill,
        });
    }
}
