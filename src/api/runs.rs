//! Runs, asked for: those that live from the loop, those that have ended from the records.

use super::body::AnswerBody;
use super::desk::Question;
use super::handlers::Answered;
use super::past::{self, MAX_COUNT, Zones};
use super::request::Query;
use super::response::{Failure, answer, ok};
use super::server::State;
use super::wire::RunJson;
use super::wire_record::RecordedRunJson;
use crate::config::JobId;
use crate::scheduler::{OutputTail, Refusal, RunId, RunRecord};
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

/// Runs that have ended, where the client does not say how many it wants.
const DEFAULT_COUNT: u64 = 50;

/// How much a run has printed in all: the body may be the end of it alone.
pub(super) const TOTAL_BYTES: HeaderName = HeaderName::from_static("rsched-output-bytes");

/// Whether the run has ended: if it has, there is no more to come.
pub(super) const ENDED: HeaderName = HeaderName::from_static("rsched-run-ended");

/// The runs that have not ended, then those that have, newest first.
pub(super) async fn newest(state: &State, id: Option<JobId>, query: &Query) -> Answered {
    let count = query.number("count")?.unwrap_or(DEFAULT_COUNT);
    if count > MAX_COUNT {
        let message = format!("`count`: expected 0 to {MAX_COUNT}, found {count}");
        return Err(Failure::bad_request(message));
    }
    let mut zones = Zones::default();
    let ask = |answer| Question::Runs(id.clone(), answer);
    let live = state.desk.ask(ask).await?;
    let ended = match u32::try_from(count) {
        Ok(count @ 1..) => past::runs(state, id, count).await?,
        _ => Vec::new(),
    };
    let mut list = Vec::new();
    for run in live {
        // It may have ended since it was asked for.
        if !ended.iter().any(|ended| ended.id == run.id) {
            let zone = zones.of(state, &run.job).await?;
            list.push(json!(RunJson::new(&run, &zone)));
        }
    }
    for run in ended {
        let zone = zones.of(state, &run.job).await?;
        list.push(json!(RecordedRunJson::new(&run, &zone)));
    }
    Ok(ok(&list))
}

pub(super) async fn one(state: &State, id: RunId) -> Answered {
    let mut zones = Zones::default();
    let ask = |answer| Question::Run(id, answer);
    if let Some(run) = state.desk.ask(ask).await? {
        let zone = zones.of(state, &run.job).await?;
        return Ok(ok(&RunJson::new(&run, &zone)));
    }
    let run = on_record(state, id).await?;
    let zone = zones.of(state, &run.job).await?;
    let mut value = json!(RecordedRunJson::new(&run, &zone));
    let output = past::output(state, run).await?;
    value["output_bytes"] = output.map_or(Value::Null, |output| json!(output.total_bytes));
    Ok(ok(&value))
}

/// What a run printed, byte by byte: all that is kept of it, or what came behind the first `after` bytes.
pub(super) async fn output(state: &State, id: RunId, query: &Query) -> Answered {
    let after = query.number("after")?.unwrap_or(0);
    let ask = |answer| Question::Run(id, answer);
    if state.desk.ask(ask).await?.is_some() {
        let ask = |answer| Question::Output(id, answer);
        if let Some(so_far) = state.desk.ask(ask).await? {
            return Ok(printed(&so_far, after, false));
        }
        // It may have ended since. If not, its output is none of our business.
        let ask = |answer| Question::Run(id, answer);
        if state.desk.ask(ask).await?.is_some() {
            return Ok(printed(&OutputTail::default(), after, false));
        }
    }
    let run = on_record(state, id).await?;
    let ended = run.end().is_some();
    let output = past::output(state, run).await?;
    Ok(printed(&output.unwrap_or_default(), after, ended))
}

async fn on_record(state: &State, id: RunId) -> Result<RunRecord, Failure> {
    let run = past::run(state, id).await?;
    run.ok_or_else(|| Refusal::UnknownRun(id).into())
}

fn printed(output: &OutputTail, after: u64, ended: bool) -> super::response::Answer {
    let body = AnswerBody::Whole(behind(output, after).to_vec().into());
    // Whatever the bytes are, no browser shall make more of them than letters.
    let mut answer = answer(StatusCode::OK, "text/plain; charset=utf-8", body);
    let headers = answer.headers_mut();
    headers.insert(TOTAL_BYTES, HeaderValue::from(output.total_bytes));
    let ended = if ended { "true" } else { "false" };
    headers.insert(ENDED, HeaderValue::from_static(ended));
    answer
}

/// Of what is kept, the bytes behind the first `after` of all.
fn behind(output: &OutputTail, after: u64) -> &[u8] {
    let wanted = output.total_bytes.saturating_sub(after);
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    &output.tail[output.tail.len().saturating_sub(wanted)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_has_already_is_not_sent_again() {
        let output = OutputTail {
            total_bytes: 10,
            tail: b"ghij"[..].into(),
        };
        for (after, expected) in [
            (0, "ghij"),
            (5, "ghij"),
            (6, "ghij"),
            (8, "ij"),
            (10, ""),
            (99, ""),
        ] {
            assert_eq!(behind(&output, after), expected.as_bytes(), "{after}");
        }
    }
}
