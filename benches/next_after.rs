//! How long one fire time takes, beside the crates `cron`, `croner` and `saffron`, in one run.
//!
//! What counts is the ratio: the machine's speed of the day is in both halves of it. Each figure
//! is the least of several rounds, because noise only ever adds. Two ways of asking are measured:
//! `spread` asks for the fire after each of 1,000 instants of eight years (the question of a restart or
//! a preview), `sequence` for 1,000 fires one after the other (the question of a running scheduler).
//!
//! Run with `cargo bench`; text behind `--` picks the patterns that contain it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rsched::schedule::{Cron, Schedule, ScheduleSpec, TableField, Trigger, parse_expression};
use rsched::time::{WallTime, ZoneDatabase};
use std::hint::black_box;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The pattern as a crontab has it; the one with seconds in front is a table here.
const PATTERNS: [&str; 10] = [
    "* * * * *",
    "*/5 * * * *",
    "*/5 9-17 * * mon-fri",
    "0 0 1-15 may-aug *",
    "30 3 * * *",
    "0 0 29 2 *",
    "0 0 29 2 1",
    "0 12 * * 5#3",
    "0 22 * * 1-5",
    "*/10 * * * * *",
];
const ZONES: [&str; 3] = ["UTC", "America/New_York", "Australia/Lord_Howe"];
/// Questions in one round.
const QUESTIONS: u32 = 1_000;
/// Days of the year 29 February plays in come up with eight years.
const SPREAD_SECONDS: i64 = 8 * 366 * 86_400;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;
/// How long one figure is measured, in rounds of [`QUESTIONS`].
const MEASURED: Duration = Duration::from_millis(40);

fn main() {
    // Cargo passes `--bench` itself.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let patterns: Vec<&str> = PATTERNS
        .into_iter()
        .filter(|pattern| wanted.is_empty() || wanted.iter().any(|part| pattern.contains(part)))
        .collect();
    for zone in ZONES {
        for (title, ask) in [("spread", Ask::Spread), ("sequence", Ask::Sequence)] {
            compare(zone, title, ask, &patterns);
        }
    }
    parsing(&patterns);
    never();
}

#[derive(Clone, Copy)]
enum Ask {
    Spread,
    Sequence,
}

/// One table of figures and ratios.
fn compare(zone: &str, title: &str, ask: Ask, patterns: &[&str]) {
    println!("\nnext_after, {zone}, {title}: ns (and how many times rsched's)");
    println!(
        "{:24}{:>8}{:>18}{:>18}{:>18}",
        "", "rsched", "cron", "croner", "saffron"
    );
    let mut ratios: [Vec<f64>; 3] = Default::default();
    for pattern in patterns {
        let own = rsched_time(pattern, zone, ask);
        print!("{pattern:24}{own:8.1}");
        let others = [
            cron_time(pattern, zone, ask),
            croner_time(pattern, zone, ask),
            saffron_time(pattern, zone, ask),
        ];
        for (other, ratios) in others.into_iter().zip(&mut ratios) {
            match other {
                Some(other) => {
                    ratios.push(other / own);
                    print!("{other:10.1} ({:4.1}x)", other / own);
                }
                None => print!("{:>18}", "-"),
            }
        }
        println!();
    }
    print!("{:32}", "geometric mean");
    for ratios in ratios.iter().filter(|ratios| !ratios.is_empty()) {
        print!("{:>10} ({:4.1}x)", "", geometric_mean(ratios));
    }
    println!();
}

#[expect(clippy::cast_precision_loss, reason = "ten values")]
fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// Nanoseconds for one of the questions that `round` asks.
fn measured(questions: u32, mut round: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    let begun = Instant::now();
    while begun.elapsed() < MEASURED {
        let start = Instant::now();
        round();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least * 1e9 / f64::from(questions)
}

/// The instants that `spread` asks about: in no order, so that nothing can be predicted.
fn instants() -> Vec<i64> {
    let mut state = 1_u64;
    let next = |_| {
        // Knuth's multiplier; the high bits are random enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        START + i64::try_from(state >> 33).unwrap_or(0) % SPREAD_SECONDS
    };
    (0..QUESTIONS).map(next).collect()
}

/// Asks for the fire after each instant, or for one fire after the other.
fn asked<T: Clone>(
    ask: Ask,
    instant: impl Fn(i64) -> T,
    next_after: impl Fn(&T) -> Option<T>,
) -> f64 {
    match ask {
        Ask::Spread => {
            let instants: Vec<T> = instants().into_iter().map(instant).collect();
            measured(QUESTIONS, || {
                for at in &instants {
                    black_box(next_after(black_box(at)));
                }
            })
        }
        Ask::Sequence => {
            let start = instant(START);
            measured(QUESTIONS, || {
                let mut at = start.clone();
                for _ in 0..QUESTIONS {
                    at = next_after(black_box(&at)).unwrap_or_else(|| start.clone());
                }
                black_box(at);
            })
        }
    }
}

fn has_seconds(pattern: &str) -> bool {
    pattern.split(' ').count() == 6
}

fn trigger(pattern: &str) -> Trigger {
    if has_seconds(pattern) {
        let second = pattern.split(' ').next().unwrap_or_default();
        return Trigger::Cron(
            Cron::table(&[(TableField::Second, second)]).expect("the pattern is right"),
        );
    }
    parse_expression(pattern)
        .expect("the pattern is right")
        .trigger
}

fn rsched_time(pattern: &str, zone: &str, ask: Ask) -> f64 {
    let zone = ZoneDatabase::bundled()
        .get(zone)
        .expect("the zone is there");
    let start = WallTime::from_unix_seconds(START);
    let schedule: Schedule = ScheduleSpec::new(trigger(pattern), zone).anchored(start);
    asked(ask, WallTime::from_unix_seconds, |at| {
        schedule.next_after(*at)
    })
}

/// The pattern with the second in front that the crate `cron` wants.
fn with_seconds(pattern: &str) -> String {
    if has_seconds(pattern) {
        pattern.to_owned()
    } else {
        format!("0 {pattern}")
    }
}

fn in_zone(zone: Tz) -> impl Fn(i64) -> DateTime<Tz> {
    move |seconds| {
        DateTime::from_timestamp(seconds, 0)
            .expect("a time of our days")
            .with_timezone(&zone)
    }
}

fn cron_time(pattern: &str, zone: &str, ask: Ask) -> Option<f64> {
    let schedule = cron::Schedule::from_str(&with_seconds(pattern)).ok()?;
    let zone: Tz = zone.parse().ok()?;
    Some(asked(ask, in_zone(zone), |at| schedule.after(at).next()))
}

fn croner_parser() -> croner::parser::CronParser {
    croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Optional)
        .build()
}

fn croner_time(pattern: &str, zone: &str, ask: Ask) -> Option<f64> {
    let schedule = croner_parser().parse(pattern).ok()?;
    let zone: Tz = zone.parse().ok()?;
    Some(asked(ask, in_zone(zone), |at| {
        schedule.find_next_occurrence(at, false).ok()
    }))
}

/// In UTC only: the crate knows no zones.
fn saffron_time(pattern: &str, zone: &str, ask: Ask) -> Option<f64> {
    let schedule: saffron::Cron = pattern.parse().ok()?;
    let utc = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time of our days");
    (zone == "UTC").then(|| asked(ask, utc, |at: &DateTime<Utc>| schedule.next_after(*at)))
}

fn parsing(patterns: &[&str]) {
    println!("\nparse: ns (and how many times rsched's)");
    println!(
        "{:24}{:>8}{:>18}{:>18}{:>18}",
        "", "rsched", "cron", "croner", "saffron"
    );
    for pattern in patterns.iter().filter(|pattern| !has_seconds(pattern)) {
        let own = measured(1, || drop(black_box(parse_expression(black_box(pattern)))));
        let with_second = with_seconds(pattern);
        let cron = || cron::Schedule::from_str(black_box(&with_second));
        let croner = || croner_parser().parse(black_box(pattern));
        let saffron = || black_box(pattern).parse::<saffron::Cron>();
        let others = [
            cron().is_ok().then(|| measured(1, || drop(cron()))),
            croner().is_ok().then(|| measured(1, || drop(croner()))),
            saffron().is_ok().then(|| measured(1, || drop(saffron()))),
        ];
        print!("{pattern:24}{own:8.0}");
        for other in others {
            match other {
                Some(other) => print!("{other:9.0} ({:5.1}x)", other / own),
                None => print!("{:>18}", "-"),
            }
        }
        println!();
    }
}

/// Dates that no calendar has: found when they are parsed, and at once when asked for.
fn never() {
    println!("\nnever firing: ns to parse, ns to ask");
    for pattern in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 4 */2"] {
        let parse = measured(1, || drop(black_box(parse_expression(black_box(pattern)))));
        let ask = rsched_time(pattern, "America/New_York", Ask::Spread);
        println!("{pattern:24}{parse:8.0}{ask:8.1}");
    }
    let fields = [(TableField::Week, "53"), (TableField::Month, "6")];
    let parse = measured(1, || drop(black_box(Cron::table(black_box(&fields)))));
    println!("{:24}{parse:8.0}", "week = 53, month = 6");
}
