//! The pools of workers, each with the line of runs that wait for one of them.
//!
//! A run takes its place when it joins a line and keeps it until it starts: one whose start could not
//! be recorded is where it was.

use super::exclusion::{Exclusion, Line};
use super::run::{Run, RunKey};
use crate::config::{DEFAULT_EXECUTOR, Executors, Job};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place in a line: the lower, the earlier its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

/// All pools.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    by_name: BTreeMap<Arc<str>, Pool>,
    last_place: u64,
    exclusion: Exclusion,
}

/// One of them.
#[derive(Clone, Debug, Default)]
struct Pool {
    max_workers: u32,
    /// More than there may be, for a while, when their number was reduced.
    busy: u32,
    line: Line,
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
            exclusion: Exclusion::default(),
        };
        _ = pools.resize(executors);
        pools
    }

    /// Takes up what the jobs file has now. Nobody is sent away. Gives back the names of the pools that came
    /// and of those that went.
    pub fn resize(&mut self, executors: &Executors) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let before: Vec<Arc<str>> = self.names().cloned().collect();
        for pool in self.by_name.values_mut() {
            pool.is_gone = true;
        }
        for (name, &max_workers) in executors {
            let pool = self.by_name.entry(Arc::clone(name)).or_default();
            pool.max_workers = max_workers;
            pool.is_gone = false;
        }
        let new = self.names().filter(|name| !before.contains(name));
        let new = new.cloned().collect();
        let gone = before
            .into_iter()
            .filter(|name| !executors.contains_key(name));
        (new, gone.collect())
    }

    /// The names of those that the jobs file has.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        let there = self.by_name.iter().filter(|(_, pool)| !pool.is_gone);
        there.map(|(name, _)| name)
    }

    /// How many workers it has.
    pub fn max_workers(&self, name: &str) -> u32 {
        self.by_name.get(name).map_or(0, |pool| pool.max_workers)
    }

    /// The pool of a new run of the job: the default one, where its own is gone.
    pub fn of(&self, job: &Job) -> Arc<str> {
        match self.by_name.get(&job.settings.policy.executor) {
            Some(pool) if !pool.is_gone => Arc::clone(&job.settings.policy.executor),
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
        let turn = (run.place, run.key);
        self.line_of(run).remove(&turn);
        if let Some(group) = &run.job.settings.policy.exclusive {
            self.exclusion.drop_out(group, &run.pool, turn);
            self.let_in(group);
        }
    }

    /// The first in any line whose turn it is: it has a worker now.
    pub fn next(&mut self, runs: &BTreeMap<RunKey, Run>) -> Option<RunKey> {
        loop {
            let (name, pool) = self
                .by_name
                .iter_mut()
                .filter(|(_, pool)| pool.busy < pool.max_workers && !pool.line.is_empty())
                .min_by_key(|(_, pool)| pool.line.first().copied())?;
            let turn = pool.line.pop_first()?;
            let run = runs.get(&turn.1)?;
            if let Some(group) = &run.job.settings.policy.exclusive
                && !self.exclusion.enter(group)
            {
                self.exclusion.set_aside(group, name, turn);
                continue;
            }
            pool.busy += 1;
            return Some(turn.1);
        }
    }

    /// It has a worker without having waited for one: its process was there already.
    pub fn occupy(&mut self, run: &Run) {
        self.pool_of(run).busy += 1;
        if let Some(group) = &run.job.settings.policy.exclusive {
            self.exclusion.adopt(group);
        }
    }

    /// It needs its worker no more.
    pub fn give_back(&mut self, run: &Run) {
        self.pool_of(run).busy -= 1;
        if let Some(group) = &run.job.settings.policy.exclusive {
            self.exclusion.leave(group);
            self.let_in(group);
        }
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
                waiting: pool.line.len() + self.exclusion.aside(name),
            })
            .collect()
    }

    /// If the group is free, the first that waited for it are in line again.
    fn let_in(&mut self, group: &str) {
        for (pool, turn) in self.exclusion.take_back(group) {
            if let Some(pool) = self.by_name.get_mut(&pool) {
                pool.line.insert(turn);
            }
        }
    }

    fn line_of(&mut self, run: &Run) -> &mut Line {
        &mut self.pool_of(run).line
    }

    fn pool_of(&mut self, run: &Run) -> &mut Pool {
        self.by_name
            .get_mut(&run.pool)
            .expect("pools are never taken out")
    }
}
