//! What most jobs have in common, to be said once.

use std::collections::BTreeMap;

/// The value that most have, the first of them where several do equally; none if one has no value: what
/// is said for all cannot be taken back for one.
pub fn most_common<T: PartialEq + Clone>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for value in values {
        let value = value?;
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    // Of equal ones the last would win.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(value, _)| value)
}

/// The variables that all have, each with its most common value.
pub fn shared_variables(environments: &[&BTreeMap<String, String>]) -> BTreeMap<String, String> {
    let Some(first) = environments.first() else {
        return BTreeMap::new();
    };
    let shared = first.keys().filter_map(|name| {
        let values = environments
            .iter()
            .map(|variables| variables.get(name).cloned());
        Some((name.clone(), most_common(values)?))
    });
    shared.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_most_common_values_is_shared_if_all_have_one() {
        let of = |values: &[Option<u8>]| most_common(values.iter().copied());
        assert_eq!(of(&[Some(1), Some(2), Some(2)]), Some(2));
        assert_eq!(of(&[Some(1), Some(2)]), Some(1));
        assert_eq!(of(&[Some(1), None]), None);
        assert_eq!(of(&[]), None);
    }
}
