//! The life of a run's process, from spawn to end, and the stopping of it.

use super::emitted::{Emitted, EventName};
use super::event::{Action, Exit, StopSignal};
use super::record::{End, Outcome, OutputTail, RunState, Usage};
use super::run::{Run, RunKey, Stage, StopReason};
use super::scheduler::Scheduler;
use crate::config::JobId;
use crate::time::Now;

impl Scheduler {
    pub(super) fn spawned(&mut self, key: RunKey, pid: i32, now: Now) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        let timeout_at = run.job.settings.timeout.map(|timeout| now.boot + timeout);
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
        // A further attempt is due when the one before it has ended.
        let is_first = run.attempt == 1;
        told.late_by = is_first.then(|| now.wall.saturating_since(run.planned_start));
        run.earlier = None;
        let stop_requested = run.stop_requested;
        let record = run.record(RunState::Running);
        self.ledger.note(record, now.boot);
        self.tell(told);
        if let Some(reason) = stop_requested {
            self.stop(key, reason, now);
        }
        self.stop_if_shutting_down(key, now);
    }

    pub(super) fn spawn_failed(&mut self, key: RunKey, error: String) {
        let Some(run) = self.runs.remove(&key) else {
            return;
        };
        let mut told = run.told(EventName::JobError);
        told.detail = Some(match run.stop_requested {
            Some(reason) => format!("{error}; {}", reason.of_a_start()),
            None => error,
        });
        let end = End::without_process(Outcome::SpawnFailed, self.now.wall, None);
        self.conclude(run, end, told);
    }

    pub(super) fn exited(
        &mut self,
        key: RunKey,
        exit: Exit,
        usage: Option<Usage>,
        output: Option<OutputTail>,
    ) {
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
            (Some(_), _) => Outcome::Killed,
            (None, Exit::Code(code)) if run.job.settings.policy.success_codes.contains(code) => {
                Outcome::Succeeded
            }
            (None, Exit::Unknown) => Outcome::Lost,
            (None, _) => Outcome::Failed,
        };
        let name = if outcome == Outcome::Succeeded {
            EventName::JobExecuted
        } else {
            EventName::JobError
        };
        let mut told = run.told(name);
        told.pid = Some(pid);
        let (exit_code, signal, core_dumped) = match exit {
            Exit::Code(code) => (Some(code), None, false),
            Exit::Signal {
                number,
                core_dumped,
            } => (None, Some(number), core_dumped),
            Exit::Unknown => (None, None, false),
        };
        let detail = match (outcome, stop) {
            (Outcome::Lost, _) => {
                Some("it ended, and the kernel tells how only to the scheduler that started it")
            }
            (_, Some(StopReason::Requested)) => Some("on request"),
            (_, Some(StopReason::Replaced)) => Some("for a later run to take its place"),
            (_, Some(StopReason::Shutdown)) => Some("because the scheduler was shutting down"),
            _ => None,
        };
        let detail = detail.map(str::to_owned);
        told.detail.clone_from(&detail);
        let end = End {
            outcome,
            at: self.now.wall,
            exit_code,
            signal,
            core_dumped,
            duration: Some(self.now.boot.saturating_since(since)),
            usage,
            output,
            detail,
        };
        self.conclude(run, end, told);
    }

    /// Records the end of a run, tells it, and gives back what it held.
    pub(super) fn end(&mut self, run: &Run, mut end: End, mut told: Emitted) {
        told.tell_end(&end);
        if told.detail.is_none() {
            told.detail.clone_from(&end.detail);
        }
        if end.detail.is_none() {
            end.detail.clone_from(&told.detail);
        }
        self.ledger.fact(run.record(RunState::Ended(Box::new(end))));
        self.tell(told);
        if run.holds_worker() {
            self.pools.give_back(run);
        }
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
                && let Some(next) = self.runs.get_mut(&next)
            {
                self.pools.join(next);
            }
        } else if run.queued {
            instances.queued.retain(|&key| key != run.key);
        } else {
            instances.single.remove(&run.key);
        }
        if instances.is_empty() {
            self.instances.remove(&run.job.id);
        }
        self.admit_queued(&run.job.id);
    }

    /// Drops a waiting run: its job is gone, or somebody asked for it.
    pub(super) fn skip_waiting(&mut self, key: RunKey, why: &str) {
        if self.runs.get(&key).is_some_and(|run| run.earlier.is_some()) {
            // It is not for nothing that it waits: something of it ran.
            return self.give_up(key, why);
        }
        let Some(run) = self.runs.remove(&key) else {
            return;
        };
        self.pools.drop_out(&run);
        self.ledger.withdraw_submission(run.id);
        self.withdraw_replacement(key);
        let mut told = run.told(EventName::JobSkipped);
        told.detail = Some(why.to_owned());
        let end = End::without_process(Outcome::Skipped, self.now.wall, None);
        self.end(&run, end, told);
    }

    /// The runs of a job that have not begun to start.
    pub(super) fn waiting_runs_of(&self, id: &JobId) -> Vec<RunKey> {
        self.runs
            .values()
            .filter(|run| run.job.id == *id && !run.holds_worker())
            .map(|run| run.key)
            .collect()
    }

    /// Timeouts, kills and further attempts that are due.
    pub(super) fn ring_alarms(&mut self, now: Now) {
        while let Some(&(at, key)) = self.alarms.first() {
            if at > now.boot {
                return;
            }
            self.alarms.pop_first();
            let Some(run) = self.runs.get_mut(&key) else {
                continue;
            };
            if matches!(run.stage, Stage::Retrying { .. }) {
                self.retry_is_due(key, now);
                continue;
            }
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
        let due = now.boot + run.job.settings.kill_after;
        *stop = Some(reason);
        *kill_at = Some(due);
        self.alarms.insert((due, key));
        self.out.push(Action::Signal {
            run: key,
            signal: StopSignal::Terminate,
        });
    }

    /// It has no process yet. Where it comes to be all the same, it is stopped then.
    pub(super) fn stop_before_it_runs(&mut self, key: RunKey, reason: StopReason) {
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        run.stop_requested.get_or_insert(reason);
        if matches!(run.stage, Stage::Starting) {
            self.out.push(Action::GiveUpStart { run: key });
        }
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
