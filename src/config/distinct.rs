//! Values that many jobs have in common, each kept once.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// The values seen so far.
#[derive(Debug)]
pub(super) struct Distinct<T>(HashSet<Arc<T>>);

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash> Distinct<T> {
    /// Makes it the one that was seen first, if one like it was.
    pub fn share(&mut self, value: &mut Arc<T>) {
        match self.0.get(value) {
            Some(first) => *value = Arc::clone(first),
            None => _ = self.0.insert(Arc::clone(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_one() {
        let mut distinct = Distinct::default();
        let [mut one, mut two, mut other] = ["a", "a", "b"].map(Arc::new);
        for value in [&mut one, &mut two, &mut other] {
            distinct.share(value);
        }
        assert!(Arc::ptr_eq(&one, &two));
        assert!(!Arc::ptr_eq(&one, &other));
        assert_eq!(*other, "b");
    }
}
