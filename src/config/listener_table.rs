//! `[[listeners]]`: who is told of events.

use super::listener::{EVENT_NAMES, JobGlob, Listener, ListenerTarget, host_of};
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, filled_text, items, positive_length, table, wrong_type};
use super::{command, suggestion};
use crate::diagnostic::quoted;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// Most listeners: each has a thread of its own once it has something to do.
const MAX_LISTENERS: usize = 32;

/// Default of `timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest address on the web.
const MAX_URL_BYTES: usize = 2_048;

/// The keys that say how a listener is told.
const TARGETS: [&str; 3] = ["command", "mail", "url"];

/// Reads the arrays of all files.
pub(super) fn listeners(
    entries: &[Entry<'_>],
    env: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> Vec<Arc<Listener>> {
    let mut listeners = Vec::new();
    let mut number = 0;
    for entry in entries {
        let DeValue::Array(_) = entry.value else {
            let problem = wrong_type(entry, "an array of tables");
            problems.push(problem.help("write `[[listeners]]`, with two brackets"));
            continue;
        };
        for item in items(entry, "an array of tables", problems).unwrap_or_default() {
            number += 1;
            if number == MAX_LISTENERS + 1 {
                let message = format!("there are more than {MAX_LISTENERS} listeners");
                problems.push(item.error("too_many_listeners", message));
            }
            listeners.extend(listener(&item, number, env, problems).map(Arc::new));
        }
    }
    listeners
}

fn listener(
    entry: &Entry<'_>,
    number: usize,
    env: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> Option<Listener> {
    let mut own = table(entry, "`[[listeners]]`".into(), problems)?;
    let before = problems.errors();
    let events = own.take("events");
    if events.is_none() {
        let problem = own.error("missing_key", "a listener has no `events`");
        problems.push(problem.help("add `events = [\"job_error\", \"job_missed\"]`, or \"all\""));
    }
    let events = events.and_then(|entry| chosen(&entry, problems));
    let jobs = own.take("jobs").and_then(|entry| globs(&entry, problems));
    let target = target(&mut own, env, problems);
    let timeout = own
        .take("timeout")
        .and_then(|entry| positive_length(&entry, problems));
    own.finish(problems);
    let (events, target) = events.zip(target)?;
    (problems.errors() == before).then(|| Listener {
        number,
        events: events.names(),
        jobs,
        target,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
    })
}

/// What `events` says.
enum Chosen {
    All,
    These(Vec<&'static str>),
}

impl Chosen {
    fn names(self) -> Option<Vec<&'static str>> {
        match self {
            Self::All => None,
            Self::These(names) => Some(names),
        }
    }
}

fn chosen(entry: &Entry<'_>, problems: &mut Problems) -> Option<Chosen> {
    let expected = "\"all\", or an array of names of events";
    let items = match entry.value {
        DeValue::String(text) if text.trim() == "all" => return Some(Chosen::All),
        DeValue::String(_) => vec![*entry],
        _ => items(entry, expected, problems)?,
    };
    if items.is_empty() {
        let problem = entry.error("empty", "`events` is an empty array: nothing would be told");
        problems.push(problem.help("name events, or write `\"all\"`"));
    }
    let names: Vec<_> = items.iter().map(|item| event(item, problems)).collect();
    names.into_iter().collect::<Option<_>>().map(Chosen::These)
}

fn event(entry: &Entry<'_>, problems: &mut Problems) -> Option<&'static str> {
    let text = filled_text(entry, TextKind::Line, problems)?;
    let found = EVENT_NAMES.into_iter().find(|name| *name == text.trim());
    if found.is_none() {
        let message = format!("{} is no name of an event", quoted(&text));
        let help = suggestion::help(&text, &EVENT_NAMES);
        problems.push(entry.error("unknown_value", message).help(help));
    }
    found
}

fn globs(entry: &Entry<'_>, problems: &mut Problems) -> Option<Vec<JobGlob>> {
    let items = match entry.value {
        DeValue::String(_) => vec![*entry],
        _ => items(
            entry,
            "an array of job ids, in which `*` is any text",
            problems,
        )?,
    };
    if items.is_empty() {
        let problem = entry.error("empty", "`jobs` is an empty array: no job would be told of");
        problems.push(problem.help("leave it out to hear of all jobs"));
    }
    let globs: Vec<_> = items
        .iter()
        .map(|item| {
            let text = filled_text(item, TextKind::Line, problems)?;
            let glob = JobGlob::parse(&text);
            if glob.is_none() {
                let message = format!("{} can match no job id", quoted(&text));
                let problem = item.error("bad_glob", message);
                problems.push(problem.help(
                    "ids have letters, digits, `_`, `.` and `-`; `*` is any text and `?` any character",
                ));
            }
            glob
        })
        .collect();
    globs.into_iter().collect()
}

/// `command`, `mail` or `url`: one of them.
fn target(
    own: &mut Table<'_>,
    env: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> Option<ListenerTarget> {
    let given: Vec<Entry<'_>> = TARGETS
        .into_iter()
        .filter_map(|key| own.take(key))
        .collect();
    match given.as_slice() {
        [] => {
            let problem = own.error(
                "missing_key",
                "a listener has no `command`, `mail` or `url`",
            );
            problems.push(problem.help("add `command = [\"/path/of/program\"]`"));
            None
        }
        [first, second, ..] => {
            let message = format!(
                "{} and {} in one listener",
                quoted(first.key),
                quoted(second.key)
            );
            let problem = second.key_error("two_targets", message);
            let problem = problem.related(first.key_location(), "the first one");
            problems.push(problem.help("write a `[[listeners]]` for each"));
            None
        }
        [entry] => match entry.key {
            "command" => Some(ListenerTarget::Command {
                command: command::command(entry, problems)?,
                cwd: entry.file.directory.to_owned(),
                env: env.clone(),
            }),
            "mail" => mail(entry, problems).map(ListenerTarget::Mail),
            _ => url(entry, problems).map(ListenerTarget::Url),
        },
    }
}

/// Addresses with commas between them. What a mail system makes of each is its business.
fn mail(entry: &Entry<'_>, problems: &mut Problems) -> Option<String> {
    let text = filled_text(entry, TextKind::Name, problems)?;
    let addresses: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_address = |address: &&str| {
        !address.is_empty() && !address.starts_with('-') && !address.contains(char::is_whitespace)
    };
    if let Some(wrong) = addresses.iter().find(|address| !is_address(address)) {
        let message = format!("{} is no mail address", quoted(wrong));
        let problem = entry.error("bad_address", message);
        problems
            .push(problem.help("write `\"ops@example.org\"`, or several with commas between them"));
        return None;
    }
    Some(addresses.join(", "))
}

fn url(entry: &Entry<'_>, problems: &mut Problems) -> Option<String> {
    let text = filled_text(entry, TextKind::Line, problems)?;
    let scheme = ["https://", "http://"];
    let is_web = scheme.iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    // Never shown: who knows the address may post there.
    let wrong = if !is_web {
        Some("`url` does not begin with `https://` or `http://`")
    } else if host_of(&text).is_empty() || host_of(&text).starts_with(':') {
        Some("`url` names no host")
    } else if text.len() > MAX_URL_BYTES {
        Some("`url` is longer than 2048 bytes")
    } else if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    {
        Some("`url` has characters that no address has: write them with percent signs")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        let problem = entry.error("bad_url", wrong);
        problems.push(problem.help("write `\"https://example.org/hook\"`"));
        return None;
    }
    Some(text.into_owned())
}
