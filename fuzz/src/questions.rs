//! Whatever was parsed, its answers agree with each other and end in time.

use crate::{Leaps, NOW};
use rsched::schedule::{
    Cron, DayRule, Jitter, Schedule, ScheduleSpec, TableField, Trigger, parse_expression,
};
use rsched::time::{LocalTime, WallTime, Zone};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// Seconds of the year 9999's last day.
const END: i64 = 253_402_214_400;

/// Instants to ask for: the ends of time, the ends of the calendar, around a change of clocks, and
/// two more.
fn instants(hash: u64) -> [WallTime; 10] {
    let seconds = i64::try_from(hash % 253_402_300_800).unwrap_or(0);
    let mut instants = [
        WallTime::MIN,
        WallTime::from_micros(-1),
        WallTime::from_micros(0),
        NOW,
        NOW + Duration::from_secs(1),
        WallTime::from_unix_seconds(seconds),
        WallTime::from_unix_seconds(seconds / 64),
        WallTime::from_unix_seconds(END),
        WallTime::from_unix_seconds(END + 86_399),
        WallTime::MAX,
    ];
    instants.sort_unstable();
    instants
}

/// Asks a schedule everything it can be asked.
///
/// # Panics
/// If two answers do not agree, or one takes too long.
pub fn check_schedule(spec: &ScheduleSpec, hash: u64) {
    check_schedule_with(spec, Leaps::of(spec), hash);
}

fn check_schedule_with(spec: &ScheduleSpec, leaps: Leaps, hash: u64) {
    let schedule = leaps.bounded("anchoring", || spec.anchored(NOW));
    let instants = instants(hash);
    // What takes its time is asked less.
    let asked = if Leaps::of(spec).any() {
        &instants[3..6]
    } else {
        &instants[..]
    };
    let mut latest = WallTime::MIN;
    for &at in asked {
        let next = leaps.bounded("next_after", || schedule.next_after(at));
        let last = leaps.bounded("last_at_or_before", || schedule.last_at_or_before(at));
        assert!(last.is_none_or(|last| last <= at));
        match next {
            Some(next) => {
                assert!(next > at && next >= latest, "{at:?} {next:?} {latest:?}");
                latest = next;
                check_fire(&schedule, leaps, at, next);
            }
            None if Leaps::of(spec).any() => {}
            None => latest = WallTime::MAX,
        }
    }
    check_row(&schedule, leaps);
    assert!(spec.keeps_phase(spec));
    let text = spec.describe();
    assert!(
        !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
        "{text}"
    );
    let jitter = Some(Duration::from_mins(10));
    for lint in leaps.bounded_lints(|| spec.lints(NOW, jitter)) {
        assert!(
            !lint.message.is_empty() && !lint.message.ends_with('.'),
            "{lint:?}"
        );
    }
}

/// The fire after an instant, seen from the other side.
fn check_fire(schedule: &Schedule, leaps: Leaps, at: WallTime, next: WallTime) {
    assert_eq!(schedule.last_at_or_before(next), Some(next));
    let before = WallTime::from_micros(next.as_micros() - 1);
    assert!(
        schedule
            .last_at_or_before(before)
            .is_none_or(|last| last <= at)
    );
    assert_eq!(schedule.next_after(before), Some(next));
    let count = leaps.bounded_count(|| schedule.count_between(at, next));
    assert_eq!(count, 1, "{at:?} {next:?}");
    let _ = leaps.bounded("dst_note", || schedule.dst_note(next));
    let jitter = Jitter {
        most: Duration::from_mins(2),
        seed: "host",
        job_id: "job",
    };
    let planned = schedule.planned_start(next, &jitter);
    assert!(next <= planned && planned <= next + jitter.most);
}

/// Some fires in a row: ascending, and as many as are counted.
fn check_row(schedule: &Schedule, leaps: Leaps) {
    const FIRES: usize = 20;
    let next = |at: &WallTime| schedule.next_after(*at);
    let row: Vec<_> = std::iter::successors(Some(NOW), next)
        .take(FIRES + 1)
        .collect();
    let last = *row.last().expect("the beginning at least");
    let fires = u64::try_from(row.len() - 1).expect("a handful");
    let count = leaps.bounded_count(|| schedule.count_between(NOW, last));
    assert_eq!(count, fires);
    let previous = |at: &WallTime| {
        let before = WallTime::from_micros(at.as_micros() - 1);
        schedule.last_at_or_before(before)
    };
    // From the last one back: it is its own, and the fire before each is the one that was before it.
    let back = std::iter::successors(Some(last), previous).take(row.len() - 1);
    assert!(back.eq(row.iter().skip(1).rev().copied()));
}

/// A cron that has neither `L`, `W` nor `#`, years nor weeks, is the same when its sets are written out.
///
/// # Panics
/// If it is another one.
pub fn check_cron(cron: &Cron, zone: &Arc<Zone>) {
    let fields = [
        list(cron.minutes()),
        list(cron.hours()),
        list(cron.days()),
        list(cron.months()),
        list(cron.weekdays()),
    ];
    // Nothing at all matches where a range runs backwards as cron takes it.
    if fields.iter().any(String::is_empty) {
        return;
    }
    let [minute, hour, day, month, weekday] = &fields;
    let written_out = match cron.day_rule() {
        DayRule::Either => {
            parse_expression(&fields.join(" "))
                .expect("lists of values")
                .trigger
        }
        DayRule::Both => {
            // 0 is Monday in a table.
            let weekday = list(cron.weekdays().map(|day| (day + 6) % 7));
            let second = list(cron.seconds());
            let fields = [
                (TableField::Month, month.as_str()),
                (TableField::Day, day),
                (TableField::DayOfWeek, &weekday),
                (TableField::Hour, hour),
                (TableField::Minute, minute),
                (TableField::Second, &second),
            ];
            Trigger::Cron(Cron::table(&fields).expect("lists of values"))
        }
    };
    let Trigger::Cron(again) = &written_out else {
        panic!("fields are no cron: {month} {weekday}");
    };
    assert_eq!(cron.can_fire(), again.can_fire());
    let [one, other] = [Trigger::Cron(cron.clone()), written_out]
        .map(|trigger| ScheduleSpec::new(trigger, zone.clone()).anchored(NOW));
    for at in instants(7) {
        assert_eq!(one.next_after(at), other.next_after(at), "{fields:?}");
    }
}

fn list(values: impl Iterator<Item = impl Display>) -> String {
    let texts: Vec<_> = values.map(|value| value.to_string()).collect();
    texts.join(",")
}

/// Asks a zone everything it can be asked: its spans cover all of time, and readings lead back.
///
/// # Panics
/// If two answers do not agree, or one takes too long.
pub fn check_zone(zone: &Arc<Zone>, hash: u64) {
    let question = Leaps::none();
    for at in instants(hash)
        .map(WallTime::unix_seconds)
        .into_iter()
        .chain([i64::MIN, i64::MAX])
    {
        let span = question.bounded("span_at", || zone.span_at(at));
        assert!(
            span.start <= at && (at < span.end || span.end == i64::MAX),
            "{span:?} {at}"
        );
        assert_eq!(zone.span_at(span.start), span);
        let change = question.bounded("next_transition_after", || zone.next_transition_after(at));
        assert_eq!(change.is_some(), span.end != i64::MAX);
        if let Some(change) = change {
            let next = zone.span_at(change.at);
            assert!(change.at == span.end && next.start == span.end);
            assert!(next.offset != span.offset, "{span:?} {next:?}");
            assert_eq!((change.before, change.after), (span.offset, next.offset));
        }
        // The ends of the number range lie outside all times: a reading there has no second meaning
        // that could be told.
        if !(WallTime::MIN.unix_seconds()..=WallTime::MAX.unix_seconds()).contains(&at) {
            continue;
        }
        let reading = at + i64::from(span.offset);
        match question.bounded("resolve", || zone.resolve(reading)) {
            LocalTime::One(instant) => assert_eq!(instant, at),
            LocalTime::Fold { first, second } => {
                assert!(first < second);
                assert!(at >= first);
            }
            LocalTime::Gap { .. } => panic!("{reading} is skipped, and is read at {at}"),
        }
    }
    // A zone may skip all the days on which a schedule would fire, for eight thousand years.
    for text in ["30 2 * * *", "*/7 * * * *", "0 0 29 2 *"] {
        let trigger = parse_expression(text).expect("an expression").trigger;
        let spec = ScheduleSpec::new(trigger, zone.clone());
        check_schedule_with(&spec, Leaps::one(), hash);
    }
}
