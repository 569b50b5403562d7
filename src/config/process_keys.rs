//! The keys that say what the process of a run is and is given: its user, its limits, its environment
//! beyond `env`, its stdin and output. They stand in a job or in `[defaults]`.

use super::account::{AccountKeys, principal};
use super::command::path;
use super::reader::{Entry, Problems, Table};
use super::value::{TextKind, boolean, integer, table, text, written, wrong_type};
use super::{Output, ResourceLimits, Stdin};
use crate::diagnostic::quoted;
use std::path::PathBuf;
use toml::de::DeValue;

/// What one table says; none where it says nothing.
#[derive(Clone, Default)]
pub(super) struct ProcessKeys<'t> {
    pub account: AccountKeys<'t>,
    pub limits: ResourceLimits,
    pub umask: Option<u32>,
    pub nice: Option<i32>,
    pub no_new_privileges: Option<bool>,
    pub clear_env: Option<bool>,
    pub env_file: Option<PathBuf>,
    pub stdin: Option<Stdin>,
    pub output: Option<Output>,
}

impl<'t> ProcessKeys<'t> {
    pub(super) fn read(table: &mut Table<'t>, problems: &mut Problems) -> Self {
        let mut principal = |key| {
            let entry = table.take(key)?;
            Some((principal(&entry, problems)?, entry))
        };
        let account = AccountKeys {
            user: principal("user"),
            group: principal("group"),
        };
        Self {
            account,
            limits: table
                .take("limits")
                .and_then(|entry| ResourceLimits::read(&entry, problems))
                .unwrap_or_default(),
            umask: table
                .take("umask")
                .and_then(|entry| umask(&entry, problems)),
            nice: table
                .take("nice")
                .and_then(|entry| integer(&entry, -20..=19, problems))
                .and_then(|nice| i32::try_from(nice).ok()),
            no_new_privileges: table
                .take("no_new_privileges")
                .and_then(|entry| boolean(&entry, problems)),
            clear_env: table
                .take("clear_env")
                .and_then(|entry| boolean(&entry, problems)),
            env_file: table
                .take("env_file")
                .and_then(|entry| path(&entry, problems)),
            stdin: table
                .take("stdin")
                .and_then(|entry| stdin(&entry, problems)),
            output: table
                .take("output")
                .and_then(|entry| Output::read(&entry, problems)),
        }
    }

    /// These keys, and where there are none those of the table around.
    pub(super) fn or(self, outer: &Self) -> Self {
        Self {
            account: AccountKeys {
                user: self.account.user.or_else(|| outer.account.user.clone()),
                group: self.account.group.or_else(|| outer.account.group.clone()),
            },
            limits: self.limits.or(outer.limits),
            umask: self.umask.or(outer.umask),
            nice: self.nice.or(outer.nice),
            no_new_privileges: self.no_new_privileges.or(outer.no_new_privileges),
            clear_env: self.clear_env.or(outer.clear_env),
            env_file: self.env_file.or_else(|| outer.env_file.clone()),
            stdin: self.stdin.or_else(|| outer.stdin.clone()),
            output: self.output.or_else(|| outer.output.clone()),
        }
    }
}

/// `umask`: octal digits. A TOML number of them would be decimal, and something else.
fn umask(entry: &Entry<'_>, problems: &mut Problems) -> Option<u32> {
    let octal = match entry.value {
        DeValue::String(text) => Some(text.trim()),
        DeValue::Integer(number) if number.radix() == 8 => Some(number.as_str()),
        DeValue::Integer(_) => None,
        _ => {
            problems.push(wrong_type(entry, "octal digits such as \"027\""));
            return None;
        }
    };
    let is_octal = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = octal
        .filter(is_octal)
        .and_then(|text| u32::from_str_radix(text, 8).ok())
        .filter(|value| *value <= 0o777);
    if value.is_none() {
        let found = quoted(written(entry).trim());
        let message = format!("`umask` is {found}, expected octal digits, \"000\" to \"777\"");
        let problem = entry.error("out_of_range", message);
        problems.push(problem.help("write it as a text, as in `\"027\"`"));
    }
    value
}

/// `stdin`: the text itself, or the file it is in.
fn stdin(entry: &Entry<'_>, problems: &mut Problems) -> Option<Stdin> {
    match entry.value {
        DeValue::String(_) => {
            let text = text(entry, TextKind::Block, problems)?;
            Some(Stdin::Text(text.into_owned()))
        }
        DeValue::Table(_) => {
            let mut own = table(entry, "`stdin`".into(), problems)?;
            let file = own.take("file");
            let is_empty = own.rest().is_empty();
            own.finish(problems);
            if let Some(file) = file {
                return path(&file, problems).map(Stdin::File);
            }
            // What stands there instead is reported as what it is.
            if is_empty {
                let problem = entry.error("missing_key", "`stdin` names no `file`");
                problems.push(problem.help("write `stdin = { file = \"PATH\" }`, or a text"));
            }
            None
        }
        _ => {
            let expected = "a text, or { file = \"PATH\" }";
            problems.push(wrong_type(entry, expected));
            None
        }
    }
}
