//! Reading an expression takes no heap but for what the result holds itself.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe to implement, and only one that counts can tell"
)]

use rsched::schedule::{Schedule, ScheduleSpec, parse_expression, parse_expression_for};
use rsched::time::{WallTime, Zone};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

thread_local! {
    /// Without a destructor and known when it is compiled: reading it allocates nothing.
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        // SAFETY: as this function's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as this function's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        // SAFETY: as this function's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often the heap is asked for memory, and what comes of it.
fn asked<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ASKED.get();
    let result = black_box(work());
    (ASKED.get() - before, result)
}

const EXPRESSIONS: [&str; 14] = [
    "* * * * *",
    "*/5 9-17 * * mon-fri",
    "0 0 1-15 may-aug *",
    "1,2,3,10-20/2,59 0-23 1-31 jan-dec sun-sat",
    "0 0 29 2 *",
    "0 0 30 2 *",
    "0 12 * * 5#3",
    "0 0 L,LW,15W,L-3 * friL,mon#1",
    "  30\t3 ? * * ",
    "@daily",
    "@reboot",
    "@every 1h 30m",
    "0 0 * * 7",
    "0 22 * * 1-5",
];

#[test]
fn reading_an_expression_takes_no_heap() {
    assert_eq!(asked(|| Box::new(1)).0, 1, "it counts");
    for text in EXPRESSIONS {
        let (count, parsed) = asked(|| parse_expression(black_box(text)));
        assert!(parsed.is_ok());
        assert_eq!(count, 0, "{text}");
    }
    let (count, _) = asked(|| parse_expression_for("H H(0-5) ~ * *", Some("backup")));
    assert_eq!(count, 0, "hashed values");
}

#[test]
fn what_the_result_holds_is_all_there_is() {
    let (count, _) = asked(|| parse_expression("CRON_TZ=Asia/Tokyo 30 4 * * *"));
    assert_eq!(count, 1, "the zone's name");
}

#[test]
fn asking_a_schedule_takes_no_heap() {
    let start = WallTime::from_unix_seconds(1_767_225_600);
    for text in EXPRESSIONS {
        let trigger = parse_expression(text).unwrap().trigger;
        let schedule: Schedule = ScheduleSpec::new(trigger, Zone::utc()).anchored(start);
        let (count, _) = asked(|| {
            let next = schedule.next_after(start);
            let last = schedule.last_at_or_before(start);
            (
                next,
                last,
                schedule.count_between(WallTime::from_micros(0), start),
            )
        });
        assert_eq!(count, 0, "{text}");
    }
}
