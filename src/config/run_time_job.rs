//! Jobs that are given at run time, as keys and values: read by the same code as a jobs file, with
//! the same defaults around them, so that nothing is possible there that a file would refuse.

use super::load::{Context, FileText, load};
use super::reader::Entry;
use super::{Job, JobId};
use crate::diagnostic::{Diagnostic, Severity, quoted};
use std::path::PathBuf;
use std::sync::Arc;
use toml::de::DeValue;
use toml::{Table, Value};

/// What a jobs file says around its jobs: its settings tables, and where relative paths begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    text: String,
    directory: PathBuf,
}

impl Surroundings {
    /// Those of the tables that stand once in all files.
    pub(super) fn of(directory: PathBuf, tables: &[Option<Entry<'_>>]) -> Self {
        let mut kept = Table::new();
        for entry in tables.iter().flatten() {
            kept.insert(entry.key.to_owned(), owned(entry.value));
        }
        // What was read from TOML can be written as TOML.
        let text = toml::to_string(&kept).unwrap_or_default();
        Self { text, directory }
    }
}

/// Reads a job from its keys and values, as they would stand in `[jobs.ID]`.
///
/// ```
/// use rsched::config::{Context, JobId, Surroundings, run_time_job};
/// use rsched::time::{WallTime, Zone, ZoneDatabase};
/// let zones = ZoneDatabase::bundled();
/// let now = WallTime::from_unix_seconds(1_767_225_600);
/// let (machine_zone, machine_id) = (Zone::utc(), "host-7");
/// let context = Context { zones: &zones, machine_zone, machine_id, host_name: "here", cpus: 2, now, accounts: None };
/// let id = JobId::parse("tick").unwrap();
/// let read = |keys: &str| {
///     run_time_job(&id, keys.parse().unwrap(), &Surroundings::default(), &context)
/// };
/// assert_eq!(read("interval = '2h'\ncommand = 'date'").unwrap().schedule.text, "interval 2h");
/// assert_eq!(
///     read("interval = 'soon'\ncommand = 'date'").unwrap_err(),
///     ["`interval`: expected a number, found `soon` (write a number and a unit, as in `1h 30m`)"]
/// );
/// ```
///
/// # Errors
/// All that is wrong, a sentence each, which names the key.
pub fn run_time_job(
    id: &JobId,
    keys: Table,
    surroundings: &Surroundings,
    context: &Context<'_>,
) -> Result<Arc<Job>, Vec<String>> {
    let jobs = Table::from_iter([(id.to_string(), Value::Table(keys))]);
    let text = toml::to_string(&Table::from_iter([("jobs".to_owned(), Value::Table(jobs))]))
        .map_err(|error| vec![error.to_string()])?;
    let files = [
        FileText {
            name: "the settings of the jobs file".to_owned(),
            directory: surroundings.directory.clone(),
            text: surroundings.text.clone(),
        },
        FileText {
            name: "the job".to_owned(),
            directory: surroundings.directory.clone(),
            text,
        },
    ];
    let loaded = load(&files, context);
    let job = loaded
        .jobs_file
        .and_then(|file| file.jobs.into_iter().next());
    job.ok_or_else(|| {
        loaded
            .diagnostics
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(|problem| sentence(problem, &files))
            .collect()
    })
}

fn sentence(problem: &Diagnostic, files: &[FileText]) -> String {
    let key = problem.location.as_ref().and_then(|place| {
        let text = &files.get(place.source)?.text;
        let before = text.get(..place.span.start)?;
        let line = text[before.rfind('\n').map_or(0, |end| end + 1)..]
            .lines()
            .next()?;
        line.split_once(" =").map(|(key, _)| quoted(key))
    });
    let prefix = key
        .filter(|key| !problem.message.contains(key.as_str()))
        .map_or(String::new(), |key| format!("{key}: "));
    let help = problem
        .help
        .as_ref()
        .map_or(String::new(), |help| format!(" ({help})"));
    format!("{prefix}{}{help}", problem.message)
}

/// A value without its places.
fn owned(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.to_string()), Value::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::String(number.to_string()), Value::Float),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| owned(item.get_ref())).collect())
        }
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), owned(value.get_ref())))
            .collect::<Table>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{WallTime, Zone, ZoneDatabase};

    #[test]
    fn the_defaults_of_the_file_hold_for_it() {
        let zones = ZoneDatabase::bundled();
        let context = Context {
            zones: &zones,
            machine_zone: Zone::utc(),
            machine_id: "machine",
            host_name: "here",
            cpus: 1,
            now: WallTime::from_unix_seconds(0),
            accounts: None,
        };
        let text = "[scheduler]\ntimezone = 'Europe/Helsinki'\n[defaults]\nmax_instances = 3\n\
                    start_date = 1970-01-01T00:00:00\nmisfire_grace_time = 15\n[env]\nA = 'b'\n\
                    [executors.default]\nmax_workers = 0x10\n[jobs.other]\ncommand = 'x'\n";
        let file = FileText {
            name: "jobs.toml".to_owned(),
            directory: PathBuf::from("/srv"),
            text: text.to_owned(),
        };
        let surroundings = load(&[file], &context).jobs_file.unwrap().surroundings;
        let id = JobId::parse("a").unwrap();
        let keys = "command = ['x', 'y']\ncron = { hour = 3 }".parse().unwrap();
        let job = run_time_job(&id, keys, &surroundings, &context).unwrap();
        assert_eq!(job.schedule.spec.zone.name(), "Europe/Helsinki");
        assert_eq!(job.settings.cwd, PathBuf::from("/srv"));
        assert_eq!(job.settings.max_instances, 3);
        assert_eq!(job.settings.env["A"], "b");
        assert!(job.schedule.spec.start_date.is_some());
    }
}
