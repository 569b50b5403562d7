//! Values that many jobs have in common, each kept once.

use std::collections::HashSet;
use std::hash::Hash;

/// The values seen so far; cloning one is cheap.
#[derive(Debug)]
pub(super) struct Distinct<T>(HashSet<T>);

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// The one that was seen first, if one like it was.
    pub fn share(&mut self, value: T) -> T {
        if let Some(first) = self.0.get(&value) {
            return first.clone();
        }
        self.0.insert(value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_alike_is_one() {
        let mut distinct = Distinct::default();
        let [one, two, other] = ["a", "a", "b"].map(|text| distinct.share(Arc::new(text)));
        assert!(Arc::ptr_eq(&one, &two));
        assert!(!Arc::ptr_eq(&one, &other));
        assert_eq!(*other, "b");
    }
}
