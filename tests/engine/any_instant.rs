//! A million random instants, asked of schedules of every kind: an answer that can be, and never a panic.
//!
//! The instants are those of all of time, those about the limits of types and calendars, and those at
//! which jobs run. Phases and bounds of the schedules are such instants as well.

use crate::cases::{policy, utc, zone};
use proptest::prelude::*;
use rsched::schedule::{
    CalendarDay, CalendarSteps, Cron, Exclusion, Schedule, ScheduleSpec, TableField, Trigger,
    parse_expression,
};
use rsched::time::{WallTime, Zone};
use std::sync::Arc;
use std::time::Duration;

const DAY: i64 = 86_400;

/// How many instants there are in all, and how many of them in a case.
const INSTANTS: u32 = 1_000_000;
const OF_A_CASE: u32 = 10_000;

/// How many are asked of one schedule. Where parts have to agree, an answer may be thousands of leaps away.
const OF_A_SCHEDULE: u32 = 50;
const OF_A_SLOW_SCHEDULE: u32 = 3;

/// Random choices from a seed: values of proptest's own would cost more than what they are for.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn between(&mut self, first: i64, end: i64) -> i64 {
        first + i64::try_from(self.below(first.abs_diff(end))).unwrap()
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    /// A length of up to three days in microseconds, often none.
    fn little(&mut self) -> i64 {
        match self.below(4) {
            0 => self.between(0, 3),
            1 => self.between(0, 3 * DAY) * 1_000_000,
            _ => self.between(0, 3 * DAY * 1_000_000),
        }
    }

    fn instant(&mut self) -> WallTime {
        // 2038-01-19T03:14:08 and 2106-02-07T06:28:16 are where 31 and 32 bits end.
        let limits = [
            0,
            1 << 31,
            1 << 32,
            -(1 << 31),
            utc(2000, 2, 29),
            utc(2038, 1, 1),
            utc(2100, 1, 1),
            utc(9999, 12, 31) + DAY,
            utc(0, 1, 1),
            utc(-1, 12, 31),
            i64::MAX / 1_000_000,
            i64::MIN / 1_000_000,
        ];
        let micros = match self.below(8) {
            0 => self.next().cast_signed(),
            1 => i64::MAX - self.little(),
            2 => i64::MIN + self.little(),
            3 | 4 => {
                let limit = self.one_of(&limits).saturating_mul(1_000_000);
                limit
                    .saturating_add(self.little())
                    .saturating_sub(self.little())
            }
            5 => self.between(utc(-9999, 1, 1), 0) * 1_000_000,
            _ => self.between(0, utc(2110, 1, 1) * 1_000_000),
        };
        WallTime::from_micros(micros)
    }

    fn zone(&mut self) -> Arc<Zone> {
        let name = self.one_of(&[
            "UTC",
            "America/New_York",
            "Pacific/Apia",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Antarctica/Troll",
            "Africa/Casablanca",
        ]);
        zone(name)
    }

    /// A trigger of every kind but the combined ones.
    fn simple(&mut self) -> Trigger {
        match self.below(8) {
            0..3 => {
                let text = self.one_of(&[
                    "* * * * *",
                    "*/7 1-3 * * *",
                    "30 2 * * *",
                    "0 0 29 2 *",
                    "0 0 31 12 fri",
                    "0 0 L,15W * mon#1,friL",
                    "@hourly",
                ]);
                parse_expression(text).unwrap().trigger
            }
            3 => Trigger::Cron(self.table()),
            4 => Trigger::Interval {
                length: Duration::from_micros(self.one_of(&[
                    1_000,
                    1_000_000,
                    25_200_000_000,
                    86_400_000_000,
                    i64::MAX.unsigned_abs(),
                    u64::MAX,
                ])),
                first_now: self.below(2) == 0,
            },
            5 => Trigger::Calendar(self.steps()),
            6 => Trigger::Date(self.instant()),
            _ if self.below(2) == 0 => Trigger::Now,
            _ => Trigger::Reboot,
        }
    }

    fn table(&mut self) -> Cron {
        use TableField::{Day, DayOfWeek, Hour, Minute, Month, Second, Week, Year};
        let fields: &[(TableField, &str)] = self.one_of(&[
            &[(Second, "*/7")],
            &[(Year, "1970,2038,2106,9999"), (Month, "*"), (Day, "last")],
            &[
                (Week, "53"),
                (DayOfWeek, "thu"),
                (Hour, "23"),
                (Minute, "59"),
                (Second, "59"),
            ],
            &[(Month, "2"), (Day, "29"), (DayOfWeek, "mon")],
        ]);
        Cron::table(fields).unwrap()
    }

    fn steps(&mut self) -> CalendarSteps {
        let none = CalendarSteps {
            hour: u8::try_from(self.below(24)).unwrap(),
            minute: u8::try_from(self.below(60)).unwrap(),
            ..CalendarSteps::default()
        };
        let length = u32::try_from(self.one_of(&[1, 2, 3, 100, u64::from(u32::MAX)])).unwrap();
        let day = self.one_of(&[None, Some(CalendarDay::Last), Some(CalendarDay::Number(31))]);
        match self.below(4) {
            0 => CalendarSteps {
                days: length,
                ..none
            },
            1 => CalendarSteps {
                weeks: length,
                ..none
            },
            2 => CalendarSteps {
                months: length,
                day,
                ..none
            },
            _ => CalendarSteps {
                years: length,
                day,
                ..none
            },
        }
    }

    fn spec(&mut self, trigger: Trigger) -> ScheduleSpec {
        let bound = |random: &mut Self| (random.below(6) == 0).then(|| random.instant());
        ScheduleSpec {
            start_date: bound(self),
            end_date: bound(self),
            dst: policy(self.one_of(&["once", "wall", "skip", "cron"])),
            ..ScheduleSpec::new(trigger, self.zone())
        }
    }

    /// A schedule of any kind, and whether it may take long to answer.
    fn schedule(&mut self) -> (Schedule, bool) {
        let part = |random: &mut Self| {
            let trigger = random.simple();
            random.spec(trigger)
        };
        let trigger = match self.below(24) {
            0 => Trigger::Any((0..3).map(|_| part(self)).collect()),
            1 => Trigger::All((0..2).map(|_| part(self)).collect()),
            2 => {
                let instants = [self.instant(), self.instant()];
                let between = Exclusion::Between {
                    first: instants[0].min(instants[1]),
                    end: instants[0].max(instants[1]),
                };
                let of_cron = Exclusion::minutes(self.table(), self.zone());
                Trigger::Except {
                    trigger: Box::new(self.simple()),
                    except: vec![between, of_cron],
                }
            }
            _ => self.simple(),
        };
        let is_slow = matches!(trigger, Trigger::All(_) | Trigger::Except { .. });
        let spec = self.spec(trigger);
        (spec.anchored(self.instant()), is_slow)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(INSTANTS / OF_A_CASE))]

    #[test]
    fn a_million_instants_are_answered_by_schedules_of_every_kind(seed: u64) {
        let random = &mut Random(seed);
        let mut left = OF_A_CASE;
        while left > 0 {
            let (schedule, is_slow) = random.schedule();
            let turns = left.min(if is_slow { OF_A_SLOW_SCHEDULE } else { OF_A_SCHEDULE });
            left -= turns;
            for turn in 0..turns {
                let at = random.instant();
                let next = schedule.next_after(at);
                let last = schedule.last_at_or_before(at);
                prop_assert!(next.is_none_or(|next| next > at), "{:?} after {:?}: {:?}", next, at, schedule);
                prop_assert!(last.is_none_or(|last| last <= at), "{:?} until {:?}: {:?}", last, at, schedule);
                if turn % 20 != 0 {
                    continue;
                }
                if let Some(next) = next {
                    prop_assert_eq!(schedule.last_at_or_before(next), Some(next), "{:?}", schedule);
                    prop_assert_eq!(schedule.count_between(at, next), 1, "{:?} {:?}", at, schedule);
                    let _ = schedule.dst_note(next);
                }
                if let Some(last) = last {
                    prop_assert_eq!(schedule.count_between(last, at), 0, "{:?} {:?}", at, schedule);
                }
            }
        }
    }
}
