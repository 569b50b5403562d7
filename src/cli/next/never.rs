//! Why there is no fire to show.

use super::super::terminal::complain;
use super::upcoming::{Listed, Window};
use crate::schedule::Trigger;
use crate::time::{WallTime, Zone, human};

/// More than this many jobs are summed up.
const MAX_EXPLAINED: usize = 10;

/// Says on standard error why none of them fires in the window.
pub(super) fn explain(listed: &[Listed], window: Window, zone: &Zone) {
    if listed.is_empty() {
        complain(&"no job is enabled");
    } else if listed.len() > MAX_EXPLAINED {
        let from = human::display(window.from, zone);
        complain(&format_args!(
            "none of the {} jobs fires {} {from}",
            listed.len(),
            if window.previous { "before" } else { "after" }
        ));
    } else {
        for one in listed {
            complain(&sentence(one, window));
        }
    }
}

fn sentence(listed: &Listed, window: Window) -> String {
    let Listed {
        name,
        schedule,
        shown_in,
        ..
    } = listed;
    let display = |time| human::display(time, shown_in);
    if matches!(listed.trigger, Trigger::Now | Trigger::Reboot) {
        return format!("{name} fires once, when the scheduler first sees it");
    }
    if !schedule.can_fire() && !matches!(listed.trigger.fired(), Trigger::All(_)) {
        return format!("{name} never fires: there is no such date");
    }
    if window.previous {
        return sentence_backwards(listed, window);
    }
    if let Some(later) = window.nearest(schedule, window.beyond) {
        let (from, until) = (display(window.from), display(window.until));
        return format!(
            "{name} does not fire between {from} and {until}, but next at {}",
            display(later)
        );
    }
    match schedule.last_at_or_before(window.beyond) {
        Some(last) => format!(
            "{name} does not fire again after {}; its last fire was at {}",
            display(window.from),
            display(last)
        ),
        None if schedule.next_after(WallTime::MIN).is_none() => nothing_left(listed),
        None => format!("{name} does not fire after {}", display(window.from)),
    }
}

fn sentence_backwards(listed: &Listed, window: Window) -> String {
    let Listed { name, schedule, .. } = listed;
    let display = |time| human::display(time, &listed.shown_in);
    let from = display(window.from);
    if let Some(earlier) = window.nearest(schedule, window.beyond) {
        return format!(
            "{name} does not fire between {} and {from}, but last at {}",
            display(window.until),
            display(earlier)
        );
    }
    match schedule.next_after(WallTime::MIN) {
        Some(first) => format!(
            "{name} does not fire before {from}; its first fire is at {}",
            display(first)
        ),
        None => nothing_left(listed),
    }
}

fn nothing_left(listed: &Listed) -> String {
    let why = match listed.trigger.fired() {
        Trigger::All(_) => "its parts never fire at the same instant",
        _ if matches!(listed.trigger, Trigger::Except { .. }) => {
            "no fire time is left by its bounds and `except`"
        }
        _ => "no fire time lies between its start and its end date",
    };
    format!("{} never fires: {why}", listed.name)
}
