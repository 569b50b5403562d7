//! What random worlds say of the runs of a job to each other and to those of other jobs.

use proptest::prelude::*;
use std::fmt::Write as _;

/// The pools beside the default one, and how many workers they have.
pub const POOLS: &str = "[executors.small]\nmax_workers = 1\n[executors.pair]\nmax_workers = 2\n";

/// The keys of one job.
#[derive(Clone, Debug)]
pub struct Policy {
    executor: &'static str,
    priority: i32,
    overlap: &'static str,
    exclusive: Option<&'static str>,
    retry: Option<(u32, u64, f64, u64, &'static str)>,
    pub recovers_at: Option<u32>,
    /// In milliseconds; mostly none.
    pub start_takes: u64,
}

pub fn policy() -> impl Strategy<Value = Policy> {
    (
        prop::sample::select(vec!["default", "default", "small", "pair"]),
        -1..2_i32,
        prop::sample::select(vec!["skip", "queue", "replace"]),
        prop::sample::select(vec![None, None, Some("a"), Some("b")]),
        prop::option::of((
            0..4_u32,
            1..20_u64,
            prop::sample::select(vec![1.0, 1.5, 2.0, 3.333]),
            0..30_u64,
            prop::sample::select(vec!["'failure'", "'timeout'", "'failure', 'timeout'"]),
        )),
        prop::option::of(2..5_u32),
        prop_oneof![4 => Just(0), 1 => 1..200_000_u64],
    )
        .prop_map(
            |(executor, priority, overlap, exclusive, retry, recovers_at, start_takes)| Policy {
                executor,
                priority,
                overlap,
                exclusive,
                retry,
                recovers_at,
                start_takes,
            },
        )
}

impl Policy {
    /// Appends them to the table of the job.
    pub fn write(&self, toml: &mut String) {
        let Self {
            executor,
            priority,
            overlap,
            exclusive,
            retry,
            ..
        } = self;
        let keys = format!("executor = '{executor}'\npriority = {priority}\noverlap = '{overlap}'");
        writeln!(toml, "{keys}").unwrap();
        if let Some(group) = exclusive {
            writeln!(toml, "exclusive = '{group}'").unwrap();
        }
        if let Some((attempts, delay, factor, more, on)) = retry {
            let most = delay + more;
            writeln!(toml, "retry = {{ attempts = {attempts}, delay = {delay}, factor = {factor:?}, max_delay = {most}, on = [{on}] }}").unwrap();
        }
    }
}
