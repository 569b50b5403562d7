//! What an event says to a person, in the words `APScheduler`'s users know.

use super::level::Level;
use crate::scheduler::{CLOCK_CORRECTION, Emitted, EventName, Outcome};
use crate::time::{WallTime, Zone, duration, human};
use nix::sys::signal::Signal;
use std::time::Duration;

/// How loud an event is.
pub(super) fn level(told: &Emitted) -> Level {
    match told.name {
        EventName::JobSubmitted | EventName::ExecutorAdded | EventName::JobstoreAdded => {
            Level::Debug
        }
        EventName::JobMissed
        | EventName::JobMaxInstances
        | EventName::JobSkipped
        | EventName::JobRetrying
        | EventName::ClockStepped
        | EventName::SchedulerPaused => Level::Warn,
        EventName::JobError
        | EventName::StoreFailed
        | EventName::JobstoreRemoved
        | EventName::ReloadFailed => Level::Error,
        _ => Level::Info,
    }
}

/// The event as a sentence.
pub(super) fn sentence(told: &Emitted, zone: &Zone) -> String {
    let job = told.job_id.as_ref().map_or("", |id| id.as_str());
    let count = told.count.unwrap_or(1);
    let at = told
        .fire_time
        .map(|time| human::display(time, zone))
        .unwrap_or_default();
    let detail = told.detail.as_deref().unwrap_or_default();
    match told.name {
        EventName::SchedulerStarted => format!("Scheduler started with {}", counted(count, "job")),
        EventName::SchedulerShutdown if count > 0 => {
            format!(
                "Scheduler has been shut down; {} that waited for a worker did not start",
                counted(count, "run")
            )
        }
        EventName::SchedulerShutdown => "Scheduler has been shut down".to_owned(),
        EventName::SchedulerPaused => "Scheduler is paused: no job is started".to_owned(),
        EventName::SchedulerResumed => "Scheduler is resumed".to_owned(),
        EventName::ExecutorAdded => format!("Added executor {detail}"),
        EventName::ExecutorRemoved => format!("Removed executor {detail}"),
        EventName::JobstoreAdded => format!("Records are kept in {detail}"),
        EventName::JobstoreRemoved => {
            format!("The file of the store {detail} was removed or replaced while it was in use")
        }
        EventName::AllJobsRemoved => {
            format!("Removed all jobs of no file: {}", counted(count, "job"))
        }
        EventName::JobPaused => format!("Paused job \"{job}\""),
        EventName::JobResumed => format!("Resumed job \"{job}\""),
        EventName::JobAdded => format!("Added job \"{job}\""),
        EventName::JobRemoved => format!("Removed job \"{job}\""),
        EventName::JobModified => format!("Changed job \"{job}\""),
        EventName::JobSubmitted => format!("Submitted job \"{job}\" (scheduled at {at})"),
        EventName::JobStarted => {
            let attempt = told
                .attempt
                .map_or(String::new(), |n| format!(", attempt {n}"));
            format!("Running job \"{job}\" (scheduled at {at}{attempt})")
        }
        EventName::JobExecuted => {
            format!("Job \"{job}\" executed successfully ({})", ending(told))
        }
        EventName::JobError => failure(told, job, detail),
        EventName::JobMissed if count > 1 => format!(
            "{count} run times of job \"{job}\" were missed, the last by {}",
            clock_length(told.late_by.unwrap_or_default())
        ),
        EventName::JobMissed => format!(
            "Run time of job \"{job}\" was missed by {}",
            clock_length(told.late_by.unwrap_or_default())
        ),
        EventName::JobCoalesced => {
            format!(
                "{} of job \"{job}\" up to {at} coalesced into one run",
                counted(count, "run time")
            )
        }
        EventName::JobMaxInstances | EventName::JobSkipped if count > 1 => {
            format!("{count} executions of job \"{job}\" skipped: {detail}")
        }
        EventName::JobRetrying if told.outcome.is_some() => retrying(told, job, detail),
        EventName::JobRetrying => format!("Retrying job \"{job}\" (scheduled at {at}): {detail}"),
        EventName::JobMaxInstances | EventName::JobSkipped => {
            format!("Execution of job \"{job}\" skipped: {detail}")
        }
        EventName::JobFinished => format!("Job \"{job}\" has no run times left"),
        EventName::ClockStepped => clock_stepped(told, detail, zone),
        EventName::ReloadFailed => format!("Reload failed, the old jobs stay: {detail}"),
        EventName::StoreFailed => {
            let often = match told.duration {
                Some(within) if count > 1 => {
                    let within = Duration::from_secs(within.as_secs().max(1));
                    format!(" ({count} times in {})", duration::format(within))
                }
                _ => String::new(),
            };
            format!("The store does not take records, so nothing is started: {detail}{often}")
        }
    }
}

/// With what the clock would show had nobody set it, and what it shows: in whole seconds, of which one is that
/// much longer than the other. A leap second is measured as some microseconds more or less than one.
fn clock_stepped(told: &Emitted, direction: &str, zone: &Zone) -> String {
    let by = told.duration.unwrap_or_default();
    let is_backward = direction == "backward";
    let afresh = if is_backward && by >= CLOCK_CORRECTION {
        ": everything is planned afresh"
    } else {
        ""
    };
    let by = Duration::from_secs((by + Duration::from_millis(500)).as_secs());
    let after = WallTime::from_unix_seconds(told.time.unix_seconds());
    let before = if is_backward { after + by } else { after - by };
    let [before, after] = [before, after].map(|time| human::display(time, zone));
    let by = clock_length(by);
    format!("The wall clock was set {direction} by {by}, from {before} to {after}{afresh}")
}

fn failure(told: &Emitted, job: &str, detail: &str) -> String {
    let why = match detail {
        "" => String::new(),
        detail => format!(": {detail}"),
    };
    match told.outcome {
        Some(Outcome::SpawnFailed) => format!("Job \"{job}\" could not be started: {detail}"),
        Some(Outcome::TimedOut) => format!(
            "Job \"{job}\" was stopped at its timeout ({}){why}",
            ending(told)
        ),
        Some(Outcome::Killed) => format!("Job \"{job}\" was stopped {detail} ({})", ending(told)),
        Some(Outcome::Lost) => format!("Job \"{job}\" is lost: {detail}"),
        _ => format!("Job \"{job}\" failed ({}){why}", ending(told)),
    }
}

/// An attempt came to nothing, and another follows.
fn retrying(told: &Emitted, job: &str, detail: &str) -> String {
    let what = match told.outcome {
        Some(Outcome::SpawnFailed) => {
            return format!("Job \"{job}\" could not be started: {detail}");
        }
        Some(Outcome::Lost) => return format!("Job \"{job}\" is lost: {detail}"),
        Some(Outcome::TimedOut) => "was stopped at its timeout",
        _ => "failed",
    };
    format!("Job \"{job}\" {what} ({}): {detail}", ending(told))
}

/// `exit 0, 4.2 s` or `signal 11 SIGSEGV, core dumped, 4.2 s`.
fn ending(told: &Emitted) -> String {
    let mut parts = Vec::new();
    if let Some(code) = told.exit_code {
        parts.push(format!("exit {code}"));
    }
    if let Some(number) = told.signal {
        let name = Signal::try_from(number).map_or("", |signal| signal.as_str());
        parts.push(format!("signal {number} {name}").trim_end().to_owned());
    }
    if told.core_dumped {
        parts.push("core dumped".to_owned());
    }
    if let Some(duration) = told.duration {
        parts.push(short_length(duration));
    }
    parts.join(", ")
}

/// `1 job`, `2 jobs`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// `0.04 s`, `4.2 s`, `125 s`: enough digits to compare runs by eye.
fn short_length(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.995 {
        format!("{seconds:.2} s")
    } else if seconds < 99.95 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// `0:02:11`, `3 days, 0:00:01`: whole seconds, as `APScheduler` prints lateness.
fn clock_length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let clock = format!("{hours}:{minutes:02}:{:02}", seconds % 60);
    if days == 0 {
        clock
    } else {
        format!("{}, {clock}", counted(days, "day"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JobId;

    fn told(name: EventName) -> Emitted {
        Emitted {
            fire_time: Some(WallTime::from_unix_seconds(1_767_225_600)),
            ..Emitted::about(name, &JobId::parse("backup").unwrap())
        }
    }

    fn say(told: &Emitted) -> String {
        sentence(told, &Zone::utc())
    }

    #[test]
    fn the_sentences_apscheduler_users_know() {
        assert_eq!(
            say(&told(EventName::JobStarted)),
            "Running job \"backup\" (scheduled at 2026-01-01 00:00:00+00:00)"
        );
        let executed = Emitted {
            exit_code: Some(0),
            duration: Some(Duration::from_millis(4_200)),
            ..told(EventName::JobExecuted)
        };
        assert_eq!(
            say(&executed),
            "Job \"backup\" executed successfully (exit 0, 4.2 s)"
        );
        let missed = Emitted {
            late_by: Some(Duration::from_secs(131)),
            ..told(EventName::JobMissed)
        };
        assert_eq!(
            say(&missed),
            "Run time of job \"backup\" was missed by 0:02:11"
        );
        let skipped = Emitted {
            detail: Some("maximum number of running instances reached (1)".into()),
            ..told(EventName::JobMaxInstances)
        };
        assert_eq!(
            say(&skipped),
            "Execution of job \"backup\" skipped: maximum number of running instances reached (1)"
        );
    }

    #[test]
    fn a_clock_that_was_set_is_told_of_with_both_times() {
        let stepped = |direction: &str, by| Emitted {
            time: WallTime::from_micros(1_767_225_600_900_000),
            duration: Some(Duration::from_micros(by)),
            detail: Some(direction.into()),
            ..Emitted::new(EventName::ClockStepped)
        };
        assert_eq!(
            say(&stepped("forward", 3_600_400_000)),
            "The wall clock was set forward by 1:00:00, from 2025-12-31 23:00:00+00:00 to 2026-01-01 00:00:00+00:00"
        );
        assert_eq!(
            say(&stepped("backward", 999_970)),
            "The wall clock was set backward by 0:00:01, from 2026-01-01 00:00:01+00:00 to 2026-01-01 00:00:00+00:00"
        );
        assert_eq!(
            say(&stepped("backward", 90_000_000_000)),
            "The wall clock was set backward by 1 day, 1:00:00, from 2026-01-02 01:00:00+00:00 to 2026-01-01 00:00:00+00:00: everything is planned afresh"
        );
    }

    #[test]
    fn attempts_are_told_of() {
        let retrying = Emitted {
            outcome: Some(Outcome::Failed),
            exit_code: Some(7),
            duration: Some(Duration::from_secs(2)),
            detail: Some("attempt 2 of 4 in 10s".into()),
            ..told(EventName::JobRetrying)
        };
        assert_eq!(
            say(&retrying),
            "Job \"backup\" failed (exit 7, 2.0 s): attempt 2 of 4 in 10s"
        );
        let started = Emitted {
            attempt: Some(2),
            ..told(EventName::JobStarted)
        };
        assert_eq!(
            say(&started),
            "Running job \"backup\" (scheduled at 2026-01-01 00:00:00+00:00, attempt 2)"
        );
        let given_up = Emitted {
            detail: Some("not tried again: the job's next fire comes first".into()),
            name: EventName::JobError,
            ..retrying
        };
        assert_eq!(
            say(&given_up),
            "Job \"backup\" failed (exit 7, 2.0 s): not tried again: the job's next fire comes first"
        );
    }

    #[test]
    fn an_end_by_signal_names_it() {
        let crashed = Emitted {
            outcome: Some(Outcome::Failed),
            signal: Some(11),
            core_dumped: true,
            duration: Some(Duration::from_millis(40)),
            ..told(EventName::JobError)
        };
        assert_eq!(
            say(&crashed),
            "Job \"backup\" failed (signal 11 SIGSEGV, core dumped, 0.04 s)"
        );
        let real_time = Emitted {
            signal: Some(40),
            core_dumped: false,
            ..crashed
        };
        assert_eq!(say(&real_time), "Job \"backup\" failed (signal 40, 0.04 s)");
    }

    #[test]
    fn several_fires_are_one_line() {
        let missed = Emitted {
            late_by: Some(Duration::from_secs(90_061)),
            count: Some(7),
            ..told(EventName::JobMissed)
        };
        assert_eq!(
            say(&missed),
            "7 run times of job \"backup\" were missed, the last by 1 day, 1:01:01"
        );
    }
}
