//! The output of jobs, from their pipes to the log: as much as that has room for, the rest stays in
//! the pipes and slows the jobs.

use super::event_loop::{Daemon, DaemonError, FIRST_UNLOGGED, OUTPUTS, doing};
use super::level::Level;
use super::log_line::OutputLine;
use super::supervised::Output;
use crate::process::{OutputPipe, ReadState, Reopened};
use crate::sys::clock;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

/// Of the pipe of a process that has ended, at most so much is read before its end is told.
const OUTPUT_AT_END: usize = 64 * 1024;

/// A pipe is read in pieces of this size, so that however short its lines are, the text made of
/// one piece (some 170 bytes around each line in JSON) stays far below the log's bound.
const OUTPUT_PIECE: usize = 8 * 1024;

/// Of this much text in one turn, no more output is added to it: it stays in its pipes.
const TEXT_PER_TURN: usize = 128 * 1024;

/// So many pieces in one turn at most: output that nobody wants makes no text, and a flood of it
/// must not hold up the loop either.
const PIECES_PER_TURN: usize = 32;

/// When the scheduler leaves, no pipe is read further than this: all that a pipe can hold of jobs
/// that have ended (`pipe-max-size` in `pipe(7)`). Something in the background may write for ever.
const PIECES_AT_EXIT: usize = 1024 * 1024 / OUTPUT_PIECE;

impl Daemon {
    /// Goes on reading the pipes of a scheduler that died, whose jobs may still live.
    pub(super) fn adopt_pipes(&mut self) {
        let names = match pipes_left_behind(&self.setup.pipes_directory) {
            Ok(names) => names,
            Err(error) => {
                self.say(
                    Level::Error,
                    &format!("cannot look for output pipes left behind: {error}"),
                );
                return;
            }
        };
        for name in names {
            // Anything else is not ours.
            let Some((job, run, attempt, destination)) = Output::parse_file_name(&name) else {
                continue;
            };
            let adopted = match OutputPipe::reopen(&self.setup.pipes_directory.join(&name)) {
                Ok(Reopened::Live(mut pipe)) => {
                    pipe.keep_tail(self.kept_of(destination));
                    let output = Output {
                        pipe,
                        job,
                        run,
                        attempt,
                        destination,
                        queued: false,
                        is_ours: false,
                    };
                    self.watch_output(output).map(drop)
                }
                Ok(Reopened::Abandoned) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = adopted {
                self.say(
                    Level::Error,
                    &format!("cannot go on reading the output pipe `{name}`: {error}"),
                );
            }
        }
    }

    /// From now on its output is read. If that fails, a pipe made for a run is removed; that of an
    /// earlier scheduler stays for the next one.
    pub(super) fn watch_output(&mut self, output: Output) -> io::Result<u64> {
        let number = self.runs.add_output(output);
        let output = &self.runs.outputs[&number];
        let pipe = &output.pipe;
        // What is not for the log does not wait for it.
        let watched = if output.is_logged() {
            self.output_poller.add(pipe, number)
        } else {
            self.poller.add(pipe, FIRST_UNLOGGED + number)
        };
        if let Err(error) = watched {
            let output = self.runs.outputs.remove(&number);
            if let Some(Output {
                pipe,
                is_ours: true,
                ..
            }) = output
            {
                drop(pipe.remove());
            }
            return Err(error);
        }
        Ok(number)
    }

    /// For a run that could not be started: nobody will write to its pipe.
    pub(super) fn discard_output(&mut self, number: u64) {
        if let Some(output) = self.runs.outputs.remove(&number) {
            self.unwatch_output(&output);
            drop(output.pipe.remove());
        }
    }

    fn unwatch_output(&self, output: &Output) {
        let poller = if output.is_logged() {
            &self.output_poller
        } else {
            &self.poller
        };
        drop(poller.remove(&output.pipe));
    }

    pub(super) fn read_outputs(&mut self, ready: bool) -> Result<(), DaemonError> {
        let room = self.setup.log.has_room();
        if room != self.reads_output {
            let changed = if room {
                self.poller.add(&self.output_poller, OUTPUTS)
            } else {
                self.poller.remove(&self.output_poller)
            };
            changed.map_err(doing("watching the output pipes"))?;
            self.reads_output = room;
        }
        if ready && room {
            let numbers: Vec<u64> = self
                .output_poller
                .wait(Some(Duration::ZERO))
                .map_err(doing("waiting for output"))?
                .collect();
            for number in numbers {
                self.runs.queue_output(number);
            }
            self.read_in_turn();
        }
        Ok(())
    }

    /// One piece of each pipe that is ready, those first that have waited longest: a job that floods
    /// would else use up every turn, and the others would wait with full pipes for ever.
    fn read_in_turn(&mut self) {
        for _ in 0..PIECES_PER_TURN {
            if self.text.len() >= TEXT_PER_TURN || !self.setup.log.has_room() {
                return;
            }
            let Some(number) = self.runs.next_output() else {
                return;
            };
            match self.read_piece(number) {
                ReadState::MoreToRead => self.runs.queue_output(number),
                ReadState::WouldBlock => {}
                ReadState::End => self.forget_output(number),
            }
        }
    }

    /// Reads what is left in all pipes, in turn, when all runs have ended. Nobody reads it later: a
    /// pipe without a writer is empty for the next scheduler. So it waits, in all for as long as
    /// `patience`, for the log to have room.
    pub(super) fn read_to_the_end(&mut self, mut patience: Duration) {
        let outputs = self
            .runs
            .outputs
            .iter()
            .filter(|(_, output)| output.is_logged());
        let mut numbers: Vec<u64> = outputs.map(|(&number, _)| number).collect();
        for _ in 0..PIECES_AT_EXIT {
            let mut unfinished = Vec::new();
            for number in numbers {
                self.write_log();
                if !self.setup.log.wait_for_room(&mut patience) {
                    return;
                }
                match self.read_piece(number) {
                    ReadState::MoreToRead => unfinished.push(number),
                    ReadState::WouldBlock => {}
                    ReadState::End => self.forget_output(number),
                }
            }
            numbers = unfinished;
        }
    }

    /// Reads one piece of a pipe whose output is not for the log.
    pub(super) fn read_unlogged(&mut self, number: u64) {
        if self.read_piece(number) == ReadState::End {
            self.forget_output(number);
        }
    }

    fn forget_output(&mut self, number: u64) {
        let Some(mut output) = self.runs.outputs.remove(&number) else {
            return;
        };
        self.unwatch_output(&output);
        let mut processes = self.runs.children.values_mut();
        if let Some(process) = processes.find(|it| it.output == Some(number)) {
            process.said = Some(output.pipe.take_tail());
        }
    }

    /// Reads what the pipe of a process holds that has ended, so that what it said last stands
    /// before its end; but only as much as the log has room for.
    pub(super) fn read_output(&mut self, number: u64) {
        let mut left = OUTPUT_AT_END;
        let logged = self
            .runs
            .outputs
            .get(&number)
            .is_some_and(Output::is_logged);
        let has_room =
            |it: &Self| !logged || (it.text.len() < TEXT_PER_TURN && it.setup.log.has_room());
        while left > 0 && has_room(self) {
            match self.read_piece(number) {
                ReadState::MoreToRead => left -= OUTPUT_PIECE,
                ReadState::WouldBlock => return,
                ReadState::End => return self.forget_output(number),
            }
        }
    }

    fn read_piece(&mut self, number: u64) -> ReadState {
        let Some(output) = self.runs.outputs.get_mut(&number) else {
            return ReadState::WouldBlock;
        };
        let is_logged = output.is_logged();
        let Output { pipe, job, run, .. } = output;
        let now = clock::read();
        let (lines, text) = (&self.setup.lines, &mut self.text);
        let wanted = is_logged && lines.wants_output();
        let state = pipe.read_lines(&mut self.buffer, OUTPUT_PIECE, &mut |line| {
            if wanted {
                lines.output(
                    now,
                    OutputLine {
                        job,
                        run: Some(*run),
                        bytes: line.bytes,
                        cut: line.cut,
                    },
                    text,
                );
            }
        });
        state.unwrap_or_else(|error| {
            let problem = format!("cannot read the output of job \"{job}\" any more: {error}");
            lines.message(now, Level::Error, &problem, text);
            ReadState::End
        })
    }
}

fn pipes_left_behind(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_fifo() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}
