//! Which request is which: one table of methods and paths.

use super::response::Failure;
use crate::config::JobId;
use crate::diagnostic::quoted;
use crate::scheduler::RunId;
use hyper::StatusCode;

/// The methods that any path has.
const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

/// The segments of the longest path, one more is none of ours.
const MAX_SEGMENTS: usize = 4;

/// A request, but for its body and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Scheduler,
    Pause,
    Resume,
    Start,
    Shutdown,
    Reload,
    Jobs,
    AddJob,
    Job(JobId),
    ChangeJob(JobId),
    RemoveJob(JobId),
    RemoveAllJobs,
    PauseJob(JobId),
    ResumeJob(JobId),
    RunJob(JobId),
    RescheduleJob(JobId),
    KillJob(JobId),
    RunsOfJob(JobId),
    NextOfJob(JobId),
    Next,
    Events,
    Runs,
    Run(RunId),
    OutputOfRun(RunId),
    KillRun(RunId),
    Metrics,
    Health,
}

impl Route {
    /// Whether it adds, changes or removes a job.
    pub fn defines_jobs(&self) -> bool {
        matches!(
            self,
            Self::AddJob
                | Self::ChangeJob(_)
                | Self::RemoveJob(_)
                | Self::RemoveAllJobs
                | Self::RescheduleJob(_)
        )
    }
}

/// Finds the route of a method and a path, which still has its percent signs.
pub(super) fn route(method: &str, path: &str, prefix: &str) -> Result<Route, Failure> {
    let unknown = || Failure::not_found(format!("there is nothing at {}", quoted(path)));
    let segments = match path {
        "/metrics" | "/healthz" => vec![path.to_owned()],
        _ => {
            let rest = path.strip_prefix(prefix).ok_or_else(unknown)?;
            if !rest.is_empty() && !rest.starts_with('/') {
                return Err(unknown());
            }
            segments(rest).ok_or_else(unknown)?
        }
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match find(method, &segments)? {
        // Most likely one was to go, and its id was left empty.
        Some(Route::RemoveAllJobs) if path.ends_with('/') => return Err(unknown()),
        Some(route) => return Ok(route),
        None => {}
    }
    let mut allowed = Vec::new();
    for other in METHODS {
        if find(other, &segments)?.is_some() {
            allowed.push(other);
        }
    }
    if allowed.is_empty() {
        return Err(unknown());
    }
    let allowed = allowed.join(", ");
    let message = format!(
        "{} has no method {}, only {allowed}",
        quoted(path),
        quoted(method)
    );
    Err(Failure {
        allowed: Some(allowed),
        ..Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
    })
}

fn find(method: &str, segments: &[&str]) -> Result<Option<Route>, Failure> {
    let job = |id: &str| {
        JobId::parse(id).map_err(|_| Failure::not_found(format!("Job {} not found", quoted(id))))
    };
    let run = |id: &str| {
        RunId::parse(id).ok_or_else(|| Failure::not_found(format!("Run {} not found", quoted(id))))
    };
    Ok(Some(match (method, segments) {
        ("GET", []) => Route::Scheduler,
        ("POST", ["pause"]) => Route::Pause,
        ("POST", ["resume"]) => Route::Resume,
        ("POST", ["start"]) => Route::Start,
        ("POST", ["shutdown"]) => Route::Shutdown,
        ("POST", ["reload"]) => Route::Reload,
        ("GET", ["jobs"]) => Route::Jobs,
        ("POST", ["jobs"]) => Route::AddJob,
        ("DELETE", ["jobs"]) => Route::RemoveAllJobs,
        ("GET", ["jobs", id]) => Route::Job(job(id)?),
        ("PATCH", ["jobs", id]) => Route::ChangeJob(job(id)?),
        ("DELETE", ["jobs", id]) => Route::RemoveJob(job(id)?),
        ("POST", ["jobs", id, "pause"]) => Route::PauseJob(job(id)?),
        ("POST", ["jobs", id, "resume"]) => Route::ResumeJob(job(id)?),
        ("POST", ["jobs", id, "run"]) => Route::RunJob(job(id)?),
        ("POST", ["jobs", id, "reschedule"]) => Route::RescheduleJob(job(id)?),
        ("POST", ["jobs", id, "kill"]) => Route::KillJob(job(id)?),
        ("GET", ["jobs", id, "runs"]) => Route::RunsOfJob(job(id)?),
        ("GET", ["jobs", id, "next"]) => Route::NextOfJob(job(id)?),
        ("GET", ["next"]) => Route::Next,
        ("GET", ["events"]) => Route::Events,
        ("GET", ["runs"]) => Route::Runs,
        ("GET", ["runs", id]) => Route::Run(run(id)?),
        ("GET", ["runs", id, "output"]) => Route::OutputOfRun(run(id)?),
        ("POST", ["runs", id, "kill"]) => Route::KillRun(run(id)?),
        ("GET", ["/metrics"]) => Route::Metrics,
        ("GET", ["/healthz"]) => Route::Health,
        _ => return Ok(None),
    }))
}

/// The parts between the slashes, decoded one by one, so that an encoded slash is no slash.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    let parts: Vec<&str> = path.splitn(MAX_SEGMENTS + 1, '/').collect();
    parts.into_iter().map(decode).collect()
}

/// Undoes percent signs; none where what comes out is no text.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str) -> u16 {
        match route(method, path, "/scheduler") {
            Ok(_) => 200,
            Err(failure) => failure.status.as_u16(),
        }
    }

    #[test]
    fn names_are_compared_as_they_are_after_decoding() {
        let job = JobId::parse("a.b").unwrap();
        for path in [
            "/scheduler/jobs/a.b",
            "/scheduler/jobs/a%2Eb",
            "/scheduler/jobs/a.b/",
        ] {
            assert_eq!(
                route("GET", path, "/scheduler").unwrap(),
                Route::Job(job.clone())
            );
        }
    }

    #[test]
    fn tricks_with_paths_lead_nowhere() {
        for path in [
            "/",
            "/schedulers",
            "/schedulerjobs",
            "//scheduler",
            "/scheduler//jobs",
            "/scheduler/jobs//a",
            "/scheduler/jobs/..",
            "/scheduler/jobs/../pause",
            "/scheduler/jobs/%2e%2e",
            "/scheduler/jobs/a%2Fpause",
            "/scheduler/jobs/a%00",
            "/scheduler/jobs/%",
            "/scheduler/jobs/%+1",
            "/scheduler/jobs/%ff",
            "/scheduler/jobs/a/run/x/y/z",
            "/metrics/",
            "/metrics/..",
            "/healthz?",
            "/scheduler/runs/xyz",
            "/scheduler/Jobs",
        ] {
            assert_eq!(status("GET", path), 404, "{path}");
        }
        assert_eq!(
            status("GET", &format!("/scheduler/jobs/{}", "a".repeat(129))),
            404
        );
    }

    #[test]
    fn an_id_that_was_left_empty_does_not_remove_all_jobs() {
        let all = route("DELETE", "/scheduler/jobs", "/scheduler").unwrap();
        assert_eq!(all, Route::RemoveAllJobs);
        assert!(all.defines_jobs());
        assert_eq!(status("DELETE", "/scheduler/jobs/"), 404);
        assert_eq!(status("DELETE", "/scheduler/jobs/%20"), 404);
    }

    #[test]
    fn a_known_path_says_which_methods_it_has() {
        let failure = route("PUT", "/scheduler/jobs", "/scheduler").unwrap_err();
        assert_eq!(failure.status.as_u16(), 405);
        assert_eq!(failure.allowed.as_deref(), Some("GET, POST, DELETE"));
        assert_eq!(status("GET", "/scheduler/pause"), 405);
        assert_eq!(status("POST", "/metrics"), 405);
    }
}
