//! Timers that return before they are due: nothing starts before its time, and nothing again at it.
//!
//! Random worlds have such timers, too; here one job is woken too early as often as it takes.

use crate::world::{World, at, cases, seconds};
use rsched::time::{BootTime, WallTime};
use std::time::Duration;

/// How much too early a timer returns at most.
const EARLIEST: Duration = Duration::from_millis(2);

/// Timers that return before they are due, as where the kernel counts in coarse ticks or a machine's
/// clocks do not run alike.
pub struct EarlyTimers {
    random: u64,
    /// How often they do so for one moment.
    tries: u32,
    /// How often they still do so for the moment that was waited for last.
    left: u32,
    due: BootTime,
}

impl EarlyTimers {
    fn return_at(&mut self, due: BootTime, now: BootTime) -> BootTime {
        if self.due != due {
            (self.due, self.left) = (due, self.tries);
        }
        let window = due.saturating_since(now).min(EARLIEST);
        let micros = u64::try_from(window.as_micros()).unwrap();
        if self.left == 0 || micros == 0 {
            return due;
        }
        // Spread over what is left of the window; a try may also be right.
        let most = (2 * micros / u64::from(self.left)).max(1);
        let into = Duration::from_micros(random(&mut self.random) % most + 1);
        self.left -= 1;
        let early = window.saturating_sub(into);
        BootTime::from_micros(due.as_micros() - i64::try_from(early.as_micros()).unwrap())
    }
}

/// The next of a row of numbers that a seed decides.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl World {
    /// From now on the timers return too early, up to so often before they are due, at moments that the
    /// seed decides.
    pub fn wakes_early(&mut self, seed: u64, tries: u32) {
        self.early_timers = Some(EarlyTimers {
            random: seed,
            tries,
            left: tries,
            due: self.boot,
        });
    }

    /// When a timer that is due then returns.
    pub(super) fn too_early(&mut self, due: BootTime) -> BootTime {
        match &mut self.early_timers {
            Some(timers) => timers.return_at(due, self.boot),
            None => due,
        }
    }
}

#[test]
fn woken_too_early_a_million_times_a_job_of_every_second_starts_at_each_second_once() {
    let toml = "[jobs.a]\ncron = { second = '*' }\ncommand = 'x'\n[jobs.b]\ninterval = '1s'\ncommand = 'x'\n";
    for seed in 0..cases(1) {
        let mut world = World::new("2026-01-01 00:00:00.5", toml);
        world.wakes_early(seed.into(), 60);
        while world.trace.tally.early_wakes < 1_000_000 {
            world.run_for(seconds(60));
        }
        for (job, first) in [("a", "2026-01-01 00:00:01"), ("b", "2026-01-01 00:00:01.5")] {
            let runs = world.trace.processes.iter().filter(|run| run.0 == job);
            let runs: Vec<(WallTime, WallTime)> = runs.map(|run| (run.1, run.2)).collect();
            let early = runs.iter().filter(|(fire, start)| start < fire).count();
            assert_eq!(early, 0, "starts of {job} before their time, seed {seed}");
            let due = (0..).map(|n| at(first) + seconds(n));
            let due = due.take_while(|due| *due <= world.wall());
            let due: Vec<_> = due.map(|due| (due, due)).collect();
            assert_eq!(runs, due, "{job}, seed {seed}");
        }
    }
}
