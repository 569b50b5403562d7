//! The pools of workers, each with the line of runs that wait for one of them.
//!
//! A run takes its place when it joins a line and keeps it until it starts: one whose start could not
//! be recorded is where it was.

use super::run::{Run, RunKey};
use crate::config::{DEFAULT_EXECUTOR, Executors, Job};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A place in a line: the lower, the earlier its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

/// All pools.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    by_name: BTreeMap<Arc<str>, Pool>,
    last_place: u64,
}

/// One of them.
#[derive(Clone, Debug, Default)]
struct Pool {
    max_workers: u32,
    /// More than there may be, for a while, when their number was reduced.
    busy: u32,
    line: BTreeSet<(Place, RunKey)>,
    /// The jobs file has it no more: it is kept for the runs that wait for it.
    is_gone: bool,
}

/// One pool at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Its name.
    pub name: Arc<str>,
    /// How many workers it has; [`crate::config::NO_LIMIT`]: any number.
    pub max_workers: u32,
    /// How many of them are in use.
    pub busy: u32,
    /// How many runs wait for one.
    pub waiting: usize,
}

impl Pools {
    pub fn new(executors: &Executors) -> Self {
        let mut pools = Self {
            by_name: BTreeMap::new(),
            last_place: 0,
        };
        pools.resize(executors);
        pools
    }

    /// Takes up what the jobs file has now. Nobody is sent away.
    pub fn resize(&mut self, executors: &Executors) {
        for pool in self.by_name.values_mut() {
            pool.is_gone = true;
        }
        for (name, &max_workers) in executors {
            let pool = self.by_name.entry(Arc::clone(name)).or_default();
            pool.max_workers = max_workers;
            pool.is_gone = false;
        }
    }

    /// The pool of a new run of the job: the default one, where its own is gone.
    pub fn of(&self, job: &Job) -> Arc<str> {
        match self.by_name.get(&job.policy.executor) {
            Some(pool) if !pool.is_gone => Arc::clone(&job.policy.executor),
            _ => DEFAULT_EXECUTOR.into(),
        }
    }

    /// At the end of the line.
    pub fn join(&mut self, run: &mut Run) {
        self.last_place += 1;
        run.place = Place(self.last_place);
        self.line_of(run).insert((run.place, run.key));
    }

    /// In the line again, where it was, without its worker.
    pub fn rejoin(&mut self, run: &Run) {
        self.give_back(run);
        self.line_of(run).insert((run.place, run.key));
    }

    /// Out of the line, if it is in it.
    pub fn drop_out(&mut self, run: &Run) {
        self.line_of(run).remove(&(run.place, run.key));
    }

    /// The first in any line whose turn it is: it has a worker now.
    pub fn next(&mut self) -> Option<RunKey> {
        let pool = self
            .by_name
            .values_mut()
            .filter(|pool| pool.busy < pool.max_workers && !pool.line.is_empty())
            .min_by_key(|pool| pool.line.first().copied())?;
        let (_, key) = pool.line.pop_first()?;
        pool.busy += 1;
        Some(key)
    }

    /// It has a worker without having waited for one: its process was there already.
    pub fn occupy(&mut self, run: &Run) {
        self.pool_of(run).busy += 1;
    }

    /// It needs its worker no more.
    pub fn give_back(&mut self, run: &Run) {
        self.pool_of(run).busy -= 1;
    }

    /// Workers in use, of all pools.
    pub fn busy(&self) -> u32 {
        self.by_name.values().map(|pool| pool.busy).sum()
    }

    /// How each stands, in the order of their names.
    pub fn status(&self) -> Vec<PoolStatus> {
        let there = |pool: &Pool| !pool.is_gone || pool.busy > 0 || !pool.line.is_empty();
        self.by_name
            .iter()
            .filter(|(_, pool)| there(pool))
            .map(|(name, pool)| PoolStatus {
                name: Arc::clone(name),
                max_workers: pool.max_workers,
                busy: pool.busy,
                waiting: pool.line.len(),
            })
            .collect()
    }

    fn line_of(&mut self, run: &Run) -> &mut BTreeSet<(Place, RunKey)> {
        &mut self.pool_of(run).line
    }

    fn pool_of(&mut self, run: &Run) -> &mut Pool {
        self.by_name
            .get_mut(&run.pool)
            .expect("pools are never taken out")
    }
}
