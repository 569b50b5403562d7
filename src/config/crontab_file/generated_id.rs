//! The id of an entry that names none: its program in words, and a hash of the line.
//!
//! The hash makes it stable: other lines may come, go and move, and the entry keeps its id, its
//! history and the values of its `H` fields. An edited line is another job.

use super::script::{self, SimpleCommand, is_plain};
use crate::config::JobId;
use siphasher::sip::SipHasher24;
use std::hash::Hasher as _;

/// Longest part made of words.
const MAX_SLUG: usize = 32;
/// Words of it: the program and what it is given.
const MAX_WORDS: usize = 3;
/// What an entry is called whose command has no name in it.
const NAMELESS: &str = "job";

/// Programs that run another one, which is then the one that matters.
const WRAPPERS: [&str; 14] = [
    "sudo", "nice", "ionice", "nohup", "env", "exec", "chronic", "cronic", "timeout", "flock",
    "setlock", "stdbuf", "nocache", "run-one",
];

/// The id of the entry whose line and command these are, in lower case. One that is taken gets a number.
pub fn generated_id(line: &str, script: &str, is_taken: impl Fn(&str) -> bool) -> JobId {
    let mut hasher = SipHasher24::new_with_keys(0, 0);
    hasher.write(line.as_bytes());
    // Six hexadecimal digits: lines that share a slug are few.
    let base = format!("{}-{:06x}", slug(script), hasher.finish() >> 40);
    let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
    let id = std::iter::once(base.clone())
        .chain(numbered)
        .find(|id| !is_taken(id))
        .unwrap_or(base);
    JobId::parse(&id)
        .expect("a slug of at most 32 letters, digits and `-`, `_`, `.`, and two numbers")
}

/// What people would call it: `run-parts-cron.daily`, `certbot-renew`.
pub fn slug(script: &str) -> String {
    let commands = script::commands(script);
    let is_main = |command: &&SimpleCommand<'_>| {
        // `sleep 60`, `perl -e 'sleep int(rand(43200))'`
        let is_script = |word: &&str| word.starts_with(['\'', '"']) && word.contains("sleep");
        let waits = command.program() == "sleep" || command.words.iter().any(is_script);
        let is_preparation = command.is_builtin() && !matches!(command.program(), "echo" | "exec");
        !waits && !is_preparation
    };
    let words = commands.iter().find(is_main).or(commands.first());
    let words = words.map_or(&[][..], |command| unwrapped(&command.words));
    let mut parts: Vec<String> = Vec::new();
    for word in words {
        let is_name = !word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            && !word.contains('=')
            && is_plain(word);
        let part = part_of(word);
        if part.is_empty() || parts.contains(&part) || !(parts.is_empty() || is_name) {
            continue;
        }
        let length: usize = parts.iter().map(|part| part.len() + 1).sum();
        if parts.len() == MAX_WORDS || length + part.len() > MAX_SLUG {
            break;
        }
        parts.push(part);
    }
    if parts.is_empty() {
        return NAMELESS.to_owned();
    }
    parts.join("-")
}

/// The words from the program on that a wrapper runs.
fn unwrapped<'a, 't>(words: &'a [&'t str]) -> &'a [&'t str] {
    let mut rest = words;
    while let Some((program, arguments)) = rest.split_first() {
        let program = program.rsplit('/').next().unwrap_or(program);
        if !WRAPPERS.contains(&program) {
            break;
        }
        let mut arguments = arguments;
        // `flock FILE command`: the file is an argument of its own.
        let mut own = usize::from(program == "flock" || program == "setlock");
        while let Some((word, later)) = arguments.split_first() {
            let has_value = program == "sudo" && matches!(*word, "-u" | "-g");
            let is_option = word.starts_with('-');
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            if !is_option && !is_number && !word.contains('=') {
                if own == 0 {
                    break;
                }
                own -= 1;
            }
            arguments = later.get(usize::from(has_value)..).unwrap_or_default();
        }
        if arguments.is_empty() {
            break;
        }
        rest = arguments;
    }
    rest
}

/// A word as a part of an id: the last part of a path, in lower case, without what ids do not have.
fn part_of(word: &str) -> String {
    let name = word
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let mut part = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            part.push(c.to_ascii_lowercase());
        } else if !part.ends_with('-') {
            part.push('-');
        }
    }
    let mut part = part.trim_matches(['-', '.', '_']).to_owned();
    part.truncate(MAX_SLUG);
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slug_is_the_program_and_what_it_is_given() {
        for (script, expected) in [
            (
                "cd / && run-parts --report /etc/cron.hourly",
                "run-parts-cron.hourly",
            ),
            (
                "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }",
                "run-parts-cron.daily",
            ),
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew",
                "certbot-renew",
            ),
            ("php -f /var/www/nextcloud/cron.php", "php-cron.php"),
            ("/usr/local/bin/Backup.sh >/dev/null 2>&1", "backup.sh"),
            ("nice -n 19 ionice -c3 /usr/bin/updatedb", "updatedb"),
            (
                "sudo -u www-data /usr/bin/php artisan schedule:run",
                "php-artisan-schedule-run",
            ),
            ("flock -n /var/lock/x -c /bin/true", "true"),
            ("timeout 10m rsync -a /src/ host:/dst", "rsync-src-dst"),
            ("echo hello", "echo-hello"),
            (
                "command -v debian-sa1 > /dev/null && debian-sa1 1 1",
                "debian-sa1",
            ),
            (
                "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run ]; then /usr/lib/php/sessionclean; fi",
                "sessionclean",
            ),
            ("$HOME/bin/x", "x"),
            ("\"$CMD\"", "cmd"),
            ("true", "true"),
            ("(:)", "job"),
            ("", "job"),
        ] {
            assert_eq!(slug(script), expected, "{script}");
        }
    }

    #[test]
    fn an_id_depends_on_the_line_alone() {
        let id = |line: &str, taken: &[&str]| {
            generated_id(line, "echo x", |id| taken.contains(&id)).to_string()
        };
        let first = id("0 5 * * * echo x", &[]);
        assert_eq!(first, "echo-x-3eb09d");
        assert_ne!(id("0 6 * * * echo x", &[]), first);
        let second = id("0 5 * * * echo x", &[&first]);
        assert_eq!(second, format!("{first}-2"));
        assert_eq!(
            id("0 5 * * * echo x", &[&first, &second]),
            format!("{first}-3")
        );
    }

    proptest! {
        #[test]
        fn every_text_has_an_id(line: String, script: String) {
            let id = generated_id(&line, &script, |_| false);
            prop_assert!(id.as_str().len() <= MAX_SLUG + 7);
        }
    }
}
