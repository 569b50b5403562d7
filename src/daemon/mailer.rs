//! Hands mails to `sendmail`: a few at a time, each for a bounded time, and never waits for it.
//!
//! Whoever has a mail to send posts a [`Letter`]; what became of it comes back as a [`Report`] with the
//! letter in it, so that what could not be sent can be said otherwise. The loop calls
//! [`Mailer::go_on`] when [`Mailer::poller`] is ready or [`Mailer::deadline`] has come.

use super::mail::About;
use crate::process::{
    self, Child, Credentials, Exit, Launch, OutputPipe, OutputTarget, Preparation, Preparing,
    Program, Progress, ReadBuffer, Start, Stdin,
};
use crate::sys::account::Login;
use crate::sys::poller::Poller;
use crate::time::BootTime;
use nix::sys::signal::Signal;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::mem;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where `sendmail` is, in this order (sendmail(8), the Filesystem Hierarchy Standard).
const USUAL: [&str; 2] = ["/usr/sbin/sendmail", "/usr/lib/sendmail"];

/// As cron calls it: the recipients are in the message, a lone dot ends nothing, errors come back as
/// mails.
const OPTIONS: [&str; 6] = ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t"];

/// How long it may take to take a mail. It puts it in a queue, whatever the state of the network.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the end of one that was killed is waited for.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// So many are sent at once. Each is a process, and all of them may be one that hangs.
const MOST_AT_ONCE: usize = 4;

/// Most mails that wait for that, and bytes of them: what comes then is reported as not sent.
const MOST_WAITING: usize = 1_000;
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Of what it complains about, so much is told.
const COMPLAINT_BYTES: usize = 300;

/// What a complaint is looked for in: all that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

/// Which program takes mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sendmail {
    /// The first that there is of the usual places.
    #[default]
    Usual,
    /// This one.
    At(PathBuf),
    /// None: nothing is mailed.
    Off,
}

impl Sendmail {
    /// The program, if it is there.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let is_program = |path: &Path| {
            fs::metadata(path)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        match self {
            Self::Off => None,
            Self::At(path) => is_program(path).then(|| path.clone()),
            Self::Usual => USUAL
                .iter()
                .map(PathBuf::from)
                .find(|path| is_program(path)),
        }
    }
}

/// A mail to be sent.
#[derive(Debug)]
pub(super) struct Letter {
    /// What it is about: for whoever is told what became of it.
    pub about: About,
    /// Who the sender is for the mail system.
    pub from: String,
    /// Headers and body, see [`super::mail_message::MailMessage`].
    pub message: Vec<u8>,
    /// As whom it is sent; none = as ourselves.
    pub credentials: Option<Credentials>,
    /// The environment of `sendmail` is made from this.
    pub login: Login,
}

/// What became of a mail: the mail system has taken it, or why not.
#[derive(Debug)]
pub(super) struct Report {
    pub letter: Letter,
    pub result: Result<(), String>,
}

/// A mail that is being handed over.
#[derive(Debug)]
struct Handover {
    letter: Letter,
    /// The program, for messages.
    program: String,
    stage: Stage,
    /// What it prints.
    says: OutputPipe,
    /// How long it may go on so.
    until: BootTime,
}

#[derive(Debug)]
enum Stage {
    Preparing(Box<Preparing>),
    Running(Child),
    Killed(Child),
}

/// What is to be sent, what is being sent, and what became of it.
pub(super) struct Mailer {
    /// Ready when there is something to go on with.
    pub poller: Poller,
    sendmail: Sendmail,
    /// Where the pipes are made through which it says what it has to say.
    directory: PathBuf,
    waiting: VecDeque<Letter>,
    waiting_bytes: usize,
    under_way: BTreeMap<u64, Handover>,
    number: u64,
    reports: Vec<Report>,
}

impl Mailer {
    /// Nothing is started yet.
    pub fn new(sendmail: Sendmail, directory: PathBuf) -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            sendmail,
            directory,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            under_way: BTreeMap::new(),
            number: 0,
            reports: Vec::new(),
        })
    }

    /// Whether there is a program to send mails with.
    pub fn can_send(&self) -> bool {
        self.sendmail.program().is_some()
    }

    /// Whether nothing is being sent and nothing is to be told.
    pub fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty() && self.reports.is_empty()
    }

    /// How many mails are on their way.
    pub fn unsent(&self) -> usize {
        self.under_way.len() + self.waiting.len()
    }

    /// Sends a letter, behind those that wait. What becomes of it is reported.
    pub fn post(&mut self, letter: Letter, now: BootTime) {
        let bytes = self.waiting_bytes.saturating_add(letter.message.len());
        if self.waiting.len() >= MOST_WAITING || bytes > MOST_WAITING_BYTES {
            let waiting = self.waiting.len();
            let why = format!("{waiting} mails wait for sendmail already");
            self.report(letter, Err(why));
            return;
        }
        self.waiting_bytes = bytes;
        self.waiting.push_back(letter);
        self.begin_more(now);
    }

    /// When [`Self::go_on`] is to be called at the latest.
    pub fn deadline(&self) -> Option<BootTime> {
        self.under_way.values().map(|it| it.until).min()
    }

    /// What became of letters meanwhile.
    pub fn go_on(&mut self, now: BootTime) -> Vec<Report> {
        self.wait(Duration::ZERO);
        let is_late = |it: &Handover| it.until <= now;
        let late = self.under_way.iter().filter(|(_, it)| is_late(it));
        let late: Vec<u64> = late.map(|(&number, _)| number).collect();
        for number in late {
            self.interrupt(number, now);
        }
        self.begin_more(now);
        mem::take(&mut self.reports)
    }

    /// Waits until there is something to go on with, but no longer than this, and goes on with it.
    pub fn wait(&mut self, patience: Duration) {
        // What is wrong with the poller is so when the deadlines come, too.
        let ready: Vec<u64> = match self.poller.wait(Some(patience)) {
            Ok(ready) => ready.collect(),
            Err(_) => Vec::new(),
        };
        for number in ready {
            self.look_at(number);
        }
    }

    /// Nothing more is sent, and what has not been is reported so.
    pub fn give_up(&mut self) -> Vec<Report> {
        let why = "the scheduler stopped before it was taken";
        while let Some((_, handover)) = self.under_way.pop_first() {
            match handover.stage {
                Stage::Preparing(preparing) => _ = preparing.give_up(),
                Stage::Running(child) | Stage::Killed(child) => {
                    drop(child.terminate_group(Signal::SIGKILL));
                }
            }
            drop(handover.says.remove());
            self.report(handover.letter, Err(why.to_owned()));
        }
        while let Some(letter) = self.waiting.pop_front() {
            self.report(letter, Err(why.to_owned()));
        }
        self.waiting_bytes = 0;
        mem::take(&mut self.reports)
    }

    fn report(&mut self, letter: Letter, result: Result<(), String>) {
        self.reports.push(Report { letter, result });
    }

    // Handing over.

    fn begin_more(&mut self, now: BootTime) {
        while self.under_way.len() < MOST_AT_ONCE
            && let Some(letter) = self.waiting.pop_front()
        {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(letter.message.len());
            self.number += 1;
            match self.begin(letter, now) {
                Ok(handover) => {
                    self.under_way.insert(self.number, handover);
                }
                Err(report) => self.reports.push(*report),
            }
        }
    }

    fn begin(&mut self, mut letter: Letter, now: BootTime) -> Result<Handover, Box<Report>> {
        let failed = |letter, why| {
            Box::new(Report {
                letter,
                result: Err(why),
            })
        };
        let Some(program) = self.sendmail.program() else {
            return Err(failed(letter, "there is no sendmail".to_owned()));
        };
        let name = program.display().to_string();
        let says = match self.pipe(&letter) {
            Ok(says) => says,
            Err(error) => {
                let why = format!("cannot make a pipe for what `{name}` says: {error}");
                return Err(failed(letter, why));
            }
        };
        let launch = launch(program, &mut letter);
        let begun = process::begin(&launch, OutputTarget::Pipe(says.path()), None);
        if let Stdin::Text(message) = launch.stdin {
            letter.message = message;
        }
        let stage = match begun {
            Ok(Start::Running(child)) => Stage::Running(child),
            Ok(Start::Preparing(preparing)) => Stage::Preparing(Box::new(preparing)),
            Err(error) => {
                drop(says.remove());
                return Err(failed(letter, error.to_string()));
            }
        };
        let watched = match &stage {
            Stage::Preparing(preparing) => self.poller.add(&**preparing, self.number),
            Stage::Running(child) | Stage::Killed(child) => self.watch(child, self.number),
        };
        // Where it cannot be watched its end is noticed when its time is over.
        drop(watched);
        Ok(Handover {
            letter,
            program: name,
            stage,
            says,
            until: now + PATIENCE,
        })
    }

    /// Through which it says what is wrong.
    fn pipe(&self, letter: &Letter) -> io::Result<OutputPipe> {
        // No dot in it: it is not taken for the pipe of a run.
        let mut pipe = OutputPipe::create(&self.directory, &format!("sendmail-{}", self.number))?;
        pipe.keep_tail(COMPLAINT_BYTES);
        if let Some(credentials) = &letter.credentials {
            pipe.give_to(credentials.uid)?;
        }
        Ok(pipe)
    }

    fn watch(&self, child: &Child, number: u64) -> io::Result<()> {
        child
            .descriptor()
            .map_or(Ok(()), |descriptor| self.poller.add(descriptor, number))
    }

    /// One of them has got further.
    fn look_at(&mut self, number: u64) {
        let Some(mut handover) = self.under_way.remove(&number) else {
            return;
        };
        handover.stage = match handover.stage {
            Stage::Preparing(preparing) => match preparing.progress() {
                Progress::Preparing(preparing) => Stage::Preparing(Box::new(preparing)),
                Progress::Done(Ok(child)) => {
                    drop(self.watch(&child, number));
                    Stage::Running(child)
                }
                Progress::Done(Err(error)) => {
                    drop(handover.says.remove());
                    return self.report(handover.letter, Err(error.to_string()));
                }
            },
            Stage::Running(mut child) => match self.end_of(&mut child) {
                Some(exit) => {
                    let said = last_words(handover.says);
                    let result = judge(exit, &handover.program, &said);
                    return self.report(handover.letter, result);
                }
                None => Stage::Running(child),
            },
            Stage::Killed(mut child) => {
                if self.end_of(&mut child).is_some() {
                    drop(handover.says.remove());
                    let why = not_in_time(&handover.program);
                    return self.report(handover.letter, Err(why));
                }
                Stage::Killed(child)
            }
        };
        self.under_way.insert(number, handover);
    }

    fn end_of(&self, child: &mut Child) -> Option<io::Result<Exit>> {
        match child.ended() {
            Ok(None) => return None,
            Err(error) => return Some(Err(error)),
            Ok(Some(_)) => {}
        }
        if let Some(descriptor) = child.descriptor() {
            drop(self.poller.remove(descriptor));
        }
        Some(child.try_reap().map(|exit| exit.unwrap_or(Exit::UNKNOWN)))
    }

    /// One of them has had its time.
    fn interrupt(&mut self, number: u64, now: BootTime) {
        let Some(mut handover) = self.under_way.remove(&number) else {
            return;
        };
        match handover.stage {
            Stage::Running(child) => {
                // Its end is waited for, so that it is reaped.
                drop(child.terminate_group(Signal::SIGKILL));
                handover.stage = Stage::Killed(child);
                handover.until = now + KILL_PATIENCE;
                self.under_way.insert(number, handover);
                return;
            }
            Stage::Preparing(preparing) => _ = preparing.give_up(),
            // It hangs in the kernel.
            Stage::Killed(child) => {
                if let Some(descriptor) = child.descriptor() {
                    drop(self.poller.remove(descriptor));
                }
            }
        }
        drop(handover.says.remove());
        let why = not_in_time(&handover.program);
        self.report(handover.letter, Err(why));
    }
}

fn launch(program: PathBuf, letter: &mut Letter) -> Launch {
    let mut arguments = vec![program.into_os_string()];
    arguments.extend(OPTIONS.map(OsString::from));
    arguments.extend(["-f".into(), OsString::from(&letter.from)]);
    let mut environment = process::clear_environment(&letter.login, Path::new("/bin/sh"));
    environment.insert("PATH".into(), "/usr/sbin:/usr/bin:/sbin:/bin".into());
    Launch {
        program: Program::Direct(arguments),
        cwd: PathBuf::from("/"),
        environment,
        environment_file: None,
        stdin: Stdin::Text(mem::take(&mut letter.message)),
        preparation: Preparation {
            credentials: letter.credentials.clone(),
            ..Preparation::default()
        },
    }
}

fn not_in_time(program: &str) -> String {
    format!(
        "`{program}` did not take it within {} s",
        PATIENCE.as_secs()
    )
}

/// The last line that it printed.
fn last_words(mut says: OutputPipe) -> String {
    drop(says.read_lines(&mut ReadBuffer::new(), PIPE_BYTES, &mut |_| {}));
    let tail = says.take_tail().bytes();
    // Something in the background may still have it open.
    drop(says.remove());
    let text = String::from_utf8_lossy(&tail);
    let mut lines = text.lines().rev().map(str::trim);
    lines
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

fn judge(exit: io::Result<Exit>, program: &str, said: &str) -> Result<(), String> {
    let how = match exit {
        Ok(Exit { code: Some(0), .. }) => return Ok(()),
        Ok(Exit {
            code: Some(code), ..
        }) => format!("`{program}` exited with {code}"),
        Ok(Exit {
            signal: Some(signal),
            ..
        }) => format!("`{program}` died of signal {signal}"),
        Ok(_) => format!("nobody knows how `{program}` ended"),
        Err(error) => format!("cannot learn how `{program}` ended: {error}"),
    };
    Err(match said {
        "" => how,
        said => format!("{how}: {said}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JobId;
    use crate::scheduler::RunId;
    use crate::sys::clock;
    use tempfile::TempDir;

    /// A mailer with a program that does this with mails.
    fn mailer(folder: &TempDir, script: &str) -> Mailer {
        let path = folder.path().join("sendmail");
        // Written by another process: a child of a test beside this one could have it open for writing still.
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let mut shell = std::process::Command::new("/bin/sh");
        let written = shell.args(["-c", write]).arg(&path).arg(script).status();
        assert!(written.unwrap().success());
        Mailer::new(Sendmail::At(path), folder.path().to_owned()).unwrap()
    }

    fn letter(text: &str) -> Letter {
        Letter {
            about: About::Output {
                job: JobId::parse("a").unwrap(),
                run: RunId::parse("0123456789abcdef").unwrap(),
                to: "me".to_owned(),
                body_at: 0,
            },
            from: "root".into(),
            message: text.into(),
            credentials: None,
            login: Login {
                name: "me".into(),
                home: "/home/me".into(),
            },
        }
    }

    fn now() -> BootTime {
        clock::read().boot
    }

    /// Waits until all is reported.
    fn reports(mailer: &mut Mailer) -> Vec<Report> {
        let mut reports = Vec::new();
        while !mailer.is_idle() {
            if mailer.unsent() > 0 {
                mailer.wait(PATIENCE);
            }
            reports.extend(mailer.go_on(now()));
        }
        reports
    }

    fn result_of(mailer: &mut Mailer) -> Result<(), String> {
        mailer.post(letter("To: me\n\nhello\n"), now());
        reports(mailer).pop().unwrap().result
    }

    #[test]
    fn a_mail_is_handed_over_whole_with_crons_options() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        let script = format!(
            "{{ echo \"$@\"; echo $HOME $LOGNAME; cat; }} > {}",
            taken.display()
        );
        assert_eq!(result_of(&mut mailer(&folder, &script)), Ok(()));
        let expected = "-FCronDaemon -i -odi -oem -oi -t -f root\n/home/me me\nTo: me\n\nhello\n";
        assert_eq!(fs::read_to_string(&taken).unwrap(), expected);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "no pipe is left"
        );
    }

    #[test]
    fn what_goes_wrong_is_reported_with_what_sendmail_says_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("sendmail").display().to_string();
        let failed = result_of(&mut mailer(&folder, "echo queue full >&2; echo; exit 75"));
        assert_eq!(failed, Err(format!("`{name}` exited with 75: queue full")));
        let failed = result_of(&mut mailer(&folder, "exit 1"));
        assert_eq!(failed, Err(format!("`{name}` exited with 1")));
        let killed = result_of(&mut mailer(&folder, "kill -9 $$"));
        assert_eq!(killed, Err(format!("`{name}` died of signal 9")));
        let mut off = Mailer::new(Sendmail::Off, folder.path().to_owned()).unwrap();
        assert_eq!(result_of(&mut off), Err("there is no sendmail".to_owned()));
    }

    #[test]
    fn one_can_send_where_there_is_a_program_to_send_with() {
        let folder = tempfile::tempdir().unwrap();
        assert!(mailer(&folder, "").can_send());
        let none = [
            Sendmail::At(folder.path().to_owned()),
            Sendmail::At(folder.path().join("nothing")),
            Sendmail::Off,
        ];
        for sendmail in none {
            assert!(!Mailer::new(sendmail, PathBuf::new()).unwrap().can_send());
        }
    }

    #[test]
    fn a_few_are_sent_at_once_and_more_than_can_wait_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut mailer = mailer(&folder, "cat; exec sleep 1000");
        for _ in 0..MOST_AT_ONCE + MOST_WAITING {
            mailer.post(letter("x"), now());
        }
        assert_eq!(mailer.under_way.len(), MOST_AT_ONCE);
        assert!(mailer.go_on(now()).is_empty());
        mailer.post(letter("y"), now());
        let refused = mailer.go_on(now()).pop().unwrap();
        assert_eq!(refused.letter.message, b"y");
        assert_eq!(
            refused.result.unwrap_err(),
            "1000 mails wait for sendmail already"
        );
        assert_eq!(mailer.give_up().len(), MOST_AT_ONCE + MOST_WAITING);
        mailer.post(letter(&"z".repeat(MOST_WAITING_BYTES + 1)), now());
        assert!(mailer.go_on(now()).pop().unwrap().result.is_err());
        assert!(mailer.is_idle());
    }

    #[test]
    fn one_that_hangs_is_killed_when_its_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut mailer = mailer(&folder, "exec sleep 1000");
        mailer.post(letter("x"), now());
        assert!(mailer.go_on(now()).is_empty());
        let deadline = mailer.deadline().unwrap();
        assert!(mailer.go_on(deadline).is_empty(), "its end comes first");
        mailer.wait(PATIENCE);
        let report = mailer.go_on(deadline).pop().unwrap();
        let name = folder.path().join("sendmail").display().to_string();
        assert_eq!(
            report.result,
            Err(format!("`{name}` did not take it within 60 s"))
        );
        assert_eq!(report.letter.message, b"x");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no pipe is left"
        );
    }
}
