//! Environment tables: `[env]`, `[defaults.env]` and a job's `env`. Values are secrets until the
//! contrary is known: no message shows one.

use super::limits::{MAX_ARGUMENT_BYTES, MAX_ENV_VARIABLES};
use super::reader::{Entry, Problems};
use super::value::{TextKind, table, text};
use crate::diagnostic::{is_invisible, quoted};
use std::collections::BTreeMap;

/// Reads a table of variables; `name` is how messages call it.
pub(super) fn environment(
    entry: &Entry<'_>,
    name: &str,
    problems: &mut Problems,
) -> Option<BTreeMap<String, String>> {
    let before = problems.errors();
    let variables = table(entry, name.to_owned(), problems)?.rest();
    if variables.len() > MAX_ENV_VARIABLES {
        let message = format!(
            "{name} has {} variables, {MAX_ENV_VARIABLES} are the most",
            variables.len()
        );
        problems.push(entry.key_error("too_many_variables", message));
        return None;
    }
    let mut environment = BTreeMap::new();
    for variable in variables {
        check_name(&variable, problems);
        let Some(value) = text(&variable, TextKind::Block, problems) else {
            continue;
        };
        if variable.key.len() + "=".len() + value.len() + "\0".len() > MAX_ARGUMENT_BYTES {
            let message = format!(
                "{} with its value has {MAX_ARGUMENT_BYTES} bytes or more, which the system refuses",
                quoted(variable.key)
            );
            problems.push(variable.key_error("text_too_long", message));
        }
        environment.insert(variable.key.to_owned(), value.into_owned());
    }
    (problems.errors() == before).then_some(environment)
}

fn check_name(variable: &Entry<'_>, problems: &mut Problems) {
    if let Some(what) = wrong_name(variable.key) {
        problems.push(variable.key_error("bad_variable_name", what));
    }
}

/// Why a text is no name of a variable, if it is none.
pub(super) fn wrong_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the name of a variable is empty".to_owned());
    }
    if name.contains('=') {
        let message = format!("the name of the variable {} contains `=`", quoted(name));
        return Some(message);
    }
    let c = name.chars().find(|c| c.is_control() || is_invisible(*c))?;
    Some(format!(
        "the name of the variable {} contains U+{:04X}",
        quoted(name),
        u32::from(c)
    ))
}
