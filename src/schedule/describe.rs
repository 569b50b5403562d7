//! A schedule in plain English, for people who did not write it.
//!
//! The text is made from the sets the fields stand for and not from how they were written, so that it
//! says what will happen.

use super::calendar::{CalendarDay, CalendarSteps};
use super::cron::{Cron, DayRule, LAST_WEEKDAY, bits};
use super::exclusion::Exclusion;
use super::spec::ScheduleSpec;
use super::trigger::Trigger;
use crate::time::civil::CivilTime;
use crate::time::{WallTime, Zone, duration};

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];

/// Times of day that are listed one by one.
const MOST_TIMES: usize = 6;

impl ScheduleSpec {
    /// What it does, as a sentence without a full stop.
    ///
    /// ```
    /// use rsched::schedule::{ScheduleSpec, parse_expression};
    /// use rsched::time::Zone;
    /// let says = |text: &str| {
    ///     let trigger = parse_expression(text).unwrap().trigger;
    ///     ScheduleSpec::new(trigger, Zone::utc()).describe()
    /// };
    /// assert_eq!(says("*/15 9-17 * * mon-fri"),
    ///     "every 15 minutes in the hours 9 to 17, on Monday to Friday");
    /// assert_eq!(says("30 6 13 * fri"),
    ///     "at 06:30, on day 13 of the month or on Friday, whichever comes");
    /// ```
    #[must_use]
    pub fn describe(&self) -> String {
        described(&self.trigger, &self.zone)
    }
}

fn described(trigger: &Trigger, zone: &Zone) -> String {
    match trigger {
        Trigger::Cron(cron) => cron.describe(),
        Trigger::Interval { length, first_now } => {
            let every = format!("every {}", duration::format(*length));
            if *first_now {
                format!("at once, and then {every}")
            } else {
                every
            }
        }
        Trigger::Calendar(steps) => calendar(steps),
        Trigger::Date(at) => format!("once, at {}", date(*at, zone)),
        Trigger::Now => "once, when the job is first seen".to_owned(),
        Trigger::Reboot => "once after every boot".to_owned(),
        Trigger::Any(parts) => {
            format!("whenever one of these fires: {}", listed_parts(parts, zone))
        }
        Trigger::All(parts) => {
            format!(
                "whenever all of these fire together: {}",
                listed_parts(parts, zone)
            )
        }
        Trigger::Except { trigger, except } => {
            let sets: Vec<_> = except.iter().map(|set| exclusion(set, zone)).collect();
            format!(
                "{}, except {}",
                described(trigger, zone),
                sets.join(", and ")
            )
        }
    }
}

fn listed_parts(parts: &[ScheduleSpec], zone: &Zone) -> String {
    let part = |part: &ScheduleSpec| {
        let text = part.describe();
        if part.zone.name() == zone.name() {
            format!("({text})")
        } else {
            format!("({text}, in {})", part.zone.name())
        }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn exclusion(exclusion: &Exclusion, zone: &Zone) -> String {
    match exclusion {
        Exclusion::Cron { cron, .. } => {
            let days = cron.described_days();
            if cron.hours().count() == 24 && cron.minutes().count() == 60 {
                days.unwrap_or_else(|| "always".to_owned())
            } else {
                cron.describe()
            }
        }
        Exclusion::Between { first, end } => {
            format!("from {} until {}", date(*first, zone), date(*end, zone))
        }
    }
}

fn date(at: WallTime, zone: &Zone) -> String {
    let seconds = at.unix_seconds();
    let offset = zone.span_at(seconds).offset;
    let time = CivilTime::from_local_seconds(seconds.saturating_add(offset.into()));
    format!(
        "{:04}-{:02}-{:02} {}",
        time.year,
        time.month,
        time.day,
        clock(time.hour, time.minute, time.second)
    )
}

fn clock(hour: u8, minute: u8, second: u8) -> String {
    if second == 0 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

fn calendar(steps: &CalendarSteps) -> String {
    let units = [
        (steps.years, "year"),
        (steps.months, "month"),
        (steps.weeks, "week"),
        (steps.days, "day"),
    ];
    let several = units.iter().filter(|(count, _)| *count > 0).count() > 1;
    let unit = |&(count, unit): &(u32, &str)| match count {
        0 => None,
        1 if several => Some(format!("1 {unit}")),
        1 => Some(unit.to_owned()),
        _ => Some(format!("{count} {unit}s")),
    };
    let every: Vec<_> = units.iter().filter_map(unit).collect();
    let day = match steps.day {
        Some(CalendarDay::Last) => ", on the last day of the month".to_owned(),
        Some(CalendarDay::Number(day)) => {
            format!(", on day {day} of the month, skipping months that have none")
        }
        None => String::new(),
    };
    let time = clock(steps.hour, steps.minute, steps.second);
    format!("every {} at {time}{day}", every.join(" and "))
}

/// `1, 3 and 5 to 9`.
fn listed(values: impl Iterator<Item = u8>, name: impl Fn(u8) -> String) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => runs.push((value, value)),
        }
    }
    let texts: Vec<String> = runs
        .into_iter()
        .flat_map(|(first, last)| match last - first {
            0 => vec![name(first)],
            1 => vec![name(first), name(last)],
            _ => vec![format!("{} to {}", name(first), name(last))],
        })
        .collect();
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

fn number(value: u8) -> String {
    value.to_string()
}

/// The step of values that divide their cycle evenly from 0 on.
fn even_step(values: &[u8], cycle: u8) -> Option<u8> {
    let step = *values.get(1)?;
    let expected = (0..cycle).step_by(usize::from(step.max(1)));
    let is_even =
        values[0] == 0 && cycle.is_multiple_of(step) && expected.eq(values.iter().copied());
    is_even.then_some(step)
}

/// `minute 5`, `the minutes 0 and 30`.
fn counted(unit: &str, values: &[u8]) -> String {
    let list = listed(values.iter().copied(), number);
    if values.len() == 1 {
        format!("{unit} {list}")
    } else {
        format!("the {unit}s {list}")
    }
}

impl Cron {
    /// What it does, as a sentence without a full stop.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = self.described_times();
        if let Some(days) = self.described_days() {
            text.push_str(", ");
            text.push_str(&days);
        } else if !text.starts_with("every ") && !text.ends_with("every hour") {
            text.push_str(", every day");
        }
        text
    }

    fn described_times(&self) -> String {
        let [seconds, minutes, hours]: [Vec<u8>; 3] = [
            self.seconds().collect(),
            self.minutes().collect(),
            self.hours().collect(),
        ];
        let times = seconds.len() * minutes.len() * hours.len();
        if times <= MOST_TIMES && hours.len() < 24 {
            let of_hour = |hour: &u8| {
                let of_minute = |minute: &u8| {
                    let time = |second: &u8| clock(*hour, *minute, *second);
                    seconds.iter().map(time).collect::<Vec<_>>()
                };
                minutes.iter().flat_map(of_minute).collect::<Vec<_>>()
            };
            let times: Vec<_> = hours.iter().flat_map(of_hour).collect();
            return match times.split_last() {
                Some((last, [])) => format!("at {last}"),
                Some((last, others)) => format!("at {} and {last}", others.join(", ")),
                None => "at no time".to_owned(),
            };
        }
        let of_minutes = if minutes.len() == 60 {
            "every minute".to_owned()
        } else if let Some(step) = even_step(&minutes, 60) {
            format!("every {step} minutes")
        } else {
            format!("at {}", counted("minute", &minutes))
        };
        let mut text = if seconds == [0] {
            of_minutes
        } else if seconds.len() == 60 && minutes.len() == 60 {
            "every second".to_owned()
        } else if let Some(step) = even_step(&seconds, 60) {
            let every = format!("every {step} seconds");
            if minutes.len() == 60 {
                every
            } else {
                format!("{every} of {}", counted("minute", &minutes))
            }
        } else {
            let of = counted("second", &seconds);
            if minutes.len() == 60 {
                format!("at {of} of every minute")
            } else {
                format!("at {of} of {}", counted("minute", &minutes))
            }
        };
        if hours.len() == 24 {
            if text.starts_with("at ") && !text.ends_with("every minute") {
                text.push_str(" of every hour");
            }
        } else {
            text.push_str(" in ");
            if hours.len() == 1 {
                text.push_str("the ");
            }
            text.push_str(&counted("hour", &hours));
        }
        text
    }

    /// The days, months, weeks and years; none if all days match.
    pub(super) fn described_days(&self) -> Option<String> {
        let days = self.described_dates();
        let weekdays = self.described_weekdays();
        let mut parts = Vec::new();
        match (days, weekdays, self.day_rule()) {
            (Some(days), Some(weekdays), DayRule::Either) => {
                parts.push(format!("on {days} or on {weekdays}, whichever comes"));
            }
            (Some(days), Some(weekdays), DayRule::Both) => {
                parts.push(format!("on {days} if that is {weekdays}"));
            }
            (Some(one), None, DayRule::Both) | (None, Some(one), DayRule::Both) => {
                parts.push(format!("on {one}"));
            }
            // One that is open makes all days match where either may.
            _ => {}
        }
        if self.months().count() < 12 {
            let month = |number: u8| MONTHS[usize::from(number.clamp(1, 12)) - 1].to_owned();
            parts.push(format!("in {}", listed(self.months(), month)));
        }
        let weeks = bits(self.weeks);
        if weeks.count() < 53 {
            parts.push(format!("in ISO week {}", listed(bits(self.weeks), number)));
        }
        if let Some(years) = &self.years {
            let shown: Vec<_> = years.iter().take(5).map(|year| year.to_string()).collect();
            let more = if years.iter().nth(5).is_some() {
                " …"
            } else {
                ""
            };
            parts.push(format!("in {}{more}", shown.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// What the day of the month says; none if nothing.
    pub(super) fn described_dates(&self) -> Option<String> {
        if self.days().count() == 31 {
            return None;
        }
        let mut parts = Vec::new();
        if self.days().next().is_some() {
            parts.push(format!("day {} of the month", listed(self.days(), number)));
        }
        for before in bits(self.last_days.into()) {
            parts.push(match before {
                0 => "the last day of the month".to_owned(),
                1 => "the day before the last of the month".to_owned(),
                _ => format!("the day {before} days before the last of the month"),
            });
        }
        for day in bits(self.nearest_weekdays.into()) {
            parts.push(match day {
                0 => "the last working day (Monday to Friday) of the month".to_owned(),
                _ => format!("the working day (Monday to Friday) nearest to day {day}"),
            });
        }
        if self.nth_is_in_day() {
            parts.extend(self.described_nth());
        }
        Some(if parts.is_empty() {
            "no day".to_owned()
        } else {
            parts.join(" or ")
        })
    }

    /// What the day of the week says; none if nothing.
    pub(super) fn described_weekdays(&self) -> Option<String> {
        if self.weekdays().count() == 7 {
            return None;
        }
        let mut parts = Vec::new();
        if self.weekdays().next().is_some() {
            // Monday first, so that Saturday and Sunday stand together.
            let from_monday = (0..7_u8).filter(|day| self.weekdays >> ((day + 1) % 7) & 1 != 0);
            let name = |day: u8| WEEKDAYS[usize::from(day + 1) % 7].to_owned();
            parts.push(listed(from_monday, name));
        }
        if !self.nth_is_in_day() {
            parts.extend(self.described_nth());
        }
        Some(if parts.is_empty() {
            "no day".to_owned()
        } else {
            parts.join(" or ")
        })
    }

    /// `the third Friday of the month` and so on.
    fn described_nth(&self) -> Vec<String> {
        let of = |nth: u16| {
            let ordinal = ORDINALS[usize::from(nth - 1)];
            let weekdays = bits(self.nth_weekdays >> (7 * (nth - 1)) & 0x7f);
            weekdays.map(move |day| {
                format!("the {ordinal} {} of the month", WEEKDAYS[usize::from(day)])
            })
        };
        (1..=LAST_WEEKDAY).flat_map(of).collect()
    }
}
