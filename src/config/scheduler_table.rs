//! `[scheduler]` and `[executors]`.

use super::allow::Allowed;
use super::executors::executors;
use super::reader::{Entry, Problems};
use super::schedule_keys::zone;
use super::store_place::store_place;
use super::value::{TextKind, boolean, choice, length, table, text};
use super::{Context, Durability, History, Hosts, SchedulerSettings, StorePlace};
use std::sync::Arc;
use std::time::Duration;

/// Default of `shutdown_timeout`.
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// Workers for each CPU where `max_workers` is not given: jobs mostly wait.
const WORKERS_PER_CPU: usize = 4;
/// … but at least so many.
const MIN_DEFAULT_WORKERS: usize = 10;

const DURABILITY: [(&str, Durability); 2] = [
    ("power", Durability::Power),
    ("process", Durability::Process),
];

/// Reads both tables, or takes the defaults for what they do not say; the warnings silenced for all jobs
/// stand there too.
pub(super) fn settings(
    scheduler: Option<&Entry<'_>>,
    executors_entry: Option<&Entry<'_>>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> (SchedulerSettings, Allowed) {
    let workers = context
        .cpus
        .saturating_mul(WORKERS_PER_CPU)
        .max(MIN_DEFAULT_WORKERS);
    let default_workers = u32::try_from(workers).unwrap_or(u32::MAX);
    let mut settings = SchedulerSettings {
        timezone: Arc::clone(&context.machine_zone),
        seed: context.machine_id.into(),
        watch: false,
        start_paused: false,
        shutdown_timeout: DEFAULT_SHUTDOWN_TIMEOUT,
        executors: executors(executors_entry, default_workers, problems),
        store: StorePlace::default(),
        durability: Durability::default(),
        history: History::default(),
        api: None,
        hosts: Hosts::default(),
    };
    let mut allowed = Allowed::default();
    if let Some(mut table) =
        scheduler.and_then(|entry| table(entry, "`[scheduler]`".into(), problems))
    {
        if let Some(zone) = table
            .take("timezone")
            .and_then(|entry| zone(&entry, context.zones, problems))
        {
            settings.timezone = zone;
        }
        if let Some(paused) = table
            .take("start_paused")
            .and_then(|entry| boolean(&entry, problems))
        {
            settings.start_paused = paused;
        }
        if let Some(watch) = table
            .take("watch")
            .and_then(|entry| boolean(&entry, problems))
        {
            settings.watch = watch;
        }
        if let Some(timeout) = table
            .take("shutdown_timeout")
            .and_then(|entry| length(&entry, problems))
        {
            settings.shutdown_timeout = timeout;
        }
        // Empty is the default, so that one file can be the same for those that share and those that spread.
        if let Some(seed) = table
            .take("seed")
            .and_then(|entry| text(&entry, TextKind::Line, problems))
            .filter(|seed| !seed.is_empty())
        {
            settings.seed = seed.into();
        }
        if let Some(store) = table
            .take("store")
            .and_then(|entry| store_place(&entry, problems))
        {
            settings.store = store;
        }
        if let Some(durability) = table
            .take("durability")
            .and_then(|entry| choice(&entry, &DURABILITY, problems))
        {
            settings.durability = durability;
        }
        settings.hosts = table
            .take("hosts")
            .and_then(|entry| Hosts::read(&entry, problems))
            .unwrap_or_default();
        if let Some(entry) = table.take("allow") {
            allowed = Allowed::read(&entry, problems);
        }
        table.finish(problems);
    }
    (settings, allowed)
}
