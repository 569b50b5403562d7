//! Groups of jobs of which never two run at the same time: `exclusive`.
//!
//! A run whose turn it would be while another of its group runs is set aside. When that one is gone,
//! the first of each pool is put back where it was in its line; the others stay aside, since only one
//! can run. So a run that is to wait is looked at once, however many there are.

use super::pools::Place;
use super::run::RunKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs in the order of their turn.
pub(super) type Line = BTreeSet<(Place, RunKey)>;

/// All groups of which a run is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusion {
    groups: BTreeMap<Arc<str>, Group>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    /// How many run: one, or more where processes of an earlier scheduler were adopted.
    running: u32,
    /// Those set aside, by pool.
    aside: BTreeMap<Arc<str>, Line>,
}

impl Exclusion {
    /// Lets a run of the group run, unless one does.
    pub fn enter(&mut self, group: &Arc<str>) -> bool {
        let group = self.groups.entry(Arc::clone(group)).or_default();
        let is_free = group.running == 0;
        group.running += u32::from(is_free);
        is_free
    }

    /// A process of the group is there already.
    pub fn adopt(&mut self, group: &Arc<str>) {
        self.groups.entry(Arc::clone(group)).or_default().running += 1;
    }

    /// It runs no more.
    pub fn leave(&mut self, group: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            group.running -= 1;
        }
    }

    /// This one waits for the group to be free.
    pub fn set_aside(&mut self, group: &Arc<str>, pool: &Arc<str>, turn: (Place, RunKey)) {
        let group = self.groups.entry(Arc::clone(group)).or_default();
        let aside = group.aside.entry(Arc::clone(pool)).or_default();
        aside.insert(turn);
    }

    /// This one waits no more.
    pub fn drop_out(&mut self, group: &str, pool: &str, turn: (Place, RunKey)) {
        if let Some(aside) = self
            .groups
            .get_mut(group)
            .and_then(|group| group.aside.get_mut(pool))
        {
            aside.remove(&turn);
        }
    }

    /// If the group is free: the first of each pool that were set aside, to be put back.
    pub fn take_back(&mut self, group: &str) -> Vec<(Arc<str>, (Place, RunKey))> {
        let Some(there) = self.groups.get_mut(group) else {
            return Vec::new();
        };
        if there.running > 0 {
            return Vec::new();
        }
        let firsts = there
            .aside
            .iter_mut()
            .filter_map(|(pool, aside)| Some((Arc::clone(pool), aside.pop_first()?)))
            .collect();
        if there.aside.values().all(Line::is_empty) {
            self.groups.remove(group);
        }
        firsts
    }

    /// How many are set aside that would be in the line of this pool.
    pub fn aside(&self, pool: &str) -> usize {
        let groups = self.groups.values();
        groups
            .filter_map(|group| group.aside.get(pool))
            .map(Line::len)
            .sum()
    }
}
