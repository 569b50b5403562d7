//! The processes of a run that left its process group, by a session of their own or a double fork:
//! when the run is stopped they go too.
//!
//! They are known by what they were told, which is inherited by all that a run starts, and by descent,
//! as long as nobody in between has died. Who cuts both ties has got away.

use crate::sys::process_table::{ProcessKey, ProcessTable};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io;

/// The variables that tell processes of which attempt of which run they are; the intermediate has no
/// others.
pub(super) const TOLD: [&str; 2] = ["RSCHED_RUN_ID", "RSCHED_ATTEMPT"];

/// The machine's processes, as far as runs are told apart by them.
#[derive(Debug)]
pub struct Bystanders(ProcessTable);

impl Bystanders {
    /// All there are now, for runs with these leaders.
    #[must_use]
    pub fn now(leaders: &[Option<Pid>]) -> Self {
        let mut table = ProcessTable::read();
        // Nobody is older than the leader of his run; of some the leader is gone.
        let since = leaders
            .iter()
            .map(|leader| {
                leader
                    .and_then(|leader| table.start_time(leader))
                    .unwrap_or(0)
            })
            .min();
        table.read_variables(&TOLD, since.unwrap_or(0));
        Self(table)
    }

    /// Whether anybody lives in the group of `leader` beside it.
    #[must_use]
    pub fn group_lives(&self, leader: Pid) -> bool {
        self.0.group_lives(leader)
    }
}

/// The strays of one attempt of a run, and what was done to them.
#[derive(Debug, Default)]
pub struct Strays {
    /// All that were ever found: of some the ties are cut by now.
    known: BTreeSet<ProcessKey>,
    killed: BTreeSet<ProcessKey>,
}

/// What a look at the strays found.
#[derive(Debug, Default)]
pub struct Found {
    /// How many live, or lived when the signal was sent.
    pub living: usize,
    /// How many of them got the signal only now.
    pub new: usize,
    /// What hindered it.
    pub problem: Option<io::Error>,
}

impl Strays {
    /// Sends SIGTERM (and SIGCONT), or SIGKILL, to those that have not got it yet. `leader`: the run's
    /// process, unless its number may be another's by now; `attempt`: which run's, as `RUN_ID.ATTEMPT`.
    pub fn signal(
        &mut self,
        bystanders: &Bystanders,
        leader: Option<Pid>,
        attempt: &str,
        signal: Signal,
    ) -> Found {
        let mut found = Found::default();
        for stray in bystanders.0.strays(leader, attempt, &self.known) {
            found.living += 1;
            let is_new = self.known.insert(stray);
            let needs_it = match signal {
                Signal::SIGKILL => self.killed.insert(stray),
                _ => is_new,
            };
            if !needs_it {
                continue;
            }
            found.new += 1;
            let mut sent = stray.signal(signal);
            if signal == Signal::SIGTERM {
                // A stopped process would not see it otherwise.
                sent = sent.and_then(|()| stray.signal(Signal::SIGCONT));
            }
            found.problem = sent.err().or(found.problem);
        }
        found
    }
}
