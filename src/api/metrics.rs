//! `/metrics`: the text format of Prometheus, written out; the labels are `job` and `outcome`.

use super::pages::Pages;
use super::server::State;
use super::{desk::NoAnswer, desk::Question};
use crate::scheduler::Overview;
use crate::time::WallTime;
use std::fmt::Write as _;

/// Each family is written as one block, so the lines of a page of jobs go to many places.
#[derive(Default)]
struct Families {
    runs: String,
    durations: String,
    delays: String,
    running: String,
    last_success: String,
    next_fire: String,
    paused: String,
    commits: String,
}

/// A histogram: counts by bound, the sum of all, and how many there are.
type Counts = (Vec<(f64, u64)>, f64, u64);

/// The whole text.
pub(super) async fn text(state: &State) -> Result<String, NoAnswer> {
    let now = state.desk.ask(Question::Overview).await?;
    let mut families = Families::default();
    let mut pages = Pages::new(state);
    while let Some(page) = pages.next_pictured().await? {
        for job in page {
            families.add(&job);
        }
    }
    let name = "rsched_store_commit_seconds";
    histogram(
        &mut families.commits,
        name,
        "",
        state.feed.commits().cumulative(),
    );
    Ok(families.text(&now, state.feed.reload_succeeded()))
}

impl Families {
    // Writing to a String cannot fail.
    fn add(&mut self, job: &super::pages::Pictured) {
        // Ids have no character that a label would escape.
        let id = &job.status.job.id;
        _ = writeln!(
            self.running,
            "rsched_running{{job=\"{id}\"}} {}",
            job.status.instances
        );
        let paused = u8::from(job.status.paused);
        _ = writeln!(self.paused, "rsched_paused{{job=\"{id}\"}} {paused}");
        if let Some(at) = job.status.next_fire {
            let at = seconds(at);
            _ = writeln!(
                self.next_fire,
                "rsched_next_fire_timestamp_seconds{{job=\"{id}\"}} {at}"
            );
        }
        let Some(tally) = &job.tally else {
            return;
        };
        for (outcome, count) in tally.outcomes.iter() {
            let labels = format_args!("job=\"{id}\",outcome=\"{outcome}\"");
            _ = writeln!(self.runs, "rsched_runs_total{{{labels}}} {count}");
        }
        if let Some(at) = tally.last_success {
            let at = seconds(at);
            _ = writeln!(
                self.last_success,
                "rsched_last_success_timestamp_seconds{{job=\"{id}\"}} {at}"
            );
        }
        let label = format!("job=\"{id}\"");
        histogram(
            &mut self.durations,
            "rsched_run_duration_seconds",
            &label,
            tally.durations(),
        );
        histogram(
            &mut self.delays,
            "rsched_start_delay_seconds",
            &label,
            tally.delays(),
        );
    }

    fn text(self, now: &Overview, reload_succeeded: bool) -> String {
        let mut text = String::new();
        for (name, kind, help, lines) in [
            (
                "rsched_runs_total",
                "counter",
                "Fires and runs by outcome.",
                self.runs,
            ),
            (
                "rsched_run_duration_seconds",
                "histogram",
                "How long runs took.",
                self.durations,
            ),
            (
                "rsched_start_delay_seconds",
                "histogram",
                "How long after their fire time runs started.",
                self.delays,
            ),
            (
                "rsched_running",
                "gauge",
                "Runs that run or wait for a worker.",
                self.running,
            ),
            (
                "rsched_last_success_timestamp_seconds",
                "gauge",
                "When the job last succeeded.",
                self.last_success,
            ),
            (
                "rsched_next_fire_timestamp_seconds",
                "gauge",
                "When the job is due next.",
                self.next_fire,
            ),
            (
                "rsched_paused",
                "gauge",
                "Whether the job is paused; without a label, the scheduler.",
                format!("rsched_paused {}\n{}", u8::from(now.paused), self.paused),
            ),
            (
                "rsched_queue_length",
                "gauge",
                "Runs that wait for a worker.",
                format!("rsched_queue_length {}\n", now.waiting),
            ),
            (
                "rsched_reload_success",
                "gauge",
                "Whether the jobs files could be taken when they were last read.",
                format!("rsched_reload_success {}\n", u8::from(reload_succeeded)),
            ),
            (
                "rsched_store_commit_seconds",
                "histogram",
                "How long batches of records took to be durable.",
                self.commits,
            ),
            (
                "rsched_build_info",
                "gauge",
                "The version.",
                format!(
                    "rsched_build_info{{version=\"{}\"}} 1\n",
                    env!("CARGO_PKG_VERSION")
                ),
            ),
        ] {
            _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{lines}");
        }
        text
    }
}

/// The lines of a histogram; `label` is what tells it from others of its name, if anything does.
fn histogram(lines: &mut String, name: &str, label: &str, (counts, sum, all): Counts) {
    if all == 0 {
        return;
    }
    let (braced, comma) = if label.is_empty() {
        (String::new(), "")
    } else {
        (format!("{{{label}}}"), ",")
    };
    for (bound, count) in counts {
        _ = writeln!(
            lines,
            "{name}_bucket{{{label}{comma}le=\"{bound}\"}} {count}"
        );
    }
    _ = writeln!(lines, "{name}_bucket{{{label}{comma}le=\"+Inf\"}} {all}");
    _ = writeln!(lines, "{name}_sum{braced} {sum}");
    _ = writeln!(lines, "{name}_count{braced} {all}");
}

/// Seconds since 1970, with a fraction.
fn seconds(at: WallTime) -> String {
    let micros = at.as_micros();
    let (whole, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    format!("{whole}.{fraction:06}")
}
