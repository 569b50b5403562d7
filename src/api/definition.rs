//! A job as a client gives it: the keys of a jobs file, or those of Flask-APScheduler, as JSON.
//!
//! Both become the keys of a jobs file, which are read as a file's are. What is kept of the job is
//! those keys, so that a change is made to what was written.

use crate::accounts::UserDatabase;
use crate::config::{Context, JobId, Surroundings, run_time_job};
use crate::scheduler::RunTimeJob;
use crate::sys::{clock, host};
use crate::time::ZoneDatabase;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The keys that say when a job fires, and that a new trigger replaces.
const TRIGGER_KEYS: [&str; 32] = [
    "cron",
    "interval",
    "calendar",
    "date",
    "any",
    "all",
    "except",
    "trigger",
    "run_date",
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "day_of_week",
    "hour",
    "hours",
    "minute",
    "minutes",
    "second",
    "seconds",
    "milliseconds",
    "start_date",
    "end_date",
    "jitter",
    "first",
    "dialect",
    "expression",
    "schedule",
];

/// Keys of an answer that a client may send back, and that say nothing.
const ANSWERED: [&str; 6] = [
    "state",
    "source",
    "last_run",
    "running",
    "stopped",
    "next_run_time",
];

/// What a client gave.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// The keys of a jobs file.
    pub keys: Map<String, Value>,
    /// Whether a job that exists is to be replaced.
    pub replace: bool,
    /// Whether it is to begin paused.
    pub paused: bool,
}

/// Takes the id out.
pub(super) fn take_id(given: &mut Map<String, Value>) -> Result<JobId, String> {
    match given.remove("id") {
        Some(Value::String(id)) => JobId::parse(&id).map_err(|error| format!("`id`: {error}")),
        Some(_) => Err("`id`: expected a text".to_owned()),
        None => Err("`id` is missing".to_owned()),
    }
}

/// Reads again a definition that a store kept.
///
/// # Errors
/// All that is wrong with it, by now.
pub fn read_kept(id: &JobId, kept: &str, around: &Surroundings) -> Result<RunTimeJob, String> {
    let keys = serde_json::from_str(kept).map_err(|error| error.to_string())?;
    let definition = Definition {
        keys,
        replace: false,
        paused: false,
    };
    definition.job(id, around)
}

impl Definition {
    /// Translates what a client gave, without the id.
    pub fn read(mut given: Map<String, Value>) -> Result<Self, String> {
        let replace = match given.remove("replace_existing") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(replace)) => replace,
            Some(_) => return Err("`replace_existing`: expected true or false".to_owned()),
        };
        // As in APScheduler: a job without a next run time is a paused one.
        let paused = given.get("next_run_time") == Some(&Value::Null);
        if !paused && given.contains_key("next_run_time") && !given.contains_key("state") {
            return Err(
                "`next_run_time`: only null, for a paused job, can be given (use `start_date`)"
                    .to_owned(),
            );
        }
        if given
            .get("jobstore")
            .is_some_and(|value| value == "default")
        {
            given.remove("jobstore");
        }
        for key in ANSWERED {
            given.remove(key);
        }
        if given.get("misfire_grace_time") == Some(&Value::Null) {
            given.insert("misfire_grace_time".into(), json!("forever"));
        }
        take_func(&mut given)?;
        take_kwargs(&mut given)?;
        given.retain(|_, value| !value.is_null());
        Ok(Self {
            keys: given,
            replace,
            paused,
        })
    }

    /// The keys of a job, and on top what is to change; a new trigger replaces all of the old one.
    pub fn changed(mut old: Map<String, Value>, given: Map<String, Value>) -> Result<Self, String> {
        let cleared: Vec<String> = given
            .iter()
            .filter(|(_, value)| value.is_null())
            .map(|(key, _)| key.clone())
            .collect();
        let change = Self::read(given)?;
        if change.has_trigger() {
            old.retain(|key, _| !TRIGGER_KEYS.contains(&key.as_str()));
        }
        old.retain(|key, _| !cleared.contains(key));
        old.extend(change.keys);
        Ok(Self {
            keys: old,
            ..change
        })
    }

    /// Whether it says when the job fires.
    pub fn has_trigger(&self) -> bool {
        // Bounds alone change the trigger there is.
        let is_bound = |key: &str| matches!(key, "start_date" | "end_date" | "jitter" | "first");
        self.keys
            .keys()
            .any(|key| TRIGGER_KEYS.contains(&key.as_str()) && !is_bound(key))
    }

    /// The job, or all that is wrong with it.
    pub fn job(&self, id: &JobId, around: &Surroundings) -> Result<RunTimeJob, String> {
        let table = toml::Table::try_from(&self.keys).map_err(|error| error.to_string())?;
        let zones = ZoneDatabase::system();
        let context = Context {
            machine_zone: zones.machine_zone(),
            zones: &zones,
            machine_id: &host::machine_id(),
            host_name: &host::name(),
            cpus: 1,
            now: clock::read().wall,
            accounts: Some(&UserDatabase::default()),
        };
        let job = run_time_job(id, table, around, &context).map_err(|wrong| wrong.join("; "))?;
        let definition: Arc<str> = Value::Object(self.keys.clone()).to_string().into();
        Ok(RunTimeJob { job, definition })
    }
}

/// `func` and `args` become `command`.
fn take_func(given: &mut Map<String, Value>) -> Result<(), String> {
    let args = match given.remove("args") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(args)) => args,
        Some(_) => return Err("`args`: expected an array".to_owned()),
    };
    let func = given.remove("func").filter(|func| !func.is_null());
    let Some(func) = func else {
        return if args.is_empty() || given.contains_key("command") {
            Ok(())
        } else {
            Err("`args` without `func`".to_owned())
        };
    };
    if given.contains_key("command") {
        // Sent back from an answer, which has both.
        return Ok(());
    }
    let command = if args.is_empty() {
        func
    } else {
        let text = |value: Value| match value {
            Value::String(text) => Ok(Value::String(text)),
            Value::Number(number) => Ok(Value::String(number.to_string())),
            Value::Bool(value) => Ok(Value::String(value.to_string())),
            _ => Err("`args`: expected texts and numbers".to_owned()),
        };
        let words = std::iter::once(func).chain(args).map(text);
        Value::Array(words.collect::<Result<_, _>>()?)
    };
    given.insert("command".into(), command);
    Ok(())
}

/// `kwargs` are variables of the environment.
fn take_kwargs(given: &mut Map<String, Value>) -> Result<(), String> {
    let kwargs = match given.remove("kwargs") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(kwargs)) => kwargs,
        Some(_) => return Err("`kwargs`: expected an object".to_owned()),
    };
    let variables: Map<String, Value> = kwargs
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => (name, Value::String(text)),
            other => (name, Value::String(other.to_string())),
        })
        .collect();
    if !variables.is_empty() && !given.contains_key("env") {
        given.insert("env".into(), Value::Object(variables));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => panic!("an object"),
        }
    }

    fn read(value: Value) -> Result<Definition, String> {
        Definition::read(map(value))
    }

    #[test]
    fn flask_apscheduler_keys_become_those_of_a_jobs_file() {
        let given = json!({
            "func": "/bin/echo", "args": ["a", 1], "kwargs": {"X": "y", "N": 2}, "trigger": "interval",
            "seconds": 10, "misfire_grace_time": null, "jobstore": "default", "executor": "default",
            "replace_existing": true, "next_run_time": null,
        });
        let read = read(given).unwrap();
        assert!(read.replace && read.paused);
        assert_eq!(
            Value::Object(read.keys.clone()),
            json!({
                "command": ["/bin/echo", "a", "1"], "env": {"X": "y", "N": "2"}, "trigger": "interval",
                "seconds": 10, "misfire_grace_time": "forever", "executor": "default",
            })
        );
        let id = JobId::parse("a").unwrap();
        let job = read.job(&id, &Surroundings::default()).unwrap().job;
        assert_eq!(job.schedule.text, "interval 10s");
        assert_eq!(job.settings.misfire_grace_time, None);
    }

    #[test]
    fn a_new_trigger_replaces_all_of_the_old_one() {
        let old = json!({"command": "x", "trigger": "cron", "hour": 3, "start_date": "2026-01-01"});
        let new = json!({"trigger": "interval", "minutes": 2, "max_instances": 4});
        let changed = Definition::changed(map(old.clone()), map(new)).unwrap();
        assert_eq!(
            Value::Object(changed.keys),
            json!({"command": "x", "trigger": "interval", "minutes": 2, "max_instances": 4})
        );
        let bound = json!({"end_date": "2027-01-01", "start_date": null});
        let changed = Definition::changed(map(old), map(bound)).unwrap();
        assert_eq!(
            Value::Object(changed.keys),
            json!({"command": "x", "trigger": "cron", "hour": 3, "end_date": "2027-01-01"})
        );
    }

    /// Any JSON, the words of a job among it.
    fn any_json() -> impl Strategy<Value = Value> {
        let words = prop::sample::select(vec![
            "func",
            "command",
            "args",
            "kwargs",
            "trigger",
            "cron",
            "interval",
            "date",
            "any",
            "all",
            "except",
            "hour",
            "seconds",
            "run_date",
            "start_date",
            "env",
            "timeout",
            "now",
            "* * * * *",
            "type",
            "id",
            "2026-01-01",
            "coalesce",
            "misfire_grace_time",
            "next_run_time",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            words.clone().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            let key = prop_oneof![words.clone().prop_map(str::to_owned), any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_given_is_a_job_or_an_error(old in any_json(), new in any_json()) {
            let (Value::Object(old), Value::Object(new)) = (old, new) else {
                return Ok(());
            };
            let id = JobId::parse("a").unwrap();
            if let Ok(read) = Definition::read(old.clone()) {
                drop(read.job(&id, &Surroundings::default()));
                if let Ok(changed) = Definition::changed(read.keys, new) {
                    drop(changed.job(&id, &Surroundings::default()));
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_names_the_key() {
        let id = JobId::parse("a").unwrap();
        let wrong = |value: Value| {
            read(value)
                .and_then(|read| read.job(&id, &Surroundings::default()))
                .unwrap_err()
        };
        assert_eq!(
            wrong(json!({"func": "x", "args": 3})),
            "`args`: expected an array"
        );
        assert!(wrong(json!({"cron": "@daily"})).contains("no `command`"));
        assert!(wrong(json!({"command": "x", "shcedule": 1})).contains("`shcedule`"));
        assert!(wrong(json!({"command": "x", "cron": "61 * * * *"})).contains("`cron`"));
        assert!(wrong(json!({"command": "x", "next_run_time": "soon"})).contains("start_date"));
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let deep: Value = serde_json::from_str(&deep).unwrap();
        assert!(!wrong(json!({"command": deep})).is_empty());
    }
}
