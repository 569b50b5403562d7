//! `rsched add`, `modify`, `reschedule` and `remove`: jobs that are in no file.

use super::control_args::{AddArgs, ModifyArgs, RemoveArgs, RescheduleArgs, TriggerArg};
use super::exit_code::ExitCode;
use super::running::{Running, job_path, refused};
use super::terminal::{self, complain};
use crate::diagnostic::quoted;
use crate::sys::clock;
use crate::time::{ZoneDatabase, human};
use serde_json::{Map, Value, json};

pub(super) fn add(args: &AddArgs) -> Result<ExitCode, ExitCode> {
    let mut job = Map::new();
    job.insert("id".into(), json!(args.id));
    trigger_keys(&args.trigger, &mut job)?;
    for setting in &args.settings {
        set(setting, &mut job)?;
    }
    let command = match args.command.as_slice() {
        [line] => json!(line),
        words => json!(words),
    };
    job.insert("command".into(), command);
    job.insert("replace_existing".into(), json!(args.replace));
    let running = Running::find(&args.scheduler)?;
    let answer = running.ask("POST", "/jobs", Some(&Value::Object(job)))?;
    if !answer.is_ok() {
        let code = refused(&answer);
        if answer.status == 409 {
            say_what_is_there(&running, args);
        }
        return Err(code);
    }
    Ok(said("added", &args.id, &answer.body))
}

/// The id is taken: by what, and what can be done about it.
fn say_what_is_there(running: &Running, args: &AddArgs) {
    let there = running.ask("GET", &job_path(&args.id, ""), None);
    let is_similar = there.as_ref().is_ok_and(|answer| answer.status == 404);
    let of_file = there.is_ok_and(|answer| answer.body["source"] == "file");
    if is_similar {
        complain(&"choose another id");
    } else if of_file {
        complain(&"choose another id, or change the job of the jobs file there, then reload");
        running.name_file(&args.id);
    } else if !args.replace {
        complain(&"`--replace` takes the place of a job that was added with the same id");
    }
}

pub(super) fn modify(args: &ModifyArgs) -> Result<ExitCode, ExitCode> {
    let mut change = Map::new();
    for setting in &args.settings {
        set(setting, &mut change)?;
    }
    let running = Running::find(&args.scheduler)?;
    let answer = running.of_job(&args.id, "PATCH", "", Some(&Value::Object(change)))?;
    Ok(said("changed", &args.id, &answer.body))
}

pub(super) fn reschedule(args: &RescheduleArgs) -> Result<ExitCode, ExitCode> {
    let mut change = Map::new();
    trigger_keys(&args.trigger, &mut change)?;
    let running = Running::find(&args.scheduler)?;
    let body = Value::Object(change);
    let answer = running.of_job(&args.id, "POST", "/reschedule", Some(&body))?;
    Ok(said("rescheduled", &args.id, &answer.body))
}

pub(super) fn remove(args: &RemoveArgs) -> Result<ExitCode, ExitCode> {
    let running = Running::find(&args.scheduler)?;
    if args.all {
        return remove_all(&running);
    }
    let mut code = ExitCode::Done;
    for id in &args.ids {
        match running.of_job(id, "DELETE", "", None) {
            Ok(_) => _ = terminal::print(format!("removed {id}\n").as_bytes()),
            Err(failed) => code = failed,
        }
    }
    Ok(code)
}

fn remove_all(running: &Running) -> Result<ExitCode, ExitCode> {
    let answer = running.granted("DELETE", "/jobs", None)?;
    let count = |key: &str| answer.body[key].as_u64().unwrap_or_default();
    let counted = |count: u64| match count {
        1 => "1 job".to_owned(),
        count => format!("{count} jobs"),
    };
    let removed = match count("removed") {
        0 => "no job was added at run time".to_owned(),
        removed => format!("removed {}", counted(removed)),
    };
    let stays = match count("remaining") {
        0 => String::new(),
        1 => "; the 1 job of the jobs file stays".to_owned(),
        remaining => format!("; the {} of the jobs file stay", counted(remaining)),
    };
    Ok(terminal::print(format!("{removed}{stays}\n").as_bytes()))
}

/// What was done, and when the job is due.
fn said(done: &str, id: &str, job: &Value) -> ExitCode {
    let next = match (job["next_run_time"].as_str(), job["state"].as_str()) {
        (Some(time), _) => format!("next at {time}"),
        (None, Some("running")) => "which runs now".to_owned(),
        (None, Some("finished")) => "which was due at once, and is done".to_owned(),
        (None, Some("paused")) => "which is paused".to_owned(),
        (None, _) => "no next fire time".to_owned(),
    };
    terminal::print(format!("{done} {id}, {next}\n").as_bytes())
}

fn trigger_keys(trigger: &TriggerArg, job: &mut Map<String, Value>) -> Result<(), ExitCode> {
    if let Some(text) = &trigger.cron {
        let is_table = text.trim_start().starts_with('{');
        let value = if is_table { toml_value(text) } else { None };
        job.insert("cron".into(), value.unwrap_or_else(|| json!(text)));
    }
    if let Some(text) = &trigger.interval {
        job.insert("interval".into(), json!(text));
    }
    if let Some(text) = trigger.date.as_deref().filter(|text| is_now(text)) {
        // It would be past when it gets there.
        job.insert("date".into(), json!(text));
    } else if let Some(text) = &trigger.date {
        let zones = ZoneDatabase::system();
        let zone = zones.machine_zone();
        let at = human::parse_time(text, clock::read().wall, &zone).map_err(|error| {
            complain(&format_args!("`--date {text}`: {error}"));
            ExitCode::Usage
        })?;
        job.insert("date".into(), json!(human::rfc3339(at, &zone)));
    }
    Ok(())
}

fn is_now(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("now")
}

/// `KEY=VALUE`, as a jobs file would have it, the quotes of a text left out or not.
fn set(setting: &str, job: &mut Map<String, Value>) -> Result<(), ExitCode> {
    let Some((key, text)) = setting.split_once('=') else {
        complain(&format_args!(
            "{} is no setting, expected KEY=VALUE",
            quoted(setting)
        ));
        return Err(ExitCode::Usage);
    };
    let (key, text) = (key.trim(), text.trim());
    let value = match (text, toml_value(text)) {
        ("", _) => Value::Null,
        // Variables are texts, whatever they look like.
        (_, Some(Value::String(text))) => json!(text),
        (_, Some(value)) if !key.starts_with("env.") => value,
        _ => json!(text),
    };
    match key.split_once('.') {
        None => _ = job.insert(key.to_owned(), value),
        Some((table, key)) => {
            let table = job.entry(table).or_insert_with(|| json!({}));
            if let Value::Object(table) = table {
                table.insert(key.to_owned(), value);
            }
        }
    }
    Ok(())
}

/// A text as a value of a jobs file; none where it is not one.
fn toml_value(text: &str) -> Option<Value> {
    let mut table: toml::Table = format!("value = {text}").parse().ok()?;
    let value = table.remove("value")?;
    // `1\nother = 2` is more than a value.
    table.is_empty().then(|| json_of(value))
}

/// The same in JSON, where times are texts.
fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(value) => json!(value),
        toml::Value::Datetime(time) => json!(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json_of).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, json_of(value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_a_jobs_file_has_them_with_or_without_quotes() {
        let mut job = Map::new();
        for setting in [
            "timeout=10m",
            "max_instances=2",
            "coalesce = false",
            "name='A b'",
            "tags=['x', 'y']",
            "start_date=2026-01-01T00:00:00",
            "env.N=1",
            "env.LANG=C",
            "description=",
        ] {
            set(setting, &mut job).unwrap();
        }
        assert_eq!(
            Value::Object(job),
            json!({
                "timeout": "10m", "max_instances": 2, "coalesce": false, "name": "A b", "tags": ["x", "y"],
                "start_date": "2026-01-01T00:00:00", "env": {"N": "1", "LANG": "C"}, "description": null,
            })
        );
        assert!(set("timeout", &mut Map::new()).is_err());
    }
}
