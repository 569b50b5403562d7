//! What each route does: mostly a question to the loop, and its answer as JSON.

use super::body::AnswerBody;
use super::definition::{Definition, take_id};
use super::desk::Question;
use super::events::{self, Wish};
use super::fires::{self, MAX_COUNT, Window};
use super::metrics;
use super::pages::{Pages, Pictured};
use super::request::{self, Query};
use super::response::{Answer, Failure, answer, as_json, no_content, ok};
use super::routes::Route;
use super::runs;
use super::server::State;
use super::wire::SchedulerJson;
use crate::config::JobId;
use crate::scheduler::{Command, JobSource, JobStatus, Refusal, Reply, ShutdownRequest};
use crate::sys::clock;
use crate::time::{WallTime, human};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use serde_json::{Map, Value, json};

pub(super) type Answered = Result<Answer, Failure>;

/// Everything of a request but its path.
pub(super) struct Asked {
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Incoming,
}

pub(super) async fn handle(state: &State, route: Route, asked: Asked) -> Answered {
    match route {
        Route::Scheduler => scheduler(state).await,
        Route::Pause => command(state, Command::PauseAll)
            .await
            .map(|_| no_content()),
        Route::Resume => command(state, Command::ResumeAll)
            .await
            .map(|_| no_content()),
        Route::Start => start(state).await,
        Route::Shutdown => shutdown(state, asked).await,
        Route::Reload => reload(state).await,
        Route::Jobs => jobs(state, &asked.query).await,
        Route::AddJob => add_job(state, asked).await,
        Route::Job(id) => job(state, &id, StatusCode::OK).await,
        Route::ChangeJob(id) => change_job(state, id, asked, false).await,
        Route::RescheduleJob(id) => change_job(state, id, asked, true).await,
        Route::RemoveJob(id) => command(state, Command::Remove(id))
            .await
            .map(|_| no_content()),
        Route::RemoveAllJobs => remove_all_jobs(state).await,
        Route::PauseJob(id) => {
            command(state, Command::Pause(id.clone())).await?;
            job(state, &id, StatusCode::OK).await
        }
        Route::ResumeJob(id) => {
            command(state, Command::Resume(id.clone())).await?;
            job_or_gone(state, &id, StatusCode::OK).await
        }
        Route::RunJob(id) => match command(state, Command::Trigger(id)).await? {
            Reply::Submitted(run) => Ok(as_json(StatusCode::ACCEPTED, &json!({ "run_id": run }))),
            _ => Ok(no_content()),
        },
        Route::KillJob(id) => kill(state, Command::KillJob(id)).await,
        Route::KillRun(run) => kill(state, Command::Kill(run)).await,
        Route::RunsOfJob(id) => {
            find_job(state, &id).await?;
            runs::newest(state, Some(id), &asked.query).await
        }
        Route::Runs => runs::newest(state, None, &asked.query).await,
        Route::Run(id) => runs::one(state, id).await,
        Route::OutputOfRun(id) => runs::output(state, id, &asked.query).await,
        Route::NextOfJob(id) => {
            let window = window(state, &asked.query)?;
            let status = find_job(state, &id).await?;
            Ok(ok(&fires::merged(&[status], window)))
        }
        Route::Next => {
            let window = window(state, &asked.query)?;
            Ok(ok(&fires::of_all(state, window).await?))
        }
        Route::Events => follow_events(state, &asked),
        Route::Metrics => {
            let text = metrics::text(state).await?;
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            Ok(answer(StatusCode::OK, kind, AnswerBody::Whole(text.into())))
        }
        Route::Health => health(state).await,
    }
}

/// Has the scheduler do something.
async fn command(state: &State, command: Command) -> Result<Reply, Failure> {
    let ask = |answer| Question::Command(Box::new(command), answer);
    match state.desk.ask(ask).await? {
        Reply::Refused(why) => Err(why.into()),
        reply => Ok(reply),
    }
}

async fn scheduler(state: &State) -> Answered {
    let now = state.desk.ask(Question::Overview).await?;
    let (feed, identity) = (&state.feed, &state.facts.identity);
    let zone = feed.zone();
    Ok(ok(&SchedulerJson::new(
        &now,
        identity,
        feed.reload_succeeded(),
        &zone,
    )))
}

async fn start(state: &State) -> Answered {
    if !state.desk.ask(Question::Overview).await?.paused {
        return Err(Failure::bad_request("Scheduler is already running"));
    }
    command(state, Command::ResumeAll).await?;
    Ok(no_content())
}

async fn shutdown(state: &State, asked: Asked) -> Answered {
    let request = match request::object(asked.body).await?.get("wait") {
        None | Some(Value::Bool(true)) => ShutdownRequest::Wait,
        Some(Value::Bool(false)) => ShutdownRequest::Terminate,
        Some(_) => return Err(Failure::bad_request("`wait`: expected true or false")),
    };
    let ask = |answer| Question::Shutdown(request, answer);
    state.desk.ask(ask).await?;
    Ok(no_content())
}

async fn reload(state: &State) -> Answered {
    state.desk.ask(Question::Reload).await??;
    Ok(no_content())
}

// Jobs.

async fn jobs(state: &State, query: &Query) -> Answered {
    let (wanted, tag) = (query.get("state"), query.get("tag"));
    let is_wanted = |job: &Pictured| {
        wanted.is_none_or(|wanted| job.status.state() == wanted)
            && tag.is_none_or(|tag| job.status.job.settings.tags.iter().any(|own| own == tag))
    };
    let mut pages = Pages::new(state);
    let mut list = Vec::new();
    while let Some(page) = pages.next_pictured().await? {
        list.extend(page.iter().filter(|job| is_wanted(job)).map(Pictured::json));
    }
    Ok(ok(&list))
}

async fn find_job(state: &State, id: &JobId) -> Result<JobStatus, Failure> {
    let ask = |answer| Question::Job(id.clone(), answer);
    let found = state.desk.ask(ask).await?;
    found.ok_or_else(|| Refusal::UnknownJob(id.clone()).into())
}

async fn job(state: &State, id: &JobId, code: StatusCode) -> Answered {
    let status = find_job(state, id).await?;
    let tally = state.feed.tallies([id]).pop().flatten();
    Ok(as_json(code, &Pictured { status, tally }.json()))
}

async fn add_job(state: &State, asked: Asked) -> Answered {
    let mut given = request::object(asked.body).await?;
    let id = take_id(&mut given).map_err(Failure::bad_request)?;
    let definition = Definition::read(given).map_err(Failure::bad_request)?;
    let _turn = state.changes.lock().await;
    let around = state.desk.ask(Question::Surroundings).await?;
    let add = Command::Add {
        job: definition.job(&id, &around).map_err(Failure::bad_request)?,
        replace: definition.replace,
        paused: definition.paused,
    };
    command(state, add).await?;
    job_or_gone(state, &id, StatusCode::CREATED).await
}

/// A job that was just added or changed; one that was due at once may have run already, and be gone.
async fn job_or_gone(state: &State, id: &JobId, code: StatusCode) -> Answered {
    match job(state, id, code).await {
        Err(failure) if failure.status == StatusCode::NOT_FOUND => {
            let gone = json!({ "id": id.as_str(), "state": "finished", "next_run_time": null });
            Ok(as_json(code, &gone))
        }
        answered => answered,
    }
}

/// A change is made to what was written, then read as a whole: it is all there, or nothing changes.
async fn change_job(state: &State, id: JobId, asked: Asked, reschedule: bool) -> Answered {
    let mut given = request::object(asked.body).await?;
    if let Some(other) = given
        .remove("id")
        .filter(|other| *other != json!(id.as_str()))
    {
        return Err(Failure::bad_request(format!(
            "`id`: {other} is another job"
        )));
    }
    // One at a time: a change must not be made to what another has just replaced.
    let _turn = state.changes.lock().await;
    let status = find_job(state, &id).await?;
    let JobSource::Api(definition) = &status.source else {
        return Err(Refusal::JobOfFile(id).into());
    };
    let old: Map<String, Value> = serde_json::from_str(definition)
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    if reschedule {
        let change = Definition::read(given.clone()).map_err(Failure::bad_request)?;
        if !change.has_trigger() {
            return Err(Failure::bad_request("there is no trigger to reschedule by"));
        }
    }
    let changed = Definition::changed(old, given).map_err(Failure::bad_request)?;
    let around = state.desk.ask(Question::Surroundings).await?;
    let new = changed.job(&id, &around).map_err(Failure::bad_request)?;
    let change = Command::Change {
        job: new,
        paused: changed.paused,
    };
    command(state, change).await?;
    job_or_gone(state, &id, StatusCode::OK).await
}

async fn remove_all_jobs(state: &State) -> Answered {
    let _turn = state.changes.lock().await;
    match command(state, Command::RemoveAll).await? {
        Reply::Removed { removed, remaining } => {
            Ok(ok(&json!({ "removed": removed, "remaining": remaining })))
        }
        _ => Ok(no_content()),
    }
}

// Runs.

async fn kill(state: &State, kill: Command) -> Answered {
    let runs = match command(state, kill).await? {
        Reply::Stopping(runs) => runs,
        _ => Vec::new(),
    };
    Ok(as_json(StatusCode::ACCEPTED, &json!({ "stopping": runs })))
}

// What comes, what happened, how it is.

fn window(state: &State, query: &Query) -> Result<Window, Failure> {
    let count = query.number("count")?.unwrap_or(5);
    if !(1..=MAX_COUNT).contains(&count) {
        let message = format!("`count`: expected 1 to {MAX_COUNT}, found {count}");
        return Err(Failure::bad_request(message));
    }
    let zone = state.feed.zone();
    let until = match query.get("until") {
        None => WallTime::MAX,
        Some(text) => human::parse_time(text, clock::read().wall, &zone)
            .map_err(|error| Failure::bad_request(format!("`until`: {error}")))?,
    };
    Ok(Window { count, until })
}

fn follow_events(state: &State, asked: &Asked) -> Answered {
    let follow = !matches!(asked.query.get("follow"), Some("0" | "false"));
    let last_id = asked.headers.get("last-event-id");
    let last_id = last_id.and_then(|id| id.to_str().ok()?.parse().ok());
    let after = asked.query.number("after")?.or(last_id);
    // Who follows from nowhere follows from now on; who does not wants what there is.
    let default = if follow { state.feed.last_seq() } else { 0 };
    let wish = Wish {
        after: after.unwrap_or(default),
        follow,
    };
    let body = events::stream(state.feed.clone(), wish);
    Ok(answer(StatusCode::OK, "text/event-stream", body))
}

async fn health(state: &State) -> Answered {
    let ill = |why: String| Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, why));
    let now = state.desk.ask(Question::Overview).await?;
    if now.stopping {
        return ill("the scheduler is shutting down".to_owned());
    }
    if now.store_failing {
        return ill(Refusal::StoreFailing.to_string());
    }
    let mut pages = Pages::new(state);
    while let Some(page) = pages.next().await? {
        for status in page {
            let wants_fire = status.job.enabled && !status.paused && !status.finished;
            // While the scheduler is paused nothing is found to be over.
            if wants_fire && status.next_fire.is_none() && status.instances == 0 && !now.paused {
                return ill(format!("Job {} has no next fire time", status.job.id));
            }
        }
    }
    Ok(ok(&json!({ "status": "ok" })))
}
