//! All that may differ between the recorded engine and this one (`timelines.rs`), and why.

use Line::{Is, StartedWhenSubmitted};
use Only::{Ours, Theirs};

/// Who has a line that the other has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Theirs,
    Ours,
}

/// The line that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// This one, once.
    Is(&'static str),
    /// `job_started` for a fire, at the time at which that fire was submitted; any number.
    StartedWhenSubmitted,
}

impl Line {
    pub fn may_be_many(self) -> bool {
        self == StartedWhenSubmitted
    }
}

/// In each of these cases, whose lines, and why.
pub type Difference = (
    &'static [&'static str],
    &'static [(Only, Line)],
    &'static str,
);

pub const DIFFERENCES: &[Difference] = &[
    (
        &[
            "engine-004",
            "engine-005",
            "engine-014",
            "engine-017",
            "engine-018",
            "engine-024",
            "engine-027",
            "engine-029",
            "engine-031",
            "engine-034",
            "engine-043",
            "engine-051",
            "engine-053",
            "engine-055",
            "engine-058",
            "engine-063",
            "engine-064",
        ],
        &[(Ours, StartedWhenSubmitted)],
        "a process exists: an event of ours",
    ),
    (
        &[
            "engine-012",
            "engine-014",
            "engine-017",
            "engine-018",
            "engine-024",
            "engine-027",
            "engine-029",
            "engine-031",
            "engine-034",
            "engine-043",
            "engine-051",
            "engine-053",
            "engine-055",
            "engine-058",
            "engine-063",
            "engine-064",
        ],
        &[
            (Ours, Is("0 executor_added")),
            (Ours, Is("0 jobstore_added")),
        ],
        "the recorded engine tells these too, and the recording leaves them out",
    ),
    (
        &["engine-004", "engine-005"],
        &[
            (Ours, Is("3 executor_added")),
            (Ours, Is("3 jobstore_added")),
        ],
        "as above",
    ),
    (
        &["engine-004", "engine-005"],
        &[(Theirs, Is("3 job_added a"))],
        "what is there before the start is the file that is read at the start: none of its jobs is added",
    ),
    (
        &["engine-004"],
        &[
            (Theirs, Is("3 job_submitted a 0")),
            (Theirs, Is("3 job_missed a 0")),
            (Ours, Is("3 job_submitted a 3")),
            (Ours, Is("3 job_executed a 3")),
        ],
        "a job without a trigger fires when it is first seen, and that is now: it is not late",
    ),
    (
        &["engine-005"],
        &[
            (Theirs, Is("3 job_submitted a 0")),
            (Theirs, Is("3 job_executed a 0")),
            (Ours, Is("3 job_submitted a 3")),
            (Ours, Is("3 job_executed a 3")),
        ],
        "as above",
    ),
    (
        &["engine-004", "engine-005"],
        &[
            (Theirs, Is("3 job_removed a")),
            (Theirs, Is("end jobs")),
            (Ours, Is("3 job_finished a")),
            (Ours, Is("end jobs a=-")),
        ],
        "a job of the file stays listed as long as it is in the file; that it has no fires left is told when it has none that runs",
    ),
    (
        &["engine-012"],
        &[
            (Theirs, Is("1 job_added a")),
            (
                Ours,
                Is(
                    "1 refused: Job a has no fire times left: all are past (for a date, write a time to come, as `+10m`, or `now`)",
                ),
            ),
            (Theirs, Is("2 job_removed a")),
            (Ours, Is("2 refused: Job a not found")),
        ],
        "a job of no file that has no fire times left goes, so it cannot be added: who does so is told at once",
    ),
    (
        &["engine-014"],
        &[
            (Theirs, Is("4 job_removed a")),
            (Theirs, Is("4.5 jobs")),
            (Ours, Is("4.5 jobs a=-")),
            (Ours, Is("7 job_finished a")),
            (Ours, Is("7 job_removed a")),
        ],
        "a job that was added goes when its last run has ended, so that it is there to be asked about and stopped",
    ),
    (
        &["engine-034"],
        &[
            (Theirs, Is("6 job_removed a")),
            (Ours, Is("6 job_finished a")),
            (Ours, Is("6 job_removed a")),
        ],
        "as above",
    ),
    (
        &["engine-024", "engine-027"],
        &[
            (Theirs, Is("6.9 job_submitted a 6")),
            (Ours, Is("6.9 job_coalesced a 5 and 2 before")),
            (Ours, Is("6.9 job_submitted a 6 and 3 before")),
        ],
        "every fire has one outcome: those that another stands for are coalesced, and that one tells how many",
    ),
    (
        &["engine-029"],
        &[
            (Theirs, Is("6.9 job_submitted a 3 4 5 6")),
            (Theirs, Is("6.9 job_missed a 3")),
            (Theirs, Is("6.9 job_missed a 4")),
            (Theirs, Is("6.9 job_missed a 5")),
            (Ours, Is("6.9 job_missed a 5 and 2 before")),
            (Ours, Is("6.9 job_submitted a 6")),
        ],
        "a fire that is too late is missed and becomes no run; it is so for all of a backlog in one event",
    ),
    (
        &["engine-031"],
        &[
            (Theirs, Is("6.9 job_submitted a 3 4 5 6")),
            (Ours, Is("6.9 job_submitted a 3")),
            (Ours, Is("6.9 job_submitted a 4")),
            (Ours, Is("6.9 job_submitted a 5")),
            (Ours, Is("6.9 job_submitted a 6")),
        ],
        "a run for each fire, and so an event",
    ),
    (
        &["engine-043"],
        &[(Ours, Is("5.3 job_missed a 4 and 1 before"))],
        "grace first, then coalescing: every fire has one outcome",
    ),
    (
        &["engine-043"],
        &[
            (Ours, Is("10 job_submitted a 10")),
            (Ours, Is("10 job_executed a 10")),
            (Theirs, Is("end jobs a=10")),
            (Ours, Is("end jobs a=11")),
        ],
        "the recording of this case alone leaves out its last instant",
    ),
    (
        &["engine-051"],
        &[
            (
                Theirs,
                Is(
                    "1 error ConflictingIdError message Job identifier (a) conflicts with an existing job",
                ),
            ),
            (Ours, Is("1 refused: Job a already exists.")),
        ],
        "the same in other words: those that Flask-APScheduler has",
    ),
    (
        &["engine-053"],
        &[
            (Theirs, Is("1 job_modified a")),
            (Theirs, Is("3 job_added a")),
            (Ours, Is("1 job_paused a")),
            (Ours, Is("3 job_resumed a")),
        ],
        "pausing has events of its own",
    ),
    (
        &["engine-053"],
        &[
            (Ours, Is("4 job_submitted a 4")),
            (Ours, Is("4 job_executed a 4")),
            (Theirs, Is("7 job_submitted a 7")),
            (Theirs, Is("7 job_executed a 7")),
            (Ours, Is("8 job_submitted a 8")),
            (Ours, Is("8 job_executed a 8")),
            (Theirs, Is("end jobs a=11")),
            (Ours, Is("end jobs a=12")),
        ],
        "an interval keeps its phase unless its length or start_date changes",
    ),
    (
        &["engine-058"],
        &[
            (Theirs, Is("1.5 all_jobs_removed")),
            (Ours, Is("1.5 job_removed a")),
            (Ours, Is("1.5 job_removed b")),
        ],
        "no command removes all jobs: each is removed",
    ),
    (
        &["engine-063"],
        &[
            (Theirs, Is("4.5 job_executed a 2")),
            (Theirs, Is("5.5 job_executed a 3")),
            (Ours, Is("7.2 job_executed a 2")),
            (Ours, Is("7.2 job_executed a 3")),
        ],
        "one thread notices everything: what ended while it stood still is told when it goes on",
    ),
    (
        &["engine-063"],
        &[
            (Theirs, Is("7.2 job_submitted a 4 5 6 7")),
            (Ours, Is("7.2 job_submitted a 4")),
            (Ours, Is("7.2 job_submitted a 5")),
            (Ours, Is("7.2 job_submitted a 6")),
            (Ours, Is("7.2 job_submitted a 7")),
            (Ours, Is("9.7 job_executed a 4")),
            (Ours, Is("9.7 job_started a 5")),
        ],
        "a run for each fire, one after another, each told when it happens: the recorded engine runs the four as one, and tells of all when the last has ended, which is after the end of the case",
    ),
];
