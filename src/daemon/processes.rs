//! The processes of an earlier scheduler, and the ends of all.

use super::event_loop::Daemon;
use super::level::Level;
use super::recovery::mark_name;
use super::supervised::{Ending, Supervised};
use crate::process::{self, Usage};
use crate::scheduler::{self, Event, Exit, RunKey};
use crate::sys::memory;
use std::sync::Arc;

/// Of what a run printed, events tell the last so many bytes: a thousand of them are kept for clients.
const TOLD_OUTPUT: usize = 1_024;

impl Daemon {
    /// Takes over the living processes of an earlier scheduler, and their output.
    pub(super) fn adopt_processes(&mut self) {
        self.adopt_pipes();
        let mut adopted = std::mem::take(&mut self.setup.adopted);
        for status in self.setup.scheduler.runs_of(None) {
            let Some(child) = adopted.remove(&status.id) else {
                continue;
            };
            let (run, output) = (status.key, self.runs.output_of(status.id));
            let mailed = output.and_then(|output| self.adopted_mail(&status, output));
            let supervised = Supervised {
                run: status.id,
                child,
                output,
                said: None,
                attempt: mark_name(status.id, status.attempt),
                stop: None,
                mailed,
            };
            self.say(
                Level::Warn,
                &format!(
                    "Job \"{}\" of an earlier scheduler still runs, and is adopted",
                    status.job
                ),
            );
            if let Err(failed) = self.supervise(run, supervised) {
                let (_, error) = *failed;
                // It lives on, and nobody will learn how it ends.
                self.say(
                    Level::Error,
                    &format!("cannot watch a process of job \"{}\": {error}", status.job),
                );
                self.feed(Event::Exited {
                    run,
                    exit: Exit::Unknown,
                    usage: None,
                    output: None,
                });
            }
        }
        self.log_abandoned_mails();
    }

    /// Takes leave of a process that has ended.
    pub(super) fn end_run(&mut self, run: RunKey) {
        let Some(output) = self.runs.children.get(&run).map(|it| it.output) else {
            return;
        };
        if let Some(output) = output {
            self.read_output(output);
        }
        let Some(mut supervised) = self.runs.children.remove(&run) else {
            return;
        };
        // Something in the background may still have its pipe open.
        let mut open = output.and_then(|output| self.runs.outputs.get_mut(&output));
        let said = supervised
            .said
            .or_else(|| open.as_mut().map(|open| open.pipe.take_tail()));
        let exit = supervised.child.try_reap().unwrap_or_else(|error| {
            self.say(
                Level::Error,
                &format!("cannot learn how a process ended: {error}"),
            );
            None
        });
        let total = said.as_ref().map(process::OutputTail::total);
        let usage = exit.and_then(|exit| Usage::of(&exit, memory::own_peak_bytes(), total));
        let output_tail = said.as_ref().and_then(told_tail);
        self.runs
            .add_ending(supervised.run, Ending { usage, output_tail });
        let exit = exit.map_or(Exit::Unknown, exit_of);
        if let Some((mailed, said)) = supervised.mailed.zip(said.as_ref()) {
            self.mail_output(&mailed, supervised.run, exit, said);
            if let Some(output) = output {
                self.log_from_now_on(output);
            }
        }
        let recorded = self.setup.scheduler.keep_output();
        self.feed(Event::Exited {
            run,
            exit,
            usage: usage.map(usage_of),
            output: said.map(|said| scheduler::OutputTail {
                total_bytes: said.total(),
                tail: said.last(recorded).into(),
            }),
        });
    }
}

/// Of what a run printed, as much as an event tells: whole lines, if that leaves any.
fn told_tail(said: &process::OutputTail) -> Option<Arc<str>> {
    let bytes = said.bytes();
    let from = bytes.len().saturating_sub(TOLD_OUTPUT);
    let tail = &bytes[from..];
    let is_cut = from > 0 || said.total() > bytes.len() as u64;
    let line_end = tail
        .iter()
        .position(|&byte| byte == b'\n')
        .filter(|_| is_cut);
    let lines = line_end.map_or(tail, |at| &tail[at + 1..]);
    let tail = if lines.is_empty() { tail } else { lines };
    (!tail.is_empty()).then(|| String::from_utf8_lossy(tail).into())
}

fn exit_of(exit: process::Exit) -> Exit {
    match (exit.code, exit.signal) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(number)) => Exit::Signal {
            number,
            core_dumped: exit.core_dumped,
        },
        (None, None) => Exit::Unknown,
    }
}

fn usage_of(usage: Usage) -> scheduler::Usage {
    scheduler::Usage {
        user_time: usage.user_time,
        system_time: usage.system_time,
        peak_memory_bytes: usage.peak_memory_bytes,
    }
}
