//! Answers, good and bad, and the headers that all of them have.

use super::body::AnswerBody;
use super::desk::{NoAnswer, Rejection};
use crate::scheduler::Refusal;
use bytes::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

/// An answer.
pub(super) type Answer = Response<AnswerBody>;

/// Why a request is not granted.
#[derive(Debug)]
pub(super) struct Failure {
    pub status: StatusCode,
    pub message: String,
    /// The methods that the path has, where the request's is none of them.
    pub allowed: Option<String>,
    /// More about it.
    pub more: Option<Value>,
}

impl Failure {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            allowed: None,
            more: None,
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl From<NoAnswer> for Failure {
    fn from(why: NoAnswer) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(why: Refusal) -> Self {
        let status = match why {
            Refusal::UnknownJob(_) | Refusal::UnknownRun(_) => StatusCode::NOT_FOUND,
            Refusal::JobExists(_)
            | Refusal::SimilarJobExists(_)
            | Refusal::JobOfFile(_)
            | Refusal::TooManyJobs(_)
            | Refusal::MaxInstances { .. } => StatusCode::CONFLICT,
            Refusal::NoFireTimes(_) => StatusCode::BAD_REQUEST,
            Refusal::ShuttingDown | Refusal::StoreFailing => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, why.to_string())
    }
}

impl From<Rejection> for Failure {
    fn from(why: Rejection) -> Self {
        let diagnostics: Box<RawValue> =
            RawValue::from_string(why.diagnostics).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            more: Some(json!({ "diagnostics": diagnostics, "report": why.report })),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, why.message)
        }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let mut body = json!({ "error_message": failure.message });
        if let (Value::Object(body), Some(Value::Object(more))) = (&mut body, failure.more) {
            body.extend(more);
        }
        let mut answer = as_json(failure.status, &body);
        if let Some(allowed) = failure.allowed
            && let Ok(allowed) = HeaderValue::from_str(&allowed)
        {
            answer.headers_mut().insert(ALLOW, allowed);
        }
        answer
    }
}

/// A value, as JSON.
pub(super) fn as_json(status: StatusCode, value: &impl Serialize) -> Answer {
    // Plain records always serialise; who adds one that does not sees an empty answer in its test.
    let text = serde_json::to_vec(value).unwrap_or_default();
    answer(status, "application/json", AnswerBody::Whole(text.into()))
}

/// 200 with a value.
pub(super) fn ok(value: &impl Serialize) -> Answer {
    as_json(StatusCode::OK, value)
}

/// 204.
pub(super) fn no_content() -> Answer {
    let mut answer = Response::new(AnswerBody::Whole(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// Anything else.
pub(super) fn answer(status: StatusCode, kind: &'static str, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // No browser shall take it for anything else, nor keep it.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
