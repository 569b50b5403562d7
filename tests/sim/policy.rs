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
}

pub fn policy() -> impl Strategy<Value = Policy> {
    (
        prop::sample::select(vec!["default", "default", "small", "pair"]),
        -1..2_i32,
        prop::sample::select(vec!["skip", "queue", "replace"]),
        prop::sample::select(vec![None, None, Some("a"), Some("b")]),
    )
        .prop_map(|(executor, priority, overlap, exclusive)| Policy {
            executor,
            priority,
            overlap,
            exclusive,
        })
}

impl Policy {
    /// Appends them to the table of the job.
    pub fn write(&self, toml: &mut String) {
        let Self {
            executor,
            priority,
            overlap,
            exclusive,
        } = self;
        let keys = format!("executor = '{executor}'\npriority = {priority}\noverlap = '{overlap}'");
        writeln!(toml, "{keys}").unwrap();
        if let Some(group) = exclusive {
            writeln!(toml, "exclusive = '{group}'").unwrap();
        }
    }
}
