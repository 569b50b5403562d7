//! The parts of `any` and `all`: triggers of their own, each with what else its table says.

use super::limits::MAX_PARTS;
use super::reader::{Entry, Problems};
use super::schedule_keys::ScheduleKeys;
use super::trigger::{self, Reading, WrittenTrigger};
use super::value::{items, table};
use crate::diagnostic::quoted;

/// One part as written.
pub(super) struct Part<'t> {
    pub trigger: WrittenTrigger<'t>,
    /// What its table says beside the trigger.
    pub keys: ScheduleKeys<'t>,
    /// The whole of it.
    pub entry: Entry<'t>,
}

/// The parts of an array; none if any is wrong.
pub(super) fn read<'t>(
    entry: &Entry<'t>,
    reading: Reading<'_>,
    problems: &mut Problems,
) -> Option<Vec<Part<'t>>> {
    let before = problems.errors();
    let parts: Vec<_> = array(entry, problems)?
        .into_iter()
        .filter_map(|item| part(item, reading, problems))
        .collect();
    (problems.errors() == before).then_some(parts)
}

/// The items of an array of tables that has some, and not too many.
pub(super) fn array<'t>(entry: &Entry<'t>, problems: &mut Problems) -> Option<Vec<Entry<'t>>> {
    let items = items(
        entry,
        "an array of tables such as { cron = \"@daily\" }",
        problems,
    )?;
    let key = quoted(entry.key);
    if items.is_empty() {
        problems.push(entry.error("empty_array", format!("{key} has no parts")));
        return None;
    }
    if items.len() > MAX_PARTS {
        let message = format!("{key} has {} parts, {MAX_PARTS} are the most", items.len());
        problems.push(entry.error("too_many_parts", message));
        return None;
    }
    Some(items)
}

fn part<'t>(entry: Entry<'t>, reading: Reading<'_>, problems: &mut Problems) -> Option<Part<'t>> {
    let mut own = table(&entry, format!("a part of `{}`", entry.key), problems)?;
    own.span = entry.span();
    let keys = ScheduleKeys::read(&mut own, reading.zones, problems);
    let reading = reading.with_dialect(keys.named_dialect());
    let trigger = trigger::read(&mut own, reading, problems);
    let is_empty = own.rest().is_empty();
    own.finish_with(problems, trigger::misplaced_argument);
    let trigger = trigger?;
    if trigger.entry.is_none() {
        // What stands there instead of one is reported as what it is.
        if is_empty {
            let message = format!("a part of `{}` has no trigger", entry.key);
            let problem = entry.error("missing_key", message);
            problems.push(problem.help("give it one, as in `{ cron = \"0 6 * * *\" }`"));
        }
        return None;
    }
    Some(Part {
        trigger,
        keys,
        entry,
    })
}
