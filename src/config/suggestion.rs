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
        .map(|(name, ours)| (strsim::damerau_levenshtein(&word, name), name.len(), ours))
        .filter(|(distance, length, _)| *distance <= allowed && distance < length)
        .min()
        .map(|(_, _, ours)| ours)
}

/// The help for a word that is none of `candidates`: the nearest, else all of them.
pub(super) fn help(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("allowed here: {}", list(candidates)),
    }
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
