//! What is on its way to the store, and how to take it back if it never arrives.
//!
//! One batch is in flight at a time; what comes up meanwhile is gathered into the next, so a slow
//! store gets fewer, larger transactions. *Facts* (a run ended) are kept until they are durable.
//! *Decisions* (a fire judged, a start decided) are undone when their batch fails: nothing was
//! done on their strength, so the fires are simply judged again once the store takes writes.

use super::command::{Reply, Token};
use super::emitted::Emitted;
use super::progress::Progress;
use super::record::{Batch, Record, RunId, Ticket};
use super::run::RunKey;
use crate::config::JobId;
use crate::time::BootTime;
use std::collections::BTreeMap;
use std::time::Duration;

/// First and longest pause before a failed store is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Decisions that rest on a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Decisions {
    /// How far each judged job was before the judgement, and in which generation.
    pub before: BTreeMap<JobId, (u64, Progress)>,
    /// Runs made from fires in this batch.
    pub submitted: Vec<RunKey>,
    /// Runs to be spawned once it is durable.
    pub starting: Vec<RunKey>,
    /// To be told once it is durable.
    pub emitted: Vec<Emitted>,
    /// To be answered once it is durable.
    pub answers: Vec<(Token, Reply)>,
}

impl Decisions {
    /// Joins those of a later batch; where both judged a job, what was before the first stands.
    fn extend(&mut self, later: Decisions) {
        for (job, before) in later.before {
            self.before.entry(job).or_insert(before);
        }
        self.submitted.extend(later.submitted);
        self.starting.extend(later.starting);
        self.emitted.extend(later.emitted);
        self.answers.extend(later.answers);
    }
}

#[derive(Clone, Debug, Default)]
struct Page {
    facts: Vec<Record>,
    decided: Vec<Record>,
    decisions: Decisions,
}

impl Page {
    fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.decided.is_empty() && self.decisions.emitted.is_empty()
    }
}

/// The store failed; it is tried again at `retry_at`.
#[derive(Clone, Copy, Debug)]
struct Failing {
    retry_at: BootTime,
    delay: Duration,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    tickets: u64,
    in_flight: Option<(Ticket, Page)>,
    open: Page,
    failing: Option<Failing>,
}

impl Ledger {
    /// Something that happened; kept until it is durable.
    pub fn fact(&mut self, record: Record) {
        self.open.facts.push(record);
    }

    /// Something that was decided; undone if it cannot be made durable.
    pub fn decision(&mut self, record: Record) {
        self.open.decided.push(record);
    }

    /// What rests on the decisions of the batch being gathered.
    pub fn decisions(&mut self) -> &mut Decisions {
        &mut self.open.decisions
    }

    /// What was to be told of a run once its submission is durable is not told: it ended before.
    pub fn withdraw_submission(&mut self, run: RunId) {
        let in_flight = self.in_flight.iter_mut().map(|(_, page)| page);
        for page in in_flight.chain([&mut self.open]) {
            page.decisions
                .emitted
                .retain(|told| told.run_id != Some(run));
        }
    }

    /// Whether decisions may be made: not while the store fails.
    pub fn accepts_decisions(&self) -> bool {
        self.failing.is_none()
    }

    /// Whether the store failed and has not taken a write since.
    pub fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// Nothing is on its way and nothing waits to be.
    pub fn is_settled(&self) -> bool {
        self.in_flight.is_none() && self.open.is_empty()
    }

    /// When a failed store is to be tried again.
    pub fn retry_at(&self) -> Option<BootTime> {
        self.failing
            .filter(|_| self.in_flight.is_none())
            .map(|f| f.retry_at)
    }

    /// The next batch, if one is due: gathered records, or a probe of a store that failed.
    pub fn next_batch(&mut self, now: BootTime) -> Option<Batch> {
        let due = match self.failing {
            Some(failing) => now >= failing.retry_at,
            None => !self.open.is_empty(),
        };
        if self.in_flight.is_some() || !due {
            return None;
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let page = std::mem::take(&mut self.open);
        let records = page.decided.iter().chain(&page.facts).cloned().collect();
        self.in_flight = Some((ticket, page));
        Some(Batch { ticket, records })
    }

    /// The batch is durable: its decisions may be acted on. An answer to anything but the batch
    /// in flight is ignored.
    pub fn stored(&mut self, ticket: Ticket) -> Option<Decisions> {
        if self
            .in_flight
            .as_ref()
            .is_none_or(|(sent, _)| *sent != ticket)
        {
            return None;
        }
        self.failing = None;
        self.in_flight.take().map(|(_, page)| page.decisions)
    }

    /// The batch is lost: its decisions, and those gathered since, are to be undone, and here are
    /// their records; its facts wait for the next try.
    pub fn failed(&mut self, ticket: Ticket, now: BootTime) -> Option<(Decisions, Vec<Record>)> {
        if self
            .in_flight
            .as_ref()
            .is_none_or(|(sent, _)| *sent != ticket)
        {
            return None;
        }
        let (_, mut page) = self.in_flight.take()?;
        let open = std::mem::take(&mut self.open);
        page.facts.extend(open.facts);
        self.open.facts = page.facts;
        let delay = match self.failing {
            Some(failing) => (failing.delay * 2).min(LONGEST_RETRY),
            None => FIRST_RETRY,
        };
        self.failing = Some(Failing {
            retry_at: now + delay,
            delay,
        });
        page.decisions.extend(open.decisions);
        page.decided.extend(open.decided);
        Some((page.decisions, page.decided))
    }
}
