//! "Did you mean": the known word nearest to what was typed, if any is near enough to be meant.

/// What other schedulers, and people, call our keys.
const OTHER_NAMES: [(&str, &str); 25] = [
    ("args", "command"),
    ("at", "date"),
    ("cmd", "command"),
    ("concurrency", "max_instances"),
    ("cron_expression", "cron"),
    ("dir", "cwd"),
    ("directory", "cwd"),
    ("disabled", "enabled"),
    ("environment", "env"),
    ("every", "interval"),
    ("exec", "command"),
    ("expression", "cron"),
    ("func", "command"),
    ("grace", "misfire_grace_time"),
    ("job", "jobs"),
    ("pool_size", "max_workers"),
    ("program", "command"),
    ("run", "command"),
    ("run_at", "date"),
    ("schedule", "cron"),
    ("script", "command"),
    ("tz", "timezone"),
    ("when", "cron"),
    ("workdir", "cwd"),
    ("working_directory", "cwd"),
];

/// The candidate that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    // Longer than any key: no typo, and the distance costs length times length.
    const MAX_TYPED: usize = 64;
    if word.len() > MAX_TYPED {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    // Every third letter may be wrong; of short words one.
    let allowed = (word.chars().count() / 3).max(1);
    let others = OTHER_NAMES.iter().filter_map(|(name, ours)| {
        let ours = candidates.iter().find(|candidate| *candidate == ours)?;
        Some((*name, *ours))
    });
    candidates
        .iter()
        .map(|candidate| (*candidate, *candidate))
        .chain(others)
        .filter(|(name, _)| can_be_near(&word, name, allowed))
        .map(|(name, ours)| (strsim::damerau_levenshtein(&word, name), name.len(), ours))
        .filter(|(distance, length, _)| *distance <= allowed && distance < length)
        .min()
        .map(|(_, _, ours)| ours)
}

/// Whether so few edits could make one word of the other: a quick look, since a file may hold millions
/// of unknown keys and the distance takes long. One edit brings at most one character, and takes at most
/// one.
fn can_be_near(word: &str, name: &str, edits: usize) -> bool {
    // What of the word is not in the name, less what of the name is not in the word.
    let mut counts = [0_i32; 32];
    word.chars().for_each(|c| counts[c as usize % 32] += 1);
    name.chars().for_each(|c| counts[c as usize % 32] -= 1);
    let excess = |sign: i32| -> usize {
        let counts = counts
            .iter()
            .map(|count| usize::try_from(count * sign).unwrap_or(0));
        counts.sum()
    };
    excess(1) <= edits && excess(-1) <= edits
}

/// The help for a word that is none of `candidates`: the nearest, else all of them.
pub(super) fn help(word: &str, candidates: &[&str]) -> String {
    nearest(word, candidates).map_or_else(|| allowed_here(candidates), did_you_mean)
}

/// The help for what was probably meant to be another word.
pub(super) fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

/// The help for what is like nothing that may be there.
pub(super) fn allowed_here(candidates: &[&str]) -> String {
    format!("allowed here: {}", list(candidates))
}

/// `` `a`, `b`, `c` ``.
pub(super) fn list(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_cannot_be_near_is_not(word in "[a-f_é]{0,12}", name in "[a-f_]{1,12}", edits in 0_usize..5) {
            let is_near = strsim::damerau_levenshtein(&word, &name) <= edits;
            prop_assert!(!is_near || can_be_near(&word, &name, edits));
        }
    }

    #[test]
    fn typos_other_spellings_and_other_names_are_recognised() {
        let keys = [
            "command",
            "cron",
            "env",
            "max_instances",
            "interval",
            "jobs",
        ];
        for (typed, meant) in [
            ("comand", Some("command")),
            ("Command", Some("command")),
            ("ocmmand", Some("command")),
            ("max-instances", Some("max_instances")),
            ("max_instance", Some("max_instances")),
            ("schedule", Some("cron")),
            ("shcedule", Some("cron")),
            ("every", Some("interval")),
            ("job", Some("jobs")),
            ("evn", Some("env")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &keys), meant, "{typed}");
        }
        assert_eq!(help("colour", &["a", "b"]), "allowed here: `a`, `b`");
    }
}
