//! What all worlds together came to: told once in a while where `RSCHED_SIM_FACTOR` asks for a long run.

use crate::world::World;
use nix::sys::resource::{UsageWho, getrusage};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is told.
const TELL_AFTER: Duration = Duration::from_secs(10);

/// What one world has seen, or all of them.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Jobs times the time that they were scheduled.
    pub job_time: Duration,
    /// Deaths of a scheduler, with those of its machine.
    pub deaths: u64,
    /// Deaths that left batches without an answer.
    pub deaths_while_writing: u64,
    /// Batches that the store did not take.
    pub refused_batches: u64,
    pub clock_steps: u64,
    /// Suspends of the machine, or stops of the scheduler.
    pub sleeps: u64,
    pub failed_spawns: u64,
    /// Timers that returned before they were due.
    pub early_wakes: u64,
}

struct All {
    sum: Tally,
    worlds: u64,
    runs: u64,
    power_losses: u64,
    told: Option<Instant>,
}

static ALL: Mutex<All> = Mutex::new(All {
    sum: Tally {
        job_time: Duration::ZERO,
        deaths: 0,
        deaths_while_writing: 0,
        refused_batches: 0,
        clock_steps: 0,
        sleeps: 0,
        failed_spawns: 0,
        early_wakes: 0,
    },
    worlds: 0,
    runs: 0,
    power_losses: 0,
    told: None,
});

impl Drop for World {
    fn drop(&mut self) {
        let is_long = std::env::var_os("RSCHED_SIM_FACTOR").is_some();
        // A world that failed its checks is one, too.
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(self);
        if is_long && all.told.is_none_or(|told| told.elapsed() >= TELL_AFTER) {
            all.told = Some(Instant::now());
            // Past the test harness, which keeps what tests print.
            _ = writeln!(std::io::stderr(), "{}", all.sentence());
        }
    }
}

impl All {
    fn add(&mut self, world: &World) {
        let (sum, more) = (&mut self.sum, &world.trace.tally);
        sum.job_time += more.job_time;
        sum.deaths += more.deaths;
        sum.deaths_while_writing += more.deaths_while_writing;
        sum.refused_batches += more.refused_batches;
        sum.clock_steps += more.clock_steps;
        sum.sleeps += more.sleeps;
        sum.failed_spawns += more.failed_spawns;
        sum.early_wakes += more.early_wakes;
        self.worlds += 1;
        self.runs += world.trace.processes.len() as u64;
        self.power_losses += world.trace.power_losses as u64;
    }

    fn faults(&self) -> u64 {
        let sum = &self.sum;
        sum.refused_batches + sum.clock_steps + sum.sleeps + sum.failed_spawns
    }

    fn sentence(&self) -> String {
        let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
        let seconds = usage.user_time().tv_sec() + usage.system_time().tv_sec();
        let minute = |count: u64| count * 60 / u64::try_from(seconds).unwrap().max(1);
        let days = self.sum.job_time.as_secs() / 86_400;
        format!(
            "{seconds} s of CPU: {} worlds, {days} job-days, {} runs, {} deaths ({} while writing, {} losses of power), \
             {} faults ({} refused batches, {} settings of the clock, {} sleeps, {} failed spawns), \
             {} wake-ups too early; \
             a minute of CPU: {} job-days, {} deaths, {} faults",
            self.worlds,
            self.runs,
            self.sum.deaths,
            self.sum.deaths_while_writing,
            self.power_losses,
            self.faults(),
            self.sum.refused_batches,
            self.sum.clock_steps,
            self.sum.sleeps,
            self.sum.failed_spawns,
            self.sum.early_wakes,
            minute(days),
            minute(self.sum.deaths),
            minute(self.faults()),
        )
    }
}
