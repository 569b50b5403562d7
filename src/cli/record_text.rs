//! Records in words: lengths, times and how a run ended.

use crate::scheduler::{End, FiresRecord, Outcome, RunRecord, RunState};
use crate::time::{WallTime, Zone, human};
use nix::sys::signal::Signal;
use std::time::Duration;

/// A lateness or wait of less is not worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// A time of a schedule, exactly: `2026-05-01 03:00:00+03:00`.
pub(super) fn exact(at: WallTime, zone: &Zone) -> String {
    human::display(at, zone)
}

/// A time at which something happened, to the second.
pub(super) fn second(at: WallTime, zone: &Zone) -> String {
    human::display(WallTime::from_unix_seconds(at.unix_seconds()), zone)
}

/// The time of day to the second, with the date if that is not the date of `beside`.
pub(super) fn short(at: WallTime, beside: WallTime, zone: &Zone) -> String {
    let text = second(at, zone);
    let (date, time) = text.split_once(' ').unwrap_or(("", &text));
    // The offset is the neighbour's, or is to be seen.
    let bare = |time: &str| time.get(..8).unwrap_or(time).to_owned();
    let other = second(beside, zone);
    match other.split_once(' ') {
        Some((other_date, other_time)) if time.get(8..) == other_time.get(8..) => {
            if date == other_date {
                bare(time)
            } else {
                format!("{date} {}", bare(time))
            }
        }
        _ => text,
    }
}

/// `0.04 s`, `4.2 s`, `2 min 5 s`.
pub(super) fn length(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds < 0.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let origin = WallTime::from_micros(0);
        let text = human::how_far(origin + length, origin);
        text.trim_end_matches(" ago").to_owned()
    }
}

/// `312 bytes`, `1.5 KiB`, `45.0 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let power = (bytes.ilog2() / 10) as usize;
    // Rounded down: what is less than a unit is never called one.
    let tenths = (u128::from(bytes) * 10) >> (10 * power);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power - 1])
}

/// `1 fire`, `2 fires`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `exit 3`, `signal 9 SIGKILL, core dumped`: what the kernel said of an end, nothing of a plain
/// success.
pub(super) fn ending(run: &RunRecord) -> Option<String> {
    ending_of(run.end()?)
}

/// The same of the end of an attempt.
pub(super) fn ending_of(end: &End) -> Option<String> {
    let mut text = match (end.exit_code, end.signal) {
        (Some(0) | None, None) => return None,
        (Some(code), _) => format!("exit {code}"),
        (None, Some(number)) => signal(number),
    };
    if end.core_dumped {
        text.push_str(", core dumped");
    }
    Some(text)
}

/// `signal 9 SIGKILL`.
pub(super) fn signal(number: i32) -> String {
    let name = Signal::try_from(number).map_or("", |signal| signal.as_str());
    format!("signal {number} {name}").trim_end().to_owned()
}

/// The outcome, or where the run stands.
pub(super) fn outcome(run: &RunRecord) -> &'static str {
    match &run.state {
        RunState::Ended(end) => end.outcome.as_str(),
        _ => super::record_json::state(run),
    }
}

/// What is worth saying of a run beside its outcome, in a line; late is what was noticed later than
/// `planned_start`.
pub(super) fn note(run: &RunRecord, planned_start: WallTime) -> String {
    let mut parts = Vec::new();
    parts.extend(ending(run));
    if let Some(end) = run.end() {
        parts.extend(end.detail.clone());
    } else if let Some(earlier) = &run.earlier {
        let how = ending_of(earlier).unwrap_or_else(|| earlier.outcome.to_string());
        parts.push(format!("attempt {} ended: {how}", run.attempt - 1));
    } else if let Some(pid) = run.pid {
        parts.push(format!("process {pid}"));
    }
    if run.stands_for > 1 {
        parts.push(format!("stands for {}", counted(run.stands_for, "fire")));
    }
    // One that was let go for being late is late by when that was.
    let judged = match run.end() {
        Some(end) if matches!(end.outcome, Outcome::Missed | Outcome::Coalesced) => end.at,
        _ => run.noticed_at,
    };
    let late = judged.saturating_since(planned_start);
    if late >= WORTH_TELLING && run.sequence == 0 {
        parts.push(format!("noticed {} late", length(late)));
    }
    if let Some(waited) = run.waited.filter(|waited| *waited >= WORTH_TELLING) {
        parts.push(format!("waited {}", length(waited)));
    }
    if run.sequence > 0 {
        parts.push("asked for".to_owned());
    }
    if run.attempt > 1 && run.earlier.is_none() {
        parts.push(format!("attempt {}", run.attempt));
    }
    parts.join(", ")
}

/// The same of fires that became no run, the last of which was to start at `last_start`.
pub(super) fn note_of_fires(fires: &FiresRecord, last_start: WallTime, zone: &Zone) -> String {
    let range = &fires.range;
    let mut parts = Vec::new();
    if range.count > 1 {
        let first = short(range.first, range.last, zone);
        parts.push(format!("{} from {first} on", counted(range.count, "fire")));
    }
    parts.extend(fires.detail.clone());
    let late = fires.judged_at.saturating_since(last_start);
    if late >= WORTH_TELLING {
        parts.push(format!("noticed {} late", length(late)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_never_rounded_up() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (45 << 20, "45.0 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn lengths_have_the_digits_that_tell_runs_apart() {
        for (millis, text) in [
            (0, "0.00 s"),
            (994, "0.99 s"),
            (4_200, "4.2 s"),
            (59_940, "59.9 s"),
            (59_960, "59 s"),
            (125_000, "2 min 5 s"),
            (90_061_000, "1 day 1 h"),
        ] {
            assert_eq!(length(Duration::from_millis(millis)), text, "{millis}");
        }
    }

    #[test]
    fn a_time_beside_another_says_only_what_differs() {
        let at = |text: &str| human::parse_datetime(text, &Zone::utc()).unwrap();
        let beside = at("2026-05-01 03:14:00");
        for (text, shown) in [
            ("2026-05-01 02:51:00", "02:51:00"),
            ("2026-04-30 23:51:00", "2026-04-30 23:51:00"),
        ] {
            assert_eq!(short(at(text), beside, &Zone::utc()), shown);
        }
    }
}
