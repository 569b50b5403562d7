//! The keys that a job and `[defaults]` have in common.

use super::allow::Allowed;
use super::process_keys::ProcessKeys;
use super::reader::Entry;
use super::reader::{Problems, Table};
use super::run_policy::RunKeys;
use super::schedule_keys::ScheduleKeys;
use super::value::{
    TextKind, boolean, choice, filled_text, integer, items, length, positive_length, text,
    wrong_type,
};
use super::{Coalesce, Hosts, NO_LIMIT, OnLost, command, environment};
use crate::time::ZoneDatabase;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// Default of `misfire_grace_time`.
pub(super) const DEFAULT_GRACE: Duration = Duration::from_secs(60);
/// Default of `kill_after`.
pub(super) const DEFAULT_KILL_AFTER: Duration = Duration::from_secs(10);
/// Default of `shell`.
pub(super) const DEFAULT_SHELL: &str = "/bin/sh";

const ON_LOST: [(&str, OnLost); 2] = [("keep", OnLost::Keep), ("rerun", OnLost::Rerun)];

/// What one table says; none where it says nothing.
#[derive(Clone, Default)]
pub(super) struct Settings<'t> {
    pub schedule: ScheduleKeys<'t>,
    pub allow: Allowed,
    pub shell: Option<PathBuf>,
    pub cwd: Option<PathBuf>,
    pub env: BTreeMap<String, String>,
    pub enabled: Option<bool>,
    pub hosts: Option<Hosts>,
    pub max_instances: Option<u32>,
    pub misfire_grace_time: Option<Grace>,
    pub coalesce: Option<Coalesce>,
    pub timeout: Option<Duration>,
    pub kill_after: Option<Duration>,
    pub on_lost: Option<OnLost>,
    pub description: Option<String>,
    pub tags: Option<Vec<String>>,
    pub process: ProcessKeys<'t>,
    pub run: RunKeys<'t>,
}

/// How late a fire may be noticed and still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grace {
    /// At most this.
    Within(Duration),
    /// Any lateness.
    Forever,
}

impl<'t> Settings<'t> {
    pub(super) fn read(
        table: &mut Table<'t>,
        zones: &ZoneDatabase,
        problems: &mut Problems,
    ) -> Self {
        let schedule = ScheduleKeys::read(table, zones, problems);
        let name = table.name.clone();
        Self {
            schedule,
            allow: table
                .take("allow")
                .map(|entry| Allowed::read(&entry, problems))
                .unwrap_or_default(),
            shell: table
                .take("shell")
                .and_then(|entry| command::shell(&entry, problems)),
            cwd: table
                .take("cwd")
                .and_then(|entry| command::path(&entry, problems)),
            env: table
                .take("env")
                .and_then(|entry| {
                    environment::environment(&entry, &format!("`env` of {name}"), problems)
                })
                .unwrap_or_default(),
            enabled: table
                .take("enabled")
                .and_then(|entry| boolean(&entry, problems)),
            hosts: table
                .take("hosts")
                .and_then(|entry| Hosts::read(&entry, problems)),
            max_instances: table
                .take("max_instances")
                .and_then(|entry| count(&entry, problems)),
            misfire_grace_time: table
                .take("misfire_grace_time")
                .and_then(|entry| grace(&entry, problems)),
            coalesce: table
                .take("coalesce")
                .and_then(|entry| coalesce(&entry, problems)),
            timeout: table
                .take("timeout")
                .and_then(|entry| positive_length(&entry, problems)),
            kill_after: table
                .take("kill_after")
                .and_then(|entry| length(&entry, problems)),
            on_lost: table
                .take("on_lost")
                .and_then(|entry| choice(&entry, &ON_LOST, problems)),
            description: table.take("description").and_then(|entry| {
                text(&entry, TextKind::Block, problems).map(std::borrow::Cow::into_owned)
            }),
            tags: table.take("tags").and_then(|entry| tags(&entry, problems)),
            process: ProcessKeys::read(table, problems),
            run: RunKeys::read(table, problems),
        }
    }
}

/// A whole number from 1, or [`NO_LIMIT`] by its name.
pub(super) fn count(entry: &Entry<'_>, problems: &mut Problems) -> Option<u32> {
    if let DeValue::String(text) = entry.value
        && !text
            .trim()
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    {
        return choice(entry, &[("unlimited", NO_LIMIT)], problems);
    }
    let number = integer(entry, 1..=i64::from(u32::MAX), problems)?;
    u32::try_from(number).ok()
}

fn grace(entry: &Entry<'_>, problems: &mut Problems) -> Option<Grace> {
    if matches!(entry.value, DeValue::String(text) if text.trim() == "forever") {
        return Some(Grace::Forever);
    }
    // Every fire is noticed a little late: with none allowed, none would ever run.
    positive_length(entry, problems).map(Grace::Within)
}

fn coalesce(entry: &Entry<'_>, problems: &mut Problems) -> Option<Coalesce> {
    const WORDS: [(&str, Coalesce); 5] = [
        ("latest", Coalesce::Latest),
        ("earliest", Coalesce::Earliest),
        ("all", Coalesce::All),
        ("true", Coalesce::Latest),
        ("false", Coalesce::All),
    ];
    match entry.value {
        DeValue::Boolean(true) => Some(Coalesce::Latest),
        DeValue::Boolean(false) => Some(Coalesce::All),
        DeValue::String(_) => choice(entry, &WORDS, problems),
        _ => {
            problems.push(wrong_type(
                entry,
                "true, false, \"latest\", \"earliest\" or \"all\"",
            ));
            None
        }
    }
}

fn tags(entry: &Entry<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    items(entry, "an array of strings", problems)?
        .iter()
        .map(|item| filled_text(item, TextKind::Name, problems).map(std::borrow::Cow::into_owned))
        .collect()
}
