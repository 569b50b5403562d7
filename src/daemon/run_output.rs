//! Where the output of a run goes, as its job says it.

use super::event_loop::Daemon;
use super::mail::{MAILED_BYTES, MailedRun};
use super::starting::NotStarted;
use super::supervised::{Destination, Output};
use crate::config::{self, Job};
use crate::process::{OutputFile, OutputPipe, OutputTarget};
use crate::scheduler::SpawnRequest;
use std::sync::Arc;

/// The place for the output of one run.
#[derive(Debug)]
pub(super) enum RunOutput {
    /// Through the pipe of that number.
    Pipe(u64),
    /// Through the pipe of that number, into a mail.
    Mail(u64),
    /// Where ours goes.
    Inherited,
    /// Nowhere.
    Nowhere,
    /// To a file.
    File(OutputFile),
}

impl RunOutput {
    /// The number of its pipe.
    pub fn pipe(&self) -> Option<u64> {
        match self {
            Self::Pipe(number) | Self::Mail(number) => Some(*number),
            Self::Inherited | Self::Nowhere | Self::File(_) => None,
        }
    }

    /// Whose run it is, if it is mailed.
    pub fn mailed(&self, job: &Arc<Job>) -> Option<MailedRun> {
        matches!(self, Self::Mail(_)).then(|| MailedRun {
            job: Arc::clone(job),
            is_adopted: false,
        })
    }
}

impl Daemon {
    /// Opens the place, if it is for us to open.
    pub(super) fn open_output(&mut self, request: &SpawnRequest) -> Result<RunOutput, NotStarted> {
        let keep = self.setup.scheduler.keep_output();
        match &request.job.settings.output {
            config::Output::Mail(_) if self.mailer.can_send() => self
                .open_pipe(request, Destination::Mail)
                .map(RunOutput::Mail),
            config::Output::Log | config::Output::Mail(_) => self
                .open_pipe(request, Destination::Log)
                .map(RunOutput::Pipe),
            // For the sake of what is kept of it.
            config::Output::Discard if keep > 0 => self
                .open_pipe(request, Destination::Nowhere)
                .map(RunOutput::Pipe),
            config::Output::Discard => Ok(RunOutput::Nowhere),
            config::Output::Inherit => Ok(RunOutput::Inherited),
            config::Output::File(file) => Ok(RunOutput::File(OutputFile {
                path: file.path.clone(),
                max_size: file.max_size,
                keep: file.keep,
            })),
        }
    }

    fn open_pipe(
        &mut self,
        request: &SpawnRequest,
        destination: Destination,
    ) -> Result<u64, NotStarted> {
        let (job, run) = (request.job.id.clone(), request.run_id);
        let name = Output::file_name(&job, run, request.attempt, destination);
        let mut pipe = OutputPipe::create(&self.setup.pipes_directory, &name).map_err(|error| {
            let message = format!("cannot make its output pipe `{name}`: {error}");
            NotStarted::of(&error, message)
        })?;
        pipe.keep_tail(self.kept_of(destination));
        if let Some(account) = request.job.settings.run_as.account()
            && let Err(error) = pipe.give_to(account.uid)
        {
            let who = &account.name;
            let message = format!("cannot give its output pipe to user {who}: {error}");
            drop(pipe.remove());
            return Err(NotStarted::of(&error, message));
        }
        // Before the spawn: a job whose output nobody reads would wait for ever at its full pipe.
        let output = Output {
            pipe,
            job,
            run,
            attempt: request.attempt,
            destination,
            is_ours: true,
            queued: false,
        };
        self.watch_output(output).map_err(|error| {
            let message = format!("cannot watch its output pipe `{name}`: {error}");
            NotStarted::of(&error, message)
        })
    }

    /// The last so many bytes of an output are kept.
    pub(super) fn kept_of(&self, destination: Destination) -> usize {
        let recorded = self.setup.scheduler.keep_output();
        match destination {
            Destination::Mail => recorded.max(MAILED_BYTES),
            Destination::Log | Destination::Nowhere => recorded,
        }
    }

    /// The place, for the process to be.
    pub(super) fn target<'a>(&'a self, output: &'a RunOutput) -> OutputTarget<'a> {
        match output {
            RunOutput::Pipe(number) | RunOutput::Mail(number) => {
                OutputTarget::Pipe(self.runs.outputs[number].pipe.path())
            }
            RunOutput::Inherited => OutputTarget::Inherit,
            RunOutput::Nowhere => OutputTarget::Discard,
            RunOutput::File(file) => OutputTarget::File(file),
        }
    }

    /// For a run that could not be started: nobody will write there.
    pub(super) fn drop_output(&mut self, output: &RunOutput) {
        if let Some(number) = output.pipe() {
            self.discard_output(number);
        }
    }
}
