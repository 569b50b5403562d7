//! The processes the daemon looks after, and the pipes their output comes through.
//!
//! A pipe outlives its process when something in the background holds it open: it goes on being
//! read, and the run has ended all the same.

use super::mail::MailedRun;
use super::starting::{StartStage, Starting};
use crate::config::JobId;
use crate::process::{Child, OutputPipe, OutputTail, Stopping, Usage};
use crate::scheduler::{self, Emitted, RunId, RunKey};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A running process.
#[derive(Debug)]
pub(super) struct Supervised {
    pub run: RunId,
    pub child: Child,
    /// The number of its output pipe; none if that of an adopted process is gone.
    pub output: Option<u64>,
    /// What came out of that, if it has come to its end before the process has.
    pub said: Option<OutputTail>,
    /// If that is mailed.
    pub mailed: Option<MailedRun>,
    /// Which attempt of which run it is, as its processes know it.
    pub attempt: String,
    /// It is being stopped.
    pub stop: Option<Stopping>,
}

/// An output pipe that is being read.
#[derive(Debug)]
pub(super) struct Output {
    pub pipe: OutputPipe,
    pub job: JobId,
    pub run: RunId,
    /// Which process of the run it was made for. Something in the background may hold open that of an
    /// earlier one.
    pub attempt: u32,
    /// Where that goes.
    pub destination: Destination,
    /// It was made for a run of this scheduler, not of an earlier one.
    pub is_ours: bool,
    /// It waits for its turn to be read.
    pub queued: bool,
}

/// What is known of a run that has ended beside how, until its end is told.
#[derive(Debug)]
pub(super) struct Ending {
    /// Where the kernel told.
    pub usage: Option<Usage>,
    /// The end of what it printed, as text.
    pub output_tail: Option<Arc<str>>,
}

/// What becomes of what comes out of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Its lines are logged.
    Log,
    /// The last of it is kept.
    Nowhere,
    /// It is mailed when the run has ended.
    Mail,
}

impl Destination {
    const ALL: [Self; 3] = [Self::Nowhere, Self::Mail, Self::Log];

    /// What the name of such a pipe ends with: no id of a run does.
    fn mark(self) -> &'static str {
        match self {
            Self::Log => "",
            Self::Nowhere => "~",
            Self::Mail => "=",
        }
    }
}

impl Output {
    /// Whether its lines go into the log as they come.
    pub fn is_logged(&self) -> bool {
        self.destination == Destination::Log
    }

    /// The name of the pipe of an attempt, from which the next scheduler learns whose it is.
    pub fn file_name(job: &JobId, run: RunId, attempt: u32, destination: Destination) -> String {
        let attempt = match attempt {
            1 => String::new(),
            later => format!("+{later}"),
        };
        format!("{job}.{run}{attempt}{}", destination.mark())
    }

    /// What such a name says; nothing if it is none.
    pub fn parse_file_name(name: &str) -> Option<(JobId, RunId, u32, Destination)> {
        let mut destinations = Destination::ALL.into_iter();
        let destination = destinations.find(|it| name.ends_with(it.mark()))?;
        let name = name.strip_suffix(destination.mark())?;
        let (job, run) = name.rsplit_once('.')?;
        let (run, attempt) = match run.split_once('+') {
            Some((run, attempt)) => (run, attempt.parse().ok()?),
            None => (run, 1),
        };
        let (job, run) = (JobId::parse(job).ok()?, RunId::parse(run)?);
        Some((job, run, attempt, destination))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct SupervisedRuns {
    pub children: BTreeMap<RunKey, Supervised>,
    pub starting: BTreeMap<RunKey, (Starting, StartStage)>,
    pub outputs: BTreeMap<u64, Output>,
    outputs_opened: u64,
    endings: BTreeMap<RunId, Ending>,
    /// Pipes with something to read, in the order of their turn.
    ready_outputs: VecDeque<u64>,
}

impl SupervisedRuns {
    /// Keeps what is known of a run until its end is told.
    pub fn add_ending(&mut self, run: RunId, ending: Ending) {
        self.endings.insert(run, ending);
    }

    /// What is known of the run whose end is told here, if it is one's end.
    pub fn ending_told(&mut self, told: &Emitted) -> Option<Ending> {
        told.outcome?;
        self.endings.remove(&told.run_id?)
    }

    /// Takes in a pipe and numbers it.
    pub fn add_output(&mut self, output: Output) -> u64 {
        self.outputs_opened += 1;
        self.outputs.insert(self.outputs_opened, output);
        self.outputs_opened
    }

    /// The number of the pipe of a run, of its last attempt.
    pub fn output_of(&self, run: RunId) -> Option<u64> {
        let outputs = self.outputs.iter().filter(|(_, output)| output.run == run);
        let newest = outputs.max_by_key(|(_, output)| output.attempt);
        newest.map(|(&number, _)| number)
    }

    /// What a run has printed until now, as far as it came to us and is kept.
    pub fn said_so_far(&self, run: RunId) -> Option<scheduler::OutputTail> {
        let ended = || {
            let mut children = self.children.values();
            let child = children.find(|child| child.run == run)?;
            child.said.as_ref()
        };
        let number = self.output_of(run);
        let open = number.map(|number| self.outputs[&number].pipe.tail());
        let said = open.or_else(ended)?;
        Some(scheduler::OutputTail {
            total_bytes: said.total(),
            tail: said.bytes().into(),
        })
    }

    /// Gives a pipe that has something to read its turn, behind those that wait already.
    pub fn queue_output(&mut self, number: u64) {
        if let Some(output) = self.outputs.get_mut(&number).filter(|it| !it.queued) {
            output.queued = true;
            self.ready_outputs.push_back(number);
        }
    }

    /// Whose turn it is to be read.
    pub fn next_output(&mut self) -> Option<u64> {
        while let Some(number) = self.ready_outputs.pop_front() {
            // Its pipe may have come to its end while it waited.
            if let Some(output) = self.outputs.get_mut(&number) {
                output.queued = false;
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pipe_says_whose_it_is() {
        let job = JobId::parse("a.b-1").unwrap();
        let run = RunId::from_u64(0x1f);
        for destination in Destination::ALL {
            for attempt in [1, 2, 1_001] {
                let name = Output::file_name(&job, run, attempt, destination);
                let read = Output::parse_file_name(&name);
                assert_eq!(
                    read,
                    Some((job.clone(), run, attempt, destination)),
                    "{name}"
                );
            }
        }
        let first = Output::file_name(&job, run, 1, Destination::Log);
        assert_eq!(first, "a.b-1.000000000000001f");
        assert_eq!(Output::parse_file_name("a.000000000000001f+x"), None);
    }
}
