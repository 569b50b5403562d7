//! What is on its way to the store, and how to take it back if it never arrives.
//!
//! One batch is in flight at a time; what comes up meanwhile is gathered into the next, so a slow
//! store gets fewer, larger transactions. Four kinds of things go in:
//! - *facts* (a run ended) are kept until they are durable;
//! - *decisions* (a fire judged, a start decided) are undone when their batch fails: nothing was
//!   done on their strength, so the fires are simply judged again once the store takes writes;
//! - *jobs* are written as they are when the batch is made;
//! - *notes* (what the world was told, a process exists) go along with the next batch, or make one
//!   themselves within a second: nothing waits for them.

use super::command::{Reply, Token};
use super::emitted::Emitted;
use super::job_state::{JobState, Returned};
use super::progress::Progress;
use super::record::{Batch, Record, RunId, Ticket};
use super::retry::ended_attempt;
use super::run::RunKey;
use crate::config::JobId;
use crate::time::{BootTime, Now};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// First and longest pause before a failed store is tried again: when a disk has space once more, fires
/// are to go on within a second, and a try that succeeds takes some of it.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_millis(500);

/// A store that took records for less than this, and let nothing start, does not fail for the first time: a disk
/// with little room may take each probe, and refuse what comes behind it.
const MENDED_AFTER: Duration = Duration::from_secs(1);

/// How long notes wait for something more important to go along with.
const NOTE_PATIENCE: Duration = Duration::from_secs(1);

/// While the store fails so many notes are kept, the newest.
const MAX_NOTES: usize = 10_000;

/// A job as it was before it was judged.
#[derive(Clone, Debug)]
pub(super) struct Before {
    /// Of its plan: another one cannot be taken back to this.
    pub generation: u64,
    pub progress: Progress,
    pub returned: Vec<Returned>,
}

/// One run takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// It goes.
    pub gone: RunKey,
    /// It comes instead.
    pub by: RunKey,
}

/// Decisions that rest on a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Decisions {
    /// How each judged job was before the judgement.
    pub before: BTreeMap<JobId, Before>,
    /// Runs made from fires in this batch.
    pub submitted: Vec<RunKey>,
    /// Runs whose place others take: to go once it is durable.
    pub replaced: Vec<Replacement>,
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
        self.replaced.extend(later.replaced);
        self.starting.extend(later.starting);
        self.emitted.extend(later.emitted);
        self.answers.extend(later.answers);
    }
}

/// A record, and whether it stands if its batch is lost.
#[derive(Clone, Debug)]
enum Entry {
    Fact(Record),
    Decision(Record),
}

impl Entry {
    fn record(&self) -> &Record {
        match self {
            Self::Fact(record) | Self::Decision(record) => record,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Page {
    /// In the order they came up: a later record of a run replaces the earlier.
    entries: Vec<Entry>,
    jobs: BTreeSet<JobId>,
    notes: Vec<Record>,
    /// To be answered once it is durable, however often it must be tried.
    answers: Vec<(Token, Reply)>,
    /// The same, of changes that are told when they are durable: what is told is to be on record too.
    changes: Vec<(Token, Reply)>,
    decisions: Decisions,
}

impl Page {
    /// Whether nothing in it is waited for.
    fn is_idle(&self) -> bool {
        self.entries.is_empty()
            && self.jobs.is_empty()
            && self.decisions.emitted.is_empty()
            && self.decisions.answers.is_empty()
            && self.answers.is_empty()
            && self.changes.is_empty()
    }
}

/// What became durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Durable {
    /// May be acted on.
    pub decisions: Decisions,
    /// To be given now.
    pub answers: Vec<(Token, Reply)>,
    /// To be given when what is told of the changes is durable.
    pub changes: Vec<(Token, Reply)>,
    /// Attempts whose end is recorded.
    pub ended: Vec<(RunId, u32)>,
}

/// What did not, and is to be undone.
#[derive(Clone, Debug, Default)]
pub(super) struct Undone {
    pub decisions: Decisions,
    /// The records of these decisions.
    pub records: Vec<Record>,
}

/// The store failed; it is tried again at `retry_at`.
#[derive(Clone, Copy, Debug)]
struct Failing {
    retry_at: BootTime,
    delay: Duration,
}

/// The store took a record after it had failed.
#[derive(Clone, Copy, Debug)]
struct Mended {
    at: BootTime,
    /// Before the last try.
    delay: Duration,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    tickets: u64,
    in_flight: Option<(Ticket, Page)>,
    open: Page,
    /// When the oldest note of the open page wants to be written.
    notes_due: Option<BootTime>,
    failing: Option<Failing>,
    /// If it failed, and nothing was started since.
    mended: Option<Mended>,
}

impl Ledger {
    /// Something that happened; kept until it is durable.
    pub fn fact(&mut self, record: Record) {
        self.open.entries.push(Entry::Fact(record));
    }

    /// Something that was decided; undone if it cannot be made durable.
    pub fn decision(&mut self, record: Record) {
        self.open.entries.push(Entry::Decision(record));
    }

    /// The job is another than what the store has of it.
    pub fn job_changed(&mut self, id: &JobId) {
        if !self.open.jobs.contains(id) {
            self.open.jobs.insert(id.clone());
        }
    }

    /// The same of many, in order: at a start perhaps of all.
    pub fn jobs_changed(&mut self, ids: Vec<JobId>) {
        self.open.jobs.append(&mut ids.into_iter().collect());
    }

    /// The job is gone.
    pub fn job_gone(&mut self, id: &JobId) {
        self.open.jobs.remove(id);
        self.fact(Record::JobGone(id.clone()));
    }

    /// Something worth keeping that nothing waits for.
    pub fn note(&mut self, record: Record, now: BootTime) {
        if self.open.notes.len() == MAX_NOTES {
            self.open.notes.remove(0);
        }
        self.open.notes.push(record);
        self.notes_due.get_or_insert(now + NOTE_PATIENCE);
    }

    /// Notes are written now, with or without something to go along with.
    pub fn hurry(&mut self, now: BootTime) {
        self.notes_due = self.notes_due.map(|due| due.min(now));
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

    /// A run ended before it was on record, and those that were to make way for it need not: they make
    /// way for the run that takes its own place, or stay. Gives those that stay.
    pub fn withdraw_replacement(&mut self, by: RunKey) -> Vec<RunKey> {
        let in_flight = self.in_flight.iter_mut().map(|(_, page)| page);
        let mut pages: Vec<_> = in_flight.chain([&mut self.open]).collect();
        let mut left = Vec::new();
        for page in &mut pages {
            let leaving = page.decisions.replaced.extract_if(.., |it| it.by == by);
            left.extend(leaving.map(|it| it.gone));
        }
        for page in &mut pages {
            let replaced = &mut page.decisions.replaced;
            if let Some(heir) = replaced.iter().find(|it| it.gone == by).map(|it| it.by) {
                replaced.extend(left.drain(..).map(|gone| Replacement { gone, by: heir }));
            }
        }
        left
    }

    /// Whether decisions may be made: not while the store fails.
    pub fn accepts_decisions(&self) -> bool {
        self.failing.is_none()
    }

    /// Whether the store failed and has not taken a write since.
    pub fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// Gives an answer when all that was changed so far is durable, and what is told of it.
    pub fn answer_change(&mut self, token: Token, reply: Reply) {
        self.open.changes.push((token, reply));
    }

    /// Gives an answer when all that was told so far is durable.
    pub fn answer_when_durable(&mut self, token: Token, reply: Reply) {
        self.open.answers.push((token, reply));
    }

    /// Nothing that is waited for is on its way or about to be.
    pub fn is_settled(&self) -> bool {
        self.in_flight
            .as_ref()
            .is_none_or(|(_, page)| page.is_idle())
            && self.open.is_idle()
    }

    /// Nothing at all is on its way or about to be.
    pub fn is_empty(&self) -> bool {
        self.in_flight.is_none() && self.open.is_idle() && self.open.notes.is_empty()
    }

    /// When the next batch is to be made, if not at once: a failed store is tried again, or notes
    /// have waited long enough.
    pub fn deadline(&self) -> Option<BootTime> {
        if self.in_flight.is_some() {
            return None;
        }
        self.failing
            .map(|failing| failing.retry_at)
            .or(self.notes_due)
    }

    /// The next batch, if one is due: gathered records, or a probe of a store that failed.
    pub fn next_batch(&mut self, now: Now, jobs: &BTreeMap<JobId, JobState>) -> Option<Batch> {
        let notes_due = self.notes_due.is_some_and(|due| due <= now.boot);
        let due = match self.failing {
            Some(failing) => now.boot >= failing.retry_at,
            None => !self.open.is_idle() || notes_due,
        };
        if self.in_flight.is_some() || !due {
            return None;
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.notes_due = None;
        let page = std::mem::take(&mut self.open);
        let states = states_of(&page.jobs, jobs);
        // Notes first: that a process exists is older than its end.
        let records = page
            .notes
            .iter()
            .chain(page.entries.iter().map(Entry::record))
            .cloned()
            .chain(states.into_iter().map(JobState::record))
            .collect();
        let urgent = !page.is_idle() || self.failing.is_some();
        self.in_flight = Some((ticket, page));
        Some(Batch {
            ticket,
            made_at: now.wall,
            urgent,
            records,
        })
    }

    /// The batch is durable. An answer to anything but the batch in flight is ignored.
    pub fn stored(&mut self, ticket: Ticket, now: BootTime) -> Option<Durable> {
        let page = self.answered(ticket)?;
        if let Some(Failing { delay, .. }) = self.failing.take() {
            self.mended = Some(Mended { at: now, delay });
        }
        let ended = page
            .entries
            .iter()
            .filter_map(|entry| ended_attempt(entry.record()))
            .collect();
        Some(Durable {
            decisions: page.decisions,
            answers: page.answers,
            changes: page.changes,
            ended,
        })
    }

    /// The batch is lost: its decisions, and those gathered since, are to be undone; its facts, jobs
    /// and notes wait for the next try.
    pub fn failed(&mut self, ticket: Ticket, now: BootTime) -> Option<Undone> {
        let mut page = self.answered(ticket)?;
        let open = std::mem::take(&mut self.open);
        page.entries.extend(open.entries);
        page.jobs.extend(open.jobs);
        page.notes.extend(open.notes);
        page.answers.extend(open.answers);
        page.changes.extend(open.changes);
        let surplus = page.notes.len().saturating_sub(MAX_NOTES);
        page.notes.drain(..surplus);
        let (decided, facts): (Vec<_>, Vec<_>) = page
            .entries
            .into_iter()
            .partition(|entry| matches!(entry, Entry::Decision(_)));
        self.open = Page {
            entries: facts,
            jobs: page.jobs,
            notes: page.notes,
            answers: page.answers,
            changes: page.changes,
            ..Page::default()
        };
        self.hold(now);
        page.decisions.extend(open.decisions);
        Some(Undone {
            decisions: page.decisions,
            records: decided.iter().map(|entry| entry.record().clone()).collect(),
        })
    }

    /// All that a start needs was recorded, and its process exists.
    pub fn start_went_through(&mut self) {
        self.mended = None;
    }

    /// The disk does not take what must be on it: no decisions until the store has taken a write.
    pub fn hold(&mut self, now: BootTime) {
        let of_the_last = match (self.failing, self.mended) {
            (Some(failing), _) => Some(failing.delay),
            (None, Some(mended)) if now.saturating_since(mended.at) < MENDED_AFTER => {
                Some(mended.delay)
            }
            _ => None,
        };
        let delay = of_the_last.map_or(FIRST_RETRY, |delay| (delay * 2).min(LONGEST_RETRY));
        self.failing = Some(Failing {
            retry_at: now + delay,
            delay,
        });
    }

    fn answered(&mut self, ticket: Ticket) -> Option<Page> {
        self.in_flight
            .take_if(|(sent, _)| *sent == ticket)
            .map(|(_, page)| page)
    }
}
/// What there is of these ids, in order. Few are looked up; beside many, as at a start, all are walked past: one comparison
/// for each, and not one for each level of the tree.
fn states_of<'j, I: Ord, S>(ids: &BTreeSet<I>, all: &'j BTreeMap<I, S>) -> Vec<&'j S> {
    const MANY: usize = 8;
    if ids.len() < all.len() / MANY {
        return ids.iter().filter_map(|id| all.get(id)).collect();
    }
    let mut ids = ids.iter().peekable();
    let is_meant = |(id, _): &(&I, &S)| {
        while ids.next_if(|meant| meant < id).is_some() {}
        ids.next_if(|meant| meant == id).is_some()
    };
    all.iter()
        .filter(is_meant)
        .map(|(_, state)| state)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_few_ids_and_of_many_those_are_found_that_are_there() {
        let all: BTreeMap<u32, u32> = (0..100).map(|id| (2 * id, id)).collect();
        for step in [1, 2, 3, 7, 50, 300] {
            let ids: BTreeSet<u32> = (0..210).step_by(step).collect();
            let expected: Vec<&u32> = ids.iter().filter_map(|id| all.get(id)).collect();
            assert_eq!(states_of(&ids, &all), expected, "each {step}");
        }
        assert!(states_of(&BTreeSet::new(), &all).is_empty());
        assert!(states_of(&BTreeSet::from([1]), &BTreeMap::<u32, u32>::new()).is_empty());
    }
}
