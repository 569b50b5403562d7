//! The processes the daemon looks after, and the pipes their output comes through.
//!
//! A pipe outlives its process when something in the background holds it open: it goes on being
//! read, and the run has ended all the same.

use crate::config::JobId;
use crate::process::{Child, OutputPipe};
use crate::scheduler::{RunId, RunKey};
use std::collections::BTreeMap;

/// A running process.
#[derive(Debug)]
pub(super) struct Supervised {
    pub child: Child,
    /// The number of its output pipe.
    pub output: Option<u64>,
    pub stage: Stage,
}

/// How far the stopping of a process has got.
///
/// A shell dies of the SIGTERM that its children are still dealing with. It stays unreaped until
/// they are gone or killed: while it does, its process group is certainly still its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Left alone.
    Running,
    /// Its group got SIGTERM.
    Stopping,
    /// It ended of that, and others of its group have not.
    Outlived,
}

/// An output pipe that is being read.
#[derive(Debug)]
pub(super) struct Output {
    pub pipe: OutputPipe,
    pub job: JobId,
    pub run: Option<RunId>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct SupervisedRuns {
    pub children: BTreeMap<RunKey, Supervised>,
    pub outputs: BTreeMap<u64, Output>,
    outputs_opened: u64,
}

impl SupervisedRuns {
    /// Takes in a pipe and numbers it.
    pub fn add_output(&mut self, output: Output) -> u64 {
        self.outputs_opened += 1;
        self.outputs.insert(self.outputs_opened, output);
        self.outputs_opened
    }
}
