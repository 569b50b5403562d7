//! What is read of a request beside its path: query and body, within limits.

use super::response::Failure;
use super::routes::decode;
use http_body_util::{BodyExt as _, Limited};
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use serde_json::{Map, Value};
use std::time::Duration;

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A body must have come within this.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// The parameters behind the question mark; of one given twice, the last.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub fn read(query: Option<&str>) -> Result<Self, Failure> {
        let mut pairs = Vec::new();
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| decode(&text.replace('+', " "));
            let (Some(name), Some(value)) = (plain(name), plain(value)) else {
                return Err(Failure::bad_request(
                    "the query is not percent-encoded text",
                ));
            };
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let wrong = |value: &str| {
            Failure::bad_request(format!(
                "`{name}`: expected a whole number, found `{value}`"
            ))
        };
        self.get(name)
            .map(|value| value.parse().map_err(|_| wrong(value)))
            .transpose()
    }
}

/// Reads a body that is one JSON object; nothing is an empty one.
pub(super) async fn object(body: Incoming) -> Result<Map<String, Value>, Failure> {
    let too_large = || {
        let message = format!("the body is larger than {MAX_BODY_BYTES} bytes");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    // Said before it is sent, where it says so itself.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, MAX_BODY_BYTES).collect();
    let bytes = match tokio::time::timeout(BODY_PATIENCE, collected).await {
        Err(_) => {
            let message = "the body did not come in time";
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, message));
        }
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(too_large());
        }
        Ok(Err(error)) => return Err(Failure::bad_request(format!("the body broke off: {error}"))),
        Ok(Ok(collected)) => collected.to_bytes(),
    };
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::bad_request("the body is no JSON object")),
        Err(error) => Err(Failure::bad_request(format!(
            "the body is no JSON: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let query = Query::read(Some("tag=a%20b+c&&count=3&flag&count=4")).unwrap();
        assert_eq!(query.get("tag"), Some("a b c"));
        assert_eq!(query.number("count").unwrap(), Some(4));
        assert_eq!(query.get("flag"), Some(""));
        assert!(query.number("tag").is_err());
        assert!(Query::read(Some("a=%zz")).is_err());
        assert_eq!(Query::read(None).unwrap().get("a"), None);
    }
}
