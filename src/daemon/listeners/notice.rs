//! An event as listeners are told of it: JSON, variables, sentences.

use crate::api::EventJson;
use crate::daemon::sentence::sentence;
use crate::scheduler::Emitted;
use crate::time::Zone;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

/// An event, in the zone that its times are shown in.
#[derive(Debug)]
pub(super) struct Notice {
    told: Emitted,
    zone: Arc<Zone>,
    /// Made once, by the first thread that needs it and not by the loop.
    json: OnceLock<String>,
}

impl Notice {
    pub fn new(told: &Emitted, zone: &Arc<Zone>) -> Self {
        Self {
            told: told.clone(),
            zone: Arc::clone(zone),
            json: OnceLock::new(),
        }
    }

    /// One JSON object in one line.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| {
            let event = EventJson::new(&self.told, &self.zone);
            serde_json::to_string(&event).unwrap_or_default()
        })
    }

    fn fields(&self) -> Map<String, Value> {
        serde_json::from_str(self.json()).unwrap_or_default()
    }

    /// `RSCHED_EVENT_NAME` and one for each other key that applies.
    pub fn variables(&self) -> Vec<(String, String)> {
        let name = |key: String| match key.as_str() {
            "event" => "RSCHED_EVENT_NAME".to_owned(),
            key => format!("RSCHED_EVENT_{}", key.to_ascii_uppercase()),
        };
        let pairs = self.fields().into_iter();
        pairs
            .map(|(key, value)| (name(key), text(&value).replace('\0', "")))
            .collect()
    }

    /// What and whose: `job_error of job "backup"`.
    pub fn title(&self) -> String {
        let event = self.told.name.as_str();
        match &self.told.job_id {
            Some(job) => format!("{event} of job \"{job}\""),
            None => event.to_owned(),
        }
    }

    /// What happened, for people: a sentence, then all there is to know, a line each.
    pub fn letter(&self) -> String {
        let mut letter = sentence(&self.told, &self.zone);
        letter.push_str("\n\n");
        let mut fields = self.fields();
        let tail = fields.remove("output_tail");
        for (key, value) in fields {
            // Writing to a String cannot fail.
            _ = writeln!(letter, "{key:<12} {}", text(&value));
        }
        if let Some(Value::String(tail)) = tail {
            letter.push_str("\nThe end of what it printed:\n\n");
            letter.push_str(&tail);
        }
        letter
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
