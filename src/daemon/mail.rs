//! What runs print, as mails: made when a run has ended, handed to the mailer, and logged where that does
//! not work out.

use super::event_loop::{Daemon, FIRST_UNLOGGED};
use super::level::Level;
use super::log_line::OutputLine;
use super::mail_message::MailMessage;
use super::mailer::{Letter, Report};
use super::sentence::counted;
use super::supervised::Destination;
use crate::config::{self, Job, JobId, Mail};
use crate::process::{Credentials, OutputTail};
use crate::scheduler::{Exit, RunId, RunStatus};
use crate::sys::account::Login;
use crate::sys::{clock, host};
use crate::time::BootTime;
use nix::sys::signal::Signal;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The last so many bytes of an output are mailed.
pub(super) const MAILED_BYTES: usize = 1024 * 1024;

/// How long the last mails may take when all else is done.
const LAST_MAILS: Duration = Duration::from_secs(10);

/// Of this much text in one turn, no more of what could not be mailed is added to it.
const TEXT_PER_TURN: usize = 128 * 1024;

/// What a mail is about.
#[derive(Debug)]
pub(super) enum About {
    /// The output of a run, which begins at that byte of the message.
    Output {
        job: JobId,
        run: RunId,
        /// To whom.
        to: String,
        body_at: usize,
    },
}

/// A run whose output is mailed.
#[derive(Debug)]
pub(super) struct MailedRun {
    pub job: Arc<Job>,
    /// It was started by an earlier scheduler, which had what was printed until then.
    pub is_adopted: bool,
}

/// Output that could not be mailed, on its way into the log.
#[derive(Debug)]
struct Unmailed {
    job: JobId,
    run: RunId,
    bytes: Vec<u8>,
    /// So much of it is logged.
    logged: usize,
}

/// Outputs that could not be mailed, oldest first.
#[derive(Debug, Default)]
pub(super) struct UnmailedOutputs {
    waiting: VecDeque<Unmailed>,
    /// The log has room, and the turn had none: it goes on with the next.
    pub go_on_at: Option<BootTime>,
}

impl Daemon {
    /// Says that what is to be mailed is logged, if it is.
    pub(super) fn announce_mails(&mut self) {
        if self.setup.wants_mails && !self.mailer.can_send() {
            let told = "There is no sendmail: what is to be mailed is logged instead";
            self.say(Level::Info, told);
        }
    }

    /// Mails what a run printed, if it printed anything.
    pub(super) fn mail_output(
        &mut self,
        mailed: &MailedRun,
        run: RunId,
        exit: Exit,
        said: &OutputTail,
    ) {
        let config::Output::Mail(mail) = &mailed.job.settings.output else {
            return;
        };
        if said.total() == 0 || mail.only_failures && has_succeeded(&mailed.job, exit) {
            return;
        }
        let letter = self.letter(mailed, mail, run, exit, said);
        self.mailer.post(letter, clock::read().boot);
        self.go_on_mailing();
    }

    fn letter(
        &self,
        mailed: &MailedRun,
        mail: &Mail,
        run: RunId,
        exit: Exit,
        said: &OutputTail,
    ) -> Letter {
        let job = &mailed.job;
        let account = job.settings.run_as.account();
        let login = account.map_or_else(
            || self.setup.inheritance.login.clone(),
            |account| Login {
                name: account.name.clone(),
                home: account.home.clone(),
            },
        );
        let to = mail.to.as_deref().unwrap_or(&login.name);
        let from = mail.from.as_deref().unwrap_or(&login.name);
        let tail = said.bytes();
        let mut body = body_note(mailed.is_adopted, said.total(), &tail).into_bytes();
        body.extend(tail);
        let message = MailMessage {
            from,
            to,
            subject: &subject(&login.name, job, exit),
            content_type: mail.content_type.as_deref(),
            transfer_encoding: mail.transfer_encoding.as_deref(),
            more: &self.further_headers(job, run),
            body: &body,
        };
        let message = message.bytes();
        Letter {
            about: About::Output {
                job: job.id.clone(),
                run,
                to: to.to_owned(),
                body_at: message.len().saturating_sub(body.len()),
            },
            from: from.to_owned(),
            message,
            credentials: account.map(|account| Credentials {
                name: account.name.clone(),
                uid: account.uid,
                gid: account.gid,
                groups: account.groups.clone(),
            }),
            login,
        }
    }

    /// The variables of the command as cron names them, and what tells its mails from ours.
    fn further_headers(&self, job: &Job, run: RunId) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        // The scheduler's own environment is nobody's business.
        if job.settings.clear_env
            && let Ok(launch) = self.setup.inheritance.launch(job, &[])
        {
            headers.extend(launch.environment.iter().map(|(name, value)| {
                let variable = format!("<{}={}>", name.display(), value.display());
                ("X-Cron-Env", variable)
            }));
        }
        headers.push(("X-Rsched-Job", job.id.to_string()));
        headers.push(("X-Rsched-Run", run.to_string()));
        headers
    }

    /// Who gets what a run of an earlier scheduler prints from now on, if that is to be mailed still. If not it is
    /// logged.
    pub(super) fn adopted_mail(&mut self, status: &RunStatus, output: u64) -> Option<MailedRun> {
        if self.runs.outputs.get(&output)?.destination != Destination::Mail {
            return None;
        }
        let told = format!(
            "What this run of job \"{}\" has printed until now is lost: its mail has the rest",
            status.job
        );
        self.say(Level::Warn, &told);
        let job = self.setup.scheduler.job_status(&status.job)?.job;
        job.is_mailed().then_some(MailedRun {
            job,
            is_adopted: true,
        })
    }

    /// What comes out of pipes whose run nobody waits for any more is logged.
    pub(super) fn log_abandoned_mails(&mut self) {
        let children = self.runs.children.values();
        let mailed = children.filter(|it| it.mailed.is_some());
        let mailed: Vec<_> = mailed.filter_map(|it| it.output).collect();
        let outputs = self.runs.outputs.iter();
        let abandoned = outputs.filter(|(number, output)| {
            output.destination == Destination::Mail && !mailed.contains(number)
        });
        for number in abandoned.map(|(&number, _)| number).collect::<Vec<_>>() {
            self.log_from_now_on(number);
        }
    }

    /// A run whose output is mailed has ended, and something in the background has its pipe open still:
    /// from now on what comes out of that is logged.
    pub(super) fn log_from_now_on(&mut self, number: u64) {
        let Some(output) = self.runs.outputs.get_mut(&number) else {
            return;
        };
        drop(self.poller.remove(&output.pipe));
        let mut added = self.output_poller.add(&output.pipe, number);
        if added.is_ok() {
            output.destination = Destination::Log;
        } else {
            added = self.poller.add(&output.pipe, FIRST_UNLOGGED + number);
        }
        if let Err(error) = added {
            let job = output.job.clone();
            self.cannot_read_on(&job, &error);
        }
    }

    fn cannot_read_on(&mut self, job: &JobId, error: &io::Error) {
        let told = format!("cannot go on reading the output of job \"{job}\": {error}");
        self.say(Level::Error, &told);
    }

    // What becomes of mails.

    /// Goes on with the mails on their way, and tells what became of them.
    pub(super) fn go_on_mailing(&mut self) {
        if !self.mailer.is_idle() {
            for report in self.mailer.go_on(clock::read().boot) {
                self.tell_mail(report);
            }
        }
        self.log_unmailed();
    }

    fn tell_mail(&mut self, report: Report) {
        let Letter { about, message, .. } = report.letter;
        let About::Output {
            job,
            run,
            to,
            body_at,
        } = about;
        let bytes = message.get(body_at..).unwrap_or_default();
        match report.result {
            Ok(()) => {
                let bytes = counted(bytes.len() as u64, "byte");
                let told = format!("Mailed {bytes} of output of job \"{job}\" to {to}");
                self.say(Level::Info, &told);
            }
            Err(why) => {
                let told = format!(
                    "cannot mail the output of job \"{job}\" to {to}, so it is logged: {why}"
                );
                self.say(Level::Error, &told);
                self.unmailed.waiting.push_back(Unmailed {
                    bytes: bytes.to_owned(),
                    job,
                    run,
                    logged: 0,
                });
            }
        }
    }

    /// Logs what could not be mailed, as much as the log has room for: it must be somewhere.
    fn log_unmailed(&mut self) {
        self.unmailed.go_on_at = None;
        while let Some(first) = self.unmailed.waiting.front_mut() {
            // If not, it wakes the loop when it has.
            if !self.setup.log.has_room() {
                return;
            }
            if self.text.len() >= TEXT_PER_TURN {
                self.unmailed.go_on_at = Some(clock::read().boot);
                return;
            }
            let Some((line, cut, next)) = next_line(&first.bytes, first.logged) else {
                self.unmailed.waiting.pop_front();
                continue;
            };
            first.logged = next;
            let line = OutputLine {
                job: &first.job,
                run: Some(first.run),
                bytes: line,
                cut,
            };
            if self.setup.lines.wants_output() {
                let now = clock::read();
                self.setup.lines.output(now, line, &mut self.text);
            }
        }
    }

    /// Waits for the last mails to be taken; a further signal to stop is one to wait no longer. What
    /// is not taken is logged.
    pub(super) fn finish_mails(&mut self, mut log_patience: Duration) {
        const SIGNALS: u64 = 0;
        self.go_on_mailing();
        let unsent = self.mailer.unsent();
        if unsent > 0 {
            let (mails, patience) = (counted(unsent as u64, "mail"), LAST_MAILS.as_secs());
            let told = format!("Handing over {mails}, for {patience} s at most");
            self.say(Level::Info, &told);
            drop(self.mailer.poller.add(&self.signals, SIGNALS));
        }
        let until = clock::read().boot + LAST_MAILS;
        while self.mailer.unsent() > 0 {
            self.write_log();
            let left = until.saturating_since(clock::read().boot);
            if left.is_zero() {
                break;
            }
            self.mailer.wait(left);
            self.go_on_mailing();
            let is_end = |signal| matches!(signal, Signal::SIGTERM | Signal::SIGINT);
            if self.signals.drain().any(is_end) {
                break;
            }
        }
        for report in self.mailer.give_up() {
            self.tell_mail(report);
        }
        while !self.unmailed.waiting.is_empty() {
            self.write_log();
            if !self.setup.log.wait_for_room(&mut log_patience) {
                break;
            }
            self.log_unmailed();
        }
    }
}

/// `Cron <user@host> command`, as all crons have it, and as Debian's has it if it failed.
fn subject(user: &str, job: &Job, exit: Exit) -> String {
    let host = host::name();
    let host = host.split('.').next().unwrap_or_default();
    let command = match &job.command {
        config::Command::Shell(script) => script.clone(),
        config::Command::Program(words) => words.join(" "),
    };
    let failed = match exit {
        Exit::Unknown => "",
        exit if has_succeeded(job, exit) => "",
        Exit::Code(_) | Exit::Signal { .. } => " (failed)",
    };
    format!("Cron <{user}@{host}> {command}{failed}")
}

fn has_succeeded(job: &Job, exit: Exit) -> bool {
    matches!(exit, Exit::Code(code) if job.settings.policy.success_codes.contains(code))
}

/// What is said of an output that is not all there.
fn body_note(is_adopted: bool, total: u64, tail: &[u8]) -> String {
    let mut note = String::new();
    if is_adopted {
        note.push_str(
            "[rsched was started anew during this run: what had been printed until then is lost]\n",
        );
    }
    let left_out = total.saturating_sub(tail.len() as u64);
    if left_out > 0 {
        let bytes = counted(left_out, "byte");
        // Writing to a String cannot fail.
        let _ = writeln!(note, "[{bytes} left out here]");
    }
    note
}

/// The line or piece of one that begins there, whether it goes on, and where the next one begins.
fn next_line(bytes: &[u8], at: usize) -> Option<(&[u8], bool, usize)> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let window = &rest[..rest.len().min(crate::process::MAX_LINE_BYTES + 1)];
    match window.iter().position(|&byte| byte == b'\n') {
        Some(end) => Some((&rest[..end], false, at + end + 1)),
        None if window.len() == rest.len() && rest.len() <= crate::process::MAX_LINE_BYTES => {
            Some((rest, false, bytes.len()))
        }
        None => {
            let end = crate::process::MAX_LINE_BYTES;
            Some((&rest[..end], true, at + end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_mailed_is_cut_into_lines() {
        let long = "x".repeat(crate::process::MAX_LINE_BYTES);
        let text = format!("a\n\n{long}\n{long}y\nend");
        let mut at = 0;
        let mut lines = Vec::new();
        while let Some((line, cut, next)) = next_line(text.as_bytes(), at) {
            lines.push((String::from_utf8(line.to_vec()).unwrap(), cut));
            at = next;
        }
        let expected = [
            ("a".to_owned(), false),
            (String::new(), false),
            (long.clone(), false),
            (long, true),
            ("y".to_owned(), false),
            ("end".to_owned(), false),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(body_note(false, 3, b"abc"), "");
        assert_eq!(body_note(false, 4, b"abc"), "[1 byte left out here]\n");
        let lost =
            "[rsched was started anew during this run: what had been printed until then is lost]\n";
        assert_eq!(body_note(true, 3, b"abc"), lost);
    }
}
