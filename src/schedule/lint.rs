//! What is allowed in a schedule but worth a word, for `validate`, `next` and `explain`.

use super::anchored::Schedule;
use super::cron::{Cron, DayRule};
use super::dst::{DstPolicy, OffsetRemark};
use super::spec::ScheduleSpec;
use super::trigger::Trigger;
use crate::time::{WallTime, Zone};
use std::time::Duration;

/// One remark on a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// A stable code, for `allow`: `never_fires`, `either_day`, `both_days`, `step_exceeds_range`, `sixty_runs`,
    /// `uneven_step`, `all_never_agrees`, `offset_change`, `jitter_over_period`.
    pub code: &'static str,
    /// What is odd, lower case, no full stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<&'static str>,
}

impl Lint {
    fn new(code: &'static str, message: impl Into<String>, help: Option<&'static str>) -> Self {
        Self {
            code,
            message: message.into(),
            help,
        }
    }
}

/// How far ahead offset changes are looked for: a year and a day.
const AHEAD: Duration = Duration::from_secs(366 * 86_400);
/// Offset changes looked at in that time; the most any zone has had in a year is four.
const MOST_CHANGES: usize = 12;
/// Fires the shortest period is taken from.
const PERIODS: usize = 100;

impl ScheduleSpec {
    /// Everything odd about it as seen at `now`; `jitter` is the job's, if it has one.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, parse_expression};
    /// use rsched::time::{WallTime, Zone};
    /// let trigger = parse_expression("0 0 30 2 *").unwrap().trigger;
    /// let lints = ScheduleSpec::new(trigger, Zone::utc()).lints(WallTime::from_micros(0), None);
    /// assert_eq!(lints[0].code, "never_fires");
    /// ```
    #[must_use]
    pub fn lints(&self, now: WallTime, jitter: Option<Duration>) -> Vec<Lint> {
        let mut lints = Vec::new();
        self.collect_lints(now, &mut lints);
        if let Some(jitter) = jitter {
            lints.extend(jitter_over_period(&self.anchored(now), now, jitter));
        }
        lints
    }

    fn collect_lints(&self, now: WallTime, lints: &mut Vec<Lint>) {
        let schedule = self.anchored(now);
        let fired = self.trigger.fired();
        let never = !schedule.can_fire()
            || schedule.next_after(now).is_none() && schedule.last_at_or_before(now).is_none();
        match fired {
            Trigger::Cron(cron) => {
                if never {
                    lints.push(never_fires(cron, self));
                }
                lints.extend(day_rule(cron));
                if cron.has_lone_step() {
                    let message = "a step is larger than its range: only the first value matches";
                    let help = "write that value alone if it is meant";
                    lints.push(Lint::new("step_exceeds_range", message, Some(help)));
                }
                lints.extend(sixty_runs(cron));
                lints.extend(uneven_steps(cron));
            }
            Trigger::Any(parts) => {
                for part in parts {
                    part.collect_lints(now, lints);
                }
            }
            Trigger::All(parts) => {
                for part in parts {
                    part.collect_lints(now, lints);
                }
                if never && parts.iter().all(|part| part.anchored(now).can_fire()) {
                    let message = "the parts of `all` never fire at the same instant";
                    lints.push(Lint::new("all_never_agrees", message, None));
                }
            }
            Trigger::Calendar(_) if never => {
                let message = "no month that this steps to has such a day: it never fires";
                lints.push(Lint::new("never_fires", message, None));
            }
            _ => {}
        }
        if !matches!(fired, Trigger::Any(_) | Trigger::All(_)) {
            lints.extend(offset_changes(&schedule, self.dst, &self.zone, now));
        }
    }
}

fn never_fires(cron: &Cron, spec: &ScheduleSpec) -> Lint {
    let message = if !cron.can_fire() {
        "no calendar has such a date: it never fires"
    } else if matches!(spec.trigger, Trigger::Except { .. }) {
        "`except` drops every fire: it never fires"
    } else {
        "nothing lies between its start and its end: it never fires"
    };
    Lint::new("never_fires", message, None)
}

/// Both day fields say something.
fn day_rule(cron: &Cron) -> Option<Lint> {
    let days = cron.described_dates()?;
    let weekdays = cron.described_weekdays()?;
    match cron.day_rule() {
        DayRule::Either => Some(Lint::new(
            "either_day",
            format!(
                "both day fields are restricted: it fires on {days}, and on {weekdays} as well"
            ),
            Some("leave one of them `*`; a table (`day`, `day_of_week`) fires where both match"),
        )),
        // A table says so by being one.
        DayRule::Both if cron.nth_is_in_day() => None,
        DayRule::Both => Some(Lint::new(
            "both_days",
            format!(
                "a day field begins with `*`, so that both must match: it fires on {days} only if that is {weekdays}"
            ),
            Some("write the field without `*` (`1-31/2`) if either should do"),
        )),
    }
}

/// `* 3 * * *`: every minute of an hour that stands alone, where `0 3 * * *` was mostly meant. Of
/// several hours in a row every minute is a fair thing to ask for.
fn sixty_runs(cron: &Cron) -> Option<Lint> {
    let hours: Vec<u8> = cron.hours().collect();
    let is_alone = |hour: &u8| {
        let near = [(hour + 1) % 24, (hour + 23) % 24];
        !near.iter().any(|near| hours.contains(near))
    };
    let is_once_a_minute = cron.seconds().count() == 1 && cron.minutes().count() == 60;
    if !is_once_a_minute || hours.is_empty() || !hours.iter().all(is_alone) {
        return None;
    }
    let message = match hours[..] {
        [hour] => format!("it fires every minute from {hour:02}:00 to {hour:02}:59: sixty times"),
        _ => "it fires sixty times in each of its hours, every minute".to_owned(),
    };
    let help = "write a minute, such as 0, if once is meant";
    Some(Lint::new("sixty_runs", message, Some(help)))
}

/// `*/7`: the last stretch before the turn of the hour is shorter.
fn uneven_steps(cron: &Cron) -> Vec<Lint> {
    let fields: [(&str, Vec<u8>, u8); 3] = [
        ("seconds", cron.seconds().collect(), 60),
        ("minutes", cron.minutes().collect(), 60),
        ("hours", cron.hours().collect(), 24),
    ];
    let uneven = |(noun, values, cycle): (&str, Vec<u8>, u8)| {
        let [first, second, .., last] = values[..] else {
            return None;
        };
        let step = second - first;
        let is_step = first < step && values.windows(2).all(|pair| pair[1] - pair[0] == step);
        let rest = cycle - last + first;
        (step > 1 && is_step && last + step >= cycle && rest != step).then(|| {
            let message = format!(
                "every {step} {noun} does not divide {cycle} evenly: after {last} comes {first}, {rest} {noun} later"
            );
            let help = "an interval keeps its length: `interval`, `@every`";
            Lint::new("uneven_step", message, Some(help))
        })
    };
    fields.into_iter().filter_map(uneven).collect()
}

/// The fires in a year that an offset change moves or drops, and those that it repeats: of either the
/// first. That a time comes twice and fires once is as it should be.
fn offset_changes(schedule: &Schedule, policy: DstPolicy, zone: &Zone, now: WallTime) -> Vec<Lint> {
    if schedule.follows_real_time() {
        return Vec::new();
    }
    let (mut gap, mut fold) = (None, None);
    let mut from = now.unix_seconds();
    let until = (now + AHEAD).unix_seconds();
    for _ in 0..MOST_CHANGES {
        let Some(change) = zone.next_transition_after(from) else {
            break;
        };
        if change.at > until || gap.is_some() && fold.is_some() {
            break;
        }
        gap = gap.or_else(|| schedule.lost_in_gap(change.at));
        // What is moved fires at the change; what comes twice fires the first time before it.
        let folded = i64::from(change.before - change.after).max(0);
        let behind = WallTime::from_unix_seconds(change.at + folded.max(1));
        for first in [change.at - folded, change.at] {
            let fire = schedule.next_after(WallTime::from_unix_seconds(first - 1));
            let remark = fire
                .filter(|fire| *fire < behind)
                .and_then(|fire| schedule.offset_remark(fire));
            match remark {
                Some(OffsetRemark::Moved(text)) => gap = gap.or(Some(text)),
                Some(OffsetRemark::Repeated(text)) => fold = fold.or(Some(text)),
                Some(OffsetRemark::FirstOfTwo(_)) | None => {}
            }
        }
        from = change.at;
    }
    let help = match policy {
        DstPolicy::Once | DstPolicy::Cron => None,
        DstPolicy::Wall | DstPolicy::Skip => {
            Some("`dst = \"once\"` makes up for a skipped time and fires a repeated one once")
        }
    };
    let found = [gap, fold].into_iter().flatten();
    found
        .map(|text| Lint::new("offset_change", text, help))
        .collect()
}

/// Delays that are longer than the shortest period get cut.
fn jitter_over_period(schedule: &Schedule, now: WallTime, jitter: Duration) -> Option<Lint> {
    let mut previous = schedule.next_after(now)?;
    let mut shortest = Duration::MAX;
    for _ in 0..PERIODS {
        let Some(next) = schedule.next_after(previous) else {
            break;
        };
        shortest = shortest.min(next.saturating_since(previous));
        previous = next;
    }
    (jitter > shortest).then(|| {
        let [jitter, shortest] = [jitter, shortest].map(crate::time::duration::format);
        let message = format!(
            "the jitter {jitter} is longer than the shortest time between two fires, {shortest}: delays end at the next fire"
        );
        Lint::new("jitter_over_period", message, None)
    })
}
