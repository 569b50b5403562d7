//! `[executors.NAME]`: the pools of workers that runs wait for.

use super::reader::{Entry, Problems, Table};
use super::settings::count;
use super::suggestion;
use super::value::{TextKind, choice, filled_text, table};
use crate::diagnostic::{is_invisible, quoted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pool of jobs that name none.
pub const DEFAULT_EXECUTOR: &str = "default";

/// Longest name of a pool.
const MAX_NAME_BYTES: usize = 128;

/// How many workers each pool has, by its name; [`super::NO_LIMIT`]: any number. `default` is always
/// among them.
pub type Executors = BTreeMap<Arc<str>, u32>;

/// Reads `[executors]`; a pool that does not say how many workers it has gets `default_workers`.
pub(super) fn executors(
    entry: Option<&Entry<'_>>,
    default_workers: u32,
    problems: &mut Problems,
) -> Executors {
    let mut executors = Executors::from([(DEFAULT_EXECUTOR.into(), default_workers)]);
    let pools = entry.and_then(|entry| table(entry, "`[executors]`".into(), problems));
    for entry in pools.iter().flat_map(Table::rest) {
        if let Some(message) = wrong_name(entry.key) {
            problems.push(entry.key_error("bad_executor", message));
            continue;
        }
        let name = format!("`[executors.{}]`", entry.key);
        let Some(mut pool) = table(&entry, name, problems) else {
            continue;
        };
        if let Some(kind) = pool.take("type") {
            // Both mean the same here, a pool of processes; they are what APScheduler calls its pools.
            let _ = choice(&kind, &[("threadpool", ()), ("processpool", ())], problems);
        }
        let workers = pool
            .take("max_workers")
            .and_then(|entry| count(&entry, problems));
        pool.finish(problems);
        executors.insert(entry.key.into(), workers.unwrap_or(default_workers));
    }
    executors
}

/// The pool that a job names; none if there is no such pool.
pub(super) fn executor(
    entry: &Entry<'_>,
    executors: &Executors,
    problems: &mut Problems,
) -> Option<Arc<str>> {
    let name = filled_text(entry, TextKind::Name, problems)?;
    if let Some((known, _)) = executors.get_key_value(name.as_ref()) {
        return Some(Arc::clone(known));
    }
    let known: Vec<&str> = executors.keys().map(AsRef::as_ref).collect();
    let help = match suggestion::nearest(&name, &known) {
        Some(near) => suggestion::did_you_mean(near),
        None if wrong_name(&name).is_none() => {
            format!("add `[executors.{name}]` with its `max_workers`")
        }
        None => suggestion::allowed_here(&known),
    };
    let message = format!(
        "`executor` is {}, and there is no such executor",
        quoted(&name)
    );
    problems.push(entry.error("unknown_executor", message).help(help));
    None
}

/// What is wrong with the name of a pool, if anything.
fn wrong_name(name: &str) -> Option<String> {
    let is_wrong = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c);
    if name.is_empty() {
        return Some("the name of an executor is empty".to_owned());
    }
    if name.len() > MAX_NAME_BYTES {
        let length = name.len();
        return Some(format!(
            "the name of an executor is {length} bytes long, {MAX_NAME_BYTES} are the most"
        ));
    }
    let c = name.chars().find(|c| is_wrong(*c))?;
    Some(format!(
        "the name of the executor {} has the character U+{:04X}",
        quoted(name),
        u32::from(c)
    ))
}
